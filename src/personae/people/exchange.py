"""Traces and claims as JSONL or Parquet files, out of a store and back: nothing is lost on the way.

A JSONL file of traces is also a table of many people, one person's rows together, in order of time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args

from personae.errors import BadInput
from personae.people._columns import key
from personae.people._database import quoted
from personae.people.archives._json import json_keys, json_lines
from personae.people.archives._source import open_source
from personae.people.archives._text import as_number, parse_time, where
from personae.people.archives.rows import Row, RowError
from personae.people.duck import connect
from personae.people.records import KINDS, ROLES, Claim, Evidence, Guess, Item, Kind, Role, Status, Trace
from personae.people.store import Store

What = Literal["traces", "claims"]
_FORMATS = {".jsonl": "FORMAT json", ".parquet": "FORMAT parquet, COMPRESSION zstd"}
_COLUMNS = {  # what tells a file's contents comes before what may be long
    "traces": (
        "person", "source", "id", "time", "kind", "role", "thread", "text",
        "CASE WHEN item_id IS NOT NULL THEN {'id': item_id, 'title': item_title, 'creator': item_creator} END AS item",
        "value", '"where"',
    ),
    "claims": (
        "person", "attribute", "status", "abstained", "method", "model", "guesses", "evidence", "time", "valid_from",
        "valid_to", "purpose", "decision", "superseded_by",
    ),
}  # fmt: skip
_ORDER = {"traces": "person, time NULLS LAST, place", "claims": "person, place"}
_TIMES = ("time", "valid_from", "valid_to")
_BATCH = 10_000
_MEND = "export it again, or mend the row"


def export(store: Store, file: Path, what: What = "traces", person: str | None = None) -> int:
    """Write the rows of everyone, or of one person, beside the file and put them in its place; returns how many."""
    form = _FORMATS.get(file.suffix)
    if form is None:
        raise BadInput(f"{file}: the format is told by the name's end. Use {' or '.join(_FORMATS)}.")
    spelled = (
        "strftime({0}, '%Y-%m-%dT%H:%M:%S.%fZ') AS {0}"
        if file.suffix == ".jsonl"
        else "{0} AT TIME ZONE 'UTC' AS {0}"
    )
    columns = ", ".join(spelled.format(name) if name in _TIMES else name for name in _COLUMNS[what])
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        part.touch(mode=0o600)
        [(rows,)] = store.database.execute(
            f"COPY (SELECT {columns} FROM {what} WHERE ?::VARCHAR IS NULL OR person = ? ORDER BY {_ORDER[what]}) "
            f"TO {quoted(part)} ({form}, USE_TMP_FILE false)",
            (None if person is None else key(person),) * 2,
        )
        part.replace(file)
    except OSError as error:
        raise BadInput(f"{file}: cannot be written ({error.strerror}). Name another file.") from None
    finally:
        part.unlink(missing_ok=True)
    return int(rows)


def contents(file: Path) -> What | None:
    """Say what an exported file holds by its columns; None when it is no export of a store."""
    with open_source(file) as source:
        keys = json_keys(source, source.names[0]) if len(source.names) == 1 else frozenset()
    names = (
        {name for name, _ in _parquet_columns(file)}
        if file.suffix == ".parquet"
        else {key[1:] for key in keys}
    )
    if {"person", "attribute", "status"} <= names:
        return "claims"
    return "traces" if {"person", "source", "id", "role"} <= names else None


def read_traces(file: Path) -> Iterator[Row]:
    """Yield a trace or an error for every row of an exported file, in constant memory."""
    for spot, row in _rows(file):
        yield row if isinstance(row, RowError) else _trace(row, spot)


def read_claims(file: Path) -> Iterator[Claim | RowError]:
    """Yield a claim or an error for every row of an exported file, in constant memory."""
    for spot, row in _rows(file):
        yield row if isinstance(row, RowError) else _claim(row, spot)


def _rows(file: Path) -> Iterator[tuple[str, Any]]:
    if file.suffix == ".parquet":
        yield from _parquet_rows(file)
        return
    with open_source(file) as source:
        for name in source.names[:1]:
            for row in json_lines(source, name):
                yield ("", row) if isinstance(row, RowError) else (where(name, row[0]), row[1])


def _parquet_columns(file: Path) -> list[tuple[str, str]]:
    import duckdb

    try:
        with connect() as connection:
            found = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(file)]).fetchall()
        return [(name, kind) for name, kind, *_ in found]
    except duckdb.Error as error:
        failure = type(error).__name__
    raise BadInput(f"{file}: not a readable Parquet file ({failure}). Export it again.")


def _parquet_rows(file: Path) -> Iterator[tuple[str, Any]]:
    import duckdb

    columns = _parquet_columns(file)
    names = [name for name, _ in columns]
    chosen = (f'"{name}"' + " AT TIME ZONE 'UTC'" * kind.endswith("TIME ZONE") for name, kind in columns)
    number = 0
    try:
        with connect() as connection:
            rows = connection.execute(f"SELECT {', '.join(chosen)} FROM read_parquet(?)", [str(file)])
            while batch := rows.fetchmany(_BATCH):
                for row in batch:
                    number += 1
                    yield where(file.name, number), dict(zip(names, row, strict=True))
        return
    except duckdb.Error as error:
        failure = type(error).__name__
    yield "", RowError(where(file.name, number + 1), f"damaged from here on ({failure})", _MEND)


class _Unfit(Exception):
    """Why a row cannot be used; names the column, never what stands in it."""


def _trace(row: Any, spot: str) -> Trace | RowError:
    try:
        cells = _cells(row)
        kind, role = _text(cells, "kind", "message"), _text(cells, "role", "self")
        if kind not in KINDS or role not in ROLES:
            raise _Unfit("a kind or role that does not exist")
        return Trace(
            _text(cells, "person"), _text(cells, "source"), _text(cells, "id"), _time(cells, "time"),
            cast("Kind", kind), cast("Role", role), _text(cells, "thread", ""), _text(cells, "text", ""),
            _item(cells.get("item")), _number(cells, "value"), _text(cells, "where", ""),
        )  # fmt: skip
    except _Unfit as unfit:
        return RowError(spot, str(unfit), _MEND)


def _claim(row: Any, spot: str) -> Claim | RowError:
    try:
        cells = _cells(row)
        status, abstained = _text(cells, "status"), cells.get("abstained")
        if status not in get_args(Status) or not isinstance(abstained, bool):
            raise _Unfit("a status that does not exist, or abstained is not true or false")
        return Claim(
            _text(cells, "person"), _text(cells, "attribute"), _guesses(cells.get("guesses")),
            cast("Status", status), abstained, _text(cells, "method"), _evidence(cells.get("evidence")),
            _text(cells, "model", ""), _time(cells, "time"), _time(cells, "valid_from"), _time(cells, "valid_to"),
            _text(cells, "purpose", "self-audit"), _text(cells, "decision", ""), _text(cells, "superseded_by", ""),
        )  # fmt: skip
    except _Unfit as unfit:
        return RowError(spot, str(unfit), _MEND)
    except BadInput:
        return RowError(spot, "a probability outside [0, 1], or no guesses and no abstention", _MEND)


def _guesses(cell: Any) -> tuple[Guess, ...]:
    rows = [_cells(row) for row in _list(cell, "guesses")]
    return tuple(Guess(_text(row, "value"), _number(row, "probability") or 0.0) for row in rows)


def _evidence(cell: Any) -> tuple[Evidence, ...]:
    rows = [_cells(row) for row in _list(cell, "evidence")]
    return tuple(
        Evidence(
            _text(row, "trace"),
            _text(row, "where", ""),
            _spans(row.get("spans")),
            _number(row, "weight") or 0.0,
        )
        for row in rows
    )


def _spans(cell: Any) -> tuple[tuple[int, int], ...]:
    pairs = [tuple(_list(pair, "spans")) for pair in _list(cell, "spans")]
    if any(len(pair) != 2 or not all(type(end) is int for end in pair) for pair in pairs):
        raise _Unfit("spans are not pairs of whole numbers")
    return cast("tuple[tuple[int, int], ...]", tuple(pairs))


def _item(cell: Any) -> Item | None:
    if cell is None:
        return None
    cells = _cells(cell)
    return Item(*(_text(cells, name, "") for name in ("id", "title", "creator")))


def _cells(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise _Unfit("not an object with named columns")
    return row


def _list(cell: Any, name: str) -> list[Any]:
    if not isinstance(cell, list):
        raise _Unfit(f"{name} is not a list")
    return cell


def _text(cells: dict[str, Any], name: str, default: str | None = None) -> str:
    cell = cells.get(name, default)
    if not isinstance(cell, str):
        raise _Unfit(f"{name} is missing or not text")
    return cell


def _number(cells: dict[str, Any], name: str) -> float | None:
    cell = cells.get(name)
    if cell is None:
        return None
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise _Unfit(f"{name} is not a number")
    return as_number(cell)


def _time(cells: dict[str, Any], name: str) -> datetime | None:
    cell = cells.get(name)
    if cell is None:
        return None
    if not isinstance(cell, str | datetime) or (time := parse_time(cell)) is None:
        raise _Unfit(f"{name} is not a time")
    return time
