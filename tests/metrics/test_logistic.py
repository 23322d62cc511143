import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from personae.errors import BadInput
from personae.metrics.logistic import fit_logistic, log_odds, sigmoid


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    columns = random.normal(size=(400, 5))
    return columns, (random.random(400) < sigmoid(columns @ [1.0, -2.0, 0.5, 0.0, 0.0])).astype(float)


def test_a_ridge_agrees_with_sklearn(rows):
    columns, right = rows
    theirs = LogisticRegression(C=1 / 3, fit_intercept=False, tol=1e-10).fit(columns, right).coef_[0]
    np.testing.assert_allclose(fit_logistic(columns, right, penalty=3.0), theirs, atol=1e-5)


def test_soft_shares_weigh_as_many_rows():
    columns = np.array([[1.0, 0.0], [1.0, 1.0]])
    np.testing.assert_allclose(sigmoid(columns @ fit_logistic(columns, [0.2, 0.9])), [0.2, 0.9], atol=1e-6)


def test_a_penalty_of_its_own_for_each_column(rows):
    columns, right = rows
    weights = fit_logistic(columns, right, penalty=[0, 0, 1e9, 0, 0])
    assert abs(weights[2]) < 1e-4 < abs(weights[0])


def test_turning_columns_and_shares_round_gives_the_same_weights(rows):
    columns, right = rows
    np.testing.assert_allclose(fit_logistic(columns, right), fit_logistic(-columns, 1 - right), atol=1e-9)


def test_where_no_finite_weights_are_best_it_says_so():
    with pytest.raises(BadInput, match="penalty"):
        fit_logistic(np.array([[-1.0], [1.0]]), [0, 1])
    assert fit_logistic(np.array([[-1.0], [1.0]]), [0, 1], penalty=1.0)[0] > 0


@pytest.mark.parametrize(
    "bad", [(np.ones((2, 1)), [1]), (np.ones((1, 1)), [2]), (np.full((1, 1), np.nan), [1])]
)
def test_bad_input_is_refused(bad):
    with pytest.raises(BadInput):
        fit_logistic(*bad)


def test_log_odds_turn_probabilities_round():
    np.testing.assert_allclose(sigmoid(log_odds([0.1, 0.5, 0.93])), [0.1, 0.5, 0.93])
