"""Many simulated episodes in step: somebody wants an item, answers what is asked, and is shown lists until it is among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.intervals import RandomState
from personae.recommend.interactions import Codes
from personae.recommend.scpr.graph import Graph
from personae.recommend.scpr.walk import NOTHING, Array, Flags

N_TURNS = 15  # paper, section 5.1.4; the opening is the first
LIST_LENGTH = 10  # paper, section 5.1.4
FOUND, ACCEPTED, REFUSED, FAILED, ENDED = 1.0, 0.01, -0.1, -0.1, -0.3  # rewards; published code
CODES = {"accepted": 1, "refused": -1, "failed": -2, "found": 2}  # history; published code


class World(Protocol):
    """What is known of each of n episodes, and what it makes of answers; see `Walk` and `Belief`."""

    graph: Graph
    n_left: Codes

    def __len__(self) -> int: ...
    def open(self, rows: Codes, attributes: Codes) -> None: ...
    def accept(self, rows: Codes, attributes: Codes) -> None: ...
    def refuse(self, rows: Codes, attributes: Codes) -> None: ...
    def skip(self, rows: Codes, attributes: Codes) -> None: ...
    def drop(self, rows: Codes, lists: Codes) -> None: ...
    def question(self, rows: Codes) -> tuple[Codes, Array]: ...
    def best(self, rows: Codes, k: int) -> Codes: ...


class Standing(Protocol):
    """How far n episodes have come: all that a policy is told beside the open rows; see `Episodes` for the names."""

    world: World
    turn: int
    n_turns: int
    history: NDArray[np.int8]


Policy = Callable[[Standing, Codes], NDArray[np.generic]]  # open rows -> moves, as `Episodes.step` takes them


@dataclass(frozen=True, slots=True)
class Wants:
    """Who wants which item, and the attribute of it that they name first; shapes (n,)."""

    people: Codes
    items: Codes
    openings: Codes

    def __len__(self) -> int:
        return len(self.items)

    def take(self, rows: NDArray[np.generic]) -> Wants:
        """Return some, by mask or place."""
        return Wants(self.people[rows], self.items[rows], self.openings[rows])

    @classmethod
    def of(cls, graph: Graph, people: Codes, items: Codes, random_state: RandomState = 0) -> Wants:
        """Draw each opening among the item's attributes, uniformly.

        Raises
        ------
        BadInput
            When an item has no attribute: nobody could name one of it.
        """
        counts = graph.has.counts()[items]
        if not counts.all():
            raise BadInput(
                f"{int((counts == 0).sum())} wanted items have no attribute to begin with: leave them out."
            )
        places = np.random.default_rng(random_state).integers(0, counts)
        return cls(people, items, graph.has.items[graph.has.starts[items] + places])


class Episodes:
    """n episodes of one world, in step.

    Parameters
    ----------
    world : World
    wants : Wants
    flip : float
        The chance that an answer to a question is the wrong one; lists are answered rightly, and so is the opening.
    n_turns : int
        The opening is the first.

    Attributes
    ----------
    turn : int
        The turn that comes next, from 2.
    history : ndarray of shape (n, n_turns)
        `CODES` of past turns, 0 where there is none yet.
    found : ndarray of shape (n,)
        The turn at which the item was shown; 0 where it was not.
    """

    def __init__(
        self,
        world: World,
        wants: Wants,
        *,
        flip: float = 0.0,
        n_turns: int = N_TURNS,
        random_state: RandomState = 0,
    ) -> None:
        n = len(wants)
        self.world: World = world
        self.wants, self.flip, self.n_turns = wants, flip, n_turns
        self.random = np.random.default_rng(random_state)
        self.history = np.zeros((n, n_turns), dtype=np.int8)
        self.found = np.zeros(n, dtype=np.intp)
        self.turn = 2
        world.open(np.arange(n), wants.openings)
        self.history[:, 0] = CODES["accepted"]

    def open(self) -> Codes:
        """Return the episodes that go on."""
        if self.turn > self.n_turns:
            return np.zeros(0, dtype=np.intp)
        return np.flatnonzero((self.found == 0) & (self.world.n_left > 0))

    def step(self, rows: Codes, moves: NDArray[np.generic]) -> Array:
        """Take one turn in all open episodes, and return their rewards, shape (len(rows),).

        Parameters
        ----------
        rows : ndarray of int
            As `open` gives them.
        moves : ndarray of shape (len(rows),)
            True shows a list and False asks the world's question; or, as whole numbers, the attribute to ask for, -1 for a list.
            Where no question is left, a list is shown.
        """
        asked = np.asarray(moves, dtype=np.intp)
        if moves.dtype == bool:
            asks = np.flatnonzero(asked == 0)
            asked = np.full(len(rows), NOTHING)
            asked[asks], _ = self.world.question(rows[asks])
        rewards = np.empty(len(rows))
        shows = asked == NOTHING
        rewards[shows] = self._show(rows[shows])
        rewards[~shows] = self._ask(rows[~shows], asked[~shows])
        self.turn += 1
        if self.turn > self.n_turns:
            rewards[self.found[rows] == 0] += ENDED
        return rewards

    def _show(self, rows: Codes) -> Array:
        lists = self.world.best(rows, LIST_LENGTH)
        is_hit = (lists == self.wants.items[rows, None]).any(axis=1)
        self.found[rows[is_hit]] = self.turn
        self.history[rows, self.turn - 1] = np.where(is_hit, CODES["found"], CODES["failed"])
        self.world.drop(rows[~is_hit], lists[~is_hit])
        return np.where(is_hit, FOUND, FAILED)

    def _ask(self, rows: Codes, attributes: Codes) -> Array:
        is_yes = self.world.graph.is_held(self.wants.items[rows], attributes)
        if self.flip:
            is_yes = is_yes ^ (self.random.random(len(rows)) < self.flip)
        self.history[rows, self.turn - 1] = np.where(is_yes, CODES["accepted"], CODES["refused"])
        self.world.accept(rows[is_yes], attributes[is_yes])
        self.world.refuse(rows[~is_yes], attributes[~is_yes])
        return np.where(is_yes, ACCEPTED, REFUSED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """At which turn each episode found the item, 0 where it did not, shape (n,)."""

    found: Codes
    n_turns: int

    def success(self, turn: int) -> Array:
        """Return 1 for each item found by this turn, else 0: SR@turn is the mean."""
        return ((self.found > 0) & (self.found <= turn)).astype(float)

    def turns(self) -> Array:
        """Return the turns each took; a failure counts as all: AT is the mean."""
        return np.where(self.found > 0, self.found, self.n_turns).astype(float)


def play(
    make: Callable[[Codes], World], wants: Wants, policy: Policy, *, flip: float = 0.0, n_turns: int = N_TURNS,
    random_state: int = 0, batch_size: int = 256,
) -> Outcome:  # fmt: skip
    """Play all episodes to their ends, a batch at a time.

    Parameters
    ----------
    make : callable
        Takes people, shape (n,), and returns their world.
    policy : callable
        Takes the episodes and the open rows; returns moves as `Episodes.step` takes them.
    """
    found = np.zeros(len(wants), dtype=np.intp)
    for start in range(0, len(wants), batch_size):
        some = wants.take(np.arange(start, min(start + batch_size, len(wants))))
        random = np.random.default_rng([random_state, start])
        episodes = Episodes(make(some.people), some, flip=flip, n_turns=n_turns, random_state=random)
        while len(rows := episodes.open()):
            episodes.step(rows, policy(episodes, rows))
        found[start : start + len(some)] = episodes.found
    return Outcome(found, n_turns)


def ask_until(n: int) -> Policy:
    """Ask until at most n candidates are left, then show lists; 10 is the rule of maximum entropy, no bound shows lists alone."""

    def moves(episodes: Standing, rows: Codes) -> Flags:
        return np.asarray(episodes.world.n_left[rows] <= n)

    return moves


def always_show(episodes: Standing, rows: Codes) -> Flags:
    """Show a list at every turn."""
    return np.ones(len(rows), dtype=bool)
