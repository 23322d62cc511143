"""Is it worth choosing the message by the person? The gain of a targeted policy over the best single message, doubly robust.

Source: Robins, Rotnitzky, Zhao (1994), JASA 89 (augmented inverse-probability weights); Athey, Wager (2021), "Policy Learning
With Observational Data", Econometrica 89 (value of a policy from cross-fitted scores).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.metrics.folds import deal_folds
from personae.metrics.intervals import DRAWS, Interval, RandomState, bootstrap_mean, cluster_codes

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PolicyGain:
    """What two policies are worth in the outcome's unit, and the difference, each over people held out of the choice."""

    single: Interval
    targeted: Interval
    gain: Interval


def targeting_gain(
    outcome: ArrayLike,
    actions: Sequence[Hashable],
    groups: Sequence[Hashable],
    *,
    n_folds: int = 5,
    n_repeats: int = 10,
    prior_rows: float = 400.0,
    draws: int = DRAWS,
    random_state: RandomState = 0,
) -> PolicyGain:
    """Compare the best action for each group with the best one for all.

    Parameters
    ----------
    outcome : array-like of shape (n_people,)
        Higher is better; take out what is known before treatment first, such as the issue.
    actions : sequence of length n_people
        What each person got, at random; every action's chance is its share.
    groups : sequence of length n_people
        What a message may be chosen by.
    n_repeats : int
        Ways to deal the folds; a person's scores are averaged over them, since one deal may favor either policy by luck.
    prior_rows : float
        Rows by which an action's mean is drawn towards the mean of all, and a group's mean of it towards its mean over
        groups: about the squared ratio of the spread between people to the spread between actions.

    Notes
    -----
    On the other folds the means m(group, action) choose both policies. A person of the held-out fold scores
    m(g, pi(g)) + 1[a = pi(g)] (y - m(g, a)) / p(a); the mean of the scores is what the policy is worth, whatever m is, because
    p is known.
    """
    y = np.asarray(outcome, dtype=float)
    action, n_actions = cluster_codes(actions, len(y))
    group, n_groups = cluster_codes(groups, len(y))
    if n_actions < 2 or n_folds < 2:
        raise BadInput("Give at least two actions and two folds.")
    chance = np.bincount(action, minlength=n_actions) / len(y)
    random = np.random.default_rng(random_state)
    scores = np.zeros((2, len(y)))
    deals = (deal_folds(range(len(y)), n_folds=n_folds, random_state=random) for _ in range(n_repeats))
    for held in (each for folds in deals for each in _held_out(folds)):
        seen = np.setdiff1d(np.arange(len(y)), held, assume_unique=True)
        overall = _drawn_in(y[seen], action[seen], np.full(n_actions, y[seen].mean()), prior_rows)
        cells, prior = group[seen] * n_actions + action[seen], np.tile(overall, n_groups)
        means = _drawn_in(y[seen], cells, prior, prior_rows).reshape(n_groups, n_actions)
        surprise = (y[held] - means[group[held], action[held]]) / chance[action[held]]
        for which, choice in enumerate((np.full(n_groups, overall.argmax()), means.argmax(axis=1))):
            chosen = choice[group[held]]
            scores[which, held] += means[group[held], chosen] + (action[held] == chosen) * surprise
    scores /= n_repeats
    single, targeted, gain = (
        bootstrap_mean(each, draws=draws, random_state=random_state)
        for each in (*scores, scores[1] - scores[0])
    )
    return PolicyGain(single, targeted, gain)


def _held_out(fold: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    return [np.flatnonzero(fold == each) for each in range(int(fold.max()) + 1)]


def _drawn_in(y: Array, cell: NDArray[np.intp], prior: Array, prior_rows: float) -> Array:
    """Return each cell's mean, drawn towards its prior mean as if `prior_rows` rows had it, shape (n_cells,)."""
    sums, counts = np.bincount(cell, y, len(prior)), np.bincount(cell, minlength=len(prior))
    return np.asarray((sums + prior_rows * prior) / (counts + prior_rows))
