import numpy as np
import pytest

from personae.errors import BadInput
from personae.metrics.distributions import (
    answer_shares,
    cohens_d,
    cohens_d_of_shares,
    correlation_gap,
    cronbach_alpha,
    wasserstein,
)


def test_shares_leave_refusals_out_and_weigh():
    assert answer_shares([0, 1, 99, -1], 2, weights=[3, 1, 50, 50]).tolist() == [0.75, 0.25]
    with pytest.raises(BadInput, match="recode"):
        answer_shares([98, 99], 5)


def test_wasserstein_is_that_of_scipy():
    from scipy.stats import wasserstein_distance

    random = np.random.default_rng(0)
    first, second = random.random((2, 6))
    expected = wasserstein_distance(range(6), range(6), first, second) / 5
    assert float(wasserstein(first, second)) == pytest.approx(expected)
    assert wasserstein(np.stack([first, second]), np.stack([second, second])).tolist() == [
        pytest.approx(expected),
        0.0,
    ]


def test_d_of_people_and_of_shares_meet_for_many_people():
    random = np.random.default_rng(0)
    first, second = (
        random.choice(5, 200_000, p=p) for p in ((0.1, 0.2, 0.4, 0.2, 0.1), (0.3, 0.3, 0.2, 0.1, 0.1))
    )
    shares = (answer_shares(part, 5) for part in (first, second))
    assert float(cohens_d_of_shares(*shares)) == pytest.approx(cohens_d(first, second), abs=1e-4)
    assert np.isnan(cohens_d([1], [2, 3]))
    assert np.isnan(cohens_d([1, 1], [1, 1]))


def test_alpha_by_hand():
    """Items (1,2,3,4) and (2,1,4,3): variances 5/3 each, sum (3,3,7,7) has 16/3; alpha 2 (1 - 10/16) = .75."""
    assert cronbach_alpha([[1, 2], [2, 1], [3, 4], [4, 3]]) == pytest.approx(0.75)
    assert cronbach_alpha([[1, 2], [2, 1], [3, 4], [4, 3], [np.nan, 9]]) == pytest.approx(0.75)
    with pytest.raises(BadInput, match="two or more items"):
        cronbach_alpha([[1], [2]])


def test_correlation_gap_of_a_table_with_itself_is_none():
    table = np.random.default_rng(0).random((30, 4))
    assert correlation_gap(table, table) == 0
    assert correlation_gap(table, 1 - table) == pytest.approx(0)
    constant = np.column_stack([table[:, 0], np.ones(30)])
    assert correlation_gap(constant, table[:, :2]) == pytest.approx(
        abs(np.corrcoef(table[:, :2].T)[0, 1]) * 2**0.5
    )
