import numpy as np
import pytest

from personae.ask import PeTEL, ask, engineer, fill, petel_of, script_of, table_of
from personae.ask.engineer import predict, task_of
from personae.ask.leaks import one_feature_skill
from personae.ask.saving import saved_model
from personae.ask.understand import RuleReader, problem_of
from personae.errors import BadInput, UnknownName


@pytest.fixture
def reader(table, encoder):
    return RuleReader(table.look(), encoder)


@pytest.mark.parametrize(
    ("goal", "problem", "target"),
    [
        ("predict who renews", "classification", "renews"),
        ("which city does a member live in", "classification", "city"),
        ("estimate the hours", "regression", "hours"),
        ("find groups of members", "clustering", ""),
        ("show the odd rows", "anomaly detection", ""),
        ("project them onto a plane", "dimensionality reduction", ""),
    ],
)
def test_goals_are_read(reader, goal, problem, target):
    found = reader.read(goal)
    assert (found.problem_type, found.target) == (problem, target)


def test_a_limit_on_a_number_makes_a_condition(reader):
    found = reader.read("predict who has over 40 hours")
    assert (found.target, found.expression, found.problem_type) == ("hours", '"hours" > 40', "classification")


def test_metric_and_what_is_left_out_are_heard(reader):
    found = reader.read("predict who renews without age, judged by F1")
    assert (found.target, found.metric, found.left_out) == ("renews", "f1", ("age",))


def filled(table, **slots):
    return fill(
        PeTEL(problem_type="classification", target_variable="renews", positive="yes", **slots), table
    )


def test_a_leak_is_warned_of_and_left_out(table):
    found = filled(table)
    assert [leak.column for leak in found.leaks] == ["renewal_code"]
    assert found.petel.features == ("age", "city", "sex", "hours")
    assert any("Leak: renewal_code" in each for each in found.warnings)
    assert any("age (age)" in each and "fairness" in each and "recourse" in each for each in found.warnings)


def test_a_leak_that_the_user_keeps_is_still_warned_of(table):
    found = fill(
        PeTEL(problem_type="classification", target_variable="renews"), table, keep=("renewal_code",)
    )
    assert "renewal_code" in found.petel.features
    assert any("you keep it" in each for each in found.warnings)


def test_an_earlier_wave_is_told_by_its_name():
    random = np.random.default_rng(1)
    first = random.normal(size=300)
    table = table_of(
        {"score1": first, "score2": first + random.normal(size=300), "other": random.normal(size=300)}
    )
    found = fill(PeTEL(problem_type="regression", target_variable="score2"), table)
    assert [(leak.column, leak.reason) for leak in found.leaks] == [("score1", "series")]


def test_siblings_of_one_question_are_told():
    pick = np.random.default_rng(2).integers(3, size=300)
    table = table_of(
        {f"home_{name}": (pick == i).astype(int) for i, name in enumerate(("rent", "own", "free"))}
    )
    found = fill(PeTEL(problem_type="classification", target_variable="home_own"), table)
    assert {leak.column for leak in found.leaks} == {"home_rent", "home_free"}


def test_noise_has_no_skill_and_a_copy_has_all():
    random = np.random.default_rng(0)
    values = random.integers(2, size=400).astype(float)
    assert one_feature_skill(random.normal(size=400), values, is_class=True) < 0.2
    assert one_feature_skill(values * 7, values, is_class=True) == 1.0


def test_accuracy_on_rare_classes_is_warned_of():
    random = np.random.default_rng(0)
    table = table_of({"x": random.normal(size=300), "hit": np.where(np.arange(300) % 10, "no", "yes")})
    petel = PeTEL(problem_type="classification", target_variable="hit", performance_metrics=("accuracy",))
    assert any("Accuracy misleads" in each for each in fill(petel, table).warnings)
    assert fill(petel.changed(performance_metrics=()), table).petel.performance_metrics[0] == "roc_auc"


def test_people_stay_whole_in_the_split():
    random = np.random.default_rng(0)
    people = np.repeat([f"u{i}" for i in range(60)], 5)
    table = table_of({"person": people, "x": random.normal(size=300), "y": random.normal(size=300)})
    petel = fill(PeTEL(problem_type="regression", target_variable="y"), table).petel
    task = task_of(petel, table)
    assert petel.data_split.kind == "person"
    assert "person" not in petel.features
    assert not set(task.people[task.is_held_out]) & set(task.people[~task.is_held_out])


def test_a_column_that_may_say_whose_row_it_is_is_suggested_for_the_split():
    random = np.random.default_rng(0)
    codes = np.repeat([f"P{i:03}" for i in range(60)], 5)
    table = table_of({"code": codes, "x": random.normal(size=300), "y": random.normal(size=300)})
    petel = PeTEL(problem_type="regression", target_variable="y")
    told = fill(petel, table)
    assert told.petel.data_split.kind == "random"
    assert any("'code' repeats as people do: 60 values in 300 rows" in each for each in told.warnings)
    split = fill(petel.changed(data_split={"kind": "person", "column": "code"}), table)
    assert not any("repeats as people" in each for each in split.warnings)


def test_nothing_is_trained_on_an_invented_column(table):
    petel = filled(table).petel
    with pytest.raises(UnknownName, match="no column 'wealth'"):
        engineer(petel.changed(features=("age", "wealth")), table)
    with pytest.raises(BadInput, match="missing"):
        engineer(PeTEL(problem_type="classification", target_variable="renews"), table)
    with pytest.raises(BadInput, match="does not judge"):
        engineer(petel.changed(performance_metrics=("r2",)), table)
    with pytest.raises(BadInput, match="slot problem_type"):
        petel.changed(problem_type="reinforcement learning")


def test_a_training_beats_the_constant_and_says_what_leaks_would_have_said(table):
    found = engineer(filled(table, model_preferences=("linear",)).petel, table)
    assert found.held_out[0].value > found.floor.value + 0.15
    assert found.n_held_out == 48
    assert found.n_train == 192
    assert found.with_left_out.value > 0.99 > found.compared[1].value
    assert found.worth[0].column == "age"


def test_the_same_task_gives_the_same_score_and_another_seed_another_split(table):
    petel = filled(table, model_preferences=("linear",)).petel
    tasks = (petel, petel, petel.changed(random_state=5))
    scores = [engineer(each, table).compared[1].value for each in tasks]
    assert scores[0] == scores[1] != scores[2]


@pytest.mark.parametrize("problem", ["clustering", "anomaly detection", "dimensionality reduction"])
def test_tasks_without_a_target_are_judged_on_other_rows(problem):
    random = np.random.default_rng(0)
    place = np.repeat([[0, 0], [9, 0], [0, 9]], 60, axis=0) + random.normal(scale=0.5, size=(180, 2))
    table = table_of({"x": place[:, 0], "y": place[:, 1]})
    found = engineer(fill(PeTEL(problem_type=problem), table).petel, table)
    assert found.held_out[0].value > (0.3 if problem == "anomaly detection" else 0.7)
    if problem == "clustering":
        assert len(np.unique(found.predicted)) == 3


def test_a_time_series_is_told_from_its_past():
    days = np.arange("2024-01-01", "2024-10-01", dtype="datetime64[D]")
    wave = np.sin(np.arange(len(days)) / 5)
    table = table_of({"day": days.astype(str), "sales": wave})
    table = table.with_column("day", days.astype("datetime64[us]"))
    found = engineer(fill(PeTEL(problem_type="time series", target_variable="sales"), table).petel, table)
    assert found.petel.data_split.kind == "time"
    assert found.held_out[0].value > 0.95


def test_the_script_holds_the_task_and_no_row(tmp_path, table):
    petel = filled(table, model_preferences=("linear",)).petel
    with pytest.raises(BadInput, match="save it"):
        script_of(petel, table)


def test_the_room_can_be_called(table, encoder):
    found = ask(table, "predict who renews", encoder=encoder, cv_methods=("linear",))
    assert found.petel == fill(
        petel_of(RuleReader(table.look(), encoder).read("predict who renews"), "predict who renews").changed(
            model_preferences=("linear",)
        ),
        table,
    ).petel  # fmt: skip
    assert "fairness" in str(found.summary)


def test_a_saved_model_tells_rows_as_the_pipeline_does(table, encoder):
    asked = ask(table, "", target="renews", encoder=encoder, cv_methods=("linear",))
    saved = saved_model(asked)
    task = task_of(asked.petel, table)
    guessed, shares = predict(asked.outcome.pipeline, task, np.arange(table.n_rows))
    assert saved.predict(table.columns).tolist() == [task.classes[int(code)] for code in guessed]
    assert saved.predict_proba(table.columns) == pytest.approx(shares)
    strange = {**table.columns, "city": np.array(["Atlantis"] * table.n_rows, dtype=object)}
    assert saved.predict_proba(strange).shape == shares.shape
    groups = ask(table, "find groups of people", encoder=encoder)
    with pytest.raises(BadInput, match="leaves no model"):
        saved_model(groups)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (np.full(80, None), "no value at all"),
        (np.full(80, "yes", dtype=object), "one value only"),
        (np.arange("2020-01-01", "2020-03-21", dtype="datetime64[D]"), "holds times"),
        (np.array([f"word {n} of many" for n in range(80)], dtype=object), "80 different values, too many"),
    ],
)
def test_a_target_that_nothing_can_be_learned_of_is_named(column, said):
    rows = table_of({"age": [20 + n % 40 for n in range(80)]}).with_column("late", column)
    with pytest.raises(BadInput, match=said):
        fill(PeTEL(problem_type="classification", target_variable="late"), rows)


@pytest.mark.parametrize(
    ("values", "phrase", "problem"),
    [
        ([1, 2, 3, 4, 5], "predict it", "classification"),
        ([1, 2, 3, 4, 5], "predict it as a number", "regression"),
        ([20, 25, 30, 35, 40, 45], "predict it", "regression"),
        ([20, 25, 30, 35, 40, 45], "classify it", "classification"),
        (["a", "b", "c"], "estimate it", "classification"),
    ],
)
def test_few_numbers_are_classes_where_they_lie_like_codes(values, phrase, problem):
    column = table_of({"it": values * 10}).look()["it"]
    assert problem_of(column, phrase) == problem


def test_what_cannot_be_told_apart_is_refused_in_a_line(encoder, people_columns):
    columns = people_columns()
    columns["rare"] = np.array(["yes"] * 2 + ["no"] * 238)
    columns["twin"] = columns["renews"]
    with pytest.raises(BadInput, match="10 rows or more"):
        ask(table_of(columns), "predict rare", encoder=encoder)
    alone = table_of({"renews": columns["renews"], "twin": columns["twin"]})
    with pytest.raises(BadInput, match="No column is left"):
        ask(alone, "predict renews", encoder=encoder)
    random = np.random.default_rng(0)
    owned = {
        "person": [f"p{row}" for row in range(238)] + ["q"] * 12,
        "x": random.normal(size=250),
        "y": ["a"] * 238 + ["b"] * 12,
    }
    with pytest.raises(BadInput, match="on one of its sides"):
        ask(table_of(owned), "predict y", encoder=encoder)


def test_ranking_is_judged_over_the_classes_that_are_there(encoder):
    from personae.ask.engineer import Task, measure

    task = Task(
        "classification",
        np.zeros((4, 1)),
        np.array([False]),
        np.zeros(4),
        ("a", "b", "c"),
        2,
        None,
        np.zeros(4, bool),
    )
    shares = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.2, 0.7, 0.1]])
    truth = np.array([0.0, 0.0, 1.0, 1.0])
    assert measure("roc_auc", task, truth, truth, shares) == 1.0
    assert np.isnan(measure("roc_auc", task, np.zeros(4), truth, shares))
