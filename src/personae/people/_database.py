"""The file behind a store: opened by one process alone, born whole, rewritten whole, and no error that quotes a row."""

from __future__ import annotations

import glob
import os
import shutil
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from personae.errors import BadInput
from personae.people.duck import connect

if TYPE_CHECKING:
    import duckdb

VERSION = 1
LATER = {  # tables that stores from before them lack
    "accesses": """CREATE TABLE accesses (
    place BIGINT PRIMARY KEY, time TIMESTAMP NOT NULL, question VARCHAR NOT NULL, verdict VARCHAR NOT NULL,
    rule VARCHAR NOT NULL, granted BOOLEAN NOT NULL, seal VARCHAR NOT NULL
);""",
    "forgotten": "CREATE TABLE forgotten (salt VARCHAR NOT NULL, mark VARCHAR PRIMARY KEY);",
}
SCHEMA = f"""
CREATE TABLE workspace (version INTEGER NOT NULL, rewrite_due BOOLEAN NOT NULL);
INSERT INTO workspace VALUES ({VERSION}, false);
CREATE TABLE people (person VARCHAR PRIMARY KEY, traces BIGINT NOT NULL);
CREATE TABLE traces (
    person VARCHAR, source VARCHAR, id VARCHAR, time TIMESTAMP, kind VARCHAR, role VARCHAR, thread VARCHAR,
    text VARCHAR, item_id VARCHAR, item_title VARCHAR, item_creator VARCHAR, value DOUBLE, "where" VARCHAR,
    place BIGINT, PRIMARY KEY (person, source, id)
);
CREATE TABLE claims (
    person VARCHAR, place INTEGER, id VARCHAR, attribute VARCHAR, status VARCHAR, abstained BOOLEAN,
    guesses STRUCT(value VARCHAR, probability DOUBLE)[],
    evidence STRUCT(trace VARCHAR, "where" VARCHAR, spans BIGINT[][], weight DOUBLE)[],
    method VARCHAR, model VARCHAR, time TIMESTAMP, valid_from TIMESTAMP, valid_to TIMESTAMP,
    purpose VARCHAR, decision VARCHAR, superseded_by VARCHAR
);
CREATE TABLE vectors (
    person VARCHAR, source VARCHAR, trace VARCHAR, model VARCHAR, vector FLOAT[384],
    PRIMARY KEY (person, source, trace, model)
);
CREATE TABLE parameters (person VARCHAR, name VARCHAR, bytes BLOB, PRIMARY KEY (person, name));
CREATE TABLE journal (
    person VARCHAR, method VARCHAR, config VARCHAR, traces BIGINT, claims BIGINT, finished TIMESTAMP,
    PRIMARY KEY (person, method, config)
);
{" ".join(LATER.values())}
"""  # `place` is the order of arrival, for a claim in its profile; times are UTC
PERSONAL = ("traces", "claims", "vectors", "parameters", "journal", "people")  # tables keyed by person
KEPT = (
    *PERSONAL,
    *LATER,
)  # what a rewrite copies; the log of accesses and the marks hold nothing about a person
_FRESH = "personae_rewritten"  # what the fresh file is called while rows are copied into it
_SLICE = 100_000  # rows copied at once in a rewrite: a key's index is built in memory


class Database:
    """One DuckDB file that holds the tables of `SCHEMA`.

    Safe to share between threads; a second process, or a second `Database` on the same file, is refused.

    Parameters
    ----------
    path : Path
    create : bool
        Make the file when it is missing; otherwise a missing file is an error.
    memory_mb : int
        What DuckDB may hold in memory before it spills to `<path>.tmp`, megabytes.
    """

    def __init__(self, path: Path, *, create: bool, memory_mb: int) -> None:
        self.path = path.resolve()
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{memory_mb}MB",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            # two connections of one process with different settings are refused: a file has one owner
            "custom_user_agent": f"personae-{uuid.uuid4().hex}",
        }
        self._lock = threading.RLock()
        if not self.path.exists():
            self._bear(create)
        self._connection = self._connect(self.path)
        try:
            self._check()
            self._sweep()
            if self.execute("SELECT rewrite_due FROM workspace")[0][0]:
                self.rewrite()
        except BaseException:
            self.close()
            raise

    @property
    def files(self) -> list[Path]:
        """Every file that belongs to the store: the database, its write-ahead log, what spilled, copies named after it."""
        beside = self.path.parent.glob(glob.escape(self.path.name) + ".*")
        found = (file for start in beside for file in (start.rglob("*") if start.is_dir() else (start,)))
        return [self.path, *sorted(file for file in found if file.is_file())]

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        import duckdb

        with self._lock, _interruptible():
            try:
                return self._connection.execute(sql, list(parameters)).fetchall()
            except duckdb.Error as error:
                failure = error
        raise self._refused(failure)

    def arrays(self, sql: str, parameters: Sequence[object] = ()) -> dict[str, NDArray[Any]]:
        """Run one query and return its columns as NumPy arrays."""
        import duckdb

        with self._lock, _interruptible():
            try:
                return dict(self._connection.execute(sql, list(parameters)).fetchnumpy())
            except duckdb.Error as error:
                failure = error
        raise self._refused(failure)

    @contextmanager
    def table(self, name: str, **columns: NDArray[Any]) -> Iterator[None]:
        """Let the columns, of one length, stand as a table of that name in the statements inside."""
        with self._lock:
            self._connection.register(name, columns)
            try:
                yield
            finally:
                self._connection.unregister(name)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything inside at once, or nothing of it."""
        with self._lock:
            self.execute("BEGIN")
            try:
                yield
                self.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Close the file while inside, its log folded in: reading it beside an open connection would drop the lock."""
        with self._lock:
            self._connection.close()
            try:
                yield
            finally:
                self._connection = self._connect(self.path)

    def rewrite(self) -> None:
        """Copy the live rows into a fresh file and put it in the old one's place.

        DuckDB keeps deleted rows in freed pages; a fresh file has none. Killed before the rename, the old file stays
        and the next opening does this again where a deletion asked for it.
        """
        part = self._part()
        with self._lock:
            self._make(part)
            shutil.copymode(self.path, part)
            self.execute(f"ATTACH {quoted(part)} AS {_FRESH}")
            try:
                for table in KEPT:
                    self._copy(table)
            except BaseException:
                self.execute(f"DETACH {_FRESH}")
                part.unlink()
                raise
            self.execute(f"CHECKPOINT {_FRESH}")
            self.execute(f"DETACH {_FRESH}")
            with self.closed():
                if self.path.with_name(self.path.name + ".wal").exists():
                    raise BadInput(f"{self.path}: its log could not be folded in. Open the store again.")
                part.replace(self.path)
                _sync(self.path.parent)

    def _copy(self, table: str) -> None:
        [(rows, last)] = self.execute(f"SELECT count(*), coalesce(max(rowid), -1) FROM {table}")
        copied = 0
        for start in range(0, last + 1, _SLICE):
            insert = f"INSERT INTO {_FRESH}.{table} SELECT * FROM {table} WHERE rowid BETWEEN ? AND ?"
            copied += self.execute(insert, (start, start + _SLICE - 1))[0][0]
        if copied != rows:
            raise BadInput(
                f"{self.path}: {copied} of {rows} {table} were copied; nothing was changed. Open the store again."
            )

    def _roll_back(self) -> None:
        import duckdb

        with suppress(duckdb.Error):  # a failed commit has rolled back by itself
            self._connection.rollback()

    def _part(self) -> Path:
        return self.path.with_name(f"{self.path.name}.{os.getpid()}.part")

    def _bear(self, create: bool) -> None:
        if not create:
            raise BadInput(
                f"{self.path}: no such store. `personae people import FILE` or `personae reveal FILE --store` makes one."
            )
        if not self.path.parent.is_dir():
            raise BadInput(f"{self.path}: its folder does not exist. Make the folder first.")
        part = self._part()
        self._make(part)
        try:
            os.link(part, self.path)
        except FileExistsError:
            pass  # another process was quicker
        except OSError:
            part.replace(self.path)  # a file system without hard links
        part.unlink(missing_ok=True)

    def _make(self, part: Path) -> None:
        """Make an empty store, readable by its owner alone."""
        part.unlink(missing_ok=True)
        connection = self._connect(part)
        connection.execute(f"BEGIN; {SCHEMA} COMMIT; CHECKPOINT")
        connection.close()
        part.chmod(0o600)

    def _connect(self, path: Path) -> duckdb.DuckDBPyConnection:
        import duckdb

        try:
            return connect(path, self._config)
        except duckdb.Error as error:
            failure = error
        raise BadInput(f"{self.path}: {_why_closed(failure)}")

    def _check(self) -> None:
        tables = {name for (name,) in self.execute("SELECT table_name FROM duckdb_tables()")}
        if not {"workspace", *PERSONAL} <= tables:
            raise BadInput(f"{self.path}: not a personae store. Name another file with --store.")
        for table in LATER.keys() - tables:
            self.execute(LATER[table])
        [(version,)] = self.execute("SELECT version FROM workspace")
        if version > VERSION:
            raise BadInput(
                f"{self.path}: written by a newer personae (schema {version}; this one reads {VERSION}). Upgrade personae."
            )

    def _sweep(self) -> None:
        """Remove what a killed process left: unfinished copies and spilled rows."""
        name = glob.escape(self.path.name)
        for pattern in (f"{name}.*.part", f"{name}.*.part.wal", f"{name}.tmp/duckdb_temp_*"):
            for file in self.path.parent.glob(pattern):
                file.unlink(missing_ok=True)

    def _refused(self, failure: Exception) -> BadInput:
        kind = type(failure).__name__
        mend = {
            "OutOfMemoryException": "Give the store more memory_mb.",
            "IOException": "See whether the disk is full and the file still there.",
            "ConnectionException": "The store is closed; open it again.",
        }.get(kind, "Open the store again; if it comes back, export the traces into a new store.")
        return BadInput(f"{self.path}: the store could not do this ({kind}). {mend}")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Turn the error that DuckDB makes of Ctrl-C back into the interrupt."""
    try:
        yield
    except RuntimeError as error:
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from None


def _why_closed(failure: Exception) -> str:
    message = str(failure)
    if "lock" in message:
        return "another process has this store open. Wait until it ends, or name another file with --store."
    if "different configuration" in message:
        return "this process has this store open already. Share that `Store`, or close it first."
    if "version number" in message:
        return "written by a newer DuckDB. Upgrade the duckdb package."
    if "not a valid DuckDB" in message:
        return "not a DuckDB file. Name another file with --store."
    return f"the store could not be opened ({type(failure).__name__}). See whether the file may be read and written."


def quoted(path: Path) -> str:
    """Return the path as SQL spells a string."""
    return "'" + str(path).replace("'", "''") + "'"


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
