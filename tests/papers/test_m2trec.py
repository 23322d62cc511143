import numpy as np
import pytest

from personae.metrics.calibration import softmax
from personae.metrics.ranking import Lists
from personae.papers.amazon import Sequences, sequences
from personae.papers.harness import Context, papers
from personae.papers.m2trec.experiment import NEXT_HAS, Blurred, _indicator
from personae.papers.m2trec.split import cold_split
from personae.papers.table import load
from personae.recommend import Items, interactions


def invented():
    """Forty people, twelve things each, of thirty."""
    random = np.random.default_rng(0)
    rows = [(f"p{person}", f"i{item}") for person in range(40) for item in random.permutation(30)[:12]]
    table = interactions(*zip(*rows, strict=True), catalog=[f"i{item}" for item in range(30)])
    return Sequences(table, Items(table.items, (), Lists.of([], [], n_people=30)))


def test_no_training_window_has_a_new_item_and_none_is_joined_over_one():
    found = invented()
    split = cold_split(found)
    assert split.is_new.sum() == 3
    assert not split.is_new[split.train.item].any()
    assert not split.is_new[split.valid.item].any()
    whole = {
        person: found.rows.lists().items_of(place).tolist() for place, person in enumerate(found.rows.people)
    }
    for place, session in enumerate(split.train.people):
        items = split.train.lists().items_of(place).tolist()
        of_person = whole[session.split(".")[0]][:-2]
        assert items in [of_person[start : start + len(items)] for start in range(len(of_person) + 1)]


def test_views_part_the_test():
    split = cold_split(invented())
    views = split.views()
    assert (views["warm"] ^ views["never seen"]).all()
    assert not (views["rare"] & ~views["warm"]).any()
    assert len(split.test) == 40


def test_validation_is_asked_of_the_session_it_ends():
    found = invented()
    split = cold_split(found)
    for person, item in zip(split.valid.person, split.valid.item, strict=True):
        owner = found.rows.people.index(split.train.people[person].split(".")[0])
        assert found.rows.lists().items_of(owner)[-2] == item


class Foretold:
    """An id model that always says the same."""

    def score(self, states):
        return np.log([[0.2, 0.1, 0.1, 0.6]])


def test_blurred_keeps_the_chance_of_a_kind_and_shares_it_by_how_many_had_its_items():
    blurred = Blurred(Foretold(), kind=np.array([1, 0, 1, 0]), n_had=np.array([3, 4, 1, 0]))
    scores = blurred.score(np.zeros((1, 0)))
    assert np.allclose(np.diff(scores[0, [2, 0, 1]]), np.log([3, 0.1 / 0.225]))
    assert scores[0, 3] == -np.inf


def test_attributes_are_told_by_the_chances_of_the_items_that_have_them():
    table = interactions(["ana"] * 3, ["x", "y", "z"])
    has = _indicator(Items(table.items, ("a", "b"), Lists.of([0, 1, 1, 2, 2], [0, 0, 1, 1, 1], n_people=3)))
    assert has.tolist() == [[1, 0], [1, 1], [0, 1]]  # what stands twice counts once
    assert np.allclose(softmax(np.log([[0.1, 0.2, 0.1]])) @ has, [[0.75, 0.75]])


@pytest.mark.data
def test_a_tenth_of_beauty_is_new():
    split = cold_split(sequences(Context()))
    assert split.is_new.sum() == 1210
    assert len(split.test) == 19_009
    assert 0.05 < split.views()["never seen"].mean() < 0.15


def test_the_saved_table_names_the_bars_of_the_issue():
    rows = {(row.setting, row.metric, row.method): row for row in load(papers()["m2trec"]).rows}
    assert rows["Beauty, never seen", "Recall@20", "M2TRec"].bar == "low > 0"
    assert rows["Beauty, never seen", "Recall@20", "SASRec"].met
    assert rows["Beauty, warm", "Recall@20, ratio", "M2TRec to SASRec"].bar == ">= .9"
    assert (
        rows["Beauty, all", "Recall@20, difference, over seeds", "M2TRec minus next item alone"].bar
        == "low > 0"
    )
    assert rows["Beauty", "numbers learned of items, ratio", "ids of the same width to M2TRec"].met
    assert rows["Beauty, all", "Recall@20, difference, over seeds", "M2TRec minus next item alone"].n == 5
    told = rows["Beauty, all", f"{NEXT_HAS}, difference", "second task minus next item alone"]
    assert told.high < 0  # why two tasks are not better: one task already tells the attributes
