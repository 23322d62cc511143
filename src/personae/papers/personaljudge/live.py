"""Ask a live model about the same pairs: with the persona and without, each in both orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from personae.metrics.calibration import expected_calibration_error, risk_coverage
from personae.metrics.folds import deal_folds
from personae.metrics.intervals import bootstrap_mean
from personae.metrics.paired import mcnemar, paired_difference
from personae.metrics.recalibration import fit_platt
from personae.metrics.selective import accuracy_at
from personae.papers.harness import Comparison, Context, compare
from personae.papers.personaljudge.runs import Recordings, recordings
from personae.people.records import Preference
from personae.preference import ask_verdicts

Array = NDArray[np.float64]
COVERAGES = (1.0, 0.5, 0.25)


def live_rows(context: Context, data: Recordings) -> Iterator[Comparison]:
    """Yield accuracy by coverage, swap consistency and calibration, with the persona and without, and the persona's lift.

    A pair on which the two orders cancel out is wrong. It has no certainty, as a verdict whose replies state none: such pairs are
    accepted last, and left out of the calibration. Only pairs with a whole persona are asked about.
    """
    pairs, people = _with_profile(data)
    shared = {"clusters": people, "draws": context.draws, "random_state": context.seed}
    model = context.chat()
    right = {}
    for name, profiles in (("all features", data.profiles), ("no persona", None)):
        asked = ask_verdicts(model, pairs, profiles, random_state=context.seed)
        setting, answers = f"PRISM, {name}", asked.answers
        right[name] = np.array(
            [float(v.choice == pair.choice) for v, pair in zip(asked.verdicts, pairs, strict=True)]
        )
        is_stated = np.array([verdict.certainty.value is not None for verdict in asked.verdicts])
        certainty = np.array([verdict.certainty.value or 0.0 for verdict in asked.verdicts])
        for coverage in COVERAGES:
            found = accuracy_at(coverage, certainty, right[name], **shared)  # type: ignore[arg-type]
            yield compare(setting, f"accuracy at coverage {coverage:.0%}", context.model, found)
        single = (answers.picks == [[int(pair.choice == "b")] for pair in pairs]).mean(axis=1)
        yield compare(setting, "accuracy, one order", context.model, bootstrap_mean(single, **shared))  # type: ignore[arg-type]
        yield compare(
            setting, "same verdict, the order swapped", context.model, answers.consistency, n=len(pairs)
        )
        yield compare(setting, "share that picks A", context.model, answers.position_rates()[0], n=len(pairs))
        yield compare(
            setting,
            "unparsed answers",
            context.model,
            answers.unparsed / answers.picks.size,
            n=answers.picks.size,
        )
        yield compare(
            setting, "AURC", context.model, risk_coverage(certainty, right[name]).area, n=len(pairs)
        )
        cancelled = np.mean([not verdict.choice for verdict in asked.verdicts])
        yield compare(setting, "share without a verdict", context.model, float(cancelled), n=len(pairs))
        share = 1.0 - float(is_stated.mean())
        yield compare(setting, "share without a certainty", context.model, share, n=len(pairs))
        groups = list(compress(people, is_stated))
        yield from _calibration(context, setting, certainty[is_stated], right[name][is_stated], groups)
    setting = "PRISM, all features over no persona"
    gain = paired_difference(right["all features"], right["no persona"], **shared)  # type: ignore[arg-type]
    yield compare(setting, "accuracy gain", context.model, gain)
    test = mcnemar(right["all features"], right["no persona"])
    yield compare(setting, "McNemar p", context.model, test.p_value, n=test.first + test.second)


def _calibration(
    context: Context, setting: str, certainty: Array, right: Array, people: Sequence[int]
) -> Iterator[Comparison]:
    """Yield how far the certainties that there are miss what was right: as stated, and mended half by half of the people."""
    if not len(certainty):
        return
    metric, stated = "ECE, 10 bins of equal width", f"{context.model}, certainty as stated"
    yield compare(setting, metric, stated, expected_calibration_error(certainty, right), n=len(right))
    halves = deal_folds(people, n_folds=2, random_state=context.seed)
    if len(set(halves.tolist())) < 2:
        return
    mended = np.empty_like(certainty)
    for half in (0, 1):
        use = halves == half
        mended[use] = fit_platt(certainty[~use], right[~use])(certainty[use])
    error = expected_calibration_error(mended, right)
    yield compare(setting, metric, f"{context.model}, Platt on the other half", error, n=len(right))


def live_confidences(context: Context) -> dict[str, tuple[Array, Array]]:
    """Return what can be drawn of a live model: the certainty of its verdicts, told the whole persona, and what was right."""
    data = recordings(context)
    pairs, _ = _with_profile(data)
    verdicts = ask_verdicts(context.chat(), pairs, data.profiles, random_state=context.seed).verdicts
    known = [(v, pair) for v, pair in zip(verdicts, pairs, strict=True) if v.certainty.value is not None]
    certainty = np.array([verdict.certainty.value for verdict, _ in known], dtype=float)
    right = np.array([float(verdict.choice == pair.choice) for verdict, pair in known])
    return {f"{context.model}, all features": (certainty, right)}


def _with_profile(data: Recordings) -> tuple[list[Preference], list[int]]:
    """Return the pairs whose rater has a whole persona, and their groups."""
    has_profile = [bool(pair.person) for pair in data.pairs]
    return list(compress(data.pairs, has_profile)), list(compress(data.groups, has_profile))
