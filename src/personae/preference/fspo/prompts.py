"""The text that a language model reads of a person's choices, in the paper's layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from personae.metrics.intervals import RandomState
from personae.people.records import Preference

N_SHOTS = 4  # released code
INSTRUCTION = (
    "Answer the question below in the way that the person of these examples would prefer."  # wording is ours
)


@dataclass(frozen=True, slots=True)
class Example:
    """One further choice of a person: the prompt with their shots, and the two targets, the preferred first."""

    person: str
    prompt: str
    chosen: str
    rejected: str


def shots_prompt(shots: Sequence[Preference], context: str) -> str:
    """Return the prompt: each choice shown, then the task and its question. Ties show nothing and are left out.

    >>> print(shots_prompt([Preference("ana", "Tea?", "Green.", "Black.", "b")], "Snack?"))
    # Example 1
    ## Question
    Tea?
    ## Preferred Response
    Black.
    ## Dispreferred Response
    Green.
    <BLANKLINE>
    # Task
    Answer the question below in the way that the person of these examples would prefer.
    ## Question
    Snack?
    <BLANKLINE>
    """
    decided = [shot for shot in shots if shot.choice != "tie"]
    parts = []
    for number, shot in enumerate(decided, start=1):
        preferred, other = (shot.a, shot.b) if shot.choice == "a" else (shot.b, shot.a)
        parts.append(
            f"# Example {number}\n## Question\n{shot.context}\n## Preferred Response\n{preferred}\n"
            f"## Dispreferred Response\n{other}\n"
        )
    parts.append(f"# Task\n{INSTRUCTION}\n## Question\n{context}\n")
    return "\n".join(parts)


def target(response: str, *, description: str = "") -> str:
    """Return what the model is to write: the response, behind a description of the person if it is to reason by one.

    >>> target("Rye bread.", description="Likes it plain.")
    '## User Description\\nLikes it plain.\\n## Preferred Response\\nRye bread.'
    """
    described = f"## User Description\n{description}\n" if description else ""
    return f"{described}## Preferred Response\n{response}"


def examples(
    rows: Sequence[Preference], *, n_shots: int = N_SHOTS, random_state: RandomState = 0
) -> Iterator[Example]:
    """Yield each person's choices as targets, every one with other choices of theirs as shots.

    Notes
    -----
    A pair is a shot or a target, never both: the released code loops over its rows so that one pair comes as shot of
    another's prompt and as target. The first `n_shots` of a person's shuffled choices are the shots, the others targets;
    people with too few are left out.
    """
    random = np.random.default_rng(random_state)
    by_person: dict[str, list[Preference]] = {}
    for row in rows:
        if row.choice != "tie":
            by_person.setdefault(row.person, []).append(row)
    for person, own in by_person.items():
        order = random.permutation(len(own))
        shots = [own[place] for place in order[:n_shots]]
        for row in (own[place] for place in order[n_shots:]):
            preferred, other = (row.a, row.b) if row.choice == "a" else (row.b, row.a)
            yield Example(person, shots_prompt(shots, row.context), target(preferred), target(other))
