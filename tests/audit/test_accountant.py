import math

import pytest

from personae.audit.accountant import epsilon
from personae.errors import BadInput


def gaussian_delta(eps, sigma):
    """The exact delta of the Gaussian mechanism of sensitivity 1 (Balle, Wang 2018, theorem 8)."""

    def normal(z):
        return 0.5 * math.erfc(-z / math.sqrt(2))

    return normal(0.5 / sigma - eps * sigma) - math.exp(eps) * normal(-0.5 / sigma - eps * sigma)


@pytest.mark.parametrize(("sigma", "steps"), [(1.0, 1), (4.0, 10), (20.0, 100)])
def test_without_sampling_it_lies_just_above_the_exact_gaussian(sigma, steps):
    found = epsilon(sigma, rate=1.0, steps=steps, delta=1e-5)
    whole = sigma / math.sqrt(steps)
    assert gaussian_delta(found, whole) < 1e-5
    assert gaussian_delta(0.8 * found, whole) > 1e-5


def test_the_tutorial_setting_of_the_field():
    """60,000 rows, lots of 256, noise 1.1, 60 epochs, delta 1e-5: 2.92 to 3.01 in public accountants."""
    found = epsilon(1.1, rate=256 / 60_000, steps=60 * 60_000 // 256, delta=1e-5)
    assert 2.5 < found < 3.05


def test_more_noise_fewer_steps_and_rarer_rows_spend_less():
    base = epsilon(1.0, rate=0.1, steps=100, delta=1e-3)
    assert epsilon(2.0, rate=0.1, steps=100, delta=1e-3) < base
    assert epsilon(1.0, rate=0.1, steps=50, delta=1e-3) < base
    assert epsilon(1.0, rate=0.05, steps=100, delta=1e-3) < base
    assert epsilon(0.0, rate=0.1, steps=100, delta=1e-3) == math.inf


@pytest.mark.parametrize(
    "broken",
    [
        {"rate": 0.0},
        {"rate": 1.2},
        {"rate": math.nan},
        {"steps": 0},
        {"steps": 2.5},
        {"delta": 0.0},
        {"delta": 1.0},
    ],
)
def test_what_cannot_be_is_refused(broken):
    with pytest.raises(BadInput):
        epsilon(1.0, **{"rate": 0.1, "steps": 10, "delta": 1e-5, **broken})
    for multiplier in (-1.0, math.nan):
        with pytest.raises(BadInput):
            epsilon(multiplier, rate=0.1, steps=10, delta=1e-5)
