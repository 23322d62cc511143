"""Answering only where sure: what the surest share scores, and a threshold that keeps the error under a limit."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import ceil, exp, lgamma, log, log1p

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.metrics.intervals import (
    DRAWS,
    Interval,
    RandomState,
    bootstrap_ratio,
    bootstrap_sums,
    cluster_codes,
)

STEPS = 20


def surest(
    confidences: ArrayLike, coverage: float, *, strata: Sequence[Hashable] | None = None
) -> NDArray[np.float64]:
    """Return weights in [0, 1], of shape (n_rows,), that keep exactly the surest `coverage` share.

    Rows that tie at the edge are kept in part, as if some were drawn by lot: two systems can then be compared at the same
    coverage although one states few different certainties. With `strata`, such as the system that a row is from, the share
    is kept of each: certainties of different systems are not compared.

    >>> surest([0.9, 0.5, 0.5, 0.1], 0.5).tolist()
    [1.0, 0.5, 0.5, 0.0]
    >>> surest([0.9, 0.5, 0.2, 0.1], 0.5, strata=["x", "x", "y", "y"]).tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    confidence = np.asarray(confidences, dtype=float)
    if confidence.ndim != 1 or not len(confidence) or not 0 < coverage <= 1:
        raise BadInput("Give one confidence a row, at least one, and a coverage above 0 and up to 1.")
    if strata is not None:
        code = cluster_codes(strata, len(confidence))[0]
        kept = np.zeros(len(confidence))
        for each in np.unique(code):
            kept[code == each] = surest(confidence[code == each], coverage)
        return kept
    _, codes, counts = np.unique(-confidence, return_inverse=True, return_counts=True)
    before = np.cumsum(counts) - counts
    return np.asarray(np.clip((coverage * len(confidence) - before) / counts, 0.0, 1.0)[codes])


def accuracy_at(
    coverage: float,
    confidences: ArrayLike,
    right: ArrayLike,
    *,
    strata: Sequence[Hashable] | None = None,
    clusters: Sequence[Hashable] | None = None,
    draws: int = DRAWS,
    random_state: RandomState = 0,
) -> Interval:
    """Return the share right among the surest `coverage` share, with its bootstrap interval.

    Which rows are kept is settled once, on all rows, and not again in each draw.

    >>> accuracy_at(0.5, [0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0]).value
    0.75
    """
    kept = surest(confidences, coverage, strata=strata)
    return bootstrap_ratio(
        kept * np.asarray(right, dtype=float), kept, clusters=clusters, draws=draws, random_state=random_state
    )


def accuracy_gain_at(
    coverage: float,
    first: tuple[ArrayLike, ArrayLike],
    second: tuple[ArrayLike, ArrayLike],
    *,
    strata: Sequence[Hashable] | None = None,
    clusters: Sequence[Hashable] | None = None,
    draws: int = DRAWS,
    random_state: RandomState = 0,
) -> Interval:
    """Return how much more often the first is right than the second, each among its own surest `coverage` share.

    Parameters
    ----------
    first, second : (confidences, right)
        Of the same items; both are drawn on the same people.

    Examples
    --------
    >>> accuracy_gain_at(0.5, ([4, 3, 2, 1], [1, 1, 0, 0]), ([1, 2, 3, 4], [1, 1, 0, 1])).value
    0.5
    """
    columns = []
    for confidences, right in (first, second):
        kept = surest(confidences, coverage, strata=strata)
        columns += [kept * np.asarray(right, dtype=float), kept]
    return bootstrap_sums(
        np.stack(columns, axis=1), _gain, clusters=clusters, draws=draws, random_state=random_state
    )


def controlled_threshold(
    confidences: ArrayLike, right: ArrayLike, *, error: float = 0.2, chance: float = 0.1
) -> float | None:
    """Return the lowest threshold above which answers are wrong at most `error` of the time, but for a `chance` of failing.

    Parameters
    ----------
    confidences : array-like of shape (n_rows,)
        Any scale; answers at or above the threshold are accepted.
    right : array-like of shape (n_rows,), 0 or 1
        From rows that the threshold will not be used on.
    error : float in (0, 1)
        Highest share of wrong answers among those accepted.
    chance : float in (0, 1)
        Probability, over the rows given, that the threshold does not keep its promise.

    Returns
    -------
    float or None
        None where no threshold can be promised.

    Notes
    -----
    Source: Angelopoulos, Bates, Candès, Jordan, Lei (2021), "Learn then Test", arXiv 2110.01052, sections 2 and 3
    (fixed-sequence testing), with the exact binomial p-value of the selective error of Geifman, El-Yaniv (2017), arXiv
    1705.08500: thresholds at twentieths of coverage are tested from the surest on, p = P(Binomial(n, error) <= n wrong), until
    one has p > `chance`. Thresholds too high for any outcome to pass are skipped. The promise holds for independent rows: with
    many rows a person, give fewer.

    Examples
    --------
    >>> controlled_threshold([1.0] * 30 + [0.0] * 30, [1] * 30 + [0, 1] * 15)
    1.0
    """
    confidence, truth = np.asarray(confidences, dtype=float), np.asarray(right, dtype=float)
    if confidence.ndim != 1 or confidence.shape != truth.shape or not len(truth):
        raise BadInput(f"{confidence.shape} confidences for {truth.shape} answers; give one an answer.")
    ordered = np.sort(confidence)[::-1]
    places = {ceil(len(truth) * step / STEPS) - 1 for step in range(1, STEPS + 1)}
    found = None
    for threshold in sorted({float(ordered[place]) for place in places}, reverse=True):
        accepted = confidence >= threshold
        n, wrong = int(accepted.sum()), int((1 - truth[accepted]).sum())
        if n * log1p(-error) > log(chance):
            continue
        if _binomial_tail(wrong, n, error) > chance:
            break
        found = threshold
    return found


def _gain(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    bottom = np.where(sums[:, 1::2] == 0, np.nan, sums[:, 1::2])
    shares = sums[:, 0::2] / bottom
    return np.asarray(shares[:, 0] - shares[:, 1])


def _binomial_tail(successes: int, trials: int, share: float) -> float:
    """Return P(Binomial(trials, share) <= successes)."""
    ways = lgamma(trials + 1)
    return sum(
        exp(ways - lgamma(k + 1) - lgamma(trials - k + 1) + k * log(share) + (trials - k) * log1p(-share))
        for k in range(successes + 1)
    )
