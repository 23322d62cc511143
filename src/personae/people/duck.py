"""Connections to DuckDB that print nothing: where it takes its host for a person, it draws a progress bar on stdout."""

from __future__ import annotations

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
