import gzip

import numpy as np
import pytest

from personae.ask import people_table, read_table, table_of
from personae.errors import BadInput, UnknownName
from personae.people.records import Claim, Guess, Trace
from personae.people.store import Store


def test_kinds_are_told_by_what_the_columns_hold(table):
    look = table.look()
    assert {column.name: column.kind for column in look.columns} == {
        "id": "id", "age": "number", "city": "category", "sex": "binary", "hours": "number", "renews": "binary",
        "renewal_code": "binary",
    }  # fmt: skip
    assert look["sex"].sensitive == "sex"
    assert look["age"].sensitive == "age"
    assert not look["city"].sensitive


def test_a_running_number_is_an_id_and_halves_are_a_split():
    n = 100
    columns = {
        "row": range(n),
        "x": np.sin(np.arange(n)),
        "half": ["train", "train", "test", "train"] * 25,
        "one": [1] * n,
    }
    kinds = {column.name: column.kind for column in table_of(columns).look().columns}
    assert kinds == {"row": "id", "x": "number", "half": "split", "one": "constant"}


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [("code", "P{:03}", True), ("member", "name {}", True), ("contact", "p{}@example.org", True), ("shop id", "{}", True),
     ("shop", "street {}", False), ("day", "2024-01-{:02}", False), ("size", "{}", False)],
)  # fmt: skip
def test_a_column_that_repeats_as_people_do_is_told(name, value, found):
    columns = {name: [value.format(1 + i // 4) for i in range(80)], "score": np.arange(80.0) % 7}
    look = table_of(columns).look()
    assert (look.person, look.maybe_person) == ("", name if found else "")
    once = {name: [value.format(1 + i) for i in range(20)], "score": np.arange(20.0) % 7}
    assert table_of(once).look().maybe_person == ""


def test_a_person_with_many_rows_is_found():
    columns = {"person_id": [f"u{i // 4}" for i in range(80)], "score": np.arange(80.0) % 7}
    assert table_of(columns).look().person == "person_id"


def test_what_a_model_is_sent_names_no_small_cell_and_no_extreme():
    columns = {"city": ["Porto"] * 60 + ["Bern"] * 31 + ["Gondomar"] * 9, "pay": [*range(1000, 1099), 987654]}
    said = table_of(columns).look().as_prompt()
    assert "Porto (60)" in said
    assert "Gondomar" not in said
    assert "987654" not in said
    assert "31" not in said


def test_files_are_read_alike(tmp_path):
    text = "age,city\n31,Porto\n,Bern\n40,?\n"
    (tmp_path / "a.csv").write_text(text)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "a.jsonl").write_text('{"age": 31, "city": "Porto"}\n{"city": "Bern"}\n{"age": 40}\n')
    for name in ("a.csv", "a.csv.gz", "a.jsonl"):
        found = read_table(tmp_path / name)
        np.testing.assert_equal(found.columns["age"], [31.0, np.nan, 40.0])
        assert found.columns["city"].tolist() == ["Porto", "Bern", None]


def test_no_table_is_said_so(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        read_table(tmp_path / "none.csv")
    (tmp_path / "odd.parquet").write_bytes(b"secret words")
    with pytest.raises(BadInput) as error:
        read_table(tmp_path / "odd.parquet")
    assert "secret" not in str(error.value)


def test_an_unknown_column_names_the_nearest(table):
    with pytest.raises(UnknownName, match="Nearest: renews"):
        table.look()["renew"]


def test_a_store_is_one_row_a_person(tmp_path):
    with Store(tmp_path / "people.duckdb") as store:
        store.add(
            [
                Trace("ana", "reddit", "1", text="Rain."),
                Trace("ana", "x", "2", text="Sun."),
                Trace("bea", "x", "1"),
            ]
        )
        store.add_claims(
            [
                Claim("ana", "age", (Guess("31", 0.8),), "inferred", False, "home"),
                Claim("bea", "age", (Guess("50", 0.4),), "inferred", True, "home"),
            ]
        )
        found = people_table(store)
    assert found.columns["person"].tolist() == ["ana", "bea"]
    assert found.columns["traces"].tolist() == [2.0, 1.0]
    np.testing.assert_equal(found.columns["age"], [31.0, np.nan])
    assert found.columns["from reddit"].tolist() == [1.0, 0.0]


def test_an_empty_store_is_said_so(tmp_path):
    with Store(tmp_path / "people.duckdb") as store, pytest.raises(BadInput, match="nobody"):
        people_table(store)


def test_an_empty_text_among_json_numbers_is_a_missing_number(tmp_path):
    file = tmp_path / "scores.jsonl"
    file.write_text('{"score": 3}\n{"score": ""}\n{"score": 5}\n{"score": null}\n', encoding="utf-8")
    column = read_table(file).look()["score"]
    assert (column.range, column.n_missing) == ((3.0, 4.0, 5.0), 2)


def test_truth_values_are_those_written_out_and_letters_stay_letters(tmp_path):
    path = tmp_path / "letters.csv"
    path.write_text("sex,right,done\n" + "f,true,t\nf,False,f\nf,,t\n")
    columns = read_table(path).columns
    assert columns["sex"].tolist() == ["f"] * 3
    assert columns["right"][:2].tolist() == [1.0, 0.0]
    assert np.isnan(columns["right"][2])
    assert columns["done"].tolist() == ["t", "f", "t"]


def test_long_numbers_are_names_and_infinite_ones_are_missing(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"{10**17 + row // 3},{10**17 + row},{'inf' if row == 5 else row % 7 + 0.5}" for row in range(90)]
    path.write_text("user_id,post,score\n" + "\n".join(rows) + "\n")
    read = read_table(path).look()
    held = table_of({"user_id": [str(10**17 + row // 3) for row in range(90)]}).look()
    assert read["user_id"].n_distinct == held["user_id"].n_distinct == 30
    assert read["post"].n_distinct == 90
    assert read.person == "user_id"
    assert (read["score"].kind, read["score"].n_missing) == ("number", 1)


def test_values_that_few_people_have_stay_here(tmp_path):
    """Twenty rows of one person are one person; what may name people is never told."""
    people = [f"p{row // 20}" for row in range(400)]
    columns = {
        "person": people, "city": ["Bern" if row < 60 else "Porto" for row in range(400)],
        "client_name": [f"Ana {'abcdefghijklmno'[row % 15]}" for row in range(400)],
    }  # fmt: skip
    said = table_of(columns).look().as_prompt()
    assert "Porto (340)" in said
    assert "Bern" not in said
    assert "Ana" not in said
    assert "Bern (60)" in table_of({"city": columns["city"]}).look().as_prompt()


def test_a_table_in_another_encoding_is_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("name,city\nAna,Bragança\n".encode("latin-1"))
    with pytest.raises(BadInput, match="UTF-8"):
        read_table(path)
