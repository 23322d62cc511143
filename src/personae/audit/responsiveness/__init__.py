"""Recourse: what a person could change to get another prediction, how likely it is to help, and when nothing can."""

from personae.audit.responsiveness.actions import ActionSet, Feature, infer_features
from personae.audit.responsiveness.constraints import (
    Condition,
    IfThen,
    Linked,
    OneHot,
    Ordinal,
    Reachability,
    Switch,
    Thermometer,
)
from personae.audit.responsiveness.reach import Reach
from personae.audit.responsiveness.reasons import ReasonsAudit, audit_groups, audit_reasons, top_reasons
from personae.audit.responsiveness.scores import Option, ResponsivenessScorer, Scores, draws_needed, hoeffding

__all__ = [
    "ActionSet",
    "Condition",
    "Feature",
    "IfThen",
    "Linked",
    "OneHot",
    "Option",
    "Ordinal",
    "Reach",
    "Reachability",
    "ReasonsAudit",
    "ResponsivenessScorer",
    "Scores",
    "Switch",
    "Thermometer",
    "audit_groups",
    "audit_reasons",
    "draws_needed",
    "hoeffding",
    "infer_features",
    "top_reasons",
]
