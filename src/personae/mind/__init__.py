"""Models of how a person thinks and answers: twins of surveyed people, and the values behind choices."""

from personae.mind.twins import (
    HybridTwin,
    StatisticalTwin,
    SurveyFeatures,
    agreement,
    cross_fit,
    mean_agreement,
)
from personae.mind.values import ValueStrengths, steerability, value_preferences

__all__ = [
    "HybridTwin",
    "StatisticalTwin",
    "SurveyFeatures",
    "ValueStrengths",
    "agreement",
    "cross_fit",
    "mean_agreement",
    "steerability",
    "value_preferences",
]
