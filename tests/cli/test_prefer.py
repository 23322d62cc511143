"""`personae prefer`: the bench on a small table, and the questions over piped lines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from personae import preference
from personae.cli import main
from personae.cli.prefer import METHODS, app
from personae.errors import BadInput, UnknownName
from personae.metrics.intervals import Interval
from personae.models.encoder import home_encoder
from personae.preference import TextFeatures, method_named

TEXTS = ("a walk by the sea", "a long swim", "a boat trip", "a chess game", "a crossword", "a quiet book")
IS_OUTDOORS = dict(zip(TEXTS, (1, 1, 1, 0, 0, 0), strict=True))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty invented people, half of whom like to be outdoors."""
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    with path.open("w") as stream:
        for number in range(20):
            for _ in range(12):
                a, b = random.choice(TEXTS, 2, replace=False).tolist()
                likes_a = IS_OUTDOORS[a] > IS_OUTDOORS[b] or (
                    IS_OUTDOORS[a] == IS_OUTDOORS[b] and random.random() < 0.5
                )
                choice = "a" if likes_a == bool(number % 2) else "b"
                row = {"person": f"p{number}", "context": "", "a": a, "b": b, "choice": choice}
                stream.write(json.dumps(row) + "\n")
    return path


def _run(*arguments: object, said: str = "") -> str:
    result = CliRunner().invoke(app, [str(each) for each in arguments], input=said, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_bench_prints_every_measure_of_each_method(table: Path, tmp_path: Path) -> None:
    picture = tmp_path / "curves.png"
    lines = _run(
        "bench", table, "--shots", "0,4", "--unseen", "0.3", "--json", "--plot", picture
    ).splitlines()
    found = [json.loads(line) for line in lines]
    assert {row["method"] for row in found} == {"taste"}
    accuracy = {row["shots"]: row for row in found if row["metric"] == "accuracy"}
    assert set(accuracy) == {0, 4}
    assert accuracy[4]["people"] == 6
    assert accuracy[4]["low"] <= accuracy[4]["value"] <= accuracy[4]["high"]
    assert {"people made worse", "seconds to fit", "bytes per person"} < {row["metric"] for row in found}
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_bench_measures_other_methods_by_name(table: Path) -> None:
    names = ("pal-a", "micro", "prefpalette")
    arguments = ("--shots", "0,4", "--unseen", "0.3", "--json", "--methods", ",".join(names))
    found = [json.loads(line) for line in _run("bench", table, *arguments).splitlines()]
    shown = {
        row["method"]: row["value"] for row in found if row["metric"] == "accuracy" and row["shots"] == 4
    }
    assert set(shown) == set(names)
    assert shown["pal-a"] > 0.5
    assert shown["micro"] > 0.5


def test_every_name_makes_a_method() -> None:
    assert tuple(preference.METHODS) == METHODS
    features = TextFeatures(home_encoder())
    methods = [method_named(name, features, random_state=3) for name in METHODS]
    assert {method.get_params()["random_state"] for method in methods} == {3}
    assert [type(method).__name__ for method in methods[-3:]] == ["FSPO", "FSPO", "PrefPalette"]


def test_bench_as_a_table_and_the_same_under_one_seed(table: Path) -> None:
    first, again = (_run("bench", table, "--shots", "0,4", "--quiet", "--seed", "3") for _ in range(2))
    assert first.splitlines()[0].split("\t")[:3] == ["method", "metric", "shots"]
    steady = [line for line in first.splitlines() if "seconds" not in line]
    assert steady == [line for line in again.splitlines() if "seconds" not in line]


def test_bench_on_the_first_people_only(table: Path) -> None:
    lines = _run("bench", table, "--limit", "10", "--shots", "0,2", "--json", "--unseen", "0.5").splitlines()
    people = {row["people"] for row in map(json.loads, lines) if row["metric"] == "accuracy"}
    assert people == {5}


def test_methods_shots_and_files_that_cannot_be_are_refused(table: Path) -> None:
    with pytest.raises(UnknownName, match="Nearest: taste"):
        _run("bench", table, "--methods", "tast")
    with pytest.raises(BadInput, match="no such file"):
        _run("bench", "none.jsonl")
    assert CliRunner().invoke(app, ["bench", str(table), "--shots", "two"]).exit_code == 2


def _outdoors(table: Path, answers: Path, most: int) -> dict[str, object]:
    """Answer as someone who likes to be outdoors: by the file that keeps the answers, one question a run."""
    told: dict[str, object] = {}
    for _ in range(most):
        told = json.loads(_run("ask", table, "--answers", answers, "--most", most, "--json", said="a\n"))
        rows = [json.loads(line) for line in answers.read_text().splitlines()]
        last = rows[-1]
        rows[-1]["choice"] = "a" if IS_OUTDOORS[last["a"]] > IS_OUTDOORS[last["b"]] else "b"
        answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return told


def test_ask_keeps_each_answer_and_goes_on_where_it_stopped(table: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    first = json.loads(_run("ask", table, "--answers", answers, "--json", said="a\nTIE\nmaybe\nb\nquit\n"))
    assert (first["person"], first["answers"], len(first["expected_right"])) == ("you", 3, 4)
    kept = [json.loads(line) for line in answers.read_text().splitlines()]
    assert [row["choice"] for row in kept] == ["a", "tie", "b"]
    again = json.loads(_run("ask", table, "--answers", answers, "--most", "5", "--json", said="a\na\na\n"))
    assert again["answers"] == 5
    kept = [json.loads(line) for line in answers.read_text().splitlines()]
    assert len({frozenset((row["a"], row["b"])) for row in kept}) == 5
    assert again["reasons"]
    done = json.loads(_run("ask", table, "--answers", answers, "--most", "5", "--json"))
    assert done["answers"] == 5


def test_ask_becomes_surer_with_consistent_answers(table: Path, tmp_path: Path) -> None:
    told = _outdoors(table, tmp_path / "answers.jsonl", 4)
    sure = told["expected_right"]
    assert isinstance(sure, list)
    start = json.loads(_run("ask", table, "--json"))["expected_right"][0]
    assert sure[-1] > start


def test_ask_ends_with_the_input_and_says_what_it_found(table: Path, tmp_path: Path) -> None:
    shown = _run("ask", table, "--person", "p1", "--most", "2", said="a\n")
    assert shown.splitlines()[0] == "answers\texpected right"
    assert "taste\tweight\trather\tthan" in shown
    nobody = json.loads(_run("ask", table, "--json"))
    assert (nobody["answers"], nobody["reasons"]) == (0, [])


def test_answers_that_cannot_be_read_are_named_by_file_and_row(table: Path, tmp_path: Path) -> None:
    answers = tmp_path / "mine.jsonl"
    answers.write_text(
        json.dumps({"person": "you", "context": "", "a": "x", "b": "y", "choice": "maybe"}) + "\n"
    )
    with pytest.raises(BadInput, match=r"mine\.jsonl, row 1"):
        _run("ask", table, "--answers", answers)


def test_a_count_of_shots_that_nobody_has_is_left_out_with_a_note(table: Path) -> None:
    result = CliRunner().invoke(app, ["bench", str(table), "--shots", "0,4,30", "--unseen", "0.3", "--json"])
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert {row["shots"] for row in rows if row["metric"] == "accuracy"} == {0, 4}
    assert "30 shots" in result.stderr


def test_a_stopped_bench_prints_the_methods_that_were_measured(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = preference.bench

    def stopped(methods: Any, *given: Any, **options: Any) -> Iterator[preference.Measure]:
        yield from whole({"taste": methods["taste"]}, *given, **options)
        yield preference.Measure("pal-a", "accuracy", 0, Interval(0.5, 0.4, 0.6, 9, 3))
        raise KeyboardInterrupt

    monkeypatch.setattr(preference, "bench", stopped)
    arguments = ["prefer", "bench", str(table), "--shots", "0,4", "--methods", "taste,pal-a", "--json"]
    monkeypatch.setattr(sys, "argv", ["personae", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 130
    assert {json.loads(line)["method"] for line in said.out.splitlines()} == {"taste"}
    assert "not measured: pal-a" in said.err


def test_what_cannot_be_written_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    """The table is not there, so that whatever reads it first says so."""
    for place, message in (
        ("curves.jpg", "pictures are written as"),
        ("none/curves.png", "folder is not there"),
    ):
        with pytest.raises(BadInput, match=message):
            _run("bench", tmp_path / "no.jsonl", "--plot", tmp_path / place)
    with pytest.raises(BadInput, match="answers cannot be kept there"):
        _run("ask", tmp_path / "no.jsonl", "--answers", tmp_path / "none" / "answers.jsonl")
    with pytest.raises(BadInput, match="answers cannot be kept there"):
        _run("ask", tmp_path / "no.jsonl", "--answers", tmp_path)


def test_seeds_that_no_generator_takes_are_wrong_use(table: Path) -> None:
    for seed in ("-1", str(2**32)):
        assert CliRunner().invoke(app, ["bench", str(table), "--seed", seed]).exit_code == 2


def test_a_person_of_the_table_is_not_asked_what_it_says_already(table: Path, tmp_path: Path) -> None:
    known = [json.loads(line) for line in table.read_text().splitlines()]
    said = {frozenset((row["a"], row["b"])) for row in known if row["person"] == "p1"}
    answers = tmp_path / "answers.jsonl"
    _run("ask", table, "--person", "p1", "--answers", answers, "--json", said="a\n" * 20)
    asked = {frozenset((row["a"], row["b"])) for row in map(json.loads, answers.read_text().splitlines())}
    assert asked
    assert not asked & said
    assert len(asked) == 15 - len(said)


def test_an_answer_is_kept_on_a_line_of_its_own(table: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    row = {"person": "you", "context": "", "a": TEXTS[0], "b": TEXTS[3], "choice": "a"}
    answers.write_text(json.dumps(row))
    assert json.loads(_run("ask", table, "--answers", answers, "--json", said="b\n"))["answers"] == 2
    assert [json.loads(line)["choice"] for line in answers.read_text().splitlines()] == ["a", "b"]


@pytest.mark.parametrize(
    ("verb", "package", "extra"), [("bench", "scipy", "learn"), ("ask", "scipy", "learn")]
)
def test_without_a_package_the_extra_is_named(table: Path, verb: str, package: str, extra: str) -> None:
    code = (
        f"import sys; sys.modules['{package}'] = None; sys.argv = ['personae', 'prefer', '{verb}', {str(table)!r}]\n"
        "from personae.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, input="", check=False)
    assert done.returncode == 1
    assert f"personae[{extra}]" in done.stderr
    assert "Traceback" not in done.stderr
