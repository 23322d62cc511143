"""The people of Twin-2K-500 who took part in the mega-study: what is known of them, what they and their twins answered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.mind.twins import SurveyFeatures
from personae.papers.harness import Context

DATA = "twin2k"
LEAST_ANSWERS = 40  # an outcome needs folds within folds; met by every outcome of a full run
FLAGS = (
    "domain=social?", "domain=cognitive?", "replicating know human bias?", "preference measure?", "stimuli dependent?",
    "knowledge question?", "political question?",
)  # fmt: skip
Array = NDArray[np.float64]
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Study:
    """People and outcomes of the mega-study; tables have shape (n_people, n_outcomes), NaN where not asked.

    Parameters
    ----------
    people : tuple of dict
        Bands as texts, scores as numbers in text, as in `people_scores`.
    outcomes : tuple of (study, variable)
    human, twin : ndarray
        A person's answer, and the answer of the language model in that person's place.
    low, spans : ndarray of shape (n_outcomes,)
        Least answer, and greatest minus least; NaN where an outcome has no range.
    survey : SurveyFeatures
        Fitted on these people: ranks are ranks among them.
    known : ndarray of shape (n_people, n_features)
        What is known of the people, in the order of `survey.names_`.
    """

    people: tuple[Row, ...]
    outcomes: tuple[tuple[str, str], ...]
    human: Array
    twin: Array
    low: Array
    spans: Array
    survey: SurveyFeatures
    known: Array

    def studies(self) -> dict[str, NDArray[np.intp]]:
        """Return the columns of each study."""
        names = np.array([study for study, _ in self.outcomes])
        return {name: np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())}

    def features(self, leave_out: Sequence[str]) -> Array:
        """Return what is known of the people without some columns."""
        columns = [re.split(r"=| missing$", name)[0] for name in self.survey.names_]
        return self.known[:, [name not in leave_out for name in columns]]


def load(context: Context) -> Study:
    """Return the study; `context.limit` keeps the first people, and outcomes that enough of them answered."""
    people = tuple(context.rows(DATA, "people_scores.csv.zst")[: context.limit])
    place = {row["pid"]: i for i, row in enumerate(people)}
    answers = [row for row in context.rows(DATA, "mega_study_answers.csv.zst") if row["TWIN_ID"] in place]
    outcomes = list(dict.fromkeys((row["study_name"], row["variable_name"]) for row in answers))
    column = {outcome: j for j, outcome in enumerate(outcomes)}
    human, twin = (np.full((len(people), len(outcomes)), np.nan) for _ in range(2))
    for row in answers:
        cell = place[row["TWIN_ID"]], column[row["study_name"], row["variable_name"]]
        human[cell], twin[cell] = number(row["human"]), number(row["twin"])
    ranges = {
        (row["study_name"], row["DV_variable"]): (number(row["DV_min"]), number(row["DV_max"]))
        for row in context.rows(DATA, "mega_study_variable_ranges.csv")
    }
    ends = np.array([ranges[outcome] for outcome in outcomes]).reshape(-1, 2)
    kept = np.flatnonzero((~np.isnan(human)).sum(axis=0) >= LEAST_ANSWERS)
    survey = SurveyFeatures(
        bands=[name for name in people[0] if name != "pid" and "score" not in name],
        scores=[name for name in people[0] if "score" in name],
    ).fit(people)
    return Study(
        people, tuple(outcomes[j] for j in kept), human[:, kept], twin[:, kept], ends[kept, 0],
        (ends[:, 1] - ends[:, 0])[kept], survey, survey.transform(people),
    )  # fmt: skip


def number(cell: str) -> float:
    """Return a cell of a table as a number; NaN where it is empty."""
    return float(cell) if cell else float("nan")
