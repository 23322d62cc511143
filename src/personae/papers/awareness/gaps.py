"""The gap between groups by every estimator, on resamples of people whose group is known after all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from personae.audit.awareness import contrast_bounds, range_bounds
from personae.metrics.disparity import (
    Bounds,
    calibrated_disparity,
    cell_means,
    disparity,
    fit_group_calibration,
    gap_bounds,
    group_means,
    labels_of,
    one_hot,
)
from personae.metrics.intervals import Interval, bootstrap_mean, bootstrap_ratio, wilson
from personae.papers.awareness.populations import Population, populations
from personae.papers.harness import Comparison, Context, compare

THRESHOLD, WEIGHTED = "threshold", "weighted"
CALIBRATED, BY_OUTCOME = "calibrated weighted", "calibrated weighted, by outcome"
SHUFFLED = "control: groups of the known shuffled"
ESTIMATORS = (THRESHOLD, WEIGHTED, CALIBRATED, BY_OUTCOME, SHUFFLED)
RESAMPLES, DRAWS = 200, 100
BARRED = ("Adult, race", "Adult, sex")  # the others stand beside, with the reason in the README


@dataclass(slots=True)
class Found:
    """What the resamples of one population gave, in the order they were drawn."""

    errors: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in ESTIMATORS})
    covered: dict[str, list[bool]] = field(default_factory=dict)
    bounds: list[Bounds] = field(default_factory=list)
    programs: list[float] = field(default_factory=list)


def gap_rows(context: Context) -> Iterator[Comparison]:
    """Measure every population."""
    everyone = populations(context)
    for each in context.track(everyone, "populations"):
        truth = _gap(each.outcomes, one_hot(each.truth, len(each.groups)))
        yield compare(each.name, "gap of the first two groups", "known groups", truth, n=len(each.truth))
        found = _resampled(context, each, truth)
        yield from _estimates(each, found, truth)
        yield from _coverage(context, each, found, truth)
    yield from _whole(context, everyone[0])


def _resampled(context: Context, people: Population, truth: float) -> Found:
    """Draw people whose group is known and others, estimate the gap of the others, and hold it against everyone's."""
    random, found, draws = np.random.default_rng(context.seed), Found(), 20 if context.quick else DRAWS
    for number in range(10 if context.quick else RESAMPLES):
        drawn = random.permutation(len(people.truth))
        known, rest = drawn[: people.n_known], drawn[people.n_known : people.n_known + people.n_tested]
        y, p, group = people.outcomes[rest], people.proxy[rest], people.truth[known]
        known_p = people.proxy[known]
        found.errors[THRESHOLD].append(_gap(y, one_hot(labels_of(p), p.shape[1])) - truth)
        found.errors[CALIBRATED].append(_gap(y, fit_group_calibration(known_p, group)(p)) - truth)
        mixed = fit_group_calibration(known_p, random.permutation(group))
        found.errors[SHUFFLED].append(_gap(y, mixed(p)) - truth)
        plain = disparity(y, p, min_cell=1, draws=draws, random_state=number).gap
        mended = calibrated_disparity(
            y,
            p,
            known_p,
            group,
            known_outcomes=people.outcomes[known],
            min_cell=1,
            draws=draws,
            random_state=number,
        ).gap
        for name, gap in ((WEIGHTED, plain), (BY_OUTCOME, mended)):
            found.errors[name].append(gap.value - truth)
            found.covered.setdefault(name, []).append(gap.low <= truth <= gap.high)
        shares, means, counts = _cells(people, known, rest)
        found.bounds.append(gap_bounds(shares, means, counts))
        if number < 10:
            contrast = np.eye(len(people.groups))[0] - np.eye(len(people.groups))[1]
            by_program = contrast_bounds(shares, means, counts, contrast)
            closed = found.bounds[-1]
            found.programs.append(max(abs(by_program.low - closed.low), abs(by_program.high - closed.high)))
    return found


def _estimates(people: Population, found: Found, truth: float) -> Iterator[Comparison]:
    """Mean estimate and mean |error| of each estimator, and its share of the threshold estimator's."""
    threshold = np.abs(found.errors[THRESHOLD])
    for name in ESTIMATORS:
        errors = np.array(found.errors[name])
        yield compare(
            people.name,
            "mean estimate of the gap",
            name,
            bootstrap_mean(errors + truth),
            paper=truth,
            source="known groups",
        )
        yield compare(people.name, "mean |error|", name, bootstrap_mean(np.abs(errors)))
        if name != THRESHOLD:
            share = bootstrap_ratio(np.abs(errors), threshold)
            fails, bar = name == SHUFFLED, ""
            if people.name in BARRED:
                bar = "> .5" if fails else "< .5" if name in (CALIBRATED, BY_OUTCOME) else ""
            yield compare(people.name, "mean |error|, share of the threshold's", name, share, bar=bar)


def _coverage(context: Context, people: Population, found: Found, truth: float) -> Iterator[Comparison]:
    for name, covered in found.covered.items():
        barred = name == BY_OUTCOME and people.name in BARRED and not context.quick
        yield compare(
            people.name, "95% intervals that hold the gap", name, _share(covered), paper=0.935,
            source="middle of the bar's 90 to 97%", bar="within .035" if barred else "",
        )  # fmt: skip
    held = [each.hold(truth) for each in found.bounds]
    yield compare(
        people.name, "bounds that hold the gap", "bounds", _share(held), source="card", bar=">= .95"
    )
    for end in ("low", "high"):
        ends = [getattr(each, end) for each in found.bounds]
        yield compare(people.name, f"mean {end} end", "bounds", bootstrap_mean(ends))
    width = [each.high - each.low for each in found.bounds]
    yield compare(people.name, "mean width, of 2", "bounds", bootstrap_mean(width))
    yield compare(
        people.name,
        "largest |program - closed form|",
        "bounds",
        max(found.programs),
        n=len(found.programs),
        bar="<= 1e-7",
    )


def _whole(context: Context, people: Population) -> Iterator[Comparison]:
    """What a report of one test would say: gap, four-fifths ratio, standardized difference, bounds of all groups at once."""
    drawn = np.random.default_rng(context.seed).permutation(len(people.truth))
    known, rest = np.split(drawn, [people.n_known])
    y, p = people.outcomes[rest], people.proxy[rest]
    truth = disparity(
        y, one_hot(people.truth[rest], p.shape[1]), draws=context.draws, random_state=context.seed
    )
    mended = calibrated_disparity(
        y, p, people.proxy[known], people.truth[known], known_outcomes=people.outcomes[known],
        draws=20 if context.quick else DRAWS, random_state=context.seed,
    )  # fmt: skip
    hard = disparity(y, one_hot(labels_of(p), p.shape[1]), draws=context.draws, random_state=context.seed)
    setting = f"{people.name}, one test"
    for method, found in (("known groups", truth), (BY_OUTCOME, mended), (THRESHOLD, hard)):
        lower = Interval(
            1 / found.ratio.value, 1 / found.ratio.high, 1 / found.ratio.low, len(rest), len(rest)
        )
        yield compare(setting, "four-fifths ratio, black over white", method, lower)
        yield compare(setting, "standardized mean difference", method, found.smd)
    everyone = range_bounds(*_cells(people, known, rest))
    best = group_means(y, one_hot(people.truth[rest], p.shape[1]))
    yield compare(
        setting, "best group less worst, least", "bounds of three groups at once", everyone.low, n=len(rest)
    )
    yield compare(
        setting,
        "best group less worst, greatest",
        "bounds of three groups at once",
        everyone.high,
        n=len(rest),
    )
    yield compare(
        setting, "best group less worst", "known groups", float(best.max() - best.min()), n=len(rest)
    )


def _cells(
    people: Population, known: NDArray[np.intp], rest: NDArray[np.intp]
) -> tuple[NDArray[np.float64], ...]:
    """Return shares, means and people of cells of the proxy: equal numbers of the known by the chance of the first group."""
    inner = np.linspace(0, 1, people.n_cells + 1)[1:-1]
    edges = np.quantile(people.proxy[known, 0], inner)
    of_known, of_rest = (np.searchsorted(edges, people.proxy[rows, 0]) for rows in (known, rest))
    shares, _ = cell_means(of_known, one_hot(people.truth[known], len(people.groups)), people.n_cells)
    means, counts = cell_means(of_rest, people.outcomes[rest], people.n_cells)
    return shares, means, counts.astype(float)


def _gap(outcomes: NDArray[np.float64], probabilities: NDArray[np.float64]) -> float:
    means = group_means(outcomes, probabilities)
    return float(means[0] - means[1])


def _share(held: list[bool]) -> Interval:
    return wilson(sum(held), len(held))
