"""The main job: what an archive, a table or a text gives away about each person in it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from personae.errors import BadInput
from personae.infer.pipeline import Reading, allowed, read_people
from personae.infer.reader import Reader
from personae.people.archives import Archive, Options, Row, RowError, Tally, grouped, read_archives, read_text
from personae.people.attributes import SYNTHPAI, Attribute, attribute
from personae.people.policy import Rules, require
from personae.people.records import Person, people_of

if TYPE_CHECKING:
    from personae.people.store import Store

STDIN = "-"


@dataclass(slots=True)
class Revealed:
    """The people of one or several archives, read as they are asked for.

    `formats` names each archive's format; `tally` counts rows, and `forgotten` those left out because the store was told to
    forget them; both are complete once `readings` is used up.
    """

    readings: Iterator[Reading]
    formats: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    withheld: tuple[Attribute, ...]  # what the purpose does not allow
    tally: Tally
    forgotten: list[str] = field(default_factory=list)
    _unread: tuple[list[str], ...] = ()
    count: int = 0  # people, as whoever reads them counts

    @property
    def unread(self) -> list[str]:
        """Files of the archives of which nothing was read."""
        return [name for names in self._unread for name in names]

    def __iter__(self) -> Iterator[Reading]:
        return self.readings


def reveal(
    paths: Path | str | Sequence[Path | str],
    *,
    only: Sequence[str | Attribute] = (),
    reader: Reader | None = None,
    purpose: str = "self-audit",
    rules: Rules | None = None,
    since: datetime | None = None,
    person: str = "",
    limit: int | None = None,
    options: Options | None = None,
    store: Store | None = None,
    again: bool = False,
) -> Revealed:
    """Read archives and say what they give away about each person.

    Parameters
    ----------
    paths : Path, str, or several
        Zips, folders, files or tables of any format in `personae.people.archives.FORMATS`; "-" is text on stdin. Several
        archives are brought together person by person; give the owner's name in `options` to join archives of one person
        that name the owner differently.
    only : names of attributes
        All that the purpose allows by default; naming one that it does not allow raises.
    reader : Reader or None
        `HomeReader` by default; `PromptedReader(chat_model(...))` asks a language model.
    rules : Rules or None
        What the purpose allows; those that ship by default.
    since : datetime, aware
        Leave out older traces; those without a time stay. The tally counts both.
    person : str
        Read this person of a table alone.
    limit : int
        Stop after so many people.
    store : Store or None
        Workspace that keeps people and claims and makes the run resumable. People who were forgotten in it are left out.
    again : bool
        Read and keep them again.

    Raises
    ------
    BadInput, PolicyDenied, UnknownName

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
    ...     _ = file.write("I am a nurse and I live in Porto.")
    ...     file.flush()
    ...     claims = next(iter(reveal(file.name, only=["job"]))).current
    >>> [(claim.best.value, claim.status) for claim in claims if not claim.abstained]
    [('nurse', 'stated')]
    """
    listed = [paths] if isinstance(paths, (str, Path)) else list(paths)
    named = [attribute(name) for name in only]
    for chosen in named:
        require(purpose, chosen, table=rules, log=None if store is None else store.accesses)
    attributes = tuple(named or allowed(SYNTHPAI, purpose, rules))
    withheld = () if named else tuple(chosen for chosen in SYNTHPAI if chosen not in attributes)
    if not attributes:
        raise BadInput(
            f"Purpose {purpose!r} allows none of the attributes that are read. Name another --purpose."
        )
    archives = [archive for path in listed for archive in _open(path, options or Options())]
    tally = Tally(since=since)
    wanted = _wanted(chain.from_iterable(_counted(archive, tally) for archive in archives), person, tally)
    traces = tally.traces(grouped(wanted) if len(archives) > 1 else wanted)
    forgotten: list[str] = []
    people = people_of(traces)
    people = islice(people if store is None else _unforgotten(people, store, forgotten, again=again), limit)
    readings = read_people(
        people, reader or home_reader(), attributes, purpose=purpose, rules=rules, store=store
    )
    formats, unread = tuple(each.format for each in archives), tuple(each.unread for each in archives)
    return Revealed(readings, formats, attributes, withheld, tally, forgotten, unread)


def home_reader() -> Reader:
    """Return the readers that ship with the package."""
    from personae.infer.home import HomeReader

    return HomeReader()


def _open(path: Path | str, options: Options) -> list[Archive]:
    if str(path) != STDIN:
        return read_archives(path, options)
    if sys.stdin.isatty():
        raise BadInput(
            "Reading from stdin, and nothing is piped in. Name a file, or end the text with Ctrl-D."
        )
    return [read_text(sys.stdin.buffer, options)]


def _unforgotten(
    people: Iterable[Person], store: Store, forgotten: list[str], *, again: bool
) -> Iterator[Person]:
    marks = store.forgotten()
    for person in people:
        if person.id in marks and not again:
            forgotten.append(person.id)
            continue
        if person.id in marks:
            store.admit_again(person.id)
        yield person


def _counted(archive: Archive, tally: Tally) -> Iterator[Row]:
    """Yield an archive's rows, and count in the tally what was dropped of them."""
    told = archive.misdated.copy()
    for row in archive.rows:
        if archive.misdated != told:
            tally.misdated += archive.misdated - told
            told = archive.misdated.copy()
        yield row


def _wanted(rows: Iterable[Row], person: str, tally: Tally) -> Iterator[Row]:
    for row in rows:
        if isinstance(row, RowError) or ((not person or row.person == person) and tally.is_recent(row)):
            yield row
