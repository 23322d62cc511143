import json
import time
import tracemalloc

import duckdb
import numpy as np
import pytest

from personae.errors import BadInput
from personae.people.records import Preference
from personae.preference import comparisons, read_comparisons

ROWS = [
    Preference("ana", "lunch", "soup", "salad", "a", 2.0),
    Preference("bo", "lunch", "salad", "soup", "tie"),
    Preference("ana", "dinner", "soup", "rice", "b"),
]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def as_dict(row):
    return {"person": row.person, "context": row.context, "a": row.a, "b": row.b, "choice": row.choice}


def test_people_and_items_are_numbered_in_the_order_they_come():
    table = comparisons(ROWS)
    assert table.people == ("ana", "bo")
    assert table.items == (("lunch", "soup"), ("dinner", "soup"), ("lunch", "salad"), ("dinner", "rice")) or (
        set(table.items) == {("lunch", "soup"), ("lunch", "salad"), ("dinner", "soup"), ("dinner", "rice")}
    )
    assert [table.items[place] for place in table.a] == [
        ("lunch", "soup"),
        ("lunch", "salad"),
        ("dinner", "soup"),
    ]
    assert table.person.tolist() == [0, 1, 0]
    assert table.chosen.tolist() == [1.0, 0.5, 0.0]
    assert table.weight.tolist() == [2.0, 1.0, 1.0]
    assert table.counts().tolist() == [2, 1]


def test_rows_come_back_as_they_were():
    assert comparisons(ROWS).preferences() == ROWS
    assert comparisons([]).preferences() == []


def test_rows_may_come_from_a_generator():
    assert comparisons(row for row in ROWS).preferences() == ROWS


def test_some_rows_keep_everyones_number():
    part = comparisons(ROWS).take(np.array([False, True, False]))
    assert part.preferences() == ROWS[1:2]
    assert part.people == ("ana", "bo")
    assert part.of_people(np.array([0])).preferences()[0].person == "ana"


@pytest.mark.parametrize(
    ("choice", "strength"), [("c", 1.0), ("a", 0.0), ("a", -1.0), ("a", np.inf), ("a", np.nan), ("a", 1e100)]
)
def test_a_row_that_is_no_preference_is_named_by_number(choice, strength):
    with pytest.raises(BadInput, match="Row 1"):
        comparisons([ROWS[0], Preference("bo", "", "tea", "milk", choice, strength)])


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_file_reads_as_its_records(tmp_path, form):
    lines = write(tmp_path / "rows.jsonl", [as_dict(row) | {"strength": row.strength} for row in ROWS])
    path = tmp_path / f"rows.{form}"
    if form != "jsonl":
        duckdb.execute(f"COPY (SELECT * FROM '{lines}') TO '{path}'")
    found, made = read_comparisons(path), comparisons(ROWS)
    assert found.preferences() == ROWS
    assert found.people == made.people
    assert set(found.items) == set(made.items)


def test_context_may_be_empty_and_strength_left_out(tmp_path):
    path = write(tmp_path / "rows.jsonl", [as_dict(ROWS[0]) | {"context": None}])
    assert read_comparisons(path).preferences() == [Preference("ana", "", "soup", "salad", "a")]


@pytest.mark.parametrize(
    "wrong",
    [{"choice": "left"}, {"choice": None}, {"person": None}, {"a": None}, {"strength": 0}, {"strength": -2}],
)
def test_a_bad_row_of_a_file_is_named_by_file_and_row(tmp_path, wrong):
    good = as_dict(ROWS[0]) | {"strength": 1.0}
    path = write(tmp_path / "mine.jsonl", [good, good, good | wrong, good])
    with pytest.raises(BadInput, match=r"mine\.jsonl, row 3") as caught:
        read_comparisons(path)
    assert "soup" not in str(caught.value)


def test_files_that_are_no_table_of_preferences_are_refused_by_name(tmp_path):
    with pytest.raises(BadInput, match=r"none\.csv: no such file"):
        read_comparisons(tmp_path / "none.csv")
    (tmp_path / "noise.parquet").write_bytes(b"noise")
    with pytest.raises(BadInput, match=r"noise\.parquet"):
        read_comparisons(tmp_path / "noise.parquet")
    with pytest.raises(BadInput, match=r"short\.jsonl: no column choice"):
        read_comparisons(
            write(tmp_path / "short.jsonl", [{"person": "p", "context": "", "a": "x", "b": "y"}])
        )


@pytest.mark.slow
def test_a_million_rows_stream_from_parquet(tmp_path):
    path = tmp_path / "many.parquet"
    duckdb.execute(
        "COPY (SELECT 'p' || (i % 50000) AS person, '' AS context, 'text ' || (i % 997) AS a, "
        "'text ' || ((i * 7 + 1) % 997) AS b, CASE WHEN i % 3 = 0 THEN 'a' WHEN i % 3 = 1 THEN 'b' ELSE 'tie' END AS choice "
        f"FROM range(1000000) t(i)) TO '{path}' (FORMAT parquet)"
    )
    start = time.process_time()
    tracemalloc.start()
    table = read_comparisons(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(table) == 1_000_000
    assert (len(table.people), len(table.items)) == (50_000, 997)
    assert table.items[table.a[0]] == ("", "text 0")
    assert table.chosen[:3].tolist() == [1.0, 0.0, 0.5]
    assert most < 200e6  # 40 MB of arrays, with room; a record a row takes over 500 MB
    assert time.process_time() - start < 30


def test_ids_and_texts_are_one_where_they_are_written_alike(tmp_path):
    """Past 64 bits, as decimals, times and upper-case hexadecimals: what a reader that guesses types makes one."""
    values = [
        ("9223372036854775809", "9223372036854775810"), ("18446744073709551617", "18446744073709551618"), ("1.0", "1.00"),
        ("2020-01-01T00:00:00", "2020-01-01 00:00:00"), ("0B1A3C5E-0000-4000-8000-00000000000F", "0b1a3c5e-0000-4000-8000-00000000000f"),
    ]  # fmt: skip
    pairs = [pair for pair in values for _ in range(2)]
    lines = ["person,context,a,b,choice", *(f"{one},,{one},{other},a" for one, other in pairs)]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    write(tmp_path / "rows.jsonl", [
        {"person": one, "context": "", "a": one, "b": other, "choice": "a"} for one, other in pairs
    ])  # fmt: skip
    bare = [(one, other) for one, other in pairs if one[:3] in {"922", "184", "1.0"}]
    (tmp_path / "bare.jsonl").write_text("".join(
        f'{{"person": {one}, "context": "", "a": {one}, "b": {other}, "choice": "a"}}\n' for one, other in bare
    ))  # fmt: skip
    for name, given in (("rows.csv", pairs), ("rows.jsonl", pairs), ("bare.jsonl", bare)):
        found = read_comparisons(tmp_path / name)
        assert [(row.person, row.a, row.b) for row in found.preferences()] == [(a, a, b) for a, b in given]


def test_ids_that_become_text_late_and_a_late_strength_are_read(tmp_path):
    rows = [as_dict(ROWS[0]) | {"person": 7} for _ in range(3000)]
    rows += [as_dict(ROWS[0]) | {"person": "seven", "strength": 3}, as_dict(ROWS[0]) | {"strength": "0.5"}]
    found = read_comparisons(write(tmp_path / "rows.jsonl", rows))
    assert found.people == ("7", "seven", "ana")
    assert found.weight[-3:].tolist() == [1.0, 3.0, 0.5]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet", "json"])
def test_a_strength_that_is_no_number_is_named_by_its_row_and_never_quoted(tmp_path, form):
    rows = [as_dict(ROWS[0]) | {"strength": "2"}] * 2 + [as_dict(ROWS[0]) | {"strength": "a secret"}]
    lines = write(tmp_path / "rows.jsonl", rows)
    path = tmp_path / f"rows.{form}"
    if form == "json":
        path.write_text(json.dumps(rows))
    elif form != "jsonl":
        duckdb.execute(f"COPY (SELECT * FROM '{lines}') TO '{path}'")
    row = 4 if form == "csv" else 3  # a spreadsheet counts the header
    with pytest.raises(BadInput, match=rf"rows\.{form}, row {row}:.*strength a positive number") as caught:
        read_comparisons(path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "row"),
    [
        ("rows.jsonl", '{"person": "p", "context": "", "a": "x", "b": "y", "choice": "a"}\n{"person": "p", "a": "a sec', 2),
        ("rows.json", '[{"person": "p", "context": "", "a": "x", "b": "y", "choice": "a"},\n{"person": "p", "a": "a sec', 2),
        ("rows.csv", "person,context,a,b,choice\np,,x,y,a\np,,a sec", 3),
        ("rows.csv", 'person,context,a,b,choice\np,,x,y,a\np,,x,"a secret\n', 3),
    ],
)  # fmt: skip
def test_a_file_that_was_cut_off_names_its_last_row(tmp_path, name, text, row):
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=rf"{name}, row {row}:") as caught:
        read_comparisons(tmp_path / name)
    assert "sec" not in str(caught.value)


def test_a_parquet_file_that_was_cut_off_is_refused(tmp_path):
    whole, cut = tmp_path / "whole.parquet", tmp_path / "cut.parquet"
    duckdb.execute(f"COPY (SELECT 'p' AS person) TO '{whole}'")
    cut.write_bytes(whole.read_bytes()[:-30])
    with pytest.raises(BadInput, match=r"cut\.parquet"):
        read_comparisons(cut)


@pytest.mark.parametrize("name", ["UP.CSV", "rows.txt", "rows*.csv", "[a].csv", "rows"])
def test_a_table_is_known_by_what_it_holds_and_not_by_its_name(tmp_path, name):
    (tmp_path / "rows-other.csv").write_text("person,context,a,b,choice\nbo,,x,y,a\n")
    (tmp_path / name).write_text("Person;context;a;b;choice\nana;;x;y;b\n")
    assert read_comparisons(tmp_path / name).preferences() == [Preference("ana", "", "x", "y", "b")]
    packed = tmp_path / f"{name}.PQ"
    duckdb.execute(
        "CREATE OR REPLACE TABLE t AS SELECT 'di' AS person, '' AS context, 'x' AS a, 'y' AS b, 'a' AS choice"
    )
    duckdb.table("t").write_parquet(str(tmp_path / "plain.parquet"))
    (tmp_path / "plain.parquet").rename(packed)
    assert read_comparisons(packed).people == ("di",)


def test_a_first_record_of_any_length_has_all_its_columns(tmp_path):
    row = as_dict(ROWS[0]) | {"a": "x" * 40_000}
    assert read_comparisons(write(tmp_path / "rows.jsonl", [row])).items[0] == ("lunch", "x" * 40_000)
