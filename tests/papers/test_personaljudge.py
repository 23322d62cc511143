import json
import re
import time

import numpy as np
import pytest
import zstandard

from personae.errors import BadInput
from personae.models.strings import chat_model
from personae.papers.harness import Context, run
from personae.papers.personaljudge.experiment import EXPECTED, EXPERIMENT, samples
from personae.papers.personaljudge.runs import recordings
from personae.papers.pictures import confidences_of

N_PEOPLE = 30


def _prompt(a, b):
    return f"Task.\n\n[User Profile]\nThe person is tall.\n\n[Question-Answer Pair A]\n{a}\n\n[Question-Answer Pair B]\n{b}\n\n[Answer]\n[["


@pytest.fixture
def folder(tmp_path):
    """Thirty invented raters, two pairs each, the chosen answer the longer one in all but ten pairs."""
    random = np.random.default_rng(0)
    texts = {
        f"{i:04d}": f"The person is {i} years old and has a very long profile indeed, so long."
        for i in range(N_PEOPLE)
    }
    pairs, verdicts = [], []
    for i in range(2 * N_PEOPLE):
        short, long = f"Fine {i}.", f"Fine, and here is what I would do about {i}."
        chosen, rejected = (short, long) if i % 6 == 0 else (long, short)
        rater = f"{i % N_PEOPLE:04d}"
        question, kind = f"Question {i}?", "unguided"
        pairs.append(
            {
                "question": question,
                "chosen": chosen,
                "rejected": rejected,
                "conversation_type": kind,
                "rater": rater,
            }
            | {"profile": texts[rater], "pair_id": str(i)}
        )
        truth = "AB"[random.integers(2)]
        shown = (
            {"asst_A": chosen, "asst_B": rejected} if truth == "A" else {"asst_A": rejected, "asst_B": chosen}
        )
        shared = {"question": question, "conversation_type": kind, "ground_truth": truth, **shown, "row": i}
        wrong = "B" if truth == "A" else "A"
        verdicts += [
            shared | {"run": "prism_all_features_command-r-plus", "user_info": f"#{rater}", "certainty": "85" if i % 2 else "40",
                      "answer": truth if i % 4 else wrong},
            shared | {"run": "prism_all_features_least_imp_feature_command-r-plus_new", "user_info": "The person is tall.",
                      "certainty": "60", "answer": truth if i % 3 else "["},
            shared | {"run": "prism_no_persona_command-r-plus", "user_info": f"#{rater}", "certainty": "NA",
                      "answer": "A", "ground_truth": "C" if i < 6 else truth},
            {"run": "ap_all_features_all_features_gpt-4o_jun5", "row": i, "user_info": "the cook", "certainty": "75",
             "answer": truth, "ground_truth": truth,
             "prompt": _prompt(shown["asst_A"], shown["asst_B"])},
        ]  # fmt: skip
    (tmp_path / "personaljudge").mkdir()
    tables = {
        "texts": [{"id": k, "text": v} for k, v in texts.items()],
        "prism_pairs": pairs,
        "runs": verdicts,
    }
    for name, rows in tables.items():
        lines = "\n".join(json.dumps(row) for row in rows).encode()
        (tmp_path / "personaljudge" / f"{name}.jsonl.zst").write_bytes(zstandard.compress(lines))
    return tmp_path


def test_runs_are_read_with_their_people_and_kinds(folder):
    found = recordings(Context(folder=folder))
    named = {run.setting: run for run in found.runs}
    assert list(named) == [
        "PRISM, all features",
        "PRISM, least important feature",
        "PRISM, no persona",
        "PR, all features",
    ]
    everyone = named["PRISM, all features"].rows
    assert everyone[0].person == everyone[N_PEOPLE].person != everyone[1].person
    assert len({row.person for row in everyone}) == N_PEOPLE
    least = named["PRISM, least important feature"]
    assert [a.person for a in least.rows] == [a.person for a in everyone]
    assert least.model == "command-r-plus_new"
    assert len(least.answered) == 40
    assert len(named["PRISM, no persona"].decided) == 54
    assert named["PR, all features"].rows[0].person == "The person is tall."
    assert [run.states_certainty for run in found.runs] == [True, True, False, True]
    assert len(found.pairs) == 60
    assert {pair.choice for pair in found.pairs} == {"a", "b"}


def test_rows_by_hand(folder):
    found = {
        (row.setting, row.metric, row.method): row
        for row in run(EXPERIMENT, Context(folder=folder, quick=True, limit=60)).rows
    }
    value = {key: row.value for key, row in found.items()}
    model = "command-r-plus"
    assert value["PRISM, all features", "accuracy", model] == 0.75
    assert value["PRISM, all features", "accuracy, certainty at least 80%", model] == 1.0
    assert value["PRISM, all features", "share with certainty at least 80%", model] == 0.5
    assert value["PRISM, least important feature", "accuracy", f"{model}_new"] == 1.0
    assert value["PRISM, no persona", "share that picks A", model] == 1.0
    labels = value["PRISM, no persona", "accuracy, labels A and B alone", model]
    assert value["PRISM, no persona", "accuracy", model] == pytest.approx(labels * 54 / 60)
    # surer half all right; the unsure half, half right: area 0 to 1/2, then wrong answers come in evenly
    expected = np.mean([0.0] * 30 + [k / 2 / (30 + k) for k in range(1, 31)])
    assert value["PRISM, all features", "AURC", f"{model}, certainty as stated"] == pytest.approx(expected)
    assert value[
        "PRISM, all features", "ECE, 10 bins of equal width", f"{model}, certainty as stated"
    ] == pytest.approx(0.125)
    lifts = [row.setting for row in found.values() if row.metric == "accuracy gain on shared pairs"]
    assert lifts == []  # 54 shared pairs are too few
    assert value["PRISM, distinct pairs", "accuracy", "shortcut: longest"] == pytest.approx(50 / 60)
    assert value["PRISM, all features", "accuracy gain over the longest option", model] == pytest.approx(
        45 / 60 - 50 / 60
    )


@pytest.mark.parametrize("limit", [1, 5])
def test_a_few_rows_are_enough_to_run(folder, limit):
    rows = run(EXPERIMENT, Context(folder=folder, quick=True, limit=limit)).rows
    assert max(row.n or 0 for row in rows) <= limit


def test_a_live_model_is_asked_in_both_orders_with_and_without_the_persona(folder, monkeypatch):
    asked = []

    def rule(messages):
        body = messages[-1]["content"]
        asked.append(body)
        lines = {line[1]: line for line in body.splitlines() if line.startswith(("(A)", "(B)"))}
        if "years old" in body:
            return f"[[{max('AB', key=lambda letter: len(lines[letter]))}]] certainty: 70"
        return "[[A]] certainty: 70"

    monkeypatch.setattr(Context, "chat", lambda self: chat_model("scripted", script=rule))
    result = run(EXPERIMENT, Context(folder=folder, model="http://localhost:1/v1#m", quick=True))
    found = {(row.setting, row.metric): row.value for row in result.rows}
    assert len(asked) == 4 * 60
    assert found["PRISM, all features", "accuracy at coverage 100%"] == pytest.approx(50 / 60)
    assert found["PRISM, all features", "same verdict, the order swapped"] == 1.0
    assert found["PRISM, no persona", "accuracy at coverage 100%"] == 0.0
    assert found["PRISM, no persona", "same verdict, the order swapped"] == 0.0
    assert found["PRISM, no persona", "accuracy, one order"] == 0.5
    assert found["PRISM, no persona", "share that picks A"] == 1.0
    assert found["PRISM, all features over no persona", "accuracy gain"] == pytest.approx(50 / 60)


LIVE = "http://localhost:1/v1#m"


def test_a_certainty_that_is_not_stated_is_not_a_zero(folder, monkeypatch):
    """The longer answer is chosen in both orders; the replies about every other pair state 70, the rest nothing."""

    def rule(messages):
        body = messages[-1]["content"]
        lines = {line[1]: line for line in body.splitlines() if line.startswith(("(A)", "(B)"))}
        letter = max("AB", key=lambda letter: len(lines[letter]))
        return (
            f"[[{letter}]]"
            if int(re.search(r"Question (\d+)", body)[1]) % 2
            else f"[[{letter}]] certainty: 70"
        )

    monkeypatch.setattr(Context, "chat", lambda self: chat_model("scripted", script=rule))
    result = run(EXPERIMENT, Context(folder=folder, model=LIVE, quick=True))
    found = {(row.metric, row.method): row for row in result.rows if row.setting == "PRISM, all features"}
    share = found["share without a certainty", LIVE].value
    assert 0 < share < 1
    assert found["share without a verdict", LIVE].value == 0
    stated = found["ECE, 10 bins of equal width", f"{LIVE}, certainty as stated"]
    assert stated.n == round((1 - share) * 60)
    certainty, right = confidences_of("personaljudge", Context(folder=folder, model=LIVE))[
        f"{LIVE}, all features"
    ]
    assert stated.value == pytest.approx(abs(0.7 - right.mean()))
    assert set(certainty) == {0.7}
    assert found["ECE, 10 bins of equal width", f"{LIVE}, Platt on the other half"].n == stated.n


def test_a_server_that_never_names_an_answer_is_counted(folder, server):
    result = run(EXPERIMENT, Context(folder=folder, model=server.model, quick=True, limit=2))
    found = {(row.setting, row.metric): row.value for row in result.rows}
    assert found["PRISM, all features", "unparsed answers"] == 1.0
    assert found["PRISM, all features", "share without a verdict"] == 1.0
    assert ("PRISM, all features", "ECE, 10 bins of equal width") not in found
    assert found["PRISM, no persona", "accuracy at coverage 100%"] == 0.0
    assert server.n_calls == 8


def test_the_certainties_of_a_live_model_can_be_drawn(folder, server):
    context = Context(folder=folder, model=server.model, limit=4)
    with pytest.raises(BadInput, match="gave no confidence"):
        confidences_of("personaljudge", context)
    messages = [call["body"]["messages"][-1]["content"] for call in server.saw()["calls"]]
    options = [
        {line[1]: line for line in m.splitlines() if line.startswith(("(A)", "(B)"))} for m in messages
    ]
    longer = [max("AB", key=lambda letter, lines=lines: len(lines[letter])) for lines in options]
    server.behave(answers={m: f"[[{a}]] certainty: 70" for m, a in zip(messages, longer, strict=True)})
    found = confidences_of("personaljudge", context)
    assert list(found) == [f"{server.model}, all features"]
    certainty, right = found[f"{server.model}, all features"]
    assert certainty.tolist() == [0.7] * 4
    assert right.tolist() == [0.0, 1.0, 1.0, 1.0]  # the first pair's chosen answer is the shorter


def test_samples_hold_the_persona_and_the_chosen_answer(folder):
    made = samples(Context(folder=folder))
    assert len(made) == 60
    first = made[0]
    assert "years old" in first["prompt"]
    assert first["options"][first["target"]] == "Fine 0."


@pytest.mark.data
def test_the_recorded_runs_score_as_published():
    """Accuracy over A/B answers of every run of the card's table, to three decimals (PR's .7805 is printed as .780)."""
    found = {each.name: each for each in recordings(Context()).runs}
    for name, (n, accuracy, high, n_high) in EXPECTED.items():
        answered = found[name].answered
        right = [row.answer == row.truth for row in answered]
        assert (len(right), np.mean(right)) == (n, pytest.approx(accuracy, abs=6e-4))
        sure = [row.answer == row.truth for row in answered if (row.certainty or 0) >= 0.8]
        assert high is None or np.mean(sure) == pytest.approx(high, abs=6e-4)
        assert n_high is None or len(sure) == n_high


@pytest.mark.data
def test_a_quick_run_misses_only_the_bars_that_the_readme_names():
    start = time.process_time()
    result = run(EXPERIMENT, Context(quick=True))
    assert not [(row.setting, row.metric, row.method) for row in result.rows if row.met is False]
    assert time.process_time() - start < 30
