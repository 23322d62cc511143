"""What attributes say of a person's taste: shares over values, how peaked they are, and how likely an item is by them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.errors import UnknownName
from personae.metrics.ranking import Lists
from personae.recommend.interactions import Items

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of attribute, such as genre: its values, and those of each item (numbers into `values`, none or several)."""

    name: str
    values: tuple[str, ...]
    has: Lists

    def shares(self, lists: Lists) -> Array:
        """Return how much of each list each value makes up, shape (n_lists, n_values).

        An item counts once, in equal parts for its values; items without one do not count. Rows sum to 1, or to 0.
        """
        row, item = lists.pairs_of(np.arange(len(lists)))
        place, value = self.has.pairs_of(item)
        weights = 1 / self.has.counts()[item][place]
        n_values = len(self.values)
        sums = np.bincount(row[place] * n_values + value, weights, len(lists) * n_values)
        sums = sums.reshape(len(lists), n_values)
        return np.asarray(sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-12))

    def taste(self, histories: Lists, crowd: Array, prior: float) -> Array:
        """Return each person's shares drawn to the crowd's, shape (n_people, n_values): the crowd counts as `prior` items."""
        n = histories.counts()[:, None]
        return np.asarray((n * self.shares(histories) + prior * crowd) / (n + prior))

    def likelihood(self, taste: Array, crowd: Array) -> Array:
        """Return the mean over an item's values of ln(taste / crowd), shape (n_people, n_items); 0 for items without one."""
        ratio = np.log(np.maximum(taste, 1e-9) / np.maximum(crowd, 1e-9))
        counts = self.has.counts()
        padded = np.concatenate([ratio, np.zeros((len(ratio), 1))], axis=1)
        columns = np.append(self.has.items, len(self.values))
        sums = np.add.reduceat(padded[:, columns], self.has.starts[:-1], axis=1)
        return np.where(counts > 0, sums / np.maximum(counts, 1), 0.0)


def kind_of(items: Items, name: str) -> Kind:
    """Return the attributes that read "name: value" as a kind; those without a colon are the kind "attribute".

    Raises
    ------
    UnknownName
        When no item has such an attribute; lists the kinds there are.

    Examples
    --------
    >>> items = Items(("x", "y"), ("genre: Comedy", "year: 1995"), Lists.of([0, 0, 1], [0, 1, 1], n_people=2))
    >>> kind_of(items, "year").values, kind_of(items, "year").has.items_of(1).tolist()
    (('1995',), [0])
    """
    chosen = [place for place, each in enumerate(items.attributes) if _parts(each)[0] == name]
    number = np.full(len(items.attributes), -1, dtype=np.intp)
    number[chosen] = np.arange(len(chosen))
    owner, attribute = items.has.pairs_of(np.arange(len(items.ids)))
    kept = number[attribute] >= 0
    if not kept.any():
        raise UnknownName(
            f"No item has a {name!r}. There are: {', '.join(kinds_of(items)) or 'no attributes'}."
        )
    values = tuple(_parts(items.attributes[place])[1] for place in chosen)
    return Kind(name, values, Lists.of(owner[kept], number[attribute[kept]], n_people=len(items.ids)))


def kinds_of(items: Items) -> tuple[str, ...]:
    """Return the names of the kinds of a catalog's attributes."""
    return tuple(dict.fromkeys(_parts(each)[0] for each in items.attributes))


def concentration(taste: Array, other: Array) -> Array:
    """Return the Kullback-Leibler divergence of each row of `taste` from `other`, in nats, shape (n_people,).

    >>> concentration(np.array([[0.75, 0.25]]), np.array([[0.5, 0.5]])).round(3).tolist()
    [0.131]
    """
    ratio = np.log(np.maximum(taste, 1e-9) / np.maximum(other, 1e-9))
    return np.asarray((taste * ratio).sum(axis=-1))


def _parts(attribute: str) -> tuple[str, str]:
    name, colon, value = attribute.partition(": ")
    return (name, value) if colon else ("attribute", attribute)
