"""The whole pipeline beside the bare encoder: throughput ratio, memory over table sizes, and a resume after kill -9.

PERSONAE_DATA=... python benchmarks/pipeline.py --comments 100000     # throughput, on so many distinct comments
python benchmarks/pipeline.py --memory 10000 100000 1000000           # peak memory, on tables of so many traces
PERSONAE_DATA=... python benchmarks/pipeline.py --kills 5             # killed so often, then compared with a calm run

Comments are SynthPAI's, varied by a number so that no two are the same; the memory tables repeat 2,000 made sentences.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PER_PERSON = 50


def comments(count: int) -> list[str]:
    from personae.people.datasets import read_rows

    texts = [row["text"] for row in read_rows("synthpai", "comments.jsonl.zst") if row["text"].strip()]
    return [
        f"{texts[i % len(texts)]} ({i // len(texts)})" if i >= len(texts) else texts[i] for i in range(count)
    ]


def table(path: Path, texts: list[str], count: int, *, first: int = 0) -> Path:
    """Write a Parquet table of `count` traces, fifty a person; the people are numbered from `first`."""
    import duckdb

    with duckdb.connect() as database:
        database.execute("CREATE TABLE texts (place INTEGER, text VARCHAR)")
        database.executemany("INSERT INTO texts VALUES (?, ?)", list(enumerate(texts)))
        database.execute(
            "COPY (SELECT printf('p%07d', ? + i // ?) AS person, text, 't' || i AS id FROM range(?) r(i) "
            f"JOIN texts ON place = i % {len(texts)} ORDER BY i) TO '{path}' (FORMAT parquet)",
            [first, PER_PERSON, count],
        )
    return path


def throughput(folder: Path, count: int) -> None:
    """Time the encoder alone and the pipeline with a store over the same comments, in turn, a tenth at a time.

    In turn, because over the minutes of a long run the speed of a machine drifts by a third; the tenths are tables of
    their own that are read into one store.
    """
    from personae import Store, reveal
    from personae.infer._lines import cut
    from personae.models.encoder import HomeEncoder

    texts = comments(count)
    tenth = -(-count // (10 * PER_PERSON)) * PER_PERSON
    encoder = HomeEncoder()
    encoder.encode(texts[:200])
    bare, whole = Clock(), Clock()
    lines = people = 0
    with Store(folder / "people.duckdb") as store:
        for start in range(0, count, tenth):
            chunk = texts[start : start + tenth]
            cuts = [text[begin:end] for text in chunk for begin, end in cut(text)]
            path = table(folder / f"{start}.parquet", chunk, len(chunk), first=start // PER_PERSON)
            with bare.running():
                encoder.encode(cuts)
            with whole.running():
                people += sum(1 for _ in reveal(path, store=store))
            lines += len(cuts)
    print(f"{count:,} comments of {people:,} people, {lines:,} lines")
    for name in ("wall", "processor"):
        alone, together = getattr(bare, name), getattr(whole, name)
        print(
            f"{name}: bare encoder {count / alone:,.0f}/s; read, encode, infer, store {count / together:,.0f}/s: "
            f"ratio {alone / together:.2f}"
        )


@dataclass
class Clock:
    """Seconds by the wall and by the processor; the second is the one to trust on a busy machine."""

    wall: float = 0.0
    processor: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        wall, processor = time.perf_counter(), time.process_time()
        yield
        self.wall += time.perf_counter() - wall
        self.processor += time.process_time() - processor


def memory(folder: Path, count: int) -> None:
    """Report the peak memory of a process that reveals a table of `count` traces."""
    sentences = [
        f"On day {i} I cooked rice, walked to the river and read about number {i * 37}." for i in range(2000)
    ]
    path = table(folder / f"{count}.parquet", sentences, count)
    script = folder / "peak.py"
    script.write_text(
        "import resource, sys, personae\n"
        "people = sum(1 for _ in personae.reveal(sys.argv[1]))\n"
        "print(people, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, script, str(path)], capture_output=True, text=True, check=True)
    people, peak = done.stdout.split()
    print(
        f"{count:,} traces of {people} people: peak {float(peak):,.0f} MB, {count / (time.perf_counter() - start):,.0f}/s"
    )


def kills(folder: Path, times: int) -> None:
    """Kill `personae reveal --store` at random moments, let it finish, and compare with a run nobody disturbed."""
    path = table(folder / "people.parquet", comments(4000), 4000)
    calm, killed = folder / "calm.duckdb", folder / "killed.duckdb"
    base = [sys.executable, "-m", "personae", "reveal", str(path), "--json", "--quiet", "--store"]
    undisturbed = subprocess.run([*base, str(calm)], capture_output=True, text=True, check=True).stdout
    for _ in range(times):
        process = subprocess.Popen([*base, str(killed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0.5, 6.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
    resumed = subprocess.run([*base, str(killed)], capture_output=True, text=True, check=True).stdout
    same = [json.loads(line) for line in undisturbed.splitlines()] == [
        json.loads(line) for line in resumed.splitlines()
    ]
    print(f"killed {times} times; resumed run {'equals' if same else 'DIFFERS FROM'} the undisturbed one")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--comments", type=int)
    parser.add_argument("--memory", type=int, nargs="*", default=[])
    parser.add_argument("--kills", type=int)
    chosen = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as scratch:
        if chosen.comments:
            throughput(Path(scratch), chosen.comments)
        for count in chosen.memory:
            memory(Path(scratch), count)
        if chosen.kills:
            kills(Path(scratch), chosen.kills)


if __name__ == "__main__":
    main()
