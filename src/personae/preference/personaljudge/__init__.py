"""Judges of what a person would prefer, each with a certainty: one that needs no language model, one that asks, and their stack.

Source: Dong, Hu, Collier (2024), "Can LLM be a Personalized Judge?", arXiv 2406.11657.
"""

from personae.preference.personaljudge.asked import Asked, ask_verdicts
from personae.preference.personaljudge.encoder import EncoderJudge
from personae.preference.personaljudge.stack import Verdict, VerdictStack

__all__ = ["Asked", "EncoderJudge", "Verdict", "VerdictStack", "ask_verdicts"]
