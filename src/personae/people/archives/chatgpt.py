"""ChatGPT's data export: conversations as trees of messages.

Source: the field layout read from mohamed-chs/convoviz and d3i-infra/data-donation-task.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from personae.people.archives._json import json_items, json_keys, pointer_to, read_json
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

NAME = "chatgpt"
_MARKS = {"/*/mapping", "/conversations/*/mapping"}
_ROLES: dict[str, Role] = {"user": "self", "assistant": "assistant", "system": "system"}
_SPOKEN = {"text", "multimodal_text", "code"}


def detect(source: Source) -> float:
    """Return 1 when a file holds conversations with a `mapping`."""
    return 1.0 if any(_MARKS & json_keys(source, name) for name in _candidates(source)) else 0.0


def read(source: Source, options: Options) -> Iterator[Row]:
    """Yield the messages that were shown, and the owner's custom instructions as their profile.

    Messages on branches that an edit or a regeneration left behind keep their text; their thread ends in "#inactive".
    """
    person = _owner(source, options)
    for name in _candidates(source):
        if not _MARKS & json_keys(source, name):
            continue
        for row in json_items(source, name, "/*", "/conversations/*"):
            if isinstance(row, RowError):
                yield row
            else:
                pointer, conversation = row
                yield from _conversation(person, name, pointer, as_object(conversation), options)


def _candidates(source: Source) -> tuple[str, ...]:
    if len(source.names) == 1:
        return source.names
    return tuple(
        name
        for name in source.names
        if name.rpartition("/")[2].lower().startswith("conversations") and name.lower().endswith(".json")
    )


def _owner(source: Source, options: Options) -> str:
    for name in () if options.person else source.find("user.json"):
        if account := as_text(as_object(read_json(source, name)).get("id")):
            return owner(source, options, f"{NAME}:{account}")
    return owner(source, options)


def _conversation(
    person: str, name: str, pointer: str, conversation: dict[str, Any], options: Options
) -> Iterator[Row]:
    mapping = conversation.get("mapping")
    if not isinstance(mapping, dict):
        yield RowError(where(name, pointer), "a conversation without `mapping`")
        return
    thread = as_text(conversation.get("id") or conversation.get("conversation_id"))
    shown = _shown(mapping, conversation.get("current_node"))
    for ordinal, (key, node) in enumerate(mapping.items()):
        message = as_object(node).get("message")
        if message is None and isinstance(node, dict):
            continue  # the root
        place = where(name, pointer_to(f"{pointer}/mapping", key, ordinal))
        if not isinstance(message, dict):
            yield RowError(place, "a message that is not an object")
            continue
        branch = thread if key in shown else f"{thread}#inactive"
        yield _message(person, place, branch, message, conversation, options)


def _shown(mapping: dict[str, Any], leaf: object) -> set[str]:
    """Return the nodes from the current leaf up to the root; all of them where the leaf is not known."""
    shown: set[str] = set()
    while isinstance(leaf, str) and leaf in mapping and leaf not in shown:
        shown.add(leaf)
        leaf = as_object(mapping[leaf]).get("parent")
    return shown or set(mapping)


def _message(
    person: str,
    place: str,
    thread: str,
    message: dict[str, Any],
    conversation: dict[str, Any],
    options: Options,
) -> Row:
    metadata = as_object(message.get("metadata"))
    content = as_object(message.get("content"))
    if content.get("content_type") == "user_editable_context" or metadata.get("is_user_system_message"):
        return _instructions(person, place, content, metadata, conversation, options)
    role = _ROLES.get(as_text(as_object(message.get("author")).get("role")))
    if role is None:
        return RowError(place, "a tool's output")
    if metadata.get("is_visually_hidden_from_conversation"):
        return RowError(place, "a message that was not shown")
    if as_text(content.get("content_type")) not in _SPOKEN:
        return RowError(place, "a message that is not text")
    text = clean(_words(content), options)
    if not text.strip():
        return RowError(place, "no text")
    time = parse_time(message.get("create_time"))
    id = event_id(NAME, message.get("id"), time, text, place)
    return Trace(person, NAME, id, time, "message", role, thread, text, where=place)


def _instructions(
    person: str,
    place: str,
    content: dict[str, Any],
    metadata: dict[str, Any],
    conversation: dict[str, Any],
    options: Options,
) -> Row:
    """Return what the owner wrote about themselves and how to be answered; every conversation repeats it."""
    given = as_object(metadata.get("user_context_message_data"))
    about = as_text(given.get("about_user_message")) or as_text(content.get("user_profile"))
    wishes = as_text(given.get("about_model_message")) or as_text(content.get("user_instructions"))
    text = clean("\n".join(part for part in (about, wishes) if part), options)
    if not text.strip():
        return RowError(place, "no text")
    time = parse_time(conversation.get("create_time"))
    return Trace(
        person, NAME, event_id(NAME, None, None, text, "profile"), time, "profile", text=text, where=place
    )


def _words(content: dict[str, Any]) -> str:
    parts = as_array(content.get("parts"))
    spoken = [part if isinstance(part, str) else as_text(as_object(part).get("text")) for part in parts]
    return "\n".join(filter(None, spoken)) if parts else as_text(content.get("text"))
