"""What a persona wants and what it avoids: the same words in an answer speak for it or against it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_AVOIDS = re.compile(
    r"\b(?:not|\w+n['’]t|cannot|avoid\w*|avers\w*|dislik\w*|distaste|refus\w*|hat(?:e|es|red)|never|allerg\w*|no|against"
    r"|uncomfortable|fear\w*|afraid|phobia|oppos\w*|detest\w*|despise\w*|intoleran\w*|anxi\w*|object|loathe\w*|uninterested"
    r"|steer clear|stay away|off-putting|distracting|tedious|boring|unsettling|struggle|difficult|hard|rather than|over|limit"
    r"|free from|low|minimal|without|non|instead of|overwhelm\w*|stress\w*|crowd\w*|sensitiv\w*)\b",
    re.IGNORECASE,
)
_WANTS = re.compile(
    r"\b(?:prefer\w*|enjoy|love|like|only|exclusively|strictly|adhere|follow|need|thrive|passion\w*|priorit\w*|favou?r)\b",
    re.IGNORECASE,
)
_TAKES_BACK = re.compile(
    r"\b(?:without|no|non|not|free|avoid\w*|instead|rather|alternativ\w*|low|minimal|less|never|\w+n['’]t|exclud\w*|away"
    r"|substitut\w*|replac\w*)\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\b(?:because|due to|since|as (?:i|they|it|my|these|this)|owing to)\b[^.;]*", re.IGNORECASE
)
_CLAUSE = re.compile(
    r"[;.]\s*|,?\s+(?:and|but|so)\s+(?=(?:i\s|actively|strongly|strictly|prefer|avoid|only|refuse|do\b|find|dislike|much)\b)"
    r"|,\s+(?=(?:and|but|so|prefer\w*|instead|especially)\b)|\s+(?=(?:over|rather than|instead of)\s)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z0-9][a-z0-9'’-]*")
_ENDINGS = ("'s", "ies", "ing", "es", "ed", "s", "al", "ly")
_EMPTY = frozenset(
    _WORD.findall(
        "i a an the of to for and or that which who with in on at my me is are am be it its they them this these those any all "
        "very due have has had do does did not don don't n't s t strongly prefer preference prefers preferring dislike "
        "dislikes avoid avoids avoiding aversion averse strong deep as by from into using use used such like than rather over "
        "never refuse hate stand can't can cannot about enjoy fan interested find too want would if when because more only "
        "strictly even highly idea consider severe intense personally always extremely particularly especially no don’t can’t "
        "doesn’t other some"
    )
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """The words of what is avoided and of what is wanted, each "" where nothing of the kind is said."""

    avoided: str
    wanted: str


def wishes(persona: str) -> Wishes:
    """Return what a persona avoids and what it wants, in its own words without those that only say so.

    A clause with any word of dislike, limit or contrast is one of avoidance; reasons ("because...", "due to...") are left out.

    >>> wishes("I dislike crowded beaches and prefer quiet mountain huts.")
    Wishes(avoided='crowded beaches', wanted='quiet mountain huts')
    """
    clauses = [each for each in _CLAUSE.split(_REASON.sub("", persona.strip('" '))) if each and each.strip()]
    avoided = [clause for clause in clauses if _AVOIDS.search(clause)]
    wanted = [clause for clause in clauses if not _AVOIDS.search(clause)]
    return Wishes(_content(avoided), _content(wanted))


def says_wish(sentence: str) -> bool:
    """Return whether a sentence says something of what its speaker wants or avoids."""
    return bool(_AVOIDS.search(sentence) or _WANTS.search(sentence))


def takes_back(option: str) -> bool:
    """Return whether an answer has a word that turns others round, such as "without" or "instead"."""
    return bool(_TAKES_BACK.search(option))


def stems(text: str) -> frozenset[str]:
    """Return the words of a text without their commonest endings.

    >>> sorted(stems("walking walks"))
    ['walk']
    """
    return frozenset(_stem(word) for word in _WORD.findall(text.lower()))


def _content(clauses: list[str]) -> str:
    return " ".join(
        word for clause in clauses for word in _WORD.findall(clause.lower()) if word not in _EMPTY
    )


def _stem(word: str) -> str:
    bare = word.strip("'’-").replace("’", "'")
    for ending in _ENDINGS:
        if bare.endswith(ending) and len(bare) - len(ending) >= 3:
            return bare[: -len(ending)]
    return bare
