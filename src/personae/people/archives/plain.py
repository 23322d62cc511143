"""Plain text and Markdown: a file, a folder with one sub-folder a person, or stdin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice

from personae.people.archives._source import Source
from personae.people.archives._text import clean, encoding_of, event_id, owner, text_lines, where
from personae.people.archives.rows import Options, Row, RowError
from personae.people.records import Trace, person_id

NAME = "plain"
_ENDINGS = (".txt", ".md", ".markdown", ".text")
_STRUCTURED = (
    ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".js", ".html", ".htm", ".xml", ".parquet", ".gz", ".zst", ".zip",
)  # fmt: skip
_PARAGRAPH_CHARS = 4000
_LINE_CHARS = 1 << 20
_AHEAD = 400  # lines that tell whether blank lines part the text
_BROKEN = re.compile(
    "\ufffd{1,6}"
)  # what one character that cannot be decoded leaves, or a pair of surrogates


def detect(source: Source) -> float:
    """Return a low score for text: any other format that fits knows more."""
    return 0.1 if any(_is_text(source, name) for name in _candidates(source)) else 0.0


def read(source: Source, options: Options) -> Iterator[Row]:
    """Yield the paragraphs of each file, or its lines where no blank line parts them.

    Files in a sub-folder belong to the person of that sub-folder; the folder's name is hashed.
    """
    for name in sorted(
        _candidates(source), key=lambda name: (name.partition("/")[0] if "/" in name else "", name)
    ):
        folder, slash, _ = name.partition("/")
        person = person_id(f"{NAME}:{folder}") if slash else owner(source, options)
        for row in _paragraphs(source, name):
            if isinstance(row, RowError):
                yield row
                continue
            number, words = row
            place = where(name, number)
            text = clean(words, options)
            yield Trace(
                person,
                NAME,
                event_id(NAME, "", None, text, place),
                None,
                "post",
                "self",
                name,
                text,
                where=place,
            )


def _candidates(source: Source) -> tuple[str, ...]:
    if len(source.names) == 1 and not source.names[0].lower().endswith(_STRUCTURED):
        return source.names
    return tuple(name for name in source.names if name.lower().endswith(_ENDINGS))


def _is_text(source: Source, name: str) -> bool:
    sample = source.head(name)
    text = sample.decode(encoding_of(sample), "replace")
    odd = sum(
        not (character.isprintable() or character in "\n\r\t\f\ufeff\u200e\u200f") for character in text
    )
    broken = len(_BROKEN.findall(text[:-1]))
    return (
        bool(text.strip())
        and text.lstrip("\ufeff \n\r\t")[:1] not in "{<"
        and 20 * (odd + max(0, broken - 1)) < len(text)
    )


def _paragraphs(source: Source, name: str) -> Iterator[tuple[int, str] | RowError]:
    """Yield (number of the first line, text) of each paragraph."""
    lines = text_lines(source, name, _LINE_CHARS)
    ahead = list(islice(lines, _AHEAD))
    words = [not isinstance(row, RowError) and bool(row[1].strip()) for row in ahead]
    last = max((place for place, said in enumerate(words) if said), default=0)
    parted = not all(words[words.index(True) : last] if True in words else [])
    start, held = 0, ""
    for row in chain(ahead, lines):
        if isinstance(row, RowError):
            yield row
            continue
        number, line = row
        is_blank = not line.strip()
        if held and (is_blank or not parted or len(held) + len(line) > _PARAGRAPH_CHARS):
            yield start, held
            held = ""
        if not is_blank:
            start = start if held else number
            held = f"{held}\n{line}" if held else line
    if held:
        yield start, held
