import numpy as np
import pytest

from personae.metrics.ranking import Lists, rank_all
from personae.papers.harness import Context
from personae.papers.nbpo.hidden import split_likes
from personae.papers.nbpo.study import METHODS, method, numbered, read_split, shuffled
from personae.recommend import interactions


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    pairs = [
        (f"p{person}", str(item)) for person in range(30) for item in random.permutation(20)[: 3 + person % 9]
    ]
    return interactions(*zip(*pairs, strict=True), catalog=[str(item) for item in range(20)])


def test_people_are_numbered_as_elsewhere():
    few = interactions(["bo", "ana", "bo"], ["x", "y", "y"])
    found = numbered(few, ("ana", "cy", "bo"))
    assert found.person.tolist() == [0, 2, 2]
    assert [found.items[item] for item in found.item] == ["y", "x", "y"]


def test_items_dealt_anew_keep_how_many_there_are_and_break_who_has_them(rows):
    dealt = shuffled(rows, 0)
    assert dealt.people == rows.people
    assert (dealt.popularity() <= rows.popularity()).all()
    assert len(dealt) > 0.7 * len(rows)
    assert not np.array_equal(dealt.item[: len(rows)], rows.item[: len(dealt)])


def test_a_fifth_of_likes_is_hidden_and_nobody_with_few_loses_any(rows):
    split = split_likes(rows, 1)
    parts = [part.lists() for part in (split.train, split.valid, split.test)]
    counts = np.stack([part.counts() for part in parts])
    assert (counts.sum(axis=0) == rows.lists().counts()).all()
    few = rows.lists().counts() < 5
    assert (counts[1:, few] == 0).all()
    assert (counts[2, ~few] >= 1).all()
    assert np.abs(counts[2, ~few] / rows.lists().counts()[~few] - 0.2).max() <= 0.1
    pairs = {(p, i) for part in parts for p in range(30) for i in part.items_of(p).tolist()}
    assert pairs == set(zip(rows.person.tolist(), rows.item.tolist(), strict=True))
    assert not np.array_equal(split.test.item, split_likes(rows, 2).test.item)


@pytest.mark.data
def test_popularity_on_the_authors_split():
    """Card: 1,435 people; popularity on validation F1@5 .0211, NDCG@5 .0273, ties broken by the catalog's order."""
    split = read_split(Context())
    assert [len(part) for part in (split.train, split.valid, split.test)] == [31887, 4044, 3216]
    in_order = np.argsort(np.argsort(np.arange(1522) * 1e-6 - split.train.popularity()))
    for scores, close in ((-in_order, 5e-5), (split.train.popularity(), 5e-4)):
        ranked = rank_all(
            lambda people, scores=scores: np.tile(scores, (len(people), 1)),
            split.valid.lists(), known=split.train.lists(), n_items=1522, at=0,
        )  # fmt: skip
        found = [ranked.per_person(measure, 5).mean() for measure in ("f1", "ndcg")]
        assert found == pytest.approx((0.0211, 0.0273), abs=close)


@pytest.mark.data
@pytest.mark.slow
def test_nbpo_finds_more_than_the_authors_recorded_on_validation():
    """Authors' sheet: validation F1@5 .0392 (sd .0003), NDCG@5 .0524, best epoch of each."""
    split = read_split(Context())
    fitted = method(Context(), METHODS["NBPO"], 0).fit(split.train, valid=split.valid)
    ranked = split.ranked(fitted, split.valid)
    assert ranked.per_person("f1", 5).mean() > 0.039
    assert ranked.per_person("ndcg", 5).mean() > 0.0524
    known = Lists.of(split.train.person, split.train.item, n_people=1435)
    assert np.array_equal(fitted.place(known), fitted.states_)
