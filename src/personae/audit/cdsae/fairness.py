"""How fair a predictor is, by groups and by twins: for any predictor, and twins from anywhere.

Source: demographic parity and equalized odds are Hardt, Price, Srebro (2016), "Equality of Opportunity in Supervised Learning",
arXiv 1610.02413, sections 1 and 2; the total effect on twins is that of arXiv 2309.13005, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.metrics.calibration import auroc
from personae.metrics.disparity import group_means, one_hot
from personae.metrics.intervals import (
    LEVEL,
    Interval,
    RandomState,
    cluster_codes,
    percentile_interval,
    resample_sums,
)

Array = NDArray[np.float64]
Predict = Callable[[Array, Array], Array]
THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Fairness:
    """What a predictor does on people and on their twins. Gaps are in [0, 1]; NaN where a group has nobody to compare.

    Parameters
    ----------
    accuracy, auc : float
    parity_gap : float
        |P(y^ = 1 | a = 1) - P(y^ = 1 | a = 0)|, of decisions.
    odds_gap : float
        The greater gap of decisions between groups, among those with y = 1 and those with y = 0.
    total_effect : float
        |E p(do(a = 1)) - E p(do(a = 0))| of probabilities.
    counterfactual_gap : float
        Mean |p(person) - p(twin)|.
    flipped : float
        Share of people whose twin is decided otherwise.
    n_people : int
    """

    accuracy: float
    auc: float
    parity_gap: float
    odds_gap: float
    total_effect: float
    counterfactual_gap: float
    flipped: float
    n_people: int
    intervals: Mapping[str, Interval] = field(default_factory=dict)


def audit_fairness(
    predict: Predict,
    x: ArrayLike,
    a: ArrayLike,
    y: ArrayLike,
    twins: ArrayLike,
    *,
    people: Sequence[Hashable] | None = None,
    draws: int = 0,
    random_state: RandomState = 0,
) -> Fairness:
    """Hold one predictor against people and their twins.

    Parameters
    ----------
    predict : callable
        Takes people (n_people, n_columns) and their a (n_people,), returns P(y = 1).
    x, twins : array-like of shape (n_people, n_columns)
    a, y : array-like of shape (n_people,)
        0 or 1.
    people : sequence of shape (n_people,), optional
        Whose row it is, where people have several: intervals draw people.
    draws : int
        Bootstrap draws; without any there are no intervals.
    random_state : int or numpy Generator

    Raises
    ------
    BadInput
        When shapes differ, nobody is given, or a probability is not one.

    Examples
    --------
    A predictor that reads a alone, and one that does not:

    >>> x = np.zeros((4, 1))
    >>> audit_fairness(lambda x, a: a, x, [1, 1, 0, 0], [1, 0, 1, 0], x).total_effect
    1.0
    >>> audit_fairness(lambda x, a: np.full(4, 0.7), x, [1, 1, 0, 0], [1, 0, 1, 0], x).parity_gap
    0.0
    >>> found = audit_fairness(lambda x, a: a, x, [1, 1, 0, 0], [1, 0, 1, 0], x, draws=50)
    >>> found.intervals["total_effect"].low, found.intervals["total_effect"].n_clusters
    (1.0, 4)
    """
    shown, others = np.asarray(x, dtype=float), np.asarray(twins, dtype=float)
    given, truth = np.asarray(a, dtype=float), np.asarray(y, dtype=float)
    if not len(shown) or shown.shape != others.shape or not given.shape == truth.shape == shown.shape[:1]:
        raise BadInput(
            f"People of shape {shown.shape}, twins {others.shape}, a {given.shape} and y {truth.shape}: one each a person."
        )
    p, p_twin = _chances(predict(shown, given), truth), _chances(predict(others, 1 - given), truth)
    decided, decided_twin = p >= THRESHOLD, p_twin >= THRESHOLD
    is_one = given == 1
    effect = np.where(is_one, p, p_twin).mean() - np.where(is_one, p_twin, p).mean()
    gaps = [_gap(decided[truth == outcome], given[truth == outcome]) for outcome in (0, 1)]
    return Fairness(
        accuracy=float((decided == (truth == 1)).mean()),
        auc=auroc(p, truth),
        parity_gap=_gap(decided, given),
        odds_gap=float(np.max(gaps)),
        total_effect=float(abs(effect)),
        counterfactual_gap=float(np.abs(p - p_twin).mean()),
        flipped=float((decided != decided_twin).mean()),
        n_people=len(shown),
        intervals=_intervals(p, p_twin, given, truth, people, draws, random_state) if draws else {},
    )


def _intervals(
    p: Array,
    p_twin: Array,
    a: Array,
    y: Array,
    people: Sequence[Hashable] | None,
    draws: int,
    random_state: RandomState,
) -> dict[str, Interval]:
    """Return the interval of every field that is made of means, from one set of draws of people's sums."""
    decided, twin = p >= THRESHOLD, p_twin >= THRESHOLD
    cells = [(a == k) & (y == outcome) for outcome in (0, 1) for k in (0, 1)]
    columns = np.stack([
        np.ones_like(p), decided == (y == 1), np.where(a == 1, p - p_twin, p_twin - p), np.abs(p - p_twin), decided != twin,
        *cells, *(cell & decided for cell in cells),
    ], axis=1, dtype=float)  # fmt: skip
    codes, n_people = cluster_codes(people, len(p))
    sums = np.stack([np.bincount(codes, each, n_people) for each in columns.T], axis=1, dtype=float)
    drawn = _of_sums(resample_sums(sums, draws=draws, random_state=random_state))
    whole = _of_sums(sums.sum(axis=0, keepdims=True))
    return {
        name: percentile_interval(float(whole[name][0]), drawn[name], LEVEL, len(p), n_people)
        for name in whole
    }


def _of_sums(sums: Array) -> dict[str, Array]:
    """Return fields of `Fairness`, each of shape (n_samples,), from sums of the columns of `_intervals`."""
    n, right, effect, moved, flipped = sums[:, :5].T
    sizes, decided = sums[:, 5:9], sums[:, 9:]
    rates = decided / np.where(sizes > 0, sizes, np.nan)  # y = 0: a = 0, a = 1; then y = 1
    both = sizes[:, :2] + sizes[:, 2:]
    parity = (decided[:, :2] + decided[:, 2:]) / np.where(both > 0, both, np.nan)
    odds = np.abs(rates[:, 1::2] - rates[:, ::2])
    return {
        "accuracy": right / n, "parity_gap": np.abs(parity[:, 1] - parity[:, 0]), "odds_gap": odds.max(axis=1),
        "total_effect": np.abs(effect) / n, "counterfactual_gap": moved / n, "flipped": flipped / n,
    }  # fmt: skip


def _gap(decided: NDArray[np.bool_], a: Array) -> float:
    if not len(a):
        return float("nan")
    without, having = group_means(decided.astype(float), one_hot(a, 2))
    return float(abs(having - without))


def _chances(p: ArrayLike, like: Array) -> Array:
    chances = np.asarray(p, dtype=float)
    if chances.shape != like.shape or not ((chances >= 0) & (chances <= 1)).all():
        raise BadInput(
            "A predictor must return one probability in [0, 1] a person: take the column of y = 1."
        )
    return chances
