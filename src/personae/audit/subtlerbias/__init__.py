"""Does a model tie a group of people to good or bad attributes that have nothing to do with it?

Source: Kamruzzaman, Shovon, Kim (2023), "Investigating Subtler Biases in LLMs: Ageism, Beauty, Institutional, and
Nationality Bias in Generative Models", arXiv 2309.08902.
"""

from personae.audit.subtlerbias.association import Association, associate, shuffled_tables, table_of, tau_c
from personae.audit.subtlerbias.frames import read_frames
from personae.audit.subtlerbias.items import Group, Item, Words, generate, read_groups, write_groups
from personae.audit.subtlerbias.scoring import encoder_choices

__all__ = [
    "Association",
    "Group",
    "Item",
    "Words",
    "associate",
    "encoder_choices",
    "generate",
    "read_frames",
    "read_groups",
    "shuffled_tables",
    "table_of",
    "tau_c",
    "write_groups",
]
