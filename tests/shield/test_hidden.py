"""Nobody whom an archive names stands in the shielded one, which reads as before: by fields, heads, addresses and file names."""

import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from personae.infer.stated import StatedReader
from personae.people.archives import Options, read_archive
from personae.people.records import Trace
from personae.shield import Called, Pseudonyms, shield
from personae.shield.archive import open_for_shield, own_name, write_back
from personae.shield.hidden import Hidden

TOLD = ("ana", "silva", "bea", "costa", "351912345678", "4815162342")
SAID = (
    "Olá, Ana here. Bea, will you come?",
    "Yes ANA SILVA, I, Bea, will. Ask @ana_bakes!",
    "We baked rye bread.",
)


def packed(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body if isinstance(body, str) else json.dumps(body))
    return path


def whatsapp(folder):
    path = folder / "WhatsApp Chat with Bea Costa.txt"
    path.write_text(
        "12/03/24, 14:01 - Messages and calls are end-to-end encrypted.\n"
        "12/03/24, 14:01 - Ana Silva added Bea and +351 912 345 678\n"
        f"12/03/24, 14:02 - Ana Silva: {SAID[0]}\n"
        f"12/03/24, 14:03 - Bea Costa 🍞: {SAID[1]}\nand Ana\n"
        f"12/03/24, 14:04 - ~ Ana Silva: {SAID[2]} @\u2068Bea Costa\u2069, \n"
        "12/03/24, 14:05 - +351 912 345 678: Hi @351912345678\n"
        "12/03/24, 14:06 - Bea Costa 🍞: Bea Costa.vcf (file attached)\n"
    )
    return path


def telegram(folder):
    people = [("user4815162342", "Ana Silva"), ("user2", "Bea Costa")]
    rows = [
        {"id": n, "type": "message", "date_unixtime": str(1700000000 + n), "from": people[n % 2][1],
         "from_id": people[n % 2][0], "text": text}
        for n, text in enumerate(SAID)
    ]  # fmt: skip
    rows.append(
        {"id": 9, "type": "service", "date_unixtime": "1700000009", "actor": "Bea Costa", "actor_id": "user2",
         "action": "invite_members", "members": ["Ana Silva"], "text": ""}
    )  # fmt: skip
    account = {
        "personal_information": {"user_id": 4815162342, "first_name": "Ana", "last_name": "Silva", "username": "@ana_bakes"},
        "chats": {"list": [{"name": "Bea Costa", "type": "personal_chat", "id": 2, "messages": rows}]},
    }  # fmt: skip
    return packed(folder / "telegram.zip", {"result.json": account})


def instagram(folder):
    rows = [
        {"sender_name": ("Ana Silva", "Bea Costa")[n % 2], "timestamp_ms": 1700000000000 + n, "content": text.encode().decode("latin-1"),
         "reactions": [{"reaction": "x", "actor": "Bea Costa"}]}
        for n, text in enumerate(SAID)
    ]  # fmt: skip
    thread = {"participants": [{"name": "Bea Costa"}, {"name": "Ana Silva"}], "messages": rows, "title": "Bea Costa",
              "thread_path": "inbox/beacosta_1"}  # fmt: skip
    profile = {
        "string_map_data": {
            "Name": {"value": "Ana Silva"},
            "Username": {"value": "ana_bakes"},
            "Bio": {"value": "I bake."},
        }
    }
    return packed(
        folder / "instagram.zip",
        {"messages/inbox/beacosta_1/message_1.json": thread,
         "personal_information/personal_information.json": {"profile_user": [profile]}},
    )  # fmt: skip


def x(folder):
    account = {
        "account": {
            "accountId": "4815162342",
            "username": "ana_bakes",
            "accountDisplayName": "Ana Silva",
            "email": "ana@a.example",
        }
    }
    mention = {"name": "Bea Costa", "screen_name": "bea_c", "id_str": "4815162342"}
    tweets = [
        {"tweet": {"id_str": str(n), "full_text": text, "created_at": "Sat Mar 03 09:00:00 +0000 2024", "in_reply_to_screen_name": "bea_c",
                   "entities": {"user_mentions": [mention], "urls": [{"expanded_url": "https://twitter.com/ana_bakes/status/1"}]}}}
        for n, text in enumerate(SAID)
    ]  # fmt: skip
    sent = {
        "messageCreate": {
            "id": "1",
            "senderId": "4815162342",
            "recipientId": "2",
            "text": SAID[0],
            "createdAt": "2024-03-03T09:00:00.000Z",
        }
    }
    talk = {"dmConversation": {"conversationId": "4815162342-2", "messages": [sent]}}
    files = {"account": [account], "tweets": tweets, "direct_messages": [talk]}
    names = {"direct_messages": "direct-messages"}
    return packed(
        folder / "x.zip",
        {
            f"data/{names.get(name, name)}.js": f"window.YTD.{name}.part0 = {json.dumps(body)}"
            for name, body in files.items()
        }
        | {"README.txt": "This is the archive of Ana Silva, @ana_bakes."},
    )


def mastodon(folder):
    me, bea = "https://a.example/users/ana_bakes", "https://b.example/@bea_c"
    actor = {"id": me, "url": "https://a.example/@ana_bakes", "name": "Ana Silva", "preferredUsername": "ana_bakes", "summary": "<p>Ana bakes</p>",
             "inbox": f"{me}/inbox", "publicKey": {"id": f"{me}#main-key", "owner": me, "publicKeyPem": "ana"}}  # fmt: skip
    items = [
        {"type": "Create", "id": f"{me}/statuses/{n}/activity", "actor": me, "published": "2024-03-03T09:00:00Z",
         "to": ["https://www.w3.org/ns/activitystreams#Public"], "cc": [f"{me}/followers", bea],
         "object": {"type": "Note", "id": f"{me}/statuses/{n}", "attributedTo": me, "inReplyTo": "https://b.example/users/bea_c/statuses/1",
                    "content": f"<p>{text}</p>", "tag": [{"type": "Mention", "href": bea, "name": "@bea_c@b.example"}]}}
        for n, text in enumerate(SAID)
    ]  # fmt: skip
    path = folder / "mastodon.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, body in (("outbox.json", {"orderedItems": items}), ("actor.json", actor)):
            (folder / name).write_text(json.dumps(body))
            archive.add(folder / name, name)
            (folder / name).unlink()
    return path


def reddit(folder):
    rows = "".join(
        f'c{n},/r/bread/comments/abc1/x/c/,2024-03-0{n + 1} 09:00:00 UTC,u_ana_bakes,"{text}"\n'
        for n, text in enumerate(SAID)
    )
    return packed(
        folder / "reddit.zip",
        {"comments.csv": f"id,permalink,date,subreddit,body\n{rows}",
         "messages.csv": f'id,permalink,thread_id,date,from,to,subject,body\nd1,/m,t,2024-03-03 09:00:00 UTC,ana_bakes,bea_c,,"{SAID[0]}"\n',
         "statistics.csv": "statistic,value\naccount name,ana_bakes\n"},
    )  # fmt: skip


def discord(folder):
    friend = {"id": "77", "user": {"id": "77", "username": "bea_c", "global_name": "Bea Costa"}}
    account = {
        "id": "4815162342",
        "username": "ana_bakes",
        "global_name": "Ana Silva",
        "email": "ana@a.example",
        "avatar": "https://cdn.example/4815162342/a.png",
        "relationships": [friend],
    }
    rows = [
        {"ID": n, "Timestamp": "2024-03-03 09:00:00", "Contents": f"{text} <@481516234200000>"}
        for n, text in enumerate(SAID)
    ]
    return packed(folder / "discord.zip", {"account/user.json": account, "messages/c7/messages.json": rows})


def chatgpt(folder):
    mapping = {
        f"n{n}": {
            "message": {
                "id": f"m{n}",
                "author": {"role": "user"},
                "content": {"content_type": "text", "parts": [text]},
            }
        }
        for n, text in enumerate(SAID)
    }
    told = {"id": "user-1", "name": "Ana Silva", "email": "ana@a.example", "phone_number": "+351912345678"}
    return packed(
        folder / "chatgpt.zip",
        {
            "conversations.json": [{"id": "c", "title": "Bread for Ana", "mapping": mapping}],
            "user.json": told,
        },
    )


def claude(folder):
    rows = [{"uuid": f"m{n}", "sender": "human", "text": text} for n, text in enumerate(SAID)]
    told = {"uuid": "u", "full_name": "Ana Silva", "email_address": "ana@a.example"}
    return packed(
        folder / "claude.zip",
        {
            "conversations.json": [{"uuid": "c", "name": "Ana asks", "chat_messages": rows}],
            "users.json": [told],
        },
    )


MAKERS = (whatsapp, telegram, instagram, x, mastodon, reddit, discord, chatgpt, claude)
ACCOUNT_ONLY = (reddit,)  # formats that say no name of anybody
OTHERS_TOO = (whatsapp, telegram, instagram)  # formats that name whom one talks with


def whole(path):
    """Return all that an archive holds, names of files included, in lower case."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            parts = [(name, archive.read(name)) for name in archive.namelist()]
    elif path.suffix == ".gz":
        with tarfile.open(path) as archive:
            parts = [(each.name, archive.extractfile(each).read()) for each in archive]
    else:
        parts = [("", path.read_bytes())]
    return "".join(name + body.decode() for name, body in parts).lower()


@pytest.mark.parametrize("make", MAKERS)
def test_nobody_is_named_and_the_archive_reads_as_before(make, tmp_path):
    path = make(tmp_path)
    options = Options(person="Ana Silva") if make in OTHERS_TOO else Options()
    opened = open_for_shield(path, options)
    edits = []
    for person in dict.fromkeys(trace.person for trace in opened.traces):
        own = [trace for trace in opened.traces if trace.person == person]
        edits += shield(own, reader=StatedReader(), level="mask", names=opened.names, random_state=3).edits
    (tmp_path / "out").mkdir()
    out = tmp_path / "out" / f"new{''.join(path.suffixes)}"
    write_back(opened, edits, out, random_state=3)
    text = whole(out)
    told = TOLD if make in OTHERS_TOO else [word for word in TOLD if word not in ("bea", "costa")]
    assert [word for word in told if word in text and make not in ACCOUNT_ONLY] == []
    assert "ana_bakes" not in text
    assert "bea_c" not in text
    me = own_name(opened, random_state=3)
    again = list(read_archive(out, Options(person=me)).rows)
    before = list(read_archive(path, options).rows)
    for kind in (
        lambda row: isinstance(row, Trace) and row.role == "self",
        lambda row: isinstance(row, Trace),
    ):
        assert sum(map(kind, again)) == sum(map(kind, before)) > 0
    assert me.lower() in text


def test_one_person_has_one_pseudonym_in_heads_texts_and_mentions(tmp_path):
    opened = open_for_shield(whatsapp(tmp_path), Options(person="Ana Silva"))
    done = shield(opened.traces, reader=StatedReader(), level="mask", names=opened.names, random_state=3)
    out = tmp_path / "out.txt"
    write_back(opened, done.edits, out, random_state=3)
    ana, bea = (
        own_name(opened, random_state=3),
        Pseudonyms(random_state=3, people=opened.names).of("name", "Bea Costa"),
    )
    lines = out.read_text().splitlines()
    assert lines[1] == f"12/03/24, 14:01 - {ana} added {bea} and [phone]"
    assert lines[2] == f"12/03/24, 14:02 - {ana}: Olá, {ana} here. {bea}, will you come?"
    assert lines[3].startswith(f"12/03/24, 14:03 - {bea}: Yes {ana}, I, {bea}, will. Ask @")


def test_who_has_a_pseudonym_already_keeps_it_and_shares_it_with_nobody():
    told = [f"Name{k}" for k in range(150)]
    first = Pseudonyms(random_state=1, people=[Called((name,)) for name in told])
    once = [first.of("name", name) for name in told]
    again = Pseudonyms(
        random_state=2, people=[*(Called((name,)) for name in once), *(Called((name,)) for name in told)]
    )
    assert [again.of("name", name) for name in once] == once
    assert not {again.of("name", name) for name in told} & set(once)
    assert first.number("4815162342") == first.number("4815162342") != first.number("4815162343")


def test_addresses_and_folders_keep_what_names_nobody():
    hidden = Hidden("instagram", [Called(("Ana Silva",), ("ana_bakes",))], 3)
    ana = hidden.of("Ana Silva")
    assert (
        hidden.inner("https://www.instagram.com/ana_bakes/p/Cx1") == f"https://www.instagram.com/{ana}/p/Cx1"
    )
    assert hidden.inner("https://www.instagram.com/p/Cx1") == "https://www.instagram.com/p/Cx1"
    assert (
        hidden.path("messages/inbox/anasilva_17/message_1.json") == f"messages/inbox/{ana}_17/message_1.json"
    )
    assert hidden.inner("banana") == "banana"
    assert hidden.record({"sender_name": "Ana Silva", "content": "Ana"}, "m.json") == {"sender_name": ana}


def test_the_name_of_the_new_archive_names_nobody(tmp_path):
    from personae.shield.archive import shielded_name

    opened = open_for_shield(whatsapp(tmp_path), Options())
    assert "Bea" not in shielded_name(opened.path, opened.names, random_state=3).name
    assert shielded_name(Path("a/chat.jsonl.gz")).name == "chat-shielded.jsonl.gz"


def test_people_who_are_shielded_one_by_one_share_no_pseudonym():
    made = {Pseudonyms([("name", f"Name{k}")], random_state=5).of("name", f"Name{k}") for k in range(1000)}
    assert len(made) == 1000


def test_what_an_attached_file_says_is_masked(tmp_path):
    held = [
        {
            "file_name": "cv_ana_silva.txt",
            "extracted_content": "Ana Silva, born 12-08-1986, mail ana@a.example",
        }
    ]
    row = {"uuid": "m", "sender": "human", "text": "rye bread again", "attachments": held}
    told = {"uuid": "u", "full_name": "Ana Silva", "email_address": "ana@a.example"}
    files = {"conversations.json": [{"uuid": "c", "name": "", "chat_messages": [row]}], "users.json": [told]}
    opened = open_for_shield(packed(tmp_path / "claude.zip", files), Options())
    write_back(opened, [], tmp_path / "out.zip")
    kept = whole(tmp_path / "out.zip")
    assert "born [date of birth], mail [e-mail]" in kept
    assert "silva" not in kept


def test_a_profile_of_instagram_with_a_date_of_birth_is_written_back(tmp_path):
    told = {"Username": {"value": "ana_bakes"}, "Name": {"value": "Ana Silva"}, "Bio": {"value": "rye bread, every day"},
            "Date of birth": {"value": "1989-07-23"}}  # fmt: skip
    files = {
        "personal_information/personal_information.json": {
            "profile_user": [{"title": "", "string_map_data": told}]
        }
    }
    opened = open_for_shield(packed(tmp_path / "instagram.zip", files), Options())
    edits = shield(opened.traces, reader=StatedReader(), level="mask", names=opened.names).edits
    write_back(opened, edits, tmp_path / "out.zip")
    kept = whole(tmp_path / "out.zip")
    assert "1989" not in kept
    assert "rye bread" in kept


def test_what_stands_beside_a_changed_date_of_birth_goes(tmp_path):
    told = {"Name": {"value": "Ana Silva"}, "Bio": {"value": "rye bread"},
            "Date of birth": {"value": "1989-07-23", "lat": 41.5, "note": "at noon in Polva"}}  # fmt: skip
    files = {
        "personal_information/personal_information.json": {
            "profile_user": [{"title": "", "string_map_data": told}]
        }
    }
    opened = open_for_shield(packed(tmp_path / "instagram.zip", files), Options())
    edits = shield(opened.traces, reader=StatedReader(), level="mask", names=opened.names).edits
    write_back(opened, edits, tmp_path / "out.zip")
    kept = whole(tmp_path / "out.zip")
    assert "[date of birth]" in kept
    assert not any(part in kept for part in ("41.5", "polva", "1989"))
