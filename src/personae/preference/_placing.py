"""Where a person stands by a few choices: the mode of a few weights under a Gaussian over people, with their covariance there.

Source: Laplace's approximation; the Gaussian is learned by empirical Bayes (Lindley and Smith 1972, "Bayes Estimates for the
Linear Model").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from personae.metrics.logistic import sigmoid
from personae.preference._core import padded
from personae.preference.comparisons import Array, Codes, Comparisons

# Weights of shape (n_people, k) and rows of shape (n_people, m) to log-odds (n_people, m) and their slopes (n_people, m, k)
Margins = Callable[[Array, Codes], tuple[Array, Array]]
_CHUNK = 4096  # people placed at once: bounds the memory at about 100 MB


@dataclass(frozen=True, slots=True)
class Gaussian:
    """How weights spread over people: `mean` of shape (k,), `covariance` of shape (k, k)."""

    mean: Array
    covariance: Array

    @property
    def size(self) -> int:
        return len(self.mean)

    def split(self, states: Array) -> tuple[Array, Array]:
        """Return the weights (n_people, k) and the covariances (n_people, k, k) that states hold."""
        return states[:, : self.size], states[:, self.size :].reshape(-1, self.size, self.size)


def place(
    table: Comparisons,
    n_people: int,
    margins: Margins,
    prior: Gaussian,
    *,
    n_steps: int = 3,
    halvings: int = 0,
) -> Array:
    """Return each person's weights and their covariance, shape (n_people, k + k * k); without a row, the prior's.

    Notes
    -----
    Newton's steps for all people in one array operation, from the prior's mean, with the curvature of the log-odds themselves
    left out (Gauss-Newton), which makes no difference where they are linear in the weights. Where they are not, a step may
    go too far: it is then halved, for that person, at most so many times.
    """
    places, is_row = padded(table, n_people)
    return np.vstack([
        _place(table, margins, prior, places[start : start + _CHUNK], is_row[start : start + _CHUNK], n_steps, halvings)
        for start in range(0, n_people, _CHUNK)
    ])  # fmt: skip


def learn_gaussian(prior: Gaussian, states: Array, *, with_mean: bool = False) -> Gaussian:
    """Return the Gaussian that the people in these states come from: one step of expectation maximization.

    Notes
    -----
    Mean of (w - mean)(w - mean)' + Cov(w) over people, with one person's worth of a round prior; the mean stays as it is
    unless asked for.
    """
    weights, covariances = prior.split(states)
    mean = weights.mean(axis=0) if with_mean else prior.mean
    apart = weights - mean
    second = apart.T @ apart + covariances.sum(axis=0)
    round_ = np.eye(prior.size) * np.trace(prior.covariance) / max(prior.size, 1)
    return Gaussian(mean, (second + round_) / (len(states) + 1))


def _place(
    table: Comparisons, margins: Margins, prior: Gaussian, places: Codes, is_row: Array, n_steps: int, halvings: int
) -> Array:  # fmt: skip
    n_people = len(places)
    weights = np.tile(prior.mean, (n_people, 1))
    if not places.shape[1]:
        return np.hstack([weights, np.tile(prior.covariance.ravel(), (n_people, 1))])
    precision = np.asarray(np.linalg.inv(prior.covariance), dtype=float)
    chosen, strength = table.chosen[places], table.weight[places] * is_row  # (people, rows)

    def loss(at: Array) -> Array:
        margin, _ = margins(at, places)
        apart = at - prior.mean
        missed = strength * (np.logaddexp(0, margin) - chosen * margin)
        return np.asarray(missed.sum(axis=1) + np.einsum("pj,jk,pk->p", apart, precision, apart) / 2)

    for _ in range(n_steps):
        margin, slopes = margins(weights, places)
        chance = sigmoid(margin)
        pull = (
            np.einsum("pmk,pm->pk", slopes, strength * (chosen - chance)) - (weights - prior.mean) @ precision
        )
        sure = np.swapaxes(slopes * (strength * chance * (1 - chance))[..., None], 1, 2)
        bend = sure @ slopes + precision
        step = np.linalg.solve(bend, pull[..., None])[..., 0]
        before = loss(weights) if halvings else np.zeros(0)
        for _ in range(halvings):
            step = np.where((loss(weights + step) > before)[:, None], step / 2, step)
        weights = weights + step
    return np.hstack([weights, np.linalg.inv(bend).reshape(n_people, -1)])
