"""The page about one decision: what a person could change to get another one, how likely it is to help, and what cannot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from markupsafe import Markup

from personae.report import plots
from personae.report._file import styled, write_page
from personae.report._text import shown
from personae.report._views import LONGEST
from personae.report._words import count, listing, moment

WAYS = 8  # of one feature that a page lists
State = Literal["given", "single", "several", "fixed", "undecided"]


@dataclass(frozen=True, slots=True)
class Change:
    """One feature that goes from one value to another."""

    feature: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Way:
    """What changes together, and whether it is enough for the wanted decision."""

    changes: tuple[Change, ...]
    works: bool


@dataclass(frozen=True, slots=True)
class Lever:
    """One feature that the person can change.

    `share` of its `points` brings the wanted decision, between `low` and `high`; `exact` says that all were counted, else they
    were drawn.
    """

    feature: str
    value: str
    share: float
    low: float
    high: float
    points: int
    hits: int
    exact: bool
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class RecourseReport:
    """Everything the page says.

    Parameters
    ----------
    person, decision, wanted, model : str
    state : State
        "given": the decision is the wanted one already; "single": one feature alone can change it; "several": only several at
        once can; "fixed": nothing that was listed can, proven by asking the model about every point; "undecided": nothing was
        found, and not every point could be asked about.
    levers : tuple of Lever
        Best first.
    together : tuple of Way
        Several features at once that are enough, the least first.
    cannot : tuple of (feature, value)
        What the person cannot change.
    reachable : float
        Points that can be reached changing anything at once; infinite where values are continuous.
    outside : tuple of str
        Features whose value is missing or outside the bounds of the action set.
    """

    person: str
    decision: str
    wanted: str
    model: str
    state: State
    levers: tuple[Lever, ...]
    together: tuple[Way, ...]
    cannot: tuple[tuple[str, str], ...]
    reachable: float
    outside: tuple[str, ...] = ()
    made: date | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    feature: str
    value: str
    odds: str
    basis: str
    bar: Markup
    ways: tuple[str, ...]
    more: int
    carried: str


def render_recourse(report: RecourseReport) -> str:
    """Return the page as one HTML text, escaped by the template environment, that loads nothing."""
    useful = tuple(_row(lever, report.state) for lever in report.levers if lever.hits)
    useless = tuple(lever for lever in report.levers if not lever.hits)
    stuck = tuple(shown(lever.feature, LONGEST) for lever in useless if not lever.points)
    tried = tuple(
        (shown(lever.feature, LONGEST), shown(lever.value, LONGEST), _asked(lever))
        for lever in useless if lever.points
    )  # fmt: skip
    return styled(
        "recourse.html.j2", report=report, person=shown(report.person, LONGEST), title=_TITLES[report.state], lead=_lead(report),
        proof=_proof(report), useful=useful, tried=tried, stuck=stuck,
        together=tuple(_sentence(way) for way in report.together),
        cannot=tuple((shown(name, LONGEST), shown(value, LONGEST)) for name, value in report.cannot),
        outside=tuple(shown(name, LONGEST) for name in report.outside), made=moment(report.made),
    )  # fmt: skip


def write_recourse(report: RecourseReport, path: Path) -> Path:
    """Write the page in one step, readable by its owner only; raises `BadInput` where it cannot be written."""
    return write_page(render_recourse(report), path)


_TITLES: dict[State, str] = {
    "given": "You have this decision already",
    "single": "What would change this decision",
    "several": "No single change is enough",
    "fixed": "This prediction is fixed",
    "undecided": "Nothing was found that would change this decision",
}


def _lead(report: RecourseReport) -> str:
    wanted, decision = shown(report.wanted, LONGEST), shown(report.decision, LONGEST)
    able = [lever for lever in report.levers if lever.hits]
    movable = count(len(report.levers), "thing")
    if report.state == "given":
        return (
            f"The model already says {wanted}. Below is how far it would still say so if one thing changed."
        )
    if report.state == "fixed":
        return (
            f"The model says {decision}, and nothing that you can change, alone or together, would make it say {wanted}. "
            "No advice on what to do differently would be honest."
        )
    if report.state == "single":
        names = listing([shown(lever.feature, LONGEST) for lever in able[:3]])
        more = " and more" if len(able) > 3 else ""
        alone = f"{len(able)} can bring {wanted} alone: {names}{more}"
        return f"The model says {decision}. Of {movable} that you can change, {alone}."
    if report.state == "several":
        return f"The model says {decision}. None of {movable} that you can change brings {wanted} alone, but several at once do."
    return f"The model says {decision}. No change that was tried brings {wanted}; that is no proof that none does."


def _proof(report: RecourseReport) -> str:
    if report.state == "fixed":
        return f"Proven by asking the model about every one of the {count(int(report.reachable), 'point')} that you can reach."
    if report.state == "undecided":
        return "There are too many values to ask about all of them: points were drawn evenly from what you can reach."
    return ""


def _row(lever: Lever, state: State) -> _Row:
    works = [way for way in lever.ways if way.works]
    basis = (
        f"{lever.hits:,} of {count(lever.points, 'possible value')}, all counted"
        if lever.exact
        else f"{lever.hits:,} of {lever.points:,} values drawn evenly; the true share lies between {plots.percent(lever.low)} "
        f"and {plots.percent(lever.high)} (95 times in 100)"
    )
    verb = "keep" if state == "given" else "bring"
    carried = sorted({change.feature for way in works for change in way.changes} - {lever.feature})
    return _Row(
        shown(lever.feature, LONGEST), shown(lever.value, LONGEST),
        f"{plots.percent(lever.share)} of the changes {verb} the decision", basis,
        plots.probability_bar(lever.share, label=f"{plots.percent(lever.share)} of the changes {verb} the decision"),
        tuple(_sentence(way) for way in works[:WAYS]), max(0, len(works) - WAYS),
        listing([shown(name, LONGEST) for name in carried]) if carried else "",
    )  # fmt: skip


def _asked(lever: Lever) -> str:
    if lever.exact:
        return f"all {count(lever.points, 'value')}"
    return f"{count(lever.points, 'value')} drawn evenly: at most {plots.percent(lever.high)} of all could help (95 times in 100)"


def _sentence(way: Way) -> str:
    return "; ".join(
        f"{shown(each.feature, LONGEST)} from {shown(each.before, LONGEST)} to {shown(each.after, LONGEST)}"
        for each in way.changes
    )
