import numpy as np
import pytest

from personae.papers.harness import Context, run
from personae.papers.virtualpersonas.critics import critic_rows, home_rows, live_rows
from personae.papers.virtualpersonas.experiment import EXPERIMENT
from personae.papers.virtualpersonas.matched import FLOOR, LABELS, RANDOM, SETTING, matching_rows
from personae.papers.virtualpersonas.survey import Survey, one_hot
from personae.synth.backstories import Verdict

pytest.importorskip("statsmodels")


def invented(n=300):
    """People whose answers follow their party alone."""
    random = np.random.default_rng(0)
    party = random.integers(0, 3, n)
    answers = np.stack(
        [np.clip(3 + sign * (party - 1) * 2 + random.integers(0, 2, n), 0, 6) for sign in (1, -1, 1)], axis=1
    )
    leaning = (party - party.mean())[:, None] / party.std() + random.normal(0, 0.3, (n, 3))
    return Survey(
        answers, party, {"party": party, "age": random.integers(0, 4, n)}, random.normal(size=(n, 3)), leaning
    )


def test_matching_on_what_answers_follow_brings_them_near():
    found = {
        (row.setting, row.metric, row.method): row for row in matching_rows(Context(quick=True), invented())
    }
    metric = "Wasserstein of answers"
    random, matched, floor = (
        found[SETTING, metric, name].value for name in (RANDOM, LABELS["hungarian"], FLOOR)
    )
    assert matched < random
    assert matched < 2 * floor
    assert found[SETTING, "share of stories used", LABELS["hungarian"]].value == 1


def test_indicators():
    assert one_hot(np.array([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]


class Says:
    """A critic that says one thing of all."""

    name = "says"

    def __init__(self, is_accepted):
        self.is_accepted = is_accepted

    def judge(self, truth, turns, candidate):
        return Verdict(self.is_accepted)


@pytest.mark.parametrize("is_accepted", [True, False])
def test_a_critic_that_knows_nothing_misses_a_bar(is_accepted):
    rows = list(critic_rows(Context(), Says(is_accepted), "says", 5))
    assert [row.met for row in rows if row.bar] == [not is_accepted, is_accepted]
    assert {row.value for row in rows} == {float(not is_accepted)}


def test_the_critic_that_ships_meets_its_bars():
    assert all(row.met for row in home_rows(Context(quick=True)) if row.bar)


def test_a_live_model_is_interviewed_and_judges(server):
    """Echoed answers are sound; the judge's echo holds the prompt's own JSON template and cannot be read."""
    rows = list(live_rows(Context(limit=1), Context(model=server.model).chat()))
    found = {row.metric: row for row in rows}
    assert found["candidates turned down"].value == 1
    assert found["verdicts that cannot be read"].value == found["verdicts that cannot be read"].n


@pytest.mark.data
def test_the_survey_has_the_cards_numbers_and_every_bar_is_met():
    result = run(EXPERIMENT, Context(quick=True))
    assert [row for row in result.rows if row.met is False] == []
    means = {(row.metric, row.method): row.value for row in result.rows if row.setting == "anes96, people"}
    assert means["mean place of ClinLR, 1 to 7", "Republicans"] == pytest.approx(2.31, abs=0.01)
    assert means["|d| between the sides, ClinLR", "people"] == pytest.approx(0.9, abs=0.05)
