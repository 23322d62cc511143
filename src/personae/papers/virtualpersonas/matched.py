"""Matching on real people: half of them answer as stories whose traits are known only as distributions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from personae.metrics.distributions import answer_shares, correlation_gap, cronbach_alpha, wasserstein
from personae.metrics.intervals import Interval, percentile_interval
from personae.papers.harness import Comparison, Context, compare
from personae.papers.virtualpersonas.survey import (
    DEMOCRAT,
    N_OPTIONS,
    REPUBLICAN,
    Array,
    Codes,
    Survey,
    one_hot,
)
from personae.synth.backstories import log_weights, match_stories, trait_shares
from personae.synth.backstories.asking import N_TIMES
from personae.synth.backstories.matching import How

SETTING = "anes96, stories that lean"
EVEN = "anes96, stories drawn evenly"
FLOOR = "other people of the same survey"
RANDOM = "random stories"
LABELS: dict[How, str] = {
    "hungarian": "Hungarian matching", "greedy": "greedy, reuse", "greedy without reuse": "greedy, no reuse", "random": RANDOM,
}  # fmt: skip
METRICS = (
    "Wasserstein of answers", "mean |answer difference| in a pair, points", "correlation gap (Frobenius)",
    "Cronbach alpha of place, party, vote", "share of stories used", "log weight a respondent, nats",
)  # fmt: skip
_N_RESPONDENTS = 120
_BLUR = 0.3  # of a trait question's answers name any category
_KEPT = {DEMOCRAT: 1.0, REPUBLICAN: 0.25}  # others a half: the lean of unconditioned language models
_DEALS = 200


@dataclass(frozen=True, slots=True)
class _Deal:
    """One split of people into respondents, stories, and other people as many as the respondents."""

    respondents: Codes
    stories: Codes
    others: Codes


def matching_rows(context: Context, survey: Survey) -> Iterator[Comparison]:
    """Matched answers beside random ones and beside other people's; mean and 95% of the deals."""
    n_deals = 20 if context.quick else _DEALS
    for setting, leans in ((SETTING, True), (EVEN, False)):
        found = [
            _measured(survey, _dealt(survey, leans, context.seed + deal), context.seed + deal)
            for deal in context.track(range(n_deals), setting)
        ]
        table = {name: np.array([one[name] for one in found]) for name in found[0]}  # (n_deals, n_metrics)
        for name, values in table.items():
            for metric, column in zip(METRICS, values.T, strict=True):
                if not np.isnan(column).all():
                    yield compare(setting, metric, name, over_deals(column))
        yield from _differences(setting, table, leans)


def _differences(setting: str, table: dict[str, Array], leans: bool) -> Iterator[Comparison]:
    hungarian, random, floor = (table[name] for name in (LABELS["hungarian"], RANDOM, FLOOR))
    once = table[LABELS["greedy without reuse"]]
    ours = "Hungarian matching"
    for metric, pair, gap, bar in (
        ("Wasserstein", f"{RANDOM} minus {ours}", random[:, 0] - hungarian[:, 0], "> 0" if leans else ""),
        ("Wasserstein", f"{ours} minus {FLOOR}", hungarian[:, 0] - floor[:, 0], "< .02" if leans else ""),
        ("pair difference, points", f"{RANDOM} minus {ours}", random[:, 1] - hungarian[:, 1], "low > 0"),
        (
            "log weight",
            f"{ours} minus greedy, no reuse",
            np.round(hungarian[:, 5] - once[:, 5], 9),
            "low >= 0",
        ),
    ):
        yield compare(setting, f"{metric}, difference", pair, over_deals(gap), bar=bar)


def _dealt(survey: Survey, leans: bool, seed: int) -> _Deal:
    random = np.random.default_rng(seed)
    order = random.permutation(len(survey.party))
    n = min(_N_RESPONDENTS, len(order) // 6)
    respondents, others, pool = order[:n], order[n : 2 * n], order[2 * n :]
    if leans:
        chance = np.array([_KEPT.get(int(party), 0.5) for party in survey.party[pool]])
        pool = pool[random.random(len(pool)) < chance]
    return _Deal(respondents, pool, others)


def _measured(survey: Survey, deal: _Deal, seed: int) -> dict[str, list[float]]:
    random = np.random.default_rng([seed, 1])
    stories = {
        name: _told(codes[deal.stories], int(codes.max()) + 1, random)
        for name, codes in survey.traits.items()
    }
    weights = log_weights({name: codes[deal.respondents] for name, codes in survey.traits.items()}, stories)
    found = {}
    for how, label in LABELS.items():
        match = match_stories(weights, how, random_state=seed)
        stand_ins = deal.stories[match.stories]
        n = len(deal.respondents)
        found[label] = [*_compared(survey, stand_ins, deal.respondents), match.n_unique / n, match.total / n]
    nan = float("nan")
    found[FLOOR] = [*_compared(survey, deal.others, deal.respondents), nan, nan]
    found[FLOOR][1] = nan
    return found


def _told(codes: Codes, size: int, random: np.random.Generator) -> Array:
    """Return trait distributions as from asking each story N_TIMES: its own category mostly, any at times."""
    chances = (1 - _BLUR) * one_hot(codes, size) + _BLUR / size
    return trait_shares(random.multinomial(N_TIMES, chances).astype(float))


def _compared(survey: Survey, made: Codes, real: Codes) -> list[float]:
    a, b = survey.answers[made], survey.answers[real]
    apart = [
        float(wasserstein(answer_shares(a[:, q], N_OPTIONS), answer_shares(b[:, q], N_OPTIONS)))
        for q in range(a.shape[1])
    ]
    pairs = float(np.abs(a - b).mean())
    return [float(np.mean(apart)), pairs, correlation_gap(a, b), cronbach_alpha(survey.leaning[made])]


def over_deals(values: Array) -> Interval:
    """Return the mean with the middle 95% of the deals."""
    return percentile_interval(float(values.mean()), values, 0.95, len(values), len(values))
