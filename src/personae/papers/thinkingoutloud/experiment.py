"""Thinking out loud: hedges read as numbers, "I don't know", stated confidence by prompt, and chains of reasoning by length.

Source: "Thinking Out Loud: Do Reasoning Models Know When They're Right?" (EMNLP 2025), arXiv 2504.06564. The paper's outputs are
not public; the tables are those of public recordings, whose expected numbers the card recomputed from the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.confidences import ASK, read_said, worth
from personae.audit.final_answers import same_answer
from personae.metrics.calibration import error_columns, error_saved_of_sums, expected_calibration_error
from personae.metrics.intervals import bootstrap_sums
from personae.models.chat import Reply
from personae.models.confidence import Confidence
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.knowwhatknow.recorded import boolq_runs
from personae.papers.thinkingoutloud.chains import chain_rows
from personae.papers.thinkingoutloud.live import live_confidences, live_rows, problems
from personae.papers.thinkingoutloud.recorded import DATA
from personae.papers.thinkingoutloud.words import recorded_rows, word_rows

Array = NDArray[np.float64]
STATED = {  # ECE, AUROC; card, same rows
    "BoolQ, prompt 1": (0.308, 0.445), "BoolQ, prompt 2": (0.180, 0.571), "BoolQ, prompt 3": (0.279, 0.584),
    "BoolQ, prompt 4": (0.202, 0.653), "BoolQ, prompt 5": (0.133, 0.501), "BoolQ, prompt 6": (0.096, 0.539),
}  # fmt: skip
WORDED = ("BoolQ, prompt 5", "BoolQ, prompt 6")  # these ask for words or reasons, the first for a number
STATED_CONFIDENCE = "Llama-3-8B, stated confidence"


def rows(context: Context) -> Iterator[Comparison]:
    """Measure what was recorded, or ask a model."""
    if not context.replayed:
        yield from live_rows(context)
        return
    yield from recorded_rows(context)
    yield from _prompts(context)
    yield from chain_rows(context)


def samples(context: Context) -> list[dict[str, Any]]:
    """Return the MATH-L5 problems as open samples with their final answer."""
    return [
        {"id": question.key, "prompt": f"{question.prompt}\n\n{ASK}", "target": gold, "metadata": {}}
        for question, gold in problems(context)
    ]


def marker(context: Context) -> Callable[[str, Mapping[str, Any]], float]:
    """Return what marks an answer to a sample: whether its final answer equals the right one; declining is not right."""
    return lambda said, sample: float(same_answer(read_said(Reply(said)).answer, sample["target"]))


def confidences(context: Context) -> dict[str, tuple[Array, Array]]:
    """Return what can be drawn: the stated confidence under each prompt, and what was right."""
    if not context.replayed:
        return live_confidences(context)
    return {run.name: (_values(run.stated), run.right) for run in boolq_runs(context)}


def _prompts(context: Context) -> Iterator[Comparison]:
    """What a stated confidence is worth under six prompts."""
    shared: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    columns: dict[str, Array] = {}
    for run in boolq_runs(context):
        found = worth(run.stated, run.right, **shared)
        if found is None:
            continue
        expected = STATED[run.name] if context.limit is None else None
        for place, (metric, value) in enumerate(
            (("ECE, 10 bins of equal width", found.error), ("AUROC", found.auroc))
        ):
            paper, source, bar = (
                (expected[place], "card, same rows", "within .0005") if expected else (None, "", "")
            )
            yield compare(run.name, metric, STATED_CONFIDENCE, value, paper=paper, source=source, bar=bar)
        stated = _values(run.stated)
        columns[run.name] = error_columns(stated, run.right)
        mass = expected_calibration_error(stated, run.right, binning="mass")
        yield compare(run.name, "ECE, 10 bins of equal mass", STATED_CONFIDENCE, mass, n=len(stated))
        yield compare(run.name, "mean confidence when right", STATED_CONFIDENCE, found.sure_right)
        yield compare(run.name, "mean confidence when wrong", STATED_CONFIDENCE, found.sure_wrong)
    for name in WORDED:
        saved = bootstrap_sums(
            _side_by_side(columns["BoolQ, prompt 1"], columns[name]), error_saved_of_sums, **shared
        )
        bar = "low > 0" if context.limit is None else ""
        yield compare(name, "ECE saved on prompt 1", STATED_CONFIDENCE, saved, bar=bar)


def _values(stated: Sequence[Confidence]) -> Array:
    return np.array([confidence.value for confidence in stated], dtype=float)


def _side_by_side(first: Array, second: Array) -> Array:
    """Return two sets of rows as one, each in its own columns: they are other answers, not the same ones twice."""
    rows = np.zeros((len(first) + len(second), first.shape[1] + second.shape[1]))
    rows[: len(first), : first.shape[1]] = first
    rows[len(first) :, first.shape[1] :] = second
    return rows


EXPERIMENT = Experiment(DATA, rows, word_rows)
