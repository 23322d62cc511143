import gzip
import json

import pytest
import zstandard

from personae.errors import BadInput, DamagedData, MissingData, UnknownName
from personae.people import datasets as registry
from personae.people.datasets import (
    DataFile,
    Dataset,
    DataSource,
    checksum,
    data_dir,
    dataset,
    dataset_path,
    datasets,
    open_dataset,
    read_json,
    read_rows,
    verify,
)

ROWS = [{"person": "p1", "text": "né à Köln"}, {"person": "p2", "text": "a,\nb"}]


@pytest.fixture
def made(tmp_path, monkeypatch):
    folder = tmp_path / "made"
    folder.mkdir()
    lines = "\n".join(json.dumps(row) for row in ROWS).encode() + b"\n\n"
    table = 'person,text\np1,"né à Köln"\np2,"a,\nb"\n'.encode()
    (folder / "a.jsonl.zst").write_bytes(zstandard.compress(lines))
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(lines))
    (folder / "c.csv.zst").write_bytes(zstandard.compress(b"\xef\xbb\xbf" + table))
    (folder / "d.json").write_text('{"n": 3}')
    (folder / "e.csv").write_bytes(table)
    (folder / "f.npz").write_bytes(b"\x00")
    entries = tuple(
        DataFile(path.name, path.stat().st_size, checksum(path)) for path in sorted(folder.iterdir())
    )
    source = DataSource("someone/repository", "abc123", "CC BY 4.0")
    known = {"made": Dataset("made", "Made", (source,), (*entries, DataFile("g.json", 1, "0")))}
    monkeypatch.setattr(registry, "datasets", lambda: known)
    monkeypatch.setenv("PERSONAE_DATA", str(tmp_path))
    return folder


@pytest.mark.parametrize("file", ["a.jsonl.zst", "b.jsonl.gz", "c.csv.zst", "e.csv"])
def test_every_table_reads_the_same(made, file):
    assert list(read_rows("made", file)) == ROWS


def test_json_bytes_and_paths(made):
    assert read_json("made", "d.json") == {"n": 3}
    assert dataset_path("made", "f.npz") == made / "f.npz"
    with open_dataset("made", "a.jsonl.zst") as stream:
        assert stream.read(1) == b"{"


def test_a_broken_row_is_named_and_never_quoted(made):
    (made / "b.jsonl.gz").write_bytes(gzip.compress(b'{"a": 1}\n["canary"]\n'))
    with pytest.raises(BadInput, match=r"made/b.jsonl.gz, line 2") as caught:
        list(read_rows("made", "b.jsonl.gz"))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("file", ["a.jsonl.zst", "b.jsonl.gz", "c.csv.zst"])
@pytest.mark.parametrize("kept", [0, 0.5, -1])
def test_a_file_cut_off_anywhere_is_named(made, file, kept):
    whole = (made / file).read_bytes()
    (made / file).write_bytes(whole[: kept if kept < 0 else int(kept * len(whole))])
    with pytest.raises(DamagedData, match=rf"made/{file} (is cut off|is empty).*personae data verify made"):
        list(read_rows("made", file))


def test_a_table_may_hold_names_alone_but_not_nothing(made):
    (made / "e.csv").write_text("person,text\n")
    assert list(read_rows("made", "e.csv")) == []
    (made / "b.jsonl.gz").write_bytes(gzip.compress(b"\n"))
    with pytest.raises(DamagedData, match=r"b\.jsonl\.gz is empty"):
        list(read_rows("made", "b.jsonl.gz"))


def test_every_frame_is_read_and_each_must_end(made):
    lines = [json.dumps({"n": n}).encode() + b"\n" for n in range(30000)]
    unsized = zstandard.ZstdCompressor().compressobj()
    frames = [
        zstandard.compress(b"".join(lines[:20000])),
        unsized.compress(b"".join(lines[20000:])),
        unsized.flush(),
    ]
    (made / "a.jsonl.zst").write_bytes(b"".join(frames))
    assert [row["n"] for row in read_rows("made", "a.jsonl.zst")] == list(range(30000))
    (made / "a.jsonl.zst").write_bytes(b"".join(frames)[:-3])
    with pytest.raises(DamagedData, match=r"a.jsonl.zst is cut off"):
        list(read_rows("made", "a.jsonl.zst"))
    (made / "a.jsonl.zst").write_bytes(frames[0] + b"garbage, not a frame")
    with pytest.raises(DamagedData, match=r"a.jsonl.zst cannot be decompressed"):
        list(read_rows("made", "a.jsonl.zst"))


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ('person,text\np1,a\np2,"b\np3,c\n', "line 3: a quote that is not closed"),
        ("person,text\np1,a\np2\n", "line 3: not a row of 2 columns"),
        ("person,text\np1,a,canary\n", "line 2: not a row of 2 columns"),
        ("", "e.csv is empty"),
        ("person,text\np1,\udcff\n", "e.csv is not UTF-8"),
    ],
)
def test_a_damaged_table_names_its_row(made, table, fault):
    (made / "e.csv").write_text(table, errors="surrogateescape")
    with pytest.raises(DamagedData, match=f"{fault}.*personae data verify made") as caught:
        list(read_rows("made", "e.csv"))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [('{"n":\n "canary', "d.json, line 2: not JSON"), ("", "not JSON"), ("\udcff", "not UTF-8")],
)
def test_damaged_json_names_its_file(made, text, fault):
    (made / "d.json").write_text(text, errors="surrogateescape")
    with pytest.raises(DamagedData, match=f"{fault}.*personae data verify made") as caught:
        read_json("made", "d.json")
    assert "canary" not in str(caught.value)


def test_only_tables_have_rows(made):
    with pytest.raises(BadInput, match="not a table"):
        list(read_rows("made", "d.json"))


def test_what_is_missing_says_where_it_comes_from(made):
    with pytest.raises(MissingData, match=r"someone/repository at commit abc123 \(CC BY 4.0\)"):
        read_json("made", "g.json")
    with pytest.raises(UnknownName, match=r"It has: a.jsonl.zst"):
        read_json("made", "nothing.json")
    with pytest.raises(UnknownName, match="Nearest: made"):
        dataset("mode")


def test_without_the_variable_or_the_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("PERSONAE_DATA", raising=False)
    with pytest.raises(MissingData, match="PERSONAE_DATA is not set"):
        data_dir()
    monkeypatch.setenv("PERSONAE_DATA", str(tmp_path / "no"))
    with pytest.raises(MissingData, match="not a folder"):
        data_dir()


def test_verify_finds_changed_and_missing_files(made):
    (made / "d.json").write_text("{}")
    states = {check.file: check.state for check in verify("made")}
    assert states["a.jsonl.zst"] == "ok"
    assert states["d.json"] == "changed"
    assert states["g.json"] == "missing"


def test_the_registry_is_whole():
    assert len(datasets()) >= 57
    for entry in datasets().values():
        assert entry.title
        assert entry.sources
        assert entry.files
        for source in entry.sources:
            owner, _, name = source.repository.partition("/")
            assert owner
            assert name
            assert len(source.commit) >= 12
            assert source.licence
        assert all(len(file.sha256) == 64 and file.bytes > 0 for file in entry.files)


@pytest.mark.data
def test_the_files_here_are_the_registered_ones():
    assert [check for name in datasets() for check in verify(name) if check.state != "ok"] == []
