"""AW-MoE on Beauty: rank by a mix of experts that follows what a person did, and keep the mix when they did little.

Source: Gong et al. (2023), "AW-MoE", arXiv 2306.05011. Its search logs are not public, and its Amazon set (Electronics) is not
here, so that its numbers stand in no row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.metrics.intervals import Interval, bootstrap_mean, bootstrap_sums
from personae.papers.awmoe.study import (
    LONG_TAIL,
    N_CUT,
    Array,
    Study,
    cosines,
    interest_mix,
    load,
    of_people,
    places,
    scores,
    shared_information,
)
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.recommend import DIN, AWMoE, CategoryMoE, ItemKNN, MeanPooling, Plan, Popularity, Recommender
from personae.recommend.awmoe import PairRanker

POPULAR, NEIGHBORS = "popularity", "ItemKNN"
MEAN, ATTENTION, SOFTMAX = "mean pooling", "DIN", "softmax-gate MoE"
PLAIN, FULL = "AW-MoE without contrast", "AW-MoE"
SHUFFLED = "AW-MoE, mixed by another person"
N_SEEDS = 3
PLAN = Plan(n_epochs=3, batch_size=1024, rate=4e-3)
DECAY = 1e-5
CONTRAST: dict[str, Any] = {"contrast": 0.003, "masked_share": 0.6, "temperature": 0.2, "n_others": 8}
ONE, MANY, NDCG = "AUC, 1 other item", "AUC, 99 other items", "NDCG@10 among 100"
EVERYONE, TAIL, OTHERS = "everyone", "history of at most 4", "history over 4"
HEAVY, CUT = "history of 8 and more", f"the same cut to {N_CUT}"
SAME, DIFFERENT = (
    f"cosine of mixes, whole and cut to {N_CUT}",
    "cosine of mixes, whole and another person's cut",
)
TOLD = "own mix, cut, nearer than another person's"
NMI = ("NMI of clusters of mixes with the main attribute", "NMI of clusters of mixes with another person's")
BEYOND = "gain by contrast, short histories: beyond others' gain, or beyond 0 where others lose"
Masks = dict[str, NDArray[np.bool_]]


@dataclass(slots=True)
class Measured:
    """What was measured of one side: by (view, metric) one row of numbers for each seed, over people or alone."""

    people: dict[tuple[str, str], list[Array]] = field(default_factory=dict)
    alone: dict[str, list[float]] = field(default_factory=dict)

    def mean(self, view: str, metric: str) -> Array:
        """Return each person's mean over seeds."""
        return np.asarray(np.mean(self.people[view, metric], axis=0))

    def add(self, view: str, metric: str, values: Array) -> None:
        self.people.setdefault((view, metric), []).append(values)


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table; intervals over people, whose numbers are means over seeds."""
    import torch

    torch.set_num_threads(1)
    study = load(context)
    masks = _masks(study)
    n_seeds = 1 if context.quick else N_SEEDS
    found: dict[str, Measured] = {name: Measured() for name in (*sides(PLAN, 0), SHUFFLED)}
    plan = replace(PLAN, n_epochs=2) if context.quick else PLAN
    todo = [
        (name, model)
        for seed in range(n_seeds)
        for name, model in sides(plan, context.seed + seed).items()
        if seed == 0 or isinstance(model, PairRanker)
    ]
    for name, model in context.track(todo, "sides"):
        _measure(found, name, model.fit(study.rows, study.items), study, masks)
    for name, side in found.items():
        yield from _of_side(context, name, side)
    yield from _differences(context, found)
    yield from _tail(context, found, masks)
    yield from _mixes(context, found)
    yield _short_samples(study)


def sides(plan: Plan, seed: int) -> dict[str, Recommender]:
    """Return what is compared, unfitted; all that learn share plan and decay."""
    shared: dict[str, Any] = {"plan": plan, "decay": DECAY, "random_state": seed}
    return {
        POPULAR: Popularity(),
        NEIGHBORS: ItemKNN(),
        MEAN: MeanPooling(**shared),
        ATTENTION: DIN(**shared),
        SOFTMAX: CategoryMoE(**shared),
        PLAIN: AWMoE(**shared, contrast=0.0),
        FULL: AWMoE(**shared, **CONTRAST),
    }


def _masks(study: Study) -> Masks:
    counts = study.histories.counts()
    return {EVERYONE: counts > 0, TAIL: counts <= 4, OTHERS: counts > 4, HEAVY: study.heavy}


def _measure(found: dict[str, Measured], name: str, model: Recommender, study: Study, masks: Masks) -> None:
    _add(found[name], scores(model, study.histories, study.candidates), masks)
    heavy = np.flatnonzero(study.heavy)
    histories, cut, candidates = (
        of_people(study.histories, heavy),
        of_people(study.cut(), heavy),
        study.candidates[heavy],
    )
    _add(found[name], scores(model, cut, candidates), {CUT: np.ones(len(heavy), dtype=bool)})
    if not isinstance(model, AWMoE):
        return
    whole, part, strange = (
        np.asarray(model.gate(each, candidates[:, :1])[:, 0], dtype=float)
        for each in (histories, cut, of_people(study.cut(), np.roll(heavy, 1)))
    )
    own, other = cosines(whole, part), cosines(whole, strange)
    for metric, values in ((SAME, own), (DIFFERENT, other), (TOLD, (own > other) + (own == other) / 2)):
        found[name].add(HEAVY, metric, values)
    labels = study.main_of_people()
    for metric, shared in zip(
        NMI, shared_information(interest_mix(model, study), labels, model.random_state), strict=True
    ):
        found[name].alone.setdefault(metric, []).append(shared)
    if name == FULL and (EVERYONE, MANY) not in found[SHUFFLED].people:
        order = np.random.default_rng(model.random_state).permutation(len(study.candidates))
        mixed = model.chances(study.histories, study.candidates, mixed_by=of_people(study.histories, order))
        _add(found[SHUFFLED], np.asarray(mixed, dtype=float), masks)


def _add(side: Measured, scored: Array, masks: Masks) -> None:
    for metric, values in zip((ONE, MANY, NDCG), places(scored), strict=True):
        for view, mask in masks.items():
            side.add(view, metric, values[mask])


def _of_side(context: Context, name: str, side: Measured) -> Iterator[Comparison]:
    for view, metric in side.people:
        if view == EVERYONE or metric == MANY:
            yield compare(f"Beauty, {view}", metric, name, _mean(context, side.mean(view, metric)))


def _differences(context: Context, found: dict[str, Measured]) -> Iterator[Comparison]:
    """Paired over people; and the seed where the difference is least."""
    pairs = [
        (FULL, ATTENTION),
        (FULL, SOFTMAX),
        (FULL, PLAIN),
        (PLAIN, ATTENTION),
        (PLAIN, SOFTMAX),
        (FULL, MEAN),
    ]
    for first, second in pairs:
        bar = "low > 0" if second in (ATTENTION, SOFTMAX) and first == FULL else ""
        for view in (EVERYONE, TAIL, OTHERS, CUT):
            gap = found[first].mean(view, MANY) - found[second].mean(view, MANY)
            yield compare(f"Beauty, {view}", f"{MANY}, difference", f"{first} minus {second}", _mean(context, gap),
                          bar=bar if view == EVERYONE else "")  # fmt: skip
        by_seed = [
            np.mean(a - b)
            for a, b in zip(
                found[first].people[EVERYONE, MANY], found[second].people[EVERYONE, MANY], strict=True
            )
        ]
        yield compare(f"Beauty, {EVERYONE}", f"{MANY}, least difference of the seeds", f"{first} minus {second}",
                      float(np.min(by_seed)), n=len(by_seed), bar="> 0" if bar else "")  # fmt: skip
    gap = found[SHUFFLED].mean(EVERYONE, MANY) - found[FULL].people[EVERYONE, MANY][0]
    yield compare(
        f"Beauty, {EVERYONE}",
        f"{MANY}, difference",
        f"{SHUFFLED} minus own",
        _mean(context, gap),
        bar="high < 0",
    )


def _tail(context: Context, found: dict[str, Measured], masks: Masks) -> Iterator[Comparison]:
    """What the contrast adds for short histories beyond what it adds for others."""
    gain = found[FULL].mean(EVERYONE, MANY) - found[PLAIN].mean(EVERYONE, MANY)
    tail = masks[TAIL].astype(float)
    columns = np.column_stack([gain * tail, tail, gain * (1 - tail), 1 - tail])
    found_gap = bootstrap_sums(
        columns,
        lambda sums: sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3],
        draws=context.draws,
        random_state=context.seed,
    )
    short = _mean(context, gain[masks[TAIL]])
    yield compare("Beauty", "gain by contrast, short histories", FULL, short, bar="> 0")
    yield compare("Beauty", "gain by contrast, short histories minus others", FULL, found_gap)
    beyond = short.value - max(float(gain[~masks[TAIL]].mean()), 0.0)
    yield compare("Beauty", BEYOND, FULL, beyond, n=short.n, bar="> 0")
    cut = found[FULL].mean(CUT, MANY) - found[PLAIN].mean(CUT, MANY)
    whole = found[FULL].mean(HEAVY, MANY) - found[PLAIN].mean(HEAVY, MANY)
    yield compare("Beauty", "gain by contrast, cut histories minus whole", FULL, _mean(context, cut - whole))


def _mixes(context: Context, found: dict[str, Measured]) -> Iterator[Comparison]:
    """How alike mixes are of whole and cut histories, and what they tell of tastes."""
    for name in (PLAIN, FULL):
        for metric in (SAME, DIFFERENT, TOLD):
            yield compare(f"Beauty, {HEAVY}", metric, name, _mean(context, found[name].mean(HEAVY, metric)))
        for metric, values in found[name].alone.items():
            yield compare("Beauty", metric, name, float(np.mean(values)), n=len(values))
    for metric in (SAME, DIFFERENT, TOLD):
        gap = found[FULL].mean(HEAVY, metric) - found[PLAIN].mean(HEAVY, metric)
        yield compare(f"Beauty, {HEAVY}", f"{metric}, difference", f"{FULL} minus {PLAIN}", _mean(context, gap),
                      bar="" if metric == DIFFERENT else "low > 0")  # fmt: skip


def _short_samples(study: Study) -> Comparison:
    """How many samples of training are as short as the histories of the tail: every prefix is one."""
    lengths = np.concatenate([np.arange(1, count) for count in study.histories.counts()])
    share = float((lengths <= LONG_TAIL).mean())
    return compare(
        "Beauty, samples of training",
        f"share with a history of at most {LONG_TAIL}",
        "all",
        share,
        n=len(lengths),
    )


def _mean(context: Context, values: Array) -> Interval:
    return bootstrap_mean(values, draws=context.draws, random_state=context.seed)


EXPERIMENT = Experiment("awmoe", rows)
