"""Whether a model knows: before it answers, P(IK), and after it has, P(True)."""

from personae.audit.knowledge.arithmetic import CHECKS, arithmetic_checks
from personae.audit.knowledge.head import SHAPE, KnowledgeHead, others_right, question_shape
from personae.audit.knowledge.verifier import SolutionVerifier, agreement, majority

__all__ = [
    "CHECKS",
    "SHAPE",
    "KnowledgeHead",
    "SolutionVerifier",
    "agreement",
    "arithmetic_checks",
    "majority",
    "others_right",
    "question_shape",
]
