"""P(True): is a proposed solution right, and which of four to believe?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.knowledge import SolutionVerifier, agreement, majority
from personae.metrics.calibration import error_columns, error_of_sums
from personae.metrics.discrimination import auroc_interval
from personae.metrics.folds import level_folds
from personae.metrics.intervals import bootstrap_mean, bootstrap_ratio, bootstrap_sums
from personae.metrics.paired import mcnemar, paired_difference
from personae.models.encoder import CachedEncoder
from personae.models.words import WordEncoder, common_words
from personae.papers.harness import Comparison, Context, compare
from personae.papers.knowwhatknow.recorded import BEST_WRITER, WRITERS, Solutions, solutions

Array = NDArray[np.float64]
FOLDS = 10
QUICK_FOLDS = 4
WORDS = 1000  # of the solutions: their vectors say as much as the solutions' own, which take a minute
SETTING = "GSM8K, four recorded writers"
BEST_ALONE = 0.5625  # the source's all-row accuracy of 175b_verification, card
ALONE, TOGETHER = "verifier, sums of this solution", "verifier, sums and the other solutions' ends"


def verifying_rows(context: Context) -> Iterator[Comparison]:
    """Yield the AUROC of each verifier, its calibration, and the accuracy of the solution it chooses."""
    found = solutions(context)
    bar = ">= .65" if context.limit is None else ""
    judged = {}
    for method, parts in _methods(context, found).items():
        judged[method] = held_out(context, found, method, **parts)
        yield from _discrimination(
            context, found, method, judged[method], bar if method.startswith("verifier, sums") else ""
        )
    yield from _discrimination(context, found, "writer's level alone", _levels(found))
    yield from _discrimination(
        context, found, "others that end in the same number", agreement(found.solutions).sum(axis=2)
    )
    shuffled = Solutions(found.questions, found.solutions, _shuffled(found.right, context.seed))
    control = held_out(context, shuffled, "control", others=False)
    yield from _discrimination(context, shuffled, f"control: {ALONE}, marks of other questions", control)
    for method in (ALONE, TOGETHER):
        yield from _believed(context, found, method, judged[method])
    yield from _choices(context, found, judged)


def held_out(context: Context, found: Solutions, label: str, **parts: Any) -> Array:
    """Return P(True) of every solution, (n_questions, 4), each question by a verifier that has not seen it."""
    n_folds = QUICK_FOLDS if context.quick else FOLDS
    folds = level_folds(found.right.sum(axis=1), n_folds=n_folds, random_state=context.seed)
    chances = np.empty(found.right.shape)
    for fold in context.track(range(n_folds), label):
        train, test = found.take(np.flatnonzero(folds != fold)), found.take(np.flatnonzero(folds == fold))
        verifier = SolutionVerifier(**parts).fit(train.questions, train.solutions, train.right)
        chances[folds == fold] = verifier.predict(test.questions, test.solutions)
    return chances


def _methods(context: Context, found: Solutions) -> dict[str, dict[str, Any]]:
    """Return each verifier's parts; those that read vectors, of the solutions' commonest words, are left to a full run."""
    methods: dict[str, dict[str, Any]] = {ALONE: {"others": False}, TOGETHER: {}}
    if not context.quick:
        words = common_words((text for row in found.solutions for text in row), WORDS)
        encoder = CachedEncoder(WordEncoder(context.encoder(), words))
        methods["verifier, word vectors"] = {
            "checks": False,
            "others": False,
            "encoder": encoder,
            "penalty": 30.0,
        }
        methods["verifier, sums of this solution and its word vectors"] = {
            "others": False,
            "encoder": encoder,
        }
    return methods


def _discrimination(
    context: Context, found: Solutions, method: str, scores: Array, bar: str = ""
) -> Iterator[Comparison]:
    shared = _shared(context, found)
    writers = np.tile(np.arange(len(WRITERS)), len(found.questions))
    within = auroc_interval(scores.ravel(), found.right.ravel(), strata=writers, **shared)
    yield compare(SETTING, "AUROC within writers", method, within, bar=bar)
    pooled = auroc_interval(scores.ravel(), found.right.ravel(), **shared)
    yield compare(SETTING, "AUROC pooled", method, pooled, bar=bar)


def _believed(context: Context, found: Solutions, method: str, chances: Array) -> Iterator[Comparison]:
    """Calibration, and the paper's own measure: how often a solution is right that the verifier believes."""
    chance, right, shared = chances.ravel(), found.right.ravel(), _shared(context, found)
    error = bootstrap_sums(error_columns(chance, right), error_of_sums, **shared)
    yield compare(SETTING, "ECE, 10 bins of equal width", method, error)
    yield compare(SETTING, "Brier", method, bootstrap_mean((chance - right) ** 2, **shared))
    for least in (0.0, 0.5, 0.9):
        kept = (chance > least).astype(float)
        believed = bootstrap_ratio(kept * right, kept, **shared)
        yield compare(SETTING, f"share right where P(True) > {least:g}", method, believed)
        yield compare(SETTING, f"share with P(True) > {least:g}", method, bootstrap_mean(kept, **shared))


def _choices(context: Context, found: Solutions, judged: dict[str, Array]) -> Iterator[Comparison]:
    """The accuracy of the chosen solution, and what it gains on the best writer's: paired, McNemar."""
    questions = np.arange(len(found.questions))
    chosen = {
        **{f"chosen by {method}": chances.argmax(axis=1) for method, chances in judged.items()},
        "chosen by majority, ties to the best writer": majority(found.solutions, found.right.mean(axis=0)),
    }
    shared: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    best = found.right[:, BEST_WRITER]
    is_full = context.limit is None
    for place, writer in enumerate(WRITERS):
        paper, source = (BEST_ALONE, "card, all rows") if place == BEST_WRITER and is_full else (None, "")
        alone = bootstrap_mean(found.right[:, place], **shared)
        yield compare(SETTING, "accuracy", f"{writer} alone", alone, paper=paper, source=source)
    yield compare(
        SETTING, "accuracy", "any of the four right", bootstrap_mean(found.right.max(axis=1), **shared)
    )
    for method, picks in chosen.items():
        right = found.right[questions, picks]
        bar = "> .563" if is_full and method == f"chosen by {TOGETHER}" else ""
        yield compare(SETTING, "accuracy", method, bootstrap_mean(right, **shared), bar=bar)
        yield compare(
            SETTING, "accuracy gain on the best writer", method, paired_difference(right, best, **shared)
        )
        test = mcnemar(right, best)
        yield compare(
            SETTING, "McNemar p against the best writer", method, test.p_value, n=test.first + test.second
        )


def _levels(found: Solutions) -> Array:
    return np.broadcast_to(found.right.mean(axis=0), found.right.shape)


def _shuffled(right: Array, seed: int) -> Array:
    """Return the marks, writer by writer dealt to other questions."""
    return np.random.default_rng(seed).permuted(right, axis=0)


def _shared(context: Context, found: Solutions) -> dict[str, Any]:
    """Intervals over questions: the four solutions to one are drawn together."""
    questions = np.repeat(np.arange(len(found.questions)), len(WRITERS))
    return {"clusters": questions, "draws": context.draws, "random_state": context.seed}
