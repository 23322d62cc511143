"""Maps from a stated certainty to a probability, fitted on some rows and used on others; neither ever turns the order round.

Fit one map for one source of confidence (`personae.models.confidence`): words and token probabilities need different ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.metrics.logistic import fit_logistic, log_odds, sigmoid


@dataclass(frozen=True, slots=True)
class Platt:
    """probability = 1 / (1 + exp(-(slope * score + intercept))), slope at least 0."""

    slope: float
    intercept: float

    def __call__(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Return probabilities, in the shape of the scores."""
        return sigmoid(self.slope * np.asarray(scores, dtype=float) + self.intercept)


@dataclass(frozen=True, slots=True)
class Isotonic:
    """A rising staircase, straight between its corners: `scores` rising, `probabilities` never falling, both (n_corners,)."""

    scores: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    def __call__(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Return probabilities, in the shape of the scores; beyond the ends those of the ends."""
        return np.asarray(np.interp(np.asarray(scores, dtype=float), self.scores, self.probabilities))


def fit_platt(scores: ArrayLike, outcomes: ArrayLike) -> Platt:
    """Fit a logistic curve with two parameters.

    Parameters
    ----------
    scores : array-like of shape (n_rows,)
        Any scale; log-odds or percents.
    outcomes : array-like of shape (n_rows,), 0 or 1

    Notes
    -----
    Source: Platt (1999), "Probabilistic Outputs for Support Vector Machines", section 2.2: the targets are
    (n_right + 1) / (n_right + 2) and 1 / (n_wrong + 2), so that no probability is 0 or 1. Deviation: where the slope would be
    negative (sure answers are wrong more often) it is 0, since a certainty is mended here, not turned round; every
    probability is then the share that is right.

    Examples
    --------
    >>> fitted = fit_platt([0, 0, 0, 1, 1, 1], [0, 0, 1, 0, 1, 1])  # targets .8 and .2, whose means are .4 and .6
    >>> fitted([0, 1]).round(3).tolist()
    [0.4, 0.6]
    """
    score, right = _columns(scores, outcomes)
    n_right = float(right.sum())
    target = np.where(right > 0, (n_right + 1) / (n_right + 2), 1 / (len(right) - n_right + 2))
    spread = float(score.std())
    if spread:
        standard = (score - score.mean()) / spread
        slope, intercept = fit_logistic(np.stack([standard, np.ones_like(standard)], axis=1), target).tolist()
        if slope > 0:
            return Platt(slope / spread, intercept - slope * float(score.mean()) / spread)
    return Platt(0.0, float(log_odds(target.mean(), margin=0.0)))


def fit_isotonic(scores: ArrayLike, outcomes: ArrayLike, *, weights: ArrayLike | None = None) -> Isotonic:
    """Fit the closest curve that never falls, by pooling neighbours that stand the wrong way round.

    Parameters
    ----------
    scores : array-like of shape (n_rows,)
    outcomes : array-like of shape (n_rows,), 0 or 1
    weights : array-like of shape (n_rows,), non-negative, optional
        How often each row counts, such as its place in a bootstrap sample; rows that count 0 times are left out.

    Notes
    -----
    Source: Zadrozny, Elkan (2002), "Transforming Classifier Scores into Accurate Multiclass Probability Estimates", section 3.2;
    pool adjacent violators after Ayer et al. (1955). It needs more rows than `fit_platt`, and makes ties.

    Examples
    --------
    >>> fit_isotonic([1, 2, 3, 4], [0, 1, 0, 1])([1, 2, 3, 4]).tolist()
    [0.0, 0.5, 0.5, 1.0]
    """
    score, right = _columns(scores, outcomes)
    times = np.ones_like(score) if weights is None else np.asarray(weights, dtype=float)
    if times.shape != score.shape or not (times >= 0).all() or not times.any():
        raise BadInput(
            f"Weights of shape {times.shape} for {len(score)} rows; give one a row, none negative, not all 0."
        )
    values, codes = np.unique(score, return_inverse=True)
    counts = np.bincount(codes, times)
    hits, counted = np.bincount(codes, right * times), counts > 0
    values, counts, hits = values[counted], counts[counted], hits[counted]
    blocks: list[tuple[float, float, int]] = []  # share right, rows, corners
    for share, rows in zip((hits / counts).tolist(), counts.tolist(), strict=True):
        block = (share, rows, 1)
        while blocks and blocks[-1][0] >= block[0]:
            before = blocks.pop()
            weight = before[1] + block[1]
            block = ((before[0] * before[1] + block[0] * block[1]) / weight, weight, before[2] + block[2])
        blocks.append(block)
    return Isotonic(values, np.repeat([block[0] for block in blocks], [block[2] for block in blocks]))


def _columns(scores: ArrayLike, outcomes: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    score, right = np.asarray(scores, dtype=float), np.asarray(outcomes, dtype=float)
    if score.ndim != 1 or score.shape != right.shape or not len(score):
        raise BadInput(
            f"Scores of shape {score.shape} for outcomes of shape {right.shape}; give one number a row, at least one."
        )
    if not np.isfinite(score).all() or not ((right == 0) | (right == 1)).all():
        raise BadInput("Scores must be finite, and outcomes 0 or 1.")
    return score, right
