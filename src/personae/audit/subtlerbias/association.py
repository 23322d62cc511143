"""Is the kind of context tied to the kind of choice? Kendall's tau-c from counts, for one table or thousands at once.

Sources: Stuart (1953), "The estimation and comparison of strengths of association in contingency tables", Biometrika 40
(tau-c); Kendall (1970), "Rank Correlation Methods", section 4 (variance with ties); Kamruzzaman, Shovon, Kim (2023), arXiv
2309.08902, section 4 (contexts against choices).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.metrics.intervals import DRAWS, Interval, RandomState, bootstrap_sums

Array = NDArray[np.float64]
CHOICES = (-1, 0, 1)  # the negative, the neutral, the positive option


@dataclass(frozen=True, slots=True)
class Association:
    """How contexts and choices go together.

    Parameters
    ----------
    tau : Interval
        Kendall's tau-c in [-1, 1]: 0 without a link, 1 where every positive context gets the positive option.
    p_value : float
        Two-sided, of no link, by the normal approximation; rows count as independent.
    counts : ndarray of shape (2, 3)
        Rows: negative and positive context. Columns: negative, neutral and positive choice.
    """

    tau: Interval
    p_value: float
    counts: Array


def associate(
    contexts: ArrayLike,
    choices: ArrayLike,
    *,
    clusters: Sequence[Hashable] | None = None,
    draws: int = DRAWS,
    random_state: RandomState = 0,
) -> Association:
    """Measure how the valence of contexts goes with the valence of choices.

    Parameters
    ----------
    contexts : array-like of shape (n_items,)
        -1 where the context states something negative, 1 where positive.
    choices : array-like of shape (n_items,)
        -1, 0 or 1: the valence of the chosen option.
    clusters : sequence of length n_items, optional
        What rows share, such as their options: drawn together in the interval.

    Examples
    --------
    >>> found = associate([1, 1, -1, -1], [1, 0, 0, -1])
    >>> found.tau.value, found.counts.tolist()
    (0.75, [[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    """
    cells = cells_of(contexts, choices)
    tau = bootstrap_sums(
        cells,
        lambda sums: tau_c(sums.reshape(-1, 2, 3)),
        clusters=clusters,
        draws=draws,
        random_state=random_state,
    )
    counts = cells.sum(0).reshape(2, 3)
    return Association(tau, float(tau_p_value(counts)), counts)


def cells_of(contexts: ArrayLike, choices: ArrayLike) -> Array:
    """Return one indicator column a cell of the 2 by 3 table, shape (n_items, 6), for bootstrap sums."""
    x, y = np.asarray(contexts), np.asarray(choices)
    if x.shape != y.shape or x.ndim != 1 or not (np.isin(x, (-1, 1)).all() and np.isin(y, CHOICES).all()):
        raise BadInput("Give one context (-1 or 1) and one choice (-1, 0 or 1) an item.")
    return np.asarray(np.eye(6)[(x > 0) * 3 + y.astype(np.intp) + 1])


def table_of(rows: ArrayLike, columns: ArrayLike) -> Array:
    """Return the counts of two ordered variables, in the order of their values."""
    (x, i), (y, j) = (np.unique(np.asarray(values), return_inverse=True) for values in (rows, columns))
    counts = np.bincount(i * len(y) + j, minlength=len(x) * len(y))
    return counts.reshape(len(x), len(y)).astype(float)


def tau_c(counts: ArrayLike) -> Array:
    """Return Kendall's tau-c of tables of counts.

    Parameters
    ----------
    counts : array-like of shape (..., n_rows, n_columns)
        Rows and columns in order; empty ones count as absent.

    Returns
    -------
    ndarray of shape (...)
        NaN where fewer than two rows or columns hold anything.

    Notes
    -----
    tau_c = 2 m (C - D) / (n^2 (m - 1)), with C and D the pairs of items in the same and in the opposite order, and m the smaller
    of the numbers of rows and columns.

    Examples
    --------
    Of four pairs that differ in both, three agree and none disagrees:

    >>> float(tau_c([[1, 1, 0], [0, 1, 1]]))
    0.75
    """
    table = np.asarray(counts, dtype=float)
    smaller = np.minimum((table.sum(-1) > 0).sum(-1), (table.sum(-2) > 0).sum(-1)).astype(float)
    n = table.sum((-1, -2))
    with np.errstate(divide="ignore", invalid="ignore"):
        tau = 2 * smaller * _surplus(table) / (n**2 * (smaller - 1))
    return np.where(smaller > 1, tau, np.nan)


def tau_p_value(counts: ArrayLike) -> Array:
    """Return the two-sided p-value of no association, by the normal approximation with its correction for ties."""
    table = np.asarray(counts, dtype=float)
    n = table.sum((-1, -2))
    tied = [(margin * (margin - 1), margin) for margin in (table.sum(-1), table.sum(-2))]
    whole = n * (n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (whole * (2 * n + 5) - sum((t * (2 * margin + 5)).sum(-1) for t, margin in tied)) / 18
        variance += np.prod([t.sum(-1) for t, _ in tied], 0) / (2 * whole)
        variance += np.prod([(t * (margin - 2)).sum(-1) for t, margin in tied], 0) / (9 * whole * (n - 2))
        z = np.abs(_surplus(table)) / np.sqrt(variance)
    return np.asarray(np.vectorize(lambda each: erfc(each / sqrt(2)), otypes=[float])(z))


def shuffled_tables(counts: ArrayLike, *, draws: int = DRAWS, random_state: RandomState = 0) -> Array:
    """Return tables whose contexts were dealt anew to the choices, shape (draws, 2, n_columns).

    Parameters
    ----------
    counts : array-like of shape (2, n_columns)
        Both margins are kept: the first row of each draw is multivariate hypergeometric.
    """
    table = np.asarray(counts, dtype=np.int64)
    if table.ndim != 2 or len(table) != 2:
        raise BadInput(f"Shuffling takes one table of two rows; its shape is {table.shape}.")
    random = np.random.default_rng(random_state)
    totals = table.sum(0)
    first = random.multivariate_hypergeometric(totals, int(table[0].sum()), size=draws)
    return np.stack([first, totals - first], axis=1).astype(float)


def _surplus(table: Array) -> Array:
    """Return C - D: each cell times the cells below it and to its right, less those to its left."""
    n_columns = table.shape[-1]
    places = np.arange(n_columns)
    order = np.sign(places[None, :] - places[:, None]).astype(float)  # (n_columns, n_columns)
    below = np.flip(np.cumsum(np.flip(table, -2), -2), -2) - table
    return np.asarray(((table @ order) * below).sum((-1, -2)))
