"""Twins of surveyed people without a language model, and with one: ridge on what is known of a person.

Source: the statistical baseline of Peng et al. (2025), "A Mega-Study of Digital Twins", arXiv 2509.19088 (there XGBoost on
the answers of waves 1 to 3), and Toubia et al. (2025), "Twin-2K-500", arXiv 2505.17479. The prior over features that
outcomes share is empirical Bayes after Lindley, Smith (1972), "Bayes Estimates for the Linear Model".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from personae.errors import BadInput, NotFitted
from personae.mind.twins._learn import Learned, Settings, learn
from personae.mind.twins._ridge import Array

ALPHAS = (300.0, 1000.0, 3000.0, 10000.0)
SHARES = (0.0, 0.7)
BORROW = 5.0
FOLDS = 5


class _Twin:
    """What the two twins share: what they learned, and intervals around what they predict."""

    learned_: Learned | None = None

    @property
    def coef_(self) -> Array:
        """Weights of the features, shape (n_features, n_outcomes)."""
        return self._learned().coef

    @property
    def alphas_(self) -> Array:
        """The penalty chosen for each outcome, shape (n_outcomes,)."""
        return self._learned().alphas

    @property
    def share_(self) -> float:
        """The share of the prior that is learned from all outcomes."""
        return self._learned().share

    @property
    def reliability_(self) -> Array:
        """Pearson r to expect on new people, shape (n_outcomes,): measured on people left out of the fit."""
        return self._learned().reliability

    def interval_around(self, predicted: ArrayLike, level: float = 0.9) -> tuple[Array, Array]:
        """Return the ends of an interval around predictions that holds `level` of new people's answers.

        Parameters
        ----------
        predicted : array-like of shape (n_people, n_outcomes)
        level : float in (0, 1)

        Returns
        -------
        tuple of two ndarrays of shape (n_people, n_outcomes)
        """
        if not 0 < level < 1:
            raise BadInput(f"The level of an interval lies in (0, 1); {level:g} was given.")
        half = self._learned().half_width(level)
        return np.asarray(predicted) - half, np.asarray(predicted) + half

    def _learned(self) -> Learned:
        if self.learned_ is None:
            raise NotFitted(f"This {type(self).__name__} has learned nothing yet; call `fit` first.")
        return self.learned_


class StatisticalTwin(_Twin):
    """Predict people's answers to many questions from what is known of them.

    Parameters
    ----------
    alphas : sequence of float
        Penalties to choose from, for each outcome.
    shares : sequence of float in [0, 1)
        How much of the prior over weights is learned from all outcomes together, to choose from; 0 is plain ridge.
    borrow : float
        Weight of the mean error curve of all outcomes when an outcome's penalty is chosen; 0 lets each choose alone.
    n_folds : int
        Folds within the data, by person, that all choices are made in.
    random_state : int

    Attributes
    ----------
    coef_, alphas_, share_, reliability_
        See their descriptions.

    Notes
    -----
    Per outcome: minimize |y - X b|^2 + a b' C^-1 b over standardized features, with C = (1 - s) I + s p B B' / trace(B B')
    and B the plain ridge weights of every outcome. Questions not asked are NaN and take no part.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> known = random.normal(size=(200, 3))
    >>> answers = known @ [[1.0, 0.0], [0.0, -2.0], [0.0, 0.0]]
    >>> twin = StatisticalTwin(alphas=(0.1, 10.0)).fit(known, answers)
    >>> twin.predict([[1.0, 1.0, 0.0]]).round(1).tolist(), twin.alphas_.tolist()
    ([[1.0, -2.0]], [0.1, 0.1])
    """

    def __init__(
        self,
        *,
        alphas: Sequence[float] = ALPHAS,
        shares: Sequence[float] = SHARES,
        borrow: float = BORROW,
        n_folds: int = FOLDS,
        random_state: int = 0,
    ) -> None:
        self.alphas = alphas
        self.shares = shares
        self.borrow = borrow
        self.n_folds = n_folds
        self.random_state = random_state

    def fit(self, features: ArrayLike, answers: ArrayLike) -> StatisticalTwin:
        """Learn from people who answered.

        Parameters
        ----------
        features : array-like of shape (n_people, n_features)
            Without NaN; `SurveyFeatures` makes them from survey rows.
        answers : array-like of shape (n_people, n_outcomes)
            NaN where a person was not asked.

        Raises
        ------
        BadInput
            When shapes differ, a feature is missing, or an outcome has fewer than twenty answers.
        """
        settings = Settings(
            tuple(self.alphas), tuple(self.shares), self.borrow, 1.0, self.n_folds, self.random_state
        )
        self.learned_ = learn(np.asarray(features, float), np.asarray(answers, float), None, settings)
        return self

    def predict(self, features: ArrayLike) -> Array:
        """Return predicted answers of shape (n_people, n_outcomes)."""
        return self._learned().predict(np.asarray(features, float))


class HybridTwin(_Twin):
    """Predict people's answers from what is known of them and from what a language model answered in their place.

    Parameters
    ----------
    own_penalty : float
        Penalty on the weight of the language model's answer, in people: 50 people's worth of no weight at all.
    alphas, shares, borrow, n_folds, random_state
        As in `StatisticalTwin`.

    Notes
    -----
    Per outcome: minimize |y - X b - g t|^2 + a b' C^-1 b + own_penalty g^2, t the language model's answers to that outcome,
    standardized. With one feature that is constant this is linear calibration of the language model to the people.
    """

    def __init__(
        self,
        *,
        own_penalty: float = 50.0,
        alphas: Sequence[float] = ALPHAS,
        shares: Sequence[float] = SHARES,
        borrow: float = BORROW,
        n_folds: int = FOLDS,
        random_state: int = 0,
    ) -> None:
        self.own_penalty = own_penalty
        self.alphas = alphas
        self.shares = shares
        self.borrow = borrow
        self.n_folds = n_folds
        self.random_state = random_state

    @property
    def own_weight_(self) -> Array:
        """Weight of the language model's answer, in answer units, shape (n_outcomes,)."""
        return self._learned().own_weight

    def fit(self, features: ArrayLike, answers: ArrayLike, model_answers: ArrayLike) -> HybridTwin:
        """Learn from people who answered and for whom a language model answered.

        Parameters
        ----------
        features, answers
            As in `StatisticalTwin.fit`.
        model_answers : array-like of shape (n_people, n_outcomes)
            Answers of people for whom it is NaN take no part.
        """
        settings = Settings(
            tuple(self.alphas), tuple(self.shares), self.borrow, self.own_penalty, self.n_folds, self.random_state
        )  # fmt: skip
        own = np.asarray(model_answers, float)
        self.learned_ = learn(np.asarray(features, float), np.asarray(answers, float), own, settings)
        return self

    def predict(self, features: ArrayLike, model_answers: ArrayLike) -> Array:
        """Return predicted answers of shape (n_people, n_outcomes); NaN where the language model gave none."""
        return self._learned().predict(np.asarray(features, float), np.asarray(model_answers, float))
