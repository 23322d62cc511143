"""What a population controls: a variable with its levels, and what stands behind the bands of a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.synth._streams import Codes


@dataclass(frozen=True, slots=True)
class Variable:
    """One column with a closed set of levels.

    Parameters
    ----------
    name : str
    levels : tuple of str
        The values, or for a number the names of its bands, such as "25-34".
    edges : tuple of float
        For a number the lowest value of each band, ascending; empty for other columns.
    rest : str
        The level of every text that is no level itself; empty where such a text has none.
    """

    name: str
    levels: tuple[str, ...]
    edges: tuple[float, ...] = ()
    rest: str = ""

    def __post_init__(self) -> None:
        if len(set(self.levels)) != len(self.levels) or not self.levels:
            raise BadInput(f"The variable {self.name!r} needs levels, each of them once.")
        if self.edges and (
            len(self.edges) != len(self.levels) or list(self.edges) != sorted(set(self.edges))
        ):
            raise BadInput(f"The variable {self.name!r} needs one lower edge a band, ascending.")

    def codes(self, column: Sequence[Any] | NDArray[Any]) -> Codes:
        """Return the index of each cell's level, -1 where it has none; a number below the lowest band has none.

        >>> Variable("age", ("18-29", "30+"), (18, 30)).codes([17, 18, 44]).tolist()
        [-1, 0, 1]
        >>> Variable("job", ("clerk", "other"), rest="other").codes(["clerk", "diver"]).tolist()
        [0, 1]
        """
        if self.edges:
            numbers = np.array([float(cell) if str(cell) else np.nan for cell in column])
            codes = np.searchsorted(np.array(self.edges), numbers, side="right") - 1
            return np.asarray(np.where(np.isnan(numbers), -1, codes), dtype=np.intp)
        places = {level: place for place, level in enumerate(self.levels)}
        rest = places[self.rest] if self.rest else -1
        return np.array([places.get(str(cell), rest) for cell in column], dtype=np.intp)
