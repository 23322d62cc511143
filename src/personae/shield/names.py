"""Names that an archive itself states: of its owner, and of those who write in it; and where they stand in texts."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from personae.people.archives import whatsapp
from personae.people.archives._source import Source
from personae.people.archives._text import encoding_of, repair_latin1

_SAID = {
    "telegram": ("result.json", frozenset(("from", "actor", "personal_information"))),
    "claude": ("users.json", frozenset(("full_name", "name"))),
    "chatgpt": ("user.json", frozenset(("name", "full_name"))),
    "x": ("account.js", frozenset(("accountdisplayname",))),
    "mastodon": ("actor.json", frozenset(("name",))),
    "discord": ("user.json", frozenset(("global_name",))),
    "instagram": (".json", frozenset(("sender_name", "participants"))),
}  # the file, by the end of its name, and the keys at or below which names stand
_PARTS = frozenset(("first_name", "last_name", "name"))  # below a key that holds a record
_LETTERS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_NO_NAME = frozenset((
    "the", "and", "you", "deleted", "account", "user", "users", "support", "team", "group", "club", "bot", "work", "home", "chat",
    "mum", "mom", "dad", "mama", "papa", "mother", "father", "sister", "brother", "wife", "husband", "doctor", "miss", "von",
    "van", "der", "den", "del", "dos", "das", "los", "las", "news", "channel", "city", "north", "south", "east", "west",
))  # fmt: skip  # words in a name that by themselves name nobody
_ALSO_WORDS = frozenset((
    "will", "may", "mark", "rose", "grace", "hope", "joy", "faith", "art", "bill", "rob", "sue", "pat", "drew", "dawn", "summer",
    "june", "april", "august", "autumn", "frank", "rich", "chase", "grant", "gene", "gay", "penny", "ruby", "iris", "lily", "ivy",
    "violet", "daisy", "jasmine", "amber", "max", "guy", "dean", "miles", "page", "star", "sky", "young", "king", "brown",
    "white", "black", "green", "gray", "grey", "long", "short", "small", "little", "best", "good", "love", "day", "snow", "rice",
    "cook", "baker", "smith", "bush", "wood", "woods", "hill", "field", "fields", "stone", "fox", "wolf", "bird", "fish", "price",
))  # fmt: skip  # names that are also words
_STARTS = re.compile(r"(?:\A|[.!?…\n])[\"'“”‘’(]*\s*\Z")
_SET_OFF = re.compile(r"\s*(?:[,!?.:;)]|\Z)")
_MEANT = r"(?:(?:the|an|my|your|our|some|this|that|no|more|un|una|um|uma|ein|eine|een) )"


def said_names(source: Source, format: str, person: str = "") -> tuple[str, ...]:
    """Return the names of the owner and of senders as the archive writes them, and the name that its reader was given.

    Numbers to call and what cannot be read are none.
    """
    found = [person]
    if format == "whatsapp":
        found += [
            sender for chat in whatsapp._chats(source) for sender in whatsapp._survey(source, chat).senders
        ]
    ending, keys = _SAID.get(format, ("", frozenset()))
    for name in source.names if ending else ():
        if name.lower().endswith(ending) or (len(source.names) == 1 and name.lower().endswith(".json")):
            found += _below(_document(source, name), keys)
    return tuple(dict.fromkeys(filter(None, map(_plain, found))))


def _document(source: Source, name: str) -> Any:
    with source.open(name) as stream:
        raw = stream.read()
    text = raw.decode(encoding_of(raw[: 1 << 16]), "replace").removeprefix("\ufeff")
    try:
        return json.loads(text.partition("=")[2] if text.startswith("window.YTD") else text, strict=False)
    except (ValueError, RecursionError):
        return None  # the importer says what is wrong with it


def _below(value: Any, keys: frozenset[str]) -> Iterator[str]:
    for key, inner in value.items() if isinstance(value, dict) else ():
        if key.lower() not in keys:
            yield from _below(inner, keys)
        elif isinstance(inner, str):
            yield repair_latin1(inner)
        else:
            for record in inner if isinstance(inner, list) else [inner]:
                said = [record.get(part) for part in sorted(_PARTS)] if isinstance(record, dict) else []
                yield repair_latin1(" ".join(part for part in said if isinstance(part, str)))
    for inner in value if isinstance(value, list) else ():
        yield from _below(inner, keys)


def _plain(name: str) -> str:
    """Return the words of a name, without signs, pictures and marks of the shield.

    >>> _plain("~ Ana  Silva 🍞"), _plain("+351 912 345 678"), _plain("[name]")
    ('Ana Silva', '', '')
    """
    return " ".join(_LETTERS.findall(name.replace("[name]", "")))


class Named:
    """Finds stated names in texts as whole words, and tells which name each stands for.

    A name of several words is found in any case. One word of a name is found too, but where these texts use it as an ordinary
    word: "Will you", "the rose".

    Parameters
    ----------
    names : iterable of str
    texts : iterable of str
        All texts of one person's threads.

    Examples
    --------
    >>> named = Named(["Ana Silva", "Will"], ["hey ana", "Will you come, Will?"])
    >>> [found[1] for found in named.find("Will ana or ANA SILVA come, Will?")]
    ['Ana Silva', 'Ana Silva', 'Will']
    """

    def __init__(self, names: Iterable[str], texts: Iterable[str]) -> None:
        whole = [name for name in names if len(name) > 1 and name.lower() not in _NO_NAME]
        words = {word: name for name in reversed(whole) for word in name.split() if len(word) > 2}
        written = [word for word in words if word.lower() not in _NO_NAME] + [
            name for name in whole if " " in name
        ]
        self.names: Mapping[str, str] = {name.lower(): words.get(name, name) for name in written}
        ranked = sorted(written, key=lambda name: -len(name))
        any_of = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in ranked)
        self._pattern = re.compile(rf"(?i)(?<![\w@])(?:{any_of})(?!\w)") if ranked else None
        self._ordinary = self._used_as_words(texts, ranked)

    def find(self, text: str) -> Iterator[tuple[tuple[int, int], str]]:
        """Yield ((start, end), name) in order."""
        for match in self._pattern.finditer(text) if self._pattern else ():
            name = self.names.get(" ".join(match[0].lower().split()))
            if name is not None and self._is_name(text, match):
                yield match.span(), name

    def _is_name(self, text: str, match: re.Match[str]) -> bool:
        word = match[0].lower()
        if " " in word:
            return True
        if not match[0][0].isupper():
            return word not in self._ordinary and word not in _ALSO_WORDS
        starts = _STARTS.search(text[: match.start()]) is not None
        return not (word in _ALSO_WORDS and starts) or _SET_OFF.match(text, match.end()) is not None

    def _used_as_words(self, texts: Iterable[str], ranked: Iterable[str]) -> frozenset[str]:
        """Return the words of names that stand after an article, and in small letters more often than with a capital."""
        words = [re.escape(name) for name in ranked if " " not in name]
        if not words:
            return frozenset()
        pattern = re.compile(rf"(?i)(?<!\w)({_MEANT})?({'|'.join(words)})(?!\w)")
        small: Counter[str] = Counter()
        meant: set[str] = set()
        for text in texts:
            for match in pattern.finditer(text):
                is_small = match[2][0].islower()
                small[match[2].lower()] += 1 if is_small else -1
                meant |= {match[2].lower()} if is_small and match[1] else set()
        return frozenset(word for word in meant if small[word] > 0)
