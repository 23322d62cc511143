"""Ratings of a person from their history, with the factors behind them: without a language model, and by asking one.

Source: RPM (2025), "LLMs Think, But Not In Your Flow - reasoning-level personalization for black-box LLMs", arXiv 2505.21082.
"""

from personae.preference.rpm.asked import Asked, Factor, rate_by_examples, rate_by_reasoning
from personae.preference.rpm.factors import Factors, group_features
from personae.preference.rpm.model import RPM, Rated, Step

__all__ = [
    "RPM",
    "Asked",
    "Factor",
    "Factors",
    "Rated",
    "Step",
    "group_features",
    "rate_by_examples",
    "rate_by_reasoning",
]
