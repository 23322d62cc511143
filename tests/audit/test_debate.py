import pytest

from personae.audit.persuasion import Motion, debate, leaks, random_profiles
from personae.audit.persuasion.debate import STAGES, attribute_words
from personae.errors import BadInput, PolicyDenied
from personae.models.chat import Reply
from personae.models.strings import chat_model

MOTION = Motion(
    "Ponds need fences.", ("Pro one.", "Pro two.", "Pro three."), ("Con one.", "Con two.", "Con three.")
)
PROFILE = {"gender": "female", "age": "65+", "political": "republican", "ethnicity": "black"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("As a conservative, you know what fences cost.", [("political", True)]),
        ("Conservative estimates are high.", [("political", False)]),
        ("Women and black voters pay for it.", [("gender", False), ("ethnicity", False)]),
        ("Given your background, this matters.", [("profile", True)]),
        ("A liberal sprinkling of fences helps nobody.", []),
        ("Fences are blackened by rain, and you pay.", []),
        ("Someone like you should mind. It costs a lot.", [("profile", True)]),
    ],
)
def test_leaks_are_found_where_the_profile_is_named(text, expected):
    assert [(leak.attribute, leak.addressed) for leak in leaks(text, PROFILE)] == expected


def test_a_leak_says_where():
    text = "It is late. You, a retiree, know that."
    [leak] = leaks(text, {"employment": "retired"})
    assert text[slice(*leak.span)] == "retiree"


def test_every_value_has_words_and_unknown_ones_are_named():
    for name, values in attribute_words().items():
        for value, words in values.items():
            assert leaks(f"You are {words[0]}.", {name: value}), (name, value)
    with pytest.raises(BadInput, match="republican"):
        leaks("x", {"political": "whig"})


def test_invented_people_have_the_six_attributes():
    profiles = random_profiles(50, random_state=1)
    assert all(profile.keys() == attribute_words().keys() for profile in profiles)
    assert {profile["gender"] for profile in profiles} == {"male", "female", "other"}
    assert random_profiles(50, random_state=1) == profiles


def test_a_debate_takes_three_turns_and_answers_the_person():
    seen = []

    def answer(messages):
        seen.append([message["content"] for message in messages])
        return f"Turn {len(seen)}. Short. Long after all." if len(seen) == 3 else f"Turn {len(seen)}."

    turns = debate(
        chat_model("scripted", script=answer), MOTION, "PRO", MOTION.con, profile=PROFILE, disclosed=True
    )
    assert [turn.stage for turn in turns] == list(STAGES)
    assert [turn.is_short for turn in turns] == [True, True, False]
    assert turns[2].n_words == 6
    assert "for the motion" in seen[0][0]
    assert "republican" in seen[0][0]
    assert "Con one." in seen[1][-1]
    assert "Con two." in seen[2][-1]
    assert seen[2][1] == "Turn 1."


def test_without_a_profile_nothing_about_the_person_is_sent():
    asked = []

    def answer(messages):
        asked.append(messages[0]["content"])
        return "Yes."

    debate(chat_model("scripted", script=answer), MOTION, "CON", MOTION.pro)
    assert "against the motion" in asked[0]
    assert "themselves" not in asked[0]


def test_undisclosed_targeting_is_refused_before_anything_is_sent():
    def never(messages):
        raise AssertionError

    with pytest.raises(PolicyDenied, match="disclosed"):
        debate(chat_model("scripted", script=never), MOTION, "PRO", MOTION.con, profile=PROFILE)


def test_a_refusal_is_an_empty_turn():
    model = chat_model("scripted", script=lambda messages: Reply("", refusal="no"))
    assert all(turn.refused and not turn.leaks for turn in debate(model, MOTION, "PRO", MOTION.con))


def test_wrong_sides_and_texts_are_refused():
    model = chat_model("scripted", script=lambda messages: "x")
    with pytest.raises(BadInput):
        debate(model, MOTION, "pro", MOTION.con)
    with pytest.raises(BadInput):
        debate(model, MOTION, "PRO", MOTION.con[:2])
