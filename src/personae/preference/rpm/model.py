"""RPM: why a person rates as they do, from their history, and the rating they would give.

Source: RPM (2025), "LLMs Think, But Not In Your Flow - reasoning-level personalization for black-box LLMs", arXiv 2505.21082,
section 3; each step that asks a language model there is done here by counting and by kernels (see Notes of `RPM`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from personae.errors import BadInput
from personae.metrics.folds import FOLDS, deal_folds
from personae.models.encoder import Encoder
from personae.people.records import Answer
from personae.preference._core import Chance
from personae.preference._extras import needs
from personae.preference._params import Parameters
from personae.preference.rpm._habits import Habits, count_levels
from personae.preference.rpm.factors import Factors, group_features, influences
from personae.preference.rpm.features import Span, Views, kernel, read_views
from personae.preference.rpm.ratings import Array, Codes, Ratings, ratings


@dataclass(frozen=True, slots=True)
class Rated:
    """What n ratings are expected to be.

    `level` (n,) is a whole number, the one of least expected cost; `score` (n,) the sum behind it, on the scale of the levels;
    `probability` (n, n_levels) of each level, rows sum to 1.
    """

    level: Array
    score: Array
    probability: Array


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a reasoning path: a factor of the text, how far it moves this person's ratings in levels, where it stands,
    and in how many of the person's rated texts it stood."""

    factor: str
    influence: float
    spans: tuple[Span, ...]
    n: int


@dataclass(frozen=True, slots=True)
class _Placed:
    """What is kept of a person: their counts of levels (1, n_levels), the features of what they rated, and what their vote
    there weighs (n,); the number of texts with each factor, and each factor's influence (n_factors,)."""

    counts: Array
    views: Views
    votes: Array
    n: Array
    influence: Array


class RPM(Parameters):
    """Rate as a person would: everyone's ratings of what a text says, the person's use of the scale, and what their own
    history says of texts with the same features.

    Parameters
    ----------
    encoder : Encoder
        Wrap it in `CachedEncoder`: texts and their parts are read again in every call.
    factors : Factors, optional
        From `group_features`; learned from the texts given to `fit` without it.
    n_levels : int
        Ratings are whole numbers from 1 to this.
    ridge, vote_ridge : float
        How many ratings the population's mean, and the population's opinion of this person, count as, a third each of a kernel.
    squared : float
        Cost of an error of e levels: |e| + squared e^2. Without the square the middle of a skewed scale is never left.
    n_folds : int
        Folds of texts in which the population's opinion of the texts given to `fit` is held out.
    random_state : int

    Attributes
    ----------
    factors_ : Factors
    influence_ : ndarray of shape (n_factors,)
        Of each factor on anyone, in levels.

    Notes
    -----
    1. Features (`features.py`): parts of a text and marks in it, made without the rating.
    2. Factors and influences (`factors.py`): (sum of deviations + m prior) / (n + m), m = 10, the prior from everyone.
    3. score = mean_u + spread_u h(x) + v_u(x). h is a kernel ridge regression of standardised ratings of everyone; v_u one of
       what the others left unexplained in this person's own history, a vote of history items by matched features. The kernel
       adds what a text says, how its parts match, and its marks (`features.kernel`).
    4. Levels: a multinomial logit on mean, spread, shares of levels, h, spread h and v, fitted on ratings none of whose own row
       or text is in its columns; the level given is the one of least expected cost.

    Not in the paper: steps 3 and 4 take the place of the language model's reasoning and answer. `reasons` is read off the
    influences, beside the score and not out of it; the deletion test of the paper's folder says how far it holds.
    """

    def __init__(
        self,
        *,
        encoder: Encoder,
        factors: Factors | None = None,
        n_levels: int = 5,
        ridge: float = 4.0,
        vote_ridge: float = 9.0,
        squared: float = 0.5,
        n_folds: int = 10,
        random_state: int = 0,
    ) -> None:
        self.encoder = encoder
        self.factors = factors
        self.n_levels = n_levels
        self.ridge = ridge
        self.vote_ridge = vote_ridge
        self.squared = squared
        self.n_folds = n_folds
        self.random_state = random_state

    def fit(self, rows: Iterable[Answer]) -> RPM:
        """Learn from everyone's ratings; an answer's `item` is the text. Each of these people is placed by theirs.

        Raises
        ------
        BadInput
            With fewer than two texts or two levels, or a level that is none; names the row, never a text.
        """
        table = self._checked(rows)
        if len(table.texts) < 2 or len(np.unique(table.level)) < 2:
            raise BadInput("Every rating is the same or of one text: give at least two texts and two levels.")
        views = read_views(table.texts, self.encoder)
        spread = views.flags.std(axis=0)
        self.scale_ = np.where(spread > 0, spread, 1.0)
        self.factors_ = self.factors or group_features(
            table.texts, self.encoder, random_state=self.random_state
        )
        counts = count_levels(table, self.n_levels)
        self._usual = Habits(counts[:0], float(table.level.mean()), float(table.level.std()))
        mean, spread, _ = self._habits_of(counts).columns(table.person)
        self.influence_ = influences(self.factors_.of(views)[table.text], table.level - mean)
        target = (table.level - mean) / spread
        gram = kernel(views, views, self.scale_)
        held_out = self._held_out(gram, table, target)
        self._base, self._weights = self._smooth(gram, table.text, target)
        self._views = views
        self._known = dict(zip(table.texts, held_out, strict=True))
        self.people_: dict[str, _Placed] = {}
        self._place(table, views, held_out, gram)
        self._levels = self._fit_levels(self._crossed(table, held_out, gram), table.level)
        return self

    def adapt(self, person: str, rows: Iterable[Answer]) -> RPM:
        """Place one person by these ratings alone, in place of what was known of them; without one, as if unknown."""
        rows = list(rows)
        if any(row.person != person for row in rows):
            raise BadInput(
                f"Ratings of somebody else than {person!r} were given; choose those rows by person."
            )
        return self.adapt_all(rows) if rows else self.forget(person)

    def adapt_all(self, rows: Iterable[Answer]) -> RPM:
        """Place many people, each by their own ratings among these."""
        table = self._checked(rows)
        views = read_views(table.texts, self.encoder)
        opinion = self._opinion(views)
        known = [self._known.get(text, opinion[place]) for place, text in enumerate(table.texts)]
        self._place(table, views, np.array(known), kernel(views, views, self.scale_))
        return self

    def forget(self, person: str) -> RPM:
        """Drop all that is kept of a person; what was learned of everyone stays."""
        self.people_.pop(person, None)
        return self

    def predict(self, asked: Sequence[tuple[str, str]]) -> Rated:
        """Return the rating that each (person, text) is expected to get; someone unknown rates as people usually do."""
        people = self.people_
        if not asked:
            return Rated(np.zeros(0), np.zeros(0), np.zeros((0, self.n_levels)))
        texts = {text: place for place, text in enumerate(dict.fromkeys(text for _, text in asked))}
        views = read_views(list(texts), self.encoder)
        opinion = self._opinion(views)[[texts[text] for _, text in asked]]
        counts, vote = np.zeros((len(asked), self.n_levels)), np.zeros(len(asked))
        for person in {person for person, _ in asked} & people.keys():
            rows = np.array([row for row, (who, _) in enumerate(asked) if who == person])
            placed = people[person]
            counts[rows] = placed.counts
            own = views.take(np.array([texts[asked[row][1]] for row in rows]))
            vote[rows] = kernel(own, placed.views, self.scale_) @ placed.votes
        habits = self._habits_of(counts).columns(np.arange(len(asked)))
        columns, score = self._columns(habits, opinion, vote)
        return self._rated(columns, score)

    def prob(self, person: str, context: str, a: str, b: str) -> Chance:
        """Return the probability that a person rates a above b, equal ratings halved; a context takes no part.

        Notes
        -----
        P = sum over i > j of P(a gets i) P(b gets j) + sum over i of P(a gets i) P(b gets i) / 2, the two ratings independent.
        There is no belief here whose spread an interval could show: its ends are NaN.
        """
        a_levels, b_levels = self.predict([(person, a), (person, b)]).probability
        below = np.cumsum(b_levels) - b_levels
        return Chance(float(a_levels @ (below + b_levels / 2)), np.nan, np.nan, person in self.people_)

    def reasons(self, person: str, text: str) -> list[Step]:
        """Return the factors of a text with their influence on this person's ratings, the largest first."""
        placed = self.people_.get(person)
        influence = self.influence_ if placed is None else placed.influence
        n = np.zeros(len(influence)) if placed is None else placed.n
        found = self.factors_.spans(text, self.encoder)
        steps = [
            Step(self.factors_.names[place], float(influence[place]), tuple(spans), int(n[place]))
            for place, spans in found.items()
        ]
        return sorted(steps, key=lambda step: (-abs(step.influence), step.factor))

    def explain(self, person: str) -> list[Step]:
        """Return the person's factor table, the largest influence first, spans left out; of someone unknown, nothing."""
        placed = self.people_.get(person)
        if placed is None:
            return []
        shown = np.flatnonzero(placed.n)
        order = shown[np.argsort(-np.abs(placed.influence[shown]), kind="stable")]
        return [
            Step(self.factors_.names[place], float(placed.influence[place]), (), int(placed.n[place]))
            for place in order
        ]

    def _smooth(self, gram: Array, text: Codes, target: Array) -> tuple[float, Array]:
        """Return base b and weights w (n_texts,) such that b + gram @ w is the population's opinion of texts."""
        n = np.bincount(text, minlength=len(gram)).astype(float)
        sums, kept, base = np.bincount(text, target, len(gram)), np.flatnonzero(n), float(target.mean())
        weights = np.zeros(len(gram))
        ridge = gram[np.ix_(kept, kept)] + np.diag(self.ridge / n[kept])
        weights[kept] = np.linalg.solve(ridge, sums[kept] / n[kept] - base)
        return base, weights

    def _held_out(self, gram: Array, table: Ratings, target: Array) -> Array:
        """Return the population's opinion of each text from ratings of the other folds' texts, shape (n_texts,)."""
        n_folds = min(self.n_folds, len(table.texts))
        folds = deal_folds(range(len(table.texts)), n_folds=n_folds, random_state=self.random_state)
        found = np.zeros(len(table.texts))
        for fold in range(n_folds):
            rows = folds[table.text] != fold
            base, weights = self._smooth(gram, table.text[rows], target[rows])
            found[folds == fold] = base + gram[folds == fold] @ weights
        return found

    def _opinion(self, views: Views) -> Array:
        return np.asarray(self._base + kernel(views, self._views, self.scale_) @ self._weights)

    def _place(self, table: Ratings, views: Views, opinion: Array, gram: Array) -> None:
        """Keep what the people's ratings say of them."""
        counts = count_levels(table, self.n_levels)
        mean = self._habits_of(counts).columns(table.person)[0]
        left, deviation = self._left(table, counts, opinion), table.level - mean
        factors = self.factors_.of(views)
        for code, person in enumerate(table.people):
            rows = np.flatnonzero(table.person == code)
            text = table.text[rows]
            has = factors[text]
            self.people_[person] = _Placed(
                counts[[code]], views.take(text), self._votes(gram[np.ix_(text, text)], left[rows]), has.sum(axis=0),
                influences(has, deviation[rows], self.influence_),
            )  # fmt: skip

    def _votes(self, gram: Array, left: Array) -> Array:
        return np.asarray(np.linalg.solve(gram + self.vote_ridge * np.eye(len(left)), left))

    def _left(self, table: Ratings, counts: Array, opinion: Array) -> Array:
        """Return what neither the person's use of the scale nor the population explains of each rating, shape (n_rows,)."""
        mean, spread, _ = self._habits_of(counts).columns(table.person)
        return np.asarray(table.level - mean - spread * opinion[table.text])

    def _habits_of(self, counts: Array) -> Habits:
        return replace(self._usual, counts=counts)

    def _crossed(self, table: Ratings, opinion: Array, gram: Array) -> Array:
        """Return each rating's columns from the person's ratings in other folds, shape (n_rows, n_columns)."""
        folds = deal_folds(range(len(table)), random_state=self.random_state)
        votes, columns = np.zeros(len(table)), np.zeros((len(table), 5 + self.n_levels))
        for fold in range(FOLDS):
            rest, now = table.take(folds != fold), np.flatnonzero(folds == fold)
            counts = count_levels(rest, self.n_levels)
            left = self._left(rest, counts, opinion)
            for code in np.unique(table.person[now]):
                own, asked = rest.person == code, now[table.person[now] == code]
                text = rest.text[own]
                if len(text):
                    weights = self._votes(gram[np.ix_(text, text)], left[own])
                    votes[asked] = gram[np.ix_(table.text[asked], text)] @ weights
            habits = self._habits_of(counts).columns(table.person[now])
            columns[now] = self._columns(habits, opinion[table.text[now]], votes[now])[0]
        return columns

    def _columns(
        self, habits: tuple[Array, Array, Array], opinion: Array, vote: Array
    ) -> tuple[Array, Array]:
        mean, spread, shares = habits
        score = np.clip(mean + spread * opinion + vote, 1, self.n_levels)
        return np.column_stack([mean, spread, opinion, spread * opinion, vote, shares]), score

    def _fit_levels(self, columns: Array, level: Array) -> Any:
        with needs("scikit-learn"):
            from sklearn.linear_model import LogisticRegression
            from sklearn.pipeline import make_pipeline
            from sklearn.preprocessing import StandardScaler

        logit = LogisticRegression(C=0.1, max_iter=1000)
        return make_pipeline(StandardScaler(), logit).fit(columns, level.astype(int))

    def _rated(self, columns: Array, score: Array) -> Rated:
        probability = np.zeros((len(columns), self.n_levels))
        probability[:, self._levels.classes_ - 1] = self._levels.predict_proba(columns)
        levels = np.arange(1, self.n_levels + 1, dtype=float)
        gap = np.abs(levels[:, None] - levels)
        cost = probability @ (gap + self.squared * gap**2)
        return Rated(levels[cost.argmin(axis=1)], score, probability)

    def _checked(self, rows: Iterable[Answer]) -> Ratings:
        table = ratings(list(rows))
        bad = np.flatnonzero((table.level % 1 != 0) | (table.level < 1) | (table.level > self.n_levels))
        if len(bad):
            raise BadInput(
                f"Row {bad[0]} has a rating that is no whole number from 1 to {self.n_levels}; "
                "set `n_levels`, or round the ratings."
            )
        return table
