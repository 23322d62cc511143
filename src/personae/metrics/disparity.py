"""Gaps between groups when nobody's group is known for sure: estimates from probabilities, intervals, and what holds anyway.

Sources: Chen, Kallus, Mao, Svacha, Udell (2019), "Fairness Under Unawareness: Assessing Disparity When Protected Class Is
Unobserved", arXiv 1811.11154 (threshold and weighted estimators); Kallus, Mao, Zhou (2022), "Assessing Algorithmic Fairness with
Unobserved Protected Class Using Data Combination", arXiv 1906.00285, section 4 (bounds); 29 CFR 1607.4 D (four-fifths rule).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.metrics.intervals import (
    DRAWS,
    LEVEL,
    Clusters,
    Interval,
    RandomState,
    cluster_codes,
    percentile_interval,
    resample_counts,
    resample_sums,
)
from personae.metrics.recalibration import Isotonic, fit_isotonic

Array = NDArray[np.float64]
FOUR_FIFTHS = 0.8
MIN_CELL = 10  # people; fewer behind a group's mean and it is not shown
_GRID = 200  # calibration curves are fitted on probabilities rounded to half a hundredth


@dataclass(frozen=True, slots=True)
class Disparity:
    """What two groups' outcomes differ by.

    Parameters
    ----------
    gap : Interval
        Mean outcome of the first group minus that of the second.
    ratio : Interval
        First mean over second mean; under .8 the four-fifths rule flags it.
    smd : Interval
        Standardized mean difference: the gap in units of the groups' root mean variance.
    means : (float, float)
    sizes : (float, float)
        Expected people in each group: the sums of the probabilities.
    """

    gap: Interval
    ratio: Interval
    smd: Interval
    means: tuple[float, float]
    sizes: tuple[float, float]

    @property
    def is_flagged(self) -> bool:
        """Whether the lower selection rate is under four fifths of the higher one."""
        return min(self.means) < FOUR_FIFTHS * max(self.means)

    @property
    def is_sure(self) -> bool:
        """Whether the ratio's whole interval lies on the side of the four-fifths rule where the ratio does.

        >>> sure = Disparity(*[Interval(0.7, 0.6, 0.9, 50, 50)] * 3, means=(0.35, 0.5), sizes=(25, 25))
        >>> sure.is_flagged, sure.is_sure
        (True, False)
        """
        low, high = self.ratio.low, self.ratio.high
        held = low >= FOUR_FIFTHS and high * FOUR_FIFTHS <= 1
        return (high < FOUR_FIFTHS or low * FOUR_FIFTHS > 1) if self.is_flagged else held


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest gap that the data allow."""

    low: float
    high: float

    def hold(self, value: float) -> bool:
        return self.low - 1e-12 <= value <= self.high + 1e-12


@dataclass(frozen=True, slots=True)
class GroupCalibration:
    """One rising curve a group from its probability to the share that is in it; rows are scaled to sum to 1."""

    curves: tuple[Isotonic, ...]

    def __call__(self, probabilities: ArrayLike) -> Array:
        """Return probabilities of shape (n_people, n_groups)."""
        given = np.asarray(probabilities, dtype=float)
        mended = np.stack([curve(column) for curve, column in zip(self.curves, given.T, strict=True)], axis=1)
        return shares_of(mended)


def fit_group_calibration(
    probabilities: ArrayLike, groups: ArrayLike, *, weights: ArrayLike | None = None
) -> GroupCalibration:
    """Fit what a proxy's probabilities are worth on people whose group is known.

    Parameters
    ----------
    probabilities : array-like of shape (n_people, n_groups)
    groups : array-like of int of shape (n_people,)
        Column of each person's group.
    weights : array-like of shape (n_people,), non-negative, optional

    Notes
    -----
    One against the rest by isotonic regression, scaled to sum to 1: Zadrozny, Elkan (2002), "Transforming Classifier Scores into
    Accurate Multiclass Probability Estimates", section 4. With two groups one curve serves both and nothing is scaled.
    """
    given, group = _table(probabilities), np.asarray(groups, dtype=int)
    if group.shape != (len(given),) or not len(given) or group.min() < 0 or group.max() >= given.shape[1]:
        raise BadInput(
            f"Groups of shape {group.shape} for probabilities of shape {given.shape}; give one column number a row."
        )
    rounded = np.round(given * _GRID) / _GRID
    if given.shape[1] == 2:
        first = fit_isotonic(rounded[:, 0], group == 0, weights=weights)
        other = Isotonic(1 - first.scores[::-1], 1 - first.probabilities[::-1])
        return GroupCalibration((first, other))
    curves = (fit_isotonic(column, group == k, weights=weights) for k, column in enumerate(rounded.T))
    return GroupCalibration(tuple(curves))


def labels_of(probabilities: ArrayLike, threshold: float | None = None) -> NDArray[np.intp]:
    """Return the likeliest group of each person, -1 where its probability is under the threshold.

    A hard label is a guess: the threshold estimator needs it, and nothing else should.

    >>> labels_of([[0.6, 0.4], [0.1, 0.9]], 0.8).tolist()
    [-1, 1]
    """
    given = _table(probabilities)
    best = given.argmax(axis=1)
    return best if threshold is None else np.where(given.max(axis=1) >= threshold, best, -1)


def one_hot(groups: ArrayLike, n_groups: int) -> Array:
    """Return group numbers as probabilities of shape (n_people, n_groups), all zero for -1.

    >>> one_hot([1, -1], 2).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    group = np.asarray(groups, dtype=int)
    return np.asarray((group[:, None] == np.arange(n_groups)).astype(float))


def group_means(outcomes: ArrayLike, probabilities: ArrayLike) -> Array:
    """Return each group's mean outcome, shape (n_groups,); NaN for a group that nobody can be in.

    Notes
    -----
    mu_r = sum_i p_ir y_i / sum_i p_ir. With the probabilities of a proxy this is the weighted estimator, whose bias is
    -E[cov(1[R = r], y | proxy)] / P(R = r); with `one_hot(labels_of(...))` it is the threshold estimator; with `one_hot` of known
    groups it is the truth.

    Examples
    --------
    >>> group_means([1.0, 0.0], [[0.75, 0.25], [0.25, 0.75]]).tolist()
    [0.75, 0.25]
    """
    y, p = _outcomes(outcomes, probabilities)
    sizes = p.sum(axis=0)
    return np.asarray((y @ p) / np.where(sizes > 0, sizes, np.nan))


def disparity(
    outcomes: ArrayLike,
    probabilities: ArrayLike,
    *,
    first: int = 0,
    second: int = 1,
    min_cell: int = MIN_CELL,
    clusters: Clusters | None = None,
    draws: int = DRAWS,
    level: float = LEVEL,
    random_state: RandomState = 0,
) -> Disparity:
    """Return what two groups' outcomes differ by, with bootstrap intervals over people.

    Parameters
    ----------
    outcomes : array-like of shape (n_people,)
        Decisions (0 or 1) or scores.
    probabilities : array-like of shape (n_people, n_groups)
        As in `group_means`.
    first, second : int
        Columns.
    min_cell : int
        Refuse a group with fewer expected rows.
    clusters, draws, level, random_state
        As in `personae.metrics.intervals.bootstrap_mean`.

    Raises
    ------
    BadInput
        When a group is smaller than `min_cell`.

    Examples
    --------
    >>> found = disparity([1, 1, 0, 0], [[1, 0], [1, 0], [1, 0], [0, 1]], min_cell=1, draws=100)
    >>> round(found.gap.value, 3), found.sizes
    (0.667, (3.0, 1.0))
    """
    columns = _columns(outcomes, probabilities, first, second)
    _big_enough(columns, min_cell)
    codes, n_clusters = cluster_codes(clusters, len(columns))
    sums = np.stack([np.bincount(codes, column, n_clusters) for column in columns.T], axis=1, dtype=float)
    drawn, whole = (
        resample_sums(sums, draws=draws, random_state=random_state),
        sums.sum(axis=0, keepdims=True),
    )
    found = [
        percentile_interval(float(each(whole)[0]), each(drawn), level, len(columns), n_clusters)
        for each in (_gap, _ratio, _smd)
    ]
    return _found(columns, *found)


def calibrated_disparity(
    outcomes: ArrayLike,
    probabilities: ArrayLike,
    known_probabilities: ArrayLike,
    known_groups: ArrayLike,
    *,
    known_outcomes: ArrayLike | None = None,
    first: int = 0,
    second: int = 1,
    min_cell: int = MIN_CELL,
    draws: int = DRAWS,
    level: float = LEVEL,
    random_state: RandomState = 0,
) -> Disparity:
    """Return the weighted estimate with probabilities mended on people whose group is known.

    Parameters
    ----------
    outcomes, probabilities
        As in `disparity`.
    known_probabilities : array-like of shape (n_known, n_groups)
        Of other people than those above, drawn from the same population.
    known_groups : array-like of int of shape (n_known,)
    known_outcomes : array-like of shape (n_known,), 0 or 1, optional
        With it the probabilities are mended apart for each outcome, and outcomes must be 0 or 1 too.

    Notes
    -----
    Mending p to P(r | p) leaves the bias -E[cov(1[R = r], y | p)] / P(R = r). Mending it to P(r | p, y) leaves none, since
    E[1[R = r] y] = E[y P(r | p, y)]: that is what `known_outcomes` buys. Intervals draw both samples of people again and fit the
    curves on each draw.
    """
    y, p = _outcomes(outcomes, probabilities)
    known_p, known_r = _table(known_probabilities), np.asarray(known_groups, dtype=int)
    strata = [(slice(None), slice(None))]
    if known_outcomes is not None:
        known_y = np.asarray(known_outcomes, dtype=float)
        if not (np.isin(y, (0, 1)).all() and np.isin(known_y, (0, 1)).all() and len(np.unique(known_y)) == 2):
            raise BadInput(
                "Mending by outcome needs outcomes that are 0 or 1, and both among the people whose group is known."
            )
        strata = [(known_y == each, y == each) for each in (0.0, 1.0)]
    random = np.random.default_rng(random_state)

    def mended(counts: NDArray[np.int64] | None) -> Array:
        rows = np.empty_like(p)
        for of_known, of_rest in strata:
            weights = None if counts is None else counts[of_known]
            curve = fit_group_calibration(known_p[of_known], known_r[of_known], weights=weights)
            rows[of_rest] = curve(p[of_rest])
        return rows

    columns = _columns(y, mended(None), first, second)
    _big_enough(columns, min_cell)
    sums = np.empty((draws, columns.shape[1]))
    of_people = resample_counts(len(y), draws=draws, random_state=random)
    of_known_people = resample_counts(len(known_p), draws=draws, random_state=random)
    for draw in range(draws):
        sums[draw] = of_people[draw] @ _columns(y, mended(of_known_people[draw]), first, second)
    found = [
        percentile_interval(
            float(each(columns.sum(axis=0, keepdims=True))[0]), each(sums), level, len(y), len(y)
        )
        for each in (_gap, _ratio, _smd)
    ]
    return _found(columns, *found)


def gap_bounds(
    shares: ArrayLike, means: ArrayLike, weights: ArrayLike, *, first: int = 0, second: int = 1
) -> Bounds:
    """Return the sharp bounds of the gap between two groups, whatever links group and outcome within a cell.

    Parameters
    ----------
    shares : array-like of shape (n_cells, n_groups), rows sum to 1
        P(group | cell), from people whose group is known or from a proxy that is trusted.
    means : array-like of shape (n_cells,), in [0, 1]
        Mean outcome of each cell.
    weights : array-like of shape (n_cells,), non-negative
        People in each cell.

    Notes
    -----
    With m the mean and p_r the share in a cell, E[y 1[R = r] | cell] lies in [max(0, p_r + m - 1), min(p_r, m)]. The first
    group's upper end and the second's lower end are reached together, since what is left, m less both, fits into the other groups
    (Kallus, Mao, Zhou 2022, proposition 4); the gap's bounds are thus exact for any number of groups. For other contrasts
    see `personae.audit.awareness.contrast_bounds`.

    Examples
    --------
    One cell, half and half, half of all selected: anything is possible.

    >>> gap_bounds([[0.5, 0.5]], [0.5], [1])
    Bounds(low=-1.0, high=1.0)
    >>> gap_bounds([[1.0, 0.0], [0.0, 1.0]], [0.75, 0.25], [1, 1])
    Bounds(low=0.5, high=0.5)
    """
    p, m, w = _cells(shares, means, weights)
    _check_columns(p, first, second)
    lowest = w @ np.clip(p + m[:, None] - 1, 0, None)  # (n_groups,)
    highest = w @ np.minimum(p, m[:, None])
    sizes = w @ p
    least, most = lowest / sizes, highest / sizes
    return Bounds(float(least[first] - most[second]), float(most[first] - least[second]))


def cell_means(cells: ArrayLike, values: ArrayLike, n_cells: int) -> tuple[Array, NDArray[np.intp]]:
    """Return each cell's mean of the values (one column or several) and its number of people.

    Parameters
    ----------
    cells : array-like of int of shape (n_people,)
    values : array-like of shape (n_people,) or (n_people, n_columns)

    Returns
    -------
    means : ndarray of shape (n_cells,) or (n_cells, n_columns); that of everybody in a cell without people
    counts : ndarray of int of shape (n_cells,)
    """
    cell, value = np.asarray(cells, dtype=int), np.asarray(values, dtype=float)
    counts = np.bincount(cell, minlength=n_cells)
    table = value.reshape(len(value), -1)
    sums = np.stack([np.bincount(cell, column, n_cells) for column in table.T], axis=1)
    means = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], table.mean(axis=0))
    return means.reshape(n_cells, *value.shape[1:]), counts


def shares_of(weights: ArrayLike) -> Array:
    """Return rows scaled to sum to 1; a row of zeros becomes uniform.

    >>> shares_of([[1.0, 3.0], [0.0, 0.0]]).tolist()
    [[0.25, 0.75], [0.5, 0.5]]
    """
    table = np.asarray(weights, dtype=float)
    total = table.sum(axis=-1, keepdims=True)
    return np.where(total > 0, table / np.where(total > 0, total, 1.0), 1.0 / table.shape[-1])


def _columns(outcomes: ArrayLike, probabilities: ArrayLike, first: int, second: int) -> Array:
    """Return the columns whose sums give gap, ratio and SMD: p, p y and p y^2 of both groups, shape (n_people, 6)."""
    y, p = _outcomes(outcomes, probabilities)
    _check_columns(p, first, second)
    return np.stack(
        [p[:, group] * power for group in (first, second) for power in (np.ones_like(y), y, y * y)], axis=1
    )


def _moments(sums: Array) -> tuple[Array, Array, Array, Array]:
    """Return both means and both variances from sums of `_columns`, each of shape (n_samples,)."""
    a, ay, ayy, b, by, byy = sums.T
    a, b = np.where(a > 0, a, np.nan), np.where(b > 0, b, np.nan)
    first, second = ay / a, by / b
    return first, second, ayy / a - first**2, byy / b - second**2


def _gap(sums: Array) -> Array:
    first, second, _, _ = _moments(sums)
    return first - second


def _ratio(sums: Array) -> Array:
    first, second, _, _ = _moments(sums)
    return np.asarray(first / np.where(second == 0, np.nan, second))


def _smd(sums: Array) -> Array:
    first, second, var_first, var_second = _moments(sums)
    spread = (np.maximum(var_first, 0) + np.maximum(var_second, 0)) / 2
    return np.asarray((first - second) / np.sqrt(np.where(spread > 0, spread, np.nan)))


def _found(columns: Array, gap: Interval, ratio: Interval, smd: Interval) -> Disparity:
    total = columns.sum(axis=0, keepdims=True)
    first, second, _, _ = _moments(total)
    sizes = (float(total[0, 0]), float(total[0, 3]))
    return Disparity(gap, ratio, smd, (float(first[0]), float(second[0])), sizes)


def _big_enough(columns: Array, min_cell: int) -> None:
    smallest = float(columns[:, [0, 3]].sum(axis=0).min())
    if smallest < min_cell:
        raise BadInput(
            f"A group has {smallest:.1f} expected people; its mean is shown from {min_cell} on. Take more people or join groups."
        )


def _outcomes(outcomes: ArrayLike, probabilities: ArrayLike) -> tuple[Array, Array]:
    y, p = np.asarray(outcomes, dtype=float), _table(probabilities)
    if y.shape != (len(p),) or not np.isfinite(y).all():
        raise BadInput(
            f"Outcomes of shape {y.shape} for probabilities of shape {p.shape}; give one finite number a row."
        )
    return y, p


def _table(probabilities: ArrayLike) -> Array:
    p = np.asarray(probabilities, dtype=float)
    if p.ndim != 2 or p.shape[1] < 2 or not ((p >= 0) & (p <= 1 + 1e-9)).all():
        raise BadInput(
            f"Probabilities of shape {p.shape}; give one row a person, one column a group, in [0, 1]."
        )
    if (over := p.sum(axis=1) > 1 + 1e-6).any():
        raise BadInput(
            f"The probabilities of {int(over.sum())} rows sum to more than 1, the first is row {over.argmax()}."
        )
    return p


def _check_columns(p: Array, first: int, second: int) -> None:
    if not (0 <= first < p.shape[1] and 0 <= second < p.shape[1] and first != second):
        raise BadInput(f"Groups {first} and {second} of {p.shape[1]}; name two columns, from 0.")


def _cells(shares: ArrayLike, means: ArrayLike, weights: ArrayLike) -> tuple[Array, Array, Array]:
    p, m, w = _table(shares), np.asarray(means, dtype=float), np.asarray(weights, dtype=float)
    if m.shape != (len(p),) or w.shape != (len(p),) or not ((m >= 0) & (m <= 1)).all() or not (w >= 0).all():
        raise BadInput(
            f"Cells need shares, means in [0, 1] and weights of one length; shapes are {p.shape}, {m.shape} and {w.shape}."
        )
    if not np.allclose(p.sum(axis=1), 1, atol=1e-6) or not ((w @ p) > 0).all():
        raise BadInput("Shares of a cell must sum to 1, and every group must have people in some cell.")
    return p, m, w
