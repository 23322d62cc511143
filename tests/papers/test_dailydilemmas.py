import csv
import io
import json
import time

import numpy as np
import pytest
import zstandard

from personae.models.strings import chat_model
from personae.papers.dailydilemmas.dilemmas import DATA, PROMPTS, outcomes, principles
from personae.papers.dailydilemmas.experiment import EXPERIMENT, samples
from personae.papers.harness import Context, run

MODEL = "http://localhost:1/v1#m"


def block(**sides):
    return {"trust": {side: numbers for side, numbers in sides.items() if numbers}}


@pytest.fixture
def folder(tmp_path):
    """One invented principle with three dilemmas: GPT-4 did 1 and 2, left 3, and turned on 2; no text of dilemma 3 is here.

    "trust" is also found in the "distrust" of the other side of dilemma 1, as in the authors' files.
    """
    row = {
        "principle": "Trust people",
        "value_elicitation_raw": ["Supporting values: [trust]; Opposing values: [distrust]"] * 10,
        "supporting_values": {"trust": 1.0},
        "opposing_values": {"distrust": 1.0},
        "conflict_dilemmas": [1, 2, 3],
        "system_prompt_supporting": "Trust.",
        "system_prompt_opposing": "Doubt.",
        "gpt4_actions_under_supporting_prompt": {"1": "to_do", "2": "to_do", "3": "not_to_do"},
        "gpt4_actions_under_opposing_prompt": {"1": "to_do", "2": "not_to_do", "3": "not_to_do"},
        "baseline_conflict_outcomes_supporting": block(selected=[1, 2], neglected=[1, 3]),
        "baseline_conflict_outcomes_opposing": {"distrust": {"neglected": [1, 2], "selected": [3]}},
        "published_baseline_win_rate_supporting": 2 / 3,
        "conflict_outcomes_supporting_values_under_supporting_prompt": block(
            selected=[1, 2], neglected=[1, 3]
        ),
        "conflict_outcomes_opposing_values_under_supporting_prompt": {
            "distrust": {"neglected": [1, 2], "selected": [3]}
        },
        "published_win_rate_supporting_under_supporting_prompt": 2 / 3,
        "conflict_outcomes_supporting_values_under_opposing_prompt": block(selected=[1], neglected=[1, 2, 3]),
        "conflict_outcomes_opposing_values_under_opposing_prompt": {
            "distrust": {"neglected": [1], "selected": [2, 3]}
        },
        "published_win_rate_supporting_under_opposing_prompt": 1 / 3,
    }
    (tmp_path / DATA).mkdir()

    def table(name, rows):
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        body = text.getvalue().encode()
        (tmp_path / DATA / name).write_bytes(zstandard.compress(body) if name.endswith(".zst") else body)

    lines = json.dumps(row).encode()
    (tmp_path / DATA / "gpt4_principle_steering.jsonl.zst").write_bytes(zstandard.compress(lines))
    table(
        "dilemmas.csv.zst", [{"idx": str(i), "dilemma_situation": f"Situation {i}. Do you?"} for i in (1, 2)]
    )
    seen = [
        ("1", "trust", "selected"),
        ("1", "trust", "neglected"),
        ("1", "distrust", "neglected"),
        ("2", "peace", "neglected"),
    ]
    table(
        "gpt4_baseline_value_outcomes.csv",
        [dict(zip(("dilemma", "value", "outcome"), each, strict=True)) for each in seen],
    )
    names = ("value", "WVS", "MFT", "Virtue", "Emotion", "Maslow")
    table(
        "values_theories.csv",
        [dict(zip(names, ("trust", "Survival", "Loyalty", "", "trust", "safety"), strict=True))],
    )
    return tmp_path


def test_wins_are_told_by_the_values_on_one_side(folder):
    (principle,) = principles(Context(folder=folder))
    assert [(each.baseline, each.supporting, each.opposing) for each in principle.conflicts] == [
        (1, 1, 1),
        (1, 1, 0),
        (0, 0, 0),
    ]
    assert [principle.supporting_action(each) for each in principle.conflicts] == ["to_do", "to_do", "to_do"]
    assert principle.any_selected == {"baseline": 2 / 3, "supporting": 2 / 3, "opposing": 1 / 3}


def test_the_published_rates_are_recomputed_with_what_the_prompts_moved(folder):
    result = run(EXPERIMENT, Context(folder=folder, quick=True))
    found = {(row.setting, row.metric, row.method): row for row in result.rows}
    assert found["principles", "published win rates met, %", "values on one side decide"].met
    assert found["principles", "wins that turn where the raw action turns, %", "GPT-4-turbo, recorded"].met
    moved = found["Trust people", "steerability", "GPT-4-turbo, recorded"]
    assert moved.value == pytest.approx(1 / 3)
    assert (
        found["recorded values", "only part of another value's name, %", "GPT-4-turbo, recorded"].value == 25
    )
    assert len(outcomes(Context(folder=folder, limit=1))) == 3


def test_samples_are_the_dilemmas_that_are_here_under_each_prompt(folder):
    found = samples(Context(folder=folder))
    assert [(each["metadata"]["dilemma"], each["metadata"]["prompt"]) for each in found] == [
        (d, p) for d in "12" for p in PROMPTS
    ]
    assert {each["metadata"]["system"] for each in found} == {"", "Trust.", "Doubt."}
    assert [each["target"] for each in found] == [0] * 6
    assert "Situation 1" in found[0]["prompt"]


def live(folder, monkeypatch, answer):
    monkeypatch.setattr(Context, "chat", lambda self: chat_model("scripted", script=answer))
    result = run(EXPERIMENT, Context(folder=folder, model=MODEL, quick=True))
    assert not any(row.bar for row in result.rows)
    return {(row.setting, row.metric): row.value for row in result.rows}


def test_a_live_model_that_obeys_its_prompt_is_found_steerable(folder, monkeypatch):
    def answer(messages):
        options = [line for line in messages[-1]["content"].splitlines() if line.startswith("(")]
        wanted = "Do not" if messages[0]["content"] == "Doubt." else "Do it"
        return next(line[:3] for line in options if wanted in line)

    found = live(folder, monkeypatch, answer)
    assert found["Trust people", "steerability"] == 1.0
    assert found["all conflict dilemmas", "win rate, opposing prompt"] == 0.0
    assert found["all conflict dilemmas", "same action in both orders, %"] == 100
    assert found["all conflict dilemmas", "choices turned between opposite prompts, %"] == 100


def test_a_live_model_that_wants_the_first_option_is_found_out(folder, monkeypatch):
    found = live(folder, monkeypatch, lambda messages: "(A)")
    assert found["all conflict dilemmas", "same action in both orders, %"] == 0
    assert found["all conflict dilemmas", "steerability"] == 0
    assert found["all conflict dilemmas", "win rate, baseline prompt"] == 0.5


@pytest.mark.parametrize(("limit", "n"), [(1, 1), (None, 2)])
def test_shortcuts_are_held_on_the_dilemmas_that_the_live_model_was_asked(folder, monkeypatch, limit, n):
    monkeypatch.setattr(Context, "chat", lambda self: chat_model("scripted", script=lambda messages: "(A)"))
    rows = run(EXPERIMENT, Context(folder=folder, model=MODEL, quick=True, limit=limit)).rows
    assert {row.n for row in rows if row.metric == "win rate, baseline prompt"} == {n}
    assert {row.n for row in rows if row.method.startswith("shortcut: ")} == {n}


def test_a_live_model_that_cannot_be_read_is_counted(folder, monkeypatch):
    found = live(folder, monkeypatch, lambda messages: "It depends.")
    del found["all conflict dilemmas", "supporting action found"]  # the shortcuts', which need no answer
    assert found == {("all conflict dilemmas", "unparsed, %"): 100}


@pytest.mark.data
def test_all_39_published_win_rates_are_met():
    """Published win rates of the 13 principles here, under no prompt and both; GPT-4's raw actions agree with every win."""
    found = principles(Context())
    assert [len(each.conflicts) for each in found] == [12, 7, 16, 16, 12, 14, 14, 3, 1, 2, 15, 28, 12]
    for each in found:
        for prompt in PROMPTS:
            won = np.mean([getattr(conflict, prompt) for conflict in each.conflicts])
            assert won == pytest.approx(each.published[prompt], abs=1e-9)
        for conflict in each.conflicts:
            is_turned = len(set(each.actions[conflict.dilemma])) == 2
            assert (conflict.supporting != conflict.opposing) == is_turned


@pytest.mark.data
def test_a_quick_run_meets_every_bar():
    start = time.process_time()
    result = run(EXPERIMENT, Context(quick=True))
    assert [row for row in result.rows if row.met is False] == []
    assert sum(row.bar != "" for row in result.rows) >= 50
    assert time.process_time() - start < 30
