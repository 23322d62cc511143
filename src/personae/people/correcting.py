"""What a person says about a claim: the true value, or that it is wrong."""

from __future__ import annotations

from datetime import UTC, datetime

from personae.errors import BadInput
from personae.people.attributes import attribute
from personae.people.matching import number_range
from personae.people.records import Claim, Guess


def given(person: str, name: str, value: str) -> Claim:
    """Return the claim that gives an attribute its true value: added to a profile, it takes the place of every other.

    Raises
    ------
    UnknownName, BadInput
        When there is no such attribute, or the value is none of its values.

    Examples
    --------
    >>> given("ana", "school", "phd").guesses
    (Guess(value='PhD', probability=1.0),)
    """
    chosen = attribute(name)
    value = value.strip()
    if not value or (chosen.scale == "number" and number_range(value) is None):
        wanted = "a number" if chosen.scale == "number" else "a value"
        raise BadInput(f"{value!r} is no value of {chosen.name}. Give {wanted}.")
    spelled = {each.lower(): each for each in chosen.values}.get(value.lower(), value)
    if chosen.values and spelled not in chosen.values:
        raise BadInput(f"{value!r} is no value of {chosen.name}. Values: {', '.join(chosen.values)}.")
    return Claim(
        person, chosen.name, (Guess(spelled, 1.0),), "given", False, "people edit", time=datetime.now(UTC)
    )  # fmt: skip


def disputed(person: str, name: str) -> Claim:
    """Return the claim that what is said of an attribute is wrong: it says nothing itself, and every other one steps back.

    Examples
    --------
    >>> disputed("ana", "city").attribute, disputed("ana", "city").abstained
    ('city_country', True)
    """
    return Claim(
        person, attribute(name).name, (), "given", True, "people dispute", time=datetime.now(UTC)
    )  # fmt: skip
