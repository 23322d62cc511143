"""Archives of many platforms, read in place as traces or typed row errors."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import IO

from personae.errors import BadInput
from personae.people.archives._checks import checked
from personae.people.archives._grouping import grouped
from personae.people.archives._source import Limits, Source, is_packed, open_source, open_stream, printable
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
    "read_archives",
    "read_text",
]


@dataclass(frozen=True, slots=True)
class Archive:
    """An opened archive: the name of its format, and its rows, which can be read once.

    The rows of one person stand together. `unread` names the files of which nothing was read, once the rows are used up;
    `misdated` counts the traces so far that lost a time that cannot be: before 1990, or in the future.
    """

    format: str
    rows: Iterator[Row]
    unread: list[str] = field(default_factory=list)
    misdated: Counter[str] = field(default_factory=Counter)


def read_archives(
    path: Path | str, options: Options | None = None, limits: Limits | None = None
) -> list[Archive]:
    """Open what a path holds: one archive, or each of those that a folder mixes.

    A folder is a mix when it holds packed archives, or entries of another platform than the folder as a whole. Each of them
    is opened by itself; what is left is one archive of the folder's own format. What nothing fits is an error row of its own.

    Raises
    ------
    BadInput
        As `read_archive`, when nothing in the folder can be read.
    """
    path = Path(path)
    options = options or Options()
    entries = _entries(path) if path.is_dir() and not options.columns else []
    if not entries:
        return [read_archive(path, options, limits)]
    whole = _format(path, options, limits)
    formats = {entry: _format(entry, options, limits) for entry in entries}
    apart = {
        entry: name for entry, name in formats.items() if is_packed(entry) or name not in {whole, "", *_LOOSE}
    }
    if not apart:
        return [read_archive(path, options, limits)]
    rest = [entry for entry in entries if entry not in apart]
    found = [read_archive(entry, options, limits) for entry, name in apart.items() if name]
    errors = [_unknown(entry) for entry, name in apart.items() if not name]
    inner, unknown = _rest(path, rest, options, limits)
    found, errors = [*inner, *found], [*errors, *unknown]
    if not found:
        return [read_archive(path, options, limits)]
    first = replace(found[0], rows=chain(errors, found[0].rows))
    return [first, *found[1:]]


_LOOSE = ("table", "messages", "plain")  # formats that any folder may hold something of
_ENTRIES = 500  # a folder with more entries is one archive


def _entries(path: Path) -> list[Path]:
    found = sorted(entry for entry in path.iterdir() if not entry.is_symlink())
    return (
        [entry for entry in found if not entry.name.startswith((".", "__MACOSX"))]
        if len(found) <= _ENTRIES
        else []
    )


def _format(
    path: Path, options: Options, limits: Limits | None, entries: Collection[str] | None = None
) -> str:
    """Return the name of a path's format, empty where none fits."""
    try:
        with open_source(path, limits, entries) as source:
            return detect_format(source, options)
    except BadInput:
        return ""


def _rest(
    path: Path, rest: list[Path], options: Options, limits: Limits | None
) -> tuple[list[Archive], list[RowError]]:
    """Return the archives in what a mixed folder holds besides: one whose files lie open in it, else each entry by itself."""
    names = [entry.name for entry in rest]
    whole = _format(path, options, limits, names) if rest else ""
    files = [entry.name for entry in rest if entry.is_file()]
    if whole and whole not in _LOOSE and _format(path, options, limits, files) == whole:
        return [read_archive(path, options, limits, names)], []
    found, errors = [], []
    for entry in rest:
        try:
            found += read_archives(entry, options, limits)
        except BadInput:
            errors.append(_unknown(entry))
    return found, errors


def _unknown(entry: Path) -> RowError:
    return RowError(printable(entry.name), "no format that is known", "left out")


def read_archive(
    path: Path | str,
    options: Options | None = None,
    limits: Limits | None = None,
    entries: Collection[str] | None = None,
) -> Archive:
    """Open an archive, folder, file or table and tell its format; the rows are read as they are asked for.

    Parameters
    ----------
    path : Path
        A zip, a tar, a folder, or a single file (also .gz or .zst).
    options : Options, optional
    limits : Limits, optional
        What the archive may make us read.
    entries : names in the folder, optional
        Of a folder, only these.

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
    source = open_source(Path(path), limits, entries)
    try:
        name = detect_format(source, options)
        unread, misdated = list[str](), Counter[str]()
        source.opened.clear()
        rows = _rows(source, importer(name).read(source, options), unread, misdated)
        return Archive(name, rows, unread, misdated)
    except BaseException:
        source.close()
        raise


def read_text(
    stream: IO[bytes] | str, options: Options | None = None, limits: Limits | None = None
) -> Archive:
    """Read plain text, such as stdin, as the traces of one person."""
    raw = io.BytesIO(stream.encode("utf-8", "replace")) if isinstance(stream, str) else stream
    source = open_stream(raw, "stdin", limits)
    rows = importer("plain").read(source, options or Options())
    return Archive("plain", _rows(source, rows, [], Counter()))


def _rows(source: Source, rows: Iterator[Row], unread: list[str], misdated: Counter[str]) -> Iterator[Row]:
    with source:
        yield from checked(rows, misdated)
        unread += [name for name in source.names if name not in source.opened]
        for member, reason in source.refused:
            yield RowError(member, reason, "left out")
