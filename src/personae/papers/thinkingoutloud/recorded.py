"""The recorded data that the table is measured on: rated hedges, and answers with what their writers made of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.papers.harness import Context

DATA = "thinkingoutloud"
READERS = {  # column, 0 to 100
    "probe trained on human ratings": "confidence_score_probe_human_anno_trained",
    "probe trained on LLM ratings": "confidence_score_probe",
    "GPT-5": "confidence_score_gpt-5",
    "GPT-5-mini": "confidence_score_gpt-5-mini",
    "GPT-5-nano": "confidence_score_gpt-5-nano",
    "GPT-4o-mini": "confidence_score_gpt-4o-mini",
}
ZERO_SHOT = tuple(name for name in READERS if name.startswith("GPT"))
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hedges:
    """Hedged answers to factual questions with the mean of three to five people's ratings, in [0, 1].

    `classes` are the writers' intended levels, from "high" to "completely uncertain"; `read` what each recorded reader made of
    the same sentences, in [0, 1].
    """

    sentences: tuple[str, ...]
    questions: tuple[str, ...]
    classes: tuple[str, ...]
    ratings: Array
    read: dict[str, Array]


def hedges(context: Context, limit: int | None = None) -> Hedges:
    """Return the rated sentences, the first `limit`."""
    rows = context.rows(DATA, "linguistic_confidence_human.csv.gz")[:limit]
    return Hedges(
        tuple(row["uncertainty_expression"] for row in rows),
        tuple(row["question"] for row in rows),
        tuple(row["llm_confidence_level"] for row in rows),
        np.array([float(row["annotation_mean"]) / 100 for row in rows]),
        {
            name: np.array([float(row[column]) / 100 for row in rows]).clip(0, 1)
            for name, column in READERS.items()
        },
    )
