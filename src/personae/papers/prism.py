"""The PRISM comparisons that the authors of Personalized Judge recorded: several papers measure on these real choices.

Source: Kirk et al. (2024), "The PRISM Alignment Dataset", arXiv 2404.16019; the pairs are those of Dong, Hu, Collier (2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from personae.papers.harness import Context
from personae.people.records import Preference

DATA = "personaljudge"


@dataclass(frozen=True, slots=True)
class Prism:
    """The distinct comparisons, `limit` keeping the first.

    Parameters
    ----------
    pairs : tuple of Preference
        By rater, "" where only a reduced persona was recorded; the chosen answer on a side drawn by lot.
    kinds : tuple of str
        The conversation of each: "unguided", "values guided" or "controversy guided".
    profiles : mapping from rater to persona text
        Raters of the same persona are one.
    """

    pairs: tuple[Preference, ...]
    kinds: tuple[str, ...]
    profiles: Mapping[str, str]


def prism(context: Context) -> Prism:
    """Read the comparisons."""
    compared = context.rows(DATA, "prism_pairs.jsonl.zst")[: context.limit]
    is_first = np.random.default_rng(context.seed).random(len(compared)) < 0.5
    pairs = [
        Preference(row["rater"] or "", row["question"], row["chosen"], row["rejected"], "a")
        if first
        else Preference(row["rater"] or "", row["question"], row["rejected"], row["chosen"], "b")
        for row, first in zip(compared, is_first, strict=True)
    ]
    kinds = tuple(row["conversation_type"] for row in compared)
    return Prism(tuple(pairs), kinds, {row["rater"]: row["profile"] for row in compared if row["rater"]})
