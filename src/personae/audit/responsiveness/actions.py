"""What a person can change: bounds, steps and direction of each feature, and what holds between features.

Source: Cheon, Wernerfelt, Friedler, Ustun (2025), "Feature Responsiveness Scores: Model-Agnostic Explanations for Recourse",
arXiv 2410.22598, section 2; the kinds of constraint are those of Kothari, Kulynych, Weng, Ustun (2024), "Prediction without
Preclusion: Recourse Verification with Reachable Sets", arXiv 2308.12820, table 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.responsiveness.constraints import Constraint, Linked
from personae.errors import BadInput, UnknownName
from personae.models.answers import nearest

Kind = Literal["bool", "int", "float", "category"]
Array = NDArray[np.float64]
WIDE = 1000  # values; a feature with more is drawn from, not listed


@dataclass(frozen=True, slots=True)
class Feature:
    """What may be done to one feature.

    Parameters
    ----------
    name : str
    kind : Kind
        "bool" is 0 or 1; "int" moves in whole multiples of `step`; "category" is the place of a value in `values`.
    actionable : bool
        Whether the person can change it; one that is not may still be moved by a feature it is linked to.
    low, high : float
        Where a change may end, both included.
    direction : int
        1 only up, -1 only down, 0 either.
    step_low, step_high : float
        The largest decrease (at most 0) and the largest increase (at least 0).
    step : float
        Grid of an "int", counted from the person's own value.
    values : tuple of str
        Of a "category".
    """

    name: str
    kind: Kind = "float"
    actionable: bool = True
    low: float = -math.inf
    high: float = math.inf
    direction: int = 0
    step_low: float = -math.inf
    step_high: float = math.inf
    step: float = 1.0
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise BadInput(f"{self.name}: no kind {self.kind!r}; there are {', '.join(get_args(Kind))}.")
        steps = self.step_low <= 0 <= self.step_high and 0 < self.step < math.inf
        if not (self.low <= self.high and steps):  # NaN is none of it
            raise BadInput(
                f"{self.name}: low <= high, step > 0 and step_low <= 0 <= step_high are needed; "
                f"given {self.low:g}, {self.high:g}, {self.step:g}, {self.step_low:g}, {self.step_high:g}."
            )
        if self.direction not in (-1, 0, 1):
            raise BadInput(f"{self.name}: the direction is up (1), down (-1) or either (0).")
        if self.kind == "category" and not self.values:
            raise BadInput(f"{self.name}: a category needs its `values`.")

    def span(self, x: float) -> tuple[float, float]:
        """Return the lowest and highest value that can be reached from x; (x, x) where nothing can."""
        if not self.actionable or math.isnan(x):
            return x, x
        low, high = (0.0, 1.0) if self.kind == "bool" else (self.low, self.high)
        if self.kind == "category":
            low, high = 0.0, len(self.values) - 1.0
        low = max(low, x + self.step_low) if self.direction <= 0 else max(low, x)
        high = min(high, x + self.step_high) if self.direction >= 0 else min(high, x)
        return (low, high) if low <= high else (x, x)

    def is_wide(self, x: float) -> bool:
        """Whether there are too many values to list."""
        low, high = self.span(x)
        return high > low and (self.kind == "float" or (high - low) / self.grain > WIDE)

    @property
    def grain(self) -> float:
        """The distance of two values next to each other."""
        return self.step if self.kind == "int" else 1.0

    def grid(self, x: float) -> Array:
        """Return the values that can be reached from x, in order; x is among them, even outside the bounds."""
        low, high = self.span(x)
        if not high > low:
            return np.array([x]) if math.isnan(x) else np.unique([x, low])
        if self.kind in ("bool", "category"):
            values = np.arange(math.ceil(low), math.floor(high) + 1.0)
        else:
            first, last = math.ceil((low - x) / self.step - 1e-9), math.floor((high - x) / self.step + 1e-9)
            values = x + self.step * np.arange(first, last + 1)
        return np.union1d(values, [x])

    def draw(self, x: float, n: int, random: np.random.Generator) -> Array:
        """Return n values drawn uniformly from those that can be reached and differ from x; empty where there are none."""
        low, high = self.span(x)
        if not high > low:
            return np.empty(0)
        if not (math.isfinite(low) and math.isfinite(high)):
            raise BadInput(
                f"{self.name}: drawing needs finite bounds; give low and high, or the largest steps."
            )
        if self.kind == "float":
            return random.uniform(low, high, n)
        first, last = math.ceil((low - x) / self.grain - 1e-9), math.floor((high - x) / self.grain + 1e-9)
        has_own = first <= 0 <= last
        if last - first + 1 - has_own < 1:
            return np.empty(0)
        picks = random.integers(first, last + 1 - has_own, n)
        return np.asarray(x + self.grain * (picks + ((picks >= 0) & has_own)))


@dataclass(frozen=True)
class ActionSet:
    """Every feature of a model in its order, and what holds between them.

    Examples
    --------
    >>> from personae.audit.responsiveness import Linked
    >>> years, age = Feature("years", "int", low=0, high=7, direction=1, step_high=2), Feature("age", actionable=False)
    >>> actions = ActionSet((years, age), (Linked("years", {"age": 1.0}),))
    >>> actions.blocks
    ((0, 1),)
    """

    features: tuple[Feature, ...]
    constraints: tuple[Constraint, ...] = ()
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(feature.name for feature in self.features))
        if len(set(self.names)) != len(self.names) or not self.names:
            raise BadInput("An action set needs at least one feature, and no name twice.")
        for constraint in self.constraints:
            for name in constraint.names:
                self.place(name)
        _ = self.links
        self._check_encodings()

    def place(self, name: str) -> int:
        """Return a feature's column; raises `UnknownName` with the nearest."""
        if name not in self.names:
            close = nearest(name, self.names, 0.5)
            hint = f" Nearest: {close}." if close else ""
            raise UnknownName(f"The action set has no feature {name!r}.{hint}")
        return self.names.index(name)

    @property
    def actionable(self) -> NDArray[np.bool_]:
        """Whether each feature can be changed, shape (n_features,)."""
        return np.array([feature.actionable for feature in self.features])

    @cached_property
    def links(self) -> tuple[tuple[int, int, float, bool], ...]:
        """Links as (source, target, scale, keep bounds), sources before what they move."""
        waiting = [
            (self.place(each.source), self.place(target), scale, each.keep_bounds)
            for each in self.constraints
            if isinstance(each, Linked)
            for target, scale in each.targets.items()
        ]
        ordered: list[tuple[int, int, float, bool]] = []
        while waiting:
            moved = {target for _, target, _, _ in waiting}
            ready = [link for link in waiting if link[0] not in moved]
            if not ready:
                names = ", ".join(sorted({self.names[source] for source, *_ in waiting}))
                raise BadInput(f"Links go round in a circle through {names}; take one of them out.")
            ordered += ready
            waiting = [link for link in waiting if link not in ready]
        return tuple(ordered)

    @cached_property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """Columns that constraints tie together, those blocks alone in which something can be changed."""
        owner = list(range(len(self.features)))
        for constraint in self.constraints:
            places = [self.place(name) for name in constraint.names]
            joined = {owner[place] for place in places}
            owner = [min(joined) if each in joined else each for each in owner]
        grouped = (tuple(np.flatnonzero(np.array(owner) == each)) for each in sorted(set(owner)))
        free = self.actionable
        return tuple(tuple(int(j) for j in block) for block in grouped if free[list(block)].any())

    def within(self, block: Sequence[int]) -> Iterator[Constraint]:
        """Yield the constraints that speak of a block."""
        inside = {self.names[j] for j in block}
        return (each for each in self.constraints if set(each.names) <= inside)

    def outside(self, people: ArrayLike) -> NDArray[np.bool_]:
        """Return where a person's value lies outside the bounds or is missing, shape (n_people, n_features)."""
        values = np.asarray(people, dtype=float)
        lows = [0.0 if f.kind in ("bool", "category") else f.low for f in self.features]
        highs = [_top(feature) for feature in self.features]
        return ~((values >= lows) & (values <= highs)) & self.actionable

    def _check_encodings(self) -> None:
        for constraint in self.constraints:
            for name in constraint.binary:
                if self.features[self.place(name)].kind != "bool":
                    raise BadInput(f"{type(constraint).__name__}: {name} must be of kind bool.")


def infer_features(names: Sequence[str], people: ArrayLike) -> tuple[Feature, ...]:
    """Return a feature a column with the kind and bounds that the values show: 0 and 1, whole numbers, or any.

    >>> [feature.kind for feature in infer_features(["a", "b", "c"], [[0, 3, 0.5], [1, 7, 2]])]
    ['bool', 'int', 'float']
    """
    values = np.asarray(people, dtype=float)
    if values.ndim != 2 or values.shape[1] != len(names) or not len(values):
        raise BadInput(f"{len(names)} names for a table of shape {values.shape}; give at least one person.")
    return tuple(
        _inferred(name, column[~np.isnan(column)]) for name, column in zip(names, values.T, strict=True)
    )


def _inferred(name: str, column: Array) -> Feature:
    if not len(column):
        return Feature(name, actionable=False)
    if np.isin(column, (0, 1)).all():
        return Feature(name, "bool", low=0.0, high=1.0)
    kind: Kind = "int" if np.equal(np.mod(column, 1), 0).all() else "float"
    return Feature(name, kind, low=float(column.min()), high=float(column.max()))


def _top(feature: Feature) -> float:
    return {"bool": 1.0, "category": len(feature.values) - 1.0}.get(feature.kind, feature.high)
