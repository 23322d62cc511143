"""FSPO: a person's taste read off a few of their choices at once, by a network that learned how on other people, made or real.

Source: Singh et al. (2025), "FSPO: Few-Shot Preference Optimization of synthetic preference data elicits effective
personalization to real users", arXiv 2502.19312, section 4; here over item vectors in place of a language model's text.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Literal, get_args

import numpy as np

from personae.errors import BadInput
from personae.metrics.logistic import sigmoid
from personae.preference._core import BAND, Chances, Features, Personaliser, Reason, padded
from personae.preference.comparisons import Array, Comparisons
from personae.preference.fspo._net import NetConfig, build, torch_of
from personae.preference.fspo._tasks import (
    Batch,
    Gaps,
    Recipe,
    Spread,
    made_batches,
    modes,
    real_batches,
    signed,
)
from personae.preference.taste import LinearTaste

LearnFrom = Literal["made", "real", "made, then real"]
Loss = Literal["logistic", "ipo"]
MATCHED = Recipe()
_CHUNK = 512  # people read at once
_LEFT_AFTER = (1, 2, 5, 10, 20)  # shots, and after the most; between them it is interpolated
_LEFT_PEOPLE = 500  # made people that tell how much of a taste is left to find out


class FSPO(Personaliser):
    """Read a taste off a few choices with a network that was taught on many people, each with few.

    Parameters
    ----------
    features : callable from items to vectors
    recipe : Recipe
        How people are made up to learn from.
    learn_from : str
        "made": people made by the recipe only; "real": those given to `fit`; "made, then real": one after the other.
    taste : LinearTaste, optional
        Already fitted to the same rows, to save fitting it anew; its population reward and spread of tastes are what recipes
        start from.
    over_taste : bool
        Read what is left over linear taste's own reading of the same shots, rather than over the population's reward; ours.
    n_directions, n_learned : int
        Coordinates of items, as of `LinearTaste`, where none is given.
    n_steps : int
        Steps of gradient descent, each on `n_people` people.
    n_people : int
    most_shots : int
        Choices shown in training are drawn evenly from 1 to so many.
    loss : str
        "logistic", or "ipo": squares of the log-odds' distance from `margin` on the chosen side.
    margin : float
    rate : float
        Of AdamW at the start; it falls to nothing along a cosine.
    random_state : int

    Attributes
    ----------
    taste_ : LinearTaste
    net_ : torch module
    losses_ : list of float
        Training loss, step by step.
    left_ : ndarray of shape (most_shots + 1,)
        Share of the spread of made people's log-odds that is left to find out after so many shots.

    Notes
    -----
    log P(a) / P(b) = e^v (r(a) - r(b)) + (x(a) - x(b)) . u: antisymmetric by construction, and the population's reward r
    without a shot, where u = v = 0. (u, v) is what the network says of the set of shots; it is the person's state, with the
    number of shots last. Shots are sorted by what they are before they are read, so that their order changes no bit. A tie is
    no shot. Over linear taste, whose mode by the shots is m, the log-odds are e^v (r(a) - r(b) + (x(a) - x(b)) . m) +
    (x(a) - x(b)) . u.

    Deviations: coordinates of items in place of texts; a shot is its chosen-minus-rejected lead, the question itself (the same
    for all in Jester) only through it; made people answer questions that the people given to `fit` were asked.

    Examples
    --------
    >>> from personae.people.records import Preference
    >>> sweet = {"cake": 1.0, "tart": 0.7, "bread": 0.0, "lemon": -1.0}
    >>> likes = [("cake", "lemon"), ("tart", "bread"), ("bread", "lemon"), ("cake", "bread")]
    >>> rows = [Preference(f"p{p}", "", a, b, "ab"[p % 2]) for p in range(30) for a, b in likes]
    >>> learner = FSPO(features=lambda items: np.array([[sweet[t]] for _, t in items]), n_directions=1, n_learned=0, n_steps=20)
    >>> learner = learner.fit(rows).adapt("eve", [Preference("eve", "", "cake", "lemon", "a")] * 5)
    >>> learner.prob("eve", "", "tart", "bread").probability > learner.prob("new", "", "tart", "bread").probability
    True
    """

    def __init__(
        self,
        *,
        features: Features,
        recipe: Recipe = MATCHED,
        learn_from: LearnFrom = "made",
        taste: LinearTaste | None = None,
        over_taste: bool = False,
        n_directions: int = 16,
        n_learned: int = 16,
        n_steps: int = 150,
        n_people: int = 64,
        most_shots: int = 30,
        loss: Loss = "logistic",
        margin: float = 1.0,
        rate: float = 1e-3,
        random_state: int = 0,
    ) -> None:
        self.features = features
        self.recipe = recipe
        self.learn_from = learn_from
        self.taste = taste
        self.over_taste = over_taste
        self.n_directions = n_directions
        self.n_learned = n_learned
        self.n_steps = n_steps
        self.n_people = n_people
        self.most_shots = most_shots
        self.loss = loss
        self.margin = margin
        self.rate = rate
        self.random_state = random_state

    def explain(self, person: str) -> list[Reason]:
        """Return the strongest coordinates of a taste, each with the two items that stand for it most."""
        if person not in self.index_:
            return []
        weights = self.states_[self.index_[person]][: len(self.units_)] * self.units_
        order = np.argsort(-np.abs(weights))
        return [
            Reason(f"coordinate {place}", float(weights[place]), self.taste_.examples_[place])
            for place in order[:5]
        ]

    def _learn(self, table: Comparisons, vectors: Array) -> None:
        for value, known in ((self.learn_from, LearnFrom), (self.recipe.spread, Spread), (self.loss, Loss)):
            if value not in get_args(known):
                raise BadInput(f"FSPO knows no {value!r}; there are {', '.join(get_args(known))}.")
        self.taste_ = self.taste or LinearTaste(
            features=self.features,
            n_directions=self.n_directions,
            n_learned=self.n_learned,
            random_state=self.random_state,
        ).fit(table)
        random = np.random.default_rng(self.random_state)
        self.axes_, tastes = self._axes()
        questions = self._questions(table, vectors)
        first_step = 0.0 if self.over_taste else 1.0
        seed = int(random.integers(2**31)) if self.random_state is None else self.random_state
        self.net_ = build(NetConfig(self.axes_.shape[1], first_step=first_step), seed)
        self.losses_: list[float] = []
        scale = self.taste_.sureness_.at_first if self.recipe.noise_matched else 1.0
        made = made_batches(questions, scale, flips=self.recipe.flips, axes=tastes, n_people=self.n_people,
                            most_shots=self.most_shots, random=random)  # fmt: skip
        real = real_batches(
            questions, table, n_people=self.n_people, most_shots=self.most_shots, random=random
        )
        if self.learn_from != "real":
            self._train(made, self.n_steps, self.rate)
        if self.learn_from != "made":
            is_first = self.learn_from == "real"
            self._train(
                real, self.n_steps if is_first else self.n_steps // 4, self.rate * (1.0 if is_first else 0.2)
            )
        self.prior_ = scale**2 * tastes @ tastes.T
        self.left_ = self._left(questions, tastes, scale, random)
        self.units_ = self._coordinates(table, vectors).std(axis=0)

    def _axes(self) -> tuple[Array, Array]:
        """Return what coordinates are multiplied by before the network sees them (k, k), and the axes of made tastes there."""
        spread = self.taste_.spread_
        n_text = len(spread) - (self.taste_.n_learned if self.taste_.learned_ else 0)
        if self.recipe.spread == "isotropic":
            covariance = np.eye(len(spread))[:, :n_text]
            return np.eye(len(spread)), _low_rank(covariance @ covariance.T, self.recipe.rank)
        sizes, axes = np.linalg.eigh(spread)
        root = axes * np.sqrt(np.maximum(sizes, 1e-9))
        # in coordinates x @ root tastes are standard normal, but for a lower rank
        return root, _low_rank_of_sizes(sizes, self.recipe.rank)

    def _coordinates(self, table: Comparisons, vectors: Array) -> Array:
        return np.asarray(self.taste_._coordinates(table, vectors) @ self.axes_)

    def _questions(self, table: Comparisons, vectors: Array) -> Gaps:
        coordinates = self._coordinates(table, vectors)
        rewards = self.taste_.population_.rewards(table.items, vectors)
        return Gaps(rewards[table.a] - rewards[table.b], coordinates[table.a] - coordinates[table.b])

    def _train(self, batches: Any, n_steps: int, rate: float) -> None:
        torch = torch_of()
        optimizer = torch.optim.AdamW(self.net_.parameters(), lr=rate, weight_decay=0.01)
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(n_steps, 1))
        for batch in islice(batches, n_steps):
            loss = self._loss(batch)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.net_.parameters(), 1.0)
            optimizer.step()
            falling.step()
            self.losses_.append(float(loss.detach()))

    def _loss(self, batch: Batch) -> Any:
        torch = torch_of()
        shots, is_shot, gaps, base, chosen, is_asked = (
            torch.tensor(getattr(batch, name), dtype=torch.float32)
            for name in ("shots", "is_shot", "gaps", "base", "chosen", "is_asked")
        )
        states = self.net_(shots, is_shot)
        line = base
        if self.over_taste:
            found = torch.tensor(self._modes(batch.shots, batch.is_shot), dtype=torch.float32)
            line = base + torch.einsum("ptk,pk->pt", gaps, found)
        odds = states[:, -1:].exp() * line + torch.einsum("ptk,pk->pt", gaps, states[:, :-1])
        if self.loss == "ipo":
            missed = ((2 * chosen - 1) * odds - self.margin) ** 2
        else:
            missed = torch.nn.functional.binary_cross_entropy_with_logits(odds, chosen, reduction="none")
        return (missed * is_asked).sum() / is_asked.sum()

    def _left(self, questions: Gaps, tastes: Array, scale: float, random: np.random.Generator) -> Array:
        """Return the share of the spread of made people's log-odds that is left after 0, 1, 2 ... shots, never rising."""
        rows = random.integers(len(questions.base), size=(_LEFT_PEOPLE, self.most_shots))
        asked = questions.gaps[random.integers(len(questions.base), size=_LEFT_PEOPLE)]
        people = random.normal(size=(_LEFT_PEOPLE, tastes.shape[1])) @ tastes.T
        margin = scale * (questions.base[rows] + np.einsum("pmk,pk->pm", questions.gaps[rows], people))
        chosen = (random.random(margin.shape) < sigmoid(margin)).astype(float)
        shots = signed(Gaps(questions.base[rows], questions.gaps[rows]), chosen)
        truth = scale * (asked * people).sum(axis=1)
        counts = [count for count in _LEFT_AFTER if count < self.most_shots] + [self.most_shots]
        left = [1.0]
        for count in counts:
            told = self._read(shots[:, :count], np.ones((_LEFT_PEOPLE, count)))
            missed = truth - (asked * told[:, :-1]).sum(axis=1)
            left.append(float((missed**2).mean() / max((truth**2).mean(), 1e-12)))
        falling = np.minimum.accumulate(left)
        return np.interp(np.arange(self.most_shots + 1), [0, *counts], falling)

    def _read(self, shots: Array, is_shot: Array) -> Array:
        """Return what sets of shots say of a taste, and of the log of the reward's strength last, shape (n_people, k + 1)."""
        torch = torch_of()
        told = []
        with torch.no_grad():
            for start in range(0, len(shots), _CHUNK):
                rows, there = (
                    torch.tensor(part[start : start + _CHUNK], dtype=torch.float32)
                    for part in (shots, is_shot)
                )
                told.append(self.net_(rows, there).double().numpy())
        states = np.vstack(told)
        if self.over_taste:
            states[:, :-1] += np.exp(states[:, -1:]) * self._modes(shots, is_shot)
        return states

    def _modes(self, shots: Array, is_shot: Array) -> Array:
        """Return where linear taste places people by their shots, in the network's coordinates, shape (n_people, k)."""
        return modes(shots, is_shot, self.axes_.T @ np.linalg.inv(self.taste_.spread_) @ self.axes_)

    def _place(self, table: Comparisons, vectors: Array, n_people: int) -> Array:
        states = np.zeros((n_people, self.axes_.shape[1] + 2))
        table = table.take(table.chosen != 0.5)
        if not len(table):
            return states
        shots = signed(self._questions(table, vectors), table.chosen)
        order = np.lexsort((*shots.T, table.person))
        places, is_shot = padded(table.take(order), n_people)
        given = np.flatnonzero(is_shot.any(axis=1))
        states[given, :-1] = self._read(shots[order][places[given]], is_shot[given])
        states[:, -1] = is_shot.sum(axis=1)
        return states

    def _chances(self, states: Array, table: Comparisons, vectors: Array) -> Chances:
        questions = self._questions(table, vectors)
        own = states[table.person]
        mean = np.exp(own[:, -2]) * questions.base + np.einsum("nk,nk->n", questions.gaps, own[:, :-2])
        left = self.left_[np.minimum(own[:, -1].astype(int), self.most_shots)]
        sd = np.sqrt(left * np.einsum("nj,jk,nk->n", questions.gaps, self.prior_, questions.gaps))
        return Chances(sigmoid(mean), sigmoid(mean - BAND * sd), sigmoid(mean + BAND * sd))


def _low_rank(covariance: Array, rank: int | None) -> Array:
    """Return axes A with A A' the covariance, or its main directions scaled to the same trace."""
    sizes, axes = np.linalg.eigh(covariance)
    kept = slice(None) if rank is None else slice(-rank, None)
    total = sizes.sum() / max(float(sizes[kept].sum()), 1e-12)
    return np.asarray(axes[:, kept] * np.sqrt(np.maximum(sizes[kept], 0) * total))


def _low_rank_of_sizes(sizes: Array, rank: int | None) -> Array:
    """Return the axes of tastes that are standard normal but kept to the largest sizes, at the same total size."""
    kept = np.arange(len(sizes)) if rank is None else np.argsort(-sizes)[:rank]
    scale = np.sqrt(sizes.sum() / max(float(sizes[kept].sum()), 1e-12))
    return np.asarray(np.eye(len(sizes))[:, kept] * scale)
