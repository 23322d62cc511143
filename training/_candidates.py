"""The candidates of the open attributes: titles of occupations and cities, with what speaks for each (the `*.txt` here)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from _stack import Task
from personae.infer._home_model import Candidates
from personae.infer._lines import Lexicon, terms

HERE = Path(__file__).parent
SHARPNESS = 20.0  # what cosines are multiplied by before the softmax over candidates
CUE, NAME, COUNTRY = 1.5, 3.0, 2.0  # what a cue, the candidate's own name and its country's name add
COMMON, RARE = 4.0, 8.0  # rarity up to which a cue says nothing, and from which it says all
Encode = Callable[[list[str]], np.ndarray]
OTHER_NAMES = {
    "United States": ("usa", "america"), "United Kingdom": ("uk", "britain", "england"), "Netherlands": ("holland",),
    "Czech Republic": ("czechia",), "United Arab Emirates": ("uae", "emirates"), "New York": ("nyc",),
}  # fmt: skip


def occupation(encode: Encode, words: Lexicon) -> Task:
    """Return the task of naming an occupation."""
    rows = list(_rows(HERE / "titles.txt", ": "))
    titles = tuple(title for title, _ in rows)
    about = [f"{title}: {', '.join(cues)}." for title, cues in rows]
    vectors = _unit(
        encode([f"I work as a {title}." for title in titles]) + encode(list(titles)) + encode(about)
    )
    cues = _Cues(words)
    for number, (title, named) in enumerate(rows):
        cues.add(title.lower(), [number], NAME)
        for cue in named:
            cues.add(cue, [number], CUE)
    candidates = Candidates(SHARPNESS * vectors.T.astype(np.float32), cues.table(), None)
    return Task("occupation", titles, ("telling",), ("occupation",), candidates)


def places(encode: Encode, words: Lexicon) -> list[Task]:
    """Return the tasks of naming where a person lives, and where they were born."""
    countries = dict(_rows(HERE / "countries.txt", " | "))
    rows = list(_rows(HERE / "cities.txt", " | "))
    cities = tuple(city for city, _ in rows)
    names = sorted({city.split(", ")[1] for city in cities})
    kin = np.array([names.index(city.split(", ")[1]) for city in cities])
    about_country = encode([f"{name}: {', '.join(countries[name])}." for name in names]) + encode(
        [f"I live in {name}." for name in names]
    )
    own = encode([f"I live in {city}." for city in cities]) + encode(
        [f"{city}: {', '.join(cues)}." for city, cues in rows]
    )
    cues = _Cues(words)
    for number, (city, named) in enumerate(rows):
        for name in (city.split(", ")[0], *OTHER_NAMES.get(city.split(", ")[0], ())):
            cues.add(name.lower(), [number], NAME)
        for cue in named:
            cues.add(cue, [number], CUE)
    for number, name in enumerate(names):
        inside = np.flatnonzero(kin == number).tolist()
        for other in (name.lower(), *OTHER_NAMES.get(name, ())):
            cues.add(other, inside, COUNTRY)
        for cue in countries[name]:
            cues.add(cue, inside, CUE)
    vectors = SHARPNESS * _unit(own + 0.5 * about_country[kin]).T.astype(np.float32)
    candidates = Candidates(vectors, cues.table(), kin)
    both = ("city_country", "birth_city_country")
    return [Task(name, cities, ("telling",), both, candidates) for name in both]


class _Cues:
    """Collects terms that speak for candidates: rarer terms say more, and a term that many share says less of each."""

    def __init__(self, words: Lexicon) -> None:
        self.words = words
        self.found: dict[str, list[tuple[list[int], float]]] = {}

    def add(self, text: str, numbers: list[int], weight: float) -> None:
        found = [term for term, _, _ in terms(text)]
        if len(found) > 3 or not found:
            return
        term = found[-1] if len(found) == 3 else found[0]
        if term in {"us", "la"}:
            return
        share = np.clip((min(self.words.rarity_of(term), RARE) - COMMON) / (RARE - COMMON), 0.0, 1.0)
        if share > 0:
            self.found.setdefault(term, []).append((numbers, weight * float(share)))

    def table(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        result = {}
        for term, added in self.found.items():
            sums: dict[int, float] = {}
            for numbers, weight in added:
                for number in numbers:
                    sums[number] = sums.get(number, 0.0) + weight / np.sqrt(len(added))
            result[term] = (
                np.array(list(sums), dtype=np.int64),
                np.array(list(sums.values()), dtype=np.float32),
            )
        return result


def _rows(file: Path, mark: str) -> Iterator[tuple[str, list[str]]]:
    for row in file.read_text(encoding="utf-8").splitlines():
        if row and not row.startswith("#"):
            name, cues = row.split(mark)
            yield name.strip(), [re.sub(r"\s+", " ", cue.strip().lower()) for cue in cues.split(",")]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
