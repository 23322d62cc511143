"""What an answer's words say of its certainty: declining, hedging, and a number read from either."""

from personae.audit.wording.abstention import AbstentionDetector, abstains, refuses
from personae.audit.wording.cues import LEVELS
from personae.audit.wording.hedges import HedgeRegressor, frame, level, lexical_confidence

__all__ = [
    "LEVELS",
    "AbstentionDetector",
    "HedgeRegressor",
    "abstains",
    "frame",
    "level",
    "lexical_confidence",
    "refuses",
]
