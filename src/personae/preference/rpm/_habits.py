"""How a person uses the scale, whatever is rated: their mean, their spread, and how often they give each level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from personae.preference.rpm.ratings import Array, Codes, Ratings

_AS_USUAL = 2.0  # ratings of usual spread that each person's own are seen beside
_LEAST_SPREAD = 0.2  # levels; a person who always gives the same is not divided by nothing
_ADDED = 0.5  # ratings added to each level before the logarithm


@dataclass(frozen=True, slots=True)
class Habits:
    """How often n people gave each level, shape (n, n_levels), and the mean and spread of everyone's ratings."""

    counts: Array
    usual_mean: float
    usual_spread: float

    def columns(self, person: Codes) -> tuple[Array, Array, Array]:
        """Return mean and spread (n_rows,) and log shares of the levels (n_rows, n_levels) of each row's person."""
        counts = self.counts[person]
        levels = np.arange(1, counts.shape[1] + 1, dtype=float)
        n = counts.sum(axis=1)
        mean = np.where(n > 0, counts @ levels / np.maximum(n, 1), self.usual_mean)
        squares = np.maximum(counts @ levels**2 - n * mean**2, 0.0)
        spread = np.sqrt((squares + _AS_USUAL * self.usual_spread**2) / (n + _AS_USUAL))
        shares = (counts + _ADDED) / (n + _ADDED * counts.shape[1])[:, None]
        return mean, np.maximum(spread, _LEAST_SPREAD), np.log(shares)


def count_levels(table: Ratings, n_levels: int) -> Array:
    """Return how often each person gave each level, shape (n_people, n_levels)."""
    counts = np.zeros((len(table.people), n_levels))
    np.add.at(counts, (table.person, table.level.astype(int) - 1), 1.0)
    return counts
