"""The contract of the family: a method learns from many people's choices, then places one person by a few of theirs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from personae.errors import BadInput
from personae.metrics.logistic import sigmoid
from personae.people.records import Preference
from personae.preference._params import Parameters
from personae.preference.comparisons import Array, Codes, Comparisons, Item, comparisons

LARGEST = 1e30  # feature: beyond it squares leave the range of floats
Features = Callable[[Sequence[Item]], Array]  # items to vectors of shape (n_items, n_features)
BAND = 1.645  # of the normal distribution: intervals hold 90%


@dataclass(frozen=True, slots=True)
class Chances:
    """P(a is chosen) for n rows, with a 90% interval: arrays of shape (n,).

    Notes
    -----
    The interval holds what a person's choices leave open under the method's own model of people. That the model itself may be
    wrong, or was learned from few, is not in it, so that it may hold the truth less often.
    """

    probability: Array
    low: Array
    high: Array


@dataclass(frozen=True, slots=True)
class Chance:
    """P(a is chosen), with a 90% interval as of `Chances`; `is_known` is false where the method has never seen the person."""

    probability: float
    low: float
    high: float
    is_known: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """One readable part of what a person prefers: its name, its signed weight in log-odds, and items that show it."""

    name: str
    weight: float
    examples: tuple[str, ...] = ()


class Personaliser(Parameters, ABC):
    """Base of the family's methods, after scikit-learn: the constructor stores, `fit` learns, `clone` copies.

    A method says how to learn from everyone (`_learn`), how to place people by their choices (`_place`: one row of numbers a
    person, the only thing kept of them), and what it then expects (`_chances`). `features` maps items to vectors.

    Attributes
    ----------
    states_ : ndarray of shape (n_people, n_numbers)
        What is kept of each person; `index_` maps their names to its rows. The state of someone unknown is `unknown_`.
    """

    features: Features

    def fit(self, rows: Iterable[Preference] | Comparisons) -> Self:
        """Learn the population from everyone's choices, and place each of these people by theirs.

        Raises
        ------
        BadInput
            When there is no row, or a feature is not a finite number; names the item by its place, never by its text.
        """
        table = comparisons(rows)
        if not len(table):
            raise BadInput("No preference rows to learn from: give at least one.")
        vectors = self._vectors(table)
        self._learn(table, vectors)
        self.unknown_ = self._place(table.take(np.zeros(0, dtype=np.intp)), vectors, 1)[0]
        self.states_ = self._place(table, vectors, len(table.people))
        self.index_ = {person: place for place, person in enumerate(table.people)}
        return self

    def adapt(self, person: str, shots: Iterable[Preference]) -> Self:
        """Place one person by these choices alone; a person already known is placed anew, with no shots as if unknown."""
        shots = list(shots)
        if any(shot.person != person for shot in shots):
            raise BadInput(f"Shots of somebody else than {person!r} were given; choose those rows by person.")
        if not shots:
            return self._keep((person,), self.unknown_[None])
        return self.adapt_all(shots)

    def adapt_all(self, rows: Iterable[Preference] | Comparisons) -> Self:
        """Place many people at once, each by their own rows; people without a row are left as they are."""
        table = comparisons(rows)
        placed = self._place(table, self._vectors(table), len(table.people))
        given = np.flatnonzero(table.counts())
        return self._keep(tuple(table.people[code] for code in given), placed[given])

    def forget(self, person: str) -> Self:
        """Drop all that is kept of a person; what was learned of the population stays."""
        if person in self.index_:
            kept = [name for name in self.index_ if name != person]
            self.states_ = self.states_[[self.index_[name] for name in kept]]
            self.index_ = {name: place for place, name in enumerate(kept)}
        return self

    def prob(self, person: str, context: str, a: str, b: str) -> Chance:
        """Return the probability that a person chooses a over b; for someone unknown, the population's."""
        found = self.probs([Preference(person, context, a, b, "tie")])
        return Chance(
            float(found.probability[0]), float(found.low[0]), float(found.high[0]), person in self.index_
        )

    def probs(self, rows: Iterable[Preference] | Comparisons) -> Chances:
        """Return the probability that a is chosen in each row, whatever was chosen."""
        table = comparisons(rows)
        states = np.tile(self.unknown_, (len(table.people), 1))
        known = [code for code, person in enumerate(table.people) if person in self.index_]
        states[known] = self.states_[[self.index_[table.people[code]] for code in known]]
        return self._chances(states, table, self._vectors(table))

    @abstractmethod
    def explain(self, person: str) -> list[Reason]:
        """Return what is believed of a person's taste, the largest weights first; of someone unknown, nothing."""

    @property
    def bytes_per_person(self) -> int:
        """Bytes kept of one person."""
        return int(self.unknown_.nbytes)

    @abstractmethod
    def _learn(self, table: Comparisons, vectors: Array) -> None:
        """Learn the population; `vectors` has shape (n_items, n_features)."""

    @abstractmethod
    def _place(self, table: Comparisons, vectors: Array, n_people: int) -> Array:
        """Return states of shape (n_people, n_numbers) from each person's rows; without rows, the population's."""

    @abstractmethod
    def _chances(self, states: Array, table: Comparisons, vectors: Array) -> Chances:
        """Return what people in these states (n_people, n_numbers) choose; `table.person` points into the states."""

    def _vectors(self, table: Comparisons) -> Array:
        return vectors_of(self.features, table.items)

    def _keep(self, people: tuple[str, ...], states: Array) -> Self:
        new = [person for person in people if person not in self.index_]
        if new:
            start = len(self.states_)
            self.index_.update({person: start + place for place, person in enumerate(new)})
            self._make_room(len(new))
            self.states_[start:] = self.unknown_
        self.states_[[self.index_[person] for person in people]] = states
        return self

    def _make_room(self, more: int) -> None:
        """Lengthen the states, whose memory doubles when it is full: one new person must not copy everyone."""
        n = len(self.states_) + more
        room: Array = getattr(self, "_room", self.states_)
        if self.states_.base is not room or len(room) < n:
            room = np.empty((max(n, 2 * len(self.states_)), self.states_.shape[1]))
            room[: len(self.states_)] = self.states_
            self._room = room
        self.states_ = room[:n]


def vectors_of(features: Features, items: Sequence[Item]) -> Array:
    """Return what features say of items, shape (n_items, n_features).

    Raises
    ------
    BadInput
        When they are no numbers, not one row an item, without a column, or not within `LARGEST`; names the item by its place,
        never by its text.
    """
    found = features(items)
    try:
        vectors = np.asarray(found, dtype=float)
    except (TypeError, ValueError):
        raise BadInput("The features are no array of numbers: return one row of numbers an item.") from None
    if vectors.ndim != 2 or len(vectors) != len(items) or not vectors.shape[1]:
        raise BadInput(
            f"The features of {len(items)} items have the shape {vectors.shape}: return one row of numbers an item."
        )
    bad = np.flatnonzero(~(np.abs(vectors) <= LARGEST).all(axis=1))
    if len(bad):
        raise BadInput(
            f"The features of {len(bad)} items are not finite numbers, or beyond {LARGEST:g}; the first is item {bad[0]}."
        )
    return vectors


def chances_of_margins(mean: Array, sd: Array) -> Chances:
    """Return P(a) where the log-odds are normal with this mean and standard deviation, both of shape (n,).

    Notes
    -----
    E sigmoid(N(m, s^2)) is close to sigmoid(m / sqrt(1 + pi s^2 / 8)) (MacKay 1992, "The Evidence Framework Applied to
    Classification Networks", section 3). It may lie outside of the quantiles where both are large; the interval then ends at it.
    """
    chance = sigmoid(mean / np.sqrt(1 + np.pi * sd**2 / 8))
    low, high = sigmoid(mean - BAND * sd), sigmoid(mean + BAND * sd)
    return Chances(chance, np.minimum(low, chance), np.maximum(high, chance))


def padded(table: Comparisons, n_people: int) -> tuple[Codes, Array]:
    """Return each person's rows side by side: places of shape (n_people, most), and 1 where there is a row, else 0."""
    counts = np.bincount(table.person, minlength=n_people)
    order = np.argsort(table.person, kind="stable")
    starts = np.cumsum(counts) - counts
    slots = np.arange(len(table)) - np.repeat(starts, counts)
    places = np.zeros((n_people, int(counts.max(initial=0))), dtype=np.intp)
    is_row = np.zeros(places.shape)
    places[table.person[order], slots] = order
    is_row[table.person[order], slots] = 1.0
    return places, is_row
