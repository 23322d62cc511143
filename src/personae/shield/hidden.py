"""People hidden in what stands beside the texts of an archive: in fields, addresses, the heads of lines and names of files."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from personae.people.archives import whatsapp
from personae.people.archives._text import repair_latin1
from personae.shield._tables import FORMATS
from personae.shield.fields import FIELDS, values_of
from personae.shield.masking import Masker
from personae.shield.names import ALSO_WORDS, NO_NAME, Named, unaccented
from personae.shield.pseudonyms import Called, Pseudonyms

_LEAST = 3  # characters of a name that is looked for inside addresses
_TOKEN = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\d+")
_ADDRESSED = re.compile(
    r"(?<=instagram\.com/_u/)[\w.]+|(?<=/@)[\w.-]+|(?<=/users/)[\w.-]+|(?<=/user/)[\w.-]+|(?<=/u/)[\w-]+|(?<=//t\.me/)\w+|(?<=instagram\.com/)[\w.]+|"
    r"(?<=twitter\.com/)\w+|(?<=//x\.com/)\w+|(?<![\w/@.])@[\w.]+(?=@)"
)  # names of accounts in addresses
_LINKED = re.compile(r"(?<=user_id=)\d+|(?<=userid=)\d+")  # numbers of accounts in addresses
_ACCOUNT = re.compile(
    r"(?:username|author|gebruikersnaam|benutzername|nombre de usuario|nom d[’']utilisateur|nome utente|nome de usuário)|"
    r".*(?:owner|eigenaar|inhaber|eigentümer|propietari|propri[ée]t)"
)  # labels of the names of accounts in Meta's exports
_NO_ACCOUNT = frozenset(
    ("i", "p", "reel", "reels", "stories", "intent", "hashtag", "search", "share", "explore", "me", "_u")
)
_ISOLATES = re.compile("[\u202a-\u202e\u2066-\u2069]")  # around names that a chat mentions
_FIXED = frozenset(
    ("type", "role", "kind", "content_type", "media_type", "sender", "status", "statistic", "@context")
)
_TIMED = re.compile(r"date|time|created|published|(?:\A|_)at\Z")


class Hidden:
    """Writes pseudonyms for the people of one archive, by one set of pseudonyms for all of its files.

    Parameters
    ----------
    format : str
    people : sequence of Called
        Whom the archive names.
    random_state : int
        Keys the pseudonyms, as in `personae.shield.shield`.
    stated : mapping of str to str
        Pseudonyms of those whom texts alone name, as the shield gave them.
    """

    def __init__(
        self,
        format: str,
        people: Sequence[Called],
        random_state: int,
        stated: Mapping[str, str] | None = None,
    ) -> None:
        self.format = format
        self.pseudonyms = Pseudonyms(random_state=random_state, people=people)
        for name, pseudonym in (stated or {}).items():
            self.pseudonyms.give(name, pseudonym)
        people = (*people, *(Called((name,)) for name in stated or {}))
        named = Named((name for each in people for name in each.names), (), parts=format not in FORMATS)
        self.mask = Masker(self.pseudonyms, named)
        self._spelled: dict[str, str] = {}
        for spelled, form in (pair for each in people for pair in _spellings(each)):
            self._spelled.setdefault(spelled, form)
        self._forms: dict[str, list[str]] = {}
        for form in self._spelled:
            if token := _TOKEN.search(form):
                self._forms.setdefault(token[0], []).append(form)
        for forms in self._forms.values():
            forms.sort(key=len, reverse=True)

    def of(self, name: str) -> str:
        """Return the pseudonym of whoever goes by a name or has an account of that name."""
        return self.pseudonyms.of("handle", name)

    def whole(self, value: str) -> str:
        """Return the pseudonym where a value is nothing but a name that somebody goes by, else the value."""
        return self.of(value) if value.lower() in self.mask.named.names else value

    def text(self, text: str, *, only: Collection[str] = ()) -> str:
        """Return words of people masked."""
        return self.inner(self.mask(text, only=only))

    def inner(self, value: str) -> str:
        """Return a string that is no text, such as an address, without the names of people and accounts in it."""
        new = old = repair_latin1(value) if self.format == "instagram" else value
        for start, end in reversed([*self._found(new)]):
            new = new[:start] + self.of(self._spelled[new[start:end].lower()]) + new[end:]
        new = _ADDRESSED.sub(lambda m: m[0] if m[0].lower() in _NO_ACCOUNT else self.of(m[0]), new)
        new = _LINKED.sub(lambda m: self.pseudonyms.number(m[0]), new)
        return value if new == old else new.encode().decode("latin-1") if self.format == "instagram" else new

    def keeps(self, key: str) -> bool:
        """Return whether what stands under a key (in lower case) names nobody: kinds, roles and times."""
        return key in _FIXED or _TIMED.search(key) is not None

    def record(self, record: Mapping[str, Any], file: str) -> dict[str, Any]:
        """Return what the fields of a record that tell of people become, by the key as it stands there."""
        keys = {key.lower(): key for key in record if isinstance(key, str)}
        lower = {low: record[key] for low, key in keys.items()}
        new: dict[str, Any] = {}
        for each in FIELDS.get(self.format, ()):
            if not each.are_in(lower, file):
                continue
            who = next(
                (name for key in (*each.names, *each.handles) for name in values_of(lower, key) if name), ""
            )
            for part in each.names + each.handles:
                new |= {
                    keys[low]: value for low, value in self._named(lower, part, who) if keys[low] not in new
                }
            for low in each.numbers:
                if low in lower and keys[low] not in new:
                    new[keys[low]] = self._numbered(lower[low])
        return new | self._labeled(record) if self.format == "instagram" else new

    def _labeled(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return what becomes of names of accounts that stand under a label, or beside the address of the account."""
        new: dict[str, Any] = {}
        for key, value in record.items():
            named = value.get("value") if isinstance(value, dict) else None
            if isinstance(named, str) and named and _ACCOUNT.match(repair_latin1(key).lower()):
                new[key] = value | {"value": self.of(repair_latin1(named))}
        value, told = record.get("value"), repair_latin1(str(record.get("label", ""))).lower()
        is_linked = str(record.get("href", "")).rstrip("/").endswith(f"/{value}")
        if isinstance(value, str) and value and (is_linked or _ACCOUNT.match(told)):
            new["value"] = self.of(repair_latin1(value))
        return new

    def _named(self, record: Mapping[str, Any], part: str, who: str) -> Iterator[tuple[str, Any]]:
        for place, key in enumerate(part.split("+")):
            value = record.get(key)
            if isinstance(value, str):
                yield key, value and (self.of(who) if place == 0 else "")
            elif isinstance(value, list):
                yield key, [self._one(inner) for inner in value]

    def _one(self, value: Any) -> Any:
        """Return one of several people, each a name or a record with a name."""
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            return value | {"name": self.of(values_of(value, "name")[0])}
        return self.of(value) if isinstance(value, str) else value

    def _numbered(self, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return int(self.pseudonyms.number(str(value)))
        return _NUMBER.sub(lambda m: self.pseudonyms.number(m[0]), value) if isinstance(value, str) else value

    def path(self, name: str) -> str:
        """Return the name of a file, in which chats and folders say whose they are."""
        folder, slash, rest = name.partition("/")
        if self.format == "plain" and slash:
            return f"{self.of(folder)}/{self.inner(rest)}"
        return self.inner(name)

    def line(self, line: str, *, is_read: bool) -> str:
        """Return a line of a chat or a text: its sender by the pseudonym, and all of it masked where no trace was read."""
        match = whatsapp._HEADER.match(line) if self.format == "whatsapp" else None
        if match is None:
            return self._said(line, is_read=is_read)
        body = match[match.re.groups]
        head, (sender, said) = line[: len(line) - len(body)], whatsapp._split(body)
        if not sender:
            return head + self.text(body)
        return f"{head}{self.of(sender)}: {self._said(said, is_read=is_read)}"

    def _said(self, words: str, *, is_read: bool) -> str:
        """Return words masked where no trace was read from them, else without the marks that its text does not have."""
        return _ISOLATES.sub("", words) if is_read else self.text(words)

    def _found(self, value: str) -> Iterator[tuple[int, int]]:
        """Yield where names stand between signs, in any case; "_" is a sign here, as in names of folders."""
        lower, at = value.lower(), 0
        for token in _TOKEN.finditer(lower) if len(lower) == len(value) else ():
            for form in self._forms.get(token[0], ()) if token.start() >= at else ():
                end = token.start() + len(form)
                if lower.startswith(form, token.start()) and not lower[end : end + 1].isalnum():
                    yield token.start(), end
                    at = end
                    break


def _spellings(each: Called) -> Iterator[tuple[str, str]]:
    """Yield how a person may be written in an address or the name of a file, in lower case, and how elsewhere."""
    for form in (*each.names, *each.handles):
        lower = form.lower().lstrip("+@~ ")
        words = lower.split() if form in each.names else []
        spellings = [*(lower.replace(" ", sign) for sign in (" ", "", "_", "-")), *words]
        for spelled in dict.fromkeys([*spellings, *map(unaccented, spellings)]):
            if len(spelled) >= _LEAST and spelled not in NO_NAME | ALSO_WORDS:
                yield spelled, form
