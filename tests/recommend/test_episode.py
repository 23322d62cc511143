"""Episodes: turns, answers, transcripts that are read back, and everyone who can answer."""

import json
from dataclasses import replace

import pytest

from personae.errors import BadInput
from personae.metrics.ranking import Lists
from personae.models.strings import chat_model
from personae.recommend import Items
from personae.recommend.answering import ModelAnswerer, Typing, Wanting
from personae.recommend.catalog import CatalogAsker, read_catalog
from personae.recommend.episode import Episode

COLORS, SIZES, MOODS = ("blue", "green", "red"), ("big", "small"), ("calm", "loud")


@pytest.fixture(scope="module")
def items():
    """Thirty-six invented things of a color, a size and a mood, three of each kind."""
    told = [(color, size, mood) for color in COLORS for size in SIZES for mood in MOODS for _ in range(3)]
    names = tuple(sorted({*COLORS, *SIZES, *MOODS}))
    owner = [place for place, own in enumerate(told) for _ in own]
    has = Lists.of(owner, [names.index(each) for own in told for each in own], n_people=len(told))
    return Items(tuple(map(str, range(len(told)))), names, has, tuple(f"thing {n}" for n in range(len(told))))


@pytest.fixture
def has(items):
    return {
        name: {items.attributes[each] for each in items.has.items_of(place)}
        for place, name in enumerate(items.ids)
    }


def test_what_is_wanted_is_found_and_the_path_can_be_read(items, has):
    for wanted in items.ids:
        episode = Episode(CatalogAsker(items)).run(Wanting(wanted, has, random_state=int(wanted)))
        assert episode.found == wanted
        lines = episode.lines()
        assert lines[0].removeprefix("begun with: ") in has[wanted]
        assert f"found thing {wanted}" in lines[-2]
        assert lines[-1].startswith("because you said ")
        named = (
            lines[-1]
            .removeprefix("because you said ")
            .split(" and not ")[0]
            .replace(" and ", ", ")
            .split(", ")
        )
        assert set(named) <= has[wanted]


def test_a_transcript_read_back_goes_on_as_an_undisturbed_one(items, has):
    def answerer():
        return Wanting("20", has, random_state=4)

    whole = Episode(CatalogAsker(items)).run(answerer())
    half = Episode(CatalogAsker(items))
    answers = [turn.answer for turn in whole.turns]
    for said in answers[:2]:
        half.tell(said)
    kept = json.loads(json.dumps(half.as_json()))
    again = Episode.of_json(kept, CatalogAsker(items))
    for said in answers[2:]:
        again.tell(said)
    assert again.turns == whole.turns
    assert again.as_json() == whole.as_json()
    assert again.move is None


def test_a_page_drives_it_turn_by_turn(items):
    episode = Episode(CatalogAsker(items), budget=3)
    state = episode.as_json()
    assert (state["move"]["kind"], state["found"], state["turns"]) == ("open", None, [])
    episode.tell("red")
    assert episode.as_json()["move"]["kind"] in ("ask", "show")
    with pytest.raises(BadInput, match="no answer to this"):
        episode.tell("perhaps")
    while episode.move is not None:
        episode.tell("" if episode.move.kind == "show" else "unsure")
    assert len(episode.turns) == 3
    with pytest.raises(BadInput, match="over"):
        episode.tell("yes")


def test_nothing_is_asked_or_shown_twice(items):
    episode = Episode(CatalogAsker(items), budget=40)
    while episode.move is not None:
        episode.tell("" if episode.move.kind != "ask" else "unsure")
    asked = [turn.move.ids[0] for turn in episode.turns if turn.move.kind == "ask"]
    shown = [item for turn in episode.turns if turn.move.kind == "show" for item in turn.move.ids]
    assert len(set(asked)) == len(asked)
    assert sorted(shown, key=int) == list(items.ids)


def test_liking_comes_first_before_anything_is_said(items):
    liking = [float(place == 17) for place in range(36)]
    episode = Episode(CatalogAsker(items, liking=liking), budget=2)
    episode.tell("")
    assert episode.move.kind == "show"
    assert episode.move.ids[0] == "17"


def test_wrong_answers_come_at_the_rate_asked_for_and_by_the_seed(items, has):
    asker = CatalogAsker(items)
    move = asker.next([*Episode(asker, 2).turns])
    assert Wanting("0", has, random_state=1).answer(move) == Wanting("0", has, random_state=1).answer(move)
    asked = type(move)("ask", ("blue",), ("blue",))
    liar = Wanting("0", has, flip=0.25, random_state=0)
    assert 0.2 < sum(liar.answer(asked) == "no" for _ in range(2000)) / 2000 < 0.3
    with pytest.raises(BadInput, match="nobody can want"):
        Wanting("none", has)
    with pytest.raises(BadInput, match="flip=2"):
        Wanting("0", has, flip=2)


def test_a_language_model_answers_in_types_and_what_cannot_be_read_is_counted(items, has):
    asked = []

    def answer(messages):
        said = messages[-1]["content"]
        asked.append(said)
        if "What you look for" in said or "true of what you look for:" in said:
            name = said.split("look for: ")[-1].split(".")[0]
            return json.dumps({"answer": "yes" if name in has["20"] else "no"})
        lines = [line for line in said.splitlines() if line[:1].isdigit()]
        number = next(
            (
                line.split(".")[0]
                for line in lines
                if line.split(". ")[1] in {"thing 20", *sorted(has["20"])[:1]}
            ),
            "0",
        )
        return json.dumps({"number": int(number)})

    model = ModelAnswerer(chat_model("scripted", script=answer), "something like thing 20")
    assert Episode(CatalogAsker(items)).run(model).found == "20"
    assert model.n_unread == 0
    assert all("You look for: something like thing 20" in said for said in asked)
    vague = ModelAnswerer(chat_model("scripted", script=lambda messages: "Who knows?"), "x")
    episode = Episode(CatalogAsker(items), budget=4).run(vague)
    assert {turn.answer for turn in episode.turns} <= {"unsure", ""}
    assert vague.n_unread == 4


def test_typing_is_read_whatever_its_case_and_asked_again_where_it_cannot_be(items):
    lines = iter(["maybe\n", "RED\n", "what\n", "Y\n", "q\n"])
    shown = []
    episode = Episode(CatalogAsker(items)).run(Typing(lambda: next(lines), shown.append))
    assert episode.turns[0].answer == "red"
    assert {turn.answer for turn in episode.turns[1:]} <= {"yes"}
    assert episode.move is not None
    assert any(line.startswith("Type ") for line in shown)
    assert Episode(CatalogAsker(items)).run(Typing(lambda: "", shown.append)).turns == []


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ([], "No episode"),
        ({"budget": 0, "turns": []}, "1 or more"),
        ({"budget": True, "turns": []}, "No episode"),
        ({"budget": 3, "turns": [{}]}, "Turn 1: not a move"),
        (
            {
                "budget": 3,
                "turns": [{"move": {"kind": "ask", "ids": [], "labels": [], "because": []}, "answer": "yes"}],
            },
            "Turn 1: a move needs ids",
        ),
        (
            {
                "budget": 3,
                "turns": [
                    {"move": {"kind": "ask", "ids": ["a"], "labels": ["a"], "because": []}, "answer": "x"}
                ],
            },
            "Turn 1",
        ),
    ],
)
def test_transcripts_that_are_none_are_refused(items, kept, said):
    with pytest.raises(BadInput, match=said):
        Episode.of_json(kept, CatalogAsker(items))


def test_a_transcript_about_another_catalog_is_refused_by_its_turn(items, has):
    whole = Episode(CatalogAsker(items)).run(Wanting("20", has, random_state=4)).as_json()
    last = len(whole["turns"])
    fewer = Items(
        items.ids[:20], items.attributes, Lists.of(*items.has.pairs(0, 20), n_people=20), items.texts[:20]
    )
    renamed = replace(items, attributes=tuple(f"a {each} one" for each in items.attributes))
    retitled = replace(items, texts=tuple(f"new {each}" for each in items.texts))
    for other, turn in ((fewer, last), (renamed, 1), (retitled, last)):
        with pytest.raises(BadInput, match=f"Turn {turn}: names what this catalog does not have"):
            Episode.of_json(whole, CatalogAsker(other))
    assert Episode.of_json(whole, CatalogAsker(items)).found == "20"


@pytest.mark.parametrize("liking", [[1.0] * 35, [1.0] * 35 + [float("nan")], "high", [["x"]] * 36])
def test_a_liking_that_is_not_a_number_an_item_is_refused(items, liking):
    with pytest.raises(BadInput, match="one finite number for each of the catalog's 36 items"):
        CatalogAsker(items, liking=liking)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no items"),
        ("[]\n", "row 1"),
        ('{"item": 1}\n{"title": "x"}\n', "row 2"),
        ('{"item": 1, "attributes": "red"}\n', "row 1: `attributes`"),
        ('{"item": 1}\n\n{"item": "1"}\n', "row 3: an item that has a row"),
        ('{"item": 1}\n{"item": null}\n', "row 2: not a JSON object with `item`"),
        ('{"item": 1}\n{"item": " "}\n', "row 2: not a JSON object with `item`"),
        ('{"item": 1}\n{"item', "row 2: not a JSON object with `item`"),
    ],
)
def test_catalogs_that_cannot_be_read_are_named_by_file_and_row(tmp_path, text, said):
    path = tmp_path / "things.jsonl"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"things\.jsonl.*" + said):
        read_catalog(path)


def test_a_catalog_without_attributes_cannot_be_asked_about(tmp_path):
    path = tmp_path / "things.jsonl"
    path.write_text('{"item": 1, "title": "A"}\n\n{"item": 2, "attributes": []}\n')
    read = read_catalog(path)
    assert (read.ids, read.texts) == (("1", "2"), ("A", "2"))
    with pytest.raises(BadInput, match="nothing to ask"):
        CatalogAsker(read)
    with pytest.raises(BadInput, match="no such file"):
        read_catalog(tmp_path / "none.jsonl")
    with pytest.raises(BadInput, match="a folder"):
        read_catalog(tmp_path)
