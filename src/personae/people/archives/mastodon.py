"""Mastodon archives: an ActivityStreams outbox, the actor, likes and bookmarks.

Source: the ActivityStreams 2.0 vocabulary and rtanglao/devdilettante-backups (README).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from personae.people.archives._json import json_items, json_keys, read_json
from personae.people.archives._source import Source
from personae.people.archives._text import (
    as_array,
    as_object,
    as_text,
    clean,
    event_id,
    html_to_text,
    owner,
    parse_time,
    where,
)
from personae.people.archives.rows import Options, Row, RowError
from personae.people.records import Item, Kind, Trace, trace_id

NAME = "mastodon"
_MARK = "/orderedItems"
_PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
_FOLLOWERS = "/followers"


def detect(source: Source) -> float:
    """Return 1 when a file is an ActivityStreams collection with `orderedItems`."""
    return 1.0 if any(_MARK in json_keys(source, name) for name in _candidates(source)) else 0.0


def read(source: Source, options: Options) -> Iterator[Row]:
    """Yield the owner's profile, posts, boosts, likes and bookmarks.

    A boost, a like and a bookmark are acts on another's text: they have an item and no text.
    """
    actor, errors = _actor(source)
    yield from errors
    address = as_text(actor.get("id"))
    person = owner(source, options, f"{NAME}:{address}" if address else "")
    for name in source.find("actor.json")[:1]:
        yield from _profile(person, name, actor, options)
    for name in _candidates(source):
        if _MARK not in json_keys(source, name):
            continue
        kind = name.rpartition("/")[2].lower().removesuffix(".json")
        for row in json_items(source, name, "/orderedItems/*"):
            if isinstance(row, RowError):
                yield row
            elif isinstance(row[1], str):
                yield _liked(person, kind, where(name, row[0]), row[1])
            else:
                yield _activity(person, where(name, row[0]), as_object(row[1]), options)


def _candidates(source: Source) -> tuple[str, ...]:
    return (
        source.names if len(source.names) == 1 else source.find("outbox.json", "likes.json", "bookmarks.json")
    )


def _actor(source: Source) -> tuple[dict[str, Any], list[Row]]:
    for name in source.find("actor.json"):
        actor = read_json(source, name)
        return ({}, [actor]) if isinstance(actor, RowError) else (as_object(actor), [])
    return {}, []


def _profile(person: str, name: str, actor: dict[str, Any], options: Options) -> Iterator[Row]:
    """Yield the owner's description of themselves: the summary, then each field they filled in."""
    said = [("/summary", html_to_text(as_text(actor.get("summary"))))]
    for ordinal, field in enumerate(as_array(actor.get("attachment"))):
        pair = (as_text(as_object(field).get("name")), html_to_text(as_text(as_object(field).get("value"))))
        said.append((f"/attachment/{ordinal}", ": ".join(filter(None, pair))))
    for pointer, words in said:
        if text := clean(words, options):
            id = trace_id(NAME, "profile", text)
            yield Trace(person, NAME, id, None, "profile", text=text, where=where(name, pointer))


def _activity(person: str, place: str, activity: dict[str, Any], options: Options) -> Row:
    time = parse_time(activity.get("published"))
    about = activity.get("object")
    if activity.get("type") == "Announce" and isinstance(about, str):
        id = event_id(NAME, activity.get("id"), time, about, place)
        return Trace(person, NAME, id, time, "post", item=Item(as_text(about)), where=place)
    note = as_object(about)
    if activity.get("type") != "Create" or not note:
        return RowError(place, "an activity that is neither a post nor a boost")
    warning, body = as_text(note.get("summary")), html_to_text(as_text(note.get("content")))
    text = clean("\n\n".join(filter(None, (warning, body))), options)
    if not text.strip():
        return RowError(place, "no text")
    answered = as_text(note.get("inReplyTo"))
    id = event_id(NAME, note.get("id"), time, text, place)
    return Trace(person, NAME, id, time, _kind(activity, answered), "self", answered, text, where=place)


def _kind(activity: dict[str, Any], answered: str) -> Kind:
    """Return "message" for a post that only those mentioned can read."""
    readers = [
        as_text(reader)
        for field in ("to", "cc")
        for reader in as_array(activity.get(field)) or [activity.get(field)]
    ]
    if any(readers) and not any(reader == _PUBLIC or reader.endswith(_FOLLOWERS) for reader in readers):
        return "message"
    return "comment" if answered else "post"


def _liked(person: str, kind: str, place: str, address: str) -> Row:
    about = as_text(address)
    if not about:
        return RowError(place, "no address")
    thread = kind if kind == "bookmarks" else ""
    id = trace_id(NAME, kind, about)
    return Trace(person, NAME, id, None, "like", "self", thread, "", Item(about), where=place)
