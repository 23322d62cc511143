"""Populations: what is asked for comes out, the first people stay the same, and files hold what was made."""

import json

import duckdb
import numpy as np
import pytest

from personae.errors import BadInput, UnknownName
from personae.synth import Joint, Population, Variable, learn_spec, population_of, sample
from personae.synth.joint import largest_gap
from personae.synth.learning import controllable, read_table, variable_of
from personae.synth.population import cramers_v, two_way


def invented(n=4000, seed=0):
    """A table in which pay follows schooling, schooling follows age, and one fortune tells its owner."""
    random = np.random.default_rng(seed)
    age = random.integers(18, 80, n)
    school = np.where(random.random(n) < np.clip((age - 15) / 40, 0.1, 0.9), "long", "short").astype(object)
    pay = np.where(random.random(n) < np.where(school == "long", 0.8, 0.2), "high", "low").astype(object)
    fortune = random.integers(0, 20, n)
    fortune[0] = 987_654
    return {"age": age, "school": school, "pay": pay, "fortune": fortune}


def coin(share=0.3):
    variable = Variable("toss", ("heads", "tails"))
    return Joint((variable,), np.array([[0], [1]]), np.array([share, 1 - share]), "invented")


def test_margins_and_associations_by_hand():
    variables = (Variable("sex", ("f", "m")), Variable("age", ("18-29", "30+"), (18, 30)))
    people = Population(
        {"sex": np.array(["f", "f", "m", "m"]), "age": np.array([20, 44, 30, 31])}, "by hand", 0, variables
    )
    assert people.margins == {"sex": {"f": 0.5, "m": 0.5}, "age": {"18-29": 0.25, "30+": 0.75}}
    # shares .25 .25 / 0 .5 against products .125 .375 / .125 .375: phi2 = .125 + .0417 + .125 + .0417
    assert people.associations["sex", "age"] == pytest.approx(np.sqrt(1 / 3))
    table = two_way(people.codes["sex"], people.codes["age"], *variables)
    assert table.tolist() == [[0.25, 0.25], [0.0, 0.5]]
    assert cramers_v(np.array([[1.0, 0.0]])) == 0.0


def test_a_margin_of_a_single_variable_is_hit():
    made = sample(coin(), 1000, 1)
    assert made.margins["toss"]["heads"] == pytest.approx(0.3, abs=0.002)
    assert made.provenance == "invented"


@pytest.mark.parametrize("n", [1, 499, 500, 501, 1203])
def test_the_first_people_are_the_same_however_many_are_asked_for(n):
    spec = learn_spec(invented(500))
    assert list(sample(spec, n, 7).people()) == list(sample(spec, 1300, 7).people())[:n]


def test_seeds_differ_and_generators_serve():
    spec = learn_spec(invented(500))
    assert list(sample(spec, 50, 1).people()) != list(sample(spec, 50, 2).people())
    by_generator = [sample(spec, 50, np.random.default_rng(5)).seed for _ in range(2)]
    assert by_generator[0] == by_generator[1]


def test_a_learned_population_has_the_tables_of_its_source():
    table = invented()
    spec = learn_spec(table, provenance="an invented table")
    real = population_of(table, spec.variables, "real")
    made = sample(spec, 5000, 3)
    gaps = [
        abs(made.margins[v][level] - share)
        for v, levels in real.margins.items()
        for level, share in levels.items()
    ]
    assert max(gaps) < 0.005
    assert max(abs(made.associations[pair] - v) for pair, v in real.associations.items()) < 0.02
    assert largest_gap(made, spec) < 0.005
    random = np.random.default_rng(0)
    shuffled = {name: random.permutation(column) for name, column in made.columns.items()}
    lost = population_of(shuffled, spec.variables, "")
    assert real.associations["school", "pay"] - lost.associations["school", "pay"] > 0.3


def test_a_number_that_tells_its_owner_is_not_handed_on():
    made = sample(learn_spec(invented()), 20_000, 0)
    assert made.columns["fortune"].max() < 987_654
    assert made.columns["fortune"].dtype.kind == "i"


def test_files_hold_the_people(tmp_path):
    made = sample(learn_spec(invented(500)), 20, 2)
    assert made.write(tmp_path / "people.jsonl") == made.write(tmp_path / "people.parquet") == 20
    lines = [json.loads(line) for line in (tmp_path / "people.jsonl").read_text().splitlines()]
    assert lines == [person.as_json() for person in made.people()]
    rows = duckdb.sql(f"SELECT person, age, pay FROM '{tmp_path}/people.parquet'").fetchall()
    assert rows == [(line["person"], line["age"], line["pay"]) for line in lines]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["people.jsonl", "people.parquet"]
    with pytest.raises(BadInput, match=r"\.jsonl or \.parquet"):
        made.write(tmp_path / "people.xlsx")


def test_nothing_stays_of_a_file_that_failed(tmp_path):
    made = Population({"name": np.array([{1, 2}], dtype=object)}, "cannot be written as JSON")
    with pytest.raises(TypeError):
        made.write(tmp_path / "people.jsonl")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_tables_are_read(tmp_path, ending):
    file = tmp_path / f"table.{ending}"
    duckdb.sql(
        "SELECT 30 AS age, 'nurse' AS job, 1.5 AS gap UNION ALL SELECT 40, NULL, NULL ORDER BY age"
    ).write_csv(str(file)) if ending == "csv" else duckdb.sql(
        f"COPY (SELECT 30 AS age, 'nurse' AS job, 1.5 AS gap UNION ALL SELECT 40, NULL, NULL ORDER BY age) TO '{file}' "
        f"(FORMAT {'json' if ending == 'jsonl' else ending})"
    )
    table = read_table(file)
    assert table["age"].tolist() == [30, 40]
    assert table["job"].tolist() == ["nurse", ""]
    assert [controllable(table[name]) for name in ("age", "job", "gap")] == [True, True, False]


def test_bands_hold_about_as_many_people_each():
    band = variable_of("n", np.arange(100), bands=4)
    assert band.levels == ("0-24", "25-49", "50-74", "75-99")
    assert np.bincount(band.codes(np.arange(100))).tolist() == [25, 25, 25, 25]


def test_a_number_of_few_values_stays_a_number():
    grades = np.repeat([1, 2, 5], 40)
    grades[0] = 7
    grade = variable_of("grade", grades)
    assert grade.levels == ("1", "2", "5-7")
    made = sample(learn_spec({"grade": grades}), 300, 0).columns["grade"]
    assert set(made.tolist()) == {1, 2, 5}
    wide = variable_of("wide", np.arange(1_000_000, 1_000_200), bands=4)
    assert wide.levels[0] == "1000000-1000049"


def test_what_cannot_be_learned_is_said(tmp_path):
    with pytest.raises(BadInput, match="101 different values"):
        learn_spec({"name": np.array([f"n{k}" for k in range(101)], dtype=object)})
    with pytest.raises(BadInput, match="at least 50 people"):
        learn_spec({"age": np.arange(10)})
    with pytest.raises(BadInput, match="missing numbers"):
        learn_spec({"age": np.array([np.nan, *range(60)])})
    with pytest.raises(BadInput, match="no such file"):
        read_table(tmp_path / "nothing.csv")
    (tmp_path / "people.txt").write_text("age\n")
    with pytest.raises(BadInput, match="ends in"):
        read_table(tmp_path / "people.txt")
    (tmp_path / "broken.parquet").write_bytes(b"not a table")
    with pytest.raises(BadInput, match="cannot be read as a table"):
        read_table(tmp_path / "broken.parquet")
    with pytest.raises(BadInput, match="ask for 1 to"):
        sample(coin(), 0)
    with pytest.raises(BadInput, match="below zero"):
        sample(coin(), 5, -1)
    with pytest.raises(UnknownName, match="no column toss"):
        population_of({"age": [1]}, coin().variables, "")
    with pytest.raises(BadInput, match="columns of one length"):
        Population({"a": np.arange(2), "b": np.arange(3)}, "")
    with pytest.raises(BadInput, match="each of them once"):
        Variable("x", ("a", "a"))
    with pytest.raises(BadInput, match="ascending"):
        Variable("x", ("a", "b"), (3, 1))


def test_a_text_that_tells_its_owner_is_not_handed_on():
    jobs = np.array(["nurse"] * 60 + ["clerk"] * 60 + ["keeper of the lighthouse"] * 2 + [""], dtype=object)
    spec = learn_spec({"job": jobs, "member": np.tile(np.array(["yes", "no", "no"], dtype=object), 41)})
    made = sample(spec, 5000, 0).columns["job"]
    assert set(made.tolist()) == {"nurse", "clerk", "other", ""}
    assert spec.variables[0].codes(["keeper of the lighthouse"]).tolist() == [3]


def test_a_column_of_several_kinds_is_read_as_what_it_says(tmp_path):
    file = tmp_path / "mixed.jsonl"
    file.write_text('{"score": 3}\n{"score": ""}\n{"score": "late"}\n{"score": null}\n', encoding="utf-8")
    assert read_table(file)["score"].tolist() == ["3", "", "late", ""]
