import numpy as np
import pytest
from scipy.stats import binom

from personae.errors import BadInput
from personae.metrics.calibration import risk_coverage
from personae.metrics.selective import (
    _binomial_tail,
    accuracy_at,
    accuracy_gain_at,
    controlled_threshold,
    surest,
)


def test_exactly_the_share_is_kept():
    random = np.random.default_rng(0)
    for coverage in (0.1, 0.37, 1.0):
        assert surest(random.integers(5, size=101), coverage).sum() == pytest.approx(coverage * 101)


def test_accuracy_at_a_coverage_without_ties_is_one_minus_the_risk():
    random = np.random.default_rng(1)
    confidence, right = random.random(200), random.integers(2, size=200)
    found = accuracy_at(0.25, confidence, right, draws=10).value
    assert found == pytest.approx(1 - risk_coverage(confidence, right).risk_at(0.25))


def test_a_gain_is_the_difference_and_its_interval_pairs_people():
    random = np.random.default_rng(2)
    confidence = random.random(400)
    right = (random.random(400) < 0.5 + confidence / 2).astype(float)
    worse = np.where(random.random(400) < 0.05, 0.0, right)
    gain = accuracy_gain_at(0.5, (confidence, right), (confidence, worse))
    apart = [accuracy_at(0.5, confidence, each) for each in (right, worse)]
    assert gain.value == pytest.approx(apart[0].value - apart[1].value)
    assert gain.high - gain.low < apart[0].high - apart[0].low


def test_binomial_tail_agrees_with_scipy():
    for successes, trials, share in ((0, 11, 0.2), (40, 250, 0.2), (300, 1500, 0.2)):
        assert _binomial_tail(successes, trials, share) == pytest.approx(binom.cdf(successes, trials, share))


def test_the_threshold_keeps_its_promise_as_often_as_it_says():
    random = np.random.default_rng(3)
    broken = found = 0
    for _ in range(300):
        confidence = random.random(200)
        right = (random.random(200) < confidence).astype(float)
        threshold = controlled_threshold(confidence, right, error=0.2, chance=0.1)
        if threshold is not None:
            found += 1
            broken += (
                1 - threshold
            ) / 2 > 0.2  # the true error above a threshold of certainty that is calibrated
    assert found > 200
    assert broken / 300 <= 0.13


def test_no_promise_where_none_can_be_kept():
    random = np.random.default_rng(4)
    assert controlled_threshold(random.random(300), random.integers(2, size=300)) is None
    assert controlled_threshold([1.0] * 5, [1] * 5) is None


def test_bad_input_is_refused():
    with pytest.raises(BadInput):
        surest([], 0.5)
    with pytest.raises(BadInput):
        controlled_threshold([1.0, 2.0], [1])
