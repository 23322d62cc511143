import math

import numpy as np
import pytest

from personae.audit.confidences import ask_answers, letter_confidences, read_said, self_grade, worth
from personae.audit.final_answers import final_answer, same_answer
from personae.errors import BadInput
from personae.models.chat import Reply
from personae.models.choice import Question, choose
from personae.models.confidence import NO_CONFIDENCE, Confidence
from personae.models.strings import chat_model

QUESTIONS = [Question("Is Porto in Portugal?", ("yes", "no")), Question("Is Faro in Spain?", ("yes", "no"))]


def lettered(chances):
    """Answer each prompt with the letters' probabilities of the options by their words."""

    def script(messages):
        lines = [line for line in messages[-1]["content"].splitlines() if line.startswith("(")]
        top = tuple((line[1], math.log(chances[line[4:]])) for line in lines)
        best = max(top, key=lambda pair: pair[1])
        return Reply(best[0], log_probs=(best,), top_log_probs=(top,))

    return chat_model("scripted", script=script)


@pytest.mark.parametrize(
    ("given", "gold", "is_same"),
    [
        ("1,200", "1200", True), ("$12.50", "12.5", True), ("\\frac{3}{4}", "0.75", True), ("\\dfrac12", "1/2", True),
        ("\\boxed{7}", "7", True), ("x = 7", "7", True), ("45 kg", "45", True), ("Ana pays $45.", "45", True), ("90^\\circ", "90", True),
        ("(1, 2)", "(1,2)", True), ("2\\sqrt{3}", "2\\sqrt 3", True), ("−3", "-3", True), ("50\\%", "50", True),
        ("11 or 12", "12", False), ("(2, 1)", "(1, 2)", False), ("3", "-3", False), ("", "0", False), ("7.001", "7", False), ("1/0", "0", False),
    ],
)  # fmt: skip
def test_answers_by_hand(given, gold, is_same):
    assert same_answer(given, gold) is is_same


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Thus \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ("The answer is 7. Done.", "7"),
        ("Answer: 1\nno, answer: 2", "2"),
        ("Hm.", ""),
    ],
)
def test_the_last_answer_counts(text, answer):
    assert final_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer", "confidence", "is_abstained"),
    [
        ("So.\nAnswer: 12\nConfidence: 80%", "12", 0.8, False),
        ("**Answer:** 12\n**Confidence:** 80", "12", 0.8, False),
        ("Answer: I don't know\nConfidence: 10%", "", None, True),
        ("I don't have enough information.", "", None, True),
        ("20% of 60 is 12.\nAnswer: 12", "12", 0.2, False),
        ("The final answer is 12", "12", None, False),
    ],
)
def test_open_answers_by_hand(text, answer, confidence, is_abstained):
    said = read_said(Reply(text))
    assert (said.answer, said.confidence.value, said.is_abstained) == (answer, confidence, is_abstained)


def test_open_questions_are_asked_in_order_without_their_options(server):
    asks = [Question(f"What is {i} + {i}?", ()) for i in range(3)]
    said = ask_answers(chat_model(server.model), asks)
    assert [each.reply.text.splitlines()[0] for each in said] == [
        f"You said: What is {i} + {i}?" for i in range(3)
    ]
    assert all(each.n_tokens == 5 for each in said)


def test_the_letters_probability_is_the_chosen_options_over_both_orders():
    asked = choose(lettered({"yes": 0.6, "no": 0.2}), QUESTIONS, n_orders=2, log_probs=True)
    best, confidences = letter_confidences(asked)
    assert best.tolist() == [0, 0]
    assert [c.value for c in confidences] == pytest.approx([0.75, 0.75])
    assert {c.source for c in confidences} == {"token"}


def test_a_server_without_probabilities_gives_no_confidence():
    best, confidences = letter_confidences(
        choose(chat_model("scripted", script=lambda m: "A"), QUESTIONS, shuffle=False)
    )
    assert best.tolist() == [0, 0]
    assert confidences == (NO_CONFIDENCE, NO_CONFIDENCE)
    assert (
        self_grade(chat_model("scripted", script=lambda m: "A"), QUESTIONS, ["yes", "no"])
        == (NO_CONFIDENCE,) * 2
    )


def test_p_true_is_that_of_the_letter_of_true():
    graded = self_grade(lettered({"True": 0.09, "False": 0.81}), QUESTIONS, ["yes", "no"])
    assert [c.value for c in graded] == pytest.approx([0.1, 0.1])
    assert {c.source for c in graded} == {"self-graded"}


def test_worth_by_hand():
    confidences = [Confidence(c, "stated") for c in (0.95, 0.95, 0.25, 0.25)]
    found = worth(confidences, [1, 0, 0, 0])
    assert found.accuracy.value == 0.25
    assert found.error.value == pytest.approx(0.5 * 0.45 + 0.5 * 0.25)
    assert found.brier.value == pytest.approx((0.05**2 + 0.95**2 + 2 * 0.25**2) / 4)
    assert found.auroc.value == pytest.approx((2 + 0.5) / 3)
    assert (found.sure_right, found.sure_wrong) == pytest.approx((0.95, (0.95 + 0.5) / 3))


def test_sources_are_not_mixed_and_missing_ones_are_not_guessed():
    with pytest.raises(BadInput, match="each source apart"):
        worth([Confidence(0.5, "token"), Confidence(0.5, "stated")], [1, 0])
    assert worth([NO_CONFIDENCE] * 2, [1, 0]) is None
    with pytest.raises(BadInput, match="one an answer"):
        worth([NO_CONFIDENCE], np.ones(2))
