import json

import pytest

from personae.ask import Conversation
from personae.ask.agents import MicroAgents
from personae.errors import ModelFailed
from personae.models.strings import chat_model


def scripted(table, encoder, **by_agent):
    """Agents whose model answers each role from a list; the last answer stands for all that follow."""
    marks = {
        "select": "choose the kind", "patch": "fix a prediction", "detect": "detect the state", "tell": "tell the user",
        "summarize": "keep the summary", "seek": "one short question", "describe": "describe a data", "feed": "propose which",
    }  # fmt: skip
    sent = []

    def answer(messages):
        sent.append(messages)
        role = next(name for name, mark in marks.items() if mark in messages[0]["content"])
        said = by_agent.get(role, ["no idea"])
        return said.pop(0) if len(said) > 1 else said[0]

    return MicroAgents(chat_model("scripted", script=answer), table.look(), encoder), sent


def patch(**slots):
    empty = {
        "target_variable": "",
        "target_expression": "",
        "positive": "",
        "performance_metric": "",
        "left_out": [],
    }
    return json.dumps(empty | slots)


CLASSES = ['{"problem_type": "classification"}']


def test_a_good_answer_is_taken(table, encoder):
    agents, _ = scripted(table, encoder, select=CLASSES, patch=[patch(target_variable="city")])
    found = agents.reading("where do they live")
    assert (found.target, found.problem_type) == ("city", "classification")
    assert not agents.faults_


def test_a_lost_format_is_asked_for_again_then_left_to_the_rules(table, encoder):
    agents, sent = scripted(table, encoder, select=["Sure!"], patch=["The target is renews."])
    found = agents.reading("predict who renews")
    assert found == agents.rules.reading("predict who renews")
    assert agents.faults_["format"] == 2
    assert len(sent) == 4


def test_an_answer_mended_on_the_second_asking_counts_as_read(table, encoder):
    agents, _ = scripted(table, encoder, select=CLASSES, patch=["Sure!", patch(target_variable="city")])
    assert agents.reading("predict who renews").target == "city"
    assert not agents.faults_["format"]


def test_an_invented_column_is_dropped_and_a_misspelled_one_mended(table, encoder):
    agents, _ = scripted(table, encoder, select=CLASSES, patch=[patch(target_variable="wealth_index")])
    assert agents.reading("predict who renews").target == "renews"
    assert agents.faults_["invented column"] == 1
    agents, _ = scripted(table, encoder, select=CLASSES, patch=[patch(target_variable="renew_code")])
    assert agents.reading("predict who renews").target == "renewal_code"


def test_code_in_place_of_a_condition_is_not_run(table, encoder):
    odd = "__import__('os').system('true')"
    agents, _ = scripted(
        table, encoder, select=CLASSES, patch=[patch(target_variable="age", target_expression=odd)]
    )
    found = agents.reading("predict who renews")
    assert found.expression == ""
    assert agents.faults_["format"] == 1


def test_a_metric_nobody_asked_for_is_not_agreed_to(table, encoder):
    said = patch(target_variable="renews", performance_metric="accuracy")
    agents, _ = scripted(table, encoder, select=CLASSES, patch=[said])
    assert agents.reading("predict who renews").metric is None
    assert agents.faults_["over-agreed"] == 1
    assert agents.reading("predict who renews, by accuracy").metric == "accuracy"


@pytest.mark.parametrize(
    ("detected", "fault"),
    [
        ({"next_state": "sum up", "intent": "yes", "columns": []}, "drift"),
        ({"next_state": "formulate", "intent": "keep", "columns": ["renewal_code"]}, "over-agreed"),
        ({"next_state": "formulate", "intent": "leave out", "columns": ["income"]}, "over-agreed"),
    ],
)
def test_steps_out_of_order_and_columns_nobody_named_are_not_followed(table, encoder, detected, fault):
    agents, _ = scripted(table, encoder, detect=[json.dumps(detected)])
    move = agents.move("I wonder about the contract", Conversation(table, encoder=encoder))
    assert move.intent == "goal"
    assert agents.faults_[fault] == 1


def test_free_words_become_a_move(table, encoder):
    detected = {"next_state": "formulate", "intent": "leave out", "columns": ["age"]}
    agents, _ = scripted(
        table, encoder, detect=[json.dumps(detected)], summarize=['{"summary": "age is out"}']
    )
    move = agents.move("could you take age out of it", Conversation(table, encoder=encoder))
    assert (move.intent, move.columns, agents.summary_) == ("leave out", ("age",), "age is out")


def test_a_number_that_was_never_measured_is_not_told(table, encoder):
    agents, _ = scripted(
        table, encoder, tell=['{"text": "The score is 0.99."}', '{"text": "It is 0.71, good."}']
    )
    talk = Conversation(table, encoder=encoder)
    plain = "Leak: renewal_code: left out.\nroc_auc 0.71"
    assert agents.tell(plain, talk) == plain
    assert agents.faults_["invented number"] == 1
    assert agents.tell(plain, talk) == f"It is 0.71, good.\n{plain}"


def test_feeder_and_dataset_summarizer(table, encoder):
    agents, _ = scripted(
        table, encoder, feed=['{"model_preferences": ["k_means", "linear"]}', "none"],
        describe=['{"description": "Members.", "uses": ["predict renewal"]}'],
    )  # fmt: skip
    assert agents.methods("classification") == ("linear",)
    assert agents.methods("classification") == ("linear", "forest", "boosting")
    assert agents.describe() == "Members. predict renewal"


def test_nothing_of_a_row_is_sent(table, encoder):
    table = table.with_column("city", table.columns["city"].copy())
    table.columns["city"][:3] = "Gondomar"
    agents, sent = scripted(
        table, encoder, select=CLASSES, patch=[patch(target_variable="renews")], tell=['{"text": "Fine."}']
    )
    talk = Conversation(table, encoder=encoder, reader=agents)
    talk.start()
    talk.say("predict who renews")
    talk.say("show age")
    text = json.dumps(sent)
    assert len(sent) >= 4
    assert "p0001" not in text
    assert "Gondomar" not in text
    assert not any("numbers from" in json.dumps(each) for each in sent)


def test_over_http_the_same_words_are_read(table, encoder, server):
    goal = "where do they live"
    agents, sent = scripted(table, encoder, select=CLASSES, patch=[patch(target_variable="city")])
    expected = agents.reading(goal)
    answers = {
        sent[0][1]["content"]: CLASSES[0],
        sent[1][1]["content"]: "Sure: ```json\n" + patch(target_variable="city") + "\n```",
    }
    server.behave(answers=answers, faults=[{"kind": "status", "status": 500}])
    live = MicroAgents(chat_model(server.model, backoff_seconds=0.01), table.look(), encoder)
    assert live.reading(goal) == expected
    assert server.n_calls == 3


def test_a_server_that_fails_is_asked_once_and_the_rules_go_on(table, encoder):
    agents, sent = scripted(table, encoder)

    def down(messages):
        sent.append(messages)
        raise ModelFailed("down")

    agents.chat = chat_model("scripted", script=down)
    talk = Conversation(table, encoder=encoder, reader=agents)
    talk.start()
    assert "classification of renews" in talk.say("predict who renews")
    assert len(sent) == 1
    assert agents.faults_["no answer"] == 1


def test_the_task_stands_whatever_the_model_makes_of_it_and_counts_leave_in_tens(table, encoder):
    agents, sent = scripted(table, encoder, tell=['{"text": "It is done."}'])
    plain = "Boosting did best within the 478 training rows.\nroc_auc 0.71"
    assert agents.tell(plain, Conversation(table, encoder=encoder)) == f"It is done.\n{plain}"
    assert "the 480 training rows" in sent[0][1]["content"]
