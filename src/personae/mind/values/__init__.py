"""Values behind choices: which come first, how much each weighs, and whether a prompt can turn them."""

from personae.mind.values.preference import (
    ValueOutcome,
    ValuePreference,
    preference_gap,
    value_preferences,
    without_echoes,
)
from personae.mind.values.steering import (
    Conflict,
    Steerability,
    elicited_values,
    mean_moved,
    steerability,
    supporting_won,
)
from personae.mind.values.strengths import ValueStrengths

__all__ = [
    "Conflict",
    "Steerability",
    "ValueOutcome",
    "ValuePreference",
    "ValueStrengths",
    "elicited_values",
    "mean_moved",
    "preference_gap",
    "steerability",
    "supporting_won",
    "value_preferences",
    "without_echoes",
]
