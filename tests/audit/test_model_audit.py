from types import SimpleNamespace

import numpy as np
import pytest

from personae.audit.cdsae import audit_fairness
from personae.audit.counterfactual import People, changed_alone, twin_fairness
from personae.audit.handle import ModelHandle
from personae.audit.model import audit_model, large_groups, membership_leakage
from personae.audit.shadows import share_leakage
from personae.errors import BadInput
from personae.metrics.intervals import resample_counts

pytest.importorskip("fairlearn")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def made(n=60, seed=0):
    random = np.random.default_rng(seed)
    return random.random(n), np.arange(n) % 2, list(random.choice(["a", "b"], n))


def test_intervals_draw_people_and_not_rows():
    p, y, group = made()
    once = audit_model(p, y, {"g": group}, draws=100)
    often = audit_model(
        np.repeat(p, 5),
        np.repeat(y, 5),
        {"g": np.repeat(group, 5).tolist()},
        people=[f"p{k}" for k in np.repeat(np.arange(60), 5)],
        draws=100,
    )
    assert often.n_rows == 300
    assert often.n_people == once.n_people == 60
    pairs = [(once.gaps[0].found.gap, often.gaps[0].found.gap), (once.brier, often.brier)]
    pairs += [(once.calibration_error, often.calibration_error)]
    pairs += [
        (once.groups[0].measures[name], often.groups[0].measures[name]) for name in once.groups[0].measures
    ]
    for one, other in pairs:
        assert (other.value, other.low, other.high) == pytest.approx((one.value, one.low, one.high))
        assert other.n_clusters == one.n_clusters


def test_a_group_of_many_rows_and_few_people_is_small_and_has_no_gap():
    p, y, _ = made(100)
    people = [f"p{k}" for k in range(60)] + [f"q{k % 4}" for k in range(40)]
    found = audit_model(p, y, {"g": ["a"] * 60 + ["b"] * 40}, people=people, draws=50)
    assert [(group.n_people, group.is_small) for group in found.groups] == [(60, False), (4, True)]
    assert found.gaps == ()
    assert list(large_groups(["a"] * 60 + ["b"] * 40, people)) == ["a"]


def test_a_share_says_how_many_it_is_of():
    p, group = np.full(40, 0.7), ["a"] * 40
    found = audit_model(p, [1] * 3 + [0] * 37, {"g": group}, draws=50).groups[0].measures
    counts = {name: (each.n, each.n_clusters) for name, each in found.items()}
    assert counts["found, of those with the outcome"] == (3, 3)
    assert counts["false alarms, of those without"] == (37, 37)
    assert counts["mean probability"] == (40, 40)


def test_a_person_of_several_rows_is_one_member_by_their_mean_loss():
    """Each member is missed badly once and hardly twice: by rows a third look like others, by people none does."""
    seen, unseen = np.tile([0.2, 0.95, 0.95], 8), np.full(24, 0.4)
    people = np.repeat(np.arange(8), 3)
    by_row = membership_leakage(seen, unseen, draws=100)
    by_person = membership_leakage(
        seen, unseen, seen_people=people.tolist(), unseen_people=(100 + people).tolist(), draws=100
    )
    assert by_row.advantage.value < 1
    assert by_person.advantage.value == by_person.auroc.value == 1
    assert by_person.advantage.n_clusters == 4 + 8
    with pytest.raises(BadInput, match="0 others were not"):
        membership_leakage(seen, seen, seen_people=people.tolist(), unseen_people=people.tolist())


def test_fairness_has_intervals_over_people():
    random = np.random.default_rng(0)
    n, draws = 40, 30
    x = random.random((n, 1))
    a, y, twins = random.integers(2, size=n), random.integers(2, size=n), random.random((n, 1))
    found = audit_fairness(lambda x, a: x[:, 0], x, a, y, twins, draws=draws)
    again = [
        audit_fairness(lambda x, a: x[:, 0], x[rows], a[rows], y[rows], twins[rows])
        for counts in resample_counts(n, draws=draws)
        for rows in [np.repeat(np.arange(n), counts)]
    ]
    assert set(found.intervals) == {
        "accuracy", "parity_gap", "odds_gap", "total_effect", "counterfactual_gap", "flipped"
    }  # fmt: skip
    for name, interval in found.intervals.items():
        low, high = np.quantile([getattr(each, name) for each in again], [0.025, 0.975])
        assert interval.value == pytest.approx(getattr(found, name))
        assert (interval.low, interval.high) == pytest.approx((low, high))


def test_a_model_without_names_is_shown_what_its_count_says():
    model = SimpleNamespace(classes_=[0, 1], n_features_in_=2, predict_proba=lambda x: x)
    columns = ["who", "age", "sex", "hours", "y"]
    given = {"target": "y", "person": "who", "sensitive": ["sex"]}
    assert ModelHandle.of(model, columns, **given).features == ("age", "hours")
    model.n_features_in_ = 3
    assert ModelHandle.of(model, columns, **given).features == ("age", "sex", "hours")
    model.n_features_in_ = 1
    with pytest.raises(BadInput, match="--features"):
        ModelHandle.of(model, columns, **given)
    assert ModelHandle.of(model, columns, features=["hours"], **given).features == ("hours",)
    with pytest.raises(BadInput, match="2 columns for a model of 1"):
        ModelHandle.of(model, columns, features=["hours", "age"], **given)


def test_what_is_no_fitted_classifier_of_two_answers_is_told():
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.svm import LinearSVC

    x, y = np.arange(12.0)[:, None], np.arange(12) // 4
    for model, words in (
        (LogisticRegression(), "has learned nothing yet"),
        (LinearRegression().fit(x, y), "is no classifier"),
        (LinearSVC().fit(x, y), "gives no probabilities"),
        (LogisticRegression().fit(x, y), "3 answers .0, 1, 2.: say with --positive"),
    ):
        with pytest.raises(BadInput, match=words):
            ModelHandle.of(model, ["x", "y"], target="y")
    chosen = LogisticRegression().fit(x, y)
    assert ModelHandle.of(chosen, ["x", "y"], target="y", positive="1").wanted == 1


def world(n=700, seed=0):
    """People whose hours go with sex, and whose answer goes with both."""
    random = np.random.default_rng(seed)
    sex = random.integers(2, size=n).astype(float)
    hours = np.round(30 + 10 * sex + 5 * random.standard_normal(n))
    work = random.choice(np.array(["own", "state"], dtype=object), n)
    y = (random.random(n) < sigmoid((hours - 35) / 5 + 3 * (sex - 0.5))).astype(int)
    return {"sex": sex, "hours": hours, "work": work, "noise": random.standard_normal(n)}, y


def fitted(names, columns, y):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x = np.column_stack([columns[name] for name in names])
    return ModelHandle(make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y), 1, names)


def test_copies_tell_the_share_of_a_group_that_a_model_reads_and_not_of_one_it_cannot():
    columns, y = world()
    names = ["male" if each else None if k % 50 == 0 else "female" for k, each in enumerate(columns["sex"])]
    options = {"column": "sex", "group": "male", "n_copies": 30, "random_state": 1}
    told = share_leakage(fitted(("sex", "hours"), columns, y), columns, y, names, **options)
    blind = share_leakage(fitted(("noise",), columns, y), columns, y, names, **options)
    assert told.saved.low > 0
    assert told.side.value > 0.9
    assert blind.saved.low <= 0
    assert (told.n_learned, told.n_told, told.n_rows) == (15, 15, blind.n_rows)
    again = share_leakage(fitted(("sex", "hours"), columns, y), columns, y, names, **options)
    assert again == told


def test_copies_that_cannot_be_had_are_refused_with_the_reason():
    columns, y = world(100)
    handle = fitted(("noise",), columns, y)
    names = ["male" if each else "female" for each in columns["sex"]]
    options = {"column": "sex", "group": "male"}
    with pytest.raises(BadInput, match="Too few people"):
        share_leakage(handle, columns, y, names, **options)
    with pytest.raises(BadInput, match="copies are too few"):
        share_leakage(handle, columns, y, names, n_copies=4, **options)
    columns, y = world()
    names = ["male" if each else "female" for each in columns["sex"]]
    fixed = ModelHandle(
        SimpleNamespace(classes_=[0, 1], predict_proba=handle.classifier.predict_proba), 1, ("noise",)
    )
    with pytest.raises(BadInput, match="no `fit`"):
        share_leakage(fixed, columns, y, names, **options)


def test_a_column_changed_alone_moves_what_the_model_reads_of_it():
    read = SimpleNamespace(
        classes_=[0, 1], predict_proba=lambda x: np.column_stack([1 - x[:, 0] / 4, x[:, 0] / 4])
    )
    columns = {"g": np.array([1.0, 3.0, 1.0, 1.0]), "other": np.zeros(4)}
    (found,) = changed_alone(ModelHandle(read, 1, ("g",)), columns, "g", {"1": 1.0, "3": 3.0}, draws=50)
    assert (found.group, found.against) == ("3", "1")
    assert (found.effect.value, found.flipped.value) == (0.5, 1.0)
    with pytest.raises(BadInput, match="does not take g"):
        changed_alone(ModelHandle(read, 1, ("other",)), columns, "g", {"1": 1.0, "3": 3.0})


def test_twins_move_what_goes_with_a_group_and_nothing_else():
    pytest.importorskip("torch")
    columns, y = world(800)
    handle = fitted(("hours",), columns, y)
    shuffled = {**columns, "sex": np.random.default_rng(1).permutation(columns["sex"])}
    effects = []
    for table in (columns, shuffled):
        names = ["male" if each else "female" for each in table["sex"]]
        every = People(table, y, names)
        halves = [every.take(np.arange(start, 800, 2)) for start in (0, 1)]
        values = {"male": 1.0, "female": 0.0}
        found = twin_fairness(handle, *halves, "sex", values, steps=60, draws=50)
        effects.append(found.total_effect)
        assert found.intervals["total_effect"].n_clusters == 400
    assert effects[0] > 0.25
    assert effects[1] < 0.1


def test_twins_need_two_groups():
    columns, y = world(60)
    people = People(columns, y, ["male"] * 60)
    with pytest.raises(BadInput, match="two groups"):
        twin_fairness(fitted(("hours",), columns, y), people, people, "sex", {"male": 1.0})


def test_a_number_of_many_values_makes_no_groups_of_its_own():
    columns, y = world(200)
    handle = fitted(("hours",), columns, y)
    names = [f"{each:g}" for each in columns["hours"]]
    with pytest.raises(BadInput, match="cut it into groups"):
        share_leakage(handle, columns, y, names, column="hours", group="30")
    people = People(columns, y, names)
    with pytest.raises(BadInput, match="cut it into groups"):
        twin_fairness(handle, people, people, "hours", {"30": 30.0, "31": 31.0})
    with pytest.raises(BadInput, match="cut it into groups"):
        changed_alone(handle, columns, "hours", {"30": 30.0, "31": 31.0})


def test_a_network_of_the_wrong_size_is_told_as_that_and_not_as_a_row():
    def refuse(x):
        raise BadInput("The network gives 3 outputs a row.")

    handle = ModelHandle(SimpleNamespace(classes_=[0, 1], predict_proba=refuse), 1, ("x",))
    with pytest.raises(BadInput, match="3 outputs"):
        handle.probabilities({"x": np.zeros(2)})
    named = SimpleNamespace(classes_=[0, 1], feature_names_in_=["x"], predict_proba=refuse)
    with pytest.raises(BadInput, match="leave out --features"):
        ModelHandle.of(named, ["x", "y"], target="y", features=["x"])
