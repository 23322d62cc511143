"""The shield's steps as the slider shows them: how sure the attacker is after each, and which lines changed."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from personae.people.attributes import attribute
from personae.report.plots import percent, share_bar
from personae.report.shield import Changed, struck
from personae.shield import Edit, Shielded

LINES = 200  # changed lines that a page shows
Key = tuple[str, str]  # source and id of a trace


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute at a step: how sure the attacker was before, is now, and is of anybody."""

    label: str
    before: str
    now: str
    floor: str
    target: str
    bar: Markup


@dataclass(frozen=True, slots=True)
class Steps:
    """One step of the shield, among `last` + 1; `lines` are those that changed with this step, `earlier` the others."""

    at: int
    last: int
    said: str
    rows: tuple[Row, ...]
    lines: tuple[tuple[str, Markup], ...]
    earlier: tuple[tuple[str, Markup], ...]
    names: tuple[str, ...]


def steps_of(done: Shielded, at: int | None = None) -> Steps:
    """Return a step of the shield as a page shows it; the last one where none is named, the nearest where there is none such."""
    last = len(done.curve) - 1
    at = last if at is None else min(max(at, 0), last)
    point, first = done.curve[at], done.curve[0]
    now = _by_line(point.edits)
    then = _by_line(done.curve[at - 1].edits) if at else {}
    shown = [trace for trace in done.before if (trace.source, trace.id) in now][:LINES]
    fresh = {key for key, edits in now.items() if edits != then.get(key)}
    lines, earlier = (
        tuple(
            (trace.where, _struck(trace.where, trace.text, now[trace.source, trace.id]))
            for trace in shown
            if ((trace.source, trace.id) in fresh) is new
        )
        for new in (True, False)
    )
    rows = tuple(
        Row(
            attribute(each.attribute).label,
            percent(first.exposure[each.attribute]),
            percent(point.exposure[each.attribute]),
            percent(each.floor),
            percent(each.target),
            share_bar(point.exposure[each.attribute], label=f"Now {percent(point.exposure[each.attribute])}"),
        )
        for each in done.exposure
    )
    said = (
        f"Step {at} of {last}: {len(now)} lines changed, {percent(point.words_kept)} of the words kept. "
        f"The attacker is {percent(point.mean_exposure)} sure on average, {percent(first.mean_exposure)} before."
    )
    return Steps(at, last, said, rows, lines, earlier, tuple(_name(done, k) for k in range(last + 1)))


def _name(done: Shielded, at: int) -> str:
    kept = percent(done.curve[at].words_kept)
    return f"Step {at}: {kept} of the words kept" if at else "Step 0: as it was"


def _by_line(edits: tuple[Edit, ...]) -> dict[Key, tuple[tuple[int, int, str], ...]]:
    found: dict[Key, tuple[tuple[int, int, str], ...]] = {}
    for edit in edits:
        key = edit.source, edit.trace
        found[key] = (*found.get(key, ()), (edit.start, edit.end, edit.replacement))
    return found


def _struck(where: str, text: str, edits: tuple[tuple[int, int, str], ...]) -> Markup:
    return struck(Changed(where, text, edits))
