"""Interactions: order, repeats, splits, negatives and bad rows."""

import numpy as np
import pytest

from personae.errors import BadInput
from personae.people.records import Item, Trace
from personae.recommend.interactions import (
    by_time,
    interactions,
    interactions_of,
    last_out,
    liked,
    negatives,
    popular_negatives,
)


def test_rows_out_of_order_are_sorted_and_repeats_counted():
    rows = interactions(["a", "b", "a", "a"], ["x", "x", "y", "x"], times=[9, 1, 2, 10])
    assert [rows.items[code] for code in rows.lists().items_of(0)] == ["y", "x"]
    assert rows.n_repeated == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"times": [0.0, float("nan")]}, "Row 2: its time is not a finite number"),
        ({"times": [0.0, "later"]}, "Row 2: its time"),
        ({"times": ["1", None]}, "Row 2: its time"),
        ({"values": ["good", 1.0]}, "Row 1: its value"),
        ({"values": [1.0]}, "2 items"),
        ({"catalog": ["x"]}, "Row 2: an item"),
    ],
)
def test_bad_rows_are_named(change, said):
    with pytest.raises(BadInput, match=said):
        interactions(["a", "a"], ["x", "y"], **change)


def test_a_row_of_nobody_or_nothing_is_named():
    with pytest.raises(BadInput, match="Row 2: no person or no item"):
        interactions(["a", None], ["x", "y"])
    with pytest.raises(BadInput, match="Row 1: no person or no item"):
        interactions(["a", "b"], ["", "y"])


@pytest.mark.parametrize("shares", [(0.8, 0.1), (1.5, -0.5), (float("nan"), 0.5)])
def test_shares_that_leave_rows_out_are_refused(shares):
    with pytest.raises(BadInput, match="sum to 1"):
        by_time(interactions(["a"], ["x"]), shares)


def test_last_out_leaves_short_histories_whole():
    rows = interactions(["a", "a", "b"], ["x", "y", "x"])
    before, after = last_out(rows)
    assert (len(before), after.person.tolist(), after.item.tolist()) == (2, [0], [1])


def test_parts_by_time_share_no_moment():
    random = np.random.default_rng(0)
    rows = interactions(
        [str(i % 7) for i in range(100)], [str(i) for i in range(100)], times=random.random(100)
    )
    early, middle, late = by_time(rows, (0.8, 0.1, 0.1))
    assert [len(early), len(middle), len(late)] == [80, 10, 10]
    assert early.time.max() < middle.time.min() < middle.time.max() < late.time.min()


def test_negatives_are_never_known():
    rows = interactions(
        ["a"] * 8 + ["b"], [str(i) for i in range(8)] + ["9"], catalog=[str(i) for i in range(10)]
    )
    drawn = negatives(rows.lists(), 10, np.array([0, 1, 0]), 50, random_state=1)
    assert set(drawn[[0, 2]].ravel()) == {8, 9}
    assert 9 not in drawn[1]


def test_popular_items_are_drawn_more_often():
    with pytest.raises(BadInput, match="no popularity"):
        popular_negatives(np.zeros(3, dtype=int))
    drawn = popular_negatives(np.array([0, 1, 16]))(9000, np.random.default_rng(0))
    assert set(drawn) == {1, 2}
    assert np.mean(drawn == 2) == pytest.approx(8 / 9, abs=0.02)


def test_traces_with_items_become_rows():
    traces = [
        Trace("a", "spotify", "1", None, "listen", item=Item("song"), value=3000.0),
        Trace("a", "spotify", "2", None, "message", text="hello"),
    ]
    rows = interactions_of(traces)
    assert (rows.items, rows.value.tolist()) == (("song",), [3000.0])


def test_somebody_with_almost_the_whole_catalog_is_drawn_what_is_left_and_the_whole_is_refused():
    known = interactions(["a"] * 999, [str(i) for i in range(999)], catalog=[str(i) for i in range(1000)])
    assert (negatives(known.lists(), 1000, np.zeros(5, dtype=int), 2) == 999).all()
    with pytest.raises(BadInput, match="every item"):
        negatives(known.lists(), 999, np.array([0]), 1)


def test_who_likes_nothing_stays_with_nothing():
    rows = interactions(["a", "a", "b"], ["x", "y", "x"], values=[5, 4, 1])
    kept = liked(rows, 4)
    assert kept.people == ("a", "b")
    assert kept.lists().counts().tolist() == [2, 0]
    assert liked(rows, 1).lists().counts().tolist() == [2, 1]
