"""Vectors and policies that are learned: better than untaught ones, the same under a seed, resumed as undisturbed."""

import numpy as np
import pytest

pytest.importorskip("torch")

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
    return Learning(**{"hidden": 16, "n_together": 64, "n_updates": 10, "plan": PLAN, **changed})


def test_a_policy_starts_as_its_guide_and_is_the_same_under_a_seed(world, fitted):
    graph, _, wants = world

    def walk(people):
        return Walk(graph, fitted.vectors, people)

    still = learn_to_decide(walk, wants, _learning(guide=20, plan=Plan(1, 64, 1e-12)))
    by_rule = play(walk, wants, ask_until(20)).found
    assert play(walk, wants, still).found.tolist() == by_rule.tolist()
    first, again = (learn_to_decide(walk, wants, _learning(guide=20), random_state=3) for _ in range(2))
    assert play(walk, wants, first).found.tolist() == play(walk, wants, again).found.tolist()
    assert all(np.isfinite(epoch.loss) for epoch in first.epochs)


def test_learning_from_a_bad_guide_does_better_than_the_guide(world, fitted):
    graph, _, wants = world

    def walk(people):
        return Walk(graph, fitted.vectors, people)

    learning = _learning(
        guide=1, n_together=256, n_updates=40, decay=0.0, explore=(0.5, 0.0), plan=Plan(8, 128, 5e-3)
    )
    taught = learn_to_decide(walk, wants, learning, valid=wants)
    assert play(walk, wants, taught).turns().mean() < play(walk, wants, ask_until(1)).turns().mean() - 0.5
    assert max(epoch.score for epoch in taught.epochs) > 0


def test_an_interrupted_run_ends_as_an_undisturbed_one(world, fitted, tmp_path):
    graph, _, wants = world

    def walk(people):
        return Walk(graph, fitted.vectors, people)

    class Interrupted(Exception):
        pass

    def stop(epoch):
        if epoch.number == 2:
            raise Interrupted

    whole = learn_to_decide(walk, wants, _learning(guide=20))
    with pytest.raises(Interrupted):
        learn_to_decide(walk, wants, _learning(guide=20), checkpoint=tmp_path / "p.npz", watch=stop)
    resumed = learn_to_decide(walk, wants, _learning(guide=20), checkpoint=tmp_path / "p.npz")
    for one, other in zip(whole.net.parameters(), resumed.net.parameters(), strict=True):
        assert np.array_equal(one.detach().numpy(), other.detach().numpy())


def test_an_action_for_every_attribute_asks_only_for_what_tells_something(world, fitted):
    graph, _, wants = world
    few = wants.take(np.arange(30))

    def walk(people):
        return Walk(graph, fitted.vectors, people)

    full = learn_to_decide(walk, few, _learning(), n_actions=N_ATTRIBUTES + 1)
    episodes = Episodes(walk(few.people), few)
    while len(rows := episodes.open()):
        moves = full(episodes, rows)
        asked = moves >= 0
        held = episodes.world.weights[rows[asked], moves[asked]]
        assert ((held > 0) & (held < episodes.world.weight[rows[asked]])).all()
        assert not episodes.world.is_asked[rows[asked], moves[asked]].any()
        episodes.step(rows, moves)


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
