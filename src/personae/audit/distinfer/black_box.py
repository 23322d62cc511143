"""Attacks that only ask the model: what it gets right on samples of both populations, and what it says of single points.

Source: Suri, Evans (2022), arXiv 2109.06024, section 5.1 (loss test, threshold test), and its code for the per-point variant.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.fittable import Fittable

Array = NDArray[np.float64]


class LossTest(Fittable):
    """Guess the population whose sample the model does better on.

    Parameters
    ----------
    is_centered : bool
        Compare with the local models' middle gap rather than with 0, since one sample is often easier for every model.
    """

    def __init__(self, *, is_centered: bool = False) -> None:
        self.is_centered = is_centered

    def fit(self, accuracies: ArrayLike, secrets: ArrayLike) -> LossTest:
        """Learn the middle gap from local models; nothing where not centered.

        Parameters
        ----------
        accuracies : array-like of shape (n_models, 2), on samples of population 0 and 1
        secrets : array-like of shape (n_models,), 0 or 1
        """
        table, secret = _checked(accuracies, secrets)
        gap = table[:, 1] - table[:, 0]
        self.middle_ = (gap[secret == 0].mean() + gap[secret == 1].mean()) / 2 if self.is_centered else 0.0
        return self

    def score(self, accuracies: ArrayLike) -> Array:
        """Return scores of shape (n_models,): positive speaks for population 1."""
        table = np.asarray(accuracies, dtype=float)
        return np.asarray(table[:, 1] - table[:, 0] - self.middle_)


class ThresholdTest(Fittable):
    """Guess by one threshold on the accuracy on one of the two samples, both chosen on local models.

    Notes
    -----
    The paper searches a grid of .005 points; the best cut between any two local accuracies is found here.

    Examples
    --------
    >>> found = ThresholdTest().fit([[0.9, 0.7], [0.8, 0.7], [0.6, 0.7], [0.5, 0.8]], [0, 0, 1, 1])
    >>> found.sample_, round(float(found.thresholds_[0]), 2), (found.score([[0.65, 0], [0.75, 0]]) > 0).tolist()
    (0, 0.7, [True, False])
    """

    def fit(self, accuracies: ArrayLike, secrets: ArrayLike) -> ThresholdTest:
        """Learn sample, threshold and direction; shapes as in `LossTest.fit`."""
        table, secret = _checked(accuracies, secrets)
        self.thresholds_, self.signs_, right = _cuts(table, secret)
        self.sample_ = int(right.argmax())
        return self

    def score(self, accuracies: ArrayLike) -> Array:
        """Return scores of shape (n_models,): positive speaks for population 1."""
        chosen = np.asarray(accuracies, dtype=float)[:, self.sample_]
        return np.asarray(self.signs_[self.sample_] * (chosen - self.thresholds_[self.sample_]))


class PerPointTest(Fittable):
    """Let the points vote that tell the local models apart best, each with a threshold of its own.

    Parameters
    ----------
    n_points : int
        How many points vote.
    """

    def __init__(self, *, n_points: int = 100) -> None:
        self.n_points = n_points

    def fit(self, outputs: ArrayLike, secrets: ArrayLike) -> PerPointTest:
        """Learn points, thresholds and directions.

        Parameters
        ----------
        outputs : array-like of shape (n_models, n_points)
            Log-odds or probabilities, of points of both populations.
        secrets : array-like of shape (n_models,), 0 or 1
        """
        table, secret = _checked(outputs, secrets)
        self.thresholds_, self.signs_, right = _cuts(table, secret)
        self.points_ = np.argsort(-right, kind="stable")[: self.n_points]
        return self

    def score(self, outputs: ArrayLike) -> Array:
        """Return scores of shape (n_models,) in [-1, 1], the votes' balance: positive speaks for population 1."""
        table = np.asarray(outputs, dtype=float)[:, self.points_]
        above = np.where(table > self.thresholds_[self.points_], 1.0, -1.0)
        return np.asarray((above * self.signs_[self.points_]).mean(axis=1))


class OutputRegression(Fittable):
    """Estimate the ratio by ridge regression on what a model says of many points.

    Parameters
    ----------
    penalties : tuple of float
        The one with the least leave-one-out error over local models is taken.
    limit : float
        Log-odds are cut to +- limit, so that sure answers do not rule.

    Notes
    -----
    Not in the paper: the black-box twin of its regression meta-classifier. With K the Gram matrix of centered outputs and
    a = (K + penalty)^-1 (y - mean), the estimate is k a + mean, and row i's leave-one-out error a_i / ((K + penalty)^-1)_ii.
    """

    def __init__(self, *, penalties: tuple[float, ...] = (1e2, 1e3, 1e4, 1e5), limit: float = 8.0) -> None:
        self.penalties = penalties
        self.limit = limit

    def fit(self, outputs: ArrayLike, ratios: ArrayLike) -> OutputRegression:
        """Learn from local models: outputs of shape (n_models, n_points), ratios of shape (n_models,)."""
        table, ratio = np.asarray(outputs, dtype=float), np.asarray(ratios, dtype=float)
        if table.ndim != 2 or ratio.shape != table.shape[:1] or len(np.unique(ratio)) < 2:
            raise BadInput(
                f"Outputs {table.shape} and ratios {ratio.shape}: give a row and a ratio a model, and two ratios."
            )
        cut = np.clip(table, -self.limit, self.limit)
        self.center_, self.level_ = cut.mean(axis=0), float(ratio.mean())
        self.rows_ = cut - self.center_
        values, vectors = np.linalg.eigh(self.rows_ @ self.rows_.T)
        turned = vectors.T @ (ratio - self.level_)
        fits = []
        for penalty in self.penalties:
            inverse = 1 / (np.maximum(values, 0) + penalty)
            weights = vectors @ (inverse * turned)
            fits.append((float(np.mean((weights / (vectors**2 @ inverse)) ** 2)), weights))
        self.weights_ = min(fits, key=lambda fit: fit[0])[1]
        return self

    def score(self, outputs: ArrayLike) -> Array:
        """Return estimates of the ratio, shape (n_models,)."""
        cut = np.clip(np.asarray(outputs, dtype=float), -self.limit, self.limit)
        return np.asarray((cut - self.center_) @ self.rows_.T @ self.weights_ + self.level_)


def _checked(table: ArrayLike, secrets: ArrayLike) -> tuple[Array, NDArray[np.intp]]:
    values, secret = np.asarray(table, dtype=float), np.asarray(secrets).astype(np.intp)
    if values.ndim != 2 or secret.shape != values.shape[:1] or set(secret.tolist()) != {0, 1}:
        raise BadInput(
            f"A table of shape {values.shape} and secrets of shape {secret.shape}: give one row and one secret a local "
            "model, and models of both populations."
        )
    return values, secret


def _cuts(values: Array, secret: NDArray[np.intp]) -> tuple[Array, Array, Array]:
    """Return the best threshold of each column, its sign (1: above speaks for 1) and the share it gets right."""
    order = values.argsort(axis=0, kind="stable")
    ranked, ones = np.take_along_axis(values, order, axis=0), secret[order]
    weight = np.where(ones == 1, 0.5 / secret.sum(), 0.5 / (1 - secret).sum())  # both secrets count alike
    below = (
        np.cumsum(np.where(ones == 0, weight, -weight), axis=0)[:-1] + 0.5
    )  # right, where above speaks for 1
    below = np.where(ranked[1:] > ranked[:-1], below, 0.5)
    cut = np.abs(below - 0.5).argmax(axis=0)
    each = np.arange(values.shape[1])
    found = below[cut, each]
    middle = (ranked[cut, each] + ranked[cut + 1, each]) / 2
    return middle, np.where(found >= 0.5, 1.0, -1.0), np.maximum(found, 1 - found)
