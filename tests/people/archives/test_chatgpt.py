from datetime import UTC, datetime

from personae.people.archives import chatgpt
from personae.people.archives.rows import Options
from personae.people.records import person_id

NOON = 1714564800.5


def message(id, role="user", parts=("hello",), **more):
    content = {"content_type": "text", "parts": list(parts)}
    return {
        "id": id,
        "author": {"role": role},
        "create_time": NOON,
        "content": content,
        "metadata": {},
    } | more


def node(key, parent, said):
    return {"id": key, "parent": parent, "children": [], "message": said}


def conversation(*nodes, leaf):
    mapping = {"root": node("root", None, None)} | {n["id"]: n for n in nodes}
    return {"id": "c1", "title": None, "create_time": NOON, "current_node": leaf, "mapping": mapping}


def test_what_was_shown_is_read_and_the_edited_branch_is_marked(put, load):
    path = put({
        "user.json": {"id": "user-7", "email": "ana@example.org"},
        "conversations.json": [conversation(
            node("a", "root", message("m1", parts=["first wording"])),
            node("b", "root", message("m2", parts=["better wording", {"content_type": "image_asset_pointer"}, "and more"])),
            node("c", "b", message("m3", "assistant", ["sure"])),
            node("d", "c", message("m4", "assistant", ["likes rye"], recipient="bio")),
            leaf="d",
        )],
    })  # fmt: skip
    traces, errors = load(chatgpt, path)
    assert errors == []
    assert [(t.id, t.role, t.thread, t.text) for t in traces] == [
        ("m1", "self", "c1#inactive", "first wording"),
        ("m2", "self", "c1", "better wording\nand more"),
        ("m3", "assistant", "c1", "sure"),
        ("m4", "assistant", "c1", "likes rye"),
    ]
    assert {t.person for t in traces} == {person_id("chatgpt:user-7")}
    assert traces[0].time == datetime(2024, 5, 1, 12, 0, 0, 500_000, tzinfo=UTC)
    assert traces[0].where == "conversations.json:/0/mapping/1"
    assert load(chatgpt, path, Options(person="me"))[0][0].person == "me"


def test_custom_instructions_are_the_owners_profile(put, load):
    context = {"about_user_message": "I bake in Porto.", "about_model_message": "Be brief."}
    said = message(
        "m1", parts=[], content={"content_type": "user_editable_context", "user_profile": "x"},
        metadata={"is_visually_hidden_from_conversation": True, "user_context_message_data": context},
    )  # fmt: skip
    path = put({"conversations.json": {"conversations": [conversation(node("a", "root", said), leaf="a")]}})
    (trace,), _ = load(chatgpt, path)
    assert (trace.kind, trace.role, trace.text) == ("profile", "self", "I bake in Porto.\nBe brief.")


def test_what_is_not_the_conversation_is_skipped_with_a_reason(put, load):
    path = put({
        "conversations-000.json": [
            conversation(
                node("a", "root", message("1", metadata={"is_visually_hidden_from_conversation": True})),
                node("b", "a", message("2", "tool")),
                node("c", "b", message("3", parts=[""])),
                node("d", "c", message("4", content={"content_type": "thoughts", "text": "hm"})),
                node("e", "d", "not an object"),
                leaf="nowhere",
            ),
            {"id": "c2"},
            None,
        ]
    })  # fmt: skip
    traces, errors = load(chatgpt, path)
    assert traces == []
    assert [error.reason for error in errors] == [
        "a message that was not shown", "a tool's output", "no text", "a message that is not text",
        "a message that is not an object", "a conversation without `mapping`", "a conversation without `mapping`",
    ]  # fmt: skip
    assert errors[-1].where == "conversations-000.json:/2"


def test_a_loop_of_parents_ends(put, load):
    path = put(
        {
            "conversations.json": [
                conversation(node("a", "b", message("1")), node("b", "a", message("2")), leaf="a")
            ]
        }
    )
    assert [t.thread for t in load(chatgpt, path)[0]] == ["c1", "c1"]
