"""People already shielded, kept on disk until their archive is written: an interrupted run goes on where it stopped.

The file holds guesses, edits and the key of the pseudonyms, no word of a text; its owner alone can read it, and it goes when the
archive stands.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from personae import __version__
from personae.errors import BadInput
from personae.people.records import Guess, Trace
from personae.shield.drafts import Edit, Rewrites
from personae.shield.exposure import Exposure, Utility
from personae.shield.shielding import Point, Shielded, edited_traces


class Resumed:
    """What an earlier run of the same command on the same archive has done.

    Parameters
    ----------
    file : Path or None
        Where it is kept; None keeps nothing.
    traces : sequence of Trace
        Of the archive.
    asked : object
        All else that decides the result, in words; what was kept under other words is of no use.
    key : int
        Of the pseudonyms, where nothing was kept.
    """

    def __init__(self, file: Path | None, traces: Iterable[Trace], asked: object, key: int) -> None:
        self.file, self.key = file, key
        told = hashlib.blake2b(f"{asked}\0{__version__}".encode(), digest_size=16)
        for trace in traces:
            told.update(f"{trace.person}\0{trace.id}\0{trace.where}\0{trace.text}\0".encode())
        self._asked = told.hexdigest()
        self._done: dict[str, dict[str, Any]] = {}
        rows = _rows(file)
        if rows and rows[0].get("asked") == self._asked:
            self.key = int(rows[0]["key"])
            self._done = {row["person"]: row for row in rows[1:]}

    def __len__(self) -> int:
        return len(self._done)

    def find(self, person: str, traces: Sequence[Trace]) -> Shielded | None:
        """Return what was made of a person, None where nothing was."""
        row = self._done.get(person)
        return _shielded(row, tuple(traces)) if row else None

    def add(self, done: Shielded) -> None:
        """Keep what was made of one more person."""
        row: dict[str, Any] = {
            name: getattr(done, name) for name in ("person", "level", "attacker", "repeated")
        }
        row |= {
            name: [asdict(each) for each in getattr(done, name)] for name in ("edits", "exposure", "curve")
        }
        row |= {name: asdict(getattr(done, name)) for name in ("utility", "rewrites")}
        self._done[done.person] = row
        if self.file is None:
            return
        is_fresh = len(self._done) == 1 or not self.file.exists()
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if is_fresh else os.O_APPEND)
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            opened = os.open(self.file, flags, 0o600)
        except OSError as error:
            raise BadInput(
                f"{self.file.parent}: cannot be written to ({error.strerror}). Name another place with --out."
            ) from error
        with os.fdopen(opened, "w", encoding="utf-8") as stream:
            for each in (
                [{"asked": self._asked, "key": self.key}, *self._done.values()] if is_fresh else [row]
            ):
                stream.write(json.dumps(each) + "\n")

    def remove(self) -> None:
        if self.file is not None:
            self.file.unlink(missing_ok=True)


def _rows(file: Path | None) -> list[dict[str, Any]]:
    """Return the whole lines of a file; the last one may be cut short."""
    rows = []
    with suppress(OSError, ValueError):
        for line in file.read_text(encoding="utf-8").split("\n")[:-1] if file else ():
            rows.append(json.loads(line))
    return rows


def _shielded(row: Mapping[str, Any], before: tuple[Trace, ...]) -> Shielded:
    edits = _edits(row["edits"])
    exposure = tuple(
        Exposure(**each | {"before": Guess(**each["before"]), "after": Guess(**each["after"])})
        for each in row["exposure"]
    )
    curve = tuple(
        Point(
            _edits(each["edits"]),
            {name: Guess(**guess) for name, guess in each["guesses"].items()},
            each["words_kept"],
            each["kept"],
        )
        for each in row["curve"]
    )
    return Shielded(
        row["person"], row["level"], before, edited_traces(before, edits), edits, exposure, Utility(**row["utility"]), curve,
        row["attacker"], row["repeated"], Rewrites(**row["rewrites"]),
    )  # fmt: skip


def _edits(rows: Sequence[Mapping[str, Any]]) -> tuple[Edit, ...]:
    return tuple(Edit(**row) for row in rows)
