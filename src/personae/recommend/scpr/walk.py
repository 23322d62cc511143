"""Hundreds of walks over the graph at once: who is still in question, what can be asked, which question tells most.

Source: Lei et al. (2020), "Interactive Path Reasoning on Graph for Conversational Recommendation", KDD, arXiv 2007.00194,
sections 4.2 and 4.3, equations 5 to 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.recommend.interactions import Codes
from personae.recommend.scpr.graph import Graph

Flags = NDArray[np.bool_]
Array = NDArray[np.floating[Any]]
NOTHING = -1
_STEPS = 1023  # a weight is a whole number of these: sums are exact in whatever order, and so are ties
_QUEUE = 150  # items ranked at a time: as many as fifteen lists show
_ROWS = 64  # walks whose questions are compared in one go: their counts stay in the cache


@dataclass(frozen=True, slots=True)
class Vectors:
    """What people, items and attributes are to each other: inner products of rows."""

    people: Array  # (n_people, d)
    items: Array  # (n_items, d)
    attributes: Array  # (n_attributes, d)


class Walk:
    """n walks, each of one person towards an item they want.

    Parameters
    ----------
    graph : Graph
    vectors : Vectors
    people : ndarray of shape (n,)
        -1 for someone unknown, who has no vector and no friends.
    is_weighted : bool
        Weigh each candidate by sigmoid(score) in the entropy (the paper's best), else by 1 (its code's default).
    reaches_all : bool
        Ask for any attribute, adjacent or not.
    heeds_refusals : bool
        Take items out that have what was refused; the paper keeps them.
    asks_idly : bool
        Ask even what all candidates or none of them have, as the published code does, rather than nothing.

    Attributes
    ----------
    n_left : ndarray of shape (n,)
        Candidates of each walk.

    Notes
    -----
    score(v) = u.v + sum of p.v over accepted attributes p (equation 5). The entropy of an attribute that a share q of the
    candidates' weight has is highest where q is nearest to one half (equations 8 and 10), so no logarithm is taken: the
    question is the attribute with the least |2 weight(p) - weight|, the lowest number among equals. Weights are whole
    numbers, so that equals are equal on every machine.

    An attribute that some candidates have and others lack is always adjacent: every candidate has the attribute accepted last.
    Reaching all attributes, or those of friends, differs only where there is nothing left to tell candidates apart by.
    """

    def __init__(
        self, graph: Graph, vectors: Vectors, people: Codes, *, is_weighted: bool = False, reaches_all: bool = False,
        asks_idly: bool = False, heeds_refusals: bool = False,
    ) -> None:  # fmt: skip
        n = len(people)
        self.graph, self.vectors, self.people = graph, vectors, people
        self.is_weighted, self.reaches_all = is_weighted, reaches_all
        self.asks_idly, self.heeds_refusals = asks_idly, heeds_refusals
        self.candidates = np.ones((n, graph.n_items), dtype=bool)
        self.n_left = np.full(n, graph.n_items)
        self.taste = np.where((people >= 0)[:, None], vectors.people[np.maximum(people, 0)], 0) if len(vectors.people) else (
            np.zeros((n, vectors.items.shape[1]))
        )  # fmt: skip
        self.weights = np.zeros((n, graph.n_attributes), dtype=np.int32)
        self.weight = np.zeros(n, dtype=np.int32)
        self.is_open = np.full((n, graph.n_attributes), reaches_all)
        self.is_asked = np.zeros((n, graph.n_attributes), dtype=bool)
        self._scores = np.zeros((n, graph.n_items), dtype=np.float32)
        self._is_scored = np.zeros(n, dtype=bool)
        self._queue = np.full((n, min(_QUEUE, graph.n_items)), NOTHING)
        self._best = np.full(n, NOTHING)
        self._share = np.zeros(n)
        self._is_fresh = np.zeros(n, dtype=bool)

    def __len__(self) -> int:
        return len(self.people)

    def open(self, rows: Codes, attributes: Codes) -> None:
        """Begin with the attribute that somebody names."""
        self.accept(rows, attributes)

    def accept(self, rows: Codes, attributes: Codes) -> None:
        """Keep the candidates that have the attribute, go there, and look around."""
        row, item = self.graph.holders.pairs_of(attributes)
        stays = self.candidates[rows[row], item]
        row, item = row[stays], item[stays]
        self.candidates[rows] = False
        self.candidates[rows[row], item] = True
        self.n_left[rows] = np.bincount(row, minlength=len(rows))
        self.taste[rows] += self.vectors.attributes[attributes]
        self._is_scored[rows] = False
        self._queue[rows] = NOTHING
        self._weigh(rows, row, item)
        self.is_asked[rows, attributes] = True
        self._reach(rows, attributes)

    def refuse(self, rows: Codes, attributes: Codes) -> None:
        """Ask no more for the attribute; items that have it stay, for a refusal may mean that somebody does not care."""
        self.skip(rows, attributes)
        if self.heeds_refusals:
            row, item = self.graph.holders.pairs_of(attributes)
            gone = np.zeros((len(rows), self.graph.n_items), dtype=bool)
            gone[row, item] = True
            self._take_out(rows, *np.nonzero(gone & self.candidates[rows]))

    def skip(self, rows: Codes, attributes: Codes) -> None:
        """Ask no more for the attribute: somebody does not know."""
        self.is_asked[rows, attributes] = True
        self.is_open[rows, attributes] = False
        self._is_fresh[rows] = False

    def drop(self, rows: Codes, lists: Codes) -> None:
        """Take items that were shown in vain out of the candidates; lists of shape (len(rows), k), -1 where short."""
        row, place = np.nonzero(lists != NOTHING)
        self._take_out(rows, row, lists[row, place])

    def question(self, rows: Codes) -> tuple[Codes, Array]:
        """Return the attribute to ask for in each of these walks, -1 where none is left, and its entropy in bits."""
        stale = rows[~self._is_fresh[rows]]
        for start in range(0, len(stale), _ROWS):
            self._compare(stale[start : start + _ROWS])
        share = self._share[rows]
        return self._best[rows], _entropy(share)

    def best(self, rows: Codes, k: int) -> Codes:
        """Return the k candidates with the highest scores, shape (len(rows), k), -1 where there are fewer."""
        queue, is_left = self._queued(rows)
        short = np.flatnonzero(is_left.sum(axis=1) < np.minimum(k, self.n_left[rows]))
        if len(short):
            stale = rows[short]
            self._queue[stale] = top(
                np.where(self.candidates[stale], self.scores(stale), -np.inf), self._queue.shape[1]
            )
            queue, is_left = self._queued(rows)
        first = np.argsort(~is_left, axis=1, kind="stable")[:, :k]
        return np.where(np.take_along_axis(is_left, first, 1), np.take_along_axis(queue, first, 1), NOTHING)

    def ahead(self, rows: Codes, items: Codes) -> Codes:
        """Return how many candidates each item stands behind, shape (len(rows),); as many as there are items if it is none."""
        scores, own = self.scores(rows), self._scores[rows, items][:, None]
        is_first = np.arange(self.graph.n_items) < items[:, None]
        is_ahead = self.candidates[rows] & ((scores > own) | ((scores == own) & is_first))
        return np.where(self.candidates[rows, items], is_ahead.sum(axis=1), self.graph.n_items)

    def _queued(self, rows: Codes) -> tuple[Codes, Flags]:
        """Return the best items as they were ranked last, and which of them are candidates still."""
        queue = self._queue[rows]
        return queue, (queue != NOTHING) & self.candidates[rows[:, None], queue]

    def scores(self, rows: Codes) -> Array:
        """Return scores of all items, shape (len(rows), n_items)."""
        stale = rows[~self._is_scored[rows]]
        items = self.vectors.items.astype(np.float32, copy=False)
        self._scores[stale] = self.taste[stale].astype(np.float32) @ items.T
        self._is_scored[stale] = True
        return self._scores[rows]

    def _take_out(self, rows: Codes, row: Codes, item: Codes) -> None:
        which, attribute = self.graph.has.pairs_of(item)
        owns = self._own_weights(rows[row], item)
        np.subtract.at(self.weights, (rows[row[which]], attribute), owns[which])
        np.subtract.at(self.weight, rows[row], owns)
        self.candidates[rows[row], item] = False
        self.n_left[rows] -= np.bincount(row, minlength=len(rows))
        self._is_fresh[rows] = False

    def _own_weights(self, rows: Codes, items: Codes) -> NDArray[np.int32]:
        if not self.is_weighted:
            return np.ones(len(items), dtype=np.int32)
        scores = np.einsum("ij,ij->i", self.taste[rows], self.vectors.items[items], dtype=float)
        return np.asarray(np.maximum(np.rint(_STEPS / (1 + np.exp(-scores))), 1), dtype=np.int32)

    def _weigh(self, rows: Codes, row: Codes, item: Codes) -> None:
        """Sum the candidates' weights for each attribute anew."""
        own = self._own_weights(rows[row], item)
        self.weight[rows] = np.bincount(row, own, len(rows))
        which, attribute = self.graph.has.pairs_of(item)
        size = self.graph.n_attributes
        sums = np.bincount(
            row[which] * size + attribute, own[which] if self.is_weighted else None, len(rows) * size
        )
        self.weights[rows] = sums.reshape(len(rows), size)
        self._is_fresh[rows] = False

    def _reach(self, rows: Codes, attributes: Codes) -> None:
        """Open what is adjacent to the attribute accepted last, by candidates and by friends who like it too."""
        if not self.reaches_all:
            self.is_open[rows] = self.weights[rows] > 0
            row, liked = self.graph.friends_likes(self.people[rows], attributes)
            self.is_open[rows[row], liked] = True
        self.is_open[rows] &= ~self.is_asked[rows]

    def _compare(self, rows: Codes) -> None:
        uneven = np.abs(2 * self.weights[rows] - self.weight[rows, None])
        far = np.iinfo(np.int32).max if self.asks_idly else self.weight[rows, None]
        np.copyto(uneven, far, where=~self.is_open[rows])
        best = uneven.argmin(axis=1)
        least = uneven[np.arange(len(rows)), best]
        is_none = least == (np.iinfo(np.int32).max if self.asks_idly else self.weight[rows])
        self._best[rows] = np.where(is_none, NOTHING, best)
        self._share[rows] = np.where(is_none, 0, self.weights[rows, best] / np.maximum(self.weight[rows], 1))
        self._is_fresh[rows] = True


def top(scores: Array, k: int) -> Codes:
    """Return the places of each row's k highest scores, the lower place first among equals; -1 for what is -inf.

    >>> top(np.array([[1.0, 3.0, 3.0, 3.0], [0.0, -np.inf, -np.inf, -np.inf]]), 2).tolist()
    [[1, 2], [0, -1]]
    """
    k = min(k, scores.shape[1])
    found = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    least = np.take_along_axis(scores, found, 1).min(axis=1, keepdims=True)
    for row in np.flatnonzero(((scores >= least).sum(axis=1) > k) & np.isfinite(least[:, 0])):
        found[row] = np.argsort(-scores[row], kind="stable")[:k]
    values = np.take_along_axis(scores, found, 1)
    order = np.lexsort((found, -values), axis=1)
    found = np.take_along_axis(found, order, 1)
    return np.where(np.isfinite(np.take_along_axis(values, order, 1)), found, NOTHING)


def _entropy(share: Array) -> Array:
    inside = np.clip(share, 1e-12, 1 - 1e-12)
    bits = -inside * np.log2(inside) - (1 - inside) * np.log2(1 - inside)
    return np.where((share > 0) & (share < 1), bits, 0.0)
