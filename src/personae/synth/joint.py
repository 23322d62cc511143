"""A joint distribution as cells with weights, and people drawn from it so that their two-way tables come out.

Source: within a batch, a Kronecker sequence of the golden ratio, whose first n points are even for every n (Niederreiter 1992,
"Random Number Generation and Quasi-Monte Carlo Methods", section 3.1); across batches, quotas: what the people so far lack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.synth._streams import Array, Codes, Streams, draw_codes
from personae.synth.population import Columns, Population
from personae.synth.raking import Margin, scale_to
from personae.synth.variables import Variable

GOLDEN = (np.sqrt(5) - 1) / 2
BATCH = 500  # people drawn before the next quotas are set
Points = tuple[NDArray[Any], Array]  # the numbers in a band, and their weights


@dataclass(frozen=True, slots=True)
class Joint:
    """Which people there are: a `Spec`.

    Parameters
    ----------
    variables : tuple of Variable
    cells : ndarray of int of shape (n_cells, n_variables)
        A level of each variable; neighbors alike.
    weights : ndarray of shape (n_cells,)
        Shares of people, summing to 1.
    provenance : str
    points : dict of str to tuple of (numbers, weights), one a band
        What a band of a number holds.
    largest_error : float
        The largest gap between a share that was wanted and the share that the weights give.

    Notes
    -----
    Drawn by lot, 10,000 people miss a share of a half by .5 points (one standard error), and the largest of hundreds of shares by
    more than a point. Here each batch is drawn with weights scaled to what its predecessors lack in each two-way table.
    """

    variables: tuple[Variable, ...]
    cells: Codes
    weights: Array
    provenance: str
    points: Mapping[str, tuple[Points, ...]] = field(default_factory=dict)
    largest_error: float = 0.0

    def draw(self, n: int, seed: int) -> Columns:
        """Return columns of n people; the first people are the same whatever n is."""
        streams = Streams(n, seed)
        drawn = self.cells[self._chosen(n, float(streams.generator("cells").random()))]
        columns = {}
        for place, variable in enumerate(self.variables):
            codes, name = drawn[:, place], variable.name
            if name in self.points:
                columns[name] = _within(codes, self.points[name], streams.uniform(name))
            else:
                columns[name] = np.array(variable.levels, dtype=object)[codes]
        return columns

    def two_way_margins(self) -> list[Margin]:
        """Return every two-way table of the cells, or the one-way table of a lone variable."""
        return list(two_way_margins(self.cells, self.weights, self.variables))

    def _chosen(self, n: int, start: float) -> Codes:
        """Return the cell of each person, shape (n,)."""
        margins = self.two_way_margins()
        counts = [np.zeros(len(margin.shares)) for margin in margins]
        chosen = np.empty(-(-n // BATCH) * BATCH, dtype=np.intp)
        for done in range(0, n, BATCH):
            weights = self.weights
            for margin, count in zip(margins, counts, strict=True) if done else ():
                lacking = np.maximum(margin.shares * (done + BATCH) - count, 0)
                weights = scale_to(weights, margin, lacking)
            even = (start + GOLDEN * np.arange(done + 1, done + BATCH + 1)) % 1.0
            batch = draw_codes(even, weights if weights.any() else self.weights)
            chosen[done : done + BATCH] = batch
            for margin, count in zip(margins, counts, strict=True):
                count += np.bincount(margin.places[batch], minlength=len(count))
        return chosen[:n]


def two_way_margins(cells: Codes, weights: Array, variables: tuple[Variable, ...]) -> list[Margin]:
    """Return every two-way table of weighted cells; the one-way table where there is one variable."""
    sizes = [len(variable.levels) for variable in variables]
    found = []
    for a, b in combinations(range(len(variables)), 2):
        places = cells[:, a] * sizes[b] + cells[:, b]
        found.append((f"{variables[a].name} by {variables[b].name}", places, sizes[a] * sizes[b]))
    if len(variables) == 1:
        found.append((variables[0].name, cells[:, 0], sizes[0]))
    return [
        Margin(name, places, np.bincount(places, weights, minlength=size) / weights.sum())
        for name, places, size in found
    ]


def largest_gap(made: Population, target: Joint) -> float:
    """Return the largest gap of a share in any two-way table of made people from the joint distribution."""
    codes = np.stack([variable.codes(made.columns[variable.name]) for variable in target.variables], axis=1)
    found = two_way_margins(codes, np.ones(len(made)), target.variables)
    return max(
        float(np.abs(have.shares - want.shares).max())
        for have, want in zip(found, target.two_way_margins(), strict=True)
    )


def neighbors(cells: Codes, weights: Array, variables: tuple[Variable, ...]) -> Codes:
    """Return an order of the cells in which neighbors are alike: by the variable that tells most of the others first."""
    told = np.zeros(len(variables))
    for a, b in combinations(range(len(variables)), 2):
        both = np.zeros((len(variables[a].levels), len(variables[b].levels)))
        np.add.at(both, (cells[:, a], cells[:, b]), weights / weights.sum())
        told[[a, b]] += information(both)
    return np.lexsort(cells[:, np.argsort(told, kind="stable")].T)


def information(both: Array) -> float:
    """Return the mutual information of a two-way table of shares, in nats.

    >>> round(information(np.array([[0.5, 0.0], [0.0, 0.5]])), 3)
    0.693
    """
    expected = both.sum(axis=1, keepdims=True) * both.sum(axis=0)
    known = both > 0
    return float((both[known] * np.log(both[known] / expected[known])).sum())


def _within(codes: Codes, points: tuple[Points, ...], uniform: Array) -> NDArray[Any]:
    numbers = np.empty(len(codes), dtype=points[0][0].dtype)
    for band, (values, weights) in enumerate(points):
        chosen = codes == band
        numbers[chosen] = values[draw_codes(uniform[chosen], weights)]
    return numbers
