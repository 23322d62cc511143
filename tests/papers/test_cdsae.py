import os

import numpy as np
import pytest

from personae.papers.cdsae.cohorts import WITHOUT, adult, law
from personae.papers.cdsae.experiment import EXPERIMENT
from personae.papers.harness import Context, run

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not os.environ.get("PERSONAE_DATA"), reason="PERSONAE_DATA is not set"),
]


def test_base_rates_on_unseen_cohorts_are_those_of_the_card():
    """Card: of people of 55 to 64, 40.9% of men and 12.5% of women earn more than 50K."""
    people = adult(Context())
    unseen = people.unseen
    rates = [people.y[unseen][people.a[unseen] == group].mean() for group in (1, 0)]
    assert rates == pytest.approx([0.409, 0.125], abs=0.0006)
    assert people.names[people.domain[unseen].min()] == "55-59"


def test_no_column_but_the_relationship_is_left_out():
    with_it, without = adult(Context()), adult(Context(), has_relationship=False)
    assert without.name == WITHOUT
    assert len(with_it.blocks) == len(without.blocks) + 1


def test_regions_are_ordered_by_their_mean_score():
    people = law(Context())
    means = [people.x[people.domain == t, 0].mean() for t in range(len(people.names))]
    assert np.all(np.diff(means) > 0)


@pytest.mark.slow
def test_a_quick_run_measures_the_floors_and_the_circle():
    pytest.importorskip("torch")
    found = {(row.setting, row.metric, row.method): row for row in run(EXPERIMENT, Context(quick=True)).rows}
    floor = found["Adult, 55-64 unseen", "AUC", "boosting, all people, aware"]
    assert floor.value == pytest.approx(0.884, abs=0.01)
    assert not [row for row in found.values() if row.met is False]
