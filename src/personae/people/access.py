"""The log of sensitive operations: what was asked for which purpose, what the gate said, and nothing about any person.

Each entry carries a seal over itself and the seal before it, so that a line which was changed or taken out shows; the log of a
store outlives the people who were forgotten in it.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> from personae.people.policy import decide
>>> from personae.people.store import Store
>>> with Store(Path(tempfile.mkdtemp()) / "people.duckdb") as store:
...     store.accesses.record(decide("research", "religion"), granted=False)
...     [(entry.purpose, entry.attribute.name, entry.verdict) for entry in store.accesses.entries()]
[('research', 'religion', 'forbidden')]
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from personae.people._rules import Rules, Setting
from personae.people.attributes import Attribute

if TYPE_CHECKING:
    from personae.people._database import Database
    from personae.people.policy import Decision


@dataclass(frozen=True, slots=True)
class Access:
    """One sensitive operation that was asked for.

    `verdict` and `rule` are what the gate said then; `granted` whether the operation went on; `intact` whether the seals up to
    this entry fit.
    """

    time: datetime
    purpose: str
    attribute: Attribute
    setting: Setting
    verdict: str
    rule: str
    granted: bool
    intact: bool = True

    def as_json(self) -> dict[str, Any]:
        return {
            "time": self.time.isoformat(), "purpose": self.purpose, "attribute": self.attribute.name, **_said(self.setting),
            "verdict": self.verdict, "rule": self.rule, "granted": self.granted, "intact": self.intact,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Replayed:
    """An entry beside what a table of rules says of the same question today or on a chosen day."""

    access: Access
    verdict: str
    rule: str

    @property
    def agrees(self) -> bool:
        return self.access.intact and (self.verdict, self.rule) == (self.access.verdict, self.access.rule)


class AccessLog:
    """The accesses of one store; entries are only ever added."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, decision: Decision, *, granted: bool) -> None:
        """Keep a decision about a sensitive attribute, or one that was not granted; others leave no entry."""
        if granted and not decision.is_sensitive:
            return
        time = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
        question = _spelled(decision)
        with self._database.transaction():
            rows = self._database.execute("SELECT place, seal FROM accesses ORDER BY place DESC LIMIT 1")
            place, before = rows[0] if rows else (0, "")
            row = (time, question, decision.verdict, decision.rule, granted)
            self._database.execute(
                "INSERT INTO accesses VALUES (?, ?, ?, ?, ?, ?, ?)", (place + 1, *row, _seal(before, row))
            )

    def entries(self) -> list[Access]:
        """Return every entry, oldest first."""
        rows = self._database.execute(
            "SELECT place, time, question, verdict, rule, granted, seal FROM accesses ORDER BY place"
        )
        return list(_read(rows))


def replay(
    entries: Iterable[Access], table: Rules | None = None, *, day: date | None = None
) -> Iterator[Replayed]:
    """Ask each logged question again, under the rules in force on the day it was logged.

    Parameters
    ----------
    entries : iterable of Access
    table : Rules or None
        The rules that ship by default.
    day : date or None
        Ask as of this day instead, such as today: what would now be decided otherwise?
    """
    from personae.people.policy import decide

    for entry in entries:
        asked = replace(entry.setting, day=day or entry.setting.day or entry.time.date())
        decision = decide(entry.purpose, entry.attribute, asked, table=table)
        yield Replayed(entry, decision.verdict, decision.rule)


def _read(rows: Iterable[tuple[Any, ...]]) -> Iterator[Access]:
    before, intact = "", True
    for place, (number, time, question, verdict, rule, granted, seal) in enumerate(rows, 1):
        intact = (
            intact and number == place and seal == _seal(before, (time, question, verdict, rule, granted))
        )
        before = seal
        asked = json.loads(question)
        name, said = asked["attribute"], asked["setting"]
        attribute = Attribute(name, name, "text", special=asked["special"], protected=asked["protected"])
        setting = Setting(**said | ({"day": date.fromisoformat(said["day"])} if "day" in said else {}))
        yield Access(
            time.replace(tzinfo=UTC), asked["purpose"], attribute, setting, verdict, rule, granted, intact
        )


def _said(setting: Setting) -> dict[str, Any]:
    said = {name: value for name, value in asdict(setting).items() if value not in ("", None)}
    return said | ({"day": setting.day.isoformat()} if setting.day else {})


def _spelled(decision: Decision) -> str:
    told = {name: getattr(decision, name) for name in ("purpose", "attribute", "special", "protected")}
    return json.dumps({**told, "setting": _said(decision.setting)}, sort_keys=True)


def _seal(before: str, row: tuple[datetime, str, str, str, bool]) -> str:
    time, *others = row
    spelled = json.dumps([before, time.isoformat(), *others])
    return hashlib.blake2b(spelled.encode(), digest_size=16).hexdigest()
