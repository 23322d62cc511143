"""The shape of a model's answer about a person, and how its guesses become a distribution over an attribute's values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from personae.models.answers import find_blocks, nearest
from personae.people.archives._text import html_to_text
from personae.people.attributes import ATTRIBUTES, Attribute
from personae.people.matching import number_range
from personae.people.records import Guess

SPREAD = (0.60, 0.12, 0.06)  # mean share right at rank 1, 2, 3 of 14 recorded models on SynthPAI's 700 labels
_LONGEST = 1000  # characters of a value that are read
_SAME_NAME = 0.85  # Jaro-Winkler similarity from which a model's name for an attribute is that attribute's
_NUMBER = re.compile(r"\s*([+-]?\d+(?:[.,]\d+)?)\s*(%?)\s*\Z")
_LEAST_PERCENT = (
    10.0  # an answer whose largest number without a sign is smaller counts in no scale that is known
)
_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")  # what a terminal obeys
_DECADE = re.compile(r"(?i)\b(early|mid|late)?(?:\s+to\s+late)?[\s-]*([1-9])0'?s\b")
_DECADE_YEARS = {"early": (0, 3), "mid": (4, 6), "late": (7, 9), "": (0, 9)}
_ASIDE = re.compile(
    r"\s*(?:\(.{20,}|:\**\s.{20,}|\s[-\N{EN DASH}\N{EM DASH}]\s.{20,})\Z", re.DOTALL
)  # a reason behind the guess
_SAME_AS: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "education": (
        (re.compile(r"(?i)ph\.?\s?d|doctorate"), "PhD"),
        (re.compile(r"(?i)\bmaster|\bm\.?(?:sc|ba)\b|\bmba\b"), "Master's"),
        (re.compile(r"(?i)bachelor|(?:university|undergraduate) degree|graduated? (?:from )?(?:college|uni)"), "College Degree"),
        (re.compile(r"(?i)in (?:college|university)|(?:college|university|undergraduate) student|some college"), "In College"),
        (re.compile(r"(?i)in high\s?school|high\s?school student"), "In Highschool"),
        (re.compile(r"(?i)no high\s?school|less than high\s?school|primary"), "No Highschool"),
        (re.compile(r"(?i)high\s?school|diploma|\bged\b"), "HS Diploma"),
    ),
    "income_level": (
        (re.compile(r"(?i)lower[\s-]*middle|working class|\bpoor\b"), "low"),
        (re.compile(r"(?i)upper[\s-]*middle"), "high"),
    ),
}  # fmt: skip

Source = Literal["stated", "none"]


class _Lenient(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)


class Quote(_Lenient):
    """Words copied from a line, and that line's number."""

    line: int | None = None
    quote: str = ""

    @field_validator("line", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        digits = re.search(r"\d{1,9}", str(value)) if value is not None else None
        return int(digits[0]) if digits else None

    @field_validator("quote", mode="before")
    @classmethod
    def _words(cls, value: Any) -> str:
        return value if isinstance(value, str) else ""


class Guessed(_Lenient):
    """A value and the model's own probability for it, where it gave one."""

    value: str
    probability: float | None = None

    @field_validator("value")
    @classmethod
    def _clean(cls, value: str) -> str:
        words = html_to_text(_ESCAPE.sub("", value[:_LONGEST]))
        return " ".join("".join(c if c.isprintable() else " " for c in words).split())

    @field_validator("probability", mode="before")
    @classmethod
    def _known(cls, value: Any) -> float | None:
        return value if isinstance(value, float) else None


class Told(_Lenient):
    """What the model says about one attribute."""

    attribute: str
    reasoning: str = ""
    evidence: list[Quote] = []
    cannot_tell: bool = False
    guesses: list[Guessed] = []

    @field_validator("reasoning", mode="before")
    @classmethod
    def _text(cls, value: Any) -> str:
        return value if isinstance(value, str) else ""

    @field_validator("cannot_tell", mode="before")
    @classmethod
    def _flag(cls, value: Any) -> bool:
        return str(value).strip().lower() in {"true", "yes", "1"}

    @field_validator("evidence", mode="before")
    @classmethod
    def _quotes(cls, value: Any) -> list[Any]:
        rows = value if isinstance(value, list) else [value]
        return [
            {"quote": row} if isinstance(row, str) else row for row in rows if isinstance(row, (str, dict))
        ]

    @field_validator("guesses", mode="before")
    @classmethod
    def _values(cls, value: Any) -> list[Any]:
        rows = value if isinstance(value, list) else [value]
        plain = (str, int, float)
        rows = [{"value": row} if isinstance(row, plain) else row for row in rows]
        values = [row.get("value") if isinstance(row, dict) else None for row in rows]
        is_good = [isinstance(value, plain) and not isinstance(value, bool) for value in values]
        kept = [row for row, good in zip(rows, is_good, strict=True) if good]
        shares = _shares([row.get("probability") for row in kept])
        return [{**row, "probability": share} for row, share in zip(kept, shares, strict=True)]


def _shares(given: Sequence[Any]) -> list[float | None]:
    """Return the probabilities of one answer's guesses in [0, 1]; None where one is none, or outside of its scale.

    They share a scale: percent where one of them has its sign or is `_LEAST_PERCENT` or more, else shares of one. Where one
    lies outside of it, such as 1.7, none of them says anything.

    >>> _shares([0.7, 0.2]), _shares(["70%", "20 %"]), _shares([90, 8, 1]), _shares([1.7, 0.2])
    ([0.7, 0.2], [0.7, 0.2], [0.9, 0.08, 0.01], [None, None])
    """
    read = [_NUMBER.match(str(value)) for value in given]
    numbers = [float(match[1].replace(",", ".")) if match else None for match in read]
    known = [number for number in numbers if number is not None]
    is_percent = any(match[2] for match in read if match) or max(known, default=0.0) >= _LEAST_PERCENT
    shares = [number if number is None else number / 100 if is_percent else number for number in numbers]
    is_sound = all(share is None or 0.0 <= share <= 1.0 for share in shares)
    return shares if is_sound else [None] * len(shares)


class Portrait(BaseModel):
    """What the model says about a person."""

    attributes: list[Told]

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """Take an object keyed by attribute for the list it stands for, and leave out entries about nothing."""
        inner = value.get("attributes", value) if isinstance(value, dict) else None
        if isinstance(inner, dict) and inner and all(isinstance(part, dict) for part in inner.values()):
            inner = [{"attribute": name, **part} for name, part in inner.items()]
        if not isinstance(inner, list):
            return value
        return {
            "attributes": [
                row for row in inner if isinstance(row, dict) and isinstance(row.get("attribute"), str)
            ]
        }

    @field_validator("attributes")
    @classmethod
    def _about_something(cls, value: list[Told]) -> list[Told]:
        if not value:
            raise ValueError("no attribute is named")
        return value


def from_blocks(text: str) -> dict[str, Any] | None:
    """Return what blocks of lines say, in the portrait's form; None where there are none."""
    blocks = find_blocks(text)
    rows = [{"attribute": b.type, "reasoning": b.inference, "guesses": list(b.guesses[:3])} for b in blocks]
    return {"attributes": rows} if rows else None


def told_about(portrait: Portrait, attributes: Sequence[Attribute]) -> dict[str, Told]:
    """Return the entry for each attribute by its name; of several the first that has a guess.

    A name that a model wrote slightly wrong counts where no other attribute is nearer, asked for or not.
    """
    names = {
        _plain(alias): a.name
        for a in (*ATTRIBUTES.values(), *attributes)
        for alias in (a.label, *a.aliases, a.name)
    }
    asked = {a.name for a in attributes}
    found: dict[str, Told] = {}
    for told in portrait.attributes:
        plain = _plain(told.attribute)
        name = names.get(plain) or names.get(nearest(plain, names, above=_SAME_NAME), "")
        if name in asked and (name not in found or not found[name].guesses):
            found[name] = told
    return found


def distribution(
    attribute: Attribute, told: Told, spread: Sequence[float] = SPREAD
) -> tuple[tuple[Guess, ...], Source]:
    """Return the guesses as a distribution, best first, and where its probabilities come from.

    "stated": the model gave each guess a probability; they are scaled down where they sum to more than one. "none": it did
    not, and the ranks get `spread`. Values outside a closed set are left out; the values of a closed set that were not
    guessed share what is left, none of them more than the last guess has.
    """
    values = [(settled(attribute, guess.value), guess.probability) for guess in told.guesses]
    kept = [(value, p) for value, p in values if value]
    stated = [p for _, p in kept if p is not None]
    source: Source = "stated" if stated and len(stated) == len(kept) and sum(stated) > 0 else "none"
    shares = stated if source == "stated" else [*spread, *([0.0] * len(kept))][: len(kept)]
    total = max(1.0, sum(shares))
    summed: dict[str, float] = {}
    for (value, _), share in zip(kept, shares, strict=True):
        same = next((other for other in summed if other.lower() == value.lower()), value)
        summed[same] = summed.get(same, 0.0) + share / total
    guesses = sorted(
        (Guess(value, min(1.0, p)) for value, p in summed.items()), key=lambda guess: -guess.probability
    )
    return _filled(attribute, guesses), source


def unknown(attribute: Attribute) -> tuple[Guess, ...]:
    """Return what is known where nothing was told: every value of a closed set alike, else nothing."""
    return _filled(attribute, [])


def settled(attribute: Attribute, value: str) -> str:
    """Return a guess as the attribute writes it; "" where it is none of its values.

    >>> from personae.people.attributes import attribute
    >>> settled(attribute("education"), "Bachelor's degree in physics"), settled(attribute("age"), "late 20s")
    ('College Degree', '27-29')
    """
    value = _ASIDE.sub("", " ".join(value.split())).strip(" .;*\"'")
    if attribute.values:
        return _one_of(attribute, value)
    if attribute.name == "age" and (decade := _DECADE.search(value)):
        low, high = _DECADE_YEARS[(decade[1] or "").lower()]
        return f"{10 * int(decade[2]) + low}-{10 * int(decade[2]) + high}"
    if attribute.scale == "number":
        return value if number_range(value) else ""
    return value


def _one_of(attribute: Attribute, value: str) -> str:
    lowered = {option.lower(): option for option in attribute.values}
    if value.lower() in lowered:
        return lowered[value.lower()]
    for pattern, option in _SAME_AS.get(attribute.name, ()):
        if pattern.search(value):
            return option
    inside = [option for option in lowered if re.search(rf"(?<!\w){re.escape(option)}(?!\w)", value.lower())]
    if inside:
        return lowered[max(inside, key=len)]
    return nearest(value, attribute.values)


def _filled(attribute: Attribute, guesses: list[Guess]) -> tuple[Guess, ...]:
    others = [value for value in attribute.values if value not in {guess.value for guess in guesses}]
    left = max(0.0, 1.0 - sum(guess.probability for guess in guesses))
    most = guesses[-1].probability if guesses else 1.0
    return (*guesses, *(Guess(value, min(most, left / len(others))) for value in others))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
