import numpy as np
import pytest

from personae.papers.fspo.personas import N_PAIRS, N_SHOWN, Statements, all_shown, read_statements, users
from personae.papers.harness import Context, papers
from personae.papers.jester import jester_split
from personae.papers.table import load
from personae.preference import FSPO, LinearTaste, TextFeatures


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


def test_the_saved_bars_are_held_to_the_linear_taste_of_the_same_table():
    rows = {(row.metric, row.method): row for row in load(papers()["fspo"]).rows if row.setting == "Jester"}
    for count in (2, 5, 10):
        for name in ("FSPO, real raters", "FSPO, made then real raters"):
            gap = rows[f"accuracy difference, {count} shots", f"{name} minus linear taste"]
            here, other = (rows[f"accuracy, {count} shots", each].value for each in (name, "linear taste"))
            assert gap.bar == "> 0"
            assert gap.value == pytest.approx(here - other)


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


def test_every_shown_statement_is_compared_on_the_users_side(statements):
    new = users(statements, 30, 1, held_out=True, seed=1)
    rank = np.tile(np.arange(N_PAIRS), 30)
    shown, asked = new.take(rank < N_SHOWN), new.take(rank >= N_SHOWN)
    told = all_shown(statements, asked)
    assert told.counts().tolist() == [4] * 30  # two shown statements of either kind
    assert not {*told.a, *told.b} & {*asked.a, *asked.b}
    sides = []
    for table in (told, shown):
        says = np.array(["says" in text for _, text in table.items])
        sides.append(
            {*zip(table.person.tolist(), (says[table.a] == (table.chosen == 1)).tolist(), strict=True)}
        )
    assert sides[0] == sides[1]
    assert len(sides[0]) == 30
    personas = [
        {
            (person, table.items[place][1].split()[1])
            for person, place in zip(table.person, table.a, strict=True)
        }
        for table in (told, shown)
    ]
    assert personas[0] == personas[1]


@pytest.mark.data
def test_every_behavior_with_enough_statements_is_read():
    """The data's README: 135 behaviors, about half Yes."""
    found = read_statements(Context())
    assert 120 <= len(found.said) <= 135
    assert {len(part) for part in (*found.said, *found.not_said)} == {12}


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
