import io

import pytest

from personae.people.archives import plain, read_archive, read_text
from personae.people.archives.rows import Options
from personae.people.records import person_id


def test_paragraphs_where_blank_lines_part_them(put, load):
    path = put(
        {"notes.md": "# Title\n\nOne paragraph\nof two lines.\n\n\nAnother.\n", "image.png": b"\x89PNG"}
    )
    traces, errors = load(plain, path)
    assert [(t.text, t.where) for t in traces] == [
        ("# Title", "notes.md:1"),
        ("One paragraph\nof two lines.", "notes.md:3"),
        ("Another.", "notes.md:7"),
    ]
    assert errors == []


def test_lines_where_none_part_them(put, load):
    traces, _ = load(plain, put({"a.txt": "\nfirst\nsecond\nthird\n\n"}))
    assert [t.text for t in traces] == ["first", "second", "third"]


def test_a_sub_folder_is_a_person_whose_name_is_hashed(put, load):
    traces, _ = load(
        plain, put({"top.txt": "me", "bea/b.txt": "two", "ana/x/a.txt": "one"}), Options(person="me")
    )
    assert [(t.person, t.text) for t in traces] == [
        ("me", "me"),
        (person_id("plain:ana"), "one"),
        (person_id("plain:bea"), "two"),
    ]


def test_long_paragraphs_are_cut_at_line_ends(put, load):
    traces, _ = load(plain, put({"a.txt": "start\n\n" + "x" * 99 + "\n" + ("y" * 99 + "\n") * 99}))
    assert max(len(t.text) for t in traces) <= 4000
    assert sum(t.text.count("y") for t in traces) == 99 * 99


def test_stdin_is_one_person(tmp_path):
    archive = read_text(io.BytesIO("olá\n\nna praia".encode()), Options(person="me"))
    assert [(t.person, t.text, t.where) for t in archive.rows] == [
        ("me", "olá", "stdin:1"),
        ("me", "na praia", "stdin:3"),
    ]
    assert [t.text for t in read_text("one\ntwo").rows] == ["one", "two"]


@pytest.mark.parametrize(
    "odd", [b"\xed\xa0\x80", b"\xed\xa0\xbd\xed\xb8\x80", b"\xff"], ids=["surrogate", "pair", "byte"]
)
def test_a_character_that_cannot_be_decoded_is_replaced_in_however_short_a_text(tmp_path, odd):
    (tmp_path / "a.txt").write_bytes(b"Oi" + odd + b" Ana.")
    (trace,) = read_archive(tmp_path / "a.txt").rows
    assert trace.text.strip("\ufffd").replace("\ufffd", "") == "Oi Ana."
    assert "\ufffd" in trace.text
    (tmp_path / "b.txt").write_bytes("Olá".encode() + odd + " lá, até já.".encode())
    (trace,) = read_archive(tmp_path / "b.txt").rows
    assert trace.text.replace("\ufffd", "") == "Olá lá, até já."


def test_a_file_without_an_ending_is_text_when_it_reads_as_text(tmp_path):
    (tmp_path / "diary").write_text("Dear diary\n")
    assert read_archive(tmp_path / "diary").format == "plain"
