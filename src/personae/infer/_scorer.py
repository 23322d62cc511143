"""The arithmetic of the inferred reader: what each line says about a value, pooled over a person's lines to probabilities.

A line has probabilities `told` over the values of an attribute (their sum falls short of 1 by the chance that the line tells
nothing) and a `vector`. A person's logits are linear in three pooled features for each value v,

    F[v] = (ln(e1 + sum_i told[i, v]),  ln(e2 + sum_i told[i, v]^2),  n / (n + n0) * (W . unit(sum_i vector[i]) + b)[v]),

plus a bias: with little text the logarithms are level and the shrunken third term is small, so that the answer stays near
the base rate. Every pooled quantity is a sum over lines, so that the score without a line is exact at the cost of a subtraction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pooled:
    """Sums over lines; each of shape (..., n_values), (..., 384) or (...)."""

    told: Array
    squared: Array
    vector: Array
    lines: Array

    def without_each(self, told: Array, vectors: Array) -> Pooled:
        """Return the sums without each line in turn, stacked: shapes (n_lines, ...)."""
        return Pooled(
            np.maximum(self.told - told, 0.0),
            np.maximum(self.squared - told**2, 0.0),
            self.vector - vectors,
            np.full(len(told), self.lines - 1, dtype=np.float32),
        )


def pool(told: Array, vectors: Array) -> Pooled:
    """Return the sums over all lines: `told` of shape (n_lines, n_values), `vectors` of shape (n_lines, 384)."""
    return Pooled(told.sum(0), (told**2).sum(0), vectors.sum(0), np.array(len(told), dtype=np.float32))


@dataclass(frozen=True, slots=True)
class Head:
    """What turns pooled lines into logits.

    `weights` has shape (3,), `bias` (n_values,), `mean` (384, n_values), `mean_bias` (n_values,); `floors` are e1 and e2,
    `half` is n0, the number of lines at which the mean counts half.
    """

    weights: Array
    bias: Array
    mean: Array
    mean_bias: Array
    floors: tuple[float, float]
    half: float

    def features(self, pooled: Pooled) -> Array:
        """Return features of shape (..., n_values, 3)."""
        return features(pooled, self.mean, self.mean_bias, self.floors, self.half)

    def logits(self, pooled: Pooled) -> Array:
        """Return logits of shape (..., n_values)."""
        result: Array = self.features(pooled) @ self.weights + self.bias
        return result


def features(
    pooled: Pooled, mean: Array, mean_bias: Array, floors: tuple[float, float], half: float
) -> Array:
    """Return the features F, of shape (..., n_values, 3)."""
    length = np.maximum(np.linalg.norm(pooled.vector, axis=-1, keepdims=True), 1e-6)
    share = (pooled.lines / (pooled.lines + half))[..., None]
    about = share * (pooled.vector / length @ mean + mean_bias)
    return np.stack([np.log(floors[0] + pooled.told), np.log(floors[1] + pooled.squared), about], axis=-1)


def softmax(logits: Array) -> Array:
    """Return probabilities along the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


def log_odds(logits: Array, value: int) -> Array:
    """Return the log-odds of one value against all others, of shape (...)."""
    others = np.delete(logits, value, axis=-1)
    top = others.max(axis=-1, keepdims=True)
    rest = np.log(np.exp(others - top).sum(axis=-1)) + top[..., 0]
    result: Array = logits[..., value] - rest
    return result
