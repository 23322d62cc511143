"""The census table, and the columns that it shares with PANORAMA's profiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.papers.harness import Context
from personae.synth import Population, Variable, population_of
from personae.synth.population import Columns

DATA = "distinfer"
FILE = "adult.csv.zst"
NUMBERS = ("age", "hours-per-week")
COLUMNS = (
    "age", "workclass", "education", "marital-status", "occupation", "relationship", "race", "sex", "hours-per-week",
    "income-per-year",
)  # fmt: skip
SHARED = (
    Variable("age", ("18-24", "25-34", "35-44", "45-54", "55-64", "65-90"), (18, 25, 35, 45, 55, 65)),
    Variable("sex", ("female", "male", "other")),
    Variable(
        "education", ("none", "high school", "some college", "associate", "bachelor", "master", "doctor")
    ),
    Variable("marital", ("single", "married", "divorced", "widowed")),
    Variable("income", ("lower", "higher")),
)
DOLLAR = (
    2.17  # consumer prices of 2025 over those of 1994 (US Bureau of Labor Statistics, CPI-U, 321.5 / 148.2)
)
INCOME_1994 = 50_000
_EDUCATION = {
    "HS-grad": "high school", "Some-college": "some college", "Assoc-voc": "associate", "Assoc-acdm": "associate",
    "Bachelors": "bachelor", "Masters": "master", "Prof-school": "master", "Doctorate": "doctor",
    "Less than High School": "none", "High School": "high school", "Some College": "some college", "Associate's": "associate",
    "Vocational Training": "some college", "Diploma": "some college", "Professional Certificate": "some college",
    "Bachelor's": "bachelor", "Master's": "master", "PhD": "doctor",
}  # fmt: skip
_MARITAL = {
    "Never-married": "single", "Married-civ-spouse": "married", "Married-spouse-absent": "married",
    "Married-AF-spouse": "married", "Divorced": "divorced", "Separated": "divorced", "Widowed": "widowed",
}  # fmt: skip


def census(context: Context) -> Columns:
    """Return ten columns of Adult; `limit` keeps the first people."""
    rows = context.rows(DATA, FILE)[: context.limit]
    return {
        name: np.array([int(row[name]) for row in rows])
        if name in NUMBERS
        else _words(row[name] for row in rows)
        for name in COLUMNS
    }


def shared_of_census(columns: Columns) -> Columns:
    """Return the shared columns of the census's people of 18 and over."""
    adult = columns["age"] >= SHARED[0].edges[0]
    return {
        "age": columns["age"][adult],
        "sex": _words(sex.lower() for sex in columns["sex"][adult]),
        "education": _words(_EDUCATION.get(level, "none") for level in columns["education"][adult]),
        "marital": _words(_MARITAL[status] for status in columns["marital-status"][adult]),
        "income": np.where(columns["income-per-year"][adult] == ">50K", "higher", "lower").astype(object),
    }


def shared_of_made(made: Population, *, dollar: float = DOLLAR) -> Columns:
    """Return the shared columns of people with PANORAMA's fields; income is cut at 50,000 dollars of 1994, or as given."""
    columns = made.columns
    return {
        "age": columns["age"],
        "sex": _words(sex or "other" for sex in columns["sex"]),
        "education": _words(_EDUCATION[level] for level in columns["education_info"]),
        "marital": _words(status.lower() for status in columns["marital_status"]),
        "income": np.where(columns["annual_salary"] > INCOME_1994 * dollar, "higher", "lower").astype(object),
    }


def shared(columns: Columns) -> Population:
    """Return shared columns as a population."""
    return population_of(columns, SHARED, "census")


def rows_of(columns: Columns, places: NDArray[np.intp]) -> Columns:
    """Return some of the people."""
    return {name: column[places] for name, column in columns.items()}


def _words(words: Any) -> NDArray[Any]:
    return np.array(list(words), dtype=object)
