import os

import numpy as np
import pytest

from personae.papers.fspo.personas import N_PAIRS, N_SHOWN, Statements, read_statements, users
from personae.papers.harness import Context
from personae.papers.jester import jester_split
from personae.preference import FSPO, LinearTaste, TextFeatures

data = pytest.mark.skipif(not os.environ.get("PERSONAE_DATA"), reason="PERSONAE_DATA is not set")


@pytest.fixture
def statements():
    """Ten invented personas, each with four statements it would say and four it would not."""
    texts = [
        f"persona {p} {'says' if said else 'denies'} {k}"
        for p in range(10)
        for said in (1, 0)
        for k in range(4)
    ]
    parts = np.arange(80).reshape(10, 2, 4)
    return Statements(tuple(texts), tuple(parts[:, 0]), tuple(parts[:, 1]))


def test_users_are_for_or_against_their_personas_all_along(statements):
    table = users(statements, 40, 1, held_out=False, seed=0)
    texts = [text for _, text in table.items]
    signs = {}
    for person, a, b, chosen in zip(table.person, table.a, table.b, table.chosen, strict=True):
        words = [texts[place].split() for place in (a, b)]
        assert words[0][1] == words[1][1]
        assert {words[0][2], words[1][2]} == {"says", "denies"}
        is_for = (words[0][2] == "says") == (chosen == 1)
        assert signs.setdefault(person, (words[0][1], is_for)) == (words[0][1], is_for)
    assert 0.3 < np.mean([is_for for _, is_for in signs.values()]) < 0.7


def test_personas_held_out_and_statements_asked_are_new(statements):
    known, new = (users(statements, 30, 2, held_out=held_out, seed=1) for held_out in (False, True))
    personas = [{table.items[place][1].split()[1] for place in table.a} for table in (known, new)]
    assert personas[1] == {"0", "5"}
    assert not personas[0] & personas[1]
    rank = np.tile(np.arange(N_PAIRS), 30)
    shown, asked = ({*new.a[part], *new.b[part]} for part in (rank < N_SHOWN, rank >= N_SHOWN))
    assert not shown & asked


@data
@pytest.mark.data
def test_every_behavior_with_enough_statements_is_read():
    """The data's README: 135 behaviors, about half Yes."""
    found = read_statements(Context())
    assert 120 <= len(found.said) <= 135
    assert {len(part) for part in (*found.said, *found.not_said)} == {12}


@data
@pytest.mark.data
@pytest.mark.slow
def test_a_network_taught_on_made_raters_knows_real_ones_better_by_their_shots():
    """Card: at 20 shots at least .70 on unseen raters; here with few raters and steps, .03 above no shots."""
    context = Context(quick=True)
    split = jester_split(context)
    features = TextFeatures(context.encoder())
    taste = LinearTaste(features=features, n_rounds=3).fit(split.train)
    learner = FSPO(features=features, taste=taste, n_steps=60, n_people=32).fit(split.train)
    chosen = split.unseen.chosen > 0.5
    before = np.mean((learner.probs(split.unseen).probability > 0.5) == chosen)
    after = np.mean((learner.adapt_all(split.shots).probs(split.unseen).probability > 0.5) == chosen)
    assert after > before + 0.03
