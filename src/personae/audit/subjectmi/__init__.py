"""Was this person's data used to train the model, when the auditor holds other samples of the person.

Source: Suri, Kanani, Marathe, Peterson (2022-23), "Subject Membership Inference Attacks in Federated Learning", arXiv 2206.03317.
"""

from personae.audit.subjectmi.attacks import (
    Threshold,
    across_rounds,
    calibrated,
    choose_threshold,
    final_loss,
    vote,
)
from personae.audit.subjectmi.federation import Privacy, Schedule, federate, spent
from personae.audit.subjectmi.joint import JointLikelihoodRatio

__all__ = [
    "JointLikelihoodRatio",
    "Privacy",
    "Schedule",
    "Threshold",
    "across_rounds",
    "calibrated",
    "choose_threshold",
    "federate",
    "final_loss",
    "spent",
    "vote",
]
