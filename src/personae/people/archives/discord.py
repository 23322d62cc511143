"""Discord's data package: `messages/c<id>/messages.json` or the older `messages.csv`, own messages only.

A message in a server has the channel as its item, with the server's name as creator; names of direct messages are other
people's and are dropped. What Discord itself predicts about the account (`activity/`) is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from personae.people.archives._json import json_items, json_keys, read_json
from personae.people.archives._source import Source
from personae.people.archives._text import (
    as_object,
    as_text,
    clean,
    csv_header,
    csv_rows,
    likely,
    owner,
    parse_time,
    where,
)
from personae.people.archives.rows import Options, Row, RowError
from personae.people.records import Item, Trace, trace_id

NAME = "discord"


def detect(source: Source) -> float:
    """Return how sure this is a Discord package: by the columns `Contents` and `Timestamp` of its messages."""
    return 0.95 if next(_files(source), None) else 0.0


def read(source: Source, options: Options) -> Iterator[Row]:
    """Yield a trace for each message with words, an error for each other row."""
    person = owner(source, options, _account(source))
    for name in _files(source):
        thread, item = _channel(source, name)
        for row in _rows(source, name):
            if isinstance(row, RowError):
                yield row
                continue
            place, message = row
            text = clean(message.get("contents"), options).strip()
            if not text:
                yield RowError(place, "attachments without words")
                continue
            time = parse_time(message.get("timestamp"))
            yield Trace(
                person=person,
                source=NAME,
                id=as_text(message.get("id")) or trace_id(NAME, thread, time, text),
                time=time,
                thread=thread,
                text=text,
                item=item,
                where=place,
            )


def _files(source: Source) -> Iterator[str]:
    for name in likely(source, ".json", "messages.json"):
        if {"/*/Contents", "/*/Timestamp"} <= json_keys(source, name):
            yield name
    for name in likely(source, ".csv", "messages.csv"):
        if {"id", "timestamp", "contents"} <= set(csv_header(source, name)):
            yield name


def _account(source: Source) -> str:
    """Return the account's number from `account/user.json`, empty without one."""
    for name in source.find("user.json"):
        user = as_object(read_json(source, name))
        if "username" in user and as_text(user.get("id")):
            return as_text(user["id"])
    return ""


def _channel(source: Source, name: str) -> tuple[str, Item | None]:
    """Return a channel's id and, where it belongs to a server, the channel as an item."""
    folder = PurePosixPath(name).parent
    about = str(folder / "channel.json")
    channel = as_object(read_json(source, about)) if about in source.names else {}
    id = as_text(channel.get("id")) or folder.name.removeprefix("c") or trace_id(NAME, name)
    server = as_text(as_object(channel.get("guild")).get("name"))
    return id, Item(id, as_text(channel.get("name")), server) if server else None


def _rows(source: Source, name: str) -> Iterator[tuple[str, dict[str, Any]] | RowError]:
    """Yield (place, message with lower-case keys) from either layout."""
    if name.lower().endswith(".csv"):
        for row in csv_rows(source, name):
            yield row if isinstance(row, RowError) else (where(name, row[0]), row[1])
        return
    for entry in json_items(source, name, "/*"):
        if isinstance(entry, RowError):
            yield entry
        else:
            message = as_object(entry[1])
            yield where(name, entry[0]), {key.lower(): value for key, value in message.items()}
