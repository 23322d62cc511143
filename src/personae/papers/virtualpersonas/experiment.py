"""Virtual personas: matching, the view of the other side, target shares and the critic, on people and on made people.

Sources: Kang, Moon, Lee, Raja, Suh, Chan (2025), "Higher-Order Binding of Language Model Virtual Personas", arXiv 2504.11673;
Moon et al. (2024), "Virtual Personas for Language Models via an Anthology of Backstories", arXiv 2407.06576. Their stories and
their respondents' answers are not public: real people of another survey stand in for both.
"""

from __future__ import annotations

from collections.abc import Iterator

from personae.papers.harness import Comparison, Context, Experiment
from personae.papers.virtualpersonas.critics import home_rows, live_rows
from personae.papers.virtualpersonas.matched import matching_rows
from personae.papers.virtualpersonas.perceived import human_rows, perception_rows
from personae.papers.virtualpersonas.survey import load
from personae.papers.virtualpersonas.targets import DATA, target_rows


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table."""
    if not context.replayed:
        yield from live_rows(context, context.chat())
        return
    survey = load(context)
    yield from human_rows(context, survey)
    yield from matching_rows(context, survey)
    yield from perception_rows(context, survey)
    yield from target_rows(context)
    yield from home_rows(context)


EXPERIMENT = Experiment(DATA, rows)
