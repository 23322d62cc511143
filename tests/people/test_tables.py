import json
from datetime import UTC, datetime

import duckdb
import pytest

from personae.errors import BadInput
from personae.people.archives import Options, RowError, Tally, read_archive
from personae.people.archives._grouping import _IN_MEMORY, grouped
from personae.people.records import Trace, people_of
from personae.people.tables import read_columns

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def parquet(path, query):
    duckdb.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path


def rows_of(path, **options):
    return list(read_archive(path, Options(**options)).rows)


def test_all_columns_of_each_kind_of_file(tmp_path):
    row = {
        "person": "a",
        "text": "hi",
        "id": "7",
        "time": "2024-05-01T12:00:00Z",
        "source": "diary",
        "kind": "post",
        "thread": "t",
        "role": "other",
    }
    (tmp_path / "t.jsonl").write_text(json.dumps(row))
    (tmp_path / "t.json").write_text(json.dumps([row]))
    (tmp_path / "t.csv").write_text(",".join(row) + "\n" + ",".join(row.values()))
    columns = ", ".join(f"'{value}' AS {name}" for name, value in row.items())
    parquet(tmp_path / "t.parquet", f"SELECT {columns}")
    for name, place in (("t.jsonl", "1"), ("t.json", "/0"), ("t.csv", "2"), ("t.parquet", "1")):
        (trace,) = rows_of(tmp_path / name)
        assert trace == Trace("a", "diary", "7", NOON, "post", "other", "t", "hi", where=f"{name}:{place}")


def test_the_first_matching_alias_is_taken_and_the_map_wins(tmp_path):
    (tmp_path / "t.csv").write_text("Author,Body,note,created_utc\nana,one,two,1714564800\n")
    (trace,) = rows_of(tmp_path / "t.csv")
    assert (trace.person, trace.text, trace.time, trace.kind, trace.source) == (
        "ana",
        "one",
        NOON,
        "message",
        "table",
    )
    assert rows_of(tmp_path / "t.csv", columns={"text": "note"})[0].text == "two"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"txt": "body"}, "Did you mean 'text'"),
        ({"text": "nowhere"}, "no table in it|has no column 'nowhere'. It has: wer, was"),
        ({"text": "was"}, "which column is 'person'. Say so with --map person=NAME. It has: wer, was"),
        ({"person": "wer"}, "which column is 'text'"),
    ],
)
def test_columns_that_do_not_fit_are_said_before_anything_is_read(tmp_path, columns, message):
    (tmp_path / "t.csv").write_text("wer,was\nana,hi\n")
    with pytest.raises(BadInput, match=message):
        read_archive(tmp_path / "t.csv", Options(columns=columns))


def test_a_table_of_one_person_needs_no_person_column(tmp_path):
    (tmp_path / "t.csv").write_text("was\nhi\n")
    (trace,) = rows_of(tmp_path / "t.csv", columns={"text": "was"}, person="me")
    assert trace.person == "me"


def test_bad_rows_are_errors_with_their_row(tmp_path):
    bad = [
        {"person": "a", "text": None}, {"person": None, "text": "x"}, {"person": "a", "text": "x", "kind": "dance"},
        {"person": "a", "text": "x", "role": "king"}, {"person": {}, "text": "x"}, 5, {"person": "a", "text": "fine"},
    ]  # fmt: skip
    (tmp_path / "t.jsonl").write_text(
        "\n".join(map(json.dumps, [{"person": "a", "text": "ok", "kind": "", "role": ""}, *bad]))
    )
    tally = Tally()
    assert [t.text for t in tally.traces(read_archive(tmp_path / "t.jsonl").rows)] == ["ok", "fine"]
    assert [(e.where, e.reason) for e in tally.errors] == [
        ("t.jsonl:2", "no text"), ("t.jsonl:3", "no person"), ("t.jsonl:4", "an unknown kind"), ("t.jsonl:5", "an unknown role"),
        ("t.jsonl:6", "no person"), ("t.jsonl:7", "no person"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "time"),
    [
        ("TIMESTAMP '2024-05-01 12:00:00'", NOON),
        ("TIMESTAMPTZ '2024-05-01 14:00:00+02'", NOON),
        ("TIMESTAMP_NS '2024-05-01 12:00:00'", NOON),
        ("DATE '2024-05-01'", NOON.replace(hour=0)),
        ("1714564800", NOON),
        ("1714564800000::BIGINT", NOON),
        ("1714564800.0::DOUBLE", NOON),
        ("'2024-05-01 12:00:00 UTC'", NOON),
        ("'soon'", None),
        ("NULL", None),
        ("'infinity'::TIMESTAMP", None),
        ("'290000-01-01'::TIMESTAMP", None),
        ("'nan'::DOUBLE", None),
    ],
)
def test_parquet_times_of_every_type(tmp_path, expression, time):
    (trace,) = rows_of(
        parquet(tmp_path / "t.parquet", f"SELECT 1 AS person, 'hi' AS text, {expression} AS time")
    )
    assert (trace.person, trace.time) == ("1", time)


def test_odd_parquet_values(tmp_path):
    query = "SELECT * FROM (VALUES (1.5::DOUBLE, 'a' || chr(0)), ('nan'::DOUBLE, 'b'), (NULL, 'c'), (2.0, NULL)) t(person, text)"
    first, *errors = rows_of(parquet(tmp_path / "t.parquet", query))
    assert (first.person, first.text) == ("1.5", "a")
    assert [(e.where, e.reason) for e in errors] == [
        ("t.parquet:2", "no person"), ("t.parquet:3", "no person"), ("t.parquet:4", "no text"),
    ]  # fmt: skip


def test_parquet_columns_with_odd_names(tmp_path):
    path = parquet(tmp_path / "t.parquet", """SELECT 'a' AS "we""r;--", 'hi' AS "Text'" """)
    (trace,) = rows_of(path, columns={"person": 'we"r;--', "text": "Text'"})
    assert (trace.person, trace.text) == ("a", "hi")


@pytest.mark.parametrize("order", ["i", "hash(i)"])
def test_people_stand_together_in_their_own_order(tmp_path, order):
    n_people, each = 50, 40
    query = f"SELECT 'p' || (i // {each}) AS person, 'line ' || i AS text, i AS time FROM range({n_people * each}) t(i) ORDER BY {order}"
    parquet(tmp_path / "t.parquet", query)
    duckdb.execute(f"COPY (FROM '{tmp_path / 't.parquet'}') TO '{tmp_path / 't.csv'}'")
    for name in ("t.parquet", "t.csv"):
        people = list(people_of(rows_of(tmp_path / name)))
        assert len({person.id for person in people}) == len(people) == n_people
        rows = [
            int(trace.where.rpartition(":")[2]) for trace in rows_of(tmp_path / name) if trace.person == "p7"
        ]
        assert rows == sorted(rows)


def test_a_folder_of_tables_is_one_table(tmp_path):
    (tmp_path / "a.csv").write_text("person,text\nana,one\nbea,two\n")
    (tmp_path / "b.jsonl").write_text('{"person": "ana", "text": "three"}')
    parquet(tmp_path / "c.parquet", "SELECT 'bea' AS person, 'four' AS text")
    (tmp_path / "other.csv").write_text("x,y\n1,2\n")
    assert [(t.person, t.text) for t in rows_of(tmp_path)] == [
        ("ana", "one"),
        ("ana", "three"),
        ("bea", "four"),
        ("bea", "two"),
    ]


def test_a_damaged_parquet_file_keeps_the_rows_before(tmp_path):
    path = parquet(
        tmp_path / "t.parquet",
        "SELECT i // 1000 AS person, repeat(md5(i::VARCHAR), 9) AS text FROM range(300000) t(i)",
    )
    body = bytearray(path.read_bytes())
    body[len(body) * 2 // 3 : len(body) * 2 // 3 + 2000] = bytes(2000)
    path.write_bytes(body)
    rows = rows_of(path)
    assert isinstance(rows[-1], RowError)
    assert "damaged" in rows[-1].reason


@pytest.mark.parametrize("is_grouped", [True, False])
def test_grouping_on_disk_keeps_every_field_and_error(is_grouped):
    n = _IN_MEMORY + 5000
    traces = [
        Trace(f"p{i // 9 if is_grouped else i % 500:05}", "s", str(i), NOON if i % 2 else None, "post", "other", "t", f"text {i}", None, i / 2, f"f:{i}")
        for i in range(n)
    ]  # fmt: skip
    rows = list(traces)
    rows[100:100] = [RowError("f:x", "bad")]
    rows.append(RowError("f:y", "bad"))
    out = list(grouped(iter(rows)))
    assert [row.where for row in out if isinstance(row, RowError)] == ["f:x", "f:y"]
    assert [row for row in out if isinstance(row, Trace)] == (
        traces if is_grouped else sorted(traces, key=lambda trace: trace.person)
    )


def test_wildcards_in_a_path_are_taken_literally(tmp_path):
    (tmp_path / "a[1]").mkdir()
    parquet(tmp_path / "a[1]" / "t1.parquet", "SELECT 'ana' AS person, 'hi' AS text")
    parquet(tmp_path / "a[1]" / "t.parquet", "SELECT 'bea' AS person, 'hello' AS text").rename(
        tmp_path / "a[1]" / "t*.parquet"
    )
    (trace,) = rows_of(tmp_path / "a[1]" / "t*.parquet")
    assert trace.person == "bea"


def test_columns_are_read_as_the_text_that_stands_there(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text('[{"person": 1.00, "item": true}, {"person": null, "item": [1], "value": "x"}]')
    assert list(read_columns(path, ("person", "item"), ("value", "time"))) == [
        (1, ("1.00", "true", None, None)),
        (2, (None, '["1"]', "x", None)),
    ]
    with pytest.raises(
        BadInput, match=r"rows\.json: no column prize\. It must have person, prize and may have value"
    ):
        list(read_columns(path, ("person", "prize"), ("value",)))
    with pytest.raises(BadInput, match="no such file"):
        list(read_columns(tmp_path / "none.csv", ("person",)))
