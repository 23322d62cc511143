"""Beauty's last purchases among items drawn at random, and what each side makes of them, person by person."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from personae.metrics.ranking import Lists
from personae.papers.amazon import sequences
from personae.papers.harness import Context
from personae.recommend import Interactions, Items, Recommender, last_out
from personae.recommend.awmoe import PairRanker
from personae.recommend.interactions import Codes, negatives

Array = NDArray[np.float64]
N_OTHERS = 99
LONG_TAIL = 4  # card: a history of at most four items
LEAST_HEAVY = 8  # items of a history that is cut
N_CUT = 3
N_QUICK = 1000  # people of a quick run
N_COMMON = 20  # items beside which everybody's mix is read
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Study:
    """Purchases but the last of each person, and the last among others.

    Parameters
    ----------
    rows : Interactions
        To learn from.
    items : Items
    candidates : ndarray of shape (n_people, 100)
        The last purchase, then 99 items that the person never bought, drawn uniformly.
    main : ndarray of shape (n_items,)
        Of an item's attributes the one that most items have.
    """

    rows: Interactions
    items: Items
    candidates: Codes
    main: Codes

    @property
    def histories(self) -> Lists:
        return self.rows.lists()

    @property
    def heavy(self) -> NDArray[np.bool_]:
        """Return who has a history that can be cut."""
        return self.histories.counts() >= LEAST_HEAVY

    def cut(self) -> Lists:
        """Return everybody's last three items."""
        return last_out(self.rows, N_CUT)[1].lists()

    def main_of_people(self) -> Codes:
        """Return the main attribute that most of a person's items have, shape (n_people,); the lower number in ties."""
        n_main = len(self.items.attributes)
        pair = self.rows.person * n_main + self.main[self.rows.item]
        pairs, counts = np.unique(pair, return_counts=True)
        order = np.lexsort((-counts, pairs // n_main))
        _, first = np.unique(pairs[order] // n_main, return_index=True)
        return np.asarray(pairs[order][first] % n_main)


def load(context: Context, *, n_left_out: int = 1) -> Study:
    """Return the last purchases of Beauty to foretell, or with 2 left out those before them, on which settings were chosen."""
    if context.quick:
        context = replace(context, limit=min(context.limit or N_QUICK, N_QUICK))
    found = sequences(context, "beauty")
    rows, wanted = found.rows, found.rows
    for _ in range(n_left_out):
        known = rows
        rows, wanted = last_out(known)
    people = np.arange(len(rows.people))
    others = negatives(known.lists(), len(found.items.ids), people, N_OTHERS, context.seed)
    return Study(rows, found.items, np.column_stack([wanted.item, others]), _main(found.items))


def scores(model: Recommender, histories: Lists, candidates: Codes) -> Array:
    """Return a side's scores of the candidates, shape (n_people, n_candidates)."""
    if isinstance(model, PairRanker):
        return np.asarray(model.chances(histories, candidates), dtype=float)
    states = model.place(histories)
    parts = [
        np.take_along_axis(
            model.score(states[start : start + _AT_ONCE]), candidates[start : start + _AT_ONCE], 1
        )
        for start in range(0, len(states), _AT_ONCE)
    ]
    return np.concatenate(parts).astype(float)


def of_people(histories: Lists, people: Codes) -> Lists:
    """Return the histories of some people, in their order."""
    return Lists.of(*histories.pairs_of(people), n_people=len(people))


def places(scored: Array) -> tuple[Array, Array, Array]:
    """Return for each person the AUC against the first other item, against all, and NDCG@10, where the first column is wanted.

    >>> [each.tolist() for each in places(np.array([[0.5, 0.1, 0.9, 0.5, 0.2]]))]
    [[1.0], [0.625], [0.5532947556651122]]
    """
    own, others = scored[:, :1], scored[:, 1:]
    won = (own > others) + (own == others) / 2
    place = (1 - won).sum(axis=1)
    return won[:, 0], won.mean(axis=1), np.where(place < 10, 1 / np.log2(place + 2), 0.0)


def cosines(first: Array, second: Array) -> Array:
    """Return the cosine of each row with its other, shape (n,).

    >>> cosines(np.array([[3.0, 4.0]]), np.array([[3.0, 0.0]])).tolist()
    [0.6]
    """
    return np.asarray(
        (first * second).sum(axis=1)
        / np.maximum(np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1), 1e-12)
    )


def interest_mix(model: PairRanker, study: Study) -> Array:
    """Return everybody's mix beside the items that most people have, the same for all, shape (n_people, n_experts)."""
    common = np.argsort(-study.rows.popularity(), kind="stable")[:N_COMMON]
    beside = np.broadcast_to(common, (len(study.candidates), N_COMMON))
    return np.asarray(model.gate(study.histories, beside).mean(axis=1), dtype=float)


def shared_information(mix: Array, labels: Codes, seed: int) -> tuple[float, float]:
    """Return the normalized mutual information of clusters of mixes with labels, and with the labels of other people.

    Clusters are by k-means over directions of mixes, as many as labels that at least a hundredth of people have.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import normalized_mutual_info_score

    n_clusters = max(2, int((np.bincount(labels) >= len(labels) / 100).sum()))
    unit = mix / np.maximum(np.linalg.norm(mix, axis=1, keepdims=True), 1e-12)
    clusters = KMeans(n_clusters, n_init=3, random_state=seed).fit_predict(unit)
    other = np.random.default_rng(seed).permutation(labels)
    return tuple(float(normalized_mutual_info_score(each, clusters)) for each in (labels, other))  # type: ignore[return-value]


def _main(items: Items) -> Codes:
    common = np.bincount(items.has.items, minlength=len(items.attributes))
    item, attribute = items.has.pairs(0, len(items.ids))
    order = np.lexsort((-common[attribute], item))
    _, first = np.unique(item[order], return_index=True)
    return np.asarray(attribute[order][first])
