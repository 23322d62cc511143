"""The table of rules as data: what a rule may say, how a file of rules is read, and which rules fit a question."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from personae.errors import BadInput, UnknownName
from personae.people.attributes import Attribute, attribute

Verdict = Literal["required", "allowed", "allowed_with_conditions", "forbidden", "unknown"]
Domain = Literal["employment", "credit_mortgage", "credit_other", "health", "housing", "other"]
Operation = Literal["collect", "infer", "join", "train", "score", "report"]
Basis = Literal["self_report", "proxy", "observed"]
Granularity = Literal["individual", "aggregate"]
Confidence = Literal["high", "medium", "low"]
GROUNDS = ("special", "protected", "plain")
FACETS: dict[str, tuple[str, ...]] = {
    "domain": get_args(Domain), "operation": get_args(Operation), "basis": get_args(Basis), "granularity": get_args(Granularity),
}  # fmt: skip
_KINDS: dict[str, type] = {
    "since": date, "until": date, "size": int, "consent": bool, "id": str, "reason": str, "citation": str,
}  # fmt: skip


_LARGE = ("US", "EU")  # each with its members: US-CA, EU-DE
_SPELLED = {
    "USA": "US",
    "U.S.": "US",
    "U.S.A.": "US",
    "UNITED STATES": "US",
    "EUROPEAN UNION": "EU",
    "E.U.": "EU",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """Where, by whom and how an attribute is dealt with; an empty value is one that was not said.

    Parameters
    ----------
    domain : name in `FACETS`
        What is decided about people: work, credit, care, housing, or none of them.
    operation : name in `FACETS`
    basis : name in `FACETS`, or ""
        Where the value comes from: the person, a proxy, someone's eyes.
    granularity : "individual", "aggregate" or ""
        Whether results are about one person or about groups.
    jurisdiction : str
        Such as "US", "US-CA", "EU-DE".
    actor : str
        Such as employer, federal_contractor, lender, insurer, platform.
    size : int or None
        Employees of the actor.
    consent : bool or None
    day : date or None
        Rules in force on this day; today without it.
    """

    domain: str = "other"
    operation: str = "infer"
    basis: str = ""
    granularity: str = ""
    jurisdiction: str = ""
    actor: str = ""
    size: int | None = None
    consent: bool | None = None
    day: date | None = None

    def checked(self) -> Setting:
        """Return this setting; raises `UnknownName` with the nearest names where a value is none of its facet's."""
        for facet in FACETS:
            said = getattr(self, facet)
            if said or facet in {"domain", "operation"}:
                checked_name(facet, said, FACETS[facet])
        return self


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. An empty field fits everything; see the head of `rules.yaml` for what each means."""

    id: str
    verdict: Verdict
    reason: str
    citation: str
    since: date
    until: date | None = None
    purpose: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()
    operation: tuple[str, ...] = ()
    basis: tuple[str, ...] = ()
    granularity: tuple[str, ...] = ()
    jurisdiction: tuple[str, ...] = ()
    actor: tuple[str, ...] = ()
    size: int | None = None
    consent: bool | None = None
    conditions: tuple[str, ...] = ()
    confidence: Confidence = "high"

    def fits(self, purpose: str, chosen: Attribute, setting: Setting, day: date) -> bool:
        """Say whether the rule speaks about this, on this day."""
        return (
            self.since <= day <= (self.until or date.max)
            and (not self.purpose or purpose in self.purpose)
            and (not self.attributes or not _grounds(chosen).isdisjoint(self.attributes))
            and all(not (named := getattr(self, facet)) or getattr(setting, facet) in named for facet in (*FACETS, "actor"))
            and (not self.jurisdiction or any(_lies_in(setting.jurisdiction, each) for each in self.jurisdiction))
            and (self.size is None or self._is_as_large(setting.size))
            and (self.consent is None or self.consent == setting.consent)
        )  # fmt: skip

    def _is_as_large(self, size: int | None) -> bool:
        """Say whether an actor is; one of whom it is not known counts as large where the rule forbids."""
        return self.verdict == "forbidden" if size is None else size >= (self.size or 0)

    def as_json(self) -> dict[str, Any]:
        filled = {name: value for name, value in asdict(self).items() if value not in ((), None)}
        return {
            name: value.isoformat() if isinstance(value, date) else value for name, value in filled.items()
        }


@dataclass(frozen=True, slots=True)
class Rules:
    """A table of rules, in the order in which they are looked at; of those that fit, the last decides."""

    rows: tuple[Rule, ...]
    reviewed: date = field(default=date.min)

    @property
    def purposes(self) -> tuple[str, ...]:
        """Every purpose that a rule names."""
        return tuple(dict.fromkeys(purpose for rule in self.rows for purpose in rule.purpose))

    @property
    def places(self) -> tuple[str, ...]:
        """Every jurisdiction that a rule names, after the United States and the European Union."""
        return tuple(dict.fromkeys((*_LARGE, *(place for rule in self.rows for place in rule.jurisdiction))))

    def place(self, said: str) -> str:
        """Return a jurisdiction as the rules spell it; "" stays "".

        Raises
        ------
        UnknownName
            When it is none that the rules name, and lies in none.
        """
        whole, *part = said.strip().upper().split("-", 1)
        spelled = "-".join((_SPELLED.get(whole, whole), *part))
        for place in self.places if spelled else ():
            if spelled == place.upper():
                return place
            if _lies_in(spelled, place) and (
                place not in _LARGE or re.fullmatch(r"[A-Z]{2}-[A-Z]{2}", spelled)
            ):
                return spelled
        if spelled:
            close = difflib.get_close_matches(spelled, self.places, n=2, cutoff=0.4) or self.places
            raise UnknownName(
                f"No jurisdiction named {said!r}. Nearest: {', '.join(close)}. All: {', '.join(self.places)}, and what lies "
                "in them, such as US-CA or EU-DE."
            )
        return ""

    def named(self, id_: str) -> Rule | None:
        """Return the rule of that id; None for "none" and for ids of another table."""
        return next((rule for rule in self.rows if rule.id == id_), None)

    def and_then(self, later: Rules) -> Rules:
        """Return this table followed by another, whose rules take the place of those with the same id."""
        ids = {rule.id for rule in later.rows}
        kept = tuple(rule for rule in self.rows if rule.id not in ids)
        return Rules((*kept, *later.rows), max(self.reviewed, later.reviewed))


def checked_name(what: str, said: str, names: Sequence[str]) -> str:
    """Return the name said; raises `UnknownName` with the nearest where it is none of these."""
    if said not in names:
        close = difflib.get_close_matches(said, names, n=2, cutoff=0.4) or names
        raise UnknownName(f"No {what} named {said!r}. Nearest: {', '.join(close)}. All: {', '.join(names)}.")
    return said


def rules(path: Path | None = None) -> Rules:
    """Return the table that ships, followed by the rules of a file of one's own.

    Raises
    ------
    BadInput
        With the file, the rule and the mend.
    """
    return _shipped() if path is None else _shipped().and_then(read_rules(path))


def read_rules(path: Path) -> Rules:
    """Return the rules of one file."""
    if not path.is_file():
        raise BadInput(
            f"{path}: no such file of rules. Give the path of a YAML file with a list under `rules:`."
        )
    return _parsed(path.read_text(encoding="utf-8"), str(path))


@lru_cache(maxsize=1)
def _shipped() -> Rules:
    return _parsed(files("personae.people").joinpath("rules.yaml").read_text(encoding="utf-8"), "rules.yaml")


def _parsed(text: str, where: str) -> Rules:
    import yaml

    try:
        content = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise BadInput(
            f"{where}{line}: not YAML. Compare it with the rules that ship: `personae policy rules`."
        ) from None
    listed = content.get("rules") if isinstance(content, Mapping) else None
    if not isinstance(listed, list) or not all(isinstance(entry, Mapping) for entry in listed):
        raise BadInput(f"{where}: no list of rules. Put them under `rules:`, one mapping each.")
    rows = tuple(
        _rule(entry, f"{where}, rule {entry.get('id', place)}") for place, entry in enumerate(listed, 1)
    )
    ids = [rule.id for rule in rows]
    if twice := sorted({id_ for id_ in ids if ids.count(id_) > 1}):
        raise BadInput(f"{where}: the id {twice[0]} stands twice. Give each rule its own.")
    reviewed = content.get("reviewed", date.min)
    if not isinstance(reviewed, date):
        raise BadInput(f"{where}: `reviewed` must be a date such as 2026-11-23.")
    return Rules(rows, reviewed)


def _rule(entry: Mapping[str, Any], where: str) -> Rule:
    known = Rule.__dataclass_fields__
    if strange := sorted(set(map(str, entry)) - set(known)):
        near = difflib.get_close_matches(strange[0], known, n=1, cutoff=0.4) or sorted(known)
        raise BadInput(f"{where}: no field {strange[0]!r}. Nearest: {', '.join(near)}.")
    if missing := [name for name in ("id", "verdict", "reason", "citation", "since") if not entry.get(name)]:
        raise BadInput(
            f"{where}: {missing[0]} is missing. A rule names its id, verdict, reason, citation and since."
        )
    filled = {name: _listed(value, name) for name, value in entry.items()}
    _check(filled, where)
    filled["attributes"] = tuple(
        name if name in GROUNDS else _attribute(name, where) for name in filled.get("attributes", ())
    )
    return Rule(**filled)


def _listed(value: Any, name: str) -> Any:
    if name not in {"purpose", "attributes", "jurisdiction", "actor", "conditions", *FACETS}:
        return value
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _check(filled: Mapping[str, Any], where: str) -> None:
    for facet, names in {**FACETS, "verdict": get_args(Verdict), "confidence": get_args(Confidence)}.items():
        given = filled.get(facet, ())
        for name in given if isinstance(given, tuple) else (given,):
            if name not in names:
                raise BadInput(f"{where}: {facet} {name!r} is none of {', '.join(names)}.")
    for name, kind in _KINDS.items():
        if name in filled and not isinstance(filled[name], kind):
            wanted = {date: "a date such as 2026-11-23", int: "a whole number", bool: "true or false"}.get(
                kind, "text"
            )
            raise BadInput(f"{where}: {name} must be {wanted}.")


def _attribute(name: str, where: str) -> str:
    try:
        return attribute(name).name
    except UnknownName as error:
        raise BadInput(f"{where}: {error}") from None


def _grounds(chosen: Attribute) -> set[str]:
    """Return the attribute's name and its grounds, as rules spell them."""
    grounds = {name for name in ("special", "protected") if getattr(chosen, name)}
    return {chosen.name, *(grounds or {"plain"})}


def _lies_in(place: str, whole: str) -> bool:
    return place.upper() == whole.upper() or place.upper().startswith(f"{whole.upper()}-")
