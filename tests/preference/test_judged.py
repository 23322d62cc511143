import numpy as np
import pytest

from personae.errors import BadInput
from personae.models.strings import chat_model
from personae.people.records import Preference
from personae.preference import (
    RPM,
    CertainJudge,
    CosineScorer,
    EncoderJudge,
    RewardHead,
    Verdict,
    VerdictStack,
    ask_verdicts,
    clone,
)


def rows(n, seed=0, scale=2.0):
    """Rows whose texts are numbers: a is chosen with log-odds scale (a - b)."""
    random = np.random.default_rng(seed)
    made = []
    for i in range(n):
        a, b = random.normal(size=2).round(3)
        choice = "a" if random.random() < 1 / (1 + np.exp(-scale * (a - b))) else "b"
        made.append(Preference(f"p{i % 20}", f"q{i}", str(a), str(b), choice))
    return made


def gaps(made):
    return np.array([float(row.a) - float(row.b) for row in made])


def turned(made):
    return [
        Preference(row.person, row.context, row.b, row.a, "b" if row.choice == "a" else "a") for row in made
    ]


def test_the_slope_is_found_and_swapping_gives_the_opposite():
    judge = CertainJudge(gaps).fit(rows(3000))
    assert abs(judge.slope_ - 2.0) < 4 * judge.slope_error_
    made = rows(50, seed=2)
    found, other = judge.probs(made), judge.probs(turned(made))
    np.testing.assert_allclose(found.probability + other.probability, 1.0)
    assert ((found.low <= found.probability) & (found.probability <= found.high)).all()


def test_the_promise_holds_on_other_rows_and_the_unsure_are_not_judged():
    judge = CertainJudge(gaps, error=0.1).fit(rows(3000))
    made = rows(3000, seed=5)
    verdicts = judge.verdicts(made)
    spoke = [(verdict, row) for verdict, row in zip(verdicts, made, strict=True) if verdict.choice]
    assert 0.2 < len(spoke) / len(made) < 0.9
    assert np.mean([verdict.choice != row.choice for verdict, row in spoke]) < 0.12
    assert judge.verdicts([Preference("p", "q", "1", "1", "tie")])[0].choice == ""


def test_a_judge_that_knows_nothing_gives_no_verdict():
    judge = CertainJudge(lambda made: np.random.default_rng(len(made)).normal(size=len(made))).fit(rows(400))
    assert not any(verdict.choice for verdict in judge.verdicts(rows(100, seed=3)))


def test_one_chance_says_whether_the_person_is_known():
    judge = CertainJudge(gaps, known={"ana"}).fit(rows(400))
    known, unknown = (judge.prob(person, "q", "2", "0") for person in ("ana", "bo"))
    assert known.is_known
    assert not unknown.is_known
    assert known.low < known.probability < known.high


def test_what_is_missing_is_said():
    with pytest.raises(BadInput, match="fit"):
        CertainJudge(gaps).probs(rows(2))
    with pytest.raises(BadInput, match="No row chooses"):
        CertainJudge(gaps).fit([Preference("p", "q", "1", "0", "tie")])


class Lengths:
    """An encoder that sees nothing, so that the style alone tells."""

    name = "nothing"

    def encode(self, texts):
        return np.zeros((len(texts), 384), dtype=np.float32)


def longer(n, seed):
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 9, size=(n, 2))
    return [
        Preference(f"p{i}", f"q{i}", "word " * a, "word " * b, "a" if a > b else "b")
        for i, (a, b) in enumerate(sizes)
        if a != b
    ]


def test_the_encoder_judge_and_the_stack_are_judges_of_rows():
    encoder_judge = EncoderJudge(encoder=Lengths(), n_directions=2).fit(longer(80, 0))
    alone = CertainJudge(encoder_judge.log_odds).fit(longer(80, 1))
    model = chat_model(
        "scripted", script=lambda messages: "[[A]] certainty: 60"
    )  # follows the place, so says nothing
    held = longer(60, 2)
    stack = VerdictStack().fit(
        ask_verdicts(model, held).verdicts, encoder_judge.log_odds(held), [row.choice for row in held]
    )
    stacked = CertainJudge(
        lambda made: stack.log_odds(ask_verdicts(model, made).verdicts, encoder_judge.log_odds(made))
    ).fit(longer(80, 3))
    for judge in (alone, stacked):
        made = longer(40, 4)
        verdicts = judge.verdicts(made)
        spoke = [
            verdict.choice == row.choice
            for verdict, row in zip(verdicts, made, strict=True)
            if verdict.choice
        ]
        assert len(spoke) > 20
        assert np.mean(spoke) > 0.9
        assert judge.prob("new", "q", "word " * 9, "word").probability > 0.9


@pytest.mark.parametrize("error", [0.0, 2.0])
def test_a_promise_is_a_share(error):
    with pytest.raises(BadInput, match="between 0 and 1"):
        CertainJudge(gaps, error=error).fit(rows(20))


def test_rows_that_choose_neither_are_named_by_number_and_never_quoted():
    wrong = [*rows(5), Preference("p", "q", "1", "0", "a secret")]
    for judge in (CertainJudge(gaps), EncoderJudge(encoder=None)):
        with pytest.raises(BadInput, match="Row 5") as caught:
            judge.fit(wrong)
        assert "secret" not in str(caught.value)
        with pytest.raises(BadInput):
            judge.fit([])
    with pytest.raises(BadInput, match="Row 1"):
        VerdictStack().fit([Verdict("a"), Verdict("b")], [0.0, 0.0], ["a", "left"])
    with pytest.raises(BadInput, match="nothing to learn"):
        VerdictStack().fit([Verdict("a")], [0.0], ["tie"])


def test_rows_may_come_from_a_generator():
    judge = CertainJudge(gaps)
    assert judge.fit(row for row in rows(200)).slope_ == judge.fit(rows(200)).slope_


@pytest.mark.parametrize(
    "method",
    [CertainJudge(gaps, error=0.1), EncoderJudge(encoder="e", n_folds=3), VerdictStack(penalty=2.0),
     RewardHead(encoder="e", penalty=1.0), CosineScorer(encoder="e"), RPM(encoder="e", n_levels=3)],
    ids=lambda method: type(method).__name__,
)  # fmt: skip
def test_judges_are_cloned_and_set_as_the_familys_methods_are(method):
    method.learned_ = 1
    copied = clone(method)
    assert (type(copied), copied.get_params()) == (type(method), method.get_params())
    assert not hasattr(copied, "learned_")
    first = next(iter(method.get_params()))
    assert copied.set_params(**{first: "other"}).get_params()[first] == "other"
    with pytest.raises(BadInput, match="has no argument sweetness"):
        copied.set_params(sweetness=1)
