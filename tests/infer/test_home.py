"""The reader that ships: what was said beside what is guessed, and what was only implied among the guesses."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from personae.infer.home import HomeReader
from personae.infer.stated import Precision, StatedReader
from personae.people.attributes import attribute
from personae.people.records import Claim, Guess, Person, Trace

SEX = attribute("sex")


@dataclass
class Guesser:
    """Guesses one sex, surely or not."""

    value: str
    abstained: bool
    name: str = "guesser"
    prepared: list[Person] = field(default_factory=list)

    def prepare(self, people):
        self.prepared += people

    def read(self, person, attributes):
        other = "male" if self.value == "female" else "female"
        guesses = (Guess(self.value, 0.8), Guess(other, 0.2))
        return [
            Claim(person.id, each.name, guesses, "inferred", self.abstained, "home") for each in attributes
        ]


def read(text, guesser):
    reader = HomeReader()
    reader.stated, reader.inferred = StatedReader(precision=Precision({}, {}), least=0.0), guesser
    return reader.read(Person("p", (Trace("p", "t", "1", text=text),)), [SEX])


@pytest.mark.parametrize(
    ("text", "guesser", "value", "abstained", "method"),
    [
        ("My wife laughs.", Guesser("female", abstained=True), "male", False, "implied"),
        ("My wife laughs.", Guesser("male", abstained=False), "male", False, "implied"),
        ("My wife laughs.", Guesser("female", abstained=False), "male", True, "implied"),
        ("Rain again.", Guesser("female", abstained=False), "female", False, "home"),
    ],
)
def test_what_a_partner_implies_stands_among_the_guesses(text, guesser, value, abstained, method):
    (claim,) = read(text, guesser)
    assert (claim.best.value, claim.status, claim.abstained, claim.method) == (
        value,
        "inferred",
        abstained,
        method,
    )


def test_what_was_said_outright_silences_what_a_partner_implies():
    stated, inferred = read("I'm a lesbian. My wife laughs.", Guesser("female", abstained=True))
    assert (stated.best.value, stated.status, stated.abstained) == ("female", "stated", False)
    assert (inferred.best.value, inferred.abstained) == ("male", True)
