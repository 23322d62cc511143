"""The walk beside a plain one of one episode: same questions, same lists, same turns."""

import numpy as np
import pytest

from personae.errors import BadInput
from personae.metrics.ranking import Lists
from personae.recommend.interactions import Items
from personae.recommend.scpr import (
    Belief,
    Episodes,
    Graph,
    Vectors,
    Walk,
    Wants,
    always_show,
    ask_until,
    look_ahead,
    play,
)
from personae.recommend.scpr.walk import top

N_PEOPLE, N_ITEMS, N_ATTRIBUTES = 12, 160, 14


def lists(rows):
    flat = [each for row in rows for each in row]
    return Lists.of(np.repeat(np.arange(len(rows)), [len(row) for row in rows]), flat, n_people=len(rows))


@pytest.fixture(scope="module")
def graph():
    random = np.random.default_rng(3)
    has = [
        sorted(random.choice(N_ATTRIBUTES, random.integers(1, 7), replace=False).tolist())
        for _ in range(N_ITEMS)
    ]
    friends = [sorted(random.choice(N_PEOPLE, 3, replace=False).tolist()) for _ in range(N_PEOPLE)]
    likes = [sorted(random.choice(N_ATTRIBUTES, 3, replace=False).tolist()) for _ in range(N_PEOPLE)]
    return Graph(lists(has), N_ATTRIBUTES, lists(friends), lists(likes))


@pytest.fixture(scope="module")
def vectors():
    random = np.random.default_rng(4)
    return Vectors(*(random.normal(size=(n, 5)) for n in (N_PEOPLE, N_ITEMS, N_ATTRIBUTES)))


@pytest.fixture(scope="module")
def wants(graph):
    random = np.random.default_rng(5)
    return Wants.of(graph, random.integers(0, N_PEOPLE, 60), random.integers(0, N_ITEMS, 60), 6)


def one_episode(graph, vectors, person, wanted, opening, until, *, is_weighted, asks_idly):
    """Play one episode with sets and loops, as the paper tells it; return its moves and the turn of success."""
    has = [set(graph.has.items_of(item).tolist()) for item in range(N_ITEMS)]
    friends, likes = (
        [set(each.items_of(number).tolist()) for number in range(N_PEOPLE)]
        for each in (graph.friends, graph.likes)
    )
    candidates, accepted, asked, moves = set(range(N_ITEMS)), [], set(), []

    def score(item):
        return vectors.items[item] @ (
            vectors.people[person] + sum(vectors.attributes[each] for each in accepted)
        )

    def weight(item):
        return max(round(1023 / (1 + np.exp(-score(item)))), 1) if is_weighted else 1

    def go(attribute):
        nonlocal candidates
        accepted.append(attribute)
        asked.add(attribute)
        candidates = {item for item in candidates if attribute in has[item]}
        by_items = {each for item in candidates for each in has[item]}
        by_friends = {
            each for friend in friends[person] if attribute in likes[friend] for each in likes[friend]
        }
        return by_items | by_friends

    reachable = go(opening)
    for turn in range(2, 16):
        if not candidates:
            return moves, 0
        total = sum(weight(item) for item in candidates)
        gaps = {
            each: abs(2 * sum(weight(item) for item in candidates if each in has[item]) - total)
            for each in sorted(reachable - asked)
        }
        best = min(gaps, key=lambda each: (gaps[each], each), default=None)
        idle = best is None or (gaps[best] == total and not asks_idly)
        if len(candidates) <= until or idle:
            shown = sorted(candidates, key=lambda item: (-score(item), item))[:10]
            moves.append(("show", *shown))
            if wanted in shown:
                return moves, turn
            candidates -= set(shown)
        else:
            moves.append(("ask", best))
            if best in has[wanted]:
                reachable = go(best)
            else:
                asked.add(best)
    return moves, 0


class Watched(Walk):
    """A walk that keeps what it was asked for."""

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.moves = [[] for _ in range(len(self))]

    def best(self, rows, k):
        found = super().best(rows, k)
        for row, shown in zip(rows, found, strict=True):
            self.moves[row].append(("show", *(item for item in shown.tolist() if item >= 0)))
        return found

    def question(self, rows):
        found, bits = super().question(rows)
        for row, each in zip(rows, found, strict=True):
            if each >= 0:
                self.moves[row].append(("ask", int(each)))
        return found, bits


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("asks_idly", [False, True])
@pytest.mark.parametrize("until", [0, 10, 30, 10**6])
def test_trajectories_are_those_of_one_episode_at_a_time(
    graph, vectors, wants, is_weighted, asks_idly, until
):
    worlds = []

    def make(people):
        worlds.append(Watched(graph, vectors, people, is_weighted=is_weighted, asks_idly=asks_idly))
        return worlds[-1]

    outcome = play(make, wants, ask_until(until), batch_size=25)
    moves = [each for world in worlds for each in world.moves]
    for row in range(len(wants)):
        plain = one_episode(
            graph, vectors, int(wants.people[row]), int(wants.items[row]), int(wants.openings[row]), until,
            is_weighted=is_weighted, asks_idly=asks_idly,
        )  # fmt: skip
        assert (moves[row], outcome.found[row]) == plain


def test_what_tells_most_is_nearest_to_one_half_and_the_lowest_among_equals():
    has = lists([[0, 1, 3], [0, 1, 4], [0, 2, 3], [0, 2, 4], [0]])
    walk = Walk(Graph(has, 5), Vectors(np.zeros((0, 1)), np.zeros((5, 1)), np.zeros((5, 1))), np.array([-1]))
    row = np.zeros(1, dtype=np.intp)
    walk.open(row, np.array([0]))
    attribute, bits = walk.question(row)
    assert attribute.tolist() == [1]
    assert bits[0] == pytest.approx(-0.4 * np.log2(0.4) - 0.6 * np.log2(0.6))
    walk.accept(row, attribute)
    assert walk.n_left.tolist() == [2]
    assert walk.question(row)[0].tolist() == [3]
    walk.refuse(row, np.array([3]))
    assert walk.n_left.tolist() == [2]
    assert walk.question(row)[0].tolist() == [4]


def test_refusals_that_are_heeded_take_items_out():
    has = lists([[0, 1], [0, 2], [0, 2]])
    walk = Walk(
        Graph(has, 3),
        Vectors(np.zeros((0, 1)), np.zeros((3, 1)), np.zeros((3, 1))),
        np.array([-1]),
        heeds_refusals=True,
    )
    row = np.zeros(1, dtype=np.intp)
    walk.open(row, np.array([0]))
    walk.refuse(row, np.array([1]))
    assert walk.candidates[0].tolist() == [False, True, True]
    assert walk.n_left.tolist() == [2]
    assert walk.question(row)[0].tolist() == [-1]


def test_a_list_shown_in_vain_is_not_shown_again(graph, vectors, wants):
    episodes = Episodes(Walk(graph, vectors, wants.people), wants)
    before = episodes.world.n_left.copy()
    rows = episodes.open()
    lists_ = episodes.world.best(rows, 10)
    rewards = episodes.step(rows, np.ones(len(rows), dtype=bool))
    missed = rows[episodes.found[rows] == 0]
    assert not (episodes.world.best(missed, 10)[:, :, None] == lists_[missed][:, None, :])[
        lists_[missed].min(1) >= 0
    ].any()
    assert (before - episodes.world.n_left)[missed].tolist() == (lists_[missed] >= 0).sum(axis=1).tolist()
    assert set(np.round(rewards, 2)) <= {1.0, -0.1}


def test_success_and_turns_by_hand(graph, vectors, wants):
    from personae.recommend.scpr import Outcome

    outcome = Outcome(np.array([2, 0, 6, 15]), 15)
    assert [outcome.success(turn).mean() for turn in (5, 10, 15)] == [0.25, 0.5, 0.75]
    assert outcome.turns().mean() == (2 + 15 + 6 + 15) / 4


def test_wrong_answers_hurt_the_walk_more_than_the_belief(graph, vectors, wants):
    many = wants.take(np.tile(np.arange(len(wants)), 5))

    def found(make, policy, flip):
        return play(make, many, policy, flip=flip, random_state=1).success(15).mean()

    def walk(people):
        return Walk(graph, vectors, people)

    def belief(people):
        return Belief(graph, vectors, people, noise=0.1)

    assert found(walk, ask_until(20), 0.3) < found(walk, ask_until(20), 0.0) - 0.1
    lost = found(belief, look_ahead(), 0.0) - found(belief, look_ahead(), 0.3)
    assert lost < found(walk, ask_until(20), 0.0) - found(walk, ask_until(20), 0.3)
    assert found(belief, look_ahead(), 0.0) >= found(walk, always_show, 0.0)


def test_belief_by_hand():
    has = lists([[0, 1], [0], [0, 1], [1]])
    world = Belief(
        Graph(has, 2), Vectors(np.zeros((0, 1)), np.zeros((4, 1)), np.zeros((2, 1))), np.array([-1]), noise=0.1,
        prior=np.log([1.0, 2.0, 1.0, 4.0]),
    )  # fmt: skip
    row = np.zeros(1, dtype=np.intp)
    world.open(row, np.array([0]))
    assert world.shares(row)[0] == pytest.approx([0.25, 0.5, 0.25, 0])
    world.accept(row, np.array([1]))
    assert world.shares(row)[0] == pytest.approx(np.array([0.9, 0.2, 0.9, 0]) / 2.0, abs=1e-6)
    world.drop(row, np.array([[0, -1]]))
    assert world.shares(row)[0] == pytest.approx(np.array([0, 0.2, 0.9, 0]) / 1.1, abs=1e-6)
    assert world.n_left.tolist() == [2]


def test_the_same_seed_gives_the_same_episodes(graph, vectors, wants):
    def once(seed):
        return play(
            lambda people: Walk(graph, vectors, people), wants, ask_until(20), flip=0.2, random_state=seed
        ).found

    assert once(1).tolist() == once(1).tolist()
    assert once(1).tolist() != once(2).tolist()


def test_top_breaks_ties_by_place_in_long_rows():
    assert top(np.zeros((1, 500)), 4).tolist() == [[0, 1, 2, 3]]
    assert top(np.full((1, 3), -np.inf), 2).tolist() == [[-1, -1]]


def test_graphs_that_cannot_be_are_refused():
    with pytest.raises(BadInput, match="twice"):
        Graph(lists([[1, 1]]), 2)
    with pytest.raises(BadInput, match="below 2"):
        Graph(lists([[2]]), 2)
    with pytest.raises(BadInput, match="no attribute to begin with"):
        Wants.of(Graph(lists([[0], []]), 1), np.array([-1]), np.array([1]))
    catalog = Items(("a", "b"), ("x", "never held"), lists([[0, 0], []]))
    graph = Graph.of(catalog)
    assert (graph.has.counts().tolist(), graph.holders.counts().tolist()) == ([1, 0], [1, 0])
    with pytest.raises(BadInput, match=r"between 0 and \.5"):
        Belief(
            graph, Vectors(np.zeros((0, 1)), np.zeros((2, 1)), np.zeros((2, 1))), np.array([-1]), noise=0.5
        )
