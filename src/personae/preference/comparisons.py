"""Preference rows as arrays: what every method of this family learns from."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.people.records import Preference
from personae.people.tables import read_columns

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
Item = tuple[str, str]  # context, text

COLUMNS = ("person", "context", "a", "b", "choice")
MOST = 1e6  # strength of a row: beyond it sums of squares leave the range of floats
_CHOSEN = {"a": 1.0, "b": 0.0, "tie": 0.5}


@dataclass(frozen=True, slots=True)
class Comparisons:
    """n choices between two items.

    Parameters
    ----------
    people : tuple of str
        Distinct people; `person` points into it, shape (n,).
    items : tuple of (context, text)
        Distinct items; `a` and `b` point into it, shape (n,). Both stand in the same context.
    chosen : ndarray of shape (n,)
        1 where a was chosen, 0 where b, .5 for a tie.
    weight : ndarray of shape (n,), positive, at most `MOST`
        The rows' strengths.

    Raises
    ------
    BadInput
        When a strength is none.
    """

    people: tuple[str, ...]
    items: tuple[Item, ...]
    person: Codes
    a: Codes
    b: Codes
    chosen: Array
    weight: Array

    def __post_init__(self) -> None:
        if not ((self.weight > 0) & (self.weight <= MOST)).all():
            raise BadInput(f"The strength of a row is a positive number, at most {MOST:,.0f}.")

    def __len__(self) -> int:
        return len(self.chosen)

    def take(self, rows: NDArray[np.generic]) -> Comparisons:
        """Return some rows, by mask or place; people and items stay numbered as they are."""
        return replace(self, person=self.person[rows], a=self.a[rows], b=self.b[rows], chosen=self.chosen[rows],
                       weight=self.weight[rows])  # fmt: skip

    def merged(self) -> Comparisons:
        """Return the rows with those that say the same again as one, of their strengths together, in the order they come.

        >>> rows = [Preference("ana", "", "tea", "coffee", "a"), Preference("ana", "", "coffee", "tea", "b")]
        >>> comparisons(rows).merged().weight.tolist()
        [2.0]
        """
        said = np.where(self.a <= self.b, self.chosen, 1 - self.chosen)
        ends = np.minimum(self.a, self.b), np.maximum(self.a, self.b)
        keys = np.stack([self.person, *ends, (2 * said).astype(np.intp)], axis=1)
        _, first, group = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        kept = np.sort(first)
        strength = np.minimum(np.bincount(group.ravel(), self.weight), MOST)
        return replace(self.take(kept), weight=strength[group.ravel()[kept]])

    def of_people(self, person: Codes) -> Comparisons:
        """Return the same rows under other people's numbers, such as shuffled ones."""
        return replace(self, person=person)

    def counts(self) -> Codes:
        """Return the rows of each person, shape (n_people,)."""
        return np.bincount(self.person, minlength=len(self.people))

    def preferences(self) -> list[Preference]:
        """Return the rows as records."""
        words = {1.0: "a", 0.0: "b"}
        return [
            Preference(self.people[p], self.items[a][0], self.items[a][1], self.items[b][1],
                       words.get(chosen, "tie"), weight)  # type: ignore[arg-type]
            for p, a, b, chosen, weight in zip(
                self.person, self.a, self.b, self.chosen.tolist(), self.weight.tolist(), strict=True)
        ]  # fmt: skip


def checked(rows: Iterable[Preference]) -> list[Preference]:
    """Return the rows as they are.

    Raises
    ------
    BadInput
        When a row's choice or strength is none, naming the row.
    """
    kept = list(rows)
    for number, row in enumerate(kept):
        if row.choice not in _CHOSEN or not 0 < row.strength <= MOST:
            raise BadInput(
                f"Row {number}: its choice must be a, b or tie, and its strength a positive number, at most {MOST:,.0f}."
            )
    return kept


def comparisons(rows: Iterable[Preference] | Comparisons) -> Comparisons:
    """Return rows as arrays; people and items are numbered in the order they come.

    Raises
    ------
    BadInput
        When a row's choice or strength is none, naming the row.

    Examples
    --------
    >>> table = comparisons([Preference("ana", "", "tea", "coffee", "a"), Preference("bo", "", "coffee", "tea", "tie")])
    >>> table.items, table.a.tolist(), table.chosen.tolist()
    ((('', 'tea'), ('', 'coffee')), [0, 1], [1.0, 0.5])
    """
    if isinstance(rows, Comparisons):
        return rows
    rows = checked(rows)
    people: dict[str, int] = {}
    items: dict[Item, int] = {}
    person = [people.setdefault(row.person, len(people)) for row in rows]
    a = [items.setdefault((row.context, row.a), len(items)) for row in rows]
    b = [items.setdefault((row.context, row.b), len(items)) for row in rows]
    return Comparisons(
        tuple(people),
        tuple(items),
        np.array(person, dtype=np.intp),
        np.array(a, dtype=np.intp),
        np.array(b, dtype=np.intp),
        np.array([_CHOSEN[row.choice] for row in rows]),
        np.array([row.strength for row in rows], dtype=float),
    )


def read_comparisons(path: Path | str) -> Comparisons:
    """Read a table of preferences: JSONL, CSV or Parquet with the columns of `COLUMNS` and optionally `strength`.

    Raises
    ------
    BadInput
        When a column is missing, or a row's choice or strength is none; names the file and the first such row, a CSV's header
        being row 1.

    Notes
    -----
    Every value is the text that stands in the file, so that two people or items are one where they are written alike; rows go
    into arrays as they come.
    """
    people: dict[str, int] = {}
    items: dict[Item, int] = {}
    codes, numbers = array("q"), array("d")
    for row, (person, context, a, b, choice, strength) in read_columns(Path(path), COLUMNS, ("strength",)):
        weight = _number(strength)
        chosen = _CHOSEN.get(choice or "")
        if not person or a is None or b is None or chosen is None or not 0 < weight <= MOST:
            raise BadInput(
                f"{Path(path).name}, row {row}: person, a and b must be given, choice be a, b or tie, and strength a positive "
                f"number, at most {MOST:,.0f}."
            )
        codes.append(people.setdefault(person, len(people)))
        codes.append(items.setdefault((context or "", a), len(items)))
        codes.append(items.setdefault((context or "", b), len(items)))
        numbers.append(chosen)
        numbers.append(weight)
    coded, valued = np.array(codes, dtype=np.intp).reshape(-1, 3), np.array(numbers).reshape(-1, 2)
    return Comparisons(tuple(people), tuple(items), *coded.T.copy(), *valued.T.copy())


def _number(strength: str | None) -> float:
    """Return a strength, 1 where none is given and NaN where it is no number."""
    try:
        return 1.0 if strength is None else float(strength)
    except ValueError:
        return float("nan")
