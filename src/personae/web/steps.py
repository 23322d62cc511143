"""The shield's steps as the slider shows them: how sure the attacker is after each, and which lines changed."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from personae.report.plots import percent, tradeoff
from personae.report.shield import Changed, Row, counted, row_of, struck
from personae.shield import Edit, Shielded
from personae.shield.exposure import UNREACHED
from personae.shield.reported import THIN, further, rows_of

LINES = 200  # changed lines that a page shows
_THIN = "Under half of the words are left: a higher target, or an earlier step, keeps more."
Key = tuple[str, str]  # source and id of a trace


@dataclass(frozen=True, slots=True)
class Steps:
    """One step of the shield, among `last` + 1; `lines` are those that changed with this step, `earlier` the others.

    `counted` says how many attributes are in which state, `hints` what goes further, or that little is left; `utility` and
    `picture` are of the whole run.
    """

    at: int
    last: int
    said: str
    counted: str
    rows: tuple[Row, ...]
    hints: tuple[str, ...]
    utility: tuple[tuple[str, str], ...]
    picture: Markup
    lines: tuple[tuple[str, Markup], ...]
    earlier: tuple[tuple[str, Markup], ...]
    names: tuple[str, ...]


def steps_of(done: Shielded, at: int | None = None, *, thorough: bool = False) -> Steps:
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
    exposed = rows_of(done.exposure_at(at))
    said = (
        f"Step {at} of {last}: {len(now)} lines changed, {percent(point.words_kept)} of the words kept. "
        f"The attacker is {percent(point.mean_exposure)} sure on average, {percent(first.mean_exposure)} before."
    )
    unmet = any(row.state == UNREACHED for row in exposed)
    hints = [_further(done, thorough=thorough)] if unmet and at == last else []
    hints += [_THIN] if point.words_kept < THIN else []
    utility = (
        ("words kept", percent(done.utility.words_kept)),
        ("ROUGE-L", f"{done.utility.rouge_l:.2f}"),
        ("meaning kept (cosine)", f"{done.utility.cosine:.2f}"),
    )
    curve = [(each.words_kept, 1.0 - each.mean_exposure) for each in done.curve]
    return Steps(
        at, last, said, counted(exposed), tuple(row_of(row) for row in exposed), tuple(hints), utility,
        tradeoff(curve, title="What is hidden against the text that is kept"),
        lines, earlier, tuple(_name(done, k) for k in range(last + 1)),
    )  # fmt: skip


def _further(done: Shielded, *, thorough: bool) -> str:
    """Say what goes further than what was asked for."""
    level, wider = further([done], thorough=thorough)
    ways = [*([f"the level “{level}”"] if level else []), *(["being thorough"] if wider else [])]
    if not ways:
        return "Target not reached, and no level goes further: a higher target can be reached."
    return f"Target not reached: {' and '.join(ways)} {'goes' if len(ways) == 1 else 'go'} further."


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
