"""PANORAMA: invented people with thirty-five consistent fields, and the texts in which such facts appear.

Source: Selvam, Ghosh (2025), "PANORAMA: A synthetic PII-laced dataset for studying sensitive data memorization in LLMs",
arXiv 2505.12238, and the public generator that it names.
"""

from personae.synth.panorama.profiles import FIELDS, Panorama
from personae.synth.panorama.rules import RULES, Rule, violations

__all__ = ["FIELDS", "RULES", "Panorama", "Rule", "violations"]
