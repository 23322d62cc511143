"""PAL: prototype tastes of a population that disagrees, on real raters of jokes, planted groups, and PRISM's comparisons.

Source: Chen, Chen, Rege, Vinayak (2024), "PAL: Pluralistic Alignment Framework for Learning from Heterogeneous Preferences",
arXiv 2406.08469. Its own data sets (Reddit TL;DR, Pick-a-Pic) are not public here or have labels made by rule, so that its
numbers stand in no row; "card" marks what was measured on Jester before, on other raters of the same file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from personae.metrics.intervals import bootstrap_mean
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.jester import counted, jester_split, read_ratings
from personae.papers.pal.groups import planted_rows
from personae.papers.prism import prism
from personae.preference import (
    PAL,
    LinearTaste,
    Measure,
    Personaliser,
    Split,
    TextFeatures,
    bench,
    split_rows,
)
from personae.preference.bench import SHOTS
from personae.preference.comparisons import Array, Comparisons
from personae.preference.population import fit_population

JESTER = "Jester"
PRISM = "PRISM"
POPULATION = "population (Bradley-Terry)"
TASTE = "linear taste"
OURS = "PAL-A K=8 + population + residual"
SHUFFLED = "the same, rater ids shuffled"
FREE = "PAL-A K=8, weights not shrunken"
PLAIN: dict[str, Any] = {"n_directions": 0, "with_population": False}  # as in the paper
BY_K = {
    1: (0.669, 0.670),
    2: (0.672, 0.679),
    3: (0.683, 0.682),
    5: (0.678, 0.684),
    8: (0.687, 0.697),
    16: (0.686, 0.689),
}
FLOOR = dict(zip(SHOTS, (0.670, 0.674, 0.683, 0.693, 0.710, 0.727), strict=True))
CURVE = dict(zip(SHOTS, (0.669, 0.670, 0.672, 0.677, 0.692, 0.705), strict=True))  # K = 8, shrunken weights
LEARNED = {"seen people: accuracy": ">= .71", "accuracy, 20 shots": ">= .705"}
OF_MODEL = ("people made worse", "accuracy, another person's shots", "accuracy, lengths alike", "calibration error",
            "seconds to fit", "milliseconds to adapt", "bytes per person")  # fmt: skip


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table; intervals over people."""
    _one_thread()
    features = TextFeatures(context.encoder())
    split = jester_split(context)
    vectors = features(split.train.items).astype(float)
    everyone = fit_population(split.train, vectors).rewards(split.train.items, vectors)
    yield from _population(context, split, everyone)
    yield from _most_for_all(context, split)
    yield from _by_method(context, split, features, float(_right(everyone, split.seen).mean()))
    yield from planted_rows(context, features)
    if not context.quick:
        yield from _by_shown(context, split, features)
        yield from _shuffled(context, split, features, float(_right(everyone, split.seen).mean()))
        yield from _prism(context, features)


def _population(context: Context, split: Split, everyone: Array) -> Iterator[Comparison]:
    """One reward for all, shape (n_jokes,)."""
    for metric, table, paper in (
        ("seen people: accuracy", split.seen, 0.671),
        ("accuracy, 0 shots", split.unseen, 0.676),
    ):
        found = bootstrap_mean(
            _right(everyone, table), clusters=table.person, draws=context.draws, random_state=context.seed
        )
        yield compare(JESTER, metric, POPULATION, found, paper=paper, source="card")


def _most_for_all(context: Context, split: Split) -> Iterator[Comparison]:
    """What one score a joke, the same for all, has right of people met anew, whoever it is learned from: themselves at most."""
    ratings, measured = read_ratings(context), split.unseen
    met = {measured.people[code] for code in np.unique(measured.person)}
    others = ratings.take(np.array([place for place, rater in enumerate(ratings.raters) if rater not in met]))
    for whose, table in (
        ("the raters learned from", split.train),
        ("every other rater of the file", counted(others)),
        ("the choices measured themselves", measured),
    ):
        no_vectors = np.zeros((len(table.items), 1))
        learned = fit_population(table, no_vectors, n_directions=0, penalties=(1.0,))
        right = _right(learned.rewards(measured.items, no_vectors), measured)
        found = bootstrap_mean(
            right, clusters=measured.person, draws=context.draws, random_state=context.seed
        )
        yield compare(JESTER, "accuracy, 0 shots", f"one score a joke, learned from {whose}", found)


def _right(reward: Array, table: Comparisons) -> Array:
    return np.asarray((reward[table.a] > reward[table.b]) == (table.chosen > 0.5), dtype=float)


def _by_method(
    context: Context, split: Split, features: TextFeatures, everyone: float
) -> Iterator[Comparison]:
    methods: dict[str, Personaliser] = {
        f"PAL-A K={k}": PAL(features=features, n_prototypes=k, **PLAIN) for k in ((1,) if context.quick else BY_K)
    }  # fmt: skip
    methods[OURS] = PAL(features=features)
    methods[TASTE] = LinearTaste(features=features)
    if not context.quick:
        methods[FREE] = PAL(features=features, n_prototypes=8, is_free=True, **PLAIN)
        methods["PAL-A K=8, hinge"] = PAL(
            features=features, n_prototypes=8, loss="hinge", n_epochs=40, **PLAIN
        )
        methods["PAL-B K=8"] = PAL(features=features, n_prototypes=8, learner="angle", **PLAIN)
    found: dict[str, dict[str, Measure]] = {}
    for name, method in context.track(list(methods.items()), "methods"):
        found[name] = {
            _metric(each): each
            for each in bench({name: method}, split, draws=context.draws, random_state=context.seed)
        }
        yield from (
            _as_row(JESTER, name, metric, each)
            for metric, each in found[name].items()
            if _is_told(name, metric, each)
        )
        curve = [found[name][f"accuracy, {shots} shots"].value.value for shots in SHOTS]
        yield compare(JESTER, "accuracy, worst shots minus 0 shots", name, min(curve) - curve[0], n=len(split.unseen),
                      bar=">= 0" if name in {OURS, TASTE, "PAL-A K=8"} else "")  # fmt: skip
    alone = found["PAL-A K=1"]["seen people: accuracy"].value.value
    yield compare(JESTER, "seen people: accuracy, K=1 minus population", "PAL-A K=1", alone - everyone, n=len(split.seen),
                  paper=0.0, source="card: K=1 equals Bradley-Terry", bar="within .01")  # fmt: skip


def _as_row(setting: str, name: str, metric: str, measure: Measure) -> Comparison:
    paper, bar = None, ""
    if setting == JESTER and name.startswith("PAL-A K=") and name.removeprefix("PAL-A K=").isdigit():
        of_k = BY_K[int(name.removeprefix("PAL-A K="))]
        paper = {"seen people: accuracy": of_k[0], "accuracy, 20 shots": of_k[1]}.get(metric)
    if setting == JESTER and name == "PAL-A K=8" and paper is None:
        paper = {f"accuracy, {shots} shots": value for shots, value in CURVE.items()}.get(metric)
    if setting == JESTER and name == OURS:
        bar = LEARNED.get(metric, "")
        paper = {"seen people: accuracy": 0.714, "accuracy, 20 shots": 0.710}.get(metric)
    if setting == JESTER and name == TASTE:
        paper = {f"accuracy, {shots} shots": value for shots, value in FLOOR.items()}.get(metric)
        bar = f">= {paper}" if paper else {"calibration error": "<= .03"}.get(metric, "")
    return compare(setting, metric, name, measure.value, paper=paper, source="card" if paper else "", bar=bar)


def _by_shown(context: Context, split: Split, features: TextFeatures) -> Iterator[Comparison]:
    """How much of a new rater's gain is on jokes that their shots have shown: by how many of a pair's two were."""
    shots, test, most = split.shots, split.unseen, max(SHOTS)
    is_shown = np.zeros((len(test.people), len(test.items)), dtype=bool)
    for side in (shots.a, shots.b):
        is_shown[shots.person, side] = True
    n_shown = is_shown[test.person, test.a].astype(int) + is_shown[test.person, test.b]
    methods: dict[str, Personaliser] = {TASTE: LinearTaste(features=features), OURS: PAL(features=features)}
    for name, method in methods.items():
        before = _foretold(method.fit(split.train), test)
        after = _foretold(method.adapt_all(shots), test)
        for count, word in enumerate(("neither", "one", "both")):
            rows = n_shown == count
            for n, values in ((0, before), (most, after)):
                found = bootstrap_mean(
                    values[rows], clusters=test.person[rows], draws=context.draws, random_state=context.seed
                )
                yield compare(
                    f"Jester, {word} of the pair's jokes in {most} shots", f"accuracy, {n} shots", name, found
                )


def _foretold(method: Personaliser, table: Comparisons) -> Array:
    """Return 1 for each row whose choice the method has right, else 0, shape (n,)."""
    return np.asarray((method.probs(table).probability > 0.5) == (table.chosen > 0.5), dtype=float)


def _shuffled(
    context: Context, split: Split, features: TextFeatures, everyone: float
) -> Iterator[Comparison]:
    """The control: who said what is drawn by lot among the people learned from."""
    random = np.random.default_rng(context.seed)
    lost = replace(split, train=split.train.of_people(random.permutation(split.train.person)))
    found = {_metric(each): each for each in bench({SHUFFLED: PAL(features=features)}, lost, shots=(0, 20),
                                                   draws=context.draws, random_state=context.seed)}  # fmt: skip
    for metric in ("seen people: accuracy", "accuracy, 0 shots", "accuracy, 20 shots"):
        yield compare(JESTER, metric, SHUFFLED, found[metric].value)
    gain = found["seen people: accuracy"].value.value - everyone
    yield compare(
        JESTER, "seen people: accuracy, gain over population", SHUFFLED, gain, n=len(split.seen), bar="<= .01"
    )


def _prism(context: Context, features: TextFeatures) -> Iterator[Comparison]:
    """Few comparisons a rater: three or four to learn from, as many to be measured on."""
    pairs = [pair for pair in prism(context).pairs if pair.person]
    split = split_rows(pairs, n_shots=5, random_state=context.seed)
    methods: dict[str, Personaliser] = {
        "PAL-A K=1": PAL(features=features, n_prototypes=1, **PLAIN),
        "PAL-A K=3": PAL(features=features, n_prototypes=3, **PLAIN),
        "PAL-B K=3": PAL(features=features, contexts=lambda items: features([("", context) for context, _ in items]),
                         n_prototypes=3, learner="angle", **PLAIN),
        "PAL-A K=3 + population + residual": PAL(features=features, n_prototypes=3),
        TASTE: LinearTaste(features=features, n_learned=0),
    }  # fmt: skip
    yield from _prism_by_population(context, split, features)
    for each in bench(methods, split, shots=(0, 2, 5), draws=context.draws, random_state=context.seed):
        if each.metric in {"seen people: accuracy", "accuracy", "accuracy, another person's shots"}:
            yield compare(PRISM, _metric(each), each.method, each.value)


def _prism_by_population(context: Context, split: Split, features: TextFeatures) -> Iterator[Comparison]:
    """One reward for all, on seen raters' choices: does an answer of the pair also stand among the rows learned from?"""
    vectors, test = features(split.train.items).astype(float), split.seen
    reward = fit_population(split.train, vectors).rewards(split.train.items, vectors)
    right = _right(reward, test)
    learned = np.union1d(split.train.a, split.train.b)
    is_known = np.isin(test.a, learned) | np.isin(test.b, learned)
    for where, rows in (
        ("", np.ones(len(test), dtype=bool)),
        (", an answer stands among the rows learned from", is_known),
        (", no answer stands there", ~is_known),
    ):
        found = bootstrap_mean(
            right[rows], clusters=test.person[rows], draws=context.draws, random_state=context.seed
        )
        yield compare(PRISM, f"seen people: accuracy{where}", POPULATION, found)


def _metric(measure: Measure) -> str:
    if measure.metric in {"accuracy", "log loss"} and measure.shots is not None:
        return f"{measure.metric}, {measure.shots} shots"
    return measure.metric


def _is_told(name: str, metric: str, measure: Measure) -> bool:
    """Of most K only what the card has; of the loss only the end of its curve."""
    if name in {f"PAL-A K={k}" for k in BY_K if k != 8}:
        return metric in {"seen people: accuracy", "accuracy, 0 shots", "accuracy, 20 shots"}
    return not metric.startswith("log loss") or measure.shots == max(SHOTS)


def _one_thread() -> None:
    with suppress(ImportError):  # PAL itself says which extra is missing
        import torch

        torch.set_num_threads(1)


EXPERIMENT = Experiment("pal", rows)
