"""Twin-2K-500's mega-study: language model twins as published, and twins from statistics that beat them, with their limits.

Sources: Toubia et al. (2025), "Twin-2K-500", arXiv 2505.17479; Peng et al. (2025), "A Mega-Study of Digital Twins Reveals
Strengths, Weaknesses and Opportunities for Further Improvement", arXiv 2509.19088, whose recorded answers these are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from personae.errors import BadInput
from personae.metrics.paired import sign_test
from personae.mind.twins import (
    CrossFit,
    HybridTwin,
    MeanAgreement,
    StatisticalTwin,
    agreement,
    cross_fit,
    mean_agreement,
)
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.twin2k.items import TWIN, item_rows, live_rows, samples_of, statistical_answers
from personae.papers.twin2k.limits import (
    CALIBRATED,
    HYBRID,
    MEDIAN,
    calibration,
    ceiling_rows,
    flag_rows,
    folds,
    gap_rows,
    pilot_rows,
    stereotype_rows,
    trust_rows,
)
from personae.papers.twin2k.published import LLM, recomputed_rows, setting_rows
from personae.papers.twin2k.study import DATA, LEAST_ANSWERS, Array, Study, load

RIDGE = "ridge, one penalty"
BY_OUTCOME = "ridge, penalty by outcome"
DEMOGRAPHICS = "ridge on demographics"
RANDOM = "uniform at random"
OTHER = "LLM twin of another person"
SHUFFLED = "ridge, profiles shuffled"
SHARED = "shared people, left out"
CARD_ALPHA = 1500.0  # card: ridge on the 58 scores, untuned
CARD = {  # mean r, accuracy; card
    LLM: (0.210, 0.752), RIDGE: (0.247, 0.770), HYBRID: (0.302, 0.776), RANDOM: (0.001, 0.629),
}  # fmt: skip
BARS = {
    (LLM, "mean r"): "within .001", (LLM, "accuracy"): "within .001", (LLM, "sd ratio"): "within .01",
    (TWIN, "mean r"): "> .247", (TWIN, "accuracy"): ">= .770",
    (HYBRID, "mean r"): "> .302", (HYBRID, "accuracy"): ">= .776",
    (RANDOM, "accuracy"): "within .01", (RANDOM, "sd ratio"): "within .02",
    (OTHER, "mean r"): "< .03", (SHUFFLED, "mean r"): "< .03",
}  # fmt: skip
SD_RATIOS = {LLM: (0.634, "published, default persona"), RANDOM: (1.139, "authors' average metrics")}


def samples(context: Context) -> list[dict[str, Any]]:
    """Return each person's questions of `items`, with the option that the person chose as target."""
    return list(samples_of(load(context)))


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table; intervals over people."""
    study = load(context)
    if not context.replayed:
        yield from live_rows(context, study)
        return
    if not study.outcomes:
        raise BadInput(
            f"No outcome has {LEAST_ANSWERS} answers among these {len(study.people)} people; give --limit 100 or more."
        )
    yield from recomputed_rows(context, study)
    yield from setting_rows(context)
    fits = dict(_fits(context, study))
    given = {**{name: fit.predicted for name, fit in fits.items()}, **_baselines(context, study)}
    scores = {
        name: mean_agreement(study.human, made, study.spans, draws=context.draws, random_state=context.seed)
        for name, made in context.track(list(given.items()), "twins")
    }
    yield from _agreement(study, given, scores)
    yield from _differences(study, given, scores)
    yield from trust_rows(context, study, fits)
    if not context.quick:
        yield from pilot_rows(context, study)
    yield from ceiling_rows(context, study, given)
    yield from gap_rows(context, study, given)
    yield from stereotype_rows(context, study, given[DEMOGRAPHICS])
    yield from flag_rows(context, study, given)
    yield from item_rows(context, study, {TWIN: statistical_answers(context, study, folds(context))})


def _fits(context: Context, study: Study) -> Iterator[tuple[str, CrossFit]]:
    """Fit every twin on the other folds' people."""
    n_folds = folds(context)
    ridge = StatisticalTwin(alphas=(CARD_ALPHA,), shares=(0.0,), n_folds=2)  # nothing to choose within
    plain = StatisticalTwin(shares=(0.0,), n_folds=n_folds)
    shuffled = np.random.default_rng(context.seed).permutation(study.known)
    plans: dict[str, tuple[Any, ...]] = {
        TWIN: (StatisticalTwin(n_folds=n_folds), study.known),
        HYBRID: (HybridTwin(n_folds=n_folds), study.known, study.twin),
        CALIBRATED: (calibration(n_folds), np.ones((len(study.known), 1)), study.twin),
        RIDGE: (ridge, study.known),
        BY_OUTCOME: (StatisticalTwin(shares=(0.0,), borrow=0.0, n_folds=n_folds), study.known),
        DEMOGRAPHICS: (plain, study.features(leave_out=study.survey.scores)),
        SHUFFLED: (ridge, shuffled),
    }
    if context.quick:
        del plans[BY_OUTCOME]
    for name, (twin, features, *more) in context.track(list(plans.items()), "fitting twins"):
        fit = cross_fit(twin, features, study.human, *more, n_folds=n_folds, random_state=context.seed)
        yield name, fit


def _baselines(context: Context, study: Study) -> dict[str, Array]:
    """Return the recorded twin, another person's twin, everyone's median, and answers drawn from the range."""
    random = np.random.default_rng(context.seed)
    other = study.twin.copy()
    for columns in study.studies().values():
        for column in columns:
            asked = np.flatnonzero(~np.isnan(study.human[:, column]))
            other[asked, column] = np.roll(study.twin[asked, column], 1)
    drawn = study.low + study.spans * random.random(study.human.shape)
    middle = np.broadcast_to(np.nanmedian(study.human, axis=0), study.human.shape)
    return {LLM: study.twin, OTHER: other, MEDIAN: middle, RANDOM: drawn}


def _agreement(
    study: Study, given: Mapping[str, Array], scores: Mapping[str, MeanAgreement]
) -> Iterator[Comparison]:
    """Mean r, accuracy and sd ratio over outcomes."""
    for name, found in scores.items():
        n = int((~np.isnan(study.human) & ~np.isnan(given[name])).sum())
        r, accuracy = CARD.get(name, (None, None))
        ratio, source = SD_RATIOS.get(name, (None, ""))
        for metric, part, paper, where in (
            ("mean r", found.r, r, "card"),
            ("accuracy", found.accuracy, accuracy, "card"),
            ("sd ratio", found.sd_ratio, ratio, source),
        ):
            if name != MEDIAN or metric == "accuracy":
                yield compare(SHARED, metric, name, part.interval, n=n, paper=paper, source=where if paper else "",
                              bar=BARS.get((name, metric), ""))  # fmt: skip


def _differences(
    study: Study, given: Mapping[str, Array], scores: Mapping[str, MeanAgreement]
) -> Iterator[Comparison]:
    """Paired differences over the same draws of people, and outcome by outcome with a sign test."""
    for first, second in ((TWIN, LLM), (HYBRID, LLM), (HYBRID, TWIN), (TWIN, RIDGE)):
        gap = scores[first].r.minus(scores[second].r)
        yield compare(SHARED, "mean r, difference", f"{first} minus {second}", gap, bar="low > 0")
    for first, second in (
        (TWIN, LLM),
        (HYBRID, LLM),
        (CALIBRATED, LLM),
        (LLM, MEDIAN),
        (TWIN, MEDIAN),
        (HYBRID, MEDIAN),
    ):
        gap = scores[first].accuracy.minus(scores[second].accuracy)
        yield compare(SHARED, "accuracy, difference", f"{first} minus {second}", gap)
    parts = {
        name: agreement(study.human, given[name], study.spans) for name in (LLM, CALIBRATED, TWIN, HYBRID)
    }
    for name in (CALIBRATED, TWIN, HYBRID):
        for metric in ("r", "accuracy"):
            ours, theirs = (getattr(parts[each], metric) for each in (name, LLM))
            known = ~(np.isnan(ours) | np.isnan(theirs))
            test = sign_test(ours[known], theirs[known])
            share = 100 * test.first / int(known.sum())
            against = f"{name} against LLM twin"
            yield compare(SHARED, f"outcomes with higher {metric}, %", against, share, n=int(known.sum()))
            yield compare(
                SHARED, f"sign test p, {metric} over outcomes", against, test.p_value, n=int(known.sum())
            )


EXPERIMENT = Experiment(DATA, rows)
