"""The preference space once it is learned: where items and prototypes stand, and what a mixture of prototypes prefers.

Everything about a person depends on k shares, and everything about an item on its k inner products with the prototypes, so that
people are placed without going through the network again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from personae.metrics.calibration import softmax
from personae.preference.comparisons import Array, Codes

Learner = Literal["dist", "angle"]
Layers = tuple[Array, Array, Array, Array]  # weights and offsets of the two layers
_NEAR = 1e-6  # added to squared lengths: their roots have a slope everywhere


@dataclass(frozen=True, slots=True)
class Space:
    """A learned space of d dimensions with k prototypes.

    Parameters
    ----------
    learner : "dist" or "angle"
        Liked is what stands near the ideal point, or in its direction.
    project : Layers
        Of items' vectors of D numbers: (D, hidden), (hidden,), (hidden, d), (d,).
    ideal : Layers
        "dist": the prototypes as points of shape (k, D), read through `project`, in the first place; "angle": the prototype
        functions of contexts' vectors, (k, D, hidden), (k, hidden), (k, hidden, d), (k, d).
    scale : float
        Log-odds per unit of distance, or of cosine.
    """

    learner: Learner
    project: Layers
    ideal: tuple[Array, ...]
    scale: float

    def geometry(self, vectors: Array, contexts: Array) -> Geometry:
        """Return how items (n_items, D) in their contexts (n_items, D) stand to the prototypes."""
        points = two_layers(vectors, self.project)  # (n_items, d)
        if self.learner == "dist":
            ideals = two_layers(self.ideal[0], self.project)  # (k, d)
            return Geometry(points @ ideals.T, (points**2).sum(axis=1), (ideals @ ideals.T)[None])
        points = points / np.sqrt((points**2).sum(axis=1, keepdims=True) + _NEAR)
        inside = gelu(np.einsum("nd,kdh->nkh", contexts, self.ideal[0]) + self.ideal[1])
        ideals = np.einsum("nkh,khd->nkd", inside, self.ideal[2]) + self.ideal[3]  # (n_items, k, d)
        return Geometry(
            np.einsum("nkd,nd->nk", ideals, points), np.ones(len(points)), ideals @ np.swapaxes(ideals, 1, 2)
        )

    def margins(self, weights: Array, seen: Geometry, a: Codes, b: Codes) -> tuple[Array, Array]:
        """Return people's log-odds of a over b and their slopes on the weights.

        Parameters
        ----------
        weights : ndarray of shape (n_people, k)
            Of prototypes, before the softmax.
        seen : Geometry
        a, b : ndarray of int of shape (n_people, n_rows)
            Items.

        Returns
        -------
        tuple
            Arrays of shape (n_people, n_rows) and (n_people, n_rows, k).

        Notes
        -----
        "dist": scale (|z_b - u| - |z_a - u|), u = sum_k p_k f(P_k); "angle": scale (cos(u, z_a) - cos(u, z_b)),
        u = sum_k p_k g_k(context); p = softmax(w) (paper, sections 3.1 and 3.2). With h_k = z . u_k and G = (u_j . u_k),
        |z - u|^2 = |z|^2 - 2 p . h + p' G p.
        """
        shares = softmax(weights)
        gram = seen.gram if len(seen.gram) == 1 else seen.gram[a]  # (1, k, k) or (people, rows, k, k)
        pulled = (shares @ gram[0])[:, None] if gram.ndim == 3 else np.einsum("pk,pmkj->pmj", shares, gram)
        square = np.einsum("pmk,pk->pm", pulled, shares)  # |u|^2
        (value_a, slope_a), (value_b, slope_b) = (
            self._liking(seen.inner[item], seen.square[item], shares, pulled, square) for item in (a, b)
        )
        slopes = self.scale * (slope_a - slope_b)
        on_weights = shares[:, None] * (slopes - np.einsum("pmk,pk->pm", slopes, shares)[..., None])
        return self.scale * (value_a - value_b), on_weights

    def _liking(
        self, inner: Array, length: Array, shares: Array, pulled: Array, square: Array
    ) -> tuple[Array, Array]:
        """Return how much items are liked, (people, rows), and its slopes on the shares, (people, rows, k)."""
        along = np.einsum("pmk,pk->pm", inner, shares)
        if self.learner == "dist":
            apart = np.sqrt(np.maximum(length - 2 * along + square, 0) + _NEAR)
            return -apart, (inner - pulled) / apart[..., None]
        size = np.sqrt(square + _NEAR)
        return along / size, inner / size[..., None] - (along / size**3)[..., None] * pulled


@dataclass(frozen=True, slots=True)
class Geometry:
    """Items against prototypes: `inner` (n_items, k), squared lengths `square` (n_items,), `gram` (1 or n_items, k, k)."""

    inner: Array
    square: Array
    gram: Array

    def nearest(self, learner: Learner, most: int = 3) -> Codes:
        """Return the items that each prototype likes most, shape (k, at most `most`)."""
        gram = np.diagonal(self.gram, axis1=1, axis2=2)  # (1 or n_items, k)
        apart = self.square[:, None] - 2 * self.inner + gram
        likes = -apart if learner == "dist" else self.inner / np.sqrt(gram + _NEAR)
        return np.argsort(-likes, axis=0, kind="stable")[:most].T


def two_layers(vectors: Array, layers: Layers) -> Array:
    """Return a GELU network's output."""
    first, first_offset, second, second_offset = layers
    return np.asarray(gelu(vectors @ first + first_offset) @ second + second_offset)


def gelu(x: Array) -> Array:
    """Return x times the normal distribution function of x, in Hendrycks and Gimpel's (2016) tanh form.

    >>> gelu(np.array([0.0, 1.0])).round(4).tolist()
    [0.0, 0.8412]
    """
    return np.asarray(x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))
