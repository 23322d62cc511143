"""What takes a statement back: negation, questions, quotation, irony, hypotheticals, other people's words, fiction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from personae.infer.stated._rules import Cues, Rule, compiled

_ENDS = re.compile(r"(?:[.!?…]+[\"'”’)\]»]*(?=\s|$)|\n+)")
_QUOTES = re.compile(
    r"\"[^\"\n]{2,600}\"|“[^”]{2,600}”|„[^“”\"]{2,600}[“”\"]|«[^»]{2,600}»|»[^«]{2,600}«|`[^`]{2,2000}`"
    r"|(?<!\w)['‘](?=\w)[^'‘’\n]*(?:\w['’]\w[^'‘’\n]*)*['’](?!\w)"
    r"|^[ \t]*(?:>|&gt;)[^\n]*|[♪♫🎵🎶][^\n]*",
    re.MULTILINE,
)
_IRONY = re.compile(
    r"(?:^|\s)/(?:s|jk|j|sarcasm|irony|ironie)(?=[\s.!)]|$)|\((?:sarcasm|jk|kidding)\)|</s>|🙃"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One text as context is read in: lowered, with its sentences' ends and quoted stretches found once."""

    lowered: str
    ends: tuple[tuple[int, int], ...]
    quoted: tuple[tuple[int, int], ...]

    def sentence(self, start: int, end: int) -> tuple[int, int]:
        """Return the (start, end) of the sentence around a span."""
        low = max((stop for _, stop in self.ends if stop <= start), default=0)
        high = min((stop for begin, stop in self.ends if begin >= end), default=len(self.lowered))
        return low, high


def setting(text: str) -> Setting:
    """Return the setting of one text; offsets into `lowered` are offsets into the text."""
    return Setting(
        lower(text),
        tuple(match.span() for match in _ENDS.finditer(text)),
        tuple(match.span() for match in _QUOTES.finditer(text)),
    )


def lower(text: str) -> str:
    """Return the text in lower case with plain apostrophes, as long as it was.

    >>> lower("I’m in İzmir"), len(lower("İ"))
    ("i'm in İzmir", 1)
    """
    lowered = text.lower().replace("’", "'")
    if len(lowered) == len(text):
        return lowered
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text).replace("’", "'")


def taken_back(cues: Cues, scene: Setting, start: int, end: int, rule: Rule) -> str:
    """Return why the statement that a rule found at that span does not count, "" where it stands.

    The reason is one of "quoted", "ironic", "asked", "question", "unreal", "reported", "fiction", "undone".
    """
    lowered = scene.lowered
    if any(low <= start < high or low < end <= high for low, high in scene.quoted):
        return "quoted"
    if _IRONY.search(lowered) or compiled(cues.ironic).search(lowered):
        return "ironic"
    low, high = scene.sentence(start, end)
    asked = compiled(cues.asked).match(lowered)
    if asked and asked.end() < start and re.search(r"[:\n]", lowered[asked.end() : start]):
        return "asked"
    if (
        not rule.presupposed
        and "?" in lowered[end : high + 3]
        and not _told_before_asking(cues, lowered[end:high])
    ):
        return "question"
    before = lowered[low:start]
    clause = before[_last_break(cues.breaks, before) :]
    if compiled(cues.unreal).search(clause):
        return "unreal"
    if compiled(cues.reported).search(before):
        return "reported"
    if compiled(cues.fiction).search(before):
        return "fiction"
    if rule.unless and compiled(rule.unless).search(f"{before}¶{lowered[end:high]}"):
        return "undone"
    return "undone" if compiled(cues.undone).match(lowered, end) else ""


def passing(cues: Cues, scene: Setting, start: int, end: int) -> bool:
    """Return whether the sentence speaks of a visit, so that a place in it is no home."""
    low, high = scene.sentence(start, end)
    return compiled(cues.passing).search(scene.lowered, low, high) is not None


def _told_before_asking(cues: Cues, after: str) -> bool:
    """Return whether a clause ends between the statement and the question: "I'm 34, is that too old?"."""
    return compiled(cues.breaks).match(after.lstrip(" ")) is not None


@lru_cache(maxsize=4096)
def _last_break(breaks: str, before: str) -> int:
    return max((match.end() for match in compiled(breaks).finditer(before)), default=0)
