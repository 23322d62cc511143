import pytest

from personae.models.encoder import CachedEncoder, home_encoder
from personae.papers.datascientist.experiment import read_all, shuffled_cards
from personae.papers.datascientist.goals import FITTING, goals, tables
from personae.papers.harness import Context


def test_sixty_goals_are_tested_and_none_of_them_tuned_on():
    test, tuned = goals("test"), goals("development")
    assert (len(test), len(tuned)) == (60, 20)
    assert not {(g.table, g.words) for g in test} & {(g.table, g.words) for g in tuned}
    assert {g.metric for g in test} >= set(FITTING)


@pytest.mark.data
def test_every_gold_column_is_there():
    asked = (*goals("test"), *goals("development"))
    looks = {name: table.look() for name, table in tables(Context(), {goal.table for goal in asked}).items()}
    for goal in asked:
        for column in filter(None, (goal.target, *goal.leaks)):
            assert column in looks[goal.table], (goal.table, column)


@pytest.mark.data
def test_pupils_goals_are_read_and_shuffled_cards_are_not():
    asked = [goal for goal in goals("test") if goal.table == "student"]
    looks = {name: table.look() for name, table in tables(Context(), {"student"}).items()}
    encoder = CachedEncoder(home_encoder())
    right = sum(r.target == g.target for g, r in zip(asked, read_all(asked, looks, encoder), strict=True))
    cards = {"student": shuffled_cards(looks["student"], 0)}
    by_lot = sum(
        r.target == g.target for g, r in zip(asked, read_all(asked, looks, encoder, cards), strict=True)
    )
    assert right == 11
    assert by_lot <= 3
