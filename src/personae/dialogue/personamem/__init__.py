"""Whether an assistant knows the person it talks to, as preferences change: questions, histories, recall, made people.

Source: Jiang et al. (2025), "Know Me, Respond to Me: Benchmarking LLMs for Dynamic User Profiling and Personalized Responses at
Scale", arXiv 2504.14225.
"""

from personae.dialogue.personamem.evolving import Change, EvolvingPerson, evolve_people, remembered
from personae.dialogue.personamem.memory import Recall, recall
from personae.dialogue.personamem.questions import (
    KINDS,
    MemoryQuestion,
    as_row,
    history_of,
    read_histories,
    read_questions,
)

__all__ = [
    "KINDS",
    "Change",
    "EvolvingPerson",
    "MemoryQuestion",
    "Recall",
    "as_row",
    "evolve_people",
    "history_of",
    "read_histories",
    "read_questions",
    "recall",
    "remembered",
]
