"""Is one better than the other on the same items? Exact tests, a family of tests at once, and the paired difference."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.metrics.intervals import DRAWS, LEVEL, Interval, RandomState, bootstrap_mean


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Of the items where the two differ, `first` went to the first and `second` to the second; two-sided exact p."""

    first: int
    second: int
    p_value: float


def binomial_test(successes: int, trials: int) -> float:
    """Return the two-sided exact p-value of a fair coin, 2 min(P(X <= k), P(X >= k)), at most 1; 1.0 without trials.

    >>> binomial_test(1, 6)
    0.21875
    """
    if not trials:
        return 1.0
    tail = min(successes, trials - successes)
    return min(1.0, float(2 * sum(comb(trials, k) for k in range(tail + 1)) / 2**trials))


def mcnemar(first: ArrayLike, second: ArrayLike) -> PairedTest:
    """Compare two systems' right and wrong answers to the same items.

    Parameters
    ----------
    first, second : array-like of bool of shape (n_items,)

    Notes
    -----
    Source: McNemar (1947); the exact conditional form: among the items that only one answers right, the count is
    binomial(1/2).

    Examples
    --------
    >>> mcnemar([1, 1, 1, 1, 0, 1], [0, 0, 0, 0, 1, 0])
    PairedTest(first=5, second=1, p_value=0.21875)
    """
    a, b = _same_length(first, second)
    only_first, only_second = int(((a > 0) & (b <= 0)).sum()), int(((a <= 0) & (b > 0)).sum())
    return PairedTest(only_first, only_second, binomial_test(only_first, only_first + only_second))


def sign_test(first: ArrayLike, second: ArrayLike) -> PairedTest:
    """Compare two scores of the same items by who is higher; ties are left out.

    >>> sign_test([3, 2, 5], [1, 2, 4])
    PairedTest(first=2, second=0, p_value=0.5)
    """
    a, b = _same_length(first, second)
    higher, lower = int((a > b).sum()), int((a < b).sum())
    return PairedTest(higher, lower, binomial_test(higher, higher + lower))


def paired_difference(
    first: ArrayLike,
    second: ArrayLike,
    *,
    clusters: Sequence[Hashable] | None = None,
    draws: int = DRAWS,
    level: float = LEVEL,
    random_state: RandomState = 0,
) -> Interval:
    """Return mean(first - second) with a bootstrap interval over clusters, both systems drawn on the same people.

    >>> paired_difference([1, 1, 1, 0], [1, 0, 0, 0]).value
    0.5
    """
    a, b = _same_length(first, second)
    return bootstrap_mean(a - b, clusters=clusters, draws=draws, level=level, random_state=random_state)


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return adjusted p-values: rejecting those at or under q keeps the expected share of false rejections at q.

    Source: Benjamini, Hochberg (1995), step-up procedure; adjusted p(i) = min over j >= i of m p(j) / j.

    >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.005]).tolist()
    [0.02, 0.04, 0.04, 0.02]
    """
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise BadInput("p-values must be one column of numbers in [0, 1], without NaN.")
    order = np.argsort(p)
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return np.asarray(np.minimum(adjusted, 1.0))


def _same_length(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if a.ndim != 1 or a.shape != b.shape:
        raise BadInput(f"Paired scores need the same items: shapes {a.shape} and {b.shape}.")
    return a, b
