"""Factors: features that say much the same, under one name, and how each moves one person's ratings.

Source: step 2 of RPM (2025), arXiv 2505.21082, section 3: features are embedded and grouped, and statistics taken of each group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from personae.metrics.intervals import RandomState
from personae.models.encoder import Encoder
from personae.preference._extras import needs
from personae.preference.rpm.features import (
    FLAGS,
    Array,
    Codes,
    Floats,
    Span,
    Views,
    flag_spans,
    part_spans,
)

STRENGTH = 10.0  # ratings that the population's influence counts as
DISTANCE = 0.7  # the card's .45 leaves most parts of short comments alone
FEWEST, MOST = 10, 3000  # parts of a group, parts that are grouped
NEAR = 0.5  # cosine from which a part belongs to a group


@dataclass(frozen=True, slots=True)
class Factors:
    """Named groups: the marks of `FLAGS` but length, then groups of parts with their centers, shape (n_groups, 384)."""

    names: tuple[str, ...]
    centers: Floats

    def of(self, views: Views) -> Array:
        """Return 1 where a text has a factor, else 0, shape (n_texts, n_factors)."""
        flags = (views.flags[:, :-1] > 0).astype(float)
        if not len(self.centers):
            return flags
        has = np.zeros((len(flags), len(self.centers)))
        owner = np.repeat(np.arange(len(flags)), views.sizes)
        group = self._group(views.parts)
        has[owner[group >= 0], group[group >= 0]] = 1.0
        return np.hstack([flags, has])

    def spans(self, text: str, encoder: Encoder) -> dict[int, list[Span]]:
        """Return where the factors of a text stand, by the factor's place in `names`."""
        found = {FLAGS.index(name): spans for name, spans in flag_spans(text).items()}
        parts = part_spans(text)
        group = self._group(encoder.encode([text[start:end] for start, end in parts]))
        for span, code in zip(parts, group.tolist(), strict=True):
            if code >= 0:
                found.setdefault(len(FLAGS) - 1 + code, []).append(span)
        return found

    def _group(self, parts: Floats) -> Codes:
        if not len(self.centers):
            return np.full(len(parts), -1)
        cosines = parts @ self.centers.T
        return np.where(cosines.max(axis=1) >= NEAR, cosines.argmax(axis=1), -1)


def group_features(texts: Sequence[str], encoder: Encoder, *, random_state: RandomState = 0) -> Factors:
    """Group the parts of texts by agglomerative clustering of their vectors, average linkage; ratings are not looked at.

    A group is named after its most central part. Of more than `MOST` parts that many are drawn.
    """
    with needs("scikit-learn"):
        from sklearn.cluster import AgglomerativeClustering

    said = sorted({text[start:end] for text in texts for start, end in part_spans(text)})
    drawn = np.sort(np.random.default_rng(random_state).permutation(len(said))[:MOST])
    said = [said[place] for place in drawn]
    vectors = encoder.encode(said)
    kept = np.flatnonzero(np.linalg.norm(vectors, axis=1) > 0)
    if len(kept) < FEWEST:
        return Factors(FLAGS[:-1], np.zeros((0, vectors.shape[1]), dtype=np.float32))
    clusters = AgglomerativeClustering(
        n_clusters=None, distance_threshold=DISTANCE, metric="cosine", linkage="average"
    )
    labels = clusters.fit_predict(vectors[kept])
    names, centers = [], []
    for label in np.flatnonzero(np.bincount(labels) >= FEWEST):
        members = kept[labels == label]
        center = vectors[members].mean(axis=0)
        center /= np.linalg.norm(center)
        names.append(f"like {said[int(members[(vectors[members] @ center).argmax()])]!r}")
        centers.append(center)
    width = vectors.shape[1]
    return Factors((*FLAGS[:-1], *names), np.array(centers, dtype=np.float32).reshape(-1, width))


def influences(has: Array, deviation: Array, prior: Array | None = None) -> Array:
    """Return how far ratings lie from what is usual where a text has each factor, shape (n_factors,).

    Parameters
    ----------
    has : ndarray of shape (n_ratings, n_factors), 0 or 1
    deviation : ndarray of shape (n_ratings,)
        Each rating less the person's mean.
    prior : ndarray of shape (n_factors,), optional
        The population's influences; nothing without it.

    Notes
    -----
    (sum of deviations + m prior) / (n + m), m = `STRENGTH`: few ratings say little beside everyone's.

    Examples
    --------
    >>> influences(np.array([[1.0], [1.0], [0.0]]), np.array([2.0, 1.0, -3.0])).tolist()
    [0.25]
    """
    before = np.zeros(has.shape[1]) if prior is None else prior
    return np.asarray((has.T @ deviation + STRENGTH * before) / (has.sum(axis=0) + STRENGTH))
