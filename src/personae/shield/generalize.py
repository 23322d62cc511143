"""Telling values in wider words: a place as its country, an age as its decade, a trade as its field.

Places are read in the seven languages of the gazetteer, employers and schools in the same, everything else in English. What is
written back reads on: "I live in Porto" becomes "I live in a city in Portugal", "I'm 34" becomes "I'm in my 30s".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from personae.models.places import Place, home_places
from personae.shield._institutions import INSTITUTIONS, named
from personae.shield._words import CONTINENTS, FIELDS, WITH_ARTICLE

LEAST_PEOPLE = 15_000  # of a place that is taken for one although nothing but its capital says so
_VERBS = frozenset(("moro",))  # "I live", in Portuguese, and a city of Pakistan
_WORD = re.compile(r"[^\W\d_]+(?:[.'’-][^\W\d_]+)*")
_SENTENCE = re.compile(r"(?:^|[.!?…\n]['\"”’)]*\s*|[-–—:]\s)['\"“‘(]*\Z")
_BEFORE = re.compile(
    r"(?i)\b(?:in|from|to|at|near|around|of|through|visit(?:ing|ed)?|leaving|left|em|de|en|à|aus|nach|a)\s\Z"
)
_AFTER = re.compile(r"\s?[,(]\s?[A-Z]")
_CONTINENT = re.compile(
    r"(?i)(?:(?:north|south|central|latin)[ -]americas?|europe|asia|africa|oceania|antarctica|australasia|eurasia|"
    r"europa|[áa]sia|asie|asien|[áa]frica|afrique|afrika|oceanía|oceânia|am[ée]rica (?:do|del) (?:norte|sul|sur)|"
    r"am[ée]rique du (?:nord|sud)|america del (?:nord|sud)|(?:nord|süd|noord-|zuid-)amerika)(?!\w)"
)
_INSTITUTION = re.compile(
    r" (?:(?:State|City|Medical|General|Business|Law|High|Art|Science|National|Children's|Memorial|Technical) )?"
    r"(?:College|University|School|Institute|Academy|Hospital|Clinic|Museum|Library|Cathedral|Bridge|Airport|Marathon|"
    r"Symphony|Orchestra|Philharmonic|Times|Post|Globe|Herald|Tribune|Gazette|United|FC|Hilton|Fashion Week)\b"
)
_NAMED = re.compile(
    r"(?<![.!?…\n\"“‘(:–—-])(?<!\A) ([A-Z][a-zà-ÿ]{2,}) \Z"
)  # a capital in the middle of a sentence
_NO_GIVEN = re.compile(
    r"(?:[Nn]orth|[Ss]outh|[Ee]ast|[Ww]est)(?:ern|east|west)?|Central|Greater|Downtown|Inner|Outer|Upper|Lower|Old|New|Little|"
    r"Royal|City|Town|State|Stadt|Raum|Gro(?:ß|ss)raum|Nähe|Ciudad|Cidade|Ville|Città|Stad|"
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|April|May|June|July|August|"
    r"(?:Septem|Octo|Novem|Decem)ber|Summer|Winter|Spring|Autumn|Christmas|Easter|The|From|To|In|At|Near|Of|And|But|Hello|Hi|Dear"
)


@dataclass(frozen=True, slots=True)
class Wider:
    """A part of a text, (start, end), and the wider words for it."""

    start: int
    end: int
    words: str


def wider(text: str, attribute: str, *, step: int = 0) -> tuple[Wider, ...]:
    """Return what in the text tells an attribute outright, in wider words; in order, none overlapping another.

    Parameters
    ----------
    attribute : str
        A name of the catalogue, or `INSTITUTIONS` for employers and schools by name; others have no wider words.
    step : 0 or 1
        1 goes further where there is further to go: a country becomes its continent.

    Examples
    --------
    >>> text = "I'm 34, a nurse, and I live in Porto with my husband."
    >>> [(text[w.start : w.end], w.words) for name in ("age", "occupation", "city_country") for w in wider(text, name)]
    [("I'm 34", "I'm in my 30s"), ('a nurse', 'someone in health care'), ('Porto', 'a city in Portugal')]
    """
    if attribute == INSTITUTIONS:
        return tuple(Wider(each.start, each.end, each.words) for each in named(text))
    if attribute in ("city_country", "birth_city_country"):
        return tuple(_places(text, step))
    found = [
        Wider(*match.span(), _written(match, words))
        for pattern, words in _RULES.get(attribute, ())
        for match in pattern.finditer(text)
    ]
    kept: list[Wider] = []
    for one in sorted(found, key=lambda w: (w.start, -w.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return tuple(kept)


@lru_cache(maxsize=4096)
def country_in(words: str) -> str:
    """Return the country that wider words still name, empty where they name none.

    >>> country_in("a city in Norway"), country_in("a city in Europe")
    ('Norway', '')
    """
    return next((words[found.start : found.end] for found in wider(words, "city_country", step=1)), "")


def _places(text: str, step: int) -> Iterator[Wider]:
    """Yield every place; a country only at step 1."""
    at = 0
    for match in _WORD.finditer(text):
        if match.start() < at or _in_a_code(text, *match.span()) or match[0] in _VERBS:
            continue
        if continent := _CONTINENT.match(text, match.start()):
            at = continent.end()
            continue
        found = home_places().at(text, match.start())
        if found and (named := _named_after(text, found.start, found.end)):
            at = named
            continue
        if found is None or not _is_meant(text, found.start, found.end, found.place):
            continue
        at = found.end
        if words := _wider_place(found.place, step):
            yield Wider(found.start, found.end, words)


def _in_a_code(text: str, start: int, end: int) -> bool:
    """Return whether letters stand beside a digit, as in numbers of accounts."""
    return text[start:end].isascii() and (text[start - 1 : start].isdigit() or text[end : end + 1].isdigit())


def _named_after(text: str, start: int, end: int) -> int:
    """Return where the name ends that a place only lends its own to, else 0: "Boston College", "Jack London" in a sentence."""
    if institution := _INSTITUTION.match(text, end):
        return institution.end()
    before = _NAMED.search(text[:start]) if " " not in text[start:end] and text[start:end].istitle() else None
    is_name = before and not _NO_GIVEN.fullmatch(before[1]) and home_places().at(before[1], 0) is None
    return end if is_name else 0


def _is_meant(text: str, start: int, end: int, place: Place) -> bool:
    """Return whether a name stands for the place: after "in" or before a country, or not where any word has a capital."""
    if _BEFORE.search(text[:start]) or ("," in text[start:end]):
        return True
    name = text[start:end]
    if place.kind != "city":
        return len(name) > 3 or name.isupper()
    lowered = home_places().at(text[:start].lower() + name.lower(), start)
    if lowered is not None and lowered.end == end:
        return True
    if _SENTENCE.search(text[:start]):
        return bool(_AFTER.match(text, end))
    return place.population >= LEAST_PEOPLE


def _wider_place(place: Place, step: int) -> str:
    continent = CONTINENTS.get(place.code, "")
    if place.kind == "country":
        return (f"a country in {continent}" if continent else "another country") if step else ""
    kind = "a city" if place.kind == "city" else "a region"
    if not place.country:
        return kind
    if step:
        return f"{kind} in {continent}" if continent else kind
    return f"{kind} in {'the ' if place.country in WITH_ARTICLE else ''}{place.country}"


def _rules(*pairs: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return patterns of whole words in any case, each with the wider words; groups are written as in `re.expand`."""
    return tuple((re.compile(rf"(?i)(?<![\w@]){pattern}(?!\w)"), words) for pattern, words in pairs)


def _written(match: re.Match[str], words: str) -> str:
    """Return the wider words, with a capital where the old ones had one."""
    new = match.expand(words)
    return new[0].upper() + new[1:] if match.group()[0].isupper() else new


UNITS = (
    r"(?! ?(?:%|percent|km|kg|miles?|minutes?|min|hours?|days?|weeks?|months?|years? (?!old)|degrees?|°|euros?|dollars?|"
    r"[.,:]\d))"
)
_AGES = _rules(
    (
        rf"(i['’]?m|i am|i was) (?:now |just |almost |nearly |only )?([1-9])\d(?: years old)?\b{UNITS}",
        r"\1 in my \g<2>0s",
    ),
    (rf"(turn(?:ed|ing|s)|hit(?:ting)?) ([1-9])\d\b{UNITS}", r"\1 into my \g<2>0s"),
    (r"(?:at )?(?:age|aged|at the age of|at the ripe age of) ([1-9])\d", r"in my \g<1>0s"),
    (r"([1-9])\d(?:[- ](?:years?|yrs?)[- ]old| ?y/?o)", r"\g<1>0-something"),
    (r"(born in(?: the year)?) ((?:19|20)\d)\d", r"\1 the \g<2>0s"),
    (r"(class of) ((?:19|20)\d)\d", r"\1 the \g<2>0s"),
)
_ONE = (
    r"(?:an? (?:[\w'’-]+ )?|(?:(?<=\bas )|(?<=\bals )|(?<=\bcomo )|(?<=\bcomme )|(?<=\bcome )|(?<=\bi'm )|(?<=\bi’m )|"
    r"(?<=\bi am )|(?<=\bi was ))(?:former |retired |head |senior |lead |chief )?)"
)  # before a title that stands for a person: verbs are none
_BY = r"(?= (?:here|by (?:trade|profession|training|day))\b)"
_PARTNERS = (
    (r"ex[- ](?:wife|husband|boyfriend|girlfriend|fianc[ée]e?)", "former partner"),
    (r"(?:wife|husband|spouse|fianc[ée]e?|boyfriend|girlfriend|hubby)", "partner"),
    (r"(?:wives|husbands|spouses)", "partners"),
    (r"in-laws", "relatives"), (r"(?:honeymoon|wedding|bachelorette party)", "occasion"),
)  # fmt: skip
_RULES = {
    "age": _AGES,
    "occupation": _rules(
        *((rf"{_ONE}(?:{titles})", f"someone in {field}") for field, titles in FIELDS),
        *((rf"(?:{titles}){_BY}", f"someone in {field}") for field, titles in FIELDS),
    ),
    "education": _rules(
        (r"(?:an? |my )?(?:ph\.?d|doctorate|master['’]?s?(?: degree)?(?= (?:degree|in|at|from|thesis|program))|mba|"
         r"bachelor['’]?s?(?: degree)?|college degree|university degree|high school diploma|ged)(?: degree)?", "a qualification"),
        (r"(?:grad(?:uate)? school|college|university|uni|high ?school|campus|med school|law school)", "school"),
        (r"(?:thesis|dissertation)", "paper"), (r"(?:professors?|lecturers?)", "teacher"),
    ),
    "relationship_status": _rules(*_PARTNERS),
    "sex": _rules(
        *_PARTNERS,
        (r"(?:woman|man|lady|guy|dude|girl|boy|gal)", "person"), (r"(?:women|men|ladies|guys|girls|boys)", "people"),
        (r"(?:mother|father|mom|mum|dad|mommy|daddy)", "parent"), (r"(?:mothers|fathers|moms|mums|dads)", "parents"),
        (r"(?:actress)", "actor"), (r"(?:waitress|waiter)", "server"),
    ),
    "income_level": _rules(
        (r"[$€£] ?\d(?:[\d,.]*\d)?(?: ?k)?", "some money"),
        (r"\d(?:[\d,.]*\d)?k? ?(?:dollars|euros|pounds|bucks|usd|eur)", "some money"),
        (r"\d{2,3}k(?= (?:a|per) year| salary)", "some money"),
    ),
}  # fmt: skip
