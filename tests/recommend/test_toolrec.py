"""ToolRec: what may be said, what is remembered, a list that is always valid, and tools that go by attributes."""

import json
from dataclasses import replace

import numpy as np
import pytest

from personae.errors import BadInput, UnknownName
from personae.metrics.ranking import Lists
from personae.models.chat import Reply
from personae.models.cost import Price
from personae.models.strings import Scripted, chat_model
from personae.recommend import Items, Plan, SASRec, ToolRec, interactions
from personae.recommend.toolrec import (
    Finish,
    ModelSurrogate,
    Rerank,
    Retrieve,
    Session,
    Weights,
    concentration,
    expected_cost,
    kind_of,
    play,
    read_turn,
)
from personae.recommend.toolrec.fusion import fuse, reciprocal, reciprocal_of, tuned
from personae.recommend.toolrec.session import Found

N = 3
FILMS = tuple(f"f{number}" for number in range(12))
TITLES = (
    *(f"Calm, part {number} (1990)" for number in range(6)),
    *(f"Loud {number} (2000)" for number in range(6)),
)
CATALOG = Items(
    FILMS,
    ("mood: calm", "mood: loud", "year: 1990", "year: 2000"),
    Lists.of(np.repeat(np.arange(12), 2), [0, 2] * 6 + [1, 3] * 6, n_people=12),
    TITLES,
)


class Letters:
    """Vectors that count letters: texts that share some are near."""

    def encode(self, texts):
        counts = np.array(
            [[text.count(letter) for letter in "acdlmou129"] for text in texts], dtype=np.float32
        )
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def crowd():
    random = np.random.default_rng(0)
    rows = [(f"p{p}", FILMS[film + 6 * (p % 2)]) for p in range(30) for film in random.permutation(6)[:4]]
    people, films = zip(*rows, strict=True)
    return interactions(people, films, catalog=FILMS)


@pytest.fixture(scope="module")
def fitted():
    small = {"size": 8, "length": 6, "n_layers": 1, "n_heads": 1, "n_others": 0, "dropout": 0.0}
    base = SASRec(**small, plan=Plan(n_epochs=15, batch_size=16, rate=0.02))
    tools = ToolRec(
        base=base, encoder=Letters(), n_others=0, dropout=0.0, plan=Plan(n_epochs=3, batch_size=16, rate=0.01)
    )
    return tools.fit(crowd(), CATALOG)


@pytest.fixture
def session(fitted):
    """Somebody who had f0 and f1, and is to get three others."""
    return next(fitted.sessions(Lists.of([0, 0], [0, 1], n_people=1), n=N, people=("ana",)))


def with_words(*said):
    """A surrogate whose model says these, the last one again and again."""

    def answer(messages, left=list(said)):  # noqa: B006
        return left.pop(0) if len(left) > 1 else left[0]

    return ModelSurrogate(Scripted(answer))


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ("Thought 1: so.\nAction 1: Retrieve[genre, 20]", Retrieve("genre", 20)),
        ("retrieve[ None , $5 ]", Retrieve("None", 5)),
        (
            "**Action 2:** `Rerank['people in it', 10]`\nObservation 2: made up Finish[1]",
            Rerank("people in it", 10),
        ),
        ("<think>Finish[1]? Not yet.</think>Retrieve[year, 7]", Retrieve("year", 7)),
        ("Finish[1, 2 ,3]", Finish(("1", "2", "3"))),
        ('Finish[["1", "2"]]', Finish(("1", "2"))),
        (
            "Finish[\n1, Calm, part 1 (1990), 0.4\n2, Loud\n]",
            Finish(("1, Calm, part 1 (1990), 0.4", "2, Loud")),
        ),
        ("Finish[Calm, part 1 (1990); Loud]", Finish(("Calm, part 1 (1990)", "Loud"))),
        ("Finish[", Finish(())),
    ],
)
def test_actions_are_read_from_what_models_write(said, action):
    assert read_turn(said).action == action


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("", "no action"),
        ("I would look for a western.", "no action"),
        ("<think>Retrieve[genre, 5] or rather", "does not end"),
        ("Action 1: Retrieve[genre]", "another form"),
        ("Rerank[genre, many]", "another form"),
        ("Retrieve[genre, 0]", "1 to 100"),
        ("Retrieve[genre, 101]", "1 to 100"),
    ],
)
def test_what_is_no_action_is_said_without_quoting(said, problem):
    turn = read_turn(said)
    assert turn.action is None
    assert problem in turn.problem
    assert "western" not in turn.problem


def test_shares_taste_and_likelihood_by_hand():
    """Item x is calm, y calm and loud, z nothing; somebody had x, y, z: 1.5 calm of 2, drawn by two items of a crowd at 1/2."""
    items = Items(("x", "y", "z"), ("mood: calm", "mood: loud"), Lists.of([0, 1, 1], [0, 0, 1], n_people=3))
    kind, had, even = kind_of(items, "mood"), Lists.of([0, 0, 0], [0, 1, 2], n_people=2), np.array([0.5, 0.5])
    assert kind.shares(had).tolist() == [[0.75, 0.25], [0, 0]]
    taste = kind.taste(had, even, prior=2)
    assert taste[0] == pytest.approx([(3 * 0.75 + 1) / 5, (3 * 0.25 + 1) / 5])
    assert taste[1].tolist() == [0.5, 0.5]
    high, low = np.log(taste[0] / 0.5)
    assert kind.likelihood(taste, even)[0] == pytest.approx([high, (high + low) / 2, 0])
    assert concentration(taste, even) == pytest.approx([0.65 * np.log(1.3) + 0.35 * np.log(0.7), 0])
    with pytest.raises(UnknownName, match="mood"):
        kind_of(items, "color")


def test_fusion_by_hand():
    """Two lists, offset 1: x is first and third, y second and first; z is in one list, w in none."""
    plain = reciprocal(np.array([[9.0, 8.0, 7.0, -np.inf]]), 1, 2)
    assert plain.tolist() == [[1 / 2, 1 / 3, 0, 0]]
    tool = reciprocal_of(np.array([1, 2, 0]), 4, 1)
    assert tool.tolist() == [[1 / 4, 1 / 2, 1 / 3, 0]]
    fused = fuse(plain, tool, np.log([[1.0, 4.0, 9.0, 5.0]]), Weights(tool=2.0, likelihood=0.5, offset=1.0))
    x, y, z = 1 / 2 + 2 / 4, 1 / 3 + 2 / 2, 2 / 3
    assert fused[0] == pytest.approx([x, y * 2, z * 3, 0])
    alone = fuse(plain, tool, np.zeros((1, 4)), Weights(0.0, 0.0, 1.0))
    assert np.argsort(-alone[0]).tolist() == [0, 1, 2, 3]
    assert (alone[0] > 0).tolist() == [True, True, True, False]


def test_weights_follow_the_list_that_holds_what_is_wanted():
    random = np.random.default_rng(0)
    good, bad = np.zeros((40, 30)), random.random((40, 30))
    likely = np.zeros((40, 30))
    wanted = random.integers(0, 30, 40)
    good[np.arange(40), wanted] = likely[np.arange(40), wanted] = 1
    held = Lists.of(np.arange(40), wanted, n_people=40)
    assert tuned(bad, good, np.zeros((40, 30)), held, depth=20).tool == 1.0
    assert tuned(good, bad, np.zeros((40, 30)), held, depth=20).tool == 0.0
    assert tuned(bad, bad, likely, held, depth=20).likelihood == 0.5
    assert tuned(bad, bad, -likely, held, depth=20).likelihood == 0.0


def test_the_rule_lists_what_is_like_the_history_and_says_why(fitted):
    told = fitted.choose(["f0", "f1", "f2"], n=N, person="ana")
    assert told.ending == "finished"
    assert set(told.items) == {"f3", "f4", "f5"}
    assert (told.n_retrieved, told.n_calls, told.n_turned_down) == (2, 0, 0)
    kinds = [type(step.action) for step in told.steps]
    assert kinds == [Retrieve, Retrieve, Rerank, Finish]
    text = str(told)
    assert "Action 1: Retrieve[None, 100]" in text
    assert "Calm, part 3 (1990)" in text
    assert "calm is" in told.steps[1].thought or "1990 is" in told.steps[1].thought


def test_the_list_is_what_the_scores_order(fitted):
    """In the whole catalog for somebody who had nothing, tool by tool and at once."""
    nobody = Lists.of([], [], n_people=1)
    told = next(fitted.play(nobody, fitted.rule(), n=10))
    best = np.argsort(-fitted.score(fitted.place(nobody))[0], kind="stable")[:10]
    assert told.items == tuple(FILMS[each] for each in best)


def test_a_tool_begins_as_its_base_and_learns_beside_it(fitted):
    base, tool = fitted.base_, fitted.tools_["mood"]
    histories = crowd().lists()
    fresh = replace(tool, plan=Plan(n_epochs=0)).fit(crowd(), CATALOG)
    assert fresh.score(fresh.place(histories)) == pytest.approx(base.score(base.place(histories)), abs=1e-5)
    assert not np.allclose(tool.score(tool.place(histories)), base.score(base.place(histories)), atol=1e-3)
    assert np.array_equal(tool.table_[:, :8], base.table_)


def test_a_tool_needs_a_base_fitted_on_its_catalog(fitted):
    tool = fitted.tools_["mood"]
    with pytest.raises(BadInput, match="fit the base first"):
        replace(tool, base=SASRec(size=8, length=6)).fit(crowd(), CATALOG)
    with pytest.raises(BadInput, match="size 8 and length 6"):
        replace(tool, size=4).fit(crowd(), CATALOG)
    with pytest.raises(BadInput, match="no attributes"):
        fitted.clone().fit(crowd())
    with pytest.raises(BadInput, match="depth of 101"):
        replace(fitted, depth=101).fit(crowd(), CATALOG)


def test_a_fitted_base_stays_as_it_is(fitted):
    again = replace(fitted, base=fitted.base_, plan=Plan(n_epochs=1)).fit(crowd(), CATALOG)
    assert again.base_ is fitted.base_


def test_items_without_attributes_are_listed_all_the_same(fitted):
    """The last film has none."""
    kept = CATALOG.has.counts().copy()
    bare = replace(
        CATALOG,
        has=Lists(np.append(CATALOG.has.starts[:-1], CATALOG.has.starts[-2]), CATALOG.has.items[: -kept[-1]]),
    )
    tools = fitted.clone().fit(crowd(), bare)
    assert len(tools.choose(["f0"], n=11).items) == 11


GOOD = "Thought: by mood.\nAction: Retrieve[mood, 5]"
MISBEHAVING = {
    "malformed": ("Thought: hm.\nAction: Retrieve genre please",),
    "endless": ("<think>" + "and then again " * 3000,),
    "silent": ("",),
    "unknown attribute": ("Retrieve[director, 5]",),
    "unknown id": (GOOD, "Finish[x1, x2, x3]"),
    "too short": (GOOD, "Finish[f2]"),
    "too long": (GOOD, "Finish[f2, f3, f4, f5, f6, f7]"),
    "twice": (GOOD, "Finish[f2, f2, f3]"),
    "repeated": (GOOD,),
    "of the history": (GOOD, "Finish[f0, f1, f2]"),
    "order first": ("Rerank[mood, 3]",),
    "order unread": (GOOD, "Rerank[mood, 3]", "they are all fine"),
    "short lists": ("Retrieve[mood, 1]", "Retrieve[mood, 2]"),
    "finish at once": ("Finish[f2, f3, f4]",),
    "closing at once": ("Finish[]",),
}


@pytest.mark.parametrize("said", MISBEHAVING.values(), ids=MISBEHAVING)
def test_the_list_is_valid_whatever_the_model_does(session, said):
    told = play(session, with_words(*said))
    assert len(told.items) == len(set(told.items)) == N
    assert set(told.items) <= set(FILMS) - {"f0", "f1"}
    assert told.ending != "finished"
    assert told.n_turned_down
    assert len(told.steps) == 7
    assert told.n_calls <= 14


def test_what_is_turned_down_is_said_and_can_be_mended(session):
    """A list with one of the history, one unknown, one twice; then one by titles and lines, from the pool."""
    ids = [f"f{each}" for each in session.fresh().retrieve("mood", 5).items]
    model = with_words(GOOD, GOOD.replace("mood", "Mood"), f"Finish[f0, x, {ids[0]}, {ids[0]}]",
                       f"Finish[{ids[0]}; {TITLES[int(ids[1][1:])]}; {ids[2]}, any title, 0.3]")  # fmt: skip
    told = play(session, model)
    assert told.ending == "finished"
    assert told.items == tuple(ids[:3])
    assert "same call as in round 1" in told.steps[1].observation
    assert "1 had before; 1 never retrieved; 1 named twice" in told.steps[2].observation
    assert told.n_retrieved == 1


def test_the_latest_list_that_is_long_enough_is_walked_back_to(session):
    told = play(
        session, with_words("Retrieve[mood, 5]", "Retrieve[None, 4]", "Retrieve[year, 2]", "nothing more")
    )
    assert told.ending == "walked back to round 2"
    assert told.items == tuple(FILMS[each] for each in told.steps[1].found.items[:N])


def test_an_action_that_is_missing_is_asked_for_with_the_thought_fixed(session):
    seen = []

    def answer(messages):
        seen.append(messages[-1]["content"])
        return " They like it calm." if len(seen) == 1 else "Retrieve[mood, 3]"

    said = ModelSurrogate(Scripted(answer)).say(session)
    assert read_turn(said) == read_turn("They like it calm.\nRetrieve[mood, 3]")
    assert seen[1].endswith("Thought 1: They like it calm.\nAction 1:")


def test_a_model_orders_what_was_retrieved_and_nothing_else(session):
    session.steps = play(session.fresh(), with_words("Retrieve[mood, 4]", "")).steps[:1]
    pool = [FILMS[each] for each in session.pool()]
    model = with_words(json.dumps({"ids": [pool[2], "f0", "x", pool[0], pool[2]]}))
    assert [FILMS[each] for each in model.rerank(session, "mood", 5).items] == [pool[2], pool[0]]
    assert model.outcomes.as_json()["answered"] == 1


def test_the_profile_is_the_history_and_more_only_if_asked(session):
    seen = []

    def answer(messages):
        seen.append(messages)
        return Reply("", refusal="I will not.")

    play(session.fresh(), ModelSurrogate(Scripted(answer)))
    play(session.fresh(), ModelSurrogate(Scripted(answer), about="The person is 24 years old."))
    history, told = (each[-1]["content"] for each in (seen[0], seen[-1]))
    assert "ID f1, Calm, part 1 (1990), mood: calm, year: 1990" in history
    assert "24 years" not in history
    assert told.startswith("The person is 24 years old.\nWhat they liked")


def test_costs_are_known_before_spending(fitted):
    sessions = list(fitted.sessions(crowd().lists(), n=N))[:5]
    spent = expected_cost(sessions, fitted.rule(), price=Price(1.0, 2.0))
    assert spent.calls == 5 * 5
    assert spent.prompt_tokens > 5 * 5 * 300
    assert spent.usd
    assert spent.is_estimate
    assert not sessions[0].steps


def test_a_group_moves_the_taste_it_is_given_for(fitted):
    session = next(fitted.sessions(Lists.of([0], [0], n_people=1), n=N))
    loud = {name: np.where(np.arange(2) == 1, 0.98, 0.02) for name in fitted.kinds_}
    plain, group = (
        fitted.rule(each).taste(fitted.kinds_["mood"], session.history)[0] for each in (None, loud)
    )
    assert group[1] > plain[1]


def test_more_than_the_catalog_holds_is_refused(fitted):
    with pytest.raises(BadInput, match="the 1 items of the catalog"):
        fitted.choose(list(FILMS[:11]), n=2)
    with pytest.raises(BadInput, match="from 1 to 100"):
        fitted.choose([], n=0)
    assert fitted.choose(list(FILMS[:11]), n=1).items == ("f11",)


def test_a_server_plays_the_person(fitted, server):
    """Over HTTP: the second round's prompt holds what the first one retrieved; the same run again comes from the recording."""
    scores = fitted.choose(["f0", "f1"], with_words(GOOD, ""), n=N)
    ids = [FILMS[each] for each in scores.steps[0].found.items[:N]]

    def answers(prompts):
        server.behave(answers=dict(zip(prompts, (GOOD, f"Action: Finish[{', '.join(ids)}]"), strict=False)))

    def asked():
        return [call["body"]["messages"][-1]["content"] for call in server.saw()["calls"]]

    prompts = []
    for _ in range(2):
        answers(prompts)
        told = fitted.choose(["f0", "f1"], ModelSurrogate(chat_model(server.model)), n=N, person="ana")
        prompts = list(dict.fromkeys([*prompts, asked()[len(prompts)]]))
    answers(prompts)
    told = fitted.choose(["f0", "f1"], ModelSurrogate(chat_model(server.model)), n=N, person="ana")
    assert told.ending == "finished"
    assert told.items == tuple(ids)
    assert told.n_calls == 2
    assert f"{ids[0]}, " in asked()[1]
    assert server.saw()["calls"][0]["body"]["stop"] == ["\nObservation 1:"]


def test_a_session_without_titles_names_ids():
    items = replace(CATALOG, texts=())
    session = Session(items, np.array([0]), 2, ("mood",), lambda attribute, k: Found(np.arange(1, 1 + k)))
    assert session.told(Found(np.array([3, 4])), 1) == "f3, f3\n… and 1 more"
