import copy
import json

import numpy as np
import pytest

from personae.errors import BadInput
from personae.models.encoder import CachedEncoder, home_encoder
from personae.models.strings import chat_model
from personae.people.records import Preference
from personae.preference.personafeedback import (
    ChoiceItem,
    CosineScorer,
    OverlapScorer,
    RewardHead,
    Wishes,
    crossed_scores,
    feedback_items,
    read_feedback,
    run_model,
    run_scorer,
    run_scores,
    wishes,
    with_personas,
)

ENCODER = CachedEncoder(home_encoder())
FOODS = (
    "fish",
    "nuts",
    "milk",
    "eggs",
    "corn",
    "rice",
    "garlic",
    "onions",
    "mustard",
    "celery",
    "honey",
    "pepper",
)


def item(food, other, avoids=True, place=0):
    """One who avoids a food, or wants it, beside another food."""
    persona = f"I avoid {food} in my meals." if avoids else f"I love {food} in my meals."
    fits, fails = (
        (f"a stew with {other}", f"a stew with {food}")
        if avoids
        else (f"a stew with {food}", f"a stew with {other}")
    )
    options = (fits, fails) if place == 0 else (fails, fits)
    return ChoiceItem(f"{food}-{other}-{avoids}", food, persona, "What shall I cook?", options, place)


def items(foods=FOODS):
    return [
        item(food, foods[(k + 1) % len(foods)], avoids=k % 2 == 0, place=(k // 2) % 2)
        for k, food in enumerate(foods)
    ]


def test_the_reward_learns_that_avoided_words_speak_against_and_wanted_words_for():
    head = RewardHead(encoder=ENCODER, n_directions=4).fit(items())
    for food in ("beans", "plums"):
        for avoids in (True, False):
            new = [item(food, "carrots", avoids)]
            assert run_scorer(head, new).right.tolist() == [1.0]
            assert run_scorer(CosineScorer(encoder=ENCODER), new).right.tolist() == [0.0 if avoids else 1.0]


def test_without_the_persona_the_reward_is_the_same_for_everyone():
    head = RewardHead(encoder=ENCODER, uses_persona=False, n_directions=4).fit(items())
    answers = [
        (persona, "What shall I cook?", "a stew with beans")
        for persona in ("I avoid beans.", "I love beans.", "")
    ]
    scores = head.scores(answers)
    assert np.ptp(scores) < 1e-9
    assert len(head.weights_) < len(RewardHead(encoder=ENCODER, n_directions=4).fit(items()).weights_)


def test_a_row_and_its_swap_are_each_others_complement():
    made = items()
    profiles = {each.person: each.persona for each in made}
    head = RewardHead(encoder=ENCODER, n_directions=4, profiles=profiles).fit(made)
    rows = [pair for each in made for pair in each.preferences()]
    swapped = [Preference(row.person, row.context, row.b, row.a, "b") for row in rows]
    np.testing.assert_allclose(head.prob(rows) + head.prob(swapped), 1.0)
    assert (head.prob(rows) > 0.5).mean() > 0.9


def test_fit_is_deterministic_leaves_its_input_and_needs_pairs():
    made = items()
    before = copy.deepcopy(made)
    first, second = (RewardHead(encoder=ENCODER, n_directions=4).fit(made).weights_ for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert made == before
    with pytest.raises(BadInput, match="two options"):
        RewardHead(encoder=ENCODER).fit([ChoiceItem("1", "p", "I avoid fish.", "?", ("only one",), 0)])
    with pytest.raises(BadInput, match="fit"):
        RewardHead(encoder=ENCODER).score("I avoid fish.", "?", "fish")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("I dislike horror films.", Wishes("horror films", "")),
        ("I prefer paper books over audio books.", Wishes("audio books", "paper books")),
        ("I strictly avoid wool because sheep suffer.", Wishes("wool", "")),
        ("", Wishes("", "")),
    ],
)
def test_what_is_avoided_is_told_from_what_is_wanted(said, expected):
    assert wishes(said) == expected


def test_orders_are_seeded_kept_and_undone():
    made = [ChoiceItem(str(i), "p", "", "?", ("x", "yy", "zzz"), 2) for i in range(40)]
    scores = [np.array([0.0, 1.0, 2.0])] * 40
    run = run_scores(scores, made, n_orders=2, random_state=3)
    assert run.right.tolist() == [1.0] * 40
    assert run.choices.consistency == 1.0
    for row, orders in enumerate(run.orders):
        assert sorted(orders[0]) == [0, 1, 2]
        assert orders[1] == orders[0][::-1]
        for turn in (0, 1):
            assert orders[turn][run.choices.positions[row, turn]] == run.choices.picks[row, turn]
    assert run.orders == run_scores(scores, made, n_orders=2, random_state=3).orders
    assert run.orders != run_scores(scores, made, n_orders=2, random_state=4).orders


def test_equal_scores_go_by_lot_and_not_to_the_option_that_stands_first_in_the_file():
    made = [ChoiceItem(str(i), "p", "", "?", ("x", "y"), 0) for i in range(400)]
    right = run_scores([np.zeros(2)] * 400, made, n_orders=1).right
    assert abs(right.mean() - 0.5) < 0.1


def test_a_persona_is_scored_by_a_reward_that_did_not_learn_from_it():
    seen = []

    def new(others):
        seen.append({each.person for each in others})
        return OverlapScorer()

    made = items()
    scores = crossed_scores(new, made, [made, with_personas(made, [""] * len(made))])
    assert all(len(each) == 2 for each in scores[0])
    assert all((each == 0).all() for each in scores[1])  # nothing shared with no persona
    assert all(any(food not in people for people in seen) for food in FOODS)


def test_a_forced_mention_is_what_the_overlap_counts():
    scorer = OverlapScorer()
    assert scorer.score("I bake rye bread", "?", "Since you bake: rye") > scorer.score(
        "I bake rye bread", "?", "Soup"
    )


LAYOUTS = [
    {
        "persona": "A baker.",
        "query": "Lunch?",
        "response_a": "Soup.",
        "response_b": "Rye bread.",
        "label": "B",
    },
    {
        "profile": {"work": "baker"},
        "question": "Lunch?",
        "chosen": "Rye bread.",
        "rejected": "Soup.",
        "writer": "m1",
    },
]


@pytest.mark.parametrize("row", LAYOUTS)
def test_released_rows_become_items(row):
    (found,) = feedback_items([row], "general", "hard")
    assert found.options[found.label] == "Rye bread."
    assert (found.track, found.tier) == ("general", "hard")
    assert found.preferences()[0].b == "Soup."
    assert found.meta.get("writer", "") == row.get("writer", "")


def test_the_released_folder_is_read_its_misspelt_track_too(tmp_path):
    for track, tier in (("spedific", "easy"), ("general", "hard")):
        folder = tmp_path / "data" / track
        folder.mkdir(parents=True)
        (folder / f"{tier}.jsonl").write_text(json.dumps(LAYOUTS[0]) + "\n")
    assert [(each.track, each.tier) for each in read_feedback(tmp_path)] == [
        ("specific", "easy"),
        ("general", "hard"),
    ]


def test_what_cannot_be_read_is_named_without_its_text(tmp_path):
    with pytest.raises(BadInput, match="No PersonaFeedback files"):
        read_feedback(tmp_path)
    (tmp_path / "general").mkdir()
    file = tmp_path / "general" / "easy.jsonl"
    file.write_text('{"character": "secret words", "query": "?", "chosen": "a", "rejected": "b"}\n')
    with pytest.raises(BadInput, match=r"Row 1 of easy.jsonl .* character") as caught:
        read_feedback(tmp_path)
    assert "secret" not in str(caught.value)
    assert read_feedback(tmp_path, fields={"persona": "character"})[0].persona == "secret words"
    file.write_text("{broken")
    with pytest.raises(BadInput, match=r"Line 1 of easy.jsonl"):
        read_feedback(tmp_path)


def test_a_chat_model_is_asked_in_both_orders_and_never_told_the_label():
    asked = []

    def reads_persona(messages):
        asked.append(messages[-1]["content"])
        return "A" if "(A) a stew with celery" in asked[-1] else "B"

    made = [
        ChoiceItem("1", "p", "I avoid mustard.", "Dinner?", ("a stew with mustard", "a stew with celery"), 1)
    ]
    run = run_model(chat_model("scripted", script=reads_persona), made)
    assert run.right.tolist() == [1.0]
    assert run.choices.consistency == 1.0
    assert len(asked) == 2
    assert all("I avoid mustard." in each and "[Persona]" in each for each in asked)
    asked.clear()
    run_model(chat_model("scripted", script=reads_persona), with_personas(made, [""]))
    assert all("Nothing is known" in each and "I avoid" not in each for each in asked)


def test_the_judge_over_http(server):
    made = [
        ChoiceItem(str(i), "p", "I avoid mustard.", f"Dinner {i}?", ("stew", "mustard soup"), 0)
        for i in range(3)
    ]
    run = run_model(chat_model(server.model), made)
    assert server.n_calls == 6
    assert run.choices.unparsed == 6  # the server repeats what it was told
    assert run.right.tolist() == [0.0] * 3
