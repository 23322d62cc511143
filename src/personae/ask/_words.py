"""Words of names and wishes: split, stemmed, without the words that say nothing of the data."""

from __future__ import annotations

import re
from functools import lru_cache

_PIECES = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[<>]=?")
_STOP = """
a an the of to in on at by for from with and or is are was were be been being do does did will would can could should may
might i we you they he she it its their his her our your my me us them this that these those what which who whom whose how
many much when where why whether if than then as so not no some any all each every about into out up down there here want
like know tell see show find predict prediction estimate guess forecast classify determine work please help person people
somebody someone anybody rest based using use used have has had get got go one ones column columns table data dataset
row rows value values model number numbers next kind kinds sort type types
"""
STOP = frozenset(_STOP.split())
_ENDINGS = (
    "ations",
    "ation",
    "ingly",
    "ness",
    "ings",
    "ing",
    "edly",
    "ied",
    "ies",
    "ers",
    "ed",
    "er",
    "es",
    "ly",
    "s",
    "e",
)


def words(text: str) -> list[str]:
    """Split a name or a sentence into lower-case words: at blanks, signs, digits and inner capitals.

    >>> words("NumInqLast6M"), words("native-country"), words("earns over 50K")
    (['num', 'inq', 'last', '6', 'm'], ['native', 'country'], ['earns', 'over', '50', 'k'])
    """
    return [piece.lower() for piece in _PIECES.findall(text)]


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """Cut a word's ending, so that "earns" meets "earning".

    >>> stem("earns"), stem("earning"), stem("schooling"), stem("school")
    ('earn', 'earn', 'school', 'school')
    """
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def stems(text: str) -> list[str]:
    """Return the stems of the words that say something, in order."""
    return [stem(word) for word in words(text) if word not in STOP and len(word) > 1]
