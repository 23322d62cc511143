"""What a benchmark gives away without being read: policies on the position, length and wording of the options alone.

A system that does not beat them has not shown that it understood the question (Gururangan et al. 2018, arXiv 1803.02324,
for annotation artefacts; Zheng et al. 2023, arXiv 2309.03882, for option position).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import log

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.folds import FOLDS, deal_folds
from personae.metrics.intervals import DRAWS, Clusters, Interval, RandomState, bootstrap_mean


@dataclass(frozen=True, slots=True)
class Choice:
    """One multiple-choice item: its options, the index of the right one, and the kind of question if there are kinds."""

    options: tuple[str, ...]
    right: int
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A policy that never reads the question, and how often it is right."""

    name: str
    accuracy: Interval
    right: NDArray[np.float64]  # (n_items,), 1.0 right, the share of ties won otherwise


def shortcuts(
    items: Sequence[Choice],
    *,
    clusters: Clusters | None = None,
    draws: int = DRAWS,
    random_state: RandomState = 0,
) -> tuple[Shortcut, ...]:
    """Return every shortcut's accuracy, best first.

    Parameters
    ----------
    items : sequence of Choice
    clusters : sequence of length n_items, optional
        The person or source each item is from: intervals and folds keep them together.

    Returns
    -------
    tuple of Shortcut
        "chance"; "longest" and "shortest" option; "most alike" and "least alike", by the words an option shares with the others
        (not with two options, where they are equal); "position k"; "length rank by kind", "position by kind" and "option words",
        which learn on other folds the rank, the position, or the words that right options have (naive Bayes on the words of an
        option).

    Examples
    --------
    >>> items = [Choice(("yes", "no, never"), 1), Choice(("always so", "no"), 0), Choice(("a b", "c"), 0)]
    >>> best = shortcuts(items)[0]
    >>> best.name, best.accuracy.value
    ('longest', 1.0)
    """
    if not items or any(not 0 <= item.right < len(item.options) for item in items):
        raise BadInput("Give at least one item, each with the index of its right option.")
    lengths = [np.array([len(option) for option in item.options]) for item in items]
    policies = {
        "chance": [np.ones(len(item.options)) for item in items],
        "longest": [size == size.max() for size in lengths],
        "shortest": [size == size.min() for size in lengths],
    }
    if max(len(item.options) for item in items) > 2:
        alike = [_alike(item.options) for item in items]
        policies["most alike"] = [shared >= shared.max() - 1e-12 for shared in alike]
        policies["least alike"] = [shared <= shared.min() + 1e-12 for shared in alike]
    for place in range(max(len(item.options) for item in items)):
        policies[f"position {place + 1}"] = [np.arange(len(item.options)) == place for item in items]
    folds = deal_folds(range(len(items)) if clusters is None else list(clusters), random_state=random_state)
    ranks = [_length_ranks(item) for item in items]
    policies["length rank by kind"] = _learned_choice(items, ranks, folds)
    policies["position by kind"] = _learned_choice(items, [np.arange(len(i.options)) for i in items], folds)
    policies["option words"] = _learned_words(items, folds)
    found = [_scored(name, chosen, items, clusters, draws, random_state) for name, chosen in policies.items()]
    return tuple(sorted(found, key=lambda each: -each.accuracy.value))


def length_balance(items: Sequence[Choice]) -> NDArray[np.float64]:
    """Return weights, of mean 1, under which the right option is as often the longest as the shortest or any rank between.

    Accuracy under these weights gives "longest" and "shortest" no more than chance. A rank where no right option stands
    cannot be weighted up: the ranks that there are then share the weight.

    >>> items = [Choice(("aa", "b"), 0), Choice(("aa", "b"), 0), Choice(("aa", "b"), 0), Choice(("aa", "b"), 1)]
    >>> length_balance(items).round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    """
    ranks = [(len(item.options), int(_length_ranks(item)[item.right])) for item in items]
    counts = Counter(ranks)
    weights = np.array([1 / counts[rank] for rank in ranks])
    return np.asarray(weights / weights.mean())


def _length_ranks(item: Choice) -> NDArray[np.intp]:
    sizes = np.array([-len(option) for option in item.options])
    return np.asarray(np.argsort(np.argsort(sizes, kind="stable")))


def _alike(options: Sequence[str]) -> NDArray[np.float64]:
    """Return each option's mean Jaccard similarity of words with the others."""
    bags = [set(_words(option)) for option in options]
    shared = np.zeros((len(bags), len(bags)))
    for i, j in combinations(range(len(bags)), 2):
        shared[i, j] = shared[j, i] = len(bags[i] & bags[j]) / max(1, len(bags[i] | bags[j]))
    return np.asarray(shared.sum(axis=1) / max(1, len(bags) - 1))


@lru_cache(maxsize=50_000)
def _words(option: str) -> tuple[str, ...]:
    """Return the distinct words of an option, sorted: options come again from item to item."""
    return tuple(sorted(set(option.lower().split())))


def _scored(
    name: str,
    chosen: Sequence[NDArray[np.generic]],
    items: Sequence[Choice],
    clusters: Clusters | None,
    draws: int,
    random_state: RandomState,
) -> Shortcut:
    right = np.array(
        [
            float(mask[item.right]) / max(mask.tolist().count(1), 1)
            for mask, item in zip(chosen, items, strict=True)
        ]
    )
    return Shortcut(
        name, bootstrap_mean(right, clusters=clusters, draws=draws, random_state=random_state), right
    )


def _learned_choice(
    items: Sequence[Choice], places: Sequence[NDArray[np.intp]], folds: NDArray[np.intp]
) -> list[NDArray[np.generic]]:
    """Choose, for each kind, the place (rank or position) that was right most often on the other folds."""
    counts: dict[tuple[int, str], Counter[int]] = defaultdict(Counter)
    for item, place, fold in zip(items, places, folds, strict=True):
        for other in set(range(FOLDS)) - {int(fold)}:
            counts[other, item.kind][int(place[item.right])] += 1
    chosen = []
    for item, place, fold in zip(items, places, folds, strict=True):
        seen = counts[int(fold), item.kind]
        best = max(range(len(place)), key=lambda each: seen[each])
        chosen.append(place == best if seen else np.ones(len(place)))
    return chosen


def _learned_words(items: Sequence[Choice], folds: NDArray[np.intp]) -> list[NDArray[np.generic]]:
    """Choose the option whose words were likelier in right than in wrong options of the other folds."""
    words = [[_words(option) for option in item.options] for item in items]
    counts = [(Counter[str](), Counter[str]()) for _ in range(FOLDS)]  # right and wrong, by fold
    sizes = np.zeros((FOLDS, 2))
    for item, bags, fold in zip(items, words, folds.tolist(), strict=True):
        for place, bag in enumerate(bags):
            counts[fold][place != item.right].update(bag)
        sizes[fold] += 1, len(bags) - 1
    chosen: list[NDArray[np.generic]] = [np.ones(0)] * len(items)
    for fold in range(FOLDS):
        others = [k for k in range(FOLDS) if k != fold]
        right, wrong = (sum((counts[k][side] for k in others), Counter[str]()) for side in (0, 1))
        n_right, n_wrong = sizes[others].sum(axis=0).tolist()
        odds = {
            word: log((right[word] + 0.5) / (n_right + 1)) - log((wrong[word] + 0.5) / (n_wrong + 1))
            for word in right.keys() | wrong.keys()
        }
        for i in np.flatnonzero(folds == fold).tolist():
            scores = np.array([sum(odds.get(word, 0.0) for word in bag) for bag in words[i]])
            chosen[i] = scores >= scores.max() - 1e-12
    return chosen
