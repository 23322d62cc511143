"""Whom a table names: people in the column that says who wrote a row, and in columns of names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from personae.people.archives import Options, RowError
from personae.people.archives._source import Source
from personae.people.archives._text import as_text
from personae.people.tables import _matched, _names, records
from personae.shield.pseudonyms import Called

FORMATS = ("table", "messages")
_PERSON = ("person", "person_id", "user_id")  # of messages
_WHO = (
    r"author|user|person|member|customer|client|patient|pupil|student|teacher|participant|respondent|sender|recipient|owner|friend|"
    r"contact|partner|parent|speaker|rater|interviewe[er]"
)
_PEOPLE = re.compile(
    rf"(?:(?:{_WHO})_)?(?:full|first|last|given|middle|maiden|family|sur|fore|nick|real|display|screen)?_?names?|usernames?|{_WHO}|"
    r"handle|login|account"
)
_OTHERS = re.compile(r"(?:recipient|friend|contact|partner|parent|teacher|owner|interviewer)(?:_.*)?")
_FIRST = re.compile(r"(?:.*_)?(?:first|given|fore)_?names?")
_LAST = re.compile(r"(?:.*_)?(?:last|family|sur)_?names?")
_OPAQUE = re.compile(
    r"(?:(?-i:[A-Z]{1,2}|[a-z]{1,2})|(?:[a-z]{1,2}|pers|person|user|participant|part|subject|subj|sub|author|rater|case|resp|respondent|row|worker|client|"
    r"patient|customer|member|student|anon|anonymous|speaker|owner)?[\s_#:.-]*(?!0\d{8,}\Z)\d+|(?=.*\d)[\da-f-]{8,})",
    re.IGNORECASE,
)  # fmt: skip
_PHONE = re.compile(r"0\d{8,}|\d+(?:-\d+){2,}")


def is_opaque(name: str) -> bool:
    """Return whether what stands for a person names nobody: a number of the table's own, as p17, or a code.

    >>> [is_opaque(name) for name in ("p17", "pers12", "3f2a90bc", "AB", "Bo", "ana1987", "ana@example.org", "0912345678")]
    [True, True, True, True, False, False, False, False]
    """
    return _OPAQUE.fullmatch(name.strip()) is not None and _PHONE.fullmatch(name.strip()) is None


def people_columns(columns: Iterable[str], format: str, options: Options) -> tuple[str, ...]:
    """Return the columns, as they are spelled, whose values stand for people: first that of who wrote a row."""
    columns = tuple(columns)
    if format == "messages":
        return tuple(name for name in _PERSON if name in columns)
    read = _matched(columns, options)
    who = [read["person"]] if "person" in read else []
    return (
        *who,
        *(name for name in columns if name not in read.values() and _PEOPLE.fullmatch(_spelled(name))),
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """Whom a table names otherwise than by a number or a code.

    Parameters
    ----------
    people : tuple of Called
        A name of several words is looked for in texts too, one of a single word in columns and addresses alone.
    columns : tuple of str
        In which they stand.
    own : mapping of str to collection of str
        The names in the rows that each person wrote, by what the table calls that person.
    """

    people: tuple[Called, ...] = ()
    columns: tuple[str, ...] = ()
    own: Mapping[str, Collection[str]] = field(default_factory=dict)


def people_of_table(source: Source, format: str, options: Options) -> Listed:
    """Return whom a table names; nobody in another format."""
    found: dict[str, None] = {}
    named: dict[str, None] = {}
    own: dict[str, set[str]] = {}
    for name in source.names if format in FORMATS else ():
        columns = people_columns(_names(source, name), format, options)
        mine = [column for column in columns if not _OTHERS.fullmatch(_spelled(column))]
        for record in _records(source, name) if columns else ():
            told = {
                column: value.strip() for column in columns if isinstance(value := record.get(column), str)
            }
            new = {column: value for column, value in told.items() if value and not is_opaque(value)}
            whole = _whole(told)
            found |= dict.fromkeys((*new.values(), *whole))
            named |= dict.fromkeys(new)
            who = as_text(record.get(columns[0]))
            own.setdefault(who, set()).update(whole, (new[column] for column in mine if column in new))
    return Listed(tuple(map(_called, found)), tuple(named), own)


def _records(source: Source, name: str) -> Iterator[dict[str, object]]:
    return (row[1] for row in records(source, name) if not isinstance(row, RowError))


def _whole(told: Mapping[str, str]) -> list[str]:
    """Return a first and a last name of one row as one name."""
    first = next((value for column, value in told.items() if _FIRST.fullmatch(_spelled(column))), "")
    last = next((value for column, value in told.items() if _LAST.fullmatch(_spelled(column))), "")
    return [f"{first} {last}"] if first and last else []


def _called(name: str) -> Called:
    is_name = len(name.split()) > 1 and not any(sign.isdigit() or sign == "@" for sign in name)
    return Called((name,) if is_name else (), (name,))


def _spelled(column: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower()).strip("_")
