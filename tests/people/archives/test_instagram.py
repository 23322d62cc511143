import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personae.errors import BadInput
from personae.people.archives import instagram
from personae.people.archives._source import Limits, open_source
from personae.people.archives.rows import Options, Tally
from personae.people.records import Item, person_id

NOON = datetime(2021, 5, 1, 12, tzinfo=UTC)
STAMP = int(NOON.timestamp())


def broken(text):
    """Return text as Meta writes it: its UTF-8 read as Latin-1."""
    return text.encode().decode("latin-1")


def message(sender="Ana", content="hi", **more):
    return {"sender_name": broken(sender), "timestamp_ms": STAMP * 1000, "content": broken(content), **more}


def thread(*messages, participants=("Bea", "Ana")):
    return {"participants": [{"name": broken(name)} for name in participants], "messages": list(messages), "title": "x", "thread_path": "inbox/x"}  # fmt: skip


def labeled(**values):
    return {"string_map_data": {label.replace("_", " "): value for label, value in values.items()}}


INBOX = "your_instagram_activity/messages/inbox"
PROFILE = {
    "profile_user": [
        labeled(
            Email={"value": "ana@example.org"}, Username={"value": "ana.bakes"}, Name={"value": "Ana"},
            Bio={"value": broken("I bake bröd")}, Gender={"value": "female"}, Date_of_birth={"value": "1990-05-01"},
        )
    ]
}  # fmt: skip


def test_messages_with_the_owner_told_by_the_profile(put, load):
    path = put({
        f"{INBOX}/bea_1/message_1.json": thread(message("Bea", "olá ☕"), message("Ana", "até já")),
        f"{INBOX}/bea_1/message_2.json": thread(message("Ana", "earlier")),
        "personal_information/personal_information.json": PROFILE,
    })  # fmt: skip
    traces, errors = load(instagram, path)
    said = [t for t in traces if t.kind == "message"]
    assert errors == []
    assert [(t.text, t.role) for t in said] == [("olá ☕", "other"), ("até já", "self"), ("earlier", "self")]
    assert {t.person for t in traces} == {person_id("Ana")}
    assert len({t.thread for t in said}) == 1
    assert (said[0].time, said[0].source) == (NOON, "instagram")
    assert said[0].where == f"{INBOX}/bea_1/message_1.json:/messages/0"
    (profile,) = [t for t in traces if t.kind == "profile"]
    assert profile.text == "bio: I bake bröd\ngender: female\ndate of birth: 1990-05-01"
    assert "example.org" not in repr(traces)


def test_the_one_participant_of_all_threads_is_the_owner(put, load):
    path = put({
        "messages/inbox/b/message_1.json": thread(message("Bea"), message("Ana")),
        "messages/inbox/c/message_1.json": thread(message("Carla"), participants=("Carla", "Ana")),
    })  # fmt: skip
    traces, _ = load(instagram, path)
    assert {t.person for t in traces} == {person_id("Ana")}
    assert [t.role for t in traces] == ["other", "self", "other"]


def test_without_an_owner_every_sender_is_a_person_of_their_own(put, load):
    path = put(
        {"messages/inbox/b/message_1.json": thread(message("Bea"), message("Ana"), message("Bea", "more"))}
    )
    traces, _ = load(instagram, path)
    assert {(t.person, t.role) for t in traces} == {(person_id("Ana"), "self"), (person_id("Bea"), "self")}


def test_the_owner_may_be_named(put, load):
    path = put({"messages/inbox/b/message_1.json": thread(message("Bea"), message("Ana"))})
    traces, _ = load(instagram, path, Options(person="ana"))
    assert [(t.person, t.role) for t in traces] == [("ana", "other"), ("ana", "self")]
    with pytest.raises(BadInput, match="no sender") as caught:
        load(instagram, path, Options(person="Carla"))
    assert "Bea" not in str(caught.value)


def test_encrypted_chats_of_messenger(put, load):
    chat = {
        "participants": ["Bea", "Ana"], "threadName": "Bea_40",
        "messages": [
            {"senderName": "Ana", "timestamp": STAMP * 1000, "text": "até já", "type": "text", "isUnsent": False},
            {"senderName": "Ana", "timestamp": STAMP * 1000, "text": "", "type": "media", "isUnsent": False},
            {"senderName": "Ana", "timestamp": STAMP * 1000, "text": "gone", "type": "text", "isUnsent": True},
        ],
    }  # fmt: skip
    (trace,), errors = load(
        instagram, put({"messenger/Bea_40.json": chat, "x.txt": ""}), Options(person="Ana")
    )
    assert (trace.text, trace.time, trace.source) == ("até já", NOON, "messenger")
    assert [e.reason for e in errors] == ["media without words", "a message that was taken back"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"sender_name": "Ana", "timestamp_ms": 1, "photos": []}, "media without words"),
        (message(content="Liked a message"), "a line that the platform wrote itself"),
        (message(content="Reacted 😂 to your message "), "a line that the platform wrote itself"),
        (message(content="Ana sent an attachment."), "a line that the platform wrote itself"),
        (
            message(content="Ana missed a video chat", call_duration=0),
            "a line that the platform wrote itself",
        ),
        (message(content="Ana joined", type="Subscribe"), "a line that the platform wrote itself"),
        (message(content="canary", is_unsent=True), "a message that was taken back"),
        ({"content": "canary"}, "a message without a sender"),
        ("canary", "a message without a sender"),
    ],
)
def test_messages_without_words_of_the_sender_are_counted(put, load, row, reason):
    traces, errors = load(instagram, put({"messages/inbox/b/message_1.json": thread(message(), row)}))
    assert len(traces) == 1
    assert [e.reason for e in errors] == [reason]
    assert "canary" not in repr(errors)


COMMENT = labeled(
    Comment={"value": broken("schön!")}, Media_Owner={"value": "bea"}, Time={"timestamp": STAMP}
)
FOREIGN = labeled(Kommentare={"value": broken("schön!")}, Inhaber={"value": "bea"}, Zeit={"timestamp": STAMP})
UNKNOWN = labeled(
    Hozzaszolas={"value": broken("schön!")}, Tulajdonos={"value": "bea"}, Ido={"timestamp": STAMP}
)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("comments/post_comments_1.json", [COMMENT]),
        ("comments/post_comments_1.json", [FOREIGN]),
        ("comments/post_comments_1.json", [UNKNOWN]),
        ("comments/post_comments.json", {"comments_media_comments": [COMMENT]}),
        ("comments/reels_comments.json", {"comments_reels_comments": [COMMENT]}),
        (
            "comments_and_reactions/comments.json",
            {"comments_v2": [{"timestamp": STAMP, "data": [{"comment": {"comment": broken("schön!"), "author": "Ana"}}], "title": "Ana commented"}]},
        ),
    ],
)  # fmt: skip
def test_comments(put, load, name, body):
    (trace,), errors = load(instagram, put({name: body}))
    assert errors == []
    assert (trace.kind, trace.role, trace.text, trace.time) == ("comment", "self", "schön!", NOON)


URL = "https://www.example.org/p/1/"
NESTED = {
    "timestamp": STAMP, "fbid": "1",
    "label_values": [
        {"label": "URL", "value": URL, "href": URL},
        {"title": "Owner", "dict": [{"dict": [{"label": "Name", "value": "Bea"}, {"label": "Username", "value": "bea"}], "title": ""}]},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "body", "kind", "item"),
    [
        ("likes/liked_posts.json",
         {"likes_media_likes": [{"title": "bea", "string_list_data": [{"href": URL, "value": "x", "timestamp": STAMP}]}]},
         "like", Item(URL, "", "bea")),
        ("likes/liked_posts.json", [NESTED], "like", Item(URL, "", "bea")),
        ("saved/saved_posts.json",
         {"saved_saved_media": [{"title": "bea", **labeled(Saved_on={"href": URL, "timestamp": STAMP})}]},
         "like", Item(URL, "", "bea")),
        ("connections/following.json",
         {"relationships_following": [{"title": "", "string_list_data": [{"href": URL, "value": "bea", "timestamp": STAMP}]}]},
         "follow", Item(URL, "bea", "")),
        ("connections/following.json",
         {"relationships_following": [{"title": "bea", "string_list_data": [{"href": URL, "timestamp": STAMP}]}]},
         "follow", Item(URL, "bea", "")),
    ],
)  # fmt: skip
def test_likes_and_follows_are_items(put, load, name, body, kind, item):
    (trace,), errors = load(instagram, put({name: body}))
    assert errors == []
    assert (trace.kind, trace.text, trace.item, trace.time) == (kind, "", item, NOON)


@pytest.mark.parametrize(
    ("name", "body", "kind", "text"),
    [
        ("recent_searches/word_or_phrase_searches.json",
         {"searches_keyword": [labeled(Search={"value": "sourdough"}, Time={"timestamp": STAMP})]}, "search", "sourdough"),
        ("media/posts_1.json", [{"media": [{"uri": "a.jpg", "creation_timestamp": STAMP, "title": broken("mein Bröd")}], "creation_timestamp": STAMP}], "post", "mein Bröd"),
        ("posts/your_posts_1.json", [{"timestamp": STAMP, "data": [{"post": "new oven"}], "title": "Ana updated her status."}], "post", "new oven"),
    ],
)  # fmt: skip
def test_searches_and_posts_are_own_words(put, load, name, body, kind, text):
    (trace,), errors = load(instagram, put({name: body}))
    assert errors == []
    assert (trace.kind, trace.text) == (kind, text)


def test_entries_without_words_or_names_are_counted(put, load):
    path = put({
        "posts/your_posts_1.json": [{"timestamp": STAMP, "data": [{"post": "x"}]}, {"data": [{}], "title": "canary updated"}],
        "comments/post_comments_1.json": [COMMENT, labeled(Media_Owner={"value": "canary"}), 5],
        "likes/liked_posts.json": {"likes_media_likes": [{}]},
    })  # fmt: skip
    traces, errors = load(instagram, path)
    assert len(traces) == 2
    assert {e.reason for e in errors} == {"an entry without words or a name"}
    assert len(errors) == 4
    assert "canary" not in repr((traces, errors))


@pytest.mark.parametrize(
    ("files", "is_meta"),
    [
        ({"messages/inbox/b/message_1.json": thread(message())}, True),
        ({"likes.json": {"likes_media_likes": []}}, True),
        ({"post_comments_1.json": [COMMENT]}, True),
        ({"message_1.json": {"messages": [{"role": "user", "content": "hi"}]}}, False),
        ({"posts.json": [{"text": "hi"}]}, False),
        ({"comments.csv": "a,b\n"}, False),
    ],
)
def test_detection_reads_content(put, files, is_meta):
    with open_source(put(files)) as source:
        assert (instagram.detect(source) > 0.5) is is_meta


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).filter(str.strip)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["Ana", "Zoë"]), TEXTS), min_size=1, max_size=6))
def test_what_is_written_is_read_back(tmp_path_factory, load, sent):
    folder = tmp_path_factory.mktemp("instagram")
    rows = [message(sender, text) for sender, text in sent]
    (folder / "message_1.json").write_text(json.dumps(thread(*rows, participants=("Ana", "Zoë"))))
    traces, _ = load(instagram, folder, Options(person="Zoë", keep_identifiers=True))
    assert [(t.role, t.text) for t in traces] == [
        ("self" if sender == "Zoë" else "other", text.strip()) for sender, text in sent
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "label", "dict", "comment", "timestamp", "x"]), inner)
    ),
    max_leaves=8,
)
KEYS = ("string_map_data", "string_list_data", "label_values", "title", "timestamp", "media", "data")
MESSAGE_KEYS = (*message(), "type", "participants")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(MESSAGE_KEYS, JSON)), max_size=3),
    st.lists(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)), max_size=3),
    st.binary(max_size=30),
)
def test_any_values_are_read_without_raising(tmp_path_factory, rows, entries, rest):
    folder = tmp_path_factory.mktemp("instagram")
    (folder / "message_1.json").write_bytes(json.dumps(thread(message(), *rows)).encode() + rest)
    (folder / "post_comments_1.json").write_bytes(json.dumps([COMMENT, *entries]).encode() + rest)
    sections = dict.fromkeys(("likes_media_likes", "comments_v2", "profile_user", "searches_user"), entries)
    (folder / "personal_information.json").write_text(json.dumps(sections))
    tally = Tally()
    with open_source(folder, Limits(row_bytes=4096)) as source:
        traces = list(tally.traces(instagram.read(source, Options())))
    assert (tally.read, tally.kept) == (tally.kept + tally.skipped, len(traces))
