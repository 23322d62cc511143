import csv
import io
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personae.people.archives._source import Limits, open_source, open_stream
from personae.people.archives._text import (
    ROW_CHARS,
    as_number,
    as_text,
    clean,
    csv_header,
    csv_rows,
    drop_identifiers,
    encoding_of,
    event_id,
    html_to_text,
    parse_time,
    repair_latin1,
    text_lines,
    unescape,
)
from personae.people.archives.rows import Options, RowError

NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2024-05-01T12:00:00Z", "2024-05-01 12:00:00 UTC", "2024-05-01T14:00+02:00", "2024-05-01 12:00", "20240501T120000",
        1714564800, 1714564800.0, 1714564800_000, 1714564800_000_000, 1714564800_000_000_000, "1714564800", " 1714564800000 ",
        datetime(2024, 5, 1, 12), NOON,
    ],
)  # fmt: skip
def test_times_of_every_kind(value):
    assert parse_time(value) == NOON
    assert parse_time(value).tzinfo is UTC


def test_times_in_a_named_format():
    assert parse_time("Wed May 01 12:00:00 +0000 2024", "%a %b %d %H:%M:%S %z %Y") == NOON
    assert parse_time("01 May 2024 12:00", "%Y", "%d %b %Y %H:%M") == NOON


@pytest.mark.parametrize(
    "value",
    [None, True, "", "soon", "2024-13-01", [], {}, float("nan"), float("-inf"), 10**400, -(10**30), "9" * 6000,
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "２０２４-05-01x", 1e21],
)  # fmt: skip
def test_what_is_no_time_is_none(value):
    assert parse_time(value) is None


def test_bad_entities_and_values_are_left_alone():
    assert unescape("&#" + "9" * 5000 + ";").startswith("&#9")
    assert (as_text("a\x00b\ud800"), as_text(5), as_text(True), as_text(float("nan")), as_text([1])) == (
        "ab\ufffd", "5", "", "", "",
    )  # fmt: skip
    assert (as_number("1.5"), as_number("x"), as_number(10**400), as_number("nan"), as_number(None)) == (
        1.5, None, None, None, None,
    )  # fmt: skip


def test_latin1_is_repaired_only_where_it_was_broken():
    for text in ("café", "привет", "🙂 ok", "plain"):
        assert repair_latin1(text.encode().decode("latin-1")) == text
    assert repair_latin1("café ÿ") == "café ÿ"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a &lt;b&gt; c", "a <b> c"),
        ("<p>one<br>two</p><p>three</p>", "one\ntwo\nthree"),
        ("<script>evil()</script>x<style>p{}</style>", "x"),
        ("<script>never closed", ""),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ('<a href="https://x.example" class="u">x.example</a>', "x.example"),
        ("<![CDATA[<!-- <b", "<![CDATA[<!-- <b"),
    ],
)
def test_html_becomes_the_words_it_shows(markup, text):
    assert html_to_text(markup) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("mail ana.b+x@mail.example.co.uk!", "mail [e-mail]!"),
        ("from 10.0.0.1 or 2001:db8::ff00:42:8329", "from [ip] or [ip]"),
        ("call +351 912 345 678: now", "call [phone]: now"),
        ("(555) 123-4567, 0044 20 7946 0958", "[phone], [phone]"),
    ],
)
def test_identifiers_are_dropped_at_the_door(text, left):
    assert clean(text, Options()) == left
    assert clean(text, Options(keep_identifiers=True)) == text


@pytest.mark.parametrize(
    "text",
    [
        "on 2024-03-04 10:20:30 and 12.03.2024 10:20", "from 1990 to 2000, 1990 2000 2010", "https://x.example/status/1234567890123",
        "3.14159265358979", "10:20:30", "std::vector a::b", "@ana@social.example", "ISBN 978-3-16-148410-0", "1.2.3", "999.1.2.3",
    ],
)  # fmt: skip
def test_dates_links_and_numbers_are_no_identifiers(text):
    assert drop_identifiers(text) == text


@pytest.mark.parametrize(
    "unit",
    ["a", "1 ", "1", "a.b", ":", "1.", "a@", "12 34 ", "(", "+", "0:", "<", "<a ", "<script>", "&#", "<br "],
)
def test_no_text_takes_more_than_linear_time(unit):
    def seconds(n):
        start = time.process_time()
        clean(unit * n, Options())
        html_to_text(unit * n)
        return time.process_time() - start

    assert seconds(200_000) < 20 * seconds(20_000) + 0.2


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_encodings_are_told_from_the_bytes(encoding):
    text = "id,text\nçé,Zürich ß é à\n"
    lines = text_lines(open_stream(io.BytesIO(text.encode(encoding)), "a.csv"), "a.csv")
    assert [line for _, line in lines] == ["id,text", "çé,Zürich ß é à"]
    assert encoding_of(b"") == encoding_of(b"ascii") == "utf-8-sig"


def rows_of(tmp_path, body, limits=None):
    (tmp_path / "a.csv").write_bytes(body)
    with open_source(tmp_path / "a.csv", limits or Limits()) as source:
        return list(csv_rows(source, "a.csv"))


def test_csv_rows_are_numbered_as_a_spreadsheet_does(tmp_path):
    rows = rows_of(tmp_path, b'\xef\xbb\xbfID,Body\r\n1,"two\nlines"\r\n\r\n2,x\r\n')
    assert rows == [(2, {"id": "1", "body": "two\nlines"}), (3, {"id": "2", "body": "x"})]


def test_bad_csv_rows_are_errors_and_the_next_row_is_read(tmp_path):
    rows = rows_of(tmp_path, b"id,body\n1\n2,a,b\n3,c\n")
    assert [row.where for row in rows[:2]] == ["a.csv:2", "a.csv:3"]
    assert rows[2] == (4, {"id": "3", "body": "c"})
    rows = rows_of(tmp_path, b'id,body\n1,"' + b"x" * (2 << 20) + b'"\n2,y\n')
    assert rows[0] == RowError("a.csv:2", "a row that is no CSV or too long", "mend its quotes")
    assert rows[1] == (3, {"id": "2", "body": "y"})


def test_a_csv_row_that_never_ends_is_bounded(tmp_path):
    rows = rows_of(tmp_path, b"id,body\n" + b'x","y\n' * (2 * ROW_CHARS // 5))
    assert 2 <= len(rows) < 9
    assert all(isinstance(row, RowError) for row in rows)


def test_semicolons_and_tabs_part_columns_too(tmp_path):
    assert rows_of(tmp_path, b"id;body\n1;a,b\n") == [(2, {"id": "1", "body": "a,b"})]
    assert rows_of(tmp_path, b"id\tbody\n1\ta,b\n") == [(2, {"id": "1", "body": "a,b"})]


@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00\ufeff")),
            min_size=2,
            max_size=2,
        ),
        max_size=8,
    )
)
def test_csv_round_trip(cells):
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *cells])
    body = out.getvalue().encode()
    rows = list(csv_rows(open_stream(io.BytesIO(body), "a.csv"), "a.csv"))
    assert rows == [(place + 2, {"a": a, "b": b}) for place, (a, b) in enumerate(cells)]


def test_headers_of_what_is_no_csv_are_empty(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\x00\x01\x02,b\n")
    with open_source(tmp_path / "a.csv") as source:
        assert csv_header(source, "a.csv") == ()


def test_long_lines_are_errors_by_their_number(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one\n" + b"x" * 500 + b"\nthree\n")
    with open_source(tmp_path / "a.txt", Limits(row_bytes=100)) as source:
        first, second, third = text_lines(source, "a.txt")
    assert (first, third) == ((1, "one"), (3, "three"))
    assert second.where == "a.txt:2"


def test_ids_are_stable_and_tell_untimed_repeats_apart():
    assert event_id("x", "7", None, "t", "a:1") == "7"
    assert event_id("x", None, NOON, "t", "a:1") == event_id("x", "", NOON, "t", "b:2")
    assert event_id("x", None, None, "t", "a:1") != event_id("x", None, None, "t", "a:2")
