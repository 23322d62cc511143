"""The profile generator: thirty-five fields and the catalogue's eight, by hand-set weights or over a joint distribution."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.errors import UnknownName
from personae.synth._streams import Streams
from personae.synth.joint import Joint
from personae.synth.panorama import _identity, _living
from personae.synth.panorama._tables import CATALOGUE_EDUCATION, GENDERS, MARITAL
from personae.synth.population import Columns
from personae.synth.variables import Variable

FIELDS = (
    "unique_id", "locale", "first_name", "last_name", "fathers_name", "mothers_name", "gender", "age", "nationality",
    "marital_status", "spouse_name", "children_count", "national_id", "passport_number", "drivers_license", "phone", "work_phone",
    "address", "email", "work_email", "birth_date", "birth_city", "education_info", "finance_status", "net_worth", "employer",
    "job_title", "annual_salary", "credit_score", "social_media", "blood_type", "allergies", "disability",
    "emergency_contact_name", "emergency_contact_phone",
)  # fmt: skip
CATALOGUE = (
    "age", "sex", "city_country", "birth_city_country", "education", "occupation", "income_level", "relationship_status",
)  # fmt: skip
AS_OF = date(2025, 7, 1)
_HAND_SET = (
    Variable("age", ("18-24", "25-34", "35-44", "45-54", "55-64", "65-90"), (18, 25, 35, 45, 55, 65)),
    Variable("gender", GENDERS),
    Variable("education", (*dict.fromkeys(CATALOGUE_EDUCATION), "In College")),
    Variable("relationship_status", tuple(status.lower() for status in MARITAL)),
)


@dataclass(frozen=True)
class Panorama:
    """A `Spec` of invented people with every field of PANORAMA.

    Parameters
    ----------
    core : Joint or None
        Gives any of age, sex, education and relationship_status, in the words of the catalogue; hand-set weights of the paper
        give what is not there. Its other columns are carried along.
    locale : str
        One of `locales()`, or "all" for an even share of each.
    as_of : date
        The day on which people have their age.

    Notes
    -----
    Ages are even from 18 to 90 without a core, as in the paper. Deviations: a first child from 20 on and one in two years, so
    that no one of 21 has four; nobody has two accounts at one platform; the salary of people under 21 is capped at 60,000
    dollars times the locale's factor without exception; names, addresses and numbers come from the home grammar in place of
    Faker and real domains. Where a core gives an education that the age rules out, it becomes a high school diploma.

    Examples
    --------
    >>> from personae.synth import sample
    >>> person = next(sample(Panorama(), 1, random_state=3).people())
    >>> person.fields["age"] >= 18, person.fields["email"].endswith(".example")
    (True, True)
    """

    core: Joint | None = None
    locale: str = "en_US"
    as_of: date = AS_OF

    @property
    def provenance(self) -> str:
        """Who made the people: the home grammar, over which weights."""
        weights = "hand-set weights of PANORAMA" if self.core is None else self.core.provenance
        return f"home grammar over {weights}"

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """The core's variables, or what the hand-set weights are about."""
        return _HAND_SET if self.core is None else self.core.variables

    def draw(self, n: int, seed: int) -> Columns:
        """Return columns of n people; the first people are the same whatever n is."""
        if self.locale not in ("all", *_identity.locales()):
            raise UnknownName(f"No locale {self.locale!r}. Locales: all, {', '.join(_identity.locales())}.")
        streams = Streams(n, seed)
        core = {} if self.core is None else self.core.draw(n, seed)
        locale = self._locales(streams)
        factor = _identity.of_locale("factor", locale).astype(float)
        people = _living.demography(streams, core)
        people |= _identity.names(streams, locale, people)
        people |= _living.work(streams, people, factor) | _living.health(streams)
        people |= _identity.contacts(streams, locale, people) | _identity.documents(streams, locale)
        people["locale"] = np.array(_identity.locales(), dtype=object)[locale]
        people["nationality"] = _identity.of_locale("nationality", locale)
        people["currency"] = _identity.of_locale("currency", locale)
        people["birth_date"] = _birth_dates(streams, people["age"], self.as_of)
        people["unique_id"] = _unique_ids(streams)
        carried = {name: column for name, column in core.items() if name not in people}
        order = (*CATALOGUE, *(name for name in FIELDS if name not in CATALOGUE), "currency")
        return {name: people[name] for name in order} | carried

    def _locales(self, streams: Streams) -> NDArray[np.intp]:
        known = _identity.locales()
        if self.locale == "all":
            return streams.codes("locale", np.ones(len(known)))
        return np.full(streams.n, known.index(self.locale), dtype=np.intp)


def _birth_dates(streams: Streams, age: NDArray[np.int64], as_of: date) -> NDArray[Any]:
    """Return a birth date for each age: any of the 365 days that give it."""
    birthdays = np.array(
        [f"{as_of.year - years:04d}-{as_of:%m-%d}" for years in range(131)], dtype="datetime64[D]"
    )
    days = birthdays[age] - streams.integers("birthday", 0, 365).astype("timedelta64[D]")
    return np.asarray(days.astype(str).astype(object))


def _unique_ids(streams: Streams) -> NDArray[Any]:
    """Return ids in the layout of a random UUID."""
    a, b = (streams.integers(name, 0, 2**48).tolist() for name in ("id a", "id b"))
    ids = [f"{x >> 16:08x}-{x & 0xFFFF:04x}-4{y & 0xFFF:03x}-8{(y >> 12) & 0xFFF:03x}-{(x * 31 + y) & (2**48 - 1):012x}"
           for x, y in zip(a, b, strict=True)]  # fmt: skip
    return np.array(ids, dtype=object)
