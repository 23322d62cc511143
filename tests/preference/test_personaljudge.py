import copy

import numpy as np
import pytest

from personae.errors import BadInput
from personae.models.confidence import NO_CONFIDENCE, Confidence
from personae.models.strings import chat_model
from personae.people.records import Preference
from personae.preference import EncoderJudge, Verdict, VerdictStack, ask_verdicts
from personae.preference.personaljudge._features import STYLE, read_pairs, view_of


class Words:
    """An encoder whose vectors say which of eight words a text has; it counts the texts it was given."""

    name = "words"
    known = ("moss", "fern", "reed", "pine", "salt", "silk", "clay", "wool")

    def __init__(self):
        self.n_texts = 0

    def encode(self, texts):
        self.n_texts += len(texts)
        found = np.array([[word in text for word in self.known] for text in texts], dtype=np.float32)
        return found / np.maximum(1e-9, np.linalg.norm(found, axis=1, keepdims=True))


def rows(n_people, choose, seed=0, n_each=4):
    """Preferences of invented people about pairs of texts with random words and lengths."""
    random = np.random.default_rng(seed)
    made = []
    for person in range(n_people):
        for k in range(n_each):
            a, b = (" ".join(random.choice(Words.known, random.integers(2, 12))) + "." for _ in range(2))
            made.append(
                Preference(f"p{person}", f"question {person} {k}", a, b, choose(f"p{person}", a, b, random))
            )
    return made


def longer(person, a, b, random):
    return "a" if len(a) > len(b) else "b"


def with_fern(person, a, b, random):
    return (
        "a"
        if ("fern" in a) > ("fern" in b) or (("fern" in a) == ("fern" in b) and random.random() < 0.5)
        else "b"
    )


def by_lot(person, a, b, random):
    return "ab"[random.integers(2)]


def accuracy(judge, made):
    return np.mean([guess == row.choice for guess, row in zip(judge.predict(made), made, strict=True)])


@pytest.mark.parametrize(("choose", "at_least"), [(longer, 0.95), (with_fern, 0.65)])
def test_what_people_choose_by_is_learned_and_used_on_others(choose, at_least):
    judge = EncoderJudge(encoder=Words(), n_directions=8, embedding_weights=(1.0,)).fit(rows(60, choose))
    assert accuracy(judge, rows(30, choose, seed=9)) > at_least


def test_choices_by_lot_teach_nothing():
    judge = EncoderJudge(encoder=Words(), n_directions=8).fit(rows(60, by_lot))
    assert abs(accuracy(judge, rows(60, by_lot, seed=9)) - 0.5) < 0.12
    assert abs(np.mean((judge.held_out_ > 0) == [row.choice == "a" for row in rows(60, by_lot)]) - 0.5) < 0.12


def test_swapping_the_answers_gives_exactly_the_opposite():
    judge = EncoderJudge(encoder=Words(), n_directions=8).fit(rows(30, longer))
    made = rows(10, longer, seed=3)
    swapped = [Preference(row.person, row.context, row.b, row.a, row.choice) for row in made]
    np.testing.assert_allclose(judge.log_odds(made), -judge.log_odds(swapped), atol=1e-12)
    np.testing.assert_allclose(judge.prob(made) + judge.prob(swapped), 1.0)


def test_features_by_hand():
    question, a, b = "moss?", "I like moss. Why?\n\n- one\n- two", "Sorry, no"
    found = read_pairs(
        [Preference("p", question, a, b, "a")], Words(), {"p": "The person is tall. The person is  old."}
    )
    named = dict(zip(STYLE, found.style[0], strict=True))
    assert named["closeness to the question"] == pytest.approx(1.0)
    assert named["thousand characters"] == pytest.approx((len(a) - len(b)) / 1000)
    assert named["log characters"] == pytest.approx(np.log((1 + len(a)) / (1 + len(b))))
    assert (named["question marks"], named["list items"], named["paragraphs"]) == (1, 2, 1)
    assert (named["ends a sentence"], named["first person"], named["declines"]) == (0, 1, -1)
    assert named["letters a word"] == pytest.approx(np.mean([1, 4, 5, 4, 1, 3, 1, 3]) - 4)
    assert found.personas == (frozenset({"The person is tall", "The person is  old"}),)


def test_one_column_by_hand():
    pairs = read_pairs(rows(1, longer, n_each=2), Words(), None)
    view = view_of(pairs, 0)
    scale = np.sqrt((pairs.style**2).mean(axis=0))
    np.testing.assert_allclose(view.columns(pairs, 0.1), pairs.style / np.where(scale > 0, scale, 1))


def test_who_wants_longer_answers_is_read_from_the_persona():
    profiles = {f"p{i}": f"The person is {'patient' if i % 2 else 'hurried'}." for i in range(200)}

    def choose(person, a, b, random):
        wants_longer = "patient" in profiles[person]
        return "a" if (len(a) > len(b)) == wants_longer else "b"

    told = EncoderJudge(encoder=Words(), profiles=profiles, n_directions=4, penalties=(1.0,)).fit(
        rows(80, choose)
    )
    blind = EncoderJudge(encoder=Words(), n_directions=4, penalties=(1.0,)).fit(rows(80, choose))
    others = rows(60, choose, seed=5)
    assert accuracy(told, others) > 0.85
    assert abs(accuracy(blind, others) - 0.5) < 0.12
    stranger = [Preference("nobody", row.context, row.a, row.b, row.choice) for row in others]
    assert np.isfinite(told.log_odds(stranger)).all()


def test_held_out_opinions_saw_neither_the_person_nor_the_question():
    # each person chooses between two words of their own: who never saw the person cannot tell
    words = Words.known
    made = [
        Preference(f"p{i}", f"q{i}", words[2 * i], words[2 * i + 1], "a") for i in range(4) for _ in range(6)
    ]
    judge = EncoderJudge(encoder=Words(), n_directions=8, embedding_weights=(1.0,), penalties=(0.1,)).fit(
        made
    )
    assert np.mean(judge.log_odds(made) > 0) > 0.9
    np.testing.assert_allclose(judge.held_out_, 0.0, atol=1e-12)


def test_ties_take_no_part_and_nothing_is_changed():
    made = rows(30, longer)
    ties = [Preference(f"t{i}", "moss?", "moss", "fern fern fern", "tie") for i in range(5)]
    before = copy.deepcopy(made)
    alone, mixed = (EncoderJudge(encoder=Words(), n_directions=8).fit(part) for part in (made, made + ties))
    assert made == before
    np.testing.assert_allclose(alone.weights_, mixed.weights_)
    assert mixed.held_out_.shape == (len(made) + 5,)
    np.testing.assert_allclose(mixed.held_out_[: len(made)], alone.held_out_)


def test_the_same_seed_gives_the_same_judge_and_a_refit_forgets():
    first, second = (EncoderJudge(encoder=Words(), n_directions=8) for _ in range(2))
    second.fit(rows(30, by_lot, seed=4))
    np.testing.assert_array_equal(first.fit(rows(30, longer)).weights_, second.fit(rows(30, longer)).weights_)


def test_texts_are_encoded_once():
    encoder = Words()
    made = rows(20, longer)
    EncoderJudge(encoder=encoder, n_directions=4).fit(made)
    assert encoder.n_texts == len({text for row in made for text in (row.context, row.a, row.b)})


def test_what_cannot_be_learned_from_is_refused():
    with pytest.raises(BadInput, match="two people"):
        EncoderJudge(encoder=Words()).fit(rows(1, longer, n_each=3))
    with pytest.raises(BadInput, match="fit"):
        EncoderJudge(encoder=Words()).log_odds(rows(1, longer))
    assert EncoderJudge(encoder=Words()).log_odds([]).shape == (0,)


def said(choice, certainty=None):
    return Verdict(choice, NO_CONFIDENCE if certainty is None else Confidence(certainty, "stated"))


def test_the_stack_by_hand():
    stack = VerdictStack()
    stack.weights_ = np.array([1.0, 2.0, 0.5, -0.25])
    verdicts = [said("a", 0.8), said("b", 0.8), said("", None), said("a", None)]
    logit = np.log(4)
    expected = [1 + 2 * logit + 0.5 - 0.25, -1 - 2 * logit - 0.5 - 0.25, -0.25, 1 - 0.25]
    np.testing.assert_allclose(stack.log_odds(verdicts, [1.0, -1.0, 0.0, 0.0]), expected)


def test_the_stack_beats_both_and_takes_the_place_back():
    random = np.random.default_rng(0)
    truth = random.random(3000) < 0.5
    odds = np.where(truth, 1, -1) * 0.6 + random.normal(size=3000)
    model = np.where(truth, 1, -1) * 0.6 - 0.8 + random.normal(size=3000)  # says "b" too often
    verdicts = [said("a" if lean > 0 else "b", float(1 / (1 + np.exp(-abs(lean))))) for lean in model]
    choices = np.where(truth, "a", "b").tolist()
    stack = VerdictStack().fit(verdicts[:1500], odds[:1500], choices[:1500])
    stacked = np.mean((stack.log_odds(verdicts[1500:], odds[1500:]) > 0) == truth[1500:])
    alone = [np.mean((lean[1500:] > 0) == truth[1500:]) for lean in (odds, model)]
    assert stacked > max(alone) + 0.03
    assert stack.weights_[3] > 0.3


def test_the_stack_refuses_what_does_not_belong_together():
    with pytest.raises(BadInput, match="one a verdict"):
        VerdictStack().fit([said("a", 0.5)], [0.0, 1.0], ["a"])
    with pytest.raises(BadInput, match="choices"):
        VerdictStack().fit([said("a", 0.5)], [0.0], ["a", "b"])
    with pytest.raises(BadInput, match="fit"):
        VerdictStack().prob([said("a", 0.5)], [0.0])


PAIRS = [
    Preference("ana", "What to drink?", "tea", "coffee", "a"),
    Preference("ben", "Where to?", "sea", "hills", "b"),
]


def asked(rule, profiles=None):
    return ask_verdicts(chat_model("scripted", script=rule), PAIRS, profiles)


def test_a_model_that_follows_the_place_ends_without_a_verdict():
    found = asked(lambda messages: "[[A]] certainty: 90")
    assert [verdict.choice for verdict in found.verdicts] == ["", ""]
    assert found.answers.consistency == 0.0


def test_certainties_of_both_orders_are_averaged_with_their_sign():
    def rule(messages):
        shows_first = any(f"(A) {pair.a}" in messages[-1]["content"] for pair in PAIRS)
        return "[[A]] certainty: 90" if shows_first else "[[A]] certainty: 40"

    found = asked(rule)
    assert [verdict.choice for verdict in found.verdicts] == ["a", "a"]
    assert [verdict.certainty.value for verdict in found.verdicts] == [pytest.approx(0.25)] * 2


def test_an_answer_without_a_number_counts_half_and_none_is_no_verdict():
    found = asked(lambda messages: "[[A]]" if "(A) tea" in messages[-1]["content"] else "I would not know.")
    assert found.verdicts[0].choice == "a"
    assert found.verdicts[0].certainty == NO_CONFIDENCE
    assert found.verdicts[1].choice == ""
    assert found.answers.unparsed == 3


def test_only_known_profiles_are_told_and_no_choice_is():
    seen = []

    def rule(messages):
        seen.append(messages[-1]["content"])
        return "[[A]] certainty: 50"

    asked(rule, {"ana": "The person never sleeps."})
    assert sum("never sleeps" in text for text in seen) == 2
    assert all("Nothing is known" in text for text in seen if "Where to?" in text)
    assert len(seen) == 4
