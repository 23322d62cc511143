"""`personae reveal` as it is typed, in a process of its own, over real files and a real server."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from personae.people.store import Store

EXAMPLE = Path(__file__).parents[2] / "examples" / "chatgpt-export.zip"
CANARY = "zanzibarquokka"


def typed(
    *arguments: object, code: int = 0, stdin: str | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PERSONAE_")}
    done = subprocess.run(
        [sys.executable, "-m", "personae", "reveal", *map(str, arguments)],
        capture_output=True, text=True, input=stdin, cwd=folder, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def told(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    """Return {person: {attribute: best stated or inferred value that is shown}}, stated before inferred."""
    people = {}
    for line in done.stdout.splitlines():
        record = json.loads(line)
        claims = sorted(record["claims"], key=lambda claim: claim["status"] != "inferred")
        people[record["person"]] = {
            claim["attribute"]: claim["guesses"][0]["value"] for claim in claims if not claim["abstained"]
        }
    return people


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Write a table of three people with columns of its own."""
    rows = [("ana", "I am a nurse and I live in Porto."), ("ana", f"{CANARY} is a word."), ("bo", "I'm 41 years old."), ("", "nobody's"), ("cy", "Rain.")]  # fmt: skip
    path = tmp_path / "people.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([("who", "body"), *rows])
    return path


def test_the_example_writes_a_page_and_a_table(tmp_path: Path) -> None:
    done = typed(EXAMPLE, folder=tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "occupation" in done.stdout
    assert "nurse" in done.stdout
    assert "<script" not in page
    assert "Wrote report.html" in done.stderr


def test_json_is_the_documented_object_and_the_table_of_guesses_is_full() -> None:
    record = json.loads(typed(EXAMPLE, "--json").stdout)
    assert set(record) == {"person", "traces", "claims"}
    assert record["traces"] == {"read": 58, "kept": 58, "skipped": 0}
    for claim in record["claims"]:
        assert set(claim) == {
            "attribute", "abstained", "guesses", "status", "method", "valid_from", "valid_to", "evidence"
        }  # fmt: skip
        chances = [guess["probability"] for guess in claim["guesses"]]
        assert chances == sorted(chances, reverse=True)
        assert claim["status"] == "stated" or claim["attribute"] == "sex" or len(chances) >= 3
        for evidence in claim["evidence"]:
            assert set(evidence) == {"trace", "where", "spans", "weight"}
            assert evidence["where"].startswith("conversations.json")


def test_the_example_tells_what_its_person_said() -> None:
    (said,) = told(typed(EXAMPLE, "--json")).values()
    assert said["occupation"] == "nurse"
    assert said["relationship_status"] == "engaged"
    assert said["city_country"].startswith("Matosinhos")


def test_the_same_input_gives_the_same_output() -> None:
    assert typed(EXAMPLE, "--json").stdout == typed(EXAMPLE, "--json").stdout


def test_a_table_with_columns_of_its_own(people: Path) -> None:
    done = typed(people, "--map", "person=who", "--map", "text=body", "--json")
    said = told(done)
    assert set(said) == {"ana", "bo", "cy"}
    assert said["ana"]["occupation"] == "nurse"
    assert said["bo"]["age"] == "41"
    assert said["cy"] == {}
    assert "Skipped 1 of 5 rows" in done.stderr


def test_person_limit_only_and_since(people: Path, tmp_path: Path) -> None:
    columns = ("--map", "person=who,text=body", "--json")
    assert set(told(typed(people, *columns, "--person", "bo"))) == {"bo"}
    assert len(told(typed(people, *columns, "--limit", 2))) == 2
    record = json.loads(typed(people, *columns, "--person", "ana", "--only", "age,job").stdout)
    assert {claim["attribute"] for claim in record["claims"]} == {"age", "occupation"}
    rows = [
        {"person": "p", "text": t, "time": d}
        for t, d in (("I am a nurse.", "2020-01-01"), ("I am a cook.", "2024-01-01"))
    ]
    table = tmp_path / "times.jsonl"
    table.write_text("\n".join(json.dumps(row) for row in rows))
    record = json.loads(typed(table, "--json", "--since", "2023-01-01").stdout)
    assert record["traces"]["kept"] == 1


def test_who_was_forgotten_stays_out_until_asked_for(people: Path, tmp_path: Path) -> None:
    file = tmp_path / "people.duckdb"
    reveal = [people, "--map", "person=who,text=body", "--store", file, "--only", "age,job"]
    typed(*reveal, "--json")
    with Store(file) as store:
        store.delete_person("bo")
    done = typed(*reveal, "--json")
    assert set(told(done)) == {"ana", "cy"}
    assert "Left out: 1 person whom this store was told to forget. --again takes them in." in done.stderr
    alone = typed(*reveal, "--person", "bo", code=1)
    assert "1 person whom this store was told to forget" in alone.stderr
    assert set(told(typed(*reveal, "--json", "--again"))) == {"ana", "bo", "cy"}
    assert set(told(typed(*reveal, "--json"))) == {"ana", "bo", "cy"}


def test_a_chat_that_does_not_say_whose_it_is_asks_for_a_name(tmp_path: Path) -> None:
    chat = tmp_path / "chat.txt"
    chat.write_text("12/08/2016, 16:20 - Ana: I am a nurse.\n12/08/2016, 16:21 - Bo: I live in Porto.\n")
    done = typed(chat, "--json", "--only", "job")
    assert len(told(done)) == 2
    assert "Give your name as it stands there with --me" in done.stderr
    done = typed(chat, "--json", "--only", "job", "--me", "Ana")
    assert list(told(done)) == ["Ana"]
    assert "--me" not in done.stderr


def test_several_archives_that_become_several_people_say_how_to_join_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        post = f"id,permalink,date,ip,subreddit,gildings,link,parent,body,media\n{name},p,2024-05-01 12:00:00 UTC,,a,0,l,,Rain.,\n"
        (tmp_path / name / "comments.csv").write_text(post)
        (tmp_path / name / "statistics.csv").write_text(f"statistic,value\naccount name,{name}\n")
    done = typed(tmp_path / "a", tmp_path / "b", "--json", "--only", "job")
    assert "2 archives were read as 2 people" in done.stderr
    assert "--me NAME joins them" in done.stderr
    assert len(told(typed(tmp_path / "a", tmp_path / "b", "--json", "--only", "job", "--me", "cy"))) == 1


def test_what_since_leaves_out_and_keeps_is_counted(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("person,text,time\nana,I am a nurse.,2020-01-01\nana,Rain.,2024-05-01\nana,Snails.,\n")
    done = typed(table, "--json", "--since", "2023-01-01", "--only", "job")
    [record] = map(json.loads, done.stdout.splitlines())
    assert record["traces"] == {"read": 2, "kept": 2, "skipped": 0, "older": 1, "undated": 1}
    assert "Rows before 2023-01-01, left out: 1; without a date, kept: 1." in done.stderr


def test_dates_that_cannot_be_are_counted_and_stand_nowhere(tmp_path: Path) -> None:
    for name, times in (("a", (-1e18, "2020-05-01")), ("b", ("2524-05-01",))):
        rows = [
            {"person": name, "text": f"I live in Porto {n}.", "time": time} for n, time in enumerate(times)
        ]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    done = typed("a.jsonl", "b.jsonl", folder=tmp_path)
    assert "Dates that cannot be, dropped from their rows: 1 before 1990, 1 in the future." in done.stderr
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "their rows stayed: 1 before 1990, 1 in the future." in page
    assert "2524" not in page
    record = json.loads(typed("b.jsonl", "--json", folder=tmp_path).stdout)
    assert record["traces"] == {"read": 1, "kept": 1, "skipped": 0, "misdated": 1}


def test_a_mixed_folder_is_read_and_the_rest_named(tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "chatgpt.zip").write_bytes(EXAMPLE.read_bytes())
    (folder / "people.csv").write_text("person,text\nana,I am a pilot.\n")
    (folder / "photo.bin").write_bytes(bytes(range(256)) * 8)
    done = typed(folder, "--json", "--only", "job")
    assert {person.get("occupation") for person in told(done).values()} == {"nurse", "pilot"}
    assert "no format that is known, first at photo.bin" in done.stderr


def test_text_on_stdin() -> None:
    (said,) = told(typed("-", "--json", stdin="I'm a nurse and I live in Porto.")).values()
    assert said == {"occupation": "nurse", "city_country": "Porto, Portugal"} | said


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["missing.zip"], 1, "no such file"),
        ([EXAMPLE, "--only", "agee"], 2, "Nearest: age"),
        ([EXAMPLE, "--purpose", "espionage"], 2, "No purpose named"),
        ([EXAMPLE, "--purpose", "personalisation", "--only", "sex"], 1, "personal-2"),
        ([EXAMPLE, "--model", "gpt"], 2, "A model is named by one of"),
        ([EXAMPLE, "--since", "yesterday"], 2, "2024-01-31"),
        ([EXAMPLE, "--since", "2030-01-01"], 1, "--since"),
        ([EXAMPLE, "--map", "text"], 2, "text=body"),
        ([EXAMPLE, "--dry-run"], 2, "--model"),
        ([], 2, "PATH"),
    ],
)
def test_what_cannot_be_done_is_one_clear_message(
    arguments: list[object], code: int, message: str, tmp_path: Path
) -> None:
    done = typed(*arguments, code=code, folder=tmp_path)
    assert message in done.stderr
    assert not (tmp_path / "report.html").exists()


def test_stdout_is_no_place_for_a_page(tmp_path: Path) -> None:
    done = typed(EXAMPLE, "--out", "-", folder=tmp_path, code=2)
    assert "is stdout" in done.stderr
    assert not (tmp_path / "-").exists()


def test_a_purpose_leaves_out_what_it_does_not_allow() -> None:
    done = typed(EXAMPLE, "--json", "--purpose", "personalisation")
    attributes = {claim["attribute"] for claim in json.loads(done.stdout)["claims"]}
    assert attributes == {"occupation", "education", "income_level", "city_country"}
    assert "relationship_status" in done.stderr


def test_archives_of_one_person_are_joined_by_their_name(tmp_path: Path) -> None:
    chat = tmp_path / "chat.txt"
    chat.write_text("12/08/2025, 16:20 - Ana: The ward was quiet.\n13/08/2025, 16:20 - Bo: I am a pilot.\n")
    (line,) = typed(EXAMPLE, chat, "--me", "Ana", "--json").stdout.splitlines()
    record = json.loads(line)
    assert record["traces"]["kept"] == 60
    assert told(typed(EXAMPLE, chat, "--me", "Ana", "--json"))[record["person"]]["occupation"] == "nurse"


def test_a_damaged_archive_says_which_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(EXAMPLE.read_bytes()[:3000])
    assert "broken.zip" in typed(broken, code=1, folder=tmp_path).stderr
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    assert "nothing is in it" in typed(tmp_path / "empty.zip", code=1, folder=tmp_path).stderr


def test_reasons_are_pointed_at_only_where_they_stand(tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text("person,text\n")
    assert "above" not in typed(table, code=1, folder=tmp_path).stderr
    table.write_text("person,text\n,nobody's\n")
    assert "the reasons above" in typed(table, code=1, folder=tmp_path).stderr
    assert "above" not in typed(table, "--quiet", code=1, folder=tmp_path).stderr


def test_what_home_does_not_read_is_said(tmp_path: Path) -> None:
    done = typed("-", "--only", "religion,job", stdin="I am a nurse.", folder=tmp_path)
    assert "religion\tcannot be told" in done.stdout
    assert "does not read religion: name a language model" in done.stderr


def test_a_named_server_is_asked_and_a_dry_run_asks_nothing(server, people: Path, tmp_path: Path) -> None:
    columns = ("--map", "person=who,text=body", "--model", server.model)
    estimate = typed(people, *columns, "--dry-run", "--price", "1/2").stdout
    assert estimate.startswith("3 calls")
    assert json.loads(typed(people, *columns, "--dry-run", "--json").stdout)["calls"] == 3
    assert server.n_calls == 0
    recording = tmp_path / "answers.jsonl"
    typed(people, *columns, "--json", "--recording", recording, "--seed", 5)
    asked = server.n_calls
    assert asked >= 3
    assert server.saw()["calls"][0]["body"]["seed"] == 5
    typed(people, *columns, "--json", "--recording", recording, "--seed", 5)
    assert server.n_calls == asked


def test_a_model_that_gives_no_answer_is_said_to_have_given_none(
    server, people: Path, tmp_path: Path
) -> None:
    asked = (people, "--map", "person=who,text=body", "--model", server.model, "--only", "job")
    content = json.dumps({"attributes": [{"attribute": "occupation", "guesses": ["baker"]}]})
    raw = {
        "kind": "raw",
        "body": json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}),
    }
    server.behave(faults=[raw, {"kind": "refusal"}, raw])
    done = typed(*asked, folder=tmp_path)
    assert "The model refused to answer about 1 person: nothing is told about them." in done.stderr
    server.behave(faults=[{"kind": "refusal"}] * 3)
    done = typed(*asked, folder=tmp_path, code=1)
    assert "The model refused to answer about 3 people. Nobody was read" in done.stderr
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "The model refused to answer about 3 people: that nothing is told" in page
    empty = {
        "kind": "raw",
        "body": json.dumps({"choices": [{"message": {"role": "assistant", "content": "{}"}}]}),
    }
    server.behave(faults=[empty])
    done = typed(*asked, "--person", "bo", folder=tmp_path, code=1)
    assert "occupation\tthe answer could not be read" in done.stdout
    assert "The model's answer about 1 person could not be read. Nobody was read" in done.stderr


def test_no_word_of_a_trace_reaches_stderr_or_the_journal(people: Path, tmp_path: Path) -> None:
    done = typed(people, "--map", "person=who,text=body", "--store", tmp_path / "s.duckdb", folder=tmp_path)
    assert CANARY not in done.stderr
    with Store(tmp_path / "s.duckdb") as store:
        journal = store.database.execute("SELECT * FROM journal")
        assert len(journal) == 3
        assert CANARY not in str(journal)


def test_a_second_run_on_a_store_reads_nobody_again_and_keeps_edits(people: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    arguments = (people, "--map", "person=who,text=body", "--store", path, "--json")
    first = typed(*arguments).stdout
    assert typed(*arguments).stdout == first
    edit = [
        sys.executable,
        "-m",
        "personae",
        "people",
        "edit",
        "ana",
        "occupation",
        "midwife",
        "--store",
        str(path),
    ]
    subprocess.run(edit, check=True, capture_output=True)
    assert told(typed(*arguments))["ana"]["occupation"] == "midwife"


def written(path: Path, people: int) -> Path:
    rows = ({"person": f"p{i:03}", "text": f"On day {j} I, number {i}, walked to work in the rain."} for i in range(people) for j in range(30))  # fmt: skip
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_runs_end_like_undisturbed_ones(tmp_path: Path, sent: signal.Signals) -> None:
    table = written(tmp_path / "people.jsonl", 100)
    calm = typed(table, "--json", "--store", tmp_path / "calm.duckdb").stdout
    chance = random.Random(0)
    for _ in range(4):
        command = [
            sys.executable,
            "-m",
            "personae",
            "reveal",
            str(table),
            "--json",
            "--store",
            str(tmp_path / "hit.duckdb"),
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(chance.uniform(0.5, 5.0))
        process.send_signal(sent)
        _, error = process.communicate(timeout=60)
        assert "Traceback" not in error
    resumed = typed(table, "--json", "--store", tmp_path / "hit.duckdb").stdout
    assert resumed == calm
