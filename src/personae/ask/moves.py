"""What a user's turn asks for, told by rules: the paper's state detector without a language model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from personae.ask.petel import METHODS, METRICS, Method, Metric, PeTEL
from personae.ask.table import Look
from personae.ask.understand import named_metric

State = Literal["look", "formulate", "engineer", "sum up"]
STATES: tuple[State, ...] = ("look", "formulate", "engineer", "sum up")
Intent = Literal[
    "look", "goal", "target", "other target", "leave out", "keep", "metric", "method", "split", "yes", "no", "undo", "stop",
    "help", "why", "problem", "script",
]  # fmt: skip
_RULES: tuple[tuple[Intent, str], ...] = (
    ("undo", r"^(?:undo|go back|back|take (?:that|it) back)\b"),
    ("stop", r"^(?:stop|quit|exit|bye|enough|that is all|that's all)\b"),
    ("help", r"^(?:help|\?|what can (?:i|you) (?:do|say))"),
    (
        "yes",
        r"^(?:yes|y|ok|okay|sure|go|go on|go ahead|train|train it|continue|fine|agreed|right|correct)\b[.! ]*$",
    ),
    (
        "other target",
        r"^(?:no,? )?(?:another (?:column|target)|not that|wrong (?:column|target)|other target)\b",
    ),
    (
        "problem",
        r"^(?:no,? )?(?:(?:make|treat) it )?(?:as )?(?:an? )?"
        r"(?:regression|numbers?|classification|class(?:es)?|categor(?:y|ies))\b[.! ]*$",
    ),
    (
        "script",
        r"^(?:(?:export|write|save|show|print|give)(?: me)? )?(?:the |a |an |as a )?(?:python )?script\b[.! ]*$",
    ),
    ("no", r"^(?:no|n|nope)\b[.! ]*$"),
    ("look", r"^(?:show|look|describe|what is in|list|columns|the data)\b"),
    ("why", r"^why\b"),
    ("leave out", r"^(?:leave out|without|drop|ignore|exclude|remove)\b"),
    ("keep", r"^(?:keep|use the column|include|add)\b"),
    ("target", r"^(?:the )?target(?: is| =|:)?\s+"),
    ("split", r"^(?:split|hold out)\b"),
)


@dataclass(frozen=True, slots=True)
class Move:
    """One turn: what it asks for, the columns it names, a metric or method, and the words it was read from."""

    intent: Intent
    columns: tuple[str, ...] = ()
    metric: Metric | None = None
    methods: tuple[Method, ...] = ()
    text: str = ""


def read_move(text: str, look: Look, petel: PeTEL) -> Move:
    """Return what a turn asks for.

    >>> from personae.ask.table import table_of
    >>> look = table_of({"age": [1, 2, 3], "city": ["a", "b", "c"]}).look()
    >>> read_move("leave out city", look, PeTEL()).columns
    ('city',)
    """
    said = text.strip()
    columns = columns_in(said, look)
    for intent, pattern in _RULES:
        if found := re.search(pattern, said, re.IGNORECASE):
            return Move(intent, columns, text=said[found.end() :].strip() if intent == "target" else said)
    if (
        petel.problem_type
        and len(said) < 80
        and not re.search(r"\b(?:predict|estimate|guess|forecast|who)\b", said, re.I)
    ):
        metric = named_metric(said)
        if metric and metric in METRICS[petel.problem_type]:
            return Move("metric", metric=metric, text=said)
        methods = tuple(
            m for m in METHODS[petel.problem_type] if re.search(rf"\b{m.replace('_', '[ -]')}\b", said, re.I)
        )
        if methods:
            return Move("method", methods=methods, text=said)
    return Move("goal", columns, text=said)


def columns_in(text: str, look: Look) -> tuple[str, ...]:
    """Return the columns that a turn names, longest names first where one holds another."""
    found = []
    rest = text
    for column in sorted(look.columns, key=lambda each: -len(each.name)):
        pattern = rf"(?<![\w-]){re.escape(column.name)}(?![\w-])"
        if re.search(pattern, rest, re.IGNORECASE if len(column.name) > 2 else 0):
            found.append(column.name)
            rest = re.sub(pattern, " ", rest, flags=re.IGNORECASE)
    return tuple(found)
