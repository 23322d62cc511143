"""What is thought of each item, as a probability: refusals count too, wrong answers are allowed for, and turns are planned.

Ours, beside the paper's walk.
"""

from __future__ import annotations

import numpy as np

from personae.errors import BadInput
from personae.recommend.interactions import Codes
from personae.recommend.scpr.episodes import LIST_LENGTH, Policy, Standing
from personae.recommend.scpr.graph import Graph
from personae.recommend.scpr.walk import NOTHING, Array, Flags, Vectors, _entropy, top

_LEAST = 1e-7  # an item with a smaller share of the belief is not counted when questions are compared


class Belief:
    """n episodes, each with a distribution over all items.

    Parameters
    ----------
    graph, vectors, people
        As in `Walk`.
    noise : float in (0, 0.5)
        The chance that an answer is wrong, as it is believed.
    sharpness : float
        How much scores tell before any answer.
    prior : ndarray of shape (n_items,), optional
        Logarithms, added for everyone.

    Notes
    -----
    The belief in item v is proportional to exp(prior + sharpness * (u + sum of accepted p).v), times 1 - noise for each answer
    that v agrees with, and noise for each that it does not. The opening is certain. An item shown in vain is out. The question
    is the attribute whose believers hold a share nearest to one half, the lowest number among equals: it tells most under any
    noise.
    """

    def __init__(
        self, graph: Graph, vectors: Vectors, people: Codes, *, noise: float = 0.001, sharpness: float = 0.3,
        prior: Array | None = None,
    ) -> None:  # fmt: skip
        if not 0 < noise < 0.5:
            raise BadInput(f"The believed share of wrong answers lies between 0 and .5; {noise} was given.")
        n = len(people)
        self.graph, self.vectors, self.people = graph, vectors, people
        self.noise, self.sharpness = noise, sharpness
        self.evidence = np.zeros((n, graph.n_items), dtype=np.float32) + (
            0 if prior is None else np.asarray(prior, np.float32)
        )
        known = np.where(people >= 0)[0]
        self.taste = np.zeros((n, vectors.items.shape[1]))
        self.taste[known] = vectors.people[people[known]]
        self.is_asked = np.zeros((n, graph.n_attributes), dtype=bool)
        self.n_left = np.full(n, graph.n_items)
        self._shares = np.zeros((n, graph.n_items), dtype=np.float32)
        self._is_fresh = np.zeros(n, dtype=bool)
        self._best = np.full(n, NOTHING)
        self._share = np.zeros(n)
        self._is_compared = np.zeros(n, dtype=bool)

    def __len__(self) -> int:
        return len(self.people)

    def open(self, rows: Codes, attributes: Codes) -> None:
        """Begin with the attribute that somebody names; it is certain."""
        self._believe(rows, attributes, -np.inf)

    def accept(self, rows: Codes, attributes: Codes) -> None:
        """Believe less in items that lack the attribute."""
        self._believe(rows, attributes, float(np.log(self.noise / (1 - self.noise))))

    def refuse(self, rows: Codes, attributes: Codes) -> None:
        """Believe less in items that have the attribute."""
        row, item = self.graph.holders.pairs_of(attributes)
        self.evidence[rows[row], item] += np.float32(np.log(self.noise / (1 - self.noise)))
        self._note(rows, attributes)

    def skip(self, rows: Codes, attributes: Codes) -> None:
        """Ask no more for the attribute: somebody does not know."""
        self.is_asked[rows, attributes] = True
        self._is_compared[rows] = False

    def drop(self, rows: Codes, lists: Codes) -> None:
        """Believe no more in items that were shown in vain."""
        row, place = np.nonzero(lists != NOTHING)
        self.evidence[rows[row], lists[row, place]] = -np.inf
        self._changed(rows)

    def shares(self, rows: Codes) -> Array:
        """Return the belief in each item, shape (len(rows), n_items), rows sum to 1."""
        stale = rows[~self._is_fresh[rows]]
        if len(stale):
            items = self.vectors.items.astype(np.float32, copy=False)
            logits = (
                np.float32(self.sharpness) * (self.taste[stale].astype(np.float32) @ items.T)
                + self.evidence[stale]
            )
            highest = logits.max(axis=1, keepdims=True)
            shares = np.exp(logits - np.where(np.isfinite(highest), highest, 0))
            self._shares[stale] = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-30)
            self._is_fresh[stale] = True
        return self._shares[rows]

    def question(self, rows: Codes) -> tuple[Codes, Array]:
        """Return the attribute to ask for in each of these episodes, -1 where none is left, and its entropy in bits."""
        stale = rows[~self._is_compared[rows]]
        if len(stale):
            self._compare(stale)
        return self._best[rows], _entropy(self._share[rows])

    def best(self, rows: Codes, k: int) -> Codes:
        """Return the k likeliest items, shape (len(rows), k), -1 where there are fewer."""
        shares = self.shares(rows)
        return top(np.where(np.isfinite(self.evidence[rows]), shares, -np.inf), k)

    def _believe(self, rows: Codes, attributes: Codes, change: float) -> None:
        row, item = self.graph.holders.pairs_of(attributes)
        kept = self.evidence[rows[row], item]
        self.evidence[rows] += np.float32(change)
        self.evidence[rows[row], item] = kept
        self.taste[rows] += self.vectors.attributes[attributes]
        self._note(rows, attributes)

    def _note(self, rows: Codes, attributes: Codes) -> None:
        self.is_asked[rows, attributes] = True
        self._changed(rows)

    def _changed(self, rows: Codes) -> None:
        self.n_left[rows] = np.isfinite(self.evidence[rows]).sum(axis=1)
        self._is_fresh[rows] = self._is_compared[rows] = False

    def _compare(self, rows: Codes) -> None:
        shares, size = self.shares(rows), self.graph.n_attributes
        row, item = np.nonzero(shares > _LEAST)
        which, attribute = self.graph.has.pairs_of(item)
        weights = shares[row, item][which]
        held = np.bincount(row[which] * size + attribute, weights, len(rows) * size).reshape(len(rows), size)
        uneven = np.abs(2 * held - 1)
        uneven[self.is_asked[rows]] = np.inf
        best = uneven.argmin(axis=1)
        tells = uneven[np.arange(len(rows)), best] < 1 - 1e-6
        self._best[rows] = np.where(tells, best, NOTHING)
        self._share[rows] = np.where(tells, held[np.arange(len(rows)), best], 0)
        self._is_compared[rows] = True


def look_ahead(patience: float = 1.0) -> Policy:
    """Return the policy that compares plans: m questions as good as the next one, then lists to the end.

    Parameters
    ----------
    patience : float
        Weight of being found at all beside being found early.

    Notes
    -----
    m questions of h bits each leave the believer with lists that cover 2^(m h) times as many of the items as they are ranked
    now. With C(x) the belief in the x likeliest items and T turns left, the plan's worth is the sum over k = 1..T - m of
    C(10 k 2^(m h)), which counts the turns that are saved, plus patience * T * C(10 (T - m) 2^(m h)). A question is asked where
    the best plan has m > 0.
    """

    def moves(episodes: Standing, rows: Codes) -> Flags:
        world = episodes.world
        assert isinstance(world, Belief)
        _, bits = world.question(rows)
        bits = np.maximum(bits - float(_entropy(np.array([world.noise]))[0]), 0)
        covered = np.cumsum(-np.sort(-world.shares(rows), axis=1), axis=1)
        left = episodes.n_turns - episodes.turn + 1
        worth = np.empty((len(rows), left))
        for m in range(left):
            reach = LIST_LENGTH * np.arange(1, left - m + 1)[None] * 2.0 ** (m * bits)[:, None]
            place = np.minimum(reach.astype(np.intp), covered.shape[1]) - 1
            found = np.take_along_axis(covered, place, 1)
            worth[:, m] = found.sum(axis=1) + patience * left * found[:, -1]
        return np.asarray((worth.argmax(axis=1) == 0) | (bits == 0))

    return moves
