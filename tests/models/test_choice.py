import numpy as np
import pytest

from personae.errors import BadInput
from personae.models.chat import Reply
from personae.models.choice import Choices, Question, choose, picked
from personae.models.strings import chat_model

QUESTIONS = [Question(f"Question {i}?", ("tea", "coffee", "water")) for i in range(40)]


def answering(rule):
    return chat_model("scripted", script=lambda messages: rule(messages[-1]["content"]))


def letter_of(word):
    def rule(body):
        line = next(line for line in body.splitlines() if line.endswith(word))
        return line[1]

    return rule


def test_a_model_that_wants_one_option_gets_it_in_every_order():
    asked = choose(answering(letter_of("coffee")), QUESTIONS, n_orders=4)
    assert (asked.picks == 1).all()
    assert asked.consistency == 1.0
    assert (asked.majority() == 1).all()
    assert asked.position_rates().max() < 0.5


def test_a_model_that_wants_a_position_is_found_out_by_the_swap():
    asked = choose(answering(lambda body: "(A)"), QUESTIONS, n_orders=2)
    assert asked.consistency == 0.0
    assert asked.position_rates().tolist() == [1.0, 0.0, 0.0]
    assert (asked.majority() == -1).all()


def test_the_instruction_stands_below_the_options_and_replies_are_kept():
    asked = choose(
        answering(lambda body: f"[[A]] {body.splitlines()[-1]}"),
        QUESTIONS[:2],
        n_orders=2,
        instruction="Letter, then certainty.",
    )
    assert [reply.text for reply in asked.replies] == ["[[A]] Letter, then certainty."] * 4
    assert (asked.positions == 0).all()


def test_orders_follow_the_seed():
    first = choose(answering(lambda body: "A"), QUESTIONS, random_state=1).picks
    assert (first == choose(answering(lambda body: "A"), QUESTIONS, random_state=1).picks).all()
    assert (first != choose(answering(lambda body: "A"), QUESTIONS, random_state=2).picks).any()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A", 0),
        ("b", 1),
        ("[[B]] because of it", 1),
        ("I think (c) fits best", 2),
        ("(a) or (b)", None),
        ("reasons (a) ... <final_answer>(b)</final_answer>", 1),
        ("it said <final_answer> once, so <final_answer>b</final_answer>", 1),
        ("(a)? No: <final_answer>(c)", 2),
        ("The answer is C.", 2),
        ("I would say: water", 2),
        ("I'd rather not say", None),
        ("", None),
        ("Z", None),
    ],
)
def test_letters_are_read_however_they_are_written(text, expected):
    assert picked(text, ("tea", "coffee", "water")) == expected


def test_letter_probabilities_are_put_back_into_the_questions_order():
    def rule(messages):
        shown = [line[4:] for line in messages[-1]["content"].splitlines() if line.startswith("(")]
        wanted = {"tea": 0.2, "coffee": 0.7, "water": 0.1}
        top = tuple((" " + "ABC"[i], float(np.log(wanted[word]))) for i, word in enumerate(shown))
        best = max(top, key=lambda pair: pair[1])
        return Reply(best[0], log_probs=(best,), top_log_probs=(top,))

    asked = choose(chat_model("scripted", script=rule), QUESTIONS, n_orders=2, log_probs=True)
    np.testing.assert_allclose(np.exp(asked.log_probs), np.broadcast_to([0.2, 0.7, 0.1], (40, 2, 3)))


def test_unreadable_answers_are_counted_not_guessed():
    asked = choose(answering(lambda body: "It depends."), QUESTIONS[:5], n_orders=2)
    assert asked.unparsed == 10
    assert (asked.majority() == -1).all()
    assert isinstance(asked, Choices)


def test_one_option_is_no_choice():
    with pytest.raises(BadInput, match="between 2 and 26"):
        choose(answering(lambda body: "A"), [Question("?", ("only",))])
