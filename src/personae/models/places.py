"""Cities, regions and countries by name, in seven languages: a table of GeoNames cities that ships with the package.

Source: GeoNames (CC BY 4.0) and country names of the Unicode CLDR, cut and packed by `training/build_places.py`;
`home/PLACES_LICENSE.txt` holds the attribution.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast

HOME = Path(__file__).parent / "home"
Kind = Literal["country", "region", "city"]
KINDS: tuple[Kind, ...] = ("country", "region", "city")
PROMINENT = 6  # a name is one place's when that place has so many times the people of the next of that name
OTHER_NAME = 3  # a place weighs so many times less under another name than its own
WHOLE = 3_000_000  # people that a region or country counts for at least
MOST_COUNTRIES = 300
LONGEST = 5  # words in a name
KNOWN = 100_000  # people from which a city is found although its name is written in lower case
_WORD = re.compile(r"[^\W\d_]+(?:[.'’-][^\W\d_]+)*\.?")
_COMMON = re.compile(
    r"nice|reading|mobile|bath|split|best|most|male|same|orange|home|deal|hell|love|man|many|much|hope|harmony|peace|progress|"
    r"surprise|normal|union|wells|march|independence|enterprise|liberal|mesa|concord|sale|bell|bar|us|metro|cali|salt|mary|"
    r"mission|nelson|vista|corona|islands?|spring|basic|shaping|google|spoken"
)  # names that are also what people live in, or pronouns
_SHORT = frozenset(["uk", "usa", "nyc", "nola", "vegas", "philly", "rio"])


@dataclass(frozen=True, slots=True)
class Place:
    """A city, a region or a country.

    Parameters
    ----------
    name : str
        As GeoNames writes it in English.
    kind : "city", "region" or "country"
    country : str
        English name; empty where the name alone does not say which of several places is meant.
    code : str
        ISO 3166-1 alpha-2 code of the country, empty with `country`.
    region : str
        First-order division: the postal code in the United States, the GeoNames code elsewhere.
    population : int
        People; 0 for regions.
    latitude, longitude : float
        Degrees; NaN for regions and countries.
    """

    name: str
    kind: Kind
    country: str
    code: str
    region: str = ""
    population: int = 0
    latitude: float = float("nan")
    longitude: float = float("nan")

    @property
    def label(self) -> str:
        """Return "City, Country", or the name alone for a country or where the country is not told.

        >>> Place("Porto", "city", "Portugal", "PT").label
        'Porto, Portugal'
        """
        return self.name if self.kind == "country" or not self.country else f"{self.name}, {self.country}"

    def within(self, other: Place) -> bool:
        """Return whether this place is the other, or lies in the region or country that the other is."""
        if other.kind == "country":
            return self.code == other.code and bool(self.code)
        if other.kind == "region":
            return (self.code, self.region) == (other.code, other.region)
        return (self.name, self.kind) == (other.name, other.kind) and self.code in {other.code, ""}


@dataclass(frozen=True, slots=True)
class Found:
    """A place named in a text, and the (start, end) character offsets of its name."""

    place: Place
    start: int
    end: int


class Places:
    """A gazetteer: names to places, and place names inside a text.

    Parameters
    ----------
    lines : sequence of str
        One place each, countries first, as tab-separated columns: kind, country code, region code, population, latitude,
        longitude, name, and every folded name it is found by, joined by "|".
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._rows: dict[str, list[int]] = {}
        for row, line in enumerate(lines):
            for key in line[line.rindex("\t") + 1 :].split("|"):
                self._rows.setdefault(key, []).append(row)
        whole = (line.split("\t") for line in lines[:MOST_COUNTRIES])
        self._countries = {columns[1]: columns[6] for columns in whole if columns[0] == "country"}

    def named(self, name: str) -> tuple[Place, ...]:
        """Return every place of that name, in any of the seven languages, most prominent first.

        >>> [place.label for place in home_places().named("Lissabon")]
        ['Lisbon, Portugal']
        """
        return tuple(place for _, place in self._ranked(fold(name)))

    def _ranked(self, key: str) -> list[tuple[float, Place]]:
        ranked = [(_weight(place, key), place) for place in map(self._place, self._rows.get(key, ()))]
        return sorted(ranked, key=lambda pair: -pair[0])

    def _place(self, row: int) -> Place:
        kind, code, region, population, latitude, longitude, name, _ = self._lines[row].split("\t")
        return Place(
            name, cast("Kind", kind), self._countries.get(code, ""), code, region,
            int(population or 0), float(latitude or "nan"), float(longitude or "nan"),
        )  # fmt: skip

    def cities(self, code: str) -> tuple[Place, ...]:
        """Return every city of the country with that two-letter code, largest first.

        >>> [place.name for place in home_places().cities("PT")[:2]]
        ['Lisbon', 'Porto']
        """
        rows = [row for row, line in enumerate(self._lines) if line.startswith(f"city\t{code}\t")]
        return tuple(sorted(map(self._place, rows), key=lambda place: -place.population))

    def find(self, name: str, inside: str = "") -> Place | None:
        """Return the place that a name means, None where there is none.

        Parameters
        ----------
        name : str
            In any case, with or without accents.
        inside : str
            A region or country that qualifies it, such as "Ohio", "OH" or "Spain".

        Notes
        -----
        Where places of two countries share a name and the larger has less than six times the people of the next, the
        name alone comes back, without a country.

        Examples
        --------
        >>> home_places().find("cleveland", inside="OH").label, home_places().find("Cambridge").label
        ('Cleveland, United States', 'Cambridge')
        """
        ranked = self._ranked(fold(name))
        wholes = [whole for whole in self.named(inside) if whole.kind != "city"] if inside else []
        if wholes:
            fitting = (place for _, place in ranked if any(place.within(whole) for whole in wholes))
            return next(fitting, None)
        if not ranked:
            return None
        weight, first = ranked[0]
        if any(other.code != first.code and weight < PROMINENT * rival for rival, other in ranked[1:]):
            return Place(first.name, first.kind, "", "")
        return first

    def at(self, text: str, start: int) -> Found | None:
        """Return the longest place name that begins at `start`, with the region or country that follows it.

        A name that is also a common word, or a small city's, is found only when it begins with a capital.

        >>> found = home_places().at("I live in Portland, Maine now", 10)
        >>> found.place.region, found.end
        ('ME', 25)
        """
        words = list(_words(text, start))
        for _, end in reversed(words):
            end -= text[end - 1] == "."
            place = self._read(text[start:end])
            if place is not None:
                return self._qualified(text, start, end, place)
        return None

    def _read(self, name: str) -> Place | None:
        place = self.find(name)
        if place is None:
            return None
        if name[:1].isupper() and (place.kind != "region" or len(name) > 2 or name.isupper()):
            return place
        if name in _SHORT:
            return place
        weight, first = self._ranked(fold(name))[0]
        known = weight >= KNOWN and (len(name) > 5 or (len(name) > 2 and fold(first.name) == fold(name)))
        return place if known and not _COMMON.fullmatch(name.lower()) else None

    def _qualified(self, text: str, start: int, end: int, place: Place) -> Found:
        after = re.compile(r"(?:,? ?\(|, ?| - | )(?:in |en |au |aux )?").match(text, end)
        if place.kind == "country" or after is None:
            return Found(place, start, end)
        for word_end in reversed([word[1] for word in _words(text, after.end())]):
            inside = text[after.end() : word_end].rstrip(".")
            if not inside[:1].isupper() and "," not in after.group():
                continue
            narrower = self.find(text[start:end], inside)
            if (
                narrower is not None
                and any(p.kind != "city" for p in self.named(inside))
                and _is_code(inside)
            ):
                return Found(narrower, start, after.end() + len(inside))
        return Found(place, start, end)


def _is_code(name: str) -> bool:
    """Return whether a short name is written as a postal code is, so that "in" and "or" are words."""
    return len(name) > 3 or name.isupper()


def _words(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the (start, end) of up to five words that follow one another, one space apart."""
    for _ in range(LONGEST):
        match = _WORD.match(text, start)
        if match is None:
            return
        yield match.span()
        start = match.end() + 1
        if text[match.end() : start] != " ":
            return


@lru_cache(maxsize=1 << 16)
def fold(name: str) -> str:
    """Return the name in lower case without accents, hyphens, full stops and apostrophes.

    >>> fold("Saint-Étienne"), fold("St. John's")
    ('saint etienne', 'saint johns')
    """
    if name.isascii() and name.replace(" ", "").isalpha():
        plain = " ".join(name.lower().split())
        return plain.removeprefix("the ") if not plain.startswith("st ") else "saint " + plain[3:]
    plain = unicodedata.normalize("NFKD", name.lower().replace("ß", "ss").replace("ø", "o").replace("ł", "l"))
    letters = "".join(
        " " if c == "-" else c for c in plain if not unicodedata.combining(c) and c not in ".'’"
    )
    return re.sub(r"^st ", "saint ", " ".join(letters.split())).removeprefix("the ")


def _weight(place: Place, key: str) -> float:
    people = place.population if place.kind == "city" else max(place.population, WHOLE)
    return people if fold(place.name) == key else people / OTHER_NAME


@lru_cache(maxsize=1)
def home_places() -> Places:
    """Return the table that ships with the package, read once."""
    import zstandard

    packed = (HOME / "places.tsv.zst").read_bytes()
    return Places(zstandard.ZstdDecompressor().decompress(packed).decode().splitlines())
