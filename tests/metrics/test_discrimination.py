import numpy as np
import pytest

from personae.errors import BadInput
from personae.metrics.calibration import auroc
from personae.metrics.discrimination import auroc_interval, correlation_interval, drawn_auroc, ranks
from personae.metrics.intervals import bootstrap


def made(n=150, seed=0):
    random = np.random.default_rng(seed)
    right = (random.random(n) < 0.6).astype(float)
    return np.round(random.normal(size=n) + right, 1), right, (np.arange(n) // 3).tolist()


@pytest.mark.parametrize("clustered", [False, True])
def test_the_interval_is_that_of_draws_done_one_by_one(clustered):
    scores, right, groups = made()
    clusters = groups if clustered else None
    quick = auroc_interval(scores, right, clusters=clusters, draws=1500)
    slow = bootstrap(
        lambda i: auroc(scores[i], right[i]), len(right), clusters=clusters, draws=1500, random_state=1
    )
    assert quick.value == pytest.approx(slow.value)
    assert (quick.low, quick.high) == pytest.approx((slow.low, slow.high), abs=0.012)


def test_strata_are_not_compared_with_each_other():
    scores, right = [1, 2, 11, 12, 5], [0, 1, 0, 1, 1]
    strata = ["a", "a", "b", "b", "c"]  # c has right answers only
    assert auroc_interval(scores, right, strata=strata).value == 1.0
    assert auroc_interval(scores, right).value == pytest.approx(4 / 6)


def test_one_class_cannot_be_told_apart():
    assert np.isnan(auroc_interval([1, 2], [1, 1]).value)
    with pytest.raises(BadInput, match="0 or 1"):
        auroc_interval([1, 2], [0.5, 1])


def test_correlation_is_numpys_and_spearman_that_of_ranks():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 80))
    y += x
    found = correlation_interval(x, y, draws=500)
    assert found.value == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert found.low < found.value < found.high
    assert correlation_interval(ranks(np.exp(x)), ranks(x)).value == pytest.approx(1.0)
    assert np.isnan(correlation_interval([1, 1, 1], [1, 2, 3]).value)


def test_a_gain_is_the_difference_under_the_same_draws():
    scores, right, people = made()
    other = np.random.default_rng(1).normal(size=len(scores))
    ours, theirs = (
        drawn_auroc(each, right, clusters=people, draws=300, random_state=4) for each in (scores, other)
    )
    found = ours.gain_on(theirs)
    alone = [
        auroc_interval(each, right, clusters=people, draws=300, random_state=4) for each in (scores, other)
    ]
    assert found.value == pytest.approx(alone[0].value - alone[1].value)
    assert found.low < found.value < found.high
    same = ours.gain_on(ours)
    assert (same.low, same.value, same.high) == (0.0, 0.0, 0.0)


def test_numbers_as_clusters_are_drawn_as_names_are():
    scores, right, people = made()
    by_number = auroc_interval(scores, right, clusters=np.array(people), draws=100)
    assert by_number == auroc_interval(
        scores, right, clusters=[f"person {each}" for each in people], draws=100
    )
