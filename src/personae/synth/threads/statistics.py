"""What threads look like beside others: depth, replies, comments a person, length; distances with intervals over threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.intervals import Interval, RandomState, percentile_interval, resample_sums
from personae.synth.threads.growth import Tree

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Statistic:
    """One count that is spread over a thread's comments: `most` is the highest value kept apart, higher ones join it."""

    name: str
    most: int
    values: Callable[[Tree], NDArray[np.int64]]


STATISTICS: tuple[Statistic, ...] = (
    Statistic("depth", 8, lambda tree: tree.depths[1:]),
    Statistic("replies to a comment", 8, lambda tree: tree.replies()[1:]),
    Statistic("replies to the topic", 20, lambda tree: tree.replies()[:1]),
    Statistic("comments of a member", 12, lambda tree: np.unique(tree.authors[1:], return_counts=True)[1]),
    Statistic("comments of a thread", 250, lambda tree: np.array([len(tree) - 1])),
)


def histogram(values: NDArray[np.int64], most: int) -> Array:
    """Return counts of 0 to `most`, shape (most + 1,).

    >>> histogram(np.array([0, 2, 9]), 3).tolist()
    [1.0, 0.0, 1.0, 1.0]
    """
    return np.bincount(np.clip(values, 0, most), minlength=most + 1).astype(float)


def distance(
    first: Sequence[Array], second: Sequence[Array], *, draws: int = 2000, random_state: RandomState = 0
) -> Interval:
    """Return the Wasserstein distance between two sets of threads' pooled counts, in the counted unit.

    Parameters
    ----------
    first, second : sequence of ndarray of shape (n_values,)
        A histogram a thread.

    Notes
    -----
    sum over k of |F(k) - G(k)|, with F and G the shares up to k. Threads of both sides are drawn; since a distance of samples
    is never below zero, two halves of the recorded threads (`floor`) say what sampling alone gives.
    """
    if not len(first) or not len(second):
        raise BadInput("Give threads on both sides.")
    a, b = np.stack(first), np.stack(second)
    random = np.random.default_rng(random_state)
    drawn = _apart(
        resample_sums(a, draws=draws, random_state=random), resample_sums(b, draws=draws, random_state=random)
    )
    value = float(_apart(a.sum(axis=0, keepdims=True), b.sum(axis=0, keepdims=True))[0])
    return percentile_interval(value, drawn, 0.95, len(a) + len(b), len(a) + len(b))


def floor(threads: Sequence[Array], *, draws: int = 2000, random_state: RandomState = 0) -> Interval:
    """Return the distance between two random halves of the same threads: its mean, and 95% of the deals."""
    table = np.stack(threads)
    random = np.random.default_rng(random_state)
    half = len(table) // 2
    deals = [random.permutation(len(table)) for _ in range(draws)]
    first = np.stack([table[deal[:half]].sum(axis=0) for deal in deals])
    second = np.stack([table[deal[half:]].sum(axis=0) for deal in deals])
    apart = _apart(first, second)
    return percentile_interval(float(apart.mean()), apart, 0.95, len(table), len(table))


def _apart(a: Array, b: Array) -> Array:
    shares = a / a.sum(axis=1, keepdims=True) - b / b.sum(axis=1, keepdims=True)
    return np.asarray(np.abs(np.cumsum(shares, axis=1)).sum(axis=1))
