"""Offensiveness as preference: within one annotator, the text rated higher; do groups weigh attributes differently?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from personae.metrics.folds import deal_folds
from personae.metrics.intervals import bootstrap_mean
from personae.metrics.logistic import fit_logistic, sigmoid
from personae.papers.harness import Comparison, Context, compare
from personae.papers.prefpalette.attributes import N_HIDDEN, TOXICITY, features_of
from personae.preference.comparisons import Array, Codes
from personae.preference.prefpalette import AttributeReader, pole_reader, read_vectors

DATA = "rpm"
SETTING = "offensiveness, annotators"
MANNERS = ("politeness", "sarcasm", "humor", "empathy", "formality", "verbosity")
N_PAIRS = 40  # an annotator
PENALTY = 10.0
N_SHUFFLES, N_QUICK = 5000, 500


def offensiveness_rows(context: Context, readers: Sequence[AttributeReader]) -> Iterator[Comparison]:
    """Yield how well attributes tell the more offensive text, and whether groups' weights differ more than random splits'."""
    rows = context.rows(DATA, "popquorn_offensiveness.jsonl.zst")[: 1500 if context.quick else context.limit]
    features = features_of(context)
    texts = list(dict.fromkeys(row["text"] for row in rows))
    vectors = features([("", text) for text in texts])
    used = [
        pole_reader(TOXICITY, features, n_hidden=N_HIDDEN),
        *(each for each in readers if each.name in MANNERS),
    ]
    scores = read_vectors([reader.in_units_of(vectors) for reader in used], vectors).sum(axis=2)
    place = {text: i for i, text in enumerate(texts)}
    gaps, person, groups = _pairs(context, rows, place, scores)
    folds = deal_folds(person.tolist(), random_state=context.seed)
    right = np.zeros(len(gaps))
    for fold in np.unique(folds):
        train, test = folds != fold, folds == fold
        weights = fit_logistic(gaps[train], np.ones(train.sum()), penalty=PENALTY)
        right[test] = gaps[test] @ weights > 0
    shared: dict[str, Any] = {
        "clusters": person.tolist(),
        "draws": context.draws,
        "random_state": context.seed,
    }
    yield compare(
        SETTING, "accuracy, the text rated higher", "attributes only", bootstrap_mean(right, **shared)
    )
    pooled = fit_logistic(gaps, np.ones(len(gaps)), penalty=PENALTY)
    for reader, weight in zip(used, pooled, strict=True):
        yield compare(
            SETTING, "signed weight, log-odds a standard deviation", reader.name, weight, n=len(groups)
        )
    for name, kinds in (
        ("gender and age", groups),
        ("gender", [each.split(",")[0] for each in groups]),
        ("age", [each.split(",")[1] for each in groups]),
    ):
        n_shuffles = N_QUICK if context.quick else N_SHUFFLES
        statistic, drawn = group_test(
            gaps, person, kinds, pooled, random_state=context.seed, n_shuffles=n_shuffles
        )
        p_value = float((1 + (drawn >= statistic).sum()) / (1 + len(drawn)))
        setting = f"{SETTING}, groups by {name}"
        yield compare(
            setting, "permutation p", "weights differ more than in random groups", p_value, n=len(kinds)
        )
        yield compare(
            setting,
            "difference over that of random groups",
            "score statistic",
            statistic / drawn.mean(),
            n=len(kinds),
        )


def group_test(
    gaps: Array,
    person: Codes,
    kinds: Sequence[str],
    pooled: Array,
    *,
    random_state: int = 0,
    n_shuffles: int = N_SHUFFLES,
) -> tuple[float, Array]:
    """Return how much groups' weights differ, and the same with people dealt to groups of these sizes at random.

    Parameters
    ----------
    gaps : ndarray of shape (n_pairs, n_attributes)
        The chosen less the other.
    person : ndarray of shape (n_pairs,)
        Points into `kinds`, the group of each person.
    pooled : ndarray of shape (n_attributes,)
        Weights that all share.

    Notes
    -----
    Rao's score statistic: sum over groups of u' I^-1 u, u the slope of the group's log likelihood at the pooled weights less its
    part of the whole slope, I its information. Whole people are dealt, so that people who differ alone do not make groups differ.
    """
    chance = sigmoid(gaps @ pooled)
    slope, size = np.zeros((len(kinds), gaps.shape[1])), np.zeros((len(kinds), gaps.shape[1] ** 2))
    np.add.at(slope, person, gaps * (1 - chance)[:, None])
    np.add.at(
        size,
        person,
        (gaps[:, :, None] * (gaps * (chance * (1 - chance))[:, None])[:, None, :]).reshape(len(gaps), -1),
    )
    slope -= slope.mean(axis=0)
    codes = np.unique(kinds, return_inverse=True)[1]

    def statistic(dealt: Codes) -> float:
        member = (dealt == np.arange(codes.max() + 1)[:, None]).astype(float)
        by_group = member @ slope
        information = (member @ size).reshape(len(member), gaps.shape[1], -1) + np.eye(gaps.shape[1])
        return float((by_group * np.linalg.solve(information, by_group[..., None])[..., 0]).sum())

    random = np.random.default_rng(random_state)
    return statistic(codes), np.array([statistic(random.permutation(codes)) for _ in range(n_shuffles)])


def _pairs(
    context: Context, rows: Sequence[dict[str, Any]], place: dict[str, int], scores: Array
) -> tuple[Array, Codes, list[str]]:
    """Return the scores of the text rated higher less the other's, the annotator of each pair, and annotators' groups."""
    random = np.random.default_rng(context.seed)
    by_person: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["gender"] in ("Man", "Woman"):
            by_person.setdefault(str(row["user_id"]), []).append(row)
    gaps: list[Array] = []
    person: list[Codes] = []
    groups: list[str] = []
    for given in by_person.values():
        rated = np.array([row["offensiveness"] for row in given])
        text = np.array([place[row["text"]] for row in given])
        higher, lower = np.nonzero(rated[:, None] > rated[None, :])
        if not len(higher):
            continue
        kept = random.permutation(len(higher))[:N_PAIRS]
        gaps.append(scores[text[higher[kept]]] - scores[text[lower[kept]]])
        person.append(np.full(len(kept), len(groups)))
        groups.append(f"{given[0]['gender']},{_band(given[0]['age'])}")
    return np.concatenate(gaps), np.concatenate(person), groups


def _band(age: str) -> str:
    """Return one of three bands from a band of the data such as "35-39" or ">65"."""
    years = int(age.strip("<>").split("-")[0])
    return "under 35" if years < 35 else "35 to 53" if years < 54 else "54 and over"
