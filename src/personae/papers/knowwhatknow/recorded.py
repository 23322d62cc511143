"""The recorded outputs that the table is measured on: option logits, yes or no with two confidences, four writers' solutions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.models.confidence import Confidence
from personae.papers.harness import Context

DATA = "knowwhatknow"
WRITERS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
BEST_WRITER = WRITERS.index("175b_verification")
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Run:
    """Llama-3-8B's answers to BoolQ under one prompt. `yes` is the probability of yes among yes and no, (n,)."""

    name: str
    said_yes: NDArray[np.bool_]
    is_yes: NDArray[np.bool_]
    right: Array
    yes: Array
    stated: tuple[Confidence, ...]
    token: tuple[Confidence, ...]


@dataclass(frozen=True, slots=True)
class Solutions:
    """GSM8K questions, the four writers' solutions to each, and which are right, shape (n_questions, 4)."""

    questions: tuple[str, ...]
    solutions: tuple[tuple[str, ...], ...]
    right: Array

    def take(self, rows: NDArray[np.intp]) -> Solutions:
        """Return some of the questions."""
        kept = rows.tolist()
        return Solutions(
            tuple(self.questions[i] for i in kept), tuple(self.solutions[i] for i in kept), self.right[rows]
        )


def option_logits(context: Context) -> dict[str, dict[str, Array]]:
    """Return the logits of the six options by model and prompt, each of shape (n_questions, 6)."""
    found: dict[str, dict[str, Array]] = defaultdict(dict)
    with np.load(context.path(DATA, "mmlu10k_option_logits.npz")) as arrays:
        for key in arrays.files:
            model, prompt = key.split("__")
            found[model][prompt] = arrays[key][: context.limit].astype(float)
    return dict(found)


def boolq_runs(context: Context) -> list[Run]:
    """Return the six runs, prompt by prompt."""
    rows = defaultdict(list)
    for row in context.rows(DATA, "llama3_boolq_confidence.csv.gz"):
        rows[row["run"]].append(row)
    found = []
    for name, all_rows in sorted(rows.items()):
        chosen = all_rows[: context.limit]
        likely = np.array([[float(row["yes_prob"]), float(row["no_prob"])] for row in chosen])
        found.append(
            Run(
                f"BoolQ, prompt {name}",
                np.array([row["answer"] == "Yes" for row in chosen]),
                np.array([row["gold"] == "True" for row in chosen]),
                np.array([float(row["correct"]) for row in chosen]),
                likely[:, 0] / likely.sum(axis=1),
                tuple(Confidence(float(row["stated_confidence"]), "stated") for row in chosen),
                tuple(Confidence(float(row["token_prob"]), "token") for row in chosen),
            )
        )
    return found


def solutions(context: Context) -> Solutions:
    """Return the recorded solutions of the four systems."""
    rows = context.rows(DATA, "gsm8k_model_solutions.jsonl.gz")[: context.limit]
    return Solutions(
        tuple(row["question"] for row in rows),
        tuple(tuple(row[writer]["solution"] for writer in WRITERS) for row in rows),
        np.array([[float(row[writer]["is_correct"]) for writer in WRITERS] for row in rows]),
    )
