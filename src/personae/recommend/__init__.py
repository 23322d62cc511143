"""Choosing for a person: what comes next, what to ask, and why."""

from personae.recommend.interactions import (
    Interactions,
    Items,
    by_time,
    interactions,
    interactions_of,
    last_out,
    read_interactions,
)

__all__ = [
    "Interactions",
    "Items",
    "by_time",
    "interactions",
    "interactions_of",
    "last_out",
    "read_interactions",
]
