"""What holds for every method of the family: add a class to `METHODS` with arguments that make it small."""

import copy
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

from personae.errors import BadInput
from personae.people.records import Preference
from personae.preference import FSPO, PAL, LinearTaste, MiCRo, PrefPalette, clone, comparisons
from personae.preference.prefpalette import column_reader

SWEETS = {
    "cake": 1.0,
    "tart": 0.8,
    "honey": 0.6,
    "bread": 0.0,
    "pickle": -0.6,
    "lemon": -0.8,
    "vinegar": -1.0,
}


def taste_vectors(items):
    """Vectors of shape (n_items, 3): how sweet a text is, how long, and a constant; an unknown text is not sweet."""
    return np.array([[SWEETS.get(text, 0.0), len(text) / 10, 1.0] for _, text in items])


_ITEMS = taste_vectors([("", text) for text in SWEETS])
READERS = [column_reader(name, _ITEMS, place) for place, name in enumerate(("sweet", "long"))]

METHODS = [
    LinearTaste(features=taste_vectors, n_directions=2, n_learned=0, n_rounds=3),
    LinearTaste(features=taste_vectors, n_directions=2, n_learned=2, n_rounds=3),
    PAL(features=taste_vectors, n_prototypes=2, n_directions=2, hidden=8, size=4, n_rounds=2),
    PAL(
        features=taste_vectors,
        n_prototypes=3,
        n_directions=0,
        with_population=False,
        loss="hinge",
        hidden=8,
        size=4,
        batch_size=32,
        rate=5e-3,
    ),
    PAL(
        features=taste_vectors, n_prototypes=2, n_directions=0, learner="angle", hidden=8, size=4, n_rounds=2
    ),
    PrefPalette(features=taste_vectors, readers=READERS, n_directions=2, attention_penalty=1.0),
    PrefPalette(features=taste_vectors, readers=READERS, n_directions=0, attention_penalty=1.0),
    MiCRo(features=taste_vectors, n_heads=2, n_directions=2, n_restarts=2, concentration=1.0),
    MiCRo(features=taste_vectors, n_heads=3, n_directions=2, n_restarts=1, concentration=2.0),
    FSPO(features=taste_vectors, n_directions=2, n_learned=0, n_steps=30, n_people=32, most_shots=12),
]


def prefer(person, a, b, choice="a", context=""):
    return Preference(person, context, a, b, choice)


def crowd(n_people=40, n_rows=12, seed=0):
    """Half of the people like what is sweet, half what is sour, nine times in ten."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(n_people):
        sign = 1 if number % 2 else -1
        for _ in range(n_rows):
            a, b = random.choice(list(SWEETS), 2, replace=False).tolist()
            likes_a = sign * (SWEETS[a] - SWEETS[b]) > 0
            made.append(prefer(f"p{number}", a, b, "a" if likes_a == (random.random() < 0.9) else "b"))
    return made


def sweet_shots(person, count=10):
    return [prefer(person, "cake", "vinegar"), prefer(person, "lemon", "tart", "b")] * (count // 2)


def name_of(method):
    given = ", ".join(
        f"{key}={value}"
        for key, value in method.get_params().items()
        if isinstance(value, int | str | float) and key != "random_state"
    )
    return f"{type(method).__name__}({given})"


every = pytest.mark.parametrize("method", METHODS, ids=name_of)


@pytest.fixture(scope="module")
def fitted():
    """Each method fitted once on the crowd; tests take a copy, so that none sees what another placed."""
    made = {}

    def copy_of(method):
        key = name_of(method)
        if key not in made:
            made[key] = clone(method).fit(crowd())
        return copy.deepcopy(made[key])

    return copy_of


def same_chances(one, other):
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(type(one))
    )


@every
def test_clone_copies_the_arguments_and_nothing_learned(method, fitted):
    learner = fitted(method)
    copied = clone(learner)
    assert copied is not learner
    assert copied.get_params() == learner.get_params()
    assert not [name for name in vars(copied) if name.endswith("_")]
    for asked in (
        lambda: copied.prob("p1", "", "cake", "lemon"),
        lambda: copied.explain("p1"),
        lambda: copied.forget("p1"),
    ):
        with pytest.raises(BadInput, match="call `fit` first"):
            asked()


@every
def test_arguments_can_be_set_by_name_only(method):
    copied = clone(method)
    assert copied.set_params(random_state=7) is copied
    assert copied.get_params()["random_state"] == 7
    with pytest.raises(BadInput, match="has no argument sweetness"):
        copied.set_params(sweetness=1)


@every
def test_the_same_seed_learns_the_same(method, fitted):
    one, other = fitted(method), clone(method)
    assert other.fit(crowd()) is other
    assert np.array_equal(one.states_, other.states_)
    assert same_chances(one.probs(crowd(seed=1)), other.probs(crowd(seed=1)))


@every
def test_fitting_again_forgets_what_was_learned_before(method, fitted):
    learner = fitted(method)
    learner.fit(crowd(seed=3, n_people=30)).fit(crowd())
    assert set(learner.index_) == {f"p{number}" for number in range(40)}
    assert np.array_equal(learner.states_, fitted(method).states_)


@every
def test_records_and_arrays_give_the_same(method, fitted):
    rows = crowd(seed=2)
    assert same_chances(fitted(method).probs(rows), fitted(method).probs(comparisons(rows)))


@every
def test_opposite_tastes_are_told_apart(method, fitted):
    learner = fitted(method)
    assert learner.prob("p1", "", "cake", "vinegar").probability > 0.7
    assert learner.prob("p0", "", "cake", "vinegar").probability < 0.3


@every
def test_someone_unknown_is_expected_to_choose_as_the_population(method, fitted):
    learner = fitted(method)
    before = learner.prob("new", "", "cake", "vinegar")
    assert not before.is_known
    assert 0.25 < before.probability < 0.75
    placed = learner.adapt("new", []).prob("new", "", "cake", "vinegar")
    assert placed.is_known
    assert (placed.probability, placed.low, placed.high) == (before.probability, before.low, before.high)


@every
def test_a_few_choices_move_a_person_and_nobody_else(method, fitted):
    learner = fitted(method)
    before = learner.prob("new", "", "honey", "lemon").probability
    others = learner.states_.copy()
    learner.adapt("new", sweet_shots("new"))
    assert learner.prob("new", "", "honey", "lemon").probability > before + 0.05
    assert np.array_equal(learner.states_[: len(others)], others)
    assert learner.prob("newer", "", "honey", "lemon").probability == before


@every
def test_one_row_is_enough_to_fit_to_adapt_and_to_ask(method, fitted):
    alone = clone(method).fit([prefer("ana", "cake", "lemon")])
    assert alone.prob("ana", "", "cake", "lemon").probability >= 0.5
    learner = fitted(method).adapt("new", [prefer("new", "cake", "lemon")])
    assert learner.prob("new", "", "cake", "lemon").probability > 0.5
    with pytest.raises(BadInput, match="at least one"):
        clone(method).fit([])


@every
def test_contradictory_rows_leave_a_person_undecided(method, fitted):
    learner = fitted(method)
    rows = [prefer("new", "cake", "vinegar", choice) for choice in "abababab"]
    chance = learner.adapt("new", rows).prob("new", "", "cake", "vinegar").probability
    assert chance == pytest.approx(0.5, abs=0.12)


@every
def test_ties_pull_towards_one_half(method, fitted):
    learner = fitted(method)
    before = learner.prob("p1", "", "cake", "vinegar").probability
    learner.adapt("p1", [prefer("p1", "cake", "vinegar", "tie")] * 20)
    assert abs(learner.prob("p1", "", "cake", "vinegar").probability - 0.5) < min(0.12, before - 0.5)
    assert np.isfinite(clone(method).fit([prefer(p, "cake", "lemon", "tie") for p in "ab"]).states_).all()


@every
def test_an_item_never_seen_has_a_chance(method, fitted):
    chance = fitted(method).prob("p1", "a context never seen", "an item never seen", "another one")
    assert 0 < chance.low <= chance.probability <= chance.high < 1


@every
def test_an_item_against_itself_is_even(method, fitted):
    assert fitted(method).prob("p1", "", "cake", "cake").probability == pytest.approx(0.5)


@every
def test_the_two_orders_of_a_pair_add_up_to_one(method, fitted):
    rows = crowd(seed=1)
    turned = [prefer(row.person, row.b, row.a) for row in rows]
    there, back = fitted(method).probs(rows), fitted(method).probs(turned)
    assert there.probability + back.probability == pytest.approx(1.0, abs=1e-6)
    assert there.low + back.high == pytest.approx(1.0, abs=1e-6)
    assert ((there.low <= there.probability) & (there.probability <= there.high)).all()


@every
def test_duplicate_rows_count_as_evidence_and_break_nothing(method, fitted):
    once = fitted(method).adapt("new", sweet_shots("new", 2)).prob("new", "", "honey", "lemon").probability
    often = fitted(method).adapt("new", sweet_shots("new", 60)).prob("new", "", "honey", "lemon").probability
    assert 0.5 < once < often < 1
    assert np.isfinite(clone(method).fit(crowd(n_people=6) * 5).states_).all()


@every
def test_scikit_learn_sees_whether_a_method_is_fitted(method, fitted):
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(fitted(method))
    with pytest.raises(NotFittedError):
        check_is_fitted(clone(method))


def test_a_net_without_a_seed_is_made_by_lot():
    learner = clone(METHODS[-1]).set_params(random_state=None, n_steps=2)
    first, second = (clone(learner).fit(crowd()).probs(crowd()).probability for _ in range(2))
    assert np.abs(first - second).max() > 0


@every
def test_vectors_that_are_no_numbers_are_refused_by_place(method, fitted):
    def holes(items):
        vectors = taste_vectors(items)
        vectors[2] = np.nan
        return vectors

    with pytest.raises(BadInput, match="first is item 2") as caught:
        clone(method).set_params(features=holes).fit(crowd())
    assert not any(sweet in str(caught.value) for sweet in SWEETS)
    learner = fitted(method).set_params(features=holes)
    with pytest.raises(BadInput, match="not finite"):
        learner.probs(crowd(seed=1))
    with pytest.raises(BadInput, match="not finite"):
        learner.adapt("new", crowd(n_people=1)[:0] + sweet_shots("new") + [prefer("new", "honey", "bread")])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda items: np.ones(len(items)), r"shape \(7,\)"),
        (lambda items: np.ones((1, 3)), r"shape \(1, 3\)"),
        (lambda items: [[text] for _, text in items], "no array of numbers"),
        (lambda items: np.ones((len(items), 0)), r"shape \(7, 0\)"),
        (lambda items: 1e200 * taste_vectors(items), "beyond 1e\\+30"),
    ],
)
def test_features_that_are_not_one_row_an_item_are_refused(wrong, message):
    with pytest.raises(BadInput, match=message):
        LinearTaste(features=wrong).fit(crowd())


def test_rows_and_shots_may_come_from_a_generator():
    taste = LinearTaste(features=taste_vectors, n_directions=2, n_learned=0, n_rounds=1)
    taste.fit(row for row in crowd()).adapt("new", (row for row in sweet_shots("new")))
    assert taste.prob("new", "", "cake", "vinegar").probability > 0.6


@every
def test_states_are_finite_and_one_row_a_person(method, fitted):
    learner = fitted(method)
    assert learner.states_.shape == (40, learner.unknown_.size)
    assert np.isfinite(learner.states_).all()
    assert np.isfinite(learner.unknown_).all()
    assert learner.bytes_per_person == learner.unknown_.nbytes


@every
def test_what_is_given_is_left_as_it_was(method, fitted):
    rows, table = crowd(), comparisons(crowd())
    before, columns = copy.deepcopy(rows), copy.deepcopy(table)
    learner = fitted(method)
    learner.adapt_all(table)
    learner.probs(table)
    learner.fit(rows)
    assert rows == before
    assert (table.people, table.items) == (columns.people, columns.items)
    for name in ("person", "a", "b", "chosen", "weight"):
        assert np.array_equal(getattr(table, name), getattr(columns, name))


@every
def test_many_are_placed_as_each_alone(method, fitted):
    shots = sweet_shots("new") + [prefer("newer", "pickle", "tart")] * 3
    together, apart = fitted(method).adapt_all(shots), fitted(method)
    apart.adapt("new", shots[:10]).adapt("newer", shots[10:])
    assert set(together.index_) == set(apart.index_)
    for person in ("new", "newer"):
        one, other = (each.states_[each.index_[person]] for each in (together, apart))
        assert one == pytest.approx(other, abs=1e-5)


@every
def test_shots_of_somebody_else_are_refused(method, fitted):
    with pytest.raises(BadInput, match="somebody else"):
        fitted(method).adapt("new", sweet_shots("newer"))


@every
def test_a_person_is_explained_by_finite_weights_and_nobody_unknown(method, fitted):
    learner = fitted(method)
    reasons = learner.explain("p1")
    assert reasons
    assert all(np.isfinite(reason.weight) and reason.name for reason in reasons)
    assert np.argmax([abs(reason.weight) for reason in reasons]) == 0
    assert learner.explain("new") == []


@every
def test_forgetting_drops_a_person_and_only_that_one(method, fitted):
    learner, whole = fitted(method), fitted(method)
    assert learner.forget("p1") is learner
    assert "p1" not in learner.index_
    assert len(learner.states_) == 39
    assert learner.explain("p1") == []
    rows = [row for row in crowd(seed=1) if row.person != "p1"]
    assert same_chances(learner.probs(rows), whole.probs(rows))
    gone, unknown = learner.prob("p1", "", "cake", "lemon"), learner.prob("new", "", "cake", "lemon")
    assert gone == unknown
    learner.forget("p1").forget("never met")
    assert len(learner.states_) == 39


@every
def test_people_placed_one_after_the_other_do_not_disturb_each_other(method, fitted):
    """Also after a copy was taken, which must not share memory with what is placed later."""
    learner = fitted(method)
    before = learner.states_.copy()
    for number in range(5):
        learner.adapt(f"new{number}", sweet_shots(f"new{number}", 2 * number))
    copied = copy.deepcopy(learner)
    copied.adapt("other", sweet_shots("other"))
    learner.adapt("another", [prefer("another", "vinegar", "cake")] * 5)
    assert np.array_equal(learner.states_[:40], before)
    assert np.array_equal(learner.states_[40], learner.unknown_)
    assert "another" not in copied.index_
    assert (
        copied.prob("other", "", "cake", "vinegar").probability
        > learner.prob("another", "", "cake", "vinegar").probability
    )


@pytest.mark.parametrize(
    ("method", "package", "extra"),
    [("LinearTaste", "scipy", "learn"), ("MiCRo", "scipy", "learn"), ("PAL", "sklearn", "learn"),
     ("PAL", "torch", "torch,learn"), ("FSPO", "torch", "torch,learn")],
)  # fmt: skip
def test_without_a_package_a_method_names_the_extra(method, package, extra):
    code = (
        "import sys\n"
        "class Gone:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] == {package!r}: raise ImportError(name)\n"
        "sys.meta_path.insert(0, Gone())\n"
        "import numpy as np\n"
        "import personae.preference as room\n"
        "from personae.people.records import Preference\n"
        "rows = [Preference(str(i), '', 'x', 'yy', 'ab'[i % 2]) for i in range(6)] * 9\n"
        f"room.{method}(features=lambda items: np.array([[len(text), 1.0] for _, text in items])).fit(rows)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "MissingExtra" in done.stderr
    assert f"personae[{extra}]" in done.stderr
