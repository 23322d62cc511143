"""Ask a live model for annotators' ratings: with nothing of the person, with near texts they rated, and by RPM's steps.

The texts are offensive by design and are sent as they are; a server that refuses them is counted as refusing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from personae.metrics.intervals import bootstrap_mean, bootstrap_sums
from personae.metrics.ordinal import kappa_columns, kappa_of_sums
from personae.papers.harness import Comparison, Context, compare
from personae.papers.rpm.annotators import N_LEVELS, TASK, Annotators
from personae.preference.rpm import Asked, rate_by_examples, rate_by_reasoning

N_PEOPLE = 30  # card
QUICK = (2, 6)  # texts predicted of each, and ratings known of each
SETTING = "POPQUORN, asked"


def live_rows(context: Context, data: Annotators) -> Iterator[Comparison]:
    """Yield error and agreement of each way of asking, and how much could be read; unread answers are left out of the error."""
    people = np.unique(data.test_person)[:N_PEOPLE]
    model, encoder = context.chat(), context.encoder()
    most, before = QUICK if context.quick else (len(data.test_person), len(data.person))
    found: dict[str, list[Asked]] = {"no person": [], "near texts": [], "RPM": []}
    kept: list[int] = []
    for person in context.track(people, "people"):
        rows = np.flatnonzero(data.test_person == person)[:most]
        texts = [text for _, text in data.asked(rows)]
        history = data.history(np.flatnonzero(data.person == person)[-before:])
        shared: dict[str, Any] = {"task": TASK, "n_levels": N_LEVELS}
        found["no person"].append(rate_by_examples(model, None, history, texts, **shared))
        found["near texts"].append(rate_by_examples(model, encoder, history, texts, **shared))
        found["RPM"].append(rate_by_reasoning(model, encoder, history, texts, **shared))
        kept += rows.tolist()
    for name, asked in found.items():
        yield from _rows(context, name, asked, data.test_level[kept], data.test_person[kept])


def _rows(context: Context, name: str, asked: list[Asked], truth: Any, person: Any) -> Iterator[Comparison]:
    levels = np.concatenate([each.levels for each in asked])
    read = ~np.isnan(levels)
    method = f"{context.model}, {name}"
    yield compare(SETTING, "ratings that could be read", method, float(read.mean()), n=len(read))
    for outcome in ("refused", "unparsed"):
        counts = sum(each.outcomes[outcome] for each in asked)
        yield compare(SETTING, f"answers {outcome}", method, float(counts), n=len(read))
    kept = [each.kept_paths for each in asked if not np.isnan(each.kept_paths)]
    if kept:
        yield compare(SETTING, "paths that arrive by a factor", method, float(np.mean(kept)), n=len(kept))
    if not read.any():
        return
    drawn: dict[str, Any] = {"clusters": person[read], "draws": context.draws, "random_state": context.seed}
    error = bootstrap_mean(np.abs(levels - truth)[read], **drawn)
    yield compare(SETTING, "MAE, whole levels", method, error)
    kappa = bootstrap_sums(kappa_columns(truth[read], levels[read]), kappa_of_sums, **drawn)
    yield compare(SETTING, "QWK", method, kappa)
