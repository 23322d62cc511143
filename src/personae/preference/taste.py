"""A person's taste as a shrunken line over what everyone prefers: the family's default.

Source: empirical Bayes for many regressions at once, Lindley and Smith (1972), "Bayes Estimates for the Linear Model"; learned
coordinates of items after Koren, Bell, Volinsky (2009), "Matrix Factorization Techniques for Recommender Systems".
"""

from __future__ import annotations

import numpy as np

from personae.metrics.logistic import sigmoid
from personae.preference._core import (
    Chances,
    Features,
    Personaliser,
    Reason,
    chances_of_margins,
    padded,
)
from personae.preference.comparisons import Array, Codes, Comparisons, Item
from personae.preference.population import fit_population, main_directions

_CHUNK = 4096  # people placed at once: bounds the memory at about 100 MB
_STEPS = 3


class LinearTaste(Personaliser):
    """Place people by a shrunken linear taste over the population's reward.

    Parameters
    ----------
    features : callable from items to vectors
    n_directions : int
        Main directions of the features that a taste may weigh.
    n_learned : int
        Further coordinates of items, learned from who liked what; items never seen have none.
    n_rounds : int
        Rounds of learning how tastes spread over people.
    random_state : int

    Attributes
    ----------
    population_ : Population
    spread_ : ndarray of shape (n_coordinates, n_coordinates)
        Covariance of tastes over people, learned.

    Notes
    -----
    log P(a) / P(b) = r(a) - r(b) + (x(a) - x(b)) . w, w ~ N(0, S) for each person. A person's state is the mode of w and its
    covariance there (Laplace), by a few Newton steps, for all people in one array operation. S is learned by expectation
    maximization: the mean of w w' + Cov(w) over the people given to `fit`, with one person's worth of a round prior.

    Examples
    --------
    >>> from personae.people.records import Preference
    >>> likes = {"ana": "sweet", "bo": "sour", "cy": "sweet", "di": "sour"}
    >>> rows = [Preference(p, "", "sweet", "sour", "a" if like == "sweet" else "b") for p, like in likes.items()] * 5
    >>> taste = LinearTaste(features=lambda items: np.array([[len(text) - 4.5] for _, text in items]), n_directions=1)
    >>> taste = taste.fit(rows).adapt("eve", [Preference("eve", "", "sour", "sweet", "b")] * 3)
    >>> taste.prob("eve", "", "sweet", "sour").probability > 0.7 > taste.prob("new", "", "sweet", "sour").probability
    True
    """

    def __init__(
        self,
        *,
        features: Features,
        n_directions: int = 16,
        n_learned: int = 16,
        n_rounds: int = 10,
        random_state: int = 0,
    ) -> None:
        self.features = features
        self.n_directions = n_directions
        self.n_learned = n_learned
        self.n_rounds = n_rounds
        self.random_state = random_state

    def explain(self, person: str) -> list[Reason]:
        """Return the strongest coordinates of a taste, each with the two items that stand for it most."""
        if person not in self.index_:
            return []
        size = len(self.spread_)
        weights = self.states_[self.index_[person]][:size] * self.units_
        order = np.argsort(-np.abs(weights))
        return [
            Reason(f"coordinate {place}", float(weights[place]), self.examples_[place]) for place in order[:5]
        ]

    def _learn(self, table: Comparisons, vectors: Array) -> None:
        self.population_ = fit_population(table, vectors, random_state=self.random_state)
        self.directions_ = main_directions(vectors, self.n_directions)
        self.learned_: dict[Item, Array] = {}
        self.spread_ = np.eye(self.directions_.axes.shape[1])
        self._learn_spread(table, vectors)
        if self.n_learned and len(table.items) > self.n_learned < len(table.people):
            self.learned_ = self._item_coordinates(table, vectors)
            self.spread_ = np.pad(self.spread_, (0, self.n_learned))
            self.spread_[-self.n_learned :, -self.n_learned :] = np.eye(self.n_learned)
            self._learn_spread(table, vectors)
        coordinates = self._coordinates(table, vectors)
        self.units_ = coordinates.std(axis=0)
        self.examples_ = [
            tuple(table.items[place][1] for place in (column.argmax(), column.argmin()))
            for column in coordinates.T
        ]

    def _learn_spread(self, table: Comparisons, vectors: Array) -> None:
        size = len(self.spread_)
        for _ in range(self.n_rounds):
            states = self._place(table, vectors, len(table.people))
            means, covariances = states[:, :size], states[:, size:].reshape(-1, size, size)
            second = means.T @ means + covariances.sum(axis=0)
            prior = np.eye(size) * np.trace(self.spread_) / size
            self.spread_ = (second + prior) / (len(states) + 1)

    def _item_coordinates(self, table: Comparisons, vectors: Array) -> dict[Item, Array]:
        """Return the main directions, over items, of what people's tastes leave unexplained."""
        margin = self._margins(self._place(table, vectors, len(table.people)), table, vectors)[0]
        left = table.chosen - sigmoid(margin)
        surprise = np.zeros((len(table.people), len(table.items)))
        np.add.at(surprise, (table.person, table.a), left)
        np.add.at(surprise, (table.person, table.b), -left)
        _, sizes, axes = np.linalg.svd(surprise, full_matrices=False)
        coordinates = axes[: self.n_learned].T * sizes[: self.n_learned]
        coordinates /= np.sqrt((coordinates**2).sum(axis=1).mean())
        return dict(zip(table.items, coordinates, strict=True))

    def _coordinates(self, table: Comparisons, vectors: Array) -> Array:
        read = self.directions_.of(vectors)
        if not self.learned_:
            return read
        nothing = np.zeros(self.n_learned)
        return np.hstack([read, [self.learned_.get(item, nothing) for item in table.items]])

    def _place(self, table: Comparisons, vectors: Array, n_people: int) -> Array:
        coordinates = self._coordinates(table, vectors)
        rewards = self.population_.rewards(table.items, vectors)
        base, gaps = rewards[table.a] - rewards[table.b], coordinates[table.a] - coordinates[table.b]
        precision = np.asarray(np.linalg.inv(self.spread_), dtype=float)
        places, is_row = padded(table, n_people)
        return np.vstack([
            _posterior(base, gaps, table, places[start : start + _CHUNK], is_row[start : start + _CHUNK], precision)
            for start in range(0, n_people, _CHUNK)
        ])  # fmt: skip

    def _margins(self, states: Array, table: Comparisons, vectors: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation of the log-odds, both of shape (n_rows,)."""
        size = len(self.spread_)
        coordinates = self._coordinates(table, vectors)
        rewards = self.population_.rewards(table.items, vectors)
        gaps = coordinates[table.a] - coordinates[table.b]
        own = states[table.person]
        mean = rewards[table.a] - rewards[table.b] + np.einsum("nk,nk->n", gaps, own[:, :size])
        covariances = own[:, size:].reshape(-1, size, size)
        return mean, np.sqrt(np.einsum("nj,njk,nk->n", gaps, covariances, gaps))

    def _chances(self, states: Array, table: Comparisons, vectors: Array) -> Chances:
        return chances_of_margins(*self._margins(states, table, vectors))


def _posterior(
    base: Array, gaps: Array, table: Comparisons, places: Codes, is_row: Array, precision: Array
) -> Array:
    """Return modes of the tastes with their covariances there, shape (n_people, k + k * k)."""
    n_people, size = len(places), len(precision)
    modes = np.zeros((n_people, size))
    if not places.shape[1]:
        return np.hstack([modes, np.tile(np.linalg.inv(precision).ravel(), (n_people, 1))])
    x, chosen = gaps[places], table.chosen[places]  # (people, rows, k), (people, rows)
    weight, reward = table.weight[places] * is_row, base[places]
    for _ in range(_STEPS):
        chance = sigmoid(reward + np.einsum("pmk,pk->pm", x, modes))
        slope = np.einsum("pmk,pm->pk", x, weight * (chosen - chance)) - modes @ precision
        bend = np.einsum("pmj,pm,pmk->pjk", x, weight * chance * (1 - chance), x, optimize=True) + precision
        modes = modes + np.linalg.solve(bend, slope[..., None])[..., 0]
    return np.hstack([modes, np.linalg.inv(bend).reshape(n_people, -1)])
