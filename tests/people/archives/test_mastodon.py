from personae.people.archives import mastodon
from personae.people.records import Item, person_id

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def create(content, to=(PUBLIC,), **more):
    note = {
        "id": f"https://a.example/{content}",
        "type": "Note",
        "content": content,
        "inReplyTo": None,
        "summary": None,
    } | more
    return {"type": "Create", "published": "2024-05-01T12:00:00Z", "to": list(to), "cc": [], "object": note}


def test_posts_boosts_and_the_profile(put, load):
    items = [
        create("<p>tea &amp; cake</p>", summary="food"),
        create("<p>yes</p>", inReplyTo="https://b.example/1"),
        create("<p>psst</p>", to=["https://b.example/users/bea"]),
        create("<p>for friends</p>", to=["https://a.example/users/ana/followers"]),
        {"type": "Announce", "id": "x", "published": "2024-05-01T12:00:00Z", "object": "https://b.example/2"},
        {"type": "Delete", "object": {}}, create(""), None,
    ]  # fmt: skip
    path = put({
        "outbox.json": {"@context": "c", "type": "OrderedCollection", "orderedItems": items},
        "actor.json": {"id": "https://a.example/ana", "summary": "<p>Baker</p>", "attachment": [{"name": "City", "value": "<b>Porto</b>"}, 5]},
        "likes.json": {"orderedItems": ["https://c.example/3"]}, "bookmarks.json": {"orderedItems": ["https://c.example/4"]},
    })  # fmt: skip
    traces, errors = load(mastodon, path)
    assert [(t.kind, t.text) for t in traces if t.text] == [
        ("profile", "Baker"), ("profile", "City: Porto"), ("post", "food\n\ntea & cake"), ("comment", "yes"),
        ("message", "psst"), ("post", "for friends"),
    ]  # fmt: skip
    assert {(t.kind, t.item, t.thread) for t in traces if not t.text} == {
        ("post", Item("https://b.example/2"), ""), ("like", Item("https://c.example/3"), ""),
        ("like", Item("https://c.example/4"), "bookmarks"),
    }  # fmt: skip
    assert {t.person for t in traces} == {person_id("mastodon:https://a.example/ana")}
    assert [error.where for error in errors] == [
        "outbox.json:/orderedItems/5",
        "outbox.json:/orderedItems/6",
        "outbox.json:/orderedItems/7",
    ]
    assert errors[1].reason == "no text"


def test_a_damaged_actor_is_an_error_and_the_posts_are_read(put, load):
    path = put({"outbox.json": {"orderedItems": [create("hi")]}, "actor.json": "{{{"})
    traces, errors = load(mastodon, path)
    assert [t.text for t in traces] == ["hi"]
    assert [error.where for error in errors] == ["actor.json:/"]
