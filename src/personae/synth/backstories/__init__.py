"""Virtual personas: life stories as interviews, who they are, and how they are matched to the people a survey wants."""

from personae.synth.backstories.asking import SurveyAnswers, SurveyQuestion, ask_survey, ask_traits
from personae.synth.backstories.interview import (
    QUESTIONS,
    Backstory,
    ChatCritic,
    Critic,
    FactCritic,
    Turn,
    Verdict,
    interview,
)
from personae.synth.backstories.matching import (
    Matching,
    draw_by_weight,
    log_weights,
    match_stories,
    rake_to,
    read_targets,
    trait_shares,
)

__all__ = [
    "QUESTIONS", "Backstory", "ChatCritic", "Critic", "FactCritic", "Matching", "SurveyAnswers", "SurveyQuestion", "Turn",
    "Verdict", "ask_survey", "ask_traits", "draw_by_weight", "interview", "log_weights", "match_stories", "rake_to",
    "read_targets", "trait_shares",
]  # fmt: skip
