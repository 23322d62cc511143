"""The 1996 American National Election Study as people: traits in categories, and where each puts self and both candidates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.errors import MissingExtra
from personae.papers.harness import Context

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
N_OPTIONS = 7  # extremely liberal to extremely conservative
QUESTIONS = ("selfLR", "ClinLR", "DoleLR")
DEMOCRAT, OTHER, REPUBLICAN = 0, 1, 2
_AGES = (30, 50, 65)
_INCOMES = (11, 15, 20, 23)  # codes of about 15, 25, 50 and 90 thousand dollars a year
_SCHOOLING = (0, 0, 1, 2, 3, 4, 5)  # eight grades or fewer and some high school count as one


@dataclass(frozen=True, slots=True)
class Survey:
    """Who answered.

    Parameters
    ----------
    answers : ndarray of shape (n_people, 3)
        In the order of QUESTIONS, 0 to 6.
    party : ndarray of shape (n_people,)
        DEMOCRAT (identification 0 to 2), OTHER (3) or REPUBLICAN (4 to 6).
    traits : dict of str to ndarray of shape (n_people,)
        Categories: age, education, income, party.
    numbers : ndarray of shape (n_people, 3)
        Age, education and income as numbers, each with mean 0 and standard deviation 1.
    leaning : ndarray of shape (n_people, 3)
        Own place, party identification and vote, each with mean 0 and standard deviation 1.
    """

    answers: Codes
    party: Codes
    traits: dict[str, Codes]
    numbers: Array
    leaning: Array


def load(context: Context) -> Survey:
    """Return the study as it comes with statsmodels: 944 people without missing answers.

    Raises
    ------
    MissingExtra
        Without statsmodels.
    """
    try:
        from statsmodels.datasets import anes96
    except ImportError as error:
        raise MissingExtra("The study comes with statsmodels: pip install 'personae[learn]'.") from error
    table = anes96.load_pandas().data.iloc[: context.limit]
    party = np.digitize(table["PID"], [3, 4])
    traits = {
        "age": np.digitize(table["age"], _AGES),
        "education": np.array(_SCHOOLING)[table["educ"].to_numpy(dtype=int) - 1],
        "income": np.digitize(table["income"], _INCOMES),
        "party": party,
    }
    answers = table[list(QUESTIONS)].to_numpy(dtype=int) - 1
    numbers, leaning = (
        _standard(table[list(names)].to_numpy(dtype=float))
        for names in (("age", "educ", "income"), ("selfLR", "PID", "vote"))
    )
    return Survey(answers, party, traits, numbers, leaning)


def one_hot(codes: Codes, size: int) -> Array:
    """Return indicator columns, shape (n_rows, size)."""
    return np.asarray(np.eye(size)[codes])


def _standard(table: Array) -> Array:
    return np.asarray((table - table.mean(axis=0)) / table.std(axis=0))
