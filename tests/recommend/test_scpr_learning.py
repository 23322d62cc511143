"""Vectors and policies that are learned: better than untaught ones, the same under a seed, resumed as undisturbed."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from personae.errors import BadInput
from personae.metrics.ranking import Lists
from personae.recommend import Plan
from personae.recommend.scpr import (
    Graph,
    Learning,
    Settings,
    Vectors,
    Walk,
    Wants,
    ask_until,
    count_state,
    fit_vectors,
    lay_out,
    learn_to_decide,
    play,
    published_state,
)
from personae.recommend.scpr.episodes import Episodes
from personae.recommend.scpr.vectors import mean_place

N_PEOPLE, N_ITEMS, N_ATTRIBUTES = 40, 300, 12
PLAN = Plan(3, 64, 1e-3)


@pytest.fixture(scope="module")
def world():
    """Items of four kinds, people who each have one kind; attributes are random but for four that name the kinds."""
    random = np.random.default_rng(0)
    kind = random.integers(0, 4, N_ITEMS)
    has = [
        sorted({int(kind[item]), *random.integers(4, N_ATTRIBUTES, 3).tolist()}) for item in range(N_ITEMS)
    ]
    owner = np.repeat(np.arange(N_ITEMS), [len(row) for row in has])
    graph = Graph(Lists.of(owner, [each for row in has for each in row], n_people=N_ITEMS), N_ATTRIBUTES)
    person = np.repeat(np.arange(N_PEOPLE), 20)
    item = np.concatenate(
        [random.choice(np.flatnonzero(kind == who % 4), 20, replace=False) for who in range(N_PEOPLE)]
    )
    is_held_out = np.arange(len(person)) % 4 == 0
    known = Lists.of(person[~is_held_out], item[~is_held_out], n_people=N_PEOPLE)
    return graph, known, Wants.of(graph, person[is_held_out], item[is_held_out], 1)


@pytest.fixture(scope="module")
def fitted(world):
    graph, known, wants = world
    settings = Settings(size=8, plan=Plan(12, 128, 0.02, patience=4))
    return fit_vectors(graph, known, settings, valid=wants)


def test_wanted_items_rise_and_training_stops_where_they_no_longer_do(world, fitted):
    graph, _, wants = world
    zeros = Vectors(
        *(
            np.zeros_like(each)
            for each in (fitted.vectors.people, fitted.vectors.items, fitted.vectors.attributes)
        )
    )
    shuffled = Vectors(
        np.roll(fitted.vectors.people, 1, axis=0), fitted.vectors.items, fitted.vectors.attributes
    )
    best = mean_place(graph, fitted.vectors, wants)
    assert best == pytest.approx(max(epoch.score for epoch in fitted.epochs))
    assert best > mean_place(graph, shuffled, wants) + 0.03
    assert zeros.items.shape == (N_ITEMS, 8)


def test_places_by_hand():
    has = Lists.of([0, 1, 2], [0, 0, 0], n_people=3)
    vectors = Vectors(np.ones((1, 1)), np.array([[3.0], [2.0], [1.0]]), np.zeros((1, 1)))
    wants = Wants(np.array([0, 0]), np.array([0, 2]), np.array([0, 0]))
    assert mean_place(Graph(has, 1), vectors, wants) == pytest.approx((1 + 1 / 2) / 2)


def test_vectors_are_the_same_under_a_seed(world):
    graph, known, _ = world
    settings = Settings(size=4, plan=Plan(2, 128, 0.02))
    first, again, other = (
        fit_vectors(graph, known, settings, random_state=seed).vectors.items for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def _learning(**changed):
    return Learning(**{"hidden": 16, "n_updates": 10, "plan": PLAN, **changed})


@pytest.fixture(scope="module")
def walk(world, fitted):
    return lambda people: Walk(world[0], fitted.vectors, people)


@pytest.fixture(scope="module")
def trails(world, walk):
    return lay_out(walk, world[2])


def test_trails_end_as_the_same_episodes_played(world, walk, trails):
    """Whatever the bound, and whatever a network decides: what is read off the trails is what playing comes to."""
    wants = world[2]
    for n in (1, 5, 20, 60, N_ITEMS):
        played = play(walk, wants, ask_until(n))
        assert trails.outcome(trails.n_left <= n).found.tolist() == played.found.tolist()

    def heeds(people):
        return Walk(world[0], walk(people).vectors, people, heeds_refusals=True)

    heeded = lay_out(heeds, wants)
    assert (
        heeded.outcome(heeded.n_left <= 20).found.tolist() == play(heeds, wants, ask_until(20)).found.tolist()
    )
    taught = learn_to_decide(trails, _learning(guide=20, plan=Plan(4, 64, 0.02)), valid=trails)
    outcome = play(walk, wants, taught)
    assert outcome.found.tolist() != play(walk, wants, ask_until(20)).found.tolist()
    assert taught.on(trails).found.tolist() == outcome.found.tolist()
    worth = Learning().worth(outcome.found, outcome.n_turns).mean()
    assert max(epoch.score for epoch in taught.epochs) == pytest.approx(worth)


def test_trails_by_hand():
    """Four items; the wanted one is third by score; attribute 1 halves them, and is refused or accepted."""
    graph = Graph(Lists.of([0, 0, 1, 2, 2, 3], [0, 1, 0, 0, 1, 0], n_people=4), 2)
    vectors = Vectors(np.ones((1, 1)), np.array([[9.0], [8.0], [7.0], [7.0]]), np.zeros((2, 1)))
    wants = Wants(np.zeros(2, dtype=int), np.array([2, 3]), np.zeros(2, dtype=int))
    made = Walk(graph, vectors, wants.people)
    made.open(np.arange(2), wants.openings)
    assert made.ahead(np.arange(2), wants.items).tolist() == [2, 3]
    made.drop(np.arange(2), np.array([[2], [0]]))
    assert made.ahead(np.arange(2), wants.items).tolist() == [4, 2]
    laid = lay_out(lambda people: Walk(graph, vectors, people), wants)
    assert laid.n_left[:, :2].tolist() == [[4, 2], [4, 4]]
    assert laid.asks[:, :2].tolist() == [[True, False], [True, False]]
    assert laid.found[:, :2].tolist() == [[2, 3], [2, 3]]
    assert laid.outcome(np.zeros_like(laid.asks)).found.tolist() == [3, 3]
    worth = Learning(price=0.5).worth(np.array([3, 15, 0]), 15)
    assert worth.tolist() == pytest.approx([0.9, 0.5, -0.5])


def test_trails_without_a_question_are_refused():
    graph = Graph(Lists.of([0, 1], [0, 0], n_people=2), 1)
    vectors, one = Vectors(np.ones((1, 1)), np.ones((2, 1)), np.ones((1, 1))), np.zeros(1, dtype=int)
    laid = lay_out(lambda people: Walk(graph, vectors, people), Wants(one, one, one))
    assert laid.outcome(laid.n_left < 0).found.tolist() == [2]
    with pytest.raises(BadInput, match="No trail has a question"):
        learn_to_decide(laid, _learning())


def test_a_policy_starts_as_its_guide_and_is_the_same_under_a_seed(world, walk, trails):
    wants = world[2]
    still = learn_to_decide(trails, _learning(guide=20, plan=Plan(1, 64, 1e-12)))
    by_rule = play(walk, wants, ask_until(20)).found
    assert play(walk, wants, still).found.tolist() == by_rule.tolist()
    first, again = (learn_to_decide(trails, _learning(guide=20), random_state=3) for _ in range(2))
    assert play(walk, wants, first).found.tolist() == play(walk, wants, again).found.tolist()
    assert all(np.isfinite(epoch.loss) for epoch in first.epochs)


def test_learning_from_a_bad_guide_does_better_than_the_guide(world, walk, trails):
    wants = world[2]
    learning = _learning(guide=1, n_updates=100, plan=Plan(8, 128, 5e-3))
    taught = learn_to_decide(trails, learning, valid=trails)
    assert play(walk, wants, taught).turns().mean() < play(walk, wants, ask_until(1)).turns().mean() - 0.5
    assert max(epoch.score for epoch in taught.epochs) > 0


def test_what_is_worth_no_more_than_the_guide_on_validation_is_left_as_the_guide(world, walk, trails):
    """Success of no worth, and turns that cost nothing: no round can be worth more than the start."""
    wants = world[2]
    learning = _learning(guide=20, plan=Plan(2, 64, 0.05))
    found = np.zeros_like(trails.found)
    hopeless = replace(trails, found=found)
    kept = learn_to_decide(trails, learning, valid=hopeless)
    free = learn_to_decide(trails, learning)
    by_rule = play(walk, wants, ask_until(20)).found.tolist()
    assert play(walk, wants, kept).found.tolist() == by_rule
    assert play(walk, wants, free).found.tolist() != by_rule


def test_an_interrupted_run_ends_as_an_undisturbed_one(trails, tmp_path):
    class Interrupted(Exception):
        pass

    def stop(epoch):
        if epoch.number == 2:
            raise Interrupted

    whole = learn_to_decide(trails, _learning(guide=20))
    with pytest.raises(Interrupted):
        learn_to_decide(trails, _learning(guide=20), checkpoint=tmp_path / "p.npz", watch=stop)
    resumed = learn_to_decide(trails, _learning(guide=20), checkpoint=tmp_path / "p.npz")
    for one, other in zip(whole.net.parameters(), resumed.net.parameters(), strict=True):
        assert np.array_equal(one.detach().numpy(), other.detach().numpy())


def test_an_action_for_every_attribute_asks_only_for_what_tells_something(world, walk):
    few = world[2].take(np.arange(30))
    laid = lay_out(walk, few, n_actions=N_ATTRIBUTES + 1)
    full = learn_to_decide(laid, _learning(), n_actions=N_ATTRIBUTES + 1)
    assert len(np.unique(laid.actions[laid.asks])) > 3
    episodes = Episodes(walk(few.people), few)
    while len(rows := episodes.open()):
        moves = full(episodes, rows)
        asked = moves >= 0
        held = episodes.world.weights[rows[asked], moves[asked]]
        assert ((held > 0) & (held < episodes.world.weight[rows[asked]])).all()
        assert not episodes.world.is_asked[rows[asked], moves[asked]].any()
        episodes.step(rows, moves)


def test_after_a_list_come_lists(world, walk):
    few = world[2].take(np.arange(30))
    eager = learn_to_decide(lay_out(walk, few), _learning(guide=60, plan=Plan(1, 64, 1e-12)))
    episodes = Episodes(walk(few.people), few)
    while len(rows := episodes.open()):
        has_failed = (episodes.history[rows] == -2).any(axis=1)
        moves = eager(episodes, rows)
        assert moves[has_failed].all()
        episodes.step(rows, moves)
    assert (episodes.history == -2).any()


def test_states_by_hand(world, fitted):
    graph, _, wants = world
    few = wants.take(np.arange(3))
    episodes = Episodes(Walk(graph, fitted.vectors, few.people), few)
    rows = np.arange(3)
    bits = count_state(episodes, rows)
    assert (bits @ 2 ** np.arange(20)[::-1]).tolist() == episodes.world.n_left.tolist()
    told = published_state(episodes, rows)
    assert told.shape == (3, 35)
    assert told[:, :15].tolist() == [[1.0] + [0.0] * 14] * 3
