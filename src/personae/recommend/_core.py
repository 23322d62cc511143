"""The contract of the family: a method learns from many people's items, then keeps one row of numbers a person."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput, UnknownName
from personae.fittable import Fittable
from personae.metrics.ranking import Lists
from personae.recommend.interactions import Codes, Interactions, Items
from personae.recommend.training import Epoch, fingerprint

States = NDArray[np.generic]
Scores = NDArray[np.floating[Any]]
Watch = Callable[[Epoch], None]
TIE = 1e-3  # what popularity adds to a score at most, where it decides among equals alone


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One item of a list, its score (comparable within the list), and why.

    `because` are items the person had that speak for it most, `like` an attribute of it that they have more of than others.
    """

    item: str
    score: float
    because: tuple[str, ...] = ()
    like: str = ""


@dataclass(kw_only=True)
class Recommender(Fittable, ABC):
    """Base of the family's methods: settings are fields, `fit` learns, `clone` copies the settings.

    A method says how to learn from everyone (`_learn`), how to place people by their items (`place`: one row of numbers a
    person, the only thing kept of them), and how it scores the catalog for such rows (`score`).

    Parameters
    ----------
    random_state : int
    checkpoint : Path, optional
        Where long training is kept, so that an interrupted run goes on.

    Attributes
    ----------
    items_ : Items
        The catalog, in the order of the scores' columns; `numbers_` maps its ids to them.
    states_ : ndarray of shape (n_people, n_numbers)
        What is kept of each person; `index_` maps their names to its rows.
    attributes_, common_ : Lists, and ndarray of shape (n_attributes,)
        The attributes of each item, and the share of everyone's items that have each.
    """

    random_state: int = 0
    checkpoint: Path | None = None

    def clone(self) -> Self:
        """Return an unfitted copy."""
        return replace(self)

    def fit(
        self,
        rows: Interactions,
        items: Items | None = None,
        *,
        valid: Interactions | None = None,
        watch: Watch = lambda _: None,
    ) -> Self:
        """Learn from everyone's items, and place each of these people by theirs.

        Parameters
        ----------
        rows : Interactions
            Positive ones: filter ratings first. Somebody without a row is placed as anybody.
        items : Items, optional
            What is known of the catalog, `ids` in the order of `rows.items`; needed by methods that read attributes or text.
        valid : Interactions, optional
            Numbered as `rows`; methods that stop early stop by them.

        Raises
        ------
        BadInput
            When there is no row, or the catalog is another than the rows'.
        """
        if not len(rows):
            raise BadInput("No interactions to learn from: give at least one.")
        if items is not None and items.ids != rows.items:
            raise BadInput(
                "The catalog lists other items than the interactions, or in another order: build both with one catalog."
            )
        self.items_ = items or Items(rows.items, (), Lists.of([], [], n_people=len(rows.items)))
        self.numbers_ = {each: place for place, each in enumerate(self.items_.ids)}
        self.attributes_ = self.items_.has.distinct()
        had = np.bincount(self.attributes_.pairs_of(rows.item)[1], minlength=len(self.items_.attributes))
        self.common_ = np.maximum(had, 0.5) / len(rows)
        self.given_ = self._fingerprint(rows, valid) if self.checkpoint else ""
        self._learn(rows, valid, watch)
        self.states_ = self.place(rows.lists())
        self.index_ = {person: place for place, person in enumerate(rows.people)}
        return self

    def _fingerprint(self, rows: Interactions, valid: Interactions | None) -> str:
        told = [] if valid is None else [valid.person, valid.item]
        has = self.items_.has
        return fingerprint(
            rows.people,
            rows.items,
            rows.person,
            rows.item,
            self.items_.attributes,
            has.starts,
            has.items,
            *told,
        )

    def adapt(self, person: str, items: Sequence[str]) -> Self:
        """Place one person by these items alone, oldest first; nobody else is touched, and nothing is learned anew."""
        state = self.place(Lists.of([0] * len(items), self.codes(items), n_people=1))
        if person in self.index_:
            self.states_[self.index_[person]] = state[0]
        else:
            self.index_[person] = len(self.states_)
            self.states_ = np.concatenate([self.states_, state])
        return self

    def forget(self, person: str) -> Self:
        """Drop the person's row; what was learned of everyone stays."""
        if person in self.index_:
            kept = [name for name in self.index_ if name != person]
            self.states_ = self.states_[[self.index_[name] for name in kept]]
            self.index_ = {name: place for place, name in enumerate(kept)}
        return self

    def recommend(
        self, person: str, n: int = 10, *, known: Sequence[str] = (), liked: Sequence[str] | None = None
    ) -> list[Suggestion]:
        """Return the n best items for a person, without those they know; someone unknown gets what anybody would.

        Parameters
        ----------
        known : sequence of str
            Left out.
        liked : sequence of str, optional
            What reasons are taken from; what is known without it.

        Raises
        ------
        BadInput
            When n is below 1.
        UnknownName
            When an item is not in the catalog.

        Examples
        --------
        >>> from personae.recommend import Popularity, interactions
        >>> Popularity().fit(interactions(["ana", "bo", "bo"], ["x", "x", "y"])).recommend("ana", 1, known=["x"])
        [Suggestion(item='y', score=1.0, because=(), like='')]
        """
        if n < 1:
            raise BadInput(f"A list of {n} was asked for; give a length of 1 or more.")
        place = self.index_.get(person)
        state = self.place(Lists.of([], [], n_people=1)) if place is None else self.states_[place][None]
        had, reasons = self.codes(known), known if liked is None else liked
        scores = np.array(self.score(state)[0], dtype=float)
        scores[had] = -np.inf
        best = np.argsort(-scores, kind="stable")[: min(n, len(scores) - len(set(had.tolist())))]
        counts, n_reasons = self._counts(self.codes(reasons))
        ids = self.items_.ids
        return [
            Suggestion(
                ids[item],
                float(scores[item]),
                self.because(ids[item], reasons),
                self._like(item, counts, n_reasons),
            )
            for item in best.tolist()
        ]

    def because(self, item: str, known: Sequence[str]) -> tuple[str, ...]:
        """Return at most three of the items somebody had that speak for one, the most telling first."""
        return tuple(
            self.items_.ids[each] for each in self._because(int(self.codes([item])[0]), self.codes(known))
        )

    def like(self, item: str, known: Sequence[str]) -> str:
        """Return the attribute of an item that stands out most in what somebody had; "" where none does.

        Of n items k have it, and a share p of everyone's: it stands out by k ln(k / n p), and by nothing where k is 1.
        """
        return self._like(int(self.codes([item])[0]), *self._counts(self.codes(known)))

    def codes(self, items: Sequence[str]) -> Codes:
        """Return the numbers of items; raises `UnknownName` for one that is not in the catalog."""
        for each in items:
            if each not in self.numbers_:
                raise UnknownName(
                    f"No item {each!r} in the catalog of {len(self.numbers_)}: add it there, or leave it out."
                )
        return np.array([self.numbers_[each] for each in items], dtype=np.intp)

    @property
    def bytes_per_person(self) -> int:
        """Bytes kept of one person."""
        return int(self.states_[:1].nbytes)

    @abstractmethod
    def place(self, histories: Lists) -> States:
        """Return what is kept of people with these items, shape (n_people, n_numbers); nobody's items are a row too."""

    @abstractmethod
    def score(self, states: States) -> Scores:
        """Return the scores of the whole catalog, shape (n_people, n_items), higher first."""

    @abstractmethod
    def _learn(self, rows: Interactions, valid: Interactions | None, watch: Watch) -> None:
        """Learn what is shared by all people."""

    def _counts(self, had: Codes) -> tuple[Codes, int]:
        """Return how many of the items have each attribute, shape (n_attributes,), and how many there are."""
        had = np.unique(had)
        attributes = self.attributes_.pairs_of(had)[1]
        return np.bincount(attributes, minlength=len(self.items_.attributes)), len(had)

    def _like(self, item: int, counts: Codes, n: int) -> str:
        own = self.attributes_.items_of(item)
        k, expected = counts[own], n * self.common_[own]
        telling = np.where(k > 1, k * np.log(np.maximum(k, 1) / np.maximum(expected, 1e-12)), 0.0)
        best = int(np.argmax(telling)) if len(own) else 0
        return self.items_.attributes[own[best]] if len(own) and telling[best] > 0 else ""

    def _because(self, item: int, had: Codes) -> Codes:
        """Return at most three of the items somebody had that share most attributes with this one, rare ones counting more."""
        has = self.items_.has
        if not len(had) or not len(has.items):
            return np.zeros(0, dtype=np.intp)
        rarity = 1 / np.maximum(np.bincount(has.items, minlength=len(self.items_.attributes)), 1)
        own = np.zeros(len(self.items_.attributes))
        own[has.items_of(item)] = rarity[has.items_of(item)]
        shared = np.array([own[np.unique(has.items_of(int(each)))].sum() for each in had])
        order = np.argsort(-shared, kind="stable")[:3]
        return had[order[shared[order] > 0]]


def ties(popularity: Codes) -> Scores:
    """Return what is added to the scores of a catalog, shape (n_items,), so that of equals the more popular comes first.

    >>> (1000 * ties(np.array([3, 1, 0]))).round(3).tolist()
    [1.0, 0.5, 0.0]
    """
    return np.asarray(TIE * np.log1p(popularity) / np.log1p(max(popularity.max(), 1)), dtype=np.float32)
