import time

import numpy as np
import pytest

from personae.errors import BadInput
from personae.papers.harness import Context, run
from personae.papers.panorama.census import SHARED, census, shared, shared_of_census, shared_of_made
from personae.papers.panorama.experiment import EXPERIMENT, gaps, mean_distance, two_sample
from personae.synth import Panorama, Population, Variable, sample


def people(ages, sexes):
    n = len(ages)
    return shared(
        {
            "age": np.array(ages),
            "sex": np.array(sexes, dtype=object),
            "education": np.full(n, "none", dtype=object),
            "marital": np.full(n, "single", dtype=object),
            "income": np.full(n, "lower", dtype=object),
        }
    )


def test_distances_by_hand():
    """A quarter of the ages moved and nothing else: in one of five margins, and in the four of ten pairs that have age."""
    real = people([20, 20, 30, 30], ["female"] * 4)
    made = people([20, 30, 30, 40], ["female"] * 4)
    # ages .5 .5 0 against .25 .5 .25: total variation .25
    assert mean_distance(made, real) == pytest.approx(0.25 / 5)
    assert mean_distance(made, real, pairs=True) == pytest.approx(0.25 * 4 / 10)


def test_gaps_are_in_points():
    variables = (Variable("a", ("x", "y")), Variable("b", ("u", "v")))
    real = Population(
        {"a": np.array(["x", "x", "y", "y"]), "b": np.array(["u", "u", "v", "v"])}, "", 0, variables
    )
    made = Population(
        {"a": np.array(["x", "x", "y", "y"]), "b": np.array(["u", "v", "u", "v"])}, "", 0, variables
    )
    assert gaps(made, real) == pytest.approx((0, 25, 100))


def test_a_classifier_tells_what_differs_and_nothing_else():
    context, random = Context(quick=True), np.random.default_rng(0)
    ages = random.integers(18, 80, (2, 800))
    sexes = random.choice(["female", "male"], (2, 800))
    assert two_sample(context, people(ages[0], sexes[0]), people(ages[1], sexes[1])).value == pytest.approx(
        0.5, abs=0.06
    )
    assert two_sample(context, people(ages[0] + 20, sexes[0]), people(ages[1], sexes[1])).value > 0.7


def test_profiles_are_put_into_the_shared_columns():
    made = sample(Panorama(), 500, 1)
    columns = shared_of_made(made)
    assert all((variable.codes(columns[variable.name]) >= 0).all() for variable in SHARED)
    assert (shared_of_made(made, dollar=1.0)["income"] == "higher").mean() > (
        columns["income"] == "higher"
    ).mean()


@pytest.mark.data
def test_the_census_is_the_registered_one():
    """UCI Adult: 24.1% above 50,000 dollars, 67% men (published for the whole file of 32,561 rows)."""
    table = census(Context())
    assert (table["income-per-year"] == ">50K").mean() == pytest.approx(0.241, abs=0.003)
    assert (table["sex"] == "Male").mean() == pytest.approx(0.669, abs=0.003)
    columns = shared_of_census(table)
    assert all((variable.codes(columns[variable.name]) >= 0).all() for variable in SHARED)
    with pytest.raises(BadInput, match="--limit"):
        run(EXPERIMENT, Context(limit=100))


@pytest.mark.data
def test_a_quick_run_meets_every_bar():
    start = time.process_time()
    result = run(EXPERIMENT, Context(quick=True))
    assert [row for row in result.rows if row.met is False] == []
    bars = {(row.metric, row.method): row.bar for row in result.rows if row.bar}
    assert bars["largest error of a two-way share, points", "fitted"] == "< 1"
    assert bars["total variation, times the fitted", "hand-set weights"] == ">= 2"
    assert time.process_time() - start < 30
