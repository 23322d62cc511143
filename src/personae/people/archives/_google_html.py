"""My Activity as HTML, which Takeout makes unless asked for JSON: its cards, in the keys of the JSON layout.

A card names its product, then line by line the title with its link, further links such as the channel, and the date in the
account's language; Gemini's answer follows the date. Dates are read where their month is written in one of seven languages
or in digits; a zone that is not in `_ZONES` counts as UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from personae.errors import BadInput
from personae.people.archives._source import Source
from personae.people.archives._text import damaged, html_to_text, open_text, unescape, where
from personae.people.archives.rows import RowError

CARD = '<div class="outer-cell'
_CARD_CHARS = 1 << 20
_CHUNK = 1 << 18
_PRODUCT = re.compile(r'mdl-typography--title">(.{1,300}?)<', re.DOTALL)
_BODY = re.compile(r'mdl-typography--body-1">(.*?)</div>', re.DOTALL)
_CAPTION = re.compile(r'mdl-typography--caption">(.*?)</div>', re.DOTALL)
_LINE = re.compile(r"<br\s*/?>")
_LINK = re.compile(r'<a href="([^"<>]{1,4096})"')
_ZONES = {
    "PST": -8, "PDT": -7, "MST": -7, "MDT": -6, "CST": -6, "CDT": -5, "EST": -5, "EDT": -4, "BRT": -3, "BST": 1, "CET": 1,
    "MEZ": 1, "WEST": 1, "CEST": 2, "MESZ": 2, "EET": 2, "EEST": 3, "MSK": 3, "IST": 5.5, "JST": 9, "KST": 9, "AEST": 10,
    "AEDT": 11,
}  # fmt: skip
_MONTHS = (
    "jan ene gen", "feb fev fév", "mar mär mrt", "apr abr avr", "may mai mei mag", "jun juin giu", "jul juil lug", "aug ago aoû",
    "sep set", "oct okt out ott", "nov", "dec dez dic déc",
)  # fmt: skip
_OFFSET = re.compile(r"([+-])(\d{1,2}?):?(\d{2})?")
_WORD = r"([^\W\d_]{3,12})\.?"
_DATE = re.compile(
    rf"(?:{_WORD} (\d{{1,2}}), (\d{{4}})|(\d{{1,2}})\.? (?:de )?{_WORD} (?:de )?(\d{{4}})"
    r"|(\d{1,2})[./](\d{1,2})[./](\d{4})|(\d{4})[年/-] ?(\d{1,2})[月/-] ?(\d{1,2})日?)"
    r",? (\d{1,2}):(\d{2}):(\d{2}) ?([AaPp]\.? ?[Mm]\.?)?(?: (?:GMT|UTC)?([A-Z]{2,5}|[+-]\d{1,2}(?::?\d{2})?)?)?"
)


def html_cards(source: Source, name: str) -> Iterator[tuple[int, dict[str, Any]] | RowError]:
    """Yield (number of the card from 1, activity in the keys of the JSON layout), or an error; one card is held at a time."""
    number = 0
    try:
        with open_text(source, name) as stream:
            held = ""
            while chunk := stream.read(_CHUNK):
                *cards, held = (held + chunk).split(CARD)
                for card in cards:
                    if number:
                        yield number, _activity(card)
                    number += 1
                if len(held) > _CARD_CHARS:
                    yield RowError(where(name, number), f"a card longer than {_CARD_CHARS} characters")
                    held = ""
            if number:
                yield number, _activity(held)
    except BadInput as error:
        yield damaged(name, number, error)


def date_of(line: str) -> datetime | None:
    """Return the date of a line that is one, None for any other.

    >>> date_of("10 de mai. de 2026, 03:46:09 BRT") == date_of("May 10, 2026, 6:46:09 AM UTC")
    True
    """
    match = _DATE.fullmatch(re.sub(r"\s", " ", line).strip())
    if match is None:
        return None
    a_month, a_day, a_year, b_day, b_month, b_year, c_day, c_month, c_year, d_year, d_month, d_day, *rest = (
        match.groups()
    )
    hour, minute, second, half, zone = rest
    month = c_month or d_month or _month(a_month or b_month)
    late = 12 * (half or "").lower().startswith("p")
    try:
        moment = datetime(
            int(a_year or b_year or c_year or d_year), int(month), int(a_day or b_day or c_day or d_day),
            int(hour) % 12 + late if half else int(hour), int(minute), int(second), tzinfo=UTC,
        )  # fmt: skip
        return moment - _offset(zone or "")
    except (ValueError, OverflowError):
        return None


def _month(name: str) -> int:
    """Return the number of a month by how its name begins, the longest beginning first; 0 where none fits."""
    low = name.lower()
    fits = [
        (len(start), number)
        for number, starts in enumerate(_MONTHS, 1)
        for start in starts.split()
        if low.startswith(start)
    ]
    return max(fits)[1] if fits else 0


def _offset(zone: str) -> timedelta:
    match = _OFFSET.fullmatch(zone)
    if match is None:
        return timedelta(hours=_ZONES.get(zone, 0))
    sign, hours, minutes = match.groups()
    return timedelta(hours=int(hours), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)


def _activity(card: str) -> dict[str, Any]:
    """Return a card as the JSON layout has it; empty where it has no body."""
    body = _BODY.search(card)
    if body is None:
        return {}
    product, caption = _PRODUCT.search(card), _CAPTION.search(card)
    lines = _LINE.split(body.group(1))
    at = next(
        (n for n, line in enumerate(lines) if "<" not in line and date_of(unescape(line)) is not None),
        len(lines),
    )
    links = [_LINK.search(line) for line in lines[:at]]
    words = [line for line, link in zip(lines[:at], links, strict=True) if link is None]
    first = links[0] if links else None
    activity: dict[str, Any] = {
        "header": html_to_text(product.group(1)) if product else "",
        "title": html_to_text(lines[0] if first else "<br>".join(words)) if at else "",
        "titleUrl": unescape(first.group(1)) if first else "",
        "subtitles": [
            {"name": html_to_text(line)} for line, link in list(zip(lines, links, strict=False))[1:] if link
        ],
        "details": [{"name": html_to_text(caption.group(1))}] if caption else [],
        "time": date_of(unescape(lines[at])) if at < len(lines) else None,
    }
    answer = "<br>".join(lines[at + 1 :]).strip()
    if answer:
        activity["safeHtmlItem"] = [{"html": answer}]
    return activity
