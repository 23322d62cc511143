from personae.people.archives import claude
from personae.people.records import person_id


def message(**more):
    return {
        "uuid": "m1",
        "sender": "human",
        "text": "flat",
        "content": [],
        "created_at": "2024-05-01T12:00:00.000000Z",
    } | more


def test_text_blocks_come_before_the_flat_text(put, load):
    blocks = [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "one"},
        {"type": "text", "text": "two"},
    ]
    path = put({
        "users.json": [{"uuid": "u1", "full_name": "Ana"}],
        "projects.json": [{"uuid": "p", "name": "bread"}],
        "conversations.json": [{"uuid": "c1", "chat_messages": [
            message(), message(uuid="m2", sender="assistant", content=blocks), message(uuid="m3", text="", sender="human"),
            message(uuid="m4", sender="robot"), 7,
        ]}, {"uuid": "c2", "chat_messages": None}],
    })  # fmt: skip
    traces, errors = load(claude, path)
    assert [(t.id, t.role, t.text, t.thread) for t in traces] == [
        ("m1", "self", "flat", "c1"),
        ("m2", "assistant", "one\ntwo", "c1"),
    ]
    assert traces[0].person == person_id("claude:u1")
    assert traces[1].where == "conversations.json:/0/chat_messages/1"
    assert [error.where.partition(":")[2] for error in errors] == [
        "/0/chat_messages/2", "/0/chat_messages/3", "/0/chat_messages/4", "/1",
    ]  # fmt: skip


def test_memories_are_the_assistants_words_about_the_owner(put, load):
    path = put({
        "conversations.json": [{"uuid": "c1", "chat_messages": [message()]}],
        "memories.json": [{"conversations_memory": "Bakes in Porto."}, {}],
    })  # fmt: skip
    (_, memory), (error,) = load(claude, path)
    assert (memory.kind, memory.role, memory.text) == ("profile", "assistant", "Bakes in Porto.")
    assert error.where == "memories.json:/1"
