"""The reader that ships: what a person stated, and apart from it what their words give away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from personae.infer._home_model import FILE
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
    file : Path
        The fitted model of the inferred claims.
    mark_abstained : bool
        Mark the telling words of claims that abstain, too; a shield asks for them.
    """

    def __init__(
        self, encoder: Encoder | None = None, *, file: Path = FILE, mark_abstained: bool = False
    ) -> None:
        self.stated = StatedReader()
        self.inferred = InferredReader(encoder=encoder, file=file, mark_abstained=mark_abstained)

    @property
    def name(self) -> str:
        return f"home:{self.stated.name}+{self.inferred.name}"

    def prepare(self, people: Sequence[Person]) -> None:
        """Encode the lines of all at once."""
        self.inferred.prepare(people)

    def read(self, person: Person, attributes: Sequence[Attribute]) -> list[Claim]:
        """Return the stated claims, then the inferred ones; a guess that contradicts what is stated abstains.

        What was said may imply more than it states, a sex from "my wife". Such a claim takes the guess's place; where the
        guess is sure and contradicts it, both may be wrong, and it abstains.
        """
        stated, follows = self.stated.read_both(person, attributes)
        said = {claim.attribute: claim.guesses[0].value for claim in stated if _is_told(claim)}
        implied = {claim.attribute: claim for claim in follows if _is_told(claim)}
        inferred = [
            _surer(claim, implied.pop(claim.attribute, None))
            for claim in self.inferred.read(person, attributes)
        ]
        inferred += implied.values()
        return [
            *(claim for claim in stated if claim.guesses),
            *(replace(claim, abstained=True) if _contradicts(claim, said) else claim for claim in inferred),
        ]


def _surer(guess: Claim, implied: Claim | None) -> Claim:
    if implied is None:
        return guess
    differ = not guess.abstained and _contradicts(guess, {guess.attribute: implied.guesses[0].value})
    return replace(implied, abstained=True) if differ else implied


def _is_told(claim: Claim) -> bool:
    return not claim.abstained and not claim.superseded_by


def _contradicts(claim: Claim, said: dict[str, str]) -> bool:
    value = said.get(claim.attribute)
    return value is not None and match(claim.attribute, claim.guesses[0].value, value) < 1.0
