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
from personae.report._words import moment

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
    """A group against the largest of its column: predicted rates' difference and ratio, and whether four fifths are missed."""

    name: str
    against: str
    gap: Interval
    ratio: Interval
    is_flagged: bool


@dataclass(frozen=True, slots=True)
class ColumnPart:
    """One sensitive column's part of the page."""

    name: str
    groups: tuple[GroupRow, ...]
    gaps: tuple[GapRow, ...]


@dataclass(frozen=True, slots=True)
class Leak:
    """What an attacker who sees one person's loss can tell of membership."""

    n_members: int
    n_others: int
    advantage: Interval
    auroc: Interval


@dataclass(frozen=True, slots=True)
class Recourse:
    """Of people who are denied, how many can change the answer by one change, by several, or by none."""

    n_denied: int
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
    base_rate: float
    small: int
    facts: tuple[tuple[str, Interval], ...]
    calibration_error: float
    brier: float
    bins: Sequence[plots.Bin]
    measures: tuple[str, ...]
    columns: tuple[ColumnPart, ...]
    leak: Leak | None = None
    recourse: Recourse | None = None
    notes: tuple[str, ...] = ()
    made: date | None = None
    version: str = ""


def render_model(report: ModelReport) -> str:
    """Return the page as one HTML text, escaped by the template environment, that loads nothing."""
    picture = plots.reliability([(report.model, report.bins)], title="What it says and what is so")
    return styled(
        "model.html.j2", report=report, picture=picture, lead=_lead(report), made=moment(report.made), shown=SHOWN,
        cell=cell, bar=_bar, signed=_signed,
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
        return plots.percent(found.value)
    return f"{plots.percent(found.value)} ({plots.percent(found.low)} to {plots.percent(found.high)})"


def _signed(found: Interval) -> str:
    if math.isnan(found.value):
        return "–"
    return f"{100 * found.value:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f}) points"


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
    if report.recourse is not None and report.recourse.n_denied:
        parts.append(
            f"For {cell(report.recourse.fixed)} of those denied, nothing they can change would help."
        )
    return " ".join(parts)
