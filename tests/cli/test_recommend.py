"""`personae recommend` as it is typed: lists with reasons, questions over piped lines, an interrupt."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace

import pytest

from personae.cli import main

COMMAND = str(Path(sys.executable).with_name("personae"))


def personae(*words, text=""):
    """Run the program's own `main` on what is typed."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["personae", *map(str, words)])
        patch.setattr(sys, "stdin", io.StringIO(text))
        with pytest.raises(SystemExit) as ended:
            main()
    return SimpleNamespace(returncode=ended.value.code or 0, stdout=out.getvalue(), stderr=err.getvalue())


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "rows.jsonl"
    had = {"ana": "abc", "bo": "abd", "cleo": "abcd", "dag": "xyz", "eli": "xy"}
    rows = [{"person": who, "item": item} for who, items in had.items() for item in items]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def catalog(tmp_path):
    path = tmp_path / "things.jsonl"
    told = [
        {"item": item, "title": f"thing {item}", "attributes": [color, size]}
        for item, color, size in zip(
            "abcdxyz",
            ("red",) * 4 + ("blue",) * 3,
            ("big", "small", "big", "small", "big", "small", "tiny"),
            strict=True,
        )
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in told))
    return path


def test_lists_with_reasons(table, catalog, tmp_path):
    out = tmp_path / "lists.jsonl"
    done = personae(
        "recommend", table, "--person", "eli", "-n", 2, "--method", "itemknn", "--json", "--out", out
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["person"] == "eli"
    assert found["items"][0]["item"] == "z"
    assert set(found["items"][0]["because"]) == {"x", "y"}
    assert json.loads(out.read_text()) == found
    again = personae("recommend", table, "--out", out)
    assert again.returncode == 1
    assert "--overwrite" in again.stderr
    before = table.read_bytes()
    onto = personae("recommend", table, "--out", table, "--overwrite")
    assert onto.returncode == 1
    assert "is read by this run" in onto.stderr
    assert table.read_bytes() == before
    everyone = personae("recommend", table, "--method", "itemknn", "--items", catalog, "--limit", 2)
    lines = everyone.stdout.splitlines()
    assert lines[0].split("\t") == ["person", "place", "item", "score", "because"]
    assert {line.split("\t")[0] for line in lines[1:]} == {"ana", "bo"}
    assert "thing d" in everyone.stdout
    assert lines[1].split("\t")[-1] == "you like red, and people who had thing a, thing b or thing c had this"


def test_reasons_are_those_of_what_somebody_likes(table, catalog):
    done = personae(
        "recommend", table, "--method", "itemknn", "--items", catalog, "--person", "eli", "-n", 1, "--json"
    )
    (best,) = json.loads(done.stdout)["items"]
    assert (best["item"], best["like"], sorted(best["because"])) == ("z", "blue", ["thing x", "thing y"])
    assert best["reason"].startswith("you like blue, and people who had thing ")
    assert best["reason"].endswith(" had this")


@pytest.fixture
def rated(tmp_path):
    """Ratings of one to five: ana and bo like a and b, cleo a and c; dag likes nothing, and had a and x."""
    path = tmp_path / "rated.csv"
    told = {"ana": "a5 b4 c1", "bo": "a4 b5", "cleo": "a5 c4 x1", "dag": "a1 x2"}
    rows = [f"{who},{each[0]},{each[1]}" for who, each_of in told.items() for each in each_of.split()]
    path.write_text("\n".join(["person,item,value", *rows]) + "\n", encoding="utf-8")
    return path


def test_ratings_below_what_counts_as_liked_are_known_and_speak_for_nothing(rated):
    words = ("recommend", rated, "--method", "itemknn", "--json")
    done = personae(*words, "--liked", 4)
    assert (done.returncode, done.stderr) == (0, "")
    lists = {each["person"]: each["items"] for each in map(json.loads, done.stdout.splitlines())}
    assert {who: [each["item"] for each in items] for who, items in lists.items()} == {
        "ana": ["x"], "bo": ["c", "x"], "cleo": ["b"], "dag": ["b", "c"],
    }  # fmt: skip
    assert lists["bo"][0]["because"] == ["a"]
    assert {each["score"] for each in lists["dag"]} == {0.0}
    assert all(each["because"] == [] for each in lists["dag"])
    popular = personae(*words[:3], "popularity", "--json", "--liked", 4, "--person", "dag")
    assert [each["item"] for each in json.loads(popular.stdout)["items"]] == ["b", "c"]
    everything = personae(*words)
    assert "All 10 rows count as liked, whatever their value (1 to 5); --liked keeps" in everything.stderr
    assert personae(*words, "--quiet").stderr == ""
    none = personae(*words, "--liked", 6)
    assert none.returncode == 1
    assert "No row has a value of 6 or more; the highest is 5. Lower --liked." in none.stderr


def test_rows_that_are_left_out_are_counted(table):
    with table.open("a") as file:
        file.write('{"person": null, "item": "a"}\n{"person": "ana", "item": ""}\n')
    done = personae("recommend", table, "--method", "itemknn", "-n", 1)
    assert done.returncode == 0
    assert "rows left out: 2, first rows.jsonl:16: no person" in done.stderr


@pytest.mark.slow
def test_the_default_method_has_reasons_without_a_catalog_too(table):
    pytest.importorskip("torch")
    done = personae("recommend", table, "--person", "eli", "-n", 1, "--json")
    assert done.returncode == 0, done.stderr
    (best,) = json.loads(done.stdout)["items"]
    assert best["item"] not in "xy"
    assert best["item"] != "z" or set(best["because"]) == {"x", "y"}


def test_a_store_is_read_as_a_table_is(table, tmp_path):
    from personae.people.records import Item, Trace
    from personae.people.store import Store

    rows = [json.loads(line) for line in table.read_text().splitlines()]
    with Store(tmp_path / "w.duckdb") as store:
        store.add(
            Trace(row["person"], "x", str(place), kind="like", item=Item(row["item"]))
            for place, row in enumerate(rows)
        )
    done = personae(
        "recommend", "--store", tmp_path / "w.duckdb", "--person", "eli", "--method", "itemknn", "--json"
    )
    assert json.loads(done.stdout)["items"][0]["item"] == "z"


def test_a_piped_session_finds_what_was_meant_and_goes_on_where_it_stopped(catalog, tmp_path):
    session = tmp_path / "s.json"
    words = ("recommend", "--ask", "--items", catalog, "--session", session)
    first = personae(*words, text="red\n")
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines() == ["begun with: red"]
    move = json.loads(session.read_text())["move"]
    said = f"{move['ids'].index('c') + 1}\n" if move["kind"] == "show" else "y\n1\n"
    second = personae(*words, "--json", text=said)
    assert "goes on after 1 turns" in second.stderr
    found = json.loads(second.stdout)
    assert found["found"] in "abcd"
    assert found["lines"][-1].startswith("because you said red")


def test_the_end_of_the_input_and_quitting_are_no_errors(catalog):
    assert personae("recommend", "--ask", "--items", catalog, text="").returncode == 0
    done = personae("recommend", "--ask", "--items", catalog, "--json", text="?\nq\n")
    assert done.returncode == 0
    assert json.loads(done.stdout)["lines"] == ["begun with: nothing in particular"]


def test_a_session_of_another_catalog_is_refused_by_its_turn(catalog, tmp_path):
    session = tmp_path / "s.json"
    words = ("recommend", "--ask", "--session", session, "--items")
    assert personae(*words, catalog, text="red\n").returncode == 0
    other = tmp_path / "others.jsonl"
    other.write_text(catalog.read_text().replace("red", "green"))
    done = personae(*words, other, text="y\n")
    assert done.returncode == 1
    assert "s.json: Turn 1: names what this catalog does not have" in done.stderr
    assert len(json.loads(session.read_text())["turns"]) == 1


def started(*words):
    return subprocess.Popen(
        [COMMAND, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


def test_ctrl_c_while_lists_are_made_says_what_is_written(tmp_path):
    """The lists go into a pipe that nobody reads, so that the run waits in the middle of them."""
    table, out = tmp_path / "many.csv", tmp_path / "lists.jsonl"
    table.write_text("person,item\n" + "".join(f"p{n},i{n % 40}\np{n},i{n % 37}\n" for n in range(3000)))
    child = started("recommend", table, "--method", "popularity", "--json", "--out", out)
    assert child.stdout.readline()
    os.kill(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Traceback" not in said
    written = len(out.read_text().splitlines())
    assert 0 < written < 3000
    assert f"interrupted; {written} of 3000 lists were finished" in said


def test_ctrl_c_loses_nothing(catalog, tmp_path):
    session = tmp_path / "s.json"
    child = started("recommend", "--ask", "--items", catalog, "--session", session)
    child.stdin.write("red\n")
    child.stdin.flush()
    until = time.monotonic() + 60
    while not session.is_file() and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "interrupted; what was answered is kept in" in said
    assert "Traceback" not in said
    assert [turn["answer"] for turn in json.loads(session.read_text())["turns"]] == ["red"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "Name a TABLE"),
        (["none.jsonl"], 1, "no such file"),
        (["TABLE", "--person", "elli"], 2, "Nearest: eli"),
        (["TABLE", "--method", "itemnn"], 2, "Nearest: itemknn"),
        (["--ask"], 2, "--ask needs something to find"),
        (["--ask", "--items", "TABLE"], 1, "an item that has a row already"),
        (["--items", "CATALOG", "--data", "movielens"], 2, "not both"),
        (["--ask", "--items", "CATALOG", "-o", "x.jsonl", "-n", "3"], 2, "-n, --out: of lists"),
        (["--ask", "--items", "CATALOG", "--person", "eli"], 2, "--person: of what people had"),
        (["--ask", "--items", "CATALOG", "--liked", "4"], 2, "--liked: of what people had"),
        (["TABLE", "--turns", "4"], 2, "--turns: of a conversation"),
        (["TABLE", "-o", "FOLDER"], 1, "is a folder"),
        (["TABLE", "-o", "none/lists.jsonl"], 1, "none: no folder that can be written to"),
        (["--ask", "--items", "CATALOG", "--session", "FOLDER"], 1, "is a folder"),
        (["FOLDER"], 1, "a folder"),
    ],
)
def test_wrong_use_is_one_clear_line(table, catalog, words, code, said):
    named = {"TABLE": table, "CATALOG": catalog, "FOLDER": table.parent}
    done = personae("recommend", *(named.get(word, word) for word in words))
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert said in " ".join(done.stderr.split()).replace("│ ", "")


@pytest.mark.data
def test_films_are_found_by_their_real_names():
    done = personae("recommend", "--ask", "--data", "movielens", text="crime\n1\n")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "begun with: genre: Crime"
    assert lines[-1] == "because you said genre: Crime"
    assert "(19" in lines[1]
