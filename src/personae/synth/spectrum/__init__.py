"""SPeCtrum: one person in three parts (social, personal, context), scored, compiled into an agent's profile, and tried."""

from personae.synth.spectrum.forms import (
    BFI_2_S,
    FACETS,
    PVQ,
    SOCIAL,
    SPECIAL,
    Scored,
    score_personality,
    score_values,
    sentences,
)
from personae.synth.spectrum.profile import (
    CONDITIONS,
    AgentProfile,
    Persona,
    compile_profile,
    made_persona,
    mask,
)
from personae.synth.spectrum.trials import (
    Accepted,
    TwentyStatements,
    WhoGuess,
    guess_who,
    judge_agreement,
    judge_statements,
    twenty_statements,
)

__all__ = [
    "BFI_2_S", "CONDITIONS", "FACETS", "PVQ", "SOCIAL", "SPECIAL", "Accepted", "AgentProfile", "Persona", "Scored",
    "TwentyStatements", "WhoGuess", "compile_profile", "guess_who", "judge_agreement", "judge_statements", "made_persona",
    "mask", "score_personality", "score_values", "sentences", "twenty_statements",
]  # fmt: skip
