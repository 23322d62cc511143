"""Preference rows as arrays: what every method of this family learns from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.people.duck import connect
from personae.people.records import Preference

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
Item = tuple[str, str]  # context, text

COLUMNS = ("person", "context", "a", "b", "choice")
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
    weight : ndarray of shape (n,), positive
        The rows' strengths.
    """

    people: tuple[str, ...]
    items: tuple[Item, ...]
    person: Codes
    a: Codes
    b: Codes
    chosen: Array
    weight: Array

    def __len__(self) -> int:
        return len(self.chosen)

    def take(self, rows: NDArray[np.generic]) -> Comparisons:
        """Return some rows, by mask or place; people and items stay numbered as they are."""
        return replace(self, person=self.person[rows], a=self.a[rows], b=self.b[rows], chosen=self.chosen[rows],
                       weight=self.weight[rows])  # fmt: skip

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


def comparisons(rows: Sequence[Preference] | Comparisons) -> Comparisons:
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
    for number, row in enumerate(rows):
        if row.choice not in _CHOSEN or not 0 < row.strength < np.inf:
            raise BadInput(
                f"Row {number}: choice {row.choice!r} with strength {row.strength!r}. A choice is a, b or tie, and its "
                "strength a positive number."
            )
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
        When a column is missing, or a row's choice or strength is none; names the file and the first such row.

    Notes
    -----
    DuckDB numbers people and items, so that a million rows need one pass and no Python object a row.
    """
    import duckdb

    file = Path(path)
    if not file.is_file():
        raise BadInput(f"{file.name}: no such file. Name a JSONL, CSV or Parquet table of preferences.")
    with connect() as database:
        try:
            names = [row[0] for row in database.execute(f"DESCRIBE SELECT * FROM {_reader(file)}").fetchall()]
        except duckdb.Error as error:
            raise BadInput(f"{file.name}: not a JSONL, CSV or Parquet table that can be read.") from error
        missing = [name for name in COLUMNS if name not in names]
        if missing:
            raise BadInput(
                f"{file.name}: no column {', '.join(missing)}. A table of preferences has {', '.join(COLUMNS)} "
                "(a, b or tie) and optionally strength."
            )
        strength = "CAST(strength AS DOUBLE)" if "strength" in names else "1.0"
        database.execute(
            "CREATE TABLE given AS SELECT row_number() OVER () AS place, CAST(person AS VARCHAR) AS person, "
            "coalesce(CAST(context AS VARCHAR), '') AS context, CAST(a AS VARCHAR) AS a, CAST(b AS VARCHAR) AS b, "
            f"CAST(choice AS VARCHAR) AS choice, coalesce({strength}, 1.0) AS strength FROM {_reader(file)}"
        )
        _refuse_bad_rows(database.execute, file.name)
        database.execute(
            "CREATE TABLE people AS SELECT person, row_number() OVER (ORDER BY min(place)) - 1 AS code "
            "FROM given GROUP BY person"
        )
        database.execute(
            "CREATE TABLE items AS SELECT context, text, row_number() OVER (ORDER BY min(place), min(side)) - 1 AS code "
            "FROM (SELECT context, a AS text, place, 0 AS side FROM given UNION ALL "
            "SELECT context, b, place, 1 FROM given) GROUP BY context, text"
        )
        columns = database.execute(
            "SELECT p.code AS person, i.code AS a, j.code AS b, "
            "CASE choice WHEN 'a' THEN 1.0 WHEN 'b' THEN 0.0 ELSE 0.5 END::DOUBLE AS chosen, strength FROM given g "
            "JOIN people p ON g.person = p.person JOIN items i ON g.context = i.context AND g.a = i.text "
            "JOIN items j ON g.context = j.context AND g.b = j.text ORDER BY place"
        ).fetchnumpy()
        people = database.execute("SELECT person FROM people ORDER BY code").fetchall()
        items = database.execute("SELECT context, text FROM items ORDER BY code").fetchall()
    return Comparisons(
        tuple(row[0] for row in people),
        tuple((row[0], row[1]) for row in items),
        columns["person"].astype(np.intp),
        columns["a"].astype(np.intp),
        columns["b"].astype(np.intp),
        np.asarray(columns["chosen"], dtype=float),
        np.asarray(columns["strength"], dtype=float),
    )


def _refuse_bad_rows(execute: Callable[..., object], name: str) -> None:
    found = execute(
        "SELECT place FROM given WHERE person IS NULL OR a IS NULL OR b IS NULL OR choice IS NULL "
        "OR choice NOT IN ('a', 'b', 'tie') OR strength <= 0 OR NOT isfinite(strength) ORDER BY place LIMIT 1"
    ).fetchone()  # type: ignore[attr-defined]
    if found:
        raise BadInput(
            f"{name}, row {found[0]}: person, a and b must be given, choice be a, b or tie, and strength a positive number."
        )


def _reader(file: Path) -> str:
    quoted = str(file).replace("'", "''")
    if file.suffix == ".parquet":
        return f"read_parquet('{quoted}')"
    if file.suffix in {".csv", ".tsv"}:
        return f"read_csv('{quoted}', header=true)"
    return f"read_json_auto('{quoted}')"
