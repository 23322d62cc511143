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

from personae.metrics.calibration import softmax
from personae.metrics.intervals import Interval, bootstrap_mean, bootstrap_ratio
from personae.metrics.paired import paired_difference
from personae.metrics.ranking import Lists, rank_all
from personae.papers.amazon import sequences
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.m2trec.split import ColdSplit, cold_split
from personae.recommend import AttributeCosine, ItemKNN, Items, M2TRec, Plan, Popularity, Recommender, SASRec
from personae.recommend._core import Scores, States

POPULAR, NEIGHBORS, ALIKE = "popularity", "ItemKNN", "TF-IDF of attributes"
BY_ID, BLURRED = "SASRec", "SASRec, told the kind alone"
ONE, TWO, SHUFFLED = "M2TRec, next item alone", "M2TRec", "M2TRec, attributes shuffled"
NEW, RARE, WARM, ALL = "never seen", "rare", "warm", "all"
MEASURES = {"Recall@20": "recall", "MRR@20": "mrr"}
N_SEEDS = 5
N_VALID = 1000  # people by whom training stops
SHAPE: dict[str, Any] = {"length": 10, "n_layers": 1}
ID_PLAN = Plan(n_epochs=16, batch_size=256, rate=3e-3, patience=2)
PLAN = Plan(n_epochs=10, batch_size=256, rate=2e-3)
TASK_WEIGHT = 0.03
NEXT_HAS = "attributes of the next item, NDCG@10"
BARS = {("Beauty", NEW, TWO): "low > 0", ("Beauty", NEW, BY_ID): "<= .001"}
Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Make = Callable[..., Recommender]


@dataclass(frozen=True, slots=True)
class Blurred:
    """What ids foretell of kinds: of one kind, items come by how many had them. `kind` and `n_had` of shape (n_items,)."""

    model: SASRec
    kind: NDArray[np.intp]
    n_had: NDArray[np.intp]

    def place(self, histories: Lists) -> States:
        """Return what the model keeps of people."""
        return self.model.place(histories)

    def score(self, states: States) -> Scores:
        """Return log p(kind) + log p(item given its kind), shape (n_people, n_items)."""
        scores = self.model.score(states)
        chances = np.exp(scores - scores.max(axis=1, keepdims=True)) * (self.n_had > 0)
        order = np.argsort(self.kind, kind="stable")
        starts = np.searchsorted(self.kind[order], np.arange(self.kind.max() + 1))
        of_kind = np.add.reduceat(chances[:, order], starts, axis=1)
        share = self.n_had / np.maximum(np.bincount(self.kind, self.n_had), 1)[self.kind]
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(of_kind[:, self.kind] * share))


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
    yield from _of_set(context, "Beauty", "beauty")


def _of_set(context: Context, name: str, file: str) -> Iterator[Comparison]:
    split = cold_split(sequences(context, file), context.seed)
    found = {
        side: _measured(context, split, make, seeds, side == SHUFFLED)
        for side, (make, seeds) in context.track(list(_sides(context).items()), f"{name}, sides")
    }
    by_id, by_kind = found[BY_ID].model, found[TWO].model
    assert isinstance(by_id, SASRec)
    assert isinstance(by_kind, M2TRec)
    blurred = Blurred(by_id, by_kind.read_, split.n_trained)
    scores = {metric: each[None] for metric, each in _of_people(blurred, split).items()}
    found[BLURRED] = Measured(scores, [], by_id)
    for view, mask in split.views().items():
        for metric in MEASURES:
            for side, measured in found.items():
                value = _mean(context, measured.of_people(metric, mask))
                bar = BARS.get((name, view, side), "") if metric == "Recall@20" else ""
                yield compare(f"{name}, {view}", metric, side, value, bar=bar)
    yield from _differences(context, name, split, found)
    yield from _ratios(context, name, split, found)
    yield from _of_attributes(context, name, split, found)
    yield from _sizes(name, split, found)


def _sides(context: Context) -> dict[str, tuple[Make, int]]:
    """Return how each side is made from a seed, and by how many seeds it is measured."""
    plan, id_plan = (replace(each, n_epochs=2) if context.quick else each for each in (PLAN, ID_PLAN))
    n_seeds = 1 if context.quick else N_SEEDS
    two = partial(M2TRec, size=128, n_others=0, task_weight=TASK_WEIGHT, plan=plan, **SHAPE)
    return {
        POPULAR: (Popularity, 1),
        NEIGHBORS: (ItemKNN, 1),
        ALIKE: (partial(AttributeCosine, n_last=3), 1),
        BY_ID: (partial(SASRec, size=64, n_others=1500, dropout=0.4, plan=id_plan, **SHAPE), n_seeds),
        ONE: (partial(two, task_weight=0.0), n_seeds),
        TWO: (two, n_seeds),
        SHUFFLED: (two, 1),
    }


def _measured(context: Context, split: ColdSplit, make: Make, n_seeds: int, is_shuffled: bool) -> Measured:
    some = np.random.default_rng(context.seed).permutation(np.unique(split.valid.person))[:N_VALID]
    valid = split.valid.take(np.isin(split.valid.person, some))
    items = _shuffled(split.items, context.seed) if is_shuffled else split.items
    runs, n_epochs = [], []
    for seed in range(context.seed, context.seed + n_seeds):
        model = make(random_state=seed).fit(split.train, items, valid=valid)
        runs.append(_of_people(model, split))
        epochs = [epoch.score for epoch in getattr(model, "epochs_", [])]
        n_epochs.append(int(np.argmax(epochs or [0])) + 1)
    return Measured({metric: np.stack([run[metric] for run in runs]) for metric in MEASURES}, n_epochs, model)


def _of_people(model: Recommender | Blurred, split: ColdSplit) -> dict[str, Array]:
    """Return each measure of each person's test item, shape (n_people,)."""
    known, wanted = split.before.lists(), split.test.lists()
    states = model.place(known)
    ranked = rank_all(partial(_scored, model, states), wanted, known=known, n_items=len(split.is_new), at=0)
    return {metric: ranked.per_person(measure, 20) for metric, measure in MEASURES.items()}


def _scored(model: Recommender | Blurred, states: States, people: NDArray[np.intp]) -> Scores:
    return model.score(states[people])


def _shuffled(items: Items, seed: int) -> Items:
    """Give each item the attributes of another."""
    order = np.random.default_rng(seed).permutation(len(items.ids))
    item, attribute = items.has.pairs_of(order)
    return replace(items, has=Lists.of(item, attribute, n_people=len(order)))


def _differences(
    context: Context, name: str, split: ColdSplit, found: dict[str, Measured]
) -> Iterator[Comparison]:
    """Compare two tasks with one, over people and over seeds, and with the control."""
    views, minus = split.views(), f"{TWO} minus next item alone"
    for metric in MEASURES:
        for view in (ALL, WARM, RARE, NEW):
            setting, bar = f"{name}, {view}", "low > 0" if view == ALL else ""
            value = _paired(context, found[TWO], found[ONE], metric, views[view])
            yield compare(setting, f"{metric}, difference", minus, value, bar=bar)
            by_seed = found[TWO].of_seeds(metric, views[view]) - found[ONE].of_seeds(metric, views[view])
            if len(by_seed) > 1:
                value = _mean(context, by_seed)
                yield compare(setting, f"{metric}, difference, over seeds", minus, value, bar=bar)
        lost = _paired(context, found[TWO], found[SHUFFLED], metric, views[NEW])
        bar = "low > 0" if metric == "Recall@20" else ""
        yield compare(f"{name}, {NEW}", f"{metric}, difference", f"{TWO} minus attributes shuffled", lost, bar=bar)  # fmt: skip


def _paired(context: Context, first: Measured, second: Measured, metric: str, mask: Mask) -> Interval:
    return paired_difference(
        first.of_people(metric, mask),
        second.of_people(metric, mask),
        draws=context.draws,
        random_state=context.seed,
    )


def _ratios(
    context: Context, name: str, split: ColdSplit, found: dict[str, Measured]
) -> Iterator[Comparison]:
    warm = split.views()[WARM]
    for side, bar in ((TWO, ">= .9"), (ONE, ""), (BLURRED, "")):
        ratio = bootstrap_ratio(
            found[side].of_people("Recall@20", warm),
            found[BY_ID].of_people("Recall@20", warm),
            draws=context.draws,
            random_state=context.seed,
        )
        yield compare(f"{name}, {WARM}", "Recall@20, ratio", f"{side} to SASRec", ratio, bar=bar)


def _of_attributes(
    context: Context, name: str, split: ColdSplit, found: dict[str, Measured]
) -> Iterator[Comparison]:
    """What one task tells of the next item's attributes, who was not asked, beside the second task; under the last seed."""
    one, two, known = found[ONE].model, found[TWO].model, split.before.lists()
    assert isinstance(one, M2TRec)
    assert isinstance(two, M2TRec)
    person, attribute = split.items.has.distinct().pairs_of(split.test.lists().items)
    wanted = Lists.of(person, attribute, n_people=len(split.test.people))
    has = _indicator(split.items)
    popular = np.bincount(split.train.item, minlength=len(has)) @ has
    tellers: dict[str, tuple[States, Callable[[States], Scores]]] = {
        "how many bought have them": (
            known.counts()[:, None],
            lambda states: np.tile(popular, (len(states), 1)),
        ),
        ONE: (one.place(known), lambda states: softmax(one.score(states).astype(float)) @ has),
        f"{TWO}, by the next item": (
            two.place(known),
            lambda states: softmax(two.score(states).astype(float)) @ has,
        ),
        f"{TWO}, by its second task": (two.place(known), two.attributes_next),
    }
    told = {}
    for teller, (states, score) in tellers.items():
        ranked = rank_all(partial(_told, states, score), wanted, n_items=has.shape[1], at=0)
        told[teller] = ranked.per_person("ndcg", 10)
        yield compare(f"{name}, {ALL}", NEXT_HAS, teller, _mean(context, told[teller]))
    gap = told[f"{TWO}, by its second task"] - told[ONE]
    yield compare(
        f"{name}, {ALL}", f"{NEXT_HAS}, difference", "second task minus next item alone", _mean(context, gap)
    )


def _told(states: States, score: Callable[[States], Scores], people: NDArray[np.intp]) -> Scores:
    return score(states[people])


def _indicator(items: Items) -> Scores:
    """Return which item has which attribute, as ones, shape (n_items, n_attributes)."""
    has = np.zeros((len(items.ids), len(items.attributes)), dtype=np.float32)
    has[items.has.pairs(0, len(items.ids))] = 1
    return has


def _sizes(name: str, split: ColdSplit, found: dict[str, Measured]) -> Iterator[Comparison]:
    by_id, by_kind = found[BY_ID].model, found[TWO].model
    assert isinstance(by_kind, M2TRec)
    assert isinstance(by_id, SASRec)
    n_items, metric = len(split.is_new), "numbers learned of items, ratio"
    yield compare(name, metric, "ids of the same width to M2TRec", n_items * by_kind.size / by_kind.n_inputs, n=n_items,
                  paper=19.0, source="card", bar="within .5")  # fmt: skip
    yield compare(
        name, metric, "SASRec as it is here to M2TRec", n_items * by_id.size / by_kind.n_inputs, n=n_items
    )
    counts = np.bincount(by_kind.read_)
    yield compare(
        name, "share of items that collide", TWO, float((counts[by_kind.read_] > 1).mean()), n=n_items
    )
    for side in (BY_ID, ONE, TWO):
        taken = found[side].n_epochs
        yield compare(name, "epochs to the best", side, float(np.mean(taken)), n=len(taken))


def _mean(context: Context, values: Array) -> Interval:
    return bootstrap_mean(values, draws=context.draws, random_state=context.seed)


EXPERIMENT = Experiment("m2trec", rows)
