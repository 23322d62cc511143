import numpy as np
import pytest

from personae.errors import BadInput
from personae.metrics.shortcuts import Choice, length_balance, shortcuts


def _by_name(items, **kwargs):
    return {each.name: each.accuracy.value for each in shortcuts(items, draws=50, **kwargs)}


def _items(n, pick, seed=0, n_options=4):
    random = np.random.default_rng(seed)
    words = ["alpha", "beta", "gamma", "delta", "omega", "kappa"]
    items = []
    for i in range(n):
        options = tuple(" ".join(random.choice(words, size=random.integers(2, 9))) for _ in range(n_options))
        items.append(Choice(options, *pick(options, i, random)))
    return items


def test_planted_length_shortcut_by_kind_is_found():
    def pick(options, i, random):
        kind = "ideas" if i % 3 == 0 else "facts"
        ordered = sorted(range(4), key=lambda k: -len(options[k]))
        return (ordered[-1] if kind == "ideas" else ordered[0]), kind

    found = _by_name(_items(300, pick))
    assert found["length rank by kind"] > 0.95
    assert 0.6 < found["longest"] < 0.75


def test_planted_word_is_found_and_nothing_else():
    random = np.random.default_rng(3)
    items = []
    for _ in range(300):
        right = int(random.integers(4))
        options = [f"option {random.choice(['x', 'y', 'z'])} text" for _ in range(4)]
        options[right] = options[right].replace("text", "thanks")
        items.append(Choice(tuple(options), right))
    found = _by_name(items)
    assert found["option words"] == 1.0
    assert found["position by kind"] < 0.35


def test_without_a_shortcut_everything_is_near_chance():
    found = _by_name(_items(600, lambda options, i, random: (int(random.integers(4)),)))
    assert found["chance"] == 0.25
    assert all(abs(value - 0.25) < 0.07 for value in found.values())


def test_position_and_ties_by_hand():
    found = _by_name([Choice(("aa", "bb"), 0), Choice(("cccc", "d"), 0)])
    assert found["position 1"] == 1.0
    assert found["longest"] == 0.75  # the first item is a tie, half right


def test_an_option_like_the_others_is_told_by_hand():
    # words shared with the other two: "a b" 1/3 and 0, "b c" 1/3 and 1/3, "c d" 0 and 1/3
    found = _by_name([Choice(("a b", "b c", "c d"), 1), Choice(("a b", "b c", "c d"), 0)])
    assert found["most alike"] == 0.5
    assert found["least alike"] == 0.25  # two options are least alike, right in one item of two
    assert "most alike" not in _by_name([Choice(("aa", "bb"), 0)])


def test_length_balance_takes_the_longest_to_chance():
    items = _items(
        300,
        lambda options, i, random: (max(range(4), key=lambda k: len(options[k])) if i % 3 else i // 3 % 4,),
    )
    weights = length_balance(items)
    longest = next(each for each in shortcuts(items, draws=50) if each.name == "longest")
    assert longest.accuracy.value > 0.6
    assert weights.mean() == pytest.approx(1.0)
    assert np.average(longest.right, weights=weights) == pytest.approx(0.25, abs=0.05)  # ties blur it


def test_items_of_one_person_share_a_fold():
    # every person has one word of their own in right options: useless to a policy that never saw the person
    random = np.random.default_rng(4)
    items, people = [], []
    for person in range(30):
        for _ in range(6):
            right = int(random.integers(4))
            options = tuple(f"w{person}" if k == right else f"v{person}" for k in range(4))
            items.append(Choice(options, right))
            people.append(person)
    assert _by_name(items, clusters=people)["option words"] == pytest.approx(0.25)
    assert _by_name(items)["option words"] > 0.9


def test_bad_items_are_refused():
    with pytest.raises(BadInput):
        shortcuts([Choice(("a", "b"), 2)])
    with pytest.raises(BadInput):
        shortcuts([])
