import csv
import gzip
import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from personae.cli.papers import app
from personae.errors import BadInput
from personae.papers.distinfer.defences import curves
from personae.papers.harness import Comparison, Context, paper
from personae.papers.pictures import confidences_of, draw, draw_curves
from personae.papers.table import load

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


def _defended(setting, method, value, low, high):
    metric = "omega" if method == "best of all" else "accuracy of the victims on their own ratio"
    return Comparison(f"share of women, 0.5 against 0.1, {setting}", metric, method, value, low, high, 80)


def test_defence_curves_pair_the_best_attack_with_the_accuracy_of_each_step():
    found = curves([
        _defended("early stopping, 9 epochs", "loss test", 0.6, 0.5, 0.7),
        _defended("early stopping, 9 epochs", "best of all", 0.9, 0.8, 1.0),
        _defended("early stopping, 9 epochs", "victims", 0.8, 0.7, 0.9),
        _defended("early stopping, 2 epochs", "best of all", 0.5, 0.4, 0.6),
        _defended("early stopping, 2 epochs", "victims", 0.6, 0.5, 0.7),
        replace(_defended("", "best of all", 1.0, 0.9, 1.0), setting="share of women, .5 against 0.1"),
    ])  # fmt: skip
    assert found == {"early stopping": [(0.8, 0.9, 0.8, 1.0), (0.6, 0.5, 0.4, 0.6)]}


def test_the_command_draws_the_saved_defences(tmp_path):
    pytest.importorskip("matplotlib")
    for name in ("page.html", "curves.png"):
        done = CliRunner().invoke(app, ["plot", "distinfer", str(tmp_path / name)])
        assert done.exit_code == 0, done.exception
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    text = (tmp_path / "page.html").read_text()
    assert text.count("<li>") == 3
    rows = load(paper("distinfer")).rows
    last = next(row for row in rows if "noise 5" in row.setting and row.method == "best of all")
    assert f"told {100 * last.value:.0f}%" in text
    with pytest.raises(BadInput, match="no defence curves"):
        draw_curves("synthpai", tmp_path / "none.html")


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
