"""The reader that ships: what a person stated, and apart from it what their words give away."""

from __future__ import annotations

from collections.abc import Sequence

from personae.infer.inferred import InferredReader
from personae.infer.stated import StatedReader
from personae.models.encoder import Encoder
from personae.people.attributes import Attribute
from personae.people.records import Claim, Person


class HomeReader:
    """Stated and inferred claims side by side, never mixed: one current claim of each kind for an attribute.

    Parameters
    ----------
    encoder : Encoder or None
        None takes the one that ships, with a cache.
    """

    def __init__(self, encoder: Encoder | None = None) -> None:
        self.readers = (StatedReader(), InferredReader(encoder=encoder))

    @property
    def name(self) -> str:
        return "home:" + "+".join(reader.name for reader in self.readers)

    def prepare(self, people: Sequence[Person]) -> None:
        """Encode the lines of all at once."""
        for reader in self.readers:
            reader.prepare(people)

    def read(self, person: Person, attributes: Sequence[Attribute]) -> list[Claim]:
        """Return the stated claims, then the inferred ones."""
        return [claim for reader in self.readers for claim in reader.read(person, attributes)]
