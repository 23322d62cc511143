import os

import numpy as np
import pytest

from personae.papers.cdsae import learners
from personae.papers.cdsae.cohorts import WITHOUT, Cohorts, adult, law
from personae.papers.cdsae.experiment import EXPERIMENT
from personae.papers.harness import Context, run

skipped = pytest.mark.skipif(not os.environ.get("PERSONAE_DATA"), reason="PERSONAE_DATA is not set")


class Fake:
    """A model whose probability moves with a by 1 - weight, and whose twins share everything but a."""

    def __init__(self, weight):
        self.weight = weight

    def probability(self, x, a):
        return a * (1 - self.weight)

    def twins(self, x, a, domain):
        return x


@pytest.mark.parametrize(
    ("effect", "chosen"), [(1.0, 0.7), (0.3, 0.9), (0.001, 0.9), (2.0, 0.3), (10.0, 0.002)]
)
def test_the_least_weight_that_is_enough_is_chosen(monkeypatch, effect, chosen):
    """With effects of 1 - weight, two fifths of `effect` ask for a weight of 1 - .4 effect or more."""
    fitted = []
    monkeypatch.setattr(
        learners, "sequential", lambda *given: fitted.append(given[3]) or Fake(given[3]["fairness"])
    )
    monkeypatch.setattr(learners, "TARGET", learners.TARGET * effect)
    people = Cohorts(
        "made", np.zeros((4, 1)), np.array([0, 1, 0, 1]), np.array([0, 1, 1, 0]), np.full(4, 2), (), 2, ()
    )
    weight, model = learners.fair_enough(
        people, np.arange(0), 0, Fake(0), lambda x, a: a.astype(float), {"n_steps": 7}
    )
    assert (weight, model.weight) == (chosen, chosen)
    assert len(fitted) <= 4
    assert all(each["n_steps"] == 7 for each in fitted)


@skipped
@pytest.mark.data
def test_base_rates_on_unseen_cohorts_are_those_of_the_card():
    """Card: of people of 55 to 64, 40.9% of men and 12.5% of women earn more than 50K."""
    people = adult(Context())
    unseen = people.unseen
    rates = [people.y[unseen][people.a[unseen] == group].mean() for group in (1, 0)]
    assert rates == pytest.approx([0.409, 0.125], abs=0.0006)
    assert people.names[people.domain[unseen].min()] == "55-59"


@skipped
@pytest.mark.data
def test_no_column_but_the_relationship_is_left_out():
    with_it, without = adult(Context()), adult(Context(), has_relationship=False)
    assert without.name == WITHOUT
    assert len(with_it.blocks) == len(without.blocks) + 1


@skipped
@pytest.mark.data
def test_regions_are_ordered_by_their_mean_score():
    people = law(Context())
    means = [people.x[people.domain == t, 0].mean() for t in range(len(people.names))]
    assert np.all(np.diff(means) > 0)


@skipped
@pytest.mark.data
@pytest.mark.slow
def test_a_quick_run_measures_the_floors_and_the_circle():
    pytest.importorskip("torch")
    found = {(row.setting, row.metric, row.method): row for row in run(EXPERIMENT, Context(quick=True)).rows}
    floor = found["Adult, 55-64 unseen", "AUC", "boosting, all people, aware"]
    assert floor.value == pytest.approx(0.884, abs=0.002)
    assert not [row for row in found.values() if row.met is False]
