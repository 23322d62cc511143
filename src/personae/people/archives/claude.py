"""Claude's data export: conversations as flat lists of messages.

Source: the field layout read from AgileWorksZA/claude_export and Sinity/polylogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from personae.people.archives._json import json_items, json_keys
from personae.people.archives._source import Source
from personae.people.archives._text import (
    as_array,
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

NAME = "claude"
_MARK = "/*/chat_messages"
_ROLES: dict[str, Role] = {"human": "self", "assistant": "assistant"}


def detect(source: Source) -> float:
    """Return 1 when a file holds conversations with `chat_messages`."""
    return 1.0 if any(_MARK in json_keys(source, name) for name in _candidates(source)) else 0.0


def read(source: Source, options: Options) -> Iterator[Row]:
    """Yield the messages of every conversation, and what the assistant remembers as its own words about the owner."""
    person = _owner(source, options)
    for name in _candidates(source):
        if _MARK not in json_keys(source, name):
            continue
        for row in json_items(source, name, "/*"):
            if isinstance(row, RowError):
                yield row
            else:
                pointer, conversation = row
                yield from _conversation(person, name, pointer, as_object(conversation), options)
    for name in source.find("memories.json"):
        yield from _memories(person, source, name, options)


def _candidates(source: Source) -> tuple[str, ...]:
    return source.names if len(source.names) == 1 else source.find("conversations.json")


def _owner(source: Source, options: Options) -> str:
    for name in () if options.person else source.find("users.json"):
        for row in json_items(source, name, "/*"):
            account = "" if isinstance(row, RowError) else as_text(as_object(row[1]).get("uuid"))
            if account:
                return owner(source, options, f"{NAME}:{account}")
    return owner(source, options)


def _conversation(
    person: str, name: str, pointer: str, conversation: dict[str, Any], options: Options
) -> Iterator[Row]:
    messages = conversation.get("chat_messages")
    if not isinstance(messages, list):
        yield RowError(where(name, pointer), "a conversation without `chat_messages`")
        return
    thread = as_text(conversation.get("uuid"))
    for ordinal, message in enumerate(messages):
        place = where(name, f"{pointer}/chat_messages/{ordinal}")
        yield _message(person, place, thread, as_object(message), options)


def _message(person: str, place: str, thread: str, message: dict[str, Any], options: Options) -> Row:
    role = _ROLES.get(as_text(message.get("sender")))
    if role is None:
        return RowError(place, "a message without a sender")
    text = clean(_words(message), options)
    if not text.strip():
        return RowError(place, "no text")
    time = parse_time(message.get("created_at"))
    id = event_id(NAME, message.get("uuid"), time, text, place)
    return Trace(person, NAME, id, time, "message", role, thread, text, where=place)


def _words(message: dict[str, Any]) -> str:
    """Return the text blocks; the flat `text`, which also says where tools stood, only where there are none."""
    blocks = [as_object(block) for block in as_array(message.get("content"))]
    spoken = [as_text(block.get("text")) for block in blocks if block.get("type") == "text"]
    return "\n".join(filter(None, spoken)) or as_text(message.get("text"))


def _memories(person: str, source: Source, name: str, options: Options) -> Iterator[Row]:
    for row in json_items(source, name, "/*"):
        if isinstance(row, RowError):
            yield row
            continue
        pointer, memory = row
        place = where(name, pointer)
        text = clean(as_object(memory).get("conversations_memory"), options)
        if text.strip():
            id = event_id(NAME, None, None, text, place)
            yield Trace(person, NAME, id, None, "profile", "assistant", text=text, where=place)
        else:
            yield RowError(place, "no text")
