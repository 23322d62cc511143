"""Where a quotation stands in a person's lines: exactly, but for case and spaces, or nearly, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz

from personae.infer.prompted._context import Shown
from personae.people.records import Evidence, Trace

NEAR = 88.0  # similarity, in percent, from which a passage counts as the quoted one
_SHORTEST_NEAR = 12  # characters; anything shorter is nearly found everywhere
_SHORTEST = 3
_LONGEST = 600
_ELLIPSIS = re.compile(r"\s*(?:\.{3}|…|\[\.\.\.\])\s*")

Span = tuple[int, int]


def evidence_of(
    quotes: Iterable[tuple[int | None, str]], lines: Sequence[Shown]
) -> tuple[tuple[Evidence, ...], int]:
    """Return the evidence that quotations stand for, in their order, and how many of them stand nowhere.

    Parameters
    ----------
    quotes : iterable of (line number or None, quoted words)
        A quotation is looked for in the line that the model named, then in all others; a line named without words counts
        as a whole.
    lines : sequence of Shown

    Returns
    -------
    evidence : tuple of Evidence
        Weights are equal: a model does not say how much of its guess a line carries.
    missing : int
    """
    by_number = {line.number: line for line in lines}
    found: dict[tuple[str, str], tuple[Trace, list[Span]]] = {}
    missing = 0
    for number, quote in quotes:
        named = by_number.get(number) if number is not None else None
        places = _find(quote, named, lines)
        if places is None:
            missing += 1
            continue
        trace, spans = places
        found.setdefault((trace.source, trace.id), (trace, []))[1].extend(spans)
    return tuple(
        Evidence(trace.id, trace.where, _merged(spans), 1 / len(found)) for trace, spans in found.values()
    ), missing


def _find(quote: str, named: Shown | None, lines: Sequence[Shown]) -> tuple[Trace, list[Span]] | None:
    parts = [part for part in _ELLIPSIS.split(quote.strip().strip("\"'“”‘’ ")[:_LONGEST]) if part]
    if sum(map(len, parts)) < _SHORTEST:
        return (named.trace, []) if named is not None and not parts else None
    first = [named.trace] if named is not None else []
    traces = list(
        {(trace.source, trace.id): trace for trace in (*first, *(line.trace for line in lines))}.values()
    )
    for search in (_exact, _near):
        for trace in traces:
            spans = [span for part in parts if (span := search(part, trace.text)) is not None]
            if len(spans) == len(parts):
                return trace, spans
    return None


def _exact(quote: str, text: str) -> Span | None:
    """Find the quote as whole words, letting case and spaces differ."""
    pattern = r"\s+".join(re.escape(word) for word in quote.split())
    match = re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE)
    return match.span() if match else None


def _near(quote: str, text: str) -> Span | None:
    if len(quote) < _SHORTEST_NEAR or len(text) < _SHORTEST_NEAR:
        return None
    flat, places = _flattened(text)
    wanted, _ = _flattened(quote)
    match = fuzz.partial_ratio_alignment(wanted, flat, score_cutoff=NEAR)
    if match is None or match.dest_end - match.dest_start < 0.7 * len(wanted):
        return None
    start, end = places[match.dest_start], places[match.dest_end - 1] + 1
    while start > 0 and text[start - 1 : start + 1].isalnum():  # to the ends of its words
        start -= 1
    while text[end - 1 : end + 1].isalnum() and end < len(text):
        end += 1
    return start, end


def _flattened(text: str) -> tuple[str, list[int]]:
    """Return the text in lower case with single spaces, and the place of each of its characters in the text."""
    places = [
        i for i, character in enumerate(text) if not (character.isspace() and text[i - 1 : i].isspace())
    ]
    lowered = (text[i].lower() for i in places)
    return "".join(" " if c.isspace() else c if len(c) == 1 else c[0] for c in lowered), places


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
