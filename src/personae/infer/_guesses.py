"""From probabilities over values to guesses: the answers that the attribute's rule of comparison most likely counts as right."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.process import cdist

from personae.infer._scorer import Array
from personae.people.attributes import Attribute, attribute
from personae.people.matching import NEAR, YEARS, match, number_range
from personae.people.records import Guess

MOST = 5
_OLDEST = 100


def guesses_of(chosen: Attribute, values: tuple[str, ...], chances: Array) -> tuple[Guess, ...]:
    """Return up to five guesses, best first, each with the probability that it counts as right.

    Notes
    -----
    The first guess is right for every value that the rule of comparison matches with it (two schoolings that count as the
    same, two titles spelled alike, ages five years around); each later one is chosen for what the earlier ones leave.
    """
    if chosen.scale == "number":
        return _ages(values, chances)
    same = _same(chosen.name, values)
    left = chances.astype(float).copy()
    found: list[Guess] = []
    while len(found) < min(MOST, len(values)):
        gain = same @ left
        best = int(gain.argmax())
        if gain[best] <= 1e-9:
            break
        stands = max(np.flatnonzero(same[best] > 0), key=lambda other: left[other])
        best = int(stands) if same[stands] @ left >= gain[best] - 1e-12 else best
        found.append(Guess(values[best], float(min(gain[best], 1.0))))
        left = left * (same[best] == 0)
    return tuple(found)


def _ages(bands: tuple[str, ...], chances: Array) -> tuple[Guess, ...]:
    left = np.zeros(_OLDEST + 1)
    for band, chance in zip(bands, chances, strict=True):
        low, high = number_range(band) or (0, _OLDEST)
        left[low : high + 1] += chance / (high - low + 1)
    found: list[Guess] = []
    while len(found) < 3:
        sums = np.concatenate([[0.0], np.cumsum(left)])
        ends = np.minimum(np.arange(_OLDEST + 1) + YEARS + 1, _OLDEST + 1)
        gain = sums[ends] - sums[np.maximum(np.arange(_OLDEST + 1) - YEARS, 0)]
        best = int(np.flatnonzero(gain >= gain.max() - 1e-9).mean())
        found.append(Guess(str(best), float(min(max(gain[best], 0.0), 1.0))))
        left[max(0, best - YEARS) : best + YEARS + 1] = 0.0
    return tuple(found)


@lru_cache(maxsize=32)
def _same(name: str, values: tuple[str, ...]) -> NDArray[np.float64]:
    """Return (n_values, n_values): 1 where guessing the row's value is right when the column's is true."""
    if attribute(name).scale == "text":
        lowered = [value.lower() for value in values]
        return np.asarray(cdist(lowered, lowered, scorer=JaroWinkler.similarity) > NEAR, dtype=float)
    return np.array([[match(name, guess, truth) == 1.0 for truth in values] for guess in values], dtype=float)
