import json
import subprocess
import sys

import pytest

from personae.ask import Conversation, Rules, ask, read_table, script_of, table_of
from personae.ask.page import render_page
from personae.errors import BadInput


@pytest.fixture
def talk(table, encoder):
    return Conversation(table, encoder=encoder)


def test_four_states_from_a_wish_to_a_recommendation(talk):
    assert "people: 240 rows, 7 columns" in talk.start()
    assert talk.standing.state == "look"
    said = talk.say("predict who renews")
    assert "classification of renews" in said
    assert "Leak: renewal_code" in said
    assert talk.standing.state == "formulate"
    talk.say("linear")
    assert talk.standing.petel.model_preferences == ("linear",)
    said = talk.say("yes")
    assert talk.standing.state == "sum up"
    assert "held-out rows, looked at once" in said
    assert "Next:" in said


def test_every_turn_can_be_undone(talk):
    talk.say("predict who renews")
    before = talk.standing
    talk.say("leave out sex")
    assert "sex" not in talk.standing.petel.features
    assert talk.say("undo").startswith("Undone")
    assert talk.standing == before
    talk.say("undo")
    assert talk.say("undo") == "There is nothing to undo."


def test_what_cannot_be_done_leaves_it_where_it_was(talk):
    talk.say("predict who renews")
    before = list(talk.history_)
    assert "no column" in talk.say("target: wealth over 30")
    assert "does not judge" in talk.say("target hours") or talk.standing.petel.target_variable == "hours"
    talk.say("undo")
    assert talk.history_ == before


def test_a_condition_is_a_target(talk):
    said = talk.say("target: age over 40 and city is Bern")
    petel = talk.standing.petel
    assert "age over 40 and city is Bern" in said
    assert petel.target_expression == "age over 40 and city is Bern"
    assert not {"age", "city"} & set(petel.features)


def test_another_target_and_another_metric(talk):
    talk.say("predict who renews")
    talk.say("judge by f1")
    assert talk.standing.petel.performance_metrics[0] == "f1"
    talk.say("another target")
    assert talk.standing.petel.target_variable not in ("", "renews")


def test_stop_anywhere_and_go_on_from_the_file(table, encoder, tmp_path):
    path = tmp_path / "session.json"
    talk = Conversation(table, encoder=encoder, session=path)
    talk.say("predict who renews")
    talk.say("keep renewal_code")
    assert "Stopped at: formulate" in talk.say("stop")
    assert talk.standing.is_stopped
    again = Conversation(table, encoder=encoder)
    assert "We stopped at: formulate" in again.resume(path)
    assert again.standing == talk.history_[-2]
    assert not again.standing.is_stopped
    again.say("undo")
    assert "renewal_code" not in again.standing.petel.features
    assert "p0001" not in path.read_text()


def test_a_session_of_another_table_is_refused(table, encoder, tmp_path):
    path = tmp_path / "session.json"
    Conversation(table, encoder=encoder, session=path).say("predict who renews")
    other = Conversation(table_of({"a": [1, 2, 3], "b": ["x", "y", "z"]}), encoder=encoder)
    with pytest.raises(BadInput, match="another table"):
        other.resume(path)
    path.write_text("{}")
    with pytest.raises(BadInput, match="no session"):
        other.resume(path)


def test_the_script_runs_as_it_is_and_prints_the_same_score(tmp_path, encoder, people_columns):
    columns = people_columns()
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n")
    table = read_table(tmp_path / "people.csv")
    talk = Conversation(table, encoder=encoder)
    talk.say("predict the renews column")
    talk.say("linear")
    talk.say("yes")
    found = talk.asked()
    (tmp_path / "out.py").write_text(script_of(found.petel, table))
    done = subprocess.run(
        [sys.executable, "out.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    first = found.outcome.held_out[0]
    assert f"{first.metric} {first.value:.6f}" in done.stdout.splitlines()
    page = render_page(found)
    assert page.count("<svg") == 2
    assert "<script" not in page
    assert "p0001" not in page
    assert "Leak: renewal_code" in page


def test_a_page_escapes_what_a_column_is_called(encoder, people_columns):
    columns = people_columns(120)
    columns["<script>alert(1)</script>"] = columns.pop("hours")
    talk = Conversation(table_of(columns, name="<b>"), encoder=encoder)
    talk.say("predict renews")
    talk.say("linear")
    talk.say("yes")
    assert "<script>" not in render_page(talk.asked())


def test_the_rules_tell_as_they_are(table, encoder, talk):
    assert Rules(table.look(), encoder).tell("words", talk) == "words"
    assert json.dumps(talk.transcript_) == "[]"


def test_a_goal_that_no_column_fits_is_asked_about(table, encoder):
    talk = Conversation(table, encoder=encoder)
    assert "No column fits that goal. Name one: id, age" in talk.say("who is a murderer")
    assert "What would you like to know?" in talk.say("yes")
    assert talk.standing.petel.target_variable == ""
    assert "classification of sex" in talk.say("sex")
    with pytest.raises(BadInput, match="No column fits that goal"):
        ask(table, "who is a murderer", encoder=encoder)


def test_a_number_can_be_told_as_classes_and_again_as_a_number(encoder, people_columns):
    columns = people_columns()
    columns["visits"] = columns["age"].astype(int) // 10
    talk = Conversation(table_of(columns), encoder=encoder)
    assert "classification of visits" in talk.say("predict visits")
    assert "regression of visits" in talk.say("no, as a number")
    assert "Judged by accuracy" in talk.say("as classes")
    assert "holds no numbers" in (talk.say("target city") and talk.say("as a number"))
    assert talk.standing.petel.target_variable == "city"


def test_the_script_is_shown_once_something_was_trained(tmp_path, encoder, people_columns):
    path = tmp_path / "people.csv"
    columns = {name: list(values) for name, values in people_columns().items()}
    rows = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    path.write_text("\n".join([",".join(columns), *rows]) + "\n")
    talk = Conversation(read_table(path), encoder=encoder)
    assert "Nothing was trained yet" in talk.say("export the script")
    talk.say("predict who renews")
    talk.say("yes")
    assert "read_table(TABLE" in talk.say("export the script")
    assert talk.standing.state == "sum up"
