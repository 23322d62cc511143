"""A joint distribution learned from a table: every pair of columns as in the table, and no row of it copied.

Source of the idea: synthetic reconstruction (Beckman, Baggerly, McKay 1996, "Creating synthetic baseline populations",
Transportation Research A 30(6)), with people drawn from conditionals in place of a sample of real households.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.people.duck import connect, unwrapped
from personae.synth._streams import Codes, Streams, draw_codes
from personae.synth.joint import Joint, Points, information, neighbors, two_way_margins
from personae.synth.population import Columns
from personae.synth.raking import Margin, rake
from personae.synth.variables import Variable

MOST_LEVELS = 100
LEAST_PEOPLE = 50
BANDS = 24
POOL = 60_000  # people drawn from the conditionals, whose weights are then raked
LEAST = 5  # people who share the parents' levels; below it fewer parents are asked
OTHER = "other"  # in place of a text that fewer people than that have: it may tell who they are
PARENTS = 2  # a third would hand on more of the rows that were learned from
ROUNDS = 60
SPREAD = 100  # numbers that stand for the rare ones of a band
_CSV = "read_csv(?, auto_type_candidates = ['BIGINT', 'DOUBLE', 'VARCHAR'])"  # words and dates stay as they are written
_TABLES = {
    ".csv": _CSV,
    ".tsv": _CSV,
    ".jsonl": "read_json(?)",
    ".ndjson": "read_json(?)",
    ".parquet": "read_parquet(?)",
}


def learn_spec(
    columns: Mapping[str, Sequence[Any] | NDArray[Any]],
    *,
    provenance: str = "learned from a table",
    bands: int = BANDS,
    pool: int = POOL,
    random_state: int = 0,
) -> Joint:
    """Return the joint distribution of a table of people, with every two-way table of its columns.

    Parameters
    ----------
    columns : mapping of str to sequence of length n_people
        Text with at most 100 values, or numbers; "" is a level of its own, and texts of fewer than five people are one, "other".
        A number with more values than `bands` is cut into bands of about as many people each.
    provenance : str
        What the table is; it goes with every person made.
    bands : int
    pool : int
        Cells that the weights live on, at most.
    random_state : int

    Raises
    ------
    BadInput
        When the table has fewer than 50 people, or a column of text has too many values.

    Notes
    -----
    Each column is drawn given up to two others that tell most of it, from counts of at least five people; the people so
    drawn are cells, and their weights are raked to every two-way table. Higher orders are as far kept as the conditionals
    keep them.
    """
    tables = {name: np.asarray(column) for name, column in columns.items()}
    lengths = {len(column) for column in tables.values()}
    if len(lengths) != 1 or min(lengths) < LEAST_PEOPLE:
        raise BadInput(
            f"A table needs columns of one length and at least {LEAST_PEOPLE} people to be learned from."
        )
    variables = tuple(variable_of(name, column, bands=bands) for name, column in tables.items())
    codes = np.stack([variable.codes(tables[variable.name]) for variable in variables], axis=1)
    drawn = _people(codes, variables, Streams(pool, random_state))
    cells, times = np.unique(drawn, axis=0, return_counts=True)
    margins = list(_reachable(codes, cells, variables))
    raked = rake(times.astype(float), margins, rounds=ROUNDS, tolerance=1e-4)
    order = neighbors(cells, raked.weights, variables)
    points = {
        variable.name: _points(variable, tables[variable.name]) for variable in variables if variable.edges
    }
    return Joint(variables, cells[order], raked.weights[order], provenance, points, raked.largest_error)


def read_table(file: Path) -> Columns:
    """Return the columns of a CSV, JSONL or Parquet file, compressed or not; a missing cell of text is "".

    Raises
    ------
    BadInput
        When the file is no such table.
    """
    import duckdb

    kind = next((kind for ending, kind in _TABLES.items() if ending in file.suffixes), None)
    if not file.is_file():
        raise BadInput(
            f"{file}: {'is a folder' if file.is_dir() else 'no such file'}. Name a table of people."
        )
    if kind is None:
        raise BadInput(
            f"{file}: not a file whose name ends in {', '.join(_TABLES)} (or with .gz, .zst after it)."
        )
    try:
        with connect() as database:
            result = database.execute(f"SELECT * FROM {kind}", [str(file)])
            mixed = {name for name, of_kind, *_ in result.description or () if str(of_kind) == "JSON"}
            found = result.fetchnumpy()
    except duckdb.Error as error:
        raise BadInput(
            f"{file}: cannot be read as a table ({type(error).__name__}). Check its header and rows."
        ) from None
    return {name: _filled(column, is_json=name in mixed) for name, column in found.items()}


def controllable(column: NDArray[Any]) -> bool:
    """Return whether a column can be a variable: numbers without gaps, or text of at most 100 values."""
    if column.dtype.kind in "iuf":
        return not np.isnan(column.astype(float)).any()
    return len(set(map(str, column.tolist()))) <= MOST_LEVELS


def variable_of(name: str, column: NDArray[Any], *, bands: int = BANDS) -> Variable:
    """Return the variable that a column is: its values, or bands of a number of about as many people each.

    A number of few different values has a band for each that five people share; texts that fewer share are one level, "other".

    >>> variable_of("age", np.arange(20, 60, 2), bands=2).levels
    ('20-38', '40-58')
    >>> variable_of("job", np.array(["clerk"] * 9 + ["diver", ""])).levels
    ('', 'clerk', 'other')
    """
    if column.dtype.kind == "f" and np.isnan(column).any():
        raise BadInput(
            f"The column {name!r} has missing numbers. Fill them, or make bands of it with one for missing."
        )
    if column.dtype.kind in "iuf":
        return _banded(name, column, bands)
    levels = Counter(map(str, column.tolist()))
    if len(levels) > MOST_LEVELS:
        raise BadInput(
            f"The column {name!r} has {len(levels)} different values; a population is controlled by columns of at most "
            f"{MOST_LEVELS}, or numbers. Name the columns to use, or group the values."
        )
    rare = {level for level, n in levels.items() if level and n < LEAST}
    kept = (levels.keys() - rare) | ({OTHER} if rare else set())
    return Variable(name, tuple(sorted(kept)), rest=OTHER if rare else "")


def _banded(name: str, column: NDArray[Any], bands: int) -> Variable:
    values, counts = np.unique(column, return_counts=True)
    if len(values) > bands:
        edges = np.unique(np.quantile(column, np.arange(bands) / bands, method="higher"))
    else:
        edges = values[counts >= LEAST] if counts.max() >= LEAST else values[:1].copy()
    edges[0] = values[0]
    edges = edges[_apart(np.searchsorted(np.sort(column), edges).tolist(), len(column))]
    last = [*values[np.searchsorted(values, edges[1:]) - 1], values[-1]]
    ends = zip(edges.tolist(), (value.item() for value in last), strict=True)
    names = (f"{low:.15g}" if low == high else f"{low:.15g}-{high:.15g}" for low, high in ends)
    return Variable(name, tuple(names), tuple(map(float, edges)))


def _apart(starts: list[int], n: int) -> list[int]:
    """Return the places of the bands to keep, given where each starts among n sorted numbers: five people in each.

    >>> _apart([0, 1, 7, 12, 18], 20)
    [0, 2, 3]
    """
    kept = [0]
    for place, start in enumerate(starts):
        if start - starts[kept[-1]] >= LEAST and n - start >= LEAST:
            kept.append(place)
    return kept


def _people(codes: Codes, variables: tuple[Variable, ...], streams: Streams) -> Codes:
    """Return people drawn column by column, each given its parents, shape (pool, n_variables)."""
    sizes = np.array([len(variable.levels) for variable in variables])
    drawn = np.zeros((streams.n, len(variables)), dtype=np.intp)
    for column, parents in _plan(codes, sizes):
        uniform = streams.uniform(f"pool {column}")
        waiting = np.ones(streams.n, dtype=bool)
        while waiting.any():
            known, table = _given(codes, column, parents, sizes)
            asked = _keys(drawn[:, parents], sizes[parents])
            place = np.minimum(np.searchsorted(known, asked), len(known) - 1)
            fits = waiting & (known[place] == asked) & (table.sum(axis=1)[place] >= (LEAST if parents else 0))
            drawn[fits, column] = draw_codes(uniform[fits], table[place[fits]])
            waiting &= ~fits
            parents = parents[:-1]
    return drawn


def _plan(codes: Codes, sizes: Codes) -> Iterator[tuple[int, list[int]]]:
    """Yield each column with its parents, best first: next comes the column that those before tell most about."""
    n_columns = codes.shape[1]
    told = np.zeros((n_columns, n_columns))
    for a in range(n_columns):
        for b in range(a):
            told[a, b] = told[b, a] = information(_given(codes, b, [a], sizes)[1] / len(codes))
    before = [int(told.sum(axis=1).argmax())]
    yield before[0], []
    while len(before) < n_columns:
        rest = [column for column in range(n_columns) if column not in before]
        column = max(rest, key=lambda each: told[each, before].max())
        parents: list[int] = []
        while len(parents) < min(PARENTS, len(before)):
            left = [each for each in before if each not in parents]
            gains = [
                information(_given(codes, column, [*parents, each], sizes)[1] / len(codes)) for each in left
            ]
            parents.append(left[int(np.argmax(gains))])
        yield column, parents
        before.append(column)


def _given(codes: Codes, column: int, parents: list[int], sizes: Codes) -> tuple[Codes, NDArray[np.float64]]:
    """Return the keys of the parents' levels that occur, and the counts of the column's levels for each."""
    known, place = np.unique(_keys(codes[:, parents], sizes[parents]), return_inverse=True)
    counts = np.bincount(place * sizes[column] + codes[:, column], minlength=len(known) * sizes[column])
    return known, counts.reshape(len(known), sizes[column]).astype(float)


def _keys(codes: Codes, sizes: Codes) -> Codes:
    keys = np.zeros(len(codes), dtype=np.intp)
    for column, size in zip(codes.T, sizes, strict=True):
        keys = keys * size + column
    return keys


def _reachable(codes: Codes, cells: Codes, variables: tuple[Variable, ...]) -> Iterator[Margin]:
    """Yield the table's two-way tables over the cells; what no cell holds, a person in thousands, is left to the others."""
    wanted = two_way_margins(codes, np.ones(len(codes)), variables)
    for want, have in zip(wanted, two_way_margins(cells, np.ones(len(cells)), variables), strict=True):
        shares = np.where(have.shares > 0, want.shares, 0.0)
        yield Margin(want.name, have.places, shares / shares.sum())


def _points(variable: Variable, column: NDArray[Any]) -> tuple[Points, ...]:
    """Return the numbers of each band with weights: those that five people share, the rest spread evenly between.

    A number that tells a person, such as a fortune, is so never handed on.
    """
    codes = variable.codes(column)
    return tuple(_shared(np.sort(column[codes == band])) for band in range(len(variable.levels)))


def _shared(numbers: NDArray[Any]) -> Points:
    values, counts = np.unique(numbers, return_counts=True)
    common = counts >= LEAST
    rare = counts[~common].sum()
    if not rare:
        return values, counts.astype(float)
    edge = min(LEAST - 1, (len(numbers) - 1) // 3)
    grid = np.unique(np.linspace(numbers[edge], numbers[-1 - edge], SPREAD).astype(numbers.dtype))
    between = grid[~np.isin(grid, values[~common])]
    grid = between if len(between) else grid  # whole numbers side by side: every one of the band is as likely
    weights = np.concatenate([counts[common].astype(float), np.full(len(grid), rare / len(grid))])
    return np.concatenate([values[common], grid]), weights


def _filled(column: NDArray[Any], *, is_json: bool = False) -> NDArray[Any]:
    """Return a column without a mask: NaN for a missing number, "" for missing text; anything else as text."""
    if column.dtype.kind in "iuf":
        return np.ma.filled(column.astype(float), np.nan) if np.ma.is_masked(column) else np.asarray(column)
    said = [unwrapped(cell) if is_json else cell for cell in column.tolist()]
    cells = np.empty(len(column), dtype=object)
    cells[:] = ["" if cell is None or cell is np.ma.masked else _said(cell) for cell in said]
    return cells


def _said(cell: object) -> str:
    """Return a cell as text, a truth value as JSON writes it."""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)
