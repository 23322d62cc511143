"""PANORAMA: invented people with thirty-five consistent fields, and the texts in which such facts appear.

Source: Selvam, Ghosh (2025), "PANORAMA: A synthetic PII-laced dataset for studying sensitive data memorization in LLMs",
arXiv 2505.12238, and the public generator that it names.
"""

from personae.synth.panorama.profiles import FIELDS, Panorama
from personae.synth.panorama.rules import RULES, Rule, violations
from personae.synth.panorama.texts import CONTENT_TYPES, Fact, MadeText, Probe, compose, plant, probes

__all__ = [
    "CONTENT_TYPES",
    "FIELDS",
    "RULES",
    "Fact",
    "MadeText",
    "Panorama",
    "Probe",
    "Rule",
    "compose",
    "plant",
    "probes",
    "violations",
]
