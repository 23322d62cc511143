"""The encoder judge and its stack on the recorded pairs, each opinion by a judge that saw neither the person nor the question."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.metrics.calibration import expected_calibration_error, risk_coverage
from personae.metrics.folds import FOLDS, deal_folds
from personae.metrics.intervals import bootstrap_mean, bootstrap_ratio
from personae.metrics.logistic import sigmoid
from personae.metrics.paired import paired_difference
from personae.metrics.selective import accuracy_at, accuracy_gain_at, controlled_threshold
from personae.papers.harness import Comparison, Context, compare
from personae.papers.personaljudge.runs import Recordings, Run, item_of, unread
from personae.people.records import Preference
from personae.preference import EncoderJudge, VerdictStack

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
COVERAGES = (1.0, 0.5, 0.25)
RECORDED, ENCODER, STACK = JUDGES = "recorded judge", "encoder judge", "stack of both"
PAIRS = "PRISM pairs"
POOLED = "PRISM, runs together"
QUICK_PAIRS = 100
OTHER_SEEDS = (1, 2)
FEWEST_ROWS = FEWEST_PEOPLE = 20
ERROR, CHANCE = 0.2, 0.1  # the paper's claim, right above 80% where certain, as a promise


@dataclass(frozen=True, slots=True)
class Fold:
    """One outer fold: the pairs it is tested on, and log-odds of every pair's a, held out from the judge that gave them."""

    test: Mask
    odds: Array


@dataclass(frozen=True, slots=True)
class Opinions:
    """Three judges on the rows of one run: by judge, whether it is right and how sure it is, both (n_rows,)."""

    run: Run
    people: tuple[int, ...]
    right: dict[str, Array]
    confidence: dict[str, Array]


def judge_rows(context: Context, data: Recordings) -> Iterator[Comparison]:
    """Yield what the encoder judge and the stack reach, alone and beside the recorded judges, with and without a signal."""
    data = _first_pairs(data) if context.quick else data
    if len(set(data.groups)) < FEWEST_PEOPLE:
        return
    encoder = context.encoder()
    texts = sorted({text for pair in data.pairs for text in (pair.context, pair.a, pair.b)})
    for start in context.track(range(0, len(texts), 100), "encoding"):
        encoder.encode(texts[start : start + 100])
    new_judge = partial(
        EncoderJudge, encoder=encoder, n_folds=2 if context.quick else FOLDS, random_state=context.seed
    )
    folds = cross_fitted(context, data, data.pairs, new_judge)
    yield from _alone(context, data, folds, new_judge)
    opinions = _opinions(data, folds)
    for each in opinions:
        yield from _at_coverages(context, each)
    if opinions:
        yield from _pooled(context, opinions)
        yield from _promised(context, opinions)
    for seed in () if context.quick else OTHER_SEEDS:
        yield from _again(replace(context, seed=seed), data, partial(new_judge, random_state=seed))


def cross_fitted(
    context: Context, data: Recordings, pairs: Sequence[Preference], new_judge: Callable[[], EncoderJudge]
) -> list[Fold]:
    """Learn one judge for each outer fold of linked people and questions; the rows it learns from are read by its inner folds."""
    dealt = deal_folds(data.groups, n_folds=2 if context.quick else FOLDS, random_state=context.seed)
    folds = []
    for fold in context.track(np.unique(dealt), "folds"):
        test = dealt == fold
        judge = new_judge().fit(list(compress(pairs, ~test)))
        odds = np.zeros(len(pairs))
        odds[~test] = judge.held_out_
        odds[test] = judge.log_odds(list(compress(pairs, test)))
        folds.append(Fold(test, odds))
    return folds


def tested(folds: Sequence[Fold]) -> Array:
    """Return each pair's log-odds from the fold it is tested in, shape (n_pairs,)."""
    return np.asarray(sum(fold.odds * fold.test for fold in folds))


def on_run(run: Run, data: Recordings, folds: Sequence[Fold]) -> Opinions | None:
    """Return the three judges on one run; None where it stated no certainty, or too few of the pairs are in it."""
    known: dict[Hashable, int] = {item_of(pair): i for i, pair in enumerate(data.pairs)}
    rows = [row for row in run.decided if run.states_certainty and row.item in known]
    if len(rows) < FEWEST_ROWS:
        return None
    place = np.array([known[row.item] for row in rows])
    turn = np.array(
        [1.0 if row.options[0] == data.pairs[i].a else -1.0 for row, i in zip(rows, place, strict=True)]
    )
    truth = np.array([1.0 if row.truth == "A" else -1.0 for row in rows])
    verdicts = [row.verdict for row in rows]
    stacked = np.zeros(len(rows))
    for fold in folds:
        test, odds = fold.test[place], fold.odds[place] * turn
        choices = [row.truth.lower() for row in compress(rows, ~test)]
        stack = VerdictStack().fit(list(compress(verdicts, ~test)), odds[~test], choices)
        stacked[test] = stack.log_odds(list(compress(verdicts, test)), odds[test])
    leans = {
        RECORDED: np.array([verdict.lean for verdict in verdicts]),
        ENCODER: tested(folds)[place] * turn,
        STACK: stacked,
    }
    confidence = {name: sigmoid(np.abs(lean)) for name, lean in leans.items()}
    confidence[RECORDED] = np.array([row.certainty or 0.0 for row in rows])
    right = {name: (lean * truth > 0).astype(float) for name, lean in leans.items()}
    return Opinions(run, tuple(data.groups[i] for i in place), right, confidence)


def _opinions(data: Recordings, folds: Sequence[Fold]) -> list[Opinions]:
    found = (on_run(run, data, folds) for run in data.runs)
    return [each for each in found if each is not None]


def _alone(
    context: Context, data: Recordings, folds: Sequence[Fold], new_judge: partial[EncoderJudge]
) -> Iterator[Comparison]:
    """On all pairs: the encoder judge over what is right unread, the same with the persona, and with shuffled choices."""
    shared = _shared(context, data.groups)
    is_first = np.array([pair.choice == "a" for pair in data.pairs])
    odds = tested(folds)
    right = ((odds > 0) == is_first).astype(float)
    yield compare(PAIRS, "accuracy", ENCODER, bootstrap_mean(right, **shared))
    items, blind = unread(context, data, "PRISM")
    for shortcut in blind[:2]:
        by_item = dict(zip(items, shortcut.right.tolist(), strict=True))
        gain = paired_difference(right, [by_item.get(item_of(pair), 0.5) for pair in data.pairs], **shared)
        method = f"{ENCODER} over shortcut: {shortcut.name}"
        yield compare(PAIRS, "accuracy gain", method, gain, bar=_bar(context, "low > 0"))
    yield compare(PAIRS, "AURC", ENCODER, risk_coverage(np.abs(odds), right).area, n=len(right))
    error = expected_calibration_error(sigmoid(np.abs(odds)), right)
    yield compare(PAIRS, "ECE, 10 bins of equal width", ENCODER, error, n=len(right))
    personal = tested(cross_fitted(context, data, data.pairs, partial(new_judge, profiles=data.profiles)))
    gain = paired_difference((personal > 0) == is_first, right, **shared)
    yield compare(PAIRS, "accuracy gain", f"{ENCODER} with the persona over without", gain)
    flips = np.random.default_rng(context.seed).random(len(data.pairs)) < 0.5
    shuffled = [
        replace(pair, choice="b" if pair.choice == "a" else "a") if flip else pair
        for pair, flip in zip(data.pairs, flips, strict=True)
    ]
    noise = (tested(cross_fitted(context, data, shuffled, new_judge)) > 0) == (is_first ^ flips)
    yield compare(
        PAIRS, "accuracy", f"{ENCODER}, choices shuffled (control)", bootstrap_mean(noise, **shared),
        paper=0.5, source="chance", bar=_bar(context, "within .05"),
    )  # fmt: skip


def _at_coverages(context: Context, opinions: Opinions) -> Iterator[Comparison]:
    """One run: each judge at the same coverages, risk-coverage areas, and the stack's gain at half coverage."""
    setting, model, shared = (
        f"{opinions.run.setting}, pairs",
        opinions.run.model,
        _shared(context, opinions.people),
    )
    area = {}
    for name in JUDGES:
        confidence, right = opinions.confidence[name], opinions.right[name]
        for coverage in COVERAGES:
            found = accuracy_at(coverage, confidence, right, **shared)
            yield compare(setting, f"accuracy at coverage {coverage:.0%}", f"{model}, {name}", found)
        area[name] = risk_coverage(confidence, right).area
        yield compare(setting, "AURC", f"{model}, {name}", area[name], n=len(right))
    for other in (RECORDED, ENCODER):
        method = f"{model}, {STACK} over {other}"
        first, second = ((opinions.confidence[name], opinions.right[name]) for name in (STACK, other))
        gain = accuracy_gain_at(0.5, first, second, **shared)
        yield compare(setting, "accuracy gain at coverage 50%", method, gain, bar=_bar(context, "> 0"))
        saved = area[other] - area[STACK]
        yield compare(setting, "AURC saved", method, saved, n=len(opinions.people), bar=_bar(context, "> 0"))


def _pooled(context: Context, opinions: Sequence[Opinions]) -> Iterator[Comparison]:
    """All runs together, the same share kept of each run, and people drawn once for all of them."""
    every, shared = _together(context, opinions)
    for coverage in COVERAGES:
        for name, (confidence, right) in every.items():
            found = accuracy_at(coverage, confidence, right, **shared)
            yield compare(POOLED, f"accuracy at coverage {coverage:.0%}", name, found)
        for other in (RECORDED, ENCODER):
            gain = accuracy_gain_at(coverage, every[STACK], every[other], **shared)
            bar = _bar(context, "low > 0" if coverage == 0.5 else "> 0")
            metric = f"accuracy gain at coverage {coverage:.0%}"
            yield compare(POOLED, metric, f"{STACK} over {other}", gain, bar=bar)


def _again(context: Context, data: Recordings, new_judge: Callable[[], EncoderJudge]) -> Iterator[Comparison]:
    """Everything dealt and learned again under another seed: the stack's gains at half coverage."""
    opinions = _opinions(data, cross_fitted(context, data, data.pairs, new_judge))
    metric = "accuracy gain at coverage 50%"
    for each in opinions:
        first, second = ((each.confidence[name], each.right[name]) for name in (STACK, ENCODER))
        gain = accuracy_gain_at(0.5, first, second, **_shared(context, each.people))
        setting, method = (
            f"{each.run.setting}, pairs, seed {context.seed}",
            f"{each.run.model}, {STACK} over {ENCODER}",
        )
        yield compare(setting, metric, method, gain)
    every, shared = _together(context, opinions)
    for other in (RECORDED, ENCODER):
        gain = accuracy_gain_at(0.5, every[STACK], every[other], **shared)
        yield compare(f"{POOLED}, seed {context.seed}", metric, f"{STACK} over {other}", gain)


def _together(
    context: Context, opinions: Sequence[Opinions]
) -> tuple[dict[str, tuple[Array, Array]], dict[str, Any]]:
    """Return each judge's confidence and what it has right on all runs, and how intervals over these are drawn."""
    people = [person for each in opinions for person in each.people]
    strata = [i for i, each in enumerate(opinions) for _ in each.people]
    every = {
        name: (
            np.concatenate([each.confidence[name] for each in opinions]),
            np.concatenate([each.right[name] for each in opinions]),
        )
        for name in JUDGES
    }
    return every, _shared(context, people) | {"strata": strata}


def _promised(context: Context, opinions: Sequence[Opinions]) -> Iterator[Comparison]:
    """A threshold found on each half of a run's people and used on the other: what it accepts, how often that is wrong."""
    setting = f"{POOLED}, at most {ERROR:.0%} wrong promised"
    for name in JUDGES:
        accepted: list[Array] = []
        wrong: list[Array] = []
        people: list[int] = []
        for each in opinions:
            halves = deal_folds(each.people, n_folds=2, random_state=context.seed)
            confidence, right = each.confidence[name], each.right[name]
            for half in (0, 1):
                fit, use = halves != half, halves == half
                threshold = controlled_threshold(confidence[fit], right[fit], error=ERROR, chance=CHANCE)
                taken = (confidence[use] >= (np.inf if threshold is None else threshold)).astype(float)
                accepted.append(taken)
                wrong.append(taken * (1 - right[use]))
                people += compress(each.people, use)
        shared, taken = _shared(context, people), np.concatenate(accepted)
        yield compare(setting, "share accepted", name, bootstrap_mean(taken, **shared))
        error = bootstrap_ratio(np.concatenate(wrong), taken, **shared)
        yield compare(setting, "error among accepted", name, error, bar=_bar(context, f"<= {ERROR:g}"))


def _first_pairs(data: Recordings) -> Recordings:
    """Return the data with the first pairs alone of the last run that states certainties."""
    chosen = [run for run in data.runs if run.task == "PRISM" and run.states_certainty][-1]
    items = {row.item for row in chosen.decided[:QUICK_PAIRS]}
    kept = [item_of(pair) in items for pair in data.pairs]
    return replace(
        data,
        runs=(chosen,),
        pairs=tuple(compress(data.pairs, kept)),
        groups=tuple(compress(data.groups, kept)),
        kinds=tuple(compress(data.kinds, kept)),
    )


def _shared(context: Context, people: Sequence[int]) -> dict[str, Any]:
    return {"clusters": list(people), "draws": context.draws, "random_state": context.seed}


def _bar(context: Context, bar: str) -> str:
    """Return the bar where all pairs are there to learn from."""
    return bar if context.limit is None and not context.quick else ""
