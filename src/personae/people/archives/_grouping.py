"""Rows of many people brought together person by person, on disk where they are many."""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from personae.people.archives.rows import Row, RowError
from personae.people.duck import connect
from personae.people.records import Item, Trace

_IN_MEMORY = 20_000  # traces held before a temporary file takes them
_BATCH = 8192
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def grouped(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield every error as it comes, then the traces person by person, in their own order within a person.

    Rows that already stand together keep their order; others are sorted by person. Past 20,000 traces they wait in a
    temporary DuckDB file that sorts them out of core and is deleted at the end; memory grows only with the number of people.
    """
    order = _Order()
    errors: list[RowError] = []
    traces = order.watch(_through(rows, errors))
    held: list[Trace] = []
    for trace in traces:
        yield from _taken(errors)
        held.append(trace)
        if len(held) == _IN_MEMORY:
            yield from _spooled(held, traces, order, errors)
            return
    yield from _taken(errors)
    if not order.is_grouped:
        held.sort(key=lambda trace: trace.person)
    yield from held


class _Order:
    """Watches whether the traces of each person stand together."""

    def __init__(self) -> None:
        self.is_grouped = True
        self._seen: set[int] = set()
        self._person: str | None = None

    def watch(self, traces: Iterator[Trace]) -> Iterator[Trace]:
        for trace in traces:
            if self.is_grouped and trace.person != self._person:
                self._person = trace.person
                mark = hash(trace.person)
                self.is_grouped = mark not in self._seen
                self._seen.add(mark)
            yield trace


def _through(rows: Iterator[Row], errors: list[RowError]) -> Iterator[Trace]:
    for row in rows:
        if isinstance(row, RowError):
            errors.append(row)
        else:
            yield row


def _taken(errors: list[RowError]) -> Iterator[RowError]:
    yield from errors
    errors.clear()


def _spooled(
    held: list[Trace], traces: Iterator[Trace], order: _Order, errors: list[RowError]
) -> Iterator[Row]:

    with tempfile.TemporaryDirectory(prefix="personae-") as folder:
        settings: dict[str, Any] = {"memory_limit": "512MB", "threads": 2, "temp_directory": folder}
        with connect(Path(folder) / "rows.duckdb", settings) as database:
            database.execute("CREATE TABLE spool (person VARCHAR, place BIGINT, packed BLOB)")
            place = 0
            while held:
                _insert(database, held, place)
                place += len(held)
                held = list(islice(traces, _BATCH))
                yield from _taken(errors)
            by = "place" if order.is_grouped else "person, place"
            found = database.execute(f"SELECT packed FROM spool ORDER BY {by}")
            while batch := found.fetchmany(_BATCH):
                for (packed,) in batch:
                    yield _unpacked(packed)


def _insert(database: Any, traces: list[Trace], place: int) -> None:
    import numpy as np

    batch = {
        "person": np.array([trace.person for trace in traces], dtype=object),
        "place": np.arange(place, place + len(traces)),
        "packed": np.array([_packed(trace) for trace in traces], dtype=object),
    }
    database.register("batch", batch)
    database.execute("INSERT INTO spool SELECT person, place, packed FROM batch")
    database.unregister("batch")


def _packed(trace: Trace) -> bytes:
    moment = None if trace.time is None else (trace.time - _EPOCH) // _MICROSECOND
    item = None if trace.item is None else (trace.item.id, trace.item.title, trace.item.creator)
    return marshal.dumps(
        (
            trace.person, trace.source, trace.id, moment, trace.kind, trace.role, trace.thread, trace.text, item,
            trace.value, trace.where,
        )
    )  # fmt: skip


def _unpacked(packed: bytes) -> Trace:
    person, source, id, moment, kind, role, thread, text, item, value, where = marshal.loads(packed)
    time = None if moment is None else _EPOCH + timedelta(microseconds=moment)
    return Trace(
        person, source, id, time, kind, role, thread, text, Item(*item) if item else None, value, where
    )
