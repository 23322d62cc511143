"""Interactive path reasoning: find what somebody wants by asking for attributes along a graph, and by showing lists."""

from personae.recommend.scpr.belief import Belief, look_ahead
from personae.recommend.scpr.deciding import (
    Decider,
    Learning,
    Trails,
    count_state,
    lay_out,
    learn_to_decide,
    published_state,
)
from personae.recommend.scpr.episodes import Episodes, Outcome, Wants, always_show, ask_until, play
from personae.recommend.scpr.graph import Graph
from personae.recommend.scpr.vectors import Settings, fit_vectors
from personae.recommend.scpr.walk import Vectors, Walk

__all__ = [
    "Belief",
    "Decider",
    "Episodes",
    "Graph",
    "Learning",
    "Outcome",
    "Settings",
    "Trails",
    "Vectors",
    "Walk",
    "Wants",
    "always_show",
    "ask_until",
    "count_state",
    "fit_vectors",
    "lay_out",
    "learn_to_decide",
    "look_ahead",
    "play",
    "published_state",
]
