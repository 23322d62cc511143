"""Marks cover exactly the spans; nothing hidden stays hidden; nothing of a trace becomes markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personae.report._text import ROOM, marked, shown

ODD = "\u202e\u2066\u200b\u200d\u00ad\ufeff\x00\x1b\x9f\ud800\udfff\U000e0041\ufe0f\u3164\ufffe<>&\"'` ⟨⟩…"
TEXTS = st.text(st.one_of(st.characters(), st.sampled_from(ODD)), max_size=60)
SPANS = st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70)), max_size=5)


class Reader(HTMLParser):
    """Reads marked text back: (character, inside a mark) pairs, and the tags that were met."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.chars: list[tuple[str, bool]] = []
        self.met: set[str] = set()
        self._mark = self._hid = self._gap = False

    def handle_starttag(self, tag, attributes):
        kind = dict(attributes).get("class", "")
        self.met.add(f"{tag} {kind}".strip())
        self._mark |= tag == "mark"
        self._hid |= kind == "hid"
        self._gap |= kind == "gap"

    def handle_endtag(self, tag):
        if tag == "mark":
            self._mark = False
        else:
            self._hid = self._gap = False

    def handle_data(self, data):
        if self._gap:
            return
        if self._hid:
            code, times = re.fullmatch(r"⟨U\+([0-9A-F]+)(?: ×(\d+))?⟩", data).groups()
            data = chr(int(code, 16)) * int(times or 1)
        self.chars += [(char, self._mark) for char in data]


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


@given(TEXTS, SPANS)
def test_marks_cover_exactly_the_spans(text, spans):
    reader = read(marked(text, spans))
    assert reader.chars == [(c, any(a <= k < b for a, b in spans)) for k, c in enumerate(text)]
    assert reader.met <= {"mark", "span hid"}


@given(
    st.text(st.sampled_from("ab <&\u202eé"), min_size=ROOM, max_size=3 * ROOM),
    SPANS,
    st.integers(0, 2 * ROOM),
)
def test_of_a_long_line_the_marks_stay_and_the_rest_is_cut(text, spans, shift):
    spans = [(a + shift, b + shift) for a, b in spans]
    shown_chars = read(marked(text, spans)).chars
    wanted = sum(any(a <= k < b for a, b in spans) for k in range(len(text)))
    assert len(shown_chars) <= ROOM
    assert sum(mark for _, mark in shown_chars) == wanted
    assert "".join(c for c, mark in shown_chars if mark) == "".join(
        c for k, c in enumerate(text) if any(a <= k < b for a, b in spans)
    )


def test_a_line_of_a_million_marked_characters_is_cut():
    assert len(marked("x" * 10**6, [(0, 10**6)])) < 2 * ROOM


@given(TEXTS)
def test_shown_text_holds_nothing_hidden_and_can_be_written(text):
    words = shown(text)
    words.encode("utf-8")
    assert not re.search(
        "[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]",
        words,
    )
    assert shown(words) == words


@pytest.mark.parametrize(
    "text",
    ["👩\u200d⚕\ufe0f", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "می\u200cخواهم", "क्\u200dष", "❤\ufe0f", "葛\U000e0100"],
    ids=["emoji", "flag", "persian", "devanagari", "heart", "kanji"],
)  # fmt: skip
def test_joiners_and_selectors_that_shape_a_script_or_an_emoji_stay(text):
    assert shown(text) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\u200db", "a⟨U+200D⟩b"),
        ("hi\U000e0068\U000e0069", "hi⟨U+E0068⟩⟨U+E0069⟩"),
        ("x\ufe0f\ufe0f", "x\ufe0f⟨U+FE0F⟩"),
        ("\u3164" * 3, "⟨U+3164 ×3⟩"),
        ("\ud83d", "⟨U+D83D⟩"),
    ],
)
def test_smuggled_characters_are_written_out(text, words):
    assert shown(text) == words


def test_a_cut_text_says_so():
    assert shown("abcdef", 4) == "abc…"
    assert shown("abcd", 4) == "abcd"
