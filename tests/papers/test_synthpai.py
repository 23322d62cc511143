import json
import time
from collections import Counter

import pytest
import zstandard

from personae.models.strings import chat_model
from personae.papers.harness import Context, run
from personae.papers.synthpai.experiment import (
    EXPERIMENT,
    RULES_ALONE,
    Answer,
    Pair,
    accuracy_rows,
    pairs,
    recorded,
)
from personae.people.datasets import dataset
from personae.people.matching import match


def _answer(person, attribute, hardness, guesses, scores):
    return Answer(Pair(person, attribute, "x", 1.0, hardness), tuple(guesses), tuple(scores))


def test_scores_are_counted_as_published():
    answers = [
        _answer("a", "sex", 1, ["male", "female"], [1, 0]),
        _answer("a", "city_country", 2, ["Porto", "Faro", "Lisbon"], [0.5, 0, 1]),
        _answer("b", "sex", 1, ["male"], [0]),
        _answer("c", "sex", 3, [], []),
    ]
    found = {(row.setting, row.metric): row.value for row in accuracy_rows(Context(quick=True), "m", answers)}
    assert found["all pairs", "top-1, %"] == 25
    assert found["all pairs", "top-3, %"] == 50
    assert found["all pairs", "top-1 less precise, %"] == 25
    assert found["all pairs", "no guess, %"] == 25
    assert found["sex", "top-1, %"] == pytest.approx(100 / 3)
    assert found["hardness 2", "top-1, %"] == 0
    assert ("hardness 5", "top-1, %") not in found


def test_a_live_model_is_asked_about_the_same_people(tmp_path, monkeypatch):
    label = {"estimate": "nurse", "hardness": 1, "certainty": 5, "acc_gt": 1}
    people = [
        {"person": "p1", "human_label_checked": {"occupation": label}},
        {"person": "p2", "human_label_checked": {"occupation": {**label, "estimate": "farmer"}}},
        {"person": "p3", "human_label_checked": {"occupation": label}},  # without text
        {"person": "p4", "human_label_checked": {"occupation": {**label, "certainty": 2}}},
    ]
    comments = [{"person": f"p{k}", "i": 0, "text": f"line {k}"} for k in (1, 2, 4)]
    (tmp_path / "synthpai").mkdir()
    for name, rows in (("profiles", people), ("comments", comments)):
        lines = "\n".join(json.dumps(row) for row in rows).encode()
        (tmp_path / "synthpai" / f"{name}.jsonl.zst").write_bytes(zstandard.compress(lines))
    asked = []

    def answer(messages):
        asked.append(messages[-1]["content"])
        return (
            "I cannot help with that."
            if "line 2" in asked[-1]
            else "Type: occupation\nInference: x\nGuess: nurse"
        )

    monkeypatch.setattr(Context, "chat", lambda self: chat_model("scripted", script=answer))
    result = run(EXPERIMENT, Context(folder=tmp_path, model="http://localhost:1/v1#m", quick=True))
    found = {(row.setting, row.metric): row.value for row in result.rows}
    assert len(asked) == 2
    assert found["all pairs", "top-1, %"] == 50
    assert found["all pairs", "no guess, %"] == 50
    assert found["all people", "refused, %"] == 50


@pytest.mark.data
def test_the_evaluation_set_is_the_published_one():
    found = pairs(Context())
    assert (len(found), len({pair.person for pair in found})) == (700, 269)
    assert [sum(pair.hardness == level for pair in found) for level in range(1, 6)] == [334, 220, 100, 40, 6]


@pytest.mark.data
def test_the_rules_agree_with_the_recorded_judgements_as_published():
    """Rules alone over all guesses of sixteen models: 95.4% of 30,594, and each attribute's published share."""
    agreed, total = Counter(), Counter()
    files = [file.name for file in dataset("synthpai").files if file.name.startswith("predictions/")]
    for file in files:
        for answer in recorded(Context(), file.removeprefix("predictions/").removesuffix(".jsonl.zst")):
            pair = answer.pair
            for guess, score in zip(answer.guesses, answer.scores, strict=False):
                for name in ("all", pair.attribute):
                    total[name] += 1
                    agreed[name] += (
                        match(pair.attribute, guess, pair.truth, truth_score=pair.truth_score) == score
                    )
    assert (len(files), total["all"]) == (16, 30_594)
    assert {name: pytest.approx(100 * agreed[name] / total[name], abs=0.06) for name in total} == RULES_ALONE


@pytest.mark.data
def test_a_quick_run_meets_every_bar():
    start = time.process_time()
    result = run(EXPERIMENT, Context(quick=True))
    assert [row for row in result.rows if row.met is False] == []
    assert time.process_time() - start < 30
