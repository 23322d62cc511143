import csv
import io
import time

import numpy as np
import pytest
import zstandard

from personae.errors import BadInput
from personae.mind.twins import agreement
from personae.models.strings import chat_model
from personae.papers.harness import Context, run
from personae.papers.twin2k.experiment import EXPERIMENT, samples
from personae.papers.twin2k.items import ITEMS, TWIN, truths
from personae.papers.twin2k.study import DATA, load


def write(folder, name, rows):
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    body = text.getvalue().encode()
    (folder / DATA).mkdir(exist_ok=True)
    (folder / DATA / name).write_bytes(zstandard.compress(body) if name.endswith(".zst") else body)


@pytest.fixture
def folder(tmp_path):
    """120 invented people whose politics, income, schooling and church follow two scores, and one study of them."""
    random = np.random.default_rng(0)
    people, answers = [], []
    for i in range(120):
        left, rich = random.normal(size=2)
        place = {
            "political_views": left,
            "religious_attendance": left,
            "education_level": rich,
            "income": rich,
        }
        chosen = {
            name: ITEMS[name].options[
                int(
                    np.clip(
                        np.floor((value + 2) / 4 * len(ITEMS[name].options)), 0, len(ITEMS[name].options) - 1
                    )
                )
            ]
            for name, value in place.items()
        }
        people.append(
            {
                "pid": f"p{i}",
                "gender": "f" if i % 2 else "m",
                **chosen,
                "score_left": f"{left:.3f}",
                "score_rich": f"{rich:.3f}",
            }
        )
        if i < 60:
            answers.append(
                {
                    "study_name": "S",
                    "variable_name": "q",
                    "specification": "x",
                    "TWIN_ID": f"p{i}",
                    "human": str(i % 5),
                    "twin": "2",
                }
            )
    write(tmp_path, "people_scores.csv.zst", people)
    write(tmp_path, "mega_study_answers.csv.zst", answers)
    write(
        tmp_path,
        "mega_study_variable_ranges.csv",
        [{"study_name": "S", "DV_variable": "q", "DV_min": "0", "DV_max": "4"}],
    )
    return tmp_path


def test_the_study_is_read_into_tables(folder):
    study = load(Context(folder=folder))
    assert study.outcomes == (("S", "q"),)
    assert study.human[:3, 0].tolist() == [0, 1, 2]
    assert np.isnan(study.human[60:]).all()
    assert (study.low.tolist(), study.spans.tolist()) == ([0.0], [4.0])
    assert study.survey.names_[:2] == ("score_left", "score_rich")
    hidden = study.features(leave_out=("score_left", "gender"))
    assert hidden.shape[1] == study.known.shape[1] - 3
    assert load(Context(folder=folder, limit=30)).outcomes == ()


def test_samples_hide_the_answer_they_ask_for(folder):
    context = Context(folder=folder, limit=5)
    found = samples(context)
    assert len(found) == 5 * len(ITEMS)
    first = found[0]
    assert first["metadata"] == {"person": "p0", "item": "political_views"}
    profile = first["prompt"].split("Question")[0]
    assert "Political views" not in profile
    assert "score_left" in profile
    target = truths(load(context))[0, 0] * 4
    assert first["target"] == target


def test_a_live_model_is_asked_as_each_person(folder, monkeypatch):
    asked = []

    def answer(messages):
        asked.append(messages)
        said = messages[-1]["content"]
        place = next(line for line in said.splitlines() if line.startswith("score_left"))
        share = int("".join(c for c in place.split(":")[1].split(" of")[0] if c.isdigit())) / 100
        n = said.count("\n(")
        return "no idea" if "p" not in said else f"({'ABCDEF'[min(n - 1, int(share * n))]})"

    monkeypatch.setattr(Context, "chat", lambda self: chat_model("scripted", script=answer))
    result = run(EXPERIMENT, Context(folder=folder, model="http://localhost:1/v1#m", quick=True))
    found = {(row.metric, row.method): row.value for row in result.rows}
    assert len(asked) == 120 * len(ITEMS)
    assert "as this person would" in asked[0][0]["content"]
    assert found["r, political_views", "http://localhost:1/v1#m"] > 0.8
    assert abs(found["r, income", "http://localhost:1/v1#m"]) < 0.3
    assert found["r, income", TWIN] > 0.8
    assert found["unparsed, %", "http://localhost:1/v1#m"] == 0
    scales = {row.metric for row in result.rows if row.method.startswith("shortcut: ")}
    assert scales == {"exact answers, share"}
    exact = found["exact answers, share", "http://localhost:1/v1#m"]
    assert 0.25 < exact < found["accuracy", "http://localhost:1/v1#m"]
    assert found["mean r, difference", f"http://localhost:1/v1#m minus {TWIN}"] < 0


def test_answers_that_cannot_be_read_are_counted_not_guessed(folder, monkeypatch):
    monkeypatch.setattr(
        Context, "chat", lambda self: chat_model("scripted", script=lambda messages: "A or B, who knows")
    )
    result = run(EXPERIMENT, Context(folder=folder, model="http://localhost:1/v1#m", quick=True, limit=20))
    found = {(row.metric, row.method): row.value for row in result.rows}
    assert found["unparsed, %", "http://localhost:1/v1#m"] == 100
    assert found["exact answers, share", "http://localhost:1/v1#m"] == 0
    assert np.isnan(found["accuracy", "http://localhost:1/v1#m"])


def test_too_few_people_for_a_study_are_refused(folder):
    with pytest.raises(BadInput, match="--limit"):
        run(EXPERIMENT, Context(folder=folder, limit=10))


@pytest.mark.data
def test_r_n_and_means_of_every_outcome_are_the_expected_ones():
    """expected_shared_correlations.csv, five decimals; the LLM twin's mean r .210 and accuracy .752 (card)."""
    context = Context()
    study = load(context)
    found = agreement(study.human, study.twin, study.spans)
    expected = {
        (row["study_name"], row["variable_name"]): row
        for row in context.rows(DATA, "expected_shared_correlations.csv")
    }
    assert len(expected) == len(study.outcomes) == 164
    for j, outcome in enumerate(study.outcomes):
        assert found.n[j] == float(expected[outcome]["n"])
        assert found.mean_human[j] == pytest.approx(float(expected[outcome]["mean_human"]), abs=6e-6)
        r = expected[outcome]["r"]
        assert (found.r[j] == pytest.approx(float(r), abs=6e-6)) if r else np.isnan(found.r[j])
    assert np.nanmean(found.r) == pytest.approx(0.210, abs=0.001)
    assert np.nanmean(found.accuracy) == pytest.approx(0.752, abs=0.001)


@pytest.mark.data
def test_a_quick_run_meets_every_bar():
    start = time.process_time()
    result = run(EXPERIMENT, Context(quick=True))
    assert [row for row in result.rows if row.met is False] == []
    named = {(row.metric, row.method): row for row in result.rows if row.bar}
    assert named["mean r", "statistical twin"].bar == "> .247"
    assert named["mean r", "hybrid twin"].bar == "> .302"
    assert time.process_time() - start < 30
