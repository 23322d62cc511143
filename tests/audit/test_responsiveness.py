import itertools
import math

import numpy as np
import pytest

from personae.audit.responsiveness import (
    ActionSet,
    Condition,
    Feature,
    IfThen,
    Linked,
    OneHot,
    Ordinal,
    Reach,
    Reachability,
    ResponsivenessScorer,
    Switch,
    Thermometer,
    audit_groups,
    audit_reasons,
    draws_needed,
    hoeffding,
    infer_features,
    top_reasons,
)
from personae.errors import BadInput, UnknownName

FREE = "bool"


def bools(names, **options):
    return tuple(Feature(name, FREE, **options) for name in names)


def reached(actions, x):
    x = np.array(x, dtype=float)
    return {tuple(point) for chunk in Reach(actions).points(x) for point in chunk.tolist()}


def moves(actions, x, name):
    found = Reach(actions).moves(np.array(x, dtype=float), actions.place(name))
    return sorted(tuple(row) for row in found.changes.tolist())


def scored(actions, people, wanted, **options):
    return ResponsivenessScorer(actions=actions, predict=wanted, **{"target": True, **options}).score(people)


def test_bounds_steps_and_direction_make_the_grid():
    feature = Feature("years", "int", low=0, high=7, direction=1, step_high=2)
    assert feature.grid(4.0).tolist() == [4, 5, 6]
    assert feature.grid(6.0).tolist() == [6, 7]
    assert feature.grid(7.0).tolist() == [7]
    assert Feature("f", "int", low=0, high=10, step=5).grid(3.0).tolist() == [3, 8]
    assert Feature("f", "int", low=0, high=2, direction=-1).grid(2.0).tolist() == [0, 1, 2]
    assert Feature("f", "int", low=0, high=2, actionable=False).grid(1.0).tolist() == [1]


def test_a_person_outside_the_bounds_may_only_move_inside_them():
    feature = Feature("f", "int", low=0, high=7)
    assert feature.grid(9.0).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 9]
    assert Feature("f", "int", low=0, high=7, direction=1).grid(9.0).tolist() == [9]
    assert Feature("f", "int", low=0, high=7, step_low=-1).grid(9.0).tolist() == [9]
    actions = ActionSet((feature,))
    assert actions.outside([[9.0], [7.0], [math.nan]])[:, 0].tolist() == [True, False, True]
    scores = scored(actions, [[9.0]], lambda points: points[:, 0] <= 1)
    assert (scores.points[0, 0], scores.hits[0, 0]) == (8, 2)


def test_thermometer_one_hot_and_ordinal_keep_their_encoding():
    three = bools("abc")
    up = ActionSet(three, (Thermometer(("a", "b", "c"), 1),))
    assert reached(up, [1, 0, 0]) == {(1, 0, 0), (1, 1, 0), (1, 1, 1)}
    assert moves(up, [0, 0, 0], "a") == [(1, 0, 0)]
    assert moves(up, [0, 0, 0], "c") == [(1, 1, 1)]
    assert moves(up, [1, 1, 0], "a") == []
    hot = ActionSet(three, (OneHot(("a", "b", "c")),))
    assert reached(hot, [1, 0, 0]) == {(1, 0, 0), (0, 1, 0), (0, 0, 1)}
    assert moves(hot, [1, 0, 0], "a") == [(-1, 0, 1), (-1, 1, 0)]
    assert moves(hot, [1, 0, 0], "b") == [(-1, 1, 0)]
    two = ActionSet(three, (OneHot(("a", "b", "c"), limit=2),))
    assert reached(two, [1, 1, 0]) == {(1, 1, 0), (1, 0, 1), (0, 1, 1)}
    some = ActionSet(three, (OneHot(("a", "b", "c"), exactly=False),))
    assert reached(some, [0, 0, 0]) == {(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)}
    level = ActionSet(three, (Ordinal(("a", "b", "c"), 1),))
    assert reached(level, [0, 1, 0]) == {(0, 1, 0), (0, 0, 1)}


def test_if_then_moves_the_other_as_little_as_it_must():
    actions = ActionSet(
        (Feature("job", FREE), Feature("pay", "int", low=0, high=9)),
        (IfThen(Condition.parse("job >= 1"), Condition.parse("pay >= 3")),),
    )
    assert moves(actions, [0, 0], "job") == [(1, 3)]
    assert moves(actions, [0, 5], "job") == [(1, 0)]
    assert moves(actions, [1, 3], "pay")[:4] == [(-1, -3), (-1, -2), (-1, -1), (0, 1)]
    rising = ActionSet(
        (Feature("job", FREE), Feature("age", "int", low=0, high=99)),
        (IfThen(Condition.parse("change of job > 0"), Condition.parse("change of age >= 1")),),
    )
    assert moves(rising, [0, 30], "job") == [(1, 1)]


def test_a_switch_holds_its_targets_at_zero():
    features = (Feature("none", FREE), Feature("high", FREE))
    actions = ActionSet(features, (Switch("none", ("high",)),))
    assert reached(actions, [0, 1]) == {(0, 1), (0, 0), (1, 0)}
    assert reached(ActionSet(features, (Switch("none", ("high",), must=True),)), [1, 0]) == {(1, 0), (0, 1)}


def test_links_carry_what_nobody_could_change_alone():
    features = (
        Feature("stay", "int", low=0, high=7, direction=1, step_high=2),
        Feature("job", FREE, direction=1),
    )
    age = Feature("age", "int", actionable=False, low=18, high=40)
    linked = (Linked("stay", {"age": 1.0}), Linked("job", {"age": 1.0}))
    actions = ActionSet((*features, age), linked)
    assert moves(actions, [0, 0, 40], "stay") == [(1, 0, 1), (2, 0, 2)]
    assert len(reached(actions, [0, 0, 40])) == 6
    assert (2, 1, 43) in reached(actions, [0, 0, 40])
    kept = ActionSet(
        (features[0], Feature("age", "int", low=18, high=40)),
        (Linked("stay", {"age": 1.0}, keep_bounds=True),),
    )
    assert max(age for _, age in reached(kept, [0, 39])) == 40
    chain = ActionSet(bools("abc", actionable=True), (Linked("b", {"c": 1.0}), Linked("a", {"b": 1.0})))
    assert (1, 1, 1) in reached(chain, [0, 0, 0])
    with pytest.raises(BadInput, match="circle"):
        ActionSet(bools("ab"), (Linked("a", {"b": 1.0}), Linked("b", {"a": 1.0})))


def test_reachability_follows_its_matrix():
    values = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    actions = ActionSet(bools("ab"), (Reachability(("a", "b"), values, ((1, 1, 0), (0, 1, 1), (0, 0, 1))),))
    assert reached(actions, [0, 0]) == {(0, 0), (1, 0)}
    assert reached(actions, [1, 0]) == {(1, 0), (1, 1)}
    with pytest.raises(BadInput, match="3 by 3"):
        Reachability(("a", "b"), values, ((1, 1),))


def test_every_point_agrees_with_trying_all_of_them():
    """Brute force over all values, each constraint checked by itself, on random people."""
    names = ("a", "b", "c", "d", "n")
    features = (*bools("abcd"), Feature("n", "int", low=0, high=3, direction=1))
    constraints = (
        Thermometer(("a", "b", "c"), 0),
        IfThen(Condition.parse("d >= 1"), Condition.parse("n >= 2")),
    )
    actions = ActionSet(features, constraints)
    random = np.random.default_rng(0)
    for _ in range(20):
        t = random.integers(4)
        x = [*(1.0 * (np.arange(3) < t)), float(random.integers(2)), float(random.integers(4))]
        expected = {
            point
            for point in itertools.product((0, 1), (0, 1), (0, 1), (0, 1), range(4))
            if point[4] >= x[4]
            and (point[0] >= point[1] >= point[2])
            and (not point[3] or point[4] >= 2 or (point[3], point[4]) == (x[3], x[4]))
        }
        assert reached(actions, x) == expected | {tuple(x)}, (names, x)


def test_a_point_is_known_to_be_in_reach_or_not():
    actions = ActionSet((*bools("ab"), Feature("age", actionable=False)), (Thermometer(("a", "b")),))
    reach, x = Reach(actions), np.array([0.0, 0.0, 30.0])
    assert reach.reaches(x, x)
    assert reach.reaches(x, np.array([1.0, 1.0, 30.0]))
    assert not reach.reaches(x, np.array([0.0, 1.0, 30.0]))
    assert not reach.reaches(x, np.array([1.0, 1.0, 31.0]))


def test_an_encoding_that_is_broken_already_binds_only_who_moves_it():
    actions = ActionSet((*bools("ab"), Feature("c", FREE)), (OneHot(("a", "b")),))
    assert reached(actions, [0, 0, 0]) == {(*ab, c) for ab in ((0, 0), (1, 0), (0, 1)) for c in (0, 1)}


def test_scores_count_points_and_say_what_is_fixed():
    actions = ActionSet(
        (Feature("save", "int", low=0, high=4), Feature("help", FREE), Feature("age", actionable=False))
    )
    people = [[0, 0, 30], [0, 0, 70], [4, 1, 30]]
    scores = scored(actions, people, lambda p: (p[:, 0] >= 3) & (p[:, 2] < 60))
    assert scores.mu.tolist() == [[0.5, 0, 0], [0, 0, 0], [0.25, 1.0, 0]]
    assert scores.fixed.tolist() == [0, 1, 0]
    assert scores.explained.tolist() == [True, False, True]
    assert scores.reachable[:2].tolist() == [10, 10]
    both = scored(actions, people[:1], lambda p: (p[:, 0] >= 3) & (p[:, 1] == 1))
    assert not both.explained[0]
    assert both.fixed[0] == 0
    scorer = ResponsivenessScorer(
        actions=actions, predict=lambda p: (p[:, 0] >= 3) & (p[:, 1] == 1), target=True
    )
    assert scorer.together(people[0])[0].changes == (("save", 0, 3), ("help", 0, 1))
    assert len(scorer.together(people[0])) == 1
    options = scorer.options([0, 1, 30], "save")
    assert [(each.changes[0][2], each.works) for each in options] == [
        (1, False),
        (2, False),
        (3, True),
        (4, True),
    ]
    assert scorer.options(people[0], "age") == ()


def test_drawn_scores_keep_their_promise():
    """|mu_hat - mu| <= eps for at least 95% of 400 people, whose true score is known in closed form."""
    actions = ActionSet((Feature("income", "float", low=0, high=1), Feature("shift", actionable=False)))
    shift = np.random.default_rng(1).uniform(0, 1, 400)
    people = np.column_stack([np.zeros(400), shift])
    scores = scored(actions, people, lambda p: p[:, 0] > p[:, 1], n_draws=200)
    true = 1 - shift
    assert not scores.exact[:, 0].any()
    assert (scores.points[:, 0] == 200).all()
    assert np.mean((scores.low[:, 0] <= true) & (true <= scores.high[:, 0])) >= 0.95
    assert np.abs(scores.mu[:, 0] - true).max() < 2 * hoeffding(200)
    assert np.isinf(scores.reachable).all()


def test_drawing_agrees_with_counting():
    actions = ActionSet(
        (Feature("n", "int", low=0, high=7), Feature("up", FREE), Feature("top", FREE)),
        (Thermometer(("up", "top")),),
    )
    random = np.random.default_rng(0)
    people = np.column_stack([random.integers(0, 8, 50), np.ones(50), random.integers(0, 2, 50)])
    wanted = lambda p: p[:, 0] + p[:, 2] * 2 > 5  # noqa: E731
    scorer = ResponsivenessScorer(actions=actions, predict=wanted, target=True)
    exact, drawn = scorer.score(people), scorer.score(people, sampled=True)
    assert (np.abs(exact.mu - drawn.mu) <= hoeffding(500)).mean() >= 0.95
    assert ((drawn.low <= exact.mu) & (exact.mu <= drawn.high)).mean() >= 0.95


def test_a_drawn_value_brings_what_it_must():
    actions = ActionSet(
        (Feature("pay", "float", low=0, high=100), Feature("taxed", FREE), Feature("age", actionable=False)),
        (IfThen(Condition.parse("pay > 50"), Condition.parse("taxed >= 1")), Linked("pay", {"age": 0.1})),
    )
    found = Reach(actions).drawn(np.array([10.0, 0.0, 30.0]), 0, 300, np.random.default_rng(0))
    assert len(np.unique(found.draw)) == len(found.changes) == 300
    after = np.array([10.0, 0.0, 30.0]) + found.changes
    assert ((after[:, 0] > 50) == (after[:, 1] == 1)).all()
    assert np.allclose(found.changes[:, 2], 0.1 * found.changes[:, 0])
    assert abs(after[:, 0].mean() - 50) < 5
    turned = Reach(actions).moves(np.array([60.0, 1.0, 30.0]), 1)
    assert turned.changes.round(6).tolist() == [[-10.0, -1.0, -1.0]]


def test_points_are_drawn_uniformly_from_what_can_be_reached():
    actions = ActionSet(
        (Feature("a", "float", low=0, high=1), Feature("b", "float", low=0, high=1)),
        (IfThen(Condition("a", ">", 0.5), Condition("b", ">", 0.5)),),
    )
    points = Reach(actions).sample(np.array([0.1, 0.1]), 4000, np.random.default_rng(0))
    assert not ((points[:, 0] > 0.5) & (points[:, 1] <= 0.5)).any()
    assert abs((points[:, 0] > 0.5).mean() - 1 / 3) < 0.03


def test_missing_values_stay_missing_and_are_not_acted_on():
    actions = ActionSet((Feature("a", FREE), Feature("b", FREE)), (Thermometer(("a", "b")),))
    scores = scored(actions, [[math.nan, 0.0], [0.0, 0.0]], lambda p: np.nan_to_num(p[:, 0]) > 0)
    assert scores.points.tolist() == [[0, 0], [1, 1]]
    assert scores.fixed.tolist() == [-1, 0], "what is missing might have been changed: nothing is proven"

    def refuses(points):
        if np.isnan(points).any():
            raise ValueError("Input X contains NaN.")
        return points[:, 0] > 0

    with pytest.raises(BadInput, match="missing values"):
        scored(actions, [[math.nan, 0.0]], refuses)


def test_models_that_say_one_thing_and_empty_action_sets_fix_everybody():
    actions = ActionSet(bools("ab"))
    never = scored(actions, [[0, 0], [1, 1]], lambda points: np.zeros(len(points), dtype=bool))
    assert never.fixed.tolist() == [1, 1]
    assert not never.explained.any()
    always = scored(actions, [[0, 0]], lambda points: np.ones(len(points), dtype=bool))
    assert (always.fixed.tolist(), always.mu.tolist()) == ([0], [[1.0, 1.0]])
    nothing = ActionSet(bools("ab", actionable=False))
    assert nothing.blocks == ()
    scores = scored(nothing, [[0, 0]], lambda points: points[:, 0] > 0)
    assert (scores.fixed[0], scores.reachable[0], scores.points.sum()) == (1, 1, 0)
    assert len(scored(nothing, np.empty((0, 2)), lambda points: points[:, 0] > 0)) == 0


def test_what_cannot_be_listed_is_undecided_never_fixed():
    actions = ActionSet((Feature("a", "float", low=0, high=1),))
    assert scored(actions, [[0.0]], lambda points: points[:, 0] > 2).fixed.tolist() == [-1]
    many = ActionSet(bools([f"f{k}" for k in range(12)]))
    assert scored(many, [[0.0] * 12], lambda points: points[:, 0] > 2, most_points=100).fixed.tolist() == [-1]
    assert scored(
        many, [[0.0] * 12], lambda points: points.sum(axis=1) > 11, most_points=5000
    ).fixed.tolist() == [0]


def test_bad_input_says_what_to_mend():
    with pytest.raises(BadInput, match="low <= high"):
        Feature("a", low=2, high=1)
    for broken in ({"low": math.nan}, {"step": math.nan}, {"step_high": math.nan}):
        with pytest.raises(BadInput, match="low <= high"):
            Feature("a", "int", **broken)
    with pytest.raises(BadInput, match="no kind 'integer'"):
        Feature("a", "integer")
    with pytest.raises(BadInput, match="never with 'yes'"):
        scored(ActionSet(bools("a")), [[0.0]], lambda points: points[:, 0] > 0, target="yes")
    with pytest.raises(BadInput, match="no name twice"):
        ActionSet(bools("aa"))
    with pytest.raises(UnknownName, match="Nearest: income"):
        ActionSet((Feature("income"),), (Linked("incomes", {"income": 1}),))
    with pytest.raises(BadInput, match="kind bool"):
        ActionSet((Feature("a"), Feature("b")), (OneHot(("a", "b")),))
    with pytest.raises(BadInput, match="finite bounds"):
        scored(ActionSet((Feature("a"),)), [[0.0]], lambda points: points[:, 0] > 0)
    with pytest.raises(BadInput, match="one row a person"):
        scored(ActionSet(bools("ab")), [[0.0]], lambda points: points[:, 0] > 0)
    with pytest.raises(BadInput, match="infinite"):
        scored(ActionSet(bools("a")), [[math.inf]], lambda points: points[:, 0] > 0)
    with pytest.raises(BadInput, match="cannot predict"):
        scored(ActionSet(bools("a")), [[1.0]], lambda points: points[:, 7] > 0)
    names = [f"f{k}" for k in range(30)]
    pairs = itertools.pairwise(names)
    chained = ActionSet(
        bools(names), tuple(IfThen(Condition(a, ">", 0), Condition(b, ">", 0)) for a, b in pairs)
    )
    with pytest.raises(BadInput, match="combinations"):
        scored(chained, [[0.0] * 30], lambda points: points[:, 0] > 0)
    with pytest.raises(BadInput, match="at least one person"):
        infer_features(["a"], np.empty((0, 1)))


def test_hoeffding_is_the_published_number():
    """n = 500 gives .061 at 95% (card; arXiv 2410.22598, section 3)."""
    assert float(hoeffding(500)) == pytest.approx(0.061, abs=5e-4)
    assert draws_needed(0.1) == math.ceil(math.log(40) / 0.02) == 185
    with pytest.raises(BadInput):
        hoeffding(10, 1.5)


def test_reasons_are_held_against_what_helps():
    """Four people by hand: only wrong ones, half right, none, and one whose prediction is fixed."""
    given = top_reasons([[3, 2, 0], [0, 2, 1], [0, 0, 0], [1, 0, 0]], top=2)
    responsive = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=bool)
    found = audit_reasons(given, responsive, np.array([0, 0, 0, 1]), draws=50)
    assert (found.presented.value, found.mean_reasons.value) == (0.75, 1.25)
    assert (found.any_responsive.value, found.without_recourse.value) == (0.25, 0.5)
    assert (found.all_responsive.value, found.share_responsive.value) == (0.0, pytest.approx(1 / 6))
    assert (found.to_fixed.value, found.only_wrong.value) == (1.0, 0.5)
    assert "to_fixed" in found.few
    weighted = audit_reasons(given, responsive, np.array([0, 0, 0, 1]), weights=[3, 1, 1, 1], draws=50)
    assert weighted.without_recourse.value == pytest.approx(4 / 6)
    with pytest.raises(BadInput, match="refused person"):
        audit_reasons(given[:0], responsive[:0], np.zeros(0), draws=50)


def test_groups_under_twenty_are_marked():
    actions = ActionSet((Feature("a", FREE), Feature("b", FREE)))
    scores = scored(actions, np.zeros((45, 2)), lambda points: points[:, 0] > 0)
    groups = ["north"] * 40 + ["south"] * 5
    found = audit_groups(top_reasons(np.ones((45, 2))), scores, groups, draws=50)
    assert set(found) == {"north", "south"}
    assert "presented" in found["south"].few
    assert found["north"].few == ()
