"""Local models and victims at every ratio of one property, and regressions that tell the ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.distinfer import (
    OutputRegression,
    PermutationInvariantNetwork,
    StackedRegression,
    column_norms,
)
from personae.audit.many_networks import Floats, Networks
from personae.papers.distinfer.attacks import OUTPUTS, RATIO, STACKED, Estimates, World, joined
from personae.papers.distinfer.census import N_EPOCHS, Population
from personae.papers.harness import Context

CENTER = 0.5
RATIOS = tuple(round(0.1 * k, 1) for k in range(11))
QUICK_RATIOS = (0.0, 0.2, 0.5, 0.8, 1.0)
CONTROL = "again"


@dataclass(frozen=True, slots=True)
class Readers:
    """Regressions of the ratio, learned from local models, and the points whose outputs two of them read."""

    pin: PermutationInvariantNetwork
    ridge: OutputRegression
    stacked: StackedRegression
    points: Floats

    def told(self, networks: Networks) -> dict[str, NDArray[np.float64]]:
        """Return each regression's estimates, (m,)."""
        outputs = networks.outputs(self.points)
        return {
            RATIO: self.pin.score(networks),
            OUTPUTS: self.ridge.score(outputs),
            STACKED: self.stacked.score(outputs, column_norms(networks)),
        }


@dataclass(frozen=True, slots=True)
class Worlds:
    """Every ratio's models of one property, a second set at one half, and what regressions tell of each ratio's victims."""

    name: str
    of: dict[float, World]
    again: World
    readers: Readers
    estimates: dict[str, dict[float | str, NDArray[np.float64]]]

    def told(self, ratio: float, second: float | str) -> Estimates:
        first = {name: found[CENTER] for name, found in self.estimates.items()}
        both = {name: np.concatenate([first[name], found[second]]) for name, found in self.estimates.items()}
        return Estimates(both, (CENTER + ratio) / 2, ratio >= CENTER)


def counts(context: Context) -> tuple[int, int]:
    """Return local models and victims a population."""
    return (16, 10) if context.quick else (100, 40)


def make(context: Context, name: str, people: Population, random: np.random.Generator) -> Worlds:
    """Train every ratio's models, and the regressions on the local ones."""
    ratios = QUICK_RATIOS if context.quick else RATIOS
    plans: list[float | str] = [*ratios, CONTROL]
    of: dict[float | str, World] = {}
    for plan in context.track(plans, f"{name}: models"):
        of[plan] = _world(context, people, CENTER if isinstance(plan, str) else plan, random)
    local = joined([of[ratio].local for ratio in ratios])
    truth = np.repeat(ratios, len(of[CENTER].local))
    points = np.concatenate([of[ratio].inputs for ratio in (0.0, CENTER, 1.0)])
    outputs = local.outputs(points)
    stacked = StackedRegression(random_state=context.seed).fit(outputs, column_norms(local), truth)
    readers = Readers(pin(context, local, truth), OutputRegression().fit(outputs, truth), stacked, points)
    told: dict[Any, dict[str, NDArray[np.float64]]] = {
        plan: readers.told(world.victims) for plan, world in of.items()
    }
    estimates = {
        name: {plan: some[name] for plan, some in told.items()} for name in (RATIO, OUTPUTS, STACKED)
    }
    return Worlds(name, {ratio: of[ratio] for ratio in ratios}, of[CONTROL], readers, estimates)


def pin(context: Context, local: Networks, truth: NDArray[np.float64]) -> PermutationInvariantNetwork:
    """Return the meta-classifier, learned as a regression."""
    return PermutationInvariantNetwork(
        is_binary=False, n_epochs=40 if context.quick else 120, random_state=context.seed
    ).fit(local, truth)


def _world(context: Context, people: Population, ratio: float, random: np.random.Generator) -> World:
    n_local, n_victims = counts(context)
    n_epochs = 10 if context.quick else N_EPOCHS
    sample = people.sample(ratio, random)
    local, victims = (
        people.models([cells] * n, ratio, random, n_epochs=n_epochs)
        for cells, n in ((people.local, n_local), (people.victim, n_victims))
    )
    return World(local, victims, people.census.inputs[sample], people.census.income[sample])
