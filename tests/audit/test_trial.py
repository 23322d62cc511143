import numpy as np
import pytest
from scipy import stats

from personae.audit.persuasion import (
    RandomTerm,
    assign,
    balance,
    blinding,
    hc2,
    linear_effects,
    meta_regression,
    targeting_gain,
)
from personae.errors import BadInput


def test_hc2_by_hand():
    """Two groups: the slope is the gap of means, HC2's variance the sum of s^2 / n, as Welch's."""
    x, y = np.repeat([0.0, 1.0], [4, 6]), np.array([1.0, 2, 4, 5, 3, 3, 8, 9, 7, 6])
    coefficients, covariance = hc2(np.column_stack([x, np.ones(10)]), y)
    assert coefficients[0] == pytest.approx(y[4:].mean() - y[:4].mean())
    assert covariance[0, 0] == pytest.approx(y[:4].var(ddof=1) / 4 + y[4:].var(ddof=1) / 6)


def test_a_row_fitted_exactly_adds_nothing():
    x = np.column_stack([[1.0, 0, 0, 0], [0.0, 1, 1, 1]])
    coefficients, covariance = hc2(x, np.array([9.0, 1, 2, 3]))
    assert coefficients == pytest.approx([9, 2])
    assert covariance[0, 0] == 0
    assert covariance[1, 1] == pytest.approx(1 / 3)
    with pytest.raises(BadInput, match="combinations"):
        hc2(np.ones((4, 2)), np.ones(4))


def test_effects_within_strata():
    random = np.random.default_rng(0)
    stratum = random.integers(3, size=600)
    treated = (random.random(600) < 0.2 + 0.3 * (stratum == 2)).astype(float)
    outcome = 10.0 * stratum + 2.0 * treated + random.normal(size=600)
    effect = linear_effects(outcome, {"treated": treated}, strata=stratum.tolist())["treated"]
    assert effect.low < 2 < effect.high
    assert effect.p_value < 1e-6
    pooled = linear_effects(outcome, {"treated": treated})["treated"]
    assert pooled.value > 3


def test_assignment_stays_in_proportion():
    arms = assign(50, ("a", "b"), weights=(3, 2), random_state=1)
    for end in range(5, 51, 5):
        assert arms[:end].count("a") == 3 * end // 5
    assert assign(50, ("a", "b"), weights=(3, 2), random_state=1) == arms
    assert assign(7, ("a", "b"), random_state=2) != assign(7, ("a", "b"), random_state=3)
    with pytest.raises(BadInput):
        assign(3, ("a",), weights=(0,))


def test_balance_agrees_with_scipy_and_finds_a_bad_lot():
    random = np.random.default_rng(2)
    arms = random.choice(["x", "y", "z"], size=400).tolist()
    fair = random.choice(["old", "young"], size=400).tolist()
    bad = [
        ("old" if random.random() < 0.7 else "young") if arm == "x" else age
        for arm, age in zip(arms, fair, strict=True)
    ]
    found = {each.covariate: each for each in balance(arms, {"fair": fair, "bad": bad})}
    table = [
        [sum(a == arm and v == age for a, v in zip(arms, bad, strict=True)) for age in ("old", "young")]
        for arm in "xyz"
    ]
    expected = stats.chi2_contingency(table, correction=False)
    assert found["bad"].chi_square == pytest.approx(expected.statistic)
    assert found["bad"].p_value == pytest.approx(expected.pvalue)
    assert found["bad"].degrees == 2
    assert found["bad"].adjusted < 0.01 < found["fair"].p_value
    assert found["bad"].largest_gap > 0.15
    with pytest.raises(BadInput):
        balance(arms, {"short": fair[:3]})


def test_blinding_by_hand():
    arms = ["human"] * 4 + ["model"] * 4
    guesses = ["human", "human", "model", "unsure"] + ["model"] * 4
    found = {each.arm: each.index.value for each in blinding(arms, guesses)}
    assert found == {"human": 0.25, "model": 1.0}
    with pytest.raises(BadInput):
        blinding(arms, guesses[:3])


def test_one_random_term_agrees_with_the_closed_form():
    """Equal known variances v and one estimate a group: REML gives tau^2 = s^2 - v, and the mean its plain error."""
    y, v = np.array([1.0, 4.0, 2.5, 7.0, 5.5]), 0.5
    fit = meta_regression(y, np.eye(5) * v, {"mean": np.ones(5)}, [RandomTerm("study", range(5))])
    assert fit.components["study"][0, 0] == pytest.approx(y.var(ddof=1) - v, rel=1e-4)
    assert fit.effects["mean"].value == pytest.approx(4.0)
    assert fit.effects["mean"].standard_error == pytest.approx(np.sqrt(y.var(ddof=1) / 5), rel=1e-4)


def test_crossed_terms_and_a_slope_come_back():
    random = np.random.default_rng(3)
    n, issue, model = 300, np.arange(300) % 15, np.arange(300) // 15
    size = random.normal(size=20)[model]
    by_issue = random.multivariate_normal([0, 0], [[4.0, 0.6], [0.6, 0.5]], size=15)[issue]
    y = 5 + 1.5 * size + by_issue[:, 0] + by_issue[:, 1] * size + random.normal(size=20)[model] * 0.8
    y += random.normal(size=n) * 1.0
    terms = [
        RandomTerm("issue", issue.tolist(), np.column_stack([np.ones(n), size])),
        RandomTerm("model", model.tolist()),
    ]
    fit = meta_regression(y, np.eye(n), {"intercept": np.ones(n), "size": size}, terms)
    assert fit.effects["size"].low < 1.5 < fit.effects["size"].high
    assert 1.3 < fit.spread("issue") < 2.9
    assert 0.4 < fit.spread("issue", 1) < 1.1
    assert 0.5 < fit.spread("model") < 1.1


def test_estimates_that_do_not_match_are_refused():
    with pytest.raises(BadInput):
        meta_regression(np.ones(3), np.eye(2), {"mean": np.ones(3)}, [])


@pytest.mark.parametrize(("differs", "low", "high"), [(True, 0.6, 1.4), (False, -0.2, 0.2)])
def test_targeting_pays_only_where_groups_differ(differs, low, high):
    random = np.random.default_rng(4)
    group, action = random.integers(2, size=4000), random.integers(3, size=4000)
    best = group if differs else np.zeros(4000, dtype=int)
    outcome = 2.0 * (action == best) + random.normal(size=4000)
    found = targeting_gain(outcome, action.tolist(), group.tolist(), n_repeats=2, prior_rows=20, draws=300)
    assert low < found.gain.value < high
    assert (found.gain.low > 0) == differs
    assert found.targeted.value == pytest.approx(2.0, abs=0.15)
