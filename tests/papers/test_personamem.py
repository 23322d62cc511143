import json
import time

import numpy as np
import pytest
import zstandard

from personae.dialogue.personamem import as_row, evolve_people, read_questions
from personae.metrics.shortcuts import Choice, length_balance
from personae.models.strings import chat_model
from personae.papers.harness import Context, run
from personae.papers.personamem.experiment import BY_KIND, EXPERIMENT, samples
from personae.papers.personamem.scores import RULE, by_rule, recorded


@pytest.fixture
def folder(tmp_path):
    """Eight made people with four questions each; histories of the first two; answers right in every second."""
    people = evolve_people(8)
    questions = [question for person in people for question in person.questions]
    rows = [
        as_row(question) | {"question_type": list(BY_KIND)[i % 7]} for i, question in enumerate(questions)
    ]
    answers = []
    for i, question in enumerate(questions):
        letter = "abcd"[question.right if i % 2 else (question.right + 1) % 4]
        answers.append(
            {
                "question_id": question.id,
                "score": bool(i % 2),
                "response": f"<think>(a)</think><final_answer>{letter}",
            }
        )
    histories = [{"shared_context_id": p.questions[0].history, "messages": p.messages} for p in people[:2]]
    tables = {
        "questions_32k": rows,
        "recorded_answers_reasoning_model": answers,
        "contexts_32k_persona0": histories,
    }
    (tmp_path / "personamem").mkdir()
    for name, table in tables.items():
        lines = "\n".join(json.dumps(row) for row in table).encode()
        (tmp_path / "personamem" / f"{name}.jsonl.zst").write_bytes(zstandard.compress(lines))
    return tmp_path


def _found(result):
    return {(row.setting, row.metric, row.method): row for row in result.rows}


def test_rows_by_hand(folder):
    found = _found(run(EXPERIMENT, Context(folder=folder, quick=True, limit=32)))
    value = {key: row.value for key, row in found.items()}
    name, model = "recorded run, 32k", "reasoning model"
    assert value[name, "accuracy", model] == 0.5
    assert value[name, "answers read with the recorded score", "our parser"] == 1.0
    assert value[f"{name}, suggest_new_ideas", "accuracy", model] == pytest.approx(0.5, abs=0.26)
    lift = value[name, "lift over a shortcut", f"{model} over {RULE}"]
    assert lift == pytest.approx(0.5 - value[name, "accuracy", RULE])
    quarters = [
        row for row in found.values() if row.setting.startswith(("nearest", "second", "third", "farthest"))
    ]
    counts = [row.n for row in quarters if row.metric == "accuracy" and row.method == model]
    assert sum(counts) == 32
    assert found["persona 0, both histories", "accuracy", model].n == 8


def test_the_rule_by_hand():
    made = [question for person in evolve_people(2) for question in person.questions]
    rows = [as_row(question) for question in made]
    rows[0] |= {
        "all_options": "['(a) xx', '(b) xxx', '(c) x', '(d) x']",
        "correct_answer": "(c)",
        "question_type": "suggest_new_ideas",
    }
    rows[1] |= {"all_options": "['(a) xx', '(b) xxx', '(c) xxx', '(d) x']", "correct_answer": "(c)"}
    rows[2] |= {"all_options": "['(a) xx', '(b) x', '(c) x', '(d) x']", "correct_answer": "(a)"}
    assert by_rule(read_questions(rows[:3])).tolist() == [1.0, 0.0, 1.0]


def test_a_live_model_is_asked_with_and_without_the_history(folder, monkeypatch):
    asked = []

    def last_said(messages):
        """Name the option whose thing was said last; the first option where nothing was."""
        body = messages[-1]["content"]
        asked.append(body)
        before, _, options = body.partition("[The person writes]")
        lines = [line for line in options.splitlines() if line.startswith("(")]
        places = [before.rfind(line.split("enjoy ")[1].split(",")[0]) for line in lines]
        return f"<final_answer>({lines[int(np.argmax(places))][1].lower()})</final_answer>"

    monkeypatch.setattr(Context, "chat", lambda self: chat_model("scripted", script=last_said))
    found = _found(run(EXPERIMENT, Context(folder=folder, model="http://localhost:1/v1#m", quick=True)))
    model = "http://localhost:1/v1#m"
    assert len(asked) == 32 + 8 + 8
    whole = found["whole history", "accuracy, Wilson's interval", model]
    assert (whole.value, whole.n) == (1.0, 8)
    assert found["no history", "accuracy, Wilson's interval", model].value < 0.6
    assert found["no history", "unparsed answers", model].value == 0.0
    assert ("five messages recalled", "accuracy, Wilson's interval", model) in found
    assert not any("evolving-" in body for body in asked), "no id is sent"


def test_a_server_that_answers_nothing_is_counted(folder, server):
    found = _found(run(EXPERIMENT, Context(folder=folder, model=server.model, quick=True, limit=2)))
    assert found["no history", "unparsed answers", server.model].value == 1.0
    assert found["whole history", "accuracy, Wilson's interval", server.model].value == 0.0
    assert server.n_calls == 6


def test_samples_hold_the_history_where_it_is_here(folder):
    made = samples(Context(folder=folder))
    assert ["[What was said before]" in each["prompt"] for each in made] == [True] * 8 + [False] * 24
    assert all(0 <= each["target"] < len(each["options"]) for each in made)


@pytest.mark.data
def test_the_recorded_run_scores_as_published():
    """Card: 283 of 466 right, and each kind's share to three decimals; every raw answer reads as its recorded score."""
    questions = read_questions(Context().rows("personamem", "questions_32k.jsonl.zst"))
    right, is_recorded = recorded(Context(), questions)
    assert (right == is_recorded).all()
    assert (len(right), right.sum()) == (466, 283)
    for kind, (accuracy, _) in BY_KIND.items():
        chosen = [question.raw_kind == kind for question in questions]
        assert right[chosen].mean() == pytest.approx(accuracy, abs=6e-4)
    weights = length_balance([Choice(question.options, question.right) for question in questions])
    assert np.average(by_rule(questions), weights=weights) < right.mean()


@pytest.mark.data
def test_a_quick_run_meets_every_bar():
    start = time.process_time()
    result = run(EXPERIMENT, Context(quick=True))
    assert [row for row in result.rows if row.met is False] == []
    assert time.process_time() - start < 30
