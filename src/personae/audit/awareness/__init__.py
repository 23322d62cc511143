"""Testing for disparities without knowing who is who: proxies with their doubt, bounds, and sealed data for tests alone."""

from personae.audit.awareness.bisg import Drift, Proxies, fit_drift, impute
from personae.audit.awareness.bounds import contrast_bounds, range_bounds
from personae.audit.awareness.sealed import SealedGroups
from personae.audit.awareness.tables import GROUPS, Table, Tables, census_2010, surname_list

__all__ = [
    "GROUPS",
    "Drift",
    "Proxies",
    "SealedGroups",
    "Table",
    "Tables",
    "census_2010",
    "contrast_bounds",
    "fit_drift",
    "impute",
    "range_bounds",
    "surname_list",
]
