"""Answers to a survey as distributions: how far two are apart, how large a gap between groups is, how items hang together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput

Array = NDArray[np.float64]


def answer_shares(answers: ArrayLike, n_options: int, weights: ArrayLike | None = None) -> Array:
    """Return the (weighted) share of each option, shape (n_options,); answers outside 0 to n_options - 1 are left out.

    Survey codes for "refused" (often 90 and above) fall away here.

    >>> answer_shares([0, 1, 1, 99], 3).round(2).tolist()
    [0.33, 0.67, 0.0]
    """
    given = np.asarray(answers, dtype=float)
    scale = np.ones(given.shape) if weights is None else np.asarray(weights, dtype=float)
    known = (given >= 0) & (given < n_options)
    counts = np.bincount(given[known].astype(int), scale[known], n_options)
    if not counts.sum() > 0:
        raise BadInput(f"No answer lies between 0 and {n_options - 1}; recode the answers from 0 on.")
    return np.asarray(counts / counts.sum())


def wasserstein(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Return the Wasserstein distance of ordered options' shares, as a part of the scale's length, in [0, 1].

    Parameters
    ----------
    first, second : array-like of shape (..., n_options)
        Shares, or counts; rows are normalised.

    Notes
    -----
    sum over k of |F(k) - G(k)| / (n_options - 1). It takes options for equally spaced.

    >>> float(wasserstein([1, 0, 0], [0, 0, 1])), float(wasserstein([1, 1, 0], [0, 1, 1]))
    (1.0, 0.5)
    """
    a, b = (np.asarray(part, dtype=float) for part in (first, second))
    apart = np.cumsum(a / a.sum(-1, keepdims=True) - b / b.sum(-1, keepdims=True), axis=-1)
    return np.asarray(np.abs(apart).sum(-1) / (a.shape[-1] - 1))


def cohens_d(first: ArrayLike, second: ArrayLike) -> float:
    """Return (mean of first - mean of second) / pooled standard deviation.

    Notes
    -----
    The pooled variance weighs each side's by its n - 1 (Cohen 1988, "Statistical Power Analysis", 2.5.1).

    >>> round(cohens_d([2, 4, 6], [1, 3, 5]), 3)
    0.5
    """
    a, b = (np.asarray(part, dtype=float) for part in (first, second))
    if min(len(a), len(b)) < 2:
        return float("nan")
    pooled = ((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / (len(a) + len(b) - 2)
    return float((a.mean() - b.mean()) / np.sqrt(pooled)) if pooled > 0 else float("nan")


def cohens_d_of_shares(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Return Cohen's d between answer distributions, as for very many people; the options count 0, 1, 2, ...

    Parameters
    ----------
    first, second : array-like of shape (..., n_options)

    >>> float(cohens_d_of_shares([0, 1, 1, 0], [1, 1, 0, 0]))
    2.0
    """
    a, b = (np.asarray(part, dtype=float) for part in (first, second))
    means, spreads = zip(*(_moments(part / part.sum(-1, keepdims=True)) for part in (a, b)), strict=True)
    pooled = np.sqrt((spreads[0] + spreads[1]) / 2)
    gap = means[0] - means[1]
    return np.asarray(np.divide(gap, pooled, out=np.full(np.shape(gap), np.nan), where=pooled > 0))


def cronbach_alpha(answers: ArrayLike) -> float:
    """Return how well items measure one thing together.

    Parameters
    ----------
    answers : array-like of shape (n_people, n_items)
        Reversed items turned round; people with a missing answer are left out.

    Notes
    -----
    k / (k - 1) (1 - sum of item variances / variance of the sum) (Cronbach 1951, Psychometrika 16).

    >>> cronbach_alpha([[1, 1], [2, 2], [3, 3]])
    1.0
    """
    table = np.asarray(answers, dtype=float)
    if table.ndim != 2 or table.shape[1] < 2:
        raise BadInput(f"Alpha needs people by two or more items; the answers have shape {table.shape}.")
    table = table[~np.isnan(table).any(axis=1)]
    total = table.sum(axis=1).var(ddof=1) if len(table) > 1 else 0.0
    if not total > 0:
        return float("nan")
    k = table.shape[1]
    return float(k / (k - 1) * (1 - table.var(axis=0, ddof=1).sum() / total))


def correlation_gap(first: ArrayLike, second: ArrayLike) -> float:
    """Return the Frobenius norm of the difference of two answer tables' correlation matrices.

    Parameters
    ----------
    first, second : array-like of shape (n_people, n_items)
        The same items; people need not be the same, and those with a missing answer are left out.

    Notes
    -----
    An item that everybody answers alike correlates with nothing: 0.

    >>> round(correlation_gap([[1, 1], [2, 2]], [[1, 2], [2, 1]]), 3)
    2.828
    """
    a, b = (_correlations(np.asarray(part, dtype=float)) for part in (first, second))
    if a.shape != b.shape:
        raise BadInput(f"{len(a)} items against {len(b)}; compare the same items.")
    return float(np.linalg.norm(a - b))


def _moments(shares: Array) -> tuple[Array, Array]:
    values = np.arange(shares.shape[-1])
    mean = shares @ values
    return mean, shares @ values**2 - mean**2


def _correlations(table: Array) -> Array:
    table = table[~np.isnan(table).any(axis=1)]
    centered = table - table.mean(axis=0)
    lengths = np.linalg.norm(centered, axis=0)
    unit = np.divide(centered, lengths, out=np.zeros_like(centered), where=lengths > 0)
    found = unit.T @ unit
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)
