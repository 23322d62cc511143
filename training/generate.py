"""Invented first-person lines with what each tells: the templates in `sentences/*.txt`, filled under a seed.

A template writes its variants as (this|that); the heading above it says what it tells, "# attribute=value attribute=value", or
"# nothing". The sentences are written for this package (Apache-2.0); none is taken from a data set.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

from _corpora import Case, Truth
from personae.people.attributes import SYNTHPAI

SENTENCES = Path(__file__).parent / "sentences"
NOTHING = "nothing"
SILENT = {  # what the lines of a file tell nothing about, besides what their headings say
    "couples": ("education", "income_level", "occupation", "city_country", "birth_city_country"),
    "sex": ("education", "income_level", "occupation", "city_country", "birth_city_country"),
    "education": ("sex", "relationship_status", "city_country", "birth_city_country"),
    "income": ("sex", "relationship_status", "education", "city_country", "birth_city_country"),
    "age": ("sex", "income_level", "occupation", "city_country", "birth_city_country"),
    "nothing": ("age", "sex", "education", "income_level", "relationship_status"),
    "others": tuple(each.name for each in SYNTHPAI),
    "places": tuple(each.name for each in SYNTHPAI),
    "work": ("age", "sex", "relationship_status", "city_country", "birth_city_country"),
}
COPIES = 5  # of a template, at most
WRAPPED = 0.5  # share of copies that stand among one to four sentences that tell nothing
_VARIANTS = re.compile(r"\(([^()]*\|[^()]*)\)")
_TELLS = re.compile(r"(\w+)=(.+?)(?= \w+=|$)")


def generated(seed: int = 0, copies: int = COPIES) -> list[Case]:
    """Return one case a line; an attribute that the line tells nothing about has the value NOTHING."""
    templates = [(path.stem, *pair) for path in sorted(SENTENCES.glob("*.txt")) for pair in _templates(path)]
    idle = [text for _, heading, text in templates if heading == NOTHING]
    lines: dict[str, tuple[str, str]] = {}
    for file, heading, text in templates:
        chooser = random.Random(f"{seed} {text}")
        for line in dict.fromkeys(_filled(text, chooser) for _ in range(min(2 * copies, _n_variants(text)))):
            if heading != NOTHING and chooser.random() < WRAPPED:
                around = [_filled(chooser.choice(idle), chooser) for _ in range(chooser.randint(1, 4))]
                around.insert(chooser.randint(0, len(around)), line)
                line = " ".join(around)
            lines.setdefault(line, (file, heading))
    return [
        Case("generated", f"generated-{number}", (line,), _truth(*about))
        for number, (line, about) in enumerate(lines.items())
    ]


def _templates(path: Path) -> Iterator[tuple[str, str]]:
    heading = ""
    for row in path.read_text(encoding="utf-8").splitlines():
        if row.startswith("# "):
            heading = row[2:].strip()
        elif row.strip():
            yield heading, row.strip()


def _truth(file: str, heading: str) -> dict[str, Truth]:
    told = dict(_TELLS.findall(heading)) if heading != NOTHING else {}
    return {
        name: Truth(value, True)
        for name, value in (dict.fromkeys(SILENT[file.rstrip("23")], NOTHING) | told).items()
    }


def _filled(text: str, chooser: random.Random) -> str:
    return _VARIANTS.sub(lambda slot: chooser.choice(slot[1].split("|")), text)


def _n_variants(text: str) -> int:
    n_variants = 1
    for slot in _VARIANTS.findall(text):
        n_variants *= slot.count("|") + 1
    return n_variants
