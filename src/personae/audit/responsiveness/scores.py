"""Responsiveness scores: how likely each single feature a person can change is to bring the wanted prediction.

Source: Cheon, Wernerfelt, Friedler, Ustun (2025), "Feature Responsiveness Scores: Model-Agnostic Explanations for Recourse",
arXiv 2410.22598, definition 3 and section 3. Deviations are listed under Notes of `ResponsivenessScorer`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.responsiveness.actions import ActionSet, Array
from personae.audit.responsiveness.reach import MOST_ROWS, Moves, Reach
from personae.errors import BadInput

N_DRAWS = 500  # official default; the error is then at most .061 with probability .95
DELTA = 0.05
MOST_POINTS = 1_000_000  # of one person's joint set; more are drawn from
_BATCH = 200_000  # points a call of predict

Predict = Callable[[Array], ArrayLike]
FIXED, OPEN, UNDECIDED = 1, 0, -1


@dataclass(frozen=True, slots=True)
class Scores:
    """What each feature can do for each person.

    Parameters
    ----------
    names : tuple of str
    predicted : ndarray of bool of shape (n_people,)
        Whether a person has the wanted prediction already.
    mu, low, high : ndarray of shape (n_people, n_features)
        Share of a feature's reachable points with the wanted prediction, and its interval: of one number where all points
        were counted, Hoeffding's where they were drawn; 0 where a feature cannot be changed.
    points, hits : ndarray of shape (n_people, n_features)
        Points looked at, and those with the wanted prediction.
    exact : ndarray of bool of shape (n_people, n_features)
    fixed : ndarray of int of shape (n_people,)
        1: no point that the person can reach, changing anything at once, has the wanted prediction; 0: one has, or the person
        has it already; -1: none was found, and not all could be looked at, or a value that could be changed is missing.
    reachable : ndarray of shape (n_people,)
        Points that can be reached changing anything at once, the person's own included; infinite where values are continuous.
    """

    names: tuple[str, ...]
    predicted: NDArray[np.bool_]
    mu: Array
    low: Array
    high: Array
    points: NDArray[np.int64]
    hits: NDArray[np.int64]
    exact: NDArray[np.bool_]
    fixed: NDArray[np.int64]
    reachable: Array

    @property
    def explained(self) -> NDArray[np.bool_]:
        """Whether at least one single feature can bring the wanted prediction, shape (n_people,)."""
        return np.asarray((self.mu > 0).any(axis=1))

    def __len__(self) -> int:
        return len(self.mu)


@dataclass(frozen=True, slots=True)
class Option:
    """One way to change one feature: what it and all that moves with it go from and to, and whether it is enough."""

    feature: str
    changes: tuple[tuple[str, float, float], ...]
    works: bool


class ResponsivenessScorer:
    """Score every feature of every person under a model that is asked for predictions alone.

    Parameters
    ----------
    actions : ActionSet
    predict : callable
        Takes points of shape (n_points, n_features) and returns one label each.
    target : label
        The wanted prediction.
    n_draws : int
        Values drawn of a feature that has too many to list.
    delta : float in (0, 1)
        How often the interval of a drawn score may miss.
    most_points : int
        A person's joint set is looked through whole up to this size.
    most_rows : int
        As in `Reach`.
    random_state : int

    Notes
    -----
    mu_j(x) = Pr[f(x') = target], x' uniform over R_j(x), the points that a change of j leads to while other features move only
    where constraints force them. Enumerated wherever the feature's values can be listed; else n values are drawn uniformly,
    each completed by one of its least changes, and |mu_hat - mu| <= sqrt(ln(2 / delta) / (2 n)) with probability 1 - delta
    (Hoeffding). Two deviations. Of several completions of one value, the paper's code keeps all that its solver finds,
    also those that move a further feature for nothing, or those with the fewest moved features; here, those that no other
    completion undercuts (`Reach.moves`). And every prediction of a batch of people is asked for at once.

    Examples
    --------
    >>> from personae.audit.responsiveness import ActionSet, Feature
    >>> actions = ActionSet((Feature("savings", "int", low=0, high=4), Feature("age", actionable=False)))
    >>> scorer = ResponsivenessScorer(actions=actions, predict=lambda points: points[:, 0] >= 3, target=True)
    >>> scores = scorer.score([[0, 40]])
    >>> scores.mu.tolist(), scores.points.tolist(), scores.fixed.tolist()
    ([[0.5, 0.0]], [[4, 0]], [0])
    """

    def __init__(
        self,
        *,
        actions: ActionSet,
        predict: Predict,
        target: Any = 1,
        n_draws: int = N_DRAWS,
        delta: float = DELTA,
        most_points: int = MOST_POINTS,
        most_rows: int = MOST_ROWS,
        random_state: int = 0,
    ) -> None:
        self.actions = actions
        self.predict = predict
        self.target = target
        self.n_draws = n_draws
        self.delta = delta
        self.most_points = most_points
        self.random_state = random_state
        self.reach = Reach(actions, most_rows=most_rows)

    def score(
        self,
        people: ArrayLike,
        *,
        joint: bool = True,
        sampled: bool = False,
        track: Callable[[Iterable[Any], str], Iterable[Any]] = lambda items, label: items,
    ) -> Scores:
        """Return every person's scores.

        Parameters
        ----------
        people : array-like of shape (n_people, n_features)
            NaN where a value is missing: it is then not changed.
        joint : bool
            Also look through all that can be changed at once, for those without the wanted prediction; without it a person
            whom no single feature helps is undecided.
        sampled : bool
            Draw `n_draws` points even where all could be counted.
        track : callable
            Wraps an iterable to show progress.
        """
        values = self._checked(people)
        predicted = self.wanted(values) if len(values) else np.zeros(0, dtype=bool)
        shape = values.shape
        hits, points = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        exact = np.ones(shape, dtype=bool)
        waiting: list[tuple[int, int, Moves]] = []
        size = 0
        for person, x in enumerate(track(values, "people")):
            random = np.random.default_rng([self.random_state, person])
            for j in np.flatnonzero(self.actions.actionable):
                moves = self._moves(x, int(j), sampled, random)
                exact[person, j] = moves.draw is None
                points[person, j] = len(moves.changes)
                waiting.append((person, int(j), moves))
                size += len(moves.changes)
            if size >= _BATCH:
                self._count(values, waiting, hits)
                waiting, size = [], 0
        self._count(values, waiting, hits)
        mu = np.divide(hits, points, out=np.zeros(shape), where=points > 0)
        half = np.where(exact, 0.0, hoeffding(np.maximum(points, 1), self.delta))
        low, high = np.clip(mu - half, 0.0, 1.0), np.clip(mu + half, 0.0, 1.0)
        none = points == 0
        low[none], high[none] = 0.0, 0.0
        fixed, reachable = self._settle(values, predicted, np.asarray((hits > 0).any(axis=1)), joint, track)
        return Scores(self.actions.names, predicted, mu, low, high, points, hits, exact, fixed, reachable)

    def options(self, person: ArrayLike, feature: str) -> tuple[Option, ...]:
        """Return the ways to change one feature of one person, least first; drawn ones where there are too many to list."""
        x = self._checked(np.asarray(person, dtype=float)[None, :])[0]
        j = self.actions.place(feature)
        if not self.actions.features[j].actionable:
            return ()
        moves = self._moves(x, j, False, np.random.default_rng(self.random_state))
        changes = moves.changes[np.argsort(np.abs(moves.changes[:, moves.block.index(j)]), kind="stable")]
        points = _moved(x, moves.block, changes)
        works = self.wanted(points) if len(points) else np.zeros(0, dtype=bool)
        return tuple(
            Option(feature, self._changed(x, point), bool(enough))
            for point, enough in zip(points, works, strict=True)
        )

    def together(self, person: ArrayLike, *, most: int = 3) -> tuple[Option, ...]:
        """Return changes of several features at once that are enough, those that move the fewest features first.

        Of each set of moved features the smallest change is kept, in shares of what each feature can move at most, and none
        that moves more features than another one needs.
        """
        x = self._checked(np.asarray(person, dtype=float)[None, :])[0]
        spans = np.array(
            [feature.span(float(value)) for feature, value in zip(self.actions.features, x, strict=True)]
        )
        width = np.where(spans[:, 1] > spans[:, 0], spans[:, 1] - spans[:, 0], 1.0)
        best: dict[frozenset[int], tuple[float, Array]] = {}
        for points in self._joint_chunks(x):
            enough = points[self.wanted(points)]
            size = np.abs(np.nan_to_num((enough - x) / width)).sum(axis=1)
            _, first = np.unique((enough != x)[order := np.argsort(size)], axis=0, return_index=True)
            for at in order[first]:
                moved = frozenset(np.flatnonzero((enough[at] != x) & ~np.isnan(x)).tolist())
                if size[at] < best.get(moved, (math.inf, x))[0]:
                    best[moved] = float(size[at]), enough[at]
        least = [moved for moved in best if not any(other < moved for other in best)]
        least.sort(key=lambda moved: (len(moved), best[moved][0]))
        return tuple(Option("", self._changed(x, best[moved][1]), True) for moved in least[:most])

    def wanted(self, points: Array) -> NDArray[np.bool_]:
        """Return whether each point has the wanted prediction.

        Raises
        ------
        BadInput
            When the model fails on the points, or answers with another number of labels.
        """
        try:
            labels = np.asarray(self.predict(points))
        except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            missing = np.isnan(points).any()
            hint = (
                " Some values are missing; does the model take missing values?"
                if missing
                else " Or is a value of a category that it has not learned?"
            )
            raise BadInput(
                f"The model cannot predict {points.shape[1]} features ({type(error).__name__}). Are these the columns, in the "
                f"order and form, that it was fitted on?{hint}"
            ) from error
        if labels.shape[:1] != (len(points),) or labels.ndim != 1:
            raise BadInput(
                f"The model returned labels of shape {labels.shape} for {len(points)} points; one each is needed."
            )
        if labels.dtype.kind in "biuf" and isinstance(self.target, str):
            raise BadInput(
                f"The model answers with numbers and never with {self.target!r}: name one of its labels as target."
            )
        return np.asarray(labels == self.target)

    def _moves(self, x: Array, j: int, sampled: bool, random: np.random.Generator) -> Moves:
        if self.actions.features[j].is_wide(float(x[j])):
            moves = self.reach.drawn(x, j, self.n_draws, random)
            return _one_each(moves, random)
        moves = self.reach.moves(x, j)
        if not sampled or not len(moves.changes):
            return moves
        picks = random.integers(len(moves.changes), size=self.n_draws)
        return Moves(moves.block, moves.changes[picks], np.arange(self.n_draws))

    def _count(
        self, values: Array, waiting: Sequence[tuple[int, int, Moves]], hits: NDArray[np.int64]
    ) -> None:
        waiting = [each for each in waiting if len(each[2].changes)]
        if not waiting:
            return
        points = np.concatenate(
            [_moved(values[person], moves.block, moves.changes) for person, _, moves in waiting]
        )
        sizes = [len(moves.changes) for _, _, moves in waiting]
        found = np.add.reduceat(self.wanted(points).astype(np.int64), np.cumsum([0, *sizes[:-1]]))
        for (person, j, _), n in zip(waiting, found, strict=True):
            hits[person, j] = n

    def _settle(
        self, values: Array, predicted: NDArray[np.bool_], helped: NDArray[np.bool_], joint: bool, track: Any
    ) -> tuple[NDArray[np.int64], Array]:
        """Return who is fixed, and how many points each person can reach (NaN where nobody asked)."""
        fixed = np.where(predicted | helped, OPEN, UNDECIDED)
        reachable = np.full(len(values), np.nan)
        for person in track(np.flatnonzero(~predicted), "joint changes") if joint else ():
            x = values[person]
            reachable[person] = self.reach.size(x)
            if not helped[person]:
                known = not np.isnan(x[self.actions.actionable]).any()
                whole = known and reachable[person] <= self.most_points
                found = any(self.wanted(points).any() for points in self._joint_chunks(x))
                fixed[person] = OPEN if found else FIXED if whole else UNDECIDED
        return fixed, reachable

    def _joint_chunks(self, x: Array) -> Iterable[Array]:
        if self.reach.size(x) <= self.most_points:
            return self.reach.points(x)
        random = np.random.default_rng(self.random_state)
        return (self.reach.sample(x, 4 * self.n_draws, random) for _ in range(5))

    def _changed(self, x: Array, point: Array) -> tuple[tuple[str, float, float], ...]:
        moved = np.flatnonzero((x != point) & ~np.isnan(x))
        return tuple((self.actions.names[j], float(x[j]), float(point[j])) for j in moved)

    def _checked(self, people: ArrayLike) -> Array:
        values = np.asarray(people, dtype=float)
        if values.ndim != 2 or values.shape[1] != len(self.actions.features):
            raise BadInput(
                f"People of shape {values.shape} for an action set of {len(self.actions.features)} features; give one row a "
                "person and one column a feature."
            )
        if np.isinf(values).any():
            raise BadInput("A value is infinite; give numbers, and NaN where one is missing.")
        return values


def hoeffding(n: ArrayLike, delta: float = DELTA) -> Array:
    """Return eps with |mu_hat - mu| <= eps with probability 1 - delta after n draws.

    >>> round(float(hoeffding(500)), 4)
    0.0607
    """
    if not 0 < delta < 1:
        raise BadInput(f"delta lies in (0, 1); {delta:g} was given.")
    return np.asarray(np.sqrt(math.log(2 / delta) / (2 * np.asarray(n, dtype=float))))


def draws_needed(error: float, delta: float = DELTA) -> int:
    """Return the draws after which |mu_hat - mu| <= error with probability 1 - delta.

    >>> draws_needed(0.061)
    496
    """
    if error <= 0:
        raise BadInput(f"The error is above 0; {error:g} was given.")
    return math.ceil(math.log(2 / delta) / (2 * error**2))


def _one_each(moves: Moves, random: np.random.Generator) -> Moves:
    """Keep one completion of each draw, chosen uniformly."""
    if moves.draw is None or len(np.unique(moves.draw)) == len(moves.draw):
        return moves
    order = random.permutation(len(moves.draw))
    kept = order[np.unique(moves.draw[order], return_index=True)[1]]
    return Moves(moves.block, moves.changes[kept], moves.draw[kept])


def _moved(x: Array, block: Sequence[int], changes: Array) -> Array:
    points = np.tile(x, (len(changes), 1))
    points[:, list(block)] += changes
    return points
