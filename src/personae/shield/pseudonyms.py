"""Names to pseudonyms: the same name gets the same one in all that a person wrote, and nobody can compute it without the key."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable

_HEADS = (
    "Zev",
    "Qua",
    "Xil",
    "Vor",
    "Jyx",
    "Qir",
    "Zol",
    "Xam",
    "Vyl",
    "Zug",
    "Qel",
    "Xor",
    "Vux",
    "Zim",
    "Qov",
    "Xed",
)
_TAILS = ("ora", "ixo", "uvel", "anzu", "orix", "ezka", "imvo", "yxan", "uzor", "avex", "ilzo", "oqua")
POOL = frozenset(head + tail for head in _HEADS for tail in _TAILS)
_HANDLE = re.compile(r"@someone_[0-9a-f]{6}\Z")


def new_key() -> int:
    """Return a key that nobody knows, for the `random_state` of pseudonyms."""
    return secrets.randbits(63)


class Pseudonyms:
    """Invented names for the names of one person's traces.

    Parameters
    ----------
    names : iterable of (kind, name)
        All that will be asked for, so that no two names share a pseudonym whatever their order.
    random_state : int
        The key of the choice: `new_key()`, unless the same names are wanted again. Who knows it can try names out.

    Examples
    --------
    >>> made = Pseudonyms([("name", "Ana"), ("name", "ANA"), ("name", "Bea")], random_state=1)
    >>> made.of("name", "Ana") == made.of("name", "ana") != made.of("name", "Bea")
    True
    """

    def __init__(self, names: Iterable[tuple[str, str]], *, random_state: int = 0) -> None:
        self.random_state = random_state
        self._given: dict[tuple[str, str], str] = {}
        taken: set[str] = set()
        for kind, name in sorted({(kind, _key(name)) for kind, name in names}):
            self._given[kind, name] = self._free(kind, name, taken)
            taken.add(self._given[kind, name])

    def of(self, kind: str, name: str) -> str:
        """Return the pseudonym; one that is a pseudonym already stays as it is."""
        return name if is_pseudonym(name) else self._given[kind, _key(name)]

    def _free(self, kind: str, name: str, taken: set[str]) -> str:
        digest = hashlib.blake2b(
            f"{kind}\x1f{name}".encode(), key=str(self.random_state).encode(), digest_size=8
        )
        if kind == "handle":
            return f"@someone_{digest.hexdigest()[:6]}"
        pool = sorted(POOL)
        start = int.from_bytes(digest.digest()[:4]) % len(pool)
        ring = pool[start:] + pool[:start]
        return next((free for free in ring if free not in taken), f"{ring[0]}{len(taken)}")


def is_pseudonym(name: str) -> bool:
    """Return whether a name is one of ours."""
    return name in POOL or _HANDLE.match(name) is not None


def _key(name: str) -> str:
    return " ".join(name.casefold().split())
