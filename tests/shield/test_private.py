"""What stands beside the texts of an archive: places, births, addresses, numbers of accounts, instructions."""

import json
import zipfile

import pytest

from personae.infer.stated import StatedReader
from personae.people.archives import Options
from personae.people.records import Trace
from personae.shield import Pseudonyms, shield
from personae.shield.archive import Cast, left_out, open_for_shield, write_back
from personae.shield.hidden import Hidden

FRIEND = "904815162342000001"


def shielded(folder, files, person=""):
    """Return what an archive's files hold after it was written back without an edit."""
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for name, body in files.items():
            prefix = f"window.YTD.{name[5:-3]}.part0 = " if name.endswith(".js") else ""
            archive.writestr(name, body if isinstance(body, str) else prefix + json.dumps(body))
    opened = open_for_shield(folder / "a.zip", Options(person=person))
    write_back(opened, [], folder / "b.zip", random_state=3)
    with zipfile.ZipFile(folder / "b.zip") as archive:
        return opened, {name: archive.read(name).decode() for name in archive.namelist()}


def test_x_tells_neither_where_nor_when_born(tmp_path):
    tweet = {"id_str": "1", "full_text": "We bake.", "geo": {"coordinates": ["41.15", "-8.61"]}, "place": {"full_name": "Porto"},
             "coordinates": {"coordinates": ["-8.61", "41.15"]}}  # fmt: skip
    picture = "https://pbs.example/1/ana_holiday.jpg"
    opened, found = shielded(
        tmp_path,
        {"data/tweets.js": [{"tweet": tweet}],
         "data/ageinfo.js": [{"ageMeta": {"ageInfo": {"age": ["36"], "birthDate": "1987-05-03"}}}],
         "data/profile.js": [{"profile": {"description": {"bio": "I bake.", "location": ""}, "avatarMediaUrl": picture}}],
         "data/following.js": [{"following": {"accountId": "9", "userLink": "https://twitter.com/intent/user?user_id=9"}}]},
    )  # fmt: skip
    whole = "".join(found.values())
    assert left_out(opened) == ("ageinfo.js",)
    assert not [word for word in ("41.15", "Porto", "1987", "ana_holiday", "user_id=9\"") if word in whole]  # fmt: skip
    assert "We bake." in whole
    number = json.loads(found["following.js"].partition("=")[2])[0]["following"]
    assert number["userLink"].endswith(f"user_id={number['accountId']}")


def test_telegram_tells_no_address(tmp_path):
    row = {"id": 1, "type": "message", "date_unixtime": "1700000000", "from": "Ana", "from_id": "user1", "text": "Hi there",
           "location_information": {"latitude": 41.15, "longitude": -8.61}}  # fmt: skip
    account = {
        "sessions": [
            {"last_ip": "203.0.113.7", "last_country": "Portugal", "last_region": "Porto", "app_name": "x"}
        ],
        "chats": {"list": [{"name": "Bea", "type": "personal_chat", "id": 2, "messages": [row]}]},
    }
    _, found = shielded(tmp_path, {"result.json": account})
    told = json.loads(found["result.json"])
    assert told["sessions"] == [{"last_ip": "[ip]", "last_country": "", "last_region": "", "app_name": "x"}]
    assert told["chats"]["list"][0]["messages"][0]["location_information"] == {}


def test_discord_knows_friends_by_number_alone(tmp_path):
    account = {"id": "804815162342000001", "username": "ana_bakes", "notes": {FRIEND: "met at school"},
               "relationships": [{"id": FRIEND, "nickname": "Beachen", "user": {"id": FRIEND, "username": "bea_c"}}],
               "billing": [{"billing_address": {"city": "Porto", "postal_code": "4000"}}]}  # fmt: skip
    said = [{"ID": 1, "Timestamp": "2024-03-03 09:00:00", "Contents": f"Hi <@{FRIEND}>"}]
    _, found = shielded(tmp_path, {"account/user.json": account, "messages/c7/messages.json": said})
    told = json.loads(found["account/user.json"])
    assert list(told["notes"]) == [told["relationships"][0]["id"]] != [FRIEND]
    whole = found["account/user.json"]
    assert not [word for word in ("Beachen", "bea_c", "Porto", "4000", FRIEND) if word in whole]


@pytest.mark.parametrize("key", ["about_user_message", "about_model_message", "traits_model_message"])
def test_instructions_beside_every_message_go(tmp_path, key):
    message = {
        "id": "m",
        "author": {"role": "user"},
        "content": {"content_type": "text", "parts": ["Hello there"]},
        "metadata": {"user_context_message_data": {key: "I bake at the mill in Porto"}},
    }
    _, found = shielded(
        tmp_path, {"conversations.json": [{"id": "c", "title": "", "mapping": {"n": {"message": message}}}]}
    )
    assert "Porto" not in found["conversations.json"]
    assert "Hello there" in found["conversations.json"]


def test_accounts_in_addresses_have_the_pseudonym_beside_them():
    hidden = Hidden("instagram", [], 3)
    bea = hidden.of("bea_c")
    followed = {"href": "https://www.instagram.com/_u/bea_c", "value": "bea_c", "timestamp": 5}
    assert hidden.record(followed, "following.json") == {"value": bea}
    assert hidden.inner(followed["href"]) == f"https://www.instagram.com/_u/{bea}"
    owner = {"Media Owner": {"value": "bea_c"}, "Comment": {"value": "nice"}}
    assert hidden.record(owner, "comments.json") == {"Media Owner": {"value": bea}}
    assert hidden.record({"label": "Owner", "value": "bea_c"}, "likes.json") == {"value": bea}
    assert hidden.record({"title": "bea_c", "string_list_data": []}, "likes.json") == {"title": bea}


def test_a_name_that_only_the_texts_state_goes_from_titles_and_answers(tmp_path):
    said = [("user", "I'm Anaïs, and I bake."), ("assistant", "Bonjour Anais! Anaïs, here is bread.")]
    mapping = {
        f"n{n}": {"message": {"id": f"m{n}", "author": {"role": role}, "content": {"content_type": "text", "parts": [text]}}}
        for n, (role, text) in enumerate(said)
    }  # fmt: skip
    chats = [
        {"id": "c", "title": "Bread", "mapping": mapping},
        {"id": "d", "title": "Tips for Anaïs", "mapping": {}},
    ]
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(chats))
    opened = open_for_shield(path, Options())
    edits = shield(opened.traces, reader=StatedReader(), level="mask", random_state=3).edits
    write_back(opened, edits, tmp_path / "b.json", random_state=3)
    whole = (tmp_path / "b.json").read_text()
    assert [word for word in ("Anais", "Ana\\u00efs", "Anaïs") if word in whole] == []
    new = Pseudonyms(random_state=3).of("name", "Anaïs")
    assert f"Tips for {new}" in whole
    assert f"Bonjour {new}! {new}, here" in whole


def test_a_first_name_goes_although_it_stands_in_small_letters_once():
    said = ("I'm Lieselot Mahler, and I bake.", "lieselot knows. Bonjour Lieselot!")
    lines = [Trace("p", "table", str(n), text=text) for n, text in enumerate(said)]
    assert "Lieselot" not in shield(lines, reader=StatedReader(), level="mask").traces[1].text


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (("My sister Lena came.", "i met lena again"), "lena"),
        (("my name is tomas and i bake", "i told tomas"), "tomas"),
        (("I have a brother named tomas.", "tomas came"), "tomas"),
    ],
)
def test_a_name_goes_in_small_letters_too(said, left):
    lines = [Trace("p", "table", str(n), text=text) for n, text in enumerate(said)]
    done = shield(lines, reader=StatedReader(), level="mask")
    assert left not in " ".join(trace.text for trace in done.traces).lower()


def test_a_name_that_is_a_word_here_stays_that_word():
    said = (
        "My brother Hunter came.",
        "The hunter came home.",
        "My name is not short.",
        "My friend was called away.",
    )
    lines = [Trace("p", "table", str(n), text=text) for n, text in enumerate(said)]
    done = shield(lines, reader=StatedReader(), level="mask")
    assert [trace.text for trace in done.traces[1:]] == list(said[1:])


def test_people_of_one_name_in_the_rows_of_two_get_two_pseudonyms(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text(
        "person,text\np1,My sister Lena came.\np2,My sister Lena left.\np1,I like Lena.\n", encoding="utf-8"
    )
    opened = open_for_shield(file, Options())
    edits = []
    for who in ("p1", "p2"):
        own = [trace for trace in opened.traces if trace.person == who]
        edits += shield(own, reader=StatedReader(), random_state=Cast(opened, 7).key_of(who)).edits
    write_back(opened, edits, tmp_path / "new.csv", random_state=7)
    first, second, third = (row.split(",")[1] for row in (tmp_path / "new.csv").read_text().splitlines()[1:])
    assert "Lena" not in first + second + third
    assert first.split()[2] == third.split()[2].strip(".") != second.split()[2]
