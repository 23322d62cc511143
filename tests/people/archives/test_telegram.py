import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personae.errors import BadInput
from personae.people.archives import telegram
from personae.people.archives._source import Limits, open_source
from personae.people.archives.rows import Options, RowError, Tally
from personae.people.records import person_id


def message(number, sender="user1", text="hi", **more):
    return {
        "id": number, "type": "message", "date": "2021-05-01T12:00:00", "date_unixtime": "1619863200",
        "from": {"user1": "Ana", "user2": "Bea"}.get(sender, sender), "from_id": sender, "text": text, **more,
    }  # fmt: skip


def chat(messages, kind="private_group", number=99, name="a chat"):
    return {"name": name, "type": kind, "id": number, "messages": messages}


def account(*chats, **more):
    return {"about": "an export", **more, "chats": {"about": "chats", "list": list(chats)}}


def test_a_single_chat(put, load):
    path = put({"result.json": chat([message(1), message(2, "user2", "hello")])})
    traces, errors = load(telegram, path)
    assert errors == []
    assert [(t.person, t.role, t.text) for t in traces] == [
        (person_id("user1"), "self", "hi"),
        (person_id("user2"), "self", "hello"),
    ]
    assert traces[0].time == datetime(2021, 5, 1, 10, tzinfo=UTC)
    assert traces[0].where == "result.json:/messages/0"
    assert traces[0].thread == traces[1].thread
    assert traces[0].id != traces[1].id


def test_all_chats_of_an_account(put, load):
    export = account(
        chat([message(1), message(2, "user2")], number=7),
        chat([message(1, text="elsewhere")], number=8),
        personal_information={"user_id": 1, "first_name": "Ana", "phone_number": "+351 912 345 678", "bio": "I bake"},
        contacts={"list": [{"user_id": 5, "first_name": "Eva", "phone_number": "+351 912 345 679"}]},
    )  # fmt: skip
    traces, errors = load(telegram, put({"result.json": export}))
    assert errors == []
    assert [(t.kind, t.role, t.text) for t in traces] == [
        ("profile", "self", "I bake"),
        ("message", "self", "hi"),
        ("message", "other", "hi"),
        ("message", "self", "elsewhere"),
    ]
    assert {t.person for t in traces} == {person_id("user1")}
    assert len({t.id for t in traces}) == 4
    assert len({t.thread for t in traces}) == 3
    assert traces[2].where == "result.json:/chats/list/0/messages/1"
    assert "912" not in repr(traces)


@pytest.mark.parametrize(
    "export",
    [
        chat([message(1, "user2"), message(2)], kind="personal_chat", number=2),
        account(chat([message(1, "user3")]), chat([message(1)], kind="saved_messages"), chat([message(1, "user2")])),
        {**account(chat([message(1, "user2"), message(2)])), "personal_information": {"user_id": 1}},
    ],
)  # fmt: skip
def test_the_owner_by_rule(put, load, export):
    traces, _ = load(telegram, put({"result.json": export}))
    assert {t.person for t in traces} == {person_id("user1")}
    assert {(t.text, t.role) for t in traces} == {("hi", "self"), ("hi", "other")}


@pytest.mark.parametrize("person", ["ana", "user1"])
def test_the_owner_may_be_named(put, load, person):
    path = put({"result.json": chat([message(1, "user2"), message(2)])})
    traces, _ = load(telegram, path, Options(person=person))
    assert [(t.person, t.role) for t in traces] == [(person, "other"), (person, "self")]


def test_a_name_that_nobody_has_is_an_error_that_names_no_sender(put, load):
    with pytest.raises(BadInput, match="no sender") as caught:
        load(telegram, put({"result.json": chat([message(1)])}), Options(person="Carla"))
    assert "Ana" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("plain", "plain"),
        (["see ", {"type": "link", "text": "example.org"}, " and ", {"type": "bold", "text": "come"}], "see example.org and come"),
        (["call ", {"type": "phone", "text": "+351 912 345 678"}], "call [phone]"),
        ("line\nline", "line\nline"),
    ],
)  # fmt: skip
def test_texts_in_parts_are_joined(put, load, text, words):
    (trace,), _ = load(telegram, put({"result.json": chat([message(1, text=text)])}))
    assert trace.text == words


@pytest.mark.parametrize("more", [{"forwarded_from": "Bea"}, {"via_bot": "@gif"}])
def test_words_of_others_are_not_the_senders(put, load, more):
    (trace,), _ = load(telegram, put({"result.json": chat([message(1, **more)])}))
    assert trace.role == "other"


def test_rows_without_words_are_counted(put, load):
    rows = [
        {
            "id": 1,
            "type": "service",
            "actor": "Ana",
            "actor_id": "user1",
            "action": "pin_message",
            "text": "",
        },
        message(2, text="", media_type="sticker"),
        message(3, sender=None),
        "no message",
        message(4),
    ]
    traces, errors = load(telegram, put({"result.json": chat(rows)}))
    assert len(traces) == 1
    assert [e.reason for e in errors] == [
        "a line that Telegram wrote itself",
        "media without words",
        "a message without a sender",
        "a line that Telegram wrote itself",
    ]


def test_old_exports_have_bare_numbers_and_local_times(put, load):
    old = message(1, sender=1)
    del old["date_unixtime"]
    (trace,), _ = load(telegram, put({"result.json": chat([old])}))
    assert trace.person == person_id("user1")
    assert trace.time == datetime(2021, 5, 1, 12, tzinfo=UTC)


def test_messages_before_the_damage_are_kept(put, load):
    body = json.dumps(chat([message(n) for n in range(3)]))
    traces, errors = load(telegram, put({"result.json": body[:-40]}))
    assert len(traces) == 2
    assert len(errors) >= 1


@pytest.mark.parametrize(
    ("files", "is_export"),
    [
        ({"result.json": chat([message(1)])}, True),
        ({"x/renamed.json": account(personal_information={"user_id": 1})}, True),
        ({"result.json": {"messages": [{"content": "hi"}]}}, False),
        ({"result.json": "nothing"}, False),
        ({"result.txt": "hi"}, False),
    ],
)
def test_detection_reads_content(put, files, is_export):
    with open_source(put(files)) as source:
        assert (telegram.detect(source) > 0.5) is is_export


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "from_id", "type", "x"]), inner),
    max_leaves=6,
)  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).filter(str.strip)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["user1", "user2"]), TEXTS), min_size=1, max_size=6))
def test_what_is_written_is_read_back(tmp_path_factory, load, sent):
    folder = tmp_path_factory.mktemp("telegram")
    rows = [message(number, sender, text) for number, (sender, text) in enumerate(sent)]
    (folder / "result.json").write_text(json.dumps(chat(rows)))
    traces, _ = load(telegram, folder, Options(keep_identifiers=True))
    written = sorted((person_id(sender), text.strip()) for sender, text in sent)
    assert sorted((t.person, t.text) for t in traces) == written


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(message(1), JSON)), max_size=3),
    st.binary(max_size=40),
)
def test_any_values_are_read_without_raising(tmp_path_factory, rows, rest):
    folder = tmp_path_factory.mktemp("telegram")
    body = json.dumps(chat([message(1), *rows])).encode() + rest
    (folder / "result.json").write_bytes(body)
    (folder / "cut.json").write_bytes(body[: -len(rest) - 9])
    tally = Tally()
    with open_source(folder, Limits(row_bytes=4096)) as source:
        traces = list(tally.traces(telegram.read(source, Options())))
    assert (tally.read, tally.kept) == (tally.kept + tally.skipped, len(traces))
    assert all(isinstance(row, RowError) for row in tally.errors)
