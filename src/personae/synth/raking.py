"""Iterative proportional fitting: weights of cells, or of people, that give back every table that is known.

Source: Deming and Stephan (1940), "On a Least Squares Adjustment of a Sampled Frequency Table When the Expected Marginal Totals
are Known", Annals of Mathematical Statistics 11(4); over records rather than cells it is called raking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from personae.errors import BadInput
from personae.synth._streams import Array, Codes

ROUNDS = 500
TOLERANCE = 1e-6  # of a share


@dataclass(frozen=True, slots=True)
class Margin:
    """A table that is known: which entry of it each cell counts for, and the share that each entry should have.

    `places` has shape (n_cells,); `shares` has shape (n_entries,) and sums to 1. `name` is what an error calls it.
    """

    name: str
    places: Codes
    shares: Array


@dataclass(frozen=True, slots=True)
class Raked:
    """Weights of shape (n_cells,), summing to 1; the largest error of a share that is left; the rounds it took."""

    weights: Array
    largest_error: float
    rounds: int


def rake(
    weights: Array, margins: Sequence[Margin], *, rounds: int = ROUNDS, tolerance: float = TOLERANCE
) -> Raked:
    """Return the weights nearest to those given, in relative entropy, that have every margin.

    Parameters
    ----------
    weights : ndarray of shape (n_cells,)
        Where to start; a cell of weight zero stays at zero.
    margins : sequence of Margin
    rounds : int
        At most. Margins that contradict each other never fit; `largest_error` then says by how much.
    tolerance : float
        Stop when no share is farther off.

    Raises
    ------
    BadInput
        When an entry should have people and no cell can hold them.

    Notes
    -----
    Each step multiplies the weights of an entry by wanted share / present share.

    Examples
    --------
    Two coins, half of each heads, starting from cells that lean:

    >>> first = Margin("first", np.array([0, 0, 1, 1]), np.array([0.5, 0.5]))
    >>> second = Margin("second", np.array([0, 1, 0, 1]), np.array([0.2, 0.8]))
    >>> rake(np.ones(4), [first, second]).weights.round(3).tolist()
    [0.1, 0.4, 0.1, 0.4]
    """
    now = np.asarray(weights, dtype=float)
    now = now / now.sum()
    for margin in margins:
        empty = (_present(now, margin) == 0) & (margin.shares > 0)
        if empty.any():
            raise BadInput(
                f"{margin.name}: entry {int(np.flatnonzero(empty)[0]) + 1} should have people, but no cell that is allowed "
                f"holds it. Give it a share of 0, or allow the cell."
            )
    error, done = np.inf, 0
    while error > tolerance and done < rounds:
        done += 1
        error = 0.0
        for margin in margins:
            present = _present(now, margin)
            error = max(error, float(np.abs(present - margin.shares).max()))
            now = scale_to(now, margin, margin.shares)
    error = max((float(np.abs(_present(now, m) - m.shares).max()) for m in margins), default=0.0)
    return Raked(now / now.sum(), error, done)


def scale_to(weights: Array, margin: Margin, wanted: Array) -> Array:
    """Return weights whose sums over the margin's entries are those wanted, where an entry has any weight to scale."""
    present = _present(weights, margin)
    factor = np.divide(wanted, present, out=np.zeros_like(present), where=present > 0)
    return np.asarray(weights * factor[margin.places])


def _present(weights: Array, margin: Margin) -> Array:
    return np.asarray(np.bincount(margin.places, weights, minlength=len(margin.shares)), dtype=float)
