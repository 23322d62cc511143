"""How far a twin may be trusted: the mega-study's statistics of every outcome, their means with intervals, ceilings, gaps.

Source: Peng et al. (2025), "A Mega-Study of Digital Twins", arXiv 2509.19088, section 3: r with Fisher's interval, accuracy,
paired t, variance ratio F; Glass's delta and the sd ratio from its released post-processing.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput, MissingExtra
from personae.metrics.folds import deal_folds
from personae.metrics.intervals import (
    DRAWS,
    LEVEL,
    Interval,
    RandomState,
    bootstrap_sums,
    percentile_interval,
    resample_sums,
)

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Statistics of each outcome over the people who answered it; arrays of shape (n_outcomes,).

    Parameters
    ----------
    n : ndarray
        People.
    r : ndarray
        Pearson correlation; NaN where either side is constant.
    accuracy : ndarray
        1 - mean |human - twin| / span, NaN without a span. It flatters constants: show `r` and `sd_ratio` beside it.
    mean_human, mean_twin, sd_human, sd_twin : ndarray
        Standard deviations divide by n - 1.
    """

    n: Array
    r: Array
    accuracy: Array
    mean_human: Array
    mean_twin: Array
    sd_human: Array
    sd_twin: Array

    @property
    def sd_ratio(self) -> Array:
        """Twin over human standard deviation: below 1, people differ more than their twins."""
        return self.sd_twin / np.where(self.sd_human > 0, self.sd_human, np.nan)

    @property
    def glass_delta(self) -> Array:
        """|mean of twins - mean of people| / sd of people."""
        return np.abs(self.mean_twin - self.mean_human) / np.where(self.sd_human > 0, self.sd_human, np.nan)

    @property
    def t(self) -> Array:
        """Paired t: how many standard errors people's mean lies above their twins'."""
        covariance = np.where(np.isnan(self.r), 0.0, self.r) * self.sd_human * self.sd_twin
        spread = np.sqrt(np.maximum(self.sd_human**2 + self.sd_twin**2 - 2 * covariance, 0))
        return (self.mean_human - self.mean_twin) / (spread / np.sqrt(self.n))

    @property
    def f(self) -> Array:
        """Variance of people over variance of twins; infinite where the twins are constant."""
        with np.errstate(divide="ignore"):
            return self.sd_human**2 / self.sd_twin**2

    def r_interval(self, level: float = LEVEL) -> tuple[Array, Array]:
        """Return the ends of Fisher's interval, tanh(atanh r -+ z / sqrt(n - 3))."""
        half = NormalDist().inv_cdf((1 + level) / 2) / np.sqrt(self.n - 3)
        middle = np.arctanh(np.clip(self.r, -1 + 1e-15, 1 - 1e-15))
        return np.tanh(middle - half), np.tanh(middle + half)

    def p_values(self) -> tuple[Array, Array]:
        """Return the two-sided p-values of t and of F, as published: F takes people and twins for independent.

        Raises
        ------
        MissingExtra
            Without scipy.
        """
        try:
            from scipy.special import fdtr, stdtr
        except ImportError:
            raise MissingExtra("p-values need scipy: `pip install 'personae[learn]'`.") from None
        of_t = 2 * stdtr(self.n - 1, -np.abs(self.t))
        below = fdtr(self.n - 1, self.n - 1, self.f)
        return of_t, 2 * np.minimum(below, 1 - below)


@dataclass(frozen=True, slots=True)
class Resampled:
    """A number and its bootstrap draws over people; two of the same people and seed are drawn on the same people."""

    value: float
    drawn: Array
    n: int
    n_people: int

    @property
    def interval(self) -> Interval:
        return percentile_interval(self.value, self.drawn, LEVEL, self.n, self.n_people)

    def minus(self, other: Resampled) -> Interval:
        """Return the paired difference with its interval."""
        if len(self.drawn) != len(other.drawn) or self.n_people != other.n_people:
            raise BadInput(
                "A paired difference needs the same people and the same number of draws on both sides."
            )
        gap, drawn = self.value - other.value, self.drawn - other.drawn
        return percentile_interval(gap, drawn, LEVEL, self.n, self.n_people)


@dataclass(frozen=True, slots=True)
class MeanAgreement:
    """Means over outcomes, with draws over people; outcomes where a statistic is undefined are left out of its mean."""

    r: Resampled
    accuracy: Resampled
    sd_ratio: Resampled


def agreement(human: ArrayLike, twin: ArrayLike, spans: ArrayLike) -> Agreement:
    """Compare people with their twins, outcome by outcome.

    Parameters
    ----------
    human, twin : array-like of shape (n_people, n_outcomes)
        NaN where not asked or not answered.
    spans : array-like of shape (n_outcomes,)
        Maximum minus minimum of each response format; NaN where it has none.

    Examples
    --------
    >>> found = agreement([[1.0], [2.0], [3.0], [5.0]], [[1.0], [3.0], [3.0], [3.0]], [4.0])
    >>> found.r.round(3).tolist(), found.accuracy.tolist(), found.t.round(3).tolist(), found.f.round(3).tolist()
    ([0.683], [0.8125], [0.397], [2.917])
    """
    columns, center = _columns(human, twin, spans)
    return _statistics(columns.sum(axis=0)[None], center)


def mean_agreement(
    human: ArrayLike, twin: ArrayLike, spans: ArrayLike, *, draws: int = DRAWS, random_state: RandomState = 0
) -> MeanAgreement:
    """Return mean r, accuracy and sd ratio over outcomes, drawn over people with all their answers.

    Parameters
    ----------
    human, twin, spans
        As in `agreement`. People without any answer are left out; both sides of a `minus` need the same `human`.
    """
    columns, center = _columns(human, twin, spans)
    is_known = ~np.isnan(np.asarray(human, float)).all(axis=1)
    columns = columns[is_known]
    sums = resample_sums(columns.reshape(len(columns), -1), draws=draws, random_state=random_state)
    drawn = _statistics(sums.reshape(draws, *columns.shape[1:]), center)
    whole = _statistics(columns.sum(axis=0)[None], center)
    cells = int(columns[:, 0].sum())

    def resampled(name: str) -> Resampled:
        value, many = getattr(whole, name).reshape(1, -1), getattr(drawn, name).reshape(draws, -1)
        return Resampled(float(_mean(value)[0]), _mean(many), cells, len(columns))

    return MeanAgreement(resampled("r"), resampled("accuracy"), resampled("sd_ratio"))


def person_accuracy(human: ArrayLike, twin: ArrayLike, spans: ArrayLike) -> Array:
    """Return each person's mean accuracy above the outcome's mean, shape (n_people,); NaN without an answer.

    What was asked of a person no longer counts: an outcome that is easy for all adds nothing to anyone.
    """
    h, t, span = (np.asarray(table, float) for table in (human, twin, spans))
    accuracy = (1 - np.abs(h - t) / span)[:, ~np.isnan(span)]
    above = accuracy - np.nanmean(accuracy, axis=0)
    known = ~np.isnan(above)
    total, n = np.where(known, above, 0).sum(axis=1), known.sum(axis=1)
    means: Array = np.divide(total, n, out=np.full(len(total), np.nan), where=n > 0)
    return means


def group_gap(
    values: ArrayLike, is_member: ArrayLike, *, draws: int = DRAWS, random_state: RandomState = 0
) -> Interval:
    """Return the mean of a group's values minus the mean of everyone else's, with its interval over people.

    >>> group_gap([1.0, 3.0, 0.0, 1.0], [True, True, False, False]).value
    1.5
    """
    value, member = np.asarray(values, float), np.asarray(is_member, bool)
    value, member = value[~np.isnan(value)], member[~np.isnan(value)]
    columns = np.stack([value * member, member, value * ~member, ~member], axis=1).astype(float)

    def gap(sums: Array) -> Array:
        counts = np.where(sums == 0, np.nan, sums)
        return np.asarray(sums[:, 0] / counts[:, 1] - sums[:, 2] / counts[:, 3])

    return bootstrap_sums(columns, gap, draws=draws, random_state=random_state)


def sitting_ceiling(
    answers: ArrayLike, *, penalty: float = 30.0, n_folds: int = 5, random_state: int = 0
) -> Array:
    """Predict each answer from the same person's other answers in the same sitting, on people left out.

    A measured bound: no twin made from what was said before can be expected to know more than the sitting itself tells.

    Parameters
    ----------
    answers : array-like of shape (n_people, n_outcomes)
        One study; people with a missing answer get none.
    penalty : float
        Of the ridge, in people.

    Returns
    -------
    ndarray of shape (n_people, n_outcomes)

    Notes
    -----
    With P = (Z'Z + penalty I)^-1 of standardized answers Z, the ridge of column j on all others predicts
    -sum over k != j of P[j, k] z_k / P[j, j]: one inverse serves every column.
    """
    table = np.asarray(answers, float)
    whole = np.flatnonzero(~np.isnan(table).any(axis=1))
    folds = deal_folds(range(len(whole)), n_folds=n_folds, random_state=random_state)
    found = np.full(table.shape, np.nan)
    for k in range(n_folds):
        seen, new = table[whole[folds != k]], table[whole[folds == k]]
        mean, scale = seen.mean(axis=0), seen.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        z = (seen - mean) / scale
        precision = np.linalg.inv(z.T @ z + penalty * np.eye(z.shape[1]))
        weights = -precision / np.diag(precision)
        np.fill_diagonal(weights, 0)
        found[whole[folds == k]] = (new - mean) / scale @ weights * scale + mean
    return found


def _columns(human: ArrayLike, twin: ArrayLike, spans: ArrayLike) -> tuple[Array, tuple[Array, Array]]:
    """Return what each person adds to each outcome's sums, (n_people, 7, n_outcomes), and the centers they are taken from."""
    h, t, span = (np.asarray(table, float) for table in (human, twin, spans))
    if h.ndim != 2 or h.shape != t.shape or span.shape != h.shape[1:]:
        raise BadInput(
            f"People of shape {h.shape}, twins of shape {t.shape}, spans of shape {span.shape}; give one row a person, "
            f"one column and one span an outcome."
        )
    known = ~(np.isnan(h) | np.isnan(t))
    n = np.maximum(known.sum(axis=0), 1)
    center = (np.where(known, h, 0).sum(axis=0) / n, np.where(known, t, 0).sum(axis=0) / n)
    off = np.where(known, np.abs(h - t), 0) / span
    h, t = (np.where(known, table - mean, 0) for table, mean in zip((h, t), center, strict=True))
    return np.stack([known.astype(float), h, t, h * h, t * t, h * t, off], axis=1), center


def _statistics(sums: Array, center: tuple[Array, Array]) -> Agreement:
    """Return the statistics of sums of shape (n_samples, 7, n_outcomes); one sample gives arrays of shape (n_outcomes,)."""
    n, h, t, hh, tt, ht, off = np.moveaxis(sums, 1, 0)
    n = np.where(n > 1, n, np.nan)
    mean_h, mean_t = h / n, t / n
    var_h, var_t = (np.maximum(square - n * mean**2, 0) for square, mean in ((hh, mean_h), (tt, mean_t)))
    size = np.sqrt(var_h * var_t)
    scale = np.maximum(hh * tt, 1e-300) ** 0.5
    r = np.divide(ht - n * mean_h * mean_t, size, out=np.full_like(n, np.nan), where=size > 1e-12 * scale)
    parts = (
        n, np.clip(r, -1, 1), 1 - off / n, mean_h + center[0], mean_t + center[1],
        np.sqrt(var_h / (n - 1)), np.sqrt(var_t / (n - 1)),
    )  # fmt: skip
    return Agreement(*(part[0] if len(sums) == 1 else part for part in parts))


def _mean(table: Array) -> Array:
    """Return the mean of each row over what is known; NaN where nothing is."""
    known = ~np.isnan(table)
    n = known.sum(axis=1)
    means: Array = np.divide(
        np.where(known, table, 0).sum(axis=1), n, out=np.full(len(n), np.nan), where=n > 0
    )
    return means
