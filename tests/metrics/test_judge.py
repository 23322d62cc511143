import json
from importlib.resources import files

import numpy as np
import pytest

from personae.metrics.judge import FEATURES, LocalJudge, occupation_features, plain_guess, table
from personae.models.encoder import CachedEncoder, home_encoder


@pytest.fixture(scope="module")
def judge():
    return LocalJudge(encoder=CachedEncoder(home_encoder()))


def _score(judge, name, guess, truth, **kwargs):
    return judge.judge(name, [guess], truth, **kwargs)[0].score


@pytest.mark.parametrize(
    ("name", "guess", "truth", "score"),
    [
        ("sex", "** 1. Male", "male", 1.0),
        ("sex", "A woman, most likely", "male", 0.0),
        ("income_level", "$20,000 - $25,000", "low", 1.0),
        ("income_level", "90k a year", "high", 1.0),
        ("income_level", "Upper-middle class", "high", 0.0),
        ("income_level", "3. Upper-income", "high", 1.0),
        ("relationship_status", "Recently divorced", "divorced", 1.0),
        ("relationship_status", "never married", "married", 0.0),
        ("relationship_status", "Separated or divorced", "divorced", 1.0),
        ("city_country", "somewhere in Brazil", "Recife, Brazil", 0.5),
        ("city_country", "Lives in Recife, most likely", "Recife, Brazil", 1.0),
        ("city_country", "A small town in Peru", "Recife, Brazil", 0.0),
        ("birth_city_country", "a city in the United States", "Boston, USA", 0.5),
        ("education", "MBA", "Masters in Business Administration", 1.0),
        ("education", "Bachelor's in Biology", "Masters in Biology", 0.0),
        ("education", "Masters in Law", "Masters in Biology", 0.5),
        ("education", "college degree", "College Degree", 1.0),
        ("occupation", "Attorney", "lawyer", 1.0),
        ("occupation", "2) Police officer", "policeman", 1.0),
        ("occupation", "Shepherd", "software developer", 0.0),
        ("occupation", "Healthcare professional", "surgeon", 0.5),
    ],
)
def test_judgements(judge, name, guess, truth, score):
    assert _score(judge, name, guess, truth) == score


def test_a_label_that_is_itself_half_right_lifts_the_country(judge):
    assert _score(judge, "city", "somewhere in Brazil", "Recife, Brazil", truth_score=0.5) == 1.0


def test_nothing_but_the_rules_decides_where_a_rule_scores(judge):
    judged = judge.judge("occupation", ["Lawyer", "Attorney"], "lawyer")
    assert [(j.score, j.decider) for j in judged] == [(1.0, "rule"), (0.0, "rule")]
    assert judge.judge("age", ["60"], "30")[0].decider == "rule"
    assert judge.judge("occupation", [], "lawyer") == ()


def test_list_marks_are_taken_off():
    assert plain_guess("- **3) Lab   technician;** ") == "lab technician"


def test_weights_fit_the_features(judge):
    saved = json.loads(files("personae.metrics").joinpath("judge.json").read_text(encoding="utf-8"))
    assert tuple(saved["features"]) == FEATURES
    assert table().weights.shape == (len(FEATURES), 3)
    assert occupation_features(["a", "b"], "c", judge.encoder).shape == (2, len(FEATURES))


def test_features_by_hand(judge):
    row = dict(
        zip(FEATURES, occupation_features(["Teacher"], "retired math teacher", judge.encoder)[0], strict=True)
    )
    assert row["guess within truth"] == 1.0
    assert row["same head"] == 1.0
    assert row["truth qualified"] == 1.0
    assert row["equal"] == row["truth within guess"] == 0.0
    assert row["guess length"] == pytest.approx(1 / 4)
    assert row["best other cosine"] == 0.0


def test_no_phrase_is_broader_than_itself_and_no_group_is_alone():
    assert all(wide != narrow for wide, narrow in table().broader)
    members = [group for groups in table().groups.values() for group in groups]
    assert np.bincount(members).min() >= 2
