"""`personae people` as it is typed: tables, JSON lines, exit codes, and nothing that a terminal would obey."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from personae.cli.people import app
from personae.errors import BadInput, PersonaeError, UnknownName
from personae.models.chat import Reply, Request
from personae.models.recording import Recording
from personae.people.records import Claim, Evidence, Guess, Trace
from personae.people.store import Store

ATTACK = "\x1b[2J\x9b[red]\u202e\u2066\x7f\b\u2028"
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the store that PERSONAE_STORE names: two people, one claim."""
    path = tmp_path / "people.duckdb"
    monkeypatch.setenv("PERSONAE_STORE", str(path))
    with Store(path) as store:
        store.add(
            [
                Trace("person-of-ana", "table", "1", NOON, "post", text="I moved to Porto.", where="a.csv:1"),
                Trace("person-of-ana", "chat", "2", text="x" * 200),
                Trace("person-of-bea", "table", "1", text=ATTACK, thread=ATTACK, where=ATTACK),
            ]
        )
        guesses = (Guess("Porto, Portugal", 0.8), Guess("Lisbon, Portugal", 0.1))
        claim = Claim(
            "person-of-ana",
            "city_country",
            guesses,
            "stated",
            False,
            "m",
            (Evidence("1", "a.csv:1"),),
            time=NOON,
        )
        store.commit_person("person-of-ana", [claim], "m", 1)
    return path


def typed(*arguments: object, fails: type[PersonaeError] | int | None = None, **more: str) -> tuple[str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], **more)  # type: ignore[arg-type]
    if isinstance(fails, type):
        assert isinstance(result.exception, fails), result.output
        return str(result.exception), result.stderr
    assert result.exit_code == (fails or 0), (result.output, result.exception)
    return result.stdout, result.stderr


def objects(*arguments: object) -> list[dict[str, object]]:
    return [json.loads(line) for line in typed(*arguments, "--json")[0].splitlines()]


def test_list(path: Path) -> None:
    out, notes = typed("list")
    assert out.splitlines() == [
        "person\ttraces\tclaims\tsources\tfirst\tlast",
        "person-of-ana\t2\t1\tchat, table\t2024-05-01\t2024-05-01",
        "person-of-bea\t1\t0\ttable\t\t",
    ]
    assert notes == "2 of 2 people\n"
    assert typed("list", "--limit", 1, "--quiet")[1] == ""
    assert [each["person"] for each in objects("list", "--limit", 1)] == ["person-of-ana"]
    assert objects("list")[0] == {
        "person": "person-of-ana", "traces": 2, "claims": 1, "sources": ["chat", "table"],
        "first": "2024-05-01T12:00:00+00:00", "last": "2024-05-01T12:00:00+00:00",
    }  # fmt: skip


def test_show(path: Path) -> None:
    out, notes = typed("show", "person-of-ana")
    assert "city_country\tPorto, Portugal\t0.80\tstated\tm\t2024-05-01\n" in out
    assert "2024-05-01\ttable\tpost\tself\tI moved to Porto." in out
    assert "x" * 79 + "…" in out
    assert "x" * 80 not in out
    assert notes == "person-of-ana: 2 of 2 traces, 1 claims\n"
    [shown] = objects("show", "person-of-ana", "--limit", 1)
    assert [line["text"] for line in shown["lines"]] == ["I moved to Porto."]  # type: ignore[attr-defined]
    assert [claim["attribute"] for claim in shown["claims"]] == ["city_country"]  # type: ignore[attr-defined]


def test_edit_and_history(path: Path) -> None:
    typed("edit", "person-of-ana", "city", "Oslo, Norway")
    typed("edit", "person-of-ana", "sex", "FEMALE")
    current = objects("claims", "person-of-ana")
    assert [(each["attribute"], each["status"]) for each in current] == [
        ("city_country", "given"),
        ("sex", "given"),
    ]
    assert current[1]["guesses"] == [{"value": "female", "probability": 1.0}]
    history = objects("claims", "person-of-ana", "--history")
    assert [bool(each["superseded_by"]) for each in history] == [True, False, False]
    assert history[0]["superseded_by"] == history[1]["id"]
    assert history[0]["evidence"] == [{"trace": "1", "where": "a.csv:1", "spans": [], "weight": 1.0}]
    assert (
        "Porto, Portugal\t0.80\tstated\tm\t2024-05-01\tsuperseded"
        in typed("claims", "person-of-ana", "--history")[0]
    )
    assert "female, male" in typed("edit", "person-of-ana", "sex", "robot", fails=BadInput)[0]
    assert "occupation" in typed("edit", "person-of-ana", "ocupation", "nurse", fails=UnknownName)[0]
    assert len(objects("claims", "person-of-ana", "--history")) == 3


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_export_and_import(path: Path, tmp_path: Path, form: str) -> None:
    traces, claims, other = tmp_path / f"t.{form}", tmp_path / f"c.{form}", tmp_path / "other.duckdb"
    assert typed("export", traces)[1] == f"{traces}: 3 traces\n"
    assert "--overwrite" in typed("export", traces, fails=BadInput)[0]
    assert typed("export", traces, "--overwrite")[1] == f"{traces}: 3 traces\n"
    assert objects("export", claims, "--claims", "--person", "person-of-ana")[0]["rows"] == 1
    assert traces.stat().st_mode & 0o777 == 0o600
    [first, second] = objects("import", traces, claims, "--store", other)
    assert (first["what"], first["read"], first["kept"], first["new"]) == ("traces", 3, 3, 3)
    assert (second["what"], second["new"]) == ("claims", 1)
    assert [(each["new"], each["known"]) for each in objects("import", traces, claims, "--store", other)] == [
        (0, 3),
        (0, 1),
    ]
    with Store(path) as here, Store(other) as there:
        assert here.summaries() == there.summaries()
        assert list(here.traces("person-of-bea")) == list(there.traces("person-of-bea"))
        assert here.profile("person-of-ana") == there.profile("person-of-ana")
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        {path.name, other.name, traces.name, claims.name}
    )


def test_import_counts_what_it_skips_and_quotes_nothing(path: Path, tmp_path: Path) -> None:
    rows = [
        '{"person": "cleo", "source": "t", "id": "1", "role": "self", "text": "heron"}',
        '{"person": "cleo", "source": "t", "id": "2", "role": "heron", "text": "heron"}',
        '{"person": "cleo", "source": "t", "id": 3, "role": "self", "text": "heron"}',
        "heron",
        '{"person": "cleo", "source": "t", "id": "5", "role": "self", "text": "heron", "time": "heron"}',
        '["heron"]',
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(rows))
    out, notes = typed("import", tmp_path / "t.jsonl")
    assert out.splitlines()[1] == f"{tmp_path / 't.jsonl'}\ttraces\t6\t1\t5\t1\t0"
    assert [line.split(": ")[0] for line in notes.splitlines()] == [f"t.jsonl:{row}" for row in range(2, 7)]
    assert "heron" not in notes


def test_import_of_an_archive(path: Path, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("I am a nurse.\n\nIt rains again in Porto.\n")
    [report] = objects("import", tmp_path / "diary.txt")
    assert report["new"] == report["kept"] != 0
    assert len(objects("list")) == 3


def test_errors(path: Path, tmp_path: Path) -> None:
    message, _ = typed("show", "person-of-an", fails=UnknownName)
    assert "Nearest: 'person-of-ana', 'person-of-bea'" in message
    for command in (["claims", "zoe"], ["edit", "zoe", "age", "30"], ["forget", "zoe", "--yes"]):
        assert "Nobody in" in typed(*command, fails=UnknownName)[0]
    assert "no such store" in typed("list", "--store", tmp_path / "none.duckdb", fails=BadInput)[0]
    assert not (tmp_path / "none.duckdb").exists()
    assert ".jsonl or .parquet" in typed("export", tmp_path / "t.csv", fails=BadInput)[0]
    assert "cannot be written" in typed("export", tmp_path / "none" / "t.jsonl", fails=BadInput)[0]
    assert "no such file" in typed("import", tmp_path / "none.parquet", fails=BadInput)[0]
    for value in ("", " ", "middle-aged"):
        assert "Give a number" in typed("edit", "person-of-ana", "age", value, fails=BadInput)[0]
    assert "Give a value" in typed("edit", "person-of-ana", "job", "", fails=BadInput)[0]
    (tmp_path / "odd.bin").write_bytes(b"\0\1\2")
    new = tmp_path / "new.duckdb"
    assert "no format" in typed("import", tmp_path / "odd.bin", "--store", new, fails=BadInput)[0]
    assert not new.exists()
    for wrong in (["list", "--limit", "0"], ["show"], ["nonsense"], ["forget", "person-of-ana"]):
        typed(*wrong, fails=2)
    with Store(path):
        assert "open already" in typed("list", fails=BadInput)[0]


def test_dispute(path: Path) -> None:
    out, notes = typed("dispute", "person-of-ana", "city")
    assert "city_country\tcannot be told\t\tgiven\tpeople dispute\t" in out
    assert notes == "person-of-ana: city_country is disputed now\n"
    assert [each["abstained"] for each in objects("claims", "person-of-ana")] == [True]
    history = objects("claims", "person-of-ana", "--history")
    assert [bool(each["superseded_by"]) for each in history] == [True, False]
    typed("dispute", "nobody", "city", fails=UnknownName)


def test_forget(path: Path, tmp_path: Path) -> None:
    recording = Recording(tmp_path / "answers.jsonl")
    for person in ("person-of-ana", "person-of-bea"):
        request = Request(({"role": "user", "content": f"Who is {person}?"},), person=person)
        recording.add(request, "scripted", Reply("a nurse"))
    out, notes = typed("forget", "person-of-ana", "--yes", "--recording", tmp_path / "answers.jsonl")
    rows = dict(line.split("\t") for line in out.splitlines())
    wanted = ("lines deleted", "claims deleted", "recorded answers of models deleted", "found after all")
    assert [rows[name] for name in wanted] == ["2", "1", "1", "0"]
    assert notes.startswith("person-of-ana: forgotten.")
    assert Recording(tmp_path / "answers.jsonl").persons() == {"person-of-bea": 1}
    assert [each["person"] for each in objects("list")] == ["person-of-bea"]
    [proof] = objects("forget", "person-of-bea", "--yes")
    assert proof["is_complete"] is True
    assert (typed("list")[1], objects("list")) == ("0 of 0 people\n", [])
    assert "holds nobody yet" in typed("show", "person-of-bea", fails=UnknownName)[0]


def test_forget_says_when_something_is_left(path: Path) -> None:
    path.with_name("people.duckdb.bak").write_bytes(b"I moved to Porto.")
    out, notes = typed("forget", "person-of-ana", "--yes", fails=1)
    assert "found after all\tpeople.duckdb.bak 1" in out
    assert "not all is forgotten" in notes


def test_who_was_forgotten_is_not_imported_again_unasked(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    typed("export", file)
    typed("forget", "person-of-ana", "--yes")
    _, notes = typed("import", file)
    assert "left out 1 whom this store was told to forget; --again takes them in" in notes
    assert [each["person"] for each in objects("list")] == ["person-of-bea"]
    typed("import", file, "--again")
    assert len(objects("list")) == 2
    assert "left out" not in typed("import", file)[1]


def on_terminal(*arguments: str, answer: str = "") -> tuple[int, str]:
    """Type the command on a terminal, and return its exit code and all that the terminal showed."""
    ours, theirs = pty.openpty()
    code = "import sys; from personae.cli.people import app; sys.argv[0] = 'people'; app()"
    child = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "200", "NO_COLOR": "1"},
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, answer.encode())
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # the terminal ends with its last process
        pass
    os.close(ours)
    return child.wait(), shown.decode()


def test_a_terminal_obeys_no_trace(path: Path) -> None:
    with Store(path) as store:
        store.add([Trace(ATTACK, "table", ATTACK, text=ATTACK)])
        store.add_claims([Claim(ATTACK, "sex", (Guess(ATTACK, 0.5),), "stated", False, "m", time=NOON)])
    for arguments in (
        ("list",),
        ("list", "--json"),
        ("show", ATTACK),
        ("show", ATTACK, "--json"),
        ("claims", ATTACK),
    ):
        code, shown = on_terminal(*arguments)
        assert code == 0
        assert "[red]" in shown
        assert not [
            character for character in shown if not character.isprintable() and character not in "\r\n"
        ]


def test_forget_asks_on_a_terminal(path: Path) -> None:
    code, shown = on_terminal("forget", "person-of-ana", answer="n\n")
    assert code == 1
    assert "cannot be undone" in shown
    assert len(objects("list")) == 2
    code, shown = on_terminal("forget", "person-of-ana", answer="y\n")
    assert code == 0
    assert "forgotten" in shown
    assert len(objects("list")) == 1
