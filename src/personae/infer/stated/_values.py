"""From the telling words to a value: ages, places, occupations, incomes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from personae.infer.stated._money import band, yearly_dollars
from personae.infer.stated._rules import Calendar, Language, words
from personae.infer.stated._time import Born, decimal_year, number, when
from personae.infer.stated._work import title
from personae.models.places import Found, Place, Places, fold, home_places

LARGE = 500_000  # people from which a city's name stands for it whatever word follows
LATEST = 2025  # the year that undated texts are no newer than
LEAVES = 18  # years of age at the end of high school
YOUNGEST, OLDEST = 10, 105  # years; what is outside is a joke, a pet or a car


@dataclass(frozen=True, slots=True)
class Value:
    """What the telling words say: a value, where the words end, and what time or place stands behind it."""

    text: str
    end: int
    place: Place | None = None
    ages: tuple[int, int] | None = None
    born: Born | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One match being read: the text, its language, when it was written, and the gazetteer."""

    text: str
    lowered: str
    language: Language
    written: datetime | None
    places: Places | None  # None: the table that ships, read when it is first needed


Read = Callable[["re.Match[str]", Reading], "Value | None"]


def read_value(reads: str, match: re.Match[str], reading: Reading) -> Value | None:
    """Return the value of a match, None where its words say none."""
    if reads.startswith("="):  # "=" alone ends whatever was said
        return Value(reads[1:], match.end())
    return READS[reads](match, reading)


def _age(match: re.Match[str], reading: Reading) -> Value | None:
    return _years(number(reading.language.calendar, _said(match, "n")), match.end())


def _said(match: re.Match[str], name: str) -> str:
    """Return what a group matched, or the first of those that are named after it: "n", "n_here"."""
    return next((text for key, text in match.groupdict().items() if text and key.startswith(name)), "")


def _almost(match: re.Match[str], reading: Reading) -> Value | None:
    return _years(number(reading.language.calendar, match["n"]) - 1, match.end())


def _years(age: int, end: int) -> Value | None:
    return Value(str(age), end, ages=(age, age)) if YOUNGEST <= age <= OLDEST else None


def _turned(match: re.Match[str], reading: Reading) -> Value | None:
    """Read "turned 34 last May": the birthday itself, so that the age grows from there."""
    age = _age(match, reading)
    named = match.groupdict()
    start = match.start("when") if named.get("when") else match.end()
    then = when(reading.language.calendar, reading.lowered, start, reading.written)
    if age is None or age.ages is None:
        return None
    if then is None:
        return age if named.get("just") else None
    birthday = then.middle - age.ages[0]
    half = max(0.05, (decimal_year(then.high) - decimal_year(then.low)) / 2)  # years
    return replace(age, end=max(age.end, then.end), ages=None, born=Born(birthday - half, birthday + half))


def _decade(match: re.Match[str], reading: Reading) -> Value | None:
    tens = number(reading.language.calendar, match["n"]) or _tens(reading.language.calendar, match["n"])
    low, high = {"early": (0, 3), "mid": (4, 6), "late": (7, 9)}.get(
        _third(match.groupdict().get("third")), (0, 9)
    )
    if not 20 <= tens <= 90 or tens % 10:
        return None
    return Value(f"{tens + low}-{tens + high}", match.end(), ages=(tens + low, tens + high))


def _tens(calendar: Calendar, word: str) -> int:
    """Return 30 for "thirties": a decade's word begins as its number does."""
    return next((n for name, n in calendar.numbers.items() if n % 10 == 0 and name[:4] == word[:4]), 0)


_THIRDS = {
    "early": r"early|anfang|principios|inicios|comienzos|début|inicio|início|começo|inizio|primi|begin",
    "mid": r"mid|mitte|mediados|medio|milieu|meio|meados|metà|midden",
    "late": r"late|ende|finales|fin|final|fim|fine|tardi|eind",
}


def _third(word: str | None) -> str:
    return next((third for third, words in _THIRDS.items() if word and re.match(words, word)), "")


def _born(match: re.Match[str], reading: Reading) -> Value | None:
    year = _year(match["year"], reading.written)
    if year is None:
        return None
    month = reading.language.calendar.months.get(match.groupdict().get("month") or "", 0)
    low, length = (year + (month - 1) / 12, 1 / 12) if month else (float(year), 1.0)
    return Value(str(year), match.end(), born=Born(low, low + length))


def _schooled(match: re.Match[str], reading: Reading) -> Value | None:
    """Read the year that someone left high school, at seventeen to nineteen."""
    year = _year(match["year"], reading.written)
    return (
        Value(str(year - LEAVES), match.end(), born=Born(year - LEAVES - 1, year - LEAVES + 1))
        if year
        else None
    )


def _year(text: str, written: datetime | None) -> int | None:
    """Return a year of two or four digits that leaves a person of a likely age, None for others."""
    this_year = written.year if written else LATEST
    year = int(text)
    if len(text) == 2:
        year += 1900 if 2000 + year > this_year - YOUNGEST else 2000
    return year if this_year - OLDEST <= year <= this_year - YOUNGEST else None


def _place(match: re.Match[str], reading: Reading) -> Value | None:
    compass = re.search(
        r"(?:north|south|east|west|new|northern|western|nord|sud|norte|sur|sul|zuid|noord)[ -]$",
        match.group(),
    )
    begins = [match.start() + compass.start()] if compass else []
    places = reading.places or home_places()
    found = next((f for at in [*begins, match.end()] if (f := places.at(reading.text, at))), None)
    if found is None or _no_home(found, reading):
        return None
    found = _meant(found, reading, places)
    if found.place.kind != "city" and not found.place.code:
        return None  # the country Georgia, or the state
    then = when(reading.language.calendar, reading.lowered, found.end, reading.written)
    since = then.low if then and then.high <= (reading.written or then.high) else None
    return Value(found.place.label, then.end if since and then else found.end, place=found.place, since=since)


def _no_home(found: Found, reading: Reading) -> bool:
    """Return whether what is named is no place to live: "Nice weather", "Vienna Hospital", "the Paris of the East"."""
    name, after = reading.text[found.start : found.end].lower(), reading.text[found.end : found.end + 40]
    if found.place.population < LARGE and _goes_on(reading.text, found.end):
        return True
    if name in _QUARTERS or _PART_OF.match(after):
        return True
    return bool(_COMMON.fullmatch(name) and _NOUN.match(after))


def _meant(found: Found, reading: Reading, places: Places) -> Found:
    """Return the place with the country that the words settle: a whole named after it, or none where another may be meant."""
    said = reading.text[found.start : found.end]
    place, key = found.place, fold(said)
    if place.kind != "city":
        return found
    unclear = replace(found, place=Place(said, "city", "", ""))
    if _OTHER_ONE.match(reading.text, found.end):
        return unclear
    if more := _QUALIFIED.match(reading.text, found.end):
        namesake = places.find(f"{said} ({more['name'] or more['river']})")
        if namesake and namesake.kind == "city":
            return replace(found, place=namesake, end=more.end())
    if whole := _WHOLE.match(reading.text, found.end):
        inside = whole["state"] if reading.language.code == "en" else whole["name"]
        wider = next((p for p in places.named(inside or whole["name"]) if p.kind != "city"), None)
        if wider and not place.within(wider) and wider.code:
            named = Place(said, "city", wider.country, wider.code, wider.region)
            return replace(found, place=named, end=whole.end())
        if wider is None and whole["inner"]:
            return unclear
    own = fold(place.name)
    if own == key or (place.code and (key.startswith(own) or own.startswith(f"{key} "))):
        return found
    rivals = [other for other in places.named(said) if other.code != place.code and fold(other.name) == key]
    exonym = place.code and (place.population >= LARGE or own[0] == key[0])
    return found if exonym and not any(r.population * _EXONYM > place.population for r in rivals) else unclear


def _native(match: re.Match[str], reading: Reading) -> Value | None:
    """Read the city whose people are called so: "Londoner", "New Yorker", "Glaswegian"."""
    word = _said(match, "native")
    places = reading.places or home_places()
    city = reading.language.natives.get(word) or (
        word.removesuffix("er").title() if word.endswith("er") else ""
    )
    place = places.find(city) if city else None
    if place is None or place.kind != "city" or place.population < LARGE:
        return None
    return Value(place.label, match.end(), place=place)


def _goes_on(text: str, end: int) -> bool:
    """Return whether the name goes on past what the gazetteer knows: "Orange" in "Orange Grove"."""
    after = re.match(r"(?:'s\b|’s\b|[ -](?P<next>[A-ZÀ-Þ][\w'’]+))", text[end : end + 40])
    return after is not None and (after["next"] or "") not in _AFTER_PLACES


_EXONYM = 20  # times the people that a city known by another name has of the largest that bears it
_QUARTERS = words("centro centre center downtown mitte altstadt centrum zentrum paradise")
_COMMON = re.compile(r"nice|reading|mobile|bath|split|orange|hell|hope|sale|cork|tours|bar|essen|tour")
_NOUN = re.compile(r" (?!(?:and|but|with|for|since|in|now|because|where|as|so|or|at|right|these|too)\b)[a-z]")
_PART_OF = re.compile(
    r" (?:of (?:the )?(?:[A-Z]|north|south|east|west)|(?i:hospital|university|airport|street|road|avenue|hotel|nursing)\b)"
)
_OTHER_ONE = re.compile(
    r",? \(?(?:not|no|nicht|pas|non|niet|não) (?:the|el|la|das|dem|celui|celle|quell[oa]|die|dat|o|a)\b",
    re.IGNORECASE,
)
_QUALIFIED = re.compile(r" ?(?:\((?P<name>[A-ZÀ-Þ][\w-]+)\)|/(?P<river>[A-ZÀ-Þ]\w+))")  # "Frankfurt (Oder)"
_WHOLE = re.compile(
    r"(?:, (?P<state>(?!OK|HI)[A-Z]{2}(?=\s*(?:[.,;!?)]|$)))|,? \(?(?P<inner>dans l[ea] |dans l')(?=[A-ZÉ])"
    r"|(?:, | \(| in | en )(?:in |de[rnm] |the |l[ae]s? |los |il )?)(?P<name>(?:[A-ZÀ-Þ][\w-]+(?: [A-ZÀ-Þ][\w-]+)?)?)"
)

_AFTER_PLACES = words(
    "I I'm I’m I've I’ve City Area Bay County Metro Region State Suburbs Born But And So My Now It It's The As"
)


def _work(match: re.Match[str], reading: Reading) -> Value | None:
    found = title(reading.language.work, reading.lowered, match.end())
    return Value(found.name, found.end) if found else None


def _worker(match: re.Match[str], reading: Reading) -> Value | None:
    """Read a title inside the match, as in "nurse here"."""
    found = title(reading.language.work, match["title"], 0)
    return Value(found.name, match.end()) if found and found.end == len(match["title"]) else None


def _carded(match: re.Match[str], reading: Reading) -> Value | None:
    """Read the age of a card whose next words are a title: "46 ans, aide-soignante"."""
    return _age(match, reading) if _worker(match, reading) else None


def _work_sex(match: re.Match[str], reading: Reading) -> Value | None:
    found = title(reading.language.work, reading.lowered, match.end())
    return Value(found.sex, found.end) if found and found.sex else None


def _income(match: re.Match[str], reading: Reading) -> Value | None:
    found = {key: (value or "").strip() for key, value in match.groupdict().items()}
    bands = {band(dollars) for dollars in yearly_dollars(found)}
    return Value(bands.pop(), match.end()) if len(bands) == 1 else None


READS: dict[str, Read] = {
    "age": _age, "almost": _almost, "turned": _turned, "decade": _decade, "born": _born, "schooled": _schooled, "place": _place,
    "native": _native,
    "work": _work, "worker": _worker, "carded": _carded, "work_sex": _work_sex, "income": _income,
}  # fmt: skip
