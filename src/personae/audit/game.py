"""The game that every attack on a model plays: a secret bit, a model that depends on it, and a guess.

Source: Yeom, Giacomelli, Fredrikson, Jha (2018), "Privacy Risk in Machine Learning", arXiv 1709.01604, experiment 1, for
membership; Suri, Evans (2022), "Formalizing and Estimating Distribution Inference Risks", arXiv 2109.06024, section 3, for
properties of the training data.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from personae.errors import BadInput
from personae.metrics.discrimination import auroc_interval
from personae.metrics.intervals import DRAWS, Interval, RandomState, bootstrap_mean, bootstrap_sums


@dataclass(frozen=True, slots=True)
class Trial:
    """One round: the secret, the adversary's guess, and the score behind it (higher speaks for 1).

    `victim` groups rounds that are not independent, such as people attacked through one model: intervals draw whole victims.
    """

    secret: int
    guess: int
    score: float
    victim: Hashable = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attack achieves: right guesses, Pr[guess 1 | secret 1] - Pr[guess 1 | secret 0], and the area under its ROC."""

    accuracy: Interval
    advantage: Interval
    auroc: Interval


def play(
    trial: Callable[[int, np.random.Generator], Sequence[Trial]],
    *,
    rounds: int,
    n_jobs: int = 1,
    random_state: int = 0,
) -> list[Trial]:
    """Play `rounds` rounds, half with each secret, and return their trials in order.

    Parameters
    ----------
    trial : callable
        Takes the secret and a random generator of its own, trains a victim, attacks it, and returns one trial or more.
    n_jobs : int
        Processes, through joblib; 1 stays in this one. Results do not depend on it.

    Examples
    --------
    >>> trials = play(lambda secret, random: [Trial(secret, secret, float(secret))], rounds=4)
    >>> [each.secret for each in trials], outcome(trials, draws=10).advantage.value
    ([0, 1, 0, 1], 1.0)
    """
    if rounds < 2:
        raise BadInput(f"{rounds} rounds: a game needs at least one with each secret.")
    seeds = np.random.SeedSequence(random_state).spawn(rounds)
    calls = [(place % 2, np.random.default_rng(seed)) for place, seed in enumerate(seeds)]
    if n_jobs == 1:
        return [each for call in calls for each in trial(*call)]
    from joblib import Parallel, delayed

    return [each for found in Parallel(n_jobs)(delayed(trial)(*call) for call in calls) for each in found]


def outcome(trials: Sequence[Trial], *, draws: int = DRAWS, random_state: RandomState = 0) -> Outcome:
    """Return what the trials show, with intervals over victims.

    Raises
    ------
    BadInput
        When only one secret was played, or a score is NaN.
    """
    secret = np.array([each.secret for each in trials])
    guess = np.array([each.guess for each in trials])
    if len(np.unique(secret)) < 2:
        raise BadInput("Trials of one secret only: nothing can be told of an attack. Play both.")
    if np.isnan([each.score for each in trials]).any():
        raise BadInput("A score is NaN: give each trial one that says how much speaks for the secret 1.")
    named = [each.victim for each in trials]
    victims = named if any(each is not None for each in named) else list(range(len(trials)))
    columns = np.stack([secret, secret * guess, 1 - secret, (1 - secret) * guess], axis=1).astype(float)
    options = {"clusters": victims, "draws": draws, "random_state": random_state}
    return Outcome(
        bootstrap_mean(secret == guess, **options),  # type: ignore[arg-type]
        bootstrap_sums(columns, _advantage, **options),  # type: ignore[arg-type]
        auroc_interval([each.score for each in trials], secret, **options),  # type: ignore[arg-type]
    )


def _advantage(sums: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[:, 1] / sums[:, 0] - sums[:, 3] / sums[:, 2])
