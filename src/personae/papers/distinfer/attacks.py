"""All attacks on victims of two populations, and their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.audit.distinfer import (
    LossTest,
    OutputRegression,
    PermutationInvariantNetwork,
    PerPointTest,
    ThresholdTest,
    column_norms,
    leak,
)
from personae.audit.distinfer.leakage import Affinity, ratio_affinity
from personae.audit.game import Trial
from personae.audit.many_networks import Floats, Networks
from personae.metrics.intervals import Interval, wilson
from personae.papers.harness import Comparison, compare

LOSS, CENTERED, THRESHOLD, POINTS, PIN = (
    "loss test",
    "loss test, centered",
    "threshold test",
    "per-point test",
    "permutation-invariant meta-classifier",
)
COLUMN = "threshold on the size of one input's weights, ours"
RATIO, OUTPUTS, STACKED = (
    "meta-classifier, regression",
    "ridge on outputs",
    "forest on the ridge and the size of each input's weights, ours",
)
BEST = "best of all"


@dataclass(frozen=True, slots=True)
class World:
    """One population's models: the adversary's own and the victims, with a labelled sample of the adversary's."""

    local: Networks
    victims: Networks
    inputs: Floats
    labels: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Estimates:
    """Ratios that regressions tell of the victims of both worlds, and the middle between the worlds' own."""

    of: dict[str, NDArray[np.float64]]
    middle: float
    is_rising: bool

    def scores(self) -> dict[str, NDArray[np.float64]]:
        return {name: (some - self.middle) * (1 if self.is_rising else -1) for name, some in self.of.items()}


def attack(
    first: World, second: World, *, estimates: Estimates | None = None, n_epochs: int = 200, seed: int = 0
) -> dict[str, list[Trial]]:
    """Return each attack's trials on all victims of both worlds; without estimates, a ridge learns from the pair alone."""
    secret, hidden = _secrets(first.local, second.local), _secrets(first.victims, second.victims)
    local, victims = joined([first.local, second.local]), joined([first.victims, second.victims])
    known, asked = (_answers(each, (first, second)) for each in (local, victims))
    scores = {
        LOSS: LossTest().fit(known[1], secret).score(asked[1]),
        CENTERED: LossTest(is_centered=True).fit(known[1], secret).score(asked[1]),
        THRESHOLD: ThresholdTest().fit(known[1], secret).score(asked[1]),
        POINTS: PerPointTest().fit(known[0], secret).score(asked[0]),
        PIN: PermutationInvariantNetwork(n_epochs=n_epochs, random_state=seed)
        .fit(local, secret)
        .score(victims),
        COLUMN: PerPointTest(n_points=1).fit(column_norms(local), secret).score(column_norms(victims)),
        **(
            estimates.scores()
            if estimates
            else {OUTPUTS: OutputRegression().fit(known[0], secret).score(asked[0]) - 0.5}
        ),
    }
    return {
        name: [
            Trial(int(bit), int(score > 0), float(score)) for bit, score in zip(hidden, found, strict=True)
        ]
        for name, found in scores.items()
    }


def omegas(trials: dict[str, list[Trial]]) -> dict[str, Interval]:
    """Return each attack's share of right guesses with Wilson's interval, and that of the best of them."""
    found = {
        name: wilson(sum(each.guess == each.secret for each in some), len(some))
        for name, some in trials.items()
    }
    return {**found, BEST: max(found.values(), key=lambda each: each.value)}


def omega_rows(
    setting: str, found: dict[str, Interval], bars: dict[str, str] | None = None, *, only: Sequence[str] = ()
) -> Iterator[Comparison]:
    for name, omega in found.items():
        if not only or name in only:
            yield compare(setting, "omega", name, omega, bar=(bars or {}).get(name, ""))


def leak_row(
    setting: str, omega: Interval, first: float, second: float, affinity: Affinity = ratio_affinity
) -> Comparison:
    """The records leaked; where omega is 1, its lower end stands for "> x"."""
    found = leak(omega, first, second, affinity=affinity)
    if np.isinf(found.value):
        return compare(setting, f"n_leaked, > {found.low:.2g}", BEST, found.low, n=omega.n)
    high = None if np.isinf(found.high) else found.high
    return Comparison(setting, "n_leaked", BEST, found.value, found.low, high, omega.n)


def joined(some: Sequence[Networks]) -> Networks:
    """Return networks of one shape as one batch."""
    layers = range(len(some[0].weights))
    return Networks(
        tuple(np.concatenate([each.weights[layer] for each in some]) for layer in layers),
        tuple(np.concatenate([each.biases[layer] for each in some]) for layer in layers),
    )


def _secrets(first: Networks, second: Networks) -> NDArray[np.intp]:
    return np.repeat([0, 1], [len(first), len(second)])


def _answers(networks: Networks, worlds: Sequence[World]) -> tuple[Floats, NDArray[np.float64]]:
    """Return outputs on both samples' points, (m, n_points), and accuracies on each sample, (m, 2)."""
    outputs = [networks.outputs(world.inputs) for world in worlds]
    right = [((some > 0) == world.labels).mean(axis=1) for some, world in zip(outputs, worlds, strict=True)]
    return np.concatenate(outputs, axis=1), np.stack(right, axis=1)
