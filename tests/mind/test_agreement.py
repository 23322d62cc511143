import numpy as np
import pytest

from personae.errors import BadInput
from personae.mind.twins import (
    agreement,
    group_gap,
    mean_agreement,
    person_accuracy,
    sitting_ceiling,
)

stats = pytest.importorskip("scipy.stats")
random = np.random.default_rng(0)
HUMAN = random.integers(1, 8, size=(90, 3)).astype(float)
TWIN = np.clip(HUMAN + random.integers(-3, 4, size=HUMAN.shape), 1, 7).astype(float)
HUMAN[:30, 1] = np.nan
SPANS = np.array([6.0, 6.0, np.nan])


def test_every_statistic_is_the_textbooks():
    found = agreement(HUMAN, TWIN, SPANS)
    low, high = found.r_interval()
    of_t, of_f = found.p_values()
    for j in range(3):
        known = ~np.isnan(HUMAN[:, j])
        h, t = HUMAN[known, j], TWIN[known, j]
        fit, paired = stats.pearsonr(h, t), stats.ttest_rel(h, t)
        ends = fit.confidence_interval(0.95)
        assert found.n[j] == known.sum()
        assert (found.r[j], low[j], high[j]) == pytest.approx((fit.statistic, ends.low, ends.high))
        assert (found.t[j], of_t[j]) == pytest.approx((paired.statistic, paired.pvalue))
        f = h.var(ddof=1) / t.var(ddof=1)
        assert found.f[j] == pytest.approx(f)
        assert of_f[j] == pytest.approx(
            2 * min(stats.f.cdf(f, len(h) - 1, len(h) - 1), stats.f.sf(f, len(h) - 1, len(h) - 1))
        )
        assert found.sd_ratio[j] == pytest.approx(t.std() / h.std())
        assert found.glass_delta[j] == pytest.approx(abs(t.mean() - h.mean()) / h.std(ddof=1))
    assert found.accuracy[0] == pytest.approx(1 - np.abs(HUMAN[:, 0] - TWIN[:, 0]).mean() / 6)
    assert np.isnan(found.accuracy[2])


def test_constant_twins_have_no_r_and_no_spread():
    found = agreement(HUMAN[:, :1], np.full((90, 1), 4.1), [6.0])
    assert np.isnan(found.r[0])
    assert (found.sd_ratio[0], found.f[0]) == (0.0, np.inf)
    assert found.t[0] == pytest.approx(stats.ttest_1samp(HUMAN[:, 0], 4.1).statistic)


def test_a_shift_that_is_huge_against_the_spread_costs_no_precision():
    found = agreement(HUMAN[:, :1] + 1e7, TWIN[:, :1] + 1e7, [6.0])
    assert found.r[0] == pytest.approx(agreement(HUMAN[:, :1], TWIN[:, :1], [6.0]).r[0], abs=1e-9)


def test_means_over_outcomes_leave_out_what_is_undefined():
    found = mean_agreement(HUMAN, np.column_stack([TWIN[:, :2], np.ones(90)]), SPANS, draws=200)
    each = agreement(HUMAN, TWIN, SPANS)
    assert found.r.value == pytest.approx(each.r[:2].mean())
    assert found.accuracy.value == pytest.approx(each.accuracy[:2].mean())
    assert found.r.interval.low < found.r.value < found.r.interval.high
    assert (found.r.n, found.r.n_people) == (240, 90)


def test_differences_are_drawn_on_the_same_people():
    better = np.where(random.random(HUMAN.shape) < 0.1, HUMAN, TWIN)
    ours, theirs = (mean_agreement(HUMAN, made, SPANS, draws=400) for made in (better, TWIN))
    gap = ours.r.minus(theirs.r)
    assert gap.value == pytest.approx(ours.r.value - theirs.r.value)
    alone = ours.r.interval.high - ours.r.interval.low
    assert gap.high - gap.low < alone / 2
    with pytest.raises(BadInput, match="same people"):
        ours.r.minus(mean_agreement(HUMAN[:50], TWIN[:50], SPANS, draws=400).r)


def test_the_interval_of_a_mean_r_covers_the_truth():
    hits = 0
    for trial in range(60):
        draw = np.random.default_rng(trial)
        shared = draw.normal(size=(150, 4))
        h, t = shared + draw.normal(size=(150, 4)), shared + draw.normal(size=(150, 4))
        interval = mean_agreement(h, t, np.ones(4), draws=200, random_state=trial).r.interval
        hits += interval.low <= 0.5 <= interval.high
    assert 52 <= hits <= 60


def test_accuracy_of_people_does_not_count_what_was_asked():
    human = np.array([[1.0, 5.0], [2.0, np.nan], [3.0, 1.0]])
    twin = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    # accuracies by outcome (span 4): 1, .75, .5 (mean .75); 0, -, 1 (mean .5)
    assert person_accuracy(human, twin, [4.0, 4.0]) == pytest.approx(
        [(0.25 - 0.5) / 2, 0.0, (-0.25 + 0.5) / 2]
    )


def test_gap_between_groups_leaves_unknown_people_out():
    gap = group_gap([1.0, np.nan, 2.0, 4.0], [True, True, True, False])
    assert (gap.value, gap.n) == (-2.5, 3)


def test_the_sitting_tells_each_answer_by_the_others():
    shared = random.normal(size=(200, 1))
    answers = 4 + shared + 0.5 * random.normal(size=(200, 3))
    answers[0, 0] = np.nan
    found = sitting_ceiling(answers, penalty=2.0, n_folds=4, random_state=1)
    assert np.isnan(found[0]).all()
    whole = np.arange(1, 200)
    folds = np.random.default_rng(1).permutation(199) % 4
    seen, new = answers[whole[folds != 2]], answers[whole[folds == 2]]
    mean, scale = seen.mean(0), seen.std(0)
    z = (seen - mean) / scale
    weights = np.linalg.solve(z[:, 1:].T @ z[:, 1:] + 2 * np.eye(2), z[:, 1:].T @ z[:, 0])
    expected = ((new - mean) / scale)[:, 1:] @ weights * scale[0] + mean[0]
    assert found[whole[folds == 2], 0] == pytest.approx(expected)
    assert agreement(answers[1:], found[1:], np.full(3, 6.0)).r.min() > 0.8


def test_tables_of_different_shape_are_refused():
    with pytest.raises(BadInput, match="one span an outcome"):
        agreement(HUMAN, TWIN, SPANS[:2])
