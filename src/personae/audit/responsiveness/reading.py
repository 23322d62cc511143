"""Action sets from a YAML file, and people's tables as the numbers that an action set speaks of.

The file lists what can change; what it does not list cannot::

    target: good
    features:
      savings: {low: 0, high: 5000, step_high: 500, direction: up}
      guarantor: {}
      job: {values: [none, part time, full time]}
    constraints:
      - linked: {source: years_employed, targets: {age: 1}}
      - thermometer: {features: [account, account_over_100], direction: up}
      - one_hot: {features: [renter, owner]}
      - ordinal: {features: [low, middle, high]}
      - if_then: {if: "job >= 1", then: "change of hours > 0"}
      - switch: {switch: no_account, targets: [savings]}
      - reachability: {features: [a, b], values: [[0, 0], [1, 1]], from: [[1, 1], [0, 1]]}
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.responsiveness.actions import ActionSet, Array, Feature, infer_features
from personae.audit.responsiveness.constraints import (
    Condition,
    Constraint,
    IfThen,
    Linked,
    OneHot,
    Ordinal,
    Reachability,
    Switch,
    Thermometer,
)
from personae.errors import BadInput, UnknownName
from personae.models.answers import nearest

DIRECTIONS = {"up": 1, "down": -1, "either": 0}
_OPTIONS = tuple(each.name for each in fields(Feature) if each.name != "name")
_IN_WORDS = ("kind", "direction")


@dataclass(frozen=True, slots=True)
class Coding:
    """How columns of a table stand as numbers: texts and categories by the place of their value, all else as they are.

    `values` holds every value of such a column, those that can be reached first, those only seen among people after them.
    """

    names: tuple[str, ...]
    values: Mapping[str, tuple[Any, ...]]

    def encode(self, columns: Mapping[str, NDArray[Any]]) -> Array:
        """Return the people as numbers, shape (n_people, n_features), NaN where a value is missing."""
        return np.column_stack([self._encoded(name, columns[name]) for name in self.names])

    def decode(self, points: Array) -> dict[str, NDArray[Any]]:
        """Return points as the columns that the model was fitted on."""
        return {name: self._decoded(name, points[:, k]) for k, name in enumerate(self.names)}

    def shown(self, name: str, number: float) -> str:
        """Write one value as the table has it.

        >>> Coding(("job",), {"job": ("none", "part time")}).shown("job", 1.0)
        'part time'
        """
        if math.isnan(number):
            return "missing"
        if name in self.values:
            return str(self.values[name][int(number)])
        return f"{number:.0f}" if number == round(number) else f"{number:.5g}"

    def _encoded(self, name: str, column: NDArray[Any]) -> Array:
        if name not in self.values:
            return numbers(name, column)
        places = {value: float(place) for place, value in enumerate(self.values[name])}
        return np.array([math.nan if is_missing(value) else places[str(value)] for value in column])

    def _decoded(self, name: str, column: Array) -> NDArray[Any]:
        if name not in self.values:
            return column
        known = self.values[name]
        return np.array([None if math.isnan(each) else known[int(each)] for each in column], dtype=object)


@dataclass(frozen=True, slots=True)
class Plan:
    """An action set that was read, the coding of its columns, and the wanted prediction if the file names one."""

    actions: ActionSet
    coding: Coding
    target: Any = None


def read_plan(path: Path, columns: Mapping[str, NDArray[Any]], names: Sequence[str]) -> Plan:
    """Read an action set from a file and fit it to a table.

    Parameters
    ----------
    path : Path
        A YAML file as shown at the top of this module.
    columns : mapping of str to ndarray
        The table; kinds and bounds that the file leaves out are those of its values.
    names : sequence of str
        The model's features, in its order.

    Raises
    ------
    BadInput, UnknownName
        Naming the file, the entry and the mend.
    """
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{path.name}: no YAML that can be read. See `personae audit recourse --help`."
        ) from error
    if not isinstance(found, dict) or not set(found) <= {"features", "constraints", "target"}:
        raise BadInput(
            f"{path.name}: expected `features:`, and if wanted `constraints:` and `target:`, at the top."
        )
    listed = found.get("features") or {}
    if not isinstance(listed, dict) or not all(
        isinstance(options or {}, dict) for options in listed.values()
    ):
        raise BadInput(
            f"{path.name}: `features:` is a list of names with options, such as `savings: {{direction: up}}`."
        )
    for name in listed:
        if name not in names:
            close = nearest(str(name), list(names), 0.5)
            hint = f" Nearest: {close}." if close else ""
            raise UnknownName(f"{path.name}: the model has no feature {name!r}.{hint}")
    coding = _coding(listed, columns, names)
    try:
        features = _features(path, listed, coding, columns)
        constraints = tuple(_constraint(each) for each in found.get("constraints") or ())
        actions = ActionSet(features, constraints)
    except (BadInput, UnknownName) as error:
        told = str(error)
        raise BadInput(told if told.startswith(path.name) else f"{path.name}: {told}") from error
    return Plan(actions, coding, found.get("target"))


def is_missing(value: Any) -> bool:
    """Whether a table's cell is empty."""
    return value is None or (isinstance(value, float) and math.isnan(value)) or value == ""


def numbers(name: str, column: NDArray[Any]) -> Array:
    """Return a column as numbers, NaN where missing; raises `BadInput` where a cell is none, naming the row."""
    found = np.empty(len(column))
    for row, value in enumerate(column):
        try:
            found[row] = math.nan if is_missing(value) else float(value)
        except (TypeError, ValueError):
            raise BadInput(
                f"Column {name}, row {row + 1}: no number. List its `values` in the action set."
            ) from None
    return found


def _coding(listed: Mapping[str, Any], columns: Mapping[str, NDArray[Any]], names: Sequence[str]) -> Coding:
    values: dict[str, tuple[Any, ...]] = {}
    for name in names:
        wanted = [str(each) for each in (listed.get(name) or {}).get("values", ())]
        seen = [str(each) for each in columns[name] if not is_missing(each)]
        if wanted or any(isinstance(each, str) for each in columns[name]):
            values[name] = tuple(dict.fromkeys([*wanted, *sorted(set(seen))]))
    return Coding(tuple(names), values)


def _features(
    path: Path, listed: Mapping[str, Any], coding: Coding, columns: Mapping[str, NDArray[Any]]
) -> tuple[Feature, ...]:
    inferred = infer_features(coding.names, coding.encode(columns))
    return tuple(_feature(path, each, listed, coding) for each in inferred)


def _feature(path: Path, inferred: Feature, listed: Mapping[str, Any], coding: Coding) -> Feature:
    name = inferred.name
    if name not in listed:
        return Feature(name, inferred.kind, False, inferred.low, inferred.high)
    options = dict(listed[name] or {})
    unknown = set(options) - set(_OPTIONS)
    if unknown:
        raise BadInput(
            f"{path.name}: {name} has no option {sorted(unknown)[0]!r}. Options: {', '.join(_OPTIONS)}."
        )
    direction = options.get("direction", 0)
    options["direction"] = DIRECTIONS.get(direction, direction)
    if name in coding.values:
        wanted = tuple(str(each) for each in options.pop("values", ())) or tuple(coding.values[name])
        return Feature(name, "category", values=wanted, **{k: v for k, v in options.items() if k != "kind"})
    try:
        known: dict[str, Any] = {"kind": inferred.kind, "low": inferred.low, "high": inferred.high}
        return Feature(name, **(known | options))
    except TypeError as error:
        wrong = [each for each, value in options.items() if each not in _IN_WORDS and isinstance(value, str)]
        named = f"{wrong[0]}: {options[wrong[0]]}" if wrong else "an option"
        raise BadInput(
            f"{path.name}: {name} has {named}, which is no number. YAML reads 1.0e+9 as one, and 1e9 as text."
        ) from error


def _constraint(entry: Any) -> Constraint:
    if not isinstance(entry, dict) or len(entry) != 1:
        raise BadInput("each constraint is one name with options, such as `- one_hot: {features: [a, b]}`.")
    ((kind, options),) = entry.items()
    if kind not in _MAKERS:
        raise BadInput(f"no constraint {kind!r}. Constraints: {', '.join(_MAKERS)}.")
    try:
        made: Constraint = _MAKERS[kind](**options)
    except (TypeError, KeyError) as error:
        raise BadInput(f"the options of {kind} do not fit; see `personae audit recourse --help`.") from error
    return made


def _encoding(
    kind: type[Ordinal] | type[Thermometer], features: Sequence[str], direction: str = "either", **more: bool
) -> Constraint:
    return kind(tuple(features), DIRECTIONS[direction], **more)


def _reachability(features: Sequence[str], values: Sequence[Sequence[float]], **more: Any) -> Constraint:
    reachable = tuple(tuple(int(each) for each in row) for row in more.pop("from", ()))
    return Reachability(
        tuple(features), tuple(tuple(float(v) for v in row) for row in values), reachable, **more
    )


_MAKERS: dict[str, Any] = {
    "linked": lambda source, targets, keep_bounds=False: Linked(source, dict(targets), keep_bounds),
    "thermometer": lambda **options: _encoding(Thermometer, **options),
    "ordinal": lambda **options: _encoding(Ordinal, **options),
    "one_hot": lambda features, limit=1, exactly=True: OneHot(tuple(features), limit, exactly),
    "if_then": lambda **options: IfThen(Condition.parse(options["if"]), Condition.parse(options["then"])),
    "switch": lambda switch, targets, on=1, must=False: Switch(switch, tuple(targets), on, must),
    "reachability": _reachability,
}
