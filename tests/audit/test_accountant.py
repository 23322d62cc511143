import math

import pytest

from personae.audit.accountant import epsilon, group_epsilon
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


@pytest.mark.parametrize(("multiplier", "rate", "steps"), [(2.0, 0.25, 160), (1.0, 1.0, 1), (5.0, 0.1, 150)])
def test_a_group_of_one_is_a_record(multiplier, rate, steps):
    plan = {"rate": rate, "steps": steps, "delta": 1e-3}
    assert group_epsilon(multiplier, n_records=1, **plan) == pytest.approx(
        epsilon(multiplier, **plan), rel=0.01
    )


def test_without_sampling_ten_records_are_one_of_ten_times_the_size():
    plan = {"rate": 1.0, "steps": 3, "delta": 1e-5}
    assert group_epsilon(8.0, n_records=10, **plan) == pytest.approx(epsilon(0.8, **plan), rel=1e-3)


def test_more_records_spend_more_and_less_than_if_all_were_in_every_step():
    plan = {"steps": 20, "delta": 1e-3}
    found = [group_epsilon(8.0, rate=0.25, n_records=n, **plan) for n in (1, 4, 16)]
    assert found == sorted(found)
    assert found[2] < group_epsilon(8.0, rate=1.0, n_records=16, **plan)
    assert group_epsilon(0.0, rate=0.25, n_records=2, **plan) == math.inf
    for wrong in (0, 1.5):
        with pytest.raises(BadInput):
            group_epsilon(8.0, rate=0.25, n_records=wrong, **plan)
