"""Many small networks trained at once: one more axis on every array, so that a thousand victims cost little more than ten.

Source: per-example clipping is Abadi et al. (2016), "Deep Learning with Differential Privacy", arXiv 1607.00133, algorithm 1; its
norms without per-example gradients are Goodfellow (2015), "Efficient Per-Example Gradient Computations", arXiv 1510.01799.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.intervals import RandomState

Floats = NDArray[np.float32]
_BETAS, _TINY = (0.9, 0.999), 1e-8  # Adam, Kingma and Ba (2015), section 2


@dataclass(frozen=True, slots=True)
class Noise:
    """Private steps: each example's gradient is cut to `clip`, and normal noise of `multiplier` * clip is added to their sum.

    Raises
    ------
    BadInput
        Unless the clip is above 0 and the multiplier 0 or more, both finite.
    """

    clip: float
    multiplier: float

    def __post_init__(self) -> None:
        if not (0 < self.clip < math.inf and 0 <= self.multiplier < math.inf):
            raise BadInput(
                f"clip {self.clip:g}, multiplier {self.multiplier:g}: give a clip above 0 and a multiplier of 0 or more."
            )


@dataclass(frozen=True, slots=True)
class Networks:
    """m feed-forward networks with ReLU between their layers and one output.

    Parameters
    ----------
    weights, biases : tuple of ndarray
        Of shapes (m, n_in, n_out) and (m, 1, n_out) for each layer, float32.
    """

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]

    def __len__(self) -> int:
        return len(self.weights[0])

    def outputs(self, x: Floats) -> Floats:
        """Return outputs of shape (m, n_rows) for rows of shape (m, n_rows, n_in), or (n_rows, n_in) shown to all.

        Log-odds where the networks were trained on binary targets.
        """
        return _forward(self, x)[-1][..., 0]

    def take(self, which: NDArray[np.generic]) -> Networks:
        """Return some of the networks, by mask or place."""
        return Networks(tuple(w[which] for w in self.weights), tuple(b[which] for b in self.biases))


def new_networks(m: int, sizes: Sequence[int], random_state: RandomState = 0) -> Networks:
    """Return m networks of layer sizes such as (42, 32, 16, 8, 1), each drawn anew (Glorot, Bengio 2010, uniform)."""
    random = np.random.default_rng(random_state)
    weights, biases = [], []
    for n_in, n_out in pairwise(sizes):
        bound = np.sqrt(6 / (n_in + n_out))
        weights.append(random.uniform(-bound, bound, (m, n_in, n_out)).astype(np.float32))
        biases.append(random.uniform(-bound, bound, (m, 1, n_out)).astype(np.float32))
    return Networks(tuple(weights), tuple(biases))


def train(
    networks: Networks,
    x: Floats,
    y: Floats,
    *,
    n_epochs: int,
    batch_size: int = 200,
    learning_rate: float = 1e-3,
    decay: float = 1e-4,
    is_binary: bool = True,
    noise: Noise | None = None,
    random_state: RandomState = 0,
) -> Networks:
    """Return the networks after so many epochs of Adam, each on its own rows in an order of its own.

    Parameters
    ----------
    x : ndarray of shape (m, n_rows, n_in)
    y : ndarray of shape (m, n_rows)
        0 or 1 with log loss, or any number with squared error where not `is_binary`.
    decay : float
        Weight of |weights|^2 / 2, per row seen.
    noise : Noise, optional
        Clipped examples and noise in place of the exact gradient. Each step then draws every row by itself with chance
        batch_size / n_rows, as `personae.audit.accountant` takes it; there are as many steps as without noise.

    Raises
    ------
    BadInput
        When shapes differ, a value is not finite, or `n_epochs` or `batch_size` is not positive.

    Notes
    -----
    An example's squared gradient norm is the sum over layers of (|input|^2 + 1) |delta|^2, so clipping costs no more than a step.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(3, 60, 2)).astype(np.float32)  # three networks, 60 rows each
    >>> y = (x.sum(axis=2) > 0).astype(np.float32)
    >>> found = train(new_networks(3, (2, 4, 1)), x, y, n_epochs=100, batch_size=20, learning_rate=0.02)
    >>> (((found.outputs(x) > 0) == y).mean(axis=1) > 0.9).tolist()
    [True, True, True]
    """
    if x.shape[:2] != y.shape or len(x) != len(networks) or n_epochs < 1 or batch_size < 1:
        raise BadInput(
            f"{len(networks)} networks, rows of shape {x.shape} and targets of shape {y.shape}: give (m, n_rows, n_in) and "
            "(m, n_rows), and positive counts of epochs and rows in a batch."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise BadInput("Rows and targets must be finite numbers: fill or drop missing values first.")
    random = np.random.default_rng(random_state)
    state = Adam([w.copy() for w in (*networks.weights, *networks.biases)], learning_rate)
    first = y.shape[1] * np.arange(len(networks))[:, None]
    flat_x, flat_y = x.reshape(-1, x.shape[2]), y.reshape(-1)  # three times faster than by two indices
    for _ in range(n_epochs):
        for rows, share in _batches(y.shape, batch_size, noise is not None, random):
            clip = noise.clip if noise else None
            places = first + rows
            shown = flat_x.take(places, axis=0), flat_y.take(places)
            slopes = slopes_of(state.networks(), *shown, share, is_binary, clip)
            for place, slope in enumerate(slopes):
                if noise is not None:
                    scale = np.float32(noise.clip * noise.multiplier / batch_size)
                    slope += scale * random.standard_normal(slope.shape, dtype=np.float32)
                if place < len(networks.weights):
                    slope += decay * state.values[place]
            state.step(slopes)
    return state.networks()


def _batches(
    shape: tuple[int, ...], size: int, is_drawn: bool, random: np.random.Generator
) -> Iterator[tuple[NDArray[np.intp], Floats]]:
    """Yield one epoch's batches: rows, (m, n), and the share of each in the mean, (m, n) or (1, 1).

    In turn through a random order; or, where `is_drawn`, each row by chance, filled up to one length with rows of share 0.
    """
    if not is_drawn:
        order = random.random(shape, dtype=np.float32).argsort(axis=1)
        for start in range(0, shape[1], size):
            rows = order[:, start : start + size]
            yield rows, np.full((1, 1), 1 / rows.shape[1], dtype=np.float32)
        return
    for _ in range(-(-shape[1] // size)):
        lot = random.random(shape)
        is_in = lot < size / shape[1]
        rows = lot.argsort(axis=1)[:, : max(1, int(is_in.sum(axis=1).max()))]
        yield rows, np.take_along_axis(is_in, rows, axis=1).astype(np.float32) / np.float32(size)


@dataclass(slots=True)
class Adam:
    values: list[Floats]
    rate: float
    means: list[Floats] | None = None
    squares: list[Floats] | None = None
    steps: int = 0

    def networks(self) -> Networks:
        half = len(self.values) // 2
        return Networks(tuple(self.values[:half]), tuple(self.values[half:]))

    def step(self, slopes: Sequence[Floats]) -> None:
        self.means = self.means or [np.zeros_like(each) for each in self.values]
        self.squares = self.squares or [np.zeros_like(each) for each in self.values]
        self.steps += 1
        first, second = _BETAS
        rate = self.rate * np.sqrt(1 - second**self.steps) / (1 - first**self.steps)
        for value, slope, mean, square in zip(self.values, slopes, self.means, self.squares, strict=True):
            mean *= first
            mean += (1 - first) * slope
            square *= second
            square += (1 - second) * slope**2
            value -= np.float32(rate) * mean / (np.sqrt(square) + np.float32(_TINY))


def _forward(networks: Networks, x: Floats) -> list[Floats]:
    """Return what goes into each layer, and at last the outputs of shape (m, n_rows, 1)."""
    shown = [np.broadcast_to(x, (len(networks), *x.shape[-2:]))]
    for place, (weight, bias) in enumerate(zip(networks.weights, networks.biases, strict=True)):
        out = shown[-1] @ weight + bias
        shown.append(out if place == len(networks.weights) - 1 else np.maximum(out, 0, out=out))
    return shown


def slopes_of(
    networks: Networks, x: Floats, y: Floats, share: Floats, is_binary: bool, clip: float | None
) -> list[Floats]:
    """Return the slopes of the loss summed with the rows' shares, each row's cut to `clip`: of weights, then of biases."""
    shown = _forward(networks, x)
    out = shown[-1][..., 0]
    delta = (1 / (1 + np.exp(-np.clip(out, -30, 30))) if is_binary else out) - y
    deltas = [(delta if clip else delta * share)[..., None].astype(np.float32, copy=False)]
    for weight, inside in zip(networks.weights[:0:-1], shown[-2:0:-1], strict=True):
        back = weight.transpose(0, 2, 1)
        passed = deltas[0] * back if back.shape[1] == 1 else deltas[0] @ back
        deltas.insert(0, np.multiply(passed, inside > 0, out=passed))
    if clip:
        squares = sum(((i**2).sum(-1) + 1) * (d**2).sum(-1) for i, d in zip(shown[:-1], deltas, strict=True))
        kept = (share * np.minimum(1, clip / np.sqrt(np.maximum(squares, 1e-12))))[..., None]
        deltas = [d * kept.astype(np.float32) for d in deltas]
    ones = np.ones((1, x.shape[-2]), dtype=np.float32)
    weights = [i.transpose(0, 2, 1) @ d for i, d in zip(shown[:-1], deltas, strict=True)]
    return [*weights, *(ones @ d for d in deltas)]
