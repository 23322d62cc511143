"""The run journal: which person is done with which method and settings, and not one word of what they wrote."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from personae.errors import BadInput
from personae.people._columns import key, keys
from personae.people._database import Database

Config = object  # anything JSON can spell: a dict of settings, a string, a number


@dataclass(frozen=True, slots=True)
class Entry:
    """One finished piece of work: `config` is the hash of the settings, `traces` and `claims` are counts."""

    person: str
    method: str
    config: str
    traces: int
    claims: int
    finished: datetime


class Journal:
    """What makes a long run resumable: a person is done once, for one method, settings and set of traces.

    An entry counts the traces the person had; once the person has others, the work is due again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def done(self, person: str, method: str, config: Config) -> bool:
        """Say whether this work was committed and the person has the same traces since."""
        rows = self._database.execute(
            "SELECT 1 FROM journal JOIN people USING (person, traces) WHERE person = ? AND method = ? AND config = ?",
            (key(person), key(method), config_hash(config)),
        )
        return bool(rows)

    def done_among(self, people: Sequence[str], method: str, config: Config) -> set[str]:
        """Return those of the people who are done."""
        with self._database.table("asked", person=keys(people)):
            rows = self._database.execute(
                "SELECT person FROM asked JOIN people USING (person) JOIN journal USING (person, traces) "
                "WHERE method = ? AND config = ?",
                (key(method), config_hash(config)),
            )
        return {person for (person,) in rows}

    def entries(self, person: str) -> list[Entry]:
        """Return what was done for a person, oldest first."""
        rows = self._database.execute(
            "SELECT person, method, config, traces, claims, finished FROM journal WHERE person = ? "
            "ORDER BY finished, method, config",
            (key(person),),
        )
        return [
            Entry(id_, method, config, traces, claims, finished.replace(tzinfo=UTC))
            for id_, method, config, traces, claims, finished in rows
        ]

    def write(self, counts: Sequence[tuple[str, int]], method: str, config: Config) -> None:
        """Enter (person, number of claims) as done; belongs inside the transaction that writes the claims."""
        with self._database.table(
            "finished",
            person=keys(person for person, _ in counts),
            claims=np.array([claims for _, claims in counts], dtype=np.int64),
        ):
            self._database.execute(
                "INSERT OR REPLACE INTO journal SELECT person, ?, ?, people.traces, finished.claims, ?::TIMESTAMP "
                "FROM finished JOIN people USING (person)",
                (key(method), config_hash(config), datetime.now(UTC).replace(tzinfo=None)),
            )


def config_hash(config: Config) -> str:
    """Return a 16-digit hash of the settings; the order of a dict's keys does not matter.

    >>> config_hash({"seed": 1, "only": ["age"]}) == config_hash({"only": ["age"], "seed": 1})
    True
    """
    try:
        spelled = json.dumps(config, sort_keys=True)
    except (TypeError, ValueError):
        spelled = ""
    if not spelled:
        raise BadInput("A run's settings must be what JSON can spell: text, numbers, lists, dicts.")
    return hashlib.blake2b(spelled.encode(), digest_size=8).hexdigest()
