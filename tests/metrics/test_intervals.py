import time

import numpy as np
import pytest

from personae.errors import BadInput
from personae.metrics.intervals import (
    bootstrap,
    bootstrap_mean,
    bootstrap_ratio,
    bootstrap_runs,
    bootstrap_sums,
    resample_sums,
    wilson,
)


def test_value_and_interval_of_a_known_case():
    interval = bootstrap_mean([1.0, 0.0, 1.0, 1.0], clusters=["a", "a", "b", "c"])
    assert interval.value == 0.75
    assert (interval.n, interval.n_clusters) == (4, 3)
    assert 0.5 == interval.low < interval.high == 1.0  # the worst draw takes "a" three times, 1 of 2 right


def test_the_bootstrap_has_the_spread_of_theory():
    random = np.random.default_rng(1)
    values = random.normal(size=4000)
    interval = bootstrap_mean(values, random_state=2)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert interval.high - interval.low == pytest.approx(2 * half, rel=0.06)


def test_whole_people_are_drawn():
    values = np.repeat([0.0, 1.0], 50)
    people = np.repeat(np.arange(10), 10).tolist()
    by_person = bootstrap_mean(values, clusters=people)
    by_row = bootstrap_mean(values)
    assert by_person.high - by_person.low > 2 * (by_row.high - by_row.low)


def test_interval_covers_the_truth_as_often_as_it_says():
    random = np.random.default_rng(3)
    hits = 0
    for trial in range(200):
        shared = random.normal(size=40)
        values = (shared[:, None] + random.normal(size=(40, 3))).ravel()
        people = np.repeat(np.arange(40), 3).tolist()
        interval = bootstrap_mean(values, clusters=people, draws=400, random_state=trial)
        hits += interval.low <= 0.0 <= interval.high
    assert 0.88 <= hits / 200 <= 0.98


def test_ratio_weights_and_empty_denominators():
    assert bootstrap_ratio([2.0, 2.0], [4.0, 4.0]).value == 0.5
    assert bootstrap_mean([1.0, 0.0], weights=[3.0, 1.0]).value == 0.75
    assert np.isnan(bootstrap_ratio([1.0, 1.0], [0.0, 0.0]).value)


def test_sums_and_rows_agree_on_a_correlation():
    random = np.random.default_rng(4)
    x = random.normal(size=300)
    y = x + random.normal(size=300)
    columns = np.stack([np.ones(300), x, y, x * y, x * x, y * y], axis=1)

    def correlation(sums):
        n, sx, sy, sxy, sxx, syy = sums.T
        return (n * sxy - sx * sy) / np.sqrt((n * sxx - sx**2) * (n * syy - sy**2))

    fast = bootstrap_sums(columns, correlation)
    slow = bootstrap(lambda rows: np.corrcoef(x[rows], y[rows])[0, 1], 300, draws=1000)
    assert fast.value == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert (fast.low, fast.high) == pytest.approx((slow.low, slow.high), abs=0.02)


def test_rows_statistic_draws_whole_people():
    people = [f"p{i // 4}" for i in range(40)]

    def whole(rows):
        counts = np.bincount(rows, minlength=40).reshape(10, 4)
        return float((counts == counts[:, :1]).all())

    assert bootstrap(whole, 40, clusters=people, draws=50).low == 1.0


def test_same_seed_same_interval_and_one_person_has_none():
    values = [0.0, 1.0, 1.0]
    assert bootstrap_mean(values, random_state=5) == bootstrap_mean(values, random_state=5)
    alone = bootstrap_mean(values, clusters=["a"] * 3)
    assert alone.value == pytest.approx(2 / 3)
    assert np.isnan(alone.low)


def test_resampled_sums_keep_the_number_of_clusters():
    sums = np.ones((7, 1))
    assert (resample_sums(sums, draws=20) == 7).all()


@pytest.mark.parametrize(("values", "clusters"), [([], None), ([1.0, 0.0], ["a"]), ([[1.0], [0.0]], None)])
def test_wrong_shapes_are_named(values, clusters):
    with pytest.raises(BadInput):
        bootstrap_mean(values, clusters=clusters)


def test_two_thousand_draws_over_700_pairs_are_fast():
    random = np.random.default_rng(6)
    values = (random.random(700) < 0.7).astype(float)
    people = [f"p{i}" for i in random.integers(294, size=700)]
    bootstrap_mean(values, clusters=people)
    best = min(_seconds(lambda: bootstrap_mean(values, clusters=people)) for _ in range(5))
    assert best < 0.05


def _seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def test_wilson_by_hand():
    # z = 1.96: (9 + 1.9208) / (17 + 3.8416) = .5240, half = 1.96 sqrt(9 * 8 / 17 + .9604) / 20.8416 = .2143
    found = wilson(9, 17)
    assert (found.low, found.high) == (pytest.approx(0.3097, abs=1e-4), pytest.approx(0.7383, abs=1e-4))
    assert wilson(0, 5).low == 0.0
    assert wilson(5, 5).high == 1.0


def test_wilson_needs_trials():
    with pytest.raises(BadInput):
        wilson(0, 0)
    with pytest.raises(BadInput):
        wilson(4, 3)


def test_an_interval_over_people_and_seeds_holds_the_mean_and_is_wider_for_seeds_that_differ():
    random = np.random.default_rng(0)
    people = random.random(200)
    same, apart = (people + spread * np.arange(5)[:, None] for spread in (0.0, 0.2))
    narrow, wide = (bootstrap_runs(values) for values in (same, apart))
    assert narrow.value == pytest.approx(people.mean())
    assert narrow.low < narrow.value < narrow.high
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    ratio = bootstrap_runs(2 * same, same)
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((2, 2, 2))
