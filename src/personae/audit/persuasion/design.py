"""A trial planned or published, as a thing to draw studies from: power before it is run, a check of the estimator after.

Source: Salvi, Horta Ribeiro, Gallotti, West (2024), arXiv 2403.14380; the recorded coefficients of its key model are enough
to draw whole studies from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.persuasion.ordinal import (
    PartialProportionalOdds,
    Studies,
    expected_covariance,
    outcome_probabilities,
)
from personae.metrics.intervals import RandomState

Array = NDArray[np.float64]
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class OrdinalDesign:
    """Arms, strata and the partial proportional-odds model that holds between them.

    Parameters
    ----------
    sizes : tuple of int
        People an arm; the first arm is the reference.
    effects : ndarray of shape (n_arms - 1,)
        Log-odds of a higher outcome against the reference.
    thresholds : ndarray of shape (n_categories - 1, n_nominal)
    nominal : ndarray of shape (n_strata, n_nominal)
        The nominal columns of each stratum, such as agreement before.
    shares : ndarray of shape (n_strata,), sums to 1
        How the people of every arm fall on the strata.
    """

    sizes: tuple[int, ...]
    effects: Array
    thresholds: Array
    nominal: Array
    shares: Array

    @property
    def cells(self) -> tuple[Array, Array]:
        """The proportional and the nominal columns of each design cell; strata turn slowly, arms fast."""
        arms = np.vstack([np.zeros(len(self.effects)), np.eye(len(self.effects))])
        return np.tile(arms, (len(self.nominal), 1)), np.repeat(self.nominal, len(arms), axis=0)

    def chances(self) -> Array:
        """Return the probability of each outcome, shape (n_strata, n_arms, n_categories)."""
        found = outcome_probabilities(self.effects, self.thresholds, *self.cells)
        return found.reshape(len(self.nominal), len(self.sizes), -1)

    def draw(self, n_studies: int, *, random_state: RandomState = 0) -> Array:
        """Draw studies, as counts of shape (n_studies, n_cells, n_categories)."""
        random, chances = np.random.default_rng(random_state), self.chances()
        counts = np.zeros((n_studies, *chances.shape))
        for arm, size in enumerate(self.sizes):
            people = random.multinomial(size, self.shares, size=n_studies)
            for stratum in range(len(self.shares)):
                counts[:, stratum, arm] = random.multinomial(people[:, stratum], chances[stratum, arm])
        return counts.reshape(n_studies, -1, chances.shape[2])

    def expected_covariance(self) -> Array:
        """Return the covariance that a study's estimates will have, thresholds first, effects last."""
        totals = np.outer(self.shares, self.sizes).ravel()
        return expected_covariance(self.effects, self.thresholds, *self.cells, totals)

    def with_sizes(self, factor: float) -> OrdinalDesign:
        """Return the same trial with every arm larger or smaller by a factor."""
        return replace(self, sizes=tuple(round(size * factor) for size in self.sizes))

    def fit(self, counts: ArrayLike) -> Studies:
        """Fit the model to drawn studies."""
        return PartialProportionalOdds().fit_studies(counts, *self.cells)

    def power(self, *, n_studies: int = 1000, random_state: RandomState = 0) -> Array:
        """Return the share of drawn studies that find each effect at p < .05, shape (n_arms - 1,)."""
        fitted = self.fit(self.draw(n_studies, random_state=random_state))
        found = np.abs(fitted.coefficients) > NORMAL_95 * fitted.standard_errors
        return np.asarray(found.mean(axis=0))
