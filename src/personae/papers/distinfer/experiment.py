"""Distribution inference on census models: what a classifier gives away about the share of women or white people behind it.

Source: Suri, Evans (2022), "Formalizing and Estimating Distribution Inference Risks", PETS, arXiv 2109.06024. The paper's tables
could not be had: no published number stands beside these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from personae.audit.distinfer import (
    most_accuracy,
    poisson_affinity,
)
from personae.audit.game import Trial
from personae.metrics.discrimination import ranks
from personae.metrics.intervals import LEVEL, Interval, bootstrap_mean, percentile_interval, resample_counts
from personae.metrics.paired import paired_difference
from personae.papers.distinfer import graphs
from personae.papers.distinfer.attacks import (
    BEST,
    CENTERED,
    LOSS,
    OUTPUTS,
    PIN,
    RATIO,
    STACKED,
    World,
    attack,
    leak_row,
    omega_rows,
    omegas,
)
from personae.papers.distinfer.causes import half_rows, learning_rows, scarcity_rows
from personae.papers.distinfer.census import DATA, Census, Population, load, population
from personae.papers.distinfer.defences import curves as curves
from personae.papers.distinfer.defences import defence_rows
from personae.papers.distinfer.worlds import CENTER, CONTROL, RATIOS, Worlds, counts, make
from personae.papers.harness import Comparison, Context, Experiment, compare

NAMES = {"sex": "share of women", "race": "share of white people"}


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table; intervals over victims. A quick run has too few models for the bars."""
    for row in _rows(context):
        yield replace(row, bar="") if context.quick else row


def _rows(context: Context) -> Iterator[Comparison]:
    census = load(context)
    for place, name in enumerate(("sex",) if context.quick else ("sex", "race")):
        random = np.random.default_rng((context.seed, place))
        people = population(census, name)
        worlds = make(context, name, people, random)
        yield from _ratio_rows(context, worlds)
        yield from _regression_rows(context, worlds)
        if name == "sex":
            yield from defence_rows(context, people, random)
        if not context.quick:
            yield from _cause_rows(context, census, people, worlds)
    yield from _bound_rows()
    yield from _graph_rows(context)


def _cause_rows(context: Context, census: Census, people: Population, worlds: Worlds) -> Iterator[Comparison]:
    random = np.random.default_rng((context.seed, 3, worlds.name == "race"))
    name = NAMES[worlds.name]
    yield from half_rows(context, name, people, worlds, random)
    if worlds.name == "sex":
        yield from learning_rows(context, name, people, worlds, random)
        yield from scarcity_rows(context, people, population(census, "race"), random)


def _ratio_rows(context: Context, worlds: Worlds) -> Iterator[Comparison]:
    """Every pair of one half and another ratio; the control is one half against one half."""
    center = worlds.of[CENTER]
    found: dict[float, dict[str, list[Trial]]] = {}
    others = [ratio for ratio in worlds.of if ratio != CENTER]
    for ratio in context.track(others, f"{worlds.name}: attacks"):
        told = worlds.told(ratio, ratio)
        found[ratio] = attack(center, worlds.of[ratio], estimates=told, n_epochs=60, seed=context.seed)
        setting = f"{NAMES[worlds.name]}, .5 against {ratio:g}"
        omega = omegas(found[ratio])
        yield from omega_rows(setting, omega, {BEST: "> .95"} if ratio in (0, 1) else {})
        yield leak_row(setting, omega[BEST], CENTER, ratio)
        yield _accuracy_row(setting, worlds.of[ratio])
    yield from _shape_rows(context, worlds.name, found)
    control = attack(
        center, worlds.again, estimates=worlds.told(CENTER, CONTROL), n_epochs=60, seed=context.seed
    )
    yield from omega_rows(f"{NAMES[worlds.name]}, control: .5 against .5", omegas(control))
    pooled = bootstrap_mean(
        [trial.guess == trial.secret for trials in control.values() for trial in trials],
        clusters=[place for trials in control.values() for place in range(len(trials))],
        draws=context.draws,
        random_state=context.seed,
    )
    yield compare(f"{NAMES[worlds.name]}, control: .5 against .5", "omega", "mean of all attacks", pooled,
                  paper=0.5, source="by design", bar="within .07")  # fmt: skip


def _accuracy_row(setting: str, world: World) -> Comparison:
    right = ((world.victims.outputs(world.inputs) > 0) == world.labels).mean(axis=1)
    return compare(setting, "accuracy of the victims on their own ratio", "victims", bootstrap_mean(right))


def _shape_rows(
    context: Context, name: str, found: dict[float, dict[str, list[Trial]]]
) -> Iterator[Comparison]:
    """Growth with distance from one half, .2 beside .8, and the meta-classifier beside the loss test near one half."""
    setting = f"{NAMES[name]}, over ratios"
    best = {ratio: omegas(trials)[BEST].value for ratio, trials in found.items()}
    distance = ranks(np.abs(np.array(list(best)) - CENTER))
    value = float(np.corrcoef(distance, ranks(list(best.values())))[0, 1])
    random = np.random.default_rng((context.seed, 7))
    drawn = np.stack([_drawn_best(context.draws, trials, random) for trials in found.values()], axis=1)
    values = np.array([np.corrcoef(distance, ranks(row))[0, 1] for row in drawn])
    n = sum(len(trials[PIN]) for trials in found.values())
    interval = percentile_interval(value, values, LEVEL, n, n)
    yield compare(setting, "Spearman, omega and distance from .5", BEST, interval, bar=">= .8")
    for attacker in found[0.2]:
        gap = paired_difference(_right(found[0.2], attacker), _right(found[0.8], attacker))
        yield compare(setting, "omega at .2 minus omega at .8", attacker, gap)
    near = [ratio for ratio in (0.3, 0.4) if ratio in found]
    if near:
        for attacker in (PIN, RATIO, OUTPUTS):
            for plain in (LOSS, CENTERED):
                first, second = (
                    np.concatenate([_right(found[r], each) for r in near]) for each in (attacker, plain)
                )
                gap = paired_difference(first, second)
                bar = "> 0" if (attacker, plain) == (RATIO, LOSS) else ""
                yield compare(
                    setting, "omega at .3 and .4, difference", f"{attacker} minus {plain}", gap, bar=bar
                )


def _drawn_best(
    draws: int, trials: dict[str, list[Trial]], random: np.random.Generator
) -> NDArray[np.float64]:
    """Return the best attack's omega on victims drawn anew, shape (draws,)."""
    right = np.stack([_right(trials, attacker) for attacker in trials], axis=1)  # (n_victims, n_attackers)
    counts = resample_counts(len(right), draws=draws, random_state=random)
    return np.asarray((counts @ right / len(right)).max(axis=1))


def _right(trials: dict[str, list[Trial]], attacker: str) -> NDArray[np.float64]:
    return np.array([float(each.guess == each.secret) for each in trials[attacker]])


def _regression_rows(context: Context, worlds: Worlds) -> Iterator[Comparison]:
    """How far estimates of the ratio lie from it, beside always one half and estimates dealt to other victims."""
    setting = f"{NAMES[worlds.name]}, ratio estimated"
    n = len(worlds.again.victims)
    truth = np.repeat(list(worlds.of), n)
    for name, told in worlds.estimates.items():
        errors = np.abs(np.concatenate([told[ratio] for ratio in worlds.of]) - truth)
        yield compare(setting, "mean absolute error", name, _mean(context, errors), bar="< .10")
    estimates = np.concatenate([worlds.estimates[RATIO][ratio] for ratio in worlds.of])
    dealt = np.random.default_rng(context.seed).permutation(estimates)
    yield compare(
        setting,
        "mean absolute error",
        f"{STACKED}, on other local models",
        _mean(context, worlds.readers.stacked.local_errors_),
    )
    yield compare(setting, "mean absolute error", "always .5", _mean(context, np.abs(truth - CENTER)))
    yield compare(setting, "mean absolute error", f"{RATIO}, shuffled", _mean(context, np.abs(dealt - truth)))


def _mean(context: Context, values: Sequence[float] | NDArray[np.float64]) -> Interval:
    return bootstrap_mean(values, draws=context.draws, random_state=context.seed)


def _bound_rows() -> Iterator[Comparison]:
    """The most that n records drawn straight from the population tell."""
    for ratio in RATIOS:
        if ratio != CENTER:
            for n in (1, 10, 100):
                value = most_accuracy(CENTER, ratio, n)
                yield compare(
                    f"any share, .5 against {ratio:g}",
                    "omega, bound",
                    f"{n} records of the population",
                    value,
                )


def _graph_rows(context: Context) -> Iterator[Comparison]:
    """Mean degree 13 against others, of node classifiers on generated graphs."""
    n_local, n_victims = counts(context)
    random = np.random.default_rng((context.seed, 2))
    degrees = graphs.DEGREES[::3] if context.quick else graphs.DEGREES
    center = graphs.world(graphs.CENTER, n_local, n_victims, random)
    for degree in context.track(list(degrees), "graphs"):
        other = graphs.world(degree, n_local, n_victims, random)
        omega = omegas(attack(center, other, seed=context.seed, n_epochs=60))
        setting = f"mean degree, {graphs.CENTER} against {degree}"
        yield from omega_rows(setting, omega)
        yield leak_row(setting, omega[BEST], graphs.CENTER, degree, poisson_affinity)
        yield _accuracy_row(setting, other)
    again = graphs.world(graphs.CENTER, n_local, n_victims, random)
    yield from omega_rows(f"mean degree, control: {graphs.CENTER} against {graphs.CENTER}",
                          omegas(attack(center, again, seed=context.seed, n_epochs=60)))  # fmt: skip


EXPERIMENT = Experiment(DATA, rows)
