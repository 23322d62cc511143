"""What people did with items, as arrays: clicks, plays and ratings, and what is known of the items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.metrics.intervals import RandomState
from personae.metrics.ranking import Lists
from personae.people.records import Trace

if TYPE_CHECKING:
    from personae.people.archives.rows import RowError

KINDS = ("listen", "watch", "like", "rating", "purchase", "visit")
Codes = NDArray[np.intp]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interactions:
    """n interactions, in order of time within a person.

    Parameters
    ----------
    people, items : tuple of str
        Distinct ids; `person` and `item` point into them, shape (n,).
    time : ndarray of shape (n,), seconds, not decreasing within a person
    value : ndarray of shape (n,)
        A rating, or 1 where there is none.
    n_repeated : int
        Rows left out because the same person had the same item before; the first stays.
    skipped : tuple of RowError
        Rows of a file that were left out because they cannot be read, or name nobody or nothing.
    """

    people: tuple[str, ...]
    items: tuple[str, ...]
    person: Codes
    item: Codes
    time: Array
    value: Array
    n_repeated: int = 0
    skipped: tuple[RowError, ...] = ()

    def __len__(self) -> int:
        return len(self.item)

    def take(self, rows: NDArray[np.generic]) -> Interactions:
        """Return some rows, by mask or place; people and items stay numbered as they are."""
        return replace(self, person=self.person[rows], item=self.item[rows], time=self.time[rows],
                       value=self.value[rows])  # fmt: skip

    def lists(self) -> Lists:
        """Return each person's items, oldest first; people without a row have none."""
        return Lists.of(self.person, self.item, n_people=len(self.people))

    def popularity(self) -> Codes:
        """Return how often each item occurs, shape (n_items,)."""
        return np.bincount(self.item, minlength=len(self.items))


@dataclass(frozen=True, slots=True)
class Items:
    """What is known of a catalog: each item's attributes (numbers into `attributes`) and its text, in the order of `ids`."""

    ids: tuple[str, ...]
    attributes: tuple[str, ...]
    has: Lists
    texts: tuple[str, ...] = ()


def interactions(
    people: Sequence[str],
    items: Sequence[str],
    *,
    times: ArrayLike | None = None,
    values: ArrayLike | None = None,
    catalog: Sequence[str] | None = None,
) -> Interactions:
    """Return rows as arrays; rows without time keep their order, rows out of order are sorted, repeated ones left out.

    Parameters
    ----------
    people, items : sequences of str, of the same length
    times : array-like of shape (n_rows,), optional
        Seconds.
    values : array-like of shape (n_rows,), optional
    catalog : sequence of str, optional
        All items there are, in their order; without it those that occur.

    Raises
    ------
    BadInput
        When lengths differ, a person or item is missing, a time or value is no finite number, or an item is not in the catalog;
        names the row, counted from 1.

    Examples
    --------
    >>> rows = interactions(["ana", "bo", "ana", "ana"], ["x", "x", "y", "x"], times=[5, 1, 2, 9])
    >>> rows.lists().items_of(0).tolist(), rows.items, rows.n_repeated
    ([1, 0], ('x', 'y'), 1)
    """
    n = len(people)
    time = np.arange(n, dtype=float) if times is None else _numbers(times, "time")
    value = np.ones(n) if values is None else _numbers(values, "value")
    if not (n == len(items) and time.shape == value.shape == (n,)):
        raise BadInput(
            f"{n} people, {len(items)} items, times of shape {time.shape}, values of shape {value.shape}: give one each a row."
        )
    who: dict[str, int] = {}
    person = np.array([who.setdefault(each, len(who)) for each in people], dtype=np.intp)
    what = {each: place for place, each in enumerate(dict.fromkeys(items if catalog is None else catalog))}
    if {None, ""} & who.keys() or (catalog is None and {None, ""} & what.keys()):
        row = next(row for row, pair in enumerate(zip(people, items, strict=True), 1) if not all(pair))
        raise BadInput(f"Row {row}: no person or no item. Leave the row out or mend it.")
    unknown = next((row for row, each in enumerate(items, 1) if each not in what), None)
    if unknown is not None:
        raise BadInput(
            f"Row {unknown}: an item that is not in the catalog of {len(what)}. Add it or leave the row out."
        )
    item = np.array([what[each] for each in items], dtype=np.intp)
    return _sorted(tuple(who), tuple(what), person, item, time, value)


def interactions_of(traces: Iterable[Trace], kinds: Sequence[str] = KINDS) -> Interactions:
    """Return what traces with an item say; undated ones keep their order."""
    rows = [(trace, trace.item) for trace in traces if trace.item and trace.kind in kinds]
    return interactions(
        [row.person for row, _ in rows],
        [item.id or f"{item.creator} – {item.title}" for _, item in rows],
        times=[row.time.timestamp() if row.time else float(place) for place, (row, _) in enumerate(rows)],
        values=[1.0 if row.value is None else float(row.value) for row, _ in rows],
    )


def last_out(rows: Interactions, n_last: int = 1) -> tuple[Interactions, Interactions]:
    """Return everything but each person's last `n_last` interactions, and those; short histories stay whole in the first."""
    counts = np.bincount(rows.person, minlength=len(rows.people))
    rank = np.arange(len(rows)) - (np.cumsum(counts) - counts)[rows.person]
    is_last = (rank >= counts[rows.person] - n_last) & (counts[rows.person] > n_last)
    return rows.take(~is_last), rows.take(is_last)


def by_time(rows: Interactions, shares: Sequence[float]) -> list[Interactions]:
    """Return parts cut at the same moments for everyone, such as shares (.8, .1, .1) of the rows in order of time.

    Raises
    ------
    BadInput
        When shares are not positive numbers that sum to 1.
    """
    if not all(each > 0 for each in shares) or abs(sum(shares) - 1) > 1e-6:
        raise BadInput(f"Shares {tuple(shares)}: give positive numbers that sum to 1, such as (.8, .1, .1).")
    order = np.argsort(rows.time, kind="stable")
    edges = np.round(np.cumsum([0.0, *shares]) * len(rows)).astype(int)
    return [rows.take(np.sort(order[a:b])) for a, b in pairwise(edges)]


class Others:
    """Draws items that people have not, uniformly.

    Parameters
    ----------
    known : Lists
        What they have.
    n_items : int
        In the catalog.

    Notes
    -----
    Items drawn are drawn again while known; after ten rounds the rest is drawn from the person's own complement.
    """

    def __init__(self, known: Lists, n_items: int) -> None:
        self.known, self.n_items = known, n_items
        pairs = np.repeat(np.arange(len(known)), known.counts()) * n_items + known.items
        self._pairs = np.append(np.unique(pairs), np.iinfo(np.intp).max)

    def draw(self, shape_of: Codes, n_each: int, random: np.random.Generator) -> Codes:
        """Return `n_each` items for each person of `shape_of`, shape (n, n_each).

        Raises
        ------
        BadInput
            When somebody knows the whole catalog.
        """
        drawn = random.integers(0, self.n_items, (len(shape_of), n_each))
        wrong = np.flatnonzero(self._has(np.repeat(shape_of, n_each), drawn.ravel()))
        for _ in range(9):
            drawn.flat[wrong] = random.integers(0, self.n_items, len(wrong))
            wrong = wrong[self._has(shape_of[wrong // n_each], drawn.flat[wrong])]
        for row in np.unique(wrong // n_each):
            others = np.setdiff1d(np.arange(self.n_items), self.known.items_of(int(shape_of[row])))
            if not len(others):
                raise BadInput("Somebody has every item of the catalog: there is no other to draw.")
            drawn[row] = random.choice(others, n_each)
        return drawn

    def _has(self, person: Codes, item: Codes) -> NDArray[np.bool_]:
        pairs = person * self.n_items + item
        return np.asarray(self._pairs[np.searchsorted(self._pairs, pairs)] == pairs)


def negatives(
    known: Lists, n_items: int, shape_of: Codes, n_each: int, random_state: RandomState = 0
) -> Codes:
    """Return `n_each` items for each person of `shape_of` that they have not, shape (n, n_each): one draw of `Others`."""
    return Others(known, n_items).draw(shape_of, n_each, np.random.default_rng(random_state))


def liked(rows: Interactions, at_least: float) -> Interactions:
    """Return the rows of at least this value; people without one stay, with no items.

    >>> kept = liked(interactions(["ana", "bo"], ["x", "y"], values=[5, 1]), 4)
    >>> kept.people, kept.lists().counts().tolist()
    (('ana', 'bo'), [1, 0])
    """
    return rows.take(rows.value >= at_least)


def popular_negatives(popularity: Codes, power: float = 0.75) -> Callable[[int, np.random.Generator], Codes]:
    """Return a sampler of items by popularity to a power (word2vec's .75), whoever asks.

    Raises
    ------
    BadInput
        When nobody had any item.
    """
    if not popularity.sum() > 0:
        raise BadInput("Nobody had any of the items: there is no popularity to draw by.")
    chances = popularity.astype(float) ** power
    edges = np.cumsum(chances / chances.sum())

    def draw(n: int, random: np.random.Generator) -> Codes:
        return np.searchsorted(edges, random.random(n), side="right").clip(0, len(edges) - 1)

    return draw


def _numbers(given: ArrayLike, name: str) -> Array:
    """Return the times or values of rows; names the first that is no finite number."""
    try:
        numbers = np.asarray(given, dtype=float)
        bad = np.flatnonzero(~np.isfinite(numbers))
    except (TypeError, ValueError, OverflowError):
        bad = np.array(
            [row for row, each in enumerate(np.asarray(given, dtype=object)) if not _is_number(each)]
        )
    if len(bad):
        raise BadInput(f"Row {bad[0] + 1}: its {name} is not a finite number. Leave the row out or mend it.")
    return numbers


def _is_number(cell: object) -> bool:
    try:
        return bool(np.isfinite(float(cell)))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return False


def _sorted(
    people: tuple[str, ...], items: tuple[str, ...], person: Codes, item: Codes, time: Array, value: Array
) -> Interactions:
    order = np.lexsort((np.arange(len(time)), time, person))
    person, item, time, value = person[order], item[order], time[order], value[order]
    _, first = np.unique(person * max(len(items), 1) + item, return_index=True)
    kept = np.sort(first)
    return Interactions(
        people, items, person[kept], item[kept], time[kept], value[kept], len(person) - len(kept)
    )
