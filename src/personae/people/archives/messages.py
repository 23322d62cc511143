"""Chat messages as models are trained on: JSON lines or an array of `messages`, ShareGPT `conversations`, prompts, texts.

Source: the dataset formats of huggingface/trl.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from personae.people.archives._grouping import grouped
from personae.people.archives._json import json_keys, json_records
from personae.people.archives._source import Source
from personae.people.archives._text import (
    PROBES,
    as_object,
    as_text,
    clean,
    event_id,
    owner,
    parse_time,
    where,
)
from personae.people.archives.rows import Options, Row, RowError
from personae.people.records import Role, Trace

NAME = "messages"
_ROLES: dict[str, Role] = {
    "user": "self", "human": "self", "prompter": "self", "assistant": "assistant", "gpt": "assistant",
    "model": "assistant", "bot": "assistant", "chatgpt": "assistant", "system": "system",
}  # fmt: skip
_PERSON = ("person", "person_id", "user_id")
_TURNS = {"/messages/*/role", "/conversations/*/from", "/conversations/*/role", "/prompt/*/role"}
_STRINGS = {"/prompt", "/text"}
_TIMES = ("time", "timestamp", "created_at", "create_time")
_PLAIN = {
    "text",
    "prompt",
    "chosen",
    "rejected",
    "completion",
    "label",
    "score",
    "id",
    "meta",
    "metadata",
    "source",
}


def detect(source: Source) -> float:
    """Return how sure it is: turns with a role tell more than a lone `prompt` or `text`."""
    best = 0.0
    for name in _candidates(source)[:PROBES]:
        keys = _keys(source, name)
        best = max(best, 0.7 if keys & _TURNS else 0.3 if _is_prompts(keys) else 0.0)
    return best


def read(source: Source, options: Options) -> Iterator[Row]:
    """Yield every turn; what the user says is the person's own, and of paired answers the chosen one is the assistant's.

    Rows with `person`, `person_id` or `user_id` are told apart by it; others are the owner's.
    """
    rows = _rows(source, options)
    many = any({f"/{key}" for key in _PERSON} & _keys(source, name) for name in _candidates(source))
    return grouped(rows) if many else rows


def _candidates(source: Source) -> tuple[str, ...]:
    if len(source.names) == 1:
        return source.names
    return tuple(name for ending in (".jsonl", ".ndjson", ".json") for name in source.find_suffix(ending))


def _keys(source: Source, name: str) -> frozenset[str]:
    return frozenset(key.removeprefix("/*") for key in json_keys(source, name))


def _is_prompts(keys: frozenset[str]) -> bool:
    """Return whether the rows are prompts or texts and nothing else: another column may tell people apart."""
    columns = {key[1:] for key in keys if key.count("/") == 1}
    return bool(keys & _STRINGS) and columns <= _PLAIN.union(_TIMES, _PERSON)


def _rows(source: Source, options: Options) -> Iterator[Row]:
    for name in _candidates(source):
        keys = _keys(source, name)
        if not keys & _TURNS and not _is_prompts(keys):
            continue
        for row in json_records(source, name):
            if isinstance(row, RowError):
                yield row
            else:
                record = as_object(row[1])
                given = next((as_text(record[key]) for key in _PERSON if as_text(record.get(key))), "")
                yield from _record(given or owner(source, options), where(name, row[0]), record, options)


def _record(person: str, place: str, record: dict[str, Any], options: Options) -> Iterator[Row]:
    thread = as_text(record.get("id") or record.get("conversation_id")) or place
    start = _time(record)
    turns = _turns(record)
    if not turns:
        yield RowError(place, "neither `messages`, `conversations`, `prompt` nor `text`")
    for pointer, turn in turns:
        spot = f"{place}/{pointer}"
        role = _ROLES.get(as_text(turn.get("role") or turn.get("from")).lower())
        text = clean(_words(turn.get("content", turn.get("value"))), options)
        if role is None:
            yield RowError(spot, "a turn that is neither the user's, the assistant's nor the system's")
        elif not text.strip():
            yield RowError(spot, "no text")
        else:
            time = _time(turn) or start
            id = event_id(NAME, turn.get("id"), time, f"{spot}\n{text}", spot)
            yield Trace(person, NAME, id, time, "message", role, thread, text, where=spot)


def _turns(record: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the turns of a record, whatever its shape, as (JSON pointer below the record, turn)."""
    for key in ("messages", "conversations"):
        if isinstance(record.get(key), list):
            return _listed(key, record[key], "user")
    if "prompt" in record:
        answer = "chosen" if "chosen" in record else "completion"
        answered = _listed(answer, record.get(answer), "assistant")
        return _listed("prompt", record["prompt"], "user") + answered
    return _listed("text", record.get("text"), "user")


def _listed(key: str, value: object, role: str) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(value, list):
        return [(f"{key}/{ordinal}", as_object(turn)) for ordinal, turn in enumerate(value)]
    return [(key, {"role": role, "content": value})] if isinstance(value, str) else []


def _words(content: object) -> str:
    """Return the text of a turn, which may be split into typed parts."""
    if isinstance(content, list):
        return "\n".join(filter(None, (as_text(as_object(part).get("text")) for part in content)))
    return as_text(content)


def _time(record: dict[str, Any]) -> Any:
    return next((time for key in _TIMES if (time := parse_time(record.get(key)))), None)
