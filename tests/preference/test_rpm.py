import copy
import json

import numpy as np
import pytest

from personae.errors import BadInput
from personae.models.encoder import CachedEncoder, home_encoder
from personae.models.strings import chat_model
from personae.people.records import Answer
from personae.preference.rpm import RPM, group_features, rate_by_examples, rate_by_reasoning
from personae.preference.rpm.asked import (
    Factor,
    factor_table,
    feature_prompt,
    path_prompt,
    rating_prompt,
)
from personae.preference.rpm.factors import influences
from personae.preference.rpm.features import FLAGS, flag_spans, kernel, matched, part_spans, read_views

pytest.importorskip("sklearn")
ENCODER = CachedEncoder(home_encoder())
OPENINGS = ("The soup was served", "A train came by", "Someone painted the fence", "The choir sang")
ENDINGS = ("before noon", "near the harbor", "with some care", "in the rain", "after the meeting")
TEXTS = [f"{opening} {ending}{mark}" for opening in OPENINGS for ending in ENDINGS for mark in (".", "!")]


def people(n=24, n_each=24, seed=0, loves=lambda person: person % 2 == 0):
    """Half of them rate a text with an exclamation mark high, the others low; half are two levels stricter."""
    random = np.random.default_rng(seed)
    rows = []
    for person in range(n):
        for text in random.permutation(TEXTS)[:n_each]:
            high = ("!" in text) == loves(person)
            level = 1 + person % 2 + 3 * high + int(random.random() < 0.1)
            rows.append(Answer(f"p{person}", str(text), float(min(level, 5))))
    return rows


def split(rows, n_history=16):
    """First so many rows of each person are history."""
    seen, parts = {}, ([], [])
    for row in rows:
        seen[row.person] = seen.get(row.person, 0) + 1
        parts[seen[row.person] > n_history].append(row)
    return parts


@pytest.fixture(scope="module")
def fitted():
    history, test = split(people())
    return RPM(encoder=ENCODER, vote_ridge=1.0).fit(history), history, test


def error(model, rows):
    found = model.predict([(row.person, row.item) for row in rows])
    return np.abs(found.level - [row.response for row in rows]).mean()


def test_what_moves_one_person_and_not_another_is_predicted(fitted):
    model, history, test = fitted
    levels = {}
    for row in history:
        levels.setdefault(row.person, []).append(row.response)
    of_habits = np.mean([abs(np.median(levels[row.person]) - row.response) for row in test])
    assert error(model, test) < 0.6 * of_habits


def test_another_persons_history_does_not_help(fitted):
    model, history, test = fitted
    other = copy.deepcopy(model)
    other.adapt_all([Answer(f"p{(int(row.person[1:]) + 1) % 24}", row.item, row.response) for row in history])
    assert error(other, test) > 1.5 * error(model, test)


def test_the_reasons_name_the_mark_with_its_sign_and_place(fitted):
    model = fitted[0]
    for person, sign in (("p0", 1), ("p1", -1)):
        first = model.reasons(person, "A train came by in the rain!")[0]
        assert first.factor == "exclamation"
        assert first.spans == ((27, 28),)
        assert np.sign(first.influence) == sign
        assert first.n > 3
        top = model.explain(person)[0]
        assert (top.factor, np.sign(top.influence), top.spans) == ("exclamation", sign, ())


def test_someone_unknown_rates_as_people_usually_do(fitted):
    model, history, _ = fitted
    found = model.predict([("nobody", TEXTS[0]), ("nobody", TEXTS[1])])
    usual = np.mean([row.response for row in history])
    assert abs(found.score - usual).max() < 0.8
    assert model.explain("nobody") == []
    assert model.reasons("nobody", "Well!")[0].n == 0


def test_chances_sum_to_one_and_levels_are_whole(fitted):
    model, _, test = fitted
    found = model.predict([(row.person, row.item) for row in test])
    np.testing.assert_allclose(found.probability.sum(axis=1), 1.0)
    assert set(found.level) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    assert ((found.score >= 1) & (found.score <= 5)).all()
    assert model.predict([]).probability.shape == (0, 5)


def test_a_person_met_anew_is_placed_by_their_own_ratings_and_forgotten(fitted):
    model, _, test = fitted
    model = copy.deepcopy(model)
    before = model.predict([("mira", TEXTS[1])]).score[0]
    shots = [Answer("mira", text, 5.0 if "!" in text else 1.0) for text in TEXTS[:20]]
    model.adapt("mira", shots)
    high, low = model.predict([("mira", TEXTS[31]), ("mira", TEXTS[30])]).score
    assert high > low + 1
    assert error(model, test) == error(fitted[0], test)
    model.forget("mira").forget("mira")
    assert model.predict([("mira", TEXTS[1])]).score[0] == before


def test_of_two_texts_the_one_rated_higher_is_expected_to_be_chosen(fitted):
    model, _, _ = fitted
    loud, plain = TEXTS[1], TEXTS[0]
    likes, dislikes = (model.prob(person, "", loud, plain) for person in ("p0", "p1"))
    assert likes.is_known
    assert likes.probability > 0.65 > 0.35 > dislikes.probability
    assert model.prob("p0", "", plain, loud).probability == pytest.approx(1 - likes.probability)
    assert model.prob("p0", "", loud, loud).probability == pytest.approx(0.5)
    levels = model.predict([("p0", loud), ("p0", plain)]).probability
    by_hand = sum(
        levels[0, i] * levels[1, j] * (1 if i > j else 0.5 * (i == j)) for i in range(5) for j in range(5)
    )
    assert likes.probability == pytest.approx(by_hand)
    assert np.isnan(likes.low)
    assert not model.prob("nobody", "", loud, plain).is_known


def test_a_person_placed_by_no_rating_is_unknown(fitted):
    model = copy.deepcopy(fitted[0])
    assert model.adapt("p0", []) is model
    assert model.explain("p0") == []
    unknown = model.predict([("nobody", TEXTS[0]), ("p0", TEXTS[0])]).score
    assert unknown[0] == unknown[1]


def test_fit_is_deterministic_and_leaves_its_input():
    rows = people(6, 12)
    before = copy.deepcopy(rows)
    first, second = (RPM(encoder=ENCODER).fit(rows).predict([("p0", TEXTS[3])]) for _ in range(2))
    np.testing.assert_array_equal(first.probability, second.probability)
    assert rows == before


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "No ratings"),
        ([Answer("p", "secret text", 7.0), Answer("p", "b", 1.0)], "Row 0 .* 1 to 5"),
        ([Answer("p", "a", 1.0), Answer("p", "secret text", float("nan"))], "Row 1 .* finite"),
        ([Answer("p", "secret text", 2.0), Answer("p", "b", 2.0)], "two levels"),
        ([Answer("p", "secret text", 2.0), Answer("p", "secret text", 3.0)], "two texts"),
    ],
)
def test_bad_ratings_are_named_by_row_and_never_quoted(rows, message):
    with pytest.raises(BadInput, match=message) as caught:
        RPM(encoder=ENCODER).fit(rows)
    assert "secret" not in str(caught.value)


def test_what_is_asked_too_early_or_of_the_wrong_person_is_said(fitted):
    with pytest.raises(BadInput, match="fit"):
        RPM(encoder=ENCODER).predict([("p", "text")])
    with pytest.raises(BadInput, match="somebody else"):
        fitted[0].adapt("mira", [Answer("lea", "a", 1.0)])


def test_a_person_with_one_rating_and_the_same_text_twice():
    rows = [
        *people(6, 12),
        Answer("one", TEXTS[0], 3.0),
        Answer("two", TEXTS[0], 1.0),
        Answer("two", TEXTS[0], 5.0),
    ]
    found = RPM(encoder=ENCODER).fit(rows).predict([("one", TEXTS[1]), ("two", TEXTS[1])])
    assert np.isfinite(found.score).all()


def test_influence_by_hand():
    """Two texts of deviation 2 and 1 beside ten of the prior: (3 + 10 * .5) / 12; a factor never seen keeps its prior."""
    has = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    found = influences(has, np.array([2.0, 1.0, -3.0]), np.array([0.5, -0.2]))
    assert found == pytest.approx([8 / 12, -0.2])


def test_parts_and_marks_stand_where_they_are_said_to():
    text = "We walked; THEN it rained, did it not?"
    assert [text[start:end] for start, end in part_spans(text)] == [
        "We walked",
        "THEN it rained",
        "did it not",
    ]
    found = flag_spans(text)
    assert {name: text[slice(*spans[0])] for name, spans in found.items()} == {
        "question": "?", "capitals": "THEN", "negation": "not", "we": "We",
    }  # fmt: skip
    assert part_spans("...") == [(0, 3)]


def test_texts_match_by_their_parts_in_any_order():
    views = read_views(
        ["I fed the cat, the bus was late", "the bus was late, I fed the cat", "Tax law; stamps"], ENCODER
    )
    alike = matched(views, views)
    assert alike[0, 1] > 0.999 > 0.5 > alike[0, 2]
    np.testing.assert_allclose(alike, alike.T, atol=1e-6)
    table = kernel(views, views, np.ones(len(FLAGS)))
    assert np.linalg.eigvalsh(table + 0.1 * np.eye(3)).min() > 0
    some = views.take(np.array([2, 0]))
    np.testing.assert_allclose(matched(some, views), alike[[2, 0]], atol=1e-6)


def test_planted_groups_of_parts_are_found():
    pets = [
        f"my {size} {pet} sleeps"
        for size in ("old", "small", "big", "young")
        for pet in ("cat", "dog", "kitten")
    ]
    taxes = [
        f"the {kind} tax law {verb}"
        for kind in ("new", "old", "strict")
        for verb in ("changed", "passed", "failed", "grew")
    ]
    found = group_features([*pets, *taxes], ENCODER)
    has = found.of(read_views([*pets, *taxes], ENCODER))[:, len(FLAGS) - 1 :]
    assert len(found.centers) == 2
    assert {tuple(row) for row in has[: len(pets)]} != {tuple(row) for row in has[len(pets) :]}
    assert len(group_features(["one text"], ENCODER).centers) == 0


HISTORY = [
    Answer("mira", "The fish was raw", 1.0),
    Answer("mira", "Warm bread all day", 5.0),
    Answer("mira", "Bread again", 4.0),
]
NEW = ["Fresh bread here"]
TASK = "how much they like a review, from 1 to 5"


def scripted(path_rating=None, factor="bread"):
    """A model that finds one feature a text, writes paths, and gives 5 to bread."""
    asked = []

    def answer(messages):
        said = messages[-1]["content"]
        asked.append(said)
        if "Which phrases" in said:
            return json.dumps(
                {"features": ["bread" if "bread" in said.lower().split("[text]")[1] else "raw fish"]}
            )
        if "[Their rating]" in said:
            given = int(said.split("[Their rating]\n")[1][0])
            return json.dumps({"path": "It has bread.", "factors": [factor], "rating": path_rating or given})
        return json.dumps({"path": "Bread.", "factors": ["bread"], "rating": 5})

    return chat_model("scripted", script=answer), asked


def test_the_prompts_hold_what_they_may_and_nothing_else():
    model, asked = scripted()
    found = rate_by_reasoning(model, ENCODER, HISTORY, NEW, task=TASK, n_examples=2)
    assert found.levels.tolist() == [5.0]
    assert found.factors == (Factor("bread", 2, 4.5, 1.0), Factor("raw fish", 1, 1.0, 0.0))
    assert found.kept_paths == 1.0
    features = [each for each in asked if "Which phrases" in each]
    assert len(features) == 4
    assert not any("Rating: " in each or "[Their rating]" in each for each in features)
    last = asked[-1]
    assert "It has bread." in last
    assert "Warm bread all day" in last
    assert "The fish was raw" not in last  # its features do not match
    assert "mean rating 4.5" in last


@pytest.mark.parametrize(("rating", "factor"), [(3, "bread"), (None, "the weather")])
def test_a_path_that_arrives_elsewhere_or_by_no_factor_is_left_out(rating, factor):
    model, asked = scripted(rating, factor)
    found = rate_by_reasoning(model, ENCODER, HISTORY, NEW, task=TASK, n_examples=2)
    assert found.kept_paths == 0.0
    assert "It has bread." not in asked[-1]
    assert "Rating: 5" in asked[-1]


def test_ratings_that_cannot_be_read_are_counted_and_not_guessed():
    model = chat_model("scripted", script=lambda messages: "fine")
    found = rate_by_reasoning(model, ENCODER, HISTORY, NEW, task=TASK)
    assert np.isnan(found.levels).all()
    assert found.outcomes["unparsed"] == 8
    high = chat_model("scripted", script=lambda messages: '{"path": "", "factors": [], "rating": 9}')
    assert np.isnan(rate_by_examples(high, None, HISTORY, NEW, task=TASK).levels).all()


def test_the_nearest_texts_or_none_are_shown():
    model, asked = scripted()
    rate_by_examples(model, ENCODER, HISTORY, NEW, task=TASK, n_examples=1)
    rate_by_examples(model, None, HISTORY, NEW, task=TASK)
    assert asked[0].count("[Example]") == 1
    assert "bread" in asked[0].split("[Example]")[1].lower()
    assert "[Example]" not in asked[1]


def test_the_whole_path_over_http(server):
    features = {
        feature_prompt(TASK, row.item): ["bread" if "read" in row.item else "raw fish"] for row in HISTORY
    }
    features[feature_prompt(TASK, NEW[0])] = ["bread"]
    table = factor_table([["raw fish"], ["bread"], ["bread"]], [1.0, 5.0, 4.0], ENCODER)
    answers = {prompt: json.dumps({"features": found}) for prompt, found in features.items()}
    asked = path_prompt(TASK, table, "Bread again", ["bread"], 4.0)
    answers[asked] = json.dumps({"path": "Bread, so high.", "factors": ["bread"], "rating": 4})
    asked = rating_prompt(TASK, NEW[0], table, ["Bread again\nBread, so high.\nRating: 4"])
    answers[asked] = json.dumps({"path": "Bread.", "factors": ["bread"], "rating": 5})
    server.behave(answers=answers)
    found = rate_by_reasoning(chat_model(server.model), ENCODER, HISTORY, NEW, task=TASK, n_examples=1)
    assert found.levels.tolist() == [5.0]
    assert found.kept_paths == 1.0
    assert server.n_calls == 6
