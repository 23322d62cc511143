"""Google Takeout: My Activity (Gemini's prompts and answers too), YouTube, Chrome's history and Keep's notes.

Searches, prompts, comments and notes are the person's own words; watched videos and visited pages are items. Of an address
only host and path are kept, since ids, names and tokens stand in its query. Advertisements, places and pages that are not on
the web are dropped. Pages of My Activity in HTML, which is what Takeout makes unless asked for JSON, are read as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from personae.people.archives._google_html import CARD, html_cards
from personae.people.archives._google_titles import is_advertisement, page_of, parted, query_of, video_of
from personae.people.archives._json import json_items, json_keys, read_json
from personae.people.archives._source import Source
from personae.people.archives._text import (
    as_array,
    as_object,
    as_text,
    clean,
    csv_header,
    csv_rows,
    html_to_text,
    likely,
    owner,
    parse_time,
    where,
)
from personae.people.archives.rows import Options, Row, RowError
from personae.people.records import Item, Kind, Role, Trace, trace_id

NAME = "google"

_HINTS = ("myactivity", "watch-history", "search-history", "history", "keep/")
_TABLES = ("comment", "live chat", "live-chat", "subscription", "reacties", "kommentare", "abon")
_PAGES = (
    "activity", "history", "aktivität", "verlauf", "actividad", "historial", "activité", "historique", "attività",
    "atividade", "activiteit",
)  # fmt: skip
_ASSISTANTS = re.compile(r"(?:gemini|bard)(?![\w.])", re.IGNORECASE)
_STYLES = 1 << 19  # a page's first card stands behind some hundred kB of styles
_REMOVED = "a video that was removed"


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes this person's traces."""

    person: str
    options: Options

    def words(
        self, place: str, kind: Kind, text: str, time: object, thread: str = "", role: Role = "self"
    ) -> Row:
        """Return the trace of something said, an error where nothing was."""
        said = clean(text, self.options).strip()
        if not said:
            return RowError(place, "a row without words")
        moment = parse_time(time)
        return Trace(
            self.person,
            NAME,
            trace_id(NAME, kind, moment, said),
            moment,
            kind,
            role,
            thread,
            said,
            where=place,
        )

    def thing(self, place: str, kind: Kind, item: Item, time: object, thread: str = "") -> Row:
        """Return the trace of something watched, visited or followed, an error where it has no name."""
        if not item.title and not item.id:
            return RowError(place, "a row without a title or an address")
        named = Item(
            item.id, clean(item.title, self.options).strip(), clean(item.creator, self.options).strip()
        )
        moment = parse_time(time)
        id = trace_id(NAME, kind, moment, named.id or named.title)
        return Trace(self.person, NAME, id, moment, kind, thread=thread, item=named, where=place)


_Reader = Callable[[Source, str, _Maker], Iterator[Row]]


def detect(source: Source) -> float:
    """Return how sure this is a Takeout: by the keys of activities, visits and notes, or the columns of comments."""
    return 0.95 if next(_files(source), None) else 0.0


def read(source: Source, options: Options) -> Iterator[Row]:
    """Yield a trace for each activity, visit, comment, subscription and note, an error for each other row."""
    make = _Maker(owner(source, options), options)
    for name, reader in _files(source):
        yield from reader(source, name, make)


def _files(source: Source) -> Iterator[tuple[str, _Reader]]:
    for name in likely(source, ".json", *_HINTS):
        keys = json_keys(source, name)
        if {"/*/title", "/*/time", "/*/header"} <= keys:
            yield name, _activities
        elif "/Browser History" in keys:
            yield name, _visits
        elif "/userEditedTimestampUsec" in keys and keys & {"/textContent", "/listContent", "/title"}:
            yield name, _note
    for name in likely(source, ".csv", *_TABLES):
        columns = set(csv_header(source, name))
        if {"video id"} <= columns and columns & {"comment text", "live chat text"}:
            yield name, _comments
        elif {"channel id", "channel title"} <= columns:
            yield name, _subscriptions
    for name in likely(source, ".html", *_PAGES):
        if CARD.encode() in source.head(name, _STYLES):
            yield name, _cards


def _activities(source: Source, name: str, make: _Maker) -> Iterator[Row]:
    for row in json_items(source, name, "/*"):
        if isinstance(row, RowError):
            yield row
        else:
            yield from _activity(as_object(row[1]), where(name, row[0]), make)


def _cards(source: Source, name: str, make: _Maker) -> Iterator[Row]:
    for card in html_cards(source, name):
        if isinstance(card, RowError):
            yield card
        elif card[1]:
            yield from _activity(card[1], where(name, card[0]), make)
        else:
            yield RowError(where(name, card[0]), "a card without a body")


def _activity(activity: dict[str, Any], place: str, make: _Maker) -> Iterator[Row]:
    """Yield the traces of one activity: one, or a prompt and its answer."""
    title, url, header = (as_text(activity.get(key)) for key in ("title", "titleUrl", "header"))
    time = activity.get("time")
    products = (header, *map(as_text, as_array(activity.get("products"))))
    verb, about = parted(title)
    query, video = query_of(url), video_of(url)
    if is_advertisement(as_array(activity.get("details"))):
        yield RowError(place, "an advertisement")
    elif any(map(_ASSISTANTS.match, products)):
        yield from _prompt(activity, place, make)
    elif query or verb == "search":
        yield make.words(place, "search", query or about, time, header)
    elif verb == "say":
        yield make.words(place, "message", about, time, header)
    elif video and about.startswith("http"):
        yield RowError(place, _REMOVED)
    elif video or verb == "watch":
        channel = as_object(next(iter(as_array(activity.get("subtitles"))), None))
        item = Item(video, about, as_text(channel.get("name")).removesuffix(" - Topic"))
        kind: Kind = "listen" if header == "YouTube Music" else "watch"
        yield make.thing(place, kind, item, time, header) if video else RowError(place, _REMOVED)
    else:
        yield make.thing(place, "visit", Item(clean(page_of(url), make.options), about), time, header)


def _prompt(activity: dict[str, Any], place: str, make: _Maker) -> Iterator[Row]:
    header, time = as_text(activity.get("header")), activity.get("time")
    answers = activity.get("safeHtmlItem")
    parts = [as_object(part) for part in (answers if isinstance(answers, list) else [answers])]
    answer = "\n".join(as_text(part.get("html") or part.get("htmlValue")) for part in parts).strip()
    verb, about = parted(as_text(activity.get("title")))
    if verb != "say" and not answer:
        yield RowError(place, "an activity that is no prompt")
        return
    yield make.words(place, "message", about, time, header)
    if answer:
        yield make.words(f"{place}/safeHtmlItem", "message", html_to_text(answer), time, header, "assistant")


def _visits(source: Source, name: str, make: _Maker) -> Iterator[Row]:
    for row in json_items(source, name, "/Browser History/*"):
        if isinstance(row, RowError):
            yield row
            continue
        place, visit = where(name, row[0]), as_object(row[1])
        url, time = as_text(visit.get("url")), visit.get("time_usec")
        page, query = page_of(url), query_of(url)
        if not page:
            yield RowError(place, "a page that is not on the web")
        elif query:
            yield make.words(place, "search", query, time, "Chrome")
        else:
            yield make.thing(
                place, "visit", Item(clean(page, make.options), as_text(visit.get("title"))), time, "Chrome"
            )


def _note(source: Source, name: str, make: _Maker) -> Iterator[Row]:
    note = read_json(source, name)
    if isinstance(note, RowError):
        yield note
        return
    note = as_object(note)
    lines = [as_text(as_object(line).get("text")) for line in as_array(note.get("listContent"))]
    text = "\n".join(
        part for part in (as_text(note.get("title")), as_text(note.get("textContent")), *lines) if part
    )
    time = note.get("userEditedTimestampUsec") or note.get("createdTimestampUsec")
    yield make.words(where(name, "/"), "post", text, time, "Keep")


def _comments(source: Source, name: str, make: _Maker) -> Iterator[Row]:
    for row in csv_rows(source, name):
        if isinstance(row, RowError):
            yield row
            continue
        number, values = row
        text = _comment_text(values.get("comment text") or values.get("live chat text") or "")
        time = next((value for column, value in values.items() if column.endswith("timestamp")), "")
        video = as_text(values.get("video id"))
        yield make.words(where(name, number), "comment", text, time, video)


def _comment_text(cell: str) -> str:
    """Return a comment's text: plain, or a sequence of JSON objects with `text`, or one with `takeoutSegments`."""
    if not cell.lstrip().startswith("{"):
        return cell
    try:
        parts = json.loads(f"[{cell}]")
    except (ValueError, RecursionError):
        return cell
    segments = [
        segment for part in parts for segment in (as_array(as_object(part).get("takeoutSegments")) or [part])
    ]
    return "".join(as_text(as_object(segment).get("text")) for segment in segments)


def _subscriptions(source: Source, name: str, make: _Maker) -> Iterator[Row]:
    for row in csv_rows(source, name):
        if isinstance(row, RowError):
            yield row
            continue
        number, values = row
        item = Item(values.get("channel id", ""), values.get("channel title", ""))
        yield make.thing(where(name, number), "follow", item, None, PurePosixPath(name).stem)
