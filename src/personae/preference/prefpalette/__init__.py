"""Preferences as weights on readable attributes: readers, counterfactual texts, and attention over attributes.

Source: Li et al. (2025), "PrefPalette: Personalized Preference Modeling with Latent Attributes", arXiv 2507.13541.
"""

from personae.preference.prefpalette.edits import (
    LEVELS,
    MANNERS,
    PAIRS,
    Manner,
    amount,
    counterfactual,
    rewrite,
)
from personae.preference.prefpalette.palette import PrefPalette
from personae.preference.prefpalette.readers import (
    AttributeReader,
    column_reader,
    fit_reader,
    pole_reader,
    read_vectors,
    reader_accuracy,
)

__all__ = [
    "LEVELS",
    "MANNERS",
    "PAIRS",
    "AttributeReader",
    "Manner",
    "PrefPalette",
    "amount",
    "column_reader",
    "counterfactual",
    "fit_reader",
    "pole_reader",
    "read_vectors",
    "reader_accuracy",
    "rewrite",
]
