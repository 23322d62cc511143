"""Hedged sentences read as numbers by recorded models, probes, a word list and a regressor; and answers that decline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.wording import (
    AbstentionDetector,
    HedgeRegressor,
    abstains,
    frame,
    lexical_confidence,
)
from personae.metrics.discrimination import correlation_columns, correlation_interval, correlation_of_sums
from personae.metrics.folds import deal_folds
from personae.metrics.intervals import bootstrap_mean, bootstrap_ratio, bootstrap_sums
from personae.metrics.paired import paired_difference
from personae.papers.harness import Comparison, Context, compare
from personae.papers.thinkingoutloud.recorded import ZERO_SHOT, Hedges, hedges

Array = NDArray[np.float64]
CARD = "card, same rows"
HEDGED = "rated hedges"
RECORDED = {  # mean squared error, Pearson's r
    "probe trained on human ratings": (0.0051, 0.947), "probe trained on LLM ratings": (0.0085, 0.953), "GPT-5": (0.0191, 0.859),
    "GPT-5-mini": (0.0193, 0.824), "GPT-5-nano": (0.0309, 0.730), "GPT-4o-mini": (0.0351, 0.768),
}  # fmt: skip
REGRESSOR = "regressor: frame, n-grams and encoder"
FOLDS = 5
QUICK_SENTENCES = 300
RIDGE = 1.0


def recorded_rows(context: Context) -> Iterator[Comparison]:
    """Yield every recorded reader's error and correlation."""
    found = _rated(context)
    yield from _readers(context, found, found.read)


def word_rows(context: Context) -> Iterator[Comparison]:
    """Yield what is learned here: each reader's error, the regressor against each zero-shot model, the detector by class."""
    found = _rated(context)
    read = held_out(context, found)
    yield from _readers(context, found, read)
    yield from _against_zero_shot(context, found, read[REGRESSOR])
    yield from _declined(context, found)


def _rated(context: Context) -> Hedges:
    return hedges(context, QUICK_SENTENCES if context.quick and context.limit is None else context.limit)


def held_out(context: Context, found: Hedges) -> dict[str, Array]:
    """Return what each method makes of sentences whose questions it has not seen: five folds, whole questions in a fold."""
    methods = {
        REGRESSOR: HedgeRegressor(encoder=context.encoder(), word_list=False),
        "regressor: frame and n-grams": HedgeRegressor(word_list=False),
        "regressor: frame, n-grams and word list": HedgeRegressor(),
    }
    if not context.quick:
        methods["regressor: n-grams of the whole sentence"] = HedgeRegressor(word_list=False, masked=False)
    folds = deal_folds(found.questions, n_folds=FOLDS, random_state=context.seed)
    vectors = _vectors(context, found)
    shuffled = np.random.default_rng(context.seed).permutation(found.ratings)
    control = "control: frame and n-grams, ratings of other sentences"
    names = (*methods, *vectors, "mean rating", control)
    read = {name: np.empty(len(folds)) for name in names}
    for fold in context.track(np.unique(folds).tolist(), "hedges"):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        sentences, asked = _take(found.sentences, train), _take(found.questions, train)
        others, other_asked = _take(found.sentences, test), _take(found.questions, test)
        for name, method in methods.items():
            read[name][test] = method.fit(sentences, found.ratings[train], asked).predict(others, other_asked)
        for name, columns in vectors.items():
            read[name][test] = _ridge(columns[train], found.ratings[train], columns[test])
        read["mean rating"][test] = found.ratings[train].mean()
        blind = HedgeRegressor(word_list=False).fit(sentences, shuffled[train], asked)
        read[control][test] = blind.predict(others, other_asked)
    read["word list alone"] = np.array([lexical_confidence(sentence) for sentence in found.sentences])
    return read


def _readers(context: Context, found: Hedges, read: Mapping[str, Array]) -> Iterator[Comparison]:
    whole = context.limit is None and not context.quick
    shared = _over_questions(context, found)
    for name, ratings in read.items():
        error, fit = RECORDED.get(name, (None, None)) if whole else (None, None)
        source = CARD if error is not None else ""
        bars = (
            ("<= .010", ">= .90")
            if name == REGRESSOR
            else ("within .0001", "within .0005")
            if source
            else ("", "")
        )
        squared = bootstrap_mean((ratings - found.ratings) ** 2, **shared)
        yield compare(
            HEDGED,
            "mean squared error",
            name,
            squared,
            paper=error,
            source=source,
            bar=bars[0] if whole else "",
        )
        r = correlation_interval(ratings, found.ratings, **shared)
        yield compare(HEDGED, "Pearson's r", name, r, paper=fit, source=source, bar=bars[1] if whole else "")


def _against_zero_shot(context: Context, found: Hedges, ours: Array) -> Iterator[Comparison]:
    whole = context.limit is None and not context.quick
    shared = _over_questions(context, found)
    for name in ZERO_SHOT:
        errors = [(ratings - found.ratings) ** 2 for ratings in (ours, found.read[name])]
        gap = paired_difference(errors[0], errors[1], **shared)
        yield compare(HEDGED, f"squared error less {name}'s", REGRESSOR, gap, bar="high < 0" if whole else "")
        columns = [correlation_columns(ratings, found.ratings) for ratings in (ours, found.read[name])]
        gain = bootstrap_sums(np.hstack(columns), _r_gain, **shared)
        yield compare(HEDGED, f"r less {name}'s", REGRESSOR, gain, bar="> 0" if whole else "")


def _declined(context: Context, found: Hedges) -> Iterator[Comparison]:
    """The share of each intended level that is taken as declined: all of "completely uncertain", none of the others."""
    detector = AbstentionDetector(encoder=context.encoder())
    by_example = detector.score(found.sentences) > detector.margin
    methods = {
        "rules": np.array([abstains(sentence) for sentence in found.sentences], dtype=float),
        "examples in the encoder": by_example.astype(float),
        "rules and examples": detector.predict(found.sentences).astype(float),
    }
    for kind in dict.fromkeys(found.classes):
        of_kind = np.array([float(each == kind) for each in found.classes])
        for method, flags in methods.items():
            share = bootstrap_ratio(flags * of_kind, of_kind, **_over_questions(context, found))
            share = replace(share, n=int(of_kind.sum()))
            yield compare(f"{HEDGED}, {kind}", "share taken as declined", method, share)


def _vectors(context: Context, found: Hedges) -> dict[str, Array]:
    """Return the encoder's vectors of the frames, and in a full run of the whole sentences: what the words add is beside them."""
    frames = [
        frame(sentence, question) for sentence, question in zip(found.sentences, found.questions, strict=True)
    ]
    vectors = {"ridge on the frame's vector": context.encoder().encode(frames).astype(float)}
    if not context.quick:
        vectors["ridge on the sentence's vector"] = context.encoder().encode(found.sentences).astype(float)
    return vectors


def _ridge(columns: Array, ratings: Array, others: Array) -> Array:
    center, level = columns.mean(axis=0), ratings.mean()
    centered = columns - center
    weights = np.linalg.solve(
        centered.T @ centered + RIDGE * np.eye(columns.shape[1]), centered.T @ (ratings - level)
    )
    return np.asarray(np.clip((others - center) @ weights + level, 0.0, 1.0))


def _r_gain(sums: Array) -> Array:
    half = sums.shape[1] // 2
    return correlation_of_sums(sums[:, :half]) - correlation_of_sums(sums[:, half:])


def _take(values: Sequence[str], rows: NDArray[np.intp]) -> list[str]:
    return [values[i] for i in rows.tolist()]


def _over_questions(context: Context, found: Hedges) -> dict[str, Any]:
    return {"clusters": found.questions, "draws": context.draws, "random_state": context.seed}
