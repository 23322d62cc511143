"""The reader that ships: what a person stated, and apart from it what their words give away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from personae.infer.inferred import InferredReader
from personae.infer.stated import StatedReader
from personae.models.encoder import Encoder
from personae.people.attributes import Attribute
from personae.people.matching import match
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
        """Return the stated claims, then the inferred ones; a guess that contradicts what is stated abstains."""
        stated, inferred = (reader.read(person, attributes) for reader in self.readers)
        said = {claim.attribute: claim.guesses[0].value for claim in stated if _is_told(claim)}
        return [
            *(claim for claim in stated if claim.guesses),
            *(replace(claim, abstained=True) if _contradicts(claim, said) else claim for claim in inferred),
        ]


def _is_told(claim: Claim) -> bool:
    return not claim.abstained and not claim.superseded_by


def _contradicts(claim: Claim, said: dict[str, str]) -> bool:
    value = said.get(claim.attribute)
    return value is not None and match(claim.attribute, claim.guesses[0].value, value) < 1.0
