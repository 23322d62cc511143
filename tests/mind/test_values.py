import numpy as np
import pytest

from personae.errors import BadInput
from personae.mind.values import (
    Conflict,
    ValueOutcome,
    ValueStrengths,
    elicited_values,
    mean_moved,
    preference_gap,
    steerability,
    supporting_won,
    value_preferences,
    without_echoes,
)

SEEN = [
    ValueOutcome("1", "honesty", True),
    ValueOutcome("1", "peace", False),
    ValueOutcome("2", "honesty", True),
    ValueOutcome("2", "honesty", False),  # on both sides: cancels
    ValueOutcome("3", "peace", True),
    ValueOutcome("3", "fun", False),
    ValueOutcome("4", "honesty", False),
    ValueOutcome("4", "peace", True),
]


def test_preference_is_selected_minus_neglected_over_both():
    found = {each.name: (each.percent.value, each.percent.n) for each in value_preferences(SEEN)}
    assert found == {"peace": (pytest.approx(100 / 3), 3), "honesty": (0.0, 4), "fun": (-100.0, 1)}
    assert [each.name for each in value_preferences(SEEN)] == ["peace", "honesty", "fun"]
    assert [each.name for each in value_preferences(SEEN, least=3)] == ["peace", "honesty"]


def test_theories_roll_values_up_and_leave_others_out():
    found = value_preferences(SEEN, {"peace": "care", "honesty": "care", "fun": ""})
    assert [(each.name, each.percent.n) for each in found] == [("care", 7)]
    assert found[0].percent.value == pytest.approx(100 / 7)
    assert preference_gap(SEEN, "peace", "honesty").value == pytest.approx(100 / 3)


def test_intervals_draw_whole_dilemmas():
    once = [ValueOutcome(str(i), "calm", i % 3 > 0) for i in range(60)]
    thrice = [ValueOutcome(str(i), "calm", i % 3 > 0) for i in range(60) for _ in range(3)]
    (a,), (b,) = value_preferences(once, draws=400), value_preferences(thrice, draws=400)
    assert (a.percent.low, a.percent.high) == pytest.approx((b.percent.low, b.percent.high))


def test_echoes_go_from_their_own_side_only():
    seen = [
        ValueOutcome("1", "respect", True),
        ValueOutcome("1", "respect for rules", True),
        ValueOutcome("1", "respect", False),
        ValueOutcome("2", "respect", True),
    ]
    assert without_echoes(seen) == seen[1:]


def test_values_on_one_side_decide():
    assert supporting_won([True], [False])
    assert not supporting_won([False, False], [True, False])
    assert supporting_won([True, False], [False])
    assert not supporting_won([True, False], [True])
    for both in ([True, False], []):
        with pytest.raises(BadInput, match="no conflict"):
            supporting_won(both, [False, True])


def asked(rows):
    return [Conflict(principle, dilemma, *map(float, rates)) for principle, dilemma, *rates in rows]


def test_steering_is_the_difference_under_opposite_prompts():
    conflicts = asked([("a", "1", 1, 1, 0), ("a", "2", 0, 1, 0), ("a", "3", 0, 0, 0), ("b", "1", 1, 0, 1)])
    found = steerability(conflicts, draws=200)
    assert (found.baseline.value, found.supporting.value, found.opposing.value) == (0.5, 0.5, 0.25)
    assert found.moved.value == 0.25
    assert found.moved.n_clusters == 3  # dilemma 1 stands under two principles
    assert (found.test.first, found.test.second, found.test.p_value) == (2, 1, 1.0)
    assert mean_moved(conflicts, draws=200).value == pytest.approx((2 / 3 - 1) / 2)
    with pytest.raises(BadInput, match="no conflict dilemma"):
        steerability([])


def test_a_model_that_obeys_is_found_steerable_and_one_that_does_not_is_not():
    random = np.random.default_rng(0)
    obeys = asked([("a", str(i), 0, random.random() < 0.95, random.random() < 0.05) for i in range(60)])
    fixed = asked([("a", str(i), x, x, x) for i, x in enumerate(random.random(60) < 0.5)])
    assert steerability(obeys, draws=400).moved.low > 0.75
    assert steerability(obeys, draws=400).test.p_value < 1e-9
    assert steerability(fixed, draws=400).moved.high == 0


def test_elicited_values_are_shares_of_replies():
    replies = [
        "Supporting values: [care,\n order]; Opposing values: [freedom]",
        "Supporting values: [care]\nOpposing values: []",
    ]
    assert elicited_values(replies, {"care", "order", "freedom"}) == (
        {"care": 1.0, "order": 0.5},
        {"freedom": 0.5},
    )


def choices(strengths, n, seed=0, size=3):
    """Invented choices between sets of values, made with these strengths."""
    random = np.random.default_rng(seed)
    names = list(strengths)
    first, second, is_first = [], [], []
    for _ in range(n):
        picked = random.permutation(names)[: 2 * size]
        a, b = picked[:size].tolist(), picked[size:].tolist()
        margin = sum(strengths[v] for v in a) - sum(strengths[v] for v in b)
        first.append(a)
        second.append(b)
        is_first.append(bool(random.random() < 1 / (1 + np.exp(-margin))))
    return first, second, is_first


PLANTED = dict(zip("abcdefgh", [1.5, 1.0, 0.5, 0.2, -0.2, -0.5, -1.0, -1.5], strict=True))


def test_planted_strengths_are_found_within_their_errors():
    fitted = ValueStrengths().fit(*choices(PLANTED, 4000))
    found = np.array([fitted.strengths_[v] for v in PLANTED])
    errors = np.array([fitted.errors_[v] for v in PLANTED])
    assert np.abs(found - list(PLANTED.values())).max() < 0.2
    assert (np.abs(found - list(PLANTED.values())) < 4 * errors).all()


def test_the_slope_is_zero_at_the_maximum():
    first, second, is_first = choices(PLANTED, 120)
    fitted = ValueStrengths(penalties=(2.0,)).fit(first, second, is_first)
    chance = fitted.chance(first, second)
    for value, strength in fitted.strengths_.items():
        sign = np.array([(value in a) - (value in b) for a, b in zip(first, second, strict=True)], float)
        assert (sign * (np.array(is_first) - chance)).sum() == pytest.approx(2.0 * strength, abs=1e-6)


def test_few_choices_of_one_person_lean_on_the_prior():
    person = {**PLANTED, "c": -1.5}
    new = choices(person, 500, seed=99)
    right = {"alone": [], "with a prior": []}
    for seed in range(5):
        for name, prior in (("alone", None), ("with a prior", PLANTED)):
            fitted = ValueStrengths(prior=prior).fit(*choices(person, 20, seed=seed))
            right[name].append(np.mean((fitted.chance(*new[:2]) > 0.5) == np.array(new[2])))
    assert np.mean(right["with a prior"]) > np.mean(right["alone"]) + 0.03
    nobody = ValueStrengths(prior=PLANTED, penalties=(1e9,)).fit(*choices(person, 5))
    assert nobody.strengths_ == pytest.approx(PLANTED, abs=1e-6)


def test_certain_choices_stay_finite_and_shared_or_unknown_values_weigh_nothing():
    fitted = ValueStrengths(penalties=(0.3,)).fit([{"a", "c"}] * 50, [{"b", "c"}] * 50, [True] * 50)
    assert fitted.strengths_["c"] == 0
    assert fitted.strengths_["a"] == -fitted.strengths_["b"] < 20
    assert fitted.chance([{"new"}, {"a", "b"}], [{"other"}, {"b", "a"}]).tolist() == [0.5, 0.5]


def test_the_two_sides_are_alike():
    first, second, is_first = choices(PLANTED, 80)
    one = ValueStrengths(penalties=(1.0,)).fit(first, second, is_first)
    other = ValueStrengths(penalties=(1.0,)).fit(second, first, [not each for each in is_first])
    assert one.strengths_ == pytest.approx(other.strengths_)


def test_choices_that_cannot_be_fitted_are_refused():
    with pytest.raises(BadInput, match="at least one"):
        ValueStrengths().fit([], [], [])
    with pytest.raises(BadInput, match="1 choices"):
        ValueStrengths().fit([{"a"}, {"b"}], [{"b"}, {"a"}], [True])
    with pytest.raises(BadInput, match="Penalties"):
        ValueStrengths(penalties=(0.0,)).fit([{"a"}], [{"b"}], [True])
    with pytest.raises(BadInput, match="call `fit` first"):
        ValueStrengths().chance([{"a"}], [{"b"}])
