"""Logistic regression with a ridge, by Newton's method: for calibration maps, stacks and heads of up to some hundred columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput

_STEPS = 100
_CLOSE = 1e-9


def fit_logistic(
    columns: NDArray[np.float64],
    shares: ArrayLike,
    *,
    penalty: ArrayLike = 0.0,
    start: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the weights that minimise the summed log loss plus sum(penalty * weights^2) / 2.

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n_columns)
        With a column of ones for an intercept; without one, negated columns get the opposite probability.
    shares : array-like of shape (n_rows,), in [0, 1]
        0 or 1, or soft targets between.
    penalty : float or array-like of shape (n_columns,), non-negative
    start : ndarray of shape (n_columns,), optional
        Where the search begins, such as the weights under a neighboring penalty.

    Raises
    ------
    BadInput
        When shapes differ, or no finite weights are best: columns without penalty tell the shares apart without error.

    Notes
    -----
    Newton's steps, each halved until the loss falls.

    Examples
    --------
    Three right of four, an intercept alone: log(3).

    >>> fit_logistic(np.ones((4, 1)), [1, 1, 1, 0]).round(4).tolist()
    [1.0986]
    """
    targets = np.asarray(shares, dtype=float)
    if columns.ndim != 2 or targets.shape != columns.shape[:1] or not len(targets):
        raise BadInput(f"Columns of shape {columns.shape} for shares of shape {targets.shape}; give rows.")
    if not np.isfinite(columns).all() or not ((targets >= 0) & (targets <= 1)).all():
        raise BadInput("Columns must be finite, and shares lie in [0, 1].")
    ridge = np.broadcast_to(np.asarray(penalty, dtype=float), columns.shape[1:])
    weights = np.zeros(columns.shape[1]) if start is None else start.astype(float)
    loss = _loss(columns, targets, ridge, weights)
    for _ in range(_STEPS):
        chances = sigmoid(columns @ weights)
        slope = columns.T @ (targets - chances) - ridge * weights
        bend = columns.T @ (columns * (chances * (1 - chances))[:, None]) + np.diag(ridge + 1e-10)
        step = np.linalg.solve(bend, slope)
        while (lower := _loss(columns, targets, ridge, weights + step)) > loss + 1e-12 * (1 + loss):
            step /= 2
        weights, gain, loss = weights + step, loss - lower, lower
        if gain <= _CLOSE * (1 + loss) and float(np.abs(step).max()) <= 1e-4 * (1 + np.abs(weights).max()):
            return weights
    raise BadInput("No finite weights are best: columns without penalty separate the shares. Give a penalty.")


def sigmoid(log_odds: ArrayLike) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-log_odds)), safe at both ends.

    >>> sigmoid([0.0, -1000.0, 1000.0]).tolist()
    [0.5, 0.0, 1.0]
    """
    return np.asarray(np.exp(-np.logaddexp(0.0, -np.asarray(log_odds, dtype=float))))


def log_odds(probabilities: ArrayLike, *, margin: float = 0.01) -> NDArray[np.float64]:
    """Return log(p / (1 - p)), with p kept `margin` off 0 and 1.

    >>> log_odds([0.5, 0.8, 1.0]).round(3).tolist()
    [0.0, 1.386, 4.595]
    """
    inside = np.clip(np.asarray(probabilities, dtype=float), margin, 1 - margin)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def _loss(
    columns: NDArray[np.float64],
    targets: NDArray[np.float64],
    ridge: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> float:
    scores = columns @ weights
    return float(np.sum(np.logaddexp(0.0, scores) - targets * scores) + np.sum(ridge * weights**2) / 2)
