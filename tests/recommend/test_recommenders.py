"""What holds for every method of the family: add a class to `METHODS` with arguments that make it small."""

import copy
from dataclasses import fields, replace

import numpy as np
import pytest

from personae.errors import BadInput, UnknownName
from personae.metrics.ranking import Lists
from personae.recommend import (
    DIN,
    NBPO,
    AttributeCosine,
    AWMoE,
    CategoryMoE,
    ItemKNN,
    Items,
    M2TRec,
    MeanPooling,
    Plan,
    Popularity,
    SASRec,
    ToolRec,
    interactions,
    liked,
)

SMALL = Plan(n_epochs=4, batch_size=32, rate=0.01)
WIDE = replace(SMALL, batch_size=64)
METHODS = [
    Popularity(),
    ItemKNN(n_neighbors=6, n_last=8),
    AttributeCosine(n_last=6),
    SASRec(size=8, length=6, n_layers=1, n_heads=1, n_others=0, plan=SMALL),
    M2TRec(size=8, length=6, n_layers=1, n_heads=1, n_others=0, plan=SMALL),
    M2TRec(size=8, length=6, n_layers=1, n_heads=1, has_id=True, head="untied", pooling="last", plan=SMALL),
    NBPO(size=6, flip_size=4, plan=replace(SMALL, n_epochs=30)),
    NBPO(size=6, loss="exact", flips="side", plan=replace(SMALL, n_epochs=30)),
    NBPO(size=6, flips="one", plan=replace(SMALL, n_epochs=30)),
    NBPO(size=6, loss="bpo", plan=replace(SMALL, n_epochs=30)),
    NBPO(size=6, loss="bpr", plan=replace(SMALL, n_epochs=30)),
    MeanPooling(size=8, hidden=(16, 8), inner=8, plan=WIDE),
    DIN(size=8, hidden=(16, 8), inner=8, plan=WIDE),
    CategoryMoE(size=8, hidden=(16, 8), inner=8, n_experts=2, plan=WIDE),
    AWMoE(size=8, hidden=(16, 8), inner=8, n_experts=2, plan=WIDE),
    ToolRec(
        base=SASRec(size=8, length=6, n_layers=1, n_heads=1, n_others=0, plan=SMALL), n_others=0, plan=SMALL
    ),
]
FILMS = tuple(f"{kind} {number}" for kind in ("calm", "loud") for number in range(7))
CATALOG = Items(
    FILMS,
    ("calm", "loud", "subtitled"),  # nothing is subtitled
    Lists.of(list(range(13)), [0] * 7 + [1] * 6, n_people=14),  # of the last film nothing is known
    tuple(f"a {film} film" for film in FILMS),
)


def crowd(n_people=24, seed=0):
    """Rows (person, film, time): half of the people watch calm films, half loud ones, five each and one of the others."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(n_people):
        own = random.permutation(7) + 7 * (number % 2)
        other = int(random.integers(7)) + 7 * (1 - number % 2)
        for time, film in enumerate(random.permutation([*own[:5], other])):
            rows.append((f"p{number}", FILMS[film], float(time)))
    return rows


def table(rows, values=None):
    people, films, times = zip(*rows, strict=True)
    return interactions(people, films, times=times, values=values, catalog=FILMS)


def name_of(method):
    given = [
        f"{each.name}={getattr(method, each.name)}"
        for each in fields(method)
        if isinstance(getattr(method, each.name), str)
    ]
    return f"{type(method).__name__}({', '.join(given)})"


every = pytest.mark.parametrize("method", METHODS, ids=name_of)
trained = pytest.mark.parametrize(
    "method", [method for method in METHODS if hasattr(method, "plan")], ids=name_of
)


@pytest.fixture(scope="module")
def fitted():
    """Each method fitted once on the crowd; tests take a copy, so that none sees what another placed."""
    made = {}

    def copy_of(method):
        key = name_of(method)
        if key not in made:
            made[key] = method.clone().fit(table(crowd()), CATALOG)
        return copy.deepcopy(made[key])

    return copy_of


@every
def test_clone_copies_the_settings_and_nothing_learned(method, fitted):
    learner = fitted(method)
    copied = learner.clone()
    assert copied == learner
    assert copied is not learner
    assert not [name for name in vars(copied) if name.endswith("_")]


@every
def test_the_same_seed_learns_the_same(method, fitted):
    again = method.clone()
    assert again.fit(table(crowd()), CATALOG) is again
    assert np.array_equal(again.states_, fitted(method).states_)
    assert np.array_equal(again.score(again.states_), fitted(method).score(fitted(method).states_))


@every
def test_scores_are_finite_and_cover_the_catalog(method, fitted):
    learner = fitted(method)
    scores = learner.score(learner.states_)
    assert scores.shape == (24, 14)
    assert np.isfinite(scores).all()
    assert learner.bytes_per_person == learner.states_[0].nbytes


@every
def test_placing_is_by_items_alone(method, fitted):
    learner = fitted(method)
    before = learner.states_.copy()
    histories = table(crowd(seed=1)).lists()
    together = learner.place(histories)
    alone = [learner.place(Lists.of([0] * 6, histories.items_of(p), n_people=1))[0] for p in range(24)]
    assert together == pytest.approx(np.stack(alone), abs=1e-4)
    assert np.array_equal(learner.place(table(crowd()).lists()), before)
    assert np.array_equal(learner.states_, before)


@every
def test_somebody_placed_by_calm_films_gets_more_of_them(method, fitted):
    if not fitted(method).bytes_per_person:
        pytest.skip("keeps nothing of a person")
    learner = method.clone()
    if hasattr(method, "plan"):
        learner = replace(learner, plan=replace(method.plan, n_epochs=60, rate=0.03))
    learner.fit(table(crowd(60)), CATALOG)
    for kind in ("calm", "loud"):
        had = [f"{kind} {number}" for number in range(4)]
        best = learner.adapt("new", had).recommend("new", 3, known=had)
        assert [each.item.split()[0] for each in best].count(kind) >= 2
        assert [each.score for each in best] == sorted((each.score for each in best), reverse=True)


@every
def test_an_unknown_item_is_named(method, fitted):
    with pytest.raises(UnknownName, match="a film nobody made"):
        fitted(method).adapt("new", ["calm 1", "a film nobody made"])
    with pytest.raises(UnknownName, match="a film nobody made"):
        fitted(method).recommend("p1", known=["a film nobody made"])


@every
def test_somebody_who_likes_nothing_is_anybody(method):
    """Their votes are all below what counts as a like, so that a filter leaves them without a row."""
    rows = crowd()
    learner = method.clone().fit(
        liked(table(rows, values=[1.0 if row[0] == "p3" else 5.0 for row in rows]), 4), CATALOG
    )
    assert len(learner.states_) == 24
    assert np.array_equal(
        learner.states_[learner.index_["p3"]], learner.place(Lists.of([], [], n_people=1))[0]
    )
    assert learner.recommend("p3") == learner.recommend("somebody never met")
    assert learner.adapt("new", []).recommend("new") == learner.recommend("p3")


@every
def test_forgetting_drops_one_row_and_leaves_the_others(method, fitted):
    learner, whole = fitted(method), fitted(method)
    assert learner.forget("p1").forget("somebody never met") is learner
    others = [name for name in whole.index_ if name != "p1"]
    assert list(learner.index_) == others
    assert np.array_equal(learner.states_, whole.states_[[whole.index_[name] for name in others]])
    assert learner.recommend("p1") == learner.recommend("somebody never met")
    for name in others:
        assert learner.recommend(name) == whole.recommend(name)


@every
def test_adapting_moves_one_row_and_leaves_the_others(method, fitted):
    learner = fitted(method)
    before = learner.states_.copy()
    learner.adapt("new", ["calm 1", "calm 2"]).adapt("p2", ["loud 1"])
    kept = [place for name, place in learner.index_.items() if name not in ("p2", "new")]
    assert len(learner.states_) == 25
    assert np.array_equal(learner.states_[kept], before[kept])


@every
def test_lists_leave_out_what_is_known_and_end_with_the_catalog(method, fitted):
    learner = fitted(method)
    had = ["calm 0", "loud 3"]
    assert not {each.item for each in learner.recommend("p1", 5, known=had)} & set(had)
    assert {each.item for each in learner.recommend("p1", 99, known=[*had, *had])} == set(FILMS) - set(had)
    assert learner.recommend("p1", known=FILMS) == []


@every
def test_repeated_interactions_count_once(method, fitted):
    rows = [row for row in crowd() for _ in range(3)]
    assert table(rows).n_repeated == 2 * len(crowd())
    assert np.array_equal(method.clone().fit(table(rows), CATALOG).states_, fitted(method).states_)
    assert np.isfinite(fitted(method).adapt("new", ["calm 1"] * 5).states_).all()


@every
def test_rows_out_of_order_are_put_in_order(method, fitted):
    turned = sorted(crowd(), key=lambda row: (int(row[0][1:]), -row[2]))
    assert turned != crowd()
    assert np.array_equal(method.clone().fit(table(turned), CATALOG).states_, fitted(method).states_)


@every
def test_another_catalog_and_no_rows_are_refused(method):
    rows = table(crowd())
    with pytest.raises(BadInput, match="another order"):
        method.clone().fit(rows, replace(CATALOG, ids=FILMS[::-1]))
    with pytest.raises(BadInput, match="at least one"):
        method.clone().fit(rows.take(np.zeros(len(rows), dtype=bool)), CATALOG)


@every
def test_what_is_given_is_left_as_it_was(method):
    rows, before = table(crowd()), table(crowd())
    method.clone().fit(rows, CATALOG, valid=rows.take(np.arange(0, len(rows), 6)))
    assert (rows.people, rows.items) == (before.people, before.items)
    for name in ("person", "item", "time", "value"):
        assert np.array_equal(getattr(rows, name), getattr(before, name))


@trained
def test_an_interrupted_run_goes_on_as_an_undisturbed_one(method, fitted, tmp_path):
    def interrupt(epoch):
        if epoch.number == 2:
            raise KeyboardInterrupt

    learner = replace(method, checkpoint=tmp_path / "run.npz")
    with pytest.raises(KeyboardInterrupt):
        learner.fit(table(crowd()), CATALOG, watch=interrupt)
    resumed = []
    learner.fit(table(crowd()), CATALOG, watch=lambda epoch: resumed.append(epoch.number))
    assert resumed[0] == 3
    assert np.array_equal(learner.states_, fitted(method).states_)
    assert [each.loss for each in learner.epochs_] == [each.loss for each in fitted(method).epochs_]
    with pytest.raises(BadInput, match="other rows"):
        replace(learner, random_state=learner.random_state + 1).fit(table(crowd()), CATALOG)
    with pytest.raises(BadInput, match="other rows"):
        learner.fit(table(crowd()).take(np.arange(len(table(crowd()))) > 0), CATALOG)


@trained
def test_the_best_epoch_on_held_out_rows_is_kept(method):
    rows = table(crowd())
    learner = method.clone().fit(rows, CATALOG, valid=rows.take(np.arange(5, len(rows), 6)))
    assert all(0 <= each.score <= 1 for each in learner.epochs_)


@every
def test_asking_before_fitting_is_one_clear_error(method):
    asked = (
        lambda new: new.recommend("ana"),
        lambda new: new.adapt("ana", []),
        lambda new: new.forget("ana"),
        lambda new: new.codes(["calm 1"]),
        lambda new: new.because("calm 1", ["calm 2"]),
        lambda new: new.like("calm 1", ["calm 2"]),
        lambda new: new.bytes_per_person,
    )
    for ask in asked:
        with pytest.raises(
            BadInput, match=f"This {type(method).__name__} has learned nothing yet; call `fit` first"
        ):
            ask(method.clone())


@every
def test_a_list_of_less_than_one_is_refused(method, fitted):
    for n in (0, -1):
        with pytest.raises(BadInput, match=f"A list of {n}"):
            fitted(method).recommend("p1", n)


def test_what_a_method_does_not_have_is_said_as_python_says_it(fitted):
    with pytest.raises(AttributeError, match="Popularity has no 'scores'"):
        fitted(METHODS[0]).scores  # noqa: B018


@pytest.mark.parametrize("learner", [SASRec, M2TRec], ids=lambda each: each.__name__)
def test_next_items_need_two_of_somebody_and_a_width_for_each_head(learner):
    with pytest.raises(BadInput, match="Nobody has two items"):
        learner().fit(interactions(["a", "b"], ["calm 1", "loud 1"], catalog=FILMS), CATALOG)
    with pytest.raises(BadInput, match="size=9"):
        learner(size=9).fit(table(crowd()), CATALOG)
    with pytest.raises(BadInput, match="n_heads=0"):
        learner(n_heads=0).fit(table(crowd()), CATALOG)


def test_the_attribute_that_stands_out_most_is_named_by_hand():
    """Four of ten items had are rare, nine common: 3 of ana's 4 are rare, by 3 ln(3 / 1.6), and all common, by 4 ln(4 / 3.6)."""
    items = Items(("1", "2", "3", "4", "5"), ("common", "rare", "once"),
                  Lists.of([0, 0, 1, 1, 2, 2, 3, 4, 4], [0, 1, 0, 1, 0, 1, 0, 1, 2], n_people=5))  # fmt: skip
    rows = interactions(
        ["ana"] * 4 + ["bo", "cy", "dag", "eli", "fay", "gil"],
        ["1", "2", "3", "4", "4", "4", "4", "4", "4", "5"],
        catalog=items.ids,
    )
    model = Popularity().fit(rows, items)
    assert model.common_ == pytest.approx([0.9, 0.4, 0.1])
    assert model.like("5", ["1", "2", "3", "4"]) == "rare"
    assert model.like("4", ["1", "2", "3", "4"]) == "common"
    assert model.like("5", ["1", "4"]) == ""
    assert model.like("5", []) == ""
    assert [each.like for each in model.recommend("ana", 2, known=["1", "2", "3", "4"])] == ["rare"]
    assert model.recommend("ana", 1, known=["1", "2", "3", "4"], liked=["4"])[0].like == ""
