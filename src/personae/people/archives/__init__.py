"""Archives of many platforms, read in place as traces or typed row errors."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from personae.people.archives._checks import checked
from personae.people.archives._grouping import grouped
from personae.people.archives._source import Limits, Source, open_source, open_stream
from personae.people.archives.detect import FORMATS, Format, detect_format, importer
from personae.people.archives.rows import Options, Row, RowError, Tally

__all__ = [
    "FORMATS",
    "Archive",
    "Format",
    "Limits",
    "Options",
    "Row",
    "RowError",
    "Tally",
    "detect_format",
    "grouped",
    "read_archive",
    "read_text",
]


@dataclass(frozen=True, slots=True)
class Archive:
    """An opened archive: the name of its format, and its rows, which can be read once.

    The rows of one person stand together.
    """

    format: str
    rows: Iterator[Row]


def read_archive(path: Path | str, options: Options | None = None, limits: Limits | None = None) -> Archive:
    """Open an archive, folder, file or table and tell its format; the rows are read as they are asked for.

    Parameters
    ----------
    path : Path
        A zip, a tar, a folder, or a single file (also .gz or .zst).
    options : Options, optional
    limits : Limits, optional
        What the archive may make us read.

    Returns
    -------
    Archive
        Every row is a trace whose id is unique for its person and source, or a `RowError`; files that were refused come
        last, as errors.

    Raises
    ------
    BadInput
        When nothing is there, it cannot be opened, its format is unknown or its columns are not those that the options
        name; never while the rows are read.
    """
    options = options or Options()
    source = open_source(Path(path), limits)
    try:
        name = detect_format(source, options)
        return Archive(name, _rows(source, importer(name).read(source, options)))
    except BaseException:
        source.close()
        raise


def read_text(
    stream: IO[bytes] | str, options: Options | None = None, limits: Limits | None = None
) -> Archive:
    """Read plain text, such as stdin, as the traces of one person."""
    raw = io.BytesIO(stream.encode("utf-8", "replace")) if isinstance(stream, str) else stream
    source = open_stream(raw, "stdin", limits)
    return Archive("plain", _rows(source, importer("plain").read(source, options or Options())))


def _rows(source: Source, rows: Iterator[Row]) -> Iterator[Row]:
    with source:
        yield from checked(rows)
        for member, reason in source.refused:
            yield RowError(member, reason, "left out")
