"""Writing an archive back in its own format: the same files, with a person's lines as the shield left them.

A trace's `where` names the file and the row or JSON pointer that it was read from; the strings there that make up its text are
replaced, wherever in the archive they stand. What no trace was read from is left out, but for what says whose archive it is,
since exports repeat conversations in pages and logs that no importer reads. The result is read back before it takes its name.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

import numpy as np

from personae.errors import BadInput
from personae.people.archives import Options, RowError, read_archive
from personae.people.archives._source import Source, open_source
from personae.people.records import Trace
from personae.people.tables import _matched, _names
from personae.shield._members import CALLED, Change, Member, written
from personae.shield._private import OWN
from personae.shield._tables import FORMATS, Listed, people_of_table
from personae.shield.drafts import Edit, rendered
from personae.shield.fields import people_in, plain_name
from personae.shield.hidden import Hidden
from personae.shield.names import Named
from personae.shield.pseudonyms import Called, Pseudonyms
from personae.synth.disclosure import tells_who

WRITABLE = (
    "chatgpt", "claude", "reddit", "x", "mastodon", "whatsapp", "telegram", "discord", "instagram", "messages", "table", "plain",
    "spotify", "google",
)  # fmt: skip
CHATS = ("whatsapp", "telegram", "instagram")  # formats that may not say whose they are
KEEP_PEOPLE = OWN  # formats whose people are columns and folders
GUESSED = "ageinfo.js"  # the end of the name of a file of nothing but a date of birth and an age
ACCOUNT = (
    "user.json",
    "users.json",
    "account.js",
    "statistics.csv",
    "actor.json",
    "profile.json",
    "readme.txt",
)
NOBODY = Listed()
_HANDLE = re.compile(r"(?<=@)\w+(?:[.-]\w+)*|(?<=\bu/)[\w-]+")


@dataclass(frozen=True, slots=True)
class Opened:
    """An archive read for the shield, identifiers and all: its traces person by person, and every row's place.

    `names` holds everybody whom the archive names: its owner and those who write in it. `listed` says where a table names them.
    """

    path: Path
    format: str
    traces: tuple[Trace, ...]
    places: frozenset[str]
    skipped: tuple[RowError, ...]
    options: Options
    names: tuple[Called, ...] = ()
    listed: Listed = NOBODY


def open_for_shield(path: Path, options: Options) -> Opened:
    """Read an archive with the identifiers that importers usually drop at the door.

    Raises
    ------
    BadInput
        When it cannot be read, or its format cannot be written back; the message names those that can.
    """
    options = Options(options.day_first, options.person, options.columns, keep_identifiers=True)
    archive = read_archive(path, options)
    if archive.format not in WRITABLE:
        raise BadInput(
            f"{path.name}: the format {archive.format} cannot be written back. These can: {', '.join(WRITABLE)}. "
            f"Make a table of its texts, and shield that."
        )
    rows = list(archive.rows)
    traces = tuple(row for row in rows if isinstance(row, Trace))
    errors = tuple(row for row in rows if isinstance(row, RowError))
    with open_source(path) as source:
        names = people_in(source, archive.format, options.person)
        listed = people_of_table(source, archive.format, options)
    places = frozenset(row.where for row in rows)
    return Opened(path, archive.format, traces, places, errors, options, (*names, *listed.people), listed)


def write_back(opened: Opened, edits: Sequence[Edit], out: Path, *, random_state: int = 0) -> None:
    """Write the archive with the edits made, whole or not at all; `left_out` names the files that are not carried over.

    Raises
    ------
    BadInput
        When `out` is the archive itself, cannot be written, or does not read back as it should; nothing is left behind then.
    """
    if out.exists() and (out.is_dir() or out.resolve() == opened.path.resolve()):
        raise BadInput(f"{out}: is there already. Name another place with --out.")
    changes = _changes(opened, edits)
    hidden = Hidden(opened.format, opened.names, random_state, _stated(opened, edits))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{out.name[:40]}.", dir=out.parent))
    except OSError as error:
        raise BadInput(
            f"{out}: cannot be written ({error.strerror}). Name another place with --out."
        ) from error
    try:
        fresh = scratch / out.name
        with open_source(opened.path) as source:
            _pack(source, opened, changes, fresh, hidden)
        _check(opened, changes, fresh, hidden)
        fresh.chmod(0o700 if fresh.is_dir() else 0o600)
        fresh.replace(out)
    except OSError as error:
        raise BadInput(
            f"{out}: cannot be written ({error.strerror}). Name another place with --out."
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class Cast:
    """Under which pseudonyms one person's lines are shielded, by the key of the whole archive.

    Whom the archive names has one pseudonym in all of it. Of those whom texts alone name, each person of a table has others,
    since people of one name in the rows of two are two; elsewhere the lines are those of one person's chats.
    """

    def __init__(self, opened: Opened, key: int) -> None:
        self._is_table, self._key, self._own = opened.format in FORMATS, key, opened.listed.own
        given = Pseudonyms(random_state=key, people=opened.names)
        self._people = tuple(
            replace(each, pseudonym=given.of("name", (*each.names, *each.handles)[0]))
            for each in opened.names
        )
        self._by_form: dict[str, int] = {}
        for place, each in enumerate(self._people) if self._is_table else ():
            self._by_form |= {_plain(form).casefold(): place for form in (*each.names, *each.handles)}
        self._whole = Named((name for each in self._people for name in each.names), (), parts=False)

    def key_of(self, person: str) -> int:
        """Return the key of what is named in this person's texts alone."""
        if not self._is_table:
            return self._key
        key = str(self._key).encode()
        return int.from_bytes(
            blake2b(person.encode("utf-8", "surrogatepass"), key=key, digest_size=8).digest()
        )

    def near(self, person: str, traces: Iterable[Trace]) -> tuple[Called, ...]:
        """Return the people of whose names parts may stand in these traces of one person.

        In a table these are the person, and others whose whole name or handle stands there.
        """
        if not self._is_table:
            return self._people
        own = (form for form in (person, *self._own.get(person, ())))
        texts = [trace.text for trace in traces]
        met = (name for text in texts for _, name in self._whole.find(text))
        handles = (handle for text in texts for handle in _HANDLE.findall(text))
        places = (self._by_form.get(_plain(form).casefold()) for form in (*own, *met, *handles))
        return tuple(self._people[place] for place in dict.fromkeys(places) if place is not None)


def left_out(opened: Opened) -> tuple[str, ...]:
    """Return the names of files that are not carried over, since no trace was read from them."""
    read = {trace.where.rpartition(":")[0] for trace in opened.traces}
    with open_source(opened.path) as source:
        return tuple(name for name in source.names if not _is_carried(name, read))


def other_columns(opened: Opened) -> tuple[str, ...]:
    """Return the columns of a table besides its text and those of people's names, which stay as they are.

    But for e-mail addresses and phone numbers in the columns that nothing was read from.
    """
    if opened.format != "table":
        return ()
    with open_source(opened.path) as source:
        named = [_names(source, name) for name in source.names]
    texts = {_matched(names, opened.options).get("text", "") for names in named}
    changed = {*texts, *opened.listed.columns}
    return tuple(dict.fromkeys(name for names in named for name in names if name not in changed))


def naming_columns(opened: Opened) -> tuple[str, ...]:
    """Return the columns of a table that by their names tell who a person is, and stay as they are.

    Columns of addresses and phone numbers are among them only where the table was read by them.
    """
    columns = other_columns(opened)
    read = set(_matched(columns, opened.options).values())
    return tuple(
        name
        for name in columns
        if tells_who(name, np.empty(0))
        and name not in opened.listed.columns
        and (name in read or not any(word in name.lower() for word in ("mail", *CALLED)))
    )


def own_name(opened: Opened, *, random_state: int = 0) -> str:
    """Return what the one whom the reader named, else the owner, is called in the new archive; empty where nobody is named."""
    hidden = Hidden(opened.format, opened.names, random_state)
    if opened.options.person or opened.format in KEEP_PEOPLE or not opened.names:
        return _own(opened, hidden)
    return (
        ""
        if opened.format in CHATS
        else hidden.of(next(iter((*opened.names[0].names, *opened.names[0].handles))))
    )


def shielded_name(path: Path, names: Sequence[Called] = (), *, random_state: int = 0) -> Path:
    """Return where the shielded archive goes by default: beside it, with "-shielded" before its endings.

    A file that is named after somebody, as those of chats are, is named after the pseudonym.

    >>> shielded_name(Path("a/chat.jsonl.gz")).name
    'chat-shielded.jsonl.gz'
    """
    stem, dot, endings = path.name.partition(".")
    stem = Hidden("", names, random_state).inner(stem) if names else stem
    return path.with_name(f"{stem}-shielded{dot}{endings}")


def _changes(opened: Opened, edits: Iterable[Edit]) -> dict[str, list[Change]]:
    """Return what changes in each file, by the file's name inside the archive."""
    by_trace: dict[tuple[str, str, str], list[Edit]] = {}
    for edit in edits:
        by_trace.setdefault((edit.source, edit.trace, edit.where), []).append(edit)
    changes: dict[str, list[Change]] = {}
    for trace in opened.traces:
        name, _, row = trace.where.rpartition(":")
        if not _is_carried(name, (name,)):
            continue
        own = tuple(by_trace.get((trace.source, trace.id, trace.where), ()))
        changes.setdefault(name, []).append(Change(row, trace.text, own))
    return changes


def _stated(opened: Opened, edits: Iterable[Edit]) -> dict[str, str]:
    """Return the pseudonyms of those whom the texts of a platform's archive name, by the names as they stand there."""
    if opened.format in KEEP_PEOPLE:
        return {}
    texts = {(trace.source, trace.id, trace.where): trace.text for trace in opened.traces}
    named = (
        (texts.get((each.source, each.trace, each.where), "")[each.start : each.end], each.replacement)
        for each in edits
        if each.kind == "pseudonym"
    )
    return {old: new for old, new in named if plain_name(old) == old and old}


def _pack(
    source: Source, opened: Opened, changes: Mapping[str, Sequence[Change]], fresh: Path, hidden: Hidden
) -> None:
    with _sink(opened.path, fresh) as put:
        for name in source.names:
            if not _is_carried(name, changes):
                continue
            with source.open(name) as stream:
                raw = stream.read()
            places = [place.rpartition(":")[2] for place in opened.places if place.rpartition(":")[0] == name]
            columns = _columns(source, opened, name)
            texts = frozenset(opened.options.columns.get(ours, "").lower() for ours in ("text",)) - {""}
            people = frozenset(column.lower() for column in opened.listed.columns)
            member = Member(
                name, opened.format, raw, tuple(places), texts, source.local(name), columns, people
            )
            put(hidden.path(name), written(member, changes.get(name, ()), hidden))


def _is_carried(name: str, read: Container[str]) -> bool:
    if name.lower().endswith(GUESSED):
        return False
    return name in read or name.rpartition("/")[2].lower() in ACCOUNT


def _columns(source: Source, opened: Opened, name: str) -> frozenset[str]:
    """Return the columns of a table that nothing was read from, in lower case."""
    if opened.format != "table":
        return frozenset()
    names = _names(source, name)
    read = set(_matched(names, opened.options).values())
    return frozenset(each.lower() for each in names if each not in read)


class _sink:  # noqa: N801
    """Where the files of the new archive go: a zip, a tar, a folder or one file, as the old one was."""

    def __init__(self, old: Path, fresh: Path) -> None:
        self.old, self.fresh = old, fresh

    def __enter__(self) -> Callable[[str, bytes], None]:
        magic = b"" if self.old.is_dir() else self.old.open("rb").read(4)
        self._close: Callable[[], None] = lambda: None
        if self.old.is_dir():
            return self._into_folder
        if magic[:2] == b"PK":
            self._zip = zipfile.ZipFile(self.fresh, "w", zipfile.ZIP_DEFLATED)
            self._close = self._zip.close
            return lambda name, data: self._zip.writestr(name, data)
        if tarfile.is_tarfile(self.old):
            self._tar = tarfile.open(self.fresh, "w:gz" if magic[:2] == b"\x1f\x8b" else "w")
            self._close = self._tar.close
            return self._into_tar
        return lambda name, data: _write_file(self.fresh, data, magic)

    def __exit__(self, *exception: object) -> None:
        self._close()

    def _into_folder(self, name: str, data: bytes) -> None:
        file = self.fresh / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def _into_tar(self, name: str, data: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        self._tar.addfile(info, io.BytesIO(data))


def _write_file(fresh: Path, data: bytes, magic: bytes) -> None:
    if magic[:2] == b"\x1f\x8b":
        data = gzip.compress(data)
    elif magic == b"\x28\xb5\x2f\xfd":
        import zstandard

        data = zstandard.compress(data)
    with fresh.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _check(opened: Opened, changes: Mapping[str, Sequence[Change]], fresh: Path, hidden: Hidden) -> None:
    """Read the new archive as the old one was read: every line must say what the shield left of it, and no more."""
    expected = {_plain(rendered(c.before, c.edits)) for each in changes.values() for c in each} - {""}
    if not expected:
        return
    try:
        again = read_archive(fresh, replace(opened.options, person=_own(opened, hidden)))
        found = {_plain(row.text) for row in again.rows if isinstance(row, Trace)} - {""}
    except BadInput:
        found = set()
    if found != expected:
        raise BadInput(
            f"{opened.path.name}: {len(found ^ expected)} of its lines do not read back as they should after writing, "
            f"so nothing was written. Make a table of its texts, and shield that."
        )


def _own(opened: Opened, hidden: Hidden) -> str:
    person = opened.options.person
    return hidden.of(person) if person and opened.format not in KEEP_PEOPLE else person


def _plain(text: str) -> str:
    return " ".join(text.split())
