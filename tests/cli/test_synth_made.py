"""`personae synth threads`, `backstories` and `rate` as they are typed, and what `reveal` makes of their files."""

import json
import subprocess
import sys
import urllib.request

import pytest
from typer.testing import CliRunner

from personae.cli.synth import app
from personae.errors import BadInput, UnknownName
from personae.people.archives import read_archives
from personae.people.records import Trace
from personae.synth.rating import Rating, Ratings


def ran(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def traces(file):
    return [row for archive in read_archives(file) for row in archive.rows if isinstance(row, Trace)]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_threads_and_interviews_are_tables_that_reveal_reads(tmp_path, ending):
    made, told = tmp_path / f"threads.{ending}", tmp_path / f"told.{ending}"
    note = ran("threads", "--n", 2, "--n-people", 20, "--out", made).stderr
    assert "2 threads" in note
    found = traces(made)
    assert f"{len(found)} texts" in note
    assert {trace.kind for trace in found} == {"post", "comment"}
    assert len({trace.thread for trace in found}) == 2
    ran("backstories", "--n", 3, "--out", told)
    assert len(traces(told)) == 3 * 8


def test_people_come_from_a_file_and_lines_go_to_stdout(tmp_path):
    file = tmp_path / "people.jsonl"
    people = [{"person": f"p{i}", "age": 30 + i, "provenance": "by hand"} for i in range(5)]
    file.write_text("".join(json.dumps(person) + "\n" for person in people))
    lines = ran("threads", "--people", file, "--n", 1, "--about", "age", "-q").stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    assert {row["person"] for row in rows} <= {person["person"] for person in people}
    assert {row["about"] for row in rows} == {"age"}
    assert rows[1]["parent"].endswith("-0")
    file.write_text("".join(json.dumps({"person": "p", "age": age}) + "\n" for age in (1, 2)))
    with pytest.raises(BadInput, match="two rows are of one person"):
        ran("backstories", "--people", file)
    file.write_text('{"name": "p"}\n')
    with pytest.raises(BadInput, match="no column 'person'"):
        ran("backstories", "--people", file)
    with pytest.raises(BadInput, match="the name's end"):
        ran("backstories", "--n", 1, "--out", tmp_path / "x.txt")


def test_a_model_tells_and_a_recording_goes_on_where_it_stopped(tmp_path, server):
    file = tmp_path / "answers.jsonl"
    options = ("--n", 1, "--model", server.model, "--recording", file, "-q")
    first = ran("backstories", *options).stdout
    assert json.loads(first.splitlines()[0])["text"].startswith("You said: ")
    assert json.loads(first.splitlines()[0])["provenance"]["writer"] == server.model
    calls = server.n_calls
    assert ran("backstories", *options).stdout == first
    assert server.n_calls == calls


def test_profiles_hold_the_parts_that_were_asked_for():
    row = json.loads(ran("profiles", "--n", 1, "--condition", "sc").stdout)
    assert row["condition"] == "SC"
    assert "My daily life" in row["text"]
    assert "What I am like" not in row["text"]
    assert len(row["digest"]) == 32
    with pytest.raises(UnknownName, match="SPC"):
        ran("profiles", "--condition", "X")


def test_answers_are_kept_beside_the_output(tmp_path, server):
    out = tmp_path / "told.jsonl"
    ran("backstories", "--n", 1, "--model", server.model, "--out", out, "-q")
    calls = server.n_calls
    ran("backstories", "--n", 1, "--model", server.model, "--out", out, "--overwrite", "-q")
    assert server.n_calls == calls > 0


def test_ratings_are_analyzed(tmp_path):
    ratings = Ratings(tmp_path / "r.jsonl")
    for rater in "ab":
        for i in range(6):
            ratings.add(Rating(rater, f"c{i}", i < 3, i < 4))
    lines = ran("rate", "--analyze", ratings.file, "--json").stdout.splitlines()
    found = {row["measure"]: row for row in map(json.loads, lines)}
    assert found["accuracy of telling apart"]["value"] == round(5 / 6, 4)
    assert found["made comments judged real"]["value"] == round(1 / 3, 4)
    assert found["agreement of two raters"]["value"] == 1.0
    assert found["accuracy of a"]["n"] == 6
    assert "accuracy" in ran("rate", "--analyze", ratings.file).stdout
    assert ran("rate").exit_code == 2


def test_a_study_is_served_until_it_is_stopped(tmp_path):
    for name in ("real", "made"):
        rows = [{"person": name, "text": f"{name} comment number {i}"} for i in range(4)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [
        sys.executable, "-m", "personae", "synth", "rate", "--real", tmp_path / "real.jsonl", "--made", tmp_path / "made.jsonl",
        "--n", "3", "--out", tmp_path / "r.jsonl",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            told = json.loads(process.stdout.readline())
            assert told["comments"] == 6
            page = urllib.request.urlopen(told["address"], timeout=5).read().decode()
            assert "name for you" in page
        finally:
            process.terminate()
