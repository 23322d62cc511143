"""How much of a text another one keeps: words and ROUGE-L.

Source: Lin (2004), "ROUGE: A Package for Automatic Evaluation of Summaries", section 3 (longest common subsequence).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import LCSseq

_WORD = re.compile(r"\w+(?:['’-]\w+)*")


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a text keeps of another: `recall`, `precision` and `f1` of the longest common subsequence, each in [0, 1]."""

    common: int
    n_before: int
    n_after: int

    @property
    def recall(self) -> float:
        return self.common / self.n_before if self.n_before else 1.0

    @property
    def precision(self) -> float:
        return self.common / self.n_after if self.n_after else float(not self.n_before)

    @property
    def f1(self) -> float:
        total = self.n_before + self.n_after
        return 2 * self.common / total if total else 1.0


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case; signs are no words.

    >>> words_of("It's [phone], well-known… 3.5")
    ["it's", 'phone', 'well-known', '3', '5']
    """
    return _WORD.findall(text.lower())


def rouge_l(before: str, after: str) -> Overlap:
    """Return the longest common subsequence of two texts, in words.

    >>> kept = rouge_l("the police killed the gunman", "the gunman killed police")
    >>> kept.common, kept.recall, kept.precision
    (2, 0.4, 0.5)
    """
    return rouge_l_all([before], [after])


def rouge_l_all(before: Sequence[str], after: Sequence[str]) -> Overlap:
    """Return the sums over pairs of texts: words are only compared inside a pair."""
    common = n_before = n_after = 0
    for one, other in zip(before, after, strict=True):
        a, b = words_of(one), words_of(other)
        common += len(a) if a == b else LCSseq.similarity(a, b)
        n_before, n_after = n_before + len(a), n_after + len(b)
    return Overlap(common, n_before, n_after)
