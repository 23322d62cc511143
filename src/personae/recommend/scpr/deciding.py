"""When to ask and when to show a list: a network with two actions, taught by what both would have come to.

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

from personae.errors import BadInput
from personae.recommend.interactions import Codes
from personae.recommend.scpr.episodes import CODES, LIST_LENGTH, Episodes, Outcome, Standing, Wants
from personae.recommend.scpr.walk import NOTHING, Array, Flags, Walk
from personae.recommend.training import Epoch, Plan, State, fingerprint, train

StateOf = Callable[[Standing, Codes], Array]
N_BITS = 20  # published code
BINS = np.round(10 * 1.5 ** np.arange(15)).astype(
    np.intp
)  # candidates: 10, 15, 22, ... 2,919; the last bin is open
_ASK, _SHOW = 0, 1
_LEAN = 0.05  # by what a list is worth more where e times fewer candidates are left than the guide says, and at most
_PAST = 2  # turns after the first list that are learned from: where lists begin moves as the network learns


def count_state(episodes: Standing, rows: Codes) -> Array:
    """Return the number of candidates in twenty bits, highest first, shape (len(rows), 20)."""
    bits = episodes.world.n_left[rows, None] >> np.arange(N_BITS)[::-1] & 1
    return bits.astype(np.float32)


def counted_state(episodes: Standing, rows: Codes) -> Array:
    """Return the turn, how many questions were accepted and refused and lists failed so far, and the candidates on a log scale.

    What `published_state` tells, in 20 numbers between 0 and 1 that are near each other for episodes that are alike; shape
    (len(rows), 20).
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


@dataclass(frozen=True, slots=True)
class Trails:
    """Episodes in which every turn asks, as long as there is a question, and what lists from each turn on would find.

    Parameters
    ----------
    states : ndarray of shape (n, n_moves, width)
        What the network is told before each move; zeros after the last.
    actions : ndarray of shape (n, n_moves)
        The question's place among the network's actions.
    found : ndarray of shape (n, n_moves)
        The turn at which the wanted item is shown when lists begin at this one, 0 where it is not.
    n_left : ndarray of shape (n, n_moves)
        Candidates before the move.
    asks : ndarray of shape (n, n_moves)
        Whether there is a question.
    """

    states: Array
    actions: Codes
    found: Codes
    n_left: Codes
    asks: Flags

    @property
    def n_turns(self) -> int:
        return int(self.found.shape[1]) + 1

    def found_from(self, shows: Flags) -> Codes:
        """Return the turn of success from each move on, when lists begin at the first that `shows`; shape (n, n_moves + 1)."""
        found = np.zeros((len(self.found), self.n_turns), dtype=np.intp)
        for move in reversed(range(self.n_turns - 1)):
            begins = shows[:, move] | ~self.asks[:, move]
            found[:, move] = np.where(begins, self.found[:, move], found[:, move + 1])
        return found

    def outcome(self, shows: Flags) -> Outcome:
        """Return how the episodes end when lists begin at the first move that `shows`, shape (n, n_moves)."""
        return Outcome(self.found_from(shows)[:, 0], self.n_turns)


def lay_out(
    make: Callable[[Codes], Walk], wants: Wants, *, state_of: StateOf = counted_state, n_actions: int = 2,
    random_state: int = 0, batch_size: int = 256,
) -> Trails:  # fmt: skip
    """Ask to the end in every episode, and note at each turn what lists from there on would find.

    Parameters
    ----------
    make : callable
        Takes people, shape (n,), and returns their walks.
    state_of : callable
        What a network is told of the open rows.
    n_actions : int
        2: the walk's question or lists. More: lists, or any attribute by its own number (action 1 + attribute); half of the
        questions are then any attribute that tells something.
    """
    parts = []
    for start in range(0, len(wants), batch_size):
        some = wants.take(np.arange(start, min(start + batch_size, len(wants))))
        random = np.random.default_rng([random_state, start])
        parts.append(_laid_out(Episodes(make(some.people), some, random_state=random), state_of, n_actions))
    return Trails(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _laid_out(episodes: Episodes, state_of: StateOf, n_actions: int) -> tuple[NDArray[Any], ...]:
    walk: Any = episodes.world
    n, n_moves, rows = len(walk), episodes.n_turns - 1, np.arange(len(walk))
    told = state_of(episodes, rows)
    states = np.zeros((n, n_moves, told.shape[1]), dtype=np.float32)
    actions, found, n_left = (np.zeros((n, n_moves), dtype=np.intp) for _ in range(3))
    asks, ahead = np.zeros((n, n_moves), dtype=bool), walk.ahead(rows, episodes.wants.items)
    for move in range(n_moves):
        states[rows, move], n_left[rows, move] = state_of(episodes, rows), walk.n_left[rows]
        shown = episodes.turn + ahead[rows] // LIST_LENGTH
        found[rows, move] = np.where(shown <= episodes.n_turns, shown, 0)
        asked = _asked(episodes, rows, n_actions)
        rows, asked = rows[asked != NOTHING], asked[asked != NOTHING]
        actions[rows, move], asks[rows, move] = asked + 1 if n_actions > 2 else _ASK, True
        episodes.step(rows, asked)
        is_same = episodes.history[rows, move + 1] == CODES["refused"]
        stale = rows[~is_same | (walk.n_left[rows] < n_left[rows, move])]
        ahead[stale] = walk.ahead(stale, episodes.wants.items[stale])
    return states, actions, found, n_left, asks


def _asked(episodes: Episodes, rows: Codes, n_actions: int) -> Codes:
    """Return the walk's questions; with an action for each attribute, half of them any that tells something."""
    asked, _ = episodes.world.question(rows)
    if n_actions > 2:
        can = may(episodes, rows)[:, 1:]
        tried = (episodes.random.random(can.shape) * can).argmax(axis=1)
        asked = np.where(can.any(axis=1) & (episodes.random.random(len(rows)) < 0.5), tried, asked)
    return asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How the network learns to decide.

    Parameters
    ----------
    hidden : int
    n_updates : int
        Batches of turns in each round (the plan's epochs), after which what follows a question is looked up anew.
    guide : float, optional
        Candidates until which a rule asks. The network starts as this rule and learns to depart from it.
    price : float
        What all turns together cost, where success is worth 1.
    apart : float
        Weight of the difference between question and list beside their mean.
    follow : float
        The network that decides moves by this share towards the learning one at each update.
    """

    hidden: int = 64
    n_updates: int = 150
    guide: float | None = None
    price: float = 0.5
    apart: float = 8.0
    follow: float = 0.02
    plan: Plan = field(default_factory=lambda: Plan(n_epochs=10, batch_size=256, rate=1e-3))

    def worth(self, found: Codes, n_turns: int) -> Array:
        """Return what success at these turns is worth; 0 is none, and takes all turns."""
        return np.asarray(
            (found > 0) - self.price * np.where(found > 0, found, n_turns) / n_turns, np.float32
        )


@dataclass(frozen=True, slots=True)
class Decider:
    """A policy: what the network says of a state, action by action, on top of what it leans to from the start.

    After a list come lists to the end.
    """

    net: Any
    state_of: StateOf
    guide: float | None = None
    epochs: tuple[Epoch, ...] = ()

    def values(self, episodes: Standing, rows: Codes) -> Array:
        """Return what each action is worth, shape (len(rows), n_actions)."""
        import torch

        with torch.no_grad():
            told = torch.as_tensor(self.state_of(episodes, rows), dtype=torch.float32)
            values = np.asarray(self.net(told).numpy())
        values[:, _list_of(values.shape[1])] += leaning(episodes.world.n_left[rows], self.guide)
        return values

    def __call__(self, episodes: Standing, rows: Codes) -> NDArray[np.generic]:
        values = self.values(episodes, rows)
        stays = (episodes.history[rows] == CODES["failed"]).any(axis=1)
        if values.shape[1] == 2:
            return np.asarray(stays | (values[:, _SHOW] >= values[:, _ASK]))
        best = np.where(may(episodes, rows), values, -np.inf).argmax(axis=1)
        return np.where(stays, NOTHING, best + NOTHING)

    def on(self, trails: Trails) -> Outcome:
        """Return how episodes end that are laid out as the network knows them; what `play` returns, for two actions."""
        return trails.outcome(_shows(self.net, trails, self.guide))


def leaning(n_left: Codes, guide: float | None) -> Array:
    """Return how much more lists are thought to be worth before anything is learned: above 0 where few candidates are left."""
    if guide is None:
        return np.zeros(n_left.shape, dtype=np.float32)
    return np.asarray(_LEAN * np.clip(np.log(guide / np.maximum(n_left, 1)), -1, 1), dtype=np.float32)


def may(episodes: Standing, rows: Codes) -> Flags:
    """Return which of all actions can be taken: a list, and each attribute that tells candidates apart, not asked for yet."""
    walk: Any = episodes.world
    weights = walk.weights[rows]
    tells = (weights > 0) & (weights < walk.weight[rows, None]) & ~walk.is_asked[rows]
    return np.hstack([np.ones((len(rows), 1), dtype=bool), tells])


def learn_to_decide(
    trails: Trails, learning: Learning | None = None, *, state_of: StateOf = counted_state, n_actions: int = 2,
    valid: Trails | None = None, random_state: int = 0, checkpoint: Path | None = None,
    watch: Callable[[Epoch], None] = lambda _: None,
) -> Decider:  # fmt: skip
    """Learn when to stop asking and show lists.

    Parameters
    ----------
    trails : Trails
        Of episodes that vectors were not learned from, nor any that are to be measured on.
    state_of, n_actions
        As the trails were laid out with.
    valid : Trails, optional
        Of other episodes; the network is left as it was after the round that is worth most on these, and as the rule it started
        from where no round is worth more.

    Notes
    -----
    The actions are the paper's, and `published_state` is its state; `counted_state` tells the same in numbers that are near for
    episodes that are alike. What the network is taught is not the paper's. One update a turn, by the reward and what the network
    itself foretells of the next turn, is noisy: whether one asks or shows makes a difference of some hundredths, where returns
    differ by one. Here nothing is foretold. An item's place among the candidates says which list from now on has it, so that both
    ends of every turn are known: lists from here on, and the question, followed as the trail goes until the network itself would
    begin to show. What both are worth is the target: their mean and, with a weight, their difference. It can be known because
    after the first list come lists to the end, which the paper leaves open.
    """
    import torch

    from personae.recommend import nets

    if not trails.asks.any():
        raise BadInput("No trail has a question: lay out episodes whose candidates differ in some attribute.")
    chosen = learning or Learning()
    with torch.random.fork_rng():
        torch.manual_seed(random_state)
        learner = _Learner(nets, trails, chosen, n_actions, random_state)
        score = None if valid is None else lambda: learner.score(valid)
        start = -np.inf if score is None else score()
        epochs = train(learner, chosen.n_updates * chosen.plan.batch_size, chosen.plan, score=score, random_state=random_state,
                       checkpoint=checkpoint, given=fingerprint(trails.actions, trails.found, chosen),
                       watch=watch)  # fmt: skip
        if score is not None and score() <= start:
            learner.steady = learner.new()
    return Decider(learner.steady, state_of, chosen.guide, epochs)


class _Learner:
    """The network and a steadier copy that follows it and decides, as `training.train` wants them."""

    def __init__(
        self, nets: Any, trails: Trails, learning: Learning, n_actions: int, random_state: int
    ) -> None:
        self.nets, self.trails, self.learning, self.n_actions = nets, trails, learning, n_actions
        self.net, self.steady = self.new(), self.new()
        self.steady.load_state_dict(self.net.state_dict())
        self.steps = nets.TorchLearner(
            self.net, self._loss, rate=learning.plan.rate, random_state=random_state
        )
        self.turns: tuple[NDArray[Any], ...] = ()  # state, actions and worth of question and lists, leaning

    def begin(self, epoch: int) -> None:
        self.steps.begin(epoch)
        trails = self.trails
        shows = _shows(self.steady, trails, self.learning.guide)
        ends = shows | ~trails.asks
        near = trails.asks & (np.cumsum(ends, axis=1) - ends <= _PAST)
        found = np.stack([trails.found_from(shows)[:, 1:][near], trails.found[near]], axis=1)
        actions = np.stack([trails.actions[near], np.full(len(found), _list_of(self.n_actions))], axis=1)
        leans = leaning(trails.n_left[near], self.learning.guide)
        self.turns = trails.states[near], actions, self.learning.worth(found, trails.n_turns), leans

    def step(self, rows: Codes, random: np.random.Generator) -> float:
        loss = float(self.steps.step(rows, random))
        with self.nets.torch.no_grad():
            for slow, fast in zip(self.steady.parameters(), self.net.parameters(), strict=True):
                slow.lerp_(fast, self.learning.follow)
        return loss

    def score(self, valid: Trails) -> float:
        """Return what the episodes are worth on average."""
        shows = _shows(self.steady, valid, self.learning.guide)
        return float(self.learning.worth(valid.outcome(shows).found, valid.n_turns).mean())

    def state(self) -> State:
        kept = {f"steps.{name}": each for name, each in self.steps.state().items()}
        return kept | {f"steady.{name}": each.numpy() for name, each in self.steady.state_dict().items()}

    def restore(self, state: State) -> None:
        parts: dict[str, dict[str, Any]] = {"steps": {}, "steady": {}}
        for name, each in state.items():
            head, _, rest = name.partition(".")
            parts[head][rest] = each
        self.steps.restore(parts["steps"])
        self.steady.load_state_dict(
            {name: self.nets.torch.as_tensor(each.copy()) for name, each in parts["steady"].items()}
        )

    def new(self) -> Any:
        nn, hidden = self.nets.nn, self.learning.hidden
        net = nn.Sequential(
            nn.Linear(self.trails.states.shape[2], hidden), nn.ReLU(), nn.Linear(hidden, self.n_actions)
        )
        nn.init.normal_(net[0].weight, std=0.1)  # published code
        nn.init.zeros_(net[2].weight)  # an attribute never tried is worth nothing
        nn.init.zeros_(net[2].bias)
        return net

    def _loss(self, rows: Codes, random: np.random.Generator) -> Any:
        torch = self.nets.torch
        drawn = random.integers(0, len(self.turns[0]), len(rows))
        state, actions, worth, leans = (torch.as_tensor(each[drawn]) for each in self.turns)
        wrong = _said(self.net, state, actions) - worth
        return (
            wrong.mean(dim=1).square().mean()
            + self.learning.apart * (wrong[:, 1] - wrong[:, 0] + leans).square().mean()
        )


def _shows(net: Any, trails: Trails, guide: float | None) -> Flags:
    """Return at which moves lists are thought to be worth as much as the question."""
    import torch

    both = np.stack([trails.actions, np.full_like(trails.actions, _list_of(net[2].out_features))], axis=2)
    more = leaning(trails.n_left, guide)
    with torch.no_grad():
        for move in range(trails.n_turns - 1):
            values = _said(net, torch.as_tensor(trails.states[:, move]), torch.as_tensor(both[:, move]))
            more[:, move] += (values[:, 1] - values[:, 0]).numpy()
    return np.asarray(more >= 0)


def _said(net: Any, states: Any, actions: Any) -> Any:
    """Return what the network says of some actions of each state, shape of actions."""
    inner = net[1](net[0](states))
    return (inner[:, None] * net[2].weight[actions]).sum(dim=2) + net[2].bias[actions]


def _list_of(n_actions: int) -> int:
    return _SHOW if n_actions == 2 else 0
