"""How sure a method may be: a scale of its log-odds, fitted on choices of people whom it has not learned from.

What a method works out of its own model is too unsure or too sure wherever the model is wrong in the same way for many people:
the population's reward is itself a mean over tastes, and two choices about the same thing by one person agree more than any
smooth taste says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from personae.metrics.folds import deal_folds
from personae.metrics.intervals import RandomState
from personae.metrics.logistic import fit_logistic, log_odds, sigmoid
from personae.preference._core import Chances
from personae.preference.comparisons import Array, Comparisons

LEAST_ROWS = 100  # fewer say nothing of how sure to be
_LEAST_SCALE = 0.1


@dataclass(frozen=True, slots=True)
class Sureness:
    """Log-odds are multiplied by `at_first` + `when_known` * known, known being the share of the taste that is found out.

    >>> Sureness(2.0, 0.0).of(Chances(*np.array([[0.5], [0.2], [0.8]])), np.array([0.0])).high.round(3).tolist()
    [0.941]
    """

    at_first: float = 1.0
    when_known: float = 0.0

    def of(self, chances: Chances, known: Array) -> Chances:
        """Return the same chances, as sure as they may be; none changes sides."""
        scale = np.maximum(self.at_first + self.when_known * known, _LEAST_SCALE)
        parts = (chances.probability, chances.low, chances.high)
        return Chances(*(sigmoid(scale * log_odds(part, margin=1e-12)) for part in parts))


def hold_out(
    table: Comparisons, random_state: RandomState = 0
) -> tuple[Comparisons, Comparisons, Comparisons]:
    """Return rows to learn from, and of a fifth of the people, left out of them, rows to show and rows to ask.

    Notes
    -----
    Of each of these people a share of the rows that is drawn evenly between none and all is shown.
    """
    random = np.random.default_rng(random_state)
    is_out = deal_folds(table.person.tolist(), random_state=random) == 0
    order = random.permutation(np.flatnonzero(is_out))
    held = table.take(order[np.argsort(table.person[order], kind="stable")])
    counts = held.counts()
    rank = np.arange(len(held)) - np.repeat(np.cumsum(counts) - counts, counts)
    is_shown = rank < (random.random(len(counts)) * counts).astype(int)[held.person]
    return table.take(~is_out), held.take(is_shown), held.take(~is_shown)


def fit_sureness(chances: Chances, known: Array, chosen: Array) -> Sureness:
    """Return the scales with the least log loss on choices that were not learned from; as it is with too few of them."""
    if len(chosen) < LEAST_ROWS:
        return Sureness()
    odds = log_odds(chances.probability, margin=1e-12)
    found = fit_logistic(np.stack([odds, odds * known], axis=1), chosen, penalty=1.0)
    return Sureness(*(float(weight) for weight in found))
