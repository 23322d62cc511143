"""Splits that keep people whole: rows of one person, or linked in any way, never stand on both sides."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.metrics.intervals import RandomState

FOLDS = 5


def deal_folds(
    groups: Sequence[Hashable], *, n_folds: int = FOLDS, random_state: RandomState = 0
) -> NDArray[np.intp]:
    """Return the fold of each row, in [0, n_folds): groups are dealt out like shuffled cards.

    With fewer groups than folds some folds are empty.

    >>> folds = deal_folds(["a", "b", "a", "c"], n_folds=3)
    >>> bool(folds[0] == folds[2]), sorted(set(folds.tolist()))
    (True, [0, 1, 2])
    """
    if n_folds < 2:
        raise BadInput(f"{n_folds} folds: there is nothing to learn from outside one. Give at least two.")
    known = {group: code for code, group in enumerate(dict.fromkeys(groups))}
    dealt = np.random.default_rng(random_state).permutation(len(known)) % n_folds
    return np.array([dealt[known[group]] for group in groups])


def level_folds(
    values: ArrayLike, *, n_folds: int = FOLDS, random_state: RandomState = 0
) -> NDArray[np.intp]:
    """Return the fold of each row such that every fold holds low and high values alike.

    Rows are dealt out in the order of their values, ties by lot, each hand of `n_folds` rows to different folds. A fold
    with more right answers than the others leaves fewer to learn from, so that scores which are compared across folds would
    look worse than they are; level folds keep that off.

    Examples
    --------
    >>> folds = level_folds([1.0, 9.0, 2.0, 8.0], n_folds=2)
    >>> bool(folds[0] != folds[2] and folds[1] != folds[3])
    True
    """
    value = np.asarray(values, dtype=float)
    if n_folds < 2 or value.ndim != 1 or np.isnan(value).any():
        raise BadInput(
            f"{n_folds} folds over values of shape {value.shape}: give at least two folds, and no NaN."
        )
    random = np.random.default_rng(random_state)
    order = np.lexsort((random.random(len(value)), value))
    hands = -(-len(value) // n_folds)
    dealt = np.concatenate(
        [random.permutation(n_folds) for _ in range(hands)] or [np.zeros(0, dtype=np.intp)]
    )
    folds = np.empty(len(value), dtype=np.intp)
    folds[order] = dealt[: len(value)]
    return folds


def linked_groups(keys: Iterable[Iterable[Hashable]]) -> list[int]:
    """Return a group for each row such that rows that share any key, directly or through others, share a group.

    Parameters
    ----------
    keys : one collection of keys a row
        Such as the person and the question. Falsy keys ("", None) link nothing.

    Examples
    --------
    >>> linked_groups([("ana", "q1"), ("bea", "q2"), ("", "q1"), ("bea", "q3")])
    [0, 1, 0, 1]
    """
    parents: dict[Hashable, Hashable] = {}

    def root(key: Hashable) -> Hashable:
        while parents.setdefault(key, key) != key:
            parents[key] = parents[parents[key]]
            key = parents[key]
        return key

    firsts: list[Hashable] = []
    for row, given in enumerate(keys):
        first: Hashable = ("row", row)
        for key in filter(None, given):
            parents[root(key)] = root(first)
        firsts.append(first)
    known: dict[Hashable, int] = {}
    return [known.setdefault(root(first), len(known)) for first in firsts]
