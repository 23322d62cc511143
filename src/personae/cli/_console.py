"""What a person sees: results on stdout, progress and notes on stderr, nothing a trace holds that a terminal would obey."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress


class Stopped(Exception):
    """Ctrl-C, where a verb says itself what is kept."""


def plain(text: object) -> str:
    """Return the text on one line without control or direction-changing characters.

    >>> plain("a\\x1b[31mb" + chr(0x202E) + "c")
    'a?[31mb?c'
    """
    joined = " ".join(str(text).split())
    return "".join(character if character.isprintable() else "?" for character in joined)


def print_json(record: Any) -> None:
    """Print one JSON object on one line of stdout, in plain ASCII where it holds what a terminal would obey."""
    line = json.dumps(record, ensure_ascii=False, allow_nan=False)
    if not line.isprintable():
        line = json.dumps(record, allow_nan=False).replace("\x7f", "\\u007f")
    sys.stdout.write(line + "\n")


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", goes_on: bool = False
) -> None:
    """Print rows as a table: drawn on a terminal, tab-separated when stdout is a file or pipe.

    One that goes on from a table printed before has no second line of names in a file or pipe.
    """
    if not sys.stdout.isatty():
        for row in rows if goes_on else (columns, *rows):
            sys.stdout.write("\t".join(plain(cell) for cell in row) + "\n")
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, title=title or None, title_justify="left")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    Console().print(table)


def note(message: str, *, quiet: bool = False) -> None:
    """Print a line to stderr unless asked to be quiet."""
    if not quiet:
        sys.stderr.write(plain(message) + "\n")


@contextmanager
def progress(description: str, total: int | None = None, *, quiet: bool = False) -> Iterator[Progress]:
    """Show a progress bar on stderr while the block runs; nothing when quiet or not on a terminal.

    The bar has one task: `bar.advance(bar.task_ids[0])`.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shown = not quiet and sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown) as bar:
        bar.add_task(plain(description), total=total)
        yield bar
