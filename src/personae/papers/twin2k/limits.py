"""How far twins may be trusted: ceilings, what they know of themselves, how few people suffice, groups, stereotypes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from personae.metrics.intervals import LEVEL, bootstrap_ratio, percentile_interval
from personae.mind.twins import (
    CrossFit,
    HybridTwin,
    MeanAgreement,
    StatisticalTwin,
    agreement,
    cross_fit,
    group_gap,
    mean_agreement,
    person_accuracy,
    sitting_ceiling,
)
from personae.papers.harness import Comparison, Context, compare
from personae.papers.twin2k.items import TWIN
from personae.papers.twin2k.published import LLM, flagged
from personae.papers.twin2k.study import FLAGS, Array, Study

HYBRID = "hybrid twin"
CALIBRATED = "LLM twin, calibrated"
MEDIAN = "constant median"
PILOT = 100
LEVEL_SAID = 0.9
KNOWN = 0.2  # an outcome counts as known to a twin that expects at least this r
LEAST_IN_GROUP = 30
GROUPS = {  # the study finds twins better for these; abstract of arXiv 2509.19088
    "college graduates": ("education_level", ("College graduate/some postgrad", "Postgraduate")),
    "income of $75,000 and more": ("income", ("$75,000-$100,000", "$100,000 or more")),
    "moderate in politics": ("political_views", ("Moderate",)),
}
RETEST = ("wave1_score_conscientiousness", "wave2_score_conscientiousness")


def folds(context: Context) -> int:
    """Return how many folds the people are dealt into, outside and inside of every fit."""
    return 3 if context.quick else 5


def calibration(n_folds: int) -> HybridTwin:
    """Return the twin that only calibrates the language model: to be fitted on one constant feature."""
    return HybridTwin(alphas=(1.0,), shares=(0.0,), n_folds=n_folds)


def trust_rows(context: Context, study: Study, fits: Mapping[str, CrossFit]) -> Iterator[Comparison]:
    """Whether intervals hold what they promise, and whether a twin knows which outcomes it knows."""
    for name in (TWIN, HYBRID):
        fit = fits[name]
        asked = ~np.isnan(study.human) & ~np.isnan(fit.predicted)
        inside = (study.human >= fit.low) & (study.human <= fit.high) & asked
        took_part = asked.any(axis=1)
        held = bootstrap_ratio(
            inside.sum(axis=1)[took_part], asked.sum(axis=1)[took_part], draws=context.draws,
            random_state=context.seed,
        )  # fmt: skip
        yield compare("90% intervals", "answers inside", name, held, paper=LEVEL_SAID, source="nominal",
                      bar="within .02")  # fmt: skip
        wide = float(np.nanmean(((fit.high - fit.low) / study.spans)[:, ~np.isnan(study.spans)]))
        yield compare("90% intervals", "mean width, share of the range", name, wide, n=int(asked.sum()))
        expected = np.nanmean(fit.reliability, axis=0)
        reached = agreement(study.human, fit.predicted, study.spans).r
        match = float(np.corrcoef(expected, np.nan_to_num(reached))[0, 1])
        yield compare("what a twin knows", "expected against reached r, Pearson over outcomes", name, match,
                      n=len(reached), bar=">= .8")  # fmt: skip
        for label, chosen in (("expects r of .2", expected >= KNOWN), ("expects less", expected < KNOWN)):
            if chosen.any():
                found = _mean(context, study, fit.predicted, np.flatnonzero(chosen)).r.interval
                yield compare(
                    "what a twin knows", f"mean r where it {label}", name, found, n=int(chosen.sum())
                )


def pilot_rows(context: Context, study: Study) -> Iterator[Comparison]:
    """What 100 people of each study teach: twins fitted on them alone, judged on everyone else."""
    random = np.random.default_rng(context.seed)
    seen = np.zeros(study.human.shape, dtype=bool)
    for columns in study.studies().values():
        took_part = np.flatnonzero(~np.isnan(study.human[:, columns]).all(axis=1))
        seen[np.ix_(random.permutation(took_part)[:PILOT], columns)] = True
    few, rest = np.where(seen, study.human, np.nan), np.where(seen, np.nan, study.human)
    kept = np.flatnonzero((~np.isnan(few)).sum(0) >= 40)
    few, rest, twin, spans = few[:, kept], rest[:, kept], study.twin[:, kept], study.spans[kept]
    known, constant = study.known, np.ones((len(few), 1))
    made = {
        LLM: twin,
        CALIBRATED: calibration(5).fit(constant, few, twin).predict(constant, twin),
        TWIN: StatisticalTwin().fit(known, few).predict(known),
        HYBRID: HybridTwin().fit(known, few, twin).predict(known, twin),
    }
    setting = f"fitted on {PILOT} people a study, judged on the rest"
    for name, given in made.items():
        found = mean_agreement(rest, given, spans, draws=context.draws, random_state=context.seed)
        yield compare(setting, "mean r", name, found.r.interval)
        yield compare(setting, "accuracy", name, found.accuracy.interval)


def ceiling_rows(context: Context, study: Study, given: Mapping[str, Array]) -> Iterator[Comparison]:
    """What the same person's own answers tell: asked again in a later wave, and in the same sitting."""
    yield from _retest(context, study)
    ceiling = np.full(study.human.shape, np.nan)
    for columns in study.studies().values():
        whole = (~np.isnan(study.human[:, columns])).all(axis=1).sum()
        if len(columns) > 1 and whole >= 2 * LEAST_IN_GROUP:
            ceiling[:, columns] = sitting_ceiling(study.human[:, columns], random_state=context.seed)
    kept = np.flatnonzero(~np.isnan(ceiling).all(axis=0))
    if not len(kept):
        return
    setting, found = "same sitting", {}
    for name, made in {
        "own other answers": ceiling,
        HYBRID: given[HYBRID],
        TWIN: given[TWIN],
        LLM: given[LLM],
    }.items():
        made = np.where(np.isnan(ceiling), np.nan, made)
        found[name] = _mean(context, study, made, kept).r
        yield compare(setting, "mean r", name, found[name].interval, n=len(kept))
    above = found["own other answers"].minus(found[HYBRID])
    yield compare(
        setting, "mean r, difference", f"own other answers minus {HYBRID}", above, n=len(kept), bar="low > 0"
    )


def _retest(context: Context, study: Study) -> Iterator[Comparison]:
    """One trait asked in two waves, by two questionnaires: percentiles, and a twin that sees neither."""
    first, second = (
        study.survey.percentile(name, np.array([[float(person[name])] for person in study.people]))
        for name in RETEST
    )
    n_folds = folds(context)
    twin = cross_fit(StatisticalTwin(shares=(0.0,), n_folds=n_folds), study.features(leave_out=RETEST), second,
                     n_folds=n_folds, random_state=context.seed)  # fmt: skip
    setting = "conscientiousness of wave 2, percentiles"
    drawn = {"draws": context.draws, "random_state": context.seed}
    made = {"own answer in wave 1": first, TWIN: twin.predicted, MEDIAN: np.full_like(second, 0.5)}
    found = {name: mean_agreement(second, values, [1.0], **drawn) for name, values in made.items()}
    for name, each in found.items():
        if name != MEDIAN:
            yield compare(setting, "r", name, each.r.interval)
        paper, source = (0.817, "all questions of wave 4; card") if name.startswith("own") else (None, "")
        yield compare(setting, "accuracy", name, each.accuracy.interval, paper=paper, source=source)
    gap = found["own answer in wave 1"].r.minus(found[TWIN].r)
    yield compare(setting, "r, difference", f"own answer in wave 1 minus {TWIN}", gap, bar="low > 0")


def gap_rows(context: Context, study: Study, given: Mapping[str, Array]) -> Iterator[Comparison]:
    """Who is served better: accuracy above the outcome's mean, and r, of the groups that the study names."""
    for group, (column, values) in GROUPS.items():
        member = np.array([person[column] in values for person in study.people])
        for name in (LLM, HYBRID, MEDIAN):
            accuracy = person_accuracy(study.human, given[name], study.spans)
            gap = group_gap(100 * accuracy, member, draws=context.draws, random_state=context.seed)
            bar = "> 0" if name == LLM else ""
            yield compare(f"{group} minus others", "accuracy, points", name, gap, bar=bar)
        for name in (LLM, HYBRID):
            yield from _r_gap(context, study, given[name], name, group, member)


def _r_gap(
    context: Context, study: Study, made: Array, name: str, group: str, member: np.ndarray
) -> Iterator[Comparison]:
    asked = ~np.isnan(study.human)
    enough = (asked[member].sum(0) >= LEAST_IN_GROUP) & (asked[~member].sum(0) >= LEAST_IN_GROUP)
    kept = np.flatnonzero(enough)
    if not len(kept):
        return
    inside, outside = (
        mean_agreement(study.human[who][:, kept], made[who][:, kept], study.spans[kept], draws=context.draws,
                       random_state=context.seed + seed).r
        for seed, who in enumerate((member, ~member))
    )  # fmt: skip
    gap = percentile_interval(
        inside.value - outside.value, inside.drawn - outside.drawn, LEVEL, len(kept), inside.n_people + outside.n_people
    )  # fmt: skip
    yield compare(f"{group} minus others", "mean r", name, gap)


def stereotype_rows(context: Context, study: Study, by_demographics: Array) -> Iterator[Comparison]:
    """How well twelve demographics predict the people's answers, and how well their language model twins'."""
    n_folds = folds(context)
    fit = cross_fit(
        StatisticalTwin(shares=(0.0,), n_folds=n_folds), study.features(leave_out=study.survey.scores),
        np.where(np.isnan(study.human), np.nan, study.twin), n_folds=n_folds, random_state=context.seed,
    )  # fmt: skip
    kept = np.flatnonzero(~np.isnan(agreement(study.twin, fit.predicted, study.spans).r))
    drawn = {"draws": context.draws, "random_state": context.seed}
    people = mean_agreement(study.human[:, kept], by_demographics[:, kept], study.spans[kept], **drawn).r
    twins = mean_agreement(study.twin[:, kept], fit.predicted[:, kept], study.spans[kept], **drawn).r
    setting = "predicted from demographics alone"
    yield compare(setting, "mean r", "people's answers", people.interval, n=len(kept))
    yield compare(setting, "mean r", "LLM twins' answers", twins.interval, n=len(kept))
    yield compare(setting, "mean r, difference", "LLM twins minus people", twins.minus(people), n=len(kept),
                  bar="low > 0")  # fmt: skip


def flag_rows(context: Context, study: Study, given: Mapping[str, Array]) -> Iterator[Comparison]:
    """Mean r by the kinds of outcome that the authors mark."""
    for flag in FLAGS:
        kept, published = flagged(context, study, flag)
        for name in (LLM, HYBRID):
            if len(kept):
                found = _mean(context, study, given[name], kept).r.interval
                paper, source = (published, "published, default persona") if name == LLM else (None, "")
                yield compare(f"outcomes marked {flag.rstrip('?')}", "mean r", name, found, n=len(kept), paper=paper,
                              source=source)  # fmt: skip


def _mean(context: Context, study: Study, made: Array, kept: np.ndarray) -> MeanAgreement:
    return mean_agreement(
        study.human[:, kept], made[:, kept], study.spans[kept], draws=context.draws, random_state=context.seed
    )
