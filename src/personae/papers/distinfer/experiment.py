"""Distribution inference on census models: what a classifier gives away about the share of women or white people behind it.

Source: Suri, Evans (2022), "Formalizing and Estimating Distribution Inference Risks", PETS, arXiv 2109.06024. The paper's tables
could not be had: no published number stands beside these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from personae.audit.distinfer import (
    OutputRegression,
    PermutationInvariantNetwork,
    StackedRegression,
    column_norms,
    most_accuracy,
    poisson_affinity,
)
from personae.audit.game import Trial
from personae.metrics.discrimination import ranks
from personae.metrics.intervals import Interval, bootstrap_mean
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
    Estimates,
    World,
    attack,
    joined,
    leak_row,
    omega_rows,
    omegas,
)
from personae.papers.distinfer.census import DATA, N_EPOCHS, Population, load, population
from personae.papers.distinfer.defences import curves as curves
from personae.papers.distinfer.defences import defence_rows
from personae.papers.harness import Comparison, Context, Experiment, compare

CENTER = 0.5
RATIOS = tuple(round(0.1 * k, 1) for k in range(11))
QUICK_RATIOS = (0.0, 0.2, 0.5, 0.8, 1.0)
CONTROL = "again"
NAMES = {"sex": "share of women", "race": "share of white people"}


@dataclass(frozen=True, slots=True)
class Worlds:
    """Every ratio's models of one property, a second set at one half, and what regressions tell of each ratio's victims."""

    name: str
    of: dict[float, World]
    again: World
    estimates: dict[str, dict[float | str, NDArray[np.float64]]]
    local_error: float  # of STACKED on local models that it has not seen

    def told(self, ratio: float, second: float | str) -> Estimates:
        first = {name: found[CENTER] for name, found in self.estimates.items()}
        both = {name: np.concatenate([first[name], found[second]]) for name, found in self.estimates.items()}
        return Estimates(both, (CENTER + ratio) / 2, ratio >= CENTER)


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table; intervals over victims. A quick run has too few models for the bars."""
    for row in _rows(context):
        yield replace(row, bar="") if context.quick else row


def _rows(context: Context) -> Iterator[Comparison]:
    census = load(context)
    for place, name in enumerate(("sex",) if context.quick else ("sex", "race")):
        random = np.random.default_rng((context.seed, place))
        people = population(census, name)
        worlds = _worlds(context, name, people, random)
        yield from _ratio_rows(context, worlds)
        yield from _regression_rows(context, worlds)
        if name == "sex":
            yield from defence_rows(context, people, random)
    yield from _bound_rows()
    yield from _graph_rows(context)


def _counts(context: Context) -> tuple[int, int]:
    """Return local models and victims a population."""
    return (16, 10) if context.quick else (100, 40)


def _worlds(context: Context, name: str, people: Population, random: np.random.Generator) -> Worlds:
    ratios = QUICK_RATIOS if context.quick else RATIOS
    plans: list[float | str] = [*ratios, CONTROL]
    of: dict[float | str, World] = {}
    for plan in context.track(plans, f"{name}: models"):
        of[plan] = _world(context, people, CENTER if isinstance(plan, str) else plan, random)
    local = joined([of[ratio].local for ratio in ratios])
    truth = np.repeat(ratios, len(of[CENTER].local))
    points = np.concatenate([of[ratio].inputs for ratio in (0.0, CENTER, 1.0)])
    pin = PermutationInvariantNetwork(
        is_binary=False,
        n_epochs=40 if context.quick else 120,
        random_state=context.seed,
    ).fit(local, truth)
    ridge = OutputRegression().fit(local.outputs(points), truth)
    stacked = StackedRegression(random_state=context.seed)
    stacked.fit(local.outputs(points), column_norms(local), truth)
    told = {
        RATIO: {plan: pin.score(world.victims) for plan, world in of.items()},
        OUTPUTS: {plan: ridge.score(world.victims.outputs(points)) for plan, world in of.items()},
        STACKED: {
            plan: stacked.score(world.victims.outputs(points), column_norms(world.victims))
            for plan, world in of.items()
        },
    }
    return Worlds(name, {ratio: of[ratio] for ratio in ratios}, of[CONTROL], told, stacked.local_error_)


def _world(context: Context, people: Population, ratio: float, random: np.random.Generator) -> World:
    n_local, n_victims = _counts(context)
    n_epochs = 10 if context.quick else N_EPOCHS
    sample = people.sample(ratio, random)
    local, victims = (
        people.models([cells] * n, ratio, random, n_epochs=n_epochs)
        for cells, n in ((people.local, n_local), (people.victim, n_victims))
    )
    return World(local, victims, people.census.inputs[sample], people.census.income[sample])


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
    yield from _shape_rows(worlds.name, found)
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


def _shape_rows(name: str, found: dict[float, dict[str, list[Trial]]]) -> Iterator[Comparison]:
    """Growth with distance from one half, .2 beside .8, and the meta-classifier beside the loss test near one half."""
    setting = f"{NAMES[name]}, over ratios"
    best = {ratio: omegas(trials)[BEST].value for ratio, trials in found.items()}
    distance = ranks(np.abs(np.array(list(best)) - CENTER))
    value = float(np.corrcoef(distance, ranks(list(best.values())))[0, 1])
    yield compare(setting, "Spearman, omega and distance from .5", BEST, value, n=len(best), bar=">= .8")
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
    yield compare(setting, "mean absolute error", f"{STACKED}, on other local models", worlds.local_error)
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
    n_local, n_victims = _counts(context)
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
