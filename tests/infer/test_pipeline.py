"""The pipeline with a reader that counts: batches, the gate, the store, and what an interruption leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from personae.errors import PolicyDenied
from personae.infer.pipeline import BATCH_TRACES, allowed, read_people
from personae.people.attributes import SYNTHPAI, attribute
from personae.people.records import Claim, Guess, Person, Trace
from personae.people.store import Store

JOB = attribute("occupation")


class Counting:
    """Says "cook" of everyone; fails on the person named."""

    def __init__(self, fails: str = "") -> None:
        self.name = "counting"
        self.fails = fails
        self.prepared: list[list[str]] = []
        self.seen: list[str] = []

    def prepare(self, people):
        self.prepared.append([person.id for person in people])

    def read(self, person, attributes):
        if person.id == self.fails:
            raise KeyboardInterrupt
        self.seen.append(person.id)
        return [
            Claim(person.id, a.name, (Guess("cook", 0.9),), "inferred", False, "counting") for a in attributes
        ]


def crowd(size, lines=BATCH_TRACES // 4):
    return [
        Person(f"p{i}", tuple(Trace(f"p{i}", "t", str(j), text="x") for j in range(lines)))
        for i in range(size)
    ]


def test_people_come_in_order_and_batches_are_prepared_one_ahead():
    reader = Counting()
    stream = read_people(iter(crowd(12)), reader, [JOB])
    first = next(stream)
    assert first.person.id == "p0"
    assert len(reader.prepared) <= 2
    assert [reading.person.id for reading in stream] == [f"p{i}" for i in range(1, 12)]
    assert [len(batch) for batch in reader.prepared] == [4, 4, 4]


def test_every_claim_carries_the_rule_that_allowed_it():
    (reading,) = read_people(crowd(1), Counting(), [JOB], purpose="personalisation")
    assert (reading.claims[0].purpose, reading.claims[0].decision) == (
        "personalisation",
        "personal-3: allowed, 2026-01-01",
    )


def test_what_the_purpose_forbids_is_refused_before_anyone_is_read():
    reader = Counting()
    with pytest.raises(PolicyDenied):
        next(read_people(crowd(1), reader, [attribute("religion")], purpose="research"))
    assert reader.prepared == []
    assert {a.name for a in allowed(SYNTHPAI, "personalisation")} == {
        "occupation",
        "education",
        "income_level",
        "city_country",
    }


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path):
    people = crowd(12)
    with Store(tmp_path / "s.duckdb") as store:
        with pytest.raises(KeyboardInterrupt):
            list(read_people(people, Counting(fails="p9"), [JOB], store=store))
        again = Counting()
        readings = list(read_people(people, again, [JOB], store=store))
    assert again.seen == ["p8", "p9", "p10", "p11"]
    assert [reading.resumed for reading in readings] == [True] * 8 + [False] * 4
    assert all(reading.claims[0].best.value == "cook" for reading in readings)


def test_another_question_or_more_traces_is_work_again(tmp_path: Path):
    with Store(tmp_path / "s.duckdb") as store:
        list(read_people(crowd(1), Counting(), [JOB], store=store))
        for people, attributes in ((crowd(1), [attribute("age")]), (crowd(1, lines=300), [JOB])):
            reader = Counting()
            list(read_people(people, reader, attributes, store=store))
            assert reader.seen == ["p0"]
