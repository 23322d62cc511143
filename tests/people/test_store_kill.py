"""SIGKILL at random moments: the store opens, holds every person wholly or not at all, and the resumed run ends the same."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from personae.people.store import Store

WORKER = Path(__file__).with_name("store_worker.py")
FORGOTTEN = "person-007"
TABLES = ("people", "traces", "claims", "vectors", "parameters", "journal")


class Worker:
    """A process that runs one piece of work at a time in a fork, and kills it when told."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, work: str, path: Path, seconds: float | None = None) -> bool:
        """Run the work, killed after so many seconds; True when it came to its end."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{work} {path}\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline())
        timer = threading.Timer(seconds, _kill, (child,)) if seconds is not None else None
        if timer:
            timer.start()
        code = int(self.process.stdout.readline())
        if timer:
            timer.cancel()
        assert code in (0, -signal.SIGKILL)
        return code == 0


def _kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    assert made.process.stdin
    made.process.stdin.close()
    made.process.wait(10)


@pytest.fixture(scope="module")
def undisturbed(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A finished store, and the seconds that it took, or 1.5 on a busy machine."""
    path = tmp_path_factory.mktemp("undisturbed") / "people.duckdb"
    start = time.monotonic()
    assert worker.run("fill", path)
    return path, min(time.monotonic() - start, 1.5)


def everything(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of every table, in one order, without the moment at which work was finished."""
    columns = {"journal": "* EXCLUDE finished", "traces": "* EXCLUDE place"}
    with Store(path, create=False) as store:
        return {
            table: store.database.execute(f"SELECT {columns.get(table, '*')} FROM {table} ORDER BY ALL")
            for table in TABLES
            if table != "vectors"
        } | {
            "vectors": store.database.execute(
                "SELECT * EXCLUDE vector, hash(vector) FROM vectors ORDER BY ALL"
            )
        }


def assert_consistent(path: Path) -> None:
    with Store(path) as store:
        uneven = store.database.execute(
            "SELECT person FROM people FULL JOIN (SELECT person, count(*) AS n FROM traces GROUP BY person) USING (person) "
            "WHERE coalesce(traces, 0) <> coalesce(n, 0)"
        )
        half = store.database.execute(
            "SELECT person FROM journal FULL JOIN (SELECT person, count(*) AS n FROM claims GROUP BY person) USING (person) "
            "WHERE coalesce(claims, 0) <> coalesce(n, 0)"
        )
        partial = [each.person for each in store.summaries() if each.traces != 1 + int(each.person[-3:]) % 5]
    assert (uneven, half, partial) == ([], [], [])
    assert not list(path.parent.glob("*.part*"))


def test_a_killed_run_resumes_to_the_same_end(
    worker: Worker, undisturbed: tuple[Path, float], tmp_path: Path
) -> None:
    finished, seconds = undisturbed
    expected = everything(finished)
    moments = random.Random(0)
    kills = 0
    for attempt in range(50):
        path = tmp_path / str(attempt) / "people.duckdb"
        path.parent.mkdir()
        while not worker.run("fill", path, moments.uniform(0, seconds / 3)):
            kills += 1
            assert_consistent(path)
            if kills >= 20:
                assert worker.run("fill", path)
        assert everything(path) == expected
        if kills >= 20:
            break
    assert kills >= 20


def test_a_killed_forgetting_is_all_or_nothing_and_ends_clean(
    worker: Worker, undisturbed: tuple[Path, float], tmp_path: Path
) -> None:
    whole = undisturbed[0].read_bytes()
    before = everything(undisturbed[0])
    expected = {table: [row for row in rows if FORGOTTEN not in row] for table, rows in before.items()}
    path = tmp_path / "people.duckdb"
    start = time.monotonic()
    path.write_bytes(whole)
    assert worker.run("forget", path)
    seconds = time.monotonic() - start
    moments = random.Random(1)
    for _ in range(3):
        path.write_bytes(whole)
        worker.run("forget", path, moments.uniform(0, seconds))
        assert_consistent(path)
        assert everything(path) in (expected, before)
        assert worker.run("forget", path)
        assert everything(path) == expected
        assert [file.name for file in tmp_path.iterdir()] == ["people.duckdb"]
        assert f"{FORGOTTEN} writes line".encode() not in path.read_bytes()
