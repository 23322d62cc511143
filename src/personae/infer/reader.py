"""What every attribute reader is: the traces of one person in, claims about that person out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from personae.people.attributes import Attribute
from personae.people.records import Claim, Person


class Reader(Protocol):
    """A picklable object that reads one person at a time."""

    @property
    def name(self) -> str:
        """What the run journal calls it; changes whenever its claims would."""

    def prepare(self, people: Sequence[Person]) -> None:
        """Do at once what is cheaper for many people than for each, such as encoding; may do nothing."""

    def read(self, person: Person, attributes: Sequence[Attribute]) -> list[Claim]:
        """Return the claims about one person, at most one current claim for each attribute and status.

        An attribute that cannot be told gets a claim that abstains, with its guesses all the same. Traces whose
        role is not "self" are never evidence.
        """
