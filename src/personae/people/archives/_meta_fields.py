"""One view of the layouts in which Meta's exports write an entry: `string_map_data`, `string_list_data`, `label_values`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from personae.people.archives._text import as_array, as_object, as_text, repair_latin1

_DEPTH = 8  # label_values nest a dictionary or two


@dataclass(frozen=True, slots=True)
class Field:
    """One labeled value of an entry; the label is in the language of the account, repaired and in lower case."""

    label: str
    value: str
    href: str = ""
    time: object = None


def repaired(value: object) -> str:
    """Return a string of the export, with its UTF-8 put right."""
    return repair_latin1(as_text(value)).strip()


def fields(entry: dict[str, Any]) -> tuple[Field, ...]:
    """Return the fields of an entry in their order, whatever layout it has.

    >>> [field.value for field in fields({"string_map_data": {"Comment": {"value": "nice"}, "Time": {"timestamp": 5}}})]
    ['nice', '']
    """
    found = [
        _field(label, as_object(value)) for label, value in as_object(entry.get("string_map_data")).items()
    ]
    found += [_field("", as_object(value)) for value in as_array(entry.get("string_list_data"))]
    found += _nested(entry.get("label_values"), 0)
    return tuple(found)


def first(entry_fields: tuple[Field, ...], *labels: str) -> Field | None:
    """Return the first field with a value whose label begins with one of these."""
    return next((field for field in entry_fields if field.value and field.label.startswith(labels)), None)


def time_of(entry: dict[str, Any], entry_fields: tuple[Field, ...]) -> object:
    """Return the entry's own time stamp, else the first of its fields that has one; zero stands for none."""
    times = (entry.get("timestamp"), entry.get("creation_timestamp"), *(field.time for field in entry_fields))
    return next((time for time in times if time), None)


def _field(label: str, value: dict[str, Any]) -> Field:
    return Field(
        repaired(label).lower(),
        repaired(value.get("value")),
        as_text(value.get("href")),
        value.get("timestamp"),
    )


def _nested(values: object, depth: int) -> Iterator[Field]:
    if depth > _DEPTH:
        return
    for value in map(as_object, as_array(values)):
        if "label" in value or "value" in value:
            yield _field(as_text(value.get("label")), {**value, "timestamp": value.get("timestamp_value")})
        for inner in ("dict", "vec", "label_values"):
            yield from _nested(value.get(inner), depth + 1)
