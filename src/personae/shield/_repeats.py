"""What the shield took out of a person's lines, taken out of what others say to them: an assistant repeats what it was told.

Employers and schools go from the person's other lines too: one line says where somebody works, the next only names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from personae.metrics.overlap import words_of
from personae.people.records import Guess
from personae.shield._institutions import INSTITUTIONS
from personae.shield._state import CUT, Key, State
from personae.shield.drafts import Edit
from personae.shield.generalize import UNITS, wider

_ARTICLE = re.compile(r"(?i)(?:an?|my|the) ")
_NUMBER = re.compile(r"(?<!\d)(?:[1-9]\d|(?:19|20)\d\d)(?!\d)")
_VAGUE = frozenset(("income_level", "sex"))  # whose guesses, such as "high", are words of many meanings
_LEAST_CHARS = 3
_LEGAL_FORM = re.compile(
    r",? (?:corp|corporation|inc|incorporated|ltd|limited|llc|plc|co|company|group|holding|gmbh|ag|kg|sa|sas|bv|spa|lda)\.?\Z"
)
_DETERMINED = re.compile(
    r"(?i)\b(?:the|my|our|your|his|her|their|this|that|these|those|every|dear|hello|hi|former|old|new|whole)\s+\Z"
)
_INDEFINITE = re.compile(r"(?i)\ban?\s+\Z")
_BEGINS = re.compile(r"(?:\A|[.!?…\n])[\s\"'“‘(]*\Z")


@dataclass(frozen=True, slots=True)
class _Taken:
    """A value that was taken out: its words in small letters, and the edit that did it, with the words to put there."""

    words: str
    put: str
    edit: Edit

    @property
    def pattern(self) -> str:
        words = r"\s+".join(map(re.escape, self.words.split()))
        is_age = self.edit.attribute == "age" and self.words.isdigit()
        return rf"(?<![\w$€£.,:/-]){words}{UNITS}(?!\w)" if is_age else rf"(?<!\w){words}(?!\w)"


class Repeats:
    """Finds the values that were taken out of a person's lines in the other lines of their threads, and takes them out there."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.n_made = 0
        self._known: set[str] = set()

    def take_out(self, guesses: Mapping[str, Guess]) -> None:
        """Change the lines of others by what was taken out since the last call.

        Parameters
        ----------
        guesses : mapping of attribute to Guess
            About the text as it was; a guess counts as taken out where it stood in words that an edit for it changed.
        """
        fresh: dict[str, _Taken] = {}
        others = [key for key, trace in self.state.by_key.items() if trace.role != "self" and trace.text]
        for key in self.state.own:
            for edit in self.state.edits_of(key):
                if not others and edit.attribute != INSTITUTIONS:
                    continue
                old = self.state.by_key[key].text[edit.start : edit.end]
                for each in _taken(old, edit, guesses):
                    if each.words not in self._known:
                        fresh.setdefault(each.words, each)
        if not fresh:
            return
        self._known |= fresh.keys()
        any_of = "|".join(fresh[words].pattern for words in sorted(fresh, key=len, reverse=True))
        pattern = re.compile(f"(?i){any_of}")
        for key in others:
            if pattern.search(self.state.text(key)):
                self.n_made += self._widen(key, fresh, pattern) + self._replace(key, fresh, pattern)
        named = {words: each for words, each in fresh.items() if each.edit.attribute == INSTITUTIONS}
        for key in self.state.own if named else ():
            self._replace(key, named, pattern)

    def _widen(self, key: Key, fresh: Mapping[str, _Taken], pattern: re.Pattern[str]) -> int:
        """Write what tells a value in wider words, as in the person's own lines: "a 34-year-old nurse"."""
        made = 0
        for name in dict.fromkeys(
            each.edit.attribute for each in fresh.values() if each.edit.kind == "generalize"
        ):
            values = {words for words, each in fresh.items() if each.edit.attribute == name}
            for found in reversed(wider(self.state.text(key), name, step=self.state.step)):
                old = self.state.text(key)[found.start : found.end]
                told = {
                    _folded(word) for word in (*_NUMBER.findall(old), *(m[0] for m in pattern.finditer(old)))
                }
                if told & values and self.state.is_free(key, (found.start, found.end)):
                    self.state.put(key, (found.start, found.end), found.words, "generalize", name)
                    made += 1
        return made

    def _replace(self, key: Key, fresh: Mapping[str, _Taken], pattern: re.Pattern[str]) -> int:
        made, is_own = 0, self.state.by_key[key].role == "self"
        for match in reversed(list(pattern.finditer(self.state.text(key)))):
            taken = fresh.get(_folded(match[0]))
            if taken is None:
                continue
            (start, end), put = match.span(), taken.put
            if taken.edit.attribute == INSTITUTIONS:
                if len(match[0].split()) == 1 and not match[0][0].isupper():
                    continue  # a word that a company only borrows: "an apple"
                start, put = _read_on(self.state.text(key), start, put)
            affords = not is_own or self.state.affords(len(words_of(match[0])))
            if affords and self.state.is_free(key, (start, end)):
                self.state.put(key, (start, end), put, taken.edit.kind, taken.edit.attribute)
                made += 1
        return made


def _read_on(text: str, start: int, put: str) -> tuple[int, str]:
    """Return where the words for a name begin that was taken out before, and those that read on there.

    >>> [_read_on(before, len(before), "a company") for before in ("Dear ", "I left ", "I'm an ", "Yes. ")]
    [(5, 'company'), (7, 'the company'), (4, 'a company'), (5, 'The company')]
    """
    article, _, noun = put.partition(" ")
    if article not in ("a", "an"):
        return start, put
    before = text[:start]
    if indefinite := _INDEFINITE.search(before):
        return indefinite.start(), put
    if _DETERMINED.search(before):
        return start, noun
    return start, f"{'The' if _BEGINS.search(before) else 'the'} {noun}"


def _taken(old: str, edit: Edit, guesses: Mapping[str, Guess]) -> Iterator[_Taken]:
    """Yield the values in the words that an edit changed: the words themselves, a number in them, a guess that they hold."""
    words = _folded(_ARTICLE.sub("", old, count=1) if _ARTICLE.match(old) else old)
    is_whole = edit.kind == "mask" or (edit.kind == "generalize" and edit.attribute != "age")
    if is_whole and len(words) >= _LEAST_CHARS:
        yield _Taken(words, edit.replacement, edit)
        first = words.partition(",")[0].strip()
        short = _LEGAL_FORM.sub("", words) if edit.attribute == INSTITUTIONS else first
        for part in dict.fromkeys((first, short)) if edit.kind == "generalize" else ():
            if len(part) >= _LEAST_CHARS:
                yield _Taken(part, edit.replacement, edit)
    if edit.attribute == "age":
        for number in _NUMBER.findall(old):
            put = f"{number[0]}0-something" if len(number) == 2 else f"the {number[:3]}0s"
            yield _Taken(number, put, edit)
    guess = guesses.get(edit.attribute)
    if guess is None or edit.attribute in _VAGUE:
        return
    for value in dict.fromkeys((guess.value, guess.value.partition(",")[0])):
        folded = _folded(value)
        if len(folded) >= _LEAST_CHARS and re.search(rf"(?<!\w){re.escape(folded)}(?!\w)", _folded(old)):
            yield _Taken(folded, edit.replacement if edit.kind == "generalize" else CUT, edit)


def _folded(words: str) -> str:
    return " ".join(words.lower().split())
