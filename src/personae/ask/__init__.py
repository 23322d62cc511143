"""Ask a table for predictions: the conversation from a vague wish to a formal task, a trained model and its audit.

Examples
--------
>>> from personae.ask.table import table_of
>>> ages = [18 + i % 50 for i in range(200)]
>>> rows = {"age": ages, "city": ["Porto", "Bern"] * 100, "member": [
...     "yes" if age > (50 if i % 2 else 30) else "no" for i, age in enumerate(ages)]}
>>> asked = ask(table_of(rows), "predict who is a member", cv_methods=("forest",))
>>> asked.petel.target_variable, asked.petel.positive, asked.outcome.held_out[0].value > 0.95
('member', 'yes', True)
"""

from __future__ import annotations

from personae.ask.answer import ask
from personae.ask.conversation import Conversation, Rules, Standing
from personae.ask.derive import derive
from personae.ask.engineer import Outcome, engineer
from personae.ask.formulate import Formulated, fill, petel_of
from personae.ask.leaks import Leak, find_leaks
from personae.ask.people import people_table
from personae.ask.petel import PeTEL, Split
from personae.ask.script import script_of
from personae.ask.summary import Asked, Summary, sum_up
from personae.ask.table import Column, Look, Table, read_table, table_of
from personae.ask.understand import Reading, RuleReader

__all__ = [
    "Asked",
    "Column",
    "Conversation",
    "Formulated",
    "Leak",
    "Look",
    "Outcome",
    "PeTEL",
    "Reading",
    "RuleReader",
    "Rules",
    "Split",
    "Standing",
    "Summary",
    "Table",
    "ask",
    "derive",
    "engineer",
    "fill",
    "find_leaks",
    "people_table",
    "petel_of",
    "read_table",
    "script_of",
    "sum_up",
    "table_of",
]
