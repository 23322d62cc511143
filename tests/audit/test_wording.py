import numpy as np
import pytest

from personae.audit.wording import (
    AbstentionDetector,
    HedgeRegressor,
    abstains,
    frame,
    level,
    lexical_confidence,
)
from personae.errors import BadInput
from personae.models.encoder import home_encoder

DECLINED = [
    "I don't know.",
    "I do not know who wrote it.",
    "Sorry, but I can’t give you a name.",
    "Unfortunately, I don't have any information on that bridge.",
    "I'm unable to determine the year.",
    "I am not in a position to say.",
    "I have no idea.",
    "No information available.",
    "It's hard to say.",
    "I'm not sure. I would have to look it up.",
    "That's a good question. I'm not certain.",
    "I'm not confident enough to answer.",
    "That is beyond my knowledge.",
    "I'd rather not guess.",
    "IDK",
    "Unknown.",
    "N/A",
]
ATTEMPTED = [
    "I don't know for sure, but it might be Porto.",
    "I can't say for certain, but Porto is a possibility.",
    "I'm not sure, but I think it was Ana.",
    "I don't really know, but I'll say Porto.",
    "No idea really, maybe 1912?",
    "It was Porto.",
    "Porto",
    'The mayor said, "I have no comment."',
    "Cats do not know how to swim.",
    "No records are banned in Porto.",
    "Food was hard to find that year.",
    "",
]


@pytest.mark.parametrize("answer", DECLINED)
def test_declining_is_seen(answer):
    assert abstains(answer)


@pytest.mark.parametrize("answer", ATTEMPTED)
def test_an_attempt_is_none_however_doubtful(answer):
    assert not abstains(answer)


def test_examples_add_what_the_rules_miss_and_no_attempt():
    detector = AbstentionDetector(encoder=home_encoder())
    missed = ["My training does not cover that year.", "I would have to look that up first."]
    assert not any(map(abstains, missed))
    assert detector.predict(missed).all()
    assert detector.predict(DECLINED).all()
    assert not detector.predict([answer for answer in ATTEMPTED if answer]).any()


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("I have no idea.", "no answer"),
        ("I'm really not sure, but Porto.", "doubt"),
        ("It is unlikely to be Porto.", "doubt"),
        ("It could be Porto.", "tentative"),
        ("It happened on May 10.", "plain"),
        ("It’s almost certainly Porto.", "likely"),
        ("As far as I know, it is Porto.", "likely"),
        ("It was Porto.", "plain"),
        ("It is definitely Porto.", "certain"),
        ("I’m 100% sure it is Porto.", "certain"),
    ],
)
def test_levels_by_hand(sentence, expected):
    assert level(sentence) == expected


def test_levels_rise():
    worth = [
        lexical_confidence(s)
        for s in ("I don't know.", "I doubtfully guess Porto, not sure.", "Maybe Porto.", "Probably Porto.")
    ]
    assert worth == sorted(worth)


@pytest.mark.parametrize(
    ("sentence", "question", "expected"),
    [
        ("I'm 100% sure it was 1912.", "", "i'm 100% sure it was X ."),
        (
            "Perhaps the bridge opened in May 1912.",
            "When did the bridge open?",
            "perhaps the X opened in X .",
        ),
        ("", "", ""),
    ],
)
def test_frames_by_hand(sentence, question, expected):
    assert frame(sentence, question) == expected


def rated(n=60):
    names = ["Porto", "Faro", "Braga", "Evora"]
    forms = {
        "I am certain it is {}.": 0.97,
        "I believe it is {}.": 0.7,
        "It might be {}.": 0.35,
        "I doubt it, but {}?": 0.15,
    }
    rows = [
        (form.format(names[(i + k) % 4]), rating)
        for i in range(n)
        for k, (form, rating) in enumerate(forms.items())
    ]
    return [text for text, _ in rows], np.array([rating for _, rating in rows])


@pytest.mark.parametrize("word_list", [True, False])
def test_the_regressor_reads_forms_it_was_shown_about_things_it_was_not(word_list):
    sentences, ratings = rated()
    regressor = HedgeRegressor(word_list=word_list).fit(sentences, ratings)
    found = regressor.predict(
        ["I am certain it is Lisbon.", "I believe it is Lisbon.", "It might be Lisbon."]
    )
    np.testing.assert_allclose(found, [0.97, 0.7, 0.35], atol=0.08)
    assert ((found >= 0) & (found <= 1)).all()


def test_the_regressor_takes_an_encoder_and_is_the_same_again():
    sentences, ratings = rated(4)
    first, second = (
        HedgeRegressor(encoder=home_encoder()).fit(sentences, ratings).predict(sentences) for _ in range(2)
    )
    assert (first == second).all()


@pytest.mark.parametrize("ratings", [[0.5], [0.5, 70.0], [0.5, float("nan")]])
def test_ratings_are_probabilities_one_a_sentence(ratings):
    with pytest.raises(BadInput, match=r"\[0, 1\]"):
        HedgeRegressor().fit(["It is Porto.", "Maybe."], ratings)
