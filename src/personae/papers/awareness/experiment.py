"""Purpose gate, name-and-place proxies and disparities without labels, held against scenarios, census tables and known groups.

Source: Bogen, Rieke, Ahmed (2020), "Awareness in Practice: Tensions in Access to Sensitive Attribute Data for
Antidiscrimination", FAT*, arXiv 1912.06171. The paper has no numbers of its own; the rows measure what it asks of practice.
"""

from __future__ import annotations

from collections.abc import Iterator

from personae.papers.awareness.census import census_rows
from personae.papers.awareness.gaps import gap_rows
from personae.papers.awareness.gate import gate_rows
from personae.papers.harness import Comparison, Context, Experiment


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row."""
    yield from gate_rows(context)
    yield from census_rows(context)
    yield from gap_rows(context)


EXPERIMENT = Experiment("awareness", rows)
