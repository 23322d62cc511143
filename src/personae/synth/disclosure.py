"""What a table of people would give away of those in it: columns that tell who a person is, and rows met again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

MOST_DISTINCT = 0.5  # share of the filled cells of text that may differ before a column tells who a person is
LEAST_ALIKE = 0.1  # share of the filled cells that look like identifiers from which a column does
_NAMED = re.compile(
    r"(?:^|_)(?:(?:first|last|full|given|middle|maiden|family|sur|fore|nick|user|screen|real|display)?_?names?|(?:e_?)?mails?"
    r"|(?:e_?)?mail_addr\w*|(?:tele)?phones?|mobile|fax|ssn|nin|iban|passport|licen[cs]e|ids?|uuid|guid|pid|login|handle|ip"
    r"|street|address\w*|account|person|user|customer|patient|pupil|participant|respondent)(?:_?(?:no|nr|number))?_?\d*$"
)
_PLACES = re.compile(
    r"^(?:city|town|country|state|region|team|company|school|product|brand|job|place)_names?$"
)
_SHAPED = re.compile(
    r"[^\s@]+@[^\s@]+\.\w+"
    r"|\+?\(?\d[\d\s().-]{6,}\d"
    r"|[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}"
    r"|\d{1,3}(?:\.\d{1,3}){3}"
    r"|https?://\S+"
    r"|[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,}.*",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}[-/.]\d\d?(?:[-/.]\d\d?)?(?:[ T].*)?|\d\d?[-/.]\d\d?[-/.]\d{4}|\d{4}-\d{4}")


def tells_who(name: str, column: NDArray[Any]) -> bool:
    """Return whether a column tells who a person is: by its name, by the shape of its cells, or since most of them differ.

    A number tells it by its name alone: rare numbers are never handed on as they are.

    >>> import numpy as np
    >>> tells_who("mail", np.array(["ann@example.org"])), tells_who("team", np.array(["a", "b", "a", "b"]))
    (True, False)
    """
    spelled = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()).strip("_")
    if _NAMED.search(spelled) and not _PLACES.match(spelled):
        return True
    if column.dtype.kind in "iufb":
        return False
    filled = [text for cell in column.tolist() if (text := str(cell).strip())]
    if not filled:
        return False
    alike = sum(bool(_SHAPED.fullmatch(text)) and not _DATE.fullmatch(text) for text in filled)
    return alike >= LEAST_ALIKE * len(filled) or len(set(filled)) > MOST_DISTINCT * len(filled)


def met_again(made: Mapping[str, NDArray[Any]], table: Mapping[str, NDArray[Any]]) -> int:
    """Return how many made rows equal a row of the table in every column that was made.

    >>> import numpy as np
    >>> met_again({"age": np.array([30, 41])}, {"age": np.array([30, 40]), "name": np.array(["Ann", "Bo"])})
    1
    """
    known = set(zip(*(table[name].tolist() for name in made), strict=True))
    return sum(row in known for row in zip(*(column.tolist() for column in made.values()), strict=True))
