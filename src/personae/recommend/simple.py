"""What every method must beat: the most popular items, items that the same people had, and items that are alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from personae.errors import BadInput
from personae.metrics.ranking import Lists
from personae.recommend._core import Recommender, Scores, States, Watch, ties
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


@dataclass(kw_only=True)
class AttributeCosine(Recommender):
    """The cosine between an item's attributes and those of what somebody had last, rare ones weighing more; nothing is learned.

    Source: Salton, Buckley (1988), "Term-weighting approaches in automatic text retrieval": counts times log(n / n_with).

    Parameters
    ----------
    n_last : int
        The items of a person that count, the last ones, each as much.

    Examples
    --------
    >>> from personae.recommend import Items, interactions
    >>> rows = interactions(["ana", "bo"], ["pen", "soap"], catalog=["pen", "ink", "soap"])
    >>> items = Items(rows.items, ("writes", "washes"), Lists.of([0, 1, 2], [0, 0, 1], n_people=3))
    >>> AttributeCosine().fit(rows, items).recommend("ana", 1, known=["pen"])[0].item
    'ink'
    """

    n_last: int = 10

    def place(self, histories: Lists) -> States:
        """Return the summed unit vectors of the last items, shape (n_people, n_attributes)."""
        from personae.recommend.sequences import last_items

        sparse = sparse_matrices()
        last = last_items(histories, self.n_last)
        people, places = np.nonzero(last >= 0)
        shape = (len(last), len(self.items_.ids))
        had = sparse.csr_matrix((np.ones(len(people)), (people, last[people, places])), shape)
        return np.asarray((had @ self.vectors_).toarray(), dtype=np.float32)

    def score(self, states: States) -> Scores:
        """Return inner products with the items' unit vectors, shape (n_people, n_items); ties by popularity."""
        return np.asarray((self.vectors_ @ states.T).T + self.ties_)

    def _learn(self, rows: Interactions, valid: Interactions | None, watch: Watch) -> None:
        sparse = sparse_matrices()
        has, n_items, n_attributes = self.items_.has, len(self.items_.ids), len(self.items_.attributes)
        if not n_attributes:
            raise BadInput("Nothing is known of the items: give `items` with attributes.")
        counts = sparse.csr_matrix(
            (np.ones(len(has.items)), (np.repeat(np.arange(n_items), has.counts()), has.items)),
            (n_items, n_attributes),
        )
        n_with = np.bincount(has.distinct().items, minlength=n_attributes)
        weighed = counts @ sparse.diags(np.log(n_items / np.maximum(n_with, 1)))
        norms = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1))[:, 0])
        self.vectors_ = (sparse.diags(1 / np.where(norms > 0, norms, 1)) @ weighed).tocsr()
        self.ties_ = ties(rows.popularity())


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
