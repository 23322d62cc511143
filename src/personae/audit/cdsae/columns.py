"""People's columns as numbers: standardized numbers first, then one-hot blocks, learned from training people alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput

MISSING = frozenset({"", "?", "nan", "NaN", "None"})


@dataclass(frozen=True, slots=True)
class Columns:
    """What was learned of each column: mean and scale of numbers, categories of the others."""

    numbers: tuple[tuple[str, float, float], ...]
    kinds: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def blocks(self) -> tuple[int, ...]:
        """Widths of the one-hot blocks."""
        return tuple(len(values) for _, values in self.kinds)

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
        """Return people of shape (n_people, n_columns): a missing number is the training mean, an unseen category all zeros."""
        parts = []
        for name, mean, scale in self.numbers:
            values = np.array([_number(row, name, place) for place, row in enumerate(rows, 1)])
            parts.append(np.nan_to_num((values - mean) / scale)[:, None])
        for name, known in self.kinds:
            values = np.array([str(row.get(name)) for row in rows])
            parts.append((values[:, None] == np.array(known)).astype(float))
        return np.concatenate(parts, axis=1)


def fit_columns(
    rows: Sequence[Mapping[str, Any]], numbers: Sequence[str], kinds: Sequence[str], *, least: int = 20
) -> Columns:
    """Learn columns from training people.

    Parameters
    ----------
    rows : sequence of mapping
        One a person. "?", "" and "nan" are missing.
    numbers, kinds : sequence of str
        Names of numeric and of categorical columns.
    least : int
        A category with fewer people counts as unseen.

    Raises
    ------
    BadInput
        When nobody is given, a number cannot be read, or a column has no value that can be used.

    Examples
    --------
    >>> people = [{"age": "20", "work": "state"}, {"age": "40", "work": "own"}]
    >>> columns = fit_columns(people, ["age"], ["work"], least=1)
    >>> columns([{"age": "40", "work": "own"}, {"age": "?", "work": "none"}]).tolist()
    [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    if not rows:
        raise BadInput("There are no people to learn columns from.")
    learned = []
    for name in numbers:
        values = np.array([_number(row, name, place) for place, row in enumerate(rows, 1)])
        if np.isnan(values).all():
            raise BadInput(f"The column {name} has no number among the training people: leave it out.")
        learned.append((name, float(np.nanmean(values)), float(np.nanstd(values)) or 1.0))
    seen = []
    for name in kinds:
        counts = Counter(str(row.get(name)) for row in rows)
        known = tuple(sorted(value for value, n in counts.items() if n >= least and value not in MISSING))
        if not known:
            raise BadInput(
                f"The column {name} has no category with {least} training people: leave it out or lower `least`."
            )
        seen.append((name, known))
    return Columns(tuple(learned), tuple(seen))


def _number(row: Mapping[str, Any], name: str, place: int) -> float:
    value = row.get(name)
    if value is None or str(value) in MISSING:
        return float("nan")
    try:
        found = float(value)
    except ValueError:
        found = math.inf
    if math.isinf(found):
        raise BadInput(f"Row {place}: {name} is not a number. Name it among the categories, or mend the row.")
    return found
