import json
import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from personae.audit.responsiveness.classifier import feature_names, load_model, target_label
from personae.audit.responsiveness.reading import read_plan
from personae.cli import app
from personae.errors import BadInput, UnknownName

joblib = pytest.importorskip("joblib")
linear_model = pytest.importorskip("sklearn.linear_model")
RULES = """
features:
  savings: {kind: int, low: 0, high: 4, direction: up}
  job: {values: [none, part time, full time], direction: up}
constraints:
  - if_then: {if: "job >= 2", then: "savings >= 1"}
"""


class Lender:
    """Says good where savings are 3 and more, or with a full-time job; to nobody over 60."""

    feature_names_in_ = np.array(["savings", "age", "job"])
    classes_ = np.array(["bad", "good"])

    def predict(self, frame):
        good = ((frame["savings"] >= 3) | (frame["job"] == "full time")) & (frame["age"] < 60)
        return np.where(good, "good", "bad")


class Runs:
    def __reduce__(self):
        return os.mkdir, ("ran",)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    joblib.dump(Lender(), "model.joblib")
    rows = ["ada,0,30,none", "bo,0,70,none", "cy,4,30,gardener", "di,,30,none"]
    (tmp_path / "people.csv").write_text("person,savings,age,job\n" + "\n".join(rows) + "\n")
    (tmp_path / "actions.yaml").write_text(RULES)
    return tmp_path


def ask(*arguments):
    return CliRunner().invoke(
        app,
        [
            "audit",
            "recourse",
            "model.joblib",
            "--data",
            "people.csv",
            "--actions",
            "actions.yaml",
            *arguments,
        ],
    )


def said(person, *more):
    done = ask("--person", person, "--json", "-q", *more)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.usefixtures("place")
def test_a_person_is_told_what_would_help_and_what_moves_along():
    pytest.importorskip("pandas")
    found = said("ada")
    assert (found["prediction"], found["wanted"], found["state"]) == ("bad", "good", "single")
    by_name = {each["feature"]: each for each in found["features"]}
    assert (by_name["savings"]["points"], by_name["savings"]["share"]) == (4, 0.5)
    assert by_name["job"]["hits"] == 1
    working = next(way for way in by_name["job"]["ways"] if way["works"])
    assert {(c["feature"], c["to"]) for c in working["changes"]} == {("job", "full time"), ("savings", "1")}
    assert found["cannot"] == [{"feature": "age", "value": "30"}]


@pytest.mark.usefixtures("place")
def test_what_moves_along_is_not_told_as_what_cannot_change():
    pytest.importorskip("pandas")
    Path("actions.yaml").write_text(
        RULES + "  - linked: {source: savings, targets: {age: 1}}\n", encoding="utf-8"
    )
    assert said("ada")["cannot"] == []


def test_a_fixed_prediction_is_said_on_the_page_and_in_the_terminal(place):
    pytest.importorskip("pandas")
    done = ask("--person", "bo", "--out", "bo.html")
    assert "This prediction is fixed" in done.stderr
    assert "loading a model runs the code in it" in done.stderr
    assert "This prediction is fixed" in (place / "bo.html").read_text(encoding="utf-8")
    assert said("bo")["fixed"] is True


@pytest.mark.usefixtures("place")
def test_a_category_unseen_in_training_and_a_missing_value_are_defined():
    pytest.importorskip("pandas")
    unseen = said("cy")
    assert unseen["state"] == "given"
    assert unseen["outside"] == ["job"]
    missing = said("di")
    assert missing["outside"] == ["savings"]
    assert {each["feature"]: each["points"] for each in missing["features"]} == {"savings": 0, "job": 1}


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("--person", "zed"), "nobody named 'zed'"),
        (("--person", "ada", "--id", "name"), "no column 'name'"),
        (("--person", "ada", "--target", "great"), "never predicts 'great'"),
    ],
)
def test_wrong_use_is_one_clear_error(arguments, match):
    done = ask(*arguments)
    assert done.exit_code != 0
    assert match in str(done.exception)


@pytest.mark.parametrize(
    ("rules", "match"),
    [
        ("features: [a", "no YAML"),
        ("feature: {}", "expected `features:`"),
        ("features: {savings: {hihg: 4}}", "no option 'hihg'"),
        ("features: {savngs: {}}", "Nearest: savings"),
        ("features: {savings: {}}\nconstraints: [{one_hot: {features: [savings]}}]", "kind bool"),
        ("features: {savings: {}}\nconstraints: [{onehot: {}}]", "no constraint 'onehot'"),
        ("features: {savings: {}}\nconstraints: [{one_hot: {names: [a]}}]", "options of one_hot"),
        ("features: {savings: {low: 5, high: 1}}", "low <= high"),
        ("features: {savings: {high: 1e9}}", "high: 1e9, which is no number"),
        ("features: {savings: {low: .nan, high: 3}}", "low <= high"),
        ("features: {savings: {step: .nan, kind: int}}", "low <= high"),
    ],
)
def test_a_wrong_action_set_names_the_file_and_the_entry(tmp_path, rules, match):
    path = tmp_path / "actions.yaml"
    path.write_text(rules)
    with pytest.raises((BadInput, UnknownName), match=match) as told:
        read_plan(path, {"savings": np.array([0.0, 5.0])}, ("savings",))
    assert "actions.yaml" in str(told.value)


def test_an_action_set_without_features_fixes_everybody(tmp_path):
    path = tmp_path / "actions.yaml"
    path.write_text("features: {}")
    plan = read_plan(path, {"savings": np.array([0.0, 5.0])}, ("savings",))
    assert plan.actions.blocks == ()


def test_a_text_where_a_number_is_needed_names_the_row(tmp_path):
    path = tmp_path / "actions.yaml"
    path.write_text("features: {job: {kind: int}}")
    plan = read_plan(path, {"job": np.array(["a", "b"], dtype=object)}, ("job",))
    assert plan.actions.features[0].values == ("a", "b")
    assert plan.coding.decode(np.array([[1.0], [np.nan]]))["job"].tolist() == ["b", None]


def test_a_model_file_is_loaded_only_if_it_is_one(place, monkeypatch):
    with pytest.raises(BadInput, match="ends in"):
        load_model(place / "people.csv")
    (place / "broken.joblib").write_bytes(b"no model")
    with pytest.raises(BadInput, match="cannot be loaded"):
        load_model(place / "broken.joblib")
    joblib.dump([1, 2], place / "list.joblib")
    with pytest.raises(BadInput, match="no `predict`"):
        load_model(place / "list.joblib")
    joblib.dump(Runs(), place / "runs.joblib")
    assert not (place / "ran").exists()


def test_one_class_and_missing_columns_are_refused():
    lender = Lender()
    assert feature_names(lender, ["person", "job", "age", "savings"]) == ("savings", "age", "job")
    with pytest.raises(BadInput, match="no column 'age'"):
        feature_names(lender, ["savings", "job"])
    lender.classes_ = np.array(["bad"])
    with pytest.raises(BadInput, match="one class alone"):
        target_label(lender, None)
    lender.classes_ = np.array([0, 1, 2])
    with pytest.raises(BadInput, match="--target"):
        target_label(lender, None)
    assert target_label(lender, "2") == 2
    with pytest.raises(BadInput, match="foretells a number"):
        target_label(linear_model.LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), 1)


def test_whoever_is_named_with_leading_zeros_or_twenty_digits_is_found(place):
    people = {"00017": 1, "17": 2, "20000000000000000017": 0}
    rows = "".join(f"{name},{savings},30,none\n" for name, savings in people.items())
    (place / "people.csv").write_text(f"person,savings,age,job\n{rows}")
    for name, savings in people.items():
        told = said(name)
        assert told["person"] == name
        assert {each["feature"]: each["value"] for each in told["features"]}["savings"] == str(savings)
