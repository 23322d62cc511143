"""Personas in the layouts of other tools: PersonaHub, TinyTroupe, Character Card V2 and EDSL; written, and read back.

Sources: tencent-ailab/persona-hub (data files), microsoft/TinyTroupe@8378a113 (agent specifications),
malfoyslastname/character-card-spec-v2 (spec_v2), expectedparrot/edsl@87e29891 (`AgentList.to_dict`).
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from personae.errors import BadInput

Layout = Literal["personahub", "tinytroupe", "character-card", "edsl"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
CARD_TEXTS = (
    "name", "description", "personality", "scenario", "first_mes", "mes_example", "creator_notes", "system_prompt",
    "post_history_instructions", "creator", "character_version",
)  # fmt: skip
_DEGREES = {
    "No Highschool": "no high school diploma",
    "In Highschool": "who is still at high school",
    "HS Diploma": "a high school diploma",
    "In College": "who is at college",
    "College Degree": "a college degree",
    "Master's": "a master's degree",
    "PhD": "a PhD",
}
_KEPT = "personae"  # where a layout keeps what it has no place for


class Described(Protocol):
    """Anyone with an id, fields by name, and what they were made or read from."""

    @property
    def id(self) -> str: ...
    @property
    def fields(self) -> Mapping[str, Any]: ...
    @property
    def provenance(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Persona:
    """A persona read from a file: every field that the layout kept."""

    id: str
    fields: dict[str, Any] = field(default_factory=dict)
    provenance: str = ""


def persona_sentence(person: Described) -> str:
    """Return one sentence about a person, from the catalogue's fields; from whatever there is where there are none.

    >>> persona_sentence(Persona("p", {"age": 40, "occupation": "nurse", "city_country": "Porto, Portugal"}))
    'A 40-year-old nurse from Porto, Portugal.'
    """
    known = person.fields
    if not {"age", "occupation", "sex", "gender"} & set(known):
        return "A person: " + "; ".join(f"{name} {value}" for name, value in known.items()) + "."
    status = str(known.get("relationship_status", ""))
    words = [
        f"{known['age']}-year-old" if "age" in known else "",
        status if status in {"single", "married", "divorced", "widowed", "engaged"} else "",
        str(known.get("occupation") or known.get("sex") or "person").lower(),
    ]
    said = " ".join(word for word in words if word)
    place = f" from {known['city_country']}" if "city_country" in known else ""
    degree = _DEGREES.get(str(known.get("education", "")), "")
    schooling = f", {degree if degree.startswith('who') else f'with {degree}'}" if degree else ""
    article = "An" if re.match(r"[aeiou]|1[18]-|8\d?-", said, re.IGNORECASE) else "A"
    return f"{article} {said}{place}{schooling}."


def as_persona(person: Described, layout: Layout) -> dict[str, Any]:
    """Return a person as one object of a layout; what has no place there stands under "personae", so that nothing is lost."""
    return _WRITERS[layout](person)


def write_personas(people: Iterable[Described], file: Path, layout: Layout) -> int:
    """Write people in a layout, in one step; returns how many.

    Parameters
    ----------
    file : Path
        `.jsonl`: one a line. `.json`: a list, which is an EDSL `AgentList` in its layout. No ending: a folder with a file each.

    Raises
    ------
    BadInput
        When the name ends otherwise, or the folder is not empty.
    """
    if file.suffix not in {".jsonl", ".json", ""}:
        raise BadInput(
            f"{file}: personas are written to .jsonl, to .json, or into a folder (a name without ending)."
        )
    if not file.suffix and file.exists() and (not file.is_dir() or any(file.iterdir())):
        raise BadInput(f"{file}: is there already and not an empty folder. Name another.")
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    rows = ((person, as_persona(person, layout)) for person in people)
    try:
        written = (
            _write_folder(rows, part) if not file.suffix else _write_file(rows, part, file.suffix, layout)
        )
        part.replace(file)
    except OSError as error:
        raise BadInput(f"{file}: cannot be written ({error.strerror}). Name another file.") from None
    finally:
        if part.is_dir():
            shutil.rmtree(part)
        part.unlink(missing_ok=True)
    return written


def read_personas(path: Path, layout: Layout | None = None) -> Iterator[Persona]:
    """Yield the personas of a file or folder; the layout is told by the keys where it is not named.

    Raises
    ------
    BadInput
        Naming the file and the line, where an object is none of the layout's.
    """
    for place, row in _objects(path):
        found = layout or _layout_of(row)
        try:
            if found is None:
                raise KeyError
            yield _READERS[found](row)
        except (KeyError, TypeError, AttributeError):
            raise BadInput(
                f"{place}: not a persona in the layout {found or 'of ' + ', '.join(LAYOUTS)}. Mend or remove the object."
            ) from None


def _personahub(person: Described) -> dict[str, Any]:
    return {"persona": persona_sentence(person), _KEPT: _kept(person)}


def _tinytroupe(person: Described) -> dict[str, Any]:
    known = person.fields
    firm, title = known.get("employer", ""), known.get("occupation", "")
    persona = {
        "name": _name(person),
        "age": known.get("age"),
        "gender": known.get("gender", known.get("sex")),
        "nationality": known.get("nationality"),
        "residence": known.get("city_country"),
        "education": known.get("education_info", known.get("education")),
        "long_term_goals": [],
        "occupation": {
            "title": title,
            "organization": firm,
            "description": f"Works as {title}." if title else "",
        },
        "style": "",
        "personality": {"traits": []},
        "preferences": {"interests": [], "likes": [], "dislikes": []},
        "skills": [],
        "beliefs": [],
        "behaviors": {},
        "relationships": _relationships(known),
    }
    shown = {name: value for name, value in persona.items() if value is not None}
    return {"type": "TinyPerson", "persona": shown | {_KEPT: _kept(person)}}


def _card(person: Described) -> dict[str, Any]:
    texts = dict.fromkeys(CARD_TEXTS, "")
    texts |= {
        "name": _name(person),
        "description": persona_sentence(person),
        "creator_notes": f"An invented person. {person.provenance}",
        "creator": "personae",
        "character_version": "1",
    }
    data = {**texts, "alternate_greetings": [], "tags": ["invented"], "extensions": {_KEPT: _kept(person)}}
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}


def _edsl(person: Described) -> dict[str, Any]:
    traits = {_identifier(name): value for name, value in person.fields.items()}
    codebook = {_identifier(name): name for name in person.fields if _identifier(name) != name}
    return {
        "traits": traits | {"provenance": person.provenance},
        "codebook": codebook,
        "name": person.id,
        "edsl_class_name": "Agent",
    }


def _from_personahub(row: dict[str, Any]) -> Persona:
    return _from_kept(row[_KEPT]) if _KEPT in row else Persona("", {"persona": row["persona"]})


def _from_tinytroupe(row: dict[str, Any]) -> Persona:
    persona = row["persona"]
    return _from_kept(persona[_KEPT]) if _KEPT in persona else Persona(str(persona["name"]), dict(persona))


def _from_card(row: dict[str, Any]) -> Persona:
    data = row["data"]
    extensions = data.get("extensions") or {}
    return _from_kept(extensions[_KEPT]) if _KEPT in extensions else Persona(str(data["name"]), dict(data))


def _from_edsl(row: dict[str, Any]) -> Persona:
    codebook = row.get("codebook") or {}
    fields = {codebook.get(name, name): value for name, value in row["traits"].items()}
    return Persona(str(row.get("name") or ""), fields, str(fields.pop("provenance", "")))


_WRITERS: dict[Layout, Callable[[Described], dict[str, Any]]] = {
    "personahub": _personahub, "tinytroupe": _tinytroupe, "character-card": _card, "edsl": _edsl,
}  # fmt: skip
_READERS: dict[Layout, Callable[[dict[str, Any]], Persona]] = {
    "personahub": _from_personahub, "tinytroupe": _from_tinytroupe, "character-card": _from_card, "edsl": _from_edsl,
}  # fmt: skip


def _layout_of(row: dict[str, Any]) -> Layout | None:
    if row.get("spec") == "chara_card_v2":
        return "character-card"
    if isinstance(row.get("persona"), dict):
        return "tinytroupe"
    if isinstance(row.get("persona"), str):
        return "personahub"
    return "edsl" if isinstance(row.get("traits"), dict) else None


def _kept(person: Described) -> dict[str, Any]:
    return {"id": person.id, "fields": dict(person.fields), "provenance": person.provenance}


def _from_kept(kept: dict[str, Any]) -> Persona:
    return Persona(str(kept["id"]), dict(kept["fields"]), str(kept["provenance"]))


def _name(person: Described) -> str:
    parts = [str(person.fields[key]) for key in ("first_name", "last_name") if person.fields.get(key)]
    return " ".join(parts) or person.id


def _relationships(known: Mapping[str, Any]) -> list[dict[str, str]]:
    if not known.get("spouse_name"):
        return []
    return [{"name": str(known["spouse_name"]), "description": "Spouse, or once was."}]


def _identifier(name: str) -> str:
    word = re.sub(r"\W", "_", name)
    return word if word.isidentifier() else f"_{word}"


def _write_file(
    rows: Iterable[tuple[Described, dict[str, Any]]], part: Path, suffix: str, layout: Layout
) -> int:
    count = 0
    with part.open("w", encoding="utf-8") as stream:
        if suffix == ".json":
            objects = [row for _, row in rows]
            whole = {"agent_list": objects, "edsl_class_name": "AgentList"} if layout == "edsl" else objects
            json.dump(whole, stream, ensure_ascii=False)
            return len(objects)
        for _, row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def _write_folder(rows: Iterable[tuple[Described, dict[str, Any]]], part: Path) -> int:
    part.mkdir(parents=True)
    count = 0
    for person, row in rows:
        name = re.sub(r"[^\w.-]", "_", person.id)
        (part / f"{name}.json").write_text(json.dumps(row, ensure_ascii=False, indent=1), encoding="utf-8")
        count += 1
    return count


def _objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object of a file or folder with its place."""
    if path.is_dir():
        for file in sorted(path.glob("*.json")):
            yield from _objects(file)
        return
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".jsonl":
        rows = [
            (f"{path.name}:{number}", line)
            for number, line in enumerate(text.splitlines(), 1)
            if line.strip()
        ]
    else:
        rows = [(path.name, text)]
    for place, line in rows:
        try:
            found = json.loads(line)
        except ValueError:
            raise BadInput(f"{place}: not JSON. Mend the line.") from None
        many = found.get("agent_list", [found]) if isinstance(found, dict) else found
        for row in many if isinstance(many, list) else [many]:
            if not isinstance(row, dict):
                raise BadInput(f"{place}: not an object. Mend the line.")
            yield place, row
