"""What everyone prefers: a Bradley-Terry reward with an effect of each item and a slope on its features.

Source: Bradley, Terry (1952), "Rank Analysis of Incomplete Block Designs"; the ridge on both parts is chosen on people left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from personae.metrics.calibration import log_loss
from personae.metrics.folds import deal_folds
from personae.metrics.intervals import RandomState
from personae.metrics.logistic import sigmoid
from personae.preference._extras import needs
from personae.preference.comparisons import Array, Comparisons, Item

PENALTIES = (1.0, 10.0, 100.0)
MOST_COMPARED = 20_000  # rows that the penalties are chosen on; more do not change the choice


@dataclass(frozen=True, slots=True)
class Directions:
    """The main directions of items' features, in units of their mean square together."""

    center: Array  # (n_features,)
    axes: Array  # (n_features, n_directions)

    def of(self, vectors: Array) -> Array:
        """Return coordinates of shape (n_items, n_directions)."""
        return (vectors - self.center) @ self.axes


@dataclass(frozen=True, slots=True)
class Population:
    """The reward that all share, in log-odds.

    Parameters
    ----------
    slopes : ndarray of shape (n_directions,)
    effects : mapping from item to float
        What an item is liked beyond its directions; an item never seen has none.
    penalties : tuple of float
        The ridge on slopes and on effects that was chosen.
    """

    directions: Directions
    slopes: Array
    effects: dict[Item, float]
    penalties: tuple[float, float]

    def rewards(self, items: Sequence[Item], vectors: Array) -> Array:
        """Return the reward of each item, shape (n_items,)."""
        effects = np.array([self.effects.get(item, 0.0) for item in items])
        return np.asarray(self.directions.of(vectors) @ self.slopes + effects)


def main_directions(vectors: Array, n_directions: int) -> Directions:
    """Return the directions that hold most of the items' spread, scaled so that coordinates have mean square 1 together."""
    center = vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(_sampled(vectors - center), full_matrices=False)
    kept = axes[:n_directions].T
    scale = np.sqrt((((vectors - center) @ kept) ** 2).sum(axis=1).mean())
    return Directions(center, kept / max(float(scale), 1e-12))


def fit_population(
    table: Comparisons,
    vectors: Array,
    *,
    n_directions: int = 32,
    penalties: Sequence[float] = PENALTIES,
    random_state: RandomState = 0,
) -> Population:
    """Fit the reward that all share.

    Parameters
    ----------
    table : Comparisons
    vectors : ndarray of shape (n_items, n_features)
    n_directions : int
    penalties : sequence of float
        To choose from for slopes and for effects, by log loss on a fifth of the people.

    Notes
    -----
    Minimizes sum weight * logloss(chosen, sigmoid(r(a) - r(b))) + (p |slopes|^2 + q |effects|^2) / 2. Ties count as half a
    choice each way. With a single penalty given nothing is left out.
    """
    directions = main_directions(vectors, n_directions)
    spread = directions.of(vectors)
    pairs = list(product(penalties, penalties))
    chosen = pairs[0]
    if len(pairs) > 1:
        shown = table.take(np.arange(min(len(table), MOST_COMPARED)))
        is_out = deal_folds(shown.person.tolist(), random_state=random_state) == 0
        held, kept = shown.take(is_out), shown.take(~is_out)
        if len(held) and len(kept):
            losses = [_held_out_loss(_solve(kept, spread, pair), spread, held) for pair in pairs]
            chosen = pairs[int(np.argmin(losses))]
    solved = _solve(table, spread, chosen)
    compared = np.unique(np.concatenate([table.a, table.b]))
    effects = {table.items[item]: float(solved[spread.shape[1] + item]) for item in compared}
    return Population(directions, solved[: spread.shape[1]], effects, chosen)


def _solve(table: Comparisons, spread: Array, penalties: tuple[float, float]) -> Array:
    """Return slopes and effects, shape (n_directions + n_items,)."""
    with needs("scipy"):
        from scipy.optimize import minimize

    n_slopes = spread.shape[1]
    gaps = spread[table.a] - spread[table.b]
    ridge = np.concatenate([np.full(n_slopes, penalties[0]), np.full(len(spread), penalties[1])])

    def loss(solution: Array) -> tuple[float, Array]:
        slopes, effects = solution[:n_slopes], solution[n_slopes:]
        margin = gaps @ slopes + effects[table.a] - effects[table.b]
        value = float(
            table.weight @ (np.logaddexp(0, margin) - table.chosen * margin) + ridge @ solution**2 / 2
        )
        pull = table.weight * (sigmoid(margin) - table.chosen)
        by_item = np.bincount(table.a, pull, len(spread)) - np.bincount(table.b, pull, len(spread))
        return value, np.concatenate([pull @ gaps, by_item]) + ridge * solution

    found: Any = minimize(loss, np.zeros(len(ridge)), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return np.asarray(found.x)


def _held_out_loss(solution: Array, spread: Array, held: Comparisons) -> float:
    reward = spread @ solution[: spread.shape[1]] + solution[spread.shape[1] :]
    return log_loss(sigmoid(reward[held.a] - reward[held.b]), held.chosen)


def _sampled(rows: Array, most: int = 20_000) -> Array:
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(int)]
