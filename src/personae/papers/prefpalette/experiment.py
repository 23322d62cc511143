"""PrefPalette: readers of attributes, attention over them on real choices, and what it recovers where the truth is planted.

Source: Li et al. (2025), "PrefPalette: Personalized Preference Modeling with Latent Attributes", arXiv 2507.13541. The paper's 45
communities are not public; PRISM's raters, POPQUORN's annotators and planted communities stand in, with bars from the card.
"""

from __future__ import annotations

from collections.abc import Iterator

from personae.papers.harness import Comparison, Context, Experiment
from personae.papers.prefpalette.attributes import manner_rows, statement_rows
from personae.papers.prefpalette.communities import community_rows
from personae.papers.prefpalette.offensiveness import offensiveness_rows
from personae.papers.prefpalette.planted import planted_rows
from personae.preference.prefpalette import AttributeReader


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row; intervals over raters, annotators, answers or statements, as the setting says."""
    behaviors: list[AttributeReader] = []
    manners: list[AttributeReader] = []
    yield from statement_rows(context, behaviors)
    yield from manner_rows(context, manners)
    yield from planted_rows(context, manners)
    yield from community_rows(context, [*behaviors, *manners])
    yield from offensiveness_rows(context, manners)


EXPERIMENT = Experiment("prefpalette", rows)
