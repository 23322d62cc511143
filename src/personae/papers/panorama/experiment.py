"""PANORAMA's made people, by its hand-set weights and fitted to a census: margins, pairs, a classifier, rules and speed.

Source: Selvam, Ghosh (2025), "PANORAMA: A synthetic PII-laced dataset for studying sensitive data memorization in LLMs",
arXiv 2505.12238; its public generator's weights. The census is UCI Adult.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput, MissingExtra
from personae.metrics.discrimination import auroc_interval
from personae.metrics.folds import deal_folds
from personae.metrics.intervals import Interval, bootstrap_mean
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.panorama.census import (
    SHARED,
    census,
    rows_of,
    shared,
    shared_of_census,
    shared_of_made,
)
from personae.synth import (
    Joint,
    Panorama,
    Population,
    home_spec,
    learn_spec,
    population_of,
    sample,
    violations,
)
from personae.synth.population import Columns, shares, two_way

N = 10_000
SEEDS = 5
RULED = 100_000
TIMED = 20_000
LEAST = 2_000  # census rows
FITTED, HAND_SET, REAL = "fitted", "hand-set weights", "real, drawn by lot"
SHUFFLED = "columns shuffled"
ALL = "census, 10 columns, n = 10,000"
FIVE, TEN = "held-out half, 5 shared columns", "held-out half, 10 columns"


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table."""
    table = census(context)
    if len(table["age"]) < LEAST:
        raise BadInput(
            f"{len(table['age'])} census rows are too few to be learned from; give --limit {LEAST} or more."
        )
    yield from fit_rows(context, table)
    yield from distance_rows(context, table)
    yield from stranger_rows(context, table)
    yield from rule_rows(context)
    yield from speed_rows(context)


def fit_rows(context: Context, table: Columns) -> Iterator[Comparison]:
    """The largest errors of margins, two-way tables and associations; the worst of several seeds."""
    spec = learn_spec(table, random_state=context.seed)
    real = population_of(table, spec.variables, "census")
    seeds = range(context.seed, context.seed + (1 if context.quick else SEEDS))
    made = [sample(spec, N, seed) for seed in context.track(seeds, "seeds")]
    groups = {
        FITTED: made,
        REAL: [_drawn(table, spec, seed) for seed in seeds],
        SHUFFLED: [_shuffled(each, seed) for each, seed in zip(made, seeds, strict=True)],
    }
    bars = {FITTED: "< 1", REAL: "", SHUFFLED: "> 1"}
    for name, people in groups.items():
        margin, pair, association = (
            max(errors) for errors in zip(*(gaps(each, real) for each in people), strict=True)
        )
        bar = bars[name]
        yield compare(
            ALL, "largest error of a margin, points", name, margin, n=N, bar=bar if name == FITTED else ""
        )
        yield compare(ALL, "largest error of a two-way share, points", name, pair, n=N, bar=bar)
        yield compare(ALL, "largest error of Cramér's V, points", name, association, n=N, bar=bar)


def gaps(made: Population, real: Population) -> tuple[float, float, float]:
    """Return the largest gaps of a margin's share, a two-way share and Cramér's V, in points."""
    margin = max(
        abs(made.margins[v][level] - share)
        for v, levels in real.margins.items()
        for level, share in levels.items()
    )
    pair = max(
        float(np.abs(_table(made, a, b) - _table(real, a, b)).max())
        for a, b in combinations(range(len(real.variables)), 2)
    )
    association = max(abs(made.associations[pair] - v) for pair, v in real.associations.items())
    return 100 * margin, 100 * pair, 100 * association


def distance_rows(context: Context, table: Columns) -> Iterator[Comparison]:
    """Mean total variation of margins and pairs, and a classifier that tells made from real, on people left out of the fit."""
    both = shared_of_census(table)
    order = np.random.default_rng(context.seed).permutation(len(both["age"]))
    learned, held_out = rows_of(both, order[::2]), shared(rows_of(both, order[1::2]))
    hand_set = sample(Panorama(), N, context.seed)
    fitted = sample(learn_spec(learned, random_state=context.seed), N, context.seed)
    groups = {
        HAND_SET: shared(shared_of_made(hand_set)),
        f"{HAND_SET}, dollars as they stand": shared(shared_of_made(hand_set, dollar=1.0)),
        FITTED: shared(fitted.columns),
        "real, the other half": shared(learned),
    }
    margins = {name: mean_distance(people, held_out) for name, people in groups.items()}
    for name, people in groups.items():
        pairs = mean_distance(people, held_out, pairs=True)
        auc = two_sample(context, people, held_out)
        yield compare(FIVE, "mean total variation, margins", name, margins[name], n=len(people))
        yield compare(FIVE, "mean total variation, pairs", name, pairs, n=len(people))
        yield compare(FIVE, "AUC of a classifier, made against real", name, auc)
    ratio = margins[HAND_SET] / margins[FITTED]
    yield compare(
        FIVE,
        "total variation, times the fitted",
        HAND_SET,
        ratio,
        paper=2,
        source="issue and card",
        bar=">= 2",
    )


def mean_distance(made: Population, real: Population, *, pairs: bool = False) -> float:
    """Return the mean over variables, or pairs of them, of half the summed absolute gaps of shares."""
    if pairs:
        both = list(combinations(range(len(SHARED)), 2))
        return float(np.mean([np.abs(_table(made, a, b) - _table(real, a, b)).sum() / 2 for a, b in both]))
    names = [variable.name for variable in SHARED]
    parts = [shares(made.codes[n], v) - shares(real.codes[n], v) for n, v in zip(names, SHARED, strict=True)]
    return float(np.mean([np.abs(part).sum() / 2 for part in parts]))


def stranger_rows(context: Context, table: Columns) -> Iterator[Comparison]:
    """People learned from half of the census beside the other half, in ten columns: told apart? equal to someone known?"""
    order = np.random.default_rng(context.seed).permutation(len(table["age"]))
    known, others = rows_of(table, order[::2]), rows_of(table, order[1::2])
    spec = learn_spec(known, random_state=context.seed)
    made, strangers = sample(spec, N, context.seed), population_of(others, spec.variables, "census")
    groups = {
        FITTED: made,
        "real, the other half": population_of(known, spec.variables, "census"),
        f"{FITTED}, {SHUFFLED}": _shuffled(made, context.seed),
    }
    for name, people in groups.items():
        bar = "> .6" if SHUFFLED in name else ""
        yield compare(
            TEN,
            "AUC of a classifier, made against real",
            name,
            two_sample(context, people, strangers),
            bar=bar,
        )
    rows_made = list(zip(*(made.columns[name].tolist() for name in table), strict=True))
    for name, half in {"someone learned from": known, "someone never seen": others}.items():
        real = set(zip(*(half[each].tolist() for each in table), strict=True))
        same = bootstrap_mean([row in real for row in rows_made], draws=200, random_state=context.seed)
        yield compare(TEN, f"share that equals {name}", FITTED, same)


def rule_rows(context: Context) -> Iterator[Comparison]:
    """Broken rules in 100,000 people, and in the same people with columns shuffled."""
    n = N if context.quick else RULED
    specs = {HAND_SET: Panorama(locale="all"), "adults of the United States": Panorama(home_spec())}
    for name, spec in specs.items():
        made = sample(spec, n, context.seed)
        yield compare(
            "ten rules", f"violations in {RULED:,}", name, sum(violations(made).values()), n=n, bar="<= 0"
        )
        if spec.core is None:
            broken = violations(_shuffled(made, context.seed))
            yield compare("ten rules", "rules that are broken", f"{name}, {SHUFFLED}", sum(map(bool, broken.values())), n=n,
                          bar=">= 8")  # fmt: skip
    first = list(sample(specs[HAND_SET], 500, context.seed).people())
    again = list(sample(specs[HAND_SET], 1500, context.seed).people())[:500]
    same = np.mean([a == b for a, b in zip(first, again, strict=True)])
    yield compare(
        "one seed",
        "share of 500 people who are the same among 1,500",
        HAND_SET,
        float(same),
        n=500,
        bar=">= 1",
    )


def speed_rows(context: Context) -> Iterator[Comparison]:
    """People made in a second of one core, as records, after what is read once."""
    for name, spec in {HAND_SET: Panorama(), "adults of the United States": Panorama(home_spec())}.items():
        sample(spec, 10, context.seed)
        start = time.process_time()
        made = sum(1 for _ in sample(spec, TIMED, context.seed).people())
        rate = made / (time.process_time() - start)
        yield compare(
            "35 fields and the catalogue's eight", "people a second", name, rate, n=TIMED, bar=">= 10000"
        )


def _table(people: Population, a: int, b: int) -> NDArray[np.float64]:
    first, second = people.variables[a], people.variables[b]
    return two_way(people.codes[first.name], people.codes[second.name], first, second)


def _drawn(table: Columns, spec: Joint, seed: int) -> Population:
    drawn = np.random.default_rng(seed).integers(len(table["age"]), size=N)
    return population_of(rows_of(table, drawn), spec.variables, "census, drawn by lot")


def _shuffled(made: Population, seed: int) -> Population:
    random = np.random.default_rng(seed)
    columns = {name: random.permutation(column) for name, column in made.columns.items()}
    return Population(columns, SHUFFLED, seed, made.variables)


def two_sample(context: Context, made: Population, real: Population) -> Interval:
    """Return the AUC, out of fold, of boosted trees that tell made people from real ones; 0.5 is telling nothing."""
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ImportError:
        raise MissingExtra("This paper needs scikit-learn: `pip install 'personae[learn]'`.") from None

    n = min(len(made), len(real), 2_000 if context.quick else N)
    features = np.concatenate([_coded(people)[:n] for people in (made, real)])
    is_made = np.repeat([1, 0], n)
    folds = deal_folds(range(2 * n), random_state=context.seed)
    scores = np.empty(2 * n)
    for fold in range(folds.max() + 1):
        trees = HistGradientBoostingClassifier(max_iter=100, random_state=context.seed)
        trees.fit(features[folds != fold], is_made[folds != fold])
        scores[folds == fold] = trees.predict_proba(features[folds == fold])[:, 1]
    return auroc_interval(scores, is_made, draws=min(context.draws, 200), random_state=context.seed)


def _coded(people: Population) -> NDArray[np.float64]:
    """Return each person's levels, numbers as they stand, shape (n, n_variables)."""
    columns = [people.columns[v.name] if v.edges else people.codes[v.name] for v in people.variables]
    return np.stack(columns, axis=1).astype(float)


EXPERIMENT = Experiment("panorama", rows)
