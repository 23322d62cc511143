import gzip
import json
import zipfile
from datetime import UTC, datetime, timedelta

import make
import pytest

from personae.errors import BadInput
from personae.people.archives import FORMATS, Limits, Options, RowError, Tally, read_archive
from personae.people.archives.detect import importer


@pytest.mark.parametrize("name", sorted(make.MAKERS))
def test_every_format_is_told_by_its_content(name, tmp_path):
    assert read_archive(make.MAKERS[name](tmp_path, make.LINES)).format == make.FORMAT.get(name, name)


@pytest.mark.parametrize("name", ["chatgpt", "claude", "reddit", "x", "mastodon"])
def test_a_file_taken_out_of_its_archive_and_renamed_is_still_told(name, tmp_path):
    import mutate

    members = mutate.members_of(make.MAKERS[name](tmp_path, make.LINES))
    body = max(members.values(), key=len)
    (tmp_path / "my export").write_bytes(body)
    assert read_archive(tmp_path / "my export").format == name


def test_the_registry_and_the_modules_agree():
    for form in FORMATS:
        assert form.name == importer(form.name).NAME


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("comments.csv", "Date,Link,Message\n1,2,x\n"),
        ("conversations.json", "[]"),
        ("a.json", json.dumps({"hello": 1})),
        ("lines.jsonl", json.dumps({"speaker": "ana", "text": "whose words are these?"})),
        ("messages.csv", "FROM,TO,DATE,CONTENT\na,b,c,d\n"),
        ("page.html", "<html>hi</html>"),
    ],
)
def test_what_fits_nothing_is_one_error_that_lists_what_was_looked_for(name, body, tmp_path):
    (tmp_path / name).write_text(body)
    with pytest.raises(BadInput) as error:
        read_archive(tmp_path / name)
    assert all(form.name in str(error.value) for form in FORMATS)
    assert name in str(error.value)


def test_refused_files_are_counted_last(tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "a.txt").write_text("hello")
    (folder / "link.txt").symlink_to(folder / "a.txt")
    rows = list(read_archive(folder).rows)
    assert rows[-1] == RowError("link.txt", "a link", "left out")
    assert len(rows) == 2


def test_repeated_rows_are_counted_and_reused_ids_are_told_apart(tmp_path):
    rows = [{"person": "a", "id": "1", "text": text} for text in ("x", "x", "y")]
    (tmp_path / "t.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    tally = Tally()
    first, second = tally.traces(read_archive(tmp_path / "t.jsonl.gz").rows)
    assert (first.id, first.text, second.text) == ("1", "x", "y")
    assert second.id != "1"
    assert tally.reasons == {"a row that was there before": 1}


def test_a_time_that_cannot_be_is_dropped_and_counted(tmp_path):
    soon = datetime.now(UTC) + timedelta(hours=20)
    times = [-1e18, "1889-01-01", "1990-01-01", soon.isoformat(), "2524-05-01", 4e10, None]
    rows = [{"person": "ana", "text": f"Rain {n}.", "time": time} for n, time in enumerate(times)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    archive = read_archive(tmp_path / "a.jsonl")
    kept = [trace.text for trace in archive.rows if trace.time]
    assert kept == ["Rain 2.", "Rain 3."]
    assert archive.misdated == {"before 1990": 2, "in the future": 2}


def test_no_text_and_no_id_is_longer_than_a_platform_would_make_it(tmp_path):
    rows = [{"person": "p" * 999, "id": "i" * 999, "text": "x"}, {"person": "b", "text": "y" * (2 << 20)}]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    trace, error = read_archive(tmp_path / "t.jsonl").rows
    assert max(len(trace.person), len(trace.id)) <= 200
    assert (error.where, error.reason) == ("t.jsonl:2", "a text longer than 1048576 characters")


def test_an_empty_file_and_a_table_without_its_columns_are_named(tmp_path):
    (tmp_path / "none.csv").write_bytes(b"")
    with pytest.raises(BadInput, match=r"none\.csv: nothing is in it"):
        read_archive(tmp_path / "none.csv")
    (tmp_path / "odd.csv").write_text("who;body\nana;hi\n")
    with pytest.raises(BadInput, match="--map person=NAME"):
        read_archive(tmp_path / "odd.csv")
    (tmp_path / "headless.csv").write_text("ana,zanzibarquokka\nbo,hi\n")
    with pytest.raises(BadInput, match="no format that is known") as refused:
        read_archive(tmp_path / "headless.csv")
    assert "quokka" not in str(refused.value)


@pytest.mark.parametrize("body", ["", " \n\t\r\n ", "\ufeff\n"])
def test_a_file_of_spaces_is_said_to_be_as_empty_as_one_of_nothing(tmp_path, body):
    (tmp_path / "a.txt").write_text(body, encoding="utf-8")
    with pytest.raises(BadInput, match=r"a\.txt: nothing is in it"):
        read_archive(tmp_path / "a.txt")


def test_an_archive_that_lies_in_another_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "inner.zip", "w") as inner:
        inner.writestr("a.txt", "Rain.")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as outer:
        outer.write(tmp_path / "inner.zip", "x/inner.zip")
    with pytest.raises(BadInput, match=r"outer\.zip: holds another archive, inner\.zip\. Unpack it"):
        read_archive(tmp_path / "outer.zip")


def test_options_and_limits_reach_the_importer(tmp_path):
    (tmp_path / "t.csv").write_text("wer,body\nana,mail a@b.example\nbea," + "x" * 500 + "\n")
    options = Options(columns={"person": "wer"}, keep_identifiers=True)
    trace, _ = read_archive(tmp_path / "t.csv", options).rows
    assert trace.text == "mail a@b.example"
    (tmp_path / "t.txt").write_text("x" * 500)
    assert Limits().row_bytes == 16 << 20


def test_an_unknown_format_is_said_in_a_few_words(tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(range(256)))
    with pytest.raises(BadInput) as caught:
        read_archive(tmp_path / "a.bin")
    assert len(str(caught.value)) < 350
    assert "whatsapp" in str(caught.value)
