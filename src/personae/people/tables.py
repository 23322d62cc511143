"""Tables of many people: JSONL, CSV or Parquet, streamed person by person.

Columns are `person` and `text`, and where there are any `id`, `time`, `source`, `kind`, `thread` and `role`. People's ids are
taken as they stand.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, cast, get_args

from personae.errors import BadInput
from personae.people.archives._grouping import grouped
from personae.people.archives._json import AS_WRITTEN, json_keys, json_records
from personae.people.archives._source import Source, open_source, printable
from personae.people.archives._text import (
    PROBES,
    as_object,
    as_text,
    clean,
    csv_header,
    csv_rows,
    damaged,
    event_id,
    parse_time,
    where,
)
from personae.people.archives.rows import Options, Row, RowError
from personae.people.duck import connect
from personae.people.records import KINDS, ROLES, Kind, Role, Trace

NAME = "table"
ALIASES: dict[str, tuple[str, ...]] = {
    "person": ("person", "person_id", "user_id", "author", "user", "username"),
    "text": ("text", "body", "content", "comment", "message"),
    "id": ("id", "event_id"),
    "time": ("time", "timestamp", "date", "created_at", "created_utc"),
    "source": ("source",),
    "kind": ("kind",),
    "thread": ("thread", "thread_id", "conversation_id"),
    "role": ("role", "author_role"),
}
_ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
_BATCH = 4096
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS: dict[str, Kind] = {"": "message", **{kind: kind for kind in get_args(Kind)}}
_ROLES: dict[str, Role] = {"": "self", **{role: role for role in get_args(Role)}}

Columns = dict[str, str]
Values = tuple[str, str, str, Any, str, str, str, str]  # person, text, id, time, source, kind, thread, role


def detect(source: Source) -> float:
    """Return how sure it is: columns named exactly `person` and `text`, or names that mean them."""
    best = 0.0
    for name in _candidates(source)[:PROBES]:
        columns = _matched(_names(source, name), Options())
        if columns.get("person") == "person" and columns.get("text") == "text":
            return 0.9
        best = max(best, 0.5 if {"person", "text"} <= set(columns) else 0.0)
    return best


def lacking(source: Source) -> str:
    """Return the one column, `person` or `text`, that keeps a single file from being a table; nothing where none does."""
    columns = _matched(_names(source, source.names[0]), Options()) if len(source.names) == 1 else {}
    missing = {"person", "text"} - set(columns)
    return missing.pop() if len(missing) == 1 else ""


def read(source: Source, options: Options) -> Iterator[Row]:
    """Yield the rows person by person, in the table's order within a person; bad rows are errors.

    Raises
    ------
    BadInput
        When there is no person or no text column, or `options.columns` names one that is not there.
    """
    tables = [(name, _columns(source, name, names, options)) for name, names in _tables(source, options)]
    packed = [(name, columns) for name, columns in tables if _is_parquet(source, name)]
    if len(packed) == len(tables) == 1:
        return _parquet_rows(source, *packed[0], options, by_person=True)
    parquet = (_parquet_rows(source, name, columns, options) for name, columns in packed)
    texts = (_text_rows(source, *table, options) for table in tables if table not in packed)
    return grouped(chain.from_iterable(chain(parquet, texts)))


def records(source: Source, name: str) -> Iterator[tuple[int | str, dict[str, Any]] | RowError]:
    """Yield (row number or JSON pointer, values by column) for the rows of a table, or an error for one that cannot be read.

    The columns of CSV are in lower case; a row of CSV counts as in a spreadsheet, where the header is 1.
    """
    if _is_parquet(source, name):
        return _parquet_records(source, name)
    if not json_keys(source, name):
        return cast("Iterator[tuple[int | str, dict[str, Any]] | RowError]", csv_rows(source, name))
    return (
        row if isinstance(row, RowError) else (row[0], as_object(row[1]))
        for row in json_records(source, name)
    )


def read_columns(
    path: Path, needed: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[tuple[int, tuple[str | None, ...]]]:
    """Yield the number of each row and the values of these columns as the text that stands there, None where there is none.

    Any table of this module's formats will do, whatever its name ends in; no value is taken for a number, a time or an id.

    Parameters
    ----------
    path : Path
    needed, optional : sequences of str
        Names of columns, in lower case; of an optional one that the table lacks every value is None.

    Yields
    ------
    tuple of (row, values)
        The row is the line of a JSONL file, else the row from 1, a CSV's header being the first.

    Raises
    ------
    BadInput
        When the file is no table, a needed column is missing, or a row cannot be read; names the file and the row.
    """
    file = printable(path.name)
    if not path.is_file():
        raise BadInput(f"{file}: no such file. Name a JSONL, CSV or Parquet table with {', '.join(needed)}.")
    with open_source(path) as source:
        name = source.names[0] if len(source.names) == 1 else ""
        names = _all_names(source, name) if name else frozenset()
        if not names:
            raise BadInput(f"{file}: not a JSONL, CSV or Parquet table that can be read.")
        if missing := [column for column in needed if column not in names]:
            may = f" and may have {', '.join(optional)}" if optional else ""
            raise BadInput(f"{file}: no column {', '.join(missing)}. It must have {', '.join(needed)}{may}.")
        columns = [*needed, *optional]
        is_parquet = _is_parquet(source, name)
        for row in _packed(source, name, columns, names) if is_parquet else _written(source, name, columns):
            if isinstance(row, RowError):
                place = row.where.removeprefix(name).removeprefix(":")
                at = f", row {_number_of(place)}" if place else ""
                raise BadInput(f"{file}{at}: {row.reason}; {row.mend}.")
            yield _number_of(row[0]), row[1]


def _all_names(source: Source, name: str) -> frozenset[str]:
    """Return the column names; of JSON also those of a first record that is longer than what `_names` looks at."""
    names = _names(source, name)
    if names and json_keys(source, name):
        first = next(json_records(source, name), None)
        names = [*names, *(as_object(first[1]) if isinstance(first, tuple) else ())]
    return frozenset(names)


def _number_of(place: int | str) -> int:
    """Return the number of a row from 1: a line as it is, an entry of a JSON array from its pointer."""
    return place if isinstance(place, int) else int(place.split("/")[1]) + 1 if "/" in place else int(place)


def _written(
    source: Source, name: str, columns: Sequence[str]
) -> Iterator[tuple[int | str, tuple[str | None, ...]] | RowError]:
    """Yield the values of a JSON or CSV table as they are written there."""
    if json_keys(source, name):
        for row in json_records(source, name, AS_WRITTEN):
            if isinstance(row, RowError):
                yield row
                continue
            record = as_object(row[1])
            yield row[0], tuple(_as_written(record.get(column)) for column in columns)
        return
    for row in csv_rows(source, name):
        if isinstance(row, RowError):
            yield row
        else:
            yield row[0], tuple(as_text(row[1].get(column)) or None for column in columns)


def _as_written(value: object) -> str | None:
    """Return text, a truth value or a structure as JSON has it; numbers come as text already."""
    if value is None or isinstance(value, str):
        return value if value is None else as_text(value)
    return json.dumps(value, ensure_ascii=False)


def _packed(
    source: Source, name: str, columns: Sequence[str], names: Collection[str]
) -> Iterator[tuple[int, tuple[str | None, ...]] | RowError]:
    """Yield the values of a Parquet file as text."""
    import duckdb

    source.opened.add(name)
    wanted = ", ".join(f'"{column}"::VARCHAR' if column in names else "NULL" for column in columns)
    number = 0
    try:
        with connect() as database:
            found = database.execute(f"SELECT {wanted} FROM read_parquet(?)", [_path(source, name)])
            rows = chain.from_iterable(iter(lambda: found.fetchmany(_BATCH), []))
            for number, values in enumerate(rows, 1):
                yield number, values
    except duckdb.Error as error:
        yield damaged(name, number, BadInput(f"damaged ({type(error).__name__})"))


def _candidates(source: Source) -> tuple[str, ...]:
    if len(source.names) == 1:
        return source.names
    return tuple(name for name in source.names if name.lower().endswith(_ENDINGS))


def _tables(source: Source, options: Options) -> list[tuple[str, list[str]]]:
    """Return the tables as (file, its column names): those with the columns, or the only one for `_columns` to judge."""
    found = [(name, _names(source, name)) for name in _candidates(source)]
    fitting = [(name, names) for name, names in found if "text" in _matched(names, options)]
    if fitting or (found and len(source.names) == 1):
        return fitting or found
    raise BadInput(f"{printable(source.path.name)}: no table in it has the columns that were named.")


def _is_parquet(source: Source, name: str) -> bool:
    return source.head(name, 4) == b"PAR1"


def _names(source: Source, name: str) -> list[str]:
    """Return the column names of a table, empty where it is none."""
    if _is_parquet(source, name):
        return list(_parquet_types(source, name))
    keys = json_keys(source, name)
    if keys:
        return sorted({key.removeprefix("/*")[1:] for key in keys if key.removeprefix("/*").count("/") == 1})
    return list(csv_header(source, name))


def _matched(names: Iterable[str], options: Options) -> Columns:
    """Return their name for each of our columns that is there: the caller's choice, else the first alias."""
    by_lower = {name.lower(): name for name in names}
    columns = {}
    for ours, aliases in ALIASES.items():
        wanted = (options.columns[ours],) if ours in options.columns else aliases
        if theirs := next((by_lower[alias.lower()] for alias in wanted if alias.lower() in by_lower), None):
            columns[ours] = theirs
    return columns


def _columns(source: Source, name: str, names: list[str], options: Options) -> Columns:
    file = printable(name)
    for ours in options.columns:
        if ours not in ALIASES:
            near = difflib.get_close_matches(ours, ALIASES, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise BadInput(f"No column of ours is named {ours!r}.{hint} Columns: {', '.join(ALIASES)}.")
    columns = _matched(names, options)
    has = ", ".join(printable(column) for column in names[:30]) or "none that can be read"
    for ours, theirs in options.columns.items():
        if ours not in columns:
            raise BadInput(f"{file}: has no column {theirs!r}. It has: {has}.")
    if "text" not in columns or ("person" not in columns and not options.person):
        missing = "text" if "text" not in columns else "person"
        raise BadInput(
            f"{file}: which column is {missing!r}? Say so with --map {missing}=NAME. It has: {has}."
        )
    return columns


def _text_rows(source: Source, name: str, columns: Columns, options: Options) -> Iterator[Row]:
    for row in records(source, name):
        if isinstance(row, RowError):
            yield row
            continue
        record = row[1]
        found = [record.get(columns[ours]) if ours in columns else None for ours in ALIASES]
        person, text, id, time, *rest = found
        values = (as_text(person), as_text(text), as_text(id), parse_time(time), *map(as_text, rest))
        yield _trace(cast("Values", values), where(name, row[0]), options)


def _trace(values: Values, place: str, options: Options) -> Row:
    person, words, given, time, source, kind, thread, role = values
    person = person or options.person
    text = clean(words, options)
    if not person:
        return RowError(place, "no person")
    if not text or text.isspace():
        return RowError(place, "no text")
    if kind not in _KINDS:
        return RowError(place, "an unknown kind", "one of " + ", ".join(KINDS))
    if role not in _ROLES:
        return RowError(place, "an unknown role", "one of " + ", ".join(ROLES))
    source = source or NAME
    id = given or event_id(source, "", time, text, place)
    return Trace(person, source, id, time, _KINDS[kind], _ROLES[role], thread, text, where=place)


def _parquet_types(source: Source, name: str) -> dict[str, str]:
    """Return the type of each column of a Parquet file; empty where it cannot be read."""
    import duckdb

    try:
        with connect() as database:
            rows = database.execute(
                "DESCRIBE SELECT * FROM read_parquet(?)", [_path(source, name)]
            ).fetchall()
    except (duckdb.Error, BadInput):
        return {}
    return {row[0]: row[1] for row in rows}


def _path(source: Source, name: str) -> str:
    """Return the path of a file as DuckDB takes it, its wildcards taken literally."""
    return _WILDCARD.sub(r"[\g<0>]", str(source.on_disk(name).absolute()))


_WILDCARD = re.compile(r"[\[*?]")


def _parquet_rows(
    source: Source, name: str, columns: Columns, options: Options, *, by_person: bool = False
) -> Iterator[Row]:
    """Yield the rows of a Parquet file; by person, sorted out of core unless each person's rows stand together."""
    import tempfile

    import duckdb

    source.opened.add(name)
    types = _parquet_types(source, name)
    selected = ", ".join(_expression(columns.get(ours), types, ours) for ours in ALIASES)
    query = f"SELECT {selected}, file_row_number + 1 AS row FROM read_parquet(?, file_row_number = true)"
    moment = _from_microseconds if _is_moment(types.get(columns.get("time", ""), "")) else parse_time
    number = 0
    try:
        with tempfile.TemporaryDirectory(prefix="personae-") as folder:
            settings: dict[str, Any] = {"memory_limit": "1GB", "threads": 2, "temp_directory": folder}
            with connect(settings=settings) as database:
                file = [_path(source, name)]
                if by_person and not database.execute(_IS_GROUPED.format(query), file * 2).fetchall()[0][0]:
                    query += " ORDER BY person, row"
                found = database.execute(query, file)
                while batch := found.fetchmany(_BATCH):
                    for person, text, id, time, *rest, number in batch:
                        yield _trace((person, text, id, moment(time), *rest), where(name, number), options)
    except duckdb.Error as error:
        yield damaged(
            name, number, BadInput(f"damaged ({type(error).__name__}); the rows before it were read")
        )


def _parquet_records(source: Source, name: str) -> Iterator[tuple[int | str, dict[str, Any]] | RowError]:
    import duckdb

    source.opened.add(name)
    number = 0
    try:
        with connect() as database:
            found = database.execute(
                "SELECT * FROM read_parquet(?, file_row_number = true)", [_path(source, name)]
            )
            names = [column[0] for column in found.description or ()][:-1]
            while batch := found.fetchmany(_BATCH):
                for *values, place in batch:
                    number = place + 1
                    yield number, dict(zip(names, values, strict=True))
    except duckdb.Error as error:
        yield damaged(name, number, BadInput(f"damaged ({type(error).__name__})"))


_IS_GROUPED = """
SELECT (SELECT count(*) FROM (SELECT person IS DISTINCT FROM lag(person) OVER () AS changed FROM
            (SELECT person FROM ({0}) WHERE person <> '')) WHERE changed)
     = (SELECT count(DISTINCT person) FROM ({0}) WHERE person <> '')
"""


def _expression(theirs: str | None, types: dict[str, str], ours: str) -> str:
    """Return the SQL that reads a column: text, and time as microseconds or as a number or string to be parsed."""
    if theirs is None:
        return f"{'NULL' if ours == 'time' else repr('')} AS {ours}"
    column = '"' + theirs.replace('"', '""') + '"'
    kind = types[theirs]
    if ours == "time" and _is_moment(kind):
        zoned = column if kind == "TIMESTAMP WITH TIME ZONE" else f"{column}::TIMESTAMP"
        return f"CASE WHEN isfinite({column}) THEN epoch_us({zoned}) END AS {ours}"
    if ours == "time" and kind in _NUMBERS:
        return f"{column} AS {ours}"
    text = (
        f"CASE WHEN isfinite({column}) THEN {column}::VARCHAR END"
        if kind in {"FLOAT", "DOUBLE"}
        else f"{column}::VARCHAR"
    )
    return f"replace(coalesce({text}, ''), chr(0), '') AS {ours}"


_NUMBERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UINTEGER", "UBIGINT", "FLOAT", "DOUBLE"}


def _is_moment(kind: str) -> bool:
    return kind.startswith("TIMESTAMP") or kind == "DATE"


def _from_microseconds(time: int | None) -> datetime | None:
    try:
        return None if time is None else _EPOCH + timedelta(microseconds=time)
    except OverflowError:
        return None
