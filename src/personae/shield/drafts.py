"""A text under edit: what was replaced, in the offsets of the text as it was, and how the text reads now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, astuple, dataclass
from typing import Literal

Kind = Literal["mask", "pseudonym", "generalize", "cut", "drop", "model"]
KINDS: tuple[Kind, ...] = ("mask", "pseudonym", "generalize", "cut", "drop", "model")


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement in one trace. It holds no word of what stood there.

    Parameters
    ----------
    source, trace, where : str
        The trace's source, id and place.
    start, end : int
        Character offsets into the trace's text as it was.
    replacement : str
    kind : one of KINDS
    attribute : str
        What it was made for; empty for identifiers.
    """

    source: str
    trace: str
    where: str
    start: int
    end: int
    replacement: str
    kind: Kind
    attribute: str = ""

    @property
    def old_length(self) -> int:
        return self.end - self.start

    def as_json(self) -> dict[str, object]:
        return {
            "trace": self.trace,
            "where": self.where,
            "span": [self.start, self.end],
            "replacement": self.replacement,
            "kind": self.kind,
            "attribute": self.attribute,
        }


@dataclass(frozen=True, slots=True)
class Rewrites:
    """What came of asking the model: lines that stand as it wrote them, replies and lines of no use, and lines that were refused.

    Refused is what brings in an identifier, or lets the attacker tell more than before; of those lines the telling words go.
    """

    written: int = 0
    unusable: int = 0
    refused: int = 0

    def __add__(self, other: Rewrites) -> Rewrites:
        return Rewrites(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def as_json(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text as it reads now: kept (edit None) or replaced, with its span then and now."""

    old: tuple[int, int]
    new: tuple[int, int]
    edit: Edit | None


def pieces(text: str, edits: Iterable[Edit]) -> Iterator[Piece]:
    """Yield kept and replaced parts in order; edits must be in order and must not overlap."""
    at = now = 0
    for edit in edits:
        if at < edit.start:
            yield Piece((at, edit.start), (now, now + edit.start - at), None)
            now += edit.start - at
        yield Piece((edit.start, edit.end), (now, now + len(edit.replacement)), edit)
        at, now = edit.end, now + len(edit.replacement)
    if at < len(text):
        yield Piece((at, len(text)), (now, now + len(text) - at), None)


def rendered(text: str, edits: Iterable[Edit]) -> str:
    """Return the text with its edits made.

    >>> rendered("I live in Porto.", [Edit("t", "1", "", 10, 15, "a city", "generalize")])
    'I live in a city.'
    """
    parts = (
        piece.edit.replacement if piece.edit else text[slice(*piece.old)] for piece in pieces(text, edits)
    )
    return "".join(parts)


def edited(text: str, edits: tuple[Edit, ...], span: tuple[int, int], made: Edit) -> tuple[Edit, ...]:
    """Return the edits with one more: `span`, an interval of the text as it reads now, becomes `made.replacement`.

    Where the span touches earlier edits the new one takes them in, with what they replaced outside the span kept.
    `made.start` and `made.end` are not read.
    """
    start, end = span
    parts = list(pieces(text, edits))
    touched = [p for p in parts if p.new[0] < end and start < p.new[1]] or [
        p for p in parts if p.new[0] <= start <= p.new[1]
    ][:1]
    first, last = touched[0], touched[-1]
    begins, before = _edge(first, start, at_start=True)
    ends, after = _edge(last, end, at_start=False)
    new = Edit(
        made.source,
        made.trace,
        made.where,
        begins,
        ends,
        before + made.replacement + after,
        made.kind,
        made.attribute,
    )
    kept = [edit for edit in edits if edit.end <= begins or edit.start >= ends]
    kept = [edit for edit in kept if not begins <= edit.start <= edit.end <= ends]
    return tuple(sorted((*kept, new), key=lambda edit: edit.start))


def _edge(piece: Piece, at: int, *, at_start: bool) -> tuple[int, str]:
    """Return the offset in the old text that a place in the new one stands for, and the replaced words to keep there."""
    inside = at - piece.new[0]
    if piece.edit is None:
        return piece.old[0] + inside, ""
    words = piece.edit.replacement
    return (piece.old[0], words[:inside]) if at_start else (piece.old[1], words[inside:])
