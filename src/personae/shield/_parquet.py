"""A Parquet table, rewritten: its texts as the shield left them, and the strings of its other columns masked."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from personae.errors import BadInput
from personae.people.duck import connect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TEXTS = ("text", "body", "content", "comment", "message")  # names of the column that a table is read by
Mask = Callable[[str, str], str]


def written_parquet(
    name: str, file: Path | None, edits: Mapping[int, str], texts: frozenset[str], mask: Mask
) -> bytes:
    """Return the bytes of the table with new texts in the rows that `edits` names, the first row being 1.

    Parameters
    ----------
    name, file : str, Path
        The table's name in its archive, and where it lies.
    edits : mapping of row to text
    texts : set of str
        The text column's name in lower case where the caller named it; the first of `TEXTS` that is there otherwise.
    mask : function of a string and its column's name in lower case
        Asked once for each different string of the other columns, those inside lists and records as JSON.

    Raises
    ------
    BadInput
        When the table lies inside an archive.
    """

    if file is None:
        raise BadInput(f"{name}: a Parquet file inside an archive cannot be written back. Unpack it first.")
    with tempfile.TemporaryDirectory(prefix="personae-") as folder, connect() as database:
        out = Path(folder) / "out.parquet"
        rows = f"read_parquet({_literal(file)}, file_row_number = true)"
        described = database.execute(f"DESCRIBE SELECT * EXCLUDE (file_row_number) FROM {rows}").fetchall()
        types = {str(column): str(kind) for column, kind, *_ in described}
        lower = {column.lower(): column for column in types}
        text = next(lower[each] for each in (*texts, *TEXTS) if each in lower)
        database.execute("CREATE TABLE edits (row BIGINT, words VARCHAR)")
        database.execute(
            "INSERT INTO edits SELECT unnest(?::BIGINT[]), unnest(?::VARCHAR[])",
            [list(edits), list(edits.values())],
        )
        replaced = [f"coalesce(e.words, t.{_quoted(text)}) AS {_quoted(text)}"]
        for column, kind in types.items():
            if column != text and "VARCHAR" in kind:
                replaced += _masked(database, rows, column, kind, mask)
        database.execute(
            f"COPY (SELECT t.* EXCLUDE (file_row_number) REPLACE ({', '.join(replaced)}) FROM {rows} t "
            f"LEFT JOIN edits e ON e.row = t.file_row_number + 1 ORDER BY t.file_row_number) "
            f"TO {_literal(out)} (FORMAT parquet)"
        )
        return out.read_bytes()


def _masked(database: DuckDBPyConnection, rows: str, column: str, kind: str, mask: Mask) -> list[str]:
    """Return how a column is selected once its strings are masked; nothing where none of them changes."""
    told = _quoted(column) if kind == "VARCHAR" else f"CAST(to_json({_quoted(column)}) AS VARCHAR)"
    found = database.execute(
        f"SELECT DISTINCT {told} FROM {rows} WHERE {_quoted(column)} IS NOT NULL"
    ).fetchall()
    new = {old: fresh for (old,) in found if (fresh := mask(old, column.lower())) != old}
    if not new:
        return []
    table = _quoted(f"masked {column}")
    database.execute(
        f"CREATE TABLE {table} AS SELECT unnest(?::VARCHAR[]) AS old, unnest(?::VARCHAR[]) AS new",
        [list(new), list(new.values())],
    )
    fresh = f"(SELECT new FROM {table} WHERE old = {told.replace(_quoted(column), 't.' + _quoted(column))})"
    back = fresh if kind == "VARCHAR" else f"CAST(CAST({fresh} AS JSON) AS {kind})"
    return [f"coalesce({back}, t.{_quoted(column)}) AS {_quoted(column)}"]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
