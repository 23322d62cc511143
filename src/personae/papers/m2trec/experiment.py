"""M2TRec: the next item when items are known by what they are, on Beauty with a tenth of the catalog never seen.

Source: Shalaby et al. (2022), "M2TRec: Metadata-aware Multi-task Transformer for Large-scale and Cold-start free Session-based
Recommendations", RecSys, arXiv 2209.11824. Its own data (Diginetica's item file, an industrial set) are not public here, so that
its numbers stand in no row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.metrics.intervals import Interval, bootstrap_mean, bootstrap_ratio
from personae.metrics.paired import paired_difference
from personae.metrics.ranking import Lists, rank_all
from personae.papers.amazon import sequences
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.m2trec.split import ColdSplit, cold_split
from personae.recommend import ItemKNN, Items, M2TRec, Plan, Popularity, Recommender, SASRec
from personae.recommend._core import Scores, States

POPULAR, NEIGHBORS, BY_ID = "popularity", "ItemKNN", "SASRec"
ONE, TWO, WITH_ID = "M2TRec, next item alone", "M2TRec", "M2TRec + id"
UNTIED, MEAN = "M2TRec, untied head", "M2TRec, plain mean"
SHUFFLED = "M2TRec, attributes shuffled"
NEW, RARE, WARM, ALL = "never seen", "rare", "warm", "all"
MEASURES = {"Recall@20": "recall", "MRR@20": "mrr"}
N_SEEDS = 3
N_VALID = 1000  # people by whom training stops
SHAPE: dict[str, Any] = {"length": 10, "n_layers": 1, "n_others": 300}
ID_PLAN = Plan(n_epochs=12, batch_size=256, rate=3e-3, patience=3)
PLAN = Plan(n_epochs=5, batch_size=256, rate=1e-3, patience=3)
BARS = {(NEW, TWO): "low > 0", (NEW, BY_ID): "<= .001"}
Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Make = Callable[..., Recommender]


@dataclass(frozen=True, slots=True)
class Measured:
    """One side: each measure of each person by seed, shape (n_seeds, n_people), the epochs to the best, and the last model."""

    scores: dict[str, Array]
    n_epochs: list[int]
    model: Recommender

    def of_people(self, metric: str, mask: Mask) -> Array:
        """Return each person's mean over seeds, of those in a view."""
        return np.asarray(self.scores[metric].mean(axis=0)[mask])

    def of_seeds(self, metric: str, mask: Mask) -> Array:
        """Return each seed's mean over the people of a view."""
        return np.asarray(self.scores[metric][:, mask].mean(axis=1))


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table; intervals over people, and over seeds where the row says so."""
    import torch

    torch.set_num_threads(1)
    yield from _of_set(context, "Beauty", "beauty", 1 if context.quick else N_SEEDS)


def _of_set(context: Context, name: str, file: str, n_seeds: int) -> Iterator[Comparison]:
    split = cold_split(sequences(context, file), context.seed)
    sides = _sides(context, name, n_seeds)
    found = {
        side: _measured(context, split, make, seeds, side == SHUFFLED)
        for side, (make, seeds) in context.track(list(sides.items()), f"{name}, sides")
    }
    for view, mask in split.views().items():
        for metric in MEASURES:
            for side, measured in found.items():
                value = _mean(context, measured.of_people(metric, mask))
                bar = BARS.get((view, side), "") if metric == "Recall@20" else ""
                yield compare(f"{name}, {view}", metric, side, value, bar=bar)
    yield from _differences(context, name, split, found)
    yield from _sizes(name, split, found)


def _sides(context: Context, name: str, n_seeds: int) -> dict[str, tuple[Make, int]]:
    """Return how each side is made from a seed, and by how many seeds it is measured."""
    plan, id_plan = (replace(each, n_epochs=2) if context.quick else each for each in (PLAN, ID_PLAN))
    two = partial(M2TRec, pooling="recent", plan=plan, **SHAPE)
    sides: dict[str, tuple[Make, int]] = {
        POPULAR: (Popularity, 1),
        NEIGHBORS: (ItemKNN, 1),
        BY_ID: (partial(SASRec, dropout=0.4, plan=id_plan, **SHAPE), n_seeds),
        ONE: (partial(two, task_weight=0.0), n_seeds),
        TWO: (two, n_seeds),
        SHUFFLED: (two, 1),
    }
    if name == "Beauty" and not context.quick:
        sides[WITH_ID] = (partial(two, has_id=True), 1)
        sides[UNTIED] = (partial(two, head="untied"), 1)
        sides[MEAN] = (partial(two, pooling="mean"), 1)
    return sides


def _measured(context: Context, split: ColdSplit, make: Make, n_seeds: int, is_shuffled: bool) -> Measured:
    known, wanted = split.before.lists(), split.test.lists()
    some = np.random.default_rng(context.seed).permutation(np.unique(split.valid.person))[:N_VALID]
    valid = split.valid.take(np.isin(split.valid.person, some))
    items = _shuffled(split.items, context.seed) if is_shuffled else split.items
    runs, n_epochs = [], []
    for seed in range(context.seed, context.seed + n_seeds):
        model = make(random_state=seed).fit(split.train, items, valid=valid)
        states = model.place(known)
        ranked = rank_all(
            partial(_scored, model, states), wanted, known=known, n_items=len(split.is_new), at=0
        )
        runs.append({metric: ranked.per_person(measure, 20) for metric, measure in MEASURES.items()})
        n_epochs.append(int(np.argmax([epoch.score for epoch in getattr(model, "epochs_", [])] or [0])) + 1)
    return Measured({metric: np.stack([run[metric] for run in runs]) for metric in MEASURES}, n_epochs, model)


def _scored(model: Recommender, states: States, people: NDArray[np.intp]) -> Scores:
    return model.score(states[people])


def _shuffled(items: Items, seed: int) -> Items:
    """Give each item the attributes of another."""
    order = np.random.default_rng(seed).permutation(len(items.ids))
    item, attribute = items.has.pairs_of(order)
    return replace(items, has=Lists.of(item, attribute, n_people=len(order)))


def _differences(
    context: Context, name: str, split: ColdSplit, found: dict[str, Measured]
) -> Iterator[Comparison]:
    views = split.views()
    for metric in MEASURES:
        for view in (ALL, WARM, RARE, NEW):
            first, second = (found[side].of_people(metric, views[view]) for side in (TWO, ONE))
            value = paired_difference(first, second, draws=context.draws, random_state=context.seed)
            bar = "low > 0" if view == ALL else ""
            yield compare(
                f"{name}, {view}", f"{metric}, difference", f"{TWO} minus next item alone", value, bar=bar
            )
            by_seed = found[TWO].of_seeds(metric, views[view]) - found[ONE].of_seeds(metric, views[view])
            if len(by_seed) > 1:
                yield compare(f"{name}, {view}", f"{metric}, difference, over seeds", f"{TWO} minus next item alone",
                              _mean(context, by_seed), bar=bar)  # fmt: skip
        lost = paired_difference(
            found[TWO].of_people(metric, views[NEW]),
            found[SHUFFLED].of_people(metric, views[NEW]),
            draws=context.draws,
            random_state=context.seed,
        )
        yield compare(
            f"{name}, {NEW}", f"{metric}, difference", f"{TWO} minus attributes shuffled", lost,
            bar="low > 0" if metric == "Recall@20" else "",
        )  # fmt: skip
    for side in (TWO, WITH_ID):
        if side in found:
            ratio = bootstrap_ratio(
                found[side].of_people("Recall@20", views[WARM]),
                found[BY_ID].of_people("Recall@20", views[WARM]),
                draws=context.draws,
                random_state=context.seed,
            )
            yield compare(
                f"{name}, {WARM}",
                "Recall@20, ratio",
                f"{side} to SASRec",
                ratio,
                bar=">= .9" if side == TWO else "",
            )


def _sizes(name: str, split: ColdSplit, found: dict[str, Measured]) -> Iterator[Comparison]:
    model = found[TWO].model
    assert isinstance(model, M2TRec)
    n_items = len(split.is_new)
    counts = np.bincount(model.read_)
    yield compare(name, "numbers learned of items, ratio", "SASRec to M2TRec", n_items * model.size / model.n_inputs, n=n_items,
                  paper=19.0 if name == "Beauty" else None, source="card" if name == "Beauty" else "",
                  bar="within .5" if name == "Beauty" else "")  # fmt: skip
    yield compare(
        name, "share of items that collide", TWO, float((counts[model.read_] > 1).mean()), n=n_items
    )
    for side in (BY_ID, ONE, TWO, WITH_ID):
        if side in found:
            yield compare(
                name,
                "epochs to the best",
                side,
                float(np.mean(found[side].n_epochs)),
                n=len(found[side].n_epochs),
            )


def _mean(context: Context, values: Array) -> Interval:
    return bootstrap_mean(values, draws=context.draws, random_state=context.seed)


EXPERIMENT = Experiment("m2trec", rows)
