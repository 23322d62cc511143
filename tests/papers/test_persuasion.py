import gzip
import time

import numpy as np
import pytest

from personae.audit.persuasion import RandomTerm, meta_regression
from personae.models.chat import Reply
from personae.models.strings import chat_model
from personae.papers.harness import Context, run
from personae.papers.persuasion.experiment import (
    EXPERIMENT,
    PUBLISHED,
    THRESHOLD_ERRORS,
    published_design,
    read_motions,
    samples,
    threshold_errors,
)
from personae.papers.persuasion.messages import COVARIATES, DATA, Reader, message_effects, readers
from personae.papers.persuasion.pairs import message_pairs

NAN = float("nan")


def test_message_effects_are_differences_to_their_issues_control():
    """Without spread in the covariates a message's effect is its mean less the control's, within each issue."""
    random = np.random.default_rng(0)
    people = []
    for issue, base in (("ponds", 40.0), ("trees", 60.0)):
        covariates = random.normal(size=(60, 3))
        for i, row in enumerate(covariates):
            message = (0, 0, 1, 2)[i % 4]
            shown = {0: ("control", "control"), 1: ("AI", "m"), 2: ("human", "human")}[message]
            agreement = base + 5 * message + row @ [1, 2, 3]
            people.append(Reader(agreement, shown[0], message, shown[1], issue, (NAN,) * 8, tuple(row), ""))
    found = message_effects(people)
    assert found.effects == pytest.approx([5, 5])
    assert found.issues == ("ponds", "trees")
    assert found.covariance[0, 1] == 0


def test_sizes_and_mediators_fill_in_what_is_not_published():
    features = [(7.0, *range(7)), (NAN, *range(1, 6), NAN, 8)]
    people = [
        Reader(50.0 + i, "AI" if i % 3 else "control", i % 3, f"m{i % 3}" if i % 3 else "control", "ponds",
               features[i % 3 - 1] if i % 3 else (NAN,) * 8, tuple(np.random.default_rng(i).normal(size=3)), "")
        for i in range(30)
    ]  # fmt: skip
    found = message_effects(people)
    assert np.diff(found.size)[0] == pytest.approx(np.log(300 / 7))
    assert sorted(found.mediator("pretraining_tokens")) == [4.0, 5.0]
    assert sorted(found.mediator("flesch", scaled=True)) == pytest.approx([-np.sqrt(0.5), np.sqrt(0.5)])


def test_a_live_model_argues_with_and_without_attributes(monkeypatch, tmp_path):
    seen = []

    def answer(messages):
        told = "What your opponent has said" in messages[0]["content"]
        seen.append(told)
        if len(messages) == 5:
            return Reply("", refusal="no")
        return "Someone like you sees that this is wrong." if told else "One. Two. Three."

    monkeypatch.setattr(Context, "chat", lambda self: chat_model("scripted", script=answer))
    result = run(EXPERIMENT, Context(folder=tmp_path, model="http://localhost:1/v1#m", quick=True, limit=4))
    found = {(row.setting, row.metric): row.value for row in result.rows}
    assert seen.count(True) == seen.count(False) == 12
    assert found["live debates, personalized", "texts that name the reader's attributes"] == 1
    assert found["live debates, plain", "texts that name the reader's attributes"] == 0
    assert found["live debates, plain", "texts of at most two sentences"] == 0
    assert found["live debates, plain", "words a text"] == 3
    assert found["live debates, personalized", "texts refused"] == pytest.approx(1 / 3)


def test_motions_ship_with_three_texts_a_side():
    motions = read_motions()
    assert all(len(motion.pro) == len(motion.con) == 3 for motion in motions)
    assert len(motions) >= 5


def test_message_pairs_are_far_apart_and_of_one_issue(folder_of_messages):
    context = Context(folder=folder_of_messages)
    people = readers(context)
    pairs = message_pairs(context, people)
    found = message_effects(people)
    effects = dict(zip(found.ids, found.effects, strict=True))
    assert [set(pair.ids) for pair in pairs] == [
        {1, 4},
        {2, 3},
    ]  # the strongest with the weakest, then the next two
    assert all(
        effects[pair.ids[pair.right]] - effects[pair.ids[1 - pair.right]] == pytest.approx(pair.gap)
        for pair in pairs
    )
    made = samples(Context(folder=folder_of_messages, limit=1))
    assert [(each["options"], each["target"]) for each in made] == [(list(pairs[0].texts), pairs[0].right)]
    assert all(
        message_pairs(Context(folder=folder_of_messages, seed=seed), people)[0].gap > 0 for seed in range(4)
    )


@pytest.fixture
def folder_of_messages(tmp_path):
    """Four invented messages on one issue that moved their readers by 30, 20, 10 and 0 points, and readers of none."""
    random = np.random.default_rng(0)
    names = ["treatment_message_word_count", "moral_nonmoral_ratio", "flesch", "emotion_proportion", "type_token_ratio",
             "task_completion", "pretraining_tokens"]  # fmt: skip
    columns = [
        "dv_response_mean",
        "message_id",
        "condition",
        "model",
        "issue",
        "parameters",
        *names,
        *COVARIATES,
        "authorship",
    ]
    lines = [",".join(columns)]
    for i in range(250):
        message = i % 5
        moved = {0: 0, 1: 30, 2: 20, 3: 10, 4: 0}[message]
        row = [f"{30 + moved + random.normal():.3f}", str(message), "AI" if message else "control", "m" * bool(message),
               "ponds", "7", *["1"] * len(names), *[str(random.integers(5)) for _ in COVARIATES], ""]  # fmt: skip
        lines.append(",".join(row))
    folder = tmp_path / DATA
    folder.mkdir()
    with gzip.open(folder / "llm_messages_rct.csv.gz", "wt") as stream:
        stream.write("\n".join(lines))
    with gzip.open(folder / "llm_messages_text.csv.gz", "wt") as stream:
        stream.write("response_id,issue_stance_full,response\n")
        stream.writelines(f"{i},Every village needs a pond,Message {i}\n" for i in range(1, 5))
    return tmp_path


@pytest.mark.data
def test_the_trial_that_studies_are_drawn_from_is_the_recorded_one():
    """Twenty recorded standard errors of thresholds within 1%, and the recorded log-likelihood within two of its deviations."""
    design = published_design(Context().json(DATA, PUBLISHED))
    assert threshold_errors(design) == pytest.approx(np.array(THRESHOLD_ERRORS), rel=0.01)
    fitted = design.fit(design.draw(300, random_state=1)).log_likelihood
    assert abs(fitted.mean() + 957.53) < 2 * fitted.std()


@pytest.mark.data
def test_the_real_trial_is_the_published_one():
    people = readers(Context())
    assert len(people) == 22_108
    found = message_effects([person for person in people if person.issue == "Medicaid"])
    assert len(found.effects) == 72
    fit = meta_regression(
        found.effects, found.covariance, {"mean": np.ones(72)}, [RandomTerm("message", range(72))]
    )
    assert fit.effects["mean"].low > 0


@pytest.mark.data
def test_a_quick_run_meets_every_bar():
    start = time.process_time()
    result = run(EXPERIMENT, Context(quick=True))
    bars = [row for row in result.rows if row.bar]
    assert len(bars) > 20
    assert [row for row in bars if not row.met] == []
    assert time.process_time() - start < 30
