import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personae.people.archives import discord
from personae.people.archives._source import Limits, open_source
from personae.people.archives.rows import Options, Tally
from personae.people.records import Item, person_id

MESSAGE = {"ID": 1001, "Timestamp": "2021-05-01 10:03:07", "Contents": "hello\nyou", "Attachments": ""}
SERVER = {"id": "7", "type": 0, "name": "kitchen", "guild": {"id": "70", "name": "Bakers of Porto"}}
DIRECT = {"id": "8", "type": 1, "recipients": ["1", "2"], "name": "Direct Message with bea#0"}
CSV = 'ID,Timestamp,Contents,Attachments\n1001,2021-05-01 10:03:07.120000+00:00,"hello\nyou",\n1002,2021-05-01 10:03:08+00:00,,x.png\n'
USER = {"id": "1", "username": "ana", "email": "ana@example.org", "phone": "+351912345678"}


def test_the_newer_layout(put, load):
    path = put({
        "account/user.json": USER,
        "messages/index.json": {"7": "kitchen"},
        "messages/c7/channel.json": SERVER, "messages/c7/messages.json": [MESSAGE],
        "messages/c8/channel.json": DIRECT,
        "messages/c8/messages.json": [{**MESSAGE, "ID": 1003}, {**MESSAGE, "Contents": ""}, {**MESSAGE, "Contents": None}, 5],
    })  # fmt: skip
    (first, second), errors = load(discord, path)
    assert (first.person, first.id, first.thread, first.text) == (person_id("1"), "1001", "7", "hello\nyou")
    assert first.item == Item("7", "kitchen", "Bakers of Porto")
    assert first.time == datetime(2021, 5, 1, 10, 3, 7, tzinfo=UTC)
    assert (first.where, first.role) == ("messages/c7/messages.json:/0", "self")
    assert (second.thread, second.item) == ("8", None)
    assert [e.reason for e in errors] == ["attachments without words"] * 3
    assert "bea" not in repr((first, second))
    assert "912" not in repr((first, second))


def test_the_older_layout(put, load):
    path = put({"messages/8/channel.json": {}, "messages/8/messages.csv": CSV, "messages/index.json": {}})
    (trace,), errors = load(discord, path)
    assert (trace.id, trace.text, trace.thread) == ("1001", "hello\nyou", "8")
    assert trace.time == datetime(2021, 5, 1, 10, 3, 7, 120000, tzinfo=UTC)
    assert [e.where for e in errors] == ["8/messages.csv:3"]


def test_the_owner_may_be_named(put, load):
    (trace,), _ = load(discord, put({"m/c7/messages.json": [MESSAGE]}), Options(person="me"))
    assert trace.person == "me"


@pytest.mark.parametrize(
    ("files", "is_discord"),
    [
        ({"messages/c7/messages.json": [MESSAGE]}, True),
        ({"messages/7/messages.csv": CSV}, True),
        ({"messages.csv": "id,permalink,thread_id,date,ip,from,to,subject,body\n"}, False),
        ({"messages.json": [{"text": "hi"}]}, False),
    ],
)
def test_detection_reads_content(put, files, is_discord):
    with open_source(put(files)) as source:
        assert (discord.detect(source) > 0.5) is is_discord


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).filter(str.strip)
MOMENTS = st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(MOMENTS, TEXTS), min_size=1, max_size=6))
def test_what_is_written_is_read_back(tmp_path_factory, load, sent):
    folder = tmp_path_factory.mktemp("discord")
    rows = [{"ID": n, "Timestamp": str(time), "Contents": text} for n, (time, text) in enumerate(sent)]
    (folder / "messages.json").write_text(json.dumps(rows))
    traces, _ = load(discord, folder, Options(keep_identifiers=True))
    assert [(t.time, t.text) for t in traces] == [
        (time.replace(tzinfo=UTC), text.strip()) for time, text in sent
    ]


JSON = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(max_size=5)
    | st.lists(st.none(), max_size=2)
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(MESSAGE, JSON)), max_size=3),
    JSON,
    st.binary(max_size=40),
)
def test_any_values_are_read_without_raising(tmp_path_factory, rows, value, rest):
    folder = tmp_path_factory.mktemp("discord")
    (folder / "messages.json").write_bytes(json.dumps([MESSAGE, *rows]).encode() + rest)
    (folder / "messages.csv").write_bytes(CSV.encode() + rest)
    (folder / "channel.json").write_text(json.dumps({"id": value, "guild": value}))
    (folder / "user.json").write_text(json.dumps({"id": value, "username": value}))
    tally = Tally()
    with open_source(folder, Limits(row_bytes=4096)) as source:
        traces = list(tally.traces(discord.read(source, Options())))
    assert (tally.read, tally.kept) == (tally.kept + tally.skipped, len(traces))
