"""What each question's answers score: the recorded ones, and those of a rule that reads neither message nor history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.dialogue.personamem import MemoryQuestion
from personae.models.choice import picked
from personae.papers.harness import Context

Array = NDArray[np.float64]
DATA = "personamem"
ANSWERS = "recorded_answers_reasoning_model.jsonl.zst"
IDEAS = "suggest_new_ideas"
RULE = "shortest for new ideas, longest otherwise"


def recorded(context: Context, questions: Sequence[MemoryQuestion]) -> tuple[Array, Array]:
    """Return whether the recorded answer to each question is right, read from its raw text, and the recorded score."""
    answers = {row["question_id"]: row for row in context.rows(DATA, ANSWERS)}
    found = [picked(answers[each.id]["response"], each.options) == each.right for each in questions]
    return np.array(found, dtype=float), np.array([float(answers[each.id]["score"]) for each in questions])


def by_rule(questions: Sequence[MemoryQuestion]) -> Array:
    """Return whether the shortest reply, for new ideas, or the longest, for all else, is right; the first of equals counts."""
    return np.array([float(by_length(each, shortest=each.kind == IDEAS) == each.right) for each in questions])


def by_length(question: MemoryQuestion, *, shortest: bool) -> int:
    """Return the place of the shortest or the longest option, the first of equals."""
    lengths = [len(option) for option in question.options]
    return int(np.argmin(lengths) if shortest else np.argmax(lengths))


def shared(context: Context, questions: Iterable[MemoryQuestion]) -> dict[str, Any]:
    """Return what every bootstrap of these questions shares: whole personas are drawn."""
    return {
        "clusters": [each.person for each in questions],
        "draws": context.draws,
        "random_state": context.seed,
    }
