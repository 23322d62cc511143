import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from personae.errors import BadInput
from personae.metrics.calibration import expected_calibration_error
from personae.metrics.recalibration import fit_isotonic, fit_platt


@pytest.fixture
def overconfident():
    random = np.random.default_rng(0)
    stated = random.integers(50, 100, size=4000) / 100
    return stated, (random.random(4000) < 0.5 + (stated - 0.5) / 2).astype(float)


def test_platt_by_hand():
    # targets 3 / 4 and 1 / 4 stand evenly at both scores: slope 0, probability one half
    fitted = fit_platt([0.0, 0.0, 1.0, 1.0], [0, 1, 0, 1])
    assert fitted([0.0, 5.0]).tolist() == pytest.approx([0.5, 0.5])


def test_platt_agrees_with_sklearn_on_many_rows(overconfident):
    stated, right = overconfident
    ours = fit_platt(stated, right)(stated)
    theirs = LogisticRegression(C=1e9).fit(stated[:, None], right).predict_proba(stated[:, None])[:, 1]
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_platt_does_not_depend_on_the_scale(overconfident):
    stated, right = overconfident
    np.testing.assert_allclose(
        fit_platt(stated, right)(stated), fit_platt(100 * stated + 7, right)(100 * stated + 7)
    )


def test_isotonic_agrees_with_sklearn(overconfident):
    stated, right = overconfident
    theirs = IsotonicRegression(out_of_bounds="clip").fit(stated, right).predict(stated)
    np.testing.assert_allclose(fit_isotonic(stated, right)(stated), theirs)


@pytest.mark.parametrize("fit", [fit_platt, fit_isotonic])
def test_a_certainty_is_mended_on_rows_not_seen(overconfident, fit):
    stated, right = overconfident
    mended = fit(stated[::2], right[::2])(stated[1::2])
    assert expected_calibration_error(stated[1::2], right[1::2]) > 0.08
    assert expected_calibration_error(mended, right[1::2]) < 0.04


@pytest.mark.parametrize("fit", [fit_platt, fit_isotonic])
def test_the_order_is_never_turned_round(fit):
    scores, right = [1.0, 2.0, 3.0, 4.0], [1, 1, 0, 0]
    assert fit(scores, right)(scores).tolist() == pytest.approx([0.5] * 4)


def test_separable_rows_keep_off_the_ends():
    assert 0 < fit_platt([0, 1], [0, 1])([0])[0] < fit_platt([0, 1], [0, 1])([1])[0] < 1


@pytest.mark.parametrize("bad", [([], []), ([1.0], [0.5]), ([np.nan], [1]), ([1.0, 2.0], [1])])
def test_what_cannot_be_fitted_is_refused(bad):
    with pytest.raises(BadInput):
        fit_platt(*bad)
