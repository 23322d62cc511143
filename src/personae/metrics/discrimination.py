"""How well scores tell right from wrong, and how closely they follow a rating, each with a bootstrap interval over people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.metrics.calibration import auroc
from personae.metrics.intervals import (
    DRAWS,
    LEVEL,
    Clusters,
    Interval,
    RandomState,
    bootstrap_sums,
    cluster_codes,
    percentile_interval,
    resample_counts,
)

_AT_ONCE = 10_000_000  # counts held at a time, 80 MB


@dataclass(frozen=True, slots=True)
class DrawnAuroc:
    """An AUROC, it in every bootstrap sample, shape (draws,), and what it rests on."""

    value: float
    drawn: NDArray[np.float64]
    n: int
    n_clusters: int

    def interval(self, level: float = LEVEL) -> Interval:
        """Return it with its percentile interval."""
        return percentile_interval(self.value, self.drawn, level, self.n, self.n_clusters)

    def gain_on(self, other: DrawnAuroc, level: float = LEVEL) -> Interval:
        """Return how much better this score tells right from wrong than another, of the same rows under the same draws.

        >>> ours, theirs = (drawn_auroc(scores, [0, 0, 1, 1]) for scores in ([1, 2, 3, 4], [1, 3, 2, 4]))
        >>> ours.gain_on(theirs).value
        0.25
        """
        gains = self.drawn - other.drawn
        return percentile_interval(self.value - other.value, gains, level, self.n, self.n_clusters)


def auroc_interval(
    scores: ArrayLike,
    outcomes: ArrayLike,
    *,
    strata: Clusters | None = None,
    clusters: Clusters | None = None,
    draws: int = DRAWS,
    level: float = LEVEL,
    random_state: RandomState = 0,
) -> Interval:
    """Return the chance that a right row scores above a wrong one, ties counted half, with its interval.

    Parameters
    ----------
    scores : array-like of shape (n_rows,)
    outcomes : array-like of shape (n_rows,), 0 or 1
    strata : sequence of length n_rows, optional
        Such as the model a row is from: rows are compared within a stratum only, and the mean over strata that have both
        right and wrong rows is returned.
    clusters, draws, level, random_state
        As in `personae.metrics.intervals.bootstrap_mean`.

    Examples
    --------
    >>> auroc_interval([0.1, 0.4, 0.4, 0.8], [0, 0, 1, 1]).value
    0.875
    >>> auroc_interval([0.1, 0.4, 5.4, 5.8], [0, 1, 0, 1], strata=["a", "a", "b", "b"]).value
    1.0
    """
    found = drawn_auroc(
        scores, outcomes, strata=strata, clusters=clusters, draws=draws, random_state=random_state
    )
    return found.interval(level)


def drawn_auroc(
    scores: ArrayLike,
    outcomes: ArrayLike,
    *,
    strata: Clusters | None = None,
    clusters: Clusters | None = None,
    draws: int = DRAWS,
    random_state: RandomState = 0,
) -> DrawnAuroc:
    """Return what `auroc_interval` rests on, so that several scores of the same rows can be compared.

    Parameters
    ----------
    scores, outcomes, strata, clusters, draws, random_state
        As in `auroc_interval`; give the same whole number as `random_state` to what is compared.
    """
    score, right = np.asarray(scores, dtype=float), np.asarray(outcomes, dtype=float)
    if score.ndim != 1 or score.shape != right.shape or not ((right == 0) | (right == 1)).all():
        raise BadInput(
            f"Scores of shape {score.shape} for outcomes of shape {right.shape}; outcomes are 0 or 1."
        )
    stratum, n_strata = cluster_codes([0] * len(score) if strata is None else strata, len(score))
    cluster, n_clusters = cluster_codes(clusters, len(score))
    drawn_counts = resample_counts(n_clusters, draws=draws, random_state=random_state)
    counts = np.ascontiguousarray(drawn_counts.T, dtype=np.float32)  # (n_clusters, draws), whole numbers
    values, drawn = [], []
    for each in range(n_strata):
        hits, misses = (
            np.flatnonzero((stratum == each) & (right > 0)),
            np.flatnonzero((stratum == each) & (right == 0)),
        )
        values.append(auroc(score[[*hits, *misses]], right[[*hits, *misses]]))
        drawn.append(_drawn_auroc(score[hits], score[misses], cluster[hits], cluster[misses], counts))
    value = float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")
    return DrawnAuroc(value, _mean_known(np.array(drawn)), len(right), n_clusters)


def correlation_interval(
    first: ArrayLike,
    second: ArrayLike,
    *,
    clusters: Clusters | None = None,
    draws: int = DRAWS,
    level: float = LEVEL,
    random_state: RandomState = 0,
) -> Interval:
    """Return Pearson's correlation with its bootstrap interval; NaN where one column does not vary.

    >>> round(correlation_interval([1, 2, 3], [1, 2, 4]).value, 4)
    0.982
    """
    return bootstrap_sums(
        correlation_columns(first, second), correlation_of_sums, clusters=clusters, draws=draws, level=level,
        random_state=random_state,
    )  # fmt: skip


def correlation_columns(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Return columns whose sums give Pearson's correlation, shape (n_rows, 6); `correlation_of_sums` takes the sums."""
    x, y = (column - column.mean() for column in (np.asarray(first, float), np.asarray(second, float)))
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)


def correlation_of_sums(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Pearson's correlation, shape (n_samples,), from sums of `correlation_columns`; NaN where a column does not vary."""
    n, x, y, xx, yy, xy = sums.T
    spread = (n * xx - x * x) * (n * yy - y * y)
    return np.asarray((n * xy - x * y) / np.sqrt(np.where(spread <= 0, np.nan, spread)))


def ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Return the rank of each value from 1, ties sharing their mean; Spearman's correlation is Pearson's of ranks.

    >>> ranks([10, 30, 20, 30]).tolist()
    [1.0, 3.5, 2.0, 3.5]
    """
    _, codes, counts = np.unique(np.asarray(values, dtype=float), return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[codes])


def _drawn_auroc(
    hits: NDArray[np.float64],
    misses: NDArray[np.float64],
    of_hits: NDArray[np.intp],
    of_misses: NDArray[np.intp],
    counts: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Return the AUROC of each draw, shape (draws,): `counts`, (n_clusters, draws), says how often each cluster was drawn."""
    order = np.argsort(misses, kind="stable")
    places = [np.searchsorted(misses[order], hits, side=side) for side in ("left", "right")]
    places = places[:1] if (places[0] == places[1]).all() else places  # no ties
    drawn = np.empty(counts.shape[1])
    step = max(1, _AT_ONCE // (len(hits) + len(misses)))
    for start in range(0, len(drawn), step):
        some = counts[:, start : start + step]
        n_hits, n_misses = some[of_hits], some[of_misses[order]]
        up_to = np.zeros((len(misses) + 1, some.shape[1]), dtype=np.float32)
        np.cumsum(n_misses, axis=0, out=up_to[1:])
        won = sum(np.einsum("ij,ij->j", n_hits, up_to[place]) for place in places) / len(places)
        pairs = n_hits.sum(axis=0) * up_to[-1]
        drawn[start : start + step] = won / np.where(pairs == 0, np.nan, pairs)
    return drawn


def _mean_known(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(drawn)
    return np.asarray(
        np.where(known, drawn, 0.0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    )
