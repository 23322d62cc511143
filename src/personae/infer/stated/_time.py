"""When a thing was: time expressions after a statement, and ages that grow with the years."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from personae.infer.stated._rules import Calendar, compiled

_YEAR_DAYS = 365.2425
_NEARLY = 1e-6  # years


@dataclass(frozen=True, slots=True)
class Born:
    """The years between which a person was born, as decimals: 1989.5 is July 1989."""

    low: float
    high: float

    def meet(self, other: Born, slack: float = 0.0) -> Born | None:
        """Return what both allow, None when they differ by more than `slack` years."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        if low <= high:
            return Born(low, high)
        return Born(high, low) if low - high <= slack else None

    def age(self, year: float) -> str:
        """Return the age at that decimal year: "34", or "34-36" when more than two ages fit.

        >>> Born(1989.0, 1990.0).age(2024.5), Born(1986.0, 1990.0).age(2024.5)
        ('35', '34-38')
        """
        youngest = max(0, math.floor(year - self.high + _NEARLY))
        oldest = max(0, math.floor(year - self.low - _NEARLY))
        if oldest - youngest > 1:
            return f"{youngest}-{oldest}"
        return str(max(0, math.floor(year - (self.low + self.high) / 2 + _NEARLY)))


def born_at_age(low: int, high: int, year: float) -> Born:
    """Return when someone was born who is between `low` and `high` years old at that decimal year.

    >>> born_at_age(34, 34, 2020.0)
    Born(low=1985.0, high=1986.0)
    """
    return Born(year - high - 1, year - low)


def decimal_year(moment: datetime) -> float:
    """Return the moment as a decimal year.

    >>> decimal_year(datetime(2024, 1, 1, tzinfo=UTC))
    2024.0
    """
    start = datetime(moment.year, 1, 1, tzinfo=moment.tzinfo)
    return moment.year + (moment - start).total_seconds() / (_YEAR_DAYS * 86_400)


@dataclass(frozen=True, slots=True)
class When:
    """A stretch of time that a text names, from `low` to `high`, and where its words end."""

    low: datetime
    high: datetime
    end: int

    @property
    def middle(self) -> float:
        return (decimal_year(self.low) + decimal_year(self.high)) / 2


def when(calendar: Calendar, lowered: str, start: int, written: datetime | None) -> When | None:
    """Return the time that is named right after `start`, None where none is.

    A month without a year is the last one before the text was written; what is relative needs `written`.
    """
    match = compiled(_pattern(calendar)).match(lowered, start)
    if match is None:
        return None
    found = {key: value for key, value in match.groupdict().items() if value}
    if "year" in found:
        year = int(found["year"])
        return _stretch(year, calendar.months.get(found.get("of_year", ""), 0), match.end())
    if written is None:
        return None
    if "month" in found:
        month = calendar.months[found["month"]]
        return _stretch(written.year - (month > written.month), month, match.end())
    if "day" in found:
        moment = written + timedelta(days=calendar.days[found["day"]])
        return When(moment, moment, match.end())
    days = calendar.units[found.get("ago") or found.get("last") or found["this"]]
    count = number(calendar, found["n"]) if "n" in found else int("last" in found)
    if count > 120 or (count == 0 and "n" in found):
        return None
    half, middle = timedelta(days=days / 2), written - timedelta(days=days * count)
    return When(max(_EPOCH, middle - half), min(written, middle + half), match.end())


_EPOCH = datetime(1900, 1, 1, tzinfo=UTC)


def _stretch(year: int, month: int, end: int) -> When:
    low = datetime(year, month or 1, 1, tzinfo=UTC)
    after = datetime(year + (month in (0, 12)), month % 12 + 1 if month else 1, 1, tzinfo=UTC)
    return When(low, after - timedelta(seconds=1), end)


@lru_cache(maxsize=16)
def _pattern(calendar: Calendar) -> str:
    months, days = _any(calendar.months), _any(calendar.days)
    ago, last, this = (
        getattr(calendar, name).replace("UNIT", rf"(?P<{name}>{_any(calendar.units)})\b")
        for name in ("ago", "last", "this")
    )
    month = calendar.month.replace("MONTH", rf"(?P<month>{months})\b")
    return (
        rf",? *(?:{ago.replace('N', f'(?P<n>{numeral(calendar)})')}|(?P<day>{days})\b"
        rf"|(?:{calendar.within} )?(?:(?P<of_year>{months})(?: del?| do| di| of)? )?(?P<year>(?:19|20)\d\d)\b(?![.,]?\d)"
        rf"|{month}|{last}|{this})"
    )


def numeral(calendar: Calendar, least: int = 1) -> str:
    """Return a pattern for numbers from `least` on, in digits or words, longest words first."""
    spelled = {name for name, number in calendar.numbers.items() if number >= least}
    return rf"(?:\d{{{len(str(least))},3}}|{_any(spelled)})"


@lru_cache(maxsize=4096)
def number(calendar: Calendar, text: str) -> int:
    """Return the number that digits or words say, 0 where they say none."""
    if text.isdigit():
        return int(text)
    return calendar.numbers.get(text) or calendar.numbers.get(re.sub(r"[\s-]+", " ", text), 0)


def _any(names: Iterable[str]) -> str:
    listed = sorted(map(re.escape, names), key=len, reverse=True)
    return "|".join(name.replace(r"\ ", "[ -]") for name in listed)
