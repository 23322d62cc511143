"""How good ranked lists are: recall, NDCG, MRR and AUC over the whole catalog, never over sampled candidates.

Source: Järvelin, Kekäläinen (2002), "Cumulated Gain-Based Evaluation of IR Techniques"; Krichene, Rendle (2020), "On Sampled
Metrics for Item Recommendation", for why nothing is sampled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
MEASURES = ("recall", "precision", "f1", "ndcg", "mrr", "hit")
_AT_ONCE = 4_000_000  # scores held against those of wanted items at a time, 16 MB


@dataclass(frozen=True, slots=True)
class Lists:
    """Items of each person in one array: those of person p are items[starts[p]:starts[p + 1]].

    >>> Lists.of([1, 0, 1], [7, 8, 9], n_people=2).items_of(1).tolist()
    [7, 9]
    """

    starts: Codes  # (n_people + 1,)
    items: Codes

    @classmethod
    def of(cls, people: Codes | list[int], items: Codes | list[int], *, n_people: int) -> Lists:
        """Group pairs (person, item); the order within a person is kept."""
        person = np.asarray(people, dtype=np.intp)
        order = np.argsort(person, kind="stable")
        counts = np.bincount(person, minlength=n_people)
        return cls(np.concatenate([[0], np.cumsum(counts)]), np.asarray(items, dtype=np.intp)[order])

    def __len__(self) -> int:
        return len(self.starts) - 1

    def counts(self) -> Codes:
        """Return how many items each person has."""
        return np.diff(self.starts)

    def items_of(self, person: int) -> Codes:
        """Return one person's items."""
        return self.items[self.starts[person] : self.starts[person + 1]]

    def distinct(self) -> Lists:
        """Return each person's items once each, in ascending order.

        >>> Lists.of([0, 0, 0], [8, 7, 8], n_people=1).distinct().items_of(0).tolist()
        [7, 8]
        """
        width = int(self.items.max(initial=0)) + 1
        pairs = np.unique(np.repeat(np.arange(len(self)), self.counts()) * width + self.items)
        return Lists.of(pairs // width, pairs % width, n_people=len(self))

    def pairs(self, first: int, last: int) -> tuple[Codes, Codes]:
        """Return people, counted from `first`, and their items, for people first <= p < last."""
        counts = self.counts()[first:last]
        return np.repeat(np.arange(last - first), counts), self.items[self.starts[first] : self.starts[last]]

    def pairs_of(self, people: Codes) -> tuple[Codes, Codes]:
        """Return (row in `people`, item) for the items of some people, who may occur more than once.

        >>> Lists.of([1, 0, 1], [7, 8, 9], n_people=2).pairs_of(np.array([1, 1]))[1].tolist()
        [7, 9, 7, 9]
        """
        counts = self.counts()[people]
        rows = np.repeat(np.arange(len(people)), counts)
        offsets = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        return rows, self.items[self.starts[people][rows] + offsets]

    def inverse(self, n_items: int) -> Lists:
        """Return who has each item, people in ascending order.

        >>> Lists.of([0, 1, 1], [2, 2, 0], n_people=2).inverse(3).items_of(2).tolist()
        [0, 1]
        """
        return Lists.of(self.items, np.repeat(np.arange(len(self)), self.counts()), n_people=n_items)


def rank_all(
    score: Callable[[Codes], NDArray[np.floating]],
    wanted: Lists,
    *,
    known: Lists | None = None,
    n_items: int,
    at: int,
    batch_size: int = 256,
) -> Ranked:
    """Rank the whole catalog for everyone who has wanted items, a batch of people at a time.

    Parameters
    ----------
    score : callable
        Takes people, shape (n,), and returns scores of shape (n, n_items), higher first.
    wanted : Lists
        The held-out items.
    known : Lists, optional
        Items that are not to be recommended again.
    at : int
        Length of the lists; 0 where places alone are wanted, which takes half the time.

    Raises
    ------
    BadInput
        When nobody has a wanted item, a list has no length, or scores have another shape, are NaN or too large for float32.

    Notes
    -----
    Memory is some copies of one batch's scores, whatever the number of people.

    Ties rank by chance of the catalog's order: a wanted item's place counts half of the items that score the same, so that
    constant scores rank at random and not at the top.
    """
    if at < 0:
        raise BadInput(f"Lists of {at} items: give 0 for places alone, else a length.")
    people = np.flatnonzero(wanted.counts())
    if not len(people):
        raise BadInput("Nobody has a wanted item: there is nothing to rank for.")
    parts = [
        _ranked(_finite(score(people[start : start + batch_size])),
                people[start : start + batch_size], wanted, known, n_items, at)
        for start in range(0, len(people), batch_size)
    ]  # fmt: skip
    lists, rows, places, aucs = zip(*parts, strict=True)
    shifts = np.repeat(np.arange(len(parts)) * batch_size, [len(each) for each in rows])
    return Ranked(people, np.vstack(lists), np.concatenate(rows) + shifts, np.concatenate(places),
                  np.concatenate(aucs), wanted.counts()[people])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ranked:
    """The lists, and where the wanted items came.

    Parameters
    ----------
    people : ndarray of shape (n_people,)
        Those with wanted items.
    lists : ndarray of shape (n_people, at)
        Items, best first.
    row, place : ndarray of shape (n_wanted,)
        For each wanted item, whose it is (a row of `people`) and its place in the whole catalog, from 0; halves in ties.
    auc : ndarray of shape (n_people,)
        The chance that a wanted item is above one that is neither wanted nor known.
    n_wanted : ndarray of shape (n_people,)
    """

    people: Codes
    lists: Codes
    row: Codes
    place: Array
    auc: Array
    n_wanted: Codes

    def per_person(self, measure: str, k: int) -> Array:
        """Return a measure of `MEASURES` at k for each person, shape (n_people,), in [0, 1].

        NDCG's best is min(k, n_wanted) items at the top; MRR is 1 / (place of the first + 1) within k.
        """
        if measure not in MEASURES or not k > 0:
            raise BadInput(f"No measure {measure!r} at {k}; there are {', '.join(MEASURES)}, at 1 or more.")
        inside = self.place < k
        hits = np.bincount(self.row, inside, len(self.people))
        recall, precision = hits / self.n_wanted, hits / k
        if measure == "ndcg":
            gain = np.bincount(self.row, inside / np.log2(self.place + 2), len(self.people))
            best = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(k) + 2))])
            return np.asarray(gain / best[np.minimum(self.n_wanted, k)])
        if measure == "mrr":
            first = np.full(len(self.people), np.inf)
            np.minimum.at(first, self.row, self.place)
            return np.where(first < k, 1 / (first + 1), 0.0)
        if measure == "f1":
            return np.asarray(2 * hits / (self.n_wanted + k))
        return np.asarray(
            {"recall": recall, "precision": precision, "hit": (hits > 0).astype(float)}[measure]
        )

    def take(self, wanted: NDArray[np.bool_]) -> Ranked:
        """Return the view on some wanted items alone (cold, long tail), shape (n_wanted,); people left without drop out."""
        counts = np.bincount(self.row[wanted], minlength=len(self.people))
        kept = np.flatnonzero(counts)
        new = np.zeros(len(self.people), dtype=np.intp)
        new[kept] = np.arange(len(kept))
        return Ranked(self.people[kept], self.lists[kept], new[self.row[wanted]], self.place[wanted], self.auc[kept],
                      counts[kept])  # fmt: skip


def _finite(scores: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return scores as they are ranked; -inf may keep an item from being listed, but nothing may be NaN or beyond float32."""
    with np.errstate(over="ignore"):
        found = np.asarray(scores, dtype=np.float32)
    if not (found < np.inf).all():
        raise BadInput(
            "Scores are NaN or above 3.4e38: the model has learned nothing, or its scores want scaling."
        )
    return found


def _ranked(
    scores: NDArray[np.float32], people: Codes, wanted: Lists, known: Lists | None, n_items: int, at: int
) -> tuple[Codes, Codes, Array, Array]:
    if scores.shape != (len(people), n_items):
        raise BadInput(f"Scores of shape {scores.shape} for {len(people)} people and {n_items} items.")
    scores = scores.copy()
    if known is not None:
        scores[known.pairs_of(people)] = -np.inf
    row, item = wanted.pairs_of(people)
    own = scores[row, item]
    place, left = np.empty(len(row)), np.count_nonzero(np.isfinite(scores), axis=1)
    step = max(1, _AT_ONCE // n_items)
    for chosen in (slice(start, start + step) for start in range(0, len(row), step)):
        others = scores[row[chosen]]
        higher = np.count_nonzero(others > own[chosen, None], axis=1)
        same = np.count_nonzero(others == own[chosen, None], axis=1) - 1
        place[chosen] = np.where(np.isfinite(own[chosen]), higher + same / 2, n_items)
    return _best(scores, min(at, n_items)), row, place, _aucs(row, place, np.isfinite(own), left)


def _best(scores: NDArray[np.float32], at: int) -> Codes:
    """Return the `at` items that score highest, best first, ties in the catalog's order, shape (n_people, at).

    They lie in the `at` blocks of the catalog whose highest scores are the highest; the rest is never sorted.
    """
    n_people, n_items = scores.shape
    width = max(1, int((n_items / max(at, 1)) ** 0.5))
    highest = np.maximum.reduceat(scores, np.arange(0, n_items, width), axis=1)
    blocks = np.sort(np.argsort(-highest, axis=1, kind="stable")[:, :at], axis=1)
    items = (blocks[:, :, None] * width + np.arange(width)).reshape(n_people, -1)
    inside = np.take_along_axis(scores, np.minimum(items, n_items - 1), axis=1)
    inside[items >= n_items] = -np.inf
    order = np.argsort(-inside, axis=1, kind="stable")[:, :at]
    return np.take_along_axis(items, order, axis=1)


def _aucs(row: Codes, place: Array, listed: NDArray[np.bool_], left: Codes) -> Array:
    """Return each person's AUC from the places of wanted items among the `left` that could be listed; the others come last."""
    n, n_listed = (np.bincount(some, minlength=len(left)) for some in (row, row[listed]))
    others = left - n_listed
    above = np.bincount(row[listed], place[listed], len(left)) - n_listed * (n_listed - 1) / 2
    above += (n - n_listed) * others  # unwanted above wanted, summed
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.clip(1 - above / (n * others), 0, 1))
