"""One text masked by itself: what stands beside a person's lines in an archive, such as a title or another's answer."""

from __future__ import annotations

from collections.abc import Collection

from personae.shield.identifiers import LABELS, find_identifiers
from personae.shield.pseudonyms import Pseudonyms


def masked(text: str, random_state: int = 0, *, only: Collection[str] = ()) -> str:
    """Return the text without identifiers; names get pseudonyms under the seed. `only` names the kinds that go, all by default.

    >>> masked("Reach me at ana@example.org.")
    'Reach me at [e-mail].'
    """
    found = [each for each in find_identifiers(text) if not only or each.kind in only]
    names = [(each.kind, text[each.start : each.end]) for each in found if each.kind not in LABELS]
    pseudonyms = Pseudonyms(names, random_state=random_state)
    for each in reversed(found):
        old = text[each.start : each.end]
        text = (
            text[: each.start] + (LABELS.get(each.kind) or pseudonyms.of(each.kind, old)) + text[each.end :]
        )
    return text
