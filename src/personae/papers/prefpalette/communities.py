"""Real choices: PRISM's raters as communities of a kind of conversation and a region, each method on raters it never saw."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from personae.metrics.folds import deal_folds
from personae.metrics.intervals import bootstrap_mean
from personae.metrics.logistic import fit_logistic, sigmoid
from personae.metrics.paired import paired_difference
from personae.models.encoder import DIMENSIONS
from personae.papers.harness import Comparison, Context, compare
from personae.papers.personaljudge.runs import recordings
from personae.papers.prefpalette.attributes import WITH_LENGTH, features_of, mark_readers
from personae.papers.prism import prism
from personae.preference import (
    Comparisons,
    LinearTaste,
    Personaliser,
    PrefPalette,
    bench,
    comparisons,
    fit_population,
    split_rows,
)
from personae.preference.comparisons import Array, Codes
from personae.preference.prefpalette import AttributeReader, read_vectors

SETTING = "PRISM pairs, raters unseen"
BT, BT_LENGTH, BT_ALL = (
    "Bradley-Terry on MiniLM", "Bradley-Terry on MiniLM and length", "Bradley-Terry on all features",
)  # fmt: skip
TASTE, ATTRIBUTES, OURS = "Bradley-Terry by community", "attributes only, logistic", "PrefPalette"
DROPPED, SHUFFLED = "PrefPalette, attributes dropped", "PrefPalette, communities shuffled (control)"
_COUNTRY = re.compile(r"currently lives in (.*?)\.?$")
_REGIONS = {
    "South Africa": "South Africa", "Canada": "North America", "United States": "North America", "Mexico": "Mexico",
    "Australia": "Oceania", "New Zealand": "Oceania",
}  # fmt: skip
N_DIRECTIONS = 64
ATTRIBUTE_PENALTY = 100.0
SHOTS = (0, 2, 5)
RATERS = "PRISM, each rater a person"
Predict = Callable[[Comparisons, Comparisons], dict[str, Array]]


def community_rows(context: Context, readers: Sequence[AttributeReader]) -> Iterator[Comparison]:
    """Yield every method's accuracy, five folds of raters, and what attributes and communities add."""
    data = prism(context)
    pairs = [(pair, kind) for pair, kind in zip(data.pairs, data.kinds, strict=True) if pair.person]
    pairs = pairs[:300] if context.quick else pairs
    raters = [pair.person for pair, _ in pairs]
    named = [replace(pair, person=f"{kind}, {region(data.profiles[pair.person])}") for pair, kind in pairs]
    table = comparisons(named)
    vectors = features_of(context)(table.items)
    folds = deal_folds(raters, n_folds=2 if context.quick else 5, random_state=context.seed)
    chances = _crossed(
        context, _methods(vectors, [*readers, *mark_readers(vectors)], context.seed), table, folds
    )
    lengths = np.array([len(text) for _, text in table.items])
    chances["longer wins"] = (np.sign(lengths[table.a] - lengths[table.b]) + 1) / 2
    shared: dict[str, Any] = {"clusters": raters, "draws": context.draws, "random_state": context.seed}
    right = {
        name: np.where(chance == 0.5, 0.5, (chance > 0.5) == (table.chosen > 0.5))
        for name, chance in chances.items()
    }
    for name, each in right.items():
        yield compare(SETTING, "accuracy", name, bootstrap_mean(each.astype(float), **shared))
    is_full = not context.quick and context.limit is None
    for first, second, bar in (
        (OURS, BT, ">= .01"), (OURS, BT_LENGTH, ">= .01"), (OURS, BT_ALL, ""), (OURS, TASTE, ""), (OURS, SHUFFLED, ""),
        (OURS, DROPPED, ""), (ATTRIBUTES, BT, ">= -.02"), (ATTRIBUTES, BT_LENGTH, ">= -.02"),
    ):  # fmt: skip
        gain = paired_difference(right[first], right[second], **shared)
        yield compare(SETTING, "accuracy gain", f"{first} over {second}", gain, bar=bar if is_full else "")
    if context.quick:
        return
    rated = comparisons([pair for pair, _ in pairs])
    yield from _rater_rows(context, rated, vectors, [*readers, *mark_readers(vectors)])
    for run in recordings(context).runs:
        if run.states_certainty and run.task == "PRISM":
            judged = [float(row.answer == row.truth) for row in run.decided]
            found = bootstrap_mean(judged, clusters=[row.person for row in run.decided], draws=context.draws)
            yield compare("PRISM pairs, recorded judges", "accuracy", f"{run.model}, {run.persona}", found)


def _rater_rows(
    context: Context, table: Comparisons, vectors: Array, readers: Sequence[AttributeReader]
) -> Iterator[Comparison]:
    """Yield the bench with each rater as a person: few choices, the same split for both methods."""
    split = split_rows(table, n_shots=SHOTS[-1], random_state=context.seed)
    methods: dict[str, Personaliser] = {
        OURS: PrefPalette(features=lambda items: vectors, readers=readers, n_directions=N_DIRECTIONS),
        "LinearTaste on all features": LinearTaste(features=lambda items: vectors, n_learned=0),
    }
    for each in bench(methods, split, shots=SHOTS, draws=context.draws, random_state=context.seed):
        shots = "" if each.shots is None else f", {each.shots} shots"
        yield compare(RATERS, each.metric + shots, each.method, each.value)


def region(profile: str) -> str:
    """Return the region that a persona text names as the person's home; Europe for the countries left over."""
    found = _COUNTRY.search(profile)
    return _REGIONS.get(found[1], "Europe and others") if found else "unknown"


def _crossed(
    context: Context, methods: Sequence[Predict], table: Comparisons, folds: Codes
) -> dict[str, Array]:
    """Return each method's P(a) for every row, learned on the other folds."""
    chances: dict[str, Array] = {}
    for fold in context.track(np.unique(folds).tolist(), "folds of raters"):
        test = folds == fold
        for predict in methods:
            for name, chance in predict(table.take(~test), table.take(test)).items():
                chances.setdefault(name, np.zeros(len(table)))[test] = chance
    return chances


def _methods(vectors: Array, readers: Sequence[AttributeReader], seed: int) -> list[Predict]:
    scores = read_vectors([reader.in_units_of(vectors) for reader in readers], vectors).sum(axis=2)
    palette = partial(PrefPalette, features=lambda items: vectors, readers=readers, n_directions=N_DIRECTIONS)

    def bradley_terry(train: Comparisons, test: Comparisons) -> dict[str, Array]:
        found = {}
        for name, n_columns, n_directions in (
            (BT, DIMENSIONS, 128), (BT_LENGTH, WITH_LENGTH, 128), (BT_ALL, vectors.shape[1], N_DIRECTIONS),
        ):  # fmt: skip
            seen = vectors[:, :n_columns]
            reward = fit_population(train, seen, n_directions=n_directions, random_state=seed).rewards(
                test.items, seen
            )
            found[name] = sigmoid(reward[test.a] - reward[test.b])
        return found

    def by_community(train: Comparisons, test: Comparisons) -> dict[str, Array]:
        taste = LinearTaste(features=lambda items: vectors[:, :WITH_LENGTH], random_state=seed).fit(train)
        return {TASTE: taste.probs(test).probability}

    def attributes_only(train: Comparisons, test: Comparisons) -> dict[str, Array]:
        weights = fit_logistic(scores[train.a] - scores[train.b], train.chosen, penalty=ATTRIBUTE_PENALTY)
        return {ATTRIBUTES: sigmoid((scores[test.a] - scores[test.b]) @ weights)}

    def ours(train: Comparisons, test: Comparisons) -> dict[str, Array]:
        fitted = palette().fit(train)
        return {OURS: fitted.probs(test).probability, DROPPED: fitted.content_probs(test)}

    def shuffled(train: Comparisons, test: Comparisons) -> dict[str, Array]:
        random = np.random.default_rng(seed)
        fitted = palette().fit(train.of_people(random.permutation(train.person)))
        return {SHUFFLED: fitted.probs(test.of_people(random.permutation(test.person))).probability}

    return [bradley_terry, by_community, attributes_only, ours, shuffled]
