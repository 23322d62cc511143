"""The hand-set tables of the generator, and those of the home grammar, read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.synth._streams import Array

GENDERS = ("Male", "Female", "Non-Binary", "Other")
GENDER_WEIGHTS = (48, 48, 3, 1)  # paper's generator, as all weights below
EDUCATION = (
    "Less than High School", "High School", "Some College", "Associate's", "Vocational Training", "Diploma",
    "Professional Certificate", "Bachelor's", "Master's", "PhD",
)  # fmt: skip
EDUCATION_WEIGHTS = (5, 25, 15, 10, 5, 5, 5, 25, 10, 3)
EDUCATION_AGES = (0, 16, 18, 19, 18, 18, 18, 21, 22, 25)  # least ages
CATALOGUE_EDUCATION = (  # what the catalogue calls each level; "Some College" is In College up to 25
    "No Highschool", "HS Diploma", "HS Diploma", "College Degree", "HS Diploma", "HS Diploma", "HS Diploma", "College Degree",
    "Master's", "PhD",
)  # fmt: skip
MARITAL = ("Single", "Married", "Divorced", "Widowed")
MARITAL_WEIGHTS = (
    (35 * 1.5, 50 * 0.2, 10 * 0.1, 5 * 0.05),
    (35, 50, 10, 5),
    (35 * 0.5, 50, 10, 5 * 3),
)  # <22, 22-65, >65
CHILDREN_WEIGHTS = ((1, 0, 0, 0, 0), (20, 30, 30, 15, 5), (30, 30, 25, 10, 5))  # never, now, once married
FINANCE = ("Very Low", "Low", "Medium", "High", "Very High")
FINANCE_WEIGHTS = (  # by salary percentile: < .15, < .4, < .75, above
    (10, 30, 40, 12.5, 2), (5, 30, 48, 25, 5), (5, 20, 40, 25, 10), (1.5, 10, 40, 37.5, 20),
)  # fmt: skip
WORTH_FACTORS = (0.1, 0.5, 1.0, 2.5, 5.0)
CREDIT_BASES = (450, 550, 650, 720, 760)
BLOOD_TYPES = {"A+": 34, "A-": 6, "B+": 9, "B-": 2, "AB+": 3, "AB-": 1, "O+": 37, "O-": 7}
ALLERGIES = {
    "None": 70, "Pollen": 10, "Dust": 10, "Gluten": 5, "Peanuts": 5, "Seafood": 5, "Tree Nuts": 3, "Soy": 2, "Eggs": 2, "Milk": 2,
    "Latex": 1, "Insect Stings": 1,
}  # fmt: skip
DISABILITIES = {
    "None": 85, "Visual": 5, "Hearing": 5, "Mobility": 3, "Cognitive": 1, "Speech": 1, "Chronic Illness": 3, "Mental Health": 2,
}  # fmt: skip
PLATFORMS = {
    "Twitter": 15, "Facebook": 20, "LinkedIn": 10, "Instagram": 20, "TikTok": 15, "Snapchat": 10, "Reddit": 10, "Pinterest": 5,
}  # fmt: skip
YOUNGEST, OLDEST = 18, 90
YOUNG_CAP_AGE, YOUNG_CAP = 21, 60_000.0  # US dollars a year, before the locale's factor
OVERQUALIFIED = ((5, 0.01), (3, 0.2))  # levels above what is required, and the factor on a job's weight


@dataclass(frozen=True, slots=True)
class Jobs:
    """Every job title, with its tier's numbers; arrays of shape (n_jobs,)."""

    titles: tuple[str, ...]
    weights: Array
    low: Array  # US dollars a year
    high: Array
    required: NDArray[np.intp]  # index into EDUCATION
    least_age: NDArray[np.intp]

    def chances(self, education: int, age: int) -> Array:
        """Return the weight of each job for someone of that education and age, zero where it is out of reach."""
        above = education - self.required
        weights = np.where((above >= 0) & (age >= self.least_age), self.weights, 0.0)
        for levels, factor in OVERQUALIFIED:
            weights = np.where(above >= levels, weights * factor, weights)
            above = np.where(above >= levels, -1, above)
        return np.asarray(weights)


@lru_cache(maxsize=1)
def jobs() -> Jobs:
    """Return the job titles."""
    rows = [
        (title, tier["weight"] * weight / sum(tier["titles"].values()), *tier["salary"],
         EDUCATION.index(tier.get("requires", EDUCATION[0])), tier.get("least_age", YOUNGEST))
        for tier in _yaml("jobs.yaml")
        for title, weight in tier["titles"].items()
    ]  # fmt: skip
    titles, weights, low, high, required, least_age = zip(*rows, strict=True)
    return Jobs(
        titles,
        np.array(weights),
        np.array(low, float),
        np.array(high, float),
        np.array(required),
        np.array(least_age),
    )


@lru_cache(maxsize=1)
def grammar() -> dict[str, Any]:
    """Return the parts that names, addresses and firms are composed of."""
    return dict(_yaml("grammar.yaml"))


def _yaml(name: str) -> Any:
    import yaml

    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
