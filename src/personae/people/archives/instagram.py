"""Instagram's and Messenger's exports in JSON: messages, comments, posts, likes, follows, searches and the profile.

Owner of the messages, the first rule that settles it:
    1. the sender that `Options.person` names;
    2. the name in the profile (`personal_information`, `profile_information`), where it sends messages;
    3. the only participant that several conversations share;
    4. nobody: every sender is a person of their own, and what each wrote is "self".
Everything but messages is the owner's under any rule. What Meta itself infers (`ads_interests`, `your_topics`) is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from personae.errors import BadInput
from personae.people.archives._grouping import grouped
from personae.people.archives._json import json_items, json_keys
from personae.people.archives._meta_fields import Field, fields, first, repaired, time_of
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
from personae.people.records import Item, Kind, Role, Trace, person_id, trace_id

NAME = "instagram"

_HINTS = (
    "message", "comment", "post", "like", "saved", "following", "search", "personal_information", "profile_information",
)  # fmt: skip
_MESSAGES = frozenset(("/messages/*/sender_name", "/messages/*/senderName"))
_SECTIONS: dict[str, Kind] = {  # key of the array: what its entries are
    "comments_media_comments": "comment",
    "comments_reels_comments": "comment",
    "comments_v2": "comment",
    "likes_media_likes": "like",
    "likes_comment_likes": "like",
    "story_activities_story_likes": "like",
    "saved_saved_media": "like",
    "relationships_following": "follow",
    "searches_user": "search",
    "searches_keyword": "search",
    "searches_v2": "search",
    "profile_user": "profile",
}
_BARE: tuple[tuple[str, str, Kind], ...] = (  # part of the file's name, a key of its entries, what they are
    ("comment", "/*/string_map_data", "comment"),
    ("liked", "/*/label_values", "like"),
    ("liked", "/*/string_list_data", "like"),
    ("story_likes", "/*/label_values", "like"),
    ("saved", "/*/label_values", "like"),
    ("following", "/*/string_list_data", "follow"),
    ("post", "/*/media", "post"),
    ("post", "/*/data/*/post", "post"),
)
_COMMENT = (
    "comment",
    "opmerking",
    "kommentar",
    "comentario",
    "comentário",
    "commentaire",
    "commento",
    "reactie",
)
_HANDLE = (
    "username", "author", "gebruikersnaam", "benutzername", "nombre de usuario", "nom d’utilisateur", "nome utente",
    "nome de usuário",
)  # fmt: skip
_DISPLAY = ("name", "naam", "nombre", "nom", "nome")
_PROFILE = (
    "bio", "gender", "date of birth", "geslacht", "geboortedatum", "geschlecht", "geburtsdatum", "género", "gênero",
    "sexo", "fecha de nacimiento", "genre", "date de naissance", "genere", "data di nascita", "data de nascimento",
)  # fmt: skip
_NOTE = re.compile(
    r"(?:Liked a message|Reacted .{1,12} to your message|.{1,60} sent an attachment\.|.{1,60} (?:started|missed|ended) a"
    r" (?:video|audio|voice)? ?(?:chat|call).{0,20}|This message was unsent.{0,20}|.{1,60} unsent a message)\s*\Z"
)
_EVENTS = frozenset(("Subscribe", "Unsubscribe", "Call"))
_PART = re.compile(r"message_\d+\.json\Z")


@dataclass(frozen=True, slots=True)
class _Account:
    """Whose archive this is: the owner's name among senders, empty where no rule tells, and the id of the owner."""

    owning: str
    person: str
    source: str
    options: Options


def detect(source: Source) -> float:
    """Return how sure this is Meta's: by the keys of messages, comments, likes or the profile."""
    return 0.9 if next(_files(source), None) else 0.0


def read(source: Source, options: Options) -> Iterator[Row]:
    """Yield a trace for each message, comment, post, search, like and follow, an error for each other row.

    Raises
    ------
    BadInput
        When `options.person` names nobody in the messages, and no other rule tells the owner.
    """
    files = tuple(_files(source))
    chats = [name for name, kind in files if kind == "message"]
    names = _profile_names(source)
    owning = _owner(source, chats, names, options)
    person = owner(source, options, owning or next(iter(names), ""))
    account = _Account(owning, person, _platform(source), options)
    rows = (
        row
        for name, kind in files
        for row in (_messages if kind == "message" else _entries)(source, name, kind, account)
    )
    yield from rows if owning else grouped(rows)


def _files(source: Source) -> Iterator[tuple[str, Kind]]:
    for name in likely(source, ".json", *_HINTS):
        keys = json_keys(source, name)
        if keys & _MESSAGES:
            yield name, "message"
            continue
        sections = [kind for key, kind in _SECTIONS.items() if f"/{key}" in keys]
        bare = [kind for part, key, kind in _BARE if key in keys and part in PurePosixPath(name).name.lower()]
        if sections or bare:
            yield name, (sections or bare)[0]


def _platform(source: Source) -> str:
    marks = ("facebook", "messenger")
    return (
        "messenger"
        if any(mark in name.lower() for name in (source.path.name, *source.names) for mark in marks)
        else NAME
    )


def _profile_names(source: Source) -> tuple[str, ...]:
    """Return what may be the owner's name, display name first, from Instagram's or Facebook's profile file."""
    patterns = ("/profile_user/*", "/profile_v2/name/full_name", "/profile_v2/username")
    names: list[str] = []
    for name in likely(source, ".json", "personal_information", "profile_information", others=0):
        for row in json_items(source, name, *patterns):
            if isinstance(row, RowError):
                continue
            found = fields(as_object(row[1])) or (Field("name", repaired(row[1])),)
            ranked = sorted(
                found, key=lambda f: (not f.label.startswith("name"), not f.label.startswith("user"))
            )
            names += [field.value for field in ranked if field.value]
    return tuple(dict.fromkeys(names))


def _owner(source: Source, chats: list[str], names: tuple[str, ...], options: Options) -> str:
    """Return the owner's name among the participants, empty where no rule tells."""
    threads: dict[str, set[str]] = {}
    for name in chats:
        thread = _thread(name)
        if thread not in threads:
            threads[thread] = _participants(source, name)
    everyone = set().union(*threads.values())
    asked = [name for name in everyone if name.casefold() == options.person.casefold()]
    told = asked or [name for name in names if name in everyone]
    if not told and len(threads) > 1:
        shared = set.intersection(*threads.values())
        told = list(shared) if len(shared) == 1 else []
    if options.person and everyone and not told and not names:
        raise BadInput(
            f"{printable(source.path.name)}: no sender has the name given as person. "
            f"Write the name as the messages show it, or leave it out."
        )
    return told[0] if told else ""


def _thread(name: str) -> str:
    """Return what a conversation's files share: the folder of message_1.json, message_2.json, or the file itself."""
    path = PurePosixPath(name)
    return str(path.parent) if _PART.match(path.name) else name


def _participants(source: Source, name: str) -> set[str]:
    """Return who takes part in a conversation, read no further than to its first message where that comes later."""
    people: set[str] = set()
    senders: set[str] = set()
    for row in json_items(source, name, "/participants/*", "/messages/*"):
        if isinstance(row, RowError):
            continue
        pointer, value = row
        who = as_object(value)
        if pointer.startswith("/participants/"):
            people.add(repaired(who.get("name") or value))
        elif people:
            break
        else:
            senders.add(_sender(who))
    return (people or senders) - {""}


def _sender(message: dict[str, Any]) -> str:
    return repaired(message.get("sender_name") or message.get("senderName"))


def _messages(source: Source, name: str, kind: Kind, account: _Account) -> Iterator[Row]:
    thread = trace_id(NAME, _thread(name))
    for row in json_items(source, name, "/messages/*"):
        if isinstance(row, RowError):
            yield row
        else:
            yield _message(as_object(row[1]), thread, where(name, row[0]), account)


def _message(message: dict[str, Any], thread: str, place: str, account: _Account) -> Row:
    """Return the trace of one message, in the keys of Instagram or of Messenger's encrypted chats."""
    sender = _sender(message)
    text = repaired(message.get("content") or message.get("text"))
    if not sender:
        return RowError(place, "a message without a sender")
    if message.get("is_unsent") or message.get("isUnsent"):
        return RowError(place, "a message that was taken back")
    if not text:
        return RowError(place, "media without words")
    if _NOTE.match(text) or "call_duration" in message or as_text(message.get("type")) in _EVENTS:
        return RowError(place, "a line that the platform wrote itself")
    role: Role = "other" if account.owning and sender != account.owning else "self"
    time = parse_time(message.get("timestamp_ms") or message.get("timestamp"))
    return Trace(
        person=account.person if account.owning else person_id(sender),
        source=account.source,
        id=trace_id(NAME, thread, time, sender, text),
        time=time,
        role=role,
        thread=thread,
        text=clean(text, account.options),
        where=place,
    )


def _entries(source: Source, name: str, kind: Kind, account: _Account) -> Iterator[Row]:
    for row in json_items(source, name, "/*", *(f"/{section}/*" for section in _SECTIONS)):
        if isinstance(row, RowError):
            yield row
            continue
        pointer, entry = row[0], as_object(row[1])
        yield _entry(entry, _SECTIONS.get(pointer.split("/")[1], kind), where(name, pointer), account)


def _entry(entry: dict[str, Any], kind: Kind, place: str, account: _Account) -> Row:
    """Return the trace of anything but a message: words for comments, posts, searches, the profile; else an item."""
    found = fields(entry)
    item = _item(entry, found, kind)
    text = "" if kind in {"like", "follow"} else clean(_words(entry, found, kind), account.options).strip()
    if not text and item is None:
        return RowError(place, "an entry without words or a name")
    time = parse_time(time_of(entry, found))
    return Trace(
        person=account.person,
        source=account.source,
        id=trace_id(NAME, kind, time, text, item),
        time=time,
        kind=kind,
        text=text,
        item=item,
        where=place,
    )


def _item(entry: dict[str, Any], found: tuple[Field, ...], kind: Kind) -> Item | None:
    """Return what was liked or followed: its address, and the account as creator of a thing or as the thing itself."""
    if kind not in {"like", "follow"}:
        return None
    href = next((field.href for field in found if field.href), "")
    named = first(found, *_HANDLE) or first(found, *_DISPLAY) or first(found, "")
    account = repaired(entry.get("title")) or (named.value if named else "")
    if not href and not account:
        return None
    return Item(href, account, "") if kind == "follow" else Item(href, "", account)


def _words(entry: dict[str, Any], found: tuple[Field, ...], kind: Kind) -> str:
    """Return the person's own words in an entry."""
    for part in as_array(entry.get("data")):  # Facebook's layout
        value = as_object(part).get({"comment": "comment", "post": "post"}.get(kind, "text"))
        text = repaired(as_object(value).get("comment") or value)
        if text:
            return text
    valued = [field for field in found if field.value]
    if kind == "profile":
        return "\n".join(
            f"{field.label}: {field.value}" for field in valued if field.label.startswith(_PROFILE)
        )
    if kind == "comment":
        named = first(found, *_COMMENT)
        return named.value if named else valued[0].value if len(valued) > 1 else ""
    if kind == "search" and valued:
        return valued[0].value
    if "data" in entry:  # Facebook's titles are its own words
        return ""
    captions = [as_object(medium).get("title") for medium in as_array(entry.get("media"))]
    return next((text for text in map(repaired, (entry.get("title"), *captions)) if text), "")
