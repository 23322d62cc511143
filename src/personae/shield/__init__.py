"""Attack, rewrite, attack again: text that gives less away, in the format it came in."""

from personae.shield.drafts import KINDS, Edit
from personae.shield.exposure import Exposure, Utility
from personae.shield.identifiers import Identifier, find_identifiers, recognizer
from personae.shield.pseudonyms import Called, Pseudonyms
from personae.shield.shielding import LEVELS, Level, Point, Shielded, edited_traces, shield

__all__ = [
    "KINDS", "LEVELS", "Called", "Edit", "Exposure", "Identifier", "Level", "Point", "Pseudonyms", "Shielded", "Utility",
    "edited_traces", "find_identifiers", "recognizer", "shield",
]  # fmt: skip
