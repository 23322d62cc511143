"""From what was measured of a classifier to the page about it, and to one JSON object."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from personae import __version__
from personae.audit.model import MEASURES, SMALL
from personae.report import plots
from personae.report.model import (
    ChangeRow,
    ColumnPart,
    Counterfactual,
    GapRow,
    GroupRow,
    Leak,
    ModelReport,
    ShareRow,
    Twins,
)

if TYPE_CHECKING:
    from personae.audit.cdsae import Fairness
    from personae.audit.counterfactual import Change
    from personae.audit.game import Outcome
    from personae.audit.model import ModelAudit
    from personae.audit.shadows import ShareLeak
    from personae.metrics.intervals import Interval
    from personae.report.model import Recourse

Had = tuple[Any, str]  # what was measured, or None and why it was not


def page(
    found: ModelAudit,
    *,
    names: tuple[str, str, str, str],
    counterfactuals: dict[str, Counterfactual],
    leak: Leak | None,
    shares: Sequence[ShareRow],
    recourse: Recourse | None,
    notes: Sequence[str],
    is_by_person: bool,
) -> ModelReport:
    """Return the page of a model, its data, the target's column and the wanted answer (`names`)."""
    columns = dict.fromkeys(group.column for group in found.groups)
    return ModelReport(
        *names, found.n_people, found.n_rows, is_by_person, found.base_rate, SMALL,
        (("right", found.accuracy), ("ranked right (AUC)", found.auroc)),
        found.calibration_error, found.brier, [plots.Bin(each.probability, each.right, each.n) for each in found.bins],
        tuple(MEASURES), tuple(_column(found, column, counterfactuals.get(column)) for column in columns),
        leak, tuple(shares), recourse, tuple(notes), date.today(), __version__,
    )  # fmt: skip


def membership(found: Outcome, counts: tuple[int, int], *, is_subject: bool) -> Leak:
    """Return the membership part, of so many members and others."""
    return Leak(*counts, found.advantage, found.auroc, is_subject)


def counterfactual(alone: Had, twins: Had, pair: Sequence[str]) -> Counterfactual:
    """Return a column's part on what would be, of changes and of twins of a pair of groups."""
    changes: tuple[Change, ...] = alone[0] or ()
    rows = tuple(ChangeRow(each.group, each.against, each.effect, each.flipped) for each in changes)
    return Counterfactual(rows, _clause(alone[1]), _twins(twins[0], pair), _clause(twins[1]))


def share_row(column: str, found: ShareLeak | None, why: str, truth: float) -> ShareRow:
    """Return a column's row on the share of a group."""
    if found is None:
        return ShareRow(column, why)
    return ShareRow(
        column, "", found.group, found.n_learned, found.n_told, found.n_rows, found.error, found.saved, found.side,
        found.estimate, truth,
    )  # fmt: skip


def lines(report: ModelReport) -> list[tuple[str, str, str]]:
    """Return what the terminal shows: a measure, its value, its interval."""
    told: list[tuple[str, Interval]] = [
        *report.facts,
        ("calibration error", report.calibration_error),
        ("Brier score", report.brier),
    ]
    if report.leak is not None:
        told.append(("advantage on membership", report.leak.advantage))
    told += [(f"share of {row.group} missed by", row.error) for row in report.shares if row.error is not None]
    for column in report.columns:
        other = column.counterfactual
        told += [(f"decided otherwise as {row.name}", row.flipped) for row in (other.alone if other else ())]
        if other is not None and other.twins is not None:
            told.append((f"twins by {column.name} decided otherwise", other.twins.flipped))
    return [(name, f"{each.value:.3f}", _ends(each)) for name, each in told]


def as_json(report: ModelReport) -> dict[str, Any]:
    """Return the page's content as one JSON object; numbers that cannot be measured are null."""
    whole = {**asdict(report), "made": report.made.isoformat() if report.made else None}
    cleaned = _finite(whole)
    assert isinstance(cleaned, dict)
    return cleaned


def _column(found: ModelAudit, column: str, other: Counterfactual | None) -> ColumnPart:
    groups = tuple(
        GroupRow(group.name, group.n_people, group.is_small, tuple(group.measures[each] for each in MEASURES))
        for group in found.groups
        if group.column == column
    )
    gaps = tuple(
        GapRow(
            gap.group, gap.against, gap.found.gap, gap.found.ratio, gap.found.is_flagged, gap.found.is_sure
        )
        for gap in found.gaps
        if gap.column == column
    )
    return ColumnPart(column, groups, gaps, other)


def _twins(found: Fairness | None, pair: Sequence[str]) -> Twins | None:
    if found is None:
        return None
    measured = ("total_effect", "counterfactual_gap", "flipped", "parity_gap", "odds_gap")
    intervals = [found.intervals[name] for name in measured]
    return Twins(pair[0], pair[1], intervals[0].n_clusters, *intervals)


def _clause(why: str) -> str:
    """Write a reason so that it goes on a sentence."""
    return why[:1].lower() + why[1:].rstrip(".")


def _ends(found: Interval) -> str:
    return "–" if math.isnan(found.low) else f"{found.low:.3f} to {found.high:.3f}"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
