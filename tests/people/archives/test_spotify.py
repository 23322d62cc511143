import csv
import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personae.infer.stated import StatedReader
from personae.people.archives import spotify
from personae.people.archives._source import Limits, open_source
from personae.people.archives.rows import Options, Tally
from personae.people.attributes import SYNTHPAI
from personae.people.records import Item, Person, person_id

ACCOUNT = {
    "endTime": "2021-05-01 10:03",
    "artistName": "The Kettles",
    "trackName": "Steam",
    "msPlayed": 181000,
}
PODCAST = {"endTime": "2021-05-01 10:03", "podcastName": "Slow Talk", "episodeName": "On tea", "msPlayed": 5}
EXTENDED = {
    "ts": "2021-05-01T10:03:07Z", "platform": "android", "ms_played": 181000, "conn_country": "PT", "ip_addr": "203.0.113.77",
    "master_metadata_track_name": "Steam", "master_metadata_album_artist_name": "The Kettles",
    "master_metadata_album_album_name": "Boil", "spotify_track_uri": "spotify:track:1", "episode_name": None,
    "episode_show_name": None, "spotify_episode_uri": None, "reason_end": "trackdone", "skipped": None, "incognito_mode": False,
}  # fmt: skip
NO_TRACK = {
    "master_metadata_track_name": None, "master_metadata_album_artist_name": None, "spotify_track_uri": None,
}  # fmt: skip
EPISODE = {**EXTENDED, **NO_TRACK, "episode_name": "On tea", "episode_show_name": "Slow Talk", "spotify_episode_uri": "spotify:episode:2"}  # fmt: skip
CHAPTER = {**EXTENDED, **NO_TRACK, "audiobook_title": "A book", "audiobook_chapter_title": "One", "audiobook_chapter_uri": "spotify:chapter:3"}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "row", "kind", "item", "time"),
    [
        ("StreamingHistory_music_0.json", ACCOUNT, "listen", Item("", "Steam", "The Kettles"), (10, 3, 0)),
        ("StreamingHistory0.json", ACCOUNT, "listen", Item("", "Steam", "The Kettles"), (10, 3, 0)),
        ("StreamingHistory_podcast_0.json", PODCAST, "listen", Item("", "On tea", "Slow Talk"), (10, 3, 0)),
        ("Streaming_History_Audio_2021_0.json", EXTENDED, "listen", Item("spotify:track:1", "Steam", "The Kettles"), (10, 3, 7)),
        ("endsong_0.json", EPISODE, "listen", Item("spotify:episode:2", "On tea", "Slow Talk"), (10, 3, 7)),
        ("endsong_1.json", CHAPTER, "listen", Item("spotify:chapter:3", "One", "A book"), (10, 3, 7)),
        ("Streaming_History_Video_2021.json", EPISODE, "watch", Item("spotify:episode:2", "On tea", "Slow Talk"), (10, 3, 7)),
    ],
)  # fmt: skip
def test_every_history_is_read(put, load, name, row, kind, item, time):
    (trace,), errors = load(spotify, put({f"MyData/{name}": [row]}))
    assert errors == []
    assert (trace.kind, trace.role, trace.text, trace.item) == (kind, "self", "", item)
    assert trace.time == datetime(2021, 5, 1, *time, tzinfo=UTC)
    assert trace.value == row.get("ms_played", row.get("msPlayed"))
    assert trace.where == f"{name}:/0"


def test_addresses_and_private_sessions_are_dropped(put, load):
    rows = [EXTENDED, {**EXTENDED, "incognito_mode": True}, {**EXTENDED, **NO_TRACK}, "no play"]
    traces, errors = load(spotify, put({"endsong_0.json": rows}))
    assert "203.0.113" not in repr(traces)
    assert [e.reason for e in errors] == [
        "a private session",
        "a play without a title",
        "a play without a title",
    ]


def test_playlists_and_their_names_are_likes_and_what_describes_them_is_a_post(put, load):
    playlists = {
        "playlists": [
            {
                "name": "running with Bea", "lastModifiedDate": "2021-05-01",
                "items": [
                    {"track": {"trackName": "Steam", "artistName": "The Kettles", "trackUri": "spotify:track:1"},
                     "episode": None, "localTrack": None, "addedDate": "2021-05-01"},
                    {"track": None, "episode": {"episodeName": "On tea", "showName": "Slow Talk", "episodeUri": "e"}},
                    {"track": None, "episode": None, "localTrack": {"uri": "spotify:local:x"}},
                ],
                "description": "mail me: ana@example.org", "numberOfFollowers": 0,
            },
            {"name": "", "items": [{"trackName": "Drip", "artistName": "The Kettles"}], "description": None},
        ]
    }  # fmt: skip
    traces, errors = load(spotify, put({"Playlist1.json": playlists}))
    assert [(t.kind, t.text, t.item and t.item.title, t.thread) for t in traces[:4]] == [
        ("like", "running with Bea", None, "running with Bea"),
        ("like", "", "Steam", "running with Bea"),
        ("like", "", "On tea", "running with Bea"),
        ("post", "mail me: [e-mail]", None, "running with Bea"),
    ]
    assert (traces[4].item, traces[4].thread != traces[0].thread) == (Item("", "Drip", "The Kettles"), True)
    assert [e.where for e in errors] == ["Playlist1.json:/playlists/0/items/2"]
    assert len({t.id for t in traces}) == len(traces)


def test_a_playlists_name_states_nothing_about_its_person(put, load):
    lists = [{"name": "as a baker on nights, living in Porto", "description": "I am a nurse.", "items": []}]
    traces, _ = load(spotify, put({"Playlist1.json": {"playlists": lists}}))
    claims = StatedReader().read(Person("p", tuple(traces)), SYNTHPAI)
    assert [claim.best.value for claim in claims if not claim.abstained] == ["nurse"]


def test_the_library(put, load):
    library = {
        "tracks": [{"artist": "The Kettles", "album": "Boil", "track": "Steam", "uri": "t1"}],
        "albums": [{"artist": "The Kettles", "album": "Boil", "uri": "a1"}],
        "shows": [{"name": "Slow Talk", "publisher": "Bea", "uri": "s1"}],
        "episodes": [{"name": "On tea", "show": "Slow Talk", "uri": "e1"}],
        "artists": [{"name": "The Kettles", "uri": "k1"}, {"uri": "k2"}],
        "bannedTracks": [{"artist": "x", "track": "y"}],
    }
    traces, errors = load(spotify, put({"YourLibrary.json": library}))
    assert [(t.kind, t.item) for t in traces] == [
        ("like", Item("t1", "Steam", "The Kettles")),
        ("like", Item("a1", "Boil", "The Kettles")),
        ("follow", Item("s1", "Slow Talk", "Bea")),
        ("like", Item("e1", "On tea", "Slow Talk")),
        ("follow", Item("k1", "The Kettles", "")),
    ]
    assert [e.where for e in errors] == ["YourLibrary.json:/artists/1"]


def test_searches_are_own_words(put, load):
    searches = [
        {"platform": "ANDROID", "searchTime": "2021-05-01T10:03:07.123Z[UTC]", "searchQuery": "songs for babies", "searchInteractionURIs": []},
        {"platform": "ANDROID", "searchTime": "2021-05-01T10:03:07.123Z[UTC]", "searchQuery": "", "searchInteractionURIs": []},
    ]  # fmt: skip
    (trace,), errors = load(spotify, put({"SearchQueries.json": searches}))
    assert (trace.kind, trace.text) == ("search", "songs for babies")
    assert trace.time == datetime(2021, 5, 1, 10, 3, 7, 123000, tzinfo=UTC)
    assert [e.reason for e in errors] == ["an empty search"]


WATSON = [
    "Track URI",
    "Track Name",
    "Artist URI(s)",
    "Artist Name(s)",
    "Album URI",
    "Album Name",
    "Album Artist URI(s)",
    "Album Artist Name(s)",
    "Album Release Date",
    "Album Image URL",
    "Disc Number",
    "Track Number",
    "Track Duration (ms)",
    "Track Preview URL",
    "Explicit",
    "Popularity",
    "ISRC",
    "Added By",
    "Added At",
]
WATSON_ROW = [
    "spotify:track:1",
    "Steam, again",
    "a",
    "The Kettles, Salt\\, Pepper",
    *[""] * 13,
    "ana",
    "2021-05-01T10:03:07Z",
]
PAVEL = [
    "Track URI",
    "Track Name",
    "Album Name",
    "Artist Name(s)",
    "Release Date",
    "Duration (ms)",
    "Added By",
    "Added At",
]
PAVEL_ROW = [
    "spotify:track:1",
    "Steam, again",
    "Boil",
    "The Kettles, Salt, Pepper",
    "2020",
    "1",
    "ana",
    "2021-05-01T10:03:07Z",
]


def table(*rows):
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (WATSON, WATSON_ROW),
        ([column.upper() for column in WATSON], WATSON_ROW),
        ([f"Spalte {n}" for n in range(len(WATSON))], WATSON_ROW),
        (PAVEL, PAVEL_ROW),
    ],
)
def test_exportify_in_both_dialects_and_other_languages(put, load, header, row):
    path = put({"tea_time.csv": "\ufeff" + table(header, row, ["x", "y"])})
    (trace,), errors = load(spotify, path)
    assert (trace.kind, trace.thread, trace.where) == ("like", "tea_time", "tea_time.csv:2")
    assert trace.item == Item("spotify:track:1", "Steam, again", "The Kettles, Salt, Pepper")
    assert trace.time == datetime(2021, 5, 1, 10, 3, 7, tzinfo=UTC)
    assert [e.where for e in errors] == ["tea_time.csv:3"]


def test_the_owner_is_the_username_or_the_callers(put, load):
    path = put(
        {
            "StreamingHistory0.json": [ACCOUNT],
            "Userdata.json": {"username": "ana", "email": "ana@example.org"},
        }
    )
    assert load(spotify, path)[0][0].person == person_id("ana")
    assert load(spotify, path, Options(person="me"))[0][0].person == "me"


@pytest.mark.parametrize(
    ("files", "is_spotify"),
    [
        ({"renamed.json": [EXTENDED]}, True),
        ({"a/StreamingHistory0.json": [ACCOUNT]}, True),
        ({"list.csv": table(WATSON, WATSON_ROW)}, True),
        ({"StreamingHistory0.json": [{"text": "hi"}]}, False),
        ({"Playlist1.json": "x"}, False),
        ({"list.csv": "person,text\na,b\n"}, False),
    ],
)
def test_detection_reads_content(put, files, is_spotify):
    with open_source(put(files)) as source:
        assert (spotify.detect(source) > 0.5) is is_spotify


TITLES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
PLAYS = st.tuples(
    TITLES, TITLES, st.integers(0, 10**7), st.datetimes(datetime(2008, 1, 1), datetime(2030, 1, 1))
)


@settings(max_examples=50, deadline=None)
@given(st.lists(PLAYS, min_size=1, max_size=6))
def test_what_is_written_is_read_back(tmp_path_factory, load, plays):
    folder = tmp_path_factory.mktemp("spotify")
    rows = [
        {**EXTENDED, "ts": f"{time:%Y-%m-%dT%H:%M:%SZ}", "ms_played": ms, "master_metadata_track_name": title,
         "master_metadata_album_artist_name": artist}
        for title, artist, ms, time in plays
    ]  # fmt: skip
    (folder / "endsong_0.json").write_text(json.dumps(rows))
    traces, errors = load(spotify, folder)
    assert errors == []
    assert [(t.item.title, t.item.creator, t.value, t.time) for t in traces] == [
        (title, artist, ms, time.replace(microsecond=0, tzinfo=UTC)) for title, artist, ms, time in plays
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["track", "trackName", "x"]), inner),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    st.lists(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(EXTENDED, JSON)), max_size=3),
    JSON,
    st.binary(max_size=40),
)
def test_any_values_are_read_without_raising(tmp_path_factory, rows, value, rest):
    folder = tmp_path_factory.mktemp("spotify")
    (folder / "endsong_0.json").write_bytes(json.dumps([EXTENDED, *rows]).encode() + rest)
    (folder / "Playlist1.json").write_text(
        json.dumps({"playlists": [{"name": value, "items": [value]}, value]})
    )
    (folder / "YourLibrary.json").write_text(
        json.dumps({"tracks": [{"track": value}, value], "shows": value})
    )
    (folder / "Userdata.json").write_text(json.dumps(value))
    (folder / "list.csv").write_bytes(table(PAVEL, PAVEL_ROW).encode() + rest)
    tally = Tally()
    with open_source(folder, Limits(row_bytes=4096)) as source:
        traces = list(tally.traces(spotify.read(source, Options())))
    assert (tally.read, tally.kept) == (tally.kept + tally.skipped, len(traces))
