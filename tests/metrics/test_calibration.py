import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from personae.errors import BadInput
from personae.metrics.calibration import (
    auroc,
    brier,
    error_columns,
    error_of_sums,
    expected_calibration_error,
    fit_temperature,
    log_loss,
    reliability_bins,
    risk_coverage,
    softmax,
    with_temperature,
)


@pytest.fixture
def calibrated():
    random = np.random.default_rng(0)
    chance = random.random(20_000)
    return chance, (random.random(20_000) < chance).astype(float)


def test_calibrated_probabilities_have_no_error(calibrated):
    for binning in ("width", "mass"):
        assert expected_calibration_error(*calibrated, binning=binning) < 0.02


def test_error_by_hand():
    chance = [0.1, 0.3, 0.35, 0.8, 0.9, 1.0]
    right = [0, 1, 0, 1, 1, 0]
    # width, 2 bins: |1/3 - .25| * 3/6 + |2/3 - .9| * 3/6
    assert expected_calibration_error(chance, right, n_bins=2) == pytest.approx((1 / 12 + 7 / 30) / 2)
    # mass, 3 bins of two: |.5 - .2|, |.5 - .575|, |.5 - .95|, each a third
    assert expected_calibration_error(chance, right, n_bins=3, binning="mass") == pytest.approx(
        (0.3 + 0.075 + 0.45) / 3
    )


def test_bins_are_closed_above_and_keep_every_row():
    bins = reliability_bins([0.0, 0.5, 0.5, 1.0], [0, 0, 1, 1], n_bins=2)
    assert [(b.low, b.high, b.n) for b in bins] == [(0.0, 0.5, 3), (0.5, 1.0, 1)]


def test_ties_stay_together_in_bins_of_equal_mass():
    bins = reliability_bins([0.7] * 9 + [0.2], [1] * 10, n_bins=5, binning="mass")
    assert sum(b.n for b in bins) == 10
    assert max(b.n for b in bins) == 9


@pytest.mark.parametrize(("binning", "strategy"), [("width", "uniform"), ("mass", "quantile")])
def test_bins_agree_with_sklearn(calibrated, binning, strategy):
    right, chance = calibration_curve(calibrated[1], calibrated[0], n_bins=10, strategy=strategy)
    ours = reliability_bins(*calibrated, binning=binning)
    assert [b.right for b in ours] == pytest.approx(right.tolist(), abs=2e-3)
    assert [b.probability for b in ours] == pytest.approx(chance.tolist(), abs=2e-3)


def test_scores_agree_with_sklearn(calibrated):
    chance, right = calibrated
    rounded = chance.round(1)  # ties
    assert brier(chance, right) == pytest.approx(brier_score_loss(right, chance))
    assert log_loss(chance, right) == pytest.approx(sklearn_log_loss(right, chance))
    assert auroc(rounded, right) == pytest.approx(roc_auc_score(right, rounded))
    assert np.isnan(auroc([0.1, 0.2], [1, 1]))


def test_risk_coverage_by_hand():
    curve = risk_coverage([0.9, 0.9, 0.5, 0.1], [1, 0, 1, 0])
    assert curve.coverage.tolist() == [0.5, 0.75, 1.0]
    assert curve.risk.tolist() == [0.5, pytest.approx(1 / 3), 0.5]
    assert curve.thresholds.tolist() == [0.9, 0.5, 0.1]
    # expected risk at 1..4 answers: .5, .5 (the tie), 1/3, .5
    assert curve.area == pytest.approx((0.5 + 0.5 + 1 / 3 + 0.5) / 4)
    # best order: 0, 0, 1/3, 1/2
    assert curve.excess_area == pytest.approx(curve.area - (1 / 3 + 0.5) / 4)
    assert curve.risk_at(0.6) == pytest.approx(1 / 3)
    assert curve.risk_at(1.0) == 0.5


def test_area_is_the_mean_over_random_orders_of_ties():
    random = np.random.default_rng(1)
    confidence = random.integers(3, size=12).astype(float)
    right = random.integers(2, size=12)
    areas = [risk_coverage(confidence + 1e-6 * random.permutation(12), right).area for _ in range(4000)]
    assert risk_coverage(confidence, right).area == pytest.approx(np.mean(areas), abs=3e-3)


def test_a_perfect_order_has_no_excess():
    curve = risk_coverage([4, 3, 2, 1], [1, 1, 0, 0])
    assert curve.excess_area == pytest.approx(0.0)


def test_temperature_finds_what_was_planted():
    random = np.random.default_rng(2)
    logits = random.normal(size=(5000, 4)) * 2
    labels = np.array([random.choice(4, p=row) for row in softmax(logits)])
    assert fit_temperature(logits * 3, labels) == pytest.approx(3.0, rel=0.05)
    before = expected_calibration_error(softmax(logits * 3).max(1), softmax(logits).argmax(1) == labels)
    chances = with_temperature(logits * 3, fit_temperature(logits * 3, labels))
    assert expected_calibration_error(chances.max(1), chances.argmax(1) == labels) < 0.03 < before


def test_temperature_of_log_odds_by_hand():
    # three of four right at log-odds 2: the fitted odds are 3 to 1
    temperature = fit_temperature([2.0] * 4, [1, 1, 1, 0])
    assert temperature == pytest.approx(2 / np.log(3), rel=1e-4)
    assert with_temperature([2.0], temperature).tolist() == pytest.approx([0.75], rel=1e-4)


@pytest.mark.parametrize(
    ("chance", "right"), [([], []), ([0.2], [1, 0]), ([1.2], [1]), ([float("nan")], [1])]
)
def test_what_is_no_probability_is_refused(chance, right):
    with pytest.raises(BadInput):
        brier(chance, right)


def test_error_from_sums_is_the_error(calibrated):
    chance, right = (column[:500] for column in calibrated)
    sums = error_columns(chance, right).sum(axis=0, keepdims=True)
    assert error_of_sums(sums)[0] == pytest.approx(expected_calibration_error(chance, right))
