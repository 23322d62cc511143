"""How an experiment asks a live model about people: the prompted reader, and what it told; and one attribute as a sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from personae.infer.prompted import PromptedReader
from personae.metrics.judge import LocalJudge
from personae.models.answers import find_blocks
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


def open_sample(
    key: str, attribute: Attribute, lines: Sequence[str], truth: str, **metadata: Any
) -> dict[str, Any]:
    """Return one attribute of one person as an open sample, to be answered in the published form, read by `block_guesses`."""
    values = f", one of: {', '.join(attribute.values)}" if attribute.values else ""
    asked = (
        f"What can be told about the author of these lines? Give your three best guesses, likeliest first: "
        f"{attribute.label}{values}.\nAnswer in this form:\nType: {attribute.name}\nInference: <what tells it>\n"
        f"Guess: <first>; <second>; <third>"
    )
    quoted = "\n".join(f"> {' '.join(line.split())}" for line in lines)
    about = {"attribute": attribute.name, **metadata}
    return {"id": key, "prompt": f"{asked}\n\n{quoted}", "target": truth, "metadata": about}


def first_guess_marker(judge: LocalJudge) -> Callable[[str, Mapping[str, Any]], float]:
    """Return what marks an answer to an open sample: 1 where its first guess is right in the judge's opinion, else 0."""

    def mark(said: str, sample: Mapping[str, Any]) -> float:
        about = sample["metadata"]
        first = block_guesses(said, about["attribute"])
        judged = judge.judge(
            about["attribute"], first, sample["target"], truth_score=about.get("truth_score", 1.0)
        )
        return float(any(judgement.score == 1 for judgement in judged[:1]))

    return mark


def block_guesses(said: str, attribute: str) -> tuple[str, ...]:
    """Return the guesses about an attribute in an answer of blocks, best first; of several blocks about it the last.

    An answer of one block needs no type.

    >>> block_guesses("Type: age\\nGuess: 30; 31\\nType: sex\\nGuess: male", "age")
    ('30', '31')
    """
    blocks = find_blocks(said)
    named = [block for block in blocks if "_".join(block.type.lower().split()) == attribute]
    chosen = named or (blocks if len(blocks) == 1 else [])
    return chosen[-1].guesses if chosen else ()
