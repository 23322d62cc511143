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
from personae.recommend.scpr.episodes import Episodes, Standing, Wants, World
from personae.recommend.scpr.walk import NOTHING, Array, Flags
from personae.recommend.training import Epoch, Plan, State, train

StateOf = Callable[[Standing, Codes], Array]
N_BITS = 20  # published code
_ASK, _SHOW = 0, 1


def count_state(episodes: Standing, rows: Codes) -> Array:
    """Return the number of candidates in twenty bits, highest first, shape (len(rows), 20)."""
    bits = episodes.world.n_left[rows, None] >> np.arange(N_BITS)[::-1] & 1
    return bits.astype(np.float32)


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
        Episodes played at a time, between updates.
    n_updates : int
        Batches learned from after each such play; `plan.batch_size` turns each.
    memory : int
        Turns remembered.
    n_steps : int
        Moves whose rewards are summed before the rest is foretold; 1 foretells at once.
    discount : float
    explore : tuple of float
        Share of moves by chance in the first play and the last.
    follow : float
        The network that foretells, and that decides in the end, moves by this share towards the learning one at each update.
    flip : float
        The chance of a wrong answer in the episodes learned from.
    """

    hidden: int = 512  # published code
    n_together: int = 256
    n_updates: int = 32
    memory: int = 50_000  # published code
    n_steps: int = 14
    discount: float = 0.999  # published code
    explore: tuple[float, float] = (0.9, 0.05)  # published code
    follow: float = 0.02
    flip: float = 0.0
    plan: Plan = field(default_factory=lambda: Plan(n_epochs=12, batch_size=256, rate=1e-3))


@dataclass(frozen=True, slots=True)
class Decider:
    """A policy: what the network says of a state, action by action; `values` gives shape (n, n_actions)."""

    net: Any
    state_of: StateOf
    epochs: tuple[Epoch, ...] = ()

    def values(self, episodes: Standing, rows: Codes) -> Array:
        """Return what each action is worth, shape (len(rows), n_actions)."""
        import torch

        with torch.no_grad():
            return np.asarray(
                self.net(torch.as_tensor(self.state_of(episodes, rows), dtype=torch.float32)).numpy()
            )

    def __call__(self, episodes: Standing, rows: Codes) -> NDArray[np.generic]:
        values = self.values(episodes, rows)
        if values.shape[1] == 2:
            return np.asarray(values[:, _SHOW] >= values[:, _ASK])
        return np.asarray(np.where(may(episodes, rows), values, -np.inf).argmax(axis=1) + NOTHING)


def may(episodes: Standing, rows: Codes) -> Flags:
    """Return which of all actions can be taken: a list, and each attribute that tells candidates apart, not asked for yet."""
    walk: Any = episodes.world
    weights = walk.weights[rows]
    tells = (weights > 0) & (weights < walk.weight[rows, None]) & ~walk.is_asked[rows]
    return np.hstack([np.ones((len(rows), 1), dtype=bool), tells])


def learn_to_decide(
    make: Callable[[Codes], World], wants: Wants, learning: Learning | None = None, *, state_of: StateOf = published_state,
    n_actions: int = 2, random_state: int = 0, checkpoint: Path | None = None, watch: Callable[[Epoch], None] = lambda _: None,
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

    Notes
    -----
    Deviations from the published code: hundreds of episodes in step, with as many updates after each such play as turn into
    steady learning, in place of one update a turn; Adam in place of RMSprop with its default rate .01; Huber's loss and the
    rewards are the same. The reward of the fifteenth turn, -.3, comes with the last move and not as a move of its own.
    """
    import torch

    from personae.recommend import nets

    chosen = learning or Learning()
    with torch.random.fork_rng():
        torch.manual_seed(random_state)
        learner = _Learner(nets, make, wants, chosen, state_of, n_actions, random_state)
        epochs = train(learner, chosen.n_updates * chosen.plan.batch_size, chosen.plan, random_state=random_state,
                       checkpoint=checkpoint, watch=watch)  # fmt: skip
    return Decider(learner.foretells, state_of, epochs)


class _Learner:
    """The network, a copy that foretells, and the turns remembered, as `training.train` wants them."""

    def __init__(
        self, nets: Any, make: Callable[[Codes], World], wants: Wants, learning: Learning, state_of: StateOf, n_actions: int,
        random_state: int,
    ) -> None:  # fmt: skip
        self.nets, self.make, self.wants, self.learning = nets, make, wants, learning
        self.state_of, self.n_actions, self.random_state = state_of, n_actions, random_state
        self.width = self._width()
        self.net, self.foretells = self._new(), self._new()
        self.foretells.load_state_dict(self.net.state_dict())
        self.steps = nets.TorchLearner(
            self.net, self._loss, rate=learning.plan.rate, random_state=random_state
        )
        self.turns: tuple[
            Any, ...
        ] = ()  # state, action, reward, next state, whether there is one, what can be done there

    def begin(self, epoch: int) -> None:
        self.steps.begin(epoch)
        first, last = self.learning.explore
        share = epoch / max(self.learning.plan.n_epochs - 1, 1)
        self._remember(
            np.random.default_rng([self.random_state, epoch, 1]), last + (first - last) * (1 - share) ** 2
        )

    def step(self, rows: Codes, random: np.random.Generator) -> float:
        loss = float(self.steps.step(rows, random))
        with self.nets.torch.no_grad():
            for slow, fast in zip(self.foretells.parameters(), self.net.parameters(), strict=True):
                slow.lerp_(fast, self.learning.follow)
        return loss

    def state(self) -> State:
        kept = {f"steps.{name}": each for name, each in self.steps.state().items()}
        kept |= {f"foretells.{name}": each.numpy() for name, each in self.foretells.state_dict().items()}
        return kept | {f"memory.{place}": each for place, each in enumerate(self.turns)}

    def restore(self, state: State) -> None:
        parts: dict[str, dict[str, Any]] = {"steps": {}, "foretells": {}, "memory": {}}
        for name, each in state.items():
            head, _, rest = name.partition(".")
            parts[head][rest] = each
        self.steps.restore(parts["steps"])
        torch = self.nets.torch
        self.foretells.load_state_dict(
            {name: torch.as_tensor(each.copy()) for name, each in parts["foretells"].items()}
        )
        self.turns = tuple(parts["memory"][str(place)] for place in range(len(parts["memory"])))

    def _width(self) -> int:
        some = self.wants.take(np.zeros(1, dtype=np.intp))
        return int(self.state_of(Episodes(self.make(some.people), some), np.zeros(1, dtype=np.intp)).shape[1])

    def _new(self) -> Any:
        nn = self.nets.nn
        hidden = self.learning.hidden
        net = nn.Sequential(nn.Linear(self.width, hidden), nn.ReLU(), nn.Linear(hidden, self.n_actions))
        for each in net:
            if hasattr(each, "weight"):
                nn.init.normal_(each.weight, std=0.1)  # published code
        return net

    def _remember(self, random: np.random.Generator, by_chance: float) -> None:
        """Play episodes to their ends, and keep every turn."""
        some = self.wants.take(random.integers(0, len(self.wants), self.learning.n_together))
        episodes = Episodes(self.make(some.people), some, flip=self.learning.flip, random_state=random)
        decide = Decider(self.net, self.state_of)
        until = episodes.world.graph.n_items ** random.random(len(some))
        shape = (episodes.n_turns, len(some))
        states, rewards = np.zeros((*shape, self.width), dtype=np.float32), np.zeros(shape, dtype=np.float32)
        moves, is_open = (
            np.zeros(shape, dtype=np.intp),
            np.zeros((shape[0] + self.learning.n_steps, len(some)), dtype=bool),
        )
        can = np.ones((*shape, self.n_actions if self.n_actions > 2 else 1), dtype=bool)
        turn = 0
        while len(rows := episodes.open()):
            states[turn, rows] = self.state_of(episodes, rows)
            is_open[turn, rows] = True
            if self.n_actions > 2:
                can[turn, rows] = may(episodes, rows)
            taken = decide(episodes, rows)
            strays = np.flatnonzero(random.random(len(rows)) < by_chance)
            taken[strays] = self._stray(episodes, rows[strays], until[rows[strays]])
            moves[turn, rows], rewards[turn, rows] = taken, episodes.step(rows, taken)
            turn += 1
        columns = (states, moves, *self._ahead(states, rewards, is_open, can))
        told = tuple(each[is_open[: shape[0]]] for each in columns)
        pairs = zip(self.turns or told, told, strict=True)
        kept = self.learning.memory if self.turns else len(told[0])
        self.turns = tuple(np.concatenate(pair)[-kept:] for pair in pairs)

    def _ahead(self, states: Array, rewards: Array, is_open: Flags, can: Flags) -> tuple[Any, ...]:
        """Return the rewards of the next `n_steps` moves, the state after them, whether it is open, and what can be done."""
        n_turns, n_steps = len(states), self.learning.n_steps
        summed = np.zeros_like(rewards)
        for step in range(min(n_steps, n_turns)):
            summed[: n_turns - step] += self.learning.discount**step * rewards[step:]
        after, open_there = np.zeros_like(states), np.ones_like(can)
        after[: max(n_turns - n_steps, 0)] = states[n_steps:]
        open_there[: max(n_turns - n_steps, 0)] = can[n_steps:]
        return summed, after, is_open[n_steps : n_steps + n_turns], open_there

    def _stray(self, episodes: Standing, rows: Codes, until: Array) -> NDArray[np.generic]:
        """Ask until so many candidates are left, another number for each episode: what is tried is never quite foolish."""
        shows = np.asarray(episodes.world.n_left[rows] <= until)
        if self.n_actions == 2:
            return shows
        asked, _ = episodes.world.question(rows)
        return np.where(shows, NOTHING, asked)

    def _loss(self, rows: Codes, random: np.random.Generator) -> Any:
        torch = self.nets.torch
        drawn = random.integers(0, len(self.turns[0]), len(rows))
        state, action, reward, after, goes_on, can = (torch.as_tensor(each[drawn]) for each in self.turns)
        with torch.no_grad():
            best = self.foretells(after).masked_fill(~can, -torch.inf).max(dim=1).values
            wanted = reward + self.learning.discount**self.learning.n_steps * torch.where(goes_on, best, 0.0)
        action = action if self.n_actions == 2 else action - NOTHING
        said = self.net(state).gather(1, action[:, None])[:, 0]
        return self.nets.functional.smooth_l1_loss(said, wanted)
