"""Made people and what they wrote, as files: tables that `personae reveal` reads, with truth and provenance beside the text."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from personae.errors import BadInput
from personae.people.duck import connect
from personae.synth.learning import read_table
from personae.synth.population import MadePerson, write_lines, written_whole

_PERSON, _PROVENANCE = "person", "provenance"


def write_rows(rows: Iterable[dict[str, Any]], file: Path) -> int:
    """Write rows to a .jsonl or .parquet file in one step; returns how many.

    In Parquet what has fields of its own (labels, truth, provenance) is JSON in a column of text.
    """
    if file.suffix not in (".jsonl", ".parquet"):
        raise BadInput(f"{file}: the format is told by the name's end. Use .jsonl or .parquet.")
    if file.suffix == ".jsonl":
        return write_lines(rows, file)

    with tempfile.TemporaryDirectory(prefix="personae-") as folder, written_whole(file) as part:
        lines = Path(folder) / "rows.jsonl"
        written = write_lines(map(_flat, rows), lines)
        if not written:
            raise BadInput(f"{file}: there is nothing to write.")
        source, target = (str(path).replace("'", "''") for path in (lines, part))
        with connect() as database:
            database.execute(
                f"COPY (SELECT * FROM read_json_auto('{source}', format = 'newline_delimited', sample_size = -1)) "
                f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
            )
    return written


def read_people(file: Path) -> list[MadePerson]:
    """Return the people of a table that `personae synth people --out` wrote, or of any with a column `person`.

    Raises
    ------
    BadInput
        Without that column, or where two rows are of one person.
    """
    columns = read_table(file)
    if _PERSON not in columns:
        raise BadInput(f"{file.name}: has no column 'person'. It has: {', '.join(columns)}.")
    people = list(_people(columns, file.name))
    if len({person.id for person in people}) != len(people):
        raise BadInput(f"{file.name}: two rows are of one person; give a row a person, not a row a text.")
    return people


def _people(columns: dict[str, Any], name: str) -> Iterator[MadePerson]:
    names = tuple(columns)
    for row in zip(*(column.tolist() for column in columns.values()), strict=True):
        fields = {key: value for key, value in zip(names, row, strict=True) if value not in ("", None)}
        yield MadePerson(str(fields.pop(_PERSON)), fields, str(fields.pop(_PROVENANCE, name)))


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
        for name, value in row.items()
    }
