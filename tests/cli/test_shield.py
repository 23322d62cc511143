import json
import zipfile

import pytest
from typer.testing import CliRunner

from personae.cli import app
from personae.people.archives import read_archive
from personae.people.records import Trace

SAID = (
    "I'm a nurse and I live in Porto. Mail ana@example.org!",
    "I am 34 years old. <script>alert(1)</script>",
    "Rye bread is what I bake.",
)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "two.jsonl"
    rows = [{"person": person, "text": text} for person in ("p1", "p2") for text in SAID]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["shield", *map(str, arguments)])


def test_the_archive_and_the_page_are_written(table):
    done = run(table, "--target", ".3", "--only", "job,city", "--person", "p1", "--limit", "1")
    assert done.exit_code == 0, done.output
    assert "occupation\tnurse" in done.output
    assert "lines of other people" in done.output
    assert "as they are: person." in done.output
    found = [
        row.text for row in read_archive(table.with_name("two-shielded.jsonl")).rows if isinstance(row, Trace)
    ]
    assert found[0] == "I'm someone in health care and I live in a city in Portugal. Mail [e-mail]!"
    assert found[3] == SAID[0].replace("ana@example.org", "[e-mail]")
    page = table.with_name("two-shielded-report.html").read_text()
    assert "<del>Porto</del><ins>a city in Portugal</ins>" in page
    assert "as they are: person." in page
    assert "<script>" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_json_is_one_object_a_person(table, tmp_path):
    done = run(
        table, "--json", "--quiet", "--only", "city", "--target", "city=.1", "--out", tmp_path / "out.jsonl"
    )
    assert done.exit_code == 0, done.output
    records = [json.loads(line) for line in done.output.splitlines()]
    assert [record["person"] for record in records] == ["p1", "p2"]
    assert records[0]["exposure"][0]["target"] == 0.1
    assert {edit["kind"] for edit in records[0]["edits"]} == {"mask", "generalize"}
    assert "ana@example.org" not in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--level", "hide"], "mask, generalize, rewrite"),
        (["--target", "much"], "city=.1"),
        (["--target", "2"], "between 0 and 1"),
        (["--target", "religion=.1"], "religion"),
        (["--truth", "city"], "age=34"),
    ],
)
def test_wrong_use_is_said(table, arguments, said):
    done = run(table, *arguments)
    assert done.exit_code == 2
    assert said in done.output.replace("\n", " ").replace("│", " ")


def test_what_is_there_is_written_over_only_when_said(table, tmp_path):
    mine = tmp_path / "mine.jsonl"
    mine.write_text("my letters")
    asked = (table, "--only", "city", "--person", "p1", "--out", mine)
    done = run(*asked)
    assert done.exit_code == 1
    assert "mine.jsonl: is there already" in str(done.exception)
    assert mine.read_text() == "my letters"
    assert run(*asked, "--overwrite").exit_code == 0
    assert "a city in Portugal" in mine.read_text()
    before = table.read_text()
    assert "is the archive itself" in str(run(table, "--out", table, "--overwrite").exception)
    assert table.read_text() == before


@pytest.mark.parametrize("option", ["--out", "--report"])
def test_stdout_is_no_place_for_an_archive_or_a_page(table, monkeypatch, option):
    monkeypatch.chdir(table.parent)
    done = run(table, option, "-")
    assert done.exit_code == 2
    assert "is stdout" in done.output
    assert not (table.parent / "-").exists()


def test_wrong_guesses_cost_nothing_when_the_truth_is_given(table):
    done = run(
        table, "--json", "-q", "--only", "job", "--truth", "job=pilot", "--level", "rewrite", "--person", "p1"
    )
    assert {edit["kind"] for edit in json.loads(done.output)["edits"]} == {"mask"}


def test_an_unmet_target_is_told_and_fails_only_when_strict(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"person": "p", "text": SAID[0]}) + "\n")
    asked = (path, "--only", "city,job", "--level", "mask")
    done = run(*asked, "--out", tmp_path / "b.jsonl")
    assert done.exit_code == 0
    assert "Target not reached for 1 of 1" in done.stderr
    assert "--level generalize goes further" in done.stderr
    assert run(*asked, "--out", tmp_path / "c.jsonl", "--strict").exit_code == 1
    assert (tmp_path / "c.jsonl").is_file()
    wide = run(path, "--only", "city", "--out", tmp_path / "d.jsonl")
    assert "country kept" in wide.output
    assert "--thorough goes further" in wide.stderr
    assert "country kept" in (tmp_path / "d-report.html").read_text()
    far = run(path, "--only", "city", "--out", tmp_path / "e.jsonl", "--thorough", "--strict")
    assert far.exit_code == 0
    assert "not reached" not in far.output


def test_text_on_stdin_and_a_warning_when_little_is_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = "Mail ana@example.org, bo@example.org.\n"
    asked = ["shield", "-", "--only", "city", "--level", "mask"]
    done = CliRunner().invoke(app, asked, input=said)
    assert done.exit_code == 0, done.output
    assert "Under half of the words of 1 of 1 are left" in done.stderr
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "stdin-shielded-report.html",
        "stdin-shielded.txt",
    ]
    mask = CliRunner().invoke(
        app,
        ["shield", "-", "--level", "mask", "-o", "b.txt"],
        input="Mail ana@example.org, for I bake rye bread.\n",
    )
    assert mask.exit_code == 0, mask.output
    assert (tmp_path / "b.txt").read_text() == "Mail [e-mail], for I bake rye bread.\n"
    assert "Under half" not in mask.stderr


def test_an_export_stays_an_export(tmp_path):
    node = {
        "message": {
            "id": "m",
            "author": {"role": "user"},
            "content": {"content_type": "text", "parts": [SAID[0]]},
        }
    }
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(
            "conversations.json", json.dumps([{"id": "c", "title": "Nurse", "mapping": {"a": node}}])
        )
    assert run(path, "--quiet", "--only", "job", "--level", "mask").exit_code == 0
    again = read_archive(tmp_path / "export-shielded.zip")
    assert (again.format, [row.text for row in again.rows]) == (
        "chatgpt",
        [SAID[0].replace("ana@example.org", "[e-mail]")],
    )


def test_what_only_this_attacker_overlooks_is_told(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"person": "p", "text": "Lisbon keeps its trams as Oslo keeps its ferries."}\n')
    done = run(path, "--only", "sex")
    assert "plain words" not in done.stderr
    done = run(path, "--only", "city", "--out", tmp_path / "b.jsonl")
    assert "does not see stand in plain words still, 2 of them: --thorough" in done.stderr
    assert "not reached, plain words kept" in done.stdout
    done = run(path, "--only", "city", "--thorough", "--out", tmp_path / "c.jsonl")
    assert "plain words" not in done.output
    assert "Lisbon" not in (tmp_path / "c.jsonl").read_text()


def test_where_nobody_can_be_read_the_reason_is_told(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"person": "p", "text": "' + "x" * (1 << 21) + '"}\n')
    done = run(path)
    assert done.exit_code == 1
    assert "nobody to shield. Rows that cannot be read: 1 (a text longer than" in str(done.exception)


def test_an_interrupted_shield_writes_nothing_and_says_so(table, monkeypatch):
    from personae.shield.attacker import HomeReader

    def interrupted(self, person, attributes):
        raise KeyboardInterrupt

    monkeypatch.setattr(HomeReader, "read", interrupted)
    before = sorted(table.parent.iterdir())
    done = run(table)
    assert done.exit_code != 0
    assert "Nothing was written of two.jsonl" in done.stderr
    assert sorted(table.parent.iterdir()) == before


def test_an_interrupted_shield_goes_on_after_those_whom_it_kept(table, monkeypatch):
    from personae.infer.home import HomeReader

    read, asked = HomeReader.read, []

    def interrupted(self, person, attributes):
        asked.append(person.id)
        if person.id == "p2":
            raise KeyboardInterrupt
        return read(self, person, attributes)

    monkeypatch.setattr(HomeReader, "read", interrupted)
    words = ("--level", "generalize", "--only", "job,city")
    first = run(table, *words)
    assert "People done and kept: 1" in first.stderr
    (kept,) = table.parent.glob(".*.kept")
    assert kept.stat().st_mode & 0o077 == 0
    assert "bake" not in kept.read_text()
    asked.clear()
    assert run(table, "--level", "mask", "--only", "job").exit_code != 0
    assert "p1" in asked, "asked otherwise, it begins again"
    asked.clear()
    assert run(table, *words).exit_code != 0
    asked.clear()
    monkeypatch.setattr(
        HomeReader, "read", lambda self, person, names: asked.append(person.id) or read(self, person, names)
    )
    done = run(table, *words, "--json")
    assert done.exit_code == 0, done.output
    assert set(asked) == {"p2"}
    assert "done and kept: 1; going on" in done.stderr
    assert not list(table.parent.glob(".*.kept"))
    made = table.with_name("two-shielded.jsonl").read_text()
    whole = run(table, *words, "--json", "-q", "--overwrite")
    assert table.with_name("two-shielded.jsonl").read_text() == made
    assert done.stdout == whole.stdout


def test_the_table_and_the_page_say_what_was_raised_and_where_the_shield_stopped(capsys):
    from personae.cli.shield import _print
    from personae.people.records import Guess, Trace
    from personae.report.shield import ShieldReport, render_shield
    from personae.shield import Exposure, Point, Shielded, Utility
    from personae.shield.reported import reported

    one = Exposure("sex", Guess("male", 0.54), Guess("male", 0.58), 0.5, 0.2, 0.6)
    line = (Trace("p", "table", "1", text="Hello there"),)
    point = Point((), {"sex": Guess("male", 0.54)}, 1.0)
    done = Shielded("p", "mask", line, line, (), (one,), Utility(1.0, 1.0, 1.0), (point,), "home")
    _print([done], json=False)
    table = capsys.readouterr().out
    assert "male (0.58), raised" in table
    assert "0.50 + 0.10" in table
    assert "0.2: no surer than of anybody" in table
    page = render_shield(ShieldReport([reported(done)], "table", "mask", "home", "a.jsonl"))
    assert ", raised</td>" in page
    assert "<td>no surer than of anybody</td>" in page
    assert "1 no surer than of anybody; 0 fell, 1 rose" in page


def test_pseudonyms_are_another_run_another_unless_a_seed_is_named(tmp_path):
    table = tmp_path / "lines.jsonl"
    table.write_text(json.dumps({"person": "p", "text": "Ask @lena_maus about the boat."}) + "\n")
    said = []
    for name, seed in (("a", ()), ("b", ()), ("c", ("--seed", "3")), ("d", ("--seed", "3"))):
        place = tmp_path / f"{name}.jsonl"
        result = CliRunner().invoke(
            app, ["shield", str(table), "--level", "mask", "--out", str(place), "-q", *seed]
        )
        assert result.exit_code in {0, 1}, result.output
        said.append(json.loads(place.read_text())["text"])
    assert "lena" not in "".join(said)
    assert said[0] != said[1]
    assert said[2] == said[3]


def test_what_came_of_a_rewriter_is_told(table, server):
    server.behave(text="I would rather not.")
    done = run(table, "--only", "job", "--person", "p1", "--level", "mask", "--rewriter", server.model)
    assert done.exit_code == 0, done.output
    assert "1 reply or line of it could not be used" in done.stderr
    assert "unusable by the rewriter" in done.stdout


def test_a_chat_is_written_back_under_pseudonyms_and_its_owner_is_told(tmp_path):
    path = tmp_path / "WhatsApp Chat with Bea Costa.txt"
    path.write_text("12/03/24, 14:02 - Ana Silva: Hi Bea\n12/03/24, 14:03 - Bea Costa: Hi Ana, rye?\n")
    done = run(path, "--only", "city", "--level", "mask", "--me", "Ana Silva")
    assert done.exit_code == 0, done.output
    me = done.stderr.split("is called ")[1].split(" there")[0]
    (made,) = tmp_path.glob("*-shielded.txt")
    assert "Bea" not in made.name
    assert f": Hi {me}, rye?" in made.read_text().replace("14:03 -", ":")
    assert not {"Ana", "Silva", "Bea", "Costa"} & set(
        made.read_text().replace(":", " ").replace(",", " ").split()
    )
