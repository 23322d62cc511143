"""Chains of visible reasoning: are shorter ones right more often, and is that still so among questions as hard as each other?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.chain_length import length_effect
from personae.audit.final_answers import same_answer
from personae.audit.knowledge import others_right
from personae.metrics.discrimination import auroc_interval
from personae.metrics.intervals import Interval, bootstrap_mean
from personae.papers.harness import Comparison, Context, compare
from personae.papers.zeroeval import SETS, Outcomes, outcomes

Array = NDArray[np.float64]
CARD = "card, all 721 problems"
SHORTER = {  # AUROC of a shorter chain for being right, MATH-L5, answered problems
    "o1-mini-2024-09-12": 0.602, "o1-preview-2024-09-12": 0.626, "Qwen2.5-72B-Instruct": 0.656, "gpt-4o-2024-08-06": 0.688,
    "grok-2-1212": 0.714, "claude-3-5-sonnet-20241022": 0.744, "gemini-1.5-pro-exp-0827": 0.750,
    "Llama-3.1-405B-Inst@sambanova": 0.521,
}  # fmt: skip
EFFECT = "log-odds of right, one sd of log length"
EFFECTS = {"models' levels": -0.522, "models' levels and difficulty": -0.064}


def chain_rows(context: Context) -> Iterator[Comparison]:
    """Yield the pooled effect before and after difficulty, each model's, and how many of the card's values lie within ours."""
    for name in SETS:
        found = outcomes(context, name, context.limit)
        is_carded = name == "MATH-L5" and context.limit is None
        pooled = _pooled(context, found)
        for adjusted, effect in pooled.items():
            paper = EFFECTS.get(adjusted) if is_carded else None
            source = CARD if paper is not None else ""
            yield compare(name, EFFECT, f"given {adjusted}", effect, paper=paper, source=source)
        yield from _control(context, found)
        areas = {model: _shorter(context, found, model) for model in found.models}
        yield from _models(context, found, areas, SHORTER if is_carded else {})
        if is_carded:
            known = [(areas[model], value) for model, value in SHORTER.items()]
            known += [(pooled[adjusted], value) for adjusted, value in EFFECTS.items()]
            inside = [interval.low <= value <= interval.high for interval, value in known]
            yield compare(name, "share of the card's values inside the intervals here", "AUROC and pooled effects",
                          float(np.mean(inside)), n=len(inside), bar=">= 1")  # fmt: skip
    yield from _traces(context)


def _pooled(context: Context, found: Outcomes) -> dict[str, Interval]:
    shared: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    difficulty = others_right(found.right)
    return {
        "models' levels": length_effect(found.lengths, found.attempted, **shared),
        "models' levels and difficulty": length_effect(
            found.lengths, found.attempted, difficulty=difficulty, **shared
        ),
    }


def _control(context: Context, found: Outcomes) -> Iterator[Comparison]:
    """Lengths dealt to other questions: nothing is left."""
    lengths = np.random.default_rng(context.seed).permuted(found.lengths, axis=1)
    effect = length_effect(lengths, found.attempted, draws=context.draws, random_state=context.seed)
    paper, source, bar = (0.0, "chance", "within .06") if context.limit is None else (None, "", "")
    yield compare(
        found.name, EFFECT, "control: lengths of other questions", effect, paper=paper, source=source, bar=bar
    )


def _models(
    context: Context, found: Outcomes, areas: Mapping[str, Interval], expected: Mapping[str, float]
) -> Iterator[Comparison]:
    """The card's models one by one, and the others counted."""
    difficulty = others_right(found.right)
    left = {}
    for row, model in enumerate(found.models):
        one = slice(row, row + 1)
        shared: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
        left[model] = length_effect(
            found.lengths[one], found.attempted[one], difficulty=difficulty[one], **shared
        )
    for model, value in expected.items():
        yield compare(found.name, "AUROC of a shorter chain", model, areas[model], paper=value, source=CARD)
        yield compare(found.name, EFFECT, f"{model}, given difficulty", left[model])
    shares = {
        "AUROC of a shorter chain above .5": [interval.low > 0.5 for interval in areas.values()],
        "longer is worse, given difficulty": [interval.high < 0 for interval in left.values()],
        "longer is better, given difficulty": [interval.low > 0 for interval in left.values()],
    }
    for metric, flags in shares.items():
        yield compare(
            found.name, f"share of models: {metric}", "95% intervals", float(np.mean(flags)), n=len(flags)
        )


def _shorter(context: Context, found: Outcomes, model: str) -> Interval:
    row = found.models.index(model)
    known = ~np.isnan(found.attempted[row]) & (np.nan_to_num(found.lengths[row]) > 0)
    return auroc_interval(
        -found.lengths[row, known],
        found.attempted[row, known],
        draws=context.draws,
        random_state=context.seed,
    )


def _traces(context: Context) -> Iterator[Comparison]:
    """Six models' whole chains: the grader against the recorded marks, and length in words in place of characters."""
    rows = context.rows("thinkingoutloud", "math_l5_reasoning_traces.jsonl.gz")[: context.limit]
    shared: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    agreed = [
        float(same_answer(str(row["answer"] or ""), str(row["gold"])) == bool(row["correct"])) for row in rows
    ]
    problems = [row["item"] for row in rows]
    yield compare(
        "MATH-L5 chains",
        "answers marked as recorded",
        "local grader",
        bootstrap_mean(agreed, clusters=problems, **shared),
    )
    kept = [row for row in rows if row["answer"] and row["reasoning"]]
    for unit, count in (("characters", len), ("words", lambda text: len(text.split()))):
        area = auroc_interval(
            [-float(count(row["reasoning"])) for row in kept], [float(row["correct"]) for row in kept],
            strata=[row["model"] for row in kept], clusters=[row["item"] for row in kept], **shared,
        )  # fmt: skip
        yield compare("MATH-L5 chains", f"AUROC of a shorter chain, {unit}", "mean of six models", area)
