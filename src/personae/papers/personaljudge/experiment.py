"""Personalized Judge: what recorded verdicts on real people's choices are worth, how sure they may be, and what needs no model.

Source: Dong, Hu, Collier (2024), "Can LLM be a Personalized Judge?", arXiv 2406.11657, sections 3 to 5; the expected numbers
are recomputed from the authors' own raw files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.metrics.calibration import (
    error_columns,
    error_of_sums,
    error_saved_of_sums,
    mean_error_of_sums,
    risk_coverage,
)
from personae.metrics.folds import deal_folds
from personae.metrics.intervals import bootstrap_mean, bootstrap_sums
from personae.metrics.paired import benjamini_hochberg, mcnemar, paired_difference
from personae.metrics.recalibration import fit_isotonic, fit_platt
from personae.metrics.shortcuts import Choice
from personae.papers.blind import blind_rows, shortcut_rows
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.personaljudge.judges import judge_rows
from personae.papers.personaljudge.live import live_confidences, live_rows
from personae.papers.personaljudge.runs import Judged, Recordings, Run, recordings, unread
from personae.papers.prism import DATA

Array = NDArray[np.float64]
HIGH = 0.8  # paper, section 5: certainty of at least 80
CARD = "card, from the authors' raw files"
EXPECTED = {  # answers that name an option, accuracy, accuracy and answers of at least HIGH certainty
    "prism_all_features_command-r-plus": (1001, 0.720, 0.893, 149),
    "prism_all_features_key_features_command-r-plus": (1001, 0.678, 0.741, 174),
    "prism_all_features_key_features_gpt-4o_jun5": (638, 0.726, 0.908, 87),
    "prism_all_features_least_imp_feature_command-r-plus": (1001, 0.673, 0.780, 214),
    "prism_all_features_least_imp_feature_gpt-4o": (991, 0.730, 0.880, 92),
    "prism_no_persona_command-r-plus_new": (986, 0.526, None, None),
    "ec_all_features_gpt-3.5-turbo": (501, 0.529, 0.530, 472),
    "ec_all_features_command-r-plus": (510, 0.541, None, None),
    "ec_all_features_all_features_meta-llama_Meta-Llama-3-70B-Instruct": (509, 0.507, 0.504, 478),
    "ap_all_features_all_features_command-r-plus_jun5": (525, 0.964, 0.958, None),
    "ap_all_features_all_features_gpt-4o_jun5": (523, 0.946, 0.942, None),
    "ap_all_features_all_features_gpt-3.5-turbo": (524, 0.780, 0.793, None),
}
LIFTS = {  # "about +0 to +5 points", card; the interval of GPT-4o's has to reach that
    ("all features", "key features", "command-r-plus"): "within .025",
    ("all features", "least important feature", "command-r-plus"): "within .025",
    ("key features", "least important feature", "command-r-plus"): "within .025",
    ("key features", "least important feature", "gpt-4o"): "high >= 0",
}
FEWEST_SHARED = 100
DEALS = 20


def rows(context: Context) -> Iterator[Comparison]:
    """Measure what was recorded, or ask a model; intervals are over people."""
    data = recordings(context)
    if not context.replayed:
        yield from live_rows(context, data)
        items = [Choice((pair.a, pair.b), int(pair.choice == "b")) for pair in data.pairs]
        yield from blind_rows(context, "PRISM, all pairs", items, clusters=data.groups)
        return
    for run in data.runs:
        yield from _recomputed(context, run)
    yield from _lifts(context, data)
    yield from _swaps(context, data)
    for run in data.runs:
        if run.states_certainty:
            yield from _certainty(context, run)
    yield from _shortcuts(context, data)


def learned(context: Context) -> Iterator[Comparison]:
    """Train the encoder judge, and stack it with the recorded certainties."""
    yield from judge_rows(context, recordings(context))


def samples(context: Context) -> list[dict[str, Any]]:
    """Return the comparisons with their persona as two-option samples."""
    data = recordings(context)
    return [
        {
            "id": f"pair-{i}",
            "prompt": f"[Profile]\n{data.profiles[pair.person]}\n\n[Question]\n{pair.context}",
            "options": [pair.a, pair.b],
            "target": int(pair.choice == "b"),
            "metadata": {"person": pair.person, "kind": kind},
        }
        for i, (pair, kind) in enumerate(zip(data.pairs, data.kinds, strict=True))
        if pair.person
    ]


def confidences(context: Context) -> dict[str, tuple[Array, Array]]:
    """Return what can be drawn: each run's stated certainty, and what was right."""
    if not context.replayed:
        return live_confidences(context)
    found = {}
    for run in recordings(context).runs:
        chosen = [row for row in run.answered if run.states_certainty and row.certainty is not None]
        if chosen:
            found[f"{run.setting}, {run.model}"] = (
                np.array([row.certainty for row in chosen]),
                _right(chosen),
            )
    return found


def _recomputed(context: Context, run: Run) -> Iterator[Comparison]:
    """One run: accuracy as published, among high certainties, on labels A and B alone, and how often A was picked."""
    n, accuracy, high_accuracy, n_high = (EXPECTED.get(run.name) if context.limit is None else None) or (
        None,
    ) * 4
    right = _right(run.answered)
    found = bootstrap_mean(right, **_shared(context, run.answered))
    bar = "" if accuracy is None else "within .001"
    yield compare(
        run.setting, "accuracy", run.model, found, paper=accuracy, source=CARD if bar else "", bar=bar
    )
    if n is not None:
        yield compare(run.setting, "answers", run.model, len(right), paper=n, source=CARD, bar="within 0")
    sure = [row for row in run.answered if run.states_certainty and (row.certainty or 0) >= HIGH]
    if sure:
        found = bootstrap_mean(_right(sure), **_shared(context, sure))
        bar = "" if high_accuracy is None else "within .001"
        metric, source = f"accuracy, certainty at least {HIGH:.0%}", CARD if bar else ""
        yield compare(run.setting, metric, run.model, found, paper=high_accuracy, source=source, bar=bar)
        share = len(sure) / len(right)
        expected = None if n_high is None or n is None else n_high / n
        source, bar = (CARD, "within .0001") if expected else ("", "")
        yield compare(run.setting, f"share with certainty at least {HIGH:.0%}", run.model, share, n=len(right),
                      paper=expected, source=source, bar=bar)  # fmt: skip
    if len(run.decided) < len(run.answered):
        found = bootstrap_mean(_right(run.decided), **_shared(context, run.decided))
        yield compare(run.setting, "accuracy, labels A and B alone", run.model, found)
    picked = bootstrap_mean([row.answer == "A" for row in run.answered], **_shared(context, run.answered))
    yield compare(run.setting, "share that picks A", run.model, picked)
    for kind in sorted({row.kind for row in run.answered if row.kind and run.states_certainty}):
        chosen = [row for row in run.answered if row.kind == kind]
        found = bootstrap_mean(_right(chosen), **_shared(context, chosen))
        yield compare(f"{run.setting}, {kind}", "accuracy", run.model, found)


def _lifts(context: Context, data: Recordings) -> Iterator[Comparison]:
    """What being told more of the person adds, on the pairs that two runs of one model share: McNemar, and an interval."""
    shared = [
        both for both in combinations([run for run in data.runs if not run.has_ties], 2) if _is_lift(*both)
    ]
    compared = [(more, less, *_on_shared(more, less)) for more, less in shared]
    compared = [each for each in compared if len(each[2]) >= FEWEST_SHARED]
    if not compared:
        return
    tests = [mcnemar(_right(first), _right(second)) for _, _, first, second in compared]
    adjusted = benjamini_hochberg([test.p_value for test in tests])
    for (more, less, first, second), test, p_value in zip(compared, tests, adjusted, strict=True):
        setting, model = f"{more.task}, {more.persona} over {less.persona}", more.model.split("_")[0]
        found = paired_difference(_right(first), _right(second), **_shared(context, first))
        bar = LIFTS.get((more.persona, less.persona, model), "") if context.limit is None else ""
        paper, source = (0.025, "card: 0 to +.05") if "within" in bar else (None, "")
        yield compare(
            setting, "accuracy gain on shared pairs", model, found, paper=paper, source=source, bar=bar
        )
        yield compare(setting, "McNemar p", model, test.p_value, n=test.first + test.second)
        yield compare(setting, f"McNemar p, BH over {len(tests)}", model, p_value, n=len(first))


def _is_lift(more: Run, less: Run) -> bool:
    is_same = more.task == less.task and more.model.split("_")[0] == less.model.split("_")[0]
    return is_same and more.persona != less.persona


def _on_shared(more: Run, less: Run) -> tuple[list[Judged], list[Judged]]:
    """Return the rows of both runs on the items that both decided, in the same order."""
    known = {row.item: row for row in less.decided}
    first = [row for row in more.decided if row.item in known]
    return first, [known[row.item] for row in first]


def _swaps(context: Context, data: Recordings) -> Iterator[Comparison]:
    """How often a model says the same of a pair told with another part of the persona, in the same order and in the other.

    The authors drew each order by lot: what the swap takes off is the pull of the place.
    """
    runs = [run for run in data.runs if run.states_certainty and run.task == "PRISM"]
    for more, less in combinations(runs, 2):
        if not _is_lift(more, less):
            continue
        first, second = _on_shared(more, less)
        is_swapped = np.array(
            [a.options != b.options for a, b in zip(first, second, strict=True)], dtype=bool
        )
        is_same = np.array([_text(a) == _text(b) for a, b in zip(first, second, strict=True)], dtype=float)
        for name, kept in (("the same order", ~is_swapped), ("the order swapped", is_swapped)):
            if kept.sum() < FEWEST_SHARED / 2:
                continue
            chosen = [row for row, is_kept in zip(first, kept, strict=True) if is_kept]
            found = bootstrap_mean(is_same[kept], **_shared(context, chosen))
            setting = f"{more.task}, {more.persona} and {less.persona}"
            yield compare(setting, f"same verdict, {name}", more.model.split("_")[0], found)


def _certainty(context: Context, run: Run) -> Iterator[Comparison]:
    """One run's certainty: risk-coverage area, and calibration before and after a map fitted on the other half.

    The card deals items to halves; a half of the people is harder, since nothing of them is known. Halves are dealt several
    times: where few people differ much, one deal alone can say either.
    """
    chosen = [row for row in run.answered if row.certainty is not None]
    certainty = np.array([row.certainty for row in chosen])
    right, people = _right(chosen), [row.person for row in chosen]
    area = risk_coverage(certainty, right).area
    yield compare(run.setting, "AURC", f"{run.model}, certainty as stated", area, n=len(right))
    before = bootstrap_sums(error_columns(certainty, right), error_of_sums, **_shared(context, chosen))
    yield compare(run.setting, "ECE, 10 bins of equal width", f"{run.model}, certainty as stated", before)
    if len(set(people)) < 2:
        return
    bars = ("> 0", "<= .005") if context.limit is None else ("", "")
    halves = {"items": ([row.item for row in chosen], bars), "people": (people, ("", ""))}
    for unit, (dealt, held) in halves.items():
        seeds = range(context.seed, context.seed + DEALS)
        deals = [deal_folds(dealt, n_folds=2, random_state=seed) == 0 for seed in seeds]
        for name, fit in (("Platt", fit_platt), ("isotonic", fit_isotonic)):
            mended = [_on_the_other_half(fit, certainty, right, half) for half in deals]
            method = f"{run.model}, {name} on the other half of the {unit}"
            yield from _mended(context, run, chosen, mended, method, held[0] if name == "Platt" else "")
            if name == "Platt":
                changes = [
                    risk_coverage(each[use], right[use]).area - risk_coverage(certainty[use], right[use]).area
                    for each, half in zip(mended, deals, strict=True)
                    for use in (half, ~half)
                ]
                change, metric = float(np.mean(changes)), "AURC, after minus before"
                yield compare(run.setting, metric, method, change, n=len(right), bar=held[1])


def _mended(
    context: Context, run: Run, chosen: Sequence[Judged], mended: Sequence[Array], method: str, bar: str
) -> Iterator[Comparison]:
    """The mean error over several deals of halves, and what it saves on the certainty as stated."""
    right, shared = _right(chosen), _shared(context, chosen)
    stated = error_columns(np.array([row.certainty for row in chosen]), right)
    after = np.hstack([error_columns(each, right) for each in mended])
    found = bootstrap_sums(after, mean_error_of_sums, **shared)
    yield compare(run.setting, "ECE, 10 bins of equal width", method, found)
    saved = bootstrap_sums(np.hstack([stated, after]), error_saved_of_sums, **shared)
    yield compare(run.setting, "ECE saved", method, saved, bar=bar)


def _on_the_other_half(
    fit: Callable[[Array, Array], Callable[[Array], Array]],
    certainty: Array,
    right: Array,
    half: NDArray[np.bool_],
) -> Array:
    """Return probabilities, those of each half by the map fitted on the other."""
    mended = np.zeros_like(certainty)
    for use in (half, ~half):
        mended[use] = fit(certainty[~use], right[~use])(certainty[use])
    return mended


def _shortcuts(context: Context, data: Recordings) -> Iterator[Comparison]:
    """What the texts give away unread, and each run's gain over the length of the options.

    The profiles' wrong option is always one cook's, so that the words of an option tell which it is.
    """
    for task in dict.fromkeys(run.task for run in data.runs):
        items, blind = unread(context, data, task)
        yield from shortcut_rows(f"{task}, distinct pairs", blind)
        length = next(each for each in blind if each.name in ("longest", "shortest"))
        by_length = dict(zip(items, length.right.tolist(), strict=True))
        for run in data.runs:
            if run.task == task:
                other = [by_length[row.item] for row in run.decided]
                gain = paired_difference(_right(run.decided), other, **_shared(context, run.decided))
                yield compare(run.setting, f"accuracy gain over the {length.name} option", run.model, gain)


def _text(row: Judged) -> str:
    return row.options["AB".index(row.answer)]


def _right(chosen: Sequence[Judged]) -> Array:
    return np.array([float(row.answer == row.truth) for row in chosen])


def _shared(context: Context, chosen: Sequence[Judged]) -> dict[str, Any]:
    people = [row.person for row in chosen]
    return {"clusters": people, "draws": context.draws, "random_state": context.seed}


EXPERIMENT = Experiment(DATA, rows, learned)
