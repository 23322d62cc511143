"""A choice benchmark of personal answers, scorers of it, and a reward learned from it.

Source: Tao et al. (2025), "PersonaFeedback: A Large-scale Human-annotated Benchmark For Personalization", arXiv 2506.12915.
"""

from personae.preference.personafeedback.items import ChoiceItem, feedback_items, read_feedback, with_personas
from personae.preference.personafeedback.reward_model import RewardModel
from personae.preference.personafeedback.runs import (
    Run,
    crossed_scores,
    run_model,
    run_scorer,
    run_scores,
    scores_of,
)
from personae.preference.personafeedback.scorers import CosineScorer, OverlapScorer, RewardHead, Scorer
from personae.preference.personafeedback.wishes import Wishes, says_wish, wishes

__all__ = [
    "ChoiceItem",
    "CosineScorer",
    "OverlapScorer",
    "RewardHead",
    "RewardModel",
    "Run",
    "Scorer",
    "Wishes",
    "crossed_scores",
    "feedback_items",
    "read_feedback",
    "run_model",
    "run_scorer",
    "run_scores",
    "says_wish",
    "scores_of",
    "wishes",
    "with_personas",
]
