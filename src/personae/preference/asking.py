"""Which two things to ask a person about next: the choice that is expected to tell most of their taste.

Source: Houlsby, Huszár, Ghahramani, Lengyel (2011), "Bayesian Active Learning for Classification and Preference Learning",
arXiv 1112.5745, equation 2.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from personae.errors import BadInput
from personae.metrics.intervals import RandomState
from personae.metrics.logistic import log_odds, sigmoid
from personae.preference._core import BAND, Chances, Personaliser
from personae.preference.comparisons import Array, Comparisons

_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)


def information(chances: Chances) -> Array:
    """Return the bits that a person's answer to each question is expected to tell of their taste, shape (n,).

    Notes
    -----
    H(E p) - E H(p), with p the chance of choosing a under the belief about the taste, whose log-odds are taken as normal.

    Examples
    --------
    An answer that is open because the taste is unknown tells more than one that is open whatever the taste:

    >>> half = np.array([0.5, 0.5])
    >>> information(Chances(half, np.array([0.05, 0.49]), np.array([0.95, 0.51]))).round(2).tolist()
    [0.3, 0.0]
    """
    low, high = log_odds(chances.low, margin=1e-9), log_odds(chances.high, margin=1e-9)
    middle, spread = (low + high) / 2, (high - low) / (2 * BAND)
    drawn = sigmoid(middle[:, None] + spread[:, None] * _POINTS)
    weights = _WEIGHTS / _WEIGHTS.sum()
    return np.asarray(np.maximum(_entropy(drawn @ weights) - _entropy(drawn) @ weights, 0.0))


def questions(
    table: Comparisons, person: str, *, most: int = 2000, random_state: RandomState = 0
) -> Comparisons:
    """Return questions for one person: the pairs of items that others were asked about, each once, at most so many by lot.

    Raises
    ------
    BadInput
        When there is no pair of two different items.
    """
    pairs = np.unique(np.sort(np.stack([table.a, table.b], axis=1), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    if not len(pairs):
        raise BadInput("No pair of two different items to ask about.")
    chosen = np.random.default_rng(random_state).permutation(len(pairs))[:most]
    n = len(chosen)
    return replace(table, people=(person,), person=np.zeros(n, dtype=np.intp), a=pairs[chosen, 0], b=pairs[chosen, 1],
                   chosen=np.full(n, 0.5), weight=np.ones(n))  # fmt: skip


def next_question(method: Personaliser, asked: Comparisons) -> int:
    """Return the place of the question whose answer is expected to tell most."""
    return int(information(method.probs(asked)).argmax())


def _entropy(chance: Array) -> Array:
    inside = np.clip(chance, 1e-12, 1 - 1e-12)
    return np.asarray(-(inside * np.log2(inside) + (1 - inside) * np.log2(1 - inside)))
