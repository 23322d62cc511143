"""Both papers ask a live model the same questions; here a scripted one, on invented items."""

import csv
import gzip
import json
import math

import pytest

from personae.models.chat import Reply
from personae.models.strings import chat_model
from personae.papers.harness import Context, run
from personae.papers.knowwhatknow.experiment import EXPERIMENT as KNOWING
from personae.papers.thinkingoutloud.experiment import EXPERIMENT as THINKING

LIVE = "http://localhost:1/v1#m"


def measured(experiment, monkeypatch, folder, script):
    monkeypatch.setattr(Context, "chat", lambda self: chat_model("scripted", script=script))
    result = run(experiment, Context(folder=folder, model=LIVE, quick=True))
    return {(row.metric, row.method.removeprefix(LIVE + ", ")): row.value for row in result.rows}


def test_three_confidences_are_held_apart(tmp_path, monkeypatch):
    (tmp_path / "knowwhatknow").mkdir()
    with gzip.open(tmp_path / "knowwhatknow" / "boolq_dev.csv.gz", "wt") as file:
        rows = csv.writer(file)
        rows.writerow(["idx", "question", "answer", "passage"])
        rows.writerows([[i, f"is item {i} blue", str(i % 4 != 0), f"Passage {i}."] for i in range(8)])

    def script(messages):
        lines = [line for line in messages[-1]["content"].splitlines() if line.startswith("(")]
        wanted = next(line for line in lines if line[4:] in ("yes", "True"))
        top = tuple((line[1], math.log(0.8 if line == wanted else 0.2)) for line in lines)
        return Reply(f"({wanted[1]}) Confidence: 95%", log_probs=(top[0],), top_log_probs=(top,))

    found = measured(KNOWING, monkeypatch, tmp_path, script)
    assert found["accuracy", LIVE] == 0.75
    assert found["ECE, 10 bins of equal width", "token confidence"] == pytest.approx(0.05)
    assert found["ECE, 10 bins of equal width", "stated confidence"] == pytest.approx(0.2)
    assert found["ECE, 10 bins of equal width", "self-graded confidence"] == pytest.approx(0.05)
    assert found["unparsed answers", LIVE] == 0


def test_a_server_without_probabilities_leaves_them_out(tmp_path, monkeypatch):
    (tmp_path / "knowwhatknow").mkdir()
    with gzip.open(tmp_path / "knowwhatknow" / "boolq_dev.csv.gz", "wt") as file:
        file.write("idx,question,answer,passage\n0,is it,True,Text.\n1,was it,False,Text.\n")
    found = measured(KNOWING, monkeypatch, tmp_path, lambda messages: "(A)")
    assert found["share without a confidence", "token confidence"] == 1
    assert ("ECE, 10 bins of equal width", "token confidence") not in found


def test_a_source_without_an_answer_has_no_share(tmp_path, monkeypatch):
    (tmp_path / "knowwhatknow").mkdir()
    with gzip.open(tmp_path / "knowwhatknow" / "boolq_dev.csv.gz", "wt") as file:
        file.write("idx,question,answer,passage\n0,is it,True,Text.\n1,was it,False,Text.\n")
    found = measured(KNOWING, monkeypatch, tmp_path, lambda messages: "It depends.")
    assert found["share without a confidence", "stated confidence"] == 1
    assert ("share without a confidence", "self-graded confidence") not in found


def test_reasoning_is_graded_and_not_knowing_counted(tmp_path, monkeypatch):
    (tmp_path / "knowwhatknow").mkdir()
    with gzip.open(tmp_path / "knowwhatknow" / "zeroeval_math-l5_questions.jsonl.gz", "wt") as file:
        for i in range(12):
            file.write(json.dumps({"item": i, "question": f"What is {i} + {i}?", "gold": str(2 * i)}) + "\n")

    def script(messages):
        i = int(messages[-1]["content"].split()[2])
        if i >= 10:
            return "Answer: I don't know\nConfidence: 0%"
        if i >= 8:
            return "I'm sorry, but I can't help with that."
        return f"{'so ' * 5 * (i + 1)}\nAnswer: {2 * i if i < 5 else 1}\nConfidence: {95 - 5 * i}%"

    found = measured(THINKING, monkeypatch, tmp_path, script)
    assert found["accuracy", LIVE] == pytest.approx(5 / 12)
    assert found["accuracy of attempted answers", LIVE] == 5 / 8
    assert found["share that says it does not know", LIVE] == pytest.approx(1 / 6)
    assert found["share that refuses", LIVE] == pytest.approx(1 / 6)
    assert found["share without a readable answer", LIVE] == 0
    assert found["AUROC", "stated confidence"] == 1.0
    assert found["AUROC of a shorter reply", LIVE] == 1.0
    assert found["Spearman of tokens and stated confidence, all answers", LIVE] == pytest.approx(-1.0)
    assert found["share without a confidence", "stated confidence"] == 0
