import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from personae.audit.persuasion import OrdinalDesign, PartialProportionalOdds, outcome_probabilities
from personae.errors import BadInput


@pytest.fixture
def design():
    return OrdinalDesign(
        sizes=(200, 100, 100),
        effects=np.array([0.5, -0.4]),
        thresholds=np.array([[-1.0, 0.3], [0.2, -0.5], [1.4, 0.1]]),
        nominal=np.array([[1.0, -0.5], [1.0, 0.5]]),
        shares=np.array([0.4, 0.6]),
    )


def rows_of(design, counts):
    cell, outcome = np.nonzero(counts)
    times = counts[cell, outcome].astype(int)
    cell, outcome = np.repeat(cell, times), np.repeat(outcome, times) + 1
    proportional, nominal = design.cells
    return proportional[cell], outcome, nominal[cell]


def test_the_chances_by_hand():
    found = outcome_probabilities([0.7], [[-1.0], [1.0]], [[1.0], [0.0]], [[1.0], [1.0]])
    below = expit([-1.7, 0.3])
    assert found[0] == pytest.approx([below[0], below[1] - below[0], 1 - below[1]])
    assert found[1] == pytest.approx([expit(-1), expit(1) - expit(-1), 1 - expit(1)])


def test_two_outcomes_and_two_arms_give_the_log_odds_ratio():
    x, y = np.repeat([0.0, 1.0], [10, 10])[:, None], np.repeat([0, 1, 0, 1], [6, 4, 2, 8])
    model = PartialProportionalOdds().fit(x, y)
    assert model.coefficients_[0] == pytest.approx(np.log(8 / 2) - np.log(4 / 6), abs=1e-3)
    assert model.standard_errors_[0] == pytest.approx(np.sqrt(1 / 6 + 1 / 4 + 1 / 2 + 1 / 8), abs=1e-3)


def test_the_top_is_where_a_general_optimizer_finds_it(design):
    x, y, z = rows_of(design, design.draw(1, random_state=4)[0])
    model = PartialProportionalOdds(floor=1e-9).fit(x, y, nominal=z)

    def loss(parameters):
        chances = outcome_probabilities(parameters[6:], parameters[:6].reshape(3, 2), x, z)[
            np.arange(len(y)), y - 1
        ]
        return -np.log(np.maximum(chances, 1e-12)).sum()

    start = np.concatenate([design.thresholds.ravel(), design.effects])
    found = minimize(loss, start, method="BFGS", options={"gtol": 1e-6})
    assert model.coefficients_ == pytest.approx(found.x[6:], abs=1e-4)
    assert model.thresholds_.ravel() == pytest.approx(found.x[:6], abs=1e-4)
    assert model.log_likelihood_ == pytest.approx(-found.fun, abs=1e-6)
    step, curve = 1e-4, np.zeros((8, 8))
    top = np.concatenate([model.thresholds_.ravel(), model.coefficients_])
    for i in range(8):
        for j in range(8):
            a, b = np.eye(8)[i] * step, np.eye(8)[j] * step
            curve[i, j] = (loss(top + a + b) - loss(top + a - b) - loss(top - a + b) + loss(top - a - b)) / (
                4 * step**2
            )
    assert model.standard_errors_ == pytest.approx(np.sqrt(np.diag(np.linalg.inv(curve)))[6:], rel=1e-3)


def test_many_studies_are_fitted_as_one_by_one(design):
    counts = design.draw(3, random_state=5)
    together = design.fit(counts)
    for study, table in enumerate(counts):
        x, y, z = rows_of(design, table)
        model = PartialProportionalOdds().fit(x, y, nominal=z)
        assert together.coefficients[study] == pytest.approx(model.coefficients_, abs=1e-6)
        assert together.standard_errors[study] == pytest.approx(model.standard_errors_, abs=1e-6)
        assert together.log_likelihood[study] == pytest.approx(model.log_likelihood_)
        assert model.predict_proba(x, nominal=z).sum(1) == pytest.approx(np.ones(len(x)))


def test_effects_and_their_errors_come_back(design):
    fitted = design.fit(design.draw(600, random_state=6))
    errors = np.sqrt(np.diag(design.expected_covariance()))[-2:]
    assert np.abs(fitted.coefficients.mean(0) - design.effects).max() < 0.03
    assert fitted.coefficients.std(0) == pytest.approx(errors, rel=0.1)
    covered = np.abs(fitted.coefficients - design.effects) < 1.96 * fitted.standard_errors
    assert ((covered.mean(0) > 0.92) & (covered.mean(0) < 0.98)).all()


def test_an_empty_category_keeps_its_place():
    x = np.repeat([0.0, 0.0, 1.0, 1.0], 20)[:, None]
    z = np.column_stack([np.ones(80), np.tile(np.repeat([0.0, 1.0], 20), 2)])
    y = np.where(z[:, 1] > 0, np.resize([1, 2, 4], 80), np.resize([1, 2, 3, 4], 80))
    model = PartialProportionalOdds().fit(x, y, nominal=z)
    chances = model.predict_proba(x, nominal=z)
    assert (chances > 0).all()
    assert chances[(z[:, 1] > 0), 2].max() < 1e-3
    assert np.isfinite(model.standard_errors_).all()


def test_clusters_that_repeat_rows_widen_the_errors(design):
    x, y, z = rows_of(design, design.draw(1, random_state=7)[0])
    once = PartialProportionalOdds().fit(x, y, nominal=z)
    twice = np.repeat(np.arange(len(y)), 2)
    plain = PartialProportionalOdds().fit(x[twice], y[twice], nominal=z[twice])
    clustered = PartialProportionalOdds().fit(x[twice], y[twice], nominal=z[twice], clusters=twice.tolist())
    assert plain.standard_errors_ == pytest.approx(once.standard_errors_ / np.sqrt(2), rel=1e-3)
    assert clustered.standard_errors_ == pytest.approx(once.standard_errors_, rel=0.15)


def test_power_grows_with_the_trial(design):
    small, large = design.with_sizes(0.5).power(n_studies=300), design.with_sizes(2).power(n_studies=300)
    assert (large > small + 0.2).all()


def test_what_cannot_be_fitted_is_refused(design):
    x, y, z = rows_of(design, design.draw(1)[0])
    with pytest.raises(BadInput, match="ones"):
        PartialProportionalOdds().fit(x, y, nominal=z[:, 1:])
    with pytest.raises(BadInput, match="combinations"):
        PartialProportionalOdds().fit(np.hstack([x, x[:, :1]]), y, nominal=z)
    with pytest.raises(BadInput, match="combinations"):
        PartialProportionalOdds().fit(np.hstack([x, z[:, 1:]]), y, nominal=z)
    with pytest.raises(BadInput, match="two outcomes"):
        PartialProportionalOdds().fit(x, np.ones(len(x)), nominal=z)
    with pytest.raises(BadInput, match="missing"):
        PartialProportionalOdds().fit(np.where(x > 0, np.nan, x), y, nominal=z)
    with pytest.raises(BadInput, match="Rows must match"):
        PartialProportionalOdds().fit(x[:-1], y, nominal=z)
    with pytest.raises(BadInput, match="do not fit"):
        PartialProportionalOdds().fit_studies(np.ones((2, 5, 3)), *design.cells)
