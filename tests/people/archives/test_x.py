import json

from personae.people.archives import x
from personae.people.records import Item, person_id

DATE = "Wed May 01 12:00:00 +0000 2024"


def script(part, *entries):
    return f"window.YTD.{part}.part0 = " + json.dumps(entries)


def tweet(id, text, **more):
    return {"tweet": {"id_str": id, "full_text": text, "created_at": DATE} | more}


def test_acts_on_others_texts_have_an_item_and_no_text(put, load):
    path = put({
        "data/account.js": script("account", {"account": {"accountId": "1", "username": "ana"}}),
        "data/tweets.js": script(
            "tweets", tweet("10", "tea &amp; cake"), tweet("11", "RT @bea: good bread"),
            tweet("12", "yes!", in_reply_to_status_id_str="9"), tweet("13", ""), {"odd": 1},
        ),
        "data/note-tweet.js": script("note_tweet", {"noteTweet": {"noteTweetId": "14", "createdAt": "2024-05-01T12:00:00.000Z", "core": {"text": "long"}}}),
        "data/like.js": script("like", {"like": {"tweetId": "5", "fullText": "cats &lt;3"}}),
        "data/following.js": script("following", {"following": {"accountId": "77"}}),
        "data/profile.js": script("profile", {"profile": {"description": {"bio": "Baker", "location": "Porto"}}}),
        "data/follower.js": script("follower", {"follower": {"accountId": "78"}}),
    })  # fmt: skip
    traces, errors = load(x, path)
    found = {t.id if t.kind in {"post", "comment"} else t.kind: t for t in traces}
    assert (found["10"].text, found["10"].kind, found["10"].item) == ("tea & cake", "post", None)
    assert (found["11"].text, found["11"].item) == ("", Item("11", "good bread", "bea"))
    assert (found["12"].kind, found["12"].thread) == ("comment", "9")
    assert found["14"].text == "long"
    assert (found["like"].text, found["like"].item) == ("", Item("5", "cats <3"))
    assert found["follow"].item == Item("77")
    assert (found["profile"].text, found["profile"].role) == ("Baker\nPorto", "self")
    assert len(traces) == 7
    assert {t.person for t in traces} == {person_id("x:1")}
    assert [error.reason for error in errors] == ["no text", "an entry of an unknown kind"]
    assert found["10"].where == "tweets.js:/0"


def test_messages_are_told_apart_by_sender(put, load):
    talk = {"dmConversation": {"conversationId": "1-2", "messages": [
        {"messageCreate": {"id": "a", "senderId": "1", "text": "hi", "createdAt": "2024-05-01T12:00:00.000Z"}},
        {"messageCreate": {"id": "b", "senderId": "2", "text": "hello", "createdAt": "2024-05-01T12:00:01.000Z"}},
        {"joinConversation": {}},
    ]}}  # fmt: skip
    files = {
        "data/account.js": script("account", {"account": {"accountId": "1"}}),
        "data/dm.js": script("direct_messages", talk),
    }
    traces, errors = load(x, put(files))
    assert [(t.role, t.text) for t in traces] == [("self", "hi"), ("other", "hello")]
    assert "1-2" not in repr(traces)
    assert errors[0].where == "dm.js:/0/dmConversation/messages/2"


def test_the_platforms_guesses_are_never_evidence(put, load):
    inferred = {
        "demographics": {"languages": [{"language": "English"}], "genderInfo": {"gender": "female"}},
        "interests": {
            "interests": [{"name": "Bread", "isDisabled": False}, {"name": "Cars", "isDisabled": True}]
        },
        "inferredAgeInfo": {"age": ["30-39"]},
    }
    traces, _ = load(x, put({"data/personalization.js": script("personalization", {"p13nData": inferred})}))
    assert [t.text for t in traces] == [
        "gender: female",
        "age: 30-39",
        "language: English",
        "interest: Bread",
    ]
    assert {(t.role, t.kind) for t in traces} == {("system", "profile")}
