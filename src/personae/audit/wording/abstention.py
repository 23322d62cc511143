"""Does an answer decline to answer? Rules for "I don't know" and its kin, and examples in an encoder for what the rules miss.

Source: "Thinking Out Loud: Do Reasoning Models Know When They're Right?" (EMNLP 2025), arXiv 2504.06564: accuracy among
attempted answers, and the rate of "I don't know".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from personae.audit.wording.cues import CUES, plain
from personae.models.encoder import Encoder

DECLINING = (
    "I don't know.", "I have no idea.", "I am not able to answer that question.", "I don't have information about this.",
    "I cannot provide an answer.", "I'm not familiar with this topic.", "That is beyond my knowledge.",
    "I would rather not guess.", "I can't recall that.", "There is no way for me to tell.",
    "I have no knowledge of that event.", "Sorry, I can't help with this one.", "I'm afraid the answer escapes me.",
    "My training data does not cover this.", "I'd need to look that up.", "I couldn't say.", "No clue.",
    "I must decline to answer.", "I can't verify this, so I won't give an answer.",
    "I don't have enough information to determine the name.",
)  # fmt: skip
ATTEMPTING = (
    "It is X.", "The answer is X.", "I think it is X.", "It might be X, but I'm not sure.",
    "I don't know for certain, but I believe it was X.", "I'm not confident, but my guess is X.",
    "I can't be sure, but X seems likely.", "Possibly X, though I have little confidence.", "I'm certain that it was X.",
    "According to what I remember, X was the first.", "If I had to guess, I would say X.", "Perhaps X.",
    "I have a vague memory that it was X.", "This is just a wild guess: X.", "X was born in X.", "It was probably in X.",
    "I'm unsure, but maybe X.", "There's a chance that it was X.", "Don't quote me, but X.", "The records suggest X.",
)  # fmt: skip
MARGIN = 0.19
_NEAREST = 3
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
_NOT = r"(?:can't|cannot|can\ not|won't|will\ not|couldn't|unable\ to|not\ able\ to|not\ going\ to|not\ allowed\ to)"
_REFUSES = re.compile(
    rf"""
    \b{_NOT}\s+(?:\w+\s+){{0,2}}?(?:help|assist|comply|engage|discuss|fulfil|fulfill|support|comment|participate)\b
  | \b(?:must|have\s+to|will)?\s*(?:decline|refuse)\s+(?:to\b|this\b|that\b|your\b)
  | \b(?:prefer|rather)\s+not\s+(?:to\s+)?(?:say|answer|comment)\b | \bnot\s+comfortable\b
  | \bagainst\s+(?:my|our|the)\s+(?:\w+\s+)?(?:polic|guideline|rule)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_UNKNOWING = re.compile(
    r"\b(?:don't|do not|didn't)\s+(?:\w+\s+)?(?:know|have)\b|\bno (?:idea|clue)\b|\bnot sure\b", re.IGNORECASE
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


def refuses(answer: str) -> bool:
    """Whether an answer will not be given, whatever is known: a refusal, which says nothing of knowing.

    >>> refuses("I'm sorry, but I can't help with that."), refuses("I can't help you there, I don't know the rule.")
    (True, False)
    >>> refuses("I don't know."), refuses("I cannot determine it from this.")
    (False, False)
    """
    said = _QUOTED.sub("X", plain(answer))
    return bool(_REFUSES.search(said)) and not _UNKNOWING.search(said)


class AbstentionDetector:
    """The rules, and beside them an encoder: an answer nearer to examples of declining than of attempting declines too.

    Parameters
    ----------
    encoder : Encoder
    margin : float
        By how much the mean cosine to the three nearest of `DECLINING` must exceed that to `ATTEMPTING`.

    Notes
    -----
    The examples were written for this, not taken from data. The margin was set so that no rated hedge of
    `papers/thinkingoutloud` that attempts an answer is taken as declined.

    Examples
    --------
    >>> from personae.models.encoder import home_encoder
    >>> detector = AbstentionDetector(encoder=home_encoder())
    >>> detector.predict(["I would have to look that up first.", "It may be Porto."]).tolist()
    [True, False]
    """

    def __init__(self, *, encoder: Encoder, margin: float = MARGIN) -> None:
        self.encoder = encoder
        self.margin = margin

    def predict(self, answers: Sequence[str]) -> NDArray[np.bool_]:
        """Return whether each answer declines, shape (n_answers,)."""
        by_rule = np.array([abstains(answer) for answer in answers], dtype=bool)
        return np.asarray(by_rule | (self.score(answers) > self.margin))

    def score(self, answers: Sequence[str]) -> NDArray[np.float64]:
        """Return how much nearer each answer is to the examples of declining, shape (n_answers,), in [-2, 2]."""
        vectors = self.encoder.encode(answers)
        near = [
            np.sort(vectors @ self.encoder.encode(examples).T, axis=1)[:, -_NEAREST:].mean(axis=1)
            for examples in (DECLINING, ATTEMPTING)
        ]
        return np.asarray(near[0] - near[1], dtype=float)


def _offers(clause: str) -> bool:
    """Whether a clause puts an answer forward: it speaks of more than the speaker, or does so with a hedge."""
    return not _OF_SELF.search(clause) or bool(_OFFERS.search(clause))
