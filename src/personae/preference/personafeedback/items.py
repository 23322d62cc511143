"""Items of a choice benchmark: a persona, a question, answers, and which of them fits this person best."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personae.errors import BadInput
from personae.people.records import Preference

TIERS = ("easy", "medium", "hard")
TRACKS = {"specific": ("specific", "spedific"), "general": ("general",)}  # one released folder is misspelt
FIELDS = {  # the card's names first, then those that similar files use
    "persona": ("persona", "profile", "user_profile", "persona_profile"),
    "query": ("query", "question", "prompt", "instruction"),
    "chosen": ("chosen", "response_chosen", "better_response"),
    "rejected": ("rejected", "response_rejected", "worse_response"),
    "a": ("response_a", "answer_a", "answer1", "response_1", "A"),
    "b": ("response_b", "answer_b", "answer2", "response_2", "B"),
    "label": ("label", "answer", "better", "gold"),
    "id": ("id", "item_id", "index"),
    "person": ("persona_id", "user_id", "person", "name"),
    "writer": ("writer", "model", "generator"),
}
_FIRST = ("a", "1", "response_a", "answer_a", "first")
_SECOND = ("b", "2", "response_b", "answer_b", "second")


@dataclass(frozen=True, slots=True)
class ChoiceItem:
    """One item. `label` is the place of the option that fits; `person` is whose persona it is, by which items are split."""

    id: str
    person: str
    persona: str = field(repr=False)
    query: str = field(repr=False)
    options: tuple[str, ...] = field(repr=False)
    label: int
    tier: str = ""
    track: str = ""
    meta: Mapping[str, str] = field(default_factory=dict, repr=False)

    def preferences(self) -> list[Preference]:
        """Return the fitting option over each of the others."""
        right = self.options[self.label]
        others = [option for place, option in enumerate(self.options) if place != self.label]
        return [Preference(self.person, self.query, right, other, "a") for other in others]


def read_feedback(folder: Path, *, fields: Mapping[str, str] | None = None) -> list[ChoiceItem]:
    """Read PersonaFeedback as it is released: `data/<track>/<tier>.jsonl` under a folder, or `<track>/<tier>.jsonl`.

    Parameters
    ----------
    folder : Path
    fields : mapping, optional
        What a field is called in the files, where no name of `FIELDS` fits: {"persona": "character"}.

    Raises
    ------
    BadInput
        When there is no such file, or a row has no persona, question, two answers and label; names file, row and fields,
        and quotes no text.
    """
    root = folder / "data" if (folder / "data").is_dir() else folder
    items: list[ChoiceItem] = []
    for track, spellings in TRACKS.items():
        for tier in TIERS:
            found = [path for name in spellings if (path := root / name / f"{tier}.jsonl").is_file()]
            items += feedback_items(_rows(found[0]), track, tier, fields, found[0].name) if found else []
    if not items:
        raise BadInput(
            f"No PersonaFeedback files under {folder.name!r}: data/<track>/<tier>.jsonl was looked for, with tracks "
            f"{', '.join(name for names in TRACKS.values() for name in names)} and tiers {', '.join(TIERS)}."
        )
    return items


def feedback_items(
    rows: Iterable[Mapping[str, Any]],
    track: str,
    tier: str,
    fields: Mapping[str, str] | None = None,
    file: str = "",
) -> list[ChoiceItem]:
    """Return the rows of one released file as items; see `read_feedback`.

    >>> row = {"persona": "A baker.", "query": "Breakfast?", "response_a": "Rye bread.", "response_b": "Food.", "label": "A"}
    >>> feedback_items([row], "general", "easy")[0].label
    0
    """
    return [_item(row, number, track, tier, fields or {}, file) for number, row in enumerate(rows, 1)]


def _item(
    row: Mapping[str, Any], number: int, track: str, tier: str, fields: Mapping[str, str], file: str
) -> ChoiceItem:
    got = {name: value for name in FIELDS if (value := _value(row, name, fields)) is not None}
    options, label = _options(got)
    if label is None or not {"persona", "query"} <= got.keys():
        raise BadInput(
            f"Row {number} of {file or 'the file'} needs a persona, a query, and chosen with rejected, or response_a and "
            f"response_b with a label; it has {', '.join(sorted(row))}. Name what a field is called: "
            '`fields={"persona": "character"}`.'
        )
    persona = got["persona"]
    text = persona if isinstance(persona, str) else json.dumps(persona, ensure_ascii=False)
    name = str(got.get("id", f"{track}-{tier}-{number}"))
    meta = {"writer": str(got["writer"])} if "writer" in got else {}
    return ChoiceItem(
        name, str(got.get("person", text)), text, str(got["query"]), options, label, tier, track, meta
    )


def _value(row: Mapping[str, Any], name: str, fields: Mapping[str, str]) -> Any:
    names = (fields[name],) if name in fields else FIELDS[name]
    return next((row[each] for each in names if row.get(each) not in (None, "")), None)


def _options(got: Mapping[str, Any]) -> tuple[tuple[str, ...], int | None]:
    if {"chosen", "rejected"} <= got.keys():
        return (str(got["chosen"]), str(got["rejected"])), 0
    if not {"a", "b", "label"} <= got.keys():
        return (), None
    label = str(got["label"]).strip().lower()
    return (str(got["a"]), str(got["b"])), 0 if label in _FIRST else 1 if label in _SECOND else None


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError:
                raise BadInput(
                    f"Line {number} of {path.name} is no JSON object; mend or remove it."
                ) from None


def with_personas(items: Sequence[ChoiceItem], personas: Sequence[str]) -> list[ChoiceItem]:
    """Return the same items with other personas, such as other people's, none, or what was inferred."""
    return [
        ChoiceItem(each.id, each.person, persona, each.query, each.options, each.label, each.tier, each.track, each.meta)
        for each, persona in zip(items, personas, strict=True)
    ]  # fmt: skip
