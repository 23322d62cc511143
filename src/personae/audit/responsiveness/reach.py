"""The points that a person can reach: one block of tied features at a time, as a product of grids with masks.

Source: Cheon et al. (2025), arXiv 2410.22598, section 3.1 and algorithm 1; there each point is one integer program.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.audit.responsiveness.actions import ActionSet, Array
from personae.audit.responsiveness.constraints import Constraint, IfThen, Linked, Reachability
from personae.errors import BadInput

Draws = NDArray[np.intp]
MOST_ROWS = 2_000_000  # of one block's product
_KEPT = 50_000  # blocks' results that are remembered


@dataclass(frozen=True, slots=True)
class Moves:
    """Ways to change one feature. `changes` has shape (n_moves, n_features of the block); `draw` is the draw each belongs to."""

    block: tuple[int, ...]
    changes: Array
    draw: Draws | None = None


class Reach:
    """Enumerates what can be reached under one action set.

    Parameters
    ----------
    actions : ActionSet
    most_rows : int
        Rows of one block's product; a larger block is an error that names it.

    Notes
    -----
    Results depend on a person's values within a block alone, and are remembered by them. A constraint that a person's own
    values already break is asked only of changes that touch its features; nobody is kept from staying as they are. A
    missing value is not changed.
    """

    def __init__(self, actions: ActionSet, *, most_rows: int = MOST_ROWS) -> None:
        self.actions = actions
        self.most_rows = most_rows
        self._remembered: OrderedDict[tuple[object, ...], Array] = OrderedDict()
        self._home = {j: block for block in actions.blocks for j in block}

    def block_of(self, j: int) -> tuple[int, ...]:
        """Return the block of a feature that can be changed."""
        return self._home[j]

    def is_wide(self, x: Array, block: Sequence[int]) -> bool:
        """Whether a block has a feature with too many values to list."""
        return any(self.actions.features[j].is_wide(float(x[j])) for j in block)

    def block(self, x: Array, block: tuple[int, ...]) -> Array:
        """Return every change within a block, no change first, shape (n_changes, n_features of the block)."""
        return self._remember(("block", block, x[list(block)].tobytes()), lambda: self._block(x, block))

    def moves(self, x: Array, j: int) -> Moves:
        """Return the changes of feature j in which others move only where constraints force them.

        Notes
        -----
        For each new value of j: the changes that no other change to the same value undercuts, moving every feature at most
        as far and in the same direction. A change of j alone, where there is one, undercuts all others.
        """
        block = self.block_of(j)
        key = ("moves", j, x[list(block)].tobytes())
        return Moves(block, self._remember(key, lambda: least_changes(self.block(x, block), block.index(j))))

    def drawn(self, x: Array, j: int, n: int, random: np.random.Generator) -> Moves:
        """Return changes of a feature with many values: n of its new values drawn uniformly among those that can be had.

        Values that the constraints forbid are drawn again; the result is empty where none of 20 n draws is allowed.
        """
        block = self.block_of(j)
        others = self._rows(x, block, fixed=j)
        kept: list[Array] = []
        owners: list[Draws] = []
        found = 0
        for _ in range(20):
            values = self.actions.features[j].draw(float(x[j]), n, random)
            for start in range(0, len(values), max(1, 200_000 // len(others))):
                some = values[start : start + max(1, 200_000 // len(others))]
                changes, owner = self._completed(x, block, j, some, others)
                if len(changes):
                    kept.append(changes)
                    owners.append(owner + found)
                    found = int(owners[-1].max()) + 1
            if found >= n or not len(values):
                break
        if not kept:
            return Moves(block, np.empty((0, len(block))), np.empty(0, dtype=np.intp))
        changes, owner = np.concatenate(kept), np.concatenate(owners)
        return Moves(block, changes[owner < n], owner[owner < n])

    def size(self, x: Array) -> float:
        """Return how many points can be reached, the person's own included; infinite where a feature is wide."""
        sizes = (
            math.inf if self.is_wide(x, block) else len(self.block(x, block)) for block in self.actions.blocks
        )
        return math.prod(sizes)

    def reaches(self, x: Array, point: Array) -> bool:
        """Whether a person can reach a point; of wide features only the values that constraints name are known."""
        change = np.nan_to_num(point - x)
        tied = {j for block in self.actions.blocks for j in block}
        if any(change[j] for j in range(len(x)) if j not in tied):
            return False
        parts = ((self.block(x, block), change[list(block)]) for block in self.actions.blocks)
        return all(bool((part == wanted).all(axis=1).any()) for part, wanted in parts)

    def points(self, x: Array, *, step: int = 50_000) -> Iterator[Array]:
        """Yield every point that can be reached, in chunks of shape (at most step, n_features)."""
        parts = [self.block(x, block) for block in self.actions.blocks]
        shape = tuple(len(part) for part in parts)
        total = math.prod(shape)
        for start in range(0, total, step):
            rows = np.arange(start, min(start + step, total))
            yield self._joined(x, parts, np.unravel_index(rows, shape) if shape else ())

    def sample(self, x: Array, n: int, random: np.random.Generator) -> Array:
        """Return points drawn uniformly from all that can be reached, shape (n, n_features)."""
        parts = [self._sampled(x, block, n, random) for block in self.actions.blocks]
        return self._joined(x, parts, tuple(np.arange(n) for _ in parts)) if parts else np.tile(x, (n, 1))

    def _joined(self, x: Array, parts: Sequence[Array], picks: Sequence[np.ndarray]) -> Array:
        points = np.tile(x, (len(picks[0]) if picks else 1, 1))
        for block, part, pick in zip(self.actions.blocks, parts, picks, strict=True):
            points[:, list(block)] += part[pick]
        return points

    def _sampled(self, x: Array, block: tuple[int, ...], n: int, random: np.random.Generator) -> Array:
        """Return n changes of a block, uniform over it: drawn from the product, and again where forbidden."""
        if not self.is_wide(x, block):
            part = self.block(x, block)
            return np.asarray(part[random.integers(len(part), size=n)])
        kept: list[Array] = []
        for _ in range(200):
            rows = np.tile(x[list(block)], (n, 1))
            for at, j in enumerate(block):
                feature = self.actions.features[j]
                if feature.is_wide(float(x[j])):
                    rows[:, at] = feature.draw(float(x[j]), n, random)
                else:
                    rows[:, at] = random.choice(feature.grid(float(x[j])), n)
            changes, allowed = self._settled(x, block, rows)
            kept.append(changes[allowed])
            if sum(map(len, kept)) >= n:
                break
        found = np.concatenate(kept)
        if not len(found):
            return np.zeros((n, len(block)))
        return np.asarray(found[:n] if len(found) >= n else found[random.integers(len(found), size=n)])

    def _block(self, x: Array, block: tuple[int, ...]) -> Array:
        changes, allowed = self._settled(x, block, self._rows(x, block))
        kept = np.unique(changes[allowed], axis=0)
        still = ~kept.any(axis=1)
        return np.vstack([np.zeros(len(block)), kept[~still]])

    def _completed(
        self, x: Array, block: tuple[int, ...], j: int, values: Array, others: Array
    ) -> tuple[Array, Draws]:
        """Return the least changes to each of some values of j, and which of them they belong to, numbered from 0."""
        at = block.index(j)
        rows = np.tile(others, (len(values), 1))
        rows[:, at] = np.repeat(values, len(others))
        owner = np.repeat(np.arange(len(values)), len(others))
        changes, allowed = self._settled(x, block, rows)
        allowed &= changes[:, at] != 0
        changes, owner = changes[allowed], owner[allowed]
        if len(others) > 1 and len(changes):
            kept = [(least_changes(changes[owner == each], at), each) for each in np.unique(owner)]
            changes = np.concatenate([rows for rows, _ in kept])
            owner = np.concatenate([np.full(len(rows), each) for rows, each in kept])
        return changes, np.unique(owner, return_inverse=True)[1]

    def _rows(self, x: Array, block: tuple[int, ...], fixed: int | None = None) -> Array:
        """Return the product of what the features of a block can be set to, before links, shape (n_rows, n_features).

        A wide feature that is not the one drawn takes its own value and those that constraints name.
        """
        parts = self._parts(x, block, fixed)
        total = math.prod(len(values) for _, values in parts)
        if total > self.most_rows:
            names = ", ".join(self.actions.names[j] for j in block[:6])
            raise BadInput(
                f"{total:.3g} combinations of {len(block)} tied features ({names}...); at most {self.most_rows:,} are listed. "
                "Take a constraint apart, or say which of them cannot change."
            )
        rows = np.empty((total, len(block)))
        picks = np.unravel_index(np.arange(total), tuple(len(values) for _, values in parts))
        for (places, values), pick in zip(parts, picks, strict=True):
            rows[:, places] = values[pick]
        return rows

    def _parts(self, x: Array, block: tuple[int, ...], fixed: int | None) -> list[tuple[list[int], Array]]:
        """Return factors of the product: an encoding is one factor of its allowed rows, every other feature its grid."""
        linked = {self.actions.names[target] for _, target, _, _ in self.actions.links}
        parts: list[tuple[list[int], Array]] = []
        used: set[int] = set()
        for constraint in self.actions.within(block):
            places = [block.index(self.actions.place(name)) for name in constraint.names]
            listed = None if used & set(places) or linked & set(constraint.names) else constraint.listed()
            if listed is not None:
                grids = [self._grid(x, block[at], fixed) for at in places]
                fits = np.all([np.isin(listed[:, k], grid) for k, grid in enumerate(grids)], axis=0)
                parts.append(
                    (places, np.unique(np.vstack([x[[block[at] for at in places]], listed[fits]]), axis=0))
                )
                used |= set(places)
        rest = [at for at in range(len(block)) if at not in used]
        return parts + [([at], self._grid(x, block[at], fixed)[:, None]) for at in rest]

    def _grid(self, x: Array, j: int, fixed: int | None) -> Array:
        feature, value = self.actions.features[j], float(x[j])
        if j == fixed:
            return np.array([value])
        if not feature.is_wide(value):
            return feature.grid(value)
        low, high = feature.span(value)
        named = [each for each in self._named_values(j, value) if low <= each <= high]
        return np.unique([value, *named])

    def _named_values(self, j: int, value: float) -> Iterator[float]:
        """Yield the values at which a constraint begins or ceases to hold."""
        name, feature = self.actions.names[j], self.actions.features[j]
        for constraint in self.actions.constraints:
            if isinstance(constraint, IfThen):
                for condition in (constraint.when, constraint.then):
                    if condition.feature == name:
                        number = condition.number + (value if condition.of == "change" else 0.0)
                        grain = feature.step if feature.kind == "int" else 1e-9 * max(1.0, abs(number))
                        yield from (number - grain, number, number + grain)
            elif isinstance(constraint, Reachability) and name in constraint.names:
                yield from (row[constraint.names.index(name)] for row in constraint.values)

    def _settled(self, x: Array, block: tuple[int, ...], rows: Array) -> tuple[Array, np.ndarray]:
        """Return the changes that rows of values mean once links have moved their targets, and which are allowed."""
        before = x[list(block)]
        changes = np.nan_to_num(rows - before)
        allowed = np.ones(len(rows), dtype=bool)
        kept: set[int] = set()
        for source, target, scale, keep_bounds in self.actions.links:
            if source in block:
                changes[:, block.index(target)] += scale * changes[:, block.index(source)]
                kept |= {target} if keep_bounds else set()
        for target in kept:
            low, high = self.actions.features[target].span(float(x[target]))
            value = x[target] + changes[:, block.index(target)]
            allowed &= (value >= low) & (value <= high)
        after = before + changes
        for constraint in self.actions.within(block):
            if not isinstance(constraint, Linked):
                places = [block.index(self.actions.place(name)) for name in constraint.names]
                allowed &= _allowed(constraint, before[places], after[:, places])
        return changes, allowed

    def _remember(self, key: tuple[object, ...], make: Callable[[], Array]) -> Array:
        if key not in self._remembered:
            self._remembered[key] = make()
            if len(self._remembered) > _KEPT:
                self._remembered.popitem(last=False)
        return self._remembered[key]


def least_changes(changes: Array, at: int) -> Array:
    """Return, for each change of the feature in column `at`, the changes that no other undercuts.

    >>> least_changes(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [2.0, 1.0]]), 0).tolist()
    [[1.0, 0.0], [2.0, 1.0]]
    """
    changes = changes[changes[:, at] != 0]
    order = np.lexsort((np.abs(changes).sum(axis=1), changes[:, at]))
    waiting, kept = changes[order], []
    while len(waiting):
        first = waiting[0]
        kept.append(first)
        further = (
            (np.abs(first) <= np.abs(waiting)) & (first * waiting >= 0) & ((first == 0) | (waiting != 0))
        )
        waiting = waiting[~(further.all(axis=1) & (waiting[:, at] == first[at]))]
    return np.array(kept).reshape(-1, changes.shape[1])


def _allowed(constraint: Constraint, before: Array, after: Array) -> np.ndarray:
    if constraint.allows(before, before[None, :])[0]:
        return constraint.allows(before, after)
    untouched = ((after == before) | np.isnan(before)).all(axis=1)
    return np.asarray(constraint.allows(before, after) | untouched)
