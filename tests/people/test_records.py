from datetime import UTC, datetime

import pytest

from personae.errors import BadInput
from personae.people.records import (
    Claim,
    Evidence,
    Guess,
    Person,
    Profile,
    Trace,
    people_of,
    person_id,
    trace_id,
)


def claim(value, *, status="stated", year=None, probability=0.9, person="p"):
    moment = datetime(year, 1, 1, tzinfo=UTC) if year else None
    return Claim(
        person, "city_country", (Guess(value, probability),), status, False, "test", valid_from=moment
    )


def test_a_newer_claim_supersedes_and_the_older_stays_as_history():
    profile = Profile("p").add(claim("Porto, Portugal", year=2020)).add(claim("Oslo, Norway", year=2022))
    assert [c.best.value for c in profile.current] == ["Oslo, Norway"]
    assert profile.claims[0].superseded_by == profile.claims[1].id


def test_an_older_claim_that_arrives_late_is_history_at_once():
    profile = Profile("p").add(claim("Oslo, Norway", year=2022)).add(claim("Porto, Portugal", year=2020))
    assert [c.best.value for c in profile.current] == ["Oslo, Norway"]


def test_stated_and_inferred_live_side_by_side():
    profile = Profile("p").add(claim("Porto, Portugal")).add(claim("Oslo, Norway", status="inferred"))
    assert len(profile.current) == 2


def test_what_the_person_gave_supersedes_all_and_survives_new_readings():
    given = claim("Braga, Portugal", status="given")
    profile = (
        Profile("p").add(claim("Porto, Portugal")).add(claim("Oslo, Norway", status="inferred")).add(given)
    )
    assert [c.status for c in profile.current] == ["given"]
    profile = profile.add(claim("Oslo, Norway", year=2030))
    assert [c.best.value for c in profile.current] == ["Braga, Portugal"]


def test_a_profile_refuses_another_persons_claim():
    with pytest.raises(BadInput):
        Profile("p").add(claim("Porto, Portugal", person="q"))


def test_a_claim_refuses_a_probability_outside_zero_and_one():
    with pytest.raises(BadInput, match="probability"):
        claim("Porto, Portugal", probability=1.2)


def test_a_claim_prints_as_the_documented_object():
    printed = Claim(
        "p",
        "sex",
        (Guess("female", 0.81234),),
        "inferred",
        True,
        "home",
        (Evidence("t1", "a.csv:2", ((0, 3),), 0.5),),
    ).as_json()
    assert printed == {
        "attribute": "sex",
        "abstained": True,
        "guesses": [{"value": "female", "probability": 0.8123}],
        "status": "inferred",
        "method": "home",
        "valid_from": None,
        "valid_to": None,
        "evidence": [{"trace": "t1", "where": "a.csv:2", "spans": [[0, 3]], "weight": 0.5}],
    }


def test_traces_that_stand_together_make_people_in_order_of_time():
    late, early = (Trace("p", "s", str(y), datetime(y, 1, 1, tzinfo=UTC), text="x") for y in (2022, 2020))
    other = Trace("q", "s", "1", role="assistant", text="x")
    people = list(people_of([late, early, Trace("p", "s", "3", text="x"), other]))
    assert [t.id for t in people[0].traces] == ["2020", "2022", "3"]
    assert people[1] == Person("q", (other,))
    assert people[1].own == ()


def test_ids_do_not_hold_the_name():
    assert "ana" not in person_id("ana")
    assert trace_id("a", "bc") != trace_id("ab", "c")
