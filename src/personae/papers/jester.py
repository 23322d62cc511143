"""Comparisons of jokes by real raters (Jester, Goldberg et al. 2001), split by rater: shared by the papers on preference.

A rater prefers the joke rated at least two points higher, on a scale from -10 to 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.intervals import RandomState
from personae.papers.harness import Context
from personae.preference import Comparisons, Split
from personae.preference.comparisons import Array, Codes

DATA = "pal"
LEAST_GAP = 2.0
N_LOOKED_AT = 1900  # raters on whom the settings of methods were chosen: the first of a shuffle under seed 0
N_SEEN, N_UNSEEN = 1500, 400
N_TRAIN = 20  # pairs of a seen rater to learn from, and as many to be measured on
N_SHOTS = N_TEST = 30  # pairs of an unseen rater


@dataclass(frozen=True, slots=True)
class Ratings:
    """Ratings of shape (n_raters, n_jokes), NaN where a joke was not rated; raters in the order of a shuffle under seed 0."""

    raters: tuple[str, ...]
    jokes: tuple[str, ...]
    values: Array

    def take(self, raters: NDArray[np.generic]) -> Ratings:
        """Return some raters, by place."""
        return Ratings(
            tuple(self.raters[place] for place in raters.tolist()), self.jokes, self.values[raters]
        )


def read_ratings(context: Context) -> Ratings:
    """Return every rating of the file."""
    import duckdb

    jokes = {row["joke"]: row["text"] for row in context.rows(DATA, "jester_jokes.jsonl.zst")}
    path = str(context.path(DATA, "jester_ratings.parquet"))
    found = duckdb.execute(
        'SELECT "user", joke, CAST(rating AS DOUBLE) AS rating FROM read_parquet(?)', [path]
    ).fetchnumpy()
    raters, codes = np.unique(found["user"].astype(str), return_inverse=True)
    order = np.arange(len(raters))
    np.random.default_rng(0).shuffle(order)
    numbers, columns = np.unique(found["joke"], return_inverse=True)
    values = np.full((len(raters), len(numbers)), np.nan)
    values[codes, columns] = found["rating"]
    names = tuple(str(rater) for rater in raters[order])
    return Ratings(names, tuple(jokes[number] for number in numbers.tolist()), values[order])


def jester_split(
    context: Context,
    *,
    looked_at: bool = False,
    n_seen: int | None = None,
    n_unseen: int | None = None,
    n_train: int = N_TRAIN,
    random_state: RandomState | None = None,
) -> Split:
    """Return raters to learn from and raters met with a few choices only.

    Parameters
    ----------
    context : Context
        A quick run gets 300 and 100 raters; `limit` bounds the raters learned from.
    looked_at : bool
        The raters on whom settings were chosen, to choose settings on; without it those beyond them, for tables.
    n_seen, n_unseen : int or None
        1,500 and 400 without them; of raters to learn from as many as there are.
    n_train : int
        Pairs of a seen rater to learn from, and as many other pairs to be measured on.
    random_state : int or Generator or None
        Draws raters and pairs; the context's seed without it.

    Raises
    ------
    BadInput
        When there are too few raters with enough pairs.

    Notes
    -----
    A rater's pairs are drawn without replacement among those with a gap of 2 or more, so that no pair is both shown and
    measured; their jokes may be. Items are the jokes in the order of the file, in the context "".
    """
    random = np.random.default_rng(context.seed if random_state is None else random_state)
    n_seen = min(n_seen or (300 if context.quick else N_SEEN), context.limit or N_SEEN)
    n_unseen = n_unseen or (100 if context.quick else N_UNSEEN)
    ratings = read_ratings(context)
    pool = np.arange(N_LOOKED_AT) if looked_at else np.arange(N_LOOKED_AT, len(ratings.raters))
    n_pairs = {place: _n_pairs(ratings.values[place]) for place in random.permutation(pool).tolist()}
    new = [place for place, n in n_pairs.items() if n >= N_SHOTS + N_TEST][:n_unseen]
    for place in new:
        del n_pairs[place]
    seen = [place for place, n in n_pairs.items() if n >= 2 * n_train][:n_seen]
    if len(new) < n_unseen or len(seen) < 2:
        raise BadInput(
            f"{n_seen} raters to learn from and {n_unseen} to meet were asked for; {len(seen)} with {2 * n_train} pairs "
            f"and {len(new)} with {N_SHOTS + N_TEST} are left."
        )
    chosen = ratings.take(np.array(seen + new))
    counts = [2 * n_train] * len(seen) + [N_SHOTS + N_TEST] * n_unseen
    table = _table(chosen, _drawn(chosen.values, counts, random))
    is_seen = table.person < len(seen)
    rank = np.concatenate([np.arange(count) for count in counts])
    is_shot = ~is_seen & (rank < N_SHOTS)
    return Split(
        table.take(is_seen & (rank < n_train)),
        table.take(is_seen & (rank >= n_train)),
        table.take(is_shot),
        rank[is_shot],
        table.take(~is_seen & (rank >= N_SHOTS)),
    )


def _drawn(
    values: Array, counts: list[int], random: np.random.Generator
) -> Iterator[tuple[Codes, Codes, Array]]:
    """Yield each rater's pairs as two arrays of jokes and what was chosen; which joke comes first is drawn by lot."""
    for row, count in zip(values, counts, strict=True):
        a, b = _pairs(row)
        picked = random.choice(len(a), count, replace=False)
        swapped = random.random(count) < 0.5
        first, second = np.where(swapped, b[picked], a[picked]), np.where(swapped, a[picked], b[picked])
        yield first, second, (row[first] > row[second]).astype(float)


def _table(ratings: Ratings, drawn: Iterator[tuple[Codes, Codes, Array]]) -> Comparisons:
    firsts, seconds, chosen = zip(*drawn, strict=True)
    person = np.repeat(np.arange(len(firsts)), [len(rows) for rows in firsts])
    items = tuple(("", joke) for joke in ratings.jokes)
    return Comparisons(ratings.raters, items, person, np.concatenate(firsts), np.concatenate(seconds),
                       np.concatenate(chosen), np.ones(len(person)))  # fmt: skip


def counted(ratings: Ratings) -> Comparisons:
    """Return every two jokes once for each side that some raters prefer, weighed by how many do."""
    values = ratings.values
    wins = np.array(
        [(values[:, [joke]] - values >= LEAST_GAP).sum(axis=0) for joke in range(values.shape[1])]
    )
    a, b = np.nonzero(wins)
    return Comparisons(("everyone",), tuple(("", joke) for joke in ratings.jokes), np.zeros(len(a), dtype=np.intp), a, b,
                       np.ones(len(a)), wins[a, b].astype(float))  # fmt: skip


def _pairs(row: Array) -> tuple[Codes, Codes]:
    rated = np.flatnonzero(~np.isnan(row))
    a, b = np.triu_indices(len(rated), 1)
    apart = np.abs(row[rated[a]] - row[rated[b]]) >= LEAST_GAP
    return rated[a[apart]], rated[b[apart]]


def _n_pairs(row: Array) -> int:
    return len(_pairs(row)[0])
