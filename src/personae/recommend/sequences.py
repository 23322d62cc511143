"""What somebody did last, as rows of equal length; -1 stands where there is nothing, on the left."""

from __future__ import annotations

import numpy as np

from personae.metrics.ranking import Lists
from personae.recommend.interactions import Codes

NOTHING = -1


def last_items(histories: Lists, length: int) -> Codes:
    """Return each person's last items, oldest first, shape (n_people, length).

    >>> last_items(Lists.of([0, 0, 0, 2], [5, 6, 7, 8], n_people=3), 2).tolist()
    [[6, 7], [-1, -1], [-1, 8]]
    """
    return _ending(histories, histories.starts[1:], histories.starts[:-1], length)


def every_prefix(histories: Lists, length: int, *, at_least: int = 1) -> tuple[Codes, Codes, Codes]:
    """Return (person, items before, next item) for every item with at least so many before it.

    Shapes (n,), (n, length), (n,); of longer prefixes the last `length` items.

    >>> who, before, following = every_prefix(Lists.of([0, 0, 0], [5, 6, 7], n_people=1), 2)
    >>> before.tolist(), following.tolist()
    ([[-1, 5], [5, 6]], [6, 7])
    """
    counts = histories.counts()
    person = np.repeat(np.arange(len(histories)), counts)
    starts = histories.starts[:-1][person]
    places = np.arange(len(person))
    chosen = np.flatnonzero(places - starts >= at_least)
    before = _ending(histories, places[chosen], starts[chosen], length)
    return person[chosen], before, histories.items[chosen]


def every_window(histories: Lists, length: int) -> Codes:
    """Return histories cut into windows that share one item, so that every item but somebody's first has one before it.

    Shape (n_windows, length); the windows of one person end at their last item and go back from there.

    >>> every_window(Lists.of([0, 0, 0, 0, 1], [5, 6, 7, 8, 9], n_people=2), 3).tolist()
    [[-1, 5, 6], [6, 7, 8]]
    """
    counts, step = histories.counts(), length - 1
    n_windows = -((1 - counts) // step) * (counts > 1)
    person = np.repeat(np.arange(len(histories)), n_windows)
    left = np.repeat(np.cumsum(n_windows), n_windows) - np.arange(len(person)) - 1
    return _ending(
        histories, histories.starts[1:][person] - left * step, histories.starts[:-1][person], length
    )


def _ending(histories: Lists, ends: Codes, starts: Codes, length: int) -> Codes:
    """Return the `length` items before each of `ends`, none from before `starts`."""
    places = ends[:, None] + np.arange(-length, 0)
    items = np.append(histories.items, NOTHING)[np.clip(places, 0, len(histories.items))]
    return np.where(places >= starts[:, None], items, NOTHING)
