"""Reasons for a refusal, held against what the person could do: are they of any use to the person who gets them?

Source: Cheon et al. (2025), arXiv 2410.22598, section 4 and table 3: the four features of largest absolute weight are sent as
"principal reasons", as 12 CFR 1002.9 asks of lenders in the United States.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.responsiveness.scores import FIXED, Scores
from personae.errors import BadInput
from personae.metrics.intervals import DRAWS, LEAST_TRIALS, Interval, RandomState, bootstrap_ratio

TOP = 4  # paper, section 4
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ReasonsAudit:
    """What is wrong with the reasons that refused people are given, each with its interval over people.

    Parameters
    ----------
    presented : Interval
        Share of people with at least one reason.
    mean_reasons : Interval
        Reasons a person.
    any_responsive : Interval
        Share of all refused people who are given at least one reason that can bring the wanted prediction.
    all_responsive : Interval or None
        Share of people with reasons all of which can; None without such people.
    share_responsive : Interval or None
        Mean over people with reasons of the share that can.
    without_recourse : Interval
        Share of all refused people who are given reasons none of which can.
    to_fixed : Interval or None
        Share of people whose prediction is fixed who are given reasons all the same; None without such people.
    only_wrong : Interval or None
        Share of those given reasons whom a single feature could help, but none of their reasons.
    """

    presented: Interval
    mean_reasons: Interval
    any_responsive: Interval
    all_responsive: Interval | None
    share_responsive: Interval | None
    without_recourse: Interval
    to_fixed: Interval | None
    only_wrong: Interval | None

    @property
    def few(self) -> tuple[str, ...]:
        """Names of the numbers behind which there are fewer than 20 people."""
        return tuple(
            name
            for name in self.__slots__
            if (found := getattr(self, name)) is not None and found.n_clusters < LEAST_TRIALS
        )


def top_reasons(values: ArrayLike, *, top: int = TOP) -> Mask:
    """Return the `top` features of largest absolute value of each person, those of value 0 left out.

    Parameters
    ----------
    values : array-like of shape (n_people, n_features)
        Attributions or scores; of equal ones the first features are taken.

    Examples
    --------
    >>> top_reasons([[0.0, -3.0, 1.0, 1.0]], top=2).tolist()
    [[False, True, True, False]]
    """
    size = np.abs(np.nan_to_num(np.asarray(values, dtype=float)))
    if size.ndim != 2:
        raise BadInput(f"Values of shape {size.shape}; give one row a person and one column a feature.")
    rank = np.argsort(np.argsort(-size, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray((rank < top) & (size > 0))


def audit_reasons(
    given: Mask,
    responsive: Mask,
    fixed: Mask,
    *,
    weights: ArrayLike | None = None,
    draws: int = DRAWS,
    random_state: RandomState = 0,
) -> ReasonsAudit:
    """Hold reasons against what features can do.

    Parameters
    ----------
    given : ndarray of bool of shape (n_people, n_features)
        The reasons that refused people are given, such as `top_reasons`.
    responsive : ndarray of bool of the same shape
        Whether a feature can bring the wanted prediction: `scores.mu > 0`.
    fixed : ndarray of bool of shape (n_people,)
    weights : array-like of shape (n_people,), optional
        How many people a row stands for.

    Raises
    ------
    BadInput
        Without people, or with shapes that do not fit.
    """
    given, responsive, fixed = (np.asarray(each, dtype=bool) for each in (given, responsive, fixed))
    if given.shape != responsive.shape or fixed.shape != given.shape[:1] or given.ndim != 2 or not len(given):
        raise BadInput(
            f"Reasons {given.shape}, responsive {responsive.shape}, fixed {fixed.shape}: give one row a refused "
            "person, and at least one."
        )
    weight = np.ones(len(given)) if weights is None else np.asarray(weights, dtype=float)
    n, good = given.sum(axis=1), (given & responsive).sum(axis=1)
    has, could = n > 0, responsive.any(axis=1)

    def share(values: NDArray[Any], among: Mask) -> Interval:
        chosen = weight[among]
        return bootstrap_ratio(values[among] * chosen, chosen, draws=draws, random_state=random_state)

    def among(values: NDArray[Any], chosen: Mask) -> Interval | None:
        return share(values, chosen) if chosen.any() else None

    everybody = np.ones(len(given), dtype=bool)
    portion = np.divide(good, n, out=np.zeros(len(n)), where=has)
    return ReasonsAudit(
        presented=share(has, everybody),
        mean_reasons=share(n, everybody),
        any_responsive=share(good > 0, everybody),
        all_responsive=among(good == n, has),
        share_responsive=among(portion, has),
        without_recourse=share(has & (good == 0), everybody),
        to_fixed=among(has, fixed),
        only_wrong=among(good == 0, could & has),
    )


def audit_groups(
    given: Mask,
    scores: Scores,
    groups: Sequence[Hashable],
    *,
    draws: int = DRAWS,
    random_state: RandomState = 0,
) -> Mapping[Hashable, ReasonsAudit]:
    """Return the audit of each group of refused people; `few` of a group under 20 names every number.

    Parameters
    ----------
    given : ndarray of bool of shape (n_people, n_features)
    scores : Scores
        Of the same people; those with the wanted prediction are left out.
    groups : sequence of length n_people
    """
    found: dict[Hashable, ReasonsAudit] = {}
    member = np.array([hash(each) for each in groups])
    for group in dict.fromkeys(groups):
        rows = (member == hash(group)) & ~scores.predicted
        if rows.any():
            found[group] = audit_reasons(
                given[rows],
                scores.mu[rows] > 0,
                scores.fixed[rows] == FIXED,
                draws=draws,
                random_state=random_state,
            )
    return found
