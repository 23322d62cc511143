"""Attributes read by a language model: one prompt a person, typed answer, evidence checked against the person's lines."""

from personae.infer.prompted._reader import PromptedReader

__all__ = ["PromptedReader"]
