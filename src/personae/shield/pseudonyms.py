"""Names to pseudonyms: the same person gets the same one in a whole archive, and nobody can compute it without the key."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

_HEADS = (
    "Zev", "Qua", "Xil", "Vor", "Jyx", "Qir", "Zol", "Xam", "Vyl", "Zug", "Qel", "Xor", "Vux", "Zim", "Qov", "Xed",
)  # fmt: skip
_TAILS = ("ora", "ixo", "uvel", "anzu", "orix", "ezka", "imvo", "yxan", "uzor", "avex", "ilzo", "oqua")
_MIDDLES = tuple(vowel + consonant for vowel in "aeiou" for consonant in "lmnrvzxkdtgb")
_PARTS = (
    _HEADS,
    _MIDDLES,
    _MIDDLES,
    _MIDDLES,
    _TAILS,
)  # 41 million names: of a thousand people hardly two share one
_OURS = re.compile(
    rf"(?:(?:{'|'.join(_HEADS)})(?:{'|'.join(_MIDDLES)}){{0,3}}(?:{'|'.join(_TAILS)})\d*|someone_[0-9a-f]{{6}})\Z"
)
_MARK = re.compile(r"/?u/|@")  # before a handle
_DIGITS = 9  # of an invented account number, at least


def new_key() -> int:
    """Return a key that nobody knows, for the `random_state` of pseudonyms."""
    return secrets.randbits(63)


@dataclass(frozen=True, slots=True)
class Called:
    """One person as an archive writes them.

    `names` may stand in any text, the first being the one that the person goes by; `handles` are names of accounts and other
    spellings, which stand in fields and addresses only. `pseudonym` is theirs already; one is made where there is none.
    """

    names: tuple[str, ...]
    handles: tuple[str, ...] = ()
    pseudonym: str = ""


class Pseudonyms:
    """Invented names for the people of an archive and for the names in a person's traces.

    Parameters
    ----------
    names : iterable of (kind, name)
        All that will be asked for besides, so that no two names share a pseudonym whatever their order.
    random_state : int
        The key of the choice: `new_key()`, unless the same names are wanted again. Who knows it can try names out.
    people : iterable of Called
        Whoever the archive names: every name and handle of one of them gets one pseudonym.

    Examples
    --------
    >>> made = Pseudonyms([("name", "Ana"), ("name", "ANA"), ("name", "Bea")], random_state=1)
    >>> made.of("name", "Ana") == made.of("name", "ana") != made.of("name", "Bea")
    True
    >>> made = Pseudonyms([], people=[Called(("Ana Silva",), ("ana_bakes",))])
    >>> made.of("handle", "@ana_bakes") == "@" + made.of("name", "Ana Silva")
    True
    """

    def __init__(
        self, names: Iterable[tuple[str, str]] = (), *, random_state: int = 0, people: Iterable[Called] = ()
    ) -> None:
        self.random_state = random_state
        self._given: dict[str, str] = {}
        known = sorted(((*each.names, *each.handles), each.pseudonym) for each in people)
        self._taken = {form for forms, given in known for form in (*forms, given) if _OURS.match(form)}
        for forms, given in known:
            given = given or self._new(forms[0])
            self._given |= {_key(form): given for form in forms}
        for name in sorted({_key(name) for kind, name in names if kind != "handle"} - self._given.keys()):
            self._given[name] = self._new(name)

    def of(self, kind: str, name: str) -> str:
        """Return the pseudonym, behind the "@" or "u/" of a handle; one that is a pseudonym already stays as it is."""
        mark = found[0] if kind == "handle" and (found := _MARK.match(name)) else ""
        name = name[len(mark) :]
        if _OURS.match(name):
            return mark + name
        if (key := _key(name)) not in self._given:
            is_handle = kind == "handle"
            self._given[key] = f"someone_{self._digest(key).hex()[:6]}" if is_handle else self._new(name)
        return mark + self._given[key]

    def give(self, name: str, pseudonym: str) -> None:
        """Let a name have a pseudonym that was given before, unless it has one here."""
        self._given.setdefault(_key(name), pseudonym)

    def number(self, digits: str) -> str:
        """Return an invented number for that of an account, the same for the same one."""
        size = max(_DIGITS, len(digits))
        return str(10 ** (size - 1) + int.from_bytes(self._digest(digits)) % (9 * 10 ** (size - 1)))

    def _digest(self, name: str) -> bytes:
        key = str(self.random_state).encode()
        return hashlib.blake2b(name.encode(), key=key, digest_size=16).digest()

    def _new(self, name: str) -> str:
        if _OURS.match(name):
            return name
        made = (self._made(f"{_key(name)}{' ' * turn}") for turn in count())
        new = next(free for free in made if free not in self._taken)
        self._taken.add(new)
        return new

    def _made(self, seed: str) -> str:
        """Return a name whose parts the digits of a keyed digest choose."""
        left, parts = int.from_bytes(self._digest(seed)), []
        for choice in _PARTS:
            left, place = divmod(left, len(choice))
            parts.append(choice[place])
        return "".join(parts)


def is_pseudonym(name: str) -> bool:
    """Return whether a name is one of ours.

    >>> is_pseudonym("Zevora"), is_pseudonym("u/someone_01ab23"), is_pseudonym("Ana")
    (True, True, False)
    """
    return _OURS.match(_MARK.sub("", name, count=1)) is not None


def _key(name: str) -> str:
    return " ".join(name.casefold().split())
