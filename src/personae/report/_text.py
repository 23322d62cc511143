"""Text of a trace made safe to look at: hidden characters shown, telling words marked, long lines cut round the marks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby

from markupsafe import Markup, escape

Span = tuple[int, int]

ROOM = 480  # characters of a line that a page shows
_AROUND = 110  # characters kept on either side of a mark in a longer line
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2028\u2029\u2800\u3164\uffa0")
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
_GAP = Markup('<span class="gap">\u2026</span>')


def shown(text: str, room: int | None = None) -> str:
    """Return the text with every hidden character written out, cut after `room` characters.

    Controls, direction overrides, zero-width and blank characters, tags and lone surrogates are hidden; joiners stay
    where they shape a script or an emoji.

    Examples
    --------
    >>> shown("evil\\u202egpj.exe"), shown("a\\u200b\\u200bb")
    ('evil⟨U+202E⟩gpj.exe', 'a⟨U+200B ×2⟩b')
    """
    if room is not None and len(text) > room:
        return shown(text[: room - 1].rstrip()) + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(_name(piece) if hidden else piece for piece, hidden in _pieces(text, 0, len(text)))


def marked(text: str, spans: Sequence[Span] = (), room: int = ROOM) -> Markup:
    """Return the text as HTML with the spans inside `<mark>`.

    Parameters
    ----------
    text : str
        As the person wrote it.
    spans : sequence of (start, end)
        Character offsets into `text`; overlapping ones are joined, those outside the text are dropped.
    room : int
        Characters shown at most: of a longer text, what stands round the marks.

    Examples
    --------
    >>> str(marked("back in <Porto>", [(8, 15)]))
    'back in <mark>&lt;Porto&gt;</mark>'
    """
    tidy = _tidy(spans, len(text))
    html: list[str] = []
    end = 0
    for start, stop in _windows(text, tidy, room):
        html.append(_GAP if start > end else "")
        html += [_html(text, a, b, telling) for a, b, telling in _cuts(tidy, start, stop)]
        end = stop
    html.append(_GAP if end < len(text) else "")
    return Markup("".join(html))


def _html(text: str, start: int, stop: int, telling: bool) -> Markup:
    pieces = (
        Markup('<span class="hid">{}</span>').format(_name(piece)) if hidden else escape(piece)
        for piece, hidden in _pieces(text, start, stop)
    )
    inner = Markup("").join(pieces)
    return Markup("<mark>{}</mark>").format(inner) if telling else inner


def _tidy(spans: Sequence[Span], length: int) -> list[Span]:
    """Return the spans inside the text, in order, none empty, none touching another."""
    tidy: list[Span] = []
    for start, stop in sorted((max(0, a), min(b, length)) for a, b in spans):
        if start >= stop:
            continue
        if tidy and start <= tidy[-1][1]:
            tidy[-1] = tidy[-1][0], max(stop, tidy[-1][1])
        else:
            tidy.append((start, stop))
    return tidy


def _windows(text: str, spans: Sequence[Span], room: int) -> list[Span]:
    """Return the parts of the text that are shown, in order, `room` characters together at most."""
    if len(text) <= room:
        return [(0, len(text))]
    windows: list[Span] = []
    for a, b in spans or [(0, room - _AROUND)]:
        start, stop = _word_start(text, max(0, a - _AROUND), a), min(len(text), b + _AROUND)
        if windows and start <= windows[-1][1]:
            start = windows.pop()[0]
        left = room - sum(j - i for i, j in windows)
        windows.append((start, min(stop, start + left)))
        if stop - start >= left:
            break
    return windows


def _word_start(text: str, start: int, before: int) -> int:
    return max(text.find(" ", start, min(start + 24, before)) + 1, start) if start else 0


def _cuts(spans: Sequence[Span], start: int, stop: int) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, stop, telling) pieces that cover the window."""
    at = start
    for a, b in spans:
        a, b = max(a, start), min(b, stop)
        if a >= b:
            continue
        if at < a:
            yield at, a, False
        yield a, b, True
        at = b
    if at < stop:
        yield at, stop, False


def _pieces(text: str, start: int, stop: int) -> Iterator[tuple[str, bool]]:
    """Yield runs of plain characters, and runs of one hidden character, as (piece, hidden)."""
    places = range(start, stop)
    for key, run in groupby(places, key=lambda at: text[at] if _hidden(text, at) else ""):
        at = list(run)
        yield text[at[0] : at[-1] + 1], bool(key)


def _name(piece: str) -> str:
    times = f" ×{len(piece)}" if len(piece) > 1 else ""
    return f"⟨U+{ord(piece[0]):04X}{times}⟩"


def _hidden(text: str, at: int) -> bool:
    char = text[at]
    if " " <= char <= "~" or char in "\t\n\r":
        return False
    category = unicodedata.category(char)
    if category in {"Cc", "Cs", "Cf"}:
        return not _shapes(text, at)
    if char in _BLANK or ord(char) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(char) <= 0xFDEF:
        return True
    return _selects(char) and (at == 0 or _selects(text[at - 1]))


def _shapes(text: str, at: int) -> bool:
    """Say whether a format character does honest work: joining a script's letters or an emoji's parts."""
    char = text[at]
    if char in "\u200c\u200d" and 0 < at < len(text) - 1:
        before, after = text[at - 1], text[at + 1]
        script = "\u0590" <= before <= "\u1cff" and after > "\u0590"
        return script or (_pictures(before) and _pictures(after))
    if "\U000e0020" <= char <= "\U000e007f":
        flag = text.rfind("\U0001f3f4", max(0, at - 7), at)
        found = _FLAG.match(text, flag) if flag >= 0 else None
        return found is not None and found.end() > at
    return (
        "\u0600" <= char <= "\u0605" or char in "\u06dd\u070f\u08e2"
    )  # number and verse signs, which are seen


def _pictures(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sk"} or char == "\ufe0f" or char in "\u2640\u2642"


def _selects(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
