"""What every importer needs to make clean values of an export: times, text, identifiers, lines and CSV rows.

JSON streams stand in `_json.py`. Nothing here raises on what a file holds: a row that cannot be read is a `RowError`.
"""

from __future__ import annotations

import csv
import html
import io
import ipaddress
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

from personae.errors import BadInput
from personae.people.archives._source import Source
from personae.people.archives.rows import Options, RowError
from personae.people.records import person_id, trace_id

FIELD_CHARS = 1 << 20  # one CSV field; platforms cap a post at 40,000
ROW_CHARS = 4 << 20  # one CSV row
_HEADER_CHARS = 1 << 16
PROBES = 200  # files of one kind that are opened to tell a format; a platform has far fewer
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONE = re.compile(r"[\ud800-\udfff]")
_LONE_BYTES = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")  # the same, written as UTF-8 never is
_EMAIL = re.compile(r"(?<![\w.+@-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
_PHONE = re.compile(
    r"(?<![\w/=#-])(?<!\d[:,.])(?:\+|00)?\(?\d{1,15}(?:[ .\-/()]{1,3}\d{2,12}){0,7}(?!\w|:\d)"
)
_EIGHT_DIGITS = re.compile(r"\d(?:[ .\-/()]{0,3}\d){7}")  # what any phone number has, and few texts
_DATE_FIRST = re.compile(r"\D*(?:(?:19|20)\d\d[-./ ]|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d)")
_BLOCK = re.compile(r"<\s*(?:br|/p|/div|/li|/h[1-6]|/blockquote|/tr)\b[^<>]*>", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[/!?a-zA-Z][^<>]*>")


def where(name: str, row: int | str) -> str:
    """Return the provenance of a row: "comments.csv:17", or with a JSON pointer "conversations.json:/3/mapping/2"."""
    return f"{name}:{row}"


def owner(source: Source, options: Options, name: str = "") -> str:
    """Return the id of the archive's owner: the caller's, else a hash of the platform's name or of the file's."""
    return options.person or person_id(name or source.path.name)


def likely(source: Source, suffix: str, *hints: str, others: int = 50) -> tuple[str, ...]:
    """Return the names that end with the suffix, those whose path holds a hint first, then at most `others` of the rest.

    A platform's files are told by their content; this bounds how many are opened to look, in an archive of 100,000 notes.
    Hints are in lower case.
    """
    names = [name for name in source.names if name.lower().endswith(suffix)]
    hinted = [name for name in names if any(hint in name.lower() for hint in hints)]
    rest = set(names).difference(hinted)
    return (*hinted, *[name for name in names if name in rest][:others])


def event_id(source: str, given: object, time: datetime | None, text: str, place: str) -> str:
    """Return the platform's id of a trace, else a hash of its source, time and text, or of its place where it has no time."""
    return as_text(given) or trace_id(source, time or place, text)


def as_object(value: object) -> dict[str, Any]:
    """Return the value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_array(value: object) -> list[Any]:
    """Return the value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """Return a string or a number as text without NUL bytes and lone surrogates; anything else is empty."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            value = _LONE.sub("\ufffd", value)
        return value.replace("\x00", "") if "\x00" in value else value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return str(value) if isinstance(value, int) or math.isfinite(value) else ""


def as_number(value: object) -> float | None:
    """Return a number, or a string that holds one, as a finite float; None for anything else."""
    try:
        number = (
            float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
        )
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def parse_time(value: object, *formats: str) -> datetime | None:
    """Return a time as aware UTC, None where there is none or it makes no sense.

    Parameters
    ----------
    value : str, int, float or datetime
        ISO 8601, "... UTC", or a Unix time whose size tells its unit: seconds, milliseconds, microseconds or nanoseconds.
        A time without a zone counts as UTC.
    formats : str
        `strptime` formats to try after those.

    >>> parse_time("2024-05-01 10:00:00 UTC") == parse_time(1714557600000) == parse_time("2024-05-01T12:00+02:00")
    True
    """
    if isinstance(value, str):
        text = value.strip()
        moment = _from_iso(text)
        if moment is None and (number := as_number(text)) is not None:
            return _from_unix(int(number) if number.is_integer() else number)
        for pattern in formats if moment is None else ():
            try:
                moment = datetime.strptime(text, pattern)
                break
            except ValueError:
                continue
    elif isinstance(value, datetime):
        moment = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return _from_unix(value)
    else:
        return None
    if moment is None:
        return None
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (OverflowError, ValueError):
        return None


def _from_iso(text: str) -> datetime | None:
    if not (text[:4].isdigit() and (text[4:5] == "-" or len(text) == 8 or "T" in text)):
        return None
    try:
        return datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return None


def _from_unix(number: float) -> datetime | None:
    size = abs(number)
    if not size < 1e20:
        return None
    per_second = 1 if size < 1e11 else 10**3 if size < 1e14 else 10**6 if size < 1e17 else 10**9
    try:
        if isinstance(number, int):
            return _EPOCH + timedelta(microseconds=number * 10**6 // per_second)
        return _EPOCH + timedelta(seconds=number / per_second)
    except OverflowError:
        return None


def repair_latin1(text: str) -> str:
    """Return text whose UTF-8 bytes were read as Latin-1, as Meta's exports do, put right; other text unchanged.

    >>> repair_latin1("cafÃ©")
    'café'
    """
    try:
        return text if text.isascii() else text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def html_to_text(markup: str) -> str:
    """Return the words of an HTML fragment, a line for each break or block; scripts and styles are left out.

    >>> html_to_text("<p>Tea &amp; cake<br/>at five</p><p>Bye</p>")
    'Tea & cake\\nat five\\nBye'
    """
    if "<" in markup:
        markup = _TAG.sub("", _BLOCK.sub("\n", _HIDDEN.sub("", markup)))
    return unescape(markup).strip()


def unescape(text: str) -> str:
    """Return text with its HTML entities resolved."""
    try:
        return html.unescape(text) if "&" in text else text
    except ValueError:  # a numeric entity longer than Python's limit for integers
        return text


def clean(value: object, options: Options) -> str:
    """Return the text of a trace: plain, with line ends as newlines, and without e-mail, phone and IP addresses.

    >>> clean("write to ana@example.org or +351 912 345 678", Options())
    'write to [e-mail] or [phone]'
    """
    text = as_text(value)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if options.keep_identifiers else drop_identifiers(text)


def drop_identifiers(text: str) -> str:
    """Return text with e-mail addresses, IP addresses and phone numbers replaced by what they were."""
    if "@" in text:
        text = _EMAIL.sub("[e-mail]", text)
    if text.count(":") > 1:
        text = _IPV6.sub(_hide_ip, text)
    if text.count(".") > 2:
        text = _IPV4.sub(_hide_ip, text)
    return _PHONE.sub(_hide_phone, text) if _EIGHT_DIGITS.search(text) else text


def _hide_ip(match: re.Match[str]) -> str:
    try:
        ipaddress.ip_address(match.group())
    except ValueError:
        return match.group()
    return "[ip]" if len(match.group()) > 6 else match.group()


def _hide_phone(match: re.Match[str]) -> str:
    text = match.group()
    n_digits = sum(character.isdigit() for character in text)
    enough = 8 if text.startswith(("+", "00")) else 9
    return text if not enough <= n_digits <= 15 or _DATE_FIRST.match(text) else "[phone]"


def encoding_of(sample: bytes) -> str:
    """Return the encoding of a file from its first bytes: by byte order mark, else UTF-8 unless Windows-1252 fits better."""
    if sample.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if len(sample) > 3 and sample[:4].count(0) == 2 and (sample[0] == 0) != (sample[1] == 0):
        return "utf-16-be" if sample[0] == 0 else "utf-16-le"
    text = _LONE_BYTES.sub(b"?", sample).decode("utf-8", "replace")
    broken = text.count("\ufffd")
    readable = 0 if text.isascii() else sum(character > "\x7f" for character in text) - broken
    return "cp1252" if broken > 1 and broken > readable else "utf-8-sig"


def open_text(source: Source, name: str) -> TextIO:
    """Open a member as text with newlines as line ends; bytes that make no sense become U+FFFD.

    Raises
    ------
    BadInput
        When the member cannot be opened; also while reading.
    """
    encoding = encoding_of(source.head(name, 1 << 16))
    return io.TextIOWrapper(source.open(name), encoding, errors="replace")


def text_lines(source: Source, name: str, limit: int = 0) -> Iterator[tuple[int, str] | RowError]:
    """Yield (line number from 1, line without its end), or an error for a line longer than the limit or a damaged file.

    `limit`, in characters, is the archive's limit for a row unless given.
    """
    limit = limit or source.limits.row_bytes
    number = 0
    try:
        with open_text(source, name) as stream:
            while line := stream.readline(limit):
                number += 1
                if len(line) < limit or line.endswith("\n"):
                    yield number, line.removesuffix("\n")
                    continue
                yield RowError(where(name, number), f"a line longer than {limit} characters", "cut it up")
                while line and not line.endswith("\n"):
                    line = stream.readline(1 << 16)
    except BadInput as error:
        yield damaged(name, number, error)


def damaged(name: str, row: int | str, error: BadInput) -> RowError:
    """Return the error for a file that could not be read past a row; nothing of the file's text is in it."""
    reason = str(error).removeprefix(name + ": ")
    return RowError(where(name, row) if row else name, reason, "download the export again")


def csv_header(source: Source, name: str) -> tuple[str, ...]:
    """Return the column names of a CSV file, stripped and in lower case; empty when it is not readable as one."""
    row = next(_csv(source, name, _HEADER_CHARS), None)
    if row is None or isinstance(row, RowError) or not all(column.isprintable() for column in row[1]):
        return ()
    return _columns(row[1])


def csv_rows(source: Source, name: str) -> Iterator[tuple[int, dict[str, str]] | RowError]:
    """Yield (row number, values by lower-case column name) or an error for each row, as a spreadsheet counts: the header is 1.

    The delimiter is the comma, semicolon or tab that the header holds most of. A row of another length than the header, or
    past the limits, is an error; reading goes on at the next line.
    """
    header: tuple[str, ...] = ()
    for row in _csv(source, name, ROW_CHARS):
        if isinstance(row, RowError):
            yield row
        elif not header:
            header = _columns(row[1])
        elif len(row[1]) != len(header):
            place = where(name, row[0])
            yield RowError(place, "a row whose length is not the header's", "mend its quotes or commas")
        else:
            yield row[0], dict(zip(header, row[1], strict=True))


def _csv(source: Source, name: str, limit: int) -> Iterator[tuple[int, list[str]] | RowError]:
    """Yield (row number, values) of every row that is not blank, the header included."""
    feed = _Feed(text_lines(source, name, limit))
    csv.field_size_limit(FIELD_CHARS)
    reader = None
    number = 0
    while True:
        try:
            if reader is None:
                first = next(feed)
                reader = csv.reader(feed.again(first), delimiter=_delimiter(first))
            values = next(reader)
        except StopIteration:
            yield from feed.errors
            return
        except (csv.Error, _TooLong):
            values = None
        feed.held = 0
        yield from feed.errors
        feed.errors.clear()
        number += values != []
        if values:
            yield number, values
        elif values is None:
            yield RowError(where(name, number), "a row that is no CSV or too long", "mend its quotes")


class _TooLong(Exception):
    """A CSV row that does not end."""


class _Feed:
    """Hands lines to `csv.reader`: keeps the lines' own errors aside and stops a row that never ends."""

    def __init__(self, lines: Iterator[tuple[int, str] | RowError]) -> None:
        self._lines = lines
        self._first: str | None = None
        self.errors: list[RowError] = []
        self.held = 0  # characters of the row so far

    def again(self, line: str) -> _Feed:
        self._first = line
        return self

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self._first is not None:
            line, self._first = self._first, None
            return line
        for row in self._lines:
            if isinstance(row, RowError):
                self.errors.append(row)
                continue
            self.held += len(row[1]) + 1
            if self.held > ROW_CHARS:
                raise _TooLong
            return row[1] + "\n"
        raise StopIteration


def _columns(values: list[str]) -> tuple[str, ...]:
    return tuple(as_text(value).strip("\ufeff \t\r\n").lower() for value in values)


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)
