"""What the shield did to a person, in the shape that the report's page and the local page show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple

from personae.report.shield import Changed, Exposed, ShieldedPerson
from personae.shield.exposure import Exposure
from personae.shield.generalize import wider
from personae.shield.shielding import PLACES, Shielded

THIN = 0.5  # share of the words under which a warning is given
FURTHER = {"mask": "generalize", "generalize": "rewrite"}


def reported(done: Shielded) -> ShieldedPerson:
    """Return a person's part of the page."""
    edits: dict[tuple[str, str], list[tuple[int, int, str]]] = {}
    for edit in done.edits:
        edits.setdefault((edit.source, edit.trace), []).append((edit.start, edit.end, edit.replacement))
    return ShieldedPerson(
        done.person,
        len(done.before),
        rows_of(done.exposure),
        done.utility.words_kept,
        done.utility.rouge_l,
        done.utility.cosine,
        tuple((point.words_kept, point.mean_exposure) for point in done.curve),
        tuple(
            Changed(trace.where, trace.text, tuple(edits[trace.source, trace.id]))
            for trace in done.before
            if (trace.source, trace.id) in edits
        ),
        done.repeated,
        astuple(done.rewrites),
    )


def rows_of(exposure: Iterable[Exposure]) -> tuple[Exposed, ...]:
    """Return each attribute as a row of the page shows it."""
    return tuple(
        Exposed(
            each.attribute, each.before.value, each.before.probability, each.after.value, each.after.probability,
            each.floor, each.state, each.margin, each.raised, each.kept,
        )
        for each in exposure
    )  # fmt: skip


def unseen(done: Shielded) -> int:
    """Return how many telling values stand in plain words still; 0 at the level that only masks."""
    if done.level == "mask":
        return 0
    names = {each.attribute for each in done.exposure}
    names -= {PLACES[1]} if PLACES[0] in names else set()
    own = [trace.text for trace in done.traces if trace.role == "self" and trace.text]
    return sum(len(wider(text, name)) for text in own for name in names)


def further(unmet: Sequence[Shielded], *, thorough: bool) -> tuple[str, bool]:
    """Return the level that goes further, empty where none does, and whether being thorough does besides."""
    level = FURTHER.get(unmet[0].level, "")
    kept = [one.kept for each in unmet for one in each.unmet]
    if unmet[0].level == "mask" or thorough or not any(kept):
        return level, False
    return ("" if all(kept) else level), True
