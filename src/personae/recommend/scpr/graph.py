"""People, items and attributes as a graph: which items have an attribute, who is whose friend, who likes which attribute."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.ranking import Lists
from personae.recommend.interactions import Codes, Items


@dataclass(frozen=True, slots=True)
class Graph:
    """Edges as lists of numbers; nothing needs to be known of people.

    Parameters
    ----------
    has : Lists
        The attributes of each item, each once.
    n_attributes : int
        An attribute without items is never asked for.
    friends : Lists
        The friends of each person.
    likes : Lists
        The attributes that each person likes.

    Attributes
    ----------
    holders : Lists
        The items of each attribute.

    Raises
    ------
    BadInput
        When an item has an attribute twice, an attribute has no number below `n_attributes`, or friends and likes are of
        different numbers of people.
    """

    has: Lists
    n_attributes: int
    friends: Lists = field(default_factory=lambda: Lists.of([], [], n_people=0))
    likes: Lists = field(default_factory=lambda: Lists.of([], [], n_people=0))
    holders: Lists = field(init=False)
    _edges: Codes = field(init=False, repr=False)
    _liked: Codes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.friends) != len(self.likes):
            raise BadInput(
                f"Friends of {len(self.friends)} people, likes of {len(self.likes)}: give both of everyone."
            )
        for name, lists in (("item", self.has), ("person", self.likes)):
            if len(lists.items) and not 0 <= lists.items.min() <= lists.items.max() < self.n_attributes:
                raise BadInput(
                    f"An attribute of an {name} has no number below {self.n_attributes}: number them from 0."
                )
        edges = _keys(self.has, self.n_attributes)
        if len(edges) != len(np.unique(edges)):
            raise BadInput("An item has the same attribute twice: give each once.")
        object.__setattr__(self, "holders", self.has.inverse(self.n_attributes))
        object.__setattr__(self, "_edges", edges)
        object.__setattr__(self, "_liked", _keys(self.likes, self.n_attributes))

    @classmethod
    def of(cls, items: Items) -> Graph:
        """Return the graph of a catalog alone; attributes named twice count once."""
        owner = np.repeat(np.arange(len(items.has)), items.has.counts())
        width = max(len(items.attributes), 1)
        pairs = np.unique(owner * width + items.has.items)
        return cls(Lists.of(pairs // width, pairs % width, n_people=len(items.ids)), len(items.attributes))

    @property
    def n_items(self) -> int:
        return len(self.has)

    @property
    def n_people(self) -> int:
        return len(self.friends)

    def is_held(self, items: Codes, attributes: Codes) -> NDArray[np.bool_]:
        """Return whether each item has the attribute beside it."""
        return is_in(items * self.n_attributes + attributes, self._edges)

    def friends_likes(self, people: Codes, attributes: Codes) -> tuple[Codes, Codes]:
        """Return (row, attribute): all that those of a person's friends like who like the attribute beside the person.

        The hop attribute-person-attribute of the walk. A person below 0 is unknown and has no friends.
        """
        known = np.flatnonzero((people >= 0) & (people < self.n_people))
        row, friend = self.friends.pairs_of(people[known])
        agree = is_in(friend * self.n_attributes + attributes[known][row], self._liked)
        which, liked = self.likes.pairs_of(friend[agree])
        return known[row[agree][which]], liked


def _keys(lists: Lists, width: int) -> Codes:
    return np.sort(np.repeat(np.arange(len(lists)), lists.counts()) * width + lists.items)


def is_in(keys: Codes, known: Codes) -> NDArray[np.bool_]:
    """Return which keys are among known ones, which ascend."""
    if not len(known):
        return np.zeros(len(keys), dtype=bool)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.asarray(known[places] == keys)
