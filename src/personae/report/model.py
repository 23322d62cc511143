"""The page about a classifier: how sure it may be, what groups get, whom it gives away, and who can change its answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from personae.report import plots
from personae.report._file import styled, write_page
from personae.report._words import count, moment

if TYPE_CHECKING:
    from personae.metrics.intervals import Interval

SHOWN = 60  # groups of one column


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group: its people, whether they are too few to be told of alone, and one interval a measure."""

    name: str
    n_people: int
    is_small: bool
    measures: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class GapRow:
    """A group against the largest of its column: rates' difference and ratio, whether four fifths are missed, and surely."""

    name: str
    against: str
    gap: Interval
    ratio: Interval
    is_flagged: bool
    is_sure: bool


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """Everybody set to a group, against everybody set to the largest: difference of mean probability, and decisions that flip."""

    name: str
    against: str
    effect: Interval
    flipped: Interval


@dataclass(frozen=True, slots=True)
class Twins:
    """People of two groups beside their twins of the other one; parity and odds gaps are between the two groups."""

    first: str
    second: str
    n_people: int
    effect: Interval
    moved: Interval
    flipped: Interval
    parity: Interval
    odds: Interval


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """Had one column been another: it alone, and by twins; `alone_why` and `twins_why` say why one could not be measured."""

    alone: tuple[ChangeRow, ...]
    alone_why: str
    twins: Twins | None
    twins_why: str


@dataclass(frozen=True, slots=True)
class ColumnPart:
    """One sensitive column's part of the page; columns taken together have no counterfactual."""

    name: str
    groups: tuple[GroupRow, ...]
    gaps: tuple[GapRow, ...]
    counterfactual: Counterfactual | None = None


@dataclass(frozen=True, slots=True)
class Leak:
    """What an attacker who sees one person's losses can tell of membership; `is_subject` where people may have several rows.

    `n_members` are those attacked: half of the people learned from.
    """

    n_members: int
    n_others: int
    advantage: Interval
    auroc: Interval
    is_subject: bool = False


@dataclass(frozen=True, slots=True)
class ShareRow:
    """How well the share of a group among training people is told; `why` it is not, and then nothing else.

    `truth` is the group's share among the people that the model learned from, NaN where they are not given.
    """

    column: str
    why: str = ""
    group: str = ""
    n_learned: int = 0
    n_told: int = 0
    n_rows: int = 0
    error: Interval | None = None
    saved: Interval | None = None
    side: Interval | None = None
    estimate: float = math.nan
    truth: float = math.nan


@dataclass(frozen=True, slots=True)
class Recourse:
    """Of people who are denied, how many can change the answer by one change, by several, or by none; intervals are Wilson's."""

    n_denied: int
    n_all: int
    by_one: Interval
    fixed: Interval
    n_undecided: int


@dataclass(frozen=True, slots=True)
class ModelReport:
    """Everything the page says."""

    model: str
    data: str
    target: str
    positive: str
    n_people: int
    n_rows: int
    is_by_person: bool
    base_rate: float
    small: int
    facts: tuple[tuple[str, Interval], ...]
    calibration_error: Interval
    brier: Interval
    bins: Sequence[plots.Bin]
    measures: tuple[str, ...]
    columns: tuple[ColumnPart, ...]
    leak: Leak | None = None
    shares: tuple[ShareRow, ...] = ()
    recourse: Recourse | None = None
    notes: tuple[str, ...] = ()
    made: date | None = None
    version: str = ""


def render_model(report: ModelReport) -> str:
    """Return the page as one HTML text, escaped by the template environment, that loads nothing."""
    picture = plots.reliability([(report.model, report.bins)], title="What it says and what is so")
    return styled(
        "model.html.j2", report=report, picture=picture, lead=_lead(report), made=moment(report.made), shown=SHOWN,
        cell=cell, bar=_bar, signed=points, decimal=decimal, unknown=math.isnan,
    )  # fmt: skip


def write_model(report: ModelReport, path: Path) -> Path:
    """Write the page in one step, readable by its owner only; raises `BadInput` where it cannot be written."""
    return write_page(render_model(report), path)


def cell(found: Interval) -> str:
    """Write a share with its interval; a dash where nobody is behind it.

    >>> from personae.metrics.intervals import Interval
    >>> cell(Interval(0.5, 0.25, 0.75, 9, 9)), cell(Interval(float("nan"), 0.0, 0.0, 0, 0))
    ('50% (25% to 75%)', '–')
    """
    if math.isnan(found.value):
        return "–"
    if math.isnan(found.low):
        return f"{plots.percent(found.value)}, no interval from {count(found.n_clusters, 'person', 'people')}"
    return f"{plots.percent(found.value)} ({plots.percent(found.low)} to {plots.percent(found.high)})"


def points(found: Interval) -> str:
    """Write a difference of shares with its interval.

    >>> from personae.metrics.intervals import Interval
    >>> points(Interval(-0.05, -0.1, 0.01, 9, 9)), points(Interval(0.2, float("nan"), float("nan"), 1, 1))
    ('-5.0 (-10.0 to +1.0) points', '+20.0 points')
    """
    if math.isnan(found.value):
        return "–"
    ends = "" if math.isnan(found.low) else f" ({100 * found.low:+.1f} to {100 * found.high:+.1f})"
    return f"{100 * found.value:+.1f}{ends} points"


def decimal(found: Interval) -> str:
    """Write a score with its interval, three decimals.

    >>> from personae.metrics.intervals import Interval
    >>> decimal(Interval(0.034, 0.02, 0.0512, 9, 9))
    '0.034 (0.020 to 0.051)'
    """
    ends = "" if math.isnan(found.low) else f" ({found.low:.3f} to {found.high:.3f})"
    return f"{found.value:.3f}{ends}"


def _bar(found: Interval) -> Markup:
    return Markup("") if math.isnan(found.value) else plots.share_bar(found.value)


def _lead(report: ModelReport) -> str:
    accuracy = dict(report.facts)["right"]
    flagged = sum(gap.is_flagged for column in report.columns for gap in column.gaps)
    n_gaps = sum(len(column.gaps) for column in report.columns)
    parts = [f"Right for {cell(accuracy)} of {report.n_people:,} people."]
    if n_gaps:
        parts.append(
            f"{flagged} of {n_gaps} groups get under four fifths of another's rate of “{report.positive}”."
        )
    if report.leak is not None:
        known = "gives" if report.leak.advantage.low > 0 else "was not seen to give"
        parts.append(f"It {known} its training people away.")
    told = [row.group for row in report.shares if row.saved is not None and row.saved.low > 0]
    if told:
        parts.append(f"Its answers tell what share of its training people are {' or '.join(told)}.")
    if report.recourse is not None and report.recourse.n_denied:
        parts.append(
            f"For {cell(report.recourse.fixed)} of those denied, nothing they can change would help."
        )
    return " ".join(parts)
