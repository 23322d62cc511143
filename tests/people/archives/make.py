"""Small valid archives of each platform, made from what a person says: one function a platform.

Each takes a folder to write into and the lines, and returns the archive's path; reading it must give the lines back.
"""

import csv
import html
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import zstandard


@dataclass(frozen=True)
class Line:
    """Something that was said: its time (UTC, whole seconds), and by whom: "self", or the other side."""

    text: str
    time: datetime
    role: str = "self"


START = datetime(2023, 5, 1, 10, 0, tzinfo=UTC)
LINES = tuple(
    Line(text, START + timedelta(hours=7 * place), role)
    for place, (text, role) in enumerate(
        [
            ("Back in Porto after the winter, the bakery smells the same.", "self"),
            ("Glad to hear it!", "other"),
            ("My sister turned thirty;\nwe had cake, \"twice\".", "self"),
            ("Olá, tudo bem? ça va <b>très</b> bien & merci 🙂", "self"),
            ("What will you bake next?", "other"),
            ("Rye, as always, and then: 50% wholemeal / 50% spelt.", "self"),
        ]
    )
)  # fmt: skip


def chatgpt(folder: Path, lines: Sequence[Line]) -> Path:
    mapping = {"root": {"id": "root", "parent": None, "children": ["n0"], "message": None}}
    for place, line in enumerate(lines):
        mapping[f"n{place}"] = {
            "id": f"n{place}",
            "parent": f"n{place - 1}" if place else "root",
            "children": [],
            "message": {
                "id": f"m{place}",
                "author": {"role": "user" if line.role == "self" else "assistant"},
                "create_time": line.time.timestamp(),
                "content": {"content_type": "text", "parts": [line.text]},
                "metadata": {},
            },
        }
    conversation = {
        "id": "c1",
        "title": None,
        "create_time": START.timestamp(),
        "current_node": f"n{len(lines) - 1}",
        "mapping": mapping,
    }
    files = {
        "conversations.json": [conversation],
        "user.json": {"id": "user-1"},
        "chat.html": "<html></html>",
    }
    return _zip(folder / "chatgpt.zip", files)


def claude(folder: Path, lines: Sequence[Line]) -> Path:
    messages = [
        {
            "uuid": f"m{place}",
            "sender": "human" if line.role == "self" else "assistant",
            "text": "",
            "content": [{"type": "text", "text": line.text}],
            "created_at": line.time.isoformat().replace("+00:00", "Z"),
        }
        for place, line in enumerate(lines)
    ]
    conversation = {"uuid": "c1", "name": "", "account": {"uuid": "a1"}, "chat_messages": messages}
    return _zip(
        folder / "claude.zip",
        {"conversations.json": [conversation], "users.json": [{"uuid": "a1"}], "projects.json": []},
    )


def reddit(folder: Path, lines: Sequence[Line]) -> Path:
    rows = [
        (f"c{place}", "/r/bread/comments/abc1/x/c/", _reddit_time(line), "10.0.0.1", "bread", "0", "", "t3_abc1", line.text, "")
        for place, line in enumerate(lines)
        if line.role == "self"
    ]  # fmt: skip
    messages = [
        (f"d{place}", "/m", "th1", _reddit_time(line), "", "bea", "ana", "", line.text)
        for place, line in enumerate(lines)
        if line.role == "other"
    ]
    return _zip(
        folder / "reddit.zip",
        {
            "comments.csv": _csv("id,permalink,date,ip,subreddit,gildings,link,parent,body,media", rows),
            "messages.csv": _csv("id,permalink,thread_id,date,ip,from,to,subject,body", messages),
            "statistics.csv": _csv("statistic,value", [("account name", "ana")]),
            "ip_logs.csv": _csv("date,ip", [("2023-05-01", "10.0.0.1")]),
        },
    )


def reddit_dump(folder: Path, lines: Sequence[Line]) -> Path:
    rows = [
        {
            "id": f"c{place}",
            "author": "ana",
            "subreddit": "bread",
            "link_id": "t3_abc1",
            "created_utc": int(line.time.timestamp()),
            "body": line.text,
            "score": 1,
        }
        for place, line in enumerate(lines)
        if line.role == "self"
    ]
    path = folder / "RC_2023-05.zst"
    path.write_bytes(zstandard.compress(_jsonl(rows).encode()))
    return path


def x(folder: Path, lines: Sequence[Line]) -> Path:
    tweets = [
        {"tweet": {"id_str": str(1000 + place), "full_text": html.escape(line.text, quote=False),
                   "created_at": line.time.strftime("%a %b %d %H:%M:%S +0000 %Y")}}
        for place, line in enumerate(lines)
        if line.role == "self"
    ]  # fmt: skip
    talk = [
        {"messageCreate": {"id": str(place), "senderId": "2", "recipientId": "1",
                           "text": html.escape(line.text, quote=False),
                           "createdAt": line.time.strftime("%Y-%m-%dT%H:%M:%S.000Z")}}
        for place, line in enumerate(lines)
        if line.role == "other"
    ]  # fmt: skip
    return _zip(
        folder / "x.zip",
        {
            "data/account.js": _ytd("account", [{"account": {"accountId": "1", "username": "ana"}}]),
            "data/tweets.js": _ytd("tweets", tweets),
            "data/direct-messages.js": _ytd(
                "direct_messages", [{"dmConversation": {"conversationId": "1-2", "messages": talk}}]
            ),
        },
    )


def mastodon(folder: Path, lines: Sequence[Line]) -> Path:
    public = ["https://www.w3.org/ns/activitystreams#Public"]
    items = [
        {"type": "Create", "published": line.time.isoformat().replace("+00:00", "Z"), "to": public, "cc": [],
         "object": {"id": f"https://a.example/{place}", "type": "Note", "summary": None, "inReplyTo": None,
                    "content": "<p>" + html.escape(line.text).replace("\n", "<br/>") + "</p>"}}
        for place, line in enumerate(lines)
        if line.role == "self"
    ]  # fmt: skip
    files = {
        "outbox.json": {"@context": "x", "type": "OrderedCollection", "orderedItems": items},
        "actor.json": {"id": "https://a.example/ana", "type": "Person", "summary": "", "attachment": []},
        "likes.json": {"type": "OrderedCollection", "orderedItems": []},
    }
    path = folder / "mastodon.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, body in files.items():
            content = _bytes(body)
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def messages(folder: Path, lines: Sequence[Line]) -> Path:
    turns = [
        {
            "role": "user" if line.role == "self" else "assistant",
            "content": line.text,
            "time": line.time.isoformat(),
        }
        for line in lines
    ]
    path = folder / "messages.jsonl"
    path.write_text(_jsonl([{"messages": turns}]), encoding="utf-8")
    return path


def sharegpt(folder: Path, lines: Sequence[Line]) -> Path:
    turns = [
        {"from": "human" if line.role == "self" else "gpt", "value": line.text, "time": line.time.timestamp()}
        for line in lines
    ]
    path = folder / "sharegpt.json"
    path.write_bytes(_bytes([{"id": "c1", "conversations": turns}]))
    return path


def table_csv(folder: Path, lines: Sequence[Line]) -> Path:
    path = folder / "table.csv"
    path.write_text(_csv("person,text,time,role", _table_rows(lines)), encoding="utf-8", newline="")
    return path


def table_jsonl(folder: Path, lines: Sequence[Line]) -> Path:
    names = ("person", "text", "time", "role")
    path = folder / "table.jsonl"
    path.write_text(
        _jsonl([dict(zip(names, row, strict=True)) for row in _table_rows(lines)]), encoding="utf-8"
    )
    return path


def table_parquet(folder: Path, lines: Sequence[Line]) -> Path:
    import duckdb

    path = folder / "table.parquet"
    with duckdb.connect() as database:
        database.execute("CREATE TABLE t (person VARCHAR, text VARCHAR, time TIMESTAMP, role VARCHAR)")
        database.executemany("INSERT INTO t VALUES (?, ?, ?::VARCHAR::TIMESTAMP, ?)", _table_rows(lines))
        database.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    return path


def plain(folder: Path, lines: Sequence[Line]) -> Path:
    """Say each line in a paragraph; plain text has no times and one author."""
    path = folder / "plain"
    (path / "ana").mkdir(parents=True, exist_ok=True)
    (path / "bea").mkdir(parents=True, exist_ok=True)
    own = [line.text for line in lines if line.role == "self"]
    (path / "ana" / "notes.md").write_text("\n\n".join(own), encoding="utf-8", newline="")
    (path / "bea" / "notes.txt").write_text("One line.\nAnother line.\n", encoding="utf-8")
    return path


MAKERS: dict[str, Callable[[Path, Sequence[Line]], Path]] = {
    "chatgpt": chatgpt,
    "claude": claude,
    "reddit": reddit,
    "reddit_dump": reddit_dump,
    "x": x,
    "mastodon": mastodon,
    "messages": messages,
    "sharegpt": sharegpt,
    "table_csv": table_csv,
    "table_jsonl": table_jsonl,
    "table_parquet": table_parquet,
    "plain": plain,
}  # the name begins with the format's, but for a second shape of it: see FORMAT
FORMAT = {"reddit_dump": "reddit", "sharegpt": "messages"} | dict.fromkeys(
    ("table_csv", "table_jsonl", "table_parquet"), "table"
)


def _table_rows(lines: Sequence[Line]) -> list[tuple[str, str, str, str]]:
    return [("ana", line.text, line.time.strftime("%Y-%m-%d %H:%M:%S"), line.role) for line in lines]


def _reddit_time(line: Line) -> str:
    return line.time.strftime("%Y-%m-%d %H:%M:%S UTC")


def _ytd(part: str, body: object) -> str:
    return f"window.YTD.{part}.part0 = " + json.dumps(body)


def _csv(header: str, rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return text.getvalue()


def _jsonl(rows: Sequence[object]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _bytes(body: object) -> bytes:
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()


def _zip(path: Path, files: dict[str, object]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(name), _bytes(body))
    return path


def whatsapp(folder: Path, lines: Sequence[Line]) -> Path:
    names = {"self": "Ana", "other": "Bea"}
    chat = [
        f"[{line.time:%d/%m/%Y, %H:%M:%S}] {names.get(line.role, 'Bea')}: {line.text}\n" for line in lines
    ]
    first = f"[{START:%d/%m/%Y, %H:%M:%S}] "
    system = f"{first}Bea: \u200eMessages and calls are end-to-end encrypted.\n"
    deleted = f"{first}Ana: \u200eYou deleted this message.\n"
    return _zip(folder / "WhatsApp Chat - Bea.zip", {"_chat.txt": "".join([system, deleted, *chat])})


def telegram(folder: Path, lines: Sequence[Line]) -> Path:
    messages = [
        {"id": place, "type": "message", "date": line.time.strftime("%Y-%m-%dT%H:%M:%S"),
         "date_unixtime": str(int(line.time.timestamp())), "from": "x", "from_id": "user1" if line.role == "self" else "user2",
         "text": [line.text[:8], {"type": "bold", "text": line.text[8:]}]}
        for place, line in enumerate(lines)
    ]  # fmt: skip
    chat = {"name": "Bea", "type": "personal_chat", "id": 2, "messages": messages}
    account = {
        "about": "x",
        "personal_information": {"user_id": 1, "first_name": "Ana"},
        "chats": {"list": [chat]},
    }
    return _zip(folder / "telegram.zip", {"result.json": account})


def spotify(folder: Path, lines: Sequence[Line]) -> Path:
    """Say the own lines as searches; the other side's are podcast episodes."""
    searches = [
        {"platform": "ANDROID", "searchTime": line.time.strftime("%Y-%m-%dT%H:%M:%S.000Z[UTC]"), "searchQuery": line.text,
         "searchInteractionURIs": []}
        for line in lines
        if line.role == "self"
    ]  # fmt: skip
    plays = [
        {"ts": line.time.strftime("%Y-%m-%dT%H:%M:%SZ"), "ms_played": 45_000, "ip_addr": "10.0.0.1",
         "master_metadata_track_name": None, "episode_name": line.text, "episode_show_name": "Bea",
         "spotify_episode_uri": f"spotify:episode:{place}", "incognito_mode": False}
        for place, line in enumerate(lines)
        if line.role == "other"
    ]  # fmt: skip
    return _zip(
        folder / "spotify.zip",
        {
            "SearchQueries.json": searches,
            "Streaming_History_Audio_2023_0.json": plays,
            "Userdata.json": {"username": "ana"},
        },
    )


def google(folder: Path, lines: Sequence[Line]) -> Path:
    """Say the own lines as prompts and comments; the other side's are the titles of videos."""
    moments = [line.time.isoformat().replace("+00:00", "Z") for line in lines]
    own = [(line, moment) for line, moment in zip(lines, moments, strict=True) if line.role == "self"]
    prompts = [
        {
            "header": "Gemini Apps",
            "title": f"Prompted {line.text}",
            "time": moment,
            "products": ["Gemini Apps"],
        }
        for line, moment in own[1::2]
    ]
    comments = [
        (f"c{place}", "u", moment, "0", "", "v", json.dumps({"text": line.text}))
        for place, (line, moment) in enumerate(own[::2])
    ]
    videos = [
        {"header": "YouTube", "title": f"Watched {line.text}", "time": moment, "products": ["YouTube"],
         "titleUrl": f"https://www.youtube.com/watch?v=abcdefgh{place:03}", "subtitles": [{"name": "Bea"}]}
        for place, (line, moment) in enumerate(zip(lines, moments, strict=True))
        if line.role == "other"
    ]  # fmt: skip
    columns = "Comment ID,Channel ID,Comment Create Timestamp,Price,Parent Comment ID,Video ID,Comment Text"
    return _zip(
        folder / "google.zip",
        {
            "Takeout/My Activity/Gemini Apps/MyActivity.json": prompts,
            "Takeout/YouTube/history/watch-history.json": videos,
            "Takeout/YouTube/comments/comments.csv": _csv(columns, comments),
        },
    )


def instagram(folder: Path, lines: Sequence[Line]) -> Path:
    messages = [
        {"sender_name": "Ana" if line.role == "self" else "Bea", "timestamp_ms": int(line.time.timestamp() * 1000),
         "content": _latin1(line.text)}
        for line in reversed(lines)
    ]  # fmt: skip
    thread = {"participants": [{"name": "Bea"}, {"name": "Ana"}], "messages": messages, "title": "Bea"}
    profile = {"string_map_data": {"Name": {"value": "Ana"}, "Username": {"value": "ana.bakes"}}}
    return _zip(
        folder / "instagram.zip",
        {
            "your_instagram_activity/messages/inbox/bea_1/message_1.json": thread,
            "personal_information/personal_information.json": {"profile_user": [profile]},
        },
    )


def discord(folder: Path, lines: Sequence[Line]) -> Path:
    own = [(place, line) for place, line in enumerate(lines) if line.role == "self"]
    newer = [
        {"ID": 1000 + place, "Timestamp": line.time.strftime("%Y-%m-%d %H:%M:%S"), "Contents": line.text, "Attachments": ""}
        for place, line in own[1::2]
    ]  # fmt: skip
    older = [(str(1000 + place), str(line.time), line.text, "") for place, line in own[::2]]
    return _zip(
        folder / "discord.zip",
        {
            "account/user.json": {"id": "1", "username": "ana"},
            "messages/c7/channel.json": {
                "id": "7",
                "type": 0,
                "name": "bread",
                "guild": {"id": "70", "name": "Bakers"},
            },
            "messages/c7/messages.json": newer,
            "messages/c8/channel.json": {"id": "8", "type": 1},
            "messages/c8/messages.csv": _csv("ID,Timestamp,Contents,Attachments", older),
        },
    )


def _latin1(text: str) -> str:
    return text.encode().decode("latin-1")


MAKERS |= {
    "whatsapp": whatsapp,
    "telegram": telegram,
    "spotify": spotify,
    "google": google,
    "instagram": instagram,
    "discord": discord,
}
