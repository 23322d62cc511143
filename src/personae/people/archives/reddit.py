"""Reddit: a person's data request (CSV), and research dumps of everybody's posts (Pushshift, Arctic Shift).

Source: the field layout read from karlicoss/HPI and d3i-infra/data-donation-task.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from personae.people.archives._grouping import grouped
from personae.people.archives._json import json_keys, json_lines
from personae.people.archives._source import Source
from personae.people.archives._text import (
    PROBES,
    as_object,
    as_text,
    clean,
    csv_header,
    csv_rows,
    event_id,
    owner,
    parse_time,
    where,
)
from personae.people.archives.rows import Options, Row, RowError
from personae.people.records import Item, Kind, Role, Trace, person_id, trace_id

NAME = "reddit"
_PERMALINK = re.compile(r"/(?:r|user|u)/([\w.-]{1,64})(?:/comments/(\w{1,16}))?")
_GONE = {"[deleted]", "[removed]"}
_VOTES = {"up": 1.0, "down": -1.0, "none": 0.0}
_DUMP = {"/author", "/subreddit"}
_DUMP_TEXT = {"/body", "/selftext", "/title"}

Fields = dict[str, str]
Reader = Callable[["_Archive", str, Fields], Row]


def detect(source: Source) -> float:
    """Return how sure it is: CSV headers with `permalink` and `subreddit`, or JSON lines with `author` and `subreddit`."""
    if any({"permalink", "subreddit"} <= set(csv_header(source, name)) for name in _tables(source)[:PROBES]):
        return 1.0
    return 0.95 if _is_dump(source) else 0.0


def read(source: Source, options: Options) -> Iterator[Row]:
    """Yield the owner's comments, posts, messages, votes, saved posts and subscriptions, or a dump's people one by one.

    In a dump every author is a person; with `options.person` only the posts of the author of that name are read.
    """
    if _is_dump(source):
        yield from _dump(source, options)
        return
    archive = _Archive(source, options)
    for name in _tables(source):
        reader = _reader(csv_header(source, name), name)
        for row in csv_rows(source, name) if reader else ():
            if isinstance(row, RowError):
                yield row
            elif reader:
                yield reader(archive, where(name, row[0]), row[1])


def _tables(source: Source) -> tuple[str, ...]:
    return source.names if len(source.names) == 1 else source.find_suffix(".csv")


def _is_dump(source: Source) -> bool:
    keys = json_keys(source, source.names[0]) if len(source.names) == 1 else frozenset()
    return keys >= _DUMP and bool(keys & _DUMP_TEXT)


def _reader(header: tuple[str, ...], name: str) -> Reader | None:
    """Return what reads a table of these columns; the name decides only between tables of equal columns."""
    columns = set(header)
    for needed, reader in _READERS:
        if needed <= columns:
            return reader
    base = name.rpartition("/")[2].lower()
    if columns == {"id", "permalink"} and base.startswith("saved"):
        return _saved
    return _subscription if columns == {"subreddit"} else None


class _Archive:
    """One person's export: who owns it, and under which name they write messages."""

    def __init__(self, source: Source, options: Options) -> None:
        self.options = options
        self.account = _account(source)
        self.person = owner(source, options, f"{NAME}:{self.account}" if self.account else "")

    def trace(
        self, kind: Kind, fields: Fields, place: str, body: str, date: str = "date", role: str = ""
    ) -> Row:
        """Return the trace of a row whose text is `body`."""
        if not body.strip() or body.strip() in _GONE:
            return RowError(place, "deleted text" if body.strip() else "no text")
        text, time = clean(body, self.options), parse_time(fields.get(date))
        community, submission = _permalink(fields.get("permalink", ""))
        title = fields.get("subreddit") or community
        thread = submission or fields.get("thread_id") or fields.get("channel_url", "")
        id = event_id(NAME, fields.get("id") or fields.get("message_id"), time, text, place)
        by: Role = "self" if not role or role == self.account else "other"
        item = Item(title=as_text(title)) if title else None
        return Trace(
            self.person, NAME, id, time, kind, by, as_text(thread), text, item, where=place
        )  # fmt: skip


def _account(source: Source) -> str:
    """Return the owner's user name: from the statistics, else the one name that has a part in every message."""
    for fields in _rows_with(source, {"statistic", "value"}):
        if fields["statistic"] == "account name":
            return fields["value"]
    common: set[str] | None = None
    for fields in _rows_with(source, {"from", "to"}):
        both = {fields["from"], fields["to"]}
        common = both if common is None else common & both
    return common.pop() if common and len(common) == 1 else ""


def _rows_with(source: Source, columns: set[str]) -> Iterator[Fields]:
    for name in _tables(source):
        if columns <= set(csv_header(source, name)):
            yield from (row[1] for row in csv_rows(source, name) if not isinstance(row, RowError))


def _comment(archive: _Archive, place: str, fields: Fields) -> Row:
    return archive.trace("comment", fields, place, fields["body"])


def _post(archive: _Archive, place: str, fields: Fields) -> Row:
    body = fields["body"] if fields["body"].strip() not in _GONE else ""
    return archive.trace("post", fields, place, "\n\n".join(filter(None, (fields["title"], body))))


def _message(archive: _Archive, place: str, fields: Fields) -> Row:
    text = "\n\n".join(filter(None, (fields.get("subject", ""), fields["body"])))
    return archive.trace("message", fields, place, text, role=fields["from"] or "?")


def _chat(archive: _Archive, place: str, fields: Fields) -> Row:
    return archive.trace("message", fields, place, fields["message"], "created_at", fields["username"] or "?")


def _vote(archive: _Archive, place: str, fields: Fields) -> Row:
    value = _VOTES.get(fields["direction"])
    if value is None:
        return RowError(place, "a vote that is neither up, down nor none")
    return _pointed(archive, "vote", place, fields, value)


def _saved(archive: _Archive, place: str, fields: Fields) -> Row:
    return _pointed(archive, "like", place, fields, None)


def _pointed(archive: _Archive, kind: Kind, place: str, fields: Fields, value: float | None) -> Row:
    community, submission = _permalink(fields["permalink"])
    about = as_text(fields["id"])
    if not about:
        return RowError(place, "no id")
    item = Item(about, community)
    id = trace_id(NAME, kind, about)
    return Trace(archive.person, NAME, id, None, kind, "self", submission, "", item, value, place)


def _subscription(archive: _Archive, place: str, fields: Fields) -> Row:
    name = as_text(fields["subreddit"])
    if not name:
        return RowError(place, "no name")
    id = trace_id(NAME, "follow", name)
    return Trace(archive.person, NAME, id, None, "follow", "self", item=Item(title=name), where=place)


_READERS: tuple[tuple[set[str], Reader], ...] = (
    ({"id", "permalink", "subreddit", "title", "body"}, _post),
    ({"id", "permalink", "subreddit", "body"}, _comment),
    ({"id", "from", "to", "body"}, _message),
    ({"message_id", "username", "message"}, _chat),
    ({"id", "permalink", "direction"}, _vote),
)


def _permalink(link: str) -> tuple[str, str]:
    """Return the community and the submission's id that a link names, empty where it names none."""
    found = _PERMALINK.search(link)
    return (found.group(1), found.group(2) or "") if found else ("", "")


def _dump(source: Source, options: Options) -> Iterator[Row]:
    rows = _dump_rows(source, options)
    return rows if options.person else grouped(rows)


def _dump_rows(source: Source, options: Options) -> Iterator[Row]:
    name = source.names[0]
    wanted = options.person.lower()
    for row in json_lines(source, name):
        if isinstance(row, RowError):
            yield row
            continue
        post = as_object(row[1])
        author = as_text(post.get("author"))
        if not wanted or author.lower() == wanted:
            yield _dumped(post, author, where(name, row[0]), options)


def _dumped(post: dict[str, Any], author: str, place: str, options: Options) -> Row:
    if not author or author in _GONE:
        return RowError(place, "no author")
    is_comment = "body" in post
    body = as_text(post.get("body" if is_comment else "selftext"))
    if body.strip() in _GONE:
        body = ""
    title = "" if is_comment else as_text(post.get("title"))
    text = clean("\n\n".join(filter(None, (title, body))), options)
    if not text.strip():
        return RowError(place, "no text, or deleted")
    time = parse_time(post.get("created_utc"))
    id = event_id(NAME, post.get("id"), time, text, place)
    thread = as_text(post.get("link_id")).removeprefix("t3_") or id
    kind: Kind = "comment" if is_comment else "post"
    person = options.person or person_id(f"{NAME}:{author}")
    item = Item(title=as_text(post.get("subreddit")))
    return Trace(person, NAME, id, time, kind, "self", thread, text, item, where=place)
