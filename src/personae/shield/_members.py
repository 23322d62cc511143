"""One file of an archive, rewritten: JSON, JSON lines, CSV, Parquet or text, with everything that is no trace masked."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personae.errors import BadInput
from personae.people.archives._text import encoding_of, html_to_text, repair_latin1, unescape
from personae.shield import _private
from personae.shield._parquet import written_parquet
from personae.shield._tables import FORMATS, is_opaque
from personae.shield.drafts import Edit
from personae.shield.hidden import Hidden

WORDS = frozenset((
    "text", "parts", "body", "content", "contents", "full_text", "fulltext", "message", "messages", "selftext", "title", "bio",
    "location", "subject", "about_user_message", "about_model_message", "user_profile", "user_instructions", "comment", "value",
    "conversations_memory", "summary", "text_entities", "caption", "prompt", "completion", "conversations", "media", "turns",
    "extracted_content",
))  # fmt: skip  # keys below which words of people stand
OWN_WORDS = {  # keys below which words of people stand in one format alone
    "spotify": frozenset(("searchquery", "name", "description")),
    "google": frozenset(
        ("comment text", "live chat text", "textcontent", "title", "safehtmlitem", "html", "htmlvalue")
    ),
}
TITLES = frozenset(("title", "name", "summary"))  # of a conversation: made from what was said in it
_KEPT = frozenset(("id", "uuid", "accountid", "account_id", "statistic"))
_KEYS = frozenset(("publickey", "publickeypem"))  # by which an account is known anywhere
CALLED = ("phone", "mobile", "tel")  # in the names of columns that hold numbers to call
_PHONES = frozenset(("phone_number", "phone", "mobile", "verified_phone_number"))
_NUMBER = re.compile(r"\d{15,20}")  # of an account
_CSV_CHARS = 1 << 22
Code = tuple[Callable[[str], str], Callable[[str], str]]


@dataclass(frozen=True, slots=True)
class Change:
    """One trace in a file: its row or JSON pointer, its text as it was, and the edits to it, perhaps none."""

    row: str
    before: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """One file: its name, its archive's format, its bytes, the rows that were read from it, and a table's own text columns.

    `others` holds the columns of a table besides those that it was read by; addresses to write to are masked in them. `people`
    holds those in which people stand by name.
    """

    name: str
    format: str
    raw: bytes
    places: tuple[str, ...]
    texts: frozenset[str]
    file: Path | None
    others: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()


def written(member: Member, changes: Sequence[Change], hidden: Hidden) -> bytes:
    """Return the file's bytes with the changes made, and people hidden in all that stands beside the texts.

    Raises
    ------
    BadInput
        When the file cannot be taken apart.
    """
    if member.raw[:4] == b"PAR1":
        edits = {int(c.row): part(c, 0, len(c.before)) for c in changes if c.edits}
        echoes = {c.before: edits[int(c.row)] for c in changes if c.edits and len(c.before) > 3}
        mask = _masker(member, hidden)
        return written_parquet(
            member.name, member.file, edits, member.texts, lambda old, key: echoes.get(old) or mask(old, key)
        )
    encoding = encoding_of(member.raw[: 1 << 16])
    text = member.raw.decode(encoding, "replace").replace("\r\n", "\n")
    desk = _Desk(member, {change.row: change for change in changes}, hidden)
    start = text.lstrip("\ufeff \t\n")[:1]
    if member.format in ("whatsapp", "plain"):
        return _text(member, changes, text, hidden).encode("utf-8")
    if not changes and member.name.lower().endswith(".txt"):
        return hidden.text(text).encode("utf-8")
    if text.startswith("window.YTD"):
        prefix, _, body = text.partition("=")
        return f"{prefix}= {desk.json(body)}".encode()
    if start == "<":
        raise BadInput(
            f"{member.name}: HTML cannot be written back. Ask for the export as JSON, and shield that."
        )
    if start and start in "[{":
        pointed = not changes or changes[0].row.startswith("/")
        return (desk.json(text) if pointed else desk.json_lines(text)).encode()
    return desk.csv(text).encode()


class _Damaged(str):
    """A line that is no JSON."""


@dataclass
class _Desk:
    """Rewrites the strings of one structured file, record by record, then what repeats them."""

    member: Member
    changes: dict[str, Change]
    hidden: Hidden
    echoes: dict[str, str] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)  # ids of containers that hold a trace
    edited: set[int] = field(default_factory=set)  # ids of those in which it was changed

    def __post_init__(self) -> None:
        self.mask = _masker(self.member, self.hidden)

    def json(self, text: str) -> str:
        document = self._load(text, "")
        for change in self.changes.values():
            record = self._found(document, change.row)
            self._record(record, change)
            if change.edits and isinstance(record, dict) and "titleUrl" in record:
                record["titleUrl"] = ""  # it repeats what was searched for
        self._titles(document)
        return json.dumps(self._rest(document, ""), ensure_ascii=False)

    def json_lines(self, text: str) -> str:
        """Return the lines rewritten; one that is damaged, from which no trace was read, is masked as it stands."""
        named = {change.row.partition("/")[0] for change in self.changes.values()}
        rows: list[tuple[int, Any]] = []
        for n, line in enumerate(text.split("\n"), 1):
            try:
                rows += [(n, self._load(line, n))] if line.strip() else []
            except BadInput:
                if str(n) in named:
                    raise
                rows.append((n, _Damaged(self.hidden.text(line))))
        records = dict(rows)
        for change in self.changes.values():
            number, _, pointer = change.row.partition("/")
            self._record(self._found(records[int(number)], f"/{pointer}" if pointer else ""), change)
        lines = [
            record if isinstance(record, _Damaged) else json.dumps(self._rest(record, ""), ensure_ascii=False)
            for _, record in rows
        ]
        return "\n".join(lines) + "\n"

    def csv(self, text: str) -> str:
        first = text.split("\n", 1)[0]
        delimiter = max(",;\t", key=first.count)
        csv.field_size_limit(_CSV_CHARS)
        rows = [
            row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter) if row
        ]
        header = [name.strip().lower() for name in rows[0]] if rows else []
        records = [dict(zip(header, row, strict=False)) for row in rows[1:]]
        for number, record in enumerate(records, 2):
            if change := self.changes.get(str(number)):
                self._record(record, change)
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        writer.writerows(rows[:1])
        for row, record in zip(rows[1:], records, strict=True):
            rest = self._rest(record, "")
            writer.writerow(
                [rest.get(name, "") for name, _ in zip(header, row, strict=False)] + row[len(header) :]
            )
        return out.getvalue()

    def _load(self, text: str, row: object) -> Any:
        try:
            return json.loads(text.removeprefix("\ufeff"), strict=False)
        except (ValueError, RecursionError):
            where = f"{self.member.name}:{row}" if row else self.member.name
            raise BadInput(
                f"{where}: damaged JSON cannot be written back. Download the export again."
            ) from None

    def _found(self, document: Any, pointer: str) -> Any:
        """Return what a pointer names; where it names a string, the container that holds it."""
        here = document
        for token in pointer.split("/")[1:]:
            below = _below(here, token)
            if not isinstance(below, (dict, list)):
                return here
            here = below
        return here

    def _record(self, record: Any, change: Change) -> None:
        """Make a trace's edits in the strings that its text is made of."""
        cursor = 0
        for holder, key, name in list(_strings(record, "")):
            if not self._is_words(name):
                continue
            old = holder[key]
            found = _placed(old, change.before, cursor)
            if found is None and self.member.format == "google":
                found = _within(old, change.before)
            if found is None:
                continue
            start, words, encode = found
            cursor = start + len(words)
            new = part(change, start, start + len(words))
            self.done.add(id(holder))
            if new != words:
                self.edited.add(id(holder))
                holder[key] = encode(new)
                if len(words) > 3:
                    self.echoes[old] = holder[key]

    def _titles(self, document: Any) -> None:
        """Empty the titles of conversations in which something was changed."""
        if self.member.format not in ("chatgpt", "claude"):
            return
        for change in self.changes.values():
            here = document
            for token in change.row.split("/")[1:] if change.edits else ():
                here = _below(here, token)
                if isinstance(here, dict):
                    here.update({key: "" for key in TITLES & here.keys() if isinstance(here[key], str)})
                    break

    def _rest(self, value: Any, key: str) -> Any:
        """Return the value with repetitions of changed strings changed, and people and identifiers in other words hidden.

        Dates of birth, places and addresses of a platform's archive go; public keys go everywhere.
        """
        if isinstance(value, dict):
            told = self.hidden.record(value, self.member.name)
            return {
                self._name(name): told[name] if name in told else self._inner(value, name, key)
                for name in value
                if not isinstance(name, str)
                or name.lower() not in (_KEYS if self.changes else _private.BORN | _private.AGED | _KEYS)
            }
        if isinstance(value, list):
            return [self._leaf(value, inner, key) for inner in value]
        return value

    def _name(self, name: Any) -> Any:
        """Return the key of a record; in a file about the account one that is a person's number becomes another."""
        is_number = not self.changes and isinstance(name, str) and _NUMBER.fullmatch(name)
        return self.hidden.pseudonyms.number(name) if is_number else name

    def _inner(self, holder: dict[Any, Any], name: Any, key: str) -> Any:
        inner, low = holder[name], name.lower() if isinstance(name, str) else key
        named = _private.told_by(holder) if low == "value" else low
        if self.member.format not in _private.OWN and _private.tells(named, inner):
            return self._emptied(inner)
        return self._leaf(holder, inner, "ip" if named in _private.ADDRESSES else low)

    def _emptied(self, value: Any) -> Any:
        """Return nothing, but for the words in which a trace was changed: they read as the shield left them."""
        if id(value) not in self.edited:
            return _private.emptied(value)
        return {
            key: each if isinstance(each, str) and self._is_words(key.lower()) else _private.emptied(each)
            for key, each in value.items()
        }

    def _leaf(self, holder: Any, value: Any, key: str) -> Any:
        if not isinstance(value, str):
            return self._rest(value, key)
        if self._is_words(key) and id(holder) in self.done:
            return value
        if value in self.echoes:
            return self.echoes[value]
        if self.member.format == "chatgpt" and key in _private.INSTRUCTIONS:
            return ""
        is_free = not self.changes and key not in _KEPT and not self.hidden.keeps(key)
        return self.hidden.text(value) if is_free else self.mask(value, key)

    def _is_words(self, key: str) -> bool:
        return key in WORDS or key in self.member.texts or key in OWN_WORDS.get(self.member.format, ())


def _masker(member: Member, hidden: Hidden) -> Callable[[str, str], str]:
    """Return what hides people in a string that no trace was read from, by the key or column (in lower case) above it."""

    def mask(value: str, key: str) -> str:
        if key in member.people:
            return value if is_opaque(value) else hidden.of(value.strip())
        if key in WORDS or key in member.texts or key in OWN_WORDS.get(member.format, ()):
            return hidden.text(value)
        if key in member.others:
            called = value.lstrip().startswith(("+", "00")) or any(word in key for word in CALLED)
            value = hidden.mask(value, only=("e-mail", "phone") if called else ("e-mail",))
        elif member.format not in _private.OWN and key in _private.ADDRESSES | _PHONES:
            return hidden.mask(value, only=("ip",) if key in _private.ADDRESSES else ("phone",))
        if member.format in FORMATS:
            return hidden.whole(value)
        return value if hidden.keeps(key) else hidden.inner(value)

    return mask


def part(change: Change, start: int, end: int) -> str:
    """Return what became of a part of a trace's text; an edit that begins before the part leaves nothing of itself in it.

    >>> edit = Edit("t", "1", "", 2, 6, "X", "cut")
    >>> change = Change("1", "abcdefgh", (edit,))
    >>> part(change, 0, 4), part(change, 4, 8)
    ('abX', 'gh')
    """
    words, at = "", start
    for edit in change.edits:
        if edit.end <= start or edit.start >= end:
            continue
        words += change.before[at : max(at, edit.start)]
        words += edit.replacement if edit.start >= start else ""
        at = max(at, min(edit.end, end))
    return words + change.before[at:end]


def _to_html(text: str) -> str:
    paragraphs = html.escape(text, quote=False).split("\n")
    return "<p>" + "<br />".join(paragraphs) + "</p>"


def _from_json(text: str) -> str:
    """Return what {"text": ...} says, as comments stand in a table's cell; nothing of what else a cell holds."""
    try:
        said = json.loads(text)
    except ValueError:
        return ""
    return str(said["text"]) if isinstance(said, dict) and said.keys() == {"text"} else ""


_CODES: tuple[Code, ...] = (
    (lambda text: text, lambda text: text),
    (unescape, lambda text: html.escape(text, quote=False)),
    (repair_latin1, lambda text: text.encode("utf-8").decode("latin-1")),
    (html_to_text, _to_html),
    (_from_json, lambda text: json.dumps({"text": text}, ensure_ascii=False)),
)


def _placed(old: str, before: str, cursor: int) -> tuple[int, str, Callable[[str], str]] | None:
    """Return where a string stands in a trace's text, how it reads there, and how it is written in the file."""
    for decode, encode in _CODES:
        whole = decode(old.replace("\r\n", "\n").replace("\r", "\n"))
        for words in dict.fromkeys((whole, whole.strip())):
            if not words:
                continue
            at = before.find(words, cursor)
            at = before.find(words) if at < 0 else at
            if at >= 0:
                return at, words, encode
    return None


def _within(old: str, before: str) -> tuple[int, str, Callable[[str], str]] | None:
    """Return the same of a string that holds the whole text among words of the platform: "Searched for rye bread"."""
    words = before.strip()
    if not words or words not in old:
        return None
    first, _, last = old.partition(words)
    return before.index(words), words, lambda new: f"{first}{new}{last}"


def _strings(value: Any, key: str) -> Iterator[tuple[Any, Any, str]]:
    """Yield (container, key or place, name it stands under) for every string below a value."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for place, inner in entries:
        name = place.lower() if isinstance(place, str) else key
        if isinstance(inner, str):
            yield value, place, name
        else:
            yield from _strings(inner, name)


def _below(value: Any, token: str) -> Any:
    if isinstance(value, dict):
        if token in value:
            return value[token]
        entries = list(value.values())
        return entries[int(token)] if token.isdigit() and int(token) < len(entries) else None
    if isinstance(value, list) and token.isdigit() and int(token) < len(value):
        return value[int(token)]
    return None


def _text(member: Member, changes: Sequence[Change], text: str, hidden: Hidden) -> str:
    """Return a text file with each trace's lines changed; lines of which nothing is left go."""
    lines = text.split("\n")
    starts = sorted({int(place) for place in member.places if place.isdigit()})
    ends = dict(zip(starts, [*starts[1:], len(lines) + 1], strict=True))
    read = {line for change in changes for line in range(int(change.row), ends[int(change.row)])}
    lines = [hidden.line(line, is_read=n in read) for n, line in enumerate(lines, 1)]
    for change in sorted(changes, key=lambda change: -int(change.row)):
        first, last = int(change.row) - 1, ends[int(change.row)] - 1
        if not change.edits:
            continue
        kept, cursor, out = part(change, 0, len(change.before)), 0, []
        for line in lines[first:last] if kept.strip() else ():
            new, cursor = _line(line, change, cursor)
            out += [new] if new.strip() or not line.strip() else []
        lines[first:last] = out
    return "\n".join(lines)


def _line(line: str, change: Change, cursor: int) -> tuple[str, int]:
    """Return a line of the file changed: the longest end of it that continues the trace's text."""
    words = change.before[cursor:].split("\n", 1)[0]
    at = line.rfind(words) if words.strip() else -1
    if at < 0:
        return line, cursor
    new = part(change, cursor, cursor + len(words))
    return line[:at] + new + line[at + len(words) :], cursor + len(words) + 1
