import numpy as np
import pytest

from personae.errors import BadInput
from personae.metrics.intervals import bootstrap_sums
from personae.metrics.ordinal import kappa_columns, kappa_of_sums, quadratic_kappa


def test_by_hand():
    """Squared gaps: 2 seen, 6.5 expected of random pairs."""
    a, b = [1, 2, 3, 3], [1, 1, 2, 3]
    assert sum((x - y) ** 2 for x in a for y in b) / 4 == 6.5
    assert quadratic_kappa(a, b) == pytest.approx(1 - 2 / 6.5)


def test_same_ratings_agree_and_turned_ones_disagree():
    assert quadratic_kappa([1, 2, 3], [1, 2, 3]) == 1
    assert quadratic_kappa([1, 2, 3], [3, 2, 1]) == -1
    assert np.isnan(quadratic_kappa([2, 2], [2, 2]))


def test_as_scikit_learn_has_it():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    a, b = random.integers(1, 6, size=(2, 200))
    assert quadratic_kappa(a, b) == pytest.approx(metrics.cohen_kappa_score(a, b, weights="quadratic"))


def test_it_is_drawn_over_people_and_shapes_are_checked():
    found = bootstrap_sums(
        kappa_columns([1, 2, 3, 4] * 5, [1, 2, 4, 4] * 5), kappa_of_sums, clusters=list(range(5)) * 4
    )
    assert found.low <= found.value <= found.high
    with pytest.raises(BadInput, match="shapes"):
        kappa_columns([1, 2], [1])
