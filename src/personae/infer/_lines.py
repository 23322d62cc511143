"""A person's own words as lines: pieces of at most sixty words, and what each piece is made of besides its vector."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from personae.people.records import Trace

LINE_WORDS = 60  # longer texts are cut at the ends of sentences, so that a line is about one thing
LINE_CHARACTERS = 1200
_WORD = re.compile(r"\S+")
_END = re.compile(r"(?<=[.!?…。！？])[\"'”’)\]]*\s+|\n+")
_TERM = re.compile(r"[\w']+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of a trace: its place among the traces, its (start, end) there, and its text."""

    trace: int
    start: int
    end: int
    text: str


def lines_of(traces: Sequence[Trace]) -> list[Line]:
    """Return the lines of the traces, in order."""
    return [
        Line(number, start, end, trace.text[start:end])
        for number, trace in enumerate(traces)
        for start, end in cut(trace.text)
    ]


def cut(text: str, most: int = LINE_WORDS) -> list[tuple[int, int]]:
    """Return (start, end) of pieces of at most `most` words, sentences kept whole where they fit.

    >>> [text[a:b] for text in ["One two. Three four five. Six!"] for a, b in cut(text, 4)]
    ['One two.', 'Three four five. Six!']
    """
    bare = text.strip()
    if len(bare) <= LINE_CHARACTERS and len(bare.split()) <= most:
        first = text.find(bare)
        return [(first, first + len(bare))] if bare else []
    pieces: list[tuple[int, int, int]] = []
    for start, end, n_words in _sentences(text, most):
        joined = pieces and pieces[-1][2] + n_words <= most and end - pieces[-1][0] <= LINE_CHARACTERS
        if joined:
            pieces[-1] = (pieces[-1][0], end, pieces[-1][2] + n_words)
        else:
            pieces.append((start, end, n_words))
    return [(start, end) for start, end, _ in pieces]


def _sentences(text: str, most: int) -> Iterator[tuple[int, int, int]]:
    start = 0
    for stop in (*(match.end() for match in _END.finditer(text)), len(text)):
        words = [match.span() for match in _WORD.finditer(text, start, stop)]
        for first in range(0, len(words), most):
            few = words[first : first + most]
            yield few[0][0], min(few[-1][1], few[0][0] + LINE_CHARACTERS), len(few)
        start = stop


@lru_cache(maxsize=2048)
def words_of(text: str) -> tuple[str, ...]:
    """Return the words and signs of a text and its pairs of neighbors, in lower case."""
    found = _TERM.findall(lower(text))
    return (*found, *map(" ".join, pairwise(found)))


@lru_cache(maxsize=2048)
def terms(text: str) -> tuple[tuple[str, int, int], ...]:
    """Return what `words_of` returns, each with its (start, end)."""
    found = [(match.group(), *match.span()) for match in _TERM.finditer(lower(text))]
    pairs = [(f"{a} {b}", i, j) for (a, i, _), (b, _, j) in pairwise(found)]
    return (*found, *pairs)


def lower(text: str) -> str:
    """Return the text in lower case with plain apostrophes, as long as it was.

    >>> lower("I’m in İzmir"), len(lower("İ"))
    ("i'm in İzmir", 1)
    """
    lowered = text.lower().replace("’", "'")
    if len(lowered) == len(text):
        return lowered
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text).replace("’", "'")


class Lexicon:
    """Weights of words and pairs of words: sublinear counts times inverse document frequency, at unit length.

    Parameters
    ----------
    words : sequence of str
    rarity : ndarray of shape (n_words,)
        ln((1 + n) / (1 + n with the word)) + 1 over the lines it was built on.
    """

    def __init__(self, words: Sequence[str], rarity: NDArray[np.float32]) -> None:
        self.places = {word: place for place, word in enumerate(words)}
        self.rarity = rarity

    def rarity_of(self, term: str) -> float:
        """Return a term's rarity; infinite for one that is not known."""
        place = self.places.get(term)
        return math.inf if place is None else float(self.rarity[place])

    def weights(self, text: str) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return the places of the text's known terms and their weights, at unit length."""
        known = self.places
        counts = Counter([known[term] for term in words_of(text) if term in known])
        places = np.fromiter(counts, np.intp, len(counts))
        times = np.fromiter(counts.values(), np.float32, len(counts))
        weights = (1 + np.log(times)) * self.rarity[places]
        return places, weights / max(math.sqrt(float(weights @ weights)), 1e-12)
