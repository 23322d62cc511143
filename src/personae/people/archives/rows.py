"""What an importer yields: a trace, or a typed error for the row it could not read; and how they are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from personae.people.archives._source import Source
from personae.people.records import Trace


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that was skipped: where it stands, why, and how to mend it. Never holds a word of the row."""

    where: str
    reason: str
    mend: str = ""


Row = Trace | RowError


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller may decide about reading.

    `day_first` settles dates such as 03/04/2024 where the file does not; `person` names the owner where the archive does
    not; `columns` maps our column names to the table's own; `keep_identifiers` keeps e-mail addresses, phone numbers and
    IP addresses, which are dropped at the door otherwise.
    """

    day_first: bool | None = None
    person: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    keep_identifiers: bool = False


class Importer(Protocol):
    """One platform's archive: a module of this package that has these three names."""

    NAME: str

    def detect(self, source: Source) -> float:
        """Return how sure the content is this platform's, in [0, 1]; reads headers or keys, not file names alone."""

    def read(self, source: Source, options: Options) -> Iterator[Row]:
        """Yield a trace or an error for every row, in the order of the archive, in constant memory."""


@dataclass(slots=True)
class Tally:
    """Counts what was read while rows pass through: `read` = `kept` + `skipped`.

    `errors` holds the first hundred; `reasons` counts all of them. Under `since`, `older` counts the traces that were left out
    before they were counted as read, and `undated` those that stayed for want of a time. `misdated` counts the traces that
    came with a time that cannot be and stayed without it, by where it lies.
    """

    read: int = 0
    kept: int = 0
    skipped: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    errors: list[RowError] = field(default_factory=list)
    first: datetime | None = None
    last: datetime | None = None
    since: datetime | None = None
    older: int = 0
    undated: int = 0
    misdated: Counter[str] = field(default_factory=Counter)

    def is_recent(self, trace: Trace) -> bool:
        """Return whether a trace is no older than `since`, or has no time; count those left out and those without."""
        if self.since is None:
            return True
        if trace.time is None:
            self.undated += 1
            return True
        self.older += trace.time < self.since
        return trace.time >= self.since

    def traces(self, rows: Iterable[Row]) -> Iterator[Trace]:
        """Yield the traces among the rows; count both."""
        for row in rows:
            self.read += 1
            if isinstance(row, RowError):
                self.skip(row)
                continue
            self.kept += 1
            if row.time is not None:
                self.first = min(self.first or row.time, row.time)
                self.last = max(self.last or row.time, row.time)
            yield row

    def skip(self, error: RowError) -> None:
        self.skipped += 1
        self.reasons[error.reason] += 1
        if len(self.errors) < 100:
            self.errors.append(error)

    def as_json(self) -> dict[str, Any]:
        counts = {"read": self.read, "kept": self.kept, "skipped": self.skipped}
        if self.misdated:
            counts["misdated"] = self.misdated.total()
        return counts | ({"older": self.older, "undated": self.undated} if self.since else {})
