"""The closed forms against the same fits done one by one."""

import numpy as np
import pytest

from personae.errors import BadInput
from personae.mind.twins._ridge import moments, panels, paths, prior_root

random = np.random.default_rng(0)
X = random.normal(size=(60, 4))
Y = X @ random.normal(size=(4, 3)) + random.normal(size=(60, 3))
T = Y + random.normal(size=Y.shape)
FOLDS = random.permutation(60) % 3
ALPHAS = (0.5, 20.0)


def by_hand(rows, outcome, alpha, own, covariance):
    """Ridge of one outcome on centered features and its own column, one linear system."""
    table = np.column_stack([X, T[:, outcome]])[rows]
    center, mean = table.mean(0), Y[rows, outcome].mean()
    penalty = np.zeros((5, 5))
    penalty[:4, :4] = alpha * np.linalg.inv(covariance)
    penalty[4, 4] = own
    z = table - center
    weights = np.linalg.solve(z.T @ z + penalty, z.T @ (Y[rows, outcome] - mean))
    return weights, (np.column_stack([X, T[:, outcome]]) - center) @ weights + mean


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_every_fold_penalty_and_outcome_is_the_fit_done_alone(share):
    given = moments(X, Y, T, FOLDS, 3)
    weights = random.normal(size=(4, 4, 7))
    root = prior_root(weights, share)
    fitted = paths(given, ALPHAS, 7.0, root if share else None)
    for k in range(4):
        rows = k != FOLDS if k < 3 else np.full(60, True)
        spread = weights[k] @ weights[k].T
        covariance = (1 - share) * np.eye(4) + share * 4 * spread / np.trace(spread)
        for a, alpha in enumerate(ALPHAS):
            predicted = fitted.predict(X, T, k)[a]
            for outcome in range(3):
                expected, line = by_hand(rows, outcome, alpha, 7.0, covariance)
                assert fitted.coef[k, a, :, outcome] == pytest.approx(expected[:4])
                assert fitted.weight[k, a, outcome] == pytest.approx(expected[4])
                assert predicted[:, outcome] == pytest.approx(line)


def test_without_a_column_of_its_own_it_is_plain_ridge():
    fitted = paths(moments(X, Y, np.zeros_like(Y), FOLDS, 3), (3.0,), 1.0)
    z, y = X - X.mean(0), Y - Y.mean(0)
    assert fitted.coef[-1, 0] == pytest.approx(np.linalg.solve(z.T @ z + 3 * np.eye(4), z.T @ y))
    assert (fitted.weight == 0).all()


def test_a_prior_of_no_weights_is_the_identity_scaled():
    root = prior_root(np.zeros((1, 3, 2)), 0.75)
    assert root[0] @ root[0].T == pytest.approx(0.25 * np.eye(3))


def test_panels_are_outcomes_of_the_same_people():
    answers = np.zeros((50, 4))
    answers[:25, 1] = np.nan
    answers[:25, 3] = np.nan
    found = [(panel.outcomes.tolist(), len(panel.people)) for panel in panels(answers)]
    assert found == [([0, 2], 50), ([1, 3], 25)]


def test_too_few_answers_and_too_few_folds_are_refused():
    answers = np.full((50, 2), np.nan)
    answers[:, 0] = 1
    answers[:19, 1] = 1
    with pytest.raises(BadInput, match=r"Outcome 1 .* has 19 answers"):
        list(panels(answers))
    with pytest.raises(BadInput, match="fewer folds"):
        moments(X, Y, T, np.zeros(60, int), 2)
