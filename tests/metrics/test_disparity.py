import numpy as np
import pytest

from personae.errors import BadInput
from personae.metrics.disparity import (
    calibrated_disparity,
    cell_means,
    disparity,
    fit_group_calibration,
    gap_bounds,
    group_means,
    labels_of,
    one_hot,
)


def world(random, n, *, leak=0.0):
    """Three kinds of proxy; the outcome depends on the group beyond the proxy by `leak`."""
    z = random.integers(3, size=n)
    p = np.array([0.2, 0.5, 0.9])[z]
    group = (random.random(n) < p).astype(int)  # 1: second group
    y = (random.random(n) < 0.3 + 0.1 * z + leak * group).astype(float)
    return z, np.column_stack([1 - p, p]), group, y


def test_means_by_hand():
    p = [[0.9, 0.1], [0.4, 0.6]]
    assert group_means([1, 0], p) == pytest.approx([0.9 / 1.3, 0.1 / 0.7])
    assert group_means([1, 0], one_hot(labels_of(p), 2)).tolist() == [1, 0]
    assert np.isnan(group_means([1, 0], one_hot(labels_of(p, 0.8), 2))[1])


def test_gap_ratio_and_smd_by_hand():
    found = disparity([1, 1, 0, 1, 0, 0], one_hot([0, 0, 0, 1, 1, 1], 2), min_cell=3, draws=50)
    assert (found.gap.value, found.ratio.value) == pytest.approx((1 / 3, 2))
    assert found.smd.value == pytest.approx((1 / 3) / np.sqrt(2 / 9))
    assert found.is_flagged
    assert not disparity([1, 0, 1, 0], one_hot([0, 0, 1, 1], 2), min_cell=2, draws=50).is_flagged


def test_small_groups_are_not_shown():
    with pytest.raises(BadInput, match=r"2\.0 expected people; its mean is shown from 10 on"):
        disparity(np.ones(30), one_hot([0] * 28 + [1] * 2, 2))


def test_weighted_is_right_where_the_outcome_follows_the_proxy_alone_and_threshold_is_not():
    _, p, group, y = world(np.random.default_rng(0), 100_000)
    truth = np.subtract(*group_means(y, one_hot(group, 2)))
    assert np.subtract(*group_means(y, p)) == pytest.approx(truth, abs=0.01)
    assert abs(np.subtract(*group_means(y, one_hot(labels_of(p), 2))) - truth) > 0.05


def test_mending_by_outcome_takes_the_bias_that_plain_mending_leaves():
    random = np.random.default_rng(1)
    _, p, group, y = world(random, 40_000, leak=0.2)
    truth = np.subtract(*group_means(y, one_hot(group, 2)))
    known, rest = slice(0, 10_000), slice(10_000, None)
    plain, by_outcome = (
        calibrated_disparity(y[rest], p[rest], p[known], group[known], known_outcomes=which, draws=50)
        for which in (None, y[known])
    )
    bias = np.mean([np.cov(group[p[:, 1] == each], y[p[:, 1] == each])[0, 1] for each in np.unique(p[:, 1])])
    expected = bias / group.mean() + bias / (
        1 - group.mean()
    )  # -E[cov(1[R = r], y | proxy)] / P(R = r), of both groups
    assert plain.gap.value - truth == pytest.approx(expected, abs=0.02)
    assert abs(plain.gap.value - truth) > 0.05
    assert by_outcome.gap.value == pytest.approx(truth, abs=0.03)
    assert by_outcome.gap.low < truth < by_outcome.gap.high


def test_calibration_turns_wrong_probabilities_into_shares():
    random = np.random.default_rng(2)
    wrong = random.random((20_000, 3))
    wrong /= wrong.sum(axis=1, keepdims=True)
    right = wrong**2 / (wrong**2).sum(axis=1, keepdims=True)
    group = (random.random(len(right))[:, None] > np.cumsum(right, axis=1)).sum(axis=1)
    mended = fit_group_calibration(wrong[:10_000], group[:10_000])(wrong[10_000:])
    assert mended.sum(axis=1) == pytest.approx(np.ones(10_000))
    before, after = (np.abs(each - right[10_000:]).mean() for each in (wrong[10_000:], mended))
    assert after < before / 2
    two = fit_group_calibration(wrong[:, :2] / wrong[:, :2].sum(axis=1, keepdims=True), np.minimum(group, 1))
    assert two([[0.3, 0.7]]).sum() == pytest.approx(1)


@pytest.mark.parametrize("leak", [-0.3, 0.0, 0.3])
def test_bounds_hold_the_gap_whatever_links_group_and_outcome(leak):
    z, _, group, y = world(np.random.default_rng(3), 50_000, leak=leak)
    shares, counts = cell_means(z, one_hot(group, 2), 3)
    means, _ = cell_means(z, y, 3)
    assert gap_bounds(shares, means, counts).hold(np.subtract(*group_means(y, one_hot(group, 2))))


def test_bounds_by_hand():
    """Shares .8 and .2, half selected: E[y 1] in [.3, .5] and [0, .2]; over P(R) the means lie in [.375, .625] and [0, 1]."""
    found = gap_bounds([[0.8, 0.2]], [0.5], [7])
    assert (found.low, found.high) == pytest.approx((0.375 - 1, 0.625))


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: group_means([1, 0], [[1, 0]]), "one finite number a row"),
        (lambda: group_means([1], [[2, -1]]), r"in \[0, 1\]"),
        (lambda: gap_bounds([[0.5, 0.4]], [0.5], [1]), "sum to 1"),
        (lambda: gap_bounds([[1, 0]], [0.5], [1]), "every group"),
        (lambda: fit_group_calibration([[0.5, 0.5]], [2]), "column number"),
        (lambda: calibrated_disparity([2], [[1, 0]], [[1, 0]], [0], known_outcomes=[1]), "0 or 1"),
    ],
)
def test_what_cannot_be_used_is_said(call, told):
    with pytest.raises(BadInput, match=told):
        call()


def test_groups_that_are_not_there_and_rows_over_one_are_refused():
    with pytest.raises(BadInput, match="Groups 0 and 2 of 2"):
        disparity([1, 0], [[1, 0], [0, 1]], second=2, min_cell=1)
    with pytest.raises(BadInput, match="Groups 5 and 1 of 2"):
        gap_bounds([[0.5, 0.5]], [0.5], [1], first=5)
    with pytest.raises(BadInput, match="more than 1"):
        disparity([1, 0], [[1, 1], [0, 1]], min_cell=1)
