"""How much each value weighs, fitted to choices between two sets of values: for a model, or for one person.

Source: Bradley, Terry (1952), "Rank Analysis of Incomplete Block Designs", Biometrika 39(3/4), in its form for teams (Huang,
Weng, Lin 2006, JMLR 7, section 2): a side is as strong as the sum of its values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.fittable import Fittable
from personae.metrics.folds import deal_folds

Array = NDArray[np.float64]
Side = Collection[str]
PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0)


class ValueStrengths(Fittable):
    """Fit the strength of every value to choices between two sides.

    Parameters
    ----------
    penalties : sequence of float
        Of squared strengths (or of squared distance to `prior`), to choose from by cross-validation within the choices.
    prior : mapping of value to strength, optional
        Where strengths are drawn towards: those of many people, when one person's few choices are fitted.
    n_folds : int
    random_state : int

    Attributes
    ----------
    strengths_ : dict of value to float
        In log-odds: adding a value of strength s to a side multiplies its odds of being chosen by exp(s).
    errors_ : dict of value to float
        Standard errors, from the curvature of the penalized likelihood at its maximum.
    penalty_ : float

    Notes
    -----
    P(first over second) = 1 / (1 + exp(-(sum of strengths of first - sum of strengths of second))); a value on both sides
    cancels. The penalized log-likelihood is concave; Newton's method finds its maximum.

    Examples
    --------
    >>> first, second = [{"honesty", "peace"}] * 4, [{"fun", "peace"}] * 4
    >>> fitted = ValueStrengths(penalties=(1e-6,)).fit(first, second, [True, True, True, False])
    >>> {value: round(strength, 2) for value, strength in fitted.strengths_.items() if strength}
    {'honesty': 0.55, 'fun': -0.55}
    >>> fitted.chance([{"honesty"}], [{"fun"}]).round(2).tolist()
    [0.75]
    """

    def __init__(
        self,
        *,
        penalties: Sequence[float] = PENALTIES,
        prior: Mapping[str, float] | None = None,
        n_folds: int = 5,
        random_state: int = 0,
    ) -> None:
        self.penalties = penalties
        self.prior = prior
        self.n_folds = n_folds
        self.random_state = random_state

    def fit(self, first: Sequence[Side], second: Sequence[Side], is_first: Sequence[bool]) -> ValueStrengths:
        """Learn from choices.

        Parameters
        ----------
        first, second : sequence of collections of values
            The two sides of each choice.
        is_first : sequence of bool
            Whether the first was chosen.

        Raises
        ------
        BadInput
            When there is no choice, or the three are not of one length.
        """
        if not len(first) == len(second) == len(is_first) or not len(first):
            raise BadInput(
                f"{len(first)} first sides, {len(second)} second sides and {len(is_first)} choices; give one of each a "
                f"choice, and at least one."
            )
        if not self.penalties or min(self.penalties) <= 0:
            raise BadInput("Penalties must be above 0, and at least one must be given.")
        prior = self.prior or {}
        self.values_ = tuple(
            dict.fromkeys([*(v for side in (*first, *second) for v in sorted(side)), *prior])
        )
        table = self._differences(first, second)
        chosen = np.asarray(is_first, dtype=float)
        center = np.array([prior.get(value, 0.0) for value in self.values_])
        self.penalty_ = self._chosen_penalty(table, chosen, center)
        strengths, spread = _newton(table, chosen, center, self.penalty_)
        self.strengths_ = dict(zip(self.values_, strengths.tolist(), strict=True))
        self.errors_ = dict(zip(self.values_, spread.tolist(), strict=True))
        return self

    def chance(self, first: Sequence[Side], second: Sequence[Side]) -> Array:
        """Return the probability that the first side is chosen, shape (n_choices,); unknown values weigh nothing."""
        strengths = np.array([self.strengths_[value] for value in self.values_])
        return _chance(self._differences(first, second) @ strengths)

    def _differences(self, first: Sequence[Side], second: Sequence[Side]) -> Array:
        """Return +1 for a value of the first side alone, -1 for one of the second alone, shape (n_choices, n_values)."""
        place = {value: i for i, value in enumerate(self.values_)}
        table = np.zeros((len(first), len(place)))
        for row, (one, other) in enumerate(zip(first, second, strict=True)):
            for side, sign in ((one, 1.0), (other, -1.0)):
                for value in side:
                    if value in place:
                        table[row, place[value]] += sign
        return table

    def _chosen_penalty(self, table: Array, chosen: Array, center: Array) -> float:
        if len(self.penalties) == 1 or len(chosen) < 2 * self.n_folds:
            return float(max(self.penalties))
        folds = deal_folds(range(len(chosen)), n_folds=self.n_folds, random_state=self.random_state)
        losses = []
        for penalty in self.penalties:
            loss = 0.0
            for k in range(self.n_folds):
                strengths, _ = _newton(table[folds != k], chosen[folds != k], center, penalty)
                margin = (2 * chosen[folds == k] - 1) * (table[folds == k] @ strengths)
                loss += float(np.logaddexp(0, -margin).sum())
            losses.append(loss)
        return float(self.penalties[int(np.argmin(losses))])


def _newton(table: Array, chosen: Array, center: Array, penalty: float) -> tuple[Array, Array]:
    """Return the strengths at the maximum, and their standard errors."""
    strengths = center.copy()
    for _ in range(100):
        chance = _chance(table @ strengths)
        slope = table.T @ (chosen - chance) - penalty * (strengths - center)
        curve = (table * (chance * (1 - chance))[:, None]).T @ table + penalty * np.eye(len(center))
        step = np.linalg.solve(curve, slope)
        size = float(np.abs(step).max())
        strengths = strengths + step * min(1.0, 5.0 / max(size, 1e-300))
        if size < 1e-9:
            break
    return strengths, np.sqrt(np.diag(np.linalg.inv(curve)))


def _chance(log_odds: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(log_odds / 2)))
