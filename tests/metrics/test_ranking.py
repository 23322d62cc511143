"""Ranking measures, computed by hand."""

import numpy as np
import pytest

from personae.errors import BadInput
from personae.metrics.ranking import Lists, rank_all

SCORES = np.array([[0.9, 0.8, 0.7, 0.6, 0.5], [0.1, 0.2, 0.3, 0.4, 0.5], [1.0, 1.0, 1.0, 1.0, 1.0]])


def ranked(wanted, known=None, scores=SCORES, batch_size=256):
    return rank_all(
        lambda people: scores[people], wanted, known=known, n_items=5, at=3, batch_size=batch_size
    )


def test_measures_by_hand():
    wanted = Lists.of([0, 0, 1], [1, 3, 4], n_people=3)
    found = ranked(wanted)
    assert found.people.tolist() == [0, 1]
    assert found.lists.tolist() == [[0, 1, 2], [4, 3, 2]]
    assert found.per_person("recall", 3).tolist() == [0.5, 1.0]
    assert found.per_person("precision", 2).tolist() == [0.5, 0.5]
    assert found.per_person("mrr", 3).tolist() == [0.5, 1.0]
    assert found.per_person("hit", 1).tolist() == [0.0, 1.0]
    assert found.per_person("f1", 3).tolist() == pytest.approx([0.4, 0.5])
    ideal = 1 + 1 / np.log2(3)
    assert found.per_person("ndcg", 3).tolist() == pytest.approx([1 / np.log2(3) / ideal, 1.0])
    assert found.auc.tolist() == pytest.approx(
        [0.5, 1.0]
    )  # item 1 above two of three others, item 3 above one


def test_known_items_are_neither_listed_nor_counted():
    found = ranked(Lists.of([0], [1], n_people=3), Lists.of([0], [0], n_people=3))
    assert found.lists.tolist() == [[1, 2, 3]]
    assert found.place.tolist() == [0.0]
    assert found.auc.tolist() == [1.0]


def test_constant_scores_rank_by_chance():
    assert ranked(Lists.of([2], [0], n_people=3)).place.tolist() == [2.0]


def test_batches_change_nothing():
    random = np.random.default_rng(0)
    scores = random.normal(size=(40, 5))
    wanted = Lists.of(random.integers(0, 40, 60), random.integers(0, 5, 60), n_people=40)
    whole, parts = ranked(wanted, scores=scores), ranked(wanted, scores=scores, batch_size=7)
    assert (whole.lists == parts.lists).all()
    assert (whole.row == parts.row).all()
    assert (whole.per_person("ndcg", 3) == parts.per_person("ndcg", 3)).all()


def test_a_view_of_some_items():
    found = ranked(Lists.of([0, 0, 1], [1, 3, 4], n_people=3)).take(np.array([True, False, False]))
    assert found.people.tolist() == [0]
    assert found.per_person("recall", 2).tolist() == [1.0]


def test_an_unknown_measure_and_nobody_wanting():
    with pytest.raises(BadInput, match="ndcg"):
        ranked(Lists.of([0], [1], n_people=3)).per_person("map", 3)
    with pytest.raises(BadInput, match="Nobody"):
        ranked(Lists.of([], [], n_people=3))


@pytest.mark.parametrize(("n_items", "at"), [(1, 1), (7, 3), (50, 50), (100, 9), (1000, 20)])
def test_lists_are_the_catalog_in_order_of_scores(n_items, at):
    """Scores are of few values, so that most tie; ties stand in the catalog's order."""
    scores = np.random.default_rng(n_items).integers(0, 9, (30, n_items)).astype(float)
    wanted = Lists.of(list(range(30)), [0] * 30, n_people=30)
    found = rank_all(lambda people: scores[people], wanted, n_items=n_items, at=at)
    assert np.array_equal(found.lists, np.argsort(-scores, axis=1, kind="stable")[:, :at])


def test_places_alone_are_the_same_without_lists():
    scores = np.random.default_rng(0).random((40, 60))
    wanted, known = (Lists.of(list(range(40)), [item] * 40, n_people=40) for item in (3, 4))
    with_lists, without = (
        rank_all(lambda people: scores[people], wanted, known=known, n_items=60, at=at) for at in (5, 0)
    )
    assert without.lists.shape == (40, 0)
    assert np.array_equal(with_lists.place, without.place)
    assert with_lists.per_person("ndcg", 5).tolist() == without.per_person("ndcg", 5).tolist()


def test_scores_that_are_no_ranking_are_refused_and_what_cannot_be_listed_comes_last():
    def score_of(row):
        return lambda people: np.tile(np.array(row), (len(people), 1))

    wanted = Lists.of([0], [1], n_people=1)
    for broken in ([0.0, np.nan, 1.0], [0.0, 1e41, 1.0], [np.nan] * 3):
        with pytest.raises(BadInput, match="NaN or above"):
            rank_all(score_of(broken), wanted, n_items=3, at=1)
    assert rank_all(score_of([0.0, -np.inf, 1.0]), wanted, n_items=3, at=1).auc.tolist() == [0.0]
    both = Lists.of([0, 0], [1, 2], n_people=1)
    assert rank_all(score_of([0.0, -np.inf, 1.0]), both, n_items=3, at=1).auc.tolist() == [0.5]
    assert np.isnan(rank_all(score_of([-np.inf] * 3), wanted, n_items=3, at=1).auc).all()


def test_a_list_of_no_length_is_refused():
    with pytest.raises(BadInput, match="Lists of -1"):
        rank_all(lambda people: np.zeros((len(people), 2)), Lists.of([0], [1], n_people=1), n_items=2, at=-1)
