import gzip
import io
import os
import tarfile
import tracemalloc
import zipfile

import pytest
import zstandard

from personae.errors import BadInput
from personae.people.archives._source import Limits, open_source


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return path


def test_one_extra_top_folder_and_system_files_are_taken_off(tmp_path):
    path = zipped(
        tmp_path / "a.zip", {"export/x/a.csv": "1", "export/b.json": "2", "__MACOSX/export/._a.csv": "3"}
    )
    with open_source(path) as source:
        assert set(source.names) == {"x/a.csv", "b.json"}
        assert source.open("x/a.csv").read() == b"1"
        assert source.find("A.CSV") == ("x/a.csv",)
        assert source.find(".csv") == ()


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/etc/evil.txt", "a/../../evil.txt", "C:\\evil.txt", "..\\evil.txt"]
)
def test_names_that_leave_the_archive_are_refused(tmp_path, name):
    with open_source(zipped(tmp_path / "a.zip", {name: "x", "good.txt": "y"})) as source:
        assert source.names == ("good.txt",)
        assert [reason for _, reason in source.refused] == ["a name that leaves the archive"]


def test_a_zip_bomb_is_refused_before_it_is_opened(tmp_path):
    with open_source(zipped(tmp_path / "a.zip", {"bomb.json": b"0" * (50 << 20)})) as source:
        assert source.names == ()
        assert source.refused == [("bomb.json", "unpacks to a size no export has")]


def test_no_more_is_read_than_the_limit(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_bytes(b"x" * 10_000)
    with (
        open_source(tmp_path / "folder", Limits(member_bytes=4096)) as source,
        pytest.raises(BadInput, match=r"a\.txt.*limit"),
    ):
        source.open("a.txt").read()


def test_a_file_that_was_named_itself_is_read_whole_unless_it_unpacks_to_a_bomb(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"x" * 10_000)
    with open_source(tmp_path / "a.txt", Limits(member_bytes=4096)) as source:
        assert len(source.open("a.txt").read()) == 10_000
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(50 << 20)))
    with open_source(tmp_path / "bomb.gz") as source, pytest.raises(BadInput, match="limit"):
        source.open("bomb.gz").read()


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstandard"])
def test_packed_files_are_read_as_what_they_hold(tmp_path, pack):
    (tmp_path / "a.jsonl.packed").write_bytes(pack(b'{"a": 1}'))
    with open_source(tmp_path / "a.jsonl.packed") as source:
        assert source.open("a.jsonl.packed").read() == b'{"a": 1}'
    (tmp_path / "cut.packed").write_bytes(pack(os.urandom(10_000))[:5000])
    with open_source(tmp_path / "cut.packed") as source, pytest.raises(BadInput, match="damaged"):
        source.open("cut.packed").read()


def test_names_with_control_characters_and_names_twice_are_refused(tmp_path):
    with open_source(zipped(tmp_path / "a.zip", {"a\x1b[2J.txt": "x", "b.txt": "y"})) as source:
        assert source.names == ("b.txt",)
        assert source.refused == [("a?[2J.txt", "a name with control characters")]
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("a.txt"), io.BytesIO())
    with open_source(tmp_path / "a.tar") as source:
        assert source.names == ("a.txt",)
        assert [reason for _, reason in source.refused] == ["a name that stands there twice"]


def test_a_tar_header_that_says_it_is_huge_is_not_read(tmp_path):
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 3 << 30
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(header.tobuf() + bytes(100 << 20)))
    tracemalloc.start()
    try:
        with pytest.raises(BadInput, match="not a readable tar"):
            open_source(tmp_path / "a.tar.gz")
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


def test_a_tar_bomb_is_left_out(tmp_path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        for name, size in (("good.txt", 5), ("bomb.txt", 60 << 20)):
            info = tarfile.TarInfo(name)
            info.size = size
            archive.addfile(info, io.BytesIO(bytes(size)))
    with open_source(tmp_path / "a.tar.gz") as source:
        assert source.names == ("good.txt",)
        assert source.refused == [("bomb.txt", "unpacks to a size no export has")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipes_are_not_waited_for(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "folder" / "pipe")
    with open_source(tmp_path / "folder") as source:
        assert source.refused == [("pipe", "not a plain file")]
    with pytest.raises(BadInput, match="stdin"):
        open_source(tmp_path / "folder" / "pipe")


def test_links_are_refused_in_folders_and_tars(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to("/etc/hostname")
    (tmp_path / "folder" / "a.txt").write_text("x")
    with open_source(tmp_path / "folder") as source:
        assert source.names == ("a.txt",)
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
        info = tarfile.TarInfo("a.txt")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"x"))
    with open_source(tmp_path / "a.tar.gz") as source:
        assert source.names == ("a.txt",)
        assert source.refused == [("link", "a link")]


def test_a_truncated_archive_is_one_clear_error(tmp_path):
    whole = zipped(tmp_path / "a.zip", {"a.txt": "x" * 100_000}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="Download the export again"):
        open_source(tmp_path / "cut.zip")


def test_a_damaged_member_raises_while_it_is_read(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.txt": os.urandom(50_000)})
    body = bytearray(path.read_bytes())
    body[25_000] ^= 0xFF
    path.write_bytes(body)
    with open_source(path) as source, pytest.raises(BadInput, match="damaged"):
        source.open("a.txt").read()


def test_nothing_there_is_said_plainly(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        open_source(tmp_path / "missing")


def test_what_stands_before_the_damage_is_looked_into_and_read(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.txt": os.urandom(90_000)})
    body = bytearray(path.read_bytes())
    body[60_000] ^= 0xFF
    path.write_bytes(body)
    with open_source(path) as source:
        assert len(source.head("a.txt", 50_000)) == 50_000
        assert source.head("a.txt", 5) == source.head("a.txt")[:5]


def test_the_heads_in_a_packed_tar_are_kept_while_it_is_listed(tmp_path, monkeypatch):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        for name in ("x/a.json", "x/b.json", "x/c.png"):
            info = tarfile.TarInfo(name)
            info.size = 3
            archive.addfile(info, io.BytesIO(b"[1]"))
    with open_source(tmp_path / "a.tar.gz") as source:
        monkeypatch.setattr(source, "_open", None)
        assert source.names == ("a.json", "b.json", "c.png")
        assert source.head("a.json") == source.head("b.json") == b"[1]"


def test_a_name_of_thousands_of_characters_is_refused(tmp_path):
    with open_source(zipped(tmp_path / "a.zip", {"n" * 5000: "x", "a.txt": "y"})) as source:
        assert source.names == ("a.txt",)
        assert len(source.refused[0][0]) == 200
