import gzip
import json

from personae.people.archives import reddit
from personae.people.archives.rows import Options
from personae.people.records import Item, person_id

COMMENTS = (
    "id,permalink,date,ip,subreddit,gildings,link,parent,body,media\n"
    'c1,https://www.reddit.com/r/bread/comments/p1/t/c1/,2024-05-01 12:00:00 UTC,10.0.0.1,bread,0,l,t3_p1,"Rye, ""always"".\nOr spelt.",\n'
    "c2,https://www.reddit.com/r/bread/comments/p1/t/c2/,2024-05-01 12:00:01 UTC,,bread,0,l,t3_p1,[removed],\n"
    "c3,short row\n"
)
POSTS = "id,permalink,date,ip,subreddit,gildings,title,url,body\np1,/r/porto/comments/p1/t/,2024-05-01 12:00:00 UTC,,porto,0,Where to eat?,u,[deleted]\n"
MESSAGES = (
    "id,permalink,thread_id,date,ip,from,to,subject,body\n"
    "m1,p,t1,2024-05-01 12:00:00 UTC,,ana,bea,Hi,how are you\nm2,p,t1,2024-05-01 12:00:01 UTC,,bea,ana,,fine\n"
    "m3,p,t2,2024-05-01 12:00:02 UTC,,cyd,ana,,hello\n"
)
CHAT = "channel_url,message_id,created_at,updated_at,username,message\nch,x1,2024-05-01 12:00:00 UTC,,ana,evening\nch,x2,2024-05-01 12:00:01 UTC,,bea,morning\n"


def test_every_table_is_told_by_its_header(put, load):
    path = put({
        "comments_1.csv": COMMENTS, "odd name.csv": POSTS, "messages.csv": MESSAGES, "chat_history.csv": CHAT,
        "post_votes.csv": "id,permalink,direction\np9,https://r.example/r/cats/comments/p9/x/,up\np8,x,sideways\n",
        "saved_posts.csv": "id,permalink\np7,/r/cats/comments/p7/\n", "hidden_posts.csv": "id,permalink\np6,/r/cats/\n",
        "subscribed_subreddits.csv": "subreddit\nbread\n", "ip_logs.csv": "date,ip\n2024-05-01,10.0.0.1\n",
        "comment_headers.csv": "id,permalink,date,ip,subreddit,gildings,link,parent\nc1,p,d,i,bread,0,l,p\n",
    })  # fmt: skip
    traces, errors = load(reddit, path)
    found = {(t.kind, t.role, t.id if t.text else "", t.text) for t in traces}
    assert found == {
        ("comment", "self", "c1", 'Rye, "always".\nOr spelt.'),
        ("post", "self", "p1", "Where to eat?"),
        ("message", "self", "m1", "Hi\n\nhow are you"),
        ("message", "other", "m2", "fine"),
        ("message", "other", "m3", "hello"),
        ("message", "self", "x1", "evening"),
        ("message", "other", "x2", "morning"),
        ("vote", "self", "", ""), ("like", "self", "", ""), ("follow", "self", "", ""),
    }  # fmt: skip
    by_kind = {t.kind: t for t in traces}
    assert by_kind["vote"].item == Item("p9", "cats")
    assert by_kind["vote"].value == 1.0
    assert by_kind["follow"].item == Item(title="bread")
    assert (by_kind["comment"].thread, by_kind["comment"].item) == ("p1", Item(title="bread"))
    assert by_kind["comment"].where == "comments_1.csv:2"
    assert {t.person for t in traces} == {person_id("reddit:ana")}
    assert sorted((error.where, error.reason) for error in errors) == [
        ("comments_1.csv:3", "deleted text"),
        ("comments_1.csv:4", "a row whose length is not the header's"),
        ("post_votes.csv:3", "a vote that is neither up, down nor none"),
    ]
    assert "10.0.0.1" not in repr(traces)


def test_messages_are_nobodys_own_where_the_owner_is_not_known(put, load):
    one = "\n".join(MESSAGES.split("\n")[:3]) + "\n"
    traces, _ = load(reddit, put({"messages.csv": one, "comments.csv": COMMENTS}))
    assert {t.role for t in traces if t.kind == "message"} == {"other"}
    put({"statistics.csv": "statistic,value\naccount name,ana\n"})
    traces, _ = load(reddit, put({}))
    assert [t.role for t in traces if t.kind == "message"] == ["self", "other"]


def test_a_dump_gives_each_author_as_a_person(tmp_path, load):
    rows = [
        {"id": "a1", "author": "ana", "subreddit": "bread", "link_id": "t3_p1", "created_utc": 1714564800, "body": "rye"},
        {"id": "b1", "author": "bea", "subreddit": "bread", "created_utc": "1714564801", "title": "Hi", "selftext": "[removed]"},
        {"id": "a2", "author": "ana", "subreddit": "cats", "created_utc": 1714564802, "body": "[deleted]"},
        {"id": "a3", "author": "ana", "subreddit": "cats", "created_utc": 1714564803, "body": "meow"},
        {"id": "x1", "author": "[deleted]", "subreddit": "cats", "created_utc": 1, "body": "gone"},
    ]  # fmt: skip
    path = tmp_path / "RC.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    traces, errors = load(reddit, path)
    people = [t.person for t in traces]
    assert people == sorted([person_id("reddit:ana")] * 2 + [person_id("reddit:bea")])
    assert {(t.id, t.kind, t.text, t.thread) for t in traces} == {
        ("a1", "comment", "rye", "p1"), ("a3", "comment", "meow", "a3"), ("b1", "post", "Hi", "b1"),
    }  # fmt: skip
    assert [error.where for error in errors] == ["RC.gz:3", "RC.gz:5"]
    only, _ = load(reddit, path, Options(person="Ana"))
    assert [(t.person, t.id) for t in only] == [("Ana", "a1"), ("Ana", "a3")]
