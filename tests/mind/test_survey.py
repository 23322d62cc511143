from statistics import NormalDist

import numpy as np
import pytest

from personae.errors import BadInput
from personae.mind.twins import SurveyFeatures, profile_text

PEOPLE = [
    {"party": "red", "calm": "1", "risk": ""},
    {"party": "blue", "calm": "2", "risk": "0.5"},
    {"party": "blue", "calm": "2", "risk": ""},
    {"party": "green", "calm": "4503599627370495.0", "risk": "-1"},
]


def survey(**more):
    return SurveyFeatures(bands=("party",), scores=("calm", "risk"), **{"least": 2, **more}).fit(PEOPLE)


def test_scores_become_ranks_and_gaps_are_marked():
    fitted = survey()
    assert fitted.names_ == ("calm", "risk", "risk missing", "party=blue")
    z = NormalDist().inv_cdf
    assert fitted.transform(PEOPLE) == pytest.approx(
        np.array(
            [
                [z(1 / 8), 0, 1, 0],
                [z(4 / 8), z(3 / 4), 0, 1],
                [z(4 / 8), 0, 1, 1],
                [z(7 / 8), z(1 / 4), 0, 0],
            ]
        )
    )


def test_new_people_are_ranked_among_the_known():
    fitted = survey(least=1)
    new = [{"party": "purple", "calm": "-5", "risk": "3"}]
    found = dict(zip(fitted.names_, fitted.transform(new)[0].tolist(), strict=True))
    assert found["calm"] == pytest.approx(NormalDist().inv_cdf(1 / 8))
    assert found["risk"] == pytest.approx(NormalDist().inv_cdf(3 / 4))
    assert found["party=red"] == found["party=blue"] == found["party=green"] == 0


def test_a_profile_hides_what_is_asked_and_what_is_missing():
    fitted = survey()
    text = profile_text(PEOPLE[2], fitted, {"party": "Party", "calm": "Calm"})
    assert text == "Party: blue\nCalm: 50th of 100 people"
    assert profile_text(PEOPLE[2], fitted, {}, leave_out="party") == "calm: 50th of 100 people"
    assert "risk: 75th of 100 people" in profile_text(PEOPLE[1], fitted, {})


@pytest.mark.parametrize(
    ("place", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (22, "22nd"), (0, "0th")]
)
def test_ordinals(place, said):
    people = [{"calm": str(i)} for i in range(1000)]
    fitted = SurveyFeatures(scores=("calm",)).fit(people)
    assert profile_text({"calm": str(10 * place)}, fitted, {}) == f"calm: {said} of 100 people"


def test_a_column_that_is_no_number_or_not_there_is_named():
    with pytest.raises(BadInput, match="'party'"):
        SurveyFeatures(scores=("party",)).fit(PEOPLE)
    with pytest.raises(BadInput, match="'height'"):
        SurveyFeatures(scores=("height",)).fit(PEOPLE)
    with pytest.raises(BadInput, match="no survey row"):
        SurveyFeatures(scores=("calm",)).fit([])
