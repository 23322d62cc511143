"""A judge of preferences without a language model: what people chose among other answers, read by the sentence encoder.

Source: the judge's task is that of Dong, Hu, Collier (2024), "Can LLM be a Personalized Judge?", arXiv 2406.11657, section 3;
the judge itself is a Bradley-Terry model (1952) with features, not in the paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.calibration import log_loss
from personae.metrics.folds import deal_folds, linked_groups
from personae.metrics.logistic import fit_logistic, sigmoid
from personae.models.encoder import Encoder
from personae.people.records import Preference
from personae.preference._params import Parameters
from personae.preference.comparisons import checked
from personae.preference.features import STYLE
from personae.preference.personaljudge._features import Array, Pairs, read_pairs, view_of


class EncoderJudge(Parameters):
    """Say which of two answers a person would choose, from pairs that other people chose between.

    Parameters
    ----------
    encoder : Encoder
        Wrap it in `CachedEncoder`: the texts are read again in every call.
    profiles : mapping from person to persona text, optional
        Sentences such as "The person is 25-34 years old."; each common sentence gets its own weight for longer answers.
        Without it the judge is the same for every person.
    n_directions : int
        Main directions of e(a) - e(b) that are kept.
    embedding_weights, penalties : sequences of float
        To choose from, by log loss on inner folds: how much the directions count beside the style, and the ridge.
    n_folds : int
        Inner folds; rows that share a person or a context stay together.
    random_state : int

    Attributes
    ----------
    weights_ : ndarray of shape (n_columns,)
        Log-odds for a unit of each column; the first are those of `STYLE`.
    embedding_weight_, penalty_ : float
        Those chosen.
    held_out_ : ndarray of shape (n_preferences,)
        Log-odds that a is chosen, for each row given to `fit`, from a model that saw neither its person nor its context:
        what a stack is fitted on. Ties are read by the final model.

    Notes
    -----
    log P(a) / P(b) = w . (f(a) - f(b)), without an intercept: swapping the answers gives exactly the opposite, so there is no
    position to prefer. f holds the style (`STYLE`: closeness to the question, lengths, marks, lists...) in units of its root mean
    square, and the main directions of the sentence vectors. Ties take no part in the fit.

    Examples
    --------
    >>> from personae.models.encoder import home_encoder
    >>> rows = [Preference(f"p{i}", f"question {i}", "Yes. " * (1 + i % 3), "Yes.  ", "a") for i in range(1, 31) if i % 3]
    >>> judge = EncoderJudge(encoder=home_encoder(), n_directions=2).fit(rows)
    >>> judge.predict([Preference("new", "question", "No.", "No. " * 3, "a")])  # everyone chose the longer one
    ['b']
    """

    def __init__(
        self,
        *,
        encoder: Encoder,
        profiles: Mapping[str, str] | None = None,
        n_directions: int = 32,
        embedding_weights: Sequence[float] = (0.1, 0.2),
        penalties: Sequence[float] = (10.0, 30.0, 100.0),
        n_folds: int = 5,
        random_state: int = 0,
    ) -> None:
        self.encoder = encoder
        self.profiles = profiles
        self.n_directions = n_directions
        self.embedding_weights = embedding_weights
        self.penalties = penalties
        self.n_folds = n_folds
        self.random_state = random_state

    def fit(self, preferences: Iterable[Preference]) -> EncoderJudge:
        """Learn from what people chose.

        Raises
        ------
        BadInput
            When fewer than two groups of people and contexts chose between two answers, or a choice is none.
        """
        preferences = checked(preferences)
        is_decided = np.array([each.choice != "tie" for each in preferences], dtype=bool)
        groups = linked_groups(
            (("person", each.person) if each.person else None, ("context", each.context))
            for each in preferences
            if each.choice != "tie"
        )
        if len(set(groups)) < 2:
            raise BadInput(
                "Give preferences of at least two people with different contexts, other than ties: "
                "the judge is measured on people it did not learn from."
            )
        pairs = read_pairs(preferences, self.encoder, self.profiles)
        decided = pairs.rows(is_decided)
        targets = np.array([float(each.choice == "a") for each in preferences])[is_decided]
        n_folds = min(self.n_folds, len(set(groups)))
        folds = deal_folds(groups, n_folds=n_folds, random_state=self.random_state)
        tried = self._tried(decided, targets, folds)
        self.embedding_weight_, self.penalty_ = min(
            tried, key=lambda setting: log_loss(sigmoid(tried[setting]), targets)
        )
        self.view_ = view_of(decided, self.n_directions)
        columns = self.view_.columns(decided, self.embedding_weight_)
        self.weights_ = fit_logistic(columns, targets, penalty=self.penalty_)
        self.held_out_ = self.view_.columns(pairs, self.embedding_weight_) @ self.weights_
        self.held_out_[is_decided] = tried[self.embedding_weight_, self.penalty_]
        return self

    def log_odds(self, preferences: Sequence[Preference]) -> Array:
        """Return log P(a) / P(b) for each row, whatever its choice, shape (n_preferences,)."""
        if not preferences:
            return np.zeros(0)
        pairs = read_pairs(preferences, self.encoder, self.profiles)
        return np.asarray(self.view_.columns(pairs, self.embedding_weight_) @ self.weights_)

    def prob(self, preferences: Sequence[Preference]) -> Array:
        """Return the probability that a is chosen, in (0, 1), shape (n_preferences,)."""
        return sigmoid(self.log_odds(preferences))

    def predict(self, preferences: Sequence[Preference]) -> list[str]:
        """Return "a" or "b" for each row."""
        return ["a" if odds > 0 else "b" for odds in self.log_odds(preferences)]

    def style_weights(self) -> dict[str, float]:
        """Return what each part of the style is worth, in log-odds for one root mean square of it."""
        return dict(zip(STYLE, self.weights_.tolist(), strict=False))

    def _tried(
        self, pairs: Pairs, targets: Array, folds: NDArray[np.intp]
    ) -> dict[tuple[float, float], Array]:
        """Return held-out log-odds, of shape (n_pairs,), under each embedding weight and penalty."""
        tried = {
            setting: np.zeros(len(targets)) for setting in product(self.embedding_weights, self.penalties)
        }
        for fold in np.unique(folds):
            test = folds == fold
            view = view_of(pairs.rows(~test), self.n_directions)
            for weight in self.embedding_weights:
                columns = view.columns(pairs, weight)
                start = None
                for penalty in sorted(self.penalties, reverse=True):
                    start = fit_logistic(columns[~test], targets[~test], penalty=penalty, start=start)
                    tried[weight, penalty][test] = columns[test] @ start
        return tried
