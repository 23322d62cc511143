"""Where the names stand in texts that an archive itself states: of its owner, and of those who write in it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

NO_NAME = frozenset((
    "the", "and", "you", "deleted", "account", "user", "users", "support", "team", "group", "club", "bot", "work", "home", "chat",
    "mum", "mom", "dad", "mama", "papa", "mother", "father", "sister", "brother", "wife", "husband", "doctor", "miss", "von",
    "van", "der", "den", "del", "dos", "das", "los", "las", "news", "channel", "city", "north", "south", "east", "west",
))  # fmt: skip  # words in a name that by themselves name nobody
ALSO_WORDS = frozenset((
    "will", "may", "mark", "rose", "grace", "hope", "joy", "faith", "art", "bill", "rob", "sue", "pat", "drew", "dawn", "summer",
    "june", "april", "august", "autumn", "frank", "rich", "chase", "grant", "gene", "gay", "penny", "ruby", "iris", "lily", "ivy",
    "violet", "daisy", "jasmine", "amber", "max", "guy", "dean", "miles", "page", "star", "sky", "young", "king", "brown",
    "white", "black", "green", "gray", "grey", "long", "short", "small", "little", "best", "good", "love", "day", "snow", "rice",
    "cook", "baker", "smith", "bush", "wood", "woods", "hill", "field", "fields", "stone", "fox", "wolf", "bird", "fish", "price",
))  # fmt: skip  # names that are also words
_STARTS = re.compile(r"(?:\A|[.!?…\n])[\"'“”‘’(]*\s*\Z")
_SET_OFF = re.compile(r"\s*(?:[,!?.:;)]|\Z)")
_MEANT = re.compile(r"(?i)(?<!\w)(?:the|an|my|your|our|some|this|that|no|more|un|una|um|uma|ein|eine|een) \Z")
_ARTICLE = 8  # characters in which an article stands
_TOKEN = re.compile(r"\w+")
_EAST = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]{2,}"
)  # written without spaces between words
_BRIEF = re.compile(
    r"(?!(?:An|Al|De|La|Le|El|Du|Da|Di|Do|Dr|Go|He|In|Is|It|Me|Mr|Ms|My|No|Oh|Ok|On|So|St|Up|Us|We)\Z)[A-Z][a-z]"
)


class Named:
    """Finds stated names in texts as whole words, and tells which name each stands for.

    A name of several words is found in any case. One word of a name is found too, but where these texts use it as an ordinary
    word: "Will you", "the rose".

    Parameters
    ----------
    names : iterable of str
    texts : iterable of str
        All texts of one person's threads.
    parts : bool
        Whether one word of a name is found too; among a thousand names there are many that are words.

    Examples
    --------
    >>> named = Named(["Ana Silva", "Will"], ["hey ana", "Will you come, Will?"])
    >>> [found[1] for found in named.find("Will ana or ANA SILVA come, Will?")]
    ['Ana Silva', 'Ana Silva', 'Will']
    """

    def __init__(self, names: Iterable[str], texts: Iterable[str], *, parts: bool = True) -> None:
        whole = [name for name in names if len(name) > 1 and name.lower() not in NO_NAME]
        words = {
            word: name
            for name in reversed(whole)
            for n, word in enumerate(name.split() if parts else ())
            if len(word) > 2 or _EAST.fullmatch(word) or (n == 0 and _BRIEF.fullmatch(word))
        }
        written = [word for word in words if word.lower() not in NO_NAME] + [
            name for name in whole if " " in name
        ]
        self.names: Mapping[str, str] = {name.lower(): words.get(name, name) for name in written}
        self._written = _Written(written)
        self._ordinary = self._used_as_words(texts, [name for name in written if " " not in name])

    def find(self, text: str) -> Iterator[tuple[tuple[int, int], str]]:
        """Yield ((start, end), name) in order."""
        for match in self._written.find(text):
            name = self.names.get(" ".join(match[0].lower().split()))
            if name is not None and self._is_name(text, match):
                yield match.span(), name

    def _is_name(self, text: str, match: re.Match[str]) -> bool:
        word = match[0].lower()
        if " " in word:
            return True
        if len(word) == 2 and not _EAST.match(word):
            return match[0].istitle()
        if not match[0][0].isupper():
            return word not in self._ordinary and word not in ALSO_WORDS
        starts = _STARTS.search(text[: match.start()]) is not None
        return not (word in ALSO_WORDS and starts) or _SET_OFF.match(text, match.end()) is not None

    def _used_as_words(self, texts: Iterable[str], names: Iterable[str]) -> frozenset[str]:
        """Return the words of names that stand after an article, and in small letters more often than with a capital."""
        words = _Written(names)
        small: Counter[str] = Counter()
        meant: set[str] = set()
        for text in texts:
            for match in words.find(text):
                is_small = match[0][0].islower()
                small[match[0].lower()] += 1 if is_small else -1
                before = text[max(0, match.start() - _ARTICLE) : match.start()]
                meant |= {match[0].lower()} if is_small and _MEANT.search(before) else set()
        return frozenset(word for word in meant if small[word] > 0)


class _Written:
    """Finds many names in any case, the longest at each place: a word of a text leads to the few names that begin with it."""

    def __init__(self, names: Iterable[str]) -> None:
        by_start: dict[str, list[str]] = {}
        for name in names:
            start = _TOKEN.match(name)
            key = start[0].casefold() if start and not _EAST.match(name) else ""
            by_start.setdefault(key, []).append(name)
        anywhere = by_start.pop("", [])
        self._anywhere = _any_of(anywhere) if anywhere else None
        self._by_start, self._made = by_start, dict[str, re.Pattern[str]]()

    def find(self, text: str) -> Iterator[re.Match[str]]:
        """Yield the matches in order, none within another."""
        end = 0
        for match in sorted(self._all(text), key=lambda match: (match.start(), -match.end())):
            if match.start() >= end:
                yield match
                end = match.end()

    def _all(self, text: str) -> Iterator[re.Match[str]]:
        for token in _TOKEN.finditer(text) if self._by_start else ():
            key = token[0].casefold()
            if key in self._by_start:
                if key not in self._made:
                    self._made[key] = _any_of(self._by_start[key])
                if match := self._made[key].match(text, token.start()):
                    yield match
        yield from self._anywhere.finditer(text) if self._anywhere else ()


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile(f"(?i){'|'.join(map(_pattern, sorted(names, key=len, reverse=True)))}")


def _pattern(name: str) -> str:
    """Return the pattern of a name as whole words; between the letters of the East there is no space."""
    words = re.escape(name).replace(r"\ ", r"\s+")
    return words if _EAST.match(name) else rf"(?<!\w){words}(?!\w)"


def unaccented(name: str) -> str:
    """Return a name without accents, as it is written in haste and in addresses.

    >>> unaccented("Anaïs")
    'Anais'
    """
    return "".join(sign for sign in unicodedata.normalize("NFD", name) if not unicodedata.combining(sign))
