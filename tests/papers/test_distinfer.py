from dataclasses import replace

import numpy as np
import pytest
import zstandard

from personae.audit.distinfer import Cells
from personae.metrics.intervals import wilson
from personae.papers.distinfer import graphs
from personae.papers.distinfer.attacks import BEST, leak_row
from personae.papers.distinfer.causes import thinned
from personae.papers.distinfer.census import load, population
from personae.papers.distinfer.experiment import EXPERIMENT
from personae.papers.harness import Context, run

HEADER = (
    "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,"
    "capital-gain,capital-loss,hours-per-week,native-country,income-per-year"
)


@pytest.fixture
def folder(tmp_path):
    """240 invented people of two of everything."""
    random = np.random.default_rng(0)
    lines = [HEADER]
    for i in range(240):
        sex, race = ("Female", "Male")[i % 2], ("White", "Black")[i // 2 % 2]
        income = (">50K", "<=50K")[i // 4 % 2]
        work, kin = ("Private", "?")[i % 2], ("Wife", "Husband")[i % 2]
        lines.append(
            f"{random.integers(17, 90)},{work},{100 * i},Any,{random.integers(1, 16)},Single,Rare{i % 40},{kin},"
            f"{race},{sex},{i},{i % 7},{20 + i % 40},Here,{income}"
        )
    (tmp_path / "distinfer").mkdir()
    (tmp_path / "distinfer" / "adult.csv.zst").write_bytes(zstandard.compress("\n".join(lines).encode()))
    return tmp_path


def test_halves_share_no_row_and_rare_or_missing_values_are_no_inputs(folder):
    census = load(Context(folder=folder))
    parts = [census.victim, census.local, census.held_out]
    assert sorted(np.concatenate(parts).tolist()) == list(range(240))
    assert [len(part) for part in parts] == [120, 96, 24]
    for part in parts:
        assert (
            census.has["sex"][part].mean()
            == census.has["race"][part].mean()
            == census.income[part].mean()
            == 0.5
        )
    # Private, Single, two kin, two races, two sexes; six numbers
    assert census.inputs.shape == (240, 14)
    assert np.isfinite(census.inputs).all()


def test_where_every_victim_is_guessed_the_lower_end_is_given():
    row = leak_row("s", wilson(20, 20), 0.5, 0.2)
    assert row.metric == f"n_leaked, > {row.value:.2g}"
    assert np.isfinite(row.value)
    assert leak_row("s", wilson(15, 20), 0.5, 0.2).metric == "n_leaked"


def test_neighbors_average_as_many_traits_as_the_degree_asks_for():
    """The mean of d traits of variance near 1 has variance near E[1 / d]; 1 / 9 and 1 / 17 are a little below it."""
    random = np.random.default_rng(0)
    spread = [
        np.mean([graphs.graph(degree, random)[0][:, graphs.N_TRAITS :].var(axis=0).mean() for _ in range(3)])
        for degree in (9, 17)
    ]
    assert spread[0] == pytest.approx(1 / 9 + 0.03, abs=0.025)
    assert spread[1] == pytest.approx(1 / 17 + 0.02, abs=0.02)


@pytest.mark.data
def test_adult_has_the_papers_42_inputs_and_room_for_every_ratio():
    census = load(Context())
    assert census.inputs.shape == (27_624, 42)
    random = np.random.default_rng(0)
    for name in ("sex", "race"):
        people = population(census, name)
        for ratio in (0.0, 0.5, 1.0):
            rows = people.sample(ratio, random)
            assert len(rows) == (1 + people.sizes.imbalance) * people.sizes.test
            assert census.has[name][rows].mean() == pytest.approx(ratio, abs=0.01)
            assert set(rows.tolist()) <= set(census.held_out.tolist())


def test_thinned_people_are_as_rare_as_those_without_the_other_property(folder):
    census = load(Context(folder=folder))
    women, white = population(census, "sex"), population(census, "race")
    pairs = ((white.local.rows[0][0][:2], white.local.rows[0][1][:3]), white.local.rows[1])
    few = thinned(women, replace(white, local=Cells(pairs)), np.random.default_rng(0))
    assert [len(some) for some in few.local.rows[1]] == [2, 3]
    for kept, all_of_them in zip(few.local.rows, women.local.rows, strict=True):
        for some, cell in zip(kept, all_of_them, strict=True):
            assert set(some.tolist()) <= set(cell.tolist())
    assert few.sizes == white.sizes


@pytest.mark.data
@pytest.mark.slow
def test_a_quick_run_tells_no_women_from_half():
    pytest.importorskip("torch")
    result = run(EXPERIMENT, Context(quick=True))
    found = {(row.setting, row.metric, row.method): row.value for row in result.rows}
    assert found["share of women, .5 against 0", "omega", BEST] > 0.8
    assert abs(found["share of women, control: .5 against .5", "omega", "mean of all attacks"] - 0.5) < 0.2
