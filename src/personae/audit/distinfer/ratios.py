"""Samples of one population at any share of a property, of fixed size and class balance.

Source: Suri, Evans (2022), arXiv 2109.06024, section 5 (G_0 and G_1 by discarding rows; sizes and balance kept equal).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows of a population by property and label: `rows[p][y]`."""

    rows: tuple[tuple[Rows, Rows], tuple[Rows, Rows]]

    @classmethod
    def of(cls, has_property: ArrayLike, label: ArrayLike, among: ArrayLike | None = None) -> Cells:
        """Sort rows, or some of them, into cells."""
        p, y = np.asarray(has_property).astype(bool), np.asarray(label).astype(bool)
        if p.ndim != 1 or p.shape != y.shape:
            raise BadInput(f"Properties {p.shape} and labels {y.shape}: give one of each a row.")
        chosen = np.arange(len(p)) if among is None else np.asarray(among)
        part = [[chosen[(p[chosen] == a) & (y[chosen] == b)] for b in (False, True)] for a in (False, True)]
        return cls(((part[0][0], part[0][1]), (part[1][0], part[1][1])))

    def discard(self, ratio: float, random: np.random.Generator) -> Cells:
        """Return a population in which `ratio` of the rows have the property, by discarding rows at random.

        Classes keep their shares within the property, so P(label | property) is that of the population.
        """
        kept = _kept(self, ratio)
        return Cells(
            tuple(  # type: ignore[arg-type]
                tuple(random.permutation(cell)[: round(len(cell) * share)] for cell in pair)
                for pair, share in zip(self.rows, kept, strict=True)
            )
        )


def resample(
    cells: Cells,
    ratio: float,
    *,
    n_positive: int,
    n_negative: int,
    random: np.random.Generator,
    tries: int = 100,  # paper: best of 100
) -> Rows:
    """Return rows of a sample in which `ratio` of the rows have the property, with fixed numbers of both labels.

    Raises
    ------
    BadInput
        When a cell has too few rows.

    Notes
    -----
    Rows are discarded to the ratio, then drawn without replacement by label; of `tries` draws the one nearest the ratio is
    kept. Only the counts of a try are drawn (hypergeometric), which is the same and costs no pass over the rows.

    Examples
    --------
    >>> cells = Cells.of(np.arange(400) % 2, np.arange(400) % 4 > 1)
    >>> found = resample(cells, 0.3, n_positive=20, n_negative=20, random=np.random.default_rng(0))
    >>> len(found), round(float((found % 2).mean()), 2), int((found % 4 > 1).sum())
    (40, 0.3, 20)
    """
    if not 0 <= ratio <= 1 or n_positive < 1 or n_negative < 1:
        raise BadInput(
            f"Ratio {ratio:g}, {n_positive} positive and {n_negative} negative rows: give a share and counts."
        )
    kept = _kept(cells, ratio)
    counts = []
    for label, size in ((0, n_negative), (1, n_positive)):
        without, those = (round(len(cells.rows[p][label]) * kept[p]) for p in (0, 1))
        if without + those < size:
            raise BadInput(
                f"At ratio {ratio:g} the population has {without + those} rows of label {label}, and {size} are asked for: ask "
                "for fewer rows, so that every ratio has the same number."
            )
        counts.append(random.hypergeometric(those, without, size, tries))
    best = int(np.abs(counts[0] + counts[1] - ratio * (n_positive + n_negative)).argmin())
    drawn = []
    for label, size in ((0, n_negative), (1, n_positive)):
        those = int(counts[label][best])
        drawn += [random.choice(cells.rows[1][label], those, replace=False)]
        drawn += [random.choice(cells.rows[0][label], size - those, replace=False)]
    return np.concatenate(drawn)


def _kept(cells: Cells, ratio: float) -> tuple[float, float]:
    """Return the shares of rows kept without and with the property."""
    without, those = (sum(map(len, pair)) for pair in cells.rows)
    if ratio <= 0 or ratio >= 1:
        return float(ratio <= 0), float(ratio >= 1)
    wanted = without * ratio / (1 - ratio)  # rows with the property, when all without it are kept
    return (1.0, wanted / those) if wanted <= those else (those / wanted, 1.0)
