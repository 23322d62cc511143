"""Raking, and the YAML files of statistics that it serves."""

import copy

import numpy as np
import pytest

from personae.errors import BadInput
from personae.synth import Margin, home_spec, rake, read_spec, sample, spec_of
from personae.synth.joint import information, two_way_margins

COUNTRY = {
    "title": "A country",
    "variables": {
        "age": {"bands": [[18, 29], [30, 64]]},
        "school": {"levels": ["short", "long"]},
        "work": {"levels": ["none", "some"]},
    },
    "never": [{"age": ["18-29"], "school": ["long"], "work": ["some"]}],
    "tables": [
        {"of": ["age"], "shares": {"18-29": 1, "30-64": 3}, "source": "a census", "date": 2020},
        {
            "of": ["school"],
            "given": ["age"],
            "shares": {"18-29": [60, 40], "30-64": [20, 80]},
            "source": "a survey",
            "date": 2021,
        },
        {
            "of": ["work"],
            "where": {"age": ["30-64"]},
            "shares": [10, 90],
            "source": "a register",
            "date": 2022,
        },
    ],
}


def shares_of(spec, name):
    place = [variable.name for variable in spec.variables].index(name)
    return np.bincount(spec.cells[:, place], spec.weights)


def test_two_by_two_by_hand():
    """From 40 10 / 20 30, rows to .5 .5 and columns to .6 .4: odds ratio 6 stays, so the first cell x solves
    x (x - .1) / ((.5 - x) (.6 - x)) = 6, x = .4178908."""
    first = Margin("rows", np.array([0, 0, 1, 1]), np.array([0.5, 0.5]))
    second = Margin("columns", np.array([0, 1, 0, 1]), np.array([0.6, 0.4]))
    found = rake(np.array([40.0, 10, 20, 30]), [first, second], tolerance=1e-12)
    assert found.weights[0] == pytest.approx((6.5 - np.sqrt(6.5**2 - 4 * 5 * 1.8)) / 10, abs=1e-9)
    odds = found.weights[0] * found.weights[3] / (found.weights[1] * found.weights[2])
    assert odds == pytest.approx(6)
    assert found.largest_error < 1e-12


def test_margins_that_contradict_each_other_are_told_by_their_error():
    one = Margin("one", np.array([0, 1]), np.array([0.5, 0.5]))
    other = Margin("other", np.array([0, 1]), np.array([0.8, 0.2]))
    found = rake(np.ones(2), [one, other], rounds=20)
    assert found.largest_error == pytest.approx(0.3)
    assert found.rounds == 20


def test_an_entry_that_no_cell_can_hold_is_refused():
    with pytest.raises(BadInput, match="jobs: entry 2 should have people"):
        rake(np.array([1.0, 0.0]), [Margin("jobs", np.array([0, 1]), np.array([0.5, 0.5]))])


def test_information_of_independent_tables_is_nothing():
    assert information(np.outer([0.2, 0.8], [0.5, 0.5])) == pytest.approx(0)


def test_conditionals_and_parts_come_out():
    spec = spec_of(COUNTRY, "country.yaml")
    assert shares_of(spec, "age") == pytest.approx([0.25, 0.75])
    # of the young .4 went long, of the others .8: .25 * .4 + .75 * .8
    assert shares_of(spec, "school")[1] == pytest.approx(0.7)
    margin = next(
        m for m in two_way_margins(spec.cells, spec.weights, spec.variables) if m.name == "age by work"
    )
    assert margin.shares[2:] == pytest.approx([0.075, 0.675])
    forbidden = (spec.cells == [0, 1, 1]).all(axis=1)
    assert not forbidden.any()
    assert spec.provenance == "A country: raked to a census (2020); a survey (2021); a register (2022)"
    ages = sample(spec, 2000, 0).columns["age"]
    assert (ages.min(), ages.max()) == (18, 64)


def changed(**more):
    return {**copy.deepcopy(COUNTRY), **more}


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (changed(tables=[{"of": ["age"], "shares": [1, 3]}]), "needs `of`, `source`, `date`"),
        (
            changed(tables=[{"of": ["size"], "shares": [1], "source": "s", "date": 1}]),
            "no variable is named 'size'",
        ),
        (
            changed(tables=[{"of": ["age"], "shares": [1], "source": "s", "date": 1}]),
            "needs 2 entries of age",
        ),
        (
            changed(tables=[{"of": ["age"], "shares": {"18-29": 1}, "source": "s", "date": 1}]),
            "for each of: 18-29, 30-64",
        ),
        (changed(tables=[{"of": ["age"], "shares": [1, "x"], "source": "s", "date": 1}]), "not a number"),
        (changed(tables=[{"of": ["age"], "shares": [1, -1], "source": "s", "date": 1}]), "below 0"),
        (changed(tables=[]), "tables is missing or empty"),
        (changed(variables={"age": {"bands": [[30, 18]]}}), "pairs"),
        (changed(variables={"age": 3}), "needs `levels:`"),
        (changed(never=[{"age": ["99"]}]), "no level '99'"),
        (changed(never=["age"]), "name variables"),
        (
            changed(
                tables=[*COUNTRY["tables"], {"of": ["school"], "shares": [5, 5], "source": "s", "date": 1}]
            ),
            "contradicts the tables above it",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(document, says):
    with pytest.raises(BadInput, match=r"country\.yaml") as error:
        spec_of(document, "country.yaml")
    assert says in str(error.value)


def test_a_file_is_read(tmp_path):
    import yaml

    file = tmp_path / "country.yaml"
    file.write_text(yaml.safe_dump(COUNTRY))
    assert read_spec(file).weights == pytest.approx(spec_of(COUNTRY, "country.yaml").weights)
    file.write_text("title: [")
    with pytest.raises(BadInput, match="line"):
        read_spec(file)
    file.write_text("- a list")
    with pytest.raises(BadInput, match="expected title"):
        read_spec(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="UTF-8"):
        read_spec(file)


def test_the_shipped_statistics_come_out():
    made = sample(home_spec(), 10_000, 0)
    assert made.margins["relationship_status"]["married"] == pytest.approx(0.548, abs=0.002)  # CB17-TPS.62
    grown = made.columns["age"] >= 25
    assert (made.columns["education"][grown] == "PhD").mean() == pytest.approx(0.02, abs=0.002)  # CB23-TPS.21
    unmarried = made.columns["relationship_status"] != "married"
    assert (made.columns["sex"][unmarried] == "female").mean() == pytest.approx(0.532, abs=0.005)
