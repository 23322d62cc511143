"""Rows a second and peak memory of the store, each phase in a process of its own: `python benchmarks/store.py [TRACES]`."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from personae.people.exchange import export, read_traces
from personae.people.forget import forget
from personae.people.records import Claim, Evidence, Guess, Trace
from personae.people.store import Store

EACH = 100  # traces of one person
START = datetime(2020, 1, 1, tzinfo=UTC)


def traces(count: int) -> Iterator[Trace]:
    """Yield invented comments of about 120 characters."""
    for number in range(count):
        text = f"comment {number}: {number * 7919 % 100003} steps in the rain, then tea with {number * 31 % 9973} others"
        yield Trace(
            f"person-{number // EACH:08}", "reddit", f"t1_{number:x}", START + timedelta(seconds=number), "comment",
            text=text + ", and nothing much to say about it", thread=f"t3_{number // 11:x}", where=f"comments.csv:{number}",
        )  # fmt: skip


def claims(person: str) -> list[Claim]:
    """Return eight claims that rest on five traces each."""
    evidence = tuple(Evidence(f"t1_{number}", "comments.csv:1", ((0, 4),), 0.2) for number in range(5))
    guesses = tuple(Guess(value, 0.3) for value in "abc")
    return [Claim(person, name, guesses, "inferred", False, "home", evidence) for name in "stuvwxyz"]


def write(store: Store, count: int, folder: Path) -> int:
    return store.add(traces(count)).new


def again(store: Store, count: int, folder: Path) -> int:
    return store.add(traces(count)).known


def read(store: Store, count: int, folder: Path) -> int:
    return sum(len(person.traces) for batch in store.people() for person in batch)


def commit(store: Store, count: int, folder: Path) -> int:
    """Write 1,000 people's claims, a hundred a transaction; counted in people."""
    people = [summary.person for summary in store.summaries(limit=1000)]
    for start in range(0, len(people), 100):
        store.commit_people([(person, claims(person)) for person in people[start : start + 100]], "home", 1)
    return len(people)


def commit_one(store: Store, count: int, folder: Path) -> int:
    """Write 100 people's claims, one a transaction; counted in people."""
    people = [summary.person for summary in store.summaries(limit=100)]
    for person in people:
        store.commit_person(person, claims(person), "home", 2)
    return len(people)


def jsonl_out(store: Store, count: int, folder: Path) -> int:
    return export(store, folder / "traces.jsonl")


def jsonl_in(store: Store, count: int, folder: Path) -> int:
    return sum(1 for _ in read_traces(folder / "traces.jsonl"))


def parquet_out(store: Store, count: int, folder: Path) -> int:
    return export(store, folder / "traces.parquet")


def parquet_in(store: Store, count: int, folder: Path) -> int:
    return sum(1 for _ in read_traces(folder / "traces.parquet"))


def forget_one(store: Store, count: int, folder: Path) -> int:
    """Forget one person with proof; counted in rows of the store that is written anew."""
    assert forget(store, "person-00000003").is_complete
    return count


PHASES = (write, again, read, commit, commit_one, jsonl_out, jsonl_in, parquet_out, parquet_in, forget_one)


def main() -> None:
    if len(sys.argv) == 4:
        name, count, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
        with Store(folder / "people.duckdb") as store:
            start, busy = time.perf_counter(), time.process_time()
            rows = {phase.__name__: phase for phase in PHASES}[name](store, count, folder)
            seconds, cpu = time.perf_counter() - start, time.process_time() - busy
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{name:12} {rows:9,} rows {seconds:7.1f} s {rows / seconds:10,.0f} rows/s {cpu:7.1f} s CPU {peak:6.0f} MB peak"
        )
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    start = time.perf_counter()
    made = sum(1 for _ in traces(count))
    print(f"making the {made:,} traces takes {time.perf_counter() - start:.1f} s of `write` and `again`")
    with tempfile.TemporaryDirectory() as folder:
        for phase in PHASES:
            subprocess.run([sys.executable, __file__, phase.__name__, str(count), folder], check=True)
        print(f"the file takes {(Path(folder) / 'people.duckdb').stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
