"""Traces and claims as columns, and rows as traces and claims: the one place that knows how a store spells them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.people.records import Claim, Evidence, Guess, Item, Trace

_LONE = re.compile("[\ud800-\udfff]")
TRACE = (
    'person, source, id, time, kind, role, thread, text, item_id, item_title, item_creator, value, "where"'
)
INSERT_TRACES = f"""
INSERT OR IGNORE INTO traces ({TRACE}, place)
SELECT person, source, id, time, kind, role, thread, text,
       CASE WHEN about THEN item_id END, CASE WHEN about THEN item_title END, CASE WHEN about THEN item_creator END,
       value, spot, place + (SELECT coalesce(max(place) + 1, 0) FROM traces)
FROM new_traces RETURNING person
"""  # OR IGNORE does not keep the order of its rows, hence `place`
CLAIM = (
    "person, attribute, guesses, status, abstained, method, evidence, model, time, valid_from, valid_to, "
    "purpose, decision, superseded_by"
)
INSERT_CLAIMS = f"""
INSERT INTO claims (place, id, {CLAIM})
SELECT place, id, person, attribute, guesses::JSON::STRUCT(value VARCHAR, probability DOUBLE)[], status, abstained,
       method, evidence::JSON::STRUCT(trace VARCHAR, "where" VARCHAR, spans BIGINT[][], weight DOUBLE)[],
       model, time, valid_from, valid_to, purpose, decision, superseded_by
FROM new_claims
"""


def whole(text: str) -> str:
    """Return the text with every lone surrogate replaced by U+FFFD: UTF-8 has none, and spans keep their offsets.

    >>> whole("cut \\ud83d emoji") == "cut \\ufffd emoji"
    True
    """
    return text if text.isascii() else _LONE.sub("\ufffd", text)


def keys(texts: Iterable[str]) -> NDArray[Any]:
    """Return the keys as an array of shape (n_texts,)."""
    return np.array([key(text) for text in texts], dtype=object)


def key(text: str) -> str:
    """Return the key (a person, a source, an id) with every lone surrogate spelled out, so that two keys stay two.

    >>> key("a\\ud83d")
    'a\\\\ud83d'
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def trace_columns(traces: Sequence[Trace]) -> dict[str, NDArray[Any]]:
    """Return the traces as one array a column, each of shape (n_traces,); of two with one key the first.

    A time must be timezone-aware and is kept as UTC, microseconds; a value that is not finite is kept as none.
    """
    traces = _first_of_each(traces)
    items = [trace.item or _NO_ITEM for trace in traces]
    values = np.array([np.nan if t.value is None else t.value for t in traces], dtype=np.float64)
    return {
        "person": _strings([t.person for t in traces], key),
        "source": _strings([t.source for t in traces], key),
        "id": _strings([t.id for t in traces], key),
        "time": _times([t.time for t in traces], [t.where for t in traces]),
        "kind": _strings([t.kind for t in traces], whole),
        "role": _strings([t.role for t in traces], whole),
        "thread": _strings([t.thread for t in traces], whole),
        "text": _strings([t.text for t in traces], whole),
        "about": np.array([t.item is not None for t in traces]),
        "item_id": _strings([item.id for item in items], whole),
        "item_title": _strings([item.title for item in items], whole),
        "item_creator": _strings([item.creator for item in items], whole),
        "value": np.where(np.isfinite(values), values, np.nan),
        "spot": _strings([t.where for t in traces], whole),
        "place": np.arange(len(traces)),
    }


def trace_of(row: Sequence[Any]) -> Trace:
    """Return the trace of one row of `TRACE`."""
    item = None if row[8] is None else Item(row[8], row[9], row[10])
    return Trace(
        row[0], row[1], row[2], aware(row[3]), row[4], row[5], row[6], row[7], item, row[11], row[12]
    )  # fmt: skip


def aware(time: datetime | None) -> datetime | None:
    """Return a time of the store, which is UTC, as a timezone-aware one."""
    return None if time is None else time.replace(tzinfo=UTC)


def mended(claim: Claim) -> Claim:
    """Return the claim as the store can hold it: lone surrogates gone from its keys and texts."""
    return replace(
        claim,
        person=key(claim.person),
        attribute=key(claim.attribute),
        method=key(claim.method),
        model=key(claim.model),
        guesses=tuple(Guess(whole(guess.value), guess.probability) for guess in claim.guesses),
        evidence=tuple(replace(e, trace=key(e.trace), where=whole(e.where)) for e in claim.evidence),
    )


def claim_columns(placed: Iterable[tuple[int, Claim]]) -> dict[str, NDArray[Any]]:
    """Return the claims, each with its place in its profile, as one array a column, each of shape (n_claims,)."""
    places, claims = zip(*placed, strict=True)
    where = [f"claim about {claim.attribute!r}" for claim in claims]
    strings = (
        "id",
        "person",
        "attribute",
        "status",
        "method",
        "model",
        "purpose",
        "decision",
        "superseded_by",
    )
    return {
        "place": np.array(places, dtype=np.int32),
        "abstained": np.array([claim.abstained for claim in claims], dtype=bool),
        "guesses": np.array([_guesses(claim) for claim in claims], dtype=object),
        "evidence": np.array([_evidence(claim) for claim in claims], dtype=object),
        **{name: _strings([getattr(claim, name) for claim in claims], whole) for name in strings},
        **{name: _times([getattr(claim, name) for claim in claims], where) for name in _CLAIM_TIMES},
    }


def claim_of(row: Sequence[Any]) -> Claim:
    """Return the claim of one row of `CLAIM`."""
    guesses = tuple(Guess(guess["value"], guess["probability"]) for guess in row[2])
    evidence = tuple(
        Evidence(e["trace"], e["where"], tuple((start, end) for start, end in e["spans"]), e["weight"])
        for e in row[6]
    )
    return Claim(
        row[0], row[1], guesses, row[3], row[4], row[5], evidence, row[7],
        aware(row[8]), aware(row[9]), aware(row[10]), *row[11:],
    )  # fmt: skip


_NO_ITEM = Item()
_CLAIM_TIMES = ("time", "valid_from", "valid_to")


def _first_of_each(traces: Sequence[Trace]) -> list[Trace]:
    first: dict[tuple[str, str, str], Trace] = {}
    for trace in traces:
        first.setdefault((trace.person, trace.source, trace.id), trace)
    return list(first.values())


def _strings(values: list[str], mend: Callable[[str], str]) -> NDArray[Any]:
    try:
        "".join(values).encode()
    except UnicodeEncodeError:
        values = [mend(value) for value in values]
    return np.array(values, dtype=object)


def _times(times: Sequence[datetime | None], where: Sequence[str]) -> NDArray[Any]:
    return np.array(
        [None if time is None else _utc(time, spot) for time, spot in zip(times, where, strict=True)],
        dtype="datetime64[us]",
    )


def _utc(time: datetime, where: str) -> datetime:
    if time.tzinfo is UTC:
        return time.replace(tzinfo=None)
    if time.tzinfo is None:
        raise BadInput(f"{where}: a time without a timezone. Times are timezone-aware; make it UTC.")
    try:
        return time.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        raise BadInput(f"{where}: a time outside the years 1 to 9999 in UTC. Leave the time out.") from None


def _guesses(claim: Claim) -> str:
    return json.dumps([{"value": guess.value, "probability": guess.probability} for guess in claim.guesses])


def _evidence(claim: Claim) -> str:
    rows = [
        {"trace": e.trace, "where": e.where, "spans": e.spans, "weight": e.weight} for e in claim.evidence
    ]
    try:
        return json.dumps(rows, allow_nan=False)
    except ValueError:
        pass
    raise BadInput(f"A claim about {claim.attribute!r} has evidence whose weight is not a finite number.")
