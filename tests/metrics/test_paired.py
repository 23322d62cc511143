import numpy as np
import pytest
from scipy import stats

from personae.errors import BadInput
from personae.metrics.paired import benjamini_hochberg, binomial_test, mcnemar, paired_difference, sign_test


@pytest.mark.parametrize(("k", "n"), [(0, 1), (3, 10), (5, 10), (40, 100), (123, 200), (900, 2000)])
def test_binomial_agrees_with_scipy(k, n):
    assert binomial_test(k, n) == pytest.approx(stats.binomtest(k, n).pvalue)
    assert binomial_test(0, 0) == 1.0


def test_mcnemar_counts_only_disagreements():
    first = [True] * 10 + [False] * 2 + [True] * 50
    second = [False] * 10 + [True] * 2 + [True] * 50
    test = mcnemar(first, second)
    assert (test.first, test.second) == (10, 2)
    assert test.p_value == pytest.approx(2 * sum([1, 12, 66]) / 2**12)


def test_sign_test_leaves_ties_out():
    test = sign_test([1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 1.0, 5.0])
    assert (test.first, test.second, test.p_value) == (2, 1, 1.0)


def test_benjamini_hochberg_agrees_with_scipy():
    p = np.random.default_rng(0).random(50) ** 2
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))
    assert benjamini_hochberg([]).tolist() == []


def test_the_false_discovery_rate_is_kept():
    random = np.random.default_rng(1)
    shares = []
    for _ in range(300):
        null = random.random(40)
        real = random.random(10) * 1e-3
        rejected = benjamini_hochberg(np.concatenate([null, real])) <= 0.1
        shares.append(rejected[:40].sum() / max(1, rejected.sum()))
    assert np.mean(shares) <= 0.1


def test_pairing_narrows_the_interval():
    random = np.random.default_rng(2)
    hard = random.normal(size=500)
    first, second = hard + 0.1, hard + random.normal(size=500) * 0.01
    interval = paired_difference(first, second)
    assert 0.09 < interval.low < interval.value < interval.high < 0.11


def test_different_items_are_refused():
    with pytest.raises(BadInput):
        mcnemar([1, 0], [1])
    with pytest.raises(BadInput):
        benjamini_hochberg([1.5])
