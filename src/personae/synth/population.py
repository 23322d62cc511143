"""Made people: one record, a population held in columns, and how one is drawn from a joint distribution.

A `Spec` (from statistics in a YAML file, from a table, or PANORAMA's) says which people there are; `sample` draws them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput, UnknownName
from personae.metrics.intervals import RandomState
from personae.people.duck import connect
from personae.synth._streams import Codes, seed_of
from personae.synth.variables import Variable

MOST_PEOPLE = 1_000_000
Value = str | int | float | dict[str, str]
Columns = dict[str, NDArray[Any]]
Shares = dict[str, float]


@dataclass(frozen=True, slots=True)
class MadePerson:
    """One person who does not exist.

    Parameters
    ----------
    id : str
        Tells the seed and the place in the population, such as "made-0-17".
    fields : dict
        What is so about the person, by name. A name of the catalogue (`personae.people.attributes`) holds what the catalogue
        says: age a whole number, education one of EDUCATION, city_country "City, Country". What does not apply is left out.
    provenance : str
        What made the person: the tables with their sources, or "home grammar".
    """

    id: str
    fields: dict[str, Value]
    provenance: str

    def as_json(self) -> dict[str, Any]:
        """Return the object of one line of JSONL."""
        return {"person": self.id, **self.fields, "provenance": self.provenance}


class Spec(Protocol):
    """A joint distribution that people can be drawn from; `variables` are those that it controls."""

    @property
    def provenance(self) -> str: ...
    @property
    def variables(self) -> tuple[Variable, ...]: ...

    def draw(self, n: int, seed: int) -> Columns:
        """Return columns of n people; the first people are the same whatever n is."""


@dataclass(frozen=True)
class Population:
    """People in columns.

    Parameters
    ----------
    columns : dict of str to ndarray of shape (n,)
        By field; "" stands where a field does not apply to the person.
    provenance : str
    seed : int
    variables : tuple of Variable
        What `margins` and `associations` are about: the controlled columns, numbers in bands.
    """

    columns: Columns
    provenance: str
    seed: int = 0
    variables: tuple[Variable, ...] = field(default=())

    def __post_init__(self) -> None:
        if len({len(column) for column in self.columns.values()}) != 1:
            raise BadInput("A population needs at least one column, and columns of one length.")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def people(self) -> Iterator[MadePerson]:
        """Yield the people in order; where "" is a level of a table's column, it stays."""
        names = tuple(self.columns)
        has_empty = {variable.name for variable in self.variables if "" in variable.levels}
        cells = zip(*(column.tolist() for column in self.columns.values()), strict=True)
        for place, row in enumerate(cells):
            fields = {
                name: value
                for name, value in zip(names, row, strict=True)
                if value != "" or name in has_empty
            }
            yield MadePerson(self.person_id(place), fields, self.provenance)

    def person_id(self, place: int) -> str:
        return f"made-{self.seed}-{place}"

    @cached_property
    def codes(self) -> dict[str, Codes]:
        """The level of each person on each variable, -1 where there is none."""
        return {variable.name: variable.codes(self.columns[variable.name]) for variable in self.variables}

    @cached_property
    def margins(self) -> dict[str, Shares]:
        """The share of people at each level, by variable; shares sum to 1 over those who have a level."""
        return {
            variable.name: dict(
                zip(variable.levels, shares(self.codes[variable.name], variable).tolist(), strict=True)
            )
            for variable in self.variables
        }

    @cached_property
    def associations(self) -> dict[tuple[str, str], float]:
        """Cramér's V of each pair of variables, in [0, 1]."""
        return {
            (a.name, b.name): cramers_v(two_way(self.codes[a.name], self.codes[b.name], a, b))
            for a, b in combinations(self.variables, 2)
        }

    def write(self, file: Path) -> int:
        """Write a .jsonl or .parquet file in one step, a person a row; returns how many."""
        if file.suffix == ".jsonl":
            return write_lines((person.as_json() for person in self.people()), file)
        if file.suffix == ".parquet":
            with written_whole(file) as part:
                self._write_parquet(part)
            return len(self)
        raise BadInput(f"{file}: the format is told by the name's end. Use .jsonl or .parquet.")

    def _write_parquet(self, part: Path) -> None:

        ids = np.array([self.person_id(place) for place in range(len(self))], dtype=object)
        table = {"person": ids, **{name: _flat(column) for name, column in self.columns.items()}}
        table["provenance"] = np.full(len(self), self.provenance, dtype=object)
        with connect() as database:
            database.register("made", table)
            columns = ", ".join(
                f"nullif({name}, '') AS {name}" if column.dtype == object else name
                for name, column in ((f'"{name}"', column) for name, column in table.items())
            )
            target = str(part).replace("'", "''")
            database.execute(
                f"COPY (SELECT {columns} FROM made) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
            )


def sample(spec: Spec, n: int, random_state: RandomState = 0) -> Population:
    """Draw n people; with the same seed the first people are the same whatever n is.

    Parameters
    ----------
    spec : Spec
        From `personae.synth.read_spec` (statistics in a YAML file) or `personae.synth.learn_spec` (a table).
    n : int
    random_state : int or numpy Generator

    Examples
    --------
    >>> from personae.synth import home_spec
    >>> people = list(sample(home_spec(), 3, random_state=1).people())
    >>> people[:2] == list(sample(home_spec(), 2, random_state=1).people())
    True
    """
    if not 1 <= n <= MOST_PEOPLE:
        raise BadInput(f"{n} people were asked for; ask for 1 to {MOST_PEOPLE:,}.")
    seed = seed_of(random_state)
    return Population(spec.draw(n, seed), spec.provenance, seed, spec.variables)


def population_of(columns: Mapping[str, Any], variables: tuple[Variable, ...], provenance: str) -> Population:
    """Return a table of real or made people as a population, to be held beside another by the same variables."""
    missing = [variable.name for variable in variables if variable.name not in columns]
    if missing:
        raise UnknownName(f"The table has no column {', '.join(missing)}. It has: {', '.join(columns)}.")
    return Population(
        {name: np.asarray(column) for name, column in columns.items()}, provenance, 0, variables
    )


def write_lines(rows: Iterable[dict[str, Any]], file: Path) -> int:
    """Write objects to a .jsonl file in one step, one a line; returns how many."""
    count = 0
    with written_whole(file) as part, part.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


@contextmanager
def written_whole(file: Path) -> Iterator[Path]:
    """Yield a path beside the file that takes its place when the block ends well, and is gone when it does not."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def shares(codes: Codes, variable: Variable) -> NDArray[np.float64]:
    """Return the share of each level among those who have one, shape (n_levels,)."""
    counts = np.bincount(codes[codes >= 0], minlength=len(variable.levels))
    return np.asarray(counts / max(1, counts.sum()))


def two_way(a_codes: Codes, b_codes: Codes, a: Variable, b: Variable) -> NDArray[np.float64]:
    """Return the two-way table of shares, shape (levels of a, levels of b), summing to 1."""
    known = (a_codes >= 0) & (b_codes >= 0)
    size = len(a.levels) * len(b.levels)
    counts = np.bincount(a_codes[known] * len(b.levels) + b_codes[known], minlength=size)
    return np.asarray(counts / max(1, counts.sum())).reshape(len(a.levels), len(b.levels))


def cramers_v(table: NDArray[np.float64]) -> float:
    """Return Cramér's V of a two-way table of shares: 0 for none, 1 where one tells the other.

    Notes
    -----
    phi2 = sum (p - e)^2 / e with e the product of the margins; V = sqrt(phi2 / min(rows - 1, columns - 1)), over levels
    that someone has (Cramér 1946, "Mathematical Methods of Statistics", chapter 21).

    >>> cramers_v(np.array([[0.5, 0.0], [0.0, 0.5]])), cramers_v(np.array([[0.25, 0.25], [0.25, 0.25]]))
    (1.0, 0.0)
    """
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    least = min(table.shape) - 1
    if least < 1:
        return 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0)
    return float(np.sqrt(((table - expected) ** 2 / expected).sum() / least))


def _flat(column: NDArray[Any]) -> NDArray[Any]:
    """Return a column that DuckDB reads: what is not a number as text, what has fields as JSON."""
    if column.dtype != object and column.dtype.kind != "U":
        return column
    cells = [
        json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict) else str(cell)
        for cell in column.tolist()
    ]
    flat = np.empty(len(cells), dtype=object)
    flat[:] = cells
    return flat
