import numpy as np
import pytest

from personae.errors import BadInput
from personae.metrics.folds import deal_folds, level_folds, linked_groups


def test_groups_stay_whole_and_folds_are_level():
    groups = np.repeat(np.arange(50), 3).tolist()
    folds = deal_folds(groups, n_folds=5, random_state=1)
    assert all(len(set(folds[np.array(groups) == group])) == 1 for group in range(50))
    assert np.bincount(folds).tolist() == [30] * 5


def test_the_seed_decides():
    groups = list(range(40))
    assert (deal_folds(groups, random_state=1) == deal_folds(groups, random_state=1)).all()
    assert (deal_folds(groups, random_state=1) != deal_folds(groups, random_state=2)).any()


def test_fewer_groups_than_folds_leave_folds_empty():
    assert len(set(deal_folds(["a", "a", "b"], n_folds=5).tolist())) == 2
    with pytest.raises(BadInput):
        deal_folds(["a"], n_folds=1)


def test_links_run_through_several_rows():
    keys = [("a", 1), ("b", 2), ("c", 3), ("a", 2), (None, ""), ("", 4), ("d", 4)]
    assert linked_groups(keys) == [0, 0, 1, 0, 2, 3, 3]


def test_empty_keys_link_nothing():
    assert linked_groups([("",), ("",), (None,)]) == [0, 1, 2]


def test_level_folds_hold_high_and_low_alike():
    values = np.random.default_rng(0).normal(size=203)
    folds = level_folds(values, n_folds=10, random_state=1)
    assert set(np.bincount(folds, minlength=10).tolist()) <= {20, 21}
    means = [values[folds == fold].mean() for fold in range(10)]
    assert np.ptp(means) < 0.35
    assert (folds == level_folds(values, n_folds=10, random_state=1)).all()


def test_level_folds_need_numbers():
    with pytest.raises(BadInput, match="NaN"):
        level_folds([1.0, float("nan")])
