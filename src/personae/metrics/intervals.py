"""Statistics with bootstrap intervals over people: whole people are drawn, never single answers.

Source: Efron and Tibshirani (1993), "An Introduction to the Bootstrap", chapters 8 and 13 (percentile interval); the draw of
whole clusters follows Davison and Hinkley (1997), "Bootstrap Methods and their Application", section 3.8.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput

DRAWS = 2000
LEVEL = 0.95
_REMEMBERED = 6_000_000  # counts of one set of draws, 24 MB
LEAST_TRIALS = 20  # with fewer, the 95% interval of a share near one half is over 40 points wide
RandomState = int | np.random.Generator
Clusters = Sequence[Hashable] | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A statistic with its interval. `n` counts the rows, `n_clusters` the people they come from.

    The ends are NaN with fewer than two clusters: nothing can then be said about other people.
    """

    value: float
    low: float
    high: float
    n: int
    n_clusters: int


def bootstrap_mean(
    values: ArrayLike,
    *,
    clusters: Clusters | None = None,
    weights: ArrayLike | None = None,
    draws: int = DRAWS,
    level: float = LEVEL,
    random_state: RandomState = 0,
) -> Interval:
    """Return the (weighted) mean with its percentile interval.

    Parameters
    ----------
    values : array-like of shape (n_rows,)
        Such as 1.0 for right and 0.0 for wrong: the mean is then the accuracy.
    clusters : sequence or array of whole numbers, of length n_rows, optional
        The person each row is from; rows are their own clusters without it.
    weights : array-like of shape (n_rows,), non-negative, optional
    draws : int
        Bootstrap draws.
    level : float in (0, 1)
    random_state : int or numpy Generator

    Examples
    --------
    >>> bootstrap_mean([1, 1, 0, 1], clusters=["a", "a", "b", "c"]).value
    0.75
    """
    column = _column(values, "values")
    scale = np.ones_like(column) if weights is None else _column(weights, "weights")
    return bootstrap_ratio(
        column * scale, scale, clusters=clusters, draws=draws, level=level, random_state=random_state
    )


def bootstrap_ratio(
    numerators: ArrayLike,
    denominators: ArrayLike,
    *,
    clusters: Clusters | None = None,
    draws: int = DRAWS,
    level: float = LEVEL,
    random_state: RandomState = 0,
) -> Interval:
    """Return sum(numerators) / sum(denominators) with its percentile interval.

    Precision, recall, rates among those who answered and weighted means are all ratios of sums.

    Parameters
    ----------
    numerators, denominators : array-like of shape (n_rows,)
    clusters, draws, level, random_state
        As in `bootstrap_mean`.

    Notes
    -----
    Sums are taken once a cluster; a draw is a row of multinomial counts c, and the statistic is (c @ numerator sums) /
    (c @ denominator sums). Draws whose denominator is zero are left out.
    """
    columns = np.stack([_column(numerators, "numerators"), _column(denominators, "denominators")], axis=1)
    return bootstrap_sums(
        columns, _ratio, clusters=clusters, draws=draws, level=level, random_state=random_state
    )


def bootstrap_sums(
    columns: NDArray[np.float64],
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    *,
    clusters: Clusters | None = None,
    draws: int = DRAWS,
    level: float = LEVEL,
    random_state: RandomState = 0,
    is_centered: bool = False,
) -> Interval:
    """Return any function of column sums (a correlation, a slope, a difference of rates) with its percentile interval.

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n_columns)
    statistic : callable
        Takes sums of shape (n_samples, n_columns) and returns shape (n_samples,), NaN where undefined.
    clusters, draws, level, random_state
        As in `bootstrap_mean`.
    is_centered : bool
        Move the draws by what their mean is off the statistic, which the bootstrap of a distance from 0 is upwards.

    Examples
    --------
    The slope through the origin, from the sums of xy and xx:

    >>> xy_xx = np.array([[2.0, 1.0], [8.0, 4.0], [18.0, 9.0]])
    >>> bootstrap_sums(xy_xx, lambda sums: sums[:, 0] / sums[:, 1]).value
    2.0
    """
    codes, n_clusters = cluster_codes(clusters, len(columns))
    sums = np.stack([np.bincount(codes, column, n_clusters) for column in columns.T], axis=1, dtype=float)
    drawn = statistic(resample_sums(sums, draws=draws, random_state=random_state))
    value = float(statistic(sums.sum(axis=0, keepdims=True))[0])
    if is_centered:
        drawn = drawn - (np.nanmean(drawn) - value)
    return percentile_interval(value, drawn, level, len(columns), n_clusters)


def bootstrap(
    statistic: Callable[[NDArray[np.intp]], float],
    n_rows: int,
    *,
    clusters: Clusters | None = None,
    draws: int = DRAWS,
    level: float = LEVEL,
    random_state: RandomState = 0,
) -> Interval:
    """Return any statistic of rows with its percentile interval, one call a draw; slower than `bootstrap_sums`.

    Parameters
    ----------
    statistic : callable
        Takes the indices of the rows in a sample (repeats included) and returns a number, NaN where undefined.
    n_rows : int
    clusters, draws, level, random_state
        As in `bootstrap_mean`.
    """
    codes, n_clusters = cluster_codes(clusters, n_rows)
    order = np.argsort(codes, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(codes, minlength=n_clusters))[:-1])
    random = np.random.default_rng(random_state)
    drawn = np.array(
        [
            statistic(
                np.concatenate([members[code] for code in random.integers(n_clusters, size=n_clusters)])
            )
            for _ in range(draws)
        ]
    )
    return percentile_interval(float(statistic(np.arange(n_rows))), drawn, level, n_rows, n_clusters)


def bootstrap_runs(
    values: ArrayLike,
    below: ArrayLike | None = None,
    *,
    draws: int = DRAWS,
    level: float = LEVEL,
    random_state: int = 0,
) -> Interval:
    """Return the mean over people and runs, or the ratio of two such means, with an interval over both at once.

    Parameters
    ----------
    values : array-like of shape (n_runs, n_people)
        A run is such as a seed of what was learned.
    below : array-like of shape (n_runs, n_people), optional
        What the mean is divided by; people are the same in both, runs are drawn for each on its own.
    draws, level, random_state
        As in `bootstrap_mean`; the seed is a whole number.

    Examples
    --------
    >>> found = bootstrap_runs([[0.0, 0.0], [1.0, 1.0]])
    >>> found.value, found.low, found.high
    (0.5, 0.0, 1.0)
    """
    above = np.asarray(values, dtype=float)
    people = resample_counts(above.shape[1], draws=draws, random_state=random_state)

    def drawn(rows: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
        runs = resample_counts(len(rows), draws=draws, random_state=seed)
        return np.asarray((people @ rows.T * runs).sum(axis=1) / rows.size)

    value, found = float(above.mean()), drawn(above, random_state + 1)
    if below is not None:
        under = np.asarray(below, dtype=float)
        value, found = value / float(under.mean()), found / drawn(under, random_state + 2)
    return percentile_interval(value, found, level, above.size, above.shape[1])


def wilson(successes: float, trials: int, *, level: float = LEVEL) -> Interval:
    """Return a share with Wilson's score interval: for few independent trials, where a bootstrap is too narrow.

    Source: Wilson (1927), "Probable Inference, the Law of Succession, and Statistical Inference": with z of the level,
    (k + z^2/2 ± z sqrt(k (n - k) / n + z^2/4)) / (n + z^2).

    >>> found = wilson(7, 10)
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (0.7, 0.397, 0.892)
    """
    if not trials or not 0 <= successes <= trials:
        raise BadInput(f"{successes:g} successes in {trials} trials; give at least one trial.")
    z = NormalDist().inv_cdf((1 + level) / 2)
    middle = (successes + z * z / 2) / (trials + z * z)
    half = z * math.sqrt(successes * (trials - successes) / trials + z * z / 4) / (trials + z * z)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Interval(successes / trials, low, high, trials, trials)


def share(
    successes: float, trials: int, *, least: int = LEAST_TRIALS, level: float = LEVEL
) -> Interval | None:
    """Return a share as a reader may be told it: with Wilson's interval, None where the trials are too few to say.

    >>> share(3, 3) is None, round(share(40, 40).low, 2)
    (True, 0.91)
    """
    return wilson(successes, trials, level=level) if trials >= max(1, least) else None


def resample_sums(
    cluster_sums: NDArray[np.float64], *, draws: int = DRAWS, random_state: RandomState = 0
) -> NDArray[np.float64]:
    """Return the column sums of bootstrap samples of clusters.

    Any statistic of sums (a mean, a ratio, a correlation, a regression slope) has its draws from these.

    Parameters
    ----------
    cluster_sums : ndarray of shape (n_clusters, n_columns)

    Returns
    -------
    ndarray of shape (draws, n_columns)
    """
    blocks = _count_blocks(len(cluster_sums), draws, random_state)
    return np.concatenate([counts @ cluster_sums for counts in blocks])


def resample_counts(
    n_clusters: int, *, draws: int = DRAWS, random_state: RandomState = 0
) -> NDArray[np.int64]:
    """Return how often each cluster stands in each bootstrap sample, shape (draws, n_clusters); the samples of `resample_sums`.

    >>> resample_counts(3, draws=2).sum(axis=1).tolist()
    [3, 3]
    """
    return np.concatenate(list(_count_blocks(n_clusters, draws, random_state))).astype(np.int64)


def _count_blocks(n_clusters: int, draws: int, random_state: RandomState) -> Iterator[NDArray[np.integer]]:
    """Yield blocks of draws: the same for the same seed, and remembered where they are small, since one table asks often."""
    if isinstance(random_state, np.random.Generator) or n_clusters * draws > _REMEMBERED:
        return _drawn_blocks(n_clusters, draws, random_state)
    return iter(_remembered_blocks(n_clusters, draws, random_state))


@lru_cache(maxsize=4)
def _remembered_blocks(n_clusters: int, draws: int, seed: int) -> tuple[NDArray[np.int32], ...]:
    return tuple(block.astype(np.int32) for block in _drawn_blocks(n_clusters, draws, seed))


def _drawn_blocks(n_clusters: int, draws: int, random_state: RandomState) -> Iterator[NDArray[np.int64]]:
    random = np.random.default_rng(random_state)
    step = max(1, 2_000_000 // n_clusters)
    for start in range(0, draws, step):
        size = min(step, draws - start)
        picks = random.integers(n_clusters, size=(size, n_clusters), dtype=np.int32)
        picks += np.arange(size, dtype=np.int32)[:, None] * n_clusters
        yield np.bincount(picks.ravel(), minlength=size * n_clusters).reshape(size, n_clusters)


def percentile_interval(
    value: float, drawn: NDArray[np.float64], level: float, n_rows: int, n_clusters: int
) -> Interval:
    """Return a statistic with the percentile interval of its draws, for draws made from `resample_sums`; NaN draws are left out.

    >>> percentile_interval(2.0, np.array([1.0, 2.0, 3.0, np.nan]), 0.95, 9, 3).low
    1.05
    """
    drawn = drawn[~np.isnan(drawn)]
    if n_clusters < 2 or not len(drawn):
        return Interval(value, float("nan"), float("nan"), n_rows, n_clusters)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high), n_rows, n_clusters)


def with_ends(found: Interval, *, level: float = LEVEL) -> Interval:
    """Return a share's interval, by Wilson over the clusters where it is 0 or 1: there a bootstrap has no width.

    >>> found = with_ends(Interval(1.0, 1.0, 1.0, 60, 30))
    >>> round(found.low, 3), found.high, found.n, found.n_clusters
    (0.886, 1.0, 60, 30)
    """
    if found.value not in (0, 1) or found.n_clusters < 2:
        return found
    ends = wilson(found.value * found.n_clusters, found.n_clusters, level=level)
    return replace(found, low=ends.low, high=ends.high)


def cluster_codes(clusters: Clusters | None, n_rows: int) -> tuple[NDArray[np.intp], int]:
    """Return the cluster of each row as a number from 0, in order of appearance, and how many there are."""
    if n_rows == 0:
        raise BadInput("There is nothing to draw from: no rows were given.")
    if clusters is None:
        return np.arange(n_rows), n_rows
    if len(clusters) != n_rows:
        raise BadInput(f"{len(clusters)} clusters were given for {n_rows} rows; give one a row.")
    if isinstance(clusters, np.ndarray):
        _, first, codes = np.unique(clusters, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[codes], len(first)
    known: dict[Hashable, int] = {}
    codes = np.array([known.setdefault(cluster, len(known)) for cluster in clusters], dtype=np.intp)
    return codes, len(known)


def _ratio(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    bottom = np.where(sums[:, 1] == 0, np.nan, sums[:, 1])
    return np.asarray(sums[:, 0] / bottom)


def _column(values: ArrayLike, name: str) -> NDArray[np.float64]:
    column = np.asarray(values, dtype=float)
    if column.ndim != 1:
        raise BadInput(f"{name} must have one number a row; its shape is {column.shape}.")
    return column
