"""Know-what-they-know: token probabilities, stated confidences, P(True) and P(IK), recomputed and fitted on recorded outputs.

Source: Kadavath et al. (2022), "Language Models (Mostly) Know What They Know", arXiv 2207.05221. The paper's models and outputs
are closed; the tables are those of public recordings, whose expected numbers the card recomputed from the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.confidences import worth
from personae.metrics.calibration import (
    error_columns,
    error_saved_of_sums,
    fit_temperature,
    mean_error_of_sums,
    softmax,
    with_temperature,
)
from personae.metrics.conformal import conformal_sets, conformal_threshold
from personae.metrics.discrimination import auroc_interval
from personae.metrics.folds import deal_folds
from personae.metrics.intervals import (
    LEVEL,
    Interval,
    bootstrap_mean,
    bootstrap_sums,
    percentile_interval,
    resample_sums,
)
from personae.metrics.logistic import log_odds
from personae.metrics.paired import mcnemar
from personae.metrics.recalibration import fit_isotonic, fit_platt
from personae.metrics.shortcuts import Choice
from personae.models.confidence import Confidence
from personae.papers.blind import blind_rows
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.knowwhatknow.knowing import knowing_rows
from personae.papers.knowwhatknow.live import live_confidences, live_rows, yes_no
from personae.papers.knowwhatknow.recorded import DATA, Run, boolq_runs, option_logits
from personae.papers.knowwhatknow.verifying import verifying_rows

Array = NDArray[np.float64]
Map = Callable[[Array, Array, Array], Array]
CARD = "card, same files"
GAPS = {  # mean top probability over three prompts less published accuracy
    "Llama-2-7b-hf": -0.032, "Llama-2-13b-hf": -0.012, "Llama-2-70b-hf": -0.001, "Qwen-1_8B": 0.006, "Qwen-7B": -0.026,
    "Qwen-14B": 0.001, "Qwen-72B": -0.018,
}  # fmt: skip
TOP = {  # mean top probability, base prompt
    "Yi-34B": 0.7235, "Yi-6B": 0.5920, "deepseek-llm-67b-base": 0.6433, "deepseek-llm-7b-base": 0.4460, "Mistral-7B-v0.1": 0.6306,
    "internlm-7b": 0.6735, "falcon-40b": 0.4781, "falcon-7b": 0.2590, "mpt-7b": 0.2708,
}  # fmt: skip
BOOLQ = {  # accuracy, ECE stated, ECE token, AUROC stated, AUROC token
    "BoolQ, prompt 1": (0.715, 0.308, 0.094, 0.445, 0.755), "BoolQ, prompt 2": (0.678, 0.180, 0.167, 0.571, 0.781),
    "BoolQ, prompt 3": (0.414, 0.279, 0.299, 0.584, 0.795), "BoolQ, prompt 4": (0.477, 0.202, 0.228, 0.653, 0.618),
    "BoolQ, prompt 5": (0.811, 0.133, 0.246, 0.501, 0.771), "BoolQ, prompt 6": (0.811, 0.096, 0.196, 0.539, 0.507),
}  # fmt: skip
HALVINGS = 10
LETTERED = 4  # options A to D; E and F are added refusal-like ones
ECE = "ECE, 10 bins of equal width"


def rows(context: Context) -> Iterator[Comparison]:
    """Measure what was recorded, or ask a model."""
    if not context.replayed:
        yield from live_rows(context)
        yield from _unread(context)
        return
    yield from _options(context)
    for run in boolq_runs(context):
        yield from confidence_rows(context, run)
        yield from _mended(context, run)
    yield from _unread(context)


def learned(context: Context) -> Iterator[Comparison]:
    """Train the verifiers of recorded solutions, and the heads that read the question alone."""
    yield from verifying_rows(context)
    yield from knowing_rows(context)


def samples(context: Context) -> list[dict[str, Any]]:
    """Return BoolQ's questions with their passages as two-option samples."""
    return [
        {
            "id": question.key,
            "prompt": question.prompt,
            "options": list(question.options),
            "target": right,
            "metadata": {},
        }
        for question, right in yes_no(context)
    ]


def confidences(context: Context) -> dict[str, tuple[Array, Array]]:
    """Return what can be drawn: the token probability and the stated number under each prompt, and what was right."""
    if not context.replayed:
        return live_confidences(context)
    return {
        f"{run.name}, {source}": (_values(values), run.right)
        for run in boolq_runs(context)
        for source, values in (("token", run.token), ("stated", run.stated))
    }


def _options(context: Context) -> Iterator[Comparison]:
    """Sixteen base models on MMLU with six options: how likely they take their top option to be, against published accuracy."""
    published = context.json(DATA, "mmlu10k_published.json")["accuracy_pct"]
    columns: dict[tuple[str, str, str], Array] = {}
    for model, logits in option_logits(context).items():
        top = {prompt: softmax(values).max(axis=1) for prompt, values in logits.items()}
        added = [values.argmax(axis=1) >= LETTERED for values in logits.values()]
        prompts = "mean of three prompts" if len(top) > 1 else "base prompt"
        columns["base prompt", "mean top probability", model] = top["base"]
        gap = np.mean(list(top.values()), axis=0) - published[model] / 100
        columns[prompts, "top probability less published accuracy", model] = gap
        columns[prompts, "share that picks an added option", model] = np.mean(added, axis=0)
    for (prompts, metric, model), found in zip(columns, _means(context, list(columns.values())), strict=True):
        known = GAPS if "less" in metric else TOP if metric.startswith("mean") else {}
        expected = known.get(model) if context.limit is None else None
        yield _held(f"MMLU, {prompts}", metric, model, found, expected)


def _means(context: Context, columns: Sequence[Array]) -> list[Interval]:
    """Return the mean of each column, all under the same draws of questions."""
    rows = np.stack(columns, axis=1)
    drawn = resample_sums(rows, draws=context.draws, random_state=context.seed) / len(rows)
    return [
        percentile_interval(float(rows[:, i].mean()), drawn[:, i], LEVEL, len(rows), len(rows))
        for i in range(rows.shape[1])
    ]


def confidence_rows(context: Context, run: Run) -> Iterator[Comparison]:
    """One prompt: accuracy beside always saying the commoner answer, and what the two confidences are worth."""
    accuracy, *expected = BOOLQ[run.name] if context.limit is None else (None,) * 5
    shared: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    yield _held(run.name, "accuracy", "Llama-3-8B", bootstrap_mean(run.right, **shared), accuracy)
    always = (run.is_yes == (run.is_yes.mean() >= 0.5)).astype(float)
    yield compare(run.name, "accuracy", "always the commoner answer", bootstrap_mean(always, **shared))
    test = mcnemar(run.right, always)
    yield compare(run.name, "McNemar p against it", "Llama-3-8B", test.p_value, n=test.first + test.second)
    for place, confidences in enumerate((run.stated, run.token)):
        found = worth(confidences, run.right, **shared)
        if found is None:
            continue
        method = f"{found.source} confidence"
        yield _held(run.name, ECE, method, found.error, expected[place])
        yield _held(run.name, "AUROC", method, found.auroc, expected[2 + place])
        yield compare(run.name, "Brier", method, found.brier)


def _mended(context: Context, run: Run) -> Iterator[Comparison]:
    """Maps fitted on half of the answers and used on the other half, both ways, and the mean over several halvings."""
    shared: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    token, stated = _values(run.token), _values(run.stated)
    halvings = [
        deal_folds(range(len(token)), n_folds=2, random_state=context.seed + i)
        for i in range(2 if context.quick else HALVINGS)
    ]
    maps = {
        "token confidence, temperature": (_temperature, token, token),
        "token confidence, Platt": (_platt, token, token),
        "token confidence, isotonic": (_isotonic, token, token),
        "stated confidence, Platt": (_platt, stated, stated),
        "stated confidence, isotonic": (_isotonic, stated, stated),
        "stated confidence, map of the token's (a mistake)": (_isotonic, token, stated),
    }
    for name, (fit, learned, used) in maps.items():
        mended = [
            error_columns(_both_ways(fit, learned, run.right, used, halves), run.right) for halves in halvings
        ]
        found = bootstrap_sums(np.hstack(mended), mean_error_of_sums, **shared)
        yield compare(run.name, f"{ECE}, after", f"{name}, fitted on the other half", found)
        if name.endswith("temperature"):
            saved = bootstrap_sums(
                np.hstack([error_columns(used, run.right), *mended]), error_saved_of_sums, **shared
            )
            bar = "> 0" if context.limit is None else ""
            yield compare(run.name, "ECE saved", f"{name}, fitted on the other half", saved, bar=bar)
    yield from _sets(context, run, halvings[0])
    shuffled = np.random.default_rng(context.seed).permutation(run.right)
    control = auroc_interval(token, shuffled, **shared)
    is_large = len(token) > 1000 and context.limit is None
    paper, source, bar = (0.5, "chance", "within .05") if is_large else (None, "", "")
    yield compare(
        run.name,
        "AUROC",
        "control: token confidence, answers shuffled",
        control,
        paper=paper,
        source=source,
        bar=bar,
    )


def _both_ways(fit: Map, learned: Array, right: Array, used: Array, halves: NDArray[np.intp]) -> Array:
    mended = np.empty_like(used)
    for half in (0, 1):
        use = halves == half
        mended[use] = fit(learned[~use], right[~use], used[use])
    return mended


def _sets(context: Context, run: Run, halves: NDArray[np.intp]) -> Iterator[Comparison]:
    chances, label = np.stack([1 - run.yes, run.yes], axis=1), run.is_yes.astype(int)
    kept = np.empty(chances.shape, dtype=bool)
    for half in (0, 1):
        use = halves == half
        kept[use] = conformal_sets(chances[use], conformal_threshold(chances[~use], label[~use], error=0.1))
    shared: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    held = bootstrap_mean(kept[np.arange(len(label)), label], **shared)
    method = "conformal sets of yes and no, 90% promised"
    yield compare(run.name, "share of sets with the right answer", method, held)
    yield compare(run.name, "answers in a set", method, bootstrap_mean(kept.sum(axis=1), **shared))


def _unread(context: Context) -> Iterator[Comparison]:
    """What BoolQ gives away without reading a question."""
    items = [Choice(question.options, right) for question, right in yes_no(context)]
    yield from blind_rows(context, f"BoolQ, {len(items):,} questions", items)


def _temperature(scores: Array, right: Array, others: Array) -> Array:
    return with_temperature(log_odds(others), fit_temperature(log_odds(scores), right.astype(int)))


def _platt(scores: Array, right: Array, others: Array) -> Array:
    return fit_platt(log_odds(scores), right)(log_odds(others))


def _isotonic(scores: Array, right: Array, others: Array) -> Array:
    return fit_isotonic(scores, right)(others)


def _held(setting: str, metric: str, method: str, found: Any, expected: float | None) -> Comparison:
    source, bar = (CARD, "within .0005") if expected is not None else ("", "")
    return compare(setting, metric, method, found, paper=expected, source=source, bar=bar)


def _values(confidences: Sequence[Confidence]) -> Array:
    return np.array([confidence.value for confidence in confidences], dtype=float)


EXPERIMENT = Experiment(DATA, rows, learned)
