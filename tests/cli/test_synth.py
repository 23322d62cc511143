"""`personae synth people` and `texts` as they are typed."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from personae.cli.synth import app
from personae.errors import BadInput, PersonaeError
from personae.people.personas import read_personas
from personae.synth import Panorama, home_spec, sample
from personae.synth.disclosure import tells_who

LAYOUTS = ("personahub", "tinytroupe", "character-card", "edsl")
SPEC = """
title: A town
variables: {age: {bands: [[20, 29], [30, 60]]}, sex: {levels: [female, male]}}
tables: [{of: [age, sex], shares: [[1, 2], [3, 4]], source: a count, date: 2024}]
"""


def typed(*arguments, fails=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if isinstance(fails, type):
        assert isinstance(result.exception, fails), result.output
        return str(result.exception), result.stderr
    assert result.exit_code == fails, (result.output, result.exception)
    return result.stdout, result.stderr


@pytest.fixture
def table(tmp_path):
    random = np.random.default_rng(0)
    rows = [f"{random.integers(20, 60)},{'ab'[k % 2]},{'xy'[k % 2]},name{k}" for k in range(200)]
    file = tmp_path / "people.csv"
    file.write_text("\n".join(["age,team,color,name", *rows]))
    return file


def test_without_options_it_shows_people():
    out, notes = typed("people", "--n", 12)
    assert out.splitlines()[0].split("\t")[:3] == ["first_name", "age", "sex"]
    assert len(out.splitlines()) == 11
    assert "10 of 12 people" in notes
    assert "US Census Bureau" in notes
    assert "0 violations of 10 rules" in notes


def test_json_prints_everyone_the_same_again():
    lines = [
        json.loads(line) for line in typed("people", "--n", 15, "--seed", 4, "--json", "-q")[0].splitlines()
    ]
    assert lines == [person.as_json() for person in sample(Panorama(home_spec()), 15, 4).people()]
    assert lines[:5] == [
        json.loads(line) for line in typed("people", "--n", 5, "--seed", 4, "--json")[0].splitlines()
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_other_layouts_are_written_and_read_back(tmp_path, layout):
    file = tmp_path / "people.jsonl"
    out, _ = typed("people", "--n", 3, "--format", layout, "--out", file, "--json")
    assert json.loads(out) == {"file": str(file), "format": layout, "people": 3}
    assert [(p.id, p.fields, p.provenance) for p in read_personas(file)] == [
        (p.id, p.fields, p.provenance) for p in sample(Panorama(home_spec()), 3, 0).people()
    ]
    assert len(typed("people", "--n", 3, "--format", layout)[0].splitlines()) == 3


def test_a_table_is_learned_from(table):
    out, notes = typed("people", "--like", table, "--n", 1000, "--json")
    people = [json.loads(line) for line in out.splitlines()]
    assert "left out, since they tell who a person is: name" in notes
    assert "of 1000 made people equal a row of people.csv in all 3 columns" in notes
    assert {(p["team"], p["color"]) for p in people} == {("a", "x"), ("b", "y")}
    assert "largest gap of a two-way table from its target: 0." in notes
    assert people[0]["provenance"] == "learned from people.csv"
    only = json.loads(typed("people", "--like", table, "--columns", "team", "--n", 1, "--json", "-q")[0])
    assert set(only) == {"person", "team", "provenance"}


def test_words_stay_as_the_table_writes_them_and_empty_cells_stay_keys(tmp_path):
    rows = [
        f"{('yes', 'no')[k % 2]},{('x', '')[k % 3 == 0]},{('true', 'false')[k % 2]},2024-0{k % 2 + 1}-03"
        for k in range(80)
    ]
    file = tmp_path / "people.csv"
    file.write_text("\n".join(["smokes,team,member,joined", *rows]))
    made = [
        json.loads(line)
        for line in typed("people", "--like", file, "--n", 200, "--json", "-q")[0].splitlines()
    ]
    assert {frozenset(row) for row in made} == {
        frozenset(("person", "smokes", "team", "member", "joined", "provenance"))
    }
    assert {row["team"] for row in made} == {"x", ""}
    assert {(row["smokes"], row["member"], row["joined"]) for row in made} == {
        ("yes", "true", "2024-01-03"), ("no", "false", "2024-02-03"),
    }  # fmt: skip
    lines = tmp_path / "people.jsonl"
    lines.write_text(
        "".join(json.dumps({"member": k % 2 == 0, "team": "ab"[k % 2]}) + "\n" for k in range(80))
    )
    made = [
        json.loads(line)
        for line in typed("people", "--like", lines, "--n", 50, "--json", "-q")[0].splitlines()
    ]
    assert {row["member"] for row in made} == {"true", "false"}


def test_nobody_of_the_table_is_handed_out(tmp_path):
    random = np.random.default_rng(1)
    scores = [f"{each:.2f}" for each in random.uniform(0, 100, 80)]
    scores[:6] = ["50.00"] * 6
    rows = [
        f"Ann{k},{k}@example.org,{7000 + k},{'ab'[k % 2]},{scores[k]},tells {k // 1.5:.0f}" for k in range(80)
    ]
    file = tmp_path / "staff.csv"
    file.write_text("\n".join(["who,contact,staff_id,team,score,remark", *rows]))
    out, notes = typed("people", "--like", file, "--n", 2000, "--json")
    people = [json.loads(line) for line in out.splitlines()]
    assert "left out, since they tell who a person is: who, contact, staff_id, remark" in notes
    assert "Ann" not in out + notes
    assert {frozenset(person) for person in people} == {frozenset({"person", "team", "score", "provenance"})}
    assert {person["score"] for person in people} & {float(score) for score in scores} == {50.0}
    told = json.loads(
        typed("people", "--like", file, "--n", 500, "--json", "--out", tmp_path / "made.jsonl")[0]
    )
    made = [json.loads(line) for line in (tmp_path / "made.jsonl").read_text().splitlines()]
    source = {(row.split(",")[3], float(row.split(",")[4])) for row in rows}
    assert told["rows_met_again"] == sum((person["team"], person["score"]) in source for person in made) > 0
    assert told["columns"] == 2
    lines = typed("people", "--like", file, "--n", 3)[0].splitlines()
    assert lines[0].split("\t") == ["team", "score"]
    _, notes = typed("people", "--like", file, "--columns", "team,who", "--n", 3)
    assert "though they tell who a person is: who" in notes


@pytest.mark.parametrize(
    ("name", "is_telling"),
    [("customerId", True), ("Phone Number", True), ("first_name", True), ("e-mail", True), ("respondent", True),
     ("patient_satisfaction", False), ("phone_use", False), ("city_name", False), ("age", False), ("paid", False)],
)  # fmt: skip
def test_a_column_of_numbers_tells_who_a_person_is_by_its_name(name, is_telling):
    assert tells_who(name, np.arange(100) // 20) is is_telling


def test_statistics_of_a_file_are_met(tmp_path):
    (tmp_path / "town.yaml").write_text(SPEC)
    people = [
        json.loads(line)
        for line in typed("people", "--spec", tmp_path / "town.yaml", "--n", 1000, "--json")[0].splitlines()
    ]
    assert sum(p["age"] < 30 and p["sex"] == "female" for p in people) == pytest.approx(100, abs=5)
    assert "first_name" in people[0]
    assert "a count (2024)" in people[0]["provenance"]
    plain = json.loads(
        typed("people", "--spec", tmp_path / "town.yaml", "--plain", "--n", 1, "--json", "-q")[0]
    )
    assert set(plain) == {"person", "age", "sex", "provenance"}


def test_hand_set_weights_and_places():
    person = json.loads(typed("people", "--hand-set", "--locale", "en_IE", "--n", 1, "--json")[0])
    assert person["city_country"].endswith(", Ireland")
    assert "hand-set" in person["provenance"]


def test_wrong_use_is_said(table):
    typed("people", "--hand-set", "--like", table, fails=2)
    typed("people", "--columns", "age", fails=2)
    assert "--like" in typed("people", "--like", table, "--locale", "en_GB", fails=2)[1]
    typed("people", "--n", 0, fails=2)
    assert "has no column 'size'" in typed("people", "--like", table, "--columns", "size", fails=BadInput)[0]
    assert "No locale" in typed("people", "--locale", "xx", fails=PersonaeError)[0]
    only_names = table.with_name("names.csv")
    only_names.write_text("name\n" + "\n".join(f"name{k}" for k in range(120)))
    assert "few enough values" in typed("people", "--like", only_names, fails=BadInput)[0]
    few = table.with_name("few.csv")
    for text, rows in (("", 0), ("size\nlarge\n", 1)):
        few.write_text(text)
        assert f"few.csv: has {rows} rows; at least 50" in typed("people", "--like", few, fails=BadInput)[0]


def test_texts_are_a_table_that_reveal_reads(tmp_path):
    from personae.people.archives import read_archive
    from personae.people.records import Trace

    _, notes = typed("texts", "--n", 4, "--per-type", 2, "--out", tmp_path / "texts.jsonl")
    traces = [row for row in read_archive(tmp_path / "texts.jsonl").rows if isinstance(row, Trace)]
    assert len({trace.person for trace in traces}) == 4
    assert f"{len(traces)} texts of 4 people" in notes
    line = json.loads(typed("texts", "--n", 1)[0].splitlines()[0])
    assert line["content_type"] == "Article"
    assert line["facts"][0]["end"] > line["facts"][0]["start"]


@pytest.mark.parametrize("verb", ["people", "texts", "threads", "backstories", "profiles"])
def test_a_file_that_is_there_is_not_written_over(tmp_path, verb):
    file = tmp_path / "mine.jsonl"
    file.write_text("mine")
    words = (verb, "--n", 1, "--out", file)
    assert "is there already" in typed(*words, fails=BadInput)[0]
    assert file.read_text() == "mine"
    typed(*words, "--overwrite")
    assert json.loads(file.read_text().splitlines()[0])


@pytest.mark.parametrize("verb", ["backstories", "profiles"])
def test_as_many_people_of_a_file_are_taken_as_are_asked_for(tmp_path, verb):
    file, out = tmp_path / "people.jsonl", tmp_path / "out.jsonl"
    typed("people", "--n", 4, "--out", file)
    for n, taken in ((2, 2), (None, 4)):
        typed(verb, "--people", file, *(("--n", n) if n else ()), "--out", out, "--overwrite")
        rows = [json.loads(line) for line in out.read_text().splitlines()]
        ids = {row["person"] for row in rows}
        assert ids == {f"made-0-{place}" for place in range(taken)}
