"""When to ask and when to show a list: a network with two actions, taught by simulated episodes.

Source: Lei et al. (2020), "Interactive Path Reasoning on Graph for Conversational Recommendation", arXiv 2007.00194,
section 4.4; deep Q-learning: Mnih et al. (2015), "Human-level control through deep reinforcement learning", Nature 518.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.recommend.interactions import Codes
from personae.recommend.scpr.episodes import CODES, Episodes, Standing, Wants, World, play
from personae.recommend.scpr.walk import NOTHING, Array, Flags
from personae.recommend.training import Epoch, Plan, State, train

StateOf = Callable[[Standing, Codes], Array]
N_BITS = 20  # published code
BINS = np.round(10 * 1.5 ** np.arange(15)).astype(
    np.intp
)  # candidates: 10, 15, 22, ... 2,919; the last bin is open
_ASK, _SHOW = 0, 1
_LEAN = 0.05  # by what a list is worth more where e times fewer candidates are left than the guide says


def count_state(episodes: Standing, rows: Codes) -> Array:
    """Return the number of candidates in twenty bits, highest first, shape (len(rows), 20)."""
    bits = episodes.world.n_left[rows, None] >> np.arange(N_BITS)[::-1] & 1
    return bits.astype(np.float32)


def counted_state(episodes: Standing, rows: Codes) -> Array:
    """Return the turn, how many questions were accepted and refused and lists failed so far, and the candidates on a log scale.

    What `published_state` tells, in 21 numbers between 0 and 1 that are near each other for episodes that are alike; shape
    (len(rows), 21).
    """
    history = episodes.history[rows]
    counts = [
        (history == code).sum(axis=1) for code in (CODES["accepted"], CODES["refused"], CODES["failed"])
    ]
    n_left = episodes.world.n_left[rows]
    told = [np.full(len(rows), episodes.turn), *counts, np.log2(np.maximum(n_left, 1))]
    steps = n_left[:, None] > BINS
    return np.hstack([np.stack(told, axis=1) / episodes.n_turns, steps]).astype(np.float32)


def published_state(episodes: Standing, rows: Codes) -> Array:
    """Return what happened at each turn and the number of candidates in bits, shape (len(rows), n_turns + 20)."""
    return np.hstack([episodes.history[rows].astype(np.float32), count_state(episodes, rows)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How the network learns to decide.

    Parameters
    ----------
    hidden : int
    n_together : int
        Episodes played at a time, half of them with each end of a pair, before updates.
    n_updates : int
        Batches learned from after each such play; `plan.batch_size` pairs each.
    memory : int
        Pairs remembered.
    discount : float
    explore : tuple of float
        Share of pairs, in the first play and the last, that ask until some number of candidates is left, another for each.
    guide : float, optional
        That number, give or take a factor of two; any number without it. The network starts as this rule and learns to depart
        from it.
    apart : float
        Weight of the difference between the ends of a pair beside their mean.
    follow : float
        The network that decides moves by this share towards the learning one at each update.
    decay : float
        Weight of squared weights, which holds the network to where it started.
    flip : float
        The chance of a wrong answer in the episodes learned from.
    """

    hidden: int = 128
    n_together: int = 256
    n_updates: int = 40
    memory: int = 4096
    discount: float = 0.999  # published code
    explore: tuple[float, float] = (1.0, 0.3)
    guide: float | None = None
    apart: float = 8.0
    follow: float = 0.02
    decay: float = 0.1
    flip: float = 0.0
    plan: Plan = field(default_factory=lambda: Plan(n_epochs=8, batch_size=256, rate=5e-4))


@dataclass(frozen=True, slots=True)
class Decider:
    """A policy: what the network says of a state, action by action, on top of what it leans to from the start."""

    net: Any
    state_of: StateOf
    guide: float | None = None
    epochs: tuple[Epoch, ...] = ()

    def values(self, episodes: Standing, rows: Codes) -> Array:
        """Return what each action is worth, shape (len(rows), n_actions)."""
        import torch

        show = _SHOW if self.net[2].out_features == 2 else 0
        with torch.no_grad():
            told = torch.as_tensor(self.state_of(episodes, rows), dtype=torch.float32)
            values = np.asarray(self.net(told).numpy())
        values[:, show] += leaning(episodes, rows, self.guide)
        return values

    def __call__(self, episodes: Standing, rows: Codes) -> NDArray[np.generic]:
        values = self.values(episodes, rows)
        if values.shape[1] == 2:
            return np.asarray(values[:, _SHOW] >= values[:, _ASK])
        return np.asarray(np.where(may(episodes, rows), values, -np.inf).argmax(axis=1) + NOTHING)


def leaning(episodes: Standing, rows: Codes, guide: float | None) -> Array:
    """Return how much more a list is thought to be worth before anything is learned: above 0 where few candidates are left."""
    if guide is None:
        return np.zeros(len(rows), dtype=np.float32)
    return np.asarray(_LEAN * np.log(guide / np.maximum(episodes.world.n_left[rows], 1)), dtype=np.float32)


def may(episodes: Standing, rows: Codes) -> Flags:
    """Return which of all actions can be taken: a list, and each attribute that tells candidates apart, not asked for yet."""
    walk: Any = episodes.world
    weights = walk.weights[rows]
    tells = (weights > 0) & (weights < walk.weight[rows, None]) & ~walk.is_asked[rows]
    return np.hstack([np.ones((len(rows), 1), dtype=bool), tells])


def learn_to_decide(
    make: Callable[[Codes], World], wants: Wants, learning: Learning | None = None, *, state_of: StateOf = counted_state,
    n_actions: int = 2, valid: Wants | None = None, random_state: int = 0, checkpoint: Path | None = None,
    watch: Callable[[Epoch], None] = lambda _: None,
) -> Decider:  # fmt: skip
    """Learn from simulated episodes when to ask and when to show a list.

    Parameters
    ----------
    make : callable
        Takes people, shape (n,), and returns their world, such as `Walk`.
    wants : Wants
        Episodes are drawn from these; not those that vectors were learned from, nor those to be measured on.
    state_of : callable
        What the network is told of the open rows.
    n_actions : int
        2: ask the world's question or show a list. More: a list, or any attribute by its own number (action 1 + attribute).
    valid : Wants, optional
        Other episodes; the network is left as it was after the play with the highest share of success less share of turns.

    Notes
    -----
    Actions and rewards are the paper's, and `published_state` is its state; `counted_state` tells the same in numbers that are
    near for episodes that are alike. What the network is taught is not the paper's. One update a turn, by the reward and what the
    network itself foretells of the next turn, left it further below a tuned rule: whether one asks or shows makes a difference
    of some hundredths, where returns differ by one. Here episodes are played in pairs, the same person, item and answers, which
    part at one turn: one asks, the other shows. What both come to from there on is the target: their mean and, with a weight,
    their difference, in which all else cancels. Pairs follow a rule at first, and more and more the network itself.
    """
    import torch

    from personae.recommend import nets

    chosen = learning or Learning()
    with torch.random.fork_rng():
        torch.manual_seed(random_state)
        learner = _Learner(nets, make, wants, chosen, state_of, n_actions, random_state)
        score = None if valid is None else lambda: learner.score(valid)
        epochs = train(learner, chosen.n_updates * chosen.plan.batch_size, chosen.plan, score=score, random_state=random_state,
                       checkpoint=checkpoint, watch=watch)  # fmt: skip
    return Decider(learner.steady, state_of, chosen.guide, epochs)


class _Learner:
    """The network, a steadier copy that follows it, and the pairs remembered, as `training.train` wants them."""

    def __init__(
        self, nets: Any, make: Callable[[Codes], World], wants: Wants, learning: Learning, state_of: StateOf, n_actions: int,
        random_state: int,
    ) -> None:  # fmt: skip
        self.nets, self.make, self.wants, self.learning = nets, make, wants, learning
        self.state_of, self.n_actions, self.random_state = state_of, n_actions, random_state
        self.net, self.steady = self._new(), self._new()
        self.steady.load_state_dict(self.net.state_dict())
        self.steps = nets.TorchLearner(self.net, self._loss, rate=learning.plan.rate, decay=learning.decay,
                                        random_state=random_state)  # fmt: skip
        self.pairs: tuple[Any, ...] = ()  # state, action and return of either end, leaning

    def begin(self, epoch: int) -> None:
        self.steps.begin(epoch)
        first, last = self.learning.explore
        share = epoch / max(self.learning.plan.n_epochs - 1, 1)
        told = self._played(
            np.random.default_rng([self.random_state, epoch, 1]), first + (last - first) * share
        )
        joined = zip(self.pairs or tuple(each[:0] for each in told), told, strict=True)
        self.pairs = tuple(np.concatenate(pair)[-self.learning.memory :] for pair in joined)

    def step(self, rows: Codes, random: np.random.Generator) -> float:
        loss = float(self.steps.step(rows, random))
        with self.nets.torch.no_grad():
            for slow, fast in zip(self.steady.parameters(), self.net.parameters(), strict=True):
                slow.lerp_(fast, self.learning.follow)
        return loss

    def score(self, valid: Wants) -> float:
        """Return the share of episodes that succeed less the share of turns they take."""
        outcome = play(self.make, valid, Decider(self.steady, self.state_of, self.learning.guide))
        return float(outcome.success(outcome.n_turns).mean() - outcome.turns().mean() / outcome.n_turns)

    def state(self) -> State:
        kept = {f"steps.{name}": each for name, each in self.steps.state().items()}
        kept |= {f"steady.{name}": each.numpy() for name, each in self.steady.state_dict().items()}
        return kept | {f"pairs.{place}": each for place, each in enumerate(self.pairs)}

    def restore(self, state: State) -> None:
        parts: dict[str, dict[str, Any]] = {"steps": {}, "steady": {}, "pairs": {}}
        for name, each in state.items():
            head, _, rest = name.partition(".")
            parts[head][rest] = each
        self.steps.restore(parts["steps"])
        torch = self.nets.torch
        self.steady.load_state_dict(
            {name: torch.as_tensor(each.copy()) for name, each in parts["steady"].items()}
        )
        self.pairs = tuple(parts["pairs"][str(place)] for place in range(len(parts["pairs"])))

    def _new(self) -> Any:
        nn, hidden = self.nets.nn, self.learning.hidden
        some = self.wants.take(np.zeros(1, dtype=np.intp))
        width = self.state_of(Episodes(self.make(some.people), some), np.zeros(1, dtype=np.intp)).shape[1]
        net = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, self.n_actions))
        nn.init.normal_(net[0].weight, std=0.1)  # published code
        nn.init.zeros_(net[2].weight)  # an attribute never tried is worth nothing
        nn.init.zeros_(net[2].bias)
        return net

    def _played(self, random: np.random.Generator, by_rule: float) -> tuple[Any, ...]:
        """Play pairs of episodes to their ends; return what each pair was told where it parted, did there, and came to."""
        n = self.learning.n_together // 2
        some = self.wants.take(np.tile(random.integers(0, len(self.wants), n), 2))
        episodes = Episodes(self.make(some.people), some, flip=self.learning.flip, random_state=random)
        decide = Decider(self.steady, self.state_of, self.learning.guide)
        until = np.tile(np.where(random.random(n) < by_rule, self._until(n, random), np.nan), 2)
        part = np.tile(random.integers(2, episodes.n_turns + 1, n), 2)
        states: Array = np.zeros((2 * n, self.net[0].in_features), dtype=np.float32)
        actions, returns = np.zeros(2 * n, dtype=np.intp), np.zeros(2 * n)
        has_parted, leans = np.zeros(2 * n, dtype=bool), np.zeros(2 * n, dtype=np.float32)
        while len(rows := episodes.open()):
            turn = episodes.turn
            moves = decide(episodes, rows)
            ruled = np.flatnonzero(~np.isnan(until[rows]))
            moves[ruled] = self._moves(
                episodes, rows[ruled], episodes.world.n_left[rows[ruled]] <= until[rows[ruled]]
            )
            parting = np.flatnonzero(part[rows] == turn)
            parts = rows[parting]
            moves[parting] = self._apart(episodes, parts, parts >= n, random)
            states[parts], has_parted[parts] = self.state_of(episodes, parts), True
            leans[parts] = leaning(episodes, parts, self.learning.guide)
            actions[parts] = moves[parting].astype(np.intp) - (NOTHING if self.n_actions > 2 else 0)
            rewards = episodes.step(rows, moves)
            returns[rows] += np.where(
                has_parted[rows], self.learning.discount ** (turn - part[rows]) * rewards, 0
            )
        both = np.flatnonzero(has_parted[:n] & has_parted[n:])
        ends = np.stack([both, both + n], axis=1)
        return states[both], actions[ends], returns[ends].astype(np.float32), leans[both]

    def _until(self, n: int, random: np.random.Generator) -> Array:
        if self.learning.guide is None:
            return np.asarray(self.make(self.wants.people[:1]).graph.n_items ** random.random(n))
        return np.asarray(self.learning.guide * 2 ** random.uniform(-1, 1, n))

    def _moves(self, episodes: Standing, rows: Codes, shows: Flags) -> NDArray[np.generic]:
        """Return moves that show a list or ask the world's question."""
        if self.n_actions == 2:
            return shows
        asked, _ = episodes.world.question(rows)
        return np.where(shows, NOTHING, asked)

    def _apart(
        self, episodes: Standing, rows: Codes, shows: Flags, random: np.random.Generator
    ) -> NDArray[np.generic]:
        """Return moves of either end; with an action for each attribute, half of those that ask try any that tells something."""
        moves = self._moves(episodes, rows, shows)
        if self.n_actions > 2:
            can = may(episodes, rows)[:, 1:]
            tried = (random.random(can.shape) * can).argmax(axis=1)
            tries = ~shows & can.any(axis=1) & (random.random(len(rows)) < 0.5)
            moves = np.where(tries, tried, moves)
        return moves

    def _loss(self, rows: Codes, random: np.random.Generator) -> Any:
        torch = self.nets.torch
        drawn = random.integers(0, len(self.pairs[0]), len(rows))
        state, actions, returns, leans = (torch.as_tensor(each[drawn]) for each in self.pairs)
        wrong = self.net(state).gather(1, actions) - returns
        return (
            wrong.mean(dim=1).square().mean()
            + self.learning.apart * (wrong[:, 1] - wrong[:, 0] + leans).square().mean()
        )
