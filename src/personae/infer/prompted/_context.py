"""Which of a person's lines a model is shown: the most telling and the newest, within a budget of tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from personae.infer._lines import lines_of
from personae.models.cost import estimated_tokens
from personae.people.records import Trace

_LINE_TOKENS = 12  # what a line's number and date add
_FIRST_PERSON = re.compile(
    r"(?i)\b(?:i|i'm|i've|my|me|mine|we|our|us|ich|mein\w*|mir|wir|unser\w*|yo|mis?|soy|tengo|vivo|je|j'ai|mon|mes|suis|nous"
    r"|eu|meu|minha|sou|tenho|moro|io|mio|mia|sono|abito|ik|mijn|ben|woon|wij|ons)\b"
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_NUMBER = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Shown:
    """A line as the model sees it: its number, the trace it is of, and its text without line breaks."""

    number: int
    trace: Trace
    text: str


def shown_lines(traces: Sequence[Trace], budget_tokens: int) -> list[Shown]:
    """Return the lines to show, in order of source, place and time; each text once, the newest of its copies.

    A line's worth is how many different longer words it has, more where it speaks in the first person or has a number, set
    against its length, and up to a third more for the newest. Lines are taken by worth while they fit.
    """
    lines = lines_of(traces)
    newest = {" ".join(line.text.lower().split()): line for line in lines}
    kept = sorted(newest.values(), key=lambda line: (line.trace, line.start))
    by_worth = sorted(
        kept, key=lambda line: -_worth(line.text) * (1 + (line.trace + 1) / (3 * max(1, len(traces))))
    )
    chosen = []
    for line in by_worth:
        tokens = estimated_tokens(line.text) + _LINE_TOKENS
        if tokens <= budget_tokens:
            budget_tokens -= tokens
            chosen.append(line)
    chosen.sort(key=lambda line: (_place(traces[line.trace]), line.trace, line.start))
    return [Shown(i, traces[line.trace], " ".join(line.text.split())) for i, line in enumerate(chosen, 1)]


def _worth(text: str) -> float:
    words = set(_WORD.findall(text.lower()))
    cues = 4 * bool(_FIRST_PERSON.search(text)) + 2 * bool(_NUMBER.search(text))
    return float((len(words) + cues) / (len(text) + 30) ** 0.5)


def _place(trace: Trace) -> tuple[str, str]:
    return trace.source, trace.item.title if trace.item else ""
