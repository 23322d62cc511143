"""Ask a live model for reasoning, an answer, a confidence, and leave it free to say that it does not know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.confidences import Said, ask_answers
from personae.audit.final_answers import same_answer
from personae.audit.wording import refuses
from personae.metrics.calibration import expected_calibration_error
from personae.metrics.discrimination import auroc_interval, correlation_interval, ranks
from personae.metrics.intervals import bootstrap_mean
from personae.models.choice import Question
from personae.papers.harness import Comparison, Context, compare
from personae.papers.knowwhatknow.live import stated_values, worth_rows
from personae.papers.zeroeval import DATA, SETS

SETTING = "MATH-L5"
Array = NDArray[np.float64]


def problems(context: Context) -> list[tuple[Question, str]]:
    """Return the MATH-L5 problems and their final answers."""
    rows = context.rows(DATA, f"zeroeval_{SETS[SETTING]}_questions.jsonl.gz")[: context.limit]
    return [(Question(row["question"], (), key=f"math-l5-{row['item']}"), str(row["gold"])) for row in rows]


def ask(context: Context) -> tuple[tuple[Said, ...], Array]:
    """Ask every problem, and return what was said and whether it is right, shape (n_problems,)."""
    items = problems(context)
    said = ask_answers(context.chat(), [question for question, _ in items])
    right = [float(same_answer(each.answer, gold)) for each, (_, gold) in zip(said, items, strict=True)]
    return said, np.array(right)


def live_confidences(context: Context) -> dict[str, tuple[Array, Array]]:
    """Return what can be drawn of a live model: the confidence stated with each attempted answer, and what was right."""
    said, right = ask(context)
    tried = [i for i, each in enumerate(said) if not each.is_abstained and each.answer]
    return {f"{context.model}, stated": stated_values([said[i].confidence for i in tried], right[tried])}


def live_rows(context: Context) -> Iterator[Comparison]:
    """Yield accuracy of all and attempted answers, rates of "I don't know" and refusals, the worth of confidence, and length."""
    said, right = ask(context)
    tried = np.array([not each.is_abstained and bool(each.answer) for each in said])
    shared: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    model = context.model
    yield compare(SETTING, "accuracy", model, bootstrap_mean(right, **shared))
    refused = np.array([bool(each.reply.refusal) or refuses(each.reply.text) for each in said]) & ~tried
    declined = np.array([each.is_abstained for each in said]) & ~refused
    for metric, kept in (
        ("share that says it does not know", declined),
        ("share that refuses", refused),
        ("share without a readable answer", ~(tried | declined | refused)),
    ):
        yield compare(SETTING, metric, model, float(kept.mean()), n=len(said))
    if not tried.any():
        return
    attempted = [each for each, is_tried in zip(said, tried, strict=True) if is_tried]
    outcome = right[tried]
    yield compare(SETTING, "accuracy of attempted answers", model, bootstrap_mean(outcome, **shared))
    stated = [each.confidence for each in attempted]
    yield from worth_rows(context, SETTING, "stated", stated, outcome)
    known = np.array([confidence.value is not None for confidence in stated])
    length = np.array([float(each.n_tokens) for each in attempted])
    yield compare(SETTING, "AUROC of a shorter reply", model, auroc_interval(-length, outcome, **shared))
    if known.sum() < 2:
        return
    chance = np.array([confidence.value or 0.0 for confidence in stated])
    mass = expected_calibration_error(chance[known], outcome[known], binning="mass")
    yield compare(
        SETTING, "ECE, 10 bins of equal mass", f"{model}, stated confidence", mass, n=int(known.sum())
    )
    for name, kept in (("all", known), ("right", known & (outcome > 0)), ("wrong", known & (outcome == 0))):
        if kept.sum() > 2:
            spearman = correlation_interval(ranks(length[kept]), ranks(chance[kept]), **shared)
            yield compare(
                SETTING, f"Spearman of tokens and stated confidence, {name} answers", model, spearman
            )
