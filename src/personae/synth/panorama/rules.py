"""What must hold of every made person, declared one by one, and counted over a population."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.synth.panorama._identity import locales, of_locale
from personae.synth.panorama._living import level_of, most_children
from personae.synth.panorama._tables import (
    EDUCATION_AGES,
    OLDEST,
    YOUNG_CAP,
    YOUNG_CAP_AGE,
    YOUNGEST,
    Jobs,
    jobs,
)
from personae.synth.panorama.profiles import AS_OF
from personae.synth.population import Columns, Population

Broken = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold: its name, what it says, the columns it reads, and who breaks it, shape (n,)."""

    name: str
    says: str
    reads: tuple[str, ...]
    broken: Callable[[Columns], Broken]


def violations(population: Population) -> dict[str, int]:
    """Return how many people break each rule that the population has the columns for; ages are as of AS_OF.

    Examples
    --------
    >>> from personae.synth import sample
    >>> from personae.synth.panorama import Panorama
    >>> sum(violations(sample(Panorama(), 1000)).values())
    0
    """
    columns = population.columns
    return {rule.name: int(rule.broken(columns).sum()) for rule in RULES if set(rule.reads) <= set(columns)}


def _too_young_for_school(people: Columns) -> Broken:
    return np.asarray(people["age"] < np.array(EDUCATION_AGES)[level_of(people["education_info"])])


def _under_schooled(people: Columns) -> Broken:
    return np.asarray(level_of(people["education_info"]) < _of_job(people, "required"))


def _too_young_for_job(people: Columns) -> Broken:
    return np.asarray(people["age"] < _of_job(people, "least_age"))


def _too_many_children(people: Columns) -> Broken:
    return np.asarray(people["children_count"] > most_children(people["age"]))


def _children_unmarried(people: Columns) -> Broken:
    return np.asarray((people["marital_status"] == "Single") & (people["children_count"] > 0))


def _spouse_amiss(people: Columns) -> Broken:
    """A spouse if and only if married, "(Deceased)" only of the widowed, "(Ex)" only of the divorced."""
    said = {"Married": "", "Widowed": "(Deceased)", "Divorced": "(Ex)"}
    return np.array(
        [
            (status == "Married" and not spouse)
            or (
                bool(spouse)
                and (status not in said or spouse.partition(" (")[2].rstrip(")") != said[status].strip("()"))
            )
            for status, spouse in zip(people["marital_status"], people["spouse_name"], strict=True)
        ]
    )


def _surname_amiss(people: Columns) -> Broken:
    rows = zip(
        *(people[name] for name in ("last_name", "fathers_name", "mothers_name", "spouse_name")), strict=True
    )
    can_take = (people["gender"] == "Female") & (people["marital_status"] == "Married")
    return np.array(
        [
            _last(father) != _last(mother)
            or (surname != _last(father) and not (taken and surname == _last(spouse)))
            for (surname, father, mother, spouse), taken in zip(rows, can_take, strict=True)
        ]
    )


def _salary_amiss(people: Columns) -> Broken:
    """Beyond the tier's range times the factors, or beyond the cap of the young."""
    factor, salary = _factor(people), people["annual_salary"]
    most = _of_job(people, "high") * factor * 1.2 * np.minimum(1.5, 1 + (people["age"] - 18) / 40)
    young = (people["age"] < YOUNG_CAP_AGE) & (salary > YOUNG_CAP * factor + 0.5)
    return np.asarray((salary > most + 0.5) | (salary < 10_000 * factor - 0.5) | young)


def _birth_amiss(people: Columns) -> Broken:
    born = people["birth_date"].astype("datetime64[D]")
    years = born.astype("datetime64[Y]").astype(int) + 1970
    in_year = (
        (born.astype("datetime64[M]").astype(int) % 12 + 1) * 100
        + (born - born.astype("datetime64[M]")).astype(int)
        + 1
    )
    later = in_year > AS_OF.month * 100 + AS_OF.day
    return np.asarray(AS_OF.year - years - later != people["age"])


def _age_amiss(people: Columns) -> Broken:
    return np.asarray((people["age"] < YOUNGEST) | (people["age"] > OLDEST))


def _last(name: str) -> str:
    return name.partition(" (")[0].rpartition(" ")[2]


def _of_job(people: Columns, what: str) -> NDArray[Any]:
    table: Jobs = jobs()
    places = {title: place for place, title in enumerate(table.titles)}
    return np.asarray(getattr(table, what)[[places[title] for title in people["job_title"]]])


def _factor(people: Columns) -> NDArray[np.float64]:
    places = {name: place for place, name in enumerate(locales())}
    return of_locale("factor", np.array([places[name] for name in people["locale"]])).astype(float)


RULES: tuple[Rule, ...] = (
    Rule("age", "18 to 90", ("age",), _age_amiss),
    Rule("birth date", "gives the age on the day of the population", ("age", "birth_date"), _birth_amiss),
    Rule("education by age", "high school from 16, bachelor's from 21, master's from 22, PhD from 25",
         ("age", "education_info"), _too_young_for_school),
    Rule("job by education", "a degree where the tier requires one", ("education_info", "job_title"), _under_schooled),
    Rule("job by age", "managers and licensed professions from 25, pilots and police from 21", ("age", "job_title"),
         _too_young_for_job),
    Rule("children by age", "the first from 20 on, one in two years", ("age", "children_count"), _too_many_children),
    Rule("children by marriage", "of those who are or were married", ("marital_status", "children_count"), _children_unmarried),
    Rule("spouse", "named if married, and as deceased or ex if widowed or divorced", ("marital_status", "spouse_name"),
         _spouse_amiss),
    Rule("surname", "the parents', or a married woman's spouse's",
         ("last_name", "fathers_name", "mothers_name", "spouse_name", "gender", "marital_status"), _surname_amiss),
    Rule("salary", "within the tier's range, capped under 21", ("age", "annual_salary", "job_title", "locale"), _salary_amiss),
)  # fmt: skip
