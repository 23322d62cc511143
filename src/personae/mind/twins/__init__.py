"""Twins of surveyed people: what they would answer, and how far to trust it."""

from personae.mind.twins.agreement import (
    Agreement,
    MeanAgreement,
    Resampled,
    agreement,
    group_gap,
    mean_agreement,
    person_accuracy,
    sitting_ceiling,
)
from personae.mind.twins.crossfit import CrossFit, cross_fit
from personae.mind.twins.estimators import HybridTwin, StatisticalTwin
from personae.mind.twins.survey import SurveyFeatures, profile_text

__all__ = [
    "Agreement",
    "CrossFit",
    "HybridTwin",
    "MeanAgreement",
    "Resampled",
    "StatisticalTwin",
    "SurveyFeatures",
    "agreement",
    "cross_fit",
    "group_gap",
    "mean_agreement",
    "person_accuracy",
    "profile_text",
    "sitting_ceiling",
]
