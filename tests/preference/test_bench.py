from dataclasses import replace

import numpy as np
import pytest

from personae.errors import BadInput
from personae.people.records import Preference
from personae.preference import LinearTaste, bench, comparisons, split_rows
from personae.preference._core import Chances
from personae.preference.asking import information, next_question, questions
from personae.preference.bench import counts_had, made_worse, right_by_population

WORDS = [f"{'long ' * (number % 2)}word {number}" for number in range(30)]
LIKED = dict(zip(WORDS, np.random.default_rng(3).normal(size=30), strict=True))


def features(items):
    return np.array([[LIKED[text], 1.0] for _, text in items])


def crowd(n_people=60, n_rows=24, seed=0):
    random = np.random.default_rng(seed)
    made = []
    for number in range(n_people):
        sign = 1 if number % 2 else -1
        first, second = np.triu_indices(len(WORDS), 1)
        for row, pair in enumerate(random.permutation(len(first))[:n_rows]):
            a, b = WORDS[first[pair]], WORDS[second[pair]]
            choice = "tie" if row == 0 else "a" if sign * (LIKED[a] - LIKED[b]) > 0 else "b"
            made.append(Preference(f"p{number}", "", a, b, choice))
    return made


def keys(table):
    return set(
        zip(table.person.tolist(), table.a.tolist(), table.b.tolist(), table.chosen.tolist(), strict=True)
    )


def test_a_split_keeps_people_apart_and_measures_nothing_it_shows():
    split = split_rows(crowd(), n_shots=6, n_test=5)
    assert not set(split.train.person) & set(split.shots.person)
    assert set(split.seen.person) <= set(split.train.person)
    assert set(split.unseen.person) == set(split.shots.person)
    assert len(set(split.shots.person)) == 12
    assert not keys(split.train) & keys(split.seen)
    assert not keys(split.shots) & keys(split.unseen)
    assert (split.shot.max(), len(split.shots)) == (5, 72)
    for table in (split.seen, split.unseen):
        assert (table.chosen != 0.5).all()
    assert len(split.train) == 48 * 12


def test_rows_that_say_the_same_again_are_one_row():
    rows = crowd(n_rows=9)
    turned = [Preference(r.person, "", r.b, r.a, {"a": "b", "b": "a"}.get(r.choice, "tie")) for r in rows]
    plain, again = split_rows(rows), split_rows([*rows, *turned, *rows])
    for name in ("train", "seen", "shots", "unseen"):
        assert keys(getattr(plain, name)) == keys(getattr(again, name))
    assert set(again.train.weight) == {3.0}


def test_people_with_few_rows_are_measured_before_they_are_shown():
    split = split_rows(crowd(n_rows=5), n_shots=30, n_test=30)
    assert np.bincount(split.shots.person).max() == 2
    assert len(split.unseen) + len(split.shots) >= 12 * 5 - 12


def test_too_few_people_are_refused():
    with pytest.raises(BadInput, match="at least two"):
        split_rows(crowd(n_people=4), unseen=0.2)


class Told(LinearTaste):
    """Knows nothing of someone unknown, and everything once a choice was shown."""

    def _learn(self, table, vectors):
        self.fits_ = 1

    def _place(self, table, vectors, n_people):
        lead = vectors[table.a, 0] - vectors[table.b, 0]
        side = np.bincount(table.person, np.sign(lead * (2 * table.chosen - 1)), n_people)
        return np.sign(side)[:, None]

    def _chances(self, states, table, vectors):
        chance = 0.5 + 0.4 * states[table.person, 0] * np.sign(vectors[table.a, 0] - vectors[table.b, 0])
        return Chances(chance, chance, chance)


@pytest.fixture(scope="module")
def measured():
    rows = [row for row in crowd() if row.choice != "tie"]
    split = split_rows(rows, n_shots=5, n_test=10)
    given = Told(features=features)
    found = list(bench({"told": given}, split, shots=(0, 1, 5), draws=50))
    assert not hasattr(given, "fits_")
    return {(each.metric, each.shots): each.value for each in found}


def test_the_bench_counts_right_answers_and_half_where_a_method_cannot_tell(measured):
    assert measured["accuracy", 0].value == 0.5
    assert measured["accuracy", 1].value == measured["accuracy", 5].value == 1.0
    assert measured["log loss", 5].value == pytest.approx(-np.log(0.9))
    assert measured["seen people: accuracy", None].value == 1.0
    assert measured["accuracy", 5].n_clusters == 12


def test_the_bench_tells_who_was_made_worse_and_what_anothers_choices_do(measured):
    assert measured["people made worse", 5].value == 0.0
    assert measured["calibration error", 5].value == pytest.approx(0.1)
    assert 0.2 < measured["accuracy, another person's shots", 5].value < 0.8
    assert measured["bytes per person", None].value == 8
    assert measured["milliseconds to adapt", 5].value > 0
    assert ("accuracy, lengths alike", 5) in measured


def test_information_is_of_what_is_not_known_of_the_taste():
    open_, even, sure = information(
        Chances(np.array([0.5, 0.5, 0.99]), np.array([0.05, 0.499, 0.98]), np.array([0.95, 0.501, 0.995]))
    )
    assert open_ > 0.2 > sure
    assert even == pytest.approx(0.0, abs=1e-3)
    both = information(Chances(np.array([0.2, 0.8]), np.array([0.1, 0.7]), np.array([0.3, 0.9])))
    assert both[0] == pytest.approx(both[1])


def test_questions_are_pairs_others_were_asked_each_once():
    table = comparisons(
        [Preference(p, "", "x", "y", "a") for p in ("ana", "bo")] + [Preference("bo", "", "y", "x", "b")]
    )
    found = questions(table, "cy")
    assert (len(found), found.people) == (1, ("cy",))
    assert len(questions(comparisons(crowd()), "cy", most=7)) == 7
    same = replace(table, b=table.a)
    with pytest.raises(BadInput, match="No pair"):
        questions(same, "cy")


def test_the_next_question_tells_more_than_one_by_lot():
    """Twelve questions chosen by what they tell leave less open than twelve by lot, over people and orders."""
    rows = [row for row in crowd(n_people=60) if row.choice != "tie"]
    taste = LinearTaste(features=features, n_directions=1, n_learned=0, n_rounds=4).fit(rows)
    pool = questions(comparisons(rows), "new")
    random = np.random.default_rng(0)
    left = {}
    for way in ("told", "lot"):
        shots = []
        for _ in range(4):
            taste.adapt("new", shots)
            place = next_question(taste, pool) if way == "told" else int(random.integers(len(pool)))
            row = pool.take(np.array([place])).preferences()[0]
            shots.append(replace(row, choice="a" if LIKED[row.a] > LIKED[row.b] else "b"))
        chances = taste.adapt("new", shots).probs(pool)
        left[way] = float((chances.high - chances.low).mean())
    assert left["told"] < left["lot"]


def test_people_made_worse_are_counted_against_the_populations_reward():
    """Everyone but one likes sour; a method that is wrong of all from its own start makes all of those worse."""

    class Wrong(Told):
        def _chances(self, states, table, vectors):
            chance = 0.5 - 0.4 * np.sign(vectors[table.b, 0] - vectors[table.a, 0])
            return Chances(chance, chance, chance)

    rows = [
        replace(row, choice="b" if LIKED[row.a] > LIKED[row.b] else "a") for row in crowd(n_people=40) if row.choice != "tie"
    ]  # fmt: skip
    split = split_rows(rows, n_shots=5, n_test=10)
    found = {
        each.metric: each.value
        for each in bench({"wrong": Wrong(features=features)}, split, shots=(0, 5), draws=20)
    }
    assert found["people made worse"].value == 1.0
    assert right_by_population(split, features).mean() > 0.9


def test_made_worse_is_of_people_and_not_of_rows():
    table = comparisons([Preference(p, "", "x", "y", "a") for p in ("ana", "ana", "bo", "bo")])
    before, after = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.5, 0.0])
    assert made_worse(after, before, table).tolist() == [False, True]


def test_counts_of_shots_that_nobody_has_are_left_out():
    split = split_rows(crowd(n_rows=8), n_shots=30, n_test=5)
    assert counts_had(split, (0, 30, 2, 4, 5)) == [0, 2, 4]
    found = list(bench({"told": Told(features=features)}, split, shots=(0, 2, 30), draws=20))
    assert {each.shots for each in found if each.metric == "accuracy"} == {0, 2}
    assert [each.shots for each in found if each.metric == "people made worse"] == [2]
    with pytest.raises(BadInput, match="the most is 4"):
        list(bench({"told": Told(features=features)}, split, shots=(30,)))


def test_rows_of_which_none_can_be_measured_are_refused_with_the_reason():
    with pytest.raises(BadInput, match="nobody has two"):
        split_rows([replace(row, choice="a") for row in crowd(n_people=20, n_rows=1)])
    with pytest.raises(BadInput, match="Every row is a tie"):
        split_rows([replace(row, choice="tie") for row in crowd(n_people=20)])
    few = [replace(row, choice="a") for row in crowd(n_people=20, n_rows=2)]
    split = split_rows(few, unseen=0.3)
    met = {split.unseen.people[code] for code in split.unseen.person}
    with pytest.raises(BadInput, match="all of theirs are ties"):
        split_rows([replace(row, choice="tie") if row.person in met else row for row in few], unseen=0.3)
    with pytest.raises(BadInput, match="people with one row"):
        split_rows([row if row.person in met else replace(row, choice="tie") for row in few], unseen=0.3)
