"""Few-shot preference optimization: a network that reads a person's taste off a few labeled comparisons."""

from personae.preference.fspo._tasks import Recipe
from personae.preference.fspo.learner import FSPO

__all__ = ["FSPO", "Recipe"]
