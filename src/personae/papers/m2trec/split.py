"""A tenth of the catalog is new: no training window has such an item, and the last thing some people chose is one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from personae.papers.amazon import Sequences
from personae.recommend import Interactions, Items, last_out

SHARE_NEW = 0.1
LEAST = 5  # an item with fewer training windows is rare


@dataclass(frozen=True, slots=True)
class ColdSplit:
    """Everyone's last item is the test, the one before it the validation.

    Parameters
    ----------
    train : Interactions
        Sessions: what people had before, cut where a new item stood.
    valid : Interactions
        Of each person's last session, on items that are not new.
    before, test : Interactions
        Whole histories, new items among them, and what came next.
    is_new : ndarray of shape (n_items,)
    n_trained : ndarray of shape (n_items,)
        How often each item stands in `train`.
    """

    items: Items
    train: Interactions
    valid: Interactions
    before: Interactions
    test: Interactions
    is_new: NDArray[np.bool_]
    n_trained: NDArray[np.intp]

    def views(self) -> dict[str, NDArray[np.bool_]]:
        """Return which test rows each view keeps, in the order of people; shape (n_people,)."""
        new, n = self.is_new[self.test.item], self.n_trained[self.test.item]
        return {"all": n > -1, "warm": ~new, "rare": ~new & (n < LEAST), "never seen": new}


def cold_split(sequences: Sequences, random_state: int = 0) -> ColdSplit:
    """Choose new items by lot, and cut.

    Notes
    -----
    A rare item may have no training window at all by chance of the cut; it is counted as rare, not as new.
    """
    rows = sequences.rows
    random = np.random.default_rng(random_state)
    is_new = np.zeros(len(rows.items), dtype=bool)
    is_new[random.permutation(len(rows.items))[: round(SHARE_NEW * len(rows.items))]] = True
    before, test = last_out(rows)
    early, late = last_out(before)
    train, last = _sessions(early, is_new)
    valid = replace(late, people=train.people, person=last[late.person])
    return ColdSplit(
        sequences.items, train, valid.take(~is_new[late.item]), before, test, is_new, train.popularity()
    )


def _sessions(rows: Interactions, is_new: NDArray[np.bool_]) -> tuple[Interactions, NDArray[np.intp]]:
    """Return rows cut at new items, which drop out, and the number of each person's last session."""
    is_cut = is_new[rows.item]
    cuts = np.bincount(rows.person, is_cut, len(rows.people)).astype(np.intp)
    last = np.cumsum(cuts + 1) - 1
    session = np.cumsum(is_cut) + rows.person
    names = tuple(f"{rows.people[person]}.{place}" for person, n in enumerate(cuts) for place in range(n + 1))
    return replace(rows, people=names, person=session).take(~is_cut), last
