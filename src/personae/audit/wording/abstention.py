"""Does an answer decline to answer? Rules for "I don't know" and its kin, and a rating that catches what the rules miss.

Source: "Thinking Out Loud: Do Reasoning Models Know When They're Right?" (EMNLP 2025), arXiv 2504.06564: accuracy among
attempted answers, and the rate of "I don't know".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from personae.audit.wording.cues import CUES, plain

if TYPE_CHECKING:
    from personae.audit.wording.hedges import HedgeRegressor

BELOW = 0.08  # people rated the most doubtful attempts .08 and above
_KNOW = (
    r"(?:know|say|tell|answer|recall|remember|determine|provide|state|give|identify|confirm|verify|find|access|locate|offer|name|"
    r"specify|establish|respond|comment|help|be (?:sure|certain|confident))"
)
_HAVE = (
    r"(?:answer|information|info|knowledge|data|details?|idea|clue|records?|access|means|memory|recollection|opinion|comment|"
    r"confidence|response)"
)
_I = r"(?:^\W*|\b(?:i|we)\s+(?:\w+\s+){0,2}?)"
_DECLINES = re.compile(
    rf"""
    {_I}(?:(?:do|did|ca|could|would|wo)n't|(?:do|did|can|could|would|will)\ not|cannot)\s+(?:\w+\s+){{0,2}}?{_KNOW}\b
  | \b(?:unable|not\s+able|not\s+in\s+(?:a|any)\s+position|impossible|not\s+possible)\s+to\s+(?:\w+\s+){{0,2}}?{_KNOW}\b
  | \bit(?:'s|\ is)\s+(?:\w+\s+)?(?:hard|difficult)\s+to\s+(?:say|tell|know|answer)\W*$
  | {_I}(?:do|did)(?:n't|\ not)\s+(?:\w+\s+)?have\s+(?:\w+\s+){{0,4}}?{_HAVE}\b
  | (?:{_I}(?:have|am|lack)|\b(?:i've|i'm|with))\s+(?:got\s+)?(?:no|zero|insufficient|not\ enough|lacking)\s+
    (?:\w+\s+){{0,2}}?{_HAVE}\b
  | ^\W*(?:there(?:'s|\ is|\ are)\s+)?(?:no|zero|not\ enough|insufficient)\s+(?:\w+\s+)?{_HAVE}
    (?:\W*$|\s+(?:to|on|about|regarding|for|available)\b)
  | {_I}(?:am\s+|'m\s+)?(?:\w+\s+)?(?:not\s+(?:\w+\s+)?|un)(?:sure|certain)\W*$
  | \bi'm\s+(?:\w+\s+)?(?:not\s+(?:\w+\s+)?|un)(?:sure|certain)\W*$
  | \bnot\s+(?:\w+\s+)?(?:confident|certain|sure|informed|knowledgeable)\s+enough\b
  | \b(?:beyond|outside)\s+(?:of\s+)?(?:my|what\s+i)\s+know
  | \b(?:no\s+one|nobody)\s+knows\b | \b(?:unanswerable|not\s+publicly\s+known)\b
  | \b(?:prefer|rather)\s+not\s+(?:to\s+)?(?:say|answer|guess|comment)\b | \bdecline\s+to\b | \bidk\b
  | ^\W*(?:unknown|pass|n/?a|no\ clue|not\ attempted)\W*$
    """,
    re.IGNORECASE | re.VERBOSE,
)
_QUOTED = re.compile(r'"[^"]*"|“[^”]*”')
_TURN = re.compile(
    r"[,;.!?]+\s+(?:but|though|although|however|still|yet)?\b|\s(?:but|though|although|however|[-–—])\s",
    re.IGNORECASE,
)
_OF_SELF = re.compile(
    r"^\W*(?:(?:i|i'm|i'd|i've|i'll|my|we|please|you|if you|let me|sorry|unfortunately|well|that's an? \w+ question)\b|$)",
    re.IGNORECASE,
)
_OFFERS = re.compile(
    rf"{CUES['tentative'].pattern}|{CUES['likely'].pattern}|\b(?:say|go with|stab|do know|know (?:that|it)|can tell)\b",
    re.IGNORECASE,
)


def abstains(answer: str) -> bool:
    """Whether an answer declines to answer by the rules: one clause says so, and no other puts an answer forward.

    What stands in quotation marks is someone else's.

    >>> abstains("I'm sorry, but I don't have that information."), abstains("I don't know, but it might be Porto.")
    (True, False)
    """
    clauses = _TURN.split(_QUOTED.sub("X", plain(answer)))
    declining = [bool(_DECLINES.search(clause)) for clause in clauses]
    others = [clause for clause, is_declining in zip(clauses, declining, strict=True) if not is_declining]
    return any(declining) and not any(_offers(clause) for clause in others)


class AbstentionDetector:
    """The rules, and a fitted reader of hedges beside them: what it rates under `below` counts as declined too.

    Parameters
    ----------
    hedges : HedgeRegressor
        Fitted.
    below : float in [0, 1]
        Ratings under it decline.
    """

    def __init__(self, *, hedges: HedgeRegressor, below: float = BELOW) -> None:
        self.hedges = hedges
        self.below = below

    def predict(self, answers: Sequence[str]) -> NDArray[np.bool_]:
        """Return whether each answer declines, shape (n_answers,)."""
        by_rule = np.array([abstains(answer) for answer in answers], dtype=bool)
        return np.asarray(by_rule | (self.hedges.predict(answers) < self.below))


def _offers(clause: str) -> bool:
    """Whether a clause puts an answer forward: it speaks of more than the speaker, or does so with a hedge."""
    return not _OF_SELF.search(clause) or bool(_OFFERS.search(clause))
