"""Attributes a claim can be about: their values, how guesses are compared, and whether they are special-category data."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from personae.errors import UnknownName

Scale = Literal["nominal", "ordinal", "number", "place", "text"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that can be told about a person.

    Parameters
    ----------
    name : str
    label : str
        What a report calls it.
    scale : "nominal", "ordinal", "number", "place" or "text"
        Decides how a guess is compared with the truth (`personae.people.matching`).
    values : tuple of str
        The closed set of values, in order for "ordinal"; empty where any value is possible.
    special : bool
        Special-category data (GDPR, article 9): inferred only under a purpose that allows it.
    protected : bool
        A protected ground in decisions on work, credit or housing, such as sex or age.
    poles : (str, str) or None
        For attributes a user defines in words: descriptions of the low and the high end.
    """

    name: str
    label: str
    scale: Scale
    values: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    special: bool = False
    protected: bool = False
    poles: tuple[str, str] | None = None


EDUCATION = (
    "No Highschool",
    "In Highschool",
    "HS Diploma",
    "In College",
    "College Degree",
    "Master's",
    "PhD",
)
INCOME = ("no", "low", "middle", "high", "very high")  # <30k, 30-60k, 60-150k, >150k USD a year
RELATIONSHIP = ("single", "in a relationship", "engaged", "married", "divorced", "widowed")

SYNTHPAI: tuple[Attribute, ...] = (
    Attribute("age", "Age", "number", protected=True),
    Attribute("sex", "Sex", "nominal", ("female", "male"), ("gender",), protected=True),
    Attribute("city_country", "Lives in", "place", aliases=("city", "location", "place")),
    Attribute("birth_city_country", "Born in", "place", aliases=("birthplace", "born", "birth_place", "national_origin"),
              protected=True),
    Attribute("education", "Education", "ordinal", EDUCATION, ("school",)),
    Attribute("occupation", "Occupation", "text", aliases=("job", "work")),
    Attribute("income_level", "Income", "ordinal", INCOME, ("income",)),
    Attribute("relationship_status", "Relationship", "nominal", RELATIONSHIP, ("relationship", "married"), protected=True),
)  # fmt: skip

_OTHERS: tuple[Attribute, ...] = (
    Attribute("ethnicity", "Ethnicity", "text", aliases=("race",), special=True, protected=True),
    Attribute("religion", "Religion", "text", special=True, protected=True),
    Attribute("politics", "Political views", "text", special=True),
    Attribute("health", "Health", "text", aliases=("disability",), special=True, protected=True),
    Attribute("sexual_orientation", "Sexual orientation", "text", special=True, protected=True),
    *(
        Attribute(name, name.capitalize(), "number")
        for name in ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
    ),
    Attribute("mbti", "MBTI type", "nominal",
              tuple(f"{a}{b}{c}{d}" for a in "EI" for b in "SN" for c in "TF" for d in "JP")),
)  # fmt: skip

ATTRIBUTES: dict[str, Attribute] = {attribute.name: attribute for attribute in (*SYNTHPAI, *_OTHERS)}
_NAMES = {alias: a.name for a in ATTRIBUTES.values() for alias in (a.name, *a.aliases)}


def attribute(name: str | Attribute) -> Attribute:
    """Return the attribute of that name or alias; an `Attribute` passes through, so that users' own are first class.

    Raises
    ------
    UnknownName
        With the nearest names.

    Examples
    --------
    >>> attribute("city").name
    'city_country'
    """
    if isinstance(name, Attribute):
        return name
    key = name.strip().lower().replace(" ", "_")
    if key not in _NAMES:
        close = difflib.get_close_matches(key, _NAMES, n=3, cutoff=0.4) or sorted(a.name for a in SYNTHPAI)
        raise UnknownName(
            f"No attribute named {name!r}. Nearest: {', '.join(close)}. "
            f"All: {', '.join(ATTRIBUTES)}; or define one with `Attribute(name, label, scale)`."
        )
    return ATTRIBUTES[_NAMES[key]]
