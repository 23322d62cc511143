import numpy as np
import pytest

from personae.metrics.shortcuts import Choice, shortcuts
from personae.papers.harness import Context, experiment, run
from personae.papers.personafeedback.prefeval import other_personas, read_items, tier_pairs

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def items():
    return read_items(Context())


def test_the_published_longest_option_shortcut(items):
    """Card: .426 with the first of equals counted, which in the file is the right one; ties split here."""
    assert len(items) == 875
    longest = [max(map(len, item.options)) == len(item.options[item.label]) for item in items]
    assert sum(longest) / len(items) == pytest.approx(0.426, abs=0.001)
    found = shortcuts([Choice(item.options, item.label) for item in items], draws=10)
    position = max(each.accuracy.value for each in found if each.name.startswith("position "))
    assert position < 0.3  # the order was shuffled: the file has the right one first


def test_pairs_of_a_tier_hold_the_fitting_option_and_another_persons(items):
    class Nothing:
        name = "nothing"

        def encode(self, texts):
            return np.eye(len(texts), 384, dtype=np.float32) + 0.9

    tiers = tier_pairs(items[:200], Nothing(), 0)
    for tier, (pairs, places) in tiers.items():
        assert len(pairs) == 200
        assert len(places) > 50
        for place in places:
            item, pair = items[place], pairs[place]
            assert pair.options[0] == item.options[item.label]
            assert (pair.options[1] in item.options) == (tier == "easy")


def test_nobody_keeps_their_own_persona_in_the_control(items):
    assert all(a.persona != b.persona for a, b in zip(items, other_personas(items, 0), strict=True))


@pytest.mark.slow
def test_the_quick_run_meets_the_bars():
    result = run(experiment("personafeedback"), Context(quick=True))
    bars = [row for row in result.rows if row.bar]
    assert bars
    assert all(row.met for row in bars)
    assert any(row.method == "shortcut: option words" for row in result.rows)
