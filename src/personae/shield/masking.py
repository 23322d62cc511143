"""A text masked: identifiers by their labels, the names of people by their pseudonyms."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from personae.shield.identifiers import LABELS, Identifier, find_identifiers
from personae.shield.names import Named
from personae.shield.pseudonyms import Pseudonyms


class Replaced(NamedTuple):
    """A part of a text, (start, end), the words for it, and whether they are a pseudonym."""

    start: int
    end: int
    words: str
    is_name: bool


class Masker:
    """Masks texts by one set of pseudonyms.

    Parameters
    ----------
    pseudonyms : Pseudonyms
    named : Named
        Finds those whom the archive names.
    found : mapping of str to str
        Names that the texts themselves introduce, as they stand there, each with the name that it is part of.
    """

    def __init__(self, pseudonyms: Pseudonyms, named: Named, found: Mapping[str, str] | None = None) -> None:
        self.pseudonyms, self.named, self.found = pseudonyms, named, found or {}
        ranked = sorted(self.found, key=len, reverse=True)
        any_of = "|".join(map(re.escape, ranked))
        self._again = re.compile(rf"(?<!\w)(?:{any_of})(?!\w)") if ranked else None

    def __call__(self, text: str, *, only: Collection[str] = ()) -> str:
        """Return the text masked; of identifiers only those of the kinds named, all by default."""
        found = [each for each in find_identifiers(text) if not only or each.kind in only]
        for start, end, words, _ in reversed(self.replaced(text, found)):
            text = text[:start] + words + text[end:]
        return text

    def replaced(self, text: str, identifiers: Sequence[Identifier]) -> list[Replaced]:
        """Return what changes, in order: identifiers, then names that stand beside them, then handles of others."""
        kept: list[Replaced] = []
        for each in self._hits(text, identifiers):
            if all(each.end <= other.start or each.start >= other.end for other in kept):
                kept.append(each)
        return sorted(each for each in kept if each.words != text[each.start : each.end])

    def _hits(self, text: str, identifiers: Sequence[Identifier]) -> Iterator[Replaced]:
        for start, end, kind in ((i.start, i.end, i.kind) for i in identifiers if i.kind != "handle"):
            old = text[start:end]
            new = LABELS.get(kind) or self.pseudonyms.of(kind, self.found.get(old, old))
            yield Replaced(start, end, new, kind not in LABELS)
        for (start, end), name in self.named.find(text):
            yield Replaced(start, end, self.pseudonyms.of("name", name), True)
        for match in self._again.finditer(text) if self._again else ():
            yield Replaced(*match.span(), self.pseudonyms.of("name", self.found[match[0]]), True)
        for each in identifiers:
            if each.kind == "handle":
                handle = text[each.start : each.end]
                yield Replaced(each.start, each.end, self.pseudonyms.of("handle", handle), True)


def masked(text: str, random_state: int = 0) -> str:
    """Return one text by itself without identifiers; names get pseudonyms under the seed.

    >>> masked("Reach me at ana@example.org.")
    'Reach me at [e-mail].'
    """
    return Masker(Pseudonyms(random_state=random_state), Named((), ()))(text)
