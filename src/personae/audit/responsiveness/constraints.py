"""What holds between features: encodings, conditions, switches, causal links and reachability between listed values.

Source: Kothari, Kulynych, Weng, Ustun (2024), "Prediction without Preclusion: Recourse Verification with Reachable Sets",
arXiv 2308.12820, table 1. There each kind is a set of rows of an integer program; here each is a mask over rows of values.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
MOST_ENCODED = 4096  # rows that an encoding may list
_CONDITION = re.compile(r"\s*(change of )?(.+?)\s*(==|>=|<=|>|<)\s*([-+]?\d*\.?\d+)\s*")


class Constraint(ABC):
    """One thing that holds. `names` are the features it speaks of; `binary` those that must be 0 or 1."""

    names: tuple[str, ...]

    @property
    def binary(self) -> tuple[str, ...]:
        return ()

    def listed(self) -> Array | None:
        """Return every allowed row of values, shape (n_rows, n_names), where they can be listed."""
        return None

    @abstractmethod
    def allows(self, before: Array, after: Array) -> Mask:
        """Return which rows are allowed.

        Parameters
        ----------
        before : ndarray of shape (n_names,)
        after : ndarray of shape (n_rows, n_names)
        """


@dataclass(frozen=True)
class OneHot(Constraint):
    """Exactly `limit` of some binary features are 1, or at most so many."""

    names: tuple[str, ...]
    limit: int = 1
    exactly: bool = True

    @property
    def binary(self) -> tuple[str, ...]:
        return self.names

    def listed(self) -> Array | None:
        if self.limit != 1:
            return None
        eye = np.eye(len(self.names))
        return eye if self.exactly else np.vstack([np.zeros(len(self.names)), eye])

    def allows(self, before: Array, after: Array) -> Mask:
        total = after.sum(axis=1)
        return np.asarray(total == self.limit if self.exactly else total <= self.limit)


@dataclass(frozen=True)
class Ordinal(Constraint):
    """One-hot features of an ordered attribute, lowest level first; `direction` is that of the level."""

    names: tuple[str, ...]
    direction: int = 0
    exactly: bool = True

    @property
    def binary(self) -> tuple[str, ...]:
        return self.names

    def listed(self) -> Array | None:
        return OneHot(self.names, exactly=self.exactly).listed()

    def allows(self, before: Array, after: Array) -> Mask:
        kept = OneHot(self.names, exactly=self.exactly).allows(before, after)
        ranks = np.arange(1.0, len(self.names) + 1)
        return np.asarray(kept & _moves(after @ ranks - before @ ranks, self.direction))


@dataclass(frozen=True)
class Thermometer(Constraint):
    """Binary features that say "at least so much", lowest threshold first: none is 1 unless all before it are."""

    names: tuple[str, ...]
    direction: int = 0

    @property
    def binary(self) -> tuple[str, ...]:
        return self.names

    def listed(self) -> Array | None:
        return np.tril(np.ones((len(self.names) + 1, len(self.names))), -1)

    def allows(self, before: Array, after: Array) -> Mask:
        ordered = (np.diff(after, axis=1) <= 0).all(axis=1)
        return np.asarray(ordered & _moves(after.sum(axis=1) - before.sum(), self.direction))


@dataclass(frozen=True)
class Reachability(Constraint):
    """Some features take listed rows of values together; `reachable[i][k]` says whether row k can be reached from row i."""

    names: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    reachable: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        n = len(self.values)
        sizes = {len(row) for row in self.values} | {len(self.names)}
        if n < 1 or len(sizes) > 1 or len(set(self.values)) != n:
            raise BadInput(
                f"Reachability of {', '.join(self.names)}: rows of one value a feature, none twice."
            )
        if self.reachable and {len(self.reachable), *map(len, self.reachable)} != {n}:
            raise BadInput(
                f"Reachability of {', '.join(self.names)}: {n} rows of values need {n} by {n} entries."
            )

    def listed(self) -> Array | None:
        return np.array(self.values, dtype=float)

    def allows(self, before: Array, after: Array) -> Mask:
        rows = np.array(self.values, dtype=float)
        found = (after[:, None, :] == rows).all(axis=2)  # (n_rows, n_values)
        start = np.flatnonzero((rows == before).all(axis=1))
        if not len(start) or not self.reachable:
            return np.asarray(found.any(axis=1))
        return np.asarray((found & np.array(self.reachable, dtype=bool)[start[0]]).any(axis=1))


@dataclass(frozen=True, slots=True)
class Condition:
    """A feature's value, or its change, against a number."""

    feature: str
    sign: Literal["==", ">=", "<=", ">", "<"]
    number: float
    of: Literal["value", "change"] = "value"

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read "Income >= 3" or "change of Income > 0".

        >>> Condition.parse("change of Income > 0")
        Condition(feature='Income', sign='>', number=0.0, of='change')
        """
        found = _CONDITION.fullmatch(text)
        if found is None:
            raise BadInput(
                f"The condition {text!r} cannot be read. Write 'Income >= 3' or 'change of Income > 0'."
            )
        sign = next(each for each in ("==", ">=", "<=", ">", "<") if each == found[3])
        return cls(found[2], sign, float(found[4]), "change" if found[1] else "value")  # type: ignore[arg-type]

    def holds(self, before: float, after: Array) -> Mask:
        """Return where it holds; nowhere for a missing value."""
        seen = after - before if self.of == "change" else after
        compared = {
            "==": seen == self.number,
            ">=": seen >= self.number,
            "<=": seen <= self.number,
            ">": seen > self.number,
        }
        return np.asarray(compared.get(self.sign, seen < self.number))


@dataclass(frozen=True)
class IfThen(Constraint):
    """Wherever one condition holds, another does."""

    when: Condition
    then: Condition

    @property
    def names(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.when.feature, self.then.feature

    def allows(self, before: Array, after: Array) -> Mask:
        return ~self.when.holds(before[0], after[:, 0]) | self.then.holds(before[1], after[:, 1])


@dataclass(frozen=True)
class Switch(Constraint):
    """While a binary feature has the value `on`, its targets are 0; while it has not and `must`, none of them is."""

    switch: str
    targets: tuple[str, ...]
    on: int = 1
    must: bool = False

    @property
    def names(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.switch, *self.targets

    @property
    def binary(self) -> tuple[str, ...]:
        return (self.switch,)

    def allows(self, before: Array, after: Array) -> Mask:
        is_on = after[:, 0] == self.on
        still = (after[:, 1:] == 0).all(axis=1)
        moving = (after[:, 1:] != 0).all(axis=1) if self.must else np.ones(len(after), dtype=bool)
        return np.where(is_on, still, moving)


@dataclass(frozen=True)
class Linked(Constraint):
    """A causal link: a change of `source` by 1 changes each target by its scale, whether or not a person could change it.

    With `keep_bounds` a target's whole change must be one that it could make alone.
    """

    source: str
    targets: Mapping[str, float]
    keep_bounds: bool = False

    @property
    def names(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.source, *self.targets

    def allows(self, before: Array, after: Array) -> Mask:
        return np.ones(len(after), dtype=bool)


def _moves(change: Array, direction: int) -> Mask:
    return np.asarray(change * direction >= 0)
