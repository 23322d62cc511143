"""POPQUORN's annotators: forty ratings of history and the rest to predict, in the order of the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.papers.harness import Context
from personae.people.records import Answer

DATA = "rpm"
FILE = "popquorn_offensiveness.jsonl.zst"
N_HISTORY = 40
QUICK = 12  # annotators
TASK = "how offensive an online comment is, from 1 (not at all) to 5 (very offensive)"
N_LEVELS = 5
Array = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Annotators:
    """Ratings as arrays over distinct people and texts: those of the history, and those to predict."""

    people: tuple[str, ...]
    texts: tuple[str, ...]
    person: Codes
    text: Codes
    level: Array
    test_person: Codes
    test_text: Codes
    test_level: Array

    def history(self, rows: NDArray[np.generic] | None = None, *, of: Codes | None = None) -> list[Answer]:
        """Return history rows as answers; `of` (n_rows,) puts other people's numbers in the place of their own."""
        person = self.person if of is None else of
        chosen = np.arange(len(person)) if rows is None else np.arange(len(person))[rows]
        return [
            Answer(self.people[person[i]], self.texts[self.text[i]], float(self.level[i])) for i in chosen
        ]

    def asked(self, rows: NDArray[np.generic]) -> list[tuple[str, str]]:
        """Return test rows as (person, text)."""
        chosen = np.arange(len(self.test_person))[rows]
        return [(self.people[self.test_person[i]], self.texts[self.test_text[i]]) for i in chosen]


def read_annotators(context: Context) -> Annotators:
    """Return every annotator, or the first so many that are asked for."""
    rows = context.rows(DATA, FILE)
    most = QUICK if context.quick else None
    kept = list(dict.fromkeys(row["user_id"] for row in rows))[:most][: context.limit]
    chosen = [row for row in rows if row["user_id"] in set(kept)]
    rank: Counter[str] = Counter()
    parts: tuple[list[Any], list[Any]] = [], []
    for row in chosen:
        parts[rank[row["user_id"]] >= N_HISTORY].append(row)
        rank[row["user_id"]] += 1
    texts = tuple(dict.fromkeys(row["text"] for row in chosen))
    codes = [_codes(part, kept, texts) for part in parts]
    return Annotators(tuple(map(str, kept)), texts, *codes[0], *codes[1])


def _codes(rows: Sequence[Any], people: Sequence[Any], texts: Sequence[str]) -> tuple[Codes, Codes, Array]:
    person_of = {person: place for place, person in enumerate(people)}
    text_of = {text: place for place, text in enumerate(texts)}
    return (
        np.array([person_of[row["user_id"]] for row in rows], dtype=np.intp),
        np.array([text_of[row["text"]] for row in rows], dtype=np.intp),
        np.array([float(row["offensiveness"]) for row in rows]),
    )
