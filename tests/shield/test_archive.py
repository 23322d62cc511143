"""Archives come back in their own format, with only what was edited changed."""

import csv
import importlib.util
import json
import sys
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from personae.errors import BadInput
from personae.infer.stated import StatedReader
from personae.people.archives import Options, read_archive
from personae.people.records import Trace, people_of
from personae.shield import Edit, shield
from personae.shield.archive import (
    WRITABLE,
    Cast,
    left_out,
    naming_columns,
    open_for_shield,
    other_columns,
    shielded_name,
    write_back,
)
from personae.shield.hidden import Hidden
from personae.shield.names import Named
from personae.shield.pseudonyms import Called, is_pseudonym

_SPEC = importlib.util.spec_from_file_location(
    "shield_make", Path(__file__).parents[1] / "people" / "archives" / "make.py"
)
make = importlib.util.module_from_spec(_SPEC)
sys.modules["shield_make"] = make
_SPEC.loader.exec_module(make)

BACK = [name for name in make.MAKERS if make.FORMAT.get(name, name) in WRITABLE]


def spans(opened):
    """Generalize a place, drop a line, and write hostile characters into another."""
    for trace in opened.traces:
        for word, new in (("Porto", "a city"), ("ça va", '<&é> "q", ;')):
            if (at := trace.text.find(word)) >= 0:
                yield Edit(trace.source, trace.id, trace.where, at, at + len(word), new, "generalize")
        if "50%" in trace.text:
            yield Edit(trace.source, trace.id, trace.where, 0, len(trace.text), "", "drop")


@pytest.mark.parametrize("name", BACK)
def test_an_archive_stays_what_it_was(name, tmp_path):
    path = make.MAKERS[name](tmp_path, make.LINES)
    before = path.read_bytes() if path.is_file() else b""
    opened = open_for_shield(path, Options())
    out = tmp_path / "out" / path.name
    write_back(opened, list(spans(opened)), out)
    again = read_archive(out, Options(keep_identifiers=True))
    assert again.format == opened.format
    found = [row.text for row in again.rows if isinstance(row, Trace) and row.text]
    wanted = [
        text.replace("Porto", "a city").replace("ça va", '<&é> "q", ;')
        for text in (trace.text for trace in opened.traces)
        if text and "50%" not in text
    ]
    assert sorted(" ".join(text.split()) for text in found) == sorted(
        " ".join(text.split()) for text in wanted
    )
    assert not before or path.read_bytes() == before
    whole = out.read_bytes() if out.is_file() and not zipfile.is_zipfile(out) else b""
    if zipfile.is_zipfile(out):
        with zipfile.ZipFile(out) as packed:
            whole = b"".join(packed.read(member) for member in packed.namelist())
    assert b"Porto" not in whole
    assert b"wholemeal" not in whole


def test_formats_without_a_way_back_are_named(tmp_path):
    card = (
        '<div class="outer-cell mdl-cell"><p class="mdl-typography--title">Search<br></p>'
        '<div class="content-cell mdl-typography--body-1">Searched for\u00a0<a href="https://www.google.com/search?q=rye">rye</a>'
        "<br>Mar 3, 2024, 9:00:00 AM UTC<br></div></div>"
    )
    path = tmp_path / "takeout.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("Takeout/My Activity/Search/MyActivity.html", f"<html><body>{card}</body></html>")
    opened = open_for_shield(path, Options())
    assert [trace.text for trace in opened.traces] == ["rye"]
    with pytest.raises(BadInput, match="as JSON"):
        write_back(opened, [], tmp_path / "out.zip")
    assert [file.name for file in tmp_path.iterdir()] == ["takeout.zip"]


def test_a_search_goes_from_its_address_too(tmp_path):
    """What was searched for stands in a title among the platform's words, and in the address."""
    place = "Takeout/My Activity/Search/MyActivity.json"
    rows = [
        {"header": "Search", "title": f"Searched for {words}", "titleUrl": f"https://www.google.com/search?q={words.replace(' ', '+')}",
         "time": "2024-03-03T09:00:00Z", "products": ["Search"]}
        for words in ("nurse jobs in Porto", "rye bread")
    ]  # fmt: skip
    path = tmp_path / "takeout.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(place, json.dumps(rows))
    opened = open_for_shield(path, Options())
    one = opened.traces[0]
    write_back(
        opened, [Edit(one.source, one.id, one.where, 14, 19, "a city", "generalize")], tmp_path / "out.zip"
    )
    with zipfile.ZipFile(tmp_path / "out.zip") as packed:
        found = json.loads(packed.read(packed.namelist()[0]))
    assert [row["title"] for row in found] == ["Searched for nurse jobs in a city", "Searched for rye bread"]
    assert [row["titleUrl"] for row in found] == ["", rows[1]["titleUrl"]]


def test_repetitions_titles_and_account_data_do_not_leak(tmp_path):
    """Custom instructions stand in every conversation; the page repeats all; the account has an address."""
    about = {"about_user_message": "I am a nurse in Porto, mail ana@example.org"}

    def conversation(k):
        context = {"content_type": "user_editable_context", "user_profile": about["about_user_message"]}
        node = {"message": {"id": f"i{k}", "author": {"role": "user"}, "content": context,
                            "metadata": {"is_user_system_message": True, "user_context_message_data": about}}}  # fmt: skip
        said = {
            "message": {
                "id": f"m{k}",
                "author": {"role": "user"},
                "content": {"content_type": "text", "parts": [f"Hello {k}"]},
            }
        }
        return {"id": f"c{k}", "title": "Nurse in Porto", "mapping": {"a": node, "b": said}}

    path = tmp_path / "chat.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("conversations.json", json.dumps([conversation(0), conversation(1)]))
        packed.writestr(
            "user.json", json.dumps({"id": "user-1", "email": "ana@example.org", "birth_year": 1987})
        )
        packed.writestr("chat.html", "<html>Porto</html>")
    opened = open_for_shield(path, Options())
    (told,) = [trace for trace in opened.traces if trace.kind == "profile"]
    at, mail = told.text.index("Porto"), told.text.index("ana@")
    edits = [
        Edit(told.source, told.id, told.where, at, at + 5, "a city", "generalize"),
        Edit(told.source, told.id, told.where, mail, mail + 15, "[e-mail]", "mask"),
    ]
    out = shielded_name(path)
    write_back(opened, edits, out)
    assert left_out(opened) == ("chat.html",)
    with zipfile.ZipFile(out) as packed:
        assert sorted(packed.namelist()) == ["conversations.json", "user.json"]
        whole = packed.read("conversations.json").decode() + packed.read("user.json").decode()
    assert "ana@example.org" not in whole
    assert whole.count("Porto") == 1  # the title of a conversation in which no line was edited
    assert json.loads(zipfile.ZipFile(out).read("user.json")) == {"id": "user-1", "email": "[e-mail]"}


def test_other_columns_are_named_and_addresses_in_them_go(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "person,full name,email,phone,order,text\np,Ana Silva,ana@example.org,912345678,912345678,Hi you\n"
    )
    opened = open_for_shield(path, Options())
    write_back(opened, [], tmp_path / "b.csv")
    person, name, *rest = (tmp_path / "b.csv").read_text().split("\n")[1].split(",")
    assert rest == ["[e-mail]", "[phone]", "912345678", "Hi you"]
    assert person == "p"
    assert is_pseudonym(name)
    assert other_columns(opened) == ("person", "email", "phone", "order")
    rows = tmp_path / "a.jsonl"
    rows.write_text(
        json.dumps({"person": "ana@example.org", "text": "Hi you", "to": "bo@example.org"}) + "\n"
    )
    opened = open_for_shield(rows, Options())
    write_back(opened, [], tmp_path / "b.jsonl")
    row = json.loads((tmp_path / "b.jsonl").read_text())
    assert is_pseudonym(row.pop("person"))
    assert row == {"text": "Hi you", "to": "[e-mail]"}
    assert other_columns(opened) == ("to",)


def test_a_parquet_table_is_masked_as_a_csv_is(tmp_path):
    """Other columns, lists and records in them, and repetitions of a changed line; numbers and empty cells stay."""
    import duckdb

    path = tmp_path / "it's.parquet"
    duckdb.sql(
        "SELECT * FROM (VALUES "
        "('p', 'Ana Silva', 'ana@example.org', '912345678', 912345678, 'I live in Porto', 'I live in Porto', "
        "['bo@example.org', 'x'], {'to': 'bo@example.org', 'sum': 1.25}), "
        "('p', NULL, NULL, NULL, 1, 'Hi all', 'ana@example.org', NULL, {'to': 'none', 'sum': 2.5})) "
        'AS t(person, "full name", email, phone, "order", text, bio, "list", "rec""ord")'
    ).write_parquet(str(path))
    opened = open_for_shield(path, Options())
    trace = opened.traces[0]
    out = tmp_path / "b.parquet"
    write_back(opened, [Edit(trace.source, trace.id, trace.where, 10, 15, "a city", "generalize")], out)
    kept, found = (
        duckdb.sql(f"SELECT * FROM '{str(each).replace(chr(39), chr(39) * 2)}'") for each in (path, out)
    )
    assert found.types == kept.types
    rows = found.fetchall()
    assert is_pseudonym(rows[0][1])
    assert rows == [
        ("p", rows[0][1], "[e-mail]", "[phone]", 912345678, "I live in a city", "I live in a city", ["[e-mail]", "x"],
         {"to": "[e-mail]", "sum": Decimal("1.25")}),
        ("p", None, None, None, 1, "Hi all", "[e-mail]", None, {"to": "none", "sum": Decimal("2.50")}),
    ]  # fmt: skip
    assert naming_columns(opened) == ("person",)
    assert opened.listed.columns == ("full name",)


@pytest.mark.parametrize(
    ("header", "renamed", "telling"),
    [("person,Full Name,e-mail,text", {"person", "full name"}, ()),
     ("author,handle,team,passport,text", {"author", "handle"}, ("passport",)),
     ("email,phone,city_name,text,when", {"email"}, ()), ("person,street,song_name,text", {"person"}, ("street", "song_name"))],
)  # fmt: skip
def test_columns_of_people_are_told_by_whole_names(tmp_path, header, renamed, telling):
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\n" + ",".join("Hi you" for _ in header.split(",")) + "\n")
    columns = {} if "person" in header or "author" in header else {"person": "email"}
    opened = open_for_shield(path, Options(columns=columns))
    assert set(opened.listed.columns) == renamed
    assert naming_columns(opened) == telling


def test_a_table_and_its_texts_name_people_alike(tmp_path):
    """Of others the whole name alone is looked for, since many names are words; numbers and codes name nobody."""
    path = tmp_path / "a.csv"
    path.write_text(
        "person,first_name,last_name,text,seen_with\n"
        "Ana Silva,,,I am Ana and ana writes as @bo_h,\n"
        "p2,Bo,Hall,Ana Silva waits in the hall. Silva! And bo hall laughs,ana silva\n"
        "p3,,,ana in the hall,p2\n"
        "bo_h,,,Hi,\n"
    )
    opened = open_for_shield(path, Options())
    cast = Cast(opened, 7)
    edits = [
        edit
        for one in people_of(opened.traces)
        for edit in shield(
            one.traces, reader=StatedReader(), level="mask", names=cast.near(one.id, one.traces),
            random_state=cast.key_of(one.id),
        ).edits
    ]  # fmt: skip
    write_back(opened, edits, tmp_path / "b.csv", random_state=7)
    rows = list(csv.DictReader((tmp_path / "b.csv").open()))
    ana, account = rows[0]["person"], rows[3]["person"]
    bo = rows[1]["text"].split("And ")[1].split()[0]
    assert is_pseudonym(ana)
    assert is_pseudonym(bo)
    assert rows[0]["text"] == f"I am {ana} and {ana} writes as @{account}"
    assert rows[1]["text"] == f"{ana} waits in the hall. {ana}! And {bo} laughs"
    assert (rows[1]["person"], rows[1]["seen_with"], rows[2]["text"]) == ("p2", ana, "ana in the hall")
    assert not {"Bo", "Hall"} & set(rows[1].values())


def test_a_damaged_line_stays_and_is_masked(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"person": "p", "text": "Hi you"}\n{"person": "p", "text": "ana@example.org"\n')
    opened = open_for_shield(path, Options())
    assert len(opened.skipped) == 1
    write_back(opened, [], tmp_path / "b.jsonl")
    assert (tmp_path / "b.jsonl").read_text().splitlines() == [
        '{"person": "p", "text": "Hi you"}',
        '{"person": "p", "text": "[e-mail]"',
    ]


def test_nothing_is_left_behind_when_it_cannot_be_written(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"person": "p", "text": "Hello there"}\n')
    opened = open_for_shield(path, Options())
    with pytest.raises(BadInput, match="--out"):
        write_back(opened, [], path)
    wrong = Edit("table", opened.traces[0].id, opened.traces[0].where, 0, 5, "\x00", "cut")
    with pytest.raises(BadInput, match="nothing was written"):
        write_back(opened, [wrong], tmp_path / "b.jsonl")
    assert [file.name for file in tmp_path.iterdir()] == ["a.jsonl"]


TALK = [
    ("user1", "Ana Silva", "Olá, Ana here. Bea, will you come? bea will."),
    ("user2", "Bea Costa 🍞", "Yes ANA SILVA, hey ana!"),
]


def _telegram(folder):
    messages = [
        {
            "id": n,
            "type": "message",
            "date_unixtime": str(1700000000 + n),
            "from": name,
            "from_id": sender,
            "text": text,
        }
        for n, (sender, name, text) in enumerate(TALK)
    ]
    chat = {"name": "Bea", "type": "personal_chat", "id": 2, "messages": messages}
    account = {
        "personal_information": {"user_id": 1, "first_name": "Ana", "last_name": "Silva"},
        "chats": {"list": [chat]},
    }
    path = folder / "result.json"
    path.write_text(json.dumps(account))
    return path


def _whatsapp(folder):
    path = folder / "WhatsApp Chat with Bea.txt"
    path.write_text(
        "".join(f"03/03/2024, 09:0{n} - {name}: {text}\n" for n, (_, name, text) in enumerate(TALK))
    )
    return path


def names_in(telegram):
    """Return who the two senders of `TALK` are in a shielded archive."""
    return [row["from"] for row in telegram["chats"]["list"][0]["messages"]]


@pytest.mark.parametrize("build", [_telegram, _whatsapp])
def test_names_that_the_archive_states_go_from_the_texts(build, tmp_path):
    """Of the owner and of senders, whole and in part; but not where a name is a word."""
    opened = open_for_shield(build(tmp_path), Options(person="Ana Silva"))
    assert {name for each in opened.names for name in each.names} >= {"Ana Silva", "Bea Costa"}
    done = shield(opened.traces, reader=StatedReader(), level="mask", names=opened.names)
    told = [trace.text for trace in done.traces]
    ana = told[0].split()[1]
    bea = told[0].split()[3].strip(",")
    assert all(map(is_pseudonym, (ana, bea)))
    assert told == [f"Olá, {ana} here. {bea}, will you come? {bea} will.", f"Yes {ana}, hey {ana}!"]


def test_the_name_on_an_account_is_read(tmp_path):
    path = make.claude(tmp_path, make.LINES)
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("deep/users.json", json.dumps([{"uuid": "a1", "full_name": "Ana Silva"}]))
    assert [each.names for each in open_for_shield(path, Options()).names] == [("Ana Silva",)]
    assert [each.names for each in open_for_shield(path, Options(person="Bea")).names] == [
        ("Bea",),
        ("Ana Silva",),
    ]


def test_stated_names_of_any_script_are_found():
    named = Named(["İnci Strauß", "Дарья"], ["дарья"])
    text = "İnci, STRAUß and дарья; Strauß-Platz, straußig"
    assert [text[slice(*span)] for span, _ in named.find(text)] == ["İnci", "STRAUß", "дарья", "Strauß"]


def test_given_names_of_two_letters_and_without_spaces_are_found():
    named = Named(["Bo Mahler", "山本 陽翔"], ["bo"])
    text = "Bo, bo and 陽翔さん"
    assert [text[slice(*span)] for span, _ in named.find(text)] == ["Bo", "陽翔"]


def test_what_an_account_says_of_people_goes(tmp_path):
    """Names and numbers of Telegram's account and contacts, Claude's account, and the addresses in Reddit's tables."""
    path = _telegram(tmp_path)
    document = json.loads(path.read_text())
    person = {"first_name": "Ana", "last_name": "", "phone_number": "+351 912 345 678", "user_id": 1}
    document |= {"personal_information": person, "contacts": {"list": [person]}}
    path.write_text(json.dumps(document))
    write_back(open_for_shield(path, Options()), [], tmp_path / "b.json")
    found = json.loads((tmp_path / "b.json").read_text())
    (ana, bea), numbers = names_in(found), [row["from_id"] for row in found["chats"]["list"][0]["messages"]]
    number = int(numbers[0].removeprefix("user"))
    hidden = {"first_name": ana, "last_name": "", "phone_number": "[phone]", "user_id": number}
    assert found["personal_information"] == found["contacts"]["list"][0] == hidden
    assert number != 1
    assert found["chats"]["list"][0]["name"] == bea
    assert f"user{found['chats']['list'][0]['id']}" == numbers[1]
    reddit = make.reddit(tmp_path, make.LINES)
    write_back(open_for_shield(reddit, Options()), [], tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as packed:
        whole = b"".join(packed.read(name) for name in packed.namelist())
    assert b"[ip]" in whole
    assert b"10.0.0.1" not in whole


def test_who_an_account_belongs_to_is_hidden_in_its_profile(tmp_path):
    path = tmp_path / "takeout.zip"
    search = {"header": "Search", "title": "Searched for rye bread", "titleUrl": "https://www.google.com/search?q=rye+bread",
              "time": "2024-03-03T09:00:00Z", "products": ["Search"]}  # fmt: skip
    profile = {
        "name": {"givenName": "Zara", "familyName": "Polva", "formattedName": "Zara Polva"},
        "displayName": "Zara Polva",
    }
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("Takeout/My Activity/Search/MyActivity.json", json.dumps([search]))
        packed.writestr("Takeout/Profile/Profile.json", json.dumps(profile))
    opened = open_for_shield(path, Options())
    assert [set(called.names) for called in opened.names] == [{"Zara Polva"}]
    write_back(opened, [], tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as packed:
        kept = packed.read(next(name for name in packed.namelist() if name.endswith("Profile.json"))).decode()
    assert "Zara" not in kept
    assert "Polva" not in kept


def test_a_name_is_hidden_in_addresses_that_write_it_without_accents():
    hidden = Hidden("discord", [Called(("Zará Polvić",))], 0)
    assert "polvic" not in hidden.inner("https://cdn.example.org/1/zara_polvic_cv.pdf")
