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
_CHUNK = 1024  # people placed at once: bounds the memory at some tens of MB
_TOLERANCE = 1e-6  # of a standard deviation of what is believed of a person
_MOST_STEPS = 50  # six suffice where log-odds are linear in the weights


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
    table: Comparisons, n_people: int, margins: Margins, prior: Gaussian, *, most_steps: int = _MOST_STEPS
) -> Array:
    """Return each person's weights and their covariance, shape (n_people, k + k * k); without a row, the prior's.

    Notes
    -----
    Newton's steps for all people in one array operation, from the prior's mean, with the curvature of the log-odds themselves
    left out (Gauss-Newton), which makes no difference where they are linear in the weights. A step after which a person's
    choices are less likely is not taken, and half of it tried instead. A person is placed once the next step is shorter than
    `_TOLERANCE` of the standard deviations that are left, and takes no further part; after `most_steps` all are.
    """
    places, is_row = padded(table, n_people)
    return np.vstack([
        _place(table, margins, prior, places[start : start + _CHUNK], is_row[start : start + _CHUNK], most_steps)
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
    table: Comparisons, margins: Margins, prior: Gaussian, places: Codes, is_row: Array, most_steps: int
) -> Array:
    n_people = len(places)
    weights = np.tile(prior.mean, (n_people, 1))
    if not places.shape[1]:
        return np.hstack([weights, np.tile(prior.covariance.ravel(), (n_people, 1))])
    precision = np.asarray(np.linalg.inv(prior.covariance), dtype=float)
    chosen, strength = table.chosen[places], table.weight[places] * is_row  # (people, rows)

    def look(who: Codes, at: Array) -> tuple[Array, Array, Array, Array]:
        """Return the loss of these people there, Newton's step, its squared length in standard deviations, and the curvature."""
        margin, slopes = margins(at, places[who])
        rows, chance, apart = strength[who], sigmoid(margin), at - prior.mean
        missed = rows * (np.logaddexp(0, margin) - chosen[who] * margin)
        pull = ((rows * (chosen[who] - chance))[:, None] @ slopes)[:, 0] - apart @ precision
        sure = np.swapaxes(slopes * (rows * chance * (1 - chance))[..., None], 1, 2)
        bend = sure @ slopes + precision
        step = np.linalg.solve(bend, pull[..., None])[..., 0]
        loss = missed.sum(axis=1) + ((apart @ precision) * apart).sum(axis=1) / 2
        return loss, step, (pull * step).sum(axis=1), bend

    least, step, length, bend = look(np.arange(n_people), weights)
    for _ in range(most_steps):
        open_ = np.flatnonzero(length > _TOLERANCE**2)
        if not len(open_):
            break
        tried = weights[open_] + step[open_]
        reached, following, left, bent = look(open_, tried)
        is_better = reached <= least[open_]
        taken, refused = open_[is_better], open_[~is_better]
        weights[taken], least[taken], bend[taken] = tried[is_better], reached[is_better], bent[is_better]
        step[taken], length[taken] = following[is_better], left[is_better]
        step[refused] /= 2
        length[refused] /= 4
    return np.hstack([weights, np.linalg.inv(bend).reshape(n_people, -1)])
