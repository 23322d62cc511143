"""The same answer had the sensitive attribute been another: a classifier for people that drift, twins, and an audit by twins."""

from personae.audit.cdsae.autoencoder import SequentialAutoencoder
from personae.audit.cdsae.columns import Columns, fit_columns
from personae.audit.cdsae.fair_circle import FairCircle, fair_circle
from personae.audit.cdsae.fairness import Fairness, audit_fairness

__all__ = [
    "Columns",
    "FairCircle",
    "Fairness",
    "SequentialAutoencoder",
    "audit_fairness",
    "fair_circle",
    "fit_columns",
]
