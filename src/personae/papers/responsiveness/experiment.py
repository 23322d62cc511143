"""Responsiveness scores on German credit, held against every recorded output, and on FICO beside SHAP, LIME and dice-ml.

Source: Cheon, Wernerfelt, Friedler, Ustun (2025), "Feature Responsiveness Scores: Model-Agnostic Explanations for Recourse",
ICLR 2025, arXiv 2410.22598, section 4 and table 3.
"""

from __future__ import annotations

from collections.abc import Iterator

from personae.papers.harness import Comparison, Context, Experiment
from personae.papers.responsiveness.applicants import applicant_rows, drawing_rows
from personae.papers.responsiveness.replication import control_rows, recorded_rows, table_rows


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row."""
    yield from recorded_rows(context)
    yield from table_rows(context)
    yield from control_rows(context)
    yield from drawing_rows(context)
    yield from applicant_rows(context)


EXPERIMENT = Experiment("responsiveness", rows)
