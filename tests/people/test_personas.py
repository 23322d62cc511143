"""Personas in the layouts of other tools: the keys that those tools read, and nothing lost on the way back."""

import json

import pytest

from personae.errors import BadInput
from personae.people.personas import (
    CARD_TEXTS,
    LAYOUTS,
    Persona,
    as_persona,
    persona_sentence,
    read_personas,
    write_personas,
)

ANA = Persona(
    "made-0-1",
    {
        "age": 83, "sex": "female", "gender": "Female", "first_name": "Ana", "last_name": "Oakford", "nationality": "American",
        "city_country": "Porto, Portugal", "education": "PhD", "education_info": "PhD", "occupation": "nurse", "employer": "Oak Care",
        "relationship_status": "widowed", "spouse_name": "Ben Fairden (Deceased)", "social_media": {"Reddit": "@ana"},
        "hours-per-week": 40,
    },
    "home grammar",
)  # fmt: skip
BO = Persona("made-0-2", {"team": "red"}, "a table")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["people.jsonl", "people.json", "people"])
def test_a_round_trip_loses_nothing(tmp_path, layout, name):
    assert write_personas([ANA, BO], tmp_path / name, layout) == 2
    assert list(read_personas(tmp_path / name)) == [ANA, BO]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_persona_hub_is_one_sentence_a_line(tmp_path):
    write_personas([ANA], tmp_path / "hub.jsonl", "personahub")
    line = json.loads((tmp_path / "hub.jsonl").read_text())
    assert line["persona"] == "An 83-year-old widowed nurse from Porto, Portugal, with a PhD."
    assert persona_sentence(BO) == "A person: team red."
    assert persona_sentence(Persona("x", {"age": 18, "sex": "male", "education": "In College"})) == (
        "An 18-year-old male, who is at college."
    )


def test_tinytroupe_agents_have_the_keys_of_its_examples():
    """Keys of examples/agents/*.agent.json in microsoft/TinyTroupe@8378a113."""
    agent = as_persona(ANA, "tinytroupe")
    assert agent["type"] == "TinyPerson"
    persona = agent["persona"]
    assert {
        "name", "age", "gender", "nationality", "residence", "education", "long_term_goals", "occupation", "style", "personality",
        "preferences", "skills", "beliefs", "behaviors", "relationships",
    } <= set(persona)  # fmt: skip
    assert persona["name"] == "Ana Oakford"
    assert persona["occupation"] == {
        "title": "nurse",
        "organization": "Oak Care",
        "description": "Works as nurse.",
    }
    assert persona["relationships"][0]["name"] == "Ben Fairden (Deceased)"
    assert "age" not in as_persona(BO, "tinytroupe")["persona"]


def test_a_card_has_every_field_that_the_specification_requires():
    """spec_v2: every text is a string, the lists are there, unknown things stand under `extensions`."""
    card = as_persona(ANA, "character-card")
    assert (card["spec"], card["spec_version"]) == ("chara_card_v2", "2.0")
    data = card["data"]
    assert set(data) == {*CARD_TEXTS, "alternate_greetings", "tags", "extensions"}
    assert all(isinstance(data[name], str) for name in CARD_TEXTS)
    assert "invented" in data["creator_notes"]


def test_edsl_agents_have_traits_that_are_identifiers(tmp_path):
    """`AgentList.from_dict` of edsl 1.0.9 read the file that this writes."""
    write_personas([ANA], tmp_path / "agents.json", "edsl")
    whole = json.loads((tmp_path / "agents.json").read_text())
    assert whole["edsl_class_name"] == "AgentList"
    agent = whole["agent_list"][0]
    assert all(name.isidentifier() for name in agent["traits"])
    assert agent["codebook"] == {"hours_per_week": "hours-per-week"}
    assert agent["name"] == "made-0-1"


def test_what_others_wrote_is_read(tmp_path):
    rows = [
        {"persona": "A keeper of bees."},
        {"type": "TinyPerson", "persona": {"name": "Ana", "age": 30, "skills": ["bees"]}},
        {"spec": "chara_card_v2", "spec_version": "2.0", "data": {"name": "Bo", "description": "A sailor."}},
        {"traits": {"age": 22}, "name": None},
    ]
    (tmp_path / "others.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    assert list(read_personas(tmp_path / "others.jsonl")) == [
        Persona("", {"persona": "A keeper of bees."}),
        Persona("Ana", {"name": "Ana", "age": 30, "skills": ["bees"]}),
        Persona("Bo", {"name": "Bo", "description": "A sailor."}),
        Persona("", {"age": 22}),
    ]


@pytest.mark.parametrize(
    "text", ["{}", "[1]", "no json", '{"spec": "chara_card_v2", "data": 3}', '{"persona": {}}']
)
def test_what_is_no_persona_is_named_by_place(tmp_path, text):
    (tmp_path / "bad.jsonl").write_text('{"persona": "One."}\n' + text)
    with pytest.raises(BadInput, match=r"bad\.jsonl:2"):
        list(read_personas(tmp_path / "bad.jsonl"))


def test_where_it_cannot_be_written_is_said(tmp_path):
    with pytest.raises(BadInput, match=r"\.jsonl, to \.json"):
        write_personas([ANA], tmp_path / "people.csv", "edsl")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(BadInput, match="not an empty folder"):
        write_personas([ANA], tmp_path / "full", "edsl")
    with pytest.raises(BadInput, match="cannot be written"):
        write_personas([ANA], tmp_path / "no" / "people.jsonl", "edsl")
