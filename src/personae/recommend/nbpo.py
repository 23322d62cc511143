"""NBPO: likes from clicks alone, where what was not clicked may be a like that went unseen.

Source: Yu, Qin (2020), "Sampler Design for Implicit Feedback Data by Noisy-label Robust Learning", SIGIR, arXiv 2007.07204.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.ranking import Lists, rank_all
from personae.recommend._core import Recommender, Scores, States, Watch
from personae.recommend._sparse import sparse_matrices, special
from personae.recommend.interactions import Codes, Interactions, Others
from personae.recommend.training import Plan, State, train

Loss = Literal["nbpo", "exact", "bpo", "bpr"]
Flips = Literal["pair", "side", "one"]
Table = NDArray[np.float32]
WITH_FLIPS, LOSSES, FLIPS = ("nbpo", "exact"), get_args(Loss), get_args(Flips)
START = 5.0  # factors of flips begin at 5 and -5 times uniform / sqrt(flip_size); official code
VALID_AT = 5  # NDCG on held-out rows; the card's measure
N_POOL, N_STEPS = 512, 60  # unvoted items and steps that place somebody new
N_AT_ONCE = 4096  # likes of those who are placed together


@dataclass(kw_only=True)
class NBPO(Recommender):
    """Matrix factorization from likes and sampled unvoted items, with a chance for each pair that a like went unvoted.

    R = U_u . V_i is the log-odds that person u likes item i, g = P_u . Q_i the log-odds that such a like is not voted for.
    What is kept of a person is (U_u, P_u).

    Parameters
    ----------
    loss : {"nbpo", "exact", "bpo", "bpr"}
        The paper's surrogate of the noisy likelihood; that likelihood itself; without noise; without noise, by pairs.
    flips : {"pair", "side", "one"}
        g is P_u . Q_i; p_u + q_i; or one number for all.
    size, flip_size : int
        Length of U_u and V_i, and of P_u and Q_i.
    n_others : int
        Unvoted items drawn for each like.
    l2, flip_l2 : float
        Shrink U and V, and P and Q, at every step.
    decay : float
        The rate is multiplied by it each epoch.
    plan : Plan

    Notes
    -----
    With s the logistic function, i a like and j an unvoted item of u, steps climb along

        nbpo   dR_i = s(-g_i) s(-R_i), dR_j = s(g_j) s(-R_j) - s(R_j), dg_i = -s(g_i) s(R_i), dg_j = s(-g_j) s(R_j)
        exact  dR_i = s(-R_i), dR_j = -s(-g_j) s(R_j) s(-R_j) / c_j, dg_i = -s(g_i), dg_j = s(g_j) s(-g_j) s(R_j) / c_j
        bpo    dR_i = s(-R_i), dR_j = -s(R_j)
        bpr    dR_i = s(R_j - R_i), dR_j = -s(R_j - R_i)

    where c_j = s(-R_j) + s(g_j) s(R_j) is the chance that j is unvoted: summed over a batch, not averaged, and a like counts once
    for each item drawn beside it. One number for all takes the mean over items of what each would get. Batches are drawn
    anew each epoch; the official code goes through people in order.

    Somebody new is placed by full steps on the same likelihood with items fixed, from the mean of the rows learned, each step as
    long as the curvature allows; unvoted items are `N_POOL` drawn once for everybody. Somebody without items is that mean.

    References
    ----------
    Defaults are the official code's for Amazon. Rendle et al. (2009), "BPR", arXiv 1205.2618, section 4.
    """

    loss: Loss = "nbpo"
    flips: Flips = "pair"
    size: int = 50
    flip_size: int = 50
    n_others: int = 4
    l2: float = 1.0
    flip_l2: float = 5.0
    decay: float = 0.99
    plan: Plan = field(default_factory=lambda: Plan(n_epochs=200, batch_size=5000, rate=0.05, patience=20))

    def place(self, histories: Lists) -> States:
        """Return (U_u, P_u), shape (n_people, n_numbers): as learned where the items are those of somebody fitted."""
        sets = histories.distinct()
        keys = [_key(sets.items_of(person)) for person in range(len(sets))]
        states = np.stack([self.learned_.get(key, self.nobody_) for key in keys])
        is_new = [bool(key) and key not in self.learned_ for key in keys]
        new = np.flatnonzero(is_new)
        counts = np.cumsum(sets.counts()[new])
        for part in np.split(new, np.flatnonzero(np.diff(counts // N_AT_ONCE)) + 1) if len(new) else ():
            states[part] = self._climb(*sets.pairs_of(part), len(part))
        return states

    def score(self, states: States) -> Scores:
        """Return U . V, shape (n_people, n_items)."""
        return np.asarray(self._parts(states)[0] @ self.sides_[0].items.T)

    def chance_hidden_like(self, person: str, items: Sequence[str]) -> NDArray[np.float64]:
        """Return the chance that an item somebody has not voted for is a like: s(g) s(R) / (s(g) s(R) + s(-R)).

        Parameters
        ----------
        person : str
            Someone unknown is anybody.
        items : sequence of str, of length n

        Returns
        -------
        ndarray of shape (n,), in [0, 1]

        Raises
        ------
        BadInput
            When the loss knows no flips.
        """
        place = self.index_.get(person)
        state = self.nobody_ if place is None else self.states_[place]
        return np.asarray(self.chances_hidden(state[None])[0, self.codes(items)])

    def chances_hidden(self, states: States) -> NDArray[np.float64]:
        """Return the same for the whole catalog, shape (n_people, n_items)."""
        like, flip = (
            part.astype(float) @ side.items.T
            for part, side in zip(self._parts(states), self._with_flips(), strict=True)
        )
        return np.asarray(special().expit(like - np.logaddexp(0.0, -flip)))  # its odds are s(g) s(R) / s(-R)

    def chances_of_flips(self, states: States) -> NDArray[np.float64]:
        """Return the chance that a like would go unvoted, s(g), shape (n_people, n_items)."""
        flip = self._with_flips()[1]
        return np.asarray(special().expit(self._parts(states)[1].astype(float) @ flip.items.T))

    def forget(self, person: str) -> Self:
        """Drop the person's row, also as it was learned; what was learned of everyone stays."""
        self.learned_.pop(self.keys_.pop(person, b""), None)
        return super().forget(person)

    def _learn(self, rows: Interactions, valid: Interactions | None, watch: Watch) -> None:
        if self.loss not in LOSSES or self.flips not in FLIPS:
            raise BadInput(
                f"No loss {self.loss!r} with flips {self.flips!r}: there are {LOSSES} and {FLIPS}."
            )
        known = rows.lists().distinct()
        learner = _Learner(self, rows, known)
        score = None if valid is None else lambda: learner.ndcg(known, valid.lists())
        self.epochs_ = train(learner, len(rows), self.plan, score=score, random_state=self.random_state,
                             checkpoint=self.checkpoint, given=self.given_, watch=watch)  # fmt: skip
        self.sides_ = learner.sides
        self.n_batches_ = -(-len(rows) // self.plan.batch_size)
        self.pool_ = np.random.default_rng(self.random_state).permutation(len(rows.items))[:N_POOL]
        self.pool_.sort()
        has_items = np.flatnonzero(known.counts())
        learned = np.hstack([side.people for side in self.sides_])[has_items]
        self.nobody_ = learned.mean(axis=0)
        self.keys_ = {rows.people[place]: _key(known.items_of(int(place))) for place in has_items}
        self.learned_ = dict(zip(self.keys_.values(), learned, strict=True))
        self.sides_ = [side.without_people() for side in self.sides_]

    def _with_flips(self) -> list[_Side]:
        if len(self.sides_) < 2:
            raise BadInput(f"The loss {self.loss!r} has no flipped labels: fit with loss='nbpo' or 'exact'.")
        return self.sides_

    def _parts(self, states: States) -> list[Any]:
        return np.split(states, [self.size], axis=1)[: len(self.sides_)]

    def _climb(self, person: Codes, item: Codes, n_people: int) -> Table:
        """Return rows for people with these items, shape (n_people, n_numbers)."""
        is_other = np.ones((n_people, len(self.pool_)), np.float32)
        in_pool = np.isin(item, self.pool_)
        is_other[person[in_pool], np.searchsorted(self.pool_, item[in_pool])] = 0
        weights = (self.n_others * is_other / np.maximum(is_other.sum(axis=1, keepdims=True), 1))[person]
        counts = np.bincount(person, minlength=n_people)[:, None] * self.n_others
        parts = self._parts(np.tile(self.nobody_, (n_people, 1)))
        starts = np.searchsorted(person, np.arange(n_people))
        for _ in range(N_STEPS):
            found = [
                side.against(part, person, item, self.pool_)
                for part, side in zip(parts, self.sides_, strict=True)
            ]
            steps = zip(parts, self.sides_, _slopes(self.loss, found, weights), strict=True)
            for part, side, slopes in steps:
                each = slopes[:, :1] * side.items[item] + slopes[:, 1:] @ side.items[self.pool_]
                shrink, bend = side.l2 * self.n_batches_, counts * (side.items**2).sum(axis=1).max() / 2
                part += (np.add.reduceat(each, starts) - shrink * part) * side.free_people / (shrink + bend)
        return np.hstack(parts)


@dataclass(slots=True)
class _Side:
    """Factors of one log-odds: those of likes, or those of flips.

    Parameters
    ----------
    people, items : ndarray of shape (n_people, n_numbers) and (n_items, n_numbers)
    free_people, free_items : ndarray of shape (n_numbers,)
        1 where a number is learned, 0 where it stays.
    is_tied : bool
        All items have the same numbers.
    """

    people: Table
    items: Table
    l2: float
    free_people: Table
    free_items: Table
    is_tied: bool = False

    def at(self, person: Codes, items: Codes) -> Table:
        """Return log-odds, shape (n, m), for people of shape (n,) and items of shape (n, m)."""
        return np.asarray(np.einsum("nk,nmk->nm", self.people[person], self.items[items]))

    def against(self, own: Table, person: Codes, item: Codes, pool: Codes) -> Table:
        """Return log-odds of (row of `own`, item) and, after it, of that row and a pool of items, shape (n, 1 + n_pool)."""
        like = np.einsum("nk,nk->n", own[person], self.items[item])
        return np.column_stack([like, (own @ self.items[pool].T)[person]])

    def climb(self, slopes: Any, rate: float) -> None:
        """Take a step along slopes, a sparse matrix of shape (n_people, n_items), and shrink all rows."""
        of_people, of_items = slopes @ self.items, slopes.T @ self.people
        if self.is_tied:
            of_items = of_items.mean(axis=0, keepdims=True)
        self.people += rate * self.free_people * (of_people - self.l2 * self.people)
        self.items += rate * self.free_items * (of_items - self.l2 * self.items)

    def without_people(self) -> _Side:
        """Return what is shared by all people."""
        return _Side(
            self.people[:0], self.items.copy(), self.l2, self.free_people, self.free_items, self.is_tied
        )


class _Learner:
    """Both sides, and the step that teaches them, for `training.train`."""

    def __init__(self, method: NBPO, rows: Interactions, known: Lists) -> None:
        self.method, self.rows = method, rows
        self.shape = (len(rows.people), len(rows.items))
        self.others = Others(known, len(rows.items))
        self.rate = method.plan.rate
        random = np.random.default_rng([method.random_state, 1])
        self.sides = [_likes(method, *self.shape, random)]
        if method.loss in WITH_FLIPS:
            self.sides.append(_flips(method, *self.shape, random))

    def begin(self, epoch: int) -> None:
        self.rate = self.method.plan.rate * self.method.decay ** (epoch + 1)

    def step(self, rows: Codes, random: np.random.Generator) -> float:
        rows = np.sort(rows)  # so by person, as the rows of a sparse matrix stand
        person = self.rows.person[rows]
        drawn = self.others.draw(person, self.method.n_others, random)
        items = np.column_stack([self.rows.item[rows], drawn])
        found = [side.at(person, items) for side in self.sides]
        ends = np.searchsorted(person, np.arange(self.shape[0] + 1)) * items.shape[1]
        slopes = _slopes(self.method.loss, found, np.ones(drawn.shape, np.float32))
        for side, each in zip(self.sides, slopes, strict=True):
            matrix = sparse_matrices().csr_matrix((each.ravel(), items.ravel(), ends), self.shape)
            side.climb(matrix, self.rate)
        return _misfit(self.method.loss, found)

    def state(self) -> State:
        return {
            f"{name}.{part}": getattr(side, part)
            for name, side in zip("RG", self.sides, strict=False)
            for part in ("people", "items")
        }

    def restore(self, state: State) -> None:
        for name, array in state.items():
            side, part = name.split(".")
            setattr(self.sides["RG".index(side)], part, np.array(array))

    def ndcg(self, known: Lists, wanted: Lists) -> float:
        likes = self.sides[0]
        ranked = rank_all(lambda people: likes.people[people] @ likes.items.T, wanted, known=known,
                          n_items=self.shape[1], at=0)  # fmt: skip
        return float(ranked.per_person("ndcg", VALID_AT).mean())


def _likes(method: NBPO, n_people: int, n_items: int, random: np.random.Generator) -> _Side:
    people, items = (
        random.random((n, method.size), np.float32) / np.float32(method.size**0.5)
        for n in (n_people, n_items)
    )
    free = np.ones(method.size, np.float32)
    return _Side(people, items, method.l2, free, free)


def _flips(method: NBPO, n_people: int, n_items: int, random: np.random.Generator) -> _Side:
    """Return factors that begin where flips are rare: the mean log-odds is -START^2 / 4 whatever their form."""
    mean = np.float32(START**2 / 4)
    if method.flips == "pair":
        scale = np.float32(START / method.flip_size**0.5)
        people, items = (
            random.random((n, method.flip_size), np.float32) * scale for n in (n_people, n_items)
        )
        free = np.ones(method.flip_size, np.float32)
        return _Side(people, -items, method.flip_l2, free, free)
    if method.flips == "side":
        people = np.tile(np.array([-mean / 2, 1], np.float32), (n_people, 1))
        items = np.tile(np.array([1, -mean / 2], np.float32), (n_items, 1))
        return _Side(
            people, items, method.flip_l2, np.array([1, 0], np.float32), np.array([0, 1], np.float32)
        )
    people, items = np.ones((n_people, 1), np.float32), np.full((n_items, 1), -mean, np.float32)
    return _Side(people, items, method.flip_l2, np.zeros(1, np.float32), np.ones(1, np.float32), is_tied=True)


def _slopes(loss: Loss, found: list[Table], weights: Table) -> list[Table]:
    """Return the slope of each pair's log-odds, for likes and for flips: arrays of shape (n, 1 + m) as `found`.

    The first column is the like, the others are unvoted items that weigh `weights`, shape (n, m); a like weighs their sum.
    """
    s = special().expit
    R_i, R_j = found[0][:, :1], found[0][:, 1:]
    if loss == "bpr":
        worse = s(R_j - R_i)
        return [_weighted(worse, -worse, weights)]
    like_i, like_j = s(R_i), s(R_j)
    if loss == "bpo":
        return [_weighted(1 - like_i, -like_j, weights)]
    flip_i, flip_j = s(found[1][:, :1]), s(found[1][:, 1:])
    if loss == "nbpo":
        return [
            _weighted((1 - flip_i) * (1 - like_i), flip_j * (1 - like_j) - like_j, weights),
            _weighted(-flip_i * like_i, (1 - flip_j) * like_j, weights),
        ]
    share = like_j / (1 - like_j + flip_j * like_j)
    return [
        _weighted(1 - like_i, -(1 - flip_j) * (1 - like_j) * share, weights),
        _weighted(-flip_i, flip_j * (1 - flip_j) * share, weights),
    ]


def _weighted(like: Table, others: Table, weights: Table) -> Table:
    of_likes = np.einsum("nm,nm->n", np.broadcast_to(like, weights.shape), weights)
    return np.column_stack([of_likes, others * weights])


def _misfit(loss: Loss, found: list[Table]) -> float:
    """Return minus the mean log-likelihood of a like and an item drawn beside it, in nats."""
    s, log_s = special().expit, special().log_expit
    R_i, R_j = found[0][:, :1], found[0][:, 1:]
    if loss == "bpr":
        return -float(log_s(R_i - R_j).mean())
    if loss == "bpo":
        return -float(log_s(R_i).mean() + log_s(-R_j).mean())
    g_i, g_j = found[1][:, :1], found[1][:, 1:]
    return -float((log_s(R_i) + log_s(-g_i)).mean() + np.log(s(-R_j) + s(g_j) * s(R_j)).mean())


def _key(items: Codes) -> bytes:
    """Return what a set of items, in ascending order, is known by; nothing for no items."""
    return blake2b(items.tobytes(), digest_size=16).digest() if len(items) else b""
