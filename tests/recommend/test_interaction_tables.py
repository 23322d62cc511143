"""Tables of interactions: three formats read alike, rows that are left out, and messages that name file and row."""

import json

import pytest

from personae.errors import BadInput
from personae.people.duck import connect
from personae.recommend.tables import read_interactions

ROWS = [("a", "x", 2, 5), ("a", "y", 1, 4.5), ("b", "x", 3, 1)]


def written(folder, kind, rows, names=("person", "item", "time", "value")):
    """Write rows as a table of the kind; in CSV None is an empty cell."""
    path = folder / f"rows.{kind}"
    if kind == "csv":
        lines = [names, *(["" if cell is None else str(cell) for cell in row] for row in rows)]
        path.write_text("".join(",".join(line) + "\n" for line in lines), encoding="utf-8")
        return path
    told = [dict(zip(names, row, strict=True)) for row in rows]
    if kind == "json":
        path.write_text(json.dumps(told), encoding="utf-8")
        return path
    text = path if kind == "jsonl" else folder / "all.jsonl"
    text.write_text("".join(json.dumps(row) + "\n" for row in told), encoding="utf-8")
    if kind == "parquet":
        with connect() as database:
            database.execute(f"COPY (FROM '{text}') TO '{path}' (FORMAT parquet)")
    return path


every = pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet"])
FIRST = {"csv": 2, "jsonl": 1, "json": 1, "parquet": 1}  # a spreadsheet counts its header


@every
def test_a_table_reads_back_in_order_of_time(tmp_path, kind):
    rows = read_interactions(written(tmp_path, kind, ROWS))
    assert (rows.people, rows.items, rows.skipped) == (("a", "b"), ("x", "y"), ())
    assert [rows.items[code] for code in rows.item] == ["y", "x", "x"]
    assert rows.time.tolist() == [1, 2, 3]
    assert rows.value.tolist() == [4.5, 5, 1]


@every
@pytest.mark.parametrize(("column", "place"), [("time", 2), ("value", 3)], ids=["time", "value"])
def test_a_word_for_a_number_is_named_by_file_and_row(tmp_path, kind, column, place):
    bad = [list(map(str, row)) for row in ROWS]
    bad[1][place] = "soon"
    said = rf"rows\.{kind}, row {FIRST[kind] + 1}, {column}: it is not a finite number.*leave out the row"
    with pytest.raises(BadInput, match=said):
        read_interactions(written(tmp_path, kind, bad))


@every
def test_rows_of_nobody_or_nothing_are_left_out_and_told(tmp_path, kind):
    rows = [*ROWS, (None, "x", 4, 1), ("  ", "y", 5, 1), ("b", None, 6, 1), ("b", "y", 7, 1)]
    found = read_interactions(written(tmp_path, kind, rows))
    assert found.people == ("a", "b")
    assert found.items == ("x", "y")
    assert len(found) == 4
    assert [each.reason for each in found.skipped] == ["no person", "no person", "no item"]
    assert found.skipped[0].where.endswith(str(FIRST[kind] + 3))


@pytest.mark.parametrize("kind", ["jsonl", "json"])
def test_ids_that_are_words_here_and_numbers_there_are_read_without_quotes(tmp_path, kind):
    rows = read_interactions(written(tmp_path, kind, [("a", 7, 1, 1), (12, "x", 2, 1), (12, "7", 3, 1)]))
    assert (rows.people, rows.items) == (("a", "12"), ("7", "x"))


@every
def test_dates_are_times_too(tmp_path, kind):
    rows = [("a", "x", "2024-05-02T10:00:00", 1), ("a", "y", "2024-05-01T10:00:00", 1)]
    found = read_interactions(written(tmp_path, kind, rows))
    assert [found.items[code] for code in found.item] == ["y", "x"]
    assert found.time[1] - found.time[0] == 86400


@every
def test_a_column_that_is_half_empty_is_named(tmp_path, kind):
    with pytest.raises(BadInput, match=rf"row {FIRST[kind] + 1}, time: there is none"):
        read_interactions(written(tmp_path, kind, [("a", "x", 1, 1), ("a", "y", None, 1)]))


def test_columns_of_numbers_may_be_missing(tmp_path):
    rows = read_interactions(written(tmp_path, "csv", [("a", "x"), ("a", "y")], ("person", "item")))
    assert rows.time.tolist() == [0, 1]
    assert rows.value.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"rows\.csv: no rows"),
        ("person,item\n", r"rows\.csv: no rows"),
        ("who,item\na,x\n", r"rows\.csv: no column person"),
        ("person,item,time\na,x,inf\n", "row 2, time: it is not a finite number"),
        ("person,item\na\nb\n", r"none of its 2 rows can be used; rows\.csv:2: a row whose length"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, text, said):
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=said):
        read_interactions(path)


def test_a_ragged_row_is_left_out_and_told(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("person,item\na,x\na,y,z\nb,x\n", encoding="utf-8")
    found = read_interactions(path)
    assert len(found) == 2
    (error,) = found.skipped
    assert (error.where, error.reason) == ("rows.csv:3", "a row whose length is not the header's")


def test_folders_archives_and_nothing_are_no_tables(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as packed:
        packed.writestr("a.csv", "person,item\n")
        packed.writestr("b.csv", "person,item\n")
    for name, said in ((".", "a folder"), ("none.csv", "no such file"), ("rows.zip", "an archive")):
        with pytest.raises(BadInput, match=said):
            read_interactions(tmp_path / name)
