"""How an experiment asks a live model about people: the prompted reader, and what it told."""

from __future__ import annotations

from collections.abc import Sequence

from personae.infer.prompted import PromptedReader
from personae.papers.harness import Context
from personae.people.attributes import Attribute
from personae.people.records import Claim, Person


def guesses_about(
    context: Context, reader: PromptedReader, people: Sequence[Person], attributes: Sequence[Attribute]
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the guesses about each person and attribute, best first, keyed by (person id, attribute name)."""
    reader.prepare(people)
    return {
        (person.id, claim.attribute): told_guesses(claim)
        for person in context.track(people, "people")
        for claim in reader.read(person, attributes)
    }


def told_guesses(claim: Claim) -> tuple[str, ...]:
    """Return the values a model told, best first; none where every value of a closed set is as likely as the others."""
    if len({guess.probability for guess in claim.guesses}) == 1 < len(claim.guesses):
        return ()
    return tuple(guess.value for guess in claim.guesses)
