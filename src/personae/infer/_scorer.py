"""The arithmetic of the inferred reader: what each line says about a value, pooled over a person's lines to probabilities.

A line has probabilities `told` over the values of an attribute (their sum falls short of 1 by the chance that the line tells
nothing) and a `vector`. With n words of 15 a line, a person's logits are linear in three pooled features for each value v,

    F[v] = (ln(e1 + sum_i told[i, v]),  ln(e2 + sum_i told[i, v]^2),  n / (n + n0) * (W . unit(sum_i vector[i]) + b)[v]),

plus a bias: with little text the logarithms are level and the shrunken third term is small, so that the answer stays near
the base rate. There are two such sets of weights: `near`, for people who write like those the model was fitted on, and `far`,
fitted on collections that it was not, whose bias is half the logarithm of the base rate. How near a person is (`Nearness`)
mixes the two answers, and the amount of text decides how far the mixture m may stand from the base rate p,

    ln P[v] = ln p[v] + s * a / (a + a0) * (ln m[v] - ln p[v]) + constant,    a = n,

so that a few words give a wide answer, whatever they seem to tell.
Every pooled quantity is a sum over lines, so that the answer without a line is exact at the cost of a subtraction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from personae.metrics.recalibration import Isotonic
from personae.people.records import Guess

Array = NDArray[np.float32]
WORDS_A_LINE = 15.0
TINY = 1e-9  # the least probability that a logarithm is taken of


@dataclass(frozen=True, slots=True)
class Pooled:
    """Sums over lines: `told` and `second` of shape (..., n_values), `vector` (..., 384), the others (...).

    `second` sums told^2, or for places what is told of the place's country. `distance` sums how far each line lies from
    the lines of the fit, `log_words` the logarithm of its number of words.
    """

    told: Array
    second: Array
    vector: Array
    lines: Array
    words: Array
    distance: Array
    log_words: Array

    def less(self, parts: Pooled) -> Pooled:
        """Return the sums without each of the parts, whose arrays have one more leading axis."""
        return Pooled(
            np.maximum(self.told - parts.told, 0.0),
            np.maximum(self.second - parts.second, 0.0),
            self.vector - parts.vector,
            np.maximum(self.lines - parts.lines, 0.0),
            np.maximum(self.words - parts.words, 0.0),
            np.maximum(self.distance - parts.distance, 0.0),
            np.maximum(self.log_words - parts.log_words, 0.0),
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """What is pooled, one row a line: the same sums before they are taken."""

    told: Array  # (n_lines, n_values)
    second: Array  # (n_lines, n_values)
    vector: Array  # (n_lines, 384)
    words: Array  # (n_lines,)
    distance: Array  # (n_lines,)

    def pool(self, lines: NDArray[np.intp] | None = None) -> Pooled:
        """Return the sums over all lines, or over some."""
        chosen = slice(None) if lines is None else lines
        words = self.words[chosen]
        return Pooled(
            self.told[chosen].sum(0),
            self.second[chosen].sum(0),
            self.vector[chosen].sum(0),
            np.array(len(words), dtype=np.float32),
            words.sum(),
            self.distance[chosen].sum(),
            np.log(words).sum(),
        )

    def by_owner(self, owner: NDArray[np.intp], n_owners: int) -> Pooled:
        """Return the sums over the lines of each owner, arrays of shape (n_owners, ...); an owner's lines stand together."""
        ones = np.ones(len(owner), dtype=np.float32)
        columns = (self.told, self.second, self.vector, ones, self.words, self.distance, np.log(self.words))
        return Pooled(*(sums_of(column, owner, n_owners) for column in columns))


def sums_of(rows: Array, owner: NDArray[np.intp], n_owners: int) -> Array:
    """Return the sums of the rows of each owner, shape (n_owners, ...); `owner` is in order."""
    sums = np.zeros((n_owners, *rows.shape[1:]), dtype=np.float32)
    begins = np.diff(owner, prepend=-1) > 0
    sums[owner[begins]] = rows[begins]
    np.add.at(sums, owner[~begins], rows[~begins])
    return sums


@dataclass(frozen=True, slots=True)
class Nearness:
    """A one-class test: whether a person writes like the people of the fit.

    Each line's distance is its squared Mahalanobis distance divided by 384, |(vector - center) . whiten|^2. A person's mean
    distance and mean logarithm of words are held against those of the people of the fit: `usual`, `between` and `within` are
    the median, the spread between people and the spread between lines, for (distance, log words).
    """

    center: Array  # (384,)
    whiten: Array  # (384, 384)
    usual: Array  # (2,)
    between: Array  # (2,)
    within: Array  # (2,)
    bound: float
    slope: float

    def distances(self, vectors: Array) -> Array:
        """Return each line's distance, shape (n_lines,)."""
        found: Array = (((vectors - self.center) @ self.whiten) ** 2).sum(axis=-1)
        return found

    def strangeness(self, pooled: Pooled) -> Array:
        """Return the sum of the two squared deviations, in standard errors; shorter distances than usual are not strange."""
        n_lines = np.maximum(pooled.lines, 1.0)
        spread = np.sqrt(self.between**2 + self.within**2 / n_lines[..., None])
        far = np.maximum(pooled.distance / n_lines - self.usual[0], 0.0) / spread[..., 0]
        long = (pooled.log_words / n_lines - self.usual[1]) / spread[..., 1]
        total: Array = far**2 + long**2
        return total

    def near(self, pooled: Pooled) -> Array:
        """Return how near a person is, in [0, 1]; one half at `bound`."""
        exponent = np.clip((self.strangeness(pooled) - self.bound) / self.slope, -50.0, 50.0)
        share: Array = 1.0 / (1.0 + np.exp(exponent))
        return np.where(pooled.lines > 0, share, 0.0).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Mass:
    """Pooled lines before anything is told of an attribute: what all attributes share, reckoned once.

    `pooled` is without values; `near` (...) says how near the person is, `unit` (..., 384) where the vectors' sum points.
    """

    pooled: Pooled
    near: Array
    unit: Array

    def telling(self, told: Array, second: Array) -> Pooled:
        """Return the sums with what the lines tell, of shape (..., n_values), in their place."""
        return replace(self.pooled, told=told, second=second)


@dataclass(frozen=True, slots=True)
class Head:
    """What turns pooled lines into probabilities.

    `weights` and `far_weights` have shape (3,), `bias`, `far_bias` and `base` (n_values,), `mean` (384, n_values), `mean_bias`
    (n_values,); `floors` are e1 and e2, `half` is n0, the number of 15-word lines at which the mean counts half. `base` is
    the logarithm of the base rate, `sharpness` is (s, a0).
    """

    weights: Array
    bias: Array
    far_weights: Array
    far_bias: Array
    mean: Array
    mean_bias: Array
    floors: tuple[float, float]
    half: float
    base: Array
    sharpness: tuple[float, float]

    def chances(self, pooled: Pooled, near: Array, unit: Array | None = None) -> Array:
        """Return probabilities of shape (..., n_values); `unit` is the vector at unit length where that is known."""
        about = self.about(unit_of(pooled.vector) if unit is None else unit)
        table = features(pooled, about, self.floors, self.half)
        inside = softmax(table @ self.weights + self.bias)
        outside = softmax(table @ self.far_weights + self.far_bias)
        mixed = near[..., None] * inside + (1.0 - near[..., None]) * outside
        return sharpened(
            np.log(np.maximum(mixed, TINY)), self.base, pooled.words / WORDS_A_LINE, self.sharpness
        )

    def about(self, unit: Array) -> Array:
        """Return what the mean vector says, W . unit + b."""
        said: Array = unit @ self.mean + self.mean_bias
        return said

    def silent(self) -> Array:
        """Return the probabilities that no text at all leaves, of shape (n_values,)."""
        return softmax(self.base)


def unit_of(vector: Array) -> Array:
    """Return vectors at unit length, zero ones as they are."""
    unit: Array = vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-6)
    return unit


def features(pooled: Pooled, about: Array, floors: tuple[float, float], half: float) -> Array:
    """Return the features F, of shape (..., n_values, 3)."""
    amount = pooled.words / WORDS_A_LINE
    share = (amount / (amount + half))[..., None]
    return np.stack(
        [np.log(floors[0] + pooled.told), np.log(floors[1] + pooled.second), share * about], axis=-1
    )


def sharpened(logs: Array, base: Array, amount: Array, sharpness: tuple[float, float]) -> Array:
    """Return probabilities between the base rate, for no text, and what the text tells, for much of it.

    Parameters
    ----------
    logs : ndarray of shape (..., n_values)
        Logarithms of probabilities.
    base : ndarray of shape (n_values,)
        Logarithms of the base rate.
    amount : ndarray of shape (...)
        Words, in lines of fifteen.
    sharpness : (s, a0)
    """
    share = np.asarray(sharpness[0] * amount / (amount + sharpness[1]))[..., None]
    return softmax(base + share * (logs - base))


def turned_out(guesses: tuple[Guess, ...], outcomes: Isotonic, near: float) -> tuple[Guess, ...]:
    """Return the guesses with the share that such guesses turned out right in place of the first one's probability.

    For a person who writes unlike those of the fit (`near` below 1) only in that proportion; the later guesses share what is
    left as before. A fiftieth of the probability stays as it was, so that no two guesses change places.
    """
    if not guesses:
        return guesses
    said = guesses[0].probability
    share = 0.98 * float(outcomes(said)) + 0.02 * said
    first = near * share + (1 - near) * said
    rest = (1 - first) / max(1 - said, 1e-9)
    later = (replace(guess, probability=min(guess.probability * rest, first)) for guess in guesses[1:])
    return (replace(guesses[0], probability=first), *later)


def softmax(logits: Array) -> Array:
    """Return probabilities along the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


def log_odds(chances: Array, value: int) -> Array:
    """Return the log-odds of one value, of shape (...)."""
    chance = np.clip(chances[..., value], 1e-6, 1 - 1e-6)
    odds: Array = np.log(chance) - np.log1p(-chance)
    return odds
