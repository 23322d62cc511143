"""NBPO: likes learned from clicks that hide some, beside the same factors learned without noise, by points and by pairs.

Source: Yu, Qin (2020), arXiv 2007.07204. The card's numbers and the authors' recorded sweep are on the same split.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from personae.metrics.intervals import bootstrap_mean, bootstrap_ratio, bootstrap_runs
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.nbpo.hidden import hidden_likes
from personae.papers.nbpo.study import (
    BESIDE,
    DATA,
    KS,
    METHODS,
    Array,
    Split,
    best,
    grid,
    method,
    read_split,
    seeds,
    shuffled,
    worths,
)
from personae.recommend import NBPO, Popularity

TEST, VALID, CARD = "Amazon, test", "Amazon, validation", "Amazon, the card's settings"
POPULARITY, CONTROL = "popularity", "NBPO, items dealt anew (control)"
RECORDED = {  # authors' sheet: validation, each the best epoch by itself, mean of 10 seeds, 3 items drawn
    "F1": dict(zip(KS, (0.0358, 0.0392, 0.0370, 0.0303), strict=True)),
    "NDCG": dict(zip(KS, (0.0455, 0.0524, 0.0644, 0.0775), strict=True)),
}
OF_CARD = {  # validation F1@5, NDCG@5, test F1@5, NDCG@5, NDCG@20; one seed
    POPULARITY: (0.0211, 0.0273, 0.0203, 0.0272, 0.0487),
    "BPR": (0.0388, 0.0517, 0.0341, 0.0469, 0.0706),
    "BPO": (0.0365, 0.0474, 0.0347, 0.0461, 0.0694),
    "NBPO": (0.0415, 0.0566, 0.0381, 0.0533, 0.0797),
}
TOLD = (
    ("validation", "F1", 5),
    ("validation", "NDCG", 5),
    ("test", "F1", 5),
    ("test", "NDCG", 5),
    ("test", "NDCG", 20),
)
Scores = dict[tuple[str, str, int], Array]  # (part, measure, k) -> (n_seeds, n_people)


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table."""
    split = read_split(context)
    measured: dict[str, Scores] = {POPULARITY: _measured(split, [Popularity().fit(split.train)])}
    chosen = {}
    for name, given in context.track(list(METHODS.items()), "methods"):
        found = worths(context, split, grid(given), context.seed + 100)
        chosen[name] = best(found)
        if name in ("BPR", "BPO", "NBPO"):
            found += worths(context, split, grid(given, BESIDE), context.seed + 100)
            yield from _penalties(name, found)
        models = [
            method(context, chosen[name], seed).fit(split.train, valid=split.valid) for seed in seeds(context)
        ]
        measured[name] = _measured(split, models)
        yield compare(VALID, "penalty, chosen", name, models[0].l2)
        if name.startswith("NBPO"):
            yield from _flips(models, name)
    mixed = replace(split, train=shuffled(split.train, context.seed))
    controls = [
        method(context, chosen["NBPO"], seed).fit(mixed.train, valid=mixed.valid) for seed in seeds(context)
    ]
    measured[CONTROL] = _measured(split, controls)
    for name, scores in measured.items():
        yield from _levels(context, name, scores)
    yield from _ratios(context, measured)
    yield from _as_the_card(context, split, measured, chosen)
    yield from _met_anew(context, split, chosen["NBPO"])
    yield from hidden_likes(context)


def _penalties(name: str, found: list[tuple[float, dict[str, Any]]]) -> Iterator[Comparison]:
    for value, tried in sorted(found, key=lambda each: each[1]["l2"]):
        yield compare(VALID, f"NDCG@5, penalty {tried['l2']}, the seed that chooses", name, value)


def _measured(split: Split, models: list[Any]) -> Scores:
    """Return each person's F1 and NDCG on both parts, a row a model; people are those with held-out items."""
    found: Scores = {}
    for part, wanted in (("validation", split.valid), ("test", split.test)):
        ranked = [split.ranked(model, wanted) for model in models]
        for measure in ("F1", "NDCG"):
            for k in KS:
                found[part, measure, k] = np.stack([each.per_person(measure.lower(), k) for each in ranked])
    return found


def _as_the_card(
    context: Context, split: Split, measured: dict[str, Scores], chosen: dict[str, dict[str, Any]]
) -> Iterator[Comparison]:
    """Repeat the card's run: the official code's penalty for everybody."""
    of_all = {}
    for name, told in OF_CARD.items():
        scores = measured[name]
        if name in METHODS and chosen[name]["l2"] != 1.0:
            models = [
                method(context, METHODS[name], seed).fit(split.train, valid=split.valid)
                for seed in seeds(context)
            ]
            scores = _measured(split, models)
        of_all[name] = scores["test", "NDCG", 5]
        for (part, measure, k), expected in zip(TOLD, told, strict=True):
            bar = "" if part == "test" else "within .0005" if name == POPULARITY else "within .004"
            found = bootstrap_runs(scores[part, measure, k], draws=context.draws, random_state=context.seed)
            yield compare(CARD, f"{part} {measure}@{k}", name, found,
                          paper=expected, source=f"card{', all people' if part == 'test' else ''}", bar=bar)  # fmt: skip
    for other in ("BPR", "BPO"):
        ratio = bootstrap_runs(of_all["NBPO"], of_all[other], draws=context.draws, random_state=context.seed)
        yield compare(CARD, "test NDCG@5, ratio", f"NBPO / {other}", ratio,
                      paper=OF_CARD["NBPO"][3] / OF_CARD[other][3], source="card, all people")  # fmt: skip


def _levels(context: Context, name: str, scores: Scores) -> Iterator[Comparison]:
    for (part, measure, k), values in scores.items():
        recorded = RECORDED[measure][k] if name == "NBPO" and part == "validation" else None
        bar = ">= .039" if name == "NBPO" and (part, measure, k) == ("validation", "F1", 5) else ""
        found = bootstrap_runs(values, draws=context.draws, random_state=context.seed)
        yield compare(VALID if part == "validation" else TEST, f"{measure}@{k}", name, found,
                      paper=recorded, source="authors' sheet" if recorded else "", bar=bar)  # fmt: skip


def _ratios(context: Context, measured: dict[str, Scores]) -> Iterator[Comparison]:
    """Test NDCG@5 of one method over another's, intervals over people and seeds."""
    key = ("test", "NDCG", 5)
    pairs = [("NBPO", other) for other in (POPULARITY, *METHODS) if other != "NBPO"]
    pairs += [("NBPO, one rate", "BPR"), ("NBPO, one rate", "BPO"), (CONTROL, POPULARITY)]
    for name, other in pairs:
        bar = {("NBPO", "BPR"): ">= 1.08", ("NBPO", "BPO"): ">= 1.08", (CONTROL, POPULARITY): "low <= 1"}.get(
            (name, other), ""
        )
        ratio = bootstrap_runs(
            measured[name][key], measured[other][key], draws=context.draws, random_state=context.seed
        )
        yield compare(TEST, "NDCG@5, ratio", f"{name} / {other}", ratio, bar=bar)
        if bar == ">= 1.08" and not context.quick:
            by_seed = [measured[each][key].mean(axis=1) for each in (name, other)]
            over = bootstrap_ratio(*by_seed, draws=context.draws, random_state=context.seed)
            yield compare(TEST, "NDCG@5, ratio, over seeds", f"{name} / {other}", over)


def _flips(models: list[NBPO], name: str) -> Iterator[Comparison]:
    """What the flips came to: the chance that a like goes unvoted, over all pairs, and how far pairs differ."""
    chances = [model.chances_of_flips(model.states_) for model in models]
    yield compare(VALID, "chance of a flip, mean over pairs", name, float(np.mean(chances)))
    yield compare(
        VALID, "chance of a flip, spread over pairs", name, float(np.mean([each.std() for each in chances]))
    )


def _met_anew(context: Context, split: Split, given: dict[str, Any]) -> Iterator[Comparison]:
    """A fifth of the people left out of the fit and placed by their items; beside them, the same people fitted."""
    left_out = np.random.default_rng(context.seed).permutation(len(split.train.people)) % 5 == 0
    wanted = split.test.take(left_out[split.test.person])
    whole = method(context, given, context.seed).fit(split.train, valid=split.valid)
    model = method(context, given, context.seed).fit(
        split.train.take(~left_out[split.train.person]), valid=split.valid.take(~left_out[split.valid.person])
    )
    model.states_ = model.place(split.train.lists())
    popular = Popularity().fit(split.train)
    for name, each in (("NBPO, placed", model), ("NBPO, fitted", whole), (POPULARITY, popular)):
        found = split.ranked(each, wanted).per_person("ndcg", 5)
        interval = bootstrap_mean(found, draws=context.draws, random_state=context.seed)
        yield compare("Amazon, test, people left out of the fit", "NDCG@5", name, interval)


EXPERIMENT = Experiment(DATA, rows)
