"""What a randomized trial needs beside its outcome: assignment, balance, blinding, and effects with honest errors.

Sources: MacKinnon, White (1985), Journal of Econometrics 29 (HC2); Bang, Ni, Davis (2004), Controlled Clinical Trials 25
(blinding index).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput, MissingExtra
from personae.metrics.intervals import DRAWS, Interval, RandomState, bootstrap_mean
from personae.metrics.paired import benjamini_hochberg

Array = NDArray[np.float64]
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Effect:
    """One coefficient with its standard error; the interval is 95%, p two-sided, both by the normal approximation."""

    name: str
    value: float
    standard_error: float

    @property
    def low(self) -> float:
        return self.value - NORMAL_95 * self.standard_error

    @property
    def high(self) -> float:
        return self.value + NORMAL_95 * self.standard_error

    @property
    def p_value(self) -> float:
        return (
            erfc(abs(self.value) / self.standard_error / sqrt(2)) if self.standard_error > 0 else float("nan")
        )


@dataclass(frozen=True, slots=True)
class Balance:
    """How evenly one covariate fell on the arms.

    Parameters
    ----------
    covariate : str
    chi_square : float
    degrees : int
    p_value, adjusted : float
        Of chance alone; `adjusted` by Benjamini-Hochberg over the covariates.
    largest_gap : float
        The largest difference in a value's share between two arms, in [0, 1].
    """

    covariate: str
    chi_square: float
    degrees: int
    p_value: float
    adjusted: float
    largest_gap: float


@dataclass(frozen=True, slots=True)
class Blinding:
    """Bang's blinding index of one arm: share of right guesses less share of wrong ones.

    0 where guesses are blind, 1 where all are right, -1 where all are wrong; "not sure" counts as neither.
    """

    arm: str
    index: Interval


def assign(
    n_people: int, arms: Sequence[str], *, weights: Sequence[int] | None = None, random_state: RandomState = 0
) -> list[str]:
    """Deal people to arms in shuffled blocks, so that numbers stay in proportion at every moment.

    Parameters
    ----------
    n_people : int
    arms : sequence of str
    weights : sequence of int, optional
        How often each arm stands in a block; once each without them.

    Examples
    --------
    >>> sorted(assign(6, ["human", "model"], weights=[2, 1]))
    ['human', 'human', 'human', 'human', 'model', 'model']
    """
    block = [arm for arm, weight in zip(arms, weights or [1] * len(arms), strict=True) for _ in range(weight)]
    if not block:
        raise BadInput("Give at least one arm with a weight above zero.")
    random = np.random.default_rng(random_state)
    dealt = [block[i] for _ in range(-(-n_people // len(block))) for i in random.permutation(len(block))]
    return dealt[:n_people]


def balance(arms: Sequence[Hashable], covariates: Mapping[str, Sequence[Hashable]]) -> list[Balance]:
    """Test whether covariates fell on the arms as by chance: Pearson's chi-square of each, adjusted over all.

    Parameters
    ----------
    arms : sequence of length n_people
    covariates : mapping from a name to a sequence of length n_people
        Few values each; cut a continuous one into bands first.

    Raises
    ------
    MissingExtra
        Without scipy (extra `learn`).
    """
    try:
        from scipy.special import chdtrc
    except ImportError:
        raise MissingExtra("Balance tests need scipy: `pip install 'personae[learn]'`.") from None

    rows = []
    for name, values in covariates.items():
        counts = _cross(arms, values)
        expected = np.outer(counts.sum(1), counts.sum(0)) / counts.sum()
        statistic = float(((counts - expected) ** 2 / expected).sum())
        degrees = (counts.shape[0] - 1) * (counts.shape[1] - 1)
        shares = counts / counts.sum(1, keepdims=True)
        p_value = float(chdtrc(degrees, statistic)) if degrees else 1.0
        rows.append((name, statistic, degrees, p_value, float((shares.max(0) - shares.min(0)).max())))
    adjusted = benjamini_hochberg([row[3] for row in rows])
    return [Balance(*row[:4], float(p), row[4]) for row, p in zip(rows, adjusted, strict=True)]


def blinding(
    arms: Sequence[str],
    guesses: Sequence[str],
    *,
    unsure: str = "unsure",
    draws: int = DRAWS,
    random_state: RandomState = 0,
) -> list[Blinding]:
    """Return Bang's index of each arm from what its people took their arm to be.

    Parameters
    ----------
    arms : sequence of length n_people
    guesses : sequence of length n_people
        An arm's name, or `unsure`.

    Examples
    --------
    >>> [(arm.arm, arm.index.value) for arm in blinding(["human", "human", "model"], ["human", "unsure", "human"])]
    [('human', 0.5), ('model', -1.0)]
    """
    if len(arms) != len(guesses):
        raise BadInput(f"{len(guesses)} guesses for {len(arms)} people; give one each.")
    found = []
    for arm in dict.fromkeys(arms):
        scores = [
            0.0 if guess == unsure else 1.0 if guess == arm else -1.0
            for mine, guess in zip(arms, guesses, strict=True)
            if mine == arm
        ]
        found.append(Blinding(arm, bootstrap_mean(scores, draws=draws, random_state=random_state)))
    return found


def linear_effects(
    outcome: ArrayLike, terms: Mapping[str, ArrayLike], *, strata: Sequence[Hashable] | None = None
) -> dict[str, Effect]:
    """Regress an outcome on named columns within strata, with HC2 standard errors.

    Parameters
    ----------
    outcome : array-like of shape (n_rows,)
    terms : mapping from a name to a column of shape (n_rows,)
    strata : sequence of length n_rows, optional
        Each has an intercept of its own; one intercept for all without them.
    """
    columns, _ = _indicators(strata if strata is not None else [0] * len(np.asarray(outcome)))
    design = np.column_stack([*(np.asarray(column, dtype=float) for column in terms.values()), columns])
    coefficients, covariance = hc2(design, np.asarray(outcome, dtype=float))
    errors = np.sqrt(np.diag(covariance))
    return {name: Effect(name, float(coefficients[i]), float(errors[i])) for i, name in enumerate(terms)}


def hc2(design: Array, outcome: Array) -> tuple[Array, Array]:
    """Return least-squares coefficients and their HC2 covariance.

    Parameters
    ----------
    design : ndarray of shape (n_rows, n_columns)
    outcome : ndarray of shape (n_rows,)

    Notes
    -----
    (X'X)^-1 X' diag(e^2 / (1 - h)) X (X'X)^-1, with h the leverages: unbiased where errors have one variance. A row of leverage 1
    is fitted exactly and says nothing about the errors; it adds nothing.

    Raises
    ------
    BadInput
        When columns are combinations of others.
    """
    gram = design.T @ design
    if np.linalg.matrix_rank(gram) < len(gram):
        raise BadInput(
            "Some columns are combinations of others: leave out one value of each set of indicators."
        )
    bread = np.linalg.inv(gram)
    coefficients = bread @ (design.T @ outcome)
    residuals = outcome - design @ coefficients
    leverage = np.einsum("ij,ij->i", design @ bread, design)
    exact = leverage > 1 - 1e-9
    weights = np.where(exact, 0.0, residuals**2 / np.where(exact, 1.0, 1 - leverage))
    return coefficients, bread @ (design.T * weights) @ design @ bread


def _cross(arms: Sequence[Hashable], values: Sequence[Hashable]) -> Array:
    if len(arms) != len(values):
        raise BadInput(f"{len(values)} values for {len(arms)} people; give one each.")
    rows, columns = _indicators(arms)[0], _indicators(values)[0]
    return np.asarray(rows.T @ columns)


def _indicators(values: Sequence[Hashable]) -> tuple[Array, list[Hashable]]:
    """Return one column of 0 and 1 a value, in order of appearance, and the values."""
    known = list(dict.fromkeys(values))
    places = {value: place for place, value in enumerate(known)}
    return np.eye(len(known))[[places[value] for value in values]], known
