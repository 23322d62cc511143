"""Talking to a person and as one: memory of what was said, persona-conditioned generation, faithfulness."""

from personae.dialogue.personamem import MemoryQuestion, evolve_people, read_histories, read_questions, recall

__all__ = ["MemoryQuestion", "evolve_people", "read_histories", "read_questions", "recall"]
