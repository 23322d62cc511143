"""The traces of one person while they are being changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from personae.metrics.overlap import rouge_l, words_of
from personae.people.records import Trace
from personae.shield.drafts import Edit, Kind, edited, pieces, rendered
from personae.shield.generalize import Wider, wider
from personae.shield.identifiers import LABELS, Identifier, Recognizer, find_identifiers
from personae.shield.masking import Masker
from personae.shield.names import ALSO_WORDS, NO_NAME, Named, unaccented
from personae.shield.pseudonyms import Called, Pseudonyms, is_pseudonym

CUT = "…"
_EMPTY = re.compile(r"[\W_]*\Z")
_WORD = re.compile(r"[^\W\d_]{3,}")
_ADDRESS = re.compile(r"\S*[@/_]\S*")  # names in them are written small by everybody
Key = tuple[str, str]  # source and id of a trace


def key_of(trace: Trace) -> Key:
    return trace.source, trace.id


class State:
    """The texts as they were, and the edits made so far; every change goes through `put`."""

    def __init__(self, traces: Sequence[Trace], keep: float = 0.0) -> None:
        self.keep = keep
        self.step = 0  # the furthest that values were widened to
        self.before = tuple(traces)
        self.person = traces[0].person
        self.by_key = {key_of(trace): trace for trace in traces}
        self.own = [key_of(trace) for trace in traces if trace.role == "self" and trace.text.strip()]
        self._edits: dict[Key, tuple[Edit, ...]] = {}
        self._texts = {key: trace.text for key, trace in self.by_key.items()}
        self._words = {key: rouge_l(self.by_key[key].text, self.by_key[key].text) for key in self.own}
        self._plain: dict[tuple[str, str], frozenset[str]] = {}  # by attribute and text

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Return every edit, in the order of the traces."""
        return tuple(edit for key in self.by_key for edit in self._edits.get(key, ()))

    @property
    def words_kept(self) -> float:
        """Return the share of the person's own words that still stand."""
        total = sum(kept.n_before for kept in self._words.values())
        return sum(kept.common for kept in self._words.values()) / total if total else 1.0

    def affords(self, n_words: int) -> bool:
        """Return whether so many more words can go, and the share that shall be kept still stands."""
        total = sum(kept.n_before for kept in self._words.values())
        lost = total - sum(kept.common for kept in self._words.values())
        return lost + n_words <= (1.0 - self.keep) * total + 1e-9

    def text(self, key: Key) -> str:
        return self._texts[key]

    def traces(self) -> tuple[Trace, ...]:
        return tuple(
            replace(trace, text=self._texts[key_of(trace)]) if key_of(trace) in self._edits else trace
            for trace in self.before
        )

    def put(self, key: Key, span: tuple[int, int], words: str, kind: Kind, attribute: str = "") -> None:
        """Replace a part of a trace's text as it reads now; a text without a word left becomes empty."""
        trace = self.by_key[key]
        made = Edit(*key, trace.where, 0, 0, words, kind, attribute)
        edits = edited(trace.text, self._edits.get(key, ()), span, made)
        text = rendered(trace.text, edits)
        if text and _EMPTY.match(text):
            edits, text = (replace(made, start=0, end=len(trace.text), replacement=""),), ""
        self._edits[key], self._texts[key] = edits, text
        if key in self._words:
            self._words[key] = rouge_l(trace.text, text)

    def plain(self, attribute: str) -> frozenset[str]:
        """Return the values of an attribute that the person's own lines still hold in plain words."""
        return frozenset().union(
            *(
                self._values(attribute, self._texts[key], lambda text: wider(text, attribute))
                for key in self.own
            )
        )

    def identifiers(self) -> frozenset[str]:
        """Return the identifiers that still stand in any line, besides pseudonyms."""
        found = (self._values("", text, find_identifiers) for text in self._texts.values())
        return frozenset(words for each in found for words in each if not is_pseudonym(words))

    def _values(
        self, attribute: str, text: str, find: Callable[[str], Iterable[Wider | Identifier]]
    ) -> frozenset[str]:
        if (attribute, text) not in self._plain:
            found = frozenset(text[each.start : each.end] for each in find(text))
            self._plain[attribute, text] = found
        return self._plain[attribute, text]

    def restore(self, key: Key, edits: tuple[Edit, ...]) -> None:
        """Put a trace's text back to what it was under these edits."""
        trace = self.by_key[key]
        self._edits[key], self._texts[key] = edits, rendered(trace.text, edits)
        if key in self._words:
            self._words[key] = rouge_l(trace.text, self._texts[key])

    def mask(
        self, recognizers: Iterable[Recognizer], random_state: int, people: Sequence[Called] = ()
    ) -> int:
        """Replace identifiers in every trace, the same person by the same pseudonym; return how many.

        `people` holds those whom the archive names.
        """
        recognizers = tuple(recognizers)
        found = {key: find_identifiers(text, recognizers) for key, text in self._texts.items()}
        stated = Named((name for each in people for name in each.names), self._texts.values())
        named = [
            (each.kind, self._texts[key][each.start : each.end])
            for key, hits in found.items()
            for each in hits
            if each.kind not in LABELS
        ]
        names = {name: name for kind, name in named if kind == "name" and not is_pseudonym(name)}
        names |= self._first_names(names)
        names |= {unaccented(name): full for name, full in names.items()}
        names |= self._in_small_letters(names)
        names |= {name: stated.names[name.lower()] for name in names if name.lower() in stated.names}
        pseudonyms = Pseudonyms(named, random_state=random_state, people=people)
        masker = Masker(pseudonyms, stated, names)
        made = 0
        for key, hits in found.items():
            for start, end, new, is_name in reversed(masker.replaced(self._texts[key], hits)):
                self.put(key, (start, end), new, "pseudonym" if is_name else "mask")
                made += 1
        return made

    def _first_names(self, names: Iterable[str]) -> dict[str, str]:
        """Return the full name for each first name, but for those that these texts write in small letters more often."""
        first = {name.split()[0]: name for name in sorted(names, reverse=True) if len(name.split()) > 1}
        spoken = (_ADDRESS.sub(" ", text) for text in self._texts.values())
        written = Counter(word for text in spoken for word in _WORD.findall(text) if first)
        most = {short: 1 if short.lower() in ALSO_WORDS else written[short] for short in first}
        return {short: name for short, name in first.items() if written[short.lower()] < most[short]}

    def _in_small_letters(self, names: Mapping[str, str]) -> dict[str, str]:
        """Return the names as they are written in haste, but for those that these texts write so more often, or as a word."""
        texts = self._texts.values()
        written = Counter(word for text in texts for word in _WORD.findall(text) if names)
        return {
            small: full
            for name, full in names.items()
            if (small := name.lower()) not in names.keys() | ALSO_WORDS | NO_NAME
            and (" " in small or 0 < written[small] <= written[name])
            and not any(
                re.search(rf"(?i)(?<!\w)(?:an?|the) {re.escape(small)}(?!\w)", text) for text in texts
            )
        }

    def _written(self, key: Key) -> list[tuple[tuple[int, int], Edit]]:
        """Return what moves wrote into a trace: the span in its text as it reads now, and the edit."""
        parts = pieces(self.by_key[key].text, self._edits.get(key, ()))
        return [(part.new, part.edit) for part in parts if part.edit is not None]

    def edits_of(self, key: Key) -> tuple[Edit, ...]:
        return self._edits.get(key, ())

    def is_free(self, key: Key, span: tuple[int, int]) -> bool:
        """Return whether a span can be replaced: what moves wrote stands in it whole, before its end, or not at all."""
        start, end = span
        inside = [(a, b) for (a, b), _ in self._written(key) if a < end and start < b]
        return all(start <= a and b < end for a, b in inside)

    def free(self, key: Key, spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
        """Return the spans that may be cut: without marks and pseudonyms, and with the whole of wider words they touch."""
        left: list[tuple[int, int]] = []
        for start, end in spans:
            for (a, b), edit in self._written(key):
                if b <= start or end <= a:
                    continue
                if edit.kind == "generalize":
                    start, end = min(start, a), max(end, b)
                elif edit.kind in ("mask", "pseudonym"):
                    left += [(start, a)] if start < a else []
                    start = b
            if start < end:
                left.append((start, end))
        return _merged(left)

    def widen(self, attribute: str, step: int, *, only: str = "") -> int:
        """Write the person's own telling values in wider words, in traces of one kind `only` where it is named; return how many.

        What was written in wider words before is only written anew from what stood there first, as at step 1.
        """
        made = 0
        self.step = max(self.step, step)
        asked = [key for key in self.own if only in ("", self.by_key[key].kind)]
        for key in [key for key in self._edits if not only or key in asked] if step else ():
            made += self._widen_again(key, attribute)
        for key in asked:
            for found in reversed(wider(self._texts[key], attribute, step=step)):
                if not self.is_free(key, (found.start, found.end)):
                    continue
                if not self.affords(len(words_of(self._texts[key][found.start : found.end]))):
                    continue
                self.put(key, (found.start, found.end), found.words, "generalize", attribute)
                made += 1
        return made

    def _widen_again(self, key: Key, attribute: str) -> int:
        """Write wider words anew, from what stood there first; return how many."""
        further = {(w.start, w.end): w.words for w in wider(self.by_key[key].text, attribute, step=1)}
        made = 0
        for span, edit in reversed(self._written(key)):
            words = further.get((edit.start, edit.end), edit.replacement)
            if edit.kind == "generalize" and words != edit.replacement:
                self.put(key, span, words, "generalize", attribute)
                made += 1
        return made


def _merged(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return the spans in order, those that overlap as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return tuple(merged)
