"""Several hidden reward heads from plain comparisons, and a route to them: a mixture of Bradley-Terry models.

Source: Shen et al. (2025), "MiCRo: Mixture Modeling and Context-aware Routing for Personalized Preference Learning",
arXiv 2505.24846, sections 3 and 4. Hedge: Freund, Schapire (1997), "A Decision-Theoretic Generalization of On-Line Learning".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from personae.errors import BadInput
from personae.metrics.folds import deal_folds
from personae.metrics.logistic import sigmoid
from personae.preference._core import BAND, Chances, Features, Personaliser, Reason
from personae.preference._extras import needs
from personae.preference.comparisons import Array, Codes, Comparisons
from personae.preference.population import PENALTIES, main_directions

Prompts = Callable[[Sequence[str]], Array]  # contexts to vectors of shape (n_contexts, n_numbers)
_STEPS = 20  # of the Dirichlet route
_SEARCHED, _REFINED = 100, 300  # most steps of a search, and of the last one on all bags


@dataclass(frozen=True, slots=True)
class Route:
    """How much each head is trusted for one person in one context.

    Parameters
    ----------
    weights : ndarray of shape (n_heads,)
        Non-negative, sum to 1; a masked head has 0.
    entropy : float
        Of the weights, in nats: high where another answer of the person would tell most.
    masked : float, in [0, 1]
        What the person's choices would have given to masked heads.
    """

    weights: Array
    entropy: float
    masked: float


@dataclass(frozen=True, slots=True)
class _Bags:
    """Rows whose choices come from one head together, sorted by bag."""

    gaps: Array  # (n_rows, n_directions)
    chosen: Array
    weight: Array
    bag: Codes
    starts: Codes
    prompts: Array  # (n_bags, n_numbers), the mean over the bag's rows, with a column of ones

    def log_likelihoods(self, heads: Array) -> Array:
        """Return the log-likelihood of each bag under each head, shape (n_bags, n_heads)."""
        margins = self.gaps @ heads.T
        return np.add.reduceat(_log_likelihood(margins, self.chosen, self.weight), self.starts, axis=0)


class MiCRo(Personaliser):
    """Route people and contexts among reward heads that are learned without knowing who is of which kind.

    Parameters
    ----------
    features : callable from items to vectors
    prompts : callable from contexts to vectors, optional
        What the router sees, such as `encoder.encode`; without it every context has the same weights at first.
    n_heads : int
    n_directions : int
        Main directions of the features that a head weighs.
    by_person : bool
        Whether all rows of a person come from one head when heads are learned; without, every row has its own.
    concentration : float or None
        None: a person is of one kind, and Hedge finds which. A number: a person is a blend of the heads, with that many rows'
        worth of trust in the population's blend.
    rate : float, positive
        Of Hedge; with 1 the weights are the posterior over heads.
    balance : float, non-negative
        Price of a router that parks its weight on few heads: the entropy term's factor.
    penalties : sequence of float
        Ridges to choose from, for what all heads have in common and then for what sets them apart, by log loss on a fifth of the
        people (of the rows without `by_person`).
    n_restarts : int
        Searches from different starts; the best by the same log loss is kept.
    bootstrap : bool
        Fit each head apart as a single Bradley-Terry model of a bootstrap sample: the baseline to hold the mixture against.
    masked : sequence of int
        Heads that are never used.
    random_state : int

    Attributes
    ----------
    heads_ : ndarray of shape (n_heads, n_features)
        What a head gives for a unit of each feature, in log-odds.
    router_ : ndarray of shape (n_heads, n_numbers)

    Notes
    -----
    P(a over b) = sum_k w_k(x) sigmoid(r_k(a) - r_k(b)), w = softmax(router(x)); the loss is -log of it, summed over the rows of a
    bag inside the mixture, plus balance * sum_k w_k log w_k. A person's state is the log of what their choices multiply the
    weights by: rate * sum of log-likelihoods under each head. A tie says nothing of which head is a person's.

    Deviations: whole-set quasi-Newton steps with exact gradients stand for Adam on minibatches; heads are shrunken towards their
    mean; rows of one person may share a head, since single rows of an even mix of opposite tastes hold nothing that tells them
    apart; a response is scored by differences of rewards, the quantity that is trained, not by their level.

    Examples
    --------
    >>> from personae.people.records import Preference
    >>> rows = [Preference(f"p{p}", "", "mild", "hot", "ab"[p % 2]) for p in range(40) for _ in range(8)]
    >>> heat = lambda items: np.array([[float(text == "hot")] for _, text in items])
    >>> model = MiCRo(features=heat, n_heads=2, n_directions=1).fit(rows)
    >>> model = model.adapt("eve", [Preference("eve", "", "hot", "mild", "a")] * 3)
    >>> model.prob("eve", "", "hot", "mild").probability > 0.8, abs(model.prob("new", "", "hot", "mild").probability - 0.5) < 0.02
    (True, True)
    """

    def __init__(
        self,
        *,
        features: Features,
        prompts: Prompts | None = None,
        n_heads: int = 4,
        n_directions: int = 64,
        by_person: bool = True,
        concentration: float | None = None,
        rate: float = 1.0,
        balance: float = 0.05,
        penalties: Sequence[float] = PENALTIES,
        n_restarts: int = 5,
        bootstrap: bool = False,
        masked: Sequence[int] = (),
        random_state: int = 0,
    ) -> None:
        self.features = features
        self.prompts = prompts
        self.n_heads = n_heads
        self.n_directions = n_directions
        self.by_person = by_person
        self.concentration = concentration
        self.rate = rate
        self.balance = balance
        self.penalties = penalties
        self.n_restarts = n_restarts
        self.bootstrap = bootstrap
        self.masked = masked
        self.random_state = random_state

    def explain(self, person: str) -> list[Reason]:
        """Return the heads, those first that the person's choices speak most for or against, with items each likes most."""
        if person not in self.index_:
            return []
        weights = self.states_[self.index_[person]]
        order = np.argsort(-np.abs(weights))
        return [Reason(f"head {head}", float(weights[head]), self.examples_[head]) for head in order]

    def route(self, person: str, context: str = "") -> Route:
        """Return how much each head is trusted; for someone unknown, as in the population."""
        state = self.states_[self.index_[person]] if person in self.index_ else self.unknown_
        log_prior = _log_softmax(self._seen([context]) @ self.router_.T)[0]
        free = np.exp(_log_softmax(log_prior + state))
        weights = np.exp(_log_softmax(log_prior + state + self._mask()))
        entropy = -float(weights @ np.log(np.maximum(weights, 1e-300)))
        return Route(weights, entropy, float(free[list(self.masked)].sum()))

    @property
    def n_effective(self) -> float:
        """exp of the entropy of the heads' mean weights over the people learned from: between 1 and `n_heads`."""
        weights = np.maximum(self.mean_weights_, 1e-300)
        return float(np.exp(-weights @ np.log(weights)))

    def _learn(self, table: Comparisons, vectors: Array) -> None:
        if not self.n_heads >= 1 or any(not 0 <= head < self.n_heads for head in self.masked):
            raise BadInput(f"{self.n_heads} heads, masked {list(self.masked)}; mask heads by place, from 0.")
        if len(set(self.masked)) == self.n_heads:
            raise BadInput("All heads are masked; leave at least one.")
        self.directions_ = main_directions(vectors, self.n_directions)
        self.prompt_directions_ = None
        if self.prompts is not None:
            contexts = sorted({context for context, _ in table.items})
            self.prompt_directions_ = main_directions(np.asarray(self.prompts(contexts), dtype=float), 32)
        random = np.random.default_rng(self.random_state)
        bags = self._bags(table, vectors)
        found = self._single_heads(bags, random) if self.bootstrap else self._mixture(bags, random)
        self.coefficients_, self.router_ = found
        self.heads_ = self.coefficients_ @ self.directions_.axes.T
        self.mean_weights_ = np.exp(_log_softmax(self._log_joint(*found, bags))).mean(axis=0)
        rewards = self.directions_.of(vectors) @ self.coefficients_.T
        self.examples_ = [
            tuple(table.items[place][1] for place in (row.argmax(), row.argmin())) for row in rewards.T
        ]

    def _single(self, bags: _Bags) -> tuple[Array, Array]:
        """Return one head, with the penalty that explains left-out bags best; the price of standing apart is still open."""
        kept, held = self._split(bags)
        tried = [(shared, self._search(*_nothing(1, bags), kept, (shared, 1.0))) for shared in self.penalties]
        losses = [self._held_out(*found, held) for _, found in tried]
        best = int(np.argmin(losses))
        self.held_out_loss_, self.penalties_ = losses[best], (tried[best][0], 1.0)
        return self._search(*tried[best][1], bags, self.penalties_)

    def _mixture(self, bags: _Bags, random: np.random.Generator) -> tuple[Array, Array]:
        """Return heads and router of the search and penalty that explain left-out bags best, refined on all bags."""
        common, none = self._single(bags)
        if self.n_heads == 1:
            return common, none
        kept, held = self._split(bags)
        size = max(float(np.abs(common).max()), 1.0)
        tried = []
        for _ in range(self.n_restarts):
            start = common + size * random.normal(size=(self.n_heads, common.shape[1]))
            router = 0.01 * random.normal(size=(self.n_heads, none.shape[1]))
            for apart in self.penalties:
                penalty = (self.penalties_[0], apart)
                found = self._search(start, router, kept, penalty, _SEARCHED)
                tried.append((self._held_out(*found, held), penalty, found))
        self.held_out_loss_, self.penalties_, best = min(tried, key=lambda each: each[0])
        return self._search(*best, bags, self.penalties_)

    def _single_heads(self, bags: _Bags, random: np.random.Generator) -> tuple[Array, Array]:
        """Return heads that were fitted apart, each on bags drawn with replacement, and a router that trusts all alike."""
        self._single(bags)
        heads, n_bags = [], len(bags.starts)
        for _ in range(self.n_heads):
            drawn = np.bincount(random.integers(n_bags, size=n_bags), minlength=n_bags)
            sample = replace(bags, weight=bags.weight * drawn[bags.bag])
            heads.append(self._search(*_nothing(1, bags), sample, self.penalties_)[0][0])
        return np.array(heads), _nothing(self.n_heads, bags)[1]

    def _split(self, bags: _Bags) -> tuple[_Bags, _Bags]:
        n_bags = len(bags.starts)
        if n_bags < 5:
            return bags, bags
        out = deal_folds(range(n_bags), random_state=self.random_state) == 0
        return _some(bags, ~out), _some(bags, out)

    def _search(
        self, heads: Array, router: Array, bags: _Bags, penalty: tuple[float, float], steps: int = _REFINED
    ) -> tuple[Array, Array]:
        """Return heads and router at a minimum of the loss near the start."""
        with needs("scipy"):
            from scipy.optimize import minimize

        n_heads, size = heads.shape

        def loss(solution: Array) -> tuple[float, Array]:
            return self._loss(solution.reshape(n_heads, -1), size, bags, penalty)

        start = np.hstack([heads, router]).ravel()
        found: Any = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": steps})
        solved = found.x.reshape(n_heads, -1)
        return solved[:, :size], solved[:, size:]

    def _loss(
        self, solution: Array, size: int, bags: _Bags, penalty: tuple[float, float]
    ) -> tuple[float, Array]:
        """Return the loss with its slope, for heads beside router weights of shape (n_heads, size + n_numbers)."""
        heads, router = solution[:, :size], solution[:, size:]
        margins = bags.gaps @ heads.T  # (n_rows, n_heads)
        evidence = np.add.reduceat(_log_likelihood(margins, bags.chosen, bags.weight), bags.starts, axis=0)
        log_weights = _log_softmax(bags.prompts @ router.T)  # (n_bags, n_heads)
        joint = log_weights + evidence
        log_likelihood = np.logaddexp.reduce(joint, axis=1, keepdims=True)
        posterior, weights = np.exp(joint - log_likelihood), np.exp(log_weights)
        spread = (weights * log_weights).sum(axis=1, keepdims=True)
        mean, (shared, own) = heads.mean(axis=0), penalty
        apart = heads - mean
        value = float(
            self.balance * spread.sum() - log_likelihood.sum() + own * (apart**2).sum() / 2
            + shared * mean @ mean / 2 + (router[:, :-1] ** 2).sum() / 2
        )  # fmt: skip
        pull = posterior[bags.bag] * (sigmoid(margins) - bags.chosen[:, None]) * bags.weight[:, None]
        by_head = pull.T @ bags.gaps + own * apart + shared * mean / len(heads)
        by_logit = weights - posterior + self.balance * weights * (log_weights - spread)
        by_router = by_logit.T @ bags.prompts
        by_router[:, :-1] += router[:, :-1]
        return value, np.hstack([by_head, by_router]).ravel()

    def _log_joint(self, heads: Array, router: Array, bags: _Bags) -> Array:
        return _log_softmax(bags.prompts @ router.T) + bags.log_likelihoods(heads)

    def _held_out(self, heads: Array, router: Array, bags: _Bags) -> float:
        log_likelihood = np.logaddexp.reduce(self._log_joint(heads, router, bags), axis=1)
        return -float(log_likelihood.sum() / bags.weight.sum())

    def _bags(self, table: Comparisons, vectors: Array) -> _Bags:
        """Return rows sorted by bag: a person's rows, or every row alone."""
        order = np.argsort(table.person, kind="stable")
        rows = table.take(order)
        _, bag = np.unique(rows.person if self.by_person else np.arange(len(rows)), return_inverse=True)
        starts = np.flatnonzero(np.diff(bag, prepend=-1))
        spread = self.directions_.of(vectors)
        seen = self._seen_rows(rows)
        means = np.add.reduceat(seen, starts, axis=0) / np.bincount(bag)[:, None]
        return _Bags(spread[rows.a] - spread[rows.b], rows.chosen, rows.weight, bag, starts, means)

    def _seen_rows(self, table: Comparisons) -> Array:
        """Return what the router sees of each row, shape (n_rows, n_numbers)."""
        if self.prompt_directions_ is None:
            return np.ones((len(table), 1))
        names = [table.items[place][0] for place in table.a]
        contexts = list(dict.fromkeys(names))
        place = {context: code for code, context in enumerate(contexts)}
        return self._seen(contexts)[[place[name] for name in names]]

    def _seen(self, contexts: Sequence[str]) -> Array:
        ones = np.ones((len(contexts), 1))
        if self.prompt_directions_ is None or self.prompts is None or not len(contexts):
            return ones if self.prompt_directions_ is None else np.zeros((0, self.router_.shape[1]))
        vectors = np.asarray(self.prompts(contexts), dtype=float)
        if not np.isfinite(vectors).all():
            raise BadInput("The vectors of some contexts are not finite numbers.")
        return np.hstack([self.prompt_directions_.of(vectors), ones])

    def _mask(self) -> Array:
        mask = np.zeros(self.n_heads)
        mask[list(self.masked)] = -np.inf
        return mask

    def _place(self, table: Comparisons, vectors: Array, n_people: int) -> Array:
        states = np.zeros((n_people, self.n_heads))
        if not len(table):
            return states
        spread = self.directions_.of(vectors)
        margins = (spread[table.a] - spread[table.b]) @ self.coefficients_.T
        weight = self.rate * table.weight * (table.chosen != 0.5)
        evidence = _log_likelihood(margins, table.chosen, weight)
        if self.concentration is None:
            np.add.at(states, table.person, evidence)
            return np.asarray(states - states.max(axis=1, keepdims=True))
        prior = _log_softmax(self._seen_rows(table) @ self.router_.T + self._mask())
        return _blend(prior, evidence, table.person, n_people, self.concentration)

    def _chances(self, states: Array, table: Comparisons, vectors: Array) -> Chances:
        spread = self.directions_.of(vectors)
        chances = sigmoid((spread[table.a] - spread[table.b]) @ self.coefficients_.T)  # (n_rows, n_heads)
        logits = self._seen_rows(table) @ self.router_.T + states[table.person] + self._mask()
        weights = np.exp(_log_softmax(logits))
        mean = (weights * chances).sum(axis=1)
        sd = np.sqrt((weights * (chances - mean[:, None]) ** 2).sum(axis=1))
        used = np.isfinite(self._mask())
        least, most = chances[:, used].min(axis=1), chances[:, used].max(axis=1)
        return Chances(mean, np.maximum(mean - BAND * sd, least), np.minimum(mean + BAND * sd, most))


def _blend(prior: Array, evidence: Array, person: Codes, n_people: int, concentration: float) -> Array:
    """Return the log of what each person's blend of heads is against the prior's, shape (n_people, n_heads).

    Notes
    -----
    theta = (c * prior + sum_rows p(head | row, theta)) / (c + n_rows), repeated: the posterior mean of a Dirichlet blend by a
    mean-field step. `prior` and `evidence` hold the log prior and log-likelihood of each row, shape (n_rows, n_heads); a
    person's prior is the mean over their rows, so that a head that the prior gives up for all is given up here.
    """
    n_heads = prior.shape[1]
    log_ratio = np.zeros((n_people, n_heads))
    if not len(person):
        return log_ratio
    n_rows = np.bincount(person, minlength=n_people)[:, None]
    base = np.maximum(_by_person(np.exp(prior), person, n_people) / np.maximum(n_rows, 1), 1e-300)
    for _ in range(_STEPS):
        sums = _by_person(np.exp(_log_softmax(prior + evidence + log_ratio[person])), person, n_people)
        log_ratio = np.log((concentration * base + sums) / ((concentration + n_rows) * base))
    return np.where(n_rows > 0, log_ratio, 0.0)


def _by_person(rows: Array, person: Codes, n_people: int) -> Array:
    """Return sums of rows over people, shape (n_people, n_columns)."""
    return np.stack([np.bincount(person, column, n_people) for column in rows.T], axis=1)


def _nothing(n_heads: int, bags: _Bags) -> tuple[Array, Array]:
    """Return heads and router of zeros."""
    return np.zeros((n_heads, bags.gaps.shape[1])), np.zeros((n_heads, bags.prompts.shape[1]))


def _some(bags: _Bags, kept: Any) -> _Bags:
    """Return some of the bags, by mask."""
    rows = kept[bags.bag]
    _, bag = np.unique(bags.bag[rows], return_inverse=True)
    starts = np.flatnonzero(np.diff(bag, prepend=-1))
    return _Bags(bags.gaps[rows], bags.chosen[rows], bags.weight[rows], bag, starts, bags.prompts[kept])


def _log_likelihood(margins: Array, chosen: Array, weight: Array) -> Array:
    """Return the rows' log-likelihood under each head, shape (n_rows, n_heads); a tie is half a choice each way."""
    return weight[:, None] * (chosen[:, None] * margins - np.logaddexp(0.0, margins))


def _log_softmax(logits: Array) -> Array:
    top = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(top - np.log(np.exp(top).sum(axis=-1, keepdims=True)))
