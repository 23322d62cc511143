"""Agreement of whole-number ratings: Cohen's kappa with squared weights, as sums so that it can be drawn again over people.

Source: Cohen (1968), "Weighted kappa", Psychological Bulletin 70(4).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput


def kappa_columns(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Return what `kappa_of_sums` needs of each pair of ratings, shape (n_rows, 5)."""
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if a.ndim != 1 or a.shape != b.shape:
        raise BadInput(f"Ratings of shapes {a.shape} and {b.shape}: give one of each to a row.")
    return np.stack([np.ones_like(a), a, b, a**2 + b**2, (a - b) ** 2], axis=1)


def kappa_of_sums(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the kappa of sums of `kappa_columns`, shape (n_samples,); NaN where both give one and the same rating always.

    Notes
    -----
    1 - sum (a - b)^2 / (sum a^2 + sum b^2 - 2 sum a sum b / n): the denominator is what is expected of the same ratings in
    random pairs.
    """
    n, a, b, squares, gaps = sums.T
    expected = squares - 2 * a * b / np.where(n > 0, n, np.nan)
    return np.asarray(1 - gaps / np.where(expected > 0, expected, np.nan))


def quadratic_kappa(first: ArrayLike, second: ArrayLike) -> float:
    """Return the kappa of two columns of ratings, 1 for the same, 0 for chance.

    >>> round(quadratic_kappa([1, 2, 3, 3], [1, 2, 3, 1]), 4)
    0.3846
    """
    return float(kappa_of_sums(kappa_columns(first, second).sum(axis=0, keepdims=True))[0])
