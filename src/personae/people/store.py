"""The store: one file a workspace, with everything known about people and who has been read already.

Examples
--------
>>> import tempfile
>>> with Store(Path(tempfile.mkdtemp()) / "people.duckdb") as store:
...     store.add([Trace("ana", "table", "1", text="Rain again."), Trace("bea", "table", "1", text="Hello.")])
...     store.commit_person("ana", [], "home", {"only": ["age"]})
...     [[person.id for person in batch] for batch in store.people(pending=("home", {"only": ["age"]}))]
Added(new=2, known=0)
[['bea']]
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.people._columns import (
    CLAIM,
    INSERT_CLAIMS,
    INSERT_TRACES,
    TRACE,
    aware,
    claim_columns,
    claim_of,
    key,
    keys,
    mended,
    trace_columns,
    trace_of,
)
from personae.people._database import PERSONAL, Database
from personae.people._journal import Config, Journal, config_hash
from personae.people.access import AccessLog
from personae.people.records import Claim, Person, Profile, Trace, people_of

DIMENSIONS = 384  # of a stored vector, the width of the shipped encoder
_ROWS, _CHARACTERS = 10_000, 32 << 20  # one write: at most so many traces, or so much text
_PAGE = 1024  # people looked up at once


@dataclass(frozen=True, slots=True)
class Added:
    """How many rows were new, and how many the store held already."""

    new: int
    known: int


@dataclass(frozen=True, slots=True)
class Summary:
    """One person of the store: counts of traces and current claims, the sources, the first and last time."""

    person: str
    traces: int
    claims: int
    sources: tuple[str, ...]
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The marks that forgetting left, so that the same archive does not bring a person back unasked.

    A mark is a salted hash of the person's id. It tells nothing by itself; who has the store and guesses the id can check it.
    """

    salt: str
    marks: frozenset[str]

    def __contains__(self, person: str) -> bool:
        return bool(self.marks) and self.mark(person) in self.marks

    def mark(self, person: str) -> str:
        return hashlib.blake2b(key(person).encode(), digest_size=16, key=bytes.fromhex(self.salt)).hexdigest()


@dataclass(frozen=True, slots=True)
class Vectors:
    """What an encoder made of a person's traces.

    `traces` holds (source, id) for each row; `vectors` is float32 of shape (n_traces, 384).
    """

    traces: tuple[tuple[str, str], ...]
    vectors: NDArray[np.float32]


class Store:
    """One DuckDB file that holds a workspace; open it with `with`.

    Lone surrogates, which UTF-8 cannot hold, become U+FFFD in texts and are spelled out in keys (`a\\ud83d`); keys are
    mended the same way when they are looked up. Every write is one transaction: killed at any moment, the store opens
    with all of it or none.

    Parameters
    ----------
    path : Path or str
    create : bool
        Make the file when it is missing.
    memory_mb : int
        What DuckDB may hold in memory before it spills to disk, megabytes.

    Raises
    ------
    BadInput
        When another process has the store open, or the file is no store or of a newer version.
    """

    def __init__(self, path: Path | str, *, create: bool = True, memory_mb: int = 256) -> None:
        self.database = Database(Path(path), create=create, memory_mb=memory_mb)
        self.journal = Journal(self.database)
        self.accesses = AccessLog(self.database)

    @property
    def path(self) -> Path:
        return self.database.path

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def add(self, traces: Iterable[Trace]) -> Added:
        """Add traces, ten thousand a transaction; a trace whose person, source and id are there already is left as it is.

        Adding the same traces again changes nothing, so an interrupted import is mended by repeating it.
        """
        new = known = 0
        for batch in _batches(traces):
            with self.database.transaction():
                fresh = self._insert(batch)
            new, known = new + fresh, known + len(batch) - fresh
        return Added(new, known)

    def people(
        self, batch: int = 20_000, *, pending: tuple[str, Config] | None = None
    ) -> Iterator[tuple[Person, ...]]:
        """Yield people by id with their traces in order of time, as many at once as have about `batch` traces together.

        Memory is bounded by the batch and the largest person. The store may be written to between two batches.

        Parameters
        ----------
        batch : int
            Traces; a person with more comes alone.
        pending : (method, config) or None
            Leave out people whose journal says done.
        """
        for group in self._groups(batch, pending):
            with self.database.table("wanted", person=keys(group)):
                rows = self.database.execute(
                    f"SELECT {TRACE} FROM traces WHERE person BETWEEN ? AND ? AND person IN (SELECT person FROM wanted) "
                    "ORDER BY person, time NULLS LAST, place",
                    (group[0], group[-1]),
                )
            yield tuple(people_of(map(trace_of, rows)))

    def traces(self, person: str, batch: int = 20_000) -> Iterator[Trace]:
        """Yield a person's traces in order of time, then of arrival, those without a time last; holds `batch` of them at once."""
        reached = (False, datetime.min, -1)
        while True:
            rows = self.database.execute(
                f"SELECT {TRACE}, place FROM traces WHERE person = ? AND "
                "(time IS NULL, coalesce(time, TIMESTAMP '0001-01-01'), place) > (?, ?::TIMESTAMP, ?) "
                "ORDER BY time NULLS LAST, place LIMIT ?",
                (key(person), *reached, batch),
            )
            yield from map(trace_of, rows)
            if len(rows) < batch:
                return
            reached = (rows[-1][3] is None, rows[-1][3] or datetime.min, rows[-1][-1])

    def summaries(self, *, person: str | None = None, limit: int | None = None) -> list[Summary]:
        """Return what the store holds of each person, by id; of one person only where named, empty when unknown."""
        rows = self.database.execute(
            "WITH page AS (SELECT person, traces FROM people WHERE ?::VARCHAR IS NULL OR person = ?"
            "              ORDER BY person LIMIT ?), "
            "left_traces AS (SELECT person, list(DISTINCT source) AS sources, min(time) AS first, max(time) AS last "
            "                FROM traces SEMI JOIN page USING (person) GROUP BY person), "
            "said AS (SELECT person, count(*) AS claims FROM claims SEMI JOIN page USING (person) "
            "         WHERE superseded_by = '' GROUP BY person) "
            "SELECT person, traces, coalesce(claims, 0), coalesce(sources, []), first, last "
            "FROM page LEFT JOIN left_traces USING (person) LEFT JOIN said USING (person) ORDER BY person",
            (None if person is None else key(person), None if person is None else key(person), limit),
        )
        return [
            Summary(id_, traces, claims, tuple(sorted(sources)), aware(first), aware(last))
            for id_, traces, claims, sources, first, last in rows
        ]

    def count(self) -> int:
        """Return how many people the store knows."""
        return int(self.database.execute("SELECT count(*) FROM people")[0][0])

    def nearest(self, person: str) -> list[str]:
        """Return the three ids of the store that look most like this one."""
        rows = self.database.execute(
            "SELECT person FROM people ORDER BY jaro_winkler_similarity(person, ?) DESC, person LIMIT 3",
            (key(person),),
        )
        return [name for (name,) in rows]

    def profile(self, person: str) -> Profile:
        """Return a person's claims, history included, in the order in which they were made."""
        return self.profiles([person])[person]

    def profiles(self, people: Collection[str]) -> dict[str, Profile]:
        """Return the profiles of many people, by the ids that were given; an empty one for each who is unknown."""
        with self.database.table("asked", person=keys(people)):
            rows = self.database.execute(
                f"SELECT {CLAIM} FROM claims SEMI JOIN asked USING (person) ORDER BY person, place"
            )
        claims: dict[str, list[Claim]] = {}
        for claim in map(claim_of, rows):
            claims.setdefault(claim.person, []).append(claim)
        return {person: Profile(key(person), tuple(claims.get(key(person), ()))) for person in people}

    def add_claims(self, claims: Iterable[Claim]) -> Added:
        """Add claims through `Profile.add`; one that is there already, current or superseded, is left as it is.

        A claim that comes superseded goes into the history as it is.
        """
        new = known = 0
        kept = iter(claims)
        while batch := [mended(claim) for claim in islice(kept, _ROWS)]:
            people = {claim.person: 0 for claim in batch}
            with self.database.transaction():
                before = self.profiles(people)
                after = _folded(before, batch, {person: before[person].claims for person in people})
                self._admit(people)
                self._write_profiles(before, after)
            fresh = sum(len(after[person].claims) - len(before[person].claims) for person in people)
            new, known = new + fresh, known + len(batch) - fresh
        return Added(new, known)

    def commit_person(
        self, person: Person | str, claims: Sequence[Claim], method: str, config: Config
    ) -> None:
        """Write one person's claims and the journal entry in one transaction; nothing when the journal has it already.

        A `Person` brings traces that the store may not have: they are added in the same transaction.
        """
        self.commit_people([(person, claims)], method, config)

    def commit_people(
        self, findings: Iterable[tuple[Person | str, Sequence[Claim]]], method: str, config: Config
    ) -> int:
        """Write the claims about many people and their journal entries in one transaction.

        Claims go through `Profile.add`, so that older ones stay as history; a claim equal to a current one is not
        said twice.

        Returns
        -------
        int
            How many people were written; those done already, with the traces they have now, are left out.
        """
        found: dict[str, list[Claim]] = {}
        traces: list[Trace] = []
        for person, claims in findings:
            id_, own = (person.id, person.traces) if isinstance(person, Person) else (person, ())
            if {id_, *(claim.person for claim in claims), *(trace.person for trace in own)} != {id_}:
                raise BadInput("A claim or trace is of another person than the one it is committed for.")
            found.setdefault(key(id_), []).extend(mended(claim) for claim in claims)
            traces += own
        with self.database.transaction():
            for batch in _batches(traces):
                self._insert(batch)
            done = self.journal.done_among(list(found), method, config)
            due = [person for person in found if person not in done]
            self._admit(dict.fromkeys(due, 0))
            before = self.profiles(due)
            said = [claim for person in due for claim in found[person]]
            after = _folded(before, said, {person: before[person].current for person in due})
            self._write_profiles(before, after)
            self.journal.write([(person, len(found[person])) for person in due], method, config)
        return len(due)

    def put_vectors(self, traces: Sequence[Trace], model: str, vectors: NDArray[np.float32]) -> None:
        """Keep what a model made of traces; a vector that is there already is left as it is.

        Parameters
        ----------
        traces : sequence of Trace, length n
        model : str
        vectors : ndarray of shape (n, 384)
        """
        if vectors.shape != (len(traces), DIMENSIONS):
            raise BadInput(
                f"{len(traces)} traces need vectors of shape ({len(traces)}, {DIMENSIONS}), not {vectors.shape}."
            )
        numbers = [f"v{column}" for column in range(DIMENSIONS)]
        insert = (
            "INSERT OR IGNORE INTO vectors "
            f"SELECT person, source, trace, ?, array_value({', '.join(numbers)})::FLOAT[{DIMENSIONS}] FROM new_vectors"
        )
        with self.database.transaction():
            for start in range(0, len(traces), _PAGE):
                page = traces[start : start + _PAGE]
                block = np.ascontiguousarray(
                    vectors[start : start + _PAGE].T, dtype=np.float32
                )  # (384, n_page)
                columns = {
                    "person": keys(trace.person for trace in page),
                    "source": keys(trace.source for trace in page),
                    "trace": keys(trace.id for trace in page),
                    **dict(zip(numbers, block, strict=True)),
                }
                self._admit(dict.fromkeys(columns["person"], 0))
                with self.database.table("new_vectors", **columns):
                    self.database.execute(insert, (key(model),))

    def vectors(self, person: str, model: str) -> Vectors:
        """Return the vectors of a person's traces that a model made, by source and id."""
        found = self.database.arrays(
            "SELECT source, trace, vector FROM vectors WHERE person = ? AND model = ? ORDER BY source, trace",
            (key(person), key(model)),
        )
        rows = [np.asarray(vector, dtype=np.float32) for vector in found["vector"]]
        return Vectors(
            tuple(zip(found["source"].tolist(), found["trace"].tolist(), strict=True)),
            np.stack(rows) if rows else np.empty((0, DIMENSIONS), dtype=np.float32),
        )

    def put_parameters(self, person: str, name: str, data: bytes) -> None:
        """Keep what a method learned about one person, in place of what it kept under that name before."""
        with self.database.transaction():
            self._admit({key(person): 0})
            self.database.execute(
                "INSERT OR REPLACE INTO parameters VALUES (?, ?, ?)", (key(person), key(name), data)
            )

    def parameters(self, person: str, name: str) -> bytes | None:
        """Return what a method kept about a person under that name; None where it kept nothing."""
        rows = self.database.execute(
            "SELECT bytes FROM parameters WHERE person = ? AND name = ?", (key(person), key(name))
        )
        return rows[0][0] if rows else None

    def delete_person(self, person: str) -> dict[str, int]:
        """Delete a person's rows in every table and ask for a rewrite; returns the rows deleted by table.

        The freed pages still hold the text: `personae.people.forget.forget` rewrites the file and proves it. A mark stays
        that `forgotten` knows the person by.
        """
        marks = self.forgotten()
        with self.database.transaction():
            deleted = {
                table: int(
                    self.database.execute(f"DELETE FROM {table} WHERE person = ?", (key(person),))[0][0]
                )
                for table in PERSONAL
            }
            self.database.execute("UPDATE workspace SET rewrite_due = true")
            self.database.execute(
                "INSERT OR IGNORE INTO forgotten VALUES (?, ?)", (marks.salt, marks.mark(person))
            )
        return deleted

    def forgotten(self) -> Forgotten:
        """Return who was forgotten here, as marks that an id can be held against."""
        rows = self.database.execute("SELECT salt, mark FROM forgotten")
        return Forgotten(rows[0][0] if rows else secrets.token_hex(16), frozenset(mark for _, mark in rows))

    def admit_again(self, person: str) -> None:
        """Take back the mark of a person who was forgotten."""
        self.database.execute("DELETE FROM forgotten WHERE mark = ?", (self.forgotten().mark(person),))

    def _insert(self, traces: Sequence[Trace]) -> int:
        """Insert the traces that are new and return how many; belongs inside a transaction."""
        with self.database.table("new_traces", **trace_columns(traces)):
            fresh = self.database.execute(INSERT_TRACES)
        self._admit(Counter(person for (person,) in fresh))
        return len(fresh)

    def _admit(self, people: Mapping[str, int]) -> None:
        """Enter people who are new, and count their new traces."""
        counts = np.fromiter(people.values(), dtype=np.int64)
        with self.database.table("arrived", person=keys(people), traces=counts):
            self.database.execute(
                "INSERT INTO people SELECT person, traces FROM arrived "
                "ON CONFLICT (person) DO UPDATE SET traces = people.traces + excluded.traces"
            )

    def _groups(self, batch: int, pending: tuple[str, Config] | None) -> Iterator[list[str]]:
        group: list[str] = []
        size = 0
        for person, traces in self._ids(pending):
            if group and size + traces > batch:
                yield group
                group, size = [], 0
            group.append(person)
            size += traces
        if group:
            yield group

    def _ids(self, pending: tuple[str, Config] | None) -> Iterator[tuple[str, int]]:
        work = (None, None) if pending is None else (key(pending[0]), config_hash(pending[1]))
        after: str | None = None
        while True:
            rows = self.database.execute(
                "SELECT person, traces FROM people WHERE traces > 0 AND (?::VARCHAR IS NULL OR person > ?) "
                "AND NOT EXISTS (SELECT 1 FROM journal WHERE journal.person = people.person "
                "AND journal.traces = people.traces AND method = ? AND config = ?) ORDER BY person LIMIT ?",
                (after, after, *work, _PAGE),
            )
            yield from ((person, traces) for person, traces in rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    def _write_profiles(self, before: Mapping[str, Profile], after: Mapping[str, Profile]) -> None:
        changed = [person for person, profile in after.items() if profile != before[person]]
        if not changed:
            return
        old = [person for person in changed if before[person].claims]
        if old:
            with self.database.table("changed", person=keys(old)):
                self.database.execute("DELETE FROM claims WHERE person IN (SELECT person FROM changed)")
        placed = [pair for person in changed for pair in enumerate(after[person].claims)]
        with self.database.table("new_claims", **claim_columns(placed)):
            self.database.execute(INSERT_CLAIMS)


def _batches(traces: Iterable[Trace]) -> Iterator[list[Trace]]:
    batch: list[Trace] = []
    size = 0
    for trace in traces:
        batch.append(trace)
        size += len(trace.text)
        if len(batch) >= _ROWS or size >= _CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _folded(
    profiles: Mapping[str, Profile], claims: Iterable[Claim], known: Mapping[str, Sequence[Claim]]
) -> dict[str, Profile]:
    """Return the profiles with the claims added, leaving out those among `known`."""
    after = dict(profiles)
    said = {replace(claim, superseded_by="") for claims in known.values() for claim in claims}
    for claim in claims:
        plain = replace(claim, superseded_by="")
        if plain in said:
            continue
        said.add(plain)
        profile = after[claim.person]
        after[claim.person] = (
            Profile(claim.person, (*profile.claims, claim)) if claim.superseded_by else profile.add(claim)
        )
    return after
