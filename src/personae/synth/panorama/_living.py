"""Age, schooling, family, work and money of invented people: PANORAMA's hand-set weights, or given by a joint distribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.people.attributes import EDUCATION as CATALOGUE
from personae.people.attributes import INCOME
from personae.synth._streams import Array, Codes, Streams, draw_codes
from personae.synth.panorama._tables import (
    ALLERGIES,
    BLOOD_TYPES,
    CATALOGUE_EDUCATION,
    CHILDREN_WEIGHTS,
    CREDIT_BASES,
    DISABILITIES,
    EDUCATION,
    EDUCATION_AGES,
    EDUCATION_WEIGHTS,
    FINANCE,
    FINANCE_WEIGHTS,
    GENDER_WEIGHTS,
    GENDERS,
    MARITAL,
    MARITAL_WEIGHTS,
    OLDEST,
    WORTH_FACTORS,
    YOUNG_CAP,
    YOUNG_CAP_AGE,
    YOUNGEST,
    jobs,
)
from personae.synth.population import Columns

INCOME_STEPS = (30_000, 60_000, 150_000)  # US dollars a year, the catalogue's levels
IN_COLLEGE_UNTIL = 25
Objects = NDArray[Any]


def demography(streams: Streams, core: Columns) -> Columns:
    """Return gender, age, education and marital status; a column of the core stands in for the hand-set weights."""
    gender = _gender(streams, core.get("sex"))
    age = (
        np.asarray(core["age"]).astype(np.int64)
        if "age" in core
        else streams.integers("age", YOUNGEST, OLDEST + 1)
    )
    level = _education(streams, age, core.get("education"))
    bands = np.digitize(age, (22, 66))
    marital = draw_codes(streams.uniform("marital"), np.array(MARITAL_WEIGHTS)[bands])
    if "relationship_status" in core:
        known = {name.lower(): code for code, name in enumerate(MARITAL)}
        marital = np.array([known.get(status, 0) for status in core["relationship_status"]])
    told = core.get("relationship_status", _words(MARITAL)[marital])
    catalogue = _words(CATALOGUE_EDUCATION)[level]
    catalogue[(level == EDUCATION.index("Some College")) & (age <= IN_COLLEGE_UNTIL)] = "In College"
    return {
        "gender": _words(GENDERS)[gender],
        "age": age,
        "sex": _words(("male", "female", "", ""))[gender],
        "education_info": _words(EDUCATION)[level],
        "education": catalogue,
        "marital_status": _words(MARITAL)[marital],
        "relationship_status": np.array([str(status).lower() for status in told], dtype=object),
        "children_count": _children(streams, age, marital),
    }


def most_children(age: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many children someone of that age may have: the first from 20 on, one in two years."""
    return np.maximum(0, (age - 18) // 2)


def work(streams: Streams, people: Columns, factor: Array) -> Columns:
    """Return job, salary, standing, net worth and credit score; money in US dollars times the locale's factor."""
    age, level = people["age"], level_of(people["education_info"])
    job = _jobs(streams, age, level)
    salary = _salary(streams, age, job, factor)
    percentile = np.clip((salary - 10_000 * factor) / (300_000 * factor - 10_000 * factor), 0, 1)
    finance = draw_codes(
        streams.uniform("finance"), np.array(FINANCE_WEIGHTS)[np.digitize(percentile, (0.15, 0.4, 0.75))]
    )
    income = _words(INCOME)[1 + np.digitize(salary, INCOME_STEPS)]
    score = (
        np.array(CREDIT_BASES)[finance] + streams.integers("credit", -80, 81) + ((age - 18) * 0.5).astype(int)
    )
    titles = _words(jobs().titles)[job]
    return {
        "occupation": titles,
        "job_title": titles,
        "annual_salary": np.round(salary).astype(np.int64),
        "income_level": income,
        "finance_status": _words(FINANCE)[finance],
        "net_worth": _net_worth(streams, age, salary, finance, factor),
        "credit_score": np.clip(score, 300, 850),
    }


def health(streams: Streams) -> Columns:
    """Return blood type, allergy and disability by fixed weights."""
    tables = {"blood_type": BLOOD_TYPES, "allergies": ALLERGIES, "disability": DISABILITIES}
    return {name: streams.among(name, list(table), list(table.values())) for name, table in tables.items()}


def level_of(education: Objects) -> Codes:
    """Return the index into EDUCATION of each person's level."""
    places = {name: place for place, name in enumerate(EDUCATION)}
    return np.array([places[name] for name in education])


def _gender(streams: Streams, sex: Objects | None) -> Codes:
    if sex is None:
        return streams.codes("gender", GENDER_WEIGHTS)
    known = {"male": 0, "female": 1}
    return np.array([known.get(str(each).lower(), 3) for each in sex])


def _education(streams: Streams, age: NDArray[np.int64], told: Objects | None) -> Codes:
    """Return the level: by weight among those that the age allows, and those that the catalogue's word means."""
    weights = np.array(EDUCATION_WEIGHTS, float)
    allowed = age[:, None] >= np.array(EDUCATION_AGES)
    if unknown := sorted(set(map(str, () if told is None else told)) - set(_meanings())):
        raise BadInput(
            f"The education {unknown[0]!r} is not one of the catalogue's: {', '.join(CATALOGUE)}. Use those levels in the "
            "statistics, or another name for the column."
        )
    meanings = _meanings()
    meant = np.ones_like(allowed) if told is None else np.stack([meanings[str(word)] for word in told])
    both = allowed & meant
    both[~both.any(axis=1)] = (allowed & (np.arange(len(EDUCATION)) == 1))[~both.any(axis=1)]
    return draw_codes(streams.uniform("education"), weights * both)


def _meanings() -> Mapping[str, NDArray[np.bool_]]:
    found = {word: np.array([word == each for each in CATALOGUE_EDUCATION]) for word in CATALOGUE_EDUCATION}
    some = np.array([name == "Some College" for name in EDUCATION])
    found["HS Diploma"] = found["HS Diploma"] & ~some
    return {**found, "In College": some, "In Highschool": found["No Highschool"]}


def _children(streams: Streams, age: NDArray[np.int64], marital: Codes) -> NDArray[np.int64]:
    ever = np.array([0, 1, 2, 2])[marital]
    drawn = draw_codes(streams.uniform("children"), np.array(CHILDREN_WEIGHTS, float)[ever])
    return np.minimum(drawn, most_children(age)).astype(np.int64)


def _jobs(streams: Streams, age: NDArray[np.int64], level: Codes) -> Codes:
    uniform = streams.uniform("job")
    job = np.empty(streams.n, dtype=np.intp)
    bands = np.digitize(age, (21, 25))
    for band, least in enumerate((YOUNGEST, 21, 25)):
        for education in range(len(EDUCATION)):
            chosen = (bands == band) & (level == education)
            job[chosen] = draw_codes(uniform[chosen], jobs().chances(education, least))
    return job


def _salary(streams: Streams, age: NDArray[np.int64], job: Codes, factor: Array) -> Array:
    """Return salaries: U(low x U(.8, 1.2), high x U(.8, 1.2)) x locale factor x min(1.5, 1 + (age - 18) / 40)."""
    low, high = (
        ends[job] * factor * (0.8 + 0.4 * streams.uniform(name))
        for name, ends in (("salary low", jobs().low), ("salary high", jobs().high))
    )
    salary = (low + (high - low) * streams.uniform("salary")) * np.minimum(1.5, 1 + (age - 18) / 40)
    young = age < YOUNG_CAP_AGE
    return np.asarray(
        np.maximum(10_000 * factor, np.where(young, np.minimum(salary, YOUNG_CAP * factor), salary))
    )


def _net_worth(
    streams: Streams, age: NDArray[np.int64], salary: Array, finance: Codes, factor: Array
) -> NDArray[np.int64]:
    rate = 0.02 + 0.13 * streams.uniform("savings")
    saved = salary * rate * (age - 18) * np.array(WORTH_FACTORS)[finance] * (0.5 + streams.uniform("worth"))
    worth = saved + (-5_000 + 15_000 * streams.uniform("worth noise")) * factor
    indebted = (age < 30) & (streams.uniform("debt") < 0.2)
    debt = (-20_000 + 25_000 * streams.uniform("debt size")) * factor
    return np.asarray(np.round(np.where(indebted, debt, worth)).astype(np.int64))


def _words(words: tuple[str, ...]) -> Objects:
    return np.array(words, dtype=object)
