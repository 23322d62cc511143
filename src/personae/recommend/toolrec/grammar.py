"""What a surrogate may say: a thought, then one action of `Retrieve[attribute, K]`, `Rerank[attribute, K]` or `Finish[list]`.

Source: Zhao et al. (2024), "Let Me Do It For You: Towards LLM Empowered Recommendation via Tool Learning", arXiv 2405.15114,
section 3.2; the form is that of Yao et al. (2023), "ReAct", arXiv 2210.03629.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from personae.models.answers import without_thinking

NONE = "None"  # the attribute of a tool that goes by none
MOST = 100  # items that one action may ask for
_LONGEST = 20_000  # characters of an answer that are read
_END = re.compile(r"\n\s*Observation\b")
_LABEL = re.compile(r"(?im)^[\s*#>]*(?:thought|action)[ \t]*\d*[\s*]*:[\s*]*")
_TOOL = re.compile(r"(?i)\b(retrieve|rerank)\s*\[\s*([^\[\]]*?)\s*,\s*\$?\s*(\d{1,9})\s*\]")
_FINISH = re.compile(r"(?i)\bfinish\s*\[(.*)", re.DOTALL)
_THINKING = re.compile(r"\s*<think")
_ANY = re.compile(r"(?i)\b(?:retrieve|rerank|finish)\s*\[")
FORMS = "Retrieve[attribute, K], Rerank[attribute, K] or Finish[list]"


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Ask the recommender that goes by an attribute for its k best items."""

    attribute: str
    k: int

    def __str__(self) -> str:
        return f"Retrieve[{self.attribute}, {self.k}]"


@dataclass(frozen=True, slots=True)
class Rerank:
    """Order what was retrieved by an attribute, and keep k."""

    attribute: str
    k: int

    def __str__(self) -> str:
        return f"Rerank[{self.attribute}, {self.k}]"


@dataclass(frozen=True, slots=True)
class Finish:
    """End with these items, ids or titles as they were written."""

    items: tuple[str, ...]

    def __str__(self) -> str:
        return f"Finish[{', '.join(self.items)}]"


Action = Retrieve | Rerank | Finish


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said in one round; `action` is None where none could be read, and `problem` then says why, quoting nothing."""

    thought: str
    action: Action | None
    problem: str = ""


def read_turn(text: str) -> Turn:
    """Read a thought and the first action; what a model adds behind it (observations it makes up, further rounds) is left out.

    Examples
    --------
    >>> read_turn("Thought 1: They like comedies.\\nAction 1: Retrieve[genre, 20]\\nObservation 1: [made up]")
    Turn(thought='They like comedies.', action=Retrieve(attribute='genre', k=20), problem='')
    >>> read_turn("Let me think about that a little longer.").problem
    'no action: write Retrieve[attribute, K], Rerank[attribute, K] or Finish[list]'
    """
    said = _END.split(without_thinking(text[:_LONGEST]))[0]
    start = _ANY.search(said)
    if _THINKING.match(said):
        return Turn("", None, f"thinking that does not end: write {FORMS}")
    if start is None:
        return Turn(_thought(said), None, f"no action: write {FORMS}")
    thought, rest = _thought(said[: start.start()]), said[start.start() :]
    if finish := _FINISH.match(rest):
        return Turn(thought, Finish(_entries(finish[1])))
    tool = _TOOL.match(rest)
    if tool is None:
        return Turn(thought, None, f"an action in another form: write {FORMS}, K a whole number")
    if not 1 <= int(tool[3]) <= MOST:
        return Turn(thought, None, f"K is a whole number from 1 to {MOST}")
    kind = Retrieve if tool[1].lower() == "retrieve" else Rerank
    return Turn(thought, kind(tool[2].strip(" '\"`") or NONE, int(tool[3])))


def _thought(text: str) -> str:
    """Return what was thought, in one line, without labels; at most 1,000 characters."""
    return " ".join(_LABEL.sub("", text).split())[:1000].rstrip(" *`")


def _entries(text: str) -> tuple[str, ...]:
    """Return what a list holds: lines or parts between semicolons where there are any, for titles hold commas; else commas."""
    inside = text[: text.rfind("]")] if "]" in text else text
    for mark in ("\n", ";", ","):
        if mark in inside.strip() or mark == ",":
            parts = [part.strip(" \t\r\n'\"`[]*-") for part in inside.split(mark)]
            return tuple(part for part in parts if part)
    return ()
