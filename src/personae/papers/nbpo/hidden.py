"""Likes hidden on purpose (MovieLens-100k): are they told from what was not voted for, and from what was rated low?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from personae.metrics.intervals import bootstrap_runs
from personae.metrics.ranking import Lists, rank_all
from personae.papers.harness import Comparison, Context, compare
from personae.papers.movielens import LIKED, MovieLens, movielens
from personae.papers.nbpo.study import METHODS, Array, Split, best, grid, method, seeds, worths
from personae.recommend import NBPO, Interactions, Popularity

SETTING, UNVOTED, LOW = "MovieLens, likes hidden", "unvoted others", "rated low"
POSTERIOR, OFFICIAL = "NBPO, posterior", "NBPO, posterior, official penalties"
FLIP_PENALTIES = (1.0, 20.0)
GIVEN = {"l2": 0.5, "flip_l2": 1.0}  # official code, MovieLens
LEAST, HIDDEN, HELD = (
    5,
    0.2,
    0.28,
)  # likes of those who have some hidden; shares hidden, and held out to choose on
Found = dict[tuple[str, str], list[Array]]  # (method, others) -> an AUC for each person, an array a seed


def hidden_likes(context: Context) -> Iterator[Comparison]:
    """Hide a fifth of everybody's likes, learn from the rest, and measure how far above others they come."""
    films = movielens(replace(context, limit=200) if context.quick else context)
    likes = films.likes()
    given = _chosen(context, split_likes(likes, context.seed + 100), context.seed + 100)
    for name, each in given.items():
        yield compare(SETTING, "penalty, chosen", name, each["l2"])
    yield compare(SETTING, "penalty of flips, chosen", POSTERIOR, given["NBPO"]["flip_l2"])
    found: Found = {}
    chances = []
    for seed in context.track(list(seeds(context))[:3], "likes hidden"):
        split = split_likes(likes, seed)
        scores = _scores(context, split, given, seed)
        chances.append(_mean_chances(split, scores[POSTERIOR]))
        for name, values in scores.items():
            for others, auc in _aucs(films, split, values).items():
                found.setdefault((name, others), []).append(auc)
    yield from _told(context, found)
    for place, kind in enumerate(("hidden likes", UNVOTED)):
        yield compare(SETTING, f"mean posterior, {kind}", POSTERIOR, float(np.mean(chances, axis=0)[place]))


def _chosen(context: Context, split: Split, seed: int) -> dict[str, dict[str, Any]]:
    """Return settings under which held-out likes, hidden as those of the test are, come highest by AUC."""

    def worth(fitted: NBPO) -> float:
        ranking = fitted.chances_hidden if fitted.loss == "nbpo" else fitted.score
        scores = ranking(fitted.states_)
        found = rank_all(lambda people: scores[people], split.valid.lists(), known=split.train.lists(),
                         n_items=scores.shape[1], at=0)  # fmt: skip
        return float(found.auc.mean())

    noisy = [each for flip_l2 in FLIP_PENALTIES for each in grid({"flip_l2": flip_l2})]
    return {
        "BPR": best(worths(context, split, grid(METHODS["BPR"]), seed, worth=worth)),
        "NBPO": best(worths(context, split, noisy, seed, worth=worth)),
    }


def split_likes(likes: Interactions, seed: int) -> Split:
    """Return likes with a fifth of each person's to find (the test) and about a tenth of the rest to choose on.

    People with fewer than five likes keep all.
    """
    counts = np.bincount(likes.person, minlength=len(likes.people))
    order = np.lexsort((np.random.default_rng(seed).random(len(likes)), likes.person))
    place = (
        np.arange(len(likes)) - (np.cumsum(counts) - counts)[likes.person]
    )  # rows stand by person, before and after
    share = np.empty(len(likes))
    share[order] = np.where(counts[likes.person] < LEAST, 1.0, (place + 0.5) / counts[likes.person])
    part = np.digitize(share, (HIDDEN, HELD))
    return Split(likes.take(part == 2), likes.take(part == 1), likes.take(part == 0))


def _scores(context: Context, split: Split, given: dict[str, dict[str, Any]], seed: int) -> dict[str, Array]:
    """Return each method's scores or posteriors, shape (n_people, n_items)."""
    by_pairs, noisy, official = (
        method(context, each, seed).fit(split.train, valid=split.valid) for each in (*given.values(), GIVEN)
    )
    popular = Popularity().fit(split.train)
    found = {
        POSTERIOR: noisy.chances_hidden(noisy.states_),
        "NBPO, score": noisy.score(noisy.states_),
        OFFICIAL: official.chances_hidden(official.states_),
        "BPR, score": by_pairs.score(by_pairs.states_),
        "popularity": popular.score(popular.states_),
    }
    return {name: np.asarray(each, dtype=float) for name, each in found.items()}


def _aucs(films: MovieLens, split: Split, scores: Array) -> dict[str, Array]:
    """Return each person's AUC of hidden likes, above what they did not vote for and above what they rated low."""
    hidden, n_items = split.test.lists(), scores.shape[1]
    low = films.ratings.take(films.ratings.value < LIKED)
    known = {UNVOTED: _lists(split.train, split.valid), LOW: _complement(_lists(split.test, low), n_items)}
    return {
        others: rank_all(lambda people: scores[people], hidden, known=each, n_items=n_items, at=0).auc
        for others, each in known.items()
    }


def _told(context: Context, found: Found) -> Iterator[Comparison]:
    """Each AUC, and the posterior's above the others'; people who rated nothing low have none there."""
    arrays = {key: np.stack(each) for key, each in found.items()}
    arrays = {key: each[:, ~np.isnan(each).any(axis=0)] for key, each in arrays.items()}
    for (name, others), each in arrays.items():
        bar = "low > .5" if name == POSTERIOR else ""
        yield compare(
            SETTING,
            f"AUC, {others}",
            name,
            bootstrap_runs(each, draws=context.draws, random_state=context.seed),
            bar=bar,
        )
    for (name, others), each in arrays.items():
        if name != POSTERIOR:
            gain = bootstrap_runs(
                arrays[POSTERIOR, others] - each, draws=context.draws, random_state=context.seed
            )
            bar = "low > 0" if name == "popularity" else ""
            yield compare(SETTING, f"AUC difference, {others}", f"{POSTERIOR} minus {name}", gain, bar=bar)


def _mean_chances(split: Split, posterior: Array) -> Array:
    """Return the mean posterior of hidden likes, and of all else that is in no part."""
    is_other = np.ones(posterior.shape, dtype=bool)
    for part in (split.train, split.valid, split.test):
        is_other[part.person, part.item] = False
    return np.array([posterior[split.test.person, split.test.item].mean(), posterior[is_other].mean()])


def _lists(*parts: Interactions) -> Lists:
    people, items = (np.concatenate([getattr(part, side) for part in parts]) for side in ("person", "item"))
    return Lists.of(people, items, n_people=len(parts[0].people))


def _complement(lists: Lists, n_items: int) -> Lists:
    """Return the items that people have not."""
    there = np.ones((len(lists), n_items), dtype=bool)
    there[np.repeat(np.arange(len(lists)), lists.counts()), lists.items] = False
    people, items = np.nonzero(there)
    return Lists.of(people, items, n_people=len(lists))
