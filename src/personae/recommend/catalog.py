"""Catalogs of items, and an asker that finds one of them by its attributes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from personae.errors import BadInput
from personae.metrics.ranking import Lists
from personae.people.archives._json import json_lines
from personae.people.archives._source import open_source
from personae.people.archives._text import as_text
from personae.people.archives.rows import RowError
from personae.recommend.episode import NO, YES, Move, Turn
from personae.recommend.interactions import Items
from personae.recommend.scpr.belief import Belief, look_ahead
from personae.recommend.scpr.episodes import LIST_LENGTH, Policy, World
from personae.recommend.scpr.graph import Graph
from personae.recommend.scpr.walk import NOTHING, Vectors

_REASONS = 3  # attributes named for an item


def read_catalog(path: Path | str) -> Items:
    """Read a JSONL file of items: `item` (an id), optionally `title`, and `attributes`, a list of names.

    Raises
    ------
    BadInput
        When there is none, or a row cannot be used; names the file and the row.
    """
    file = Path(path)
    if not file.is_file():
        what = "a folder" if file.is_dir() else "no such file"
        raise BadInput(f"{file.name}: {what}. Name a JSONL file of items with item, title and attributes.")
    rows = list(_rows(file))
    if not rows:
        raise BadInput(
            f"{file.name}: no items. Write one JSON object a line, with item, title and attributes."
        )
    ids = [item for _, item, _, _ in rows]
    first: dict[str, int] = {}
    for row, item, _, _ in rows:
        if first.setdefault(item, row) != row:
            raise BadInput(f"{file.name}, row {row}: an item that has a row already. Leave one of them out.")
    names = tuple(sorted({each for *_, own in rows for each in own}))
    number = {each: place for place, each in enumerate(names)}
    owner = np.repeat(np.arange(len(rows)), [len(own) for *_, own in rows])
    has = Lists.of(owner, [number[each] for *_, own in rows for each in own], n_people=len(rows))
    return Items(tuple(ids), names, has, tuple(title for _, _, title, _ in rows))


class CatalogAsker:
    """Finds what somebody wants in a catalog, by its attributes; moves follow from the turns alone.

    Parameters
    ----------
    items : Items
        Its texts are the titles that are shown.
    liking : array-like of shape (n_items,), optional
        Scores of any kind, higher first; only their order counts: an item at place r is believed in as 1 / (r + 10) before
        anything is said. Without it all are equal.
    noise : float
        The chance that an answer is wrong, as it is believed.
    budget : int
        Turns to plan for.

    Raises
    ------
    BadInput
        When no item has an attribute: there is nothing to ask; or the liking is not one finite number an item.

    Examples
    --------
    >>> from personae.recommend import Items
    >>> items = Items(("1", "2"), ("calm", "loud"), Lists.of([0, 1], [0, 1], n_people=2), ("Rain", "Drums"))
    >>> CatalogAsker(items).next([]).labels
    ('calm', 'loud')
    """

    def __init__(
        self, items: Items, *, liking: ArrayLike | None = None, noise: float = 0.02, budget: int = 15
    ) -> None:
        self.items, self.graph, self.noise, self.budget = items, Graph.of(items), noise, budget
        if not len(self.graph.has.items):
            raise BadInput(
                "No item of the catalog has an attribute: there is nothing to ask. Give `attributes`."
            )
        self.policy: Policy = look_ahead()
        self.prior = np.zeros(len(items.ids)) if liking is None else _prior(liking, len(items.ids))
        self._item = {each: place for place, each in enumerate(items.ids)}
        self._attribute = {each: place for place, each in enumerate(items.attributes)}

    def next(self, turns: Sequence[Turn]) -> Move | None:
        """Return the next move; None where every item was shown in vain."""
        if not turns:
            return self._open()
        standing = self._standing(turns)
        rows = np.zeros(1, dtype=np.intp)
        if not standing.world.n_left[0]:
            return None
        asked, _ = standing.world.question(rows)
        if asked[0] == NOTHING or standing.turn >= self.budget or self.policy(standing, rows)[0]:
            return self._show(standing.world.best(rows, LIST_LENGTH)[0], turns)
        name = self.items.attributes[asked[0]]
        return Move("ask", (name,), (name,))

    def knows(self, move: Move) -> bool:
        """Whether the catalog has all that a move names, under the names it shows."""
        if move.kind != "show":
            return move.labels == move.ids and all(each in self._attribute for each in move.ids)
        titles = self.items.texts or self.items.ids
        return len(move.ids) == len(move.labels) and all(
            each in self._item and titles[self._item[each]] == label
            for each, label in zip(move.ids, move.labels, strict=True)
        )

    def _standing(self, turns: Sequence[Turn]) -> _Standing:
        vectors = Vectors(
            np.zeros((0, 1)), np.zeros((self.graph.n_items, 1)), np.zeros((self.graph.n_attributes, 1))
        )
        world = Belief(self.graph, vectors, np.array([NOTHING]), noise=self.noise, prior=self.prior)
        for turn in turns:
            self._replay(world, turn)
        return _Standing(world, len(turns) + 1, self.budget)

    def _replay(self, world: World, turn: Turn) -> None:
        row = np.zeros(1, dtype=np.intp)
        move = turn.move
        if move.kind == "show":
            world.drop(row, np.array([[self._item[each] for each in move.ids]], dtype=np.intp))
            return
        named = turn.answer if move.kind == "open" else move.ids[0]
        if named not in self._attribute:
            return
        attribute = np.array([self._attribute[named]])
        if move.kind == "open":
            world.open(row, attribute)
        else:
            {YES: world.accept, NO: world.refuse}.get(turn.answer, world.skip)(row, attribute)

    def _open(self) -> Move:
        """Offer the attributes that most items have, most common first."""
        common = np.argsort(-self.graph.holders.counts(), kind="stable")
        names = tuple(
            self.items.attributes[each] for each in common if len(self.graph.holders.items_of(each))
        )
        return Move("open", names, names)

    def _show(self, found: Any, turns: Sequence[Turn]) -> Move:
        items = [int(each) for each in found if each != NOTHING]
        titles = self.items.texts or self.items.ids
        return Move(
            "show", tuple(self.items.ids[each] for each in items), tuple(titles[each] for each in items),
            tuple(self._because(each, turns) for each in items),
        )  # fmt: skip

    def _because(self, item: int, turns: Sequence[Turn]) -> str:
        """Return the path to an item: what was named and confirmed that it has, and what was denied that it lacks."""
        own = {self.items.attributes[each] for each in self.graph.has.items_of(item)}
        named = [turn.answer for turn in turns if turn.move.kind == "open" and turn.answer in own]
        asked = [(turn.move.ids[0], turn.answer) for turn in turns if turn.move.kind == "ask"]
        named += [name for name, answer in asked if answer == YES and name in own]
        denied = [name for name, answer in asked if answer == NO and name not in own][:_REASONS]
        parts = [f"you said {listed(named)}"] if named else []
        parts += [f"not {listed(denied, 'nor')}"] if denied else []
        return f"because {' and '.join(parts)}" if parts else ""


class _Standing:
    """One episode as a policy sees it."""

    def __init__(self, world: Belief, turn: int, n_turns: int) -> None:
        self.world: World = world
        self.turn, self.n_turns = turn, n_turns
        self.history = np.zeros((1, n_turns), dtype=np.int8)


def listed(names: Sequence[str], word: str = "and") -> str:
    """Return names as a sentence has them.

    >>> listed(["tea", "rice", "salt"], "or")
    'tea, rice or salt'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def _prior(liking: ArrayLike, n_items: int) -> Any:
    """Return the logarithm of how much each item is believed in, shape (n_items,)."""
    try:
        scores = np.asarray(liking, dtype=float)
    except (TypeError, ValueError):
        scores = np.full(n_items, np.nan)
    if scores.shape != (n_items,) or not np.isfinite(scores).all():
        raise BadInput(f"The liking is not one finite number for each of the catalog's {n_items} items.")
    order = np.argsort(-scores, kind="stable")
    places = np.empty(n_items)
    places[order] = np.arange(n_items)
    return -np.log(places + 10)


def _rows(file: Path) -> Iterator[tuple[int, str, str, list[str]]]:
    with open_source(file) as source:
        for row in json_lines(source, source.names[0]):
            number, told = (0, None) if isinstance(row, RowError) else row
            item = as_text(told.get("item")) if isinstance(told, dict) else ""
            if isinstance(row, RowError) or not isinstance(told, dict) or not item.strip():
                place = row.where.rpartition(":")[2] if isinstance(row, RowError) else number
                raise BadInput(
                    f"{file.name}, row {place}: not a JSON object with `item`. Mend or leave out the row."
                )
            own = told.get("attributes", [])
            if not isinstance(own, list) or not all(isinstance(each, str) and each for each in own):
                raise BadInput(
                    f"{file.name}, row {number}: `attributes` is not a list of names. Mend or leave out the row."
                )
            yield number, item, as_text(told.get("title")) or item, sorted(set(own))
