from dataclasses import replace

import numpy as np
import pytest

from personae.metrics.ranking import Lists
from personae.papers.harness import Context
from personae.papers.movielens import Viewer
from personae.papers.toolrec.live import WAYS, about, live_rows
from personae.papers.toolrec.misbehaving import MISBEHAVING, misbehaving
from personae.papers.toolrec.study import (
    N,
    by_lists,
    by_scores,
    dealt_anew,
    histories_of,
    is_valid,
    read_study,
    sasrec,
    toolrec,
)
from personae.recommend import Items, Popularity, Transcript
from personae.recommend.toolrec import play

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def study():
    return read_study(Context(quick=True))


@pytest.fixture(scope="module")
def tools(study):
    context, items = Context(quick=True), study.films.items
    base = sasrec(context, 0).fit(study.train, items)
    return toolrec(context, 0, base).fit(study.train, items)


def test_nobody_is_measured_on_what_was_learned_or_chosen_on(study):
    """802 people of 82,376 ratings, 45,593 of them likes (counted from the data set's files)."""
    whole = read_study(Context())
    assert (len(whole.train) + len(whole.valid) + len(whole.test), len(whole.people)) == (45_593, 802)
    for person in study.people.tolist():
        parts = [each.lists().items_of(person).tolist() for each in (study.train, study.valid, study.test)]
        assert parts[0] + parts[1] == study.before.lists().items_of(person).tolist()
        assert len(parts[1]) == len(parts[2]) == 1
        assert not set(parts[0] + parts[1]) & set(parts[2])


@pytest.mark.parametrize("name", MISBEHAVING)
def test_lists_stay_valid_whatever_a_model_does(study, tools, name):
    people = study.people[:3]
    for person, session in zip(people.tolist(), tools.sessions(histories_of(study, people)), strict=True):
        told = play(session, misbehaving(name, session))
        assert is_valid(told, study, person)
        assert told.ending != "finished" or name == MISBEHAVING[-1]


def test_lists_are_measured_as_scores_are(study):
    """The ten most popular films as a list and as scores; the place of ties in scores is by halves."""
    model = Popularity().fit(study.before, study.films.items)
    model.counts_ = model.counts_ + np.linspace(0.5, 0, len(model.counts_), dtype=np.float32)
    told = []
    for person in study.people.tolist():
        had = [study.films.items.ids[each] for each in study.before.lists().items_of(person)]
        best = tuple(each.item for each in model.recommend("anybody", N, known=had))
        told.append(Transcript("", best, best, (), "finished", 0, 0, 0))
    assert by_lists(study, told) == pytest.approx(by_scores(study, model))
    assert all(
        is_valid(each, study, person) for person, each in zip(study.people.tolist(), told, strict=True)
    )
    assert not is_valid(replace(told[0], items=told[0].items[:9]), study, int(study.people[0]))


def test_attributes_dealt_anew_are_the_same_ones_of_other_films():
    items = Items(tuple("abcd"), ("x: 1", "x: 2"), Lists.of([0, 0, 1, 3], [0, 1, 0, 1], n_people=4))
    dealt = dealt_anew(items, 3)
    own = sorted(tuple(items.has.items_of(each)) for each in range(4))
    assert sorted(tuple(dealt.has.items_of(each)) for each in range(4)) == own
    assert any(dealt.has.items_of(each).tolist() != items.has.items_of(each).tolist() for each in range(4))


def test_a_live_model_is_told_no_more_than_was_asked(monkeypatch):
    asked = []

    def answer(messages):
        asked.append(messages[-1]["content"])
        return "Action: Retrieve[genre, 10]"

    from personae.models.strings import Scripted

    monkeypatch.setattr(Context, "chat", lambda self: Scripted(answer))
    context = Context(quick=True, model="scripted", limit=20)
    study = read_study(context)
    assert len(study.people) == 120
    rows = list(live_rows(context, study))
    told = {(row.metric, row.method): row.value for row in rows}
    assert {told["valid lists, %", way] for way in WAYS} == {100.0}
    assert told["rounds a person", WAYS[0]] == 7
    assert told["films of ten that telling more changes", "scripted"] == 0
    assert sum("years old" in each for each in asked) == len(asked) // 2
    assert about(Viewer(24, "F", "writer")) == "The person is a woman, 24 years old; occupation: writer."
