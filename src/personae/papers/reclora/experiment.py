"""RecLoRA: a personal change of the encoder against one that all share, on ratings of films.

Source: Zhu et al. (2024), arXiv 2408.03533. Its language model (Vicuna-7B) and MovieLens-25M are not here; the card names what
stands for them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.metrics.calibration import auroc, log_loss
from personae.metrics.discrimination import drawn_auroc
from personae.metrics.intervals import bootstrap_mean
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.movielens import LIKED, MovieLens, movielens
from personae.recommend.interactions import Codes
from personae.recommend.reclora import ClickModel, Clicks, Prepared, RecLoRA, clicks_of, prepare, prompts
from personae.recommend.training import Plan

Array = NDArray[np.floating]
SHARES = (0.8, 0.1, 0.1)  # paper: of all ratings in order of time
N_LONG, N_SHORT = 60, 8  # earlier ratings that the click model and the text show
N_TOKENS = 64
N_TEXTS = {
    "train": 3000,
    "valid": 800,
    "test": 2500,
}  # the text model learns from 5% of what the click model does
N_SEEDS = 5
PLAN = Plan(n_epochs=8, batch_size=64, rate=1e-3, patience=2)
TAU = 5.0
OURS, SHARED, UNIFORM, SHUFFLED = (
    "RecLoRA",
    "one LoRA for all",
    "uniform gate",
    "gate shown another row's vector",
)
CRM = "click model alone (DIN, all ratings)"
SIDES: dict[str, dict[str, Any]] = {
    SHARED: {"n_loras": 1},
    "one LoRA for all, as many numbers": {"n_loras": 1, "rank": 64, "alpha": 128.0},
    "one LoRA for all, its head shown the vector": {"n_loras": 1, "with_vector": True},
    OURS: {},
    UNIFORM: {"gate": "uniform"},
    SHUFFLED: {},
}
WHERE = "MovieLens-100k, last tenth"


@dataclass(frozen=True, slots=True)
class Rows:
    """The ratings that are read as texts; `parts` names train, valid and test rows by place."""

    clicks: Clicks
    texts: Prepared
    parts: dict[str, Codes]


@dataclass(frozen=True, slots=True)
class Run:
    """One seed's chances on the test rows by method, and RecLoRA's mixes there."""

    chances: dict[str, Array]
    mix: Array


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table; intervals over seeds, and over people where a gain is of one seed."""
    data = movielens(context)
    long, times = _clicks(context, data, N_LONG), _parts(data)
    chosen = _chosen(context, times)
    short = _clicks(context, data, N_SHORT).take(np.concatenate(list(chosen.values())))
    edges = np.cumsum([0, *(len(each) for each in chosen.values())])
    parts = {name: np.arange(*edges[place : place + 2]) for place, name in enumerate(chosen)}
    texts = prepare(
        prompts(short, data.items.texts),
        most_tokens=N_TOKENS,
        watch=lambda batches: context.track(batches, "reading texts"),
    )
    read = Rows(long.take(np.concatenate(list(chosen.values()))), texts, parts)
    seeds = range(context.seed, context.seed + (1 if context.quick else N_SEEDS))
    runs = [_run(context, data, long, times, read, seed) for seed in context.track(seeds, "seeds")]
    yield from _scores(context, read, runs)
    yield from _people(read, runs)
    yield _step_cost(read)


def _run(
    context: Context, data: MovieLens, long: Clicks, times: dict[str, Codes], read: Rows, seed: int
) -> Run:
    """Learn the click model on everything, then every side on the few texts."""
    plan = Plan(n_epochs=2 if context.quick else 15, batch_size=512, rate=1e-3, patience=2)
    model = ClickModel(plan=plan, random_state=seed)
    some = {
        name: np.random.default_rng(0).permutation(each)[: 4000 if context.quick else None]
        for name, each in times.items()
    }
    model.fit(long.take(some["train"]), data.items, valid=long.take(some["valid"]))
    vectors, liked = model.vectors(read.clicks), read.clicks.is_liked
    train, valid, test = (read.parts[name] for name in ("train", "valid", "test"))
    shuffled = vectors[np.random.default_rng(seed).permutation(len(vectors))]
    chances = {CRM: model.chances(read.clicks.take(test))}
    for name, settings in SIDES.items():
        if context.quick and name not in (SHARED, OURS):
            continue
        shown = shuffled if name == SHUFFLED else vectors
        side = RecLoRA(
            tau=TAU, plan=replace(PLAN, n_epochs=1) if context.quick else PLAN, random_state=seed, **settings
        )
        side.fit(
            read.texts.take(train),
            shown[train],
            liked[train],
            valid=(read.texts.take(valid), shown[valid], liked[valid]),
        )
        chances[name] = side.chances(read.texts.take(test), shown[test])
        if name == OURS:
            mix = side.mix(vectors[test])
            strangers = _with_anothers_past(read.clicks.take(test), seed)
            chances["RecLoRA, shown another person's past"] = side.chances(
                read.texts.take(test), model.vectors(strangers)
            )
    return Run(chances, mix)


def _scores(context: Context, read: Rows, runs: list[Run]) -> Iterator[Comparison]:
    test = read.clicks.take(read.parts["test"])
    liked, people = test.is_liked, test.person.tolist()
    reached = {name: np.array([auroc(run.chances[name], liked) for run in runs]) for name in runs[0].chances}
    shared_by: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    yield compare(WHERE, "share liked", "all", float(liked.mean()), n=len(test))
    for name, values in reached.items():
        losses = [log_loss(run.chances[name], liked) for run in runs]
        yield compare(
            WHERE,
            "AUC",
            name,
            bootstrap_mean(values, **shared_by),
            n=len(test),
        )
        yield compare(
            WHERE,
            "log loss",
            name,
            bootstrap_mean(losses, **shared_by),
            n=len(test),
        )
    bars = {SHARED: ">= .01", UNIFORM: "> 0", SHUFFLED: "> 0"}
    for name in reached:
        if name == OURS:
            continue
        gain = bootstrap_mean(reached[OURS] - reached[name], **shared_by)
        yield compare(
            WHERE,
            f"AUC of {OURS} over it",
            name,
            gain,
            n=len(test),
            bar="" if context.quick else bars.get(name, ""),
        )
    ours, shared = (
        drawn_auroc(runs[0].chances[name], liked, clusters=people, **shared_by) for name in (OURS, SHARED)
    )
    over = ours.gain_on(shared)
    yield compare(
        f"{WHERE}, first seed", f"AUC of {OURS} over it, interval over people", SHARED, over, bar="low > 0"
    )


def _people(read: Rows, runs: list[Run]) -> Iterator[Comparison]:
    """Yield how far apart a person's mixes lie, against those of two people, and how even they are."""
    person = read.clicks.person[read.parts["test"]]
    random = np.random.default_rng(0)
    a, b = random.integers(0, len(person), (2, 200_000))
    same = (person[a] == person[b]) & (a != b)
    ratios, evenness = [], []
    for run in runs:
        apart = np.linalg.norm((run.mix[a] - run.mix[b]).reshape(len(a), -1), axis=1)
        ratios.append(apart[same].mean() / apart[person[a] != person[b]].mean())
        mix = np.clip(run.mix, 1e-12, None)
        evenness.append(float(-(mix * np.log(mix)).sum(axis=2).mean() / np.log(mix.shape[2])))
    yield compare(
        WHERE, "distance of mixes, one person's over two people's", OURS, bootstrap_mean(ratios), bar="< 1"
    )
    yield compare(WHERE, "entropy of the mix, share of the most", OURS, bootstrap_mean(evenness))


def _step_cost(read: Rows) -> Comparison:
    """Return the time of RecLoRA's epoch over that of one LoRA for all, each the best of three taken in turn."""
    some = read.parts["train"][:512]
    vectors = np.random.default_rng(0).normal(size=(len(some), 32)).astype(np.float32)
    best = {SHARED: np.inf, OURS: np.inf}
    for _ in range(3):
        for name in best:
            side = RecLoRA(plan=replace(PLAN, n_epochs=1, patience=0), **SIDES[name])
            start = time.process_time()
            side.fit(read.texts.take(some), vectors, read.clicks.is_liked[some])
            best[name] = min(best[name], time.process_time() - start)
    return compare(
        WHERE,
        f"time of a step over that of {SHARED}",
        OURS,
        best[OURS] / best[SHARED],
        n=len(some),
        bar="<= 1.2",
    )


def _clicks(context: Context, data: MovieLens, k: int) -> Clicks:
    genres = [
        ", ".join(
            data.items.attributes[each].removeprefix("genre: ") for each in data.items.has.items_of(item)
        )
        for item in range(len(data.items.ids))
    ]
    vectors = context.encoder().encode(
        [f"{title}: {kinds}" for title, kinds in zip(data.items.texts, genres, strict=True)]
    )
    return clicks_of(data.ratings, vectors, least=LIKED, k=k)


def _parts(data: MovieLens) -> dict[str, Codes]:
    """Return the rows of each part, cut at the same moments for everyone."""
    order = np.argsort(data.ratings.time, kind="stable")
    edges = np.round(np.cumsum([0.0, *SHARES]) * len(order)).astype(int)
    return {name: order[edges[place] : edges[place + 1]] for place, name in enumerate(N_TEXTS)}


def _chosen(context: Context, times: dict[str, Codes]) -> dict[str, Codes]:
    """Return the rows that are read as texts, drawn once for all seeds."""
    random = np.random.default_rng(0)
    return {
        name: random.choice(
            each, min(len(each), N_TEXTS[name] // (20 if context.quick else 1)), replace=False
        )
        for name, each in times.items()
    }


def _with_anothers_past(clicks: Clicks, seed: int) -> Clicks:
    other = np.random.default_rng(seed).permutation(len(clicks))
    return replace(clicks, past=clicks.past[other], past_liked=clicks.past_liked[other])


EXPERIMENT = Experiment("reclora", rows)
