"""Invented first-person lines with the value that each tells: `sentences/*.txt`, templates filled under a seed.

The sentences are written for this package (Apache-2.0); none is taken from a data set.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

from _corpora import Case, Truth

SENTENCES = Path(__file__).parent / "sentences"
COPIES = 3  # of a line with slots
SLOTS = {
    "trade": (
        "engineering", "construction", "finance", "tech", "nursing", "academia", "the army", "a kitchen", "teaching", "sales",
    ),
    "work": ("factory", "army", "family shop", "railway", "kitchen", "garage"),
    "work_verb": ("run a shop", "fix an engine", "cook", "sell", "lay bricks"),
    "subject": (
        "biology", "history", "computer science", "law", "economics", "psychology", "physics", "design", "literature",
        "engineering", "business", "medicine", "education", "sociology", "chemistry", "architecture", "marketing", "philosophy",
    ),
    "subject2": ("films", "food", "money", "people", "buildings"),
}  # fmt: skip


def generated(seed: int = 0) -> list[Case]:
    """Return one case a line."""
    lines = dict.fromkeys(
        (path.stem, value, line) for path in sorted(SENTENCES.glob("*.txt")) for value, line in _lines(path, seed)
    )
    return [
        Case("generated", f"generated-{number}", (line,), {name: Truth(value, True)})
        for number, (name, value, line) in enumerate(lines)
    ]


def _lines(path: Path, seed: int) -> Iterator[tuple[str, str]]:
    value = ""
    for row in path.read_text(encoding="utf-8").splitlines():
        if row.startswith("# "):
            value = row[2:].strip()
        elif row.strip():
            chooser = random.Random(f"{seed} {row}")
            for _ in range(COPIES if "{" in row else 1):
                yield value, _filled(row, chooser)


def _filled(row: str, chooser: random.Random) -> str:
    return re.sub(r"\{(\w+)\}", lambda slot: chooser.choice(SLOTS[slot[1]]), row)
