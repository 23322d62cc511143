import textwrap
from types import SimpleNamespace

import numpy as np
import pytest

from personae.metrics.recalibration import Platt
from personae.papers.cdsae import learners
from personae.papers.cdsae.cohorts import WITHOUT, Cohorts, adult, law
from personae.papers.cdsae.experiment import EXPERIMENT
from personae.papers.harness import Context, paper, run


class Fake:
    """A model that moves with a by `moves`, is right of all but the first `wrong` of ten, and whose twins share all but a."""

    def __init__(self, moves, wrong):
        self.moves, self.wrong = moves, wrong

    def probability(self, x, a):
        is_wrong = x[:, 0] < self.wrong
        return np.where(is_wrong, 0.4, 0.6) + self.moves * (a - 0.5)

    def twins(self, x, a, domain):
        return x


@pytest.mark.parametrize(
    ("worth", "chosen"),
    [
        ({(10, 1.0): (0.04, 0), (10, 2.0): (0.02, 0), (20, 2.0): (0.08, 0), (20, 4.0): (0.05, 0)}, (10, 2.0)),
        ({(10, 1.0): (0.04, 0), (10, 2.0): (0.02, 1), (20, 2.0): (0.08, 0), (20, 4.0): (0.0, 3)}, (10, 1.0)),
        ({(10, 1.0): (0.2, 0), (10, 2.0): (0.0, 3), (20, 2.0): (0.16, 0), (20, 4.0): (0.18, 0)}, (20, 2.0)),
    ],
)
def test_weights_farthest_from_both_bars_are_chosen(monkeypatch, worth, chosen):
    """The unaware model moves by .1 and is always right; one person of ten lost is 5 times the bar of 2 points."""
    fitted = []

    def fit(people, rows, seed, settings):
        fitted.append(settings)
        return Fake(*worth[settings["label_weight"], settings["fairness"]])

    monkeypatch.setattr(learners, "sequential", fit)
    a, y = np.tile([0, 1], 5), np.ones(10, dtype=int)
    people = Cohorts("made", np.arange(10.0)[:, None], a, y, np.full(10, 2), (), 2, ())
    unaware = Fake(0.1, 0)
    grid = [(10, 0.1), (10, 0.2), (20, 0.1), (20, 0.2)]
    found = learners.choose(people, np.arange(0), 0, unaware, unaware.probability, {"n_steps": 7}, grid)
    assert (found.label_weight, found.fairness) == chosen
    moves, wrong = worth[chosen]
    assert (found.effect_left, found.accuracy_less) == pytest.approx((moves / 0.1, -wrong / 10))
    assert [each["n_steps"] for each in fitted] == [7] * 4


def test_probabilities_before_the_curve_are_those_that_it_was_given():
    model = SimpleNamespace(curve_=Platt(2.0, -1.0), probability=lambda x, a: Platt(2.0, -1.0)(x[:, 0]))
    found = learners.uncurved(model)(np.array([[0.0], [np.log(3)]]), np.zeros(2))
    assert found.tolist() == pytest.approx([0.5, 0.75])


@pytest.mark.data
def test_base_rates_on_unseen_cohorts_are_those_of_the_card():
    """Card: of people of 55 to 64, 40.9% of men and 12.5% of women earn more than 50K."""
    people = adult(Context())
    unseen = people.unseen
    rates = [people.y[unseen][people.a[unseen] == group].mean() for group in (1, 0)]
    assert rates == pytest.approx([0.409, 0.125], abs=0.0006)
    assert people.names[people.domain[unseen].min()] == "55-59"


@pytest.mark.data
def test_no_column_but_the_relationship_is_left_out():
    with_it, without = adult(Context()), adult(Context(), has_relationship=False)
    assert without.name == WITHOUT
    assert len(with_it.blocks) == len(without.blocks) + 1


@pytest.mark.data
def test_regions_are_ordered_by_their_mean_score():
    people = law(Context())
    means = [people.x[people.domain == t, 0].mean() for t in range(len(people.names))]
    assert np.all(np.diff(means) > 0)


@pytest.mark.data
@pytest.mark.slow
def test_a_quick_run_measures_the_floors_and_the_circle():
    pytest.importorskip("torch")
    found = {(row.setting, row.metric, row.method): row for row in run(EXPERIMENT, Context(quick=True)).rows}
    floor = found["Adult, 55-64 unseen", "AUC", "boosting, all people, aware"]
    assert floor.value == pytest.approx(0.884, abs=0.002)
    assert not [row for row in found.values() if row.met is False]


def test_the_readmes_example_runs_as_it_stands(capsys):
    pytest.importorskip("torch")
    text = (paper("cdsae").folder / "README.md").read_text(encoding="utf-8")
    start = text.index("    from personae.audit import")
    exec(textwrap.dedent(text[start : text.index("**Data.**")]), {})
    assert "n_people=600" in capsys.readouterr().out
