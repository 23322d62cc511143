"""Folders that mix archives: each is read, what nothing fits is named, and what a format does not read is listed."""

from __future__ import annotations

import os
import shutil
import zipfile
from datetime import UTC, datetime

import duckdb
import pytest
from make import (
    LINES,
    chatgpt,
    discord,
    google,
    instagram,
    mastodon,
    reddit,
    spotify,
    table_csv,
    telegram,
    whatsapp,
    x,
)

from personae.errors import BadInput
from personae.people.archives import RowError, Tally, read_archive, read_archives
from personae.people.records import Trace

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def rows_of(archives):
    rows = [row for archive in archives for row in archive.rows]
    return [r for r in rows if isinstance(r, Trace)], [r for r in rows if isinstance(r, RowError)]


@pytest.fixture
def mixed(tmp_path):
    """Return a folder with a packed archive, an unpacked one of another platform, a chat, a table and two odd files."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    made = tmp_path / "made"
    made.mkdir()
    shutil.move(chatgpt(made, LINES), folder / "chatgpt.zip")
    (folder / "reddit").mkdir()
    (folder / "reddit" / "comments.csv").write_text(
        "id,permalink,date,ip,subreddit,gildings,link,parent,body,media\n"
        "c1,https://www.reddit.com/r/a/1,2024-05-01 12:00:00 UTC,,a,0,l,,Snails again.,\n"
    )
    (folder / "chat.txt").write_text("12/08/2016, 16:20 - Ana: Rain.\n12/08/2016, 16:21 - Bo: Snails.\n")
    (folder / "people.csv").write_text("person,text\ncy,Sun at last.\n")
    (folder / "photo.bin").write_bytes(bytes(range(256)) * 8)
    with zipfile.ZipFile(folder / "odd.zip", "w") as packed:
        packed.writestr("a.bin", bytes(range(256)))
    return folder


def test_each_archive_of_a_mixed_folder_is_read_and_the_rest_is_named(mixed):
    archives = read_archives(mixed)
    assert sorted(archive.format for archive in archives) == ["chatgpt", "reddit", "table", "whatsapp"]
    traces, errors = rows_of(archives)
    assert {trace.source for trace in traces} == {"chatgpt", "reddit", "whatsapp", "table"}
    unknown = {error.where for error in errors if error.reason == "no format that is known"}
    assert unknown == {"photo.bin", "odd.zip"}


@pytest.mark.parametrize(
    "make", [chatgpt, discord, google, instagram, mastodon, reddit, spotify, telegram, whatsapp, x]
)
def test_a_folder_of_one_platform_stays_one_archive(tmp_path, make):
    path = make(tmp_path, LINES)
    unpacked = tmp_path / "unpacked"
    shutil.unpack_archive(path, unpacked) if path.is_file() else shutil.copytree(path, unpacked)
    (archive,) = read_archives(unpacked)
    assert archive.format == make.__name__


@pytest.mark.parametrize(
    "beside", [{}, {"chat.txt": "12/08/2016, 16:20 - Ana: Rain.\n"}], ids=["alone", "in a mix"]
)
def test_a_named_pipe_is_never_opened_and_is_counted(tmp_path, beside):
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    for pipe in ("f", "inner/g"):
        os.mkfifo(folder / pipe)
    for name, text in {"notes.md": "Rain.\n", **beside}.items():
        (folder / name).write_text(text)
    traces, errors = rows_of(read_archives(folder))
    assert "Rain." in {trace.text for trace in traces}
    assert {"f", "inner/g"} & {error.where for error in errors}
    assert {error.reason for error in errors} <= {"not a plain file", "no format that is known"}


def test_a_folder_of_nothing_but_a_named_pipe_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "folder" / "f")
    with pytest.raises(BadInput, match="1 of its files were refused"):
        read_archives(tmp_path / "folder")


def test_a_folder_of_packed_archives_is_read_whole(tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    for name, make in (("a", chatgpt), ("b", telegram)):
        (tmp_path / name).mkdir()
        made = make(tmp_path / name, LINES)
        shutil.move(made, folder / f"{name}{made.suffix}")
    assert {archive.format for archive in read_archives(folder)} >= {"chatgpt"}


def test_a_folder_in_which_nothing_is_known_is_refused(tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(range(256)))
    with pytest.raises(BadInput, match="no format that is known"):
        read_archives(tmp_path)


def test_files_that_a_format_does_not_read_are_listed(put):
    row = "id,permalink,date,ip,subreddit,gildings,link,parent,body,media\nc1,p,2024-05-01 12:00:00 UTC,,a,0,l,,Rain.,\n"
    archive = read_archive(put({"comments.csv": row, "photo.jpg": b"\xff\xd8"}))
    assert archive.unread == []
    assert [trace.text for trace in archive.rows] == ["Rain."]
    assert archive.unread == ["photo.jpg"]


def test_a_parquet_file_inside_a_zip_is_read(tmp_path):
    duckdb.execute(
        f"COPY (SELECT 'ana' AS person, 'Rain.' AS text) TO '{tmp_path / 't.parquet'}' (FORMAT parquet)"
    )
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as packed:
        packed.write(tmp_path / "t.parquet", "inner/t.parquet")
    archive = read_archive(tmp_path / "t.zip")
    assert archive.format == "table"
    assert [(trace.person, trace.text) for trace in archive.rows] == [("ana", "Rain.")]


def test_what_is_older_and_what_has_no_date_is_counted():
    tally = Tally(since=NOON)
    old, new, undated = (
        Trace("p", "t", str(at), at) for at in (datetime(2020, 1, 1, tzinfo=UTC), NOON, None)
    )
    assert [tally.is_recent(each) for each in (old, new, undated)] == [False, True, True]
    assert tally.as_json() == {"read": 0, "kept": 0, "skipped": 0, "older": 1, "undated": 1}
    assert Tally().as_json() == {"read": 0, "kept": 0, "skipped": 0}


def test_table_and_chat_makers_are_told_apart(tmp_path):
    assert [archive.format for archive in read_archives(table_csv(tmp_path, LINES))] == ["table"]
    assert [archive.format for archive in read_archives(whatsapp(tmp_path, LINES))] == ["whatsapp"]
