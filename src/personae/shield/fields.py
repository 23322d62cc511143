"""Fields that name people beside the texts of an archive: which they are in each format, and who stands in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from personae.people.archives import instagram, reddit, whatsapp
from personae.people.archives._json import json_items
from personae.people.archives._meta_fields import fields
from personae.people.archives._source import Source
from personae.people.archives._text import as_object, encoding_of, likely, repair_latin1
from personae.people.archives.rows import RowError
from personae.shield.pseudonyms import Called

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fields:
    """Keys of a record, in lower case, that tell of one person.

    Parameters
    ----------
    names : tuple of str
        What the person is called; several are one name, the last names after the first.
    handles : tuple of str
        The name of the account, or a name that texts are not searched for.
    numbers : tuple of str
        The number of the account.
    file : str
        The end of a file's name outside of which they mean something else.
    having : str
        A key, or a key and its value ("statistic=account name"), that the record must have besides.
    is_owner : bool
        Whether the person is the one whose archive it is: texts are searched for the handles too.
    """

    names: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    file: str = ""
    having: str = ""
    is_owner: bool = False

    def are_in(self, record: Record, file: str) -> bool:
        key, _, value = self.having.partition("=")
        has = not key or (key in record if not value else str(record.get(key)).lower() == value)
        return has and file.lower().endswith(self.file)


FIELDS: dict[str, tuple[Fields, ...]] = {
    "telegram": (
        Fields(("first_name+last_name",), ("username",), ("user_id",), having="username", is_owner=True),
        Fields(("first_name+last_name",), (), ("user_id",)),
        Fields(("from",), (), ("from_id",)),
        Fields(("actor",), (), ("actor_id",)),
        Fields(("name",), (), ("id",), having="type=personal_chat"),
        Fields(("name",), (), ("id",), having="type=user"),
        Fields((), ("forwarded_from",), ("forwarded_from_id",)),
        *(Fields((), (key,)) for key in ("saved_from", "via_bot", "inviter", "members")),
        Fields((), (), ("id",), having="messages"),
    ),
    "claude": (Fields(("full_name", "name"), file="users.json", is_owner=True), Fields((), ("full_name",))),
    "chatgpt": (Fields(("name", "full_name"), file="user.json", is_owner=True),),
    "x": (
        Fields(("accountdisplayname",), ("username",), ("accountid",), "account.js", is_owner=True),
        Fields((), ("screen_name", "name"), ("id", "id_str"), having="screen_name"),
        Fields((), ("in_reply_to_screen_name",), ("in_reply_to_user_id", "in_reply_to_user_id_str")),
        *(Fields((), (), (key,)) for key in ("accountid", "senderid", "recipientid", "conversationid")),
    ),
    "mastodon": (
        Fields(("name",), ("preferredusername",), (), "actor.json", "preferredusername", is_owner=True),
        Fields((), ("name",), having="type=mention"),
    ),
    "discord": (
        Fields(("global_name",), ("username",), ("id",), "user.json", "username", is_owner=True),
        Fields((), ("username", "global_name"), ("id",), having="username"),
        Fields((), ("legacy_username",)),
        Fields((), ("nickname",), ("id",), having="user"),
        Fields((), ("nickname",)),
    ),
    "instagram": (
        *(Fields((key,)) for key in ("sender_name", "sendername", "actor", "participants")),
        Fields(("full_name",), is_owner=True),
        Fields((), ("title",), having="string_list_data"),
    ),
    "reddit": (
        Fields((), ("value",), having="statistic=account name"),
        *(Fields((), (key,)) for key in ("from", "to", "username", "author")),
    ),
    "spotify": (
        Fields(("firstname+lastname", "displayname"), (), (), "identity.json", is_owner=True),
        Fields((), ("username",), (), "userdata.json", is_owner=True),
        Fields((), ("collaborators",)),
    ),
    "google": (
        Fields(("givenname+familyname", "formattedname"), (), (), "profile.json", is_owner=True),
        Fields(("displayname",), (), (), "profile.json", is_owner=True),
        Fields((), ("channel id",)),
    ),
}  # fmt: skip
_LETTERS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ACCOUNT = re.compile(r"(?=.*[^\W\d])[\w.-]+")  # a name that may be that of an account
_NUMBER = re.compile(r"\d+")
_LONG = 6  # digits of a number that names an account wherever it stands


@dataclass(frozen=True, slots=True)
class _Met:
    """Somebody in a record: under which names, of which account."""

    names: tuple[str, ...]
    handles: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


def people_in(source: Source, format: str, person: str = "") -> tuple[Called, ...]:
    """Return those whom an archive names: first the one whom its reader named, then the others as they come.

    What cannot be read names nobody; the importer says what is wrong with it.
    """
    met = [_Met((person,), (person,))] if person else []
    if format == "whatsapp":
        for chat in whatsapp._chats(source):
            met += [_Met((sender,)) for sender in whatsapp._survey(source, chat).senders]
    elif format == "reddit" and (account := reddit._account(source)):
        met.append(_Met((account,), (account, f"u_{account}")))
    elif format == "instagram":
        met += [_Met((name,)) for name in _profile(source)]
    for file in _files(source, format):
        met += _below(_document(source, file), format, file)
    return tuple(_joined(met))


def values_of(record: Record, key: str) -> list[str]:
    """Return the names that stand under a key, as people read them; a record or a list holds them one level below."""
    parts = [record.get(part) for part in key.split("+")]
    if len(parts) > 1:
        return [" ".join(part for part in parts if isinstance(part, str) and part)]
    held = parts[0] if isinstance(parts[0], list) else parts
    named = [each.get("name") if isinstance(each, dict) else each for each in held]
    return [repair_latin1(name) for name in named if isinstance(name, str)]


def plain_name(name: str) -> str:
    """Return the words of a name, without signs, pictures and marks of the shield.

    >>> plain_name("~ Ana  Silva 🍞"), plain_name("+351 912 345 678"), plain_name("[name]")
    ('Ana Silva', '', '')
    """
    return " ".join(_LETTERS.findall(name.replace("[name]", "")))


def _profile(source: Source) -> tuple[str, ...]:
    """Return what Instagram's profile file says that its owner is called."""
    labels = (*instagram._DISPLAY, *instagram._HANDLE)
    found = (
        field.value
        for name in likely(source, ".json", "personal_information", others=0)
        for row in json_items(source, name, "/profile_user/*")
        if not isinstance(row, RowError)
        for field in fields(as_object(row[1]))
        if field.label.startswith(labels)
    )
    return tuple(filter(None, found))


def _files(source: Source, format: str) -> list[str]:
    """Return the files in which a format names people whom texts are searched for."""
    told = [each.file for each in FIELDS.get(format, ()) if each.names or each.is_owner]
    lone = len(source.names) == 1
    return [
        name
        for name in source.names
        if name.lower().endswith((".json", ".js")) and any(lone or name.lower().endswith(end) for end in told)
    ]


def _document(source: Source, name: str) -> Any:
    with source.open(name) as stream:
        raw = stream.read()
    text = raw.decode(encoding_of(raw[: 1 << 16]), "replace").removeprefix("\ufeff")
    try:
        return json.loads(text.partition("=")[2] if text.startswith("window.YTD") else text, strict=False)
    except (ValueError, RecursionError):
        return None


def _below(value: Any, format: str, file: str) -> Iterator[_Met]:
    for inner in value if isinstance(value, list) else ():
        yield from _below(inner, format, file)
    if not isinstance(value, dict):
        return
    record = {key.lower(): inner for key, inner in value.items()}
    for each in FIELDS[format]:
        if (each.names or each.is_owner) and each.are_in(record, file):
            yield from _met(record, each)
    for inner in value.values():
        yield from _below(inner, format, file)


def _met(record: Record, each: Fields) -> Iterator[_Met]:
    names = [name for key in each.names for name in values_of(record, key) if name]
    handles = [name for key in each.handles for name in values_of(record, key) if name]
    numbers = [number for key in each.numbers for number in _NUMBER.findall(str(record.get(key, "")))]
    if each.is_owner:
        names += handles
    if len(names) > 1 and not each.is_owner:
        yield from (_Met((name,)) for name in names)
    elif names:
        yield _Met(tuple(names), tuple(handles), tuple(numbers))


def _joined(met: Iterable[_Met]) -> Iterator[Called]:
    """Yield each person once: two meetings are of one person where they share a name, a handle or a number."""
    place: dict[str, int] = {}
    groups: list[dict[str, None]] = []
    for each in met:
        forms = dict.fromkeys((*each.names, *each.handles, *(f"\0{number}" for number in each.numbers)))
        shared = sorted({place[form.casefold()] for form in forms if form.casefold() in place})
        if not shared:
            groups.append({})
        mine = shared[0] if shared else len(groups) - 1
        for other in shared[1:]:
            groups[mine] |= groups[other]
            groups[other] = {}
        groups[mine] |= forms
        place |= dict.fromkeys((form.casefold() for form in groups[mine]), mine)
    for group in groups:
        told = (form.removeprefix("\0") for form in group if form[0] != "\0" or len(form) > _LONG)
        spelled = tuple(dict.fromkeys(told))
        names = (form if _ACCOUNT.fullmatch(form) else plain_name(form) for form in spelled)
        if spelled:
            yield Called(tuple(dict.fromkeys(filter(None, names))), spelled)
