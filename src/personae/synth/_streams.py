"""Random numbers whose first n are the same however many are asked for: one stream a name, one number a person."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.metrics.intervals import RandomState

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


def seed_of(random_state: RandomState) -> int:
    """Return the seed itself, or one drawn from a generator."""
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    if random_state < 0:
        raise BadInput(f"The seed {random_state} is below zero; give a whole number from 0 on.")
    return int(random_state)


class Streams:
    """Uniform numbers by name: person i's number of a name depends on the seed, the name and i alone.

    Parameters
    ----------
    n : int
        People.
    seed : int

    Examples
    --------
    >>> ten, two = Streams(10, seed=4).uniform("age"), Streams(2, seed=4).uniform("age")
    >>> bool((ten[:2] == two).all())
    True
    """

    def __init__(self, n: int, seed: int) -> None:
        self.n = n
        self.seed = seed

    def uniform(self, name: str) -> Array:
        """Return numbers in [0, 1), shape (n,)."""
        return self.generator(name).random(self.n)

    def integers(self, name: str, low: int, high: int) -> NDArray[np.int64]:
        """Return whole numbers in [low, high), shape (n,)."""
        return (low + np.floor(self.uniform(name) * (high - low))).astype(np.int64)

    def among(self, name: str, values: Sequence[Any], weights: ArrayLike | None = None) -> NDArray[Any]:
        """Return one of the values for each person, by weights or evenly."""
        chosen = np.empty(len(values), dtype=object)
        chosen[:] = list(values)
        return np.asarray(chosen[self.codes(name, np.ones(len(values)) if weights is None else weights)])

    def codes(self, name: str, weights: ArrayLike) -> Codes:
        """Return the index drawn for each person by weights of shape (k,), or of shape (n, k) where they differ."""
        return draw_codes(self.uniform(name), weights)

    def generator(self, name: str) -> np.random.Generator:
        """Return the name's own generator."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])


def draw_codes(uniform: Array, weights: ArrayLike) -> Codes:
    """Return the index into weights that each number in [0, 1) falls on; weights of zero are never drawn.

    >>> draw_codes(np.array([0.1, 0.6, 0.99]), [1, 0, 1]).tolist()
    [0, 2, 2]
    """
    steps = np.cumsum(np.asarray(weights, dtype=float), axis=-1)
    if steps.ndim == 1:
        found = np.searchsorted(steps, uniform * steps[-1], side="right")
        last = np.searchsorted(steps, steps[-1])
    else:
        found = (steps <= (uniform * steps[:, -1])[:, None]).sum(axis=1)
        last = (steps < steps[:, -1:]).sum(axis=1)
    return np.asarray(np.minimum(found, last))
