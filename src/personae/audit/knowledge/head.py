"""P(IK): a head that says, before a question is answered, how likely a model is to know the answer.

Source: Kadavath et al. (2022), "Language Models (Mostly) Know What They Know", arXiv 2207.05221, section 5. Deviations are
listed under Notes of `KnowledgeHead`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput, UnknownName
from personae.metrics.calibration import log_loss
from personae.metrics.directions import main_directions
from personae.metrics.folds import level_folds
from personae.metrics.logistic import fit_logistic, sigmoid
from personae.models.encoder import Encoder

Array = NDArray[np.float64]
PENALTIES = (10.0, 30.0, 100.0, 300.0)
FOLDS = 4
DIRECTIONS = 50
_STEPS = 50
_CLOSE = 1e-9
_NUMBER = re.compile(r"\d[\d,]*\.?\d*")
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_COUNTED = {
    "numbers in words": r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|hundred|thousand)\b",
    "shares": r"\d/\d|\b(?:half|third|fourth|fifth|quarters?|dozen|twice|double|triple|times)\b",
    "percents": r"%|\bpercent",
    "comparisons": r"\b(?:more|less|fewer|than|older|younger|taller|longer|faster)\b",
    "rates": r"\b(?:each|every|per|apiece)\b",
    "averages": r"\b(?:average|mean|median)\b",
    "times": r"\b(?:days?|weeks?|months?|years?|hours?|minutes?|seconds?)\b",
    "conditions": r"\b(?:if|when|suppose|given)\b",
    "exceptions": r"\b(?:but|however|except|unless|instead|only|without)\b",
    "remainders": r"\b(?:left|remain\w*|rest)\b",
    "sequences": r"\b(?:after|before|then|next|first|last)\b",
    "changes": r"\b(?:increas|decreas|rais|reduc|grow|grew|interest|discount|profit|los[st])\w*",
    "equals": r"\b(?:same|equal\w*|evenly|both)\b",
    "units": r"\b(?:feet|foot|inch\w*|yards?|miles?|pounds?|ounces?|gallons?|lit(?:er|re)s?|met(?:er|re)s?|kilo\w+|grams?)\b",
    "totals": r"\b(?:total|altogether|sum|combined)\b",
    "amounts": r"\bhow (?:many|much)\b",
    "money": r"\$",
    "names": r"(?<=[a-z,] )[A-Z][a-z]+",
    "commands": r"\\[a-zA-Z]+",
    "relations": r"[=<>^_]",
    "figures": r"\[asy\]|\b(?:triangle|circle|angle|square|line|point|plane|graph)s?\b",
    "chances": r"\b(?:probability|random\w*|chosen|ways|expected)\b",
    "whole numbers": r"\b(?:integers?|digits?|primes?|divisors?|divisible|remainder|base)\b",
    "functions": r"\b(?:functions?|polynomials?|roots?|equations?|real|complex)\b",
}  # fmt: skip
_COUNTERS = tuple(
    re.compile(pattern, re.IGNORECASE if name != "names" else 0) for name, pattern in _COUNTED.items()
)
SHAPE = (
    "characters", "words", "different words", "letters a word", "sentences", "last sentence", "longest sentence", "numbers",
    "different numbers", "largest number", "smallest number", "decimals", "thousands", *_COUNTED,
)  # fmt: skip


def question_shape(question: str) -> Array:
    """Return what can be counted in a question, an array of shape (len(SHAPE),): logs of one plus each count.

    >>> shape = question_shape("Ana has 3 pens. She buys 4 more. How many pens has she?")
    >>> dict(zip(SHAPE, np.expm1(shape).round().tolist()))["numbers"]
    2.0
    """
    return np.asarray(np.log1p(_counts(question)))


@lru_cache(maxsize=50_000)
def _counts(question: str) -> tuple[float, ...]:
    words = question.split()
    sentences = [sentence for sentence in _SENTENCE_END.split(question) if sentence.strip()] or [""]
    numbers = [min(float(found.replace(",", "")), 1e300) for found in _NUMBER.findall(question)]
    return (
        len(question), len(words), len({word.lower() for word in words}), len(question) / max(1, len(words)),
        len(sentences), len(sentences[-1]), max(map(len, sentences)), len(numbers), len(set(numbers)),
        min(max(numbers, default=0.0), 1e12), min(min(numbers, default=0.0), 1e12), sum(n != int(n) for n in numbers),
        sum(n >= 1000 for n in numbers), *(len(counter.findall(question)) for counter in _COUNTERS),
    )  # fmt: skip


class KnowledgeHead:
    """Predict from the question alone whether a model will answer it rightly.

    Parameters
    ----------
    encoder : Encoder or None
        None leaves the sentence vectors out.
    shape : bool
        Also count what `SHAPE` names.
    directions : int
        Principal directions of the training questions' vectors that are kept.
    penalties : tuple of float
        Candidates for the ridge penalty; inner folds over questions choose.
    folds : int
        Inner folds.
    random_state : int

    Attributes
    ----------
    penalty_ : float
        The chosen penalty.
    models_ : tuple of str
    abilities_ : ndarray of shape (n_models,)
        Log-odds of each model at a question of score 0.
    slope_ : float
        What one unit of a question's score adds to the log-odds, measured on questions that the score was not fitted on.

    Notes
    -----
    P(IK)(model, question) = sigmoid(ability(model) + slope * score(question)), and score is a linear function of the
    features, fitted by cross-entropy against the share of models that were right.

    Deviations: the paper trains a value head together with the language model, and its soft target is the share of 30
    samples of one model. Here the language models are closed, so that the features are a sentence encoder's vector and
    counts, and the soft target is the share of all models that were right; a model's own level is its ability.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> n_facts = rng.integers(1, 9, 200)
    >>> questions = [" ".join(f"Fact {i}." for i in range(n)) for n in n_facts]
    >>> right = (rng.random((2, 200)) < sigmoid(3.0 - n_facts)).astype(float)
    >>> head = KnowledgeHead(encoder=None).fit(questions, right, ["a", "b"])
    >>> easy, hard = head.predict(["Fact 1.", " ".join(f"Fact {i}." for i in range(9))], ["a"])[0]
    >>> bool(easy > 0.7 > 0.2 > hard)
    True
    """

    def __init__(
        self,
        *,
        encoder: Encoder | None,
        shape: bool = True,
        directions: int = DIRECTIONS,
        penalties: tuple[float, ...] = PENALTIES,
        folds: int = FOLDS,
        random_state: int = 0,
    ) -> None:
        self.encoder = encoder
        self.shape = shape
        self.directions = directions
        self.penalties = penalties
        self.folds = folds
        self.random_state = random_state

    def fit(self, questions: Sequence[str], right: ArrayLike, models: Sequence[str]) -> KnowledgeHead:
        """Learn from recorded answers.

        Parameters
        ----------
        questions : sequence of str, length n_questions
        right : array-like of shape (n_models, n_questions)
            1.0 right, 0.0 wrong, NaN not asked.
        models : sequence of str, length n_models
        """
        outcomes = np.asarray(right, dtype=float)
        if outcomes.shape != (len(models), len(questions)) or len(questions) < self.folds:
            raise BadInput(
                f"Outcomes of shape {outcomes.shape} for {len(models)} models and {len(questions)} questions; give one row "
                f"a model, one column a question, and at least {self.folds} questions."
            )
        if np.isnan(outcomes).all(axis=0).any():
            raise BadInput("Some questions were answered by no model; leave them out.")
        columns = self._prepared(questions)
        shares = np.nanmean(outcomes, axis=0)
        held_out = self._held_out(columns, shares)
        losses = [log_loss(sigmoid(scores), shares) for scores in held_out]
        best = int(np.argmin(losses))
        self.penalty_ = self.penalties[best]
        self.weights_ = fit_logistic(columns, shares, penalty=_ridge(columns, self.penalty_))
        self.models_ = tuple(models)
        self.abilities_, self.slope_ = _levels(held_out[best], outcomes)
        return self

    def score(self, questions: Sequence[str]) -> Array:
        """Return each question's score, shape (n_questions,): log-odds that the average model is right."""
        return np.asarray(self._columns(questions) @ self.weights_)

    def predict(self, questions: Sequence[str], models: Sequence[str] | None = None) -> Array:
        """Return P(IK) of known models for each question, shape (n_models, n_questions); all of `models_` without names.

        Raises
        ------
        UnknownName
            When the head has not seen a model.
        """
        chosen = self.models_ if models is None else tuple(models)
        unseen = sorted(set(chosen) - set(self.models_))
        if unseen:
            raise UnknownName(
                f"This head has not seen {', '.join(unseen)}. It knows: {', '.join(self.models_)}."
            )
        levels = self.abilities_[[self.models_.index(model) for model in chosen]]
        return sigmoid(levels[:, None] + self.slope_ * self.score(questions))

    def _prepared(self, questions: Sequence[str]) -> Array:
        """Learn the directions of the vectors, and the mean and spread of every feature; return the training columns."""
        vectors, counts = self._read(questions)
        self.directions_ = main_directions(vectors, self.directions)
        raw = np.hstack([vectors @ self.directions_, counts])
        self.mean_, self.spread_ = raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-9)
        self.spread_[: self.directions_.shape[1]] = self.spread_[:1].max(initial=1e-9)
        return self._standard(raw)

    def _columns(self, questions: Sequence[str]) -> Array:
        vectors, counts = self._read(questions)
        return self._standard(np.hstack([vectors @ self.directions_, counts]))

    def _read(self, questions: Sequence[str]) -> tuple[Array, Array]:
        """Return the vectors, (n_questions, n_dimensions), and the counts, (n_questions, len(SHAPE)); none where left out."""
        if self.encoder is None and not self.shape:
            raise BadInput("A head without encoder and without shape has nothing to read; give one of them.")
        none = np.zeros((len(questions), 0))
        vectors = none if self.encoder is None else np.asarray(self.encoder.encode(questions), dtype=float)
        return vectors, np.array([question_shape(q) for q in questions]) if self.shape else none

    def _standard(self, raw: Array) -> Array:
        """Standardize, directions of the vectors all by the spread of the first, and add the intercept."""
        return np.column_stack([np.ones(len(raw)), np.clip((raw - self.mean_) / self.spread_, -4, 4)])

    def _held_out(self, columns: Array, shares: Array) -> list[Array]:
        """Return each penalty's scores of questions, every question scored by a fit on the other folds."""
        fold = level_folds(shares, n_folds=self.folds, random_state=self.random_state)
        scores = [np.empty(len(shares)) for _ in self.penalties]
        for each in range(self.folds):
            train, weights = fold != each, None
            for place, penalty in enumerate(self.penalties):
                ridge = _ridge(columns, penalty)
                weights = fit_logistic(columns[train], shares[train], penalty=ridge, start=weights)
                scores[place][~train] = columns[~train] @ weights
        return scores


def others_right(right: ArrayLike) -> Array:
    """Return how many of the other models answer each question rightly, shape (n_models, n_questions), as a share.

    The analogue, for many models, of the share right among many samples of one (section 5). A model that was not asked does
    not count; NaN where no other was.

    >>> others_right([[1, 0], [1, 1], [0, 1]]).tolist()
    [[0.5, 1.0], [0.5, 0.5], [1.0, 0.5]]
    """
    outcomes = np.asarray(right, dtype=float)
    known = ~np.isnan(outcomes)
    values = np.where(known, outcomes, 0.0)
    n_others = known.sum(axis=0) - known
    return np.asarray((values.sum(axis=0) - values) / np.where(n_others == 0, np.nan, n_others))


def _ridge(columns: Array, penalty: float) -> Array:
    return np.array([0.0, *np.full(columns.shape[1] - 1, penalty)])


def _levels(scores: Array, outcomes: Array) -> tuple[Array, float]:
    """Return each model's ability and the slope of the scores they share, by Newton's method with a ridge of 1 on each.

    The abilities' part of the curvature is diagonal, so that they are eliminated first.
    """
    known = ~np.isnan(outcomes)
    right = np.where(known, outcomes, 0.0)
    levels, slope = np.zeros(len(outcomes)), 0.0
    for _ in range(_STEPS):
        chances = sigmoid(levels[:, None] + slope * scores)
        weights, rest = np.where(known, chances * (1 - chances), 0.0), np.where(known, right - chances, 0.0)
        uphill, curve = rest.sum(axis=1) - levels, weights.sum(axis=1) + 1.0
        crossed = weights @ scores
        step = (float((rest @ scores).sum()) - slope - float((crossed * uphill / curve).sum())) / (
            float((weights @ scores**2).sum()) + 1.0 - float((crossed**2 / curve).sum())
        )
        moved = (uphill - crossed * step) / curve
        levels, slope = levels + moved, slope + step
        if abs(step) < _CLOSE and np.abs(moved).max() < _CLOSE:
            return levels, slope
    raise BadInput(
        "The models' levels did not settle; give more questions, or more models that are right at times."
    )
