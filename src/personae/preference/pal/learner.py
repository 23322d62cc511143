"""PAL: a person as a mixture of a few prototype tastes in a learned space, placed by a handful of comparisons.

Source: Chen, Chen, Rege, Vinayak (2024), "PAL: Pluralistic Alignment Framework for Learning from Heterogeneous Preferences",
arXiv 2406.08469, sections 3.1 (ideal points) and 3.2 (ideal points that depend on the prompt).
"""

from __future__ import annotations

import hashlib

import numpy as np

from personae.errors import BadInput
from personae.preference._core import Chances, Features, Personaliser, Reason, chances_of_margins
from personae.preference._placing import Gaussian, learn_gaussian, place
from personae.preference._sureness import LEAST_ROWS, Sureness, fit_sureness, hold_out
from personae.preference.comparisons import Array, Codes, Comparisons
from personae.preference.pal._space import Geometry, Learner
from personae.preference.pal._training import Loss, Plan, Trainer, first_guesses, train
from personae.preference.population import fit_population, main_directions

_FREE = 100.0  # times the covariance: a prior this wide says nothing
_LEAST_VARIANCE = 1e-3
_PLACED = 1e-6  # a lean below this is rounding
_STEPS = 6
_PENALTY = 0.01  # on people's weights, of the regularized variant


class PAL(Personaliser):
    """Place people as mixtures of prototypes.

    Parameters
    ----------
    features : callable from items to vectors
    contexts : callable from items to vectors of their contexts, or None
        What prototypes may depend on in the "angle" learner; without it they do not.
    n_prototypes : int
    learner : "dist" or "angle"
        PAL-A and PAL-B: liked is what is near the ideal point, or in the direction of a context's ideal point.
    loss : "logistic" or "hinge"
    with_population : bool
        Learn what is left of the population's reward, rather than everything.
    n_directions : int
        Main directions of the features along which a person may differ from any mixture; 0 for none.
    is_free : bool
        Place people by their choices alone, as the paper does, rather than by these and how others are spread.
    hidden, size : int
        Widths of the projection.
    n_epochs, batch_size : int
    rate : float
        Of the projection's steps.
    n_rounds : int
        Rounds of learning how people are spread.
    random_state : int

    Attributes
    ----------
    space_ : Space
    prior_ : Gaussian
        How weights of prototypes, then of directions, spread over people.
    prototype_items_ : tuple of tuples of str
        The three texts that each prototype likes most: a person may pick one rather than compare.
    sureness_ : Sureness

    Notes
    -----
    log P(a) / P(b) = r(a) - r(b) + scale (|f(b) - u| - |f(a) - u|) + (x(a) - x(b)) . v, u = sum_k softmax(w)_k f(P_k); "angle"
    has cosines of u = sum_k softmax(w)_k g_k(context) in place of distances. The paper's learners have neither r nor v
    (`with_population=False, n_directions=0`). (w, v) of a person is the mode under the Gaussian of everyone's, with its
    covariance (Laplace), or near it: six steps end within .2 standard deviations, and chances within .001 on average, of where
    more would; f, P and g stay as they are, which `fingerprint` proves.

    Over a population's reward the mixture's part is less that of the mean person, of whom the reward itself says what is
    expected: someone unknown is then exactly the population.

    Deviations: the prototypes are projected before they are mixed ("f(P)w" in the released code), so that placing a person needs
    k numbers of each item; batches of 256 with a rate of 1e-3 for f in place of 4 with 1e-4; prototypes begin at k-means of what
    people chose rather than at random; a learned scale in the "dist" learner with the logistic loss, as in the released
    "dist_logistic". A margin of the hinge loss is no log-odds: `sureness_` makes it one.

    Examples
    --------
    >>> from personae.people.records import Preference
    >>> likes = {f"p{i}": "sweet" if i % 2 else "sour" for i in range(8)}
    >>> rows = [Preference(p, "", "sweet", "sour", "a" if like == "sweet" else "b") for p, like in likes.items()] * 5
    >>> pal = PAL(features=lambda items: np.array([[text == "sweet", 1.0] for _, text in items]), n_prototypes=2, n_directions=0)
    >>> pal.fit(rows).prob("p1", "", "sweet", "sour").probability > 0.7
    True
    """

    def __init__(
        self,
        *,
        features: Features,
        contexts: Features | None = None,
        n_prototypes: int = 8,
        learner: Learner = "dist",
        loss: Loss = "logistic",
        with_population: bool = True,
        n_directions: int = 16,
        is_free: bool = False,
        hidden: int = 128,
        size: int = 64,
        n_epochs: int = 10,
        batch_size: int = 256,
        rate: float = 1e-3,
        n_rounds: int = 10,
        random_state: int = 0,
    ) -> None:
        self.features = features
        self.contexts = contexts
        self.n_prototypes = n_prototypes
        self.learner = learner
        self.loss = loss
        self.with_population = with_population
        self.n_directions = n_directions
        self.is_free = is_free
        self.hidden = hidden
        self.size = size
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.rate = rate
        self.n_rounds = n_rounds
        self.random_state = random_state

    def explain(self, person: str) -> list[Reason]:
        """Return the strongest leanings to or from a prototype, each with what it likes, and along directions."""
        if person not in self.index_:
            return []
        k = self.n_prototypes
        lean = self.states_[self.index_[person]][: self.prior_.size] - self.prior_.mean
        lean[:k] -= lean[:k].mean()
        lean[k:] *= self.units_
        names = [f"prototype {place}" for place in range(k)]
        names += [f"direction {place}" for place in range(len(lean) - k)]
        examples = (*self.prototype_items_, *self.examples_)
        order = np.argsort(-np.abs(lean))[:5]
        return [Reason(names[place], float(lean[place]), examples[place]) for place in order]

    def groups(self) -> dict[str, int]:
        """Return the prototype that each person leans to more than others do; people of whom nothing is known have none."""
        k = self.n_prototypes
        lean = self.states_[:, :k] - self.prior_.mean[:k]
        is_placed = np.abs(lean).max(axis=1) > _PLACED
        most = lean.argmax(axis=1)
        return {person: int(most[place]) for person, place in self.index_.items() if is_placed[place]}

    def fingerprint(self) -> str:
        """Return a hash of everything that placing a person must leave as it is."""
        digest = hashlib.blake2b(digest_size=16)
        for part in (*self.space_.project, *self.space_.ideal, self.prior_.mean, self.prior_.covariance):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()

    def _learn(self, table: Comparisons, vectors: Array) -> None:
        if (
            self.n_prototypes < 1
            or self.learner not in {"dist", "angle"}
            or self.loss not in {"logistic", "hinge"}
        ):
            raise BadInput(
                "PAL takes at least one prototype, the learner dist or angle, and the loss logistic or hinge."
            )
        self.sureness_ = self._learned_sureness(table, vectors)
        self._learn_space(table, vectors)
        seen = self.space_.geometry(vectors, self._context_vectors(table, vectors))
        texts = [text for _, text in table.items]
        self.prototype_items_ = tuple(
            tuple(texts[item] for item in row) for row in seen.nearest(self.learner).tolist()
        )
        read = self.directions_.of(vectors)
        self.units_ = read.std(axis=0)
        self.examples_ = tuple((texts[column.argmax()], texts[column.argmin()]) for column in read.T)

    def _learn_space(self, table: Comparisons, vectors: Array) -> None:
        """Learn the projection and the prototypes, then how people are spread among them."""
        k, n_people = self.n_prototypes, len(table.people)
        self.population_ = (
            fit_population(table, vectors, random_state=self.random_state) if self.with_population else None
        )
        self.directions_ = main_directions(vectors, self.n_directions)
        plan = Plan(k, self.learner, self.loss, self.hidden, self.size, self.n_epochs, self.batch_size, self.rate,
                    _PENALTY if self.with_population else 0.0)  # fmt: skip
        prototypes, weights = first_guesses(table, vectors, k, self.random_state, n_people)
        trainer = Trainer(
            plan, vectors, self._context_vectors(table, vectors), prototypes, weights, self.random_state
        )
        self.space_, learned = train(trainer, table, self._base(table, vectors), self.random_state)
        learned = learned[np.flatnonzero(table.counts())]
        self.prior_ = _wider(
            learned.mean(axis=0), np.cov(learned.T, bias=True).reshape(k, k), self.directions_.axes.shape[1]
        )
        for _ in range(0 if self.is_free else self.n_rounds):
            states = self._place(table, vectors, n_people)[np.flatnonzero(table.counts())]
            found = learn_gaussian(self.prior_, states, with_mean=True)
            mean = np.concatenate([found.mean[:k], np.zeros(len(found.mean) - k)])
            self.prior_ = Gaussian(mean, found.covariance + _LEAST_VARIANCE * np.eye(found.size))

    def _learned_sureness(self, table: Comparisons, vectors: Array) -> Sureness:
        """Return how sure to be, from people left out of what a copy of this method learns."""
        learned, shown, asked = hold_out(table, self.random_state)
        if len(asked) < LEAST_ROWS or not len(learned):
            return Sureness()
        copied = PAL(**self.get_params())
        copied._learn_space(learned, vectors)
        states = copied._place(shown, vectors, len(table.people))
        chances, known = copied._unscaled(states, asked, vectors)
        return fit_sureness(chances, known, asked.chosen)

    def _place(self, table: Comparisons, vectors: Array, n_people: int) -> Array:
        base, seen, gaps = (
            self._base(table, vectors),
            self._geometry(table, vectors),
            self._gaps(table, vectors),
        )
        k = self.n_prototypes

        def margins(weights: Array, places: Codes) -> tuple[Array, Array]:
            margin, slopes = self._mixture(weights[:, :k], seen, table.a[places], table.b[places])
            along = gaps[places]
            margin = base[places] + margin + np.einsum("pmj,pj->pm", along, weights[:, k:])
            return margin, np.concatenate([slopes, along], axis=2)

        prior = self.prior_
        if self.is_free:
            prior = Gaussian(prior.mean, prior.covariance * _FREE)
        return place(table, n_people, margins, prior, most_steps=_STEPS)

    def _unscaled(self, states: Array, table: Comparisons, vectors: Array) -> tuple[Chances, Array]:
        """Return chances as the model has them, and the share of the taste that is found out, (n_rows,)."""
        weights, covariances = self.prior_.split(states)
        k, own = self.n_prototypes, weights[table.person]
        seen = self._geometry(table, vectors)
        margin, slopes = self._mixture(own[:, :k], seen, table.a[:, None], table.b[:, None])
        gaps = self._gaps(table, vectors)
        along = np.hstack([slopes[:, 0], gaps])
        mean = self._base(table, vectors) + margin[:, 0] + np.einsum("nk,nk->n", gaps, own[:, k:])
        left = np.einsum("nj,njk,nk->n", along, covariances[table.person], along)
        before = np.einsum("nj,jk,nk->n", along, self.prior_.covariance, along)
        return chances_of_margins(mean, np.sqrt(left)), np.clip(1 - left / np.maximum(before, 1e-12), 0, 1)

    def _mixture(self, weights: Array, seen: Geometry, a: Codes, b: Codes) -> tuple[Array, Array]:
        """Return the mixtures' log-odds and slopes; over the population's reward, what they add to the mean person's."""
        margin, slopes = self.space_.margins(weights, seen, a, b)
        if self.population_ is not None:
            mean = np.broadcast_to(self.prior_.mean[: self.n_prototypes], weights.shape)
            margin = margin - self.space_.margins(mean, seen, a, b)[0]
        return margin, slopes

    def _chances(self, states: Array, table: Comparisons, vectors: Array) -> Chances:
        return self.sureness_.of(*self._unscaled(states, table, vectors))

    def _geometry(self, table: Comparisons, vectors: Array) -> Geometry:
        return self.space_.geometry(vectors, self._context_vectors(table, vectors))

    def _context_vectors(self, table: Comparisons, vectors: Array) -> Array:
        if self.contexts is None:
            return np.zeros((len(vectors), 1))
        found = np.asarray(self.contexts(table.items), dtype=float)
        if not np.isfinite(found).all():
            raise BadInput("The vectors of some contexts are not finite numbers.")
        return found

    def _base(self, table: Comparisons, vectors: Array) -> Array:
        """Return a's lead by the population's reward, shape (n_rows,)."""
        if self.population_ is None:
            return np.zeros(len(table))
        rewards = self.population_.rewards(table.items, vectors)
        return np.asarray(rewards[table.a] - rewards[table.b])

    def _gaps(self, table: Comparisons, vectors: Array) -> Array:
        read = self.directions_.of(vectors)
        return np.asarray(read[table.a] - read[table.b])


def _wider(mean: Array, covariance: Array, n_directions: int) -> Gaussian:
    """Return the Gaussian of prototypes' weights with as many directions beside it, of variance 1."""
    k = len(mean)
    whole = np.eye(k + n_directions)
    whole[:k, :k] = covariance + _LEAST_VARIANCE * np.eye(k)
    return Gaussian(np.concatenate([mean, np.zeros(n_directions)]), whole)
