"""How sure a reader may be for the amount of text it has, and from which probability a claim is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from personae.infer._scorer import Pooled, sharpened

Array = np.ndarray
SHOWN_RIGHT = 0.85  # share of shown claims that shall be right, on the training people
LEAST = 0.8  # no claim less likely than this is shown
FEW = 20  # outcomes that say something of a bound; of people unlike the fit, as many must lie above it
NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Sheet:
    """People whole and in random parts, each read by models and heads that have not seen them.

    `logs` are logarithms of the near head's probabilities (n_rows, n_values), `about` what the mean vector says of them;
    `right` marks the values that count as right. `truths` holds each row's (value, score of the label), `sure` the rows of
    people whose text tells the attribute.
    """

    pooled: Pooled
    about: Array
    logs: Array
    right: Array
    weights: Array
    truths: tuple[tuple[str, float], ...]
    sure: Array


@dataclass(frozen=True, slots=True)
class Told:
    """What the sharpness of one attribute is fitted on: logarithms of mixed probabilities, base rate, amounts, right values."""

    logs: Array
    base: Array
    amount: Array
    right: Array
    weights: Array


def fit_sharpness(told: Sequence[Told]) -> tuple[float, float]:
    """Return (s, a0) that give the values that count as right the most log-probability, shared by attributes."""

    def loss(flat: Array) -> float:
        sharpness = (float(np.exp(flat[0])), float(np.exp(flat[1])))
        return -sum(
            float((each.weights * np.log(_right(each, sharpness) + 1e-9)).sum()) for each in told
        ) + 0.1 * float(flat @ flat)

    starts = ([0.0, -0.7], [0.3, 1.5])
    best = min((minimize(loss, start, method="Nelder-Mead") for start in starts), key=lambda found: found.fun)
    return float(np.exp(best.x[0])), float(np.exp(best.x[1]))


def _right(told: Told, sharpness: tuple[float, float]) -> Array:
    return (sharpened(told.logs, told.base, told.amount, sharpness) * told.right).sum(axis=1)


def shown_from(outcomes: Sequence[tuple[float, bool]], n_least: int, otherwise: float) -> float:
    """Return the lowest probability from which SHOWN_RIGHT of the outcomes are right, one wrong one added.

    At least `n_least` outcomes must lie above it.

    >>> shown_from([(0.9, True)] * 30 + [(0.85, False)] * 9, 5, NEVER)
    0.9
    """
    ranked = sorted(outcomes, reverse=True)
    best, n_right = otherwise, 0
    if len(ranked) < FEW:
        return best
    for n_shown, (chance, is_right) in enumerate(ranked, 1):
        n_right += is_right
        if n_shown >= n_least and n_right / (n_shown + 1) >= SHOWN_RIGHT:
            best = chance
    return max(LEAST, best)
