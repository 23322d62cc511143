"""Scorers of answers for a person: similarities, and a reward learned from which answers fit whom.

Source: Tao et al. (2025), "PersonaFeedback", arXiv 2506.12915, section 4 (reward models that score each answer, the higher
chosen); Bradley, Terry (1952). Why the reward reads what is avoided and what is wanted apart is said in `RewardHead`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.directions import main_directions
from personae.metrics.logistic import fit_logistic, sigmoid
from personae.models.encoder import Encoder
from personae.people.records import Preference
from personae.preference._params import Parameters
from personae.preference.personafeedback.items import ChoiceItem
from personae.preference.personafeedback.wishes import Wishes, stems, takes_back, wishes

Array = NDArray[np.float64]
Answer = tuple[str, str, str]  # persona, question, option
BLIND = ("log characters", "log words", "takes back", "closeness to the question")
PERSONAL = (
    "closeness to the persona", "closeness to the persona, which avoids", "closeness to the persona, taken back",
    "closeness to what is avoided", "closeness to what is avoided, taken back", "closeness to what is wanted",
    "words of what is avoided", "words of what is avoided, taken back", "words of what is wanted", "takes back what is avoided",
)  # fmt: skip
COLUMNS = BLIND + PERSONAL


class Scorer(Parameters, ABC):
    """How well an answer to a question fits a persona, higher is better; any scale."""

    @abstractmethod
    def scores(self, answers: Sequence[Answer]) -> Array:
        """Return the score of each (persona, question, option), shape (n,)."""

    def score(self, persona: str, query: str, option: str) -> float:
        """Return the score of one answer."""
        return float(self.scores([(persona, query, option)])[0])


class CosineScorer(Scorer):
    """Similarity of the sentence vectors: weight_persona cos(persona, option) + weight_question cos(question, option)."""

    def __init__(
        self, *, encoder: Encoder, weight_persona: float = 1.0, weight_question: float = 0.0
    ) -> None:
        self.encoder = encoder
        self.weight_persona = weight_persona
        self.weight_question = weight_question

    def scores(self, answers: Sequence[Answer]) -> Array:
        """Return the weighted cosines, shape (n,)."""
        persona, query, option = _vectors(self.encoder, answers)
        cosines = (persona * option).sum(axis=1), (query * option).sum(axis=1)
        return np.asarray(self.weight_persona * cosines[0] + self.weight_question * cosines[1])


class OverlapScorer(Scorer):
    """How many of the persona's words an answer has: what a forced mention of the persona would win by."""

    def scores(self, answers: Sequence[Answer]) -> Array:
        """Return counts of shared words, without their commonest endings, shape (n,)."""
        return np.array([float(len(stems(persona) & stems(option))) for persona, _, option in answers])


class RewardHead(Scorer):
    """A Bradley-Terry reward of an answer for a person, learned from items.

    Parameters
    ----------
    encoder : Encoder
        Wrap it in `CachedEncoder`: the texts are read again in every call.
    uses_persona : bool
        False gives the general reward, which never reads the persona.
    profiles : mapping from person to persona text, optional
        For `log_odds` of preference rows, which name the person alone.
    n_directions : int
        Main directions of the differences between answers' sentence vectors.
    direction_weight : float
        How much each of them counts beside the named columns, all in units of their spread.
    penalty : float
        Ridge on all weights, in pairs of answers.

    Attributes
    ----------
    weights_ : ndarray of shape (n_columns,)
        Log-odds for one spread of each column, the first as in `BLIND`, then `PERSONAL` where the persona is read.

    Notes
    -----
    P(fits > other) = sigmoid(w . (f(fits) - f(other))), over every pair of a fitting and another option. Many preferences are
    aversions, and the answers that violate one repeat its words, so that similarity to the persona is at chance or below. f
    holds similarity to, and shared words with, what is avoided and what is wanted apart, each also where the answer has a word
    that turns others round ("without"); words of the question are not counted as shared.

    Examples
    --------
    >>> from personae.models.encoder import home_encoder
    >>> things = ["fish", "nuts", "milk", "eggs", "corn", "rice"]
    >>> items = [ChoiceItem(each, each, f"I avoid {each}.", "What to eat?", (f"a soup with {each}", "a salad of beans"), 1)
    ...          for each in things]
    >>> head = RewardHead(encoder=home_encoder(), n_directions=2).fit(items)
    >>> head.score("I avoid pork.", "Dinner?", "bread with pork") < head.score("I avoid pork.", "Dinner?", "bread with olives")
    True
    """

    def __init__(
        self,
        *,
        encoder: Encoder,
        uses_persona: bool = True,
        profiles: Mapping[str, str] | None = None,
        n_directions: int = 32,
        direction_weight: float = 0.2,
        penalty: float = 3.0,
    ) -> None:
        self.encoder = encoder
        self.uses_persona = uses_persona
        self.profiles = profiles
        self.n_directions = n_directions
        self.direction_weight = direction_weight
        self.penalty = penalty

    def fit(self, items: Iterable[ChoiceItem]) -> RewardHead:
        """Learn from items.

        Raises
        ------
        BadInput
            When there is no pair of a fitting and another option.
        """
        pairs = [(item, pair) for item in items for pair in item.preferences()]
        fits = [(item.persona, item.query, pair.a) for item, pair in pairs]
        others = [(item.persona, item.query, pair.b) for item, pair in pairs]
        if not fits:
            raise BadInput("No item has two options: there is nothing to learn from.")
        right, wrong = self._read(fits), self._read(others)
        self._axes = main_directions(right[1] - wrong[1], self.n_directions, centered=False)
        named, along = right[0] - wrong[0], (right[1] - wrong[1]) @ self._axes
        self._scale = _spread(np.vstack([right[0], wrong[0]]).std(axis=0))
        self._along = _spread(np.array([along.std()])) / self.direction_weight
        columns = np.hstack([named / self._scale, along / self._along])
        self.weights_ = fit_logistic(columns, np.ones(len(columns)), penalty=self.penalty)
        return self

    def scores(self, answers: Sequence[Answer]) -> Array:
        """Return the reward of each answer in log-odds, shape (n,)."""
        weights: Array = self.weights_
        if not answers:
            return np.zeros(0)
        named, vectors = self._read(answers)
        return np.asarray(np.hstack([named / self._scale, vectors @ self._axes / self._along]) @ weights)

    def log_odds(self, rows: Sequence[Preference]) -> Array:
        """Return log P(a) / P(b) for each row, whatever its choice, shape (n_rows,); see `profiles`."""
        return log_odds_of(self, rows, self.profiles)

    def prob(self, rows: Sequence[Preference]) -> Array:
        """Return the probability that a is chosen, in (0, 1), shape (n_rows,)."""
        return sigmoid(self.log_odds(rows))

    def _read(self, answers: Sequence[Answer]) -> tuple[Array, Array]:
        """Return the named columns, of shape (n, 4) or (n, 14), and the options' vectors (n, 384)."""
        persona, query, option = _vectors(self.encoder, answers)
        size = np.array([[np.log1p(len(text)), np.log1p(len(text.split()))] for *_, text in answers])
        back = np.array([float(takes_back(text)) for *_, text in answers])
        blind = np.column_stack([size, back, (query * option).sum(axis=1)])
        if not self.uses_persona:
            return blind, option
        known = {text: wishes(text) for text in {text for text, *_ in answers}}
        wished = [known[text] for text, *_ in answers]
        avoids = np.array([float(bool(wish.avoided)) for wish in wished])
        to_persona = (persona * option).sum(axis=1)
        to_avoided, to_wanted = (
            (_encoded(self.encoder, [getattr(wish, kind) for wish in wished]) * option).sum(axis=1)
            for kind in ("avoided", "wanted")
        )
        shared = _shared_words(answers, wished)
        personal = [to_persona, to_persona * avoids, to_persona * back, to_avoided, to_avoided * back, to_wanted,
                    shared[:, 0], shared[:, 0] * back, shared[:, 1], back * avoids]  # fmt: skip
        return np.column_stack([blind, *personal]), option


def log_odds_of(scorer: Scorer, rows: Sequence[Preference], profiles: Mapping[str, str] | None) -> Array:
    """Return the lead of a over b in each row, shape (n_rows,), of a scorer whose scores are log-odds."""
    known = profiles or {}
    a, b = (
        scorer.scores([(known.get(row.person, ""), row.context, getattr(row, side)) for row in rows])
        for side in ("a", "b")
    )
    return a - b


def _shared_words(answers: Sequence[Answer], wished: Sequence[Wishes]) -> Array:
    """Return the shares of what is avoided and what is wanted, less the question's words, that each option has, (n, 2)."""
    known = {text: stems(text) for answer in answers for text in answer[1:]}
    known |= {text: stems(text) for wish in wished for text in (wish.avoided, wish.wanted)}
    found = np.zeros((len(answers), 2))
    for row, ((_, query, option), wish) in enumerate(zip(answers, wished, strict=True)):
        for side, text in enumerate((wish.avoided, wish.wanted)):
            sought = known[text] - known[query]
            found[row, side] = len(sought & known[option]) / max(1, len(sought))
    return found


def _vectors(encoder: Encoder, answers: Sequence[Answer]) -> tuple[Array, ...]:
    """Return the vectors of personas, questions and options, each of shape (n, 384)."""
    return tuple(_encoded(encoder, column) for column in zip(*answers, strict=True))


def _encoded(encoder: Encoder, texts: Sequence[str]) -> Array:
    known = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    return encoder.encode(list(known)).astype(float)[[known[text] for text in texts]]


def _spread(values: Array) -> Array:
    return np.where(values > 0, values, 1.0)
