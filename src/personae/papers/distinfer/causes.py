"""Why ratios are told worse for race than for sex, and by the meta-classifier than by the ridge: rows for one reason each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from personae.audit.distinfer import Cells
from personae.metrics.intervals import Interval, bootstrap_mean
from personae.metrics.paired import paired_difference
from personae.papers.distinfer.attacks import LOSS, RATIO, attack, joined
from personae.papers.distinfer.census import Population
from personae.papers.distinfer.worlds import CENTER, RATIOS, Worlds, counts, make, pin
from personae.papers.harness import Comparison, Context, compare

NEAR = (0.3, 0.4)
FEWER = (0.25, 0.5)  # of the local models
ERROR = "mean absolute error"
THINNED = "share of women, as few rows as of race"


def thinned(people: Population, like: Population, random: np.random.Generator) -> Population:
    """Return the people with as many rows left at most in each cell as the other has without its property, and its sizes.

    The other's people without the property stand for those with it: women become as rare as people who are not white.
    """

    def cut(cells: Cells, other: Cells) -> Cells:
        kept = [
            tuple(random.permutation(cell)[: len(model)] for cell, model in zip(pair, models, strict=True))
            for pair, models in zip(cells.rows, other.rows[::-1], strict=True)
        ]
        return Cells(tuple(kept))  # type: ignore[arg-type]

    parts = (cut(getattr(people, name), getattr(like, name)) for name in ("victim", "local", "held_out"))
    return Population(people.census, like.sizes, *parts)


def scarcity_rows(
    context: Context, people: Population, like: Population, random: np.random.Generator
) -> Iterator[Comparison]:
    """The regressions where one property has as few rows as another, in samples of the same size and balance."""
    few = thinned(people, like, random)
    worlds = make(context, "sex, fewer rows", few, random)
    truth = np.repeat(list(worlds.of), len(worlds.again.victims))
    for name, told in worlds.estimates.items():
        errors = np.abs(np.concatenate([told[ratio] for ratio in worlds.of]) - truth)
        yield compare(f"{THINNED}, ratio estimated", ERROR, name, _mean(context, errors))
    yield from half_rows(context, THINNED, few, worlds, random)
    right: dict[str, list[float]] = {RATIO: [], LOSS: []}
    for ratio in NEAR:
        found = attack(worlds.of[CENTER], worlds.of[ratio], estimates=worlds.told(ratio, ratio), n_epochs=60,
                       seed=context.seed)  # fmt: skip
        for name, some in right.items():
            some += [float(each.guess == each.secret) for each in found[name]]
    gap = paired_difference(right[RATIO], right[LOSS])
    yield compare(f"{THINNED}, over ratios", "omega at .3 and .4, difference", f"{RATIO} minus {LOSS}", gap)


def half_rows(
    context: Context, name: str, people: Population, worlds: Worlds, random: np.random.Generator
) -> Iterator[Comparison]:
    """The same regressions on models drawn, as the local ones were, from the adversary's own half."""
    n = counts(context)[1]
    made = joined([people.models([people.local] * n, ratio, random) for ratio in worlds.of])
    truth = np.repeat(list(worlds.of), n)
    for method, told in worlds.readers.told(made).items():
        errors = np.abs(told - truth)
        yield compare(
            f"{name}, ratio estimated, victims of the local half", ERROR, method, _mean(context, errors)
        )


def learning_rows(
    context: Context, name: str, people: Population, worlds: Worlds, random: np.random.Generator
) -> Iterator[Comparison]:
    """The meta-classifier's error by how many local models a ratio it learns from; the table's own number is left out."""
    n = counts(context)[0]
    local = joined([worlds.of[ratio].local for ratio in RATIOS])
    victims = joined([worlds.of[ratio].victims for ratio in RATIOS])
    truth = np.repeat(RATIOS, n)
    place = np.tile(np.arange(n), len(RATIOS))
    more = joined([people.models([people.local] * n, ratio, random) for ratio in RATIOS])
    sets = [(local.take(place < share * n), truth[place < share * n]) for share in FEWER]
    sets.append((joined([local, more]), np.concatenate([truth, truth])))
    hidden = np.repeat(RATIOS, len(victims) // len(RATIOS))
    for some, told in context.track(sets, f"{worlds.name}: learning curve"):
        errors = np.abs(pin(context, some, told).score(victims) - hidden)
        setting = f"{name}, ratio estimated, {len(some) // len(RATIOS)} local models a ratio"
        yield compare(setting, ERROR, RATIO, _mean(context, errors))


def _mean(context: Context, values: NDArray[np.float64]) -> Interval:
    return bootstrap_mean(values, draws=context.draws, random_state=context.seed)
