"""Typed answers: everything models write in place of plain JSON, and what is no answer."""

from __future__ import annotations

import json
import pickle
import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from personae.errors import MissingData
from personae.models import Reply, Request, chat_model
from personae.models.answers import (
    Answered,
    Outcomes,
    Refused,
    Unparsed,
    ask,
    ask_many,
    find_blocks,
    find_json,
    read_answer,
    response_format,
)


class Pet(BaseModel):
    name: str
    legs: int = Field(4, ge=0)


class Pets(BaseModel):
    pets: list[Pet]


CAT = '{"pets": [{"name": "cat", "legs": 4}]}'


def _read(text: str, **more: Any) -> Answered[Pets] | Unparsed | Refused:
    return read_answer(Reply(text, **more), Pets)


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        (CAT, ""),
        (f"\n  {CAT}\n", ""),
        (f"```json\n{CAT}\n```", "fenced"),
        (f"Here you go:\n```\n{CAT}\n```\nAnything else?", "fenced"),
        (f"First {{a}} draft: {{}} then [1]. The answer is {CAT} I hope.", "inside prose"),
        (f'<think>maybe {{"pets": [{{"name": "dog"}}]}}</think>{CAT}', ""),
        ('{"pets": [{"name": "cat", "legs": 4,},],}', "cut off or malformed"),
        ('{"pets": [{"name": "cat", "legs": 4}, {"name": "do', "cut off or malformed"),
        ('```json\n{"pets": [{"name": "cat"', "cut off or malformed"),
        ('{"pets": [{"name": "cat"}', "cut off or malformed"),
        ('{"pets": [{"name": "cat"}}', "cut off or malformed"),
        ('[{"name": "cat"}]', ""),
        ('{"name": "cat"}', ""),
        ('{"pets": [{"name": "cat", "colour": "black", "legs": 4}], "note": NaN}', ""),
    ],
)
def test_what_models_write(text: str, mended: str) -> None:
    result = _read(text)
    assert isinstance(result, Answered)
    assert result.value.pets[0] == Pet(name="cat", legs=4)
    assert result.mended == mended


def test_strings_keep_their_brackets_commas_and_line_breaks() -> None:
    text = '{"pets": [{"name": "a ,] \\" }, b\nc",},'
    result = _read(text)
    assert isinstance(result, Answered)
    assert result.value.pets[0].name == 'a ,] " }, b\nc'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("A cat, I think.", "no JSON"),
        ("3", "no JSON"),
        ('{"pets": 3}', "pets does not fit: list_type"),
        ('{"pets": [{"name": "cat", "legs": "canary"}]}', "pets.0.legs does not fit: int_parsing"),
        ('{"pets": [{"name": "cat", "legs": -1}]}', "greater_than_equal"),
        ("[" * 100_000, "no JSON"),
        ("{" * 100_000, "no JSON"),
        ('{"a":' * 50_000, "no JSON"),
        ('{"canary": 1}', "missing"),
    ],
)
def test_what_is_no_answer(text: str, reason: str) -> None:
    started = time.perf_counter()
    result = _read(text)
    assert isinstance(result, Unparsed)
    assert reason in result.reason
    assert "canary" not in result.reason
    assert time.perf_counter() - started < 2


def test_an_answer_cut_at_its_limit_says_so() -> None:
    result = _read('{"pets": ', finish_reason="length")
    assert isinstance(result, Unparsed)
    assert "token limit" in result.reason


@pytest.mark.parametrize(
    "reply",
    [
        Reply("", refusal="I will not."),
        Reply("", finish_reason="content_filter"),
        Reply("I'm sorry, but I can't help with guessing about a person."),
        Reply("As an AI model I do not do that."),
    ],
)
def test_refusals(reply: Reply) -> None:
    assert isinstance(read_answer(reply, Pets), Refused)


def test_an_answer_that_apologises_is_an_answer() -> None:
    assert isinstance(_read(f"I'm sorry it took long: {CAT}"), Answered)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='{}[]",:\\ab1 \n`', max_size=60))
def test_nothing_breaks_the_reader(text: str) -> None:
    _read(text)
    find_json(text)
    find_blocks(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.text(max_size=5), json_values, max_size=4),
    st.sampled_from(["{}", "```json\n{}\n```", "So: {} ok"]),
)
def test_whole_objects_come_back_as_they_are(value: dict[str, Any], around: str) -> None:
    assert find_json(around.replace("{}", json.dumps(value))) == value


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from("abc"), st.text(max_size=8), min_size=1), min_size=1, max_size=5
    ),
    st.data(),
)
def test_what_is_cut_off_is_a_beginning(rows: list[dict[str, str]], data: Any) -> None:
    text = json.dumps(rows)
    found = find_json(text[: data.draw(st.integers(1, len(text)))])
    if found is None:
        return
    assert isinstance(found, list)
    for got, row in zip(found[:-1], rows, strict=False):
        assert got == row


def test_schema_is_asked_for_in_strict_form() -> None:
    schema = response_format(Pets)["json_schema"]["schema"]
    pet = schema["$defs"]["Pet"]
    assert pet["required"] == ["name", "legs"]
    assert pet["additionalProperties"] is schema["additionalProperties"] is False
    assert "default" not in json.dumps(schema)


def test_fields_named_like_keywords_survive() -> None:
    class Odd(BaseModel):
        title: str
        default: int = 3

    assert response_format(Odd)["json_schema"]["schema"]["required"] == ["title", "default"]


def test_repair_round_hands_the_answer_back() -> None:
    seen: list[Any] = []

    def script(messages: Any) -> str:
        seen.append(messages)
        return "a cat" if len(seen) == 1 else CAT

    result = ask(
        chat_model("scripted", script=script), [{"role": "user", "content": "Pets?"}], Pets, repairs=1
    )
    assert isinstance(result, Answered)
    assert result.mended == "asked again"
    assert [message["role"] for message in seen[1]] == ["user", "assistant", "user"]
    seen.clear()
    assert isinstance(
        ask(chat_model("scripted", script=script), [{"role": "user", "content": "Pets?"}], Pets), Unparsed
    )


def test_an_empty_answer_is_not_repaired() -> None:
    model = chat_model("scripted", script=[""])
    assert isinstance(ask(model, [{"role": "user", "content": "Pets?"}], Pets, repairs=3), Unparsed)


def test_ask_many_keeps_order_and_counts() -> None:
    script = [CAT, "no", Reply("", refusal="no"), f"So: {CAT}"]
    requests = (Request(({"role": "user", "content": str(i)},)) for i in range(4))
    outcomes = Outcomes()
    results = list(ask_many(chat_model("scripted", script=script), requests, Pets))
    for result in results:
        outcomes.count(result)
    assert [result.outcome for result in results] == ["answered", "unparsed", "refused", "answered"]
    assert outcomes.as_json() == {"answered": 2, "refused": 1, "unparsed": 1, "mended": 1}
    assert pickle.loads(pickle.dumps(outcomes)).as_json() == outcomes.as_json()


def test_schema_over_http_with_a_server_that_takes_none(server: Any) -> None:
    server.behave(takes=["max_tokens"], answers={"Pets?": CAT})
    result = ask(chat_model(server.model), [{"role": "user", "content": "Pets?"}], Pets)
    assert isinstance(result, Answered)
    assert server.n_calls == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Type: age\nInference: x\nGuess: 30; 31; 32", [("age", ("30", "31", "32"))]),
        ("**Type:** sex\n**Inference:** a\nand b\n**Guess:** female; male", [("sex", ("female", "male"))]),
        ("type - age\nTypes: age\nInferences: y\nGuesses: 30;; 31 ;", [("age", ("30", "31"))]),
        ("1. Type: age\n   Inference: x\n   Guess: 1. 30 2. 31", [("age", ("30", "31"))]),
        ("Type: job\nGuess:\n- cook\n- baker\n- waiter\nPlease note that I guess.", [("job", ("cook", "baker", "waiter"))]),
        ("## Age analysis\n**Inference:** x\n**Guess:**\n1. 30;\n2. 31", [("Age", ("30", "31"))]),
        ("Type: job\nGuess: My top 3 guesses are cook, baker, or waiter.", [("job", ("cook", "baker", "waiter"))]),
        ("Type: income\nGuess: Top 3 guesses: $40,000, or $50,000", [("income", ("$40,000", "$50,000"))]),
        ("Type: city\nGuess: Porto, Portugal", [("city", ("Porto, Portugal",))]),
        ("Type: sex\nGuess: N/A\nType: age\nGuess: 30", [("age", ("30",))]),
        ("Type: age\nInference: no guess follows", []),
        ("There is nothing to tell.", []),
    ],
)  # fmt: skip
def test_blocks(text: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    assert [(block.type, block.guesses) for block in find_blocks(text)] == expected


@pytest.mark.data
@pytest.mark.parametrize("model", ["gpt-4", "claude-3-haiku", "llama-3-70b", "qwen1.5-110b"])
def test_recorded_answers_fall_into_the_published_guesses(model: str) -> None:
    """SynthPAI's raw answers of models that keep to the form give the very guesses that the authors published."""
    from personae.people.datasets import read_rows

    try:
        rows = list(read_rows("synthpai", f"predictions/{model}.jsonl.zst"))
    except MissingData as missing:
        pytest.skip(str(missing))
    same = total = 0
    for row in rows:
        found = {
            re.sub(r"[^a-z]+", "_", block.type.lower()): block.guesses for block in find_blocks(row["raw"])
        }
        for name, parsed in row["parsed"].items():
            guesses = [
                _bare(guess)
                for guess in parsed.get("guess", ())
                if _bare(guess) not in {"", "n/a", "unknown"}
            ]
            total += bool(guesses)
            same += bool(guesses) and [_bare(guess) for guess in found.get(name, ())[:3]] == guesses[:3]
    assert total > 1000
    assert same / total >= 0.99


def _bare(guess: str) -> str:
    return re.sub(r"^\(?\d[.)]\s+", "", guess.lower()).strip(" .;*'\"")
