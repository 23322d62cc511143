"""What every method must beat: the most popular items, and items that the same people had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from personae.metrics.ranking import Lists
from personae.recommend._core import Recommender, Scores, States, Watch
from personae.recommend._sparse import sparse_matrices
from personae.recommend.interactions import Codes, Interactions


@dataclass(kw_only=True)
class Popularity(Recommender):
    """How many people had an item, whoever asks."""

    def place(self, histories: Lists) -> States:
        """Return nothing for anybody, shape (n_people, 0)."""
        return np.zeros((len(histories), 0))

    def score(self, states: States) -> Scores:
        """Return the counts, shape (n_people, n_items)."""
        return np.tile(self.counts_, (len(states), 1))

    def _learn(self, rows: Interactions, valid: Interactions | None, watch: Watch) -> None:
        self.counts_ = rows.popularity().astype(np.float32)


@dataclass(kw_only=True)
class ItemKNN(Recommender):
    """The sum of cosines between an item and those somebody had, over each item's nearest.

    Source: Deshpande, Karypis (2004), "Item-Based Top-N Recommendation Algorithms", section 4.

    Parameters
    ----------
    n_neighbors : int
        Cosines kept for each item.
    n_last : int
        The items of a person that count, the last ones.
    """

    n_neighbors: int = 100
    n_last: int = 50

    def place(self, histories: Lists) -> States:
        """Return the last items, shape (n_people, n_last)."""
        from personae.recommend.sequences import last_items

        return last_items(histories, self.n_last)

    def score(self, states: States) -> Scores:
        """Return summed cosines, shape (n_people, n_items)."""
        sparse = sparse_matrices()
        last = np.asarray(states, dtype=np.intp)
        people, places = np.nonzero(last >= 0)
        items = last[people, places]
        had = sparse.csr_matrix((np.ones(len(items)), (people, items)), (len(states), len(self.items_.ids)))
        return np.asarray((had @ self.cosines_).toarray())

    def _because(self, item: int, had: Codes) -> Codes:
        """Return at most three of the items somebody had whose cosines with this one are highest."""
        cosines = np.asarray(self.cosines_[had][:, [item]].toarray())[:, 0]
        order = np.argsort(-cosines, kind="stable")[:3]
        return had[order[cosines[order] > 0]]

    def _learn(self, rows: Interactions, valid: Interactions | None, watch: Watch) -> None:
        sparse = sparse_matrices()
        shape = (len(rows.people), len(rows.items))
        had = sparse.csr_matrix((np.ones(len(rows)), (rows.person, rows.item)), shape)
        norms = np.sqrt(np.maximum(rows.popularity(), 1))
        unit = had @ sparse.diags(1 / norms)
        cosines = unit.T @ unit
        self.cosines_ = _nearest((cosines - sparse.diags(cosines.diagonal())).tocsr(), self.n_neighbors)


def _nearest(cosines: Any, k: int) -> Any:
    """Return the matrix with the k highest of each row alone."""
    counts = np.diff(cosines.indptr)
    row = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((-cosines.data, row))
    rank = np.arange(len(row)) - np.repeat(cosines.indptr[:-1], counts)
    dropped = order[rank >= k]
    kept = cosines.copy()
    kept.data[dropped] = 0
    kept.eliminate_zeros()
    return kept
