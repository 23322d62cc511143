"""What every trace must satisfy before it leaves the importers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from personae.people.archives.rows import Row, RowError
from personae.people.records import Item, Trace, trace_id

TEXT_CHARS = 1 << 20  # a trace's text; a book has about half as many
KEY_CHARS = 200
TITLE_CHARS = 1000
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)  # no platform's archive goes back so far
_AHEAD = timedelta(days=1)  # how far a platform's clock may be before ours


def checked(rows: Iterator[Row], misdated: Counter[str]) -> Iterator[Row]:
    """Yield the rows with ids unique for one person and source, and nothing longer than a platform would make it.

    A row that repeats an id and all it says is an error; another row under a used id gets an id of its own. A trace whose
    time lies before `OLDEST` or in the future stays without one, counted in `misdated` by where its time lies.
    """
    person, newest = "", datetime.now(UTC) + _AHEAD
    seen: set[int] = set()  # of the current person: hashes of (source, id) and of what it says
    for row in rows:
        if isinstance(row, RowError):
            yield row
            continue
        if len(row.text) > TEXT_CHARS:
            yield RowError(row.where, f"a text longer than {TEXT_CHARS} characters", "cut it up")
            continue
        trace = row if _is_short(row) else _shortened(row)
        if trace.time is not None and not OLDEST <= trace.time <= newest:
            misdated["in the future" if trace.time > newest else f"before {OLDEST:%Y}"] += 1
            trace = replace(trace, time=None)
        if trace.person != person:
            person = trace.person
            seen.clear()
        id = hash((trace.source, trace.id))
        same = hash((id, trace.time, trace.text, trace.item, trace.value))
        if same in seen:
            yield RowError(trace.where, "a row that was there before")
            continue
        if id in seen:
            trace = replace(trace, id=trace_id(trace.id, trace.where))
        seen.update((same, id))
        yield trace


def _is_short(trace: Trace) -> bool:
    item = trace.item
    return len(trace.id) + len(trace.thread) + len(trace.person) + len(trace.source) <= KEY_CHARS and (
        item is None or len(item.id) + len(item.title) + len(item.creator) <= KEY_CHARS
    )


def _shortened(trace: Trace) -> Trace:
    item = trace.item and Item(
        _key(trace.item.id), trace.item.title[:TITLE_CHARS], trace.item.creator[:TITLE_CHARS]
    )
    return replace(
        trace,
        person=_key(trace.person),
        source=_key(trace.source),
        id=_key(trace.id),
        thread=_key(trace.thread),
        item=item,
    )


def _key(text: str) -> str:
    return text if len(text) <= KEY_CHARS else trace_id(text)
