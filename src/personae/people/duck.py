"""Connections to DuckDB that print nothing: where it takes its host for a person, it draws a progress bar on stdout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


def connect(
    path: Path | str = ":memory:", settings: Mapping[str, Any] | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file, or a database in memory, with the settings and without the progress bar.

    Examples
    --------
    >>> with connect() as database:
    ...     database.execute("SELECT current_setting('enable_progress_bar')").fetchone()
    (False,)
    """
    import duckdb

    connection = duckdb.connect(str(path), config=dict(settings or {}))
    connection.execute("SET enable_progress_bar = false")
    return connection


def unwrapped(cell: object) -> object:
    """Return what a cell says of a JSON column, as DuckDB reads one whose cells are of several kinds.

    >>> [unwrapped(cell) for cell in ('"late"', '""', "3", "null", '{"a": 1}')]
    ['late', '', 3, None, '{"a": 1}']
    """
    if not isinstance(cell, str) or cell.startswith(("{", "[")):
        return cell
    return json.loads(cell)
