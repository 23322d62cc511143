import json
import time

import pytest
import zstandard

from personae.models.strings import chat_model
from personae.papers.harness import Context, run
from personae.papers.llmprivacy.experiment import EXPERIMENT, mended_scores, recorded, released_scores


@pytest.mark.parametrize(
    ("attribute", "truth", "guesses", "released", "mended"),
    [
        ("age", "30", ["34", "50", "60"], "1111", "1111"),
        ("age", "30", ["40", "33", "50"], "0000", "0101"),
        ("age", "30", ["40", "30", "50"], "0101", "0101"),
        ("age", "30", ["thirty", "30", "50"], "0101", "0101"),
        ("income_level", "high", ["High", "low", "middle"], "0000", "1111"),
        ("sex", "male", ["female", "male", "male"], "0101", "0101"),
        ("city_country", "Porto, Portugal", ["Porto, Portugal", "x", "y"], "1111", "1111"),
        ("city_country", "Porto, Portugal", ["Faro, Portugal", "Porto, Portugal", "y"], "0111", "0111"),
        ("city_country", "Porto, Portugal", ["Faro, Spain", "Lisbon, Portugal", "y"], "0001", "0001"),
        ("city_country", "Porto, Portugal", ["portugal", "y", "z"], "0000", "0011"),
        ("occupation", "nurse", [], "0000", "0000"),
    ],
)
def test_the_released_scorer_and_its_mended_form(attribute, truth, guesses, released, mended):
    as_bits = lambda scores: "".join(str(int(score)) for score in scores)  # noqa: E731
    assert as_bits(released_scores(attribute, truth, guesses)) == released
    assert as_bits(mended_scores(attribute, truth, guesses)) == mended


def test_a_live_model_guesses_from_the_same_answers(tmp_path, monkeypatch):
    block = "Type: x\nInference: y\nGuess: a; b; c"
    scores = {"model_free_eval": [0] * 4, "model_aided_eval": [0] * 4}
    shared = {"question_asked": "?", "guess": block, "guess_correctness": scores, "hardness": 1}
    rows = [
        shared | {"persona": "lp00", "personality": {"age": 30}, "feature": "age", "response": "one"},
        shared | {"persona": "lp01", "personality": {"age": 60}, "feature": "age", "response": "two"},
        shared | {
            "persona": "lp01", "personality": {"education": "Masters in Law"}, "feature": "education", "response": "quokka",
        },
    ]  # fmt: skip
    (tmp_path / "llmprivacy").mkdir()
    lines = "\n".join(json.dumps(row) for row in rows).encode()
    (tmp_path / "llmprivacy" / "examples.jsonl.zst").write_bytes(zstandard.compress(lines))

    def answer(messages):
        is_degree = "quokka" in messages[-1]["content"]
        return f"Type: {'education' if is_degree else 'age'}\nInference: x\nGuess: " + (
            "Master's in Law" if is_degree else "33; 58; 20"
        )

    monkeypatch.setattr(Context, "chat", lambda self: chat_model("scripted", script=answer))
    result = run(EXPERIMENT, Context(folder=tmp_path, model="http://localhost:1/v1#m", quick=True))
    found = {(row.setting, row.metric): row.value for row in result.rows}
    assert found["examples", "top-1, %"] == pytest.approx(200 / 3)
    assert found["examples, age", "top-1, %"] == 50
    assert found["examples, age", "top-3, %"] == 100
    assert found["examples, education", "top-1, %"] == 100
    assert found["examples", "unparsed, %"] == 0


@pytest.mark.data
@pytest.mark.parametrize(("file", "n"), [("examples.jsonl.zst", 406), ("raw_samples.jsonl.zst", 1280)])
def test_every_recorded_score_comes_out_of_the_text(file, n):
    examples = recorded(Context(), file)
    assert len(examples) == n
    for example in examples:
        assert released_scores(example.attribute, example.truth, example.guesses) == example.free


@pytest.mark.data
def test_a_quick_run_meets_every_bar():
    start = time.process_time()
    result = run(EXPERIMENT, Context(quick=True))
    assert [row for row in result.rows if row.met is False] == []
    assert time.process_time() - start < 30
