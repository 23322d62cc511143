"""How a thread grows: who replies to whom, by path scores, before a word is written.

Source: Yukhymenko, Staab, Vero, Vechev (2024), "A Synthetic Dataset for Personal Attribute Inference", arXiv 2406.07217,
section 4.2 and the authors' released settings. The order of turns, the scores and the limits are theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.intervals import RandomState

TOPIC = -1  # the topic's parent and author


@dataclass(frozen=True, slots=True)
class Rules:
    """How members behave; the defaults are the authors' released settings.

    Parameters
    ----------
    n_rounds : int
        Turns of every member; the topic itself can be answered in the first round alone.
    most_actions : int
        A member's chances to reply in a round are drawn evenly from 1 to this.
    reply_probability, decline : float
        Chance that one action is a reply, and by how much it falls each round.
    n_best : int
        Comments with the highest path scores among which one is drawn.
    most_replies, most_depth : int
        Limits on what may be replied to. With fewer than `n_best` comments within them, they are waived.
    critics : float
        Share of members told to disagree, drawn anew each round.
    short : float
        Share of comments with `short_words`; the others have `long_words`.
    """

    n_rounds: int = 2
    most_actions: int = 3
    reply_probability: float = 0.7
    decline: float = 0.1
    n_best: int = 10
    most_replies: int = 3
    most_depth: int = 5
    critics: float = 0.4  # released settings; the paper's README says 0.7
    short: float = 0.7
    short_words: tuple[int, int] = (1, 10)
    long_words: tuple[int, int] = (10, 50)


@dataclass(frozen=True, slots=True)
class Tree:
    """A thread without its words; node 0 is the topic, and every node stands after its parent.

    Parameters
    ----------
    parents, authors, depths : ndarray of shape (n_nodes,)
        `authors` are positions among the members; the topic has `TOPIC` for both.
    is_short, is_critic : ndarray of shape (n_nodes,)
        What its author is told about length and about disagreeing.
    """

    parents: NDArray[np.int64]
    authors: NDArray[np.int64]
    depths: NDArray[np.int64]
    is_short: NDArray[np.bool_]
    is_critic: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.parents)

    def path(self, node: int) -> list[int]:
        """Return the nodes from the topic down to this one."""
        chain = [node]
        while self.parents[chain[-1]] != TOPIC:
            chain.append(int(self.parents[chain[-1]]))
        return chain[::-1]

    def replies(self) -> NDArray[np.int64]:
        """Return how many replies each node has, shape (n_nodes,)."""
        return np.bincount(self.parents[1:], minlength=len(self))


def path_scores(
    depths: NDArray[np.int64], own: NDArray[np.int64], is_own: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return how much one member wants to reply to each node.

    Parameters
    ----------
    depths : ndarray of shape (n_nodes,)
    own : ndarray of shape (n_nodes,)
        Comments by this member on the path from the topic to the node.
    is_own : ndarray of shape (n_nodes,)
        Whether the node is this member's.

    Notes
    -----
    2 for the topic, 5 for each own comment and 1 for each other on the path, over the path's length: (2 + depth + 4 own) /
    (depth + 1); 0 for an own comment.

    Examples
    --------
    The topic, a stranger's comment on it, and a stranger's reply to one's own comment:

    >>> path_scores(np.array([0, 1, 2]), np.array([0, 0, 1]), np.zeros(3, bool)).round(2).tolist()
    [2.0, 1.5, 2.67]
    """
    scores: NDArray[np.float64] = np.where(is_own, 0.0, (2 + depths + 4 * own) / (depths + 1))
    return scores


def grow(n_members: int, *, rules: Rules | None = None, random_state: RandomState = 0) -> Tree:
    """Grow one thread among `n_members` who are interested in it.

    Raises
    ------
    BadInput
        Without members.

    Examples
    --------
    >>> tree = grow(30, random_state=1)
    >>> bool(tree.depths.max() <= 6), tree.path(1)
    (True, [0, 1])
    """
    if n_members < 1:
        raise BadInput("A thread needs at least one member who is interested in it.")
    rules = rules or Rules()
    random = np.random.default_rng(random_state)
    growing = _Growing(n_members, rules)
    for turn in range(rules.n_rounds):
        critics = set(random.choice(n_members, int(rules.critics * n_members)).tolist())
        chance = max(0.1, rules.reply_probability - rules.decline * turn)
        for member in range(n_members):
            for _ in range(int(random.integers(1, rules.most_actions + 1))):
                if random.random() < chance:
                    growing.reply(member, member in critics, random)
        growing.is_topic_open = False
    return growing.tree()


class _Growing:
    """The nodes so far: row 0 is the topic."""

    def __init__(self, n_members: int, rules: Rules) -> None:
        most = 1 + n_members * rules.n_rounds * rules.most_actions
        self.rules = rules
        self.n_nodes = 1
        self.is_topic_open = True
        self.parents = np.full(most, TOPIC)
        self.authors = np.full(most, TOPIC)
        self.depths = np.zeros(most, dtype=np.int64)
        self.n_replies = np.zeros(most, dtype=np.int64)
        self.flags = np.zeros((most, 2), dtype=bool)
        self.own = np.zeros((most, n_members), dtype=np.int64)
        self.is_answered = np.zeros((most, n_members), dtype=bool)

    def reply(self, member: int, is_critic: bool, random: np.random.Generator) -> None:
        parent = self._chosen(member, random)
        if parent is None:
            return
        node, self.n_nodes = self.n_nodes, self.n_nodes + 1
        self.parents[node], self.authors[node] = parent, member
        self.depths[node] = self.depths[parent] + 1
        self.own[node] = self.own[parent]
        self.own[node, member] += 1
        self.n_replies[parent] += 1
        self.is_answered[parent, member] = True
        self.flags[node] = random.random() < self.rules.short, is_critic

    def _chosen(self, member: int, random: np.random.Generator) -> int | None:
        nodes = slice(self.n_nodes)
        is_own = self.authors[nodes] == member
        scores = path_scores(self.depths[nodes], self.own[nodes, member], is_own)
        scores[self.is_answered[nodes, member]] = 0.0
        if not self.is_topic_open:
            scores[0] = 0.0
        wanted = scores > 0
        free = (self.depths[nodes] < self.rules.most_depth) & (
            self.n_replies[nodes] < self.rules.most_replies
        )
        found = np.flatnonzero(wanted & free)
        if len(found) < self.rules.n_best:
            found = np.flatnonzero(wanted)
        if not len(found):
            return None
        best = found[np.argsort(-scores[found], kind="stable")[: self.rules.n_best]]
        chances = np.exp(scores[best] - scores[best].max())
        return int(random.choice(best, p=chances / chances.sum()))

    def tree(self) -> Tree:
        nodes = slice(self.n_nodes)
        return Tree(
            self.parents[nodes],
            self.authors[nodes],
            self.depths[nodes],
            self.flags[nodes, 0],
            self.flags[nodes, 1],
        )


def random_tree(n_nodes: int, n_members: int, *, random_state: RandomState = 0) -> Tree:
    """Grow a thread whose every comment replies to any earlier node alike: what scores and limits are compared with."""
    random = np.random.default_rng(random_state)
    parents = np.array([TOPIC, *(int(random.integers(node)) for node in range(1, n_nodes))], dtype=np.int64)
    depths = np.zeros(n_nodes, dtype=np.int64)
    for node in range(1, n_nodes):
        depths[node] = depths[parents[node]] + 1
    authors = np.array([TOPIC, *random.integers(n_members, size=n_nodes - 1).tolist()], dtype=np.int64)
    no = np.zeros(n_nodes, dtype=bool)
    return Tree(parents, authors, depths, no, no)


def tree_of(parents: Sequence[int | None], authors: Sequence[str]) -> Tree:
    """Return the tree of a recorded thread: parents as positions, None for the topic, which stands first.

    >>> tree_of([None, 0, 1], ["a", "b", "a"]).depths.tolist()
    [0, 1, 2]
    """
    if not len(parents) or parents[0] is not None or len(parents) != len(authors):
        raise BadInput(
            f"{len(parents)} parents and {len(authors)} authors; give one of each a node, the topic first."
        )
    above = np.array([TOPIC, *(int(parent or 0) for parent in parents[1:])], dtype=np.int64)
    if (above[1:] >= np.arange(1, len(above))).any():
        raise BadInput("A comment stands before what it replies to; order the nodes by time.")
    depths = np.zeros(len(above), dtype=np.int64)
    for node in range(1, len(above)):
        depths[node] = depths[above[node]] + 1
    known = {author: position for position, author in enumerate(dict.fromkeys(authors[1:]))}
    names = np.array([TOPIC, *(known[author] for author in authors[1:])], dtype=np.int64)
    no = np.zeros(len(above), dtype=bool)
    return Tree(above, names, depths, no, no)
