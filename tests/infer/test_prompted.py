"""The prompted reader: prompt, answer, evidence and abstention, with scripted, replayed and served models."""

from __future__ import annotations

import json
import logging
import pickle
import re
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personae.errors import MissingData, ModelFailed
from personae.infer.pipeline import read_people
from personae.infer.prompted import PromptedReader
from personae.infer.prompted._answer import Portrait, from_blocks, told_about
from personae.infer.prompted._prompt import messages_of
from personae.models import DryRun, Recording, Reply, Request, chat_model
from personae.people.attributes import SYNTHPAI, Attribute, attribute
from personae.people.matching import match
from personae.people.records import Person, Trace

AGE, SEX, JOB, PLACE = (attribute(name) for name in ("age", "sex", "occupation", "city"))
TEXTS = (
    "Another night shift on the ward, my feet hurt.",
    "My husband cooks better than I do.",
    "The tram in Porto was late again!",
)


def _person(*texts: str, name: str = "p1") -> Person:
    day = datetime(2024, 5, 1, tzinfo=UTC)
    return Person(
        name,
        tuple(
            Trace(
                name,
                "reddit",
                f"t{i}",
                day + timedelta(days=i),
                "comment",
                text=text,
                where=f"comments.csv:{i}",
            )
            for i, text in enumerate(texts)
        ),
    )


def _answer(*told: dict[str, Any]) -> str:
    return json.dumps({"attributes": list(told)})


def _read(script: Any, *attributes: Attribute, person: Person | None = None, **options: Any) -> Any:
    reader = PromptedReader(chat_model("scripted", script=script), **options)
    return reader.read(person or _person(*TEXTS), attributes or SYNTHPAI), reader


def test_claims_with_probabilities_and_evidence() -> None:
    told = {
        "attribute": "occupation",
        "reasoning": "works on a ward",
        "evidence": [{"line": 1, "quote": "night shift on the ward"}, {"line": 3, "quote": "nowhere in the text at all"}],
        "cannot_tell": False,
        "guesses": [{"value": "nurse", "probability": 0.7}, {"value": "doctor", "probability": 0.2}, {"value": "carer", "probability": 0.05}],
    }  # fmt: skip
    (claim,), reader = _read([_answer(told)], JOB)
    assert [(guess.value, guess.probability) for guess in claim.guesses] == [
        ("nurse", 0.7),
        ("doctor", 0.2),
        ("carer", 0.05),
    ]
    assert (claim.status, claim.abstained, claim.method, claim.model) == (
        "inferred",
        False,
        "prompted:stated:uncalibrated",
        "scripted",
    )
    (evidence,) = claim.evidence
    assert (evidence.trace, evidence.where, evidence.weight) == ("t0", "comments.csv:0", 1.0)
    assert [TEXTS[0][start:end] for start, end in evidence.spans] == ["night shift on the ward"]
    assert claim.valid_from == datetime(2024, 5, 3, tzinfo=UTC)
    assert reader.outcomes.as_json() == {"answered": 1, "refused": 0, "unparsed": 0, "unfounded": 1}


@pytest.mark.parametrize(
    ("told", "abstained"),
    [
        ({"guesses": [{"value": "nurse", "probability": 0.6}]}, False),
        ({"guesses": [{"value": "nurse", "probability": 0.4}]}, True),
        ({"guesses": [{"value": "nurse", "probability": 0.9}], "cannot_tell": True}, True),
        (
            {
                "guesses": [{"value": "nurse", "probability": 0.9}],
                "evidence": ["words that nobody wrote here"],
            },
            True,
        ),
        ({"guesses": []}, True),
        ({"guesses": ["nurse", "doctor"]}, False),
    ],
)
def test_when_a_claim_abstains(told: dict[str, Any], abstained: bool) -> None:
    (claim,), _ = _read([_answer({"attribute": "occupation", **told})], JOB)
    assert claim.abstained == abstained
    assert (not claim.guesses) == (told["guesses"] == [])


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (["I think it is a nurse."], "unparsed"),
        ([""], "unparsed"),
        (["{}"], "unparsed"),
        (['{"attributes": "none"}'], "unparsed"),
        (["I'm sorry, but I can't guess about people."], "refused"),
        ([Reply("", refusal="no")], "refused"),
    ],
)
def test_no_answer_gives_abstaining_claims_and_is_counted(script: Any, outcome: str) -> None:
    claims, reader = _read(script)
    assert [claim.attribute for claim in claims] == [a.name for a in SYNTHPAI]
    assert all(claim.abstained for claim in claims)
    assert {claim.method for claim in claims} == {f"prompted:{outcome}"}
    assert reader.outcomes.as_json()[outcome] == 1
    by_name = {claim.attribute: claim for claim in claims}
    assert [guess.probability for guess in by_name["sex"].guesses] == [0.5, 0.5]
    assert by_name["occupation"].guesses == ()


def test_an_answer_handed_back_once() -> None:
    script = ["It is a nurse.", _answer({"attribute": "occupation", "guesses": ["nurse"]})]
    (claim,), reader = _read(script, JOB, repairs=1)
    assert claim.best.value == "nurse"
    assert reader.outcomes.as_json()["mended"] == 1


def test_attributes_left_out_abstain_and_strangers_are_ignored() -> None:
    script = [
        _answer({"attribute": "Income", "guesses": ["high"]}, {"attribute": "shoe size", "guesses": ["42"]})
    ]
    claims, _ = _read(script, AGE, attribute("income"))
    assert [(claim.attribute, claim.abstained) for claim in claims] == [
        ("age", True),
        ("income_level", False),
    ]


def test_nobody_is_asked_without_own_text() -> None:
    other = Person(
        "p", (Trace("p", "reddit", "a", role="other", text="hello"), Trace("p", "reddit", "b", text=" "))
    )
    claims, _ = _read([], AGE, SEX, person=other)
    assert [claim.abstained for claim in claims] == [True, True]


def test_only_own_words_are_shown() -> None:
    seen: list[str] = []

    def script(messages: Any) -> str:
        seen.append(messages[-1]["content"])
        return "{}"

    traces = (
        Trace("p", "whatsapp", "a", role="other", text="the neighbour's secret"),
        Trace("p", "whatsapp", "b", text="my own words"),
    )
    _read(script, AGE, person=Person("p", traces))
    assert "my own words" in seen[0]
    assert "neighbour" not in seen[0]


@pytest.mark.parametrize("name", ["education", "occupation", "city_country", "birth_city_country"])
def test_an_attribute_that_was_not_asked_is_not_taken_for_another(name: str) -> None:
    others = [a for a in SYNTHPAI if a.name != name]
    portrait = Portrait.model_validate({"attributes": [{"attribute": name, "guesses": ["x"]}]})
    assert told_about(portrait, others) == {}
    assert list(told_about(portrait, SYNTHPAI)) == [name]


@pytest.mark.parametrize(
    ("written", "name"),
    [("Age", "age"), ("City/Country", "city_country"), ("gender", "sex"), ("Relationship Status", "relationship_status"),
     ("occupations", "occupation"), ("Lives in", "city_country"), ("birth place", "birth_city_country")],
)  # fmt: skip
def test_names_as_models_write_them(written: str, name: str) -> None:
    portrait = Portrait.model_validate({"attributes": [{"attribute": written, "guesses": ["x"]}]})
    assert list(told_about(portrait, SYNTHPAI)) == [name]


def test_an_attribute_that_the_user_defined() -> None:
    mine = Attribute(
        "night_owl",
        "Night owl",
        "ordinal",
        ("early bird", "between", "night owl"),
        poles=("up early", "up late"),
    )
    assert "from 'up early' to 'up late', one of: early bird" in messages_of([], [mine])[1]["content"]
    (claim,), _ = _read([_answer({"attribute": "Night Owl", "guesses": ["night owl"]})], mine)
    assert claim.best.value == "night owl"


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SYNTHPAI), st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=9),
       lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["value", "probability", "line", "quote"]), inner)))  # fmt: skip
def test_any_guesses_and_evidence_make_a_claim(attribute_: Attribute, rows: Any) -> None:
    odd = {"attribute": attribute_.name, "guesses": rows, "evidence": rows, "cannot_tell": rows}
    sound = {"attribute": "shoes", "guesses": ["42"]}
    (claim, shoes), _ = _read(
        [_answer(odd, {"guesses": rows}, sound)], attribute_, Attribute("shoes", "Shoes", "text")
    )
    assert shoes.best.value == "42"
    assert sum(guess.probability for guess in claim.guesses) <= 1 + 1e-9
    for evidence in claim.evidence:
        assert all(0 <= start < end <= max(map(len, TEXTS)) for start, end in evidence.spans)


def test_blocks_of_the_published_form_are_read() -> None:
    text = "Type: age\nInference: x\nGuess: 30; 31; 32; 33\n\nType: sex\nInference: y\nGuess: female; male"
    claims, reader = _read([text], AGE, SEX)
    assert [[guess.value for guess in claim.guesses] for claim in claims] == [
        ["30", "31", "32"],
        ["female", "male"],
    ]
    assert {claim.method for claim in claims} == {"prompted:none:uncalibrated"}
    assert reader.outcomes.as_json()["mended"] == 1
    assert from_blocks("nothing here") is None


@pytest.mark.parametrize(
    "answer",
    [
        '{"age": {"guesses": ["30"]}, "sex": {"guesses": ["male"]}}',
        '{"attributes": {"age": {"guesses": "30"}, "sex": {"guesses": {"value": "male"}}}}',
        '[{"attribute": "age", "guesses": [30]}, {"attribute": "sex", "guesses": ["male"]}]',
        '{"attributes": [{"attribute": "age", "guesses": [{"value": 30, "probability": null}], "reasoning": null, '
        '"evidence": null}, {"attribute": "sex", "guesses": ["male"], "cannot_tell": "false"}]}',
        '{"attributes": [{"attribute": "age", "guesses": ["30"]}, {"attribute": "sex", "guesses": ["male", "fem',
    ],
)
def test_shapes_that_models_give_their_answer(answer: str) -> None:
    claims, _ = _read([answer], AGE, SEX)
    assert [claim.best.value for claim in claims] == ["30", "male"]


# Many people, recordings, servers


def _echo(messages: Any) -> str:
    owner = re.search(r"my name is (\w+)", messages[-1]["content"])
    return _answer(
        {"attribute": "occupation", "guesses": [{"value": owner[1] if owner else "?", "probability": 0.9}]}
    )


def test_prepared_people_are_asked_together_and_answered_apart() -> None:
    people = [_person(f"my name is worker{i}", name=f"p{i}") for i in range(9)]
    reader = PromptedReader(chat_model("scripted", script=_echo))
    readings = list(read_people(people, reader, [JOB]))
    assert [reading.claims[0].best.value for reading in readings] == [f"worker{i}" for i in range(9)]
    reader.prepare(people)
    assert reader.read(people[4], [JOB])[0].best.value == "worker4"  # out of order
    assert reader.read(people[2], [JOB])[0].best.value == "worker2"
    assert reader.read(people[3], [JOB, AGE])[0].best.value == "worker3"
    assert reader.read(_person("my name is stranger", name="new"), [JOB])[0].best.value == "stranger"


def test_a_failed_run_can_be_taken_up_again() -> None:
    answers: list[Any] = [_answer({"attribute": "occupation", "guesses": ["nurse"]})]
    reader = PromptedReader(chat_model("scripted", script=answers))
    people = [_person("one", name="a"), _person("two", name="b")]
    reader.prepare(people)
    assert reader.read(people[0], [JOB])[0].best.value == "nurse"
    with pytest.raises(ModelFailed):
        reader.read(people[1], [JOB])
    reader.model = chat_model("scripted", script=answers)
    assert reader.read(people[1], [JOB])[0].best.value == "nurse"


def test_reader_pickles_and_is_named_by_what_its_claims_follow_from() -> None:
    reader = PromptedReader(chat_model("scripted", script=["{}"]))
    copy = pickle.loads(pickle.dumps(reader))
    assert copy.name == reader.name
    assert copy.read(_person("x"), [AGE])[0].abstained
    assert PromptedReader(reader.model, context_tokens=100).name != reader.name


def test_dry_run_counts_what_would_be_asked() -> None:
    model = chat_model("http://localhost:1/v1#none", dry_run=True)
    assert isinstance(model, DryRun)
    list(read_people([_person("a", name="a"), _person("b", name="b")], PromptedReader(model), [JOB]))
    assert model.estimate.calls == 2
    assert model.estimate.completion_tokens == 2 * 650


def test_recorded_run_replays_identically_and_forgets(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    people = [_person(f"my name is worker{i}", name=f"p{i}") for i in range(3)]
    live = PromptedReader(chat_model("scripted", script=_echo, recording=path))
    first = [reading.claims[0].guesses for reading in read_people(people, live, [JOB])]
    replayed = PromptedReader(chat_model(f"replay:{path}"))
    assert [reading.claims[0].guesses for reading in read_people(people, replayed, [JOB])] == first
    assert Recording(path).forget("p1") == 1
    assert "worker1" not in path.read_text()


def test_over_http_with_faults_and_no_word_in_the_logs(server: Any, caplog: Any) -> None:
    canary = "-".join(
        ["canary", "5e1f", "the ward at night"]
    )  # not as such in this file, which tracebacks quote
    faults = [
        {"kind": "status", "status": 429},
        {"kind": "cut"},
        {"kind": "raw", "body": '{"choices": [{"message": {"content": "x"}}]}'},
    ]
    server.behave(faults=faults, takes=["temperature", "max_tokens"])
    reader = PromptedReader(chat_model(server.model, backoff_seconds=0.01, concurrency=1))
    with caplog.at_level(logging.DEBUG):
        (claim,) = reader.read(_person(canary), [JOB])
        assert claim.abstained  # the answer was "x"
        assert reader.outcomes.as_json()["unparsed"] == 1
        server.behave(faults=[{"kind": "status", "status": 400}] * 9)
        with pytest.raises(ModelFailed) as caught:
            reader.read(_person(canary), [JOB])
    assert "canary-5e1f" not in caplog.text
    assert "canary-5e1f" not in "".join(traceback.format_exception(caught.value))
    assert server.saw()["calls"][0]["body"]["response_format"]["json_schema"]["name"] == "Portrait"


@pytest.mark.data
def test_published_answers_read_as_the_authors_read_them(tmp_path: Path) -> None:
    """SynthPAI's recorded raw answers, read by this reader, score what their published parse scores by the same rules."""
    from personae.people.datasets import read_rows

    try:
        labels = {
            row["person"]: row["human_label_checked"] for row in read_rows("synthpai", "profiles.jsonl.zst")
        }
        answers = list(read_rows("synthpai", "predictions/gpt-4.jsonl.zst"))
    except MissingData as missing:
        pytest.skip(str(missing))
    recording = Recording(tmp_path / "gpt-4.jsonl")
    for row in answers:
        recording.add(
            Request((), key=f"attributes/{row['person']}", person=row["person"]), "gpt-4", Reply(row["raw"])
        )
    reader = PromptedReader(chat_model(f"replay:{recording.path}"))
    ours, theirs = [], []
    for row in answers:
        label = labels[row["person"]]
        wanted = [a for a in SYNTHPAI if a.name in label and label[a.name]["certainty"] >= 3]
        for claim in reader.read(_person("x", name=row["person"]), wanted):
            is_level = claim.attribute == "education"
            truth = label["education_category" if is_level else claim.attribute]["estimate"]
            parsed = row["parsed"].get(claim.attribute, {}).get(
                "guess_category" if is_level else "guess"
            ) or [""]
            ours.append(claim.best is not None and match(claim.attribute, claim.best.value, truth) == 1)
            theirs.append(match(claim.attribute, parsed[0], truth) == 1)
    assert len(ours) == 700
    assert abs(sum(ours) - sum(theirs)) <= 3
    assert reader.outcomes.as_json()["unparsed"] == 0


def test_a_batch_announced_while_another_is_read_asks_nobody_twice() -> None:
    asked: list[str] = []

    def answer(messages: Any) -> str:
        asked.append(messages[-1]["content"])
        return _answer()

    reader = PromptedReader(chat_model("scripted", script=answer), seed=7)
    first = [_person(f"Hello from {name}.", name=name) for name in "abc"]
    second = [_person(f"Hello from {name}.", name=name) for name in "def"]
    reader.prepare(first)
    reader.prepare(second)
    for person in (*first, *second):
        reader.read(person, [AGE])
    assert len(asked) == 6
