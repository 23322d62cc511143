"""A person's taste as a shrunken line over what everyone prefers: the family's default.

Source: empirical Bayes for many regressions at once, Lindley and Smith (1972), "Bayes Estimates for the Linear Model"; learned
coordinates of items after Koren, Bell, Volinsky (2009), "Matrix Factorization Techniques for Recommender Systems".
"""

from __future__ import annotations

import numpy as np

from personae.metrics.logistic import sigmoid
from personae.preference._core import Chances, Features, Personaliser, Reason, chances_of_margins
from personae.preference._placing import Gaussian, learn_gaussian, place
from personae.preference._sureness import LEAST_ROWS, Sureness, fit_sureness, hold_out
from personae.preference.comparisons import Array, Codes, Comparisons, Item
from personae.preference.population import fit_population, main_directions


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
    sureness_ : Sureness
        Scale of the log-odds, learned on a fifth of the people by a copy that learned from the others.

    Notes
    -----
    log P(a) / P(b) = r(a) - r(b) + (x(a) - x(b)) . w, w ~ N(0, S) for each person. A person's state is the mode of w and its
    covariance there (Laplace), by Newton's steps to their end, for all people in one array operation. S is learned by expectation
    maximization: the mean of w w' + Cov(w) over the people given to `fit`, with one person's worth of a round prior.

    Without the scale of `sureness_` the chances are too unsure, more so the more of a person is known (calibration error .05
    without shots, .09 with thirty, on Jester): r is fitted as the mean over people and is flattened once more by their
    spread; the modes of S's learning lie nearer to 0 than the tastes (.4 of the variance, simulated with 20 choices a person);
    and pairs that share an item agree more within a person than the taste explains. The scale keeps every choice's
    side, so that accuracy is as without it.

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
        self.sureness_ = self._learned_sureness(table, vectors)
        self._learn_tastes(table, vectors)
        coordinates = self._coordinates(table, vectors)
        self.units_ = coordinates.std(axis=0)
        self.examples_ = [
            tuple(table.items[place][1] for place in (column.argmax(), column.argmin()))
            for column in coordinates.T
        ]

    def _learn_tastes(self, table: Comparisons, vectors: Array) -> None:
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

    def _learned_sureness(self, table: Comparisons, vectors: Array) -> Sureness:
        """Return how sure to be, from people left out of what a copy of this method learns."""
        learned, shown, asked = hold_out(table, self.random_state)
        if len(asked) < LEAST_ROWS or not len(learned):
            return Sureness()
        copied = LinearTaste(**self.get_params())
        copied._learn_tastes(learned, vectors)
        states = copied._place(shown, vectors, len(table.people))
        chances, known = copied._unscaled(states, asked, vectors)
        return fit_sureness(chances, known, asked.chosen)

    def _learn_spread(self, table: Comparisons, vectors: Array) -> None:
        for _ in range(self.n_rounds):
            states = self._place(table, vectors, len(table.people))
            self.spread_ = learn_gaussian(self._prior, states).covariance

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

    @property
    def _prior(self) -> Gaussian:
        return Gaussian(np.zeros(len(self.spread_)), self.spread_)

    def _gaps(self, table: Comparisons, vectors: Array) -> tuple[Array, Array]:
        """Return a's lead by the population's reward, shape (n_rows,), and in each coordinate, (n_rows, n_coordinates)."""
        coordinates = self._coordinates(table, vectors)
        rewards = self.population_.rewards(table.items, vectors)
        return rewards[table.a] - rewards[table.b], coordinates[table.a] - coordinates[table.b]

    def _place(self, table: Comparisons, vectors: Array, n_people: int) -> Array:
        base, gaps = self._gaps(table, vectors)

        def margins(weights: Array, places: Codes) -> tuple[Array, Array]:
            slopes = gaps[places]
            return base[places] + np.einsum("pmk,pk->pm", slopes, weights), slopes

        return place(table, n_people, margins, self._prior)

    def _margins(self, states: Array, table: Comparisons, vectors: Array) -> tuple[Array, Array, Array]:
        """Return mean and standard deviation of the log-odds, and the share of the taste found out, all (n_rows,)."""
        base, gaps = self._gaps(table, vectors)
        weights, covariances = self._prior.split(states)
        mean = base + np.einsum("nk,nk->n", gaps, weights[table.person])
        left = np.einsum("nj,njk,nk->n", gaps, covariances[table.person], gaps)
        before = np.einsum("nj,jk,nk->n", gaps, self.spread_, gaps)
        return mean, np.sqrt(left), 1 - left / np.maximum(before, 1e-12)

    def _unscaled(self, states: Array, table: Comparisons, vectors: Array) -> tuple[Chances, Array]:
        mean, sd, known = self._margins(states, table, vectors)
        return chances_of_margins(mean, sd), known

    def _chances(self, states: Array, table: Comparisons, vectors: Array) -> Chances:
        return self.sureness_.of(*self._unscaled(states, table, vectors))
