"""Forget a person: delete every row of theirs, rewrite the file without it, and search what is left to prove it.

Notes
-----
The search has two parts. Every text column of every table is searched for the person's id and for the digests of their
texts, which finds any row that was missed. The raw bytes of the store's files are searched for pieces of their texts;
DuckDB compresses its pages, so this search sees only a part, and `Proof.visible` says how many pieces it saw before
the deletion. That is why the file is written anew from the live rows instead of trusting the search alone.

A salted mark of the id stays (`Store.forgotten`), so that reading the same archive into the same store does not bring the
person back unasked.

What no program can prove from inside a file: blocks that a disk or file system keeps of the old file, backups, and
copies that were exported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from personae.people._columns import key, keys
from personae.people.store import Store

_PIECES, _LENGTH = 32, 48  # how many pieces of text the raw search looks for, and their length in characters
_SHORTEST = 12  # characters; a shorter piece turns up by chance
_CHUNK = 8 << 20  # bytes
_NESTED = {
    "guesses": "[guess.value for guess in guesses]",
    "evidence": '[each.trace for each in evidence] || [each."where" for each in evidence]',
}

_DELETED = {
    "traces": "lines deleted", "claims": "claims deleted", "vectors": "sentence vectors deleted",
    "parameters": "fitted parameters deleted", "journal": "entries in the journal of runs deleted",
    "people": "entries in the list of people deleted",
}  # fmt: skip
_PROVED = {
    "recordings": "recorded answers of models deleted",
    "digests": "different texts of theirs that the store was then searched for",
    "shared": "texts that others wrote too, which stay with those others",
    "searched": "values searched in what is left of the store",
    "pieces": "pieces of their texts looked for in the file's raw bytes",
    "visible": "of these, seen there before the deletion",
    "bytes_scanned": "bytes searched after the file was written anew",
    "mentions": "mentions of this id in others' rows, which stay",
}


class Recordings(Protocol):
    """Recorded answers of models, each tagged with the person it is about."""

    def forget(self, person: str) -> int:
        """Delete the answers about a person and return how many there were."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was deleted, and that a search found nothing of it.

    Parameters
    ----------
    person : str
    deleted : dict of str to int
        Rows by table.
    recordings : int
        Recorded answers deleted.
    digests : int
        Different texts of theirs that the tables were searched for; nobody else had left them.
    shared : int
        Different texts that others left too, such as "thanks": those rows are theirs and stay.
    searched : int
        Values searched in the tables that are left.
    pieces : int
        Pieces of text, with the id where it is long enough, that the raw bytes were searched for.
    visible : int
        How many of the pieces the same search saw in the files before.
    bytes_scanned : int
        Raw bytes searched after the rewrite.
    mentions : int
        Values in other people's rows that are this id, such as a thread named after it; they stay.
    leftovers : dict of str to int
        What was found, by table or file; empty when the person is forgotten.
    """

    person: str
    deleted: dict[str, int]
    recordings: int
    digests: int
    shared: int
    searched: int
    pieces: int
    visible: int
    bytes_scanned: int
    mentions: int
    leftovers: dict[str, int]

    @property
    def is_complete(self) -> bool:
        return not self.leftovers

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "is_complete": self.is_complete}

    def rows(self) -> Iterator[tuple[str, object]]:
        """Yield what was done and found in plain words, each with its number."""
        yield from ((_DELETED.get(table, table), rows) for table, rows in self.deleted.items())
        yield from ((said, getattr(self, name)) for name, said in _PROVED.items())
        left = ", ".join(f"{place} {number}" for place, number in self.leftovers.items())
        yield "found after all", left or 0


def forget(store: Store, person: str, recordings: Recordings | None = None) -> Proof:
    """Delete a person from the store and from recorded answers, and prove it.

    Killed half way, the next opening of the store finishes the rewrite; forgetting again is harmless, and forgetting
    someone who is not there proves that.

    Parameters
    ----------
    store : Store
        Closed and opened again on the way: its raw bytes can only be read while it is closed.
    person : str
    recordings : object with `forget(person) -> int`, or None

    Returns
    -------
    Proof
        `leftovers` is empty unless something went wrong.
    """
    digests, shared = _digests(store, person)
    pieces = _pieces(store, person, digests)
    visible = len(_scan(store, pieces)[1])
    recorded = recordings.forget(person) if recordings else 0
    deleted = store.delete_person(person)
    store.database.rewrite()
    searched, mentions, leftovers = _search(store, person, digests)
    scanned, found = _scan(store, pieces)
    leftovers.update(Counter(file for files in found.values() for file in files))
    if recordings and (again := recordings.forget(person)):
        leftovers["recordings"] = again
    return Proof(
        person, deleted, recorded, len(digests), shared, searched, len(pieces), visible, scanned, mentions, dict(leftovers)
    )  # fmt: skip


def _leaves(store: Store) -> dict[str, str]:
    """Return, for each table with people in it, the SQL list of all text values of a row."""
    rows = store.database.execute(
        "SELECT table_name, list(column_name), list(data_type) FROM duckdb_columns() "
        "WHERE database_name = current_database() GROUP BY table_name"
    )
    parts = {
        table: [_NESTED.get(name, f'["{name}"]') for name, kind in zip(names, kinds, strict=True)
                if kind == "VARCHAR" or name in _NESTED]
        for table, names, kinds in rows if "person" in names
    }  # fmt: skip
    return {table: " || ".join(lists) for table, lists in parts.items()}


def _digests(store: Store, person: str) -> tuple[NDArray[np.uint64], int]:
    """Return the digests of the texts that only this person left, and the number of those that others left too."""
    own = store.database.arrays(
        "SELECT DISTINCT hash(text) AS digest FROM traces WHERE person = ? AND text <> ''", (key(person),)
    )["digest"].astype(np.uint64)
    common: set[int] = set()
    with store.database.table("own", digest=own):
        for table, leaves in _leaves(store).items():
            rows = store.database.execute(
                f"SELECT DISTINCT digest FROM (SELECT hash(unnest({leaves})) AS digest FROM {table} WHERE person <> ?) "
                "SEMI JOIN own USING (digest)",
                (key(person),),
            )
            common.update(digest for (digest,) in rows)
    return own[~np.isin(own, np.array(sorted(common), dtype=np.uint64))], len(common)


def _pieces(store: Store, person: str, digests: NDArray[np.uint64]) -> list[bytes]:
    """Return pieces from the middle of the person's texts, and the id, that stand in nobody else's rows."""
    with store.database.table("own", digest=digests):
        rows = store.database.execute(
            "SELECT DISTINCT substr(text, 1 + (length(text) - ?) // 2 * (length(text) > ?)::INTEGER, ?) AS piece FROM ("
            "  SELECT text FROM traces WHERE person = ? AND length(text) >= ? "
            "  AND hash(text) IN (SELECT digest FROM own) ORDER BY hash(text) LIMIT ?)",
            (_LENGTH, _LENGTH, _LENGTH, key(person), _SHORTEST, _PIECES),
        )
    wanted = [piece for (piece,) in rows] + [key(person)] * (len(key(person)) >= _SHORTEST)
    with store.database.table("wanted", piece=keys(wanted)):
        rows = store.database.execute(
            "SELECT piece FROM wanted WHERE NOT EXISTS (SELECT 1 FROM traces WHERE person <> ? AND "
            'contains(concat_ws(chr(0), person, source, id, thread, text, item_title, item_creator, "where"), piece))',
            (key(person),),
        )
    return sorted(piece.encode() for (piece,) in rows)


def _search(store: Store, person: str, digests: NDArray[np.uint64]) -> tuple[int, int, Counter[str]]:
    """Return the number of values searched, of other people's mentions, and what is left by table."""
    searched = mentions = 0
    left: Counter[str] = Counter()
    with store.database.table("own", digest=digests):
        for table, leaves in _leaves(store).items():
            [(values, rows, texts, named)] = store.database.execute(
                "SELECT count(*), count(*) FILTER (owner = ?), count(*) FILTER (hash(leaf) IN (SELECT digest FROM own)), "
                "count(*) FILTER (leaf = ? AND owner <> ?) "
                f"FROM (SELECT person AS owner, unnest({leaves}) AS leaf FROM {table})",
                (key(person),) * 3,
            )
            searched, mentions = searched + values, mentions + named
            if rows + texts:
                left[table] += rows + texts
    return searched, mentions, left


def _scan(store: Store, pieces: Sequence[bytes]) -> tuple[int, dict[bytes, list[str]]]:
    """Return the bytes of the store's files, and for each piece that stands in them the names of the files."""
    found: dict[bytes, list[str]] = {}
    with store.database.closed():
        files = store.database.files
        for file in files:
            for piece in _seen(file, pieces):
                found.setdefault(piece, []).append(file.name)
        return sum(file.stat().st_size for file in files), found


def _seen(file: Path, pieces: Iterable[bytes]) -> set[bytes]:
    missing = set(pieces)
    seen: set[bytes] = set()
    overlap = max(map(len, missing), default=1) - 1
    kept = b""
    with file.open("rb") as stream:
        while missing and (chunk := stream.read(_CHUNK)):
            window = kept + chunk
            hits = {piece for piece in missing if piece in window}
            seen, missing = seen | hits, missing - hits
            kept = window[-overlap:] if overlap else b""
    return seen
