"""Ridge regression of many answers at once: all outcomes of a panel, all folds left out, all penalties, in closed form.

A panel is the outcomes that the same people answered. Its cross-products are summed once a fold; leaving a fold out is a
subtraction, and one eigendecomposition serves every outcome and every penalty.

Source: Hoerl, Kennard (1970), "Ridge Regression", Technometrics 12(1); a column kept apart: Frisch, Waugh (1933).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput

Array = NDArray[np.float64]
LEAST_ANSWERS = 20  # fewer people cannot carry folds within folds


@dataclass(frozen=True, slots=True)
class Panel:
    """Outcomes that the same people answered: row and column numbers of the table of answers."""

    people: NDArray[np.intp]  # (n,)
    outcomes: NDArray[np.intp]  # (m,)


@dataclass(frozen=True, slots=True)
class Moments:
    """Centered cross-products of one panel, stacked: entry k leaves fold k out, the last leaves none out.

    x (n, p) are features, y (n, m) answers, t (n, m) one column of its own for each outcome.
    """

    mean_x: Array  # (folds + 1, p)
    mean_y: Array  # (folds + 1, m)
    mean_t: Array  # (folds + 1, m)
    xx: Array  # (folds + 1, p, p)
    xy: Array  # (folds + 1, p, m)
    xt: Array  # (folds + 1, p, m)
    tt: Array  # (folds + 1, m)
    ty: Array  # (folds + 1, m)


@dataclass(frozen=True, slots=True)
class Paths:
    """Fitted weights of one panel, for every fold left out and every penalty.

    `coef` has shape (folds + 1, alphas, p, m); `weight`, of the column of its own, (folds + 1, alphas, m).
    """

    moments: Moments
    coef: Array
    weight: Array

    def predict(self, x: Array, t: Array, left_out: int) -> Array:
        """Return predictions of shape (alphas, n, m) by the fit that left this fold out; -1 leaves none out."""
        at = self.moments
        by_features = (x - at.mean_x[left_out]) @ self.coef[left_out]
        by_own = (t - at.mean_t[left_out]) * self.weight[left_out][:, None, :]
        return np.asarray(by_features + by_own + at.mean_y[left_out])


def panels(answers: Array) -> Iterator[Panel]:
    """Yield the groups of outcomes that the same people answered; NaN means not asked.

    Raises
    ------
    BadInput
        When an outcome has fewer than twenty answers.
    """
    groups: dict[bytes, list[int]] = {}
    asked = ~np.isnan(answers)
    for column in range(answers.shape[1]):
        groups.setdefault(np.packbits(asked[:, column]).tobytes(), []).append(column)
    for columns in groups.values():
        people = np.flatnonzero(asked[:, columns[0]])
        if len(people) < LEAST_ANSWERS:
            raise BadInput(
                f"Outcome {columns[0]} (counted from 0) has {len(people)} answers; a twin needs {LEAST_ANSWERS}. "
                f"Leave the column out."
            )
        yield Panel(people, np.array(columns))


def moments(x: Array, y: Array, t: Array, folds: NDArray[np.intp], n_folds: int) -> Moments:
    """Return the cross-products of a panel with each fold left out, then with none left out.

    Parameters
    ----------
    x : ndarray of shape (n, p)
    y, t : ndarray of shape (n, m)
    folds : ndarray of int of shape (n,), in [0, n_folds)
    """
    rows = [folds == k for k in range(n_folds)]
    n = _without([np.array(float(r.sum())) for r in rows])
    if n.min() < 2:
        raise BadInput("One fold holds nearly every answer of an outcome; take fewer folds.")
    mean_x, mean_y, mean_t = (_without([v[r].sum(0) for r in rows]) / n[:, None] for v in (x, y, t))

    def across(v: Array, mean: Array) -> Array:
        products = _without([x[r].T @ v[r] for r in rows])
        return products - n[:, None, None] * mean_x[:, :, None] * mean[:, None, :]

    def along(v: Array, mean: Array) -> Array:
        return _without([(t[r] * v[r]).sum(0) for r in rows]) - n[:, None] * mean_t * mean

    return Moments(
        mean_x, mean_y, mean_t,
        across(x, mean_x), across(y, mean_y), across(t, mean_t), along(t, mean_t), along(y, mean_y),
    )  # fmt: skip


def paths(given: Moments, alphas: Sequence[float], own_penalty: float, root: Array | None = None) -> Paths:
    """Fit a panel for every fold left out and every penalty.

    Parameters
    ----------
    given : Moments
    alphas : sequence of float
        Penalties on the features' weights.
    own_penalty : float
        Penalty on the weight of the column of its own, in people.
    root : ndarray of shape (folds + 1, p, p) or None
        R of a prior covariance R R' of the features' weights; None is the identity.

    Notes
    -----
    With X'X of whitened features = V diag(d) V' and S = I - X (X'X + a I)^-1 X', the weight of the own column is
    g = t'S y / (t'S t + own_penalty) and the features' are R (X'X + a I)^-1 X'(y - g t).
    """
    gram = given.xx if root is None else root.transpose(0, 2, 1) @ given.xx @ root
    values, vectors = np.linalg.eigh(gram)
    basis = vectors if root is None else root @ vectors  # (folds + 1, p, p)
    y, t = (basis.transpose(0, 2, 1) @ products for products in (given.xy, given.xt))
    shrink = 1 / (np.maximum(values, 0)[:, None, :] + np.asarray(alphas, dtype=float)[:, None])  # (f, a, p)
    by_y = given.ty[:, None] - shrink @ (t * y)  # t'S y, (folds + 1, alphas, m)
    by_t = given.tt[:, None] - shrink @ (t * t)
    weight = by_y / (np.maximum(by_t, 0) + own_penalty)
    rest = y[:, None] - t[:, None] * weight[:, :, None, :]
    return Paths(given, basis[:, None] @ (shrink[..., None] * rest), weight)


def prior_root(weights: Array, share: float) -> Array:
    """Return the root of a prior covariance learned from the weights of many outcomes.

    Parameters
    ----------
    weights : ndarray of shape (folds + 1, p, outcomes)
    share : float in [0, 1)
        How much of the prior follows them: covariance = (1 - share) I + share p B B' / trace(B B').
    """
    size = weights.shape[1]
    spread = weights @ weights.transpose(0, 2, 1)
    trace = np.trace(spread, axis1=1, axis2=2)[:, None, None]
    spread = np.divide(size * spread, trace, out=np.zeros_like(spread), where=trace > 0)
    return np.linalg.cholesky((1 - share) * np.eye(size) + share * spread)


def _without(sums: list[Array]) -> Array:
    """Return the sum of all folds but each in turn, then of all: shape (folds + 1, ...)."""
    total = np.sum(sums, axis=0)
    return np.stack([*(total - part for part in sums), total])
