"""How the lists of several tools become one: by reciprocal places, times how likely an item is by the attribute.

Source: Cormack, Clarke, Büttcher (2009), "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods",
SIGIR, equation 1: an item's score is the sum over lists of 1 / (offset + place).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from personae.metrics.ranking import Lists, rank_all
from personae.recommend.interactions import Array, Codes


@dataclass(frozen=True, slots=True)
class Weights:
    """What the list of the attribute's tool counts, where the list without attribute counts 1; the power of the likelihood."""

    tool: float = 1.0
    likelihood: float = 0.2
    offset: float = 10.0


GRID = tuple(Weights(*each) for each in product((0.0, 0.5, 1.0), (0.0, 0.1, 0.2, 0.3, 0.5), (10.0, 30.0)))


def reciprocal(scores: NDArray[np.floating], offset: float, depth: int) -> Array:
    """Return 1 / (offset + place) for the `depth` best of each row, places from 1, and 0 elsewhere; shape (n_people, n_items).

    Items of minus infinity are not listed. Equal scores stand in the catalog's order.
    """
    order = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
    values = np.where(
        np.isfinite(np.take_along_axis(scores, order, axis=1)),
        1 / (offset + 1 + np.arange(order.shape[1])),
        0.0,
    )
    result = np.zeros(scores.shape)
    np.put_along_axis(result, order, values, axis=1)
    return result


def reciprocal_of(items: Codes, n_items: int, offset: float) -> Array:
    """Return the same for one list of items, best first: shape (1, n_items)."""
    result = np.zeros((1, n_items))
    result[0, items] = 1 / (offset + 1 + np.arange(len(items)))
    return result


def fuse(plain: Array, tool: Array, likelihood: Array, weights: Weights) -> Array:
    """Return the fused scores of what is in either list, and 0 elsewhere, shape (n_people, n_items).

    Parameters
    ----------
    plain, tool : ndarray of shape (n_people, n_items)
        Reciprocal places in the list without attribute and in that of the attribute's tool.
    likelihood : ndarray of shape (n_people, n_items)
        ln of how much likelier an item's values are by the person's taste than in the list without attribute.

    Notes
    -----
    (plain + tool weight * tool) * likelihood ** power. What is in the tool's list alone stays there, last, where that list counts
    nothing.
    """
    listed = np.where((plain > 0) | (tool > 0), np.maximum(plain + weights.tool * tool, 1e-9), 0.0)
    return np.asarray(listed * np.exp(weights.likelihood * likelihood))


def tuned(
    plain: NDArray[np.floating], tool: NDArray[np.floating], likelihood: Array, wanted: Lists, *, depth: int
) -> Weights:
    """Return the weights of `GRID` with the best NDCG@10 of the fused lists; of equal ones the first.

    Parameters
    ----------
    plain, tool : ndarray of shape (n_people, n_items)
        Scores; minus infinity for what is known.
    wanted : Lists
        Items held out for this choice, never those of a test.
    """
    places = {
        offset: (reciprocal(plain, offset, depth), reciprocal(tool, offset, depth))
        for offset in {each.offset for each in GRID}
    }

    def ndcg(weights: Weights) -> float:
        first, second = places[weights.offset]
        fused = fuse(first, second, likelihood, weights)
        ranked = rank_all(lambda some: fused[some], wanted, n_items=plain.shape[1], at=0)
        return float(ranked.per_person("ndcg", 10).mean())

    return max(GRID, key=ndcg)
