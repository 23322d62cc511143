"""Recorded answers of many models to the same mathematical questions: right or wrong, and how long the reasoning was.

Source: WildEval/ZeroEval, recorded outputs; `correct` is a normalizing match of numbers and strings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.papers.harness import Context

DATA = "knowwhatknow"
SETS = {"GSM8K": "gsm", "MATH-L5": "math-l5"}
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """One set of questions. Arrays have shape (n_models, n_questions); NaN where there is no record.

    `right` is 1 or 0; `attempted` is `right` where an answer could be read, NaN elsewhere; `lengths` are characters of the
    visible reasoning.
    """

    name: str
    questions: tuple[str, ...]
    golds: tuple[str, ...]
    models: tuple[str, ...]
    right: Array
    attempted: Array
    lengths: Array

    def only(self, models: tuple[str, ...]) -> Outcomes:
        """Return the same questions for some of the models."""
        kept = [self.models.index(model) for model in models]
        arrays = (self.right[kept], self.attempted[kept], self.lengths[kept])
        return Outcomes(self.name, self.questions, self.golds, models, *arrays)

    def shuffled(self, seed: int) -> Outcomes:
        """Return the same questions with each other's answers: nothing can be told from a question."""
        order = np.random.default_rng(seed).permutation(len(self.questions))
        arrays = (self.right[:, order], self.attempted[:, order], self.lengths[:, order])
        return Outcomes(self.name, self.questions, self.golds, self.models, *arrays)


def outcomes(context: Context, name: str, limit: int | None = None) -> Outcomes:
    """Return one of `SETS`, its first `limit` questions."""
    questions = context.rows(DATA, f"zeroeval_{SETS[name]}_questions.jsonl.gz")[:limit]
    place = {str(row["item"]): i for i, row in enumerate(questions)}
    records = context.rows(DATA, f"zeroeval_{SETS[name]}_records.csv.gz")
    models = sorted({row["model"] for row in records})
    code = {model: i for i, model in enumerate(models)}
    right, attempted, lengths = (np.full((len(models), len(questions)), np.nan) for _ in range(3))
    for row in records:
        if row["item"] in place:
            at = code[row["model"]], place[row["item"]]
            right[at] = float(row["correct"])
            attempted[at] = right[at] if float(row["answered"]) else np.nan
            lengths[at] = float(row["reasoning_chars"] or "nan")
    texts, golds = (tuple(str(row[key]) for row in questions) for key in ("question", "gold"))
    return Outcomes(name, texts, golds, tuple(models), right, attempted, lengths)
