"""DailyDilemmas: which values GPT-4 puts first, whether a prompt can turn them, and what that rests on.

Source: Chiu, Jiang, Choi (2024), "DailyDilemmas: Revealing Value Preferences of LLMs with Quandaries of Daily Life", arXiv
2410.02683; recorded answers of GPT-4-turbo from its repository.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.metrics.calibration import log_loss
from personae.metrics.folds import deal_folds
from personae.metrics.intervals import bootstrap_mean
from personae.metrics.paired import paired_difference
from personae.metrics.shortcuts import Choice
from personae.mind.values import (
    Conflict,
    ValueOutcome,
    ValueStrengths,
    elicited_values,
    preference_gap,
    value_preferences,
    without_echoes,
)
from personae.papers.blind import blind_rows
from personae.papers.dailydilemmas.dilemmas import (
    ACTIONS,
    DATA,
    PROMPTS,
    Principle,
    outcomes,
    principles,
    situations,
    theories,
)
from personae.papers.dailydilemmas.live import OPTIONS, conflict_samples, conflicts_here, live_rows
from personae.papers.dailydilemmas.steering import ALL, steering_rows
from personae.papers.dailydilemmas.tagging import tagging_rows
from personae.papers.harness import Comparison, Context, Experiment, compare

GPT4 = "GPT-4-turbo, recorded"
LEAST = 30  # outcomes of a class before its preference is shown; card
CARD = {  # percent, from all dilemmas, held-out ones included; card
    "Self-expression": 6.9, "Secular-rational": 5.7, "Survival": 0.8, "Traditional": -0.8, "Care": 14.1, "Fairness": 6.2,
    "Loyalty": 3.1, "Authority": 1.2, "Purity": -10.2, "understanding": 24.2, "accountability": 18.8, "honesty": 7.0,
}  # fmt: skip
DIRECTIONS = (("WVS", "Self-expression", "Survival"), ("MFT", "Care", "Loyalty"))  # abstract
STRENGTHS = 100  # outcomes of a value before its strength is shown
Array = NDArray[np.float64]


def samples(context: Context) -> list[dict[str, Any]]:
    """Return the conflict dilemmas under no prompt, the supporting and the opposing one, with the supporting action."""
    return list(conflict_samples(principles(context), situations(context)))


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table; intervals over dilemmas."""
    chosen = principles(context)
    if not context.replayed:
        texts = situations(context)
        yield from live_rows(context, chosen, texts)
        yield from _unread(context, conflicts_here(chosen, texts)[: context.limit])
        return
    yield from _recomputed(chosen)
    conflicts = [conflict for each in chosen for conflict in each.conflicts]
    yield from steering_rows(context, GPT4, conflicts, {each.name: each.published for each in chosen})
    yield from _unread(context, [(each, conflict) for each in chosen for conflict in each.conflicts])
    found = outcomes(context)
    yield from _preferences(context, found)
    yield from _strengths(context, found)
    yield from tagging_rows(context, found, situations(context))


def _unread(context: Context, conflicts: Sequence[tuple[Principle, Conflict]]) -> Iterator[Comparison]:
    """How often the supporting action is found without the dilemma: one place is right more often than the other."""
    items = [
        Choice(OPTIONS, ACTIONS.index(each.supporting_action(conflict)), each.name)
        for each, conflict in conflicts
    ]
    dilemmas = [conflict.dilemma for _, conflict in conflicts]
    yield from blind_rows(context, ALL, items, clusters=dilemmas, metric="supporting action found")


def _recomputed(chosen: Sequence[Principle]) -> Iterator[Comparison]:
    """Hold what can be derived from raw answers against what was published."""
    known = {value for each in chosen for value in (*each.supporting, *each.opposing)}
    gap, n = 0.0, 0
    for each in chosen:
        for ours, theirs in zip(
            elicited_values(each.replies, known), (each.supporting, each.opposing), strict=True
        ):
            gap = max(
                [gap, *(abs(ours.get(v, 0) - theirs.get(v, 0)) for v in {*ours, *theirs} if v in theirs)]
            )
            n += len(theirs)
    yield compare("principles", "largest |probability of a value - published|", "ten raw replies", gap, n=n,
                  bar="<= 1e-9")  # fmt: skip
    pairs = [(each, prompt) for each in chosen for prompt in PROMPTS]
    for method, rate in (
        ("values on one side decide", lambda each, prompt: _rate(each, prompt)),
        ("any supporting value selected", lambda each, prompt: each.any_selected[prompt]),
    ):
        equal = [abs(rate(each, prompt) - each.published[prompt]) < 1e-9 for each, prompt in pairs]
        decides = method.startswith("values")
        yield compare("principles", "published win rates met, %", method, 100 * float(np.mean(equal)), n=len(equal),
                      paper=None if decides else 100 * 44 / 48, source="" if decides else "all 16 principles; card",
                      bar=">= 100" if decides else "")  # fmt: skip
    conflicts = [(each, conflict) for each in chosen for conflict in each.conflicts]
    agree = [
        (conflict.supporting == conflict.opposing) == (len(set(each.actions[conflict.dilemma])) == 1)
        for each, conflict in conflicts
    ]
    yield compare("principles", "wins that turn where the raw action turns, %", GPT4, 100 * float(np.mean(agree)),
                  n=len(agree), bar=">= 100")  # fmt: skip
    first = [action == "to_do" for each, conflict in conflicts for action in each.actions[conflict.dilemma]]
    yield compare(
        "principles", "Action 1 (always: to do) chosen, %", GPT4, 100 * float(np.mean(first)), n=len(first)
    )


def _rate(principle: Principle, prompt: str) -> float:
    return float(np.mean([getattr(conflict, prompt) for conflict in principle.conflicts]))


def _preferences(context: Context, found: Sequence[ValueOutcome]) -> Iterator[Comparison]:
    """Yield the preference for every class of every theory and for the values that stand out."""
    drawn: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    classes = theories(context)
    for theory, members in classes.items():
        for each in value_preferences(found, members, least=LEAST, **drawn):
            paper = CARD.get(each.name) if theory in ("WVS", "MFT") else None
            yield compare(f"preference, {theory}", "selected minus neglected, %", each.name, each.percent, paper=paper,
                          source="all dilemmas; card" if paper is not None else "")  # fmt: skip
    single = value_preferences(found, least=STRENGTHS, **drawn)
    for each in single:
        paper = CARD.get(each.name)
        yield compare("preference, value", "selected minus neglected, %", each.name, each.percent, paper=paper,
                      source="all dilemmas; card" if paper is not None else "")  # fmt: skip
    kept = without_echoes(found)
    yield compare("recorded values", "only part of another value's name, %", GPT4, 100 * (1 - len(kept) / len(found)),
                  n=len(found))  # fmt: skip
    for label, given in (("", found), (", echoes dropped", kept)):
        for theory, first, second in DIRECTIONS:
            members = classes[theory]
            if {first, second} <= {members.get(each.value) for each in given}:
                gap = preference_gap(given, first, second, members, **drawn)
                bar = "> 0" if not label else ""
                yield compare(f"preference, {theory}{label}", "difference, points", f"{first} minus {second}", gap,
                              bar=bar)  # fmt: skip


def _strengths(context: Context, found: Sequence[ValueOutcome]) -> Iterator[Comparison]:
    """Yield how often the chosen side is told from the values of both, and what each value weighs."""
    chosen, left = _sides(found)
    if len(chosen) < 2 * LEAST:
        return
    right = {
        name: np.zeros(len(chosen))
        for name in ("Bradley-Terry", "summed shares", "summed counts", "more values")
    }
    right["Bradley-Terry, sides shuffled"] = np.zeros(len(chosen))
    chance = np.zeros(len(chosen))
    folds = deal_folds(range(len(chosen)), n_folds=5, random_state=context.seed)
    turned = np.random.default_rng(context.seed + 1).random(len(chosen)) < 0.5
    for k in range(5):
        new, seen = np.flatnonzero(folds == k), np.flatnonzero(folds != k)
        fitted = ValueStrengths().fit(*_given(chosen, left, seen), [True] * len(seen))
        chance[new] = fitted.chance(*_given(chosen, left, new))
        shuffled = ValueStrengths().fit(*_given(chosen, left, seen), (~turned[seen]).tolist())
        other = shuffled.chance(*_given(chosen, left, new))
        counts = _counts(chosen, left, seen)
        shares = {value: (s - n) / (s + n) for value, (s, n) in counts.items()}
        net = {value: s - n for value, (s, n) in counts.items()}
        for name, margins in (
            ("Bradley-Terry", chance[new] - 0.5),
            ("Bradley-Terry, sides shuffled", np.where(turned[new], 0.5 - other, other - 0.5)),
            ("summed shares", _margins(chosen, left, new, shares)),
            ("summed counts", _margins(chosen, left, new, net)),
            ("more values", np.array([len(chosen[i]) - len(left[i]) for i in new], float)),
        ):
            right[name][new] = (margins > 0) + 0.5 * (np.abs(margins) <= 1e-12)
    yield from _choice_rows(context, right, chance)
    fitted = ValueStrengths().fit(chosen, left, [True] * len(chosen))
    often = {value: s + n for value, (s, n) in _counts(chosen, left, range(len(chosen))).items()}
    for value, strength in sorted(fitted.strengths_.items(), key=lambda item: -item[1]):
        if often[value] >= STRENGTHS:
            half = 1.96 * fitted.errors_[value]
            yield Comparison("strength of a value", "log-odds, Bradley-Terry", value, strength, strength - half,
                             strength + half, often[value])  # fmt: skip


def _choice_rows(context: Context, right: dict[str, Array], chance: Array) -> Iterator[Comparison]:
    drawn: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    setting = "which side GPT-4 chose, from the values of both"
    for name, each in right.items():
        bar = {"Bradley-Terry": "low > .5", "Bradley-Terry, sides shuffled": "< .56"}.get(name, "")
        yield compare(setting, "accuracy", name, bootstrap_mean(each, **drawn), bar=bar)
    for other in ("summed counts", "summed shares"):
        gap = paired_difference(right["Bradley-Terry"], right[other], **drawn)
        yield compare(setting, "accuracy, difference", f"Bradley-Terry minus {other}", gap)
    loss = log_loss(chance, np.ones(len(chance)))
    yield compare(setting, "log loss, nats", "Bradley-Terry", loss, n=len(chance), paper=float(np.log(2)),
                  source="a coin", bar="< .6931")  # fmt: skip


def _sides(found: Sequence[ValueOutcome]) -> tuple[list[set[str]], list[set[str]]]:
    """Return the values on the chosen side alone and on the other alone, of dilemmas that have both."""
    sides: dict[str, tuple[set[str], set[str]]] = {}
    for each in found:
        sides.setdefault(each.dilemma, (set(), set()))[0 if each.is_selected else 1].add(each.value)
    kept = [(a - b, b - a) for a, b in sides.values() if a - b and b - a]
    return [chosen for chosen, _ in kept], [left for _, left in kept]


def _given(
    chosen: Sequence[set[str]], left: Sequence[set[str]], which: NDArray[np.intp]
) -> tuple[list[set[str]], list[set[str]]]:
    return [chosen[i] for i in which], [left[i] for i in which]


def _counts(
    chosen: Sequence[set[str]], left: Sequence[set[str]], which: Sequence[int] | NDArray[np.intp] | range
) -> dict[str, list[int]]:
    """Return how often each value stood on the chosen side and on the other."""
    found: dict[str, list[int]] = {}
    for i in which:
        for place, side in enumerate((chosen[i], left[i])):
            for value in side:
                found.setdefault(value, [0, 0])[place] += 1
    return found


def _margins(
    chosen: Sequence[set[str]], left: Sequence[set[str]], which: NDArray[np.intp], weight: dict[str, Any]
) -> Array:
    return np.array(
        [sum(weight.get(v, 0.0) for v in chosen[i]) - sum(weight.get(v, 0.0) for v in left[i]) for i in which]
    )


EXPERIMENT = Experiment(DATA, rows)
