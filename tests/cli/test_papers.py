import json
import shlex

import pytest
from typer.testing import CliRunner

from personae.cli.papers import app
from personae.errors import BadInput, ModelFailed, UnknownName
from personae.papers import harness, table
from personae.papers.harness import Experiment, Paper, compare


@pytest.fixture
def made(tmp_path, monkeypatch):
    paper = Paper("made", "A made paper", 2026, "arXiv:0", "mind", ())
    monkeypatch.setattr(Paper, "folder", property(lambda self: tmp_path / self.slug))
    monkeypatch.setattr(harness, "papers", lambda: {"made": paper})
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "experiment.py").write_text("")
    (folder / "README.md").write_text(f"# Made\n{table.BEGIN.format(slug='made')}\n{table.END}\n")

    def rows(context):
        for item in context.track([1, 2], "items"):
            yield compare("s", f"metric {item}", context.model, item + context.seed, bar="<= 2")

    monkeypatch.setattr(harness, "experiment", lambda slug: Experiment(slug, rows))
    return folder


def _invoke(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_run_save_bars_table_show_and_list(made):
    run = _invoke("run", "made", "--save", "--json")
    assert run.exit_code == 0, run.output
    printed = json.loads(run.stdout)
    assert printed["command"] == "personae papers run made"
    assert [row["met"] for row in printed["rows"]] == [True, True]
    assert printed == json.loads((made / "results.json").read_text())
    assert _invoke("bars").exit_code == 0
    assert "metric 1" in _invoke("table", "made").stdout
    assert _invoke("table", "made", "--format", "markdown").stdout.startswith("| setting |")
    assert "<table>" in _invoke("table", "made", "--format", "html").stdout
    assert "# Made" in _invoke("show", "made").stdout
    assert json.loads(_invoke("table", "made", "--json").stdout) == json.loads(
        (made / "results.json").read_text()
    )
    assert _invoke("table", "made", "--quiet").stderr == _invoke("bars", "--quiet").stderr == ""
    listed = json.loads(_invoke("list", "--json").stdout)
    assert (listed["paper"], listed["slug"], listed["status"]) == ("made", "made", "measured")


def test_altered_data_are_told_and_nothing_is_saved_of_them(made, tmp_path, monkeypatch):
    paper = Paper("made", "A made paper", 2026, "arXiv:0", "mind", ("personamem",))
    monkeypatch.setattr(harness, "papers", lambda: {"made": paper})
    monkeypatch.setenv("PERSONAE_DATA", str(tmp_path))
    (tmp_path / "personamem").mkdir()
    (tmp_path / "personamem" / "recorded_answers_reasoning_model.jsonl.zst").write_bytes(b"cut off")
    run = _invoke("run", "made")
    assert run.exit_code == 0
    assert "recorded_answers_reasoning_model.jsonl.zst not as long" in " ".join(run.stderr.split())
    refused = _invoke("run", "made", "--save")
    assert refused.exit_code != 0
    assert "Nothing is saved" in str(refused.exception)
    assert not (made / "results.json").exists()


def test_what_is_recomputed_is_printed_before_anything_is_learned(made, monkeypatch):
    seen = []

    def rows(context):
        yield compare("s", "recorded", "x", 1.0)

    def learned(context):
        seen.append("learned")
        yield compare("s", "learned", "x", 2.0)

    found = Experiment("made", rows, learned)
    monkeypatch.setattr(harness, "experiment", lambda slug: found)
    printed = _invoke("run", "made")
    assert [line.split("\t")[1] for line in printed.stdout.splitlines()] == ["metric", "recorded", "learned"]
    assert "1 rows recomputed in" in printed.stderr
    assert [row["metric"] for row in json.loads(_invoke("run", "made", "--json").stdout)["rows"]] == [
        "recorded",
        "learned",
    ]
    harness.run(found, harness.Context(), recomputed=lambda rows, seconds: seen.append(len(rows)))
    assert seen == ["learned", "learned", 1, "learned"]
    live = harness.run(found, harness.Context(model="http://localhost:1/v1#m"))
    assert [row.metric for row in live.rows] == ["recorded"]


def test_a_missed_bar_exits_with_one(made):
    assert _invoke("run", "made", "--seed", "1", "--save").exit_code == 0
    bars = _invoke("bars", "made")
    assert bars.exit_code == 1
    assert "MISSED" in bars.stdout
    values = [json.loads(line) for line in _invoke("bars", "--json").stdout.splitlines()]
    assert [(row["value"], row["met"]) for row in values] == [(2, True), (3, False)]
    assert [(row["slug"], row["paper"]) for row in values] == [("made", None)] * 2


def test_a_stale_readme_is_written_again(made):
    _invoke("run", "made", "--save")
    readme = made / "README.md"
    fresh = readme.read_text()
    readme.write_text(fresh.replace("metric 1", "metric 9"))
    assert _invoke("table", "made", "--write").exit_code == 0
    assert readme.read_text() == fresh


@pytest.mark.parametrize("option", [("--quick",), ("--limit", "3"), ("--model", "http://localhost:1/v1#m")])
def test_only_full_runs_are_saved(made, option):
    failed = _invoke("run", "made", "--save", *option)
    assert failed.exit_code == 2
    assert not (made / "results.json").exists()


def test_a_live_model_reaches_the_experiment_and_is_named(made):
    live = ("--model", "http://localhost:1/v1#m", "--limit", "3")
    printed = json.loads(_invoke("run", "made", "--json", *live).stdout)
    assert printed["rows"][0]["method"] == printed["model"] == "http://localhost:1/v1#m"
    again = shlex.split(printed["command"])
    assert again == ["personae", "papers", "run", "made", *live]


def test_a_budget_counts_every_model_of_a_run_and_stops_it(made, monkeypatch, server):
    def rows(context):
        for item in (1, 2, 3):
            context.chat().reply([{"role": "user", "content": "Hi"}], max_tokens=1000)
            yield compare("s", f"metric {item}", "m", server.n_calls)

    monkeypatch.setattr(harness, "experiment", lambda slug: Experiment(slug, rows))
    live = ("run", "made", "--model", server.model, "--price", "0/1000")
    done = _invoke(*live, "--budget-usd", "9")
    assert done.exit_code == 0, done.exception
    assert "spent: 3 calls" in done.stderr
    assert "$" in done.stderr
    stopped = _invoke(*live, "--budget-usd", "1.0001")
    assert isinstance(stopped.exception, ModelFailed)
    assert "Stopped before exceeding the budget of $1.0001" in str(stopped.exception)
    assert isinstance(
        _invoke("run", "made", "--model", server.model, "--budget-usd", "1").exception, BadInput
    )
    wrong = _invoke("run", "made", "--price", "1/2")
    assert wrong.exit_code == 2
    assert "name it with --model" in " ".join(wrong.stderr.replace("│", "").split())


def test_bars_of_a_limited_run_are_not_held(made):
    printed = _invoke("run", "made", "--limit", "1")
    assert printed.stdout.count("<= 2 not held") == 2
    assert "not held: 2" in printed.stderr
    assert "bars met" not in printed.stderr
    rows = json.loads(_invoke("run", "made", "--limit", "1", "--json").stdout)["rows"]
    assert [(row["bar"], row["met"]) for row in rows] == [("<= 2", None)] * 2


def test_a_recording_that_nothing_is_asked_for_is_noted(made, tmp_path):
    kept = ("--recording", str(tmp_path / "answers.jsonl"))
    assert "without --model" in _invoke("run", "made", *kept).stderr
    assert "without --model" not in _invoke("run", "made", *kept, "--model", "http://localhost:1/v1#m").stderr


def test_every_name_is_looked_up_before_anything_runs(made, monkeypatch):
    def known(slug):
        if slug != "made":
            raise UnknownName("No paper.")
        return Experiment(slug, lambda context: pytest.fail("ran"))

    monkeypatch.setattr(harness, "experiment", known)
    failed = _invoke("run", "made", "nosuch")
    assert isinstance(failed.exception, UnknownName)


def test_wrong_use_is_named(made):
    assert _invoke("run").exit_code == 2
    assert _invoke("table", "made", "--format", "pdf").exit_code == 1  # nothing saved yet
    _invoke("run", "made", "--save")
    assert _invoke("table", "made", "--format", "pdf").exit_code == 2
