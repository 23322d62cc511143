"""X (Twitter) archives: JavaScript files that each assign one JSON array.

Source: the field layout read from timhutton/twitter-archive-parser, karlicoss/HPI and d3i-infra/data-donation-task.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from personae.people.archives._json import json_items
from personae.people.archives._source import Source
from personae.people.archives._text import (
    PROBES,
    as_array,
    as_object,
    as_text,
    clean,
    event_id,
    owner,
    parse_time,
    unescape,
    where,
)
from personae.people.archives.rows import Options, Row, RowError
from personae.people.records import Item, Kind, Trace, trace_id

NAME = "x"
_PREFIX = b"window.YTD."
_DATE = "%a %b %d %H:%M:%S %z %Y"
_READ = {
    "tweet", "tweets", "note_tweet", "community_tweet", "like", "direct_message", "direct_messages",
    "direct_message_group", "direct_messages_group", "following", "profile", "personalization", "ageinfo",
}  # fmt: skip


def detect(source: Source) -> float:
    """Return 1 when a file begins with `window.YTD.` and a part that can be read."""
    return 1.0 if any(_part(source, name) in _READ for name in _candidates(source)[:PROBES]) else 0.0


def read(source: Source, options: Options) -> Iterator[Row]:
    """Yield the owner's posts, likes, follows, messages and profile, and what the platform itself inferred about them.

    A repost is the owner's act on another's text: it has an item and no text. Inferences of the platform have the role
    "system", so they are never evidence.
    """
    account = _account(source)
    person = owner(source, options, f"{NAME}:{account}" if account else "")
    for name in _candidates(source):
        if _part(source, name) not in _READ:
            continue
        for row in json_items(source, name, "/*", after="="):
            if isinstance(row, RowError):
                yield row
            else:
                yield from _entry(person, account, where(name, row[0]), as_object(row[1]), options)


def _candidates(source: Source) -> tuple[str, ...]:
    return source.names if len(source.names) == 1 else source.find_suffix(".js")


def _part(source: Source, name: str) -> str:
    """Return what a file says it holds: "tweets" for `window.YTD.tweets.part0 = [`."""
    head = source.head(name, 128)
    return (
        head.removeprefix(_PREFIX).split(b".")[0].decode("ascii", "replace")
        if head.startswith(_PREFIX)
        else ""
    )


def _account(source: Source) -> str:
    for name in _candidates(source):
        if _part(source, name) == "account":
            for row in json_items(source, name, "/*", after="="):
                if not isinstance(row, RowError):
                    return as_text(as_object(as_object(row[1]).get("account")).get("accountId"))
    return ""


def _entry(person: str, account: str, place: str, entry: dict[str, Any], options: Options) -> Iterator[Row]:
    for key, reader in _READERS.items():
        if isinstance(value := entry.get(key), dict):
            yield reader(person, place, value, options)
            return
    if isinstance(talk := entry.get("dmConversation"), dict):
        yield from _messages(person, account, place, talk, options)
    elif isinstance(inferred := entry.get("p13nData") or entry.get("ageMeta"), dict):
        yield from _inferred(person, place, inferred)
    else:
        yield RowError(place, "an entry of an unknown kind")


def _tweet(person: str, place: str, tweet: dict[str, Any], options: Options) -> Row:
    text = clean(unescape(as_text(tweet.get("full_text") or tweet.get("text"))), options)
    time = parse_time(tweet.get("created_at"), _DATE)
    if not text.strip():
        return RowError(place, "no text")
    given = tweet.get("id_str") or tweet.get("id")
    id = event_id(NAME, given, time, text, place)
    if text.startswith("RT @"):
        author, colon, words = text.removeprefix("RT @").partition(": ")
        item = Item(id, words, author) if colon else Item(id, author)
        return Trace(person, NAME, id, time, "post", "self", "", "", item, where=place)
    answered = as_text(tweet.get("in_reply_to_status_id_str"))
    kind: Kind = "comment" if answered else "post"
    return Trace(person, NAME, id, time, kind, "self", answered, text, where=place)


def _note(person: str, place: str, note: dict[str, Any], options: Options) -> Row:
    text = clean(unescape(as_text(as_object(note.get("core")).get("text"))), options)
    if not text.strip():
        return RowError(place, "no text")
    time = parse_time(note.get("createdAt"))
    id = event_id(NAME, note.get("noteTweetId"), time, text, place)
    return Trace(person, NAME, id, time, "post", text=text, where=place)


def _like(person: str, place: str, like: dict[str, Any], options: Options) -> Row:
    about = as_text(like.get("tweetId"))
    if not about:
        return RowError(place, "no id")
    item = Item(about, clean(unescape(as_text(like.get("fullText"))), options))
    return Trace(person, NAME, trace_id(NAME, "like", about), None, "like", item=item, where=place)


def _following(person: str, place: str, followed: dict[str, Any], options: Options) -> Row:
    about = as_text(followed.get("accountId"))
    if not about:
        return RowError(place, "no id")
    id = trace_id(NAME, "follow", about)
    return Trace(person, NAME, id, None, "follow", item=Item(about), where=place)


def _profile(person: str, place: str, profile: dict[str, Any], options: Options) -> Row:
    description = as_object(profile.get("description"))
    parts = (as_text(description.get("bio")), as_text(description.get("location")))
    text = clean(unescape("\n".join(filter(None, parts))), options)
    if not text.strip():
        return RowError(place, "no text")
    return Trace(person, NAME, trace_id(NAME, "profile", text), None, "profile", text=text, where=place)


_READERS = {
    "tweet": _tweet, "noteTweet": _note, "like": _like, "following": _following, "profile": _profile,
}  # fmt: skip


def _messages(person: str, account: str, place: str, talk: dict[str, Any], options: Options) -> Iterator[Row]:
    thread = trace_id(NAME, as_text(talk.get("conversationId")))  # the plain id names the other account
    for ordinal, entry in enumerate(as_array(talk.get("messages"))):
        spot = f"{place}/dmConversation/messages/{ordinal}"
        message = as_object(as_object(entry).get("messageCreate"))
        if not message:
            yield RowError(spot, "not a message")
            continue
        text = clean(unescape(as_text(message.get("text"))), options)
        if not text.strip():
            yield RowError(spot, "no text")
            continue
        time = parse_time(message.get("createdAt"))
        sender = as_text(message.get("senderId"))
        id = event_id(NAME, message.get("id"), time, text, spot)
        yield Trace(
            person, NAME, id, time, "message", "self" if account and sender == account else "other", thread, text,
            where=spot,
        )  # fmt: skip


def _inferred(person: str, place: str, inferred: dict[str, Any]) -> Iterator[Row]:
    """Yield the platform's own guesses: gender, age, languages, interests."""
    demographics = as_object(inferred.get("demographics"))
    ages = as_object(inferred.get("inferredAgeInfo") or as_object(inferred.get("ageInfo")))
    found = [("gender", as_text(as_object(demographics.get("genderInfo")).get("gender")))]
    found += [("age", as_text(age)) for age in as_array(ages.get("age")) or [ages.get("age")]]
    found += [("language", _named(value, "language")) for value in as_array(demographics.get("languages"))]
    interests = as_object(inferred.get("interests")).get("interests")
    found += [("interest", _named(value, "name")) for value in as_array(interests)]
    for ordinal, (attribute, value) in enumerate(found):
        if value:
            text = f"{attribute}: {value}"
            yield Trace(
                person, NAME, trace_id(NAME, "inferred", text), None, "profile", "system", "inferred", text,
                where=f"{place}/{ordinal}",
            )  # fmt: skip


def _named(value: object, key: str) -> str:
    fields = as_object(value)
    return "" if fields.get("isDisabled") is True else as_text(fields.get(key))
