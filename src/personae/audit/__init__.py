"""What models leak, do and believe of themselves: audits of language models and of trials with them."""

from personae.audit.awareness import SealedGroups, contrast_bounds, fit_drift, impute, range_bounds
from personae.audit.chain_length import length_effect
from personae.audit.confidences import (
    Said,
    Worth,
    ask_answers,
    letter_confidences,
    read_said,
    self_grade,
    worth,
)
from personae.audit.final_answers import final_answer, same_answer
from personae.audit.knowledge import (
    KnowledgeHead,
    SolutionVerifier,
    arithmetic_checks,
    majority,
    others_right,
)
from personae.audit.persuasion import (
    OrdinalDesign,
    PartialProportionalOdds,
    assign,
    balance,
    blinding,
    debate,
    leaks,
    linear_effects,
    meta_regression,
    targeting_gain,
)
from personae.audit.responsiveness import (
    ActionSet,
    Feature,
    ResponsivenessScorer,
    audit_reasons,
    top_reasons,
)
from personae.audit.subtlerbias import (
    associate,
    encoder_choices,
    generate,
    read_frames,
    read_groups,
    write_groups,
)
from personae.audit.wording import AbstentionDetector, HedgeRegressor, abstains, lexical_confidence

__all__ = [
    "AbstentionDetector",
    "ActionSet",
    "Feature",
    "HedgeRegressor",
    "KnowledgeHead",
    "OrdinalDesign",
    "PartialProportionalOdds",
    "ResponsivenessScorer",
    "Said",
    "SealedGroups",
    "SolutionVerifier",
    "Worth",
    "abstains",
    "arithmetic_checks",
    "ask_answers",
    "assign",
    "associate",
    "audit_reasons",
    "balance",
    "blinding",
    "contrast_bounds",
    "debate",
    "encoder_choices",
    "final_answer",
    "fit_drift",
    "generate",
    "impute",
    "leaks",
    "length_effect",
    "letter_confidences",
    "lexical_confidence",
    "linear_effects",
    "majority",
    "meta_regression",
    "others_right",
    "range_bounds",
    "read_frames",
    "read_groups",
    "read_said",
    "same_answer",
    "self_grade",
    "targeting_gain",
    "top_reasons",
    "worth",
    "write_groups",
]
