"""Ask a live model BoolQ's questions, and hold its three confidences against each other: letters, a stated number, P(True)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.confidences import CERTAIN_LETTER, letter_confidences, self_grade, worth
from personae.metrics.intervals import bootstrap_mean
from personae.models.choice import Choices, Question, choose
from personae.models.confidence import Confidence, stated_confidence
from personae.papers.harness import Comparison, Context, compare

Array = NDArray[np.float64]
DATA = "knowwhatknow"
OPTIONS = ("yes", "no")
SETTING = "BoolQ with passages"


def yes_no(context: Context) -> list[tuple[Question, int]]:
    """Return BoolQ's development questions, each with its passage, and the index of the right option."""
    return [
        (
            Question(f"{row['passage']}\n\nQuestion: {row['question']}?", OPTIONS, key=f"boolq-{row['idx']}"),
            int(row["answer"] != "True"),
        )
        for row in context.rows(DATA, "boolq_dev.csv.gz")[: context.limit]
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """A model's answers: by letter in both orders, how many could not be read, which are right, and each source's confidences.

    A source holds its confidences and whether the answers that they are about are right.
    """

    by_letter: Choices
    unparsed: int
    right: Array
    sources: dict[str, tuple[Sequence[Confidence], Array]]


def ask(context: Context) -> Asked:
    """Ask every question by letter in both orders, with a stated number, and for the model's own mark of its answer."""
    items = yes_no(context)
    questions, rights = [question for question, _ in items], np.array([right for _, right in items])
    model = context.chat()
    by_letter = choose(model, questions, n_orders=2, random_state=context.seed, log_probs=True)
    picks, token = letter_confidences(by_letter)
    stating = choose(model, questions, instruction=CERTAIN_LETTER, random_state=context.seed, max_tokens=32)
    stated = [stated_confidence(reply.text) for reply in stating.replies]
    answered = [i for i, pick in enumerate(picks.tolist()) if pick >= 0]
    graded = self_grade(model, [questions[i] for i in answered], [OPTIONS[picks[i]] for i in answered])
    right = (picks == rights).astype(float)
    sources: dict[str, tuple[Sequence[Confidence], Array]] = {
        "token": (token, right),
        "stated": (stated, (stating.picks[:, 0] == rights).astype(float)),
        "self-graded": (graded, right[answered]),
    }
    return Asked(by_letter, by_letter.unparsed + stating.unparsed, right, sources)


def live_rows(context: Context) -> Iterator[Comparison]:
    """Yield accuracy, swap consistency, and what each source of confidence is worth on the answers of its own question."""
    asked = ask(context)
    n_items = len(asked.right)
    accuracy = bootstrap_mean(asked.right, draws=context.draws, random_state=context.seed)
    yield compare(SETTING, "accuracy", context.model, accuracy)
    yield compare(
        SETTING, "same answer in both orders", context.model, asked.by_letter.consistency, n=n_items
    )
    yield compare(SETTING, "unparsed answers", context.model, asked.unparsed / (3 * n_items), n=3 * n_items)
    for source, (confidences, right) in asked.sources.items():
        yield from worth_rows(context, SETTING, source, confidences, right)


def live_confidences(context: Context) -> dict[str, tuple[Array, Array]]:
    """Return what can be drawn of a live model: each source's confidences, and what was right."""
    return {
        f"{context.model}, {source}": stated_values(*found) for source, found in ask(context).sources.items()
    }


def stated_values(confidences: Sequence[Confidence], right: Array) -> tuple[Array, Array]:
    """Return the confidences that there are as numbers, and whether those answers are right."""
    known = [i for i, each in enumerate(confidences) if each.value is not None]
    return np.array([confidences[i].value for i in known], dtype=float), right[known]


def worth_rows(
    context: Context, setting: str, source: str, confidences: Sequence[Confidence], right: Array
) -> Iterator[Comparison]:
    """Yield what one source of a live model's confidence is worth, and how many answers have none; nothing without answers."""
    shared: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    method = f"{context.model}, {source} confidence"
    if not len(confidences):
        return
    found = worth(confidences, right, **shared)
    missing = found.n_missing if found else len(confidences)
    share = missing / len(confidences)
    yield compare(setting, "share without a confidence", method, share, n=len(confidences))
    if found is None:
        return
    yield compare(setting, "ECE, 10 bins of equal width", method, found.error)
    yield compare(setting, "AUROC", method, found.auroc)
    yield compare(setting, "Brier", method, found.brier)
    yield compare(setting, "mean confidence when right", method, found.sure_right)
    yield compare(setting, "mean confidence when wrong", method, found.sure_wrong)
