import json

import numpy as np
import pytest

from personae.errors import BadInput
from personae.models.strings import chat_model
from personae.synth import MadePerson
from personae.synth.backstories import (
    ChatCritic,
    FactCritic,
    SurveyQuestion,
    Turn,
    ask_survey,
    ask_traits,
    draw_by_weight,
    interview,
    log_weights,
    match_stories,
    rake_to,
    read_targets,
    trait_shares,
)
from personae.synth.backstories.life import contradictions, facts_in

PERSON = MadePerson(
    "p",
    {"age": 41, "birth_city_country": "Lima, Peru", "occupation": "nurse", "national_id": "000-00"},
    "by hand",
)


def said(value):
    message = {"role": "assistant", "content": value if isinstance(value, str) else json.dumps(value)}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    body = {"id": "1", "object": "chat.completion", "model": "small", "choices": choices}
    return {"kind": "raw", "body": json.dumps(body)}


def test_home_tells_one_life_and_says_so():
    story = interview(PERSON)
    assert "I was born in Lima." in story.text
    assert "as a nurse" in story.text
    assert (story.n_rejected, story.n_missing) == (0, 0)
    assert story.provenance["writer"] == "home grammar"
    assert story == interview(PERSON)
    row = next(story.rows())
    assert {"person", "text", "id", "time", "source", "thread", "truth", "provenance"} <= set(row)
    assert "national_id" not in row["truth"], "numbers of documents belong to no story"
    with pytest.raises(BadInput, match="name a model"):
        interview(PERSON, questions={"pets": "Any pets?"})


def test_the_year_of_birth_is_that_of_the_birth_date():
    """Who is 41 on the day of the population, 1 July 2025, was born in 1984 before that day of the year, else in 1983."""
    for fields, year in (
        ({"birth_date": "1983-11-02"}, 1983),
        ({"birth_date": "1984-02-11"}, 1984),
        ({}, 1984),
    ):
        story = interview(MadePerson("p", PERSON.fields | fields, "by hand"))
        assert f"That was in {year}, so I am 41 now." in story.text


@pytest.mark.parametrize(
    ("earlier", "candidate", "found"),
    [
        ("I have two sisters.", "I was an only child.", ["siblings"]),
        ("I have two sisters.", "I grew up with 2 siblings.", []),
        ("I am married.", "I never married.", ["marriage"]),
        ("I am single.", "I never married.", []),
        ("", "I was born in Kyoto.", ["birthplace"]),
        ("", "I was born in Lima and I am 41 years old.", []),
        ("", "I am 40 percent sure of it.", []),
        ("", "I work as a head nurse.", []),
        ("", "I work as a pilot, mostly.", ["occupation"]),
        ("", "In ten years I will be 51.", []),
    ],
)
def test_plain_contradictions_are_found(earlier, candidate, found):
    truth = {"age": "41", "birth_city_country": "Lima, Peru", "occupation": "nurse"}
    assert contradictions(truth, [earlier], candidate) == found
    verdict = FactCritic().judge(truth, [Turn("a", "?", earlier)], Turn("b", "?", candidate))
    assert verdict.is_accepted == (not found)
    assert candidate not in verdict.reason


def test_facts_keep_to_their_kinds():
    assert facts_in("We have three kids and I live in Porto Alegre.") == {
        "home": "porto alegre",
        "children": "3",
    }


def test_the_critic_sends_a_planted_contradiction_back_over_http(server):
    """The first answer has two sisters; the second question's first try denies it, its second try does not."""
    answers = ["I have two sisters.", "I was an only child.", "School was dull."]
    server.behave(faults=[said(answer) for answer in answers])
    story = interview(PERSON, model=chat_model(server.model), questions={"a": "Childhood?", "b": "School?"})
    assert [turn.answer for turn in story.turns] == ["I have two sisters.", "School was dull."]
    assert (story.n_rejected, story.n_missing) == (1, 0)
    calls = [call["body"]["messages"] for call in server.saw()["calls"]]
    assert [message["content"] for message in calls[2][1:]] == [
        "Childhood?",
        "I have two sisters.",
        "School?",
    ]
    assert story.provenance["critic"] == "home facts"


def test_a_model_judges_over_http_and_a_question_without_a_sound_answer_is_left_out(server):
    no = {"consistent": False, "reason": "two ages"}
    answers = ["I am old.", {"consistent": True}, "I am six.", no, "I am seven.", "what?", "who?"]
    server.behave(faults=[said(answer) for answer in answers])
    model = chat_model(server.model)
    critic = ChatCritic(model)
    story = interview(PERSON, model=model, critic=critic, questions={"a": "Age?", "b": "And then?"}, tries=2)
    assert [turn.topic for turn in story.turns] == ["a"]
    assert (story.n_rejected, story.n_missing) == (2, 1)
    assert critic.outcomes.as_json() == {"answered": 2, "refused": 0, "unparsed": 1}
    assert "I am old." in server.saw()["calls"][3]["body"]["messages"][-1]["content"]


def test_traits_and_surveys_are_asked_over_http(server):
    story = interview(PERSON)
    color = SurveyQuestion("color", "Red or blue?", ("red", "blue"))
    server.behave(faults=[said("red")] * 6 + [said("Prefer not to answer")] * 2)
    shares = ask_traits(chat_model(server.model), [story], color, n_times=8)
    assert shares.tolist() == [[1.0, 0.0]]
    server.behave(faults=[said("blue"), said("no idea")])
    answers = ask_survey(chat_model(server.model, concurrency=1), [story], [color, color])
    assert answers.codes.tolist() == [[1, -1]]
    assert answers.compliance == 0.5
    assert "I was born in Lima." in server.saw()["calls"][0]["body"]["messages"][-1]["content"]


def test_weights_have_a_floor_and_unknown_traits_weigh_nothing():
    stories = {"sex": np.array([[1.0, 0.0], [0.5, 0.5]]), "age": np.array([[0.2, 0.8], [0.9, 0.1]])}
    weights = log_weights({"sex": np.array([1]), "age": np.array([-1])}, stories, floor=0.01)
    assert weights.tolist() == [[pytest.approx(np.log(0.01)), pytest.approx(np.log(0.5))]]
    with pytest.raises(BadInput, match="Traits differ"):
        log_weights({"sex": np.array([1])}, stories)


def test_hungarian_beats_greedy_where_the_best_story_is_wanted_twice():
    """Greedy gives the first its favorite; the optimum gives it to the second: -1 - 2 against 0 - 9."""
    weights = np.array([[0.0, -1.0], [-2.0, -9.0]])
    best = match_stories(weights, "hungarian")
    assert best.stories.tolist() == [1, 0]
    assert (best.total, best.n_unique) == (-3.0, 2)
    reused = match_stories(weights, "greedy")
    assert reused.stories.tolist() == [0, 0]
    assert reused.n_unique == 1
    for seed in range(10):
        once = match_stories(weights, "greedy without reuse", random_state=seed)
        assert once.n_unique == 2
        assert once.total <= best.total
    with pytest.raises(BadInput, match="make more"):
        match_stories(weights[:, :1], "hungarian")


def test_targets_are_merged_and_reached(tmp_path):
    file = tmp_path / "target.yaml"
    file.write_text(
        "target_distribution:\n  age:\n    map_source: {young: 0, old: 1}\n    map_survey: {'18': 0, '30': 1, '60': 1}\n"
        "    survey_distribution: {'18': 0.2, '30': 0.3, '60': 0.5}\n"
    )
    places, wanted = read_targets(file)["age"]
    assert places == {"young": 0, "old": 1}
    assert wanted.tolist() == [0.2, 0.8]
    age = np.array([0, 0, 0, 1, -1])
    raked = rake_to({"age": age}, {"age": wanted})
    assert raked.weights[age == 0].sum() == pytest.approx(0.2)
    assert raked.weights[4] == 0
    drawn = draw_by_weight(raked.weights, 1000)
    assert abs((age[drawn] == 0).mean() - 0.2) <= 0.003
    file.write_text("target_distribution: {age: {map_survey: {}}}")
    with pytest.raises(BadInput, match=r"target\.yaml"):
        read_targets(file)


def test_counts_become_shares_and_silence_is_even():
    assert trait_shares(np.array([[3.0, 1.0], [0.0, 0.0]])).tolist() == [[0.75, 0.25], [0.5, 0.5]]
