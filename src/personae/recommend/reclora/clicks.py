"""What somebody rated before each rating, and how it reads: samples for models of whether the next item is liked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.recommend.interactions import Codes, Interactions
from personae.recommend.sequences import NOTHING

Array = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Clicks:
    """n ratings and what came before each.

    Parameters
    ----------
    person, item : ndarray of shape (n,)
        Numbers, as in the interactions they came from.
    is_liked : ndarray of bool of shape (n,)
    past : ndarray of shape (n, k)
        Earlier items of the person, the latest last; -1 on the left where there are fewer.
    past_liked : ndarray of bool of shape (n, k)
    """

    person: Codes
    item: Codes
    is_liked: NDArray[np.bool_]
    past: Codes
    past_liked: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.item)

    def take(self, rows: NDArray[np.generic]) -> Clicks:
        """Return some rows, by mask or place."""
        return Clicks(
            self.person[rows], self.item[rows], self.is_liked[rows], self.past[rows], self.past_liked[rows]
        )


def clicks_of(ratings: Interactions, vectors: Array, *, least: float, k: int) -> Clicks:
    """Return every rating with the k earlier ones of the same person whose items are most like its own.

    Source: Lin et al. (2024), "ReLLa", arXiv 2308.11131, section 3.2 (semantic user behavior retrieval).

    Parameters
    ----------
    ratings : Interactions
        Both liked and disliked, in order of time within a person.
    vectors : ndarray of shape (n_items, n_features)
        Unit vectors of the items' texts; likeness is their cosine.
    least : float
        Ratings from here on say that the item is liked.

    Examples
    --------
    >>> from personae.recommend import interactions
    >>> rows = interactions(["ana"] * 3, ["film a", "film b", "film c"], values=[5, 1, 4])
    >>> clicks = clicks_of(rows, np.array([[1.0, 0], [0, 1], [1, 0]]), least=4, k=1)
    >>> clicks.past.tolist(), clicks.past_liked.tolist()
    ([[-1], [0], [0]], [[False], [True], [True]])
    """
    if len(vectors) != len(ratings.items):
        raise BadInput(f"{len(vectors)} vectors for {len(ratings.items)} items: give one each.")
    is_liked = ratings.value >= least
    places = np.full((len(ratings), k), NOTHING)
    for start, stop in _people(ratings):
        likeness = vectors[ratings.item[start:stop]] @ vectors[ratings.item[start:stop]].T
        places[start:stop] = _most_like(likeness, k) + start
    places[places < np.searchsorted(ratings.person, ratings.person)[:, None]] = NOTHING
    there = places != NOTHING
    return Clicks(
        ratings.person, ratings.item, is_liked,
        np.where(there, ratings.item[places], NOTHING), there & is_liked[places],
    )  # fmt: skip


def prompts(clicks: Clicks, titles: tuple[str, ...]) -> list[str]:
    """Return each rating as a text: the item in question, then what the person liked and did not, the latest last."""
    return [
        f"{titles[item]}? Liked: {_listed(past[liked], titles)}. Disliked: {_listed(past[~liked & (past >= 0)], titles)}."
        for item, past, liked in zip(clicks.item, clicks.past, clicks.past_liked, strict=True)
    ]


def _listed(items: Codes, titles: tuple[str, ...]) -> str:
    return "; ".join(titles[item] for item in items) or "nothing yet"


def _people(ratings: Interactions) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(ratings.person, prepend=-1, append=-1))
    yield from zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)


def _most_like(likeness: Array, k: int) -> Codes:
    """Return for each row the k earlier rows most like it, in order of time; negative where there are fewer."""
    n = len(likeness)
    earlier = np.where(np.tri(n, k=-1, dtype=bool), likeness, -np.inf)
    chosen = np.argpartition(-earlier, min(k, n) - 1, axis=1)[:, :k]
    is_there = np.isfinite(np.take_along_axis(earlier, chosen, axis=1))
    found = np.sort(np.where(is_there, chosen, -n - 1), axis=1)
    return np.pad(found, ((0, 0), (max(k - n, 0), 0)), constant_values=-n - 1)
