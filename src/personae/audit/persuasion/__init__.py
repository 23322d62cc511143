"""How far does a conversation with a model move opinions? Trials with people: assignment, checks, estimators.

Source: Salvi, Horta Ribeiro, Gallotti, West (2024), "On the Conversational Persuasiveness of Large Language Models: A
Randomized Controlled Trial", arXiv 2403.14380.
"""

from personae.audit.persuasion.debate import Leak, Motion, Turn, debate, leaks, random_profiles
from personae.audit.persuasion.design import OrdinalDesign
from personae.audit.persuasion.meta import MetaFit, RandomTerm, meta_regression
from personae.audit.persuasion.ordinal import PartialProportionalOdds, Studies, outcome_probabilities
from personae.audit.persuasion.targeting import PolicyGain, targeting_gain
from personae.audit.persuasion.trial import (
    Balance,
    Blinding,
    Effect,
    assign,
    balance,
    blinding,
    hc2,
    linear_effects,
)

__all__ = [
    "Balance",
    "Blinding",
    "Effect",
    "Leak",
    "MetaFit",
    "Motion",
    "OrdinalDesign",
    "PartialProportionalOdds",
    "PolicyGain",
    "RandomTerm",
    "Studies",
    "Turn",
    "assign",
    "balance",
    "blinding",
    "debate",
    "hc2",
    "leaks",
    "linear_effects",
    "meta_regression",
    "outcome_probabilities",
    "random_profiles",
    "targeting_gain",
]
