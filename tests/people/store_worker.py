"""What the kill test kills: a run that fills a store and reads its people, resumed wherever it was cut off.

Reads one line a run, "fill PATH" or "forget PATH", and does it in a fork, so that the imports are paid once. Prints the
fork's process id, then how it ended.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from personae.people.forget import forget
from personae.people.records import Claim, Evidence, Guess, Item, Person, Trace
from personae.people.store import Store

PEOPLE = [f"person-{number:03}" for number in range(12)]
FORGOTTEN = PEOPLE[7]
SETTINGS = {"seed": 1}
START = datetime(2024, 1, 1, tzinfo=UTC)


def traces(person: str) -> list[Trace]:
    return [
        Trace(
            person, "table", str(number), START + timedelta(hours=number), text=f"{person} writes line {number}. " * 40,
            item=Item("x", "y", "z") if number % 3 else None,
        )
        for number in range(1 + PEOPLE.index(person) % 5)
    ]  # fmt: skip


def claims(person: Person) -> list[Claim]:
    proof = tuple(Evidence(trace.id, trace.where, ((0, 6),)) for trace in person.traces)
    return [
        Claim(
            person.id, name, (Guess(str(len(person.traces)), 0.5),), "inferred", False, "m", proof, time=START
        )
        for name in ("age", "sex")
    ]


def fill(path: Path) -> None:
    with Store(path) as store:
        for person in PEOPLE:
            store.add(traces(person))
        for batch in store.people(8, pending=("m", SETTINGS)):
            own = [trace for person in batch for trace in person.traces]
            store.put_vectors(own, "home", np.ones((len(own), 384), dtype=np.float32))
            for person in batch:
                store.put_parameters(person.id, "adapter", person.id.encode())
                store.commit_person(person, claims(person), "m", SETTINGS)


def forget_one(path: Path) -> None:
    with Store(path) as store:
        forget(store, FORGOTTEN)


if __name__ == "__main__":
    for line in sys.stdin:
        work, path = line.rstrip("\n").split(" ", 1)
        child = os.fork()
        if child == 0:
            {"fill": fill, "forget": forget_one}[work](Path(path))
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
