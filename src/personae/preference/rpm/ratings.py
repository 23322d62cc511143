"""One person's ratings of texts as arrays: what RPM learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.people.records import Answer

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Ratings:
    """n ratings: `person` and `text` of shape (n,) point into `people` and `texts`, `level` (n,) is what was given."""

    people: tuple[str, ...]
    texts: tuple[str, ...]
    person: Codes
    text: Codes
    level: Array

    def __len__(self) -> int:
        return len(self.level)

    def take(self, rows: NDArray[np.generic]) -> Ratings:
        """Return some rows, by mask or place; people and texts stay numbered as they are."""
        return replace(self, person=self.person[rows], text=self.text[rows], level=self.level[rows])


def ratings(rows: Sequence[Answer]) -> Ratings:
    """Return answers as arrays; an answer's `item` is the text that was rated.

    Raises
    ------
    BadInput
        When there is none, or a level is no finite number; names the row, never its text.

    Examples
    --------
    >>> table = ratings([Answer("ana", "a fine day", 1), Answer("bo", "a fine day", 2)])
    >>> table.text.tolist(), table.level.tolist()
    ([0, 0], [1.0, 2.0])
    """
    if not rows:
        raise BadInput("No ratings were given: give at least one.")
    levels = np.array([row.response for row in rows], dtype=float)
    bad = np.flatnonzero(~np.isfinite(levels))
    if len(bad):
        raise BadInput(f"Row {bad[0]} has a rating that is no finite number; leave such rows out.")
    people: dict[str, int] = {}
    texts: dict[str, int] = {}
    person = [people.setdefault(row.person, len(people)) for row in rows]
    text = [texts.setdefault(row.item, len(texts)) for row in rows]
    return Ratings(tuple(people), tuple(texts), np.array(person), np.array(text), levels)
