"""Spotify: account data, extended streaming history, playlists, library, searches, and Exportify's playlist tables.

A play is a trace of kind "listen" (of a video "watch") whose item is the track, episode or chapter and whose value is the
milliseconds played; Spotify itself counts a play from 30,000 ms, and that choice is left to whoever counts. What stands in
a playlist or library is a "like", an artist or show a "follow". Names and descriptions of playlists, and searches, are the
person's own words; a name, like a song's title, states nothing about them, so that it is a "like" too. Private sessions and
IP addresses are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from personae.people.archives._json import json_items, json_keys, read_json
from personae.people.archives._source import Source
from personae.people.archives._text import (
    as_number,
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
from personae.people.records import Item, Kind, Trace, trace_id

NAME = "spotify"

_HINTS = ("streaming", "endsong", "playlist", "yourlibrary", "searchqueries", "userdata")
_PLAYLIST = ("/playlists/*/name", "/playlists/*/description", "/playlists/*/items/*")
_LIBRARY: dict[str, tuple[Kind, str, str]] = {  # section: kind, keys of title and creator
    "tracks": ("like", "track", "artist"),
    "albums": ("like", "album", "artist"),
    "episodes": ("like", "name", "show"),
    "shows": ("follow", "name", "publisher"),
    "artists": ("follow", "name", ""),
}
_EXPORTIFY = {  # our names for Exportify's columns, of both dialects
    "uri": ("track uri", "spotify uri", "spotify id"),
    "title": ("track name",),
    "creator": ("artist name(s)", "artist name"),
    "added": ("added at",),
}
_EXPORTIFY_PLACES = {"uri": 0, "title": 1, "creator": 3, "added": 18}  # where its header is translated


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes this person's traces."""

    person: str
    options: Options

    def trace(
        self,
        place: str,
        kind: Kind,
        item: Item | None = None,
        time: object = None,
        value: object = None,
        thread: str = "",
        text: str = "",
    ) -> Trace:
        moment, amount = parse_time(time), as_number(value)
        what = (item.id or item.title, item.creator) if item else (text, "")
        return Trace(
            person=self.person,
            source=NAME,
            id=trace_id(NAME, kind, moment, *what, amount, thread),
            time=moment,
            kind=kind,
            thread=thread,
            text=text,
            item=item,
            value=amount,
            where=place,
        )


_Reader = Callable[[Source, str, _Maker], Iterator[Row]]


def detect(source: Source) -> float:
    """Return how sure this is Spotify's: by the keys of its JSON files or the columns of Exportify's tables."""
    return 0.95 if next(_files(source), None) else 0.0


def read(source: Source, options: Options) -> Iterator[Row]:
    """Yield a trace for each play, liked or followed thing, playlist and search, an error for each other row."""
    make = _Maker(owner(source, options, _username(source)), options)
    for name, reader in _files(source):
        yield from reader(source, name, make)


def _files(source: Source) -> Iterator[tuple[str, _Reader]]:
    for name in likely(source, ".json", *_HINTS):
        reader = _json_reader(json_keys(source, name))
        if reader is not None:
            yield name, reader
    for name in likely(source, ".csv", others=500):
        if _is_exportify(source, name):
            yield name, _exportify


def _json_reader(keys: frozenset[str]) -> _Reader | None:
    if {"/*/ms_played", "/*/ts"} <= keys or {"/*/msPlayed", "/*/endTime"} <= keys:
        return _plays
    if {"/playlists", "/playlists/*/items"} <= keys:
        return _playlists
    if "/tracks/*/track" in keys or {"/tracks", "/albums", "/shows"} <= keys:
        return _library
    if {"/*/searchQuery", "/*/searchTime"} <= keys:
        return _searches
    return None


def _username(source: Source) -> str:
    """Return the account's name from `Userdata.json`, empty without one."""
    for name in source.find("userdata.json"):
        name_of = as_object(read_json(source, name)).get("username")
        if as_text(name_of):
            return as_text(name_of)
    return ""


def _plays(source: Source, name: str, make: _Maker) -> Iterator[Row]:
    kind: Kind = "watch" if "video" in name.lower() else "listen"
    for row in json_items(source, name, "/*"):
        if isinstance(row, RowError):
            yield row
            continue
        pointer, play = row[0], as_object(row[1])
        place = where(name, pointer)
        item = _played(play)
        if play.get("incognito_mode") is True:
            yield RowError(place, "a private session")
        elif not item.title:
            yield RowError(place, "a play without a title")
        else:
            time = play.get("ts") or play.get("endTime")
            yield make.trace(place, kind, item, time, play.get("ms_played", play.get("msPlayed")))


def _played(play: dict[str, Any]) -> Item:
    """Return the track, episode or audiobook chapter that was played, in the words of either history."""
    for id, title, creator in (
        ("spotify_track_uri", "master_metadata_track_name", "master_metadata_album_artist_name"),
        ("spotify_episode_uri", "episode_name", "episode_show_name"),
        ("audiobook_chapter_uri", "audiobook_chapter_title", "audiobook_title"),
        ("", "trackName", "artistName"),
        ("", "episodeName", "podcastName"),
    ):
        if as_text(play.get(title)):
            return Item(as_text(play.get(id)), as_text(play.get(title)), as_text(play.get(creator)))
    return Item()


def _playlists(source: Source, name: str, make: _Maker) -> Iterator[Row]:
    thread = at = ""
    for row in json_items(source, name, *_PLAYLIST):
        if isinstance(row, RowError):
            yield row
            continue
        pointer, value = row
        place = where(name, pointer)
        playlist = "/".join(pointer.split("/")[:3])
        if playlist != at:
            at, thread = playlist, trace_id(NAME, name, playlist)
        if pointer.endswith(("/name", "/description")):
            text = clean(value, make.options).strip()
            is_name = pointer.endswith("/name")
            if is_name and text:
                thread = text
            if text:
                yield make.trace(place, "like" if is_name else "post", thread=thread, text=text)
            continue
        entry = as_object(value)
        item = _listed(entry)
        if item.title:
            yield make.trace(place, "like", item, entry.get("addedDate"), thread=thread)
        else:
            yield RowError(place, "an entry without a title")


def _listed(entry: dict[str, Any]) -> Item:
    """Return the track or episode of a playlist's entry; old exports have the track's keys in the entry itself."""
    if episode := as_object(entry.get("episode")):
        keys = episode, "episodeUri", "episodeName", "showName"
    else:
        keys = as_object(entry.get("track")) or entry, "trackUri", "trackName", "artistName"
    what, uri, title, creator = keys
    return Item(as_text(what.get(uri)), as_text(what.get(title)), as_text(what.get(creator)))


def _library(source: Source, name: str, make: _Maker) -> Iterator[Row]:
    for row in json_items(source, name, *(f"/{section}/*" for section in _LIBRARY)):
        if isinstance(row, RowError):
            yield row
            continue
        pointer, entry = row[0], as_object(row[1])
        kind, title, creator = _LIBRARY[pointer.split("/")[1]]
        item = Item(as_text(entry.get("uri")), as_text(entry.get(title)), as_text(entry.get(creator)))
        place = where(name, pointer)
        yield make.trace(place, kind, item) if item.title else RowError(place, "an entry without a title")


def _searches(source: Source, name: str, make: _Maker) -> Iterator[Row]:
    for row in json_items(source, name, "/*"):
        if isinstance(row, RowError):
            yield row
            continue
        pointer, search = row[0], as_object(row[1])
        text = clean(search.get("searchQuery"), make.options).strip()
        time = as_text(search.get("searchTime")).removesuffix("[UTC]")
        place = where(name, pointer)
        yield (
            make.trace(place, "search", time=time, text=text) if text else RowError(place, "an empty search")
        )


def _is_exportify(source: Source, name: str) -> bool:
    header = set(csv_header(source, name))
    if header & set(_EXPORTIFY["uri"]) and header & set(_EXPORTIFY["title"]):
        return True
    return len(header) > _EXPORTIFY_PLACES["added"] and b"\nspotify:track:" in source.head(
        name, 1 << 12
    ).replace(b'"', b"")


def _exportify(source: Source, name: str, make: _Maker) -> Iterator[Row]:
    thread = PurePosixPath(name).stem
    for row in csv_rows(source, name):
        if isinstance(row, RowError):
            yield row
            continue
        number, values = row
        track = {ours: as_text(value) for ours, value in _exportify_track(values).items()}
        item = Item(track["uri"], track["title"], track["creator"].replace("\\,", ","))
        place = where(name, number)
        if item.title:
            yield make.trace(place, "like", item, track["added"], thread=thread)
        else:
            yield RowError(place, "an entry without a title")


def _exportify_track(values: dict[str, str]) -> dict[str, str]:
    """Return our columns of a row: by name, or by place where the header is in another language."""
    if any(alias in values for alias in _EXPORTIFY["uri"]):
        return {
            ours: next((values[alias] for alias in aliases if alias in values), "")
            for ours, aliases in _EXPORTIFY.items()
        }
    cells = list(values.values())
    return {ours: cells[place] if place < len(cells) else "" for ours, place in _EXPORTIFY_PLACES.items()}
