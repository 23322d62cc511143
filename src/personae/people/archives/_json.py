"""JSON from an archive, one entry at a time: bounded in memory, and past a damaged entry where that can be told.

Built on the standard library's scanner and not on ijson, whose C backend (3.6) crashes the process on an integer of 5,000
digits and exhausts memory on 100,000 nested brackets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from personae.errors import BadInput
from personae.people.archives._source import Source
from personae.people.archives._text import damaged, encoding_of, open_text, text_lines, where
from personae.people.archives.rows import RowError

_DECODER = json.JSONDecoder(strict=False)
AS_WRITTEN = json.JSONDecoder(
    strict=False, parse_int=str, parse_float=str, parse_constant=str
)  # 1.0 is not 1.00
_CHUNK = 1 << 18
_BLANK = re.compile(r"[ \t\n\r\ufeff]*")
_MARK = re.compile(r'"|[{\[]+|[}\]]+|,')
_QUOTE = re.compile(r'\\.|"', re.DOTALL)
_TOKEN = re.compile(r'"((?:[^"\\]+|\\.?)*)(?:"|\Z)|[{}\[\],:]', re.DOTALL)
_HEAD_BYTES = 1 << 15
_HEAD_DEPTH = 6
_UUID = re.compile(r"[0-9a-fA-F-]{8,40}\Z")

Pattern = tuple[str, ...]


def json_items(
    source: Source, name: str, *patterns: str, after: str = "", decoder: json.JSONDecoder = _DECODER
) -> Iterator[tuple[str, Any] | RowError]:
    """Yield (JSON pointer, value) for the values that a pattern names, in the order of the file; one is held at a time.

    Parameters
    ----------
    patterns : str
        JSON pointers in which `*` stands for every entry of an array: "/*" for a top-level array, "/chats/list/*/messages/*".
        Several are read in one pass, so that "/chats/list/*/id" comes before the messages of its chat if it stands before them.

    after : str
        A mark that ends a preamble, such as "=" in a script that assigns a JSON value.
    decoder : JSONDecoder
        `AS_WRITTEN` keeps numbers as the text that stands there.

    Yields
    ------
    tuple or RowError
        An entry that is no JSON, or larger than the archive's limit for a row, is an error and is stepped over; where the
        file is cut off or the next entry cannot be found, the error is the last row.
    """
    wanted = [tuple(pattern.split("/")[1:]) for pattern in patterns]
    try:
        with open_text(source, name) as stream:
            walker = _Walker(stream, source.limits.row_bytes, decoder)
            walker.pass_over(after)
            for pointer, value in walker.walk(wanted, ""):
                if isinstance(value, _Damage):
                    yield RowError(where(name, pointer or "/"), value.reason, value.mend)
                else:
                    yield pointer, value
    except _Lost as lost:
        yield RowError(
            where(name, lost.pointer or "/"), "damaged JSON: nothing after this row is readable", _MEND
        )
    except BadInput as error:
        yield damaged(name, "", error)


def json_lines(
    source: Source, name: str, decoder: json.JSONDecoder = _DECODER
) -> Iterator[tuple[int, Any] | RowError]:
    """Yield (line number, value) for each line of a JSONL file; blank lines are passed over."""
    for row in text_lines(source, name):
        if isinstance(row, RowError):
            yield row
            continue
        number, line = row
        if not line or line.isspace():
            continue
        try:
            yield number, decoder.decode(line)
        except (ValueError, RecursionError):
            yield RowError(where(name, number), "a line that is not JSON", "one object a line")


def json_records(
    source: Source, name: str, decoder: json.JSONDecoder = _DECODER
) -> Iterator[tuple[int | str, Any] | RowError]:
    """Yield (line number or JSON pointer, value) for each line of a JSONL file, or each entry of an array."""
    is_array = any(key.startswith("/*/") for key in json_keys(source, name))
    yield from (
        json_items(source, name, "/*", decoder=decoder) if is_array else json_lines(source, name, decoder)
    )


def read_json(source: Source, name: str, after: str = "") -> Any | RowError:
    """Return the whole of a small JSON file, up to the archive's limit for a row, or the error."""
    for row in json_items(source, name, "", after=after):
        return row if isinstance(row, RowError) else row[1]
    return RowError(name, "an empty file", _MEND)


def json_keys(source: Source, name: str) -> frozenset[str]:
    """Return the patterns of the keys in the first 32 kB of a JSON file, such as "/*/mapping"; empty when it is no JSON.

    A JSONL file of objects gives the keys of its objects: "/messages".
    """
    sample = source.head(name, _HEAD_BYTES)
    text = sample.decode(encoding_of(sample), "replace").lstrip("\ufeff \t\r\n")
    if text[:1] not in {"{", "["}:
        return frozenset()
    keys: set[str] = set()
    path: list[str] = []
    last = ""
    for token in _TOKEN.finditer(text):
        mark = token.group()[0]
        if mark == '"':
            last = token.group(1)
        elif mark == ":" and path and path[-1] != "*":
            path[-1] = last
            if len(path) <= _HEAD_DEPTH:
                keys.add("/" + "/".join(path))
        elif mark in "{[":
            path.append("*" if mark == "[" else "")
        elif mark in "}]" and path:
            path.pop()
    return frozenset(keys)


def pointer_to(pointer: str, key: str, ordinal: int) -> str:
    """Return the pointer to an object's entry: by its key where that is an id, else by its place, so no text leaks."""
    return f"{pointer}/{key if _UUID.match(key) else ordinal}"


_MEND = "download the export again"


class _Damage:
    """An entry that was stepped over."""

    def __init__(self, reason: str, mend: str) -> None:
        self.reason, self.mend = reason, mend


class _Lost(Exception):
    """The rest of the file cannot be read."""

    def __init__(self, pointer: str = "") -> None:
        super().__init__(pointer)
        self.pointer = pointer


class _Incomplete(Exception):
    """An entry that cannot be decoded: `reason` says whether it is too long or no JSON."""


class _Walker:
    """Reads a JSON text from its start to its end, holding one chunk or one entry."""

    def __init__(self, stream: TextIO, limit: int, decoder: json.JSONDecoder) -> None:
        self._stream, self._limit, self._decoder = stream, limit, decoder
        self._buffer, self._at, self._ended = "", 0, False

    def pass_over(self, mark: str) -> None:
        """Step past the first `mark` in the first chunk; raises `_Lost` when it is not there."""
        if not mark:
            return
        self._more()
        place = self._buffer.find(mark)
        if place < 0:
            raise _Lost
        self._at = place + len(mark)

    def walk(self, patterns: list[Pattern], pointer: str) -> Iterator[tuple[str, Any]]:
        """Yield what the patterns name below here; a `_Damage` stands for an entry that was stepped over."""
        if () in patterns or ("",) in patterns:
            yield pointer, self._entry(pointer)
            return
        opener = self._peek()
        if opener == "[":
            for place in self._entries("]", pointer):
                yield from self._below([p[1:] for p in patterns if p[0] == "*"], f"{pointer}/{place}")
        elif opener == "{":
            for _ in self._entries("}", pointer):
                key = self._key(pointer)
                below = [p[1:] for p in patterns if p[0] == key]
                yield from self._below(below, f"{pointer}/{key}" if below else pointer)
        elif not opener:
            raise _Lost(pointer)
        else:
            self._skip(pointer)

    def _below(self, patterns: list[Pattern], pointer: str) -> Iterator[tuple[str, Any]]:
        if patterns:
            yield from self.walk(patterns, pointer)
        else:
            self._skip(pointer)

    def _entries(self, closer: str, pointer: str) -> Iterator[int]:
        """Yield the place of each entry of the container that starts here; the caller consumes the entry."""
        self._at += 1
        place = 0
        while (mark := self._peek()) != closer:
            if place and mark == ",":
                self._at += 1
            elif place or not mark:
                raise _Lost(f"{pointer}/{place}")
            if not self._peek():
                raise _Lost(f"{pointer}/{place}")
            yield place
            place += 1
        self._at += 1

    def _key(self, pointer: str) -> str:
        try:
            key = self._value()
        except _Incomplete:
            raise _Lost(pointer) from None
        if not isinstance(key, str) or self._peek() != ":":
            raise _Lost(pointer)
        self._at += 1
        self._peek()
        return key

    def _entry(self, pointer: str) -> Any:
        self._peek()
        try:
            return self._value()
        except _Incomplete as error:
            self._skip(pointer)
            return _Damage(str(error), _MEND)

    def _value(self) -> Any:
        """Return the value that starts here and step past it; raises `_Incomplete` and stays when there is none."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
                if end - self._at > self._limit:
                    raise _Incomplete(f"an entry longer than {self._limit} characters")
                if end < len(self._buffer) or self._ended:
                    self._at = end
                    return value
            except json.JSONDecodeError as error:
                open_string = error.msg.startswith("Unterminated")
                if error.pos < len(self._buffer) - 16 and not open_string:
                    raise _Incomplete("an entry that is not JSON") from None
            except (ValueError, RecursionError):
                raise _Incomplete("an entry with numbers too long or nested too deep") from None
            if len(self._buffer) - self._at > self._limit:
                raise _Incomplete(f"an entry longer than {self._limit} characters")
            if self._ended:
                raise _Incomplete("an entry that is not JSON, or cut off")
            self._more()

    def _skip(self, pointer: str) -> None:
        """Step over one entry by its quotes and brackets alone, without building it."""
        depth = 0
        while True:
            mark = _MARK.search(self._buffer, self._at)
            if mark is None:
                self._at = len(self._buffer)
                if not self._more():
                    raise _Lost(pointer)
                continue
            first, length = mark.group()[0], len(mark.group())
            if depth == 0 and first in ",]}":
                self._at = mark.start()
                return
            self._at = mark.end()
            if first == '"':
                self._skip_string(pointer)
            elif first in "{[":
                depth += length
            elif first in "]}":
                if length >= depth:
                    self._at = mark.start() + depth
                    return
                depth -= length

    def _skip_string(self, pointer: str) -> None:
        while True:
            mark = _QUOTE.search(self._buffer, self._at)
            if mark is not None:
                self._at = mark.end()
                if mark.group() == '"':
                    return
                continue
            self._at = max(self._at, len(self._buffer) - self._buffer.endswith("\\"))
            if not self._more():
                raise _Lost(pointer)

    def _peek(self) -> str:
        """Return the next character that is not blank, without taking it; empty at the end of the file."""
        while True:
            found = _BLANK.match(self._buffer, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Read on, at least as much as is held, dropping what has been taken; False at the end of the file."""
        held = self._buffer[self._at :]
        size = max(_CHUNK, min(len(held), self._limit - len(held)))
        chunk = "" if self._ended else self._stream.read(size)
        self._ended = not chunk
        self._buffer, self._at = held + chunk, 0
        return bool(chunk)
