"""What models leak and do: audits of language models and of trials with them."""

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
from personae.audit.subtlerbias import (
    associate,
    encoder_choices,
    generate,
    read_frames,
    read_groups,
    write_groups,
)

__all__ = [
    "OrdinalDesign",
    "PartialProportionalOdds",
    "assign",
    "associate",
    "balance",
    "blinding",
    "debate",
    "encoder_choices",
    "generate",
    "leaks",
    "linear_effects",
    "meta_regression",
    "read_frames",
    "read_groups",
    "targeting_gain",
    "write_groups",
]
