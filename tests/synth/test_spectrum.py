import json

import numpy as np
import pytest

from personae.errors import BadInput, ModelFailed
from personae.models.encoder import home_encoder
from personae.models.strings import chat_model
from personae.synth import MadePerson
from personae.synth.spectrum import (
    BFI_2_S,
    CONDITIONS,
    PVQ,
    SPECIAL,
    Persona,
    compile_profile,
    guess_who,
    judge_agreement,
    judge_statements,
    made_persona,
    score_personality,
    score_values,
    sentences,
    twenty_statements,
)
from personae.synth.spectrum.trials import Accepted

REVERSED = {1, 21, 26, 7, 17, 27, 3, 8, 28, 14, 19, 24, 10, 20, 30}
DOMAINS = {
    "Extraversion": (1, 6, 11, 16, 21, 26), "Agreeableness": (2, 7, 12, 17, 22, 27),
    "Conscientiousness": (3, 8, 13, 18, 23, 28), "Negative emotionality": (4, 9, 14, 19, 24, 29),
    "Open-mindedness": (5, 10, 15, 20, 25, 30),
}  # fmt: skip
ANA = Persona(
    "ana",
    {"Age": "41", "Residence": "Presumably Porto", "Religious Affiliation": "None"},
    ("Calm.",),
    ("Ana loves the sea.",),
)


def said(value):
    message = {"role": "assistant", "content": value if isinstance(value, str) else json.dumps(value)}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    body = {"id": "1", "object": "chat.completion", "model": "small", "choices": choices}
    return {"kind": "raw", "body": json.dumps(body)}


def test_every_item_moves_its_own_domain_in_its_own_direction():
    for item in range(1, 31):
        answers = [4.0] * 30
        answers[item - 1] = 7.0
        scored = {one.scale: one.mean for one in score_personality(answers)[:5]}
        domain = next(name for name, items in DOMAINS.items() if item in items)
        assert scored.pop(domain) == pytest.approx(4 + (-3 if item in REVERSED else 3) / 6)
        assert set(scored.values()) == {4.0}


def test_facets_are_the_pairs_fifteen_apart():
    answers = [4.0] * 30
    answers[5 - 1] = answers[20 - 1] = 7.0  # 20 is reversed
    facets = {one.scale: one for one in score_personality(answers)[5:]}
    assert len(facets) == 15
    assert facets["Aesthetic sensitivity"].mean == 4.0
    assert facets["Aesthetic sensitivity"].reversed_items == ("20",)
    answers[20 - 1] = 1.0
    facets = {one.scale: one for one in score_personality(answers)[5:]}
    assert facets["Aesthetic sensitivity"].mean == 7.0


@pytest.mark.parametrize(
    ("mean", "level"),
    [(1, "very low"), (2, "low"), (3, "slightly below average"), (4, "slightly above average"), (5, "high"),
     (6, "very high"), (7, "very high")],
)  # fmt: skip
def test_levels_begin_at_their_whole_numbers(mean, level):
    answers = [8.0 - mean if i in REVERSED else float(mean) for i in range(1, 31)]
    scored = score_personality(answers)
    assert {one.mean for one in scored} == {float(mean)}
    assert {one.level for one in scored} == {level}


def test_missing_answers():
    answers = [4.0] * 30
    answers[0] = float("nan")  # one of the pair 1, 16
    first = score_personality(answers)
    assert (first[0].mean, first[0].n_missing) == (4.0, 1)
    answers[15] = float("nan")
    second = {one.scale: one for one in score_personality(answers)}
    assert np.isnan(second["Sociability"].mean)
    assert np.isnan(second["Extraversion"].mean)
    assert second["Agreeableness"].mean == 4.0
    assert second["Extraversion"].level == ""
    assert not any("extraversion" in line for line in sentences(tuple(second.values())))


def test_values_have_their_items_and_cut_points():
    assert len(PVQ.items) == 21
    assert "20" not in {item.id for item in PVQ.items}
    number = {item.id: place for place, item in enumerate(PVQ.items)}
    answers = [4.0] * 21
    for item in ("3", "8", "19"):
        answers[number[item]] = 6.0
    scored = {one.scale: one for one in score_values(answers)}
    assert scored["Universalism"].mean == 6.0
    assert scored["Universalism"].level == "matters to them a lot"
    assert scored["Power"].level == "matters to them a little"
    with pytest.raises(BadInput, match="21 items"):
        score_values([4.0] * 22)
    with pytest.raises(BadInput, match="1 to 7"):
        score_personality([9.0] * 30)


def test_profiles_hold_their_parts_and_change_their_digest():
    made = {condition: compile_profile(ANA, condition) for condition in CONDITIONS}
    assert len({profile.digest for profile in made.values()}) == 7
    assert "Calm." not in made["SC"].text
    assert made["SPC"].digest == compile_profile(ANA).digest
    assert ANA.uncertain() == ("Residence",)
    hidden = compile_profile(ANA, "S", withhold=SPECIAL)
    assert "Religious" not in hidden.text
    assert hidden.digest != made["S"].digest
    assert compile_profile(ANA, "C", names=["Ana"]).text.endswith("[name] loves the sea.")
    with pytest.raises(BadInput, match="no part C"):
        compile_profile(Persona("b", {"Age": "4"}, ("x",)))


def test_a_made_person_has_three_parts_that_its_seed_decides():
    person = MadePerson("p", {"age": 41, "sex": "female", "occupation": "nurse"}, "by hand")
    made = made_persona(person)
    assert made == made_persona(person)
    assert made.personal != made_persona(person, seed=1).personal
    assert made.social == {"Age": "41", "Sex": "female", "Job": "nurse"}
    assert len(BFI_2_S.items) == 30
    assert "as a nurse" in compile_profile(made).text


def test_statements_are_asked_again_and_repeats_left_out_over_http(server):
    ten = [f"I like thing number {i} of {'abcdefghij'[i]}" for i in range(10)]
    hidden = [
        "I fear the dark", "I am scared of darkness", "I sing alone", "I hate my boss", "I want a dog", "I owe money to a friend",
        "I dream of Norway", "I cheat at cards", "I miss my brother", "I cannot swim",
    ]  # fmt: skip
    server.behave(
        faults=[
            said({"open_self": ten[:3], "hidden_self": hidden}),
            said({"open_self": ten, "hidden_self": hidden}),
        ]
    )
    profile = compile_profile(ANA)
    found = twenty_statements(chat_model(server.model), profile)
    assert (len(found.open_self), len(found.hidden_self)) == (10, 10)
    assert found.digest == profile.digest
    assert server.saw()["calls"][0]["body"]["messages"][0]["content"] == profile.system
    twice = [*hidden[:9], hidden[0].upper()]
    server.behave(faults=[said({"open_self": ten, "hidden_self": twice})])
    assert len(twenty_statements(chat_model(server.model), profile).hidden_self) == 9
    server.behave(
        faults=[
            said({"open_self": [f"I have a red house {'.' * i}" for i in range(10)], "hidden_self": hidden})
        ]
    )
    alike = twenty_statements(chat_model(server.model), profile, encoder=home_encoder())
    assert len(alike.open_self) < 10
    server.behave(faults=[said("no")] * 6)
    with pytest.raises(ModelFailed, match="no 20 statements"):
        twenty_statements(chat_model(server.model), profile)


def test_a_judge_accepts_or_not_over_http(server):
    ten = [f"I like {i}" for i in range(10)]
    server.behave(faults=[said({"open_self": ten, "hidden_self": [f"I hate {i}" for i in range(10)]})])
    found = twenty_statements(chat_model(server.model), compile_profile(ANA))
    verdicts = [said({"accept": i % 2 == 0, "reason": "so"}) for i in range(18)]
    server.behave(faults=[*verdicts, said("?"), said("?"), said({"accept": True})])
    judged = judge_statements(chat_model(server.model), found, ANA)
    assert judged.unread == 1
    assert judged.share.value == pytest.approx(10 / 19)
    assert judged.share.low < 10 / 19 < judged.share.high


def test_judges_agree_beyond_chance():
    nothing = Accepted(None, 0, (True, True, False, False))
    assert judge_agreement(nothing, nothing) == 1.0
    other = Accepted(None, 1, (True, False, False, None))
    # two of three equal; shares 2/3 and 1/3: expected 4/9
    assert judge_agreement(nothing, other) == pytest.approx((2 / 3 - 4 / 9) / (5 / 9))
    assert np.isnan(judge_agreement(nothing, Accepted(None, 4, (None,) * 4)))


def test_who_is_guessed_over_http(server):
    answers = [{"character": "Ana Limas", "series": "The Sea"}, {"character": "Bea"}, "dunno", "dunno"]
    server.behave(faults=[said(answer) for answer in answers])
    model = chat_model(server.model)
    right, wrong, unread = (
        guess_who(model, compile_profile(ANA), character="Ana Lima", series="The Sea") for _ in range(3)
    )
    assert (right.is_right, right.is_series_right) == (True, True)
    assert (wrong.is_right, wrong.is_series_right) == (False, False)
    assert unread.is_right is None
