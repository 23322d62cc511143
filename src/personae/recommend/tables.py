"""Tables of what people did with items: JSONL, CSV or Parquet, one row an interaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from personae.errors import BadInput
from personae.people.archives._source import open_source
from personae.people.archives._text import as_number, as_text, parse_time, where
from personae.people.archives.rows import RowError
from personae.people.tables import records
from personae.recommend.interactions import Interactions, interactions

_Row = tuple[str, str, int, object, object]  # person, item, number, time, value
_KINDS = "a JSONL, CSV or Parquet table of interactions"


def read_interactions(path: Path | str) -> Interactions:
    """Read a JSONL, CSV or Parquet table with columns `person` and `item`, optionally `time` (seconds, or a date) and `value`.

    Rows that cannot be read, or name nobody or nothing, are left out and stand in `Interactions.skipped`.

    Raises
    ------
    BadInput
        When a column is missing, no row is left, or a time or value is no number; names the file and the row.
    """
    file = Path(path)
    if not file.is_file():
        what = "a folder" if file.is_dir() else "no such file"
        raise BadInput(f"{file.name}: {what}. Name {_KINDS}.")
    kept: list[_Row] = []
    skipped: list[RowError] = []
    named: set[str] = set()  # columns of rows that are left out
    for row in _records(file):
        if isinstance(row, RowError):
            skipped.append(row)
            continue
        number, record = row
        person, item = (as_text(record.get(name)) for name in ("person", "item"))
        if person.strip() and item.strip():
            kept.append((person, item, number, record.get("time"), record.get("value")))
            continue
        named |= record.keys()
        skipped.append(RowError(where(file.name, number), "no item" if person.strip() else "no person"))
    if not kept:
        raise BadInput(_unusable(file, skipped, named))
    times = _numbers(file, "time", [(row, time) for _, _, row, time, _ in kept])
    values = _numbers(file, "value", [(row, value) for _, _, row, _, value in kept])
    rows = interactions([each[0] for each in kept], [each[1] for each in kept], times=times, values=values)
    return replace(rows, skipped=tuple(skipped))


def _records(file: Path) -> Iterator[tuple[int, dict[str, Any]] | RowError]:
    with open_source(file) as source:
        if len(source.names) != 1:
            raise BadInput(f"{file.name}: an archive. Name {_KINDS}.")
        for row in records(source, source.names[0]):
            if isinstance(row, RowError):
                yield row
            else:
                place, record = row
                yield place if isinstance(place, int) else int(place.rpartition("/")[2]) + 1, record


def _unusable(file: Path, skipped: list[RowError], named: set[str]) -> str:
    if not skipped:
        return f"{file.name}: no rows. Name {_KINDS}."
    missing = [name for name in ("person", "item") if name not in named]
    if named and missing:
        return f"{file.name}: no column {', '.join(missing)}; {_KINDS} has person and item."
    first = skipped[0]
    return f"{file.name}: none of its {len(skipped)} rows can be used; {first.where}: {first.reason}. Name {_KINDS}."


def _numbers(file: Path, name: str, cells: list[tuple[int, object]]) -> list[float] | None:
    """Return a column of numbers, None where it is empty all the way."""
    if all(_is_blank(cell) for _, cell in cells):
        return None
    numbers = []
    for row, cell in cells:
        number = as_number(cell if isinstance(cell, int | float | str) else str(cell))
        if number is None and name == "time" and (moment := parse_time(str(cell))) is not None:
            number = moment.timestamp()
        if number is None:
            what = "there is none" if _is_blank(cell) else "it is not a finite number"
            also = " or a date" if name == "time" else ""
            raise BadInput(
                f"{file.name}, row {row}, {name}: {what}. Write a number{also}, or leave out the row."
            )
        numbers.append(number)
    return numbers


def _is_blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())
