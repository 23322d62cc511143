import csv
import gzip
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from personae.cli.papers import app
from personae.errors import BadInput
from personae.papers.harness import Context
from personae.papers.pictures import confidences_of, draw

SOME = {
    "token": (np.array([0.9, 0.8, 0.3]), np.array([1.0, 1.0, 0.0])),
    "<stated>": (np.array([0.5]), np.array([0.0])),
}


def test_a_page_holds_the_picture_inline_and_names_the_series(tmp_path):
    for kind, word in (
        ("reliability", "said 90%, right 100%"),
        ("risk-coverage", "answering 100%, wrong 33%"),
    ):
        draw("knowwhatknow", SOME, tmp_path / "page.html", kind=kind)
        text = (tmp_path / "page.html").read_text()
        assert "<svg" in text
        assert word in text
        assert "<li>&lt;stated&gt;</li>" in text


def test_a_picture_file_is_drawn_by_matplotlib(tmp_path):
    pytest.importorskip("matplotlib")
    draw("knowwhatknow", SOME, tmp_path / "picture.png", kind="risk-coverage")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_a_paper_without_confidences_says_which_have_some():
    with pytest.raises(BadInput, match="knowwhatknow"):
        confidences_of("synthpai", Context())


@pytest.mark.data
@pytest.mark.parametrize("slug", ["knowwhatknow", "thinkingoutloud", "personaljudge"])
def test_the_command_draws_recorded_confidences(slug, tmp_path):
    found = confidences_of(slug, Context(limit=50))
    assert all(
        len(chance) == len(right) > 0 and 0 <= chance.min() <= chance.max() <= 1
        for chance, right in found.values()
    )
    result = CliRunner().invoke(app, ["plot", slug, str(tmp_path / "page.html"), "--limit", "50"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "page.html").read_text().count("<li>") == len(found)


@pytest.fixture
def questions(tmp_path, monkeypatch):
    """Eight invented questions of each set: yes to three in four, and sums."""
    folder = tmp_path / "data" / "knowwhatknow"
    folder.mkdir(parents=True)
    with gzip.open(folder / "boolq_dev.csv.gz", "wt") as file:
        lines = [[i, f"is item {i} blue", str(i % 4 != 0), f"Passage {i}."] for i in range(8)]
        csv.writer(file).writerows([["idx", "question", "answer", "passage"], *lines])
    with gzip.open(folder / "zeroeval_math-l5_questions.jsonl.gz", "wt") as file:
        for i in range(8):
            file.write(json.dumps({"item": i, "question": f"What is {i} + {i}?", "gold": str(2 * i)}) + "\n")
    monkeypatch.setenv("PERSONAE_DATA", str(folder.parent))


def _says(asked):
    """Always yes, the sums right up to three, 90% sure."""
    if "What is" in asked:
        i = int(asked.split()[2])
        return f"Answer: {2 * i if i < 4 else 1}\nConfidence: 90%"
    yes = next(line for line in asked.splitlines() if line.startswith("(") and line[4:] in ("yes", "True"))
    return f"({yes[1]}) Confidence: 90%"


@pytest.mark.parametrize(
    ("slug", "series", "page"),
    [("knowwhatknow", "stated", "said 90%, right 75%"), ("thinkingoutloud", "stated", "said 90%, right 50%")],
)
def test_a_live_models_confidences_are_drawn(slug, series, page, questions, server, tmp_path):
    path, recording = tmp_path / "page.html", tmp_path / "answers.jsonl"
    asked = ["plot", slug, str(path), "--model", server.model]
    CliRunner().invoke(app, asked)
    messages = [call["body"]["messages"][-1]["content"] for call in server.saw()["calls"]]
    server.behave(answers=dict.fromkeys(messages, "Hm."))
    path.unlink(missing_ok=True)
    silent = CliRunner().invoke(app, asked)
    assert isinstance(silent.exception, BadInput)
    assert "gave no confidence" in str(silent.exception)
    assert not path.exists()
    server.behave(answers={message: _says(message) for message in messages})
    done = CliRunner().invoke(app, [*asked, "--recording", str(recording)])
    assert done.exit_code == 0, done.output
    text = path.read_text()
    assert f"<li>{server.model}, {series}</li>" in text
    assert page in text
    n_calls = server.n_calls
    assert (
        CliRunner().invoke(app, [*asked, "--recording", str(recording), "--kind", "risk-coverage"]).exit_code
        == 0
    )
    assert server.n_calls == n_calls  # what is in the recording is not asked for again
    assert "answering 100%" in path.read_text()
