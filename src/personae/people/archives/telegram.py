"""Telegram Desktop's JSON export, `result.json`: one chat, or all chats of an account.

Owner, the first rule that settles it:
    1. the sender whose name or id is `Options.person`;
    2. the account whose `personal_information` the export holds;
    3. the sender in "Saved messages", or the one in a personal chat who is not the chat's other side;
    4. nobody: every sender is a person of their own, and what each wrote is "self".
Forwarded messages and those made through a bot are another's words, whoever sent them: role "other".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from personae.errors import BadInput
from personae.people.archives._grouping import grouped
from personae.people.archives._json import json_items, json_keys
from personae.people.archives._source import Source, printable
from personae.people.archives._text import (
    as_array,
    as_object,
    as_text,
    clean,
    likely,
    owner,
    parse_time,
    where,
)
from personae.people.archives.rows import Options, Row, RowError
from personae.people.records import Role, Trace, person_id, trace_id

NAME = "telegram"
_MARKS = frozenset(
    (
        "/messages/*/from_id",
        "/messages/*/date_unixtime",
        "/messages/*/actor_id",
        "/chats/list/*/messages/*/from_id",
        "/personal_information/user_id",
        "/frequent_contacts/list",
    )
)
_CHATS = ("", "/chats/list/*", "/left_chats/list/*")
_INFORMATION = "/personal_information/user_id", "/personal_information/bio"
_PATTERNS = (*_INFORMATION, *(f"{chat}/{key}" for chat in _CHATS for key in ("id", "type", "messages/*")))


@dataclass(frozen=True, slots=True)
class _Chat:
    """The chat that messages stand in; `pointer` is its place in the file."""

    pointer: str = ""
    id: str = ""
    type: str = ""


def detect(source: Source) -> float:
    """Return how sure this is a Telegram export: by the keys of its messages or of the account."""
    return 0.95 if any(_files(source)) else 0.0


def read(source: Source, options: Options) -> Iterator[Row]:
    """Yield a trace for each message with words and for the account's biography, an error for each other row.

    Raises
    ------
    BadInput
        When `options.person` names nobody in the export, and no other rule tells the owner.
    """
    names = tuple(_files(source))
    owning = _owner(source, names, options)
    rows = _rows(source, names, owning, options)
    yield from rows if owning else grouped(rows)


def _rows(source: Source, names: tuple[str, ...], owning: str, options: Options) -> Iterator[Row]:
    person = owner(source, options, owning) if owning else ""
    for name in names:
        for row in _values(source, name):
            if isinstance(row, RowError):
                yield row
                continue
            pointer, value, chat = row
            place = where(name, pointer)
            if chat is not None:
                yield _message(as_object(value), chat, place, owning, person, options)
            elif pointer.endswith("/bio") and person and (text := clean(value, options).strip()):
                yield Trace(person, NAME, trace_id(NAME, "bio"), kind="profile", text=text, where=place)


def _files(source: Source) -> Iterator[str]:
    return (name for name in likely(source, ".json", "result") if json_keys(source, name) & _MARKS)


def _values(source: Source, name: str) -> Iterator[tuple[str, Any, _Chat | None] | RowError]:
    """Yield (pointer, value, chat) for messages, (pointer, value, None) for what is said about the account."""
    chat = _Chat()
    for row in json_items(source, name, *_PATTERNS):
        if isinstance(row, RowError):
            yield row
            continue
        pointer, value = row
        if pointer in _INFORMATION:
            yield pointer, value, None
            continue
        parent, _, key = pointer.rpartition("/")
        home = parent.removesuffix("/messages")
        if home != chat.pointer:
            chat = _Chat(home)
        if key == "id":
            chat = _Chat(home, as_text(value), chat.type)
        elif key == "type":
            chat = _Chat(home, chat.id, as_text(value))
        else:
            yield pointer, value, chat


def _message(
    message: dict[str, Any], chat: _Chat, place: str, owning: str, person: str, options: Options
) -> Row:
    if as_text(message.get("type")) != "message":
        return RowError(place, "a line that Telegram wrote itself")
    sender = _sender(message)
    if not sender:
        return RowError(place, "a message without a sender")
    text = _words(message.get("text")) or _words(message.get("text_entities"))
    if not text.strip():
        return RowError(place, "media without words")
    is_theirs = any(
        message.get(key) for key in ("forwarded_from", "forwarded_from_id", "saved_from", "via_bot")
    )
    role: Role = "other" if is_theirs or (owning and sender != owning) else "self"
    time = parse_time(message.get("date_unixtime")) or parse_time(message.get("date"))
    number = as_text(message.get("id"))
    return Trace(
        person=person or person_id(sender),
        source=NAME,
        id=trace_id(NAME, chat.id or chat.pointer, number or (time, sender, text)),
        time=time,
        role=role,
        thread=trace_id(NAME, chat.id or chat.pointer),
        text=clean(text, options).strip(),
        where=place,
    )


def _sender(message: dict[str, Any]) -> str:
    """Return the sender's id in one spelling: older exports have bare numbers."""
    sender = as_text(message.get("from_id"))
    return f"user{sender}" if sender.isdigit() else sender or as_text(message.get("from"))


def _words(text: object) -> str:
    """Return a text, or the joined parts of one: strings and objects such as {"type": "link", "text": ...}."""
    if not isinstance(text, list):
        return as_text(text)
    return "".join(
        as_text(as_object(part).get("text")) if isinstance(part, dict) else as_text(part)
        for part in as_array(text)
    )


def _owner(source: Source, names: tuple[str, ...], options: Options) -> str:
    """Return the owner's sender id, empty where no rule tells; reads no further than it must."""
    wanted = options.person.casefold().strip()
    told, n_messages = "", 0
    for name in names:
        for row in _values(source, name):
            if isinstance(row, RowError):
                continue
            pointer, value, chat = row
            if chat is None:
                if pointer.endswith("/user_id") and as_text(value):
                    told = told or f"user{as_text(value)}"
            else:
                message = as_object(value)
                sender = _sender(message)
                n_messages += 1
                if wanted and wanted in (sender.casefold(), as_text(message.get("from")).casefold().strip()):
                    return sender
                if sender and _is_own(chat, sender):
                    told = told or sender
            if told and not wanted:
                return told
    if wanted and n_messages and not told:
        raise BadInput(
            f"{printable(source.path.name)}: no sender has the name given as person. "
            f"Write the name as the chats show it, or leave it out."
        )
    return told


def _is_own(chat: _Chat, sender: str) -> bool:
    if chat.type == "saved_messages":
        return True
    return (
        chat.type == "personal_chat"
        and chat.id != ""
        and sender.startswith("user")
        and sender != f"user{chat.id}"
    )
