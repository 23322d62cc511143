import numpy as np
import pytest

from personae.audit.knowledge import (
    CHECKS,
    KnowledgeHead,
    SolutionVerifier,
    agreement,
    arithmetic_checks,
    majority,
    others_right,
    question_shape,
)
from personae.audit.knowledge.arithmetic import evaluate, final_number
from personae.errors import BadInput, UnknownName
from personae.metrics.calibration import auroc
from personae.metrics.logistic import sigmoid
from personae.models.encoder import home_encoder

QUESTION = "Ana has 3 pens and buys 4. How many pens has she?"


def questions_and_answers(n=300, seed=0):
    random = np.random.default_rng(seed)
    n_facts = random.integers(1, 9, n)
    questions = [" ".join(f"Fact {i} of {k}." for i in range(n_facts[k])) for k in range(n)]
    chance = sigmoid(np.array([[4.0], [1.0]]) - 0.6 * n_facts)
    return questions, (random.random((2, n)) < chance).astype(float)


def checks(solution, question=QUESTION):
    return dict(zip(CHECKS, arithmetic_checks(question, solution).tolist(), strict=True))


def test_a_head_ranks_questions_it_has_not_seen_and_knows_which_model_is_better():
    questions, right = questions_and_answers()
    head = KnowledgeHead(encoder=None).fit(questions[:200], right[:, :200], ["strong", "weak"])
    chances = head.predict(questions[200:])
    assert chances.shape == (2, 100)
    assert ((chances >= 0) & (chances <= 1)).all()
    assert (chances[0] > chances[1]).all()
    assert min(auroc(chances[m], right[m, 200:]) for m in (0, 1)) > 0.7
    assert abs(chances.mean() - right[:, 200:].mean()) < 0.08
    assert (head.predict(questions[200:], ["weak"])[0] == chances[1]).all()


def test_a_head_learns_nothing_from_answers_dealt_to_other_questions():
    questions, right = questions_and_answers()
    order = np.random.default_rng(1).permutation(200)
    head, blind = (
        KnowledgeHead(encoder=None).fit(questions[:200], answers, ["strong", "weak"])
        for answers in (right[:, :200], right[:, order])
    )
    assert np.ptp(blind.score(questions[200:])) < 0.1 * np.ptp(head.score(questions[200:]))


def test_a_head_reads_the_encoder_and_is_the_same_again():
    questions, right = questions_and_answers(40)
    fitted = [
        KnowledgeHead(encoder=home_encoder(), directions=5).fit(questions, right, ["a", "b"])
        for _ in range(2)
    ]
    assert (fitted[0].predict(questions) == fitted[1].predict(questions)).all()
    assert fitted[0].directions_.shape == (384, 5)


def test_a_head_takes_models_that_were_not_asked_everything():
    questions, right = questions_and_answers()
    right[0, ::3] = np.nan
    assert np.isfinite(KnowledgeHead(encoder=None).fit(questions, right, ["a", "b"]).abilities_).all()


def test_what_a_head_cannot_do_is_said():
    questions, right = questions_and_answers(40)
    with pytest.raises(BadInput, match="one row a model"):
        KnowledgeHead(encoder=None).fit(questions, right.T, ["a", "b"])
    with pytest.raises(BadInput, match="nothing to read"):
        KnowledgeHead(encoder=None, shape=False).fit(questions, right, ["a", "b"])
    with pytest.raises(UnknownName, match="has not seen c"):
        KnowledgeHead(encoder=None).fit(questions, right, ["a", "b"]).predict(questions, ["c"])


def test_an_empty_question_has_a_shape():
    assert np.isfinite(question_shape("")).all()


def test_a_model_that_was_not_asked_counts_neither_way():
    found = others_right([[1, np.nan], [0, np.nan], [np.nan, 1]])
    np.testing.assert_array_equal(found, [[0.0, 1.0], [1.0, 1.0], [0.5, np.nan]])


@pytest.mark.parametrize(
    ("solution", "check", "value"),
    [
        ("3+4=<<3+4=7>>7\nA: 7", "wrong sums", 0),
        ("3+4=<<3+4=8>>8\nA: 8", "wrong sums", 1),
        ("3+9=<<3+9=12>>12\nA: 12", "numbers from nowhere", 1),
        ("3*2=<<3*2=6>>6\nA: 6", "numbers of the question unused", 1),
        ("3+4=<<3+4=7>>7\n7+3=<<7+3=10>>10\nA: 10", "results unused", 0),
        ("3+4=<<3+4=7>>7\n4-3=<<4-3=1>>1\nA: 1", "results unused", 1),
        ("So it is seven.", "no final number", 1),
        ("3-4=<<3-4=-1>>-1\nA: -1", "final number below zero", 1),
        ("3+4=<<3+4=7>>7\nA: 9", "final number not the last result", 1),
        ("A: 3", "final number stands in the question", 1),
        ("3/4=<<3/4=0.75>>0.75\nA: 0.75", "a result not whole", 1),
        ("<<3+4=7>>\n<<3+4=7>>\nA: 7", "a step twice", 1),
    ],
)
def test_checks_by_hand(solution, check, value):
    assert checks(solution)[check] == value


@pytest.mark.parametrize(
    "text", ["2**9", "__import__('os')", "a+1", "1/0", "(" * 200, "9" * 400, "1e400*1", ""]
)
def test_nothing_but_plain_sums_is_run(text):
    assert evaluate(text) is None


@pytest.mark.parametrize(
    ("text", "number"), [("A: $1,234.50", 1234.5), ("A: 1\nA: -2", -2.0), ("no end", None), ("A: none", None)]
)
def test_final_numbers_by_hand(text, number):
    assert final_number(text) == number


def test_a_verifier_prefers_right_sums_whoever_wrote_them():
    good, bad = "3+4=<<3+4=7>>7\nA: 7", "3+4=<<3+4=8>>8\nA: 8"
    random = np.random.default_rng(0)
    right = (random.random((120, 3)) < [0.2, 0.5, 0.7]).astype(float)
    solutions = [[good if mark else bad for mark in row] for row in right]
    verifier = SolutionVerifier(others=False).fit([QUESTION] * 80, solutions[:80], right[:80])
    chances = verifier.predict([QUESTION] * 40, solutions[80:])
    assert auroc(chances.ravel(), right[80:].ravel()) == 1.0
    some = right[80:].any(axis=1)
    assert (right[80:][np.arange(40), verifier.choose([QUESTION] * 40, solutions[80:])][some] == 1).all()


def test_without_features_a_verifier_states_each_writers_level():
    right = np.tile([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]], (50, 1))
    solutions = [["A: 1", "A: 2"]] * 200
    verifier = SolutionVerifier(checks=False, others=False).fit([QUESTION] * 200, solutions, right)
    np.testing.assert_allclose(verifier.predict([QUESTION], [["A: 1", "A: 2"]]), [[0.75, 0.25]], atol=1e-3)


def test_votes_go_to_most_agreement_then_to_the_level():
    solutions = [["A: 7", "A: 8", "A: 7.0", "?"], ["A: 1", "A: 2", "?", "?"]]
    assert agreement(solutions)[0, 0].tolist() == [0.0, 0.0, 1.0, 0.0]
    assert majority(solutions, [0.1, 0.9, 0.2, 0.3]).tolist() == [2, 1]


def test_marks_must_fit_the_solutions():
    with pytest.raises(BadInput, match="one a solution"):
        SolutionVerifier().fit([QUESTION], [["A: 1", "A: 2"]], [[1.0]])
