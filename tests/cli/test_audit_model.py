import json

import numpy as np
import pytest
from typer.testing import CliRunner

from personae.audit.model import NOT_GIVEN, audit_model, membership_leakage
from personae.audit.responsiveness.classifier import load_model
from personae.audit.torch_classifier import TorchClassifier
from personae.cli import app
from personae.errors import BadInput, UnknownName
from personae.metrics.intervals import Interval
from personae.report.model import cell

joblib = pytest.importorskip("joblib")
pd = pytest.importorskip("pandas")
COLUMNS = ["age", "hours", "sex", "work"]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A classifier learned from 300 made people, those people, and 300 others, as files."""
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    folder, random = tmp_path_factory.mktemp("audit"), np.random.default_rng(0)
    n = 600
    table = pd.DataFrame({
        "person": [f"p{k}" for k in range(n)], "age": random.integers(20, 70, n), "hours": random.integers(10, 60, n),
        "sex": random.choice(["female", "male"], n), "work": random.choice(["own", "state"], n),
        "race": np.where(np.arange(n) % 60 == 0, "rare", random.choice(["one", "two"], n)),
    })  # fmt: skip
    chance = 1 / (1 + np.exp(-(table["hours"] - 35) / 8 - (table["sex"] == "male")))
    table["income"] = np.where(random.random(n) < chance, "high", "low")
    model = make_pipeline(
        make_column_transformer((StandardScaler(), ["age", "hours"]), (OneHotEncoder(), ["sex", "work"])),
        LogisticRegression(),
    )
    model.fit(table[COLUMNS][:300], table["income"][:300])
    joblib.dump(model, folder / "model.joblib")
    table[:300].to_csv(folder / "seen.csv", index=False)
    table[300:].to_csv(folder / "unseen.csv", index=False)
    (folder / "actions.yaml").write_text(
        "target: high\nfeatures:\n  hours: {low: 10, high: 60, step_high: 50, direction: up}\n"
    )
    return folder


def call(world, *arguments, data="unseen.csv", target="income"):
    """Audit without copies and twins, unless they are asked for."""
    given = ["audit", "model", str(world / "model.joblib"), "--data", str(world / data), "--target", target]
    return CliRunner().invoke(app, [*given, "--no-twins", "--shadows", "0", *map(str, arguments)])


def said(world, *arguments, **more):
    done = call(world, "--positive", "high", "--json", "-q", *arguments, **more)
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


def test_one_page_tells_of_calibration_groups_leakage_and_recourse(world):
    page = world / "audit.html"
    done = call(world, "--positive", "high", "--sensitive", "sex,race", "--held-out", world / "unseen.csv",
                "--actions", world / "actions.yaml", "--denied", 20, "--id", "person", "--out", page,
                "--shadows", 20, data="seen.csv")  # fmt: skip
    assert done.exit_code == 0, done.output
    text = page.read_text(encoding="utf-8")
    for words in (
        "Privacy and fairness of this model",
        "By sex and race",
        "few people",
        "members found",
        "(subject leakage)",
        "150 people it learned from, 300 people it did not",
        "sex: the share of",
        "10 copies to learn from",
        "Had sex been another",
        "does not take race",
        "Beside their twins: not measured, --no-twins leaves them out",
        "20 rows looked at of",
        "Wilson",
        "can change it by one",
    ):
        assert words in text
    assert "<script" not in text


def test_json_holds_the_numbers_of_the_page(world):
    done = call(world, "--positive", "high", "--sensitive", "sex", "--json")
    found = json.loads(done.stdout)
    groups = {group["name"]: group for group in found["columns"][0]["groups"]}
    table = pd.read_csv(world / "unseen.csv")
    assert groups["female"]["n_people"] == int((table["sex"] == "female").sum())
    base = groups["male"]["measures"][found["measures"].index("people with the outcome")]
    assert base["value"] == pytest.approx((table["income"][table["sex"] == "male"] == "high").mean())
    assert found["leak"] is None
    assert [gap["name"] for gap in found["columns"][0]["gaps"]]


def test_rows_that_cannot_be_scored_are_named(world):
    table = pd.read_csv(world / "unseen.csv")
    table.loc[6, "work"] = "circus"
    table.to_csv(world / "odd.csv", index=False)
    failed = call(world, data="odd.csv").exception
    assert isinstance(failed, BadInput)
    assert "odd.csv, row 7" in str(failed)
    assert "circus" not in str(failed)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda table: table.assign(income="high"), "same outcome"),
        (
            lambda table: table.assign(income=table["income"].where(table.index != 2)),
            "row 3: income is missing",
        ),
        (
            lambda table: table.assign(age=table["age"].where(table.index != 4).astype(float)),
            "row 5: the model cannot score",
        ),
        (lambda table: table.drop(columns="hours"), "no column 'hours'"),
    ],
)
def test_people_that_cannot_be_audited_are_refused(world, change, words):
    change(pd.read_csv(world / "unseen.csv")).to_csv(world / "bad.csv", index=False)
    failed = call(world, data="bad.csv").exception
    assert isinstance(failed, BadInput)
    assert words in str(failed)


def test_unknown_columns_are_named_with_the_nearest(world):
    failed = call(world, "--sensitive", "sexx").exception
    assert isinstance(failed, UnknownName)
    assert "Nearest: sex" in str(failed)


def test_missing_groups_stand_apart_and_no_gap_is_told_of_them():
    random = np.random.default_rng(0)
    sex = [None, float("nan"), ""] * 10 + ["f", "m"] * 40
    found = audit_model(random.random(110), np.arange(110) % 2, {"sex": sex}, draws=50)
    assert [(group.name, group.n_people) for group in found.groups] == [("f", 40), ("m", 40), (NOT_GIVEN, 30)]
    assert [(gap.group, gap.against) for gap in found.gaps] == [("m", "f")]


def test_a_group_of_one_class_has_no_rate_where_nobody_is():
    found = audit_model([0.9, 0.2, 0.8, 0.4], [1, 0, 1, 1], {"g": ["a", "a", "b", "b"]}, draws=50)
    assert np.isnan(found.groups[1].measures["false alarms, of those without"].value)
    assert cell(found.groups[1].measures["false alarms, of those without"]) == "–"


def test_everybody_decided_alike_is_an_audit_too():
    found = audit_model(np.full(60, 0.7), np.arange(60) % 2, {"g": ["a", "b"] * 30}, draws=50)
    assert found.gaps[0].found.gap.value == 0
    assert not found.gaps[0].found.is_flagged


def test_people_with_several_rows_are_counted_once():
    found = audit_model(
        [0.9, 0.2, 0.8, 0.4], [1, 0, 1, 0], {"g": ["a"] * 4}, people=["x", "x", "y", "z"], draws=50
    )
    assert (found.n_people, found.groups[0].n_people) == (3, 3)


def test_group_means_are_those_of_fairlearn():
    metrics = pytest.importorskip("fairlearn.metrics")
    from sklearn.metrics import accuracy_score

    random = np.random.default_rng(1)
    p, y, group = random.random(400), random.integers(2, size=400), random.choice(["a", "b", "c"], 400)
    found = audit_model(p, y, {"g": list(group)}, draws=20)
    named = {
        "predicted to have it": metrics.selection_rate, "predictions that are right": accuracy_score,
        "found, of those with the outcome": metrics.true_positive_rate,
        "false alarms, of those without": metrics.false_positive_rate,
    }  # fmt: skip
    theirs = metrics.MetricFrame(metrics=named, y_true=y, y_pred=p >= 0.5, sensitive_features=group).by_group
    for ours in found.groups:
        for name in named:
            assert ours.measures[name].value == pytest.approx(theirs.loc[ours.name, name])
            assert ours.measures[name].low <= ours.measures[name].value <= ours.measures[name].high


def test_a_model_that_knows_its_people_by_heart_gives_them_away():
    random = np.random.default_rng(0)
    found = membership_leakage(np.full(100, 0.99), random.uniform(0.2, 0.9, 100), draws=200)
    assert found.advantage.value == 1
    same = random.uniform(0.2, 0.9, 400)
    assert membership_leakage(same[:200], same[200:], draws=200).advantage.low < 0.05
    with pytest.raises(BadInput, match="four people"):
        membership_leakage([0.5], [0.5] * 9)


def test_shares_are_written_with_their_interval():
    assert cell(Interval(0.5, 0.4, 0.6, 10, 10)) == "50% (40% to 60%)"


def test_a_torch_network_is_audited_through_its_file(world):
    """The network is the pipeline's own logistic regression, so that the page must hold the pipeline's numbers."""
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(1)
    table = pd.DataFrame(
        {"note": "x", "hours": random.integers(10, 60, 200), "age": random.integers(20, 70, 200)}
    )
    table["income"] = np.where(
        random.random(200) < 1 / (1 + np.exp(-(table["hours"] - 35) / 8)), "high", "low"
    )
    table.to_csv(world / "two.csv", index=False)
    module = torch.nn.Linear(2, 1)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[0.0, -1.5]]))
        module.bias.zero_()
    handle = TorchClassifier(
        module, features=["age", "hours"], classes=["high", "low"], center=[45, 35], scale=[10, 12]
    )
    handle.save(world / "net.pt2")
    said = 1 / (1 + np.exp(-1.5 * (table["hours"] - 35) / 12))
    done = CliRunner().invoke(app, ["audit", "model", str(world / "net.pt2"), "--data", str(world / "two.csv"),
                                    "--target", "income", "--positive", "high", "--json"])  # fmt: skip
    assert done.exit_code == 0, done.output
    facts = dict(json.loads(done.stdout)["facts"])
    assert facts["right"]["value"] == pytest.approx(((said > 0.5) == (table["income"] == "high")).mean())
    assert not list(world.glob(".net*"))


def test_torchscript_with_its_description_is_loaded_and_a_bare_network_is_refused(world):
    torch = pytest.importorskip("torch")
    script = torch.jit.script(torch.nn.Linear(2, 2))
    about = json.dumps({"features": ["age", "hours"], "classes": [0, 1]})
    torch.jit.save(script, str(world / "net.pt"), _extra_files={"personae.json": about})
    found = load_model(world / "net.pt")
    shown = np.array([[30.0, 40.0], [50.0, 20.0]])
    expected = torch.softmax(script(torch.tensor(shown, dtype=torch.float32)), dim=1).detach().numpy()
    np.testing.assert_allclose(found.predict_proba(shown), expected, atol=1e-6)
    torch.jit.save(script, str(world / "bare.pt"))
    torch.save(script.state_dict(), world / "state.pt")
    for name, words in (("bare.pt", "which columns"), ("state.pt", "state_dict alone")):
        with pytest.raises(BadInput, match=words):
            load_model(world / name)


def test_a_missing_value_is_named_by_its_row_before_a_network_sees_it(world):
    torch = pytest.importorskip("torch")
    TorchClassifier(torch.nn.Linear(1, 1), features=["hours"], classes=["low", "high"]).save(
        world / "one.pt2"
    )
    (world / "gap.csv").write_text("hours,income\n20,low\n,high\n40,high\n")
    with pytest.raises(BadInput, match="row 2"):
        CliRunner().invoke(app, ["audit", "model", str(world / "one.pt2"), "--data", str(world / "gap.csv"),
                                 "--target", "income"], catch_exceptions=False)  # fmt: skip
    with pytest.raises(BadInput, match="3 outputs"):
        TorchClassifier(torch.nn.Linear(1, 3), features=["hours"]).predict_proba([[1.0]])
    with pytest.raises(BadInput, match="one scale"):
        TorchClassifier(torch.nn.Linear(1, 1), features=["hours"], scale=[1, 2])


def test_json_writes_the_page_too_where_it_is_asked_for(world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = said(world, "--out", "asked.html")
    assert (tmp_path / "asked.html").is_file()
    assert found["calibration_error"]["low"] <= found["calibration_error"]["high"]
    said(world)
    assert [path.name for path in tmp_path.iterdir()] == ["asked.html"]


def test_a_limit_counts_people_and_takes_all_their_rows(world):
    table = pd.read_csv(world / "unseen.csv")
    table["person"] = [f"{k // 3:04d}" for k in range(len(table))]
    table.to_csv(world / "threes.csv", index=False)
    found = said(world, "--id", "person", "--limit", 30, data="threes.csv")
    assert (found["n_people"], found["n_rows"], found["is_by_person"]) == (30, 90, True)
    assert "At most 30 people" in " ".join(found["notes"])
    found = said(world, "--limit", 30, data="threes.csv")
    assert (found["n_people"], found["n_rows"], found["is_by_person"]) == (30, 30, False)


def test_a_number_of_many_values_is_not_crossed_and_has_no_counterfactual(world):
    found = said(world, "--sensitive", "sex,race,age", "--shadows", 10)
    assert [column["name"] for column in found["columns"]] == ["sex", "race", "age", "sex and race"]
    assert "cut it into groups" in found["columns"][2]["counterfactual"]["alone_why"]
    assert found["shares"][2]["why"]


def test_long_and_zero_led_ids_stay_apart(world):
    table = pd.read_csv(world / "unseen.csv")
    base = "1234567890123456789012345678"
    table["person"] = [f"{base}{k:03d}" if k % 2 else f"{k // 4:0{3 + k % 4}d}" for k in range(len(table))]
    table.to_csv(world / "long.csv", index=False)
    assert said(world, "--id", "person", data="long.csv")["n_people"] == table["person"].nunique()


def test_the_same_people_are_not_held_out(world, tmp_path):
    table = pd.read_csv(world / "unseen.csv")
    table.to_json(tmp_path / "same.jsonl", orient="records", lines=True)
    for path in (world / "unseen.csv", tmp_path / "same.jsonl"):
        failed = call(world, "--held-out", path).exception
        assert isinstance(failed, BadInput)
        assert "hold the same rows" in str(failed)
    both = pd.concat([pd.read_csv(world / "seen.csv")[:50], table])
    both.to_csv(tmp_path / "both.csv", index=False)
    found = said(world, "--held-out", tmp_path / "both.csv", "--id", "person", data="seen.csv")
    assert (found["n_people"], found["leak"]["n_others"]) == (300, 300)
    assert "50 of them" in " ".join(found["notes"])


def test_a_row_of_nobody_is_named(world):
    table = pd.read_csv(world / "unseen.csv")
    table.loc[3, "person"] = None
    table.to_csv(world / "nobody.csv", index=False)
    failed = call(world, "--id", "person", data="nobody.csv").exception
    assert isinstance(failed, BadInput)
    assert "nobody.csv, row 4: person is missing" in str(failed)


def test_one_person_has_no_interval(world, tmp_path):
    table = pd.read_csv(world / "unseen.csv").assign(person="ada")
    table.to_csv(world / "one_person.csv", index=False)
    page = tmp_path / "page.html"
    done = call(world, "--id", "person", "--sensitive", "sex", "--out", page, data="one_person.csv")
    assert done.exit_code == 0, done.exception
    assert "nan" not in done.stdout
    text = page.read_text(encoding="utf-8")
    assert "nan" not in text.split("<main")[1]
    assert "no interval from 1 person" in text


def test_a_model_of_arrays_is_not_shown_the_sensitive_column(world, tmp_path):
    from sklearn.linear_model import LogisticRegression

    table = pd.read_csv(world / "unseen.csv")[["person", "hours", "sex", "age", "income"]]
    table.to_csv(tmp_path / "few.csv", index=False)
    x = table[["hours", "age"]].to_numpy(dtype=float)
    joblib.dump(LogisticRegression().fit(x, table["income"]), tmp_path / "plain.joblib")
    given = ["audit", "model", tmp_path / "plain.joblib", "--data", tmp_path / "few.csv", "--target", "income",
             "--id", "person", "--sensitive", "sex", "--no-twins", "--shadows", 0, "--json", "-q"]  # fmt: skip
    done = CliRunner().invoke(app, list(map(str, given)))
    assert done.exit_code == 0, done.exception
    found = json.loads(done.stdout)
    assert "It was shown hours, age, in this order; not shown: sex." in " ".join(found["notes"])
    assert "does not take sex" in found["columns"][0]["counterfactual"]["alone_why"]


def test_twins_and_copies_are_on_the_page(world):
    pytest.importorskip("torch")
    found = said(world, "--sensitive", "sex", "--twins", "--shadows", 20)
    other = found["columns"][0]["counterfactual"]
    assert other["alone"][0]["flipped"]["n_clusters"] == 300
    assert other["twins"]["n_people"] == pytest.approx(150, abs=2)
    assert 0 <= other["twins"]["effect"]["low"] <= other["twins"]["effect"]["high"]
    assert found["shares"][0]["n_told"] == 10


def test_three_answers_want_to_know_which_is_yes(world, tmp_path):
    from sklearn.linear_model import LogisticRegression

    x, y = np.arange(12.0)[:, None], np.repeat(["low", "middle", "high"], 4)
    joblib.dump(LogisticRegression().fit(x, y), tmp_path / "three.joblib")
    (tmp_path / "x.csv").write_text("x,y\n1,low\n2,high\n")
    given = ["audit", "model", tmp_path / "three.joblib", "--data", tmp_path / "x.csv", "--target", "y"]
    failed = CliRunner().invoke(app, list(map(str, given))).exception
    assert isinstance(failed, BadInput)
    assert "--positive" in str(failed)


def test_a_file_in_place_of_a_command_is_the_model(world):
    given = [str(world / "model.joblib"), "--data", str(world / "unseen.csv"), "--target", "income", "--shadows", "0",
             "--no-twins", "--positive", "high", "--json", "-q"]  # fmt: skip
    done = CliRunner().invoke(app, ["audit", *given])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["n_people"] == 300
    assert "No such command" in CliRunner().invoke(app, ["audit", "modle"]).output


def test_people_of_one_group_named_as_a_truth_value_are_read_as_they_stand(world, tmp_path):
    pd.read_csv(world / "unseen.csv").assign(race="t").to_csv(tmp_path / "one.csv", index=False)
    found = said(world, "--sensitive", "race", data=tmp_path / "one.csv")
    assert [group["name"] for group in found["columns"][0]["groups"]] == ["t"]


def test_a_share_of_all_has_wilsons_interval_and_the_calibration_error_lies_in_its_own():
    found = audit_model([0.9] * 30 + [0.1] * 30, [1] * 30 + [0] * 30, {"sex": ["f", "m"] * 30})
    assert (found.accuracy.value, round(found.accuracy.low, 2), found.accuracy.high) == (1.0, 0.94, 1.0)
    alarms = found.groups[0].measures["false alarms, of those without"]
    assert (alarms.low, round(alarms.high, 2)) == (0.0, 0.2)  # 0 of 15 people
    assert not np.isnan(found.groups[0].measures["mean probability"].low)
    for seed in range(20):
        random = np.random.default_rng(seed)
        p = random.random(400)
        error = audit_model(p, random.random(400) < p, draws=200).calibration_error
        assert error.low <= error.value <= error.high
