"""Names, addresses, numbers and accounts of invented people, composed by the home grammar: none can reach anybody.

E-mail addresses stand at names reserved by RFC 2606; phone numbers in ranges that a country keeps for fiction, else such as
cannot be dialed; United States national ids in the area 9xx with groups 01-49, which is issued neither as a social security
number nor as a taxpayer's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.models.places import home_places
from personae.synth._streams import Codes, Streams
from personae.synth.panorama._tables import PLATFORMS, grammar
from personae.synth.population import Columns

NAME_PATTERNS: tuple[
    Callable[[str, str, int], str], ...
] = (  # first, last, a number in 0..999; paper's seven
    lambda first, last, k: f"{first}.{last}",
    lambda first, last, k: f"{first}{last}",
    lambda first, last, k: f"{first[0]}{last}",
    lambda first, last, k: f"{first}_{last}",
    lambda first, last, k: f"{last}{1 + k % 99}",
    lambda first, last, k: f"{first}{100 + k % 900}",
    lambda first, last, k: f"{first}.{last}{1 + k % 99}",
)
HANDLE_PATTERNS: tuple[Callable[[str, str, int], str], ...] = (  # paper's nine
    lambda first, last, k: f"{first}{last}",
    lambda first, last, k: f"{first}.{last}",
    lambda first, last, k: f"{first}_{last}",
    lambda first, last, k: f"{first[0]}{last}",
    lambda first, last, k: f"{last}{first[0]}",
    lambda first, last, k: f"{first}{1 + k % 999}",
    lambda first, last, k: f"{last}{1 + k % 999}",
    lambda first, last, k: f"{first}_{1 + k % 99}",
    lambda first, last, k: f"{last}_{1 + k % 99}",
)
RANDOM_NAME, WORK_PHONE, PASSPORT, LICENSE = 0.2, 0.7, 0.6, 0.85  # shares of people; paper
TAKES_SURNAME, WIDOWS_SPOUSE, EX_SPOUSE = 0.8, 0.7, 0.6
MOST_PLATFORMS = 4
LEAST_CITY = 50_000  # people
SPOUSE_ENDINGS = {"Married": "", "Widowed": " (Deceased)", "Divorced": " (Ex)"}
Objects = NDArray[Any]


def names(streams: Streams, locale: Codes, people: Columns) -> Columns:
    """Return the names of a person, parents and spouse; surnames follow the rule of the house.

    Parents share the surname of birth. A spouse has another surname, which four in five married women take.
    """
    gender, marital = people["gender"], people["marital_status"]
    born = _surnames(streams, "surname", locale)
    spouse_surname = _surnames(streams, "spouse surname", locale)
    has_spouse = streams.uniform("spouse") < np.select(
        [marital == "Married", marital == "Widowed", marital == "Divorced"],
        [1.0, WIDOWS_SPOUSE, EX_SPOUSE],
        0.0,
    )
    takes = (gender == "Female") & (marital == "Married") & (streams.uniform("takes surname") < TAKES_SURNAME)
    endings = np.array([SPOUSE_ENDINGS.get(status, "") for status in marital], dtype=object)
    spouse = _given(streams, "spouse", locale) + " " + spouse_surname + endings
    return {
        "first_name": _given(streams, "first name", locale, gender),
        "last_name": np.where(takes, spouse_surname, born),
        "fathers_name": _given(streams, "father", locale, _all("Male", streams.n)) + " " + born,
        "mothers_name": _given(streams, "mother", locale, _all("Female", streams.n)) + " " + born,
        "spouse_name": np.where(has_spouse, spouse, ""),
        "emergency_contact_name": _given(streams, "contact", locale)
        + " "
        + _surnames(streams, "contact surname", locale),
    }


def contacts(streams: Streams, locale: Codes, people: Columns) -> Columns:
    """Return phones, addresses, e-mail, accounts and the employer."""
    firsts, lasts = (_plain(people[name]) for name in ("first_name", "last_name"))
    employer = _pairs(streams, "employer", *grammar()["firms"])
    city = _cities(streams, "city", locale)
    return {
        "phone": _phones(streams, "phone", locale),
        "work_phone": _some(streams, "work phone held", WORK_PHONE, _phones(streams, "work phone", locale)),
        "address": _addresses(streams, city),
        "city_country": city,
        "email": _emails(streams, firsts, lasts),
        "employer": employer,
        "work_email": _objects(
            f"{first[0]}.{last}@{firm.replace(' ', '').lower()}.example"
            for first, last, firm in zip(firsts, lasts, employer, strict=True)
        ),
        "birth_city_country": (born := _cities(streams, "birth city", locale)),
        "birth_city": _objects(place.rpartition(", ")[0] for place in born),
        "social_media": _accounts(streams, firsts, lasts),
        "emergency_contact_phone": _phones(streams, "contact phone", locale),
    }


def documents(streams: Streams, locale: Codes) -> Columns:
    """Return national id, passport and driver's license."""
    prefix = of_locale("prefix", locale)
    parts = [streams.integers(f"national {high}", 0, high).tolist() for high in (100, 49, 10_000, 9_000_000)]
    national = _objects(
        f"{900 + area:03d}-{1 + group:02d}-{serial:04d}"
        if code == "US"
        else f"{code}-ID-{1_000_000 + number}"
        for code, area, group, serial, number in zip(prefix, *parts, strict=True)
    )
    letters = streams.integers("passport letter", 0, 26).tolist()
    numbers = streams.integers("passport", 0, 10**8).tolist()
    passport = _objects(
        f"{chr(65 + letter)}{number:08d}" for letter, number in zip(letters, numbers, strict=True)
    )
    license_numbers = streams.integers("license", 0, 10**9).tolist()
    license_ = _objects(
        f"{code}-DL-{number:09d}" for code, number in zip(prefix, license_numbers, strict=True)
    )
    return {
        "national_id": national,
        "passport_number": _some(streams, "passport held", PASSPORT, passport),
        "drivers_license": _some(streams, "license held", LICENSE, license_),
    }


def locales() -> tuple[str, ...]:
    """Return the locales that the grammar knows."""
    return tuple(grammar()["locales"])


def of_locale(key: str, locale: Codes) -> Objects:
    """Return what the grammar says of each person's locale."""
    return _objects(entry[key] for entry in grammar()["locales"].values())[locale]


def _given(streams: Streams, name: str, locale: Codes, gender: Objects | None = None) -> Objects:
    """Return given names: of the gender, or of any where it is neither male nor female."""
    uniform, chosen = streams.uniform(f"given {name}"), np.empty(streams.n, dtype=object)
    of_names = of_locale("names", locale)
    for tradition, lists in grammar()["names"].items():
        both = _objects([*lists["female"], *lists["male"]])
        for kind in ("Male", "Female", ""):
            here = of_names == tradition
            if gender is not None:
                here &= (gender == kind) if kind else ~np.isin(gender, ("Male", "Female"))
            elif kind:
                continue
            pool = _objects(lists[kind.lower()]) if kind else both
            chosen[here] = pool[(uniform[here] * len(pool)).astype(int)]
    return chosen


def _surnames(streams: Streams, name: str, locale: Codes) -> Objects:
    uniform, chosen = streams.uniform(f"surname {name}"), np.empty(streams.n, dtype=object)
    of_names = of_locale("names", locale)
    for tradition, lists in grammar()["names"].items():
        pool = _objects(first + last for first, last in product(*lists["surname"]))
        here = of_names == tradition
        chosen[here] = pool[(uniform[here] * len(pool)).astype(int)]
    return chosen


def _phones(streams: Streams, name: str, locale: Codes) -> Objects:
    numbers = (
        streams.integers(f"{name} {low}", low, high).tolist()
        for low, high in ((200, 1000), (0, 100), (1, 10_000))
    )
    forms = of_locale("phone", locale)
    return _objects(form.format(a=a, b=b, c=c) for form, a, b, c in zip(forms, *numbers, strict=True))


def _addresses(streams: Streams, city: Objects) -> Objects:
    streets = _pairs(streams, "street", *grammar()["streets"])
    numbers = streams.integers("house", 1, 400).tolist()
    return _objects(
        f"{number} {street}, {place}" for number, street, place in zip(numbers, streets, city, strict=True)
    )


def _emails(streams: Streams, firsts: Sequence[str], lasts: Sequence[str]) -> Objects:
    random = _pairs(streams, "user name", *grammar()["random_names"])
    is_random = (streams.uniform("random user name") < RANDOM_NAME).tolist()
    patterns = streams.integers("email pattern", 0, len(NAME_PATTERNS)).tolist()
    numbers = streams.integers("email number", 0, 1000).tolist()
    domains = streams.among("email domain", grammar()["mail"])
    return _objects(
        f"{user.replace(' ', '') + str(k) if by_lot else NAME_PATTERNS[pattern](first, last, k)}@{domain}"
        for first, last, user, by_lot, pattern, k, domain in zip(
            firsts, lasts, random, is_random, patterns, numbers, domains, strict=True
        )
    )


def _accounts(streams: Streams, firsts: Sequence[str], lasts: Sequence[str]) -> Objects:
    """Return up to four accounts a person, {platform: handle}; nobody has two at one platform."""
    counts = streams.integers("platforms", 0, MOST_PLATFORMS + 1).tolist()
    found: list[dict[str, str]] = [{} for _ in firsts]
    for turn in range(MOST_PLATFORMS):
        platforms = streams.among(f"platform {turn}", list(PLATFORMS), list(PLATFORMS.values()))
        patterns = streams.integers(f"handle pattern {turn}", 0, len(HANDLE_PATTERNS)).tolist()
        numbers = streams.integers(f"handle number {turn}", 0, 999).tolist()
        for mine, count, platform, pattern, k, first, last in zip(
            found, counts, platforms, patterns, numbers, firsts, lasts, strict=True
        ):
            if turn < count and platform not in mine:
                mine[platform] = "@" + HANDLE_PATTERNS[pattern](first, last, k)
    return _objects(mine or "" for mine in found)


def _cities(streams: Streams, name: str, locale: Codes) -> Objects:
    """Return "City, Country" of the locale's country, by population."""
    uniform, chosen = streams.uniform(name), np.empty(streams.n, dtype=object)
    countries = of_locale("country", locale)
    for code in np.unique(countries):
        labels, steps = _towns(code)
        here = countries == code
        chosen[here] = labels[
            np.minimum(np.searchsorted(steps, uniform[here] * steps[-1], side="right"), len(labels) - 1)
        ]
    return chosen


@lru_cache(maxsize=16)
def _towns(code: str) -> tuple[Objects, NDArray[np.float64]]:
    towns = [place for place in home_places().cities(code) if place.population >= LEAST_CITY]
    return _objects(place.label for place in towns), np.cumsum([float(place.population) for place in towns])


def _pairs(streams: Streams, name: str, firsts: Sequence[str], seconds: Sequence[str]) -> Objects:
    return np.asarray(streams.among(f"{name} 1", firsts) + " " + streams.among(f"{name} 2", seconds))


def _some(streams: Streams, name: str, share: float, column: Objects) -> Objects:
    return np.asarray(np.where(streams.uniform(name) < share, column, ""))


def _plain(column: Objects) -> list[str]:
    return [name.lower().replace("'", "") for name in column]


def _all(value: str, n: int) -> Objects:
    return np.full(n, value, dtype=object)


def _objects(values: Iterable[Any]) -> Objects:
    cells = list(values)
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column
