"""Occupations: the title that a noun phrase ends in."""

from __future__ import annotations

import re
from dataclasses import dataclass

from personae.infer.stated._rules import Work, compiled

LONGEST = 6  # words of a title
AFTER = 40  # characters past a phrase that may change what it says
TURNED = "turned"
_TOKEN = re.compile(r"[^\W\d_](?:[\w./&+'-]*[\w+])?")
_ENDING = re.compile(r"\w{2,}(?:ologist|ographer|ician|ologue|ólogo|óloga|ologo|ologa|oloog|ologe|ologin)")
_CLOSED = re.compile(r"\s*(?:[.,;:!?)\]…—–/&|]|-+\s|$|\n|\W*$)")


@dataclass(frozen=True, slots=True)
class Title:
    """An occupation as the text words it, in English; where its words end; and the sex that its form says, or ""."""

    name: str
    end: int
    sex: str = ""


def title(work: Work, lowered: str, start: int) -> Title | None:
    """Return the occupation that the noun phrase at `start` names, None where its head is no occupation.

    The head is the last noun of the phrase: "history teacher" is a teacher, "teacher training" is none.
    """
    tokens = _phrase(work, lowered, start)
    if not tokens:
        return None
    for _, begin, _ in tokens:
        if longer := compiled(work.longer).match(lowered, begin):
            return _titled(work, lowered, longer.group(), work.titles[longer.group()], longer.end())
    if compiled(work.changed).search(lowered, start, tokens[-1][2] + AFTER):
        return None
    for n_tokens in range(len(tokens), 0, -1):
        key = _head(work, [token[0] for token in tokens[:n_tokens]])
        if not key:
            continue
        name = _name(work, [token[0] for token in tokens[:n_tokens]], key)
        return _titled(work, lowered, key, name, tokens[n_tokens - 1][2])
    return None


def _titled(work: Work, lowered: str, key: str, name: str, end: int) -> Title | None:
    if not _ends_phrase(work, lowered, end):
        return None
    return Title(name, end, "female" if key in work.female else "male" if key in work.male else "")


def _head(work: Work, words: list[str]) -> str:
    """Return the last one, two or three words that are a title by themselves, "" where none are."""
    for n_words in (3, 2, 1):
        key = " ".join(words[-n_words:])
        if len(words) >= n_words and key in work.titles:
            return key
    if work.heads:
        for cut in range(2, len(words[-1]) - 3):
            if words[-1][cut:] in work.heads and words[-1][:cut].rstrip("-") not in work.stops:
                return words[-1][cut:]
    return words[-1] if _ENDING.fullmatch(words[-1]) else ""


def _phrase(work: Work, lowered: str, start: int) -> list[tuple[str, int, int]]:
    """Return the (word, start, end) of the words that may belong to one noun phrase."""
    tokens: list[tuple[str, int, int]] = []
    while len(tokens) < LONGEST:
        match = _TOKEN.match(lowered, start)
        if match is None or match.group() in work.stops:
            break
        tokens.append((match.group(), match.start(), match.end()))
        if lowered[match.end() : match.end() + 1] != " ":
            break
        start = match.end() + 1
    return tokens


def _ends_phrase(work: Work, lowered: str, end: int) -> bool:
    if _CLOSED.match(lowered, end):
        return True
    if compiled(work.inverted).match(lowered, end):
        return True
    after = _TOKEN.match(lowered, end + 1) if lowered[end : end + 1] == " " else None
    return after is not None and after.group() in work.follows


def _name(work: Work, words: list[str], key: str) -> str:
    """Return the English name: a foreign title as the table has it, an English one with the words that narrow it."""
    known = work.titles.get(key, "")
    if known:
        return known
    before = words[: len(words) - len(key.split())]
    if TURNED in before:  # "nurse turned baker" is a baker
        before = before[len(before) - before[::-1].index(TURNED) :]
    kept = [word for word in before if word not in work.drops]
    return " ".join([*kept, key])
