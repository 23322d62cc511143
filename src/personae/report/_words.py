"""Plain language for what a report shows: values, probabilities, dates and sentences, to the person or about people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from personae.people.attributes import ATTRIBUTES, Attribute
from personae.people.records import Claim, Trace

_VALUES = {
    ("education", "no highschool"): ("No high school", "did not finish high school"),
    ("education", "in highschool"): ("In high school", "are in high school"),
    ("education", "hs diploma"): ("High school diploma", "have a high school diploma"),
    ("education", "in college"): ("In college", "are in college"),
    ("education", "college degree"): ("College degree", "have a college degree"),
    ("education", "master's"): ("Master's degree", "have a master's degree"),
    ("education", "phd"): ("Doctorate", "have a doctorate"),
    ("income_level", "no"): ("No income", "have no income"),
    ("income_level", "low"): ("Low (under 30,000 US dollars a year)", "have a low income"),
    ("income_level", "middle"): ("Middle (30,000 to 60,000 US dollars a year)", "have a middle income"),
    ("income_level", "high"): ("High (60,000 to 150,000 US dollars a year)", "have a high income"),
    ("income_level", "very high"): ("Very high (over 150,000 US dollars a year)", "have a very high income"),
}
_VERBS = {
    "age": "are {} years old", "sex": "are {}", "city_country": "live in {}", "birth_city_country": "were born in {}",
    "relationship_status": "are {}",
}  # fmt: skip
_LASTING = frozenset({"sex", "birth_city_country"})  # the day it was said is no beginning
_LOWERED = frozenset({"sex", "relationship_status"})
_DID = {
    "listen": "Listened to", "watch": "Watched", "search": "Searched for", "vote": "Voted on", "like": "Liked",
    "follow": "Followed", "rating": "Rated", "purchase": "Bought", "visit": "Visited", "survey_answer": "Answered",
}  # fmt: skip
LANGUAGES = {
    "de": "German", "es": "Spanish", "fr": "French", "it": "Italian", "nl": "Dutch", "pt": "Portuguese",
}  # fmt: skip
FEW = "too few to say"
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SILENT = {
    "refused": "the model refused to answer about {}",
    "unparsed": "the model's answer about {} could not be read",
}


def label_of(name: str, known: dict[str, Attribute]) -> str:
    """Return what a page calls the attribute; a user's own reads by its name."""
    chosen = known.get(name) or ATTRIBUTES.get(name)
    return chosen.label if chosen else name.replace("_", " ").strip().capitalize()


def value_of(name: str, value: str) -> str:
    """Write a value as a heading: "HS Diploma" as "High school diploma", "34" as "34 years old".

    >>> value_of("education", "PhD"), value_of("age", "30-39"), value_of("sex", "female")
    ('Doctorate', '30 to 39 years old', 'Female')
    """
    if (name, value.lower()) in _VALUES:
        return _VALUES[name, value.lower()][0]
    if name == "age" and value[:1].isdigit():
        return f"{value.replace('-', ' to ')} years old"
    return value[:1].upper() + value[1:]


def clause(name: str, label: str, value: str, you: bool) -> str:
    """Say the value as part of a sentence about the reader or about a person.

    >>> clause("city_country", "Lives in", "Porto, Portugal", True), clause("height", "Height", "tall", False)
    ('you live in Porto, Portugal', 'their height is tall')
    """
    subject = "you" if you else "they"
    if (name, value.lower()) in _VALUES:
        return f"{subject} {_VALUES[name, value.lower()][1]}"
    if name in _VERBS:
        said = value.lower() if name in _LOWERED else value.replace("-", " to ") if name == "age" else value
        return f"{subject} {_VERBS[name].format(said)}"
    return f"{'your' if you else 'their'} {label.lower()} is {value}"


def odds(probability: float) -> str:
    """Write a probability in [0, 1] the way people count.

    >>> odds(0.82), odds(0.95), odds(0.97), odds(0.004)
    ('about 8 in 10', 'about 19 in 20', 'about 97 in 100', 'fewer than 1 in 20')
    """
    if probability < 0.05:
        return "fewer than 1 in 20"
    if probability >= 0.955:
        return f"about {round(100 * probability)} in 100" if probability < 0.995 else "more than 99 in 100"
    if probability >= 0.925:
        return "about 19 in 20"
    return f"about {max(1, round(10 * probability))} in 10"


def within(low: float | None, high: float | None) -> str:
    """Write an interval of a share as people count; nothing where there is none.

    >>> within(0.69, 0.943), within(None, None)
    ('69 to 94 in 100', '')
    """
    return "" if low is None or high is None else f"{100 * low:.0f} to {100 * high:.0f} in 100"


def badge(status: str, you: bool, method: str = "") -> str:
    """Say where a claim comes from: the person's words, what they imply, a guess, or the person's own correction.

    >>> badge("inferred", True, "implied:de")
    'Follows for most people from what you said, not for all'
    """
    if method.partition(":")[0] == "implied":
        return f"Follows for most people from what {'you' if you else 'they'} said, not for all"
    return {
        "stated": "You said so" if you else "They said so",
        "inferred": "Guessed from how and what " + ("you write" if you else "they write"),
        "given": "You entered this" if you else "Entered by hand",
    }[status]


def moment(time: datetime | date | None) -> str:
    """Write a date as "3 May 2021"; nothing where there is none.

    >>> moment(date(2021, 5, 3))
    '3 May 2021'
    """
    return f"{time.day} {time:%B} {time.year}" if time else ""


def period(claim: Claim, today: date | None = None) -> str:
    """Write from when until when a claim holds, as far as it is known; of an age, on which day, and how old about now.

    What was said only once holds as of that day: since when it does, nobody said.
    """
    start, end = moment(claim.valid_from), moment(claim.valid_to)
    if claim.attribute in _LASTING:
        return ""
    if claim.attribute == "age" and start:
        now = aged(claim, today).replace("-", " to ")
        return f"on {start}" + (f", so now about {now}" if now else "")
    if start and end:
        return f"from {start} to {end}"
    if start and claim.valid_from and claim.time and claim.status == "stated":
        return f"since {start}" if claim.valid_from < claim.time else f"as of {start}"
    return f"as of {start}" if start else f"until {end}" if end else ""


def aged(claim: Claim, today: date | None) -> str:
    """Write about how old somebody is today whose age was told for an earlier day; nothing within a year of it.

    >>> from personae.people.records import Guess
    >>> told = Claim("p", "age", (Guess("35", 0.9),), "stated", False, "stated", valid_from=datetime(2020, 3, 1))
    >>> aged(told, date(2024, 4, 1)), aged(told, date(2020, 9, 1))
    ('39', '')
    """
    if claim.attribute != "age" or claim.best is None or claim.valid_from is None or today is None:
        return ""
    years = round((today - claim.valid_from.date()).days / 365.2425 - 0.5)
    ends = claim.best.value.split("-")
    if years < 1 or not all(end.isdigit() for end in ends):
        return ""
    return "-".join(str(int(end) + years) for end in ends)


def did(trace: Trace) -> str:
    """Say what a trace without text did: "Listened to: <title>, <creator>"."""
    item = trace.item
    title = ", ".join(part for part in (item.title or item.id, item.creator) if part) if item else ""
    verb = _DID.get(trace.kind, trace.kind.replace("_", " ").capitalize())
    return f"{verb}: {title}" if title else verb


def count(n: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun.

    >>> count(1, "line"), count(1200, "line"), count(2, "person", "people")
    ('1 line', '1,200 lines', '2 people')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def number(n: int) -> str:
    """Write a small number as a word.

    >>> number(3), number(12)
    ('three', '12')
    """
    return _NUMBERS[n] if n < len(_NUMBERS) else f"{n:,}"


def listing(parts: Sequence[str], joint: str = ", ") -> str:
    """Join parts as a sentence does.

    >>> listing(["a", "b", "c"]), listing(["a"])
    ('a, b and c', 'a')
    """
    return f"{joint.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def silence(claim: Claim) -> str:
    """Return why no reader answered where a claim says so: "refused", "unparsed"; "" where one did."""
    kind, _, why = claim.method.partition(":")
    return why if kind == "prompted" and why in _SILENT else ""


def unanswered(people: Mapping[str, int]) -> str:
    """Say about how many people a model gave no answer, from their number by `silence`.

    >>> unanswered({"refused": 1, "unparsed": 2})
    "The model refused to answer about 1 person, and the model's answer about 2 people could not be read"
    """
    said = [
        template.format(count(people[why], "person", "people"))
        for why, template in _SILENT.items()
        if people.get(why)
    ]
    told = ", and ".join(said)
    return told[:1].upper() + told[1:]
