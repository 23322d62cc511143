"""WhatsApp chats exported as text: `_chat.txt` (iOS) or `WhatsApp Chat with NAME.txt` (Android), alone, in a zip or a folder.

Chats of Signal exported as text have the same header lines and are read as well.

The file says neither whose phone it comes from, nor the order of day and month, nor the timezone. All three are decided by
rule, from a first pass over the file; the first rule that settles it wins.

Owner
    1. The sender that `Options.person` names.
    2. The sender of "You deleted this message", which WhatsApp writes only for the phone's owner.
    3. The only sender that several chats of one archive share.
    4. In a chat of two whose file or zip is named after one of them, the other one.
    5. Nobody: every sender is a person of their own, and what each wrote is "self".
    Under 1 to 4 all traces are the owner's, and what the others wrote has the role "other".
Order of day and month
    1. The reading with the fewest dates that do not exist: a first number above 12 is a day.
    2. `Options.day_first`.
    3. The reading in which time runs backwards least often.
    4. Month first if dates look like "3/4/24, 4:20 PM" (slashes, no padding, capitals), else day first.
Timezone
    The phone's local time is kept and labeled UTC: it is off by the phone's own offset.

Names never leave this module: a person is a hash, and a sender shown as a phone number is hashed as the chat and the
number's rank in it, so that nobody can find the number by trying them all.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Literal

from personae.errors import BadInput
from personae.people.archives._grouping import grouped
from personae.people.archives._source import Source, printable
from personae.people.archives._text import clean, encoding_of, owner, text_lines, where
from personae.people.archives._whatsapp_notes import deleted_by_owner, is_note, without_tail
from personae.people.archives.rows import Options, Row, RowError
from personae.people.records import Role, Trace, person_id, trace_id

NAME = "whatsapp"
MESSAGE_CHARS = 1 << 20  # one message; WhatsApp itself stops at 65,536
N_SENDERS = 5_000  # a group has at most 1,024 members
FOUNDED = 2009  # no message is older than WhatsApp

Order = Literal["dmy", "mdy", "ymd"]
_ORDERS: tuple[Order, ...] = ("dmy", "mdy", "ymd")
_MORNING, _AFTERNOON = "上午|凌晨|清晨|早上|오전|午前", "下午|中午|晚上|오후|午後"
_LATE = frozenset((*_AFTERNOON.split("|"), "م"))
_HEADER = re.compile(
    (
        r"~\[?~(\d{1,4})~([./-])~\s?(\d{1,2})~[./-]~\s?(\d{1,4})\.?~"  # date
        r"(?:[,،]\s?|\s)~(?:(?:klo|um|kl\.?|at|às|alle|à)\s)?"
        rf"({_MORNING}|{_AFTERNOON})?\s?"
        r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?~\s?([AaPp]\.?\s?[Mm]\.?|[πμ]\.?μ\.?|[صم])?(?:\s?Uhr)?~"  # clock
        r"(?:\]\s?|\s[-–—]\s|\s?,\s)(.*)"
    ).replace("~", "[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]{0,3}"),
    re.DOTALL,
)
_MARKS = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_NUMBER_NAME = re.compile(r"\+?[\d\s().\-]{6,}\Z")
_QUOTES = re.compile('["“”„«»]')
_COPY = re.compile(r"\s*\(\d+\)\Z")


@dataclass(slots=True)
class _Entry:
    """One header line and the lines that continue it; `sender` is empty for lines that WhatsApp wrote itself."""

    row: int
    numbers: tuple[int, int, int]
    clock: tuple[int, int, int]
    is_american: bool
    sender: str
    lines: list[str]
    n_chars: int = 0


@dataclass(slots=True)
class _Survey:
    """What the first pass over a chat learns."""

    senders: dict[str, None] = field(default_factory=dict)
    owners: set[str] = field(default_factory=set)
    impossible: Counter[Order] = field(default_factory=Counter)
    backwards: Counter[Order] = field(default_factory=Counter)
    n_american: int = 0
    n_entries: int = 0


def detect(source: Source) -> float:
    """Return how sure this is a WhatsApp chat: by header lines at the top of a text file."""
    return 0.95 if next(_chats(source), None) else 0.0


def read(source: Source, options: Options) -> Iterator[Row]:
    """Yield a trace for each message with words, an error for each system line, media line or unreadable one.

    Raises
    ------
    BadInput
        When `options.person` names nobody in the chats, and no other rule tells the owner.
    """
    chats = {name: _survey(source, name) for name in _chats(source)}
    owning = _owner(source, chats, options)
    order = _order(chats.values(), options)
    person = owner(source, options, owning) if owning else ""
    rows = (
        entry if isinstance(entry, RowError) else chat.row(entry, order, options)
        for chat in (_Chat(name, trace_id(NAME, source.path.name, name), owning, person) for name in chats)
        for entry in _entries(source, chat.name)
    )
    yield from rows if owning else grouped(rows)


@dataclass(slots=True)
class _Chat:
    """The second pass over one chat: who is who, and ids that tell repeated messages of one minute apart."""

    name: str
    thread: str
    owning: str  # the owner's name in the chat; empty where nobody is
    person: str  # the owner's id
    ranks: dict[str, int] = field(default_factory=dict)
    time: datetime | None = None
    repeats: Counter[str] = field(default_factory=Counter)

    def row(self, entry: _Entry, order: Order, options: Options) -> Row:
        place = where(self.name, entry.row)
        if not entry.sender:
            return RowError(place, "a line that WhatsApp wrote itself")
        words = _words(entry.lines)
        if not words:
            return RowError(place, "media or a note, without words of the sender")
        time = _time(entry, order)
        if time is None:
            return RowError(place, "a date that does not exist", "say which with --day-first")
        person, role = self._who(entry.sender)
        return Trace(
            person=person,
            source=NAME,
            id=self._id(time, entry.sender, words),
            time=time,
            role=role,
            thread=self.thread,
            text=clean(words, options),
            where=place,
        )

    def _who(self, sender: str) -> tuple[str, Role]:
        if self.owning:
            return self.person, "self" if sender == self.owning else "other"
        if not _NUMBER_NAME.match(sender):
            return person_id(sender), "self"
        if len(self.ranks) < N_SENDERS:
            self.ranks.setdefault(sender, len(self.ranks) + 1)
        return person_id(f"{self.thread}/other_{self.ranks.get(sender, 0)}"), "self"

    def _id(self, time: datetime, sender: str, words: str) -> str:
        if time != self.time or len(self.repeats) > N_SENDERS:
            self.time = time
            self.repeats.clear()
        plain = trace_id(NAME, time.isoformat(), sender, words)
        self.repeats[plain] += 1
        return plain if self.repeats[plain] == 1 else trace_id(plain, self.repeats[plain])


def _chats(source: Source) -> Iterator[str]:
    """Yield the names of the text files with header lines at their top."""
    texts = [name for name in source.names if name.lower().endswith(".txt")]
    for name in texts or (source.names if len(source.names) == 1 else ()):
        head = source.head(name, 1 << 14)
        lines = [line for line in head.decode(encoding_of(head), "replace").splitlines() if line.strip()][:40]
        n_headers = [_HEADER.match(line) is not None for line in lines]
        if any(n_headers[:3]) or sum(n_headers) > 3:
            yield name


def _entries(source: Source, name: str) -> Iterator[_Entry | RowError]:
    """Yield the chat's messages, each with the lines that continue it."""
    entry: _Entry | None = None
    for item in text_lines(source, name, MESSAGE_CHARS):
        if isinstance(item, RowError):
            yield item
            continue
        row, line = item
        begun = _begin(row, line)
        if begun is not None:
            if entry is not None:
                yield entry
            entry = begun
        elif entry is not None and entry.n_chars <= MESSAGE_CHARS:
            entry.n_chars += len(line) + 1
            entry.lines.append(line)
        elif entry is None and line.strip():
            yield RowError(where(name, row), "text before the first message")
    if entry is not None:
        yield entry


def _begin(row: int, line: str) -> _Entry | None:
    """Return the message that a header line begins, None for a line that continues another."""
    match = _HEADER.match(line)
    if match is None:
        return None
    first, separator, second, third, before, hour, minute, seconds, after, body = match.groups()
    half = before or after or ""
    is_late = half in _LATE or (half != "" and half[0] in "Ppμ")
    sender, text = _split(body)
    return _Entry(
        row,
        (int(first), int(second), int(third)),
        (int(hour) % 12 + 12 * is_late if half else int(hour), int(minute), int(seconds or 0)),
        separator == "/" and not (first + second).startswith("0") and half in ("AM", "PM"),
        sender,
        [text],
    )


def _split(body: str) -> tuple[str, str]:
    """Return (sender, text), with an empty sender for a line of WhatsApp's own.

    A name has no colon; a colon inside quotation marks is part of a line such as: Ana changed the subject to "Trip: Porto".
    """
    sender, colon, text = body.partition(": ")
    if not colon and body.endswith(":"):
        sender, colon = body[:-1], ":"
    name = _name(sender) if colon and len(sender) <= 100 else ""
    return (name, text) if name else ("", body)


@lru_cache(maxsize=4096)
def _name(sender: str) -> str:
    """Return a sender's name in one spelling, empty for the beginning of a line of WhatsApp's own."""
    if len(_QUOTES.findall(sender)) % 2:
        return ""
    return unicodedata.normalize("NFKC", _MARKS.sub("", sender)).strip().removeprefix("~").strip()


def _words(lines: list[str]) -> str:
    """Return what the sender wrote: without media notes, edit notes and invisible marks."""
    if len(lines) == 1 and lines[0].isascii():
        text = without_tail(lines[0].strip())
        return "" if is_note(text) else text
    text = without_tail("\n".join(lines).strip(" \n"))
    kept = [line for line in text.split("\n") if not line.startswith("\u200e")]
    first = _MARKS.sub("", kept[0]).strip() if kept else ""
    is_word = len(kept) > 1 and first.lower() == "null"  # a whole message elsewhere, never before a caption
    if kept and is_note(first) and not is_word:
        del kept[0]
    return _MARKS.sub("", "\n".join(kept)).strip()


def _time(entry: _Entry, order: Order) -> datetime | None:
    year, month, day = _arrange(entry.numbers, order)
    try:
        return datetime(year, month, day, *entry.clock, tzinfo=UTC)
    except ValueError:
        return None


def _arrange(numbers: tuple[int, int, int], order: Order) -> tuple[int, int, int]:
    """Return (year, month, day) under one reading; a number of three digits or more is the year under any."""
    first, second, third = numbers
    if first > 99 or (order == "ymd" and third <= 99):
        year, month, day = first, second, third
    elif order == "mdy":
        month, day, year = numbers
    else:
        day, month, year = numbers
    return (year + 2000 if year <= 99 else year), month, day


def _survey(source: Source, name: str) -> _Survey:
    """Read a chat once for its senders and for how its dates look under each reading."""
    survey = _Survey()
    last: dict[Order, tuple[int, int, int]] = {}
    numbers = None
    for entry in _entries(source, name):
        if isinstance(entry, RowError):
            continue
        if entry.sender and len(survey.senders) < N_SENDERS:
            survey.senders[entry.sender] = None
            if deleted_by_owner(_MARKS.sub("", entry.lines[0])):
                survey.owners.add(entry.sender)
        survey.n_entries += 1
        survey.n_american += entry.is_american
        if entry.numbers != numbers:
            numbers = entry.numbers
            for order in _ORDERS:
                date = _arrange(numbers, order)
                is_real = date[0] >= FOUNDED and 1 <= date[1] <= 12 and 1 <= date[2] <= 31
                survey.impossible[order] += not is_real
                survey.backwards[order] += date < last.get(order, date)
                last[order] = date
    return survey


def _order(surveys: Iterable[_Survey], options: Options) -> Order:
    """Return the reading of dates that fits best; the chats of one archive come from one phone."""
    impossible: Counter[Order] = Counter()
    backwards: Counter[Order] = Counter()
    n_american = n_entries = 0
    for survey in surveys:
        impossible.update(survey.impossible)
        backwards.update(survey.backwards)
        n_american += survey.n_american
        n_entries += survey.n_entries
    asked = {None: "", True: "dmy", False: "mdy"}[options.day_first]
    style: tuple[Order, ...] = ("mdy", "dmy", "ymd") if 2 * n_american > n_entries else _ORDERS
    return min(style, key=lambda o: (impossible[o], bool(asked) and o != asked, backwards[o]))


def _owner(source: Source, chats: dict[str, _Survey], options: Options) -> str:
    """Return the name of the phone's owner, empty where no rule tells."""
    senders = {sender for survey in chats.values() for sender in survey.senders}
    if options.person:
        named = {sender for sender in senders if _folded(sender) == _folded(options.person)}
        if named:
            return min(named)
    told = _told(source, chats)
    if options.person and senders and not told:
        raise BadInput(
            f"{printable(source.path.name)}: none of its {len(senders)} senders has the name given as person. "
            f"Write the name as the chat shows it, or leave it out."
        )
    return told


def _told(source: Source, chats: dict[str, _Survey]) -> str:
    """Return the owner's name as the chats tell it, by rules 2 to 4."""
    owners = {sender for survey in chats.values() for sender in survey.owners}
    if len(owners) == 1:
        return owners.pop()
    if len(chats) > 1:
        shared = set.intersection(*(set(survey.senders) for survey in chats.values()))
        if len(shared) == 1:
            return shared.pop()
    titled = {sender for name, survey in chats.items() if (sender := _opposite(source, name, survey))}
    return titled.pop() if len(titled) == 1 else ""


def _opposite(source: Source, name: str, survey: _Survey) -> str:
    """Return the sender of a chat of two after whom the chat is not named."""
    if len(survey.senders) != 2:
        return ""
    titles = [_folded(_COPY.sub("", PurePosixPath(title).stem)) for title in (name, source.path.name)]
    named = [
        sender
        for sender in survey.senders
        if any("whatsapp" in title and title.endswith(" " + _folded(sender)) for title in titles)
    ]
    if not named:
        return ""
    other = max(named, key=len)
    return next(sender for sender in survey.senders if sender != other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", _MARKS.sub("", name)).casefold().strip()
