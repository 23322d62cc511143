"""Names and places as the public tables spell them."""

from __future__ import annotations

import re
import unicodedata

_SUFFIX = re.compile(r"(?:[\s,.]+(?:JR|SR|II|III|IV|V|2ND|3RD|ESQ|MD|PHD)\.?)+\s*$")
_PARTS = re.compile(r"[\s\-\u2010-\u2015/]+")
_LEADING = frozenset(
    {"DE", "DEL", "DELA", "DI", "DU", "DA", "DOS", "EL", "LA", "LE", "MC", "O", "SAN", "ST", "VAN", "VON"}
)


def spelled(name: str) -> str:
    """Return the name as the census spells it: capitals A to Z, no accents, no suffix, nothing between the parts.

    A suffix is only taken off where something stands before it, so that a name that ends in its letters stays whole.

    Examples
    --------
    >>> spelled("García, Jr."), spelled("O'Brien III"), spelled("Leviv")
    ('GARCIA', 'OBRIEN', 'LEVIV')
    """
    bare = _SUFFIX.sub("", _folded(name))
    return "".join(letter for letter in bare if "A" <= letter <= "Z")


def candidates(name: str) -> tuple[str, ...]:
    """Return spellings to look for in a table: the whole name first, then the parts of a double name.

    Examples
    --------
    >>> candidates("Garcia-Smith"), candidates("van der Berg")
    (('GARCIASMITH', 'GARCIA', 'SMITH'), ('VANDERBERG', 'DER', 'BERG'))
    """
    whole = spelled(name)
    parts = [spelled(part) for part in _PARTS.split(_SUFFIX.sub("", _folded(name)))]
    kept = [part for part in parts if len(part) > 1 and part not in _LEADING] if len(parts) > 1 else []
    return tuple(dict.fromkeys(each for each in (whole, *kept) if each))


def zip_code(place: str) -> str:
    """Return the five digits of a ZIP code, leading zeros kept or restored; "" where there are none.

    >>> zip_code("2138"), zip_code("02138-1234"), zip_code("Cambridge")
    ('02138', '02138', '')
    """
    digits = place.strip().split("-")[0]
    return digits.zfill(5) if digits.isascii() and digits.isdigit() and len(digits) <= 5 else ""


def _folded(name: str) -> str:
    apart = unicodedata.normalize("NFKD", name).upper()
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
