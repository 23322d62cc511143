"""What a model would say of the same people had one sensitive column been another: that column alone, or all that goes with it.

Source: Kusner, Loftus, Russell, Silva (2017), "Counterfactual Fairness", arXiv 1703.06856, section 3; twins are those of arXiv
2309.13005, by a plain fit of one domain, with deviations under Notes of `twin_fairness`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.cdsae import Columns as Coding
from personae.audit.cdsae import Fairness, SequentialAutoencoder, audit_fairness, fit_columns
from personae.audit.cdsae.columns import MISSING
from personae.audit.handle import Columns, ModelHandle, is_many_valued
from personae.errors import BadInput
from personae.metrics.intervals import Interval, bootstrap_mean

Array = NDArray[np.float64]
THRESHOLD = 0.5
DRAWS = 1000
MOST_GROUPS = 12
MOST_LEARNED = 5000  # people that twins are learned from
LEAST = 20  # people of a category that twins may become or leave
STEPS, BATCH = 250, 128


@dataclass(frozen=True, slots=True)
class Change:
    """Everybody's column set to a group, against everybody's set to the largest one.

    `effect` is the difference of mean probabilities; `flipped` the share of people who are decided otherwise.
    """

    column: str
    group: str
    against: str
    effect: Interval
    flipped: Interval


def changed_alone(
    handle: ModelHandle,
    columns: Columns,
    column: str,
    values: Mapping[str, Any],
    *,
    people: Sequence[Hashable] | None = None,
    draws: int = DRAWS,
    random_state: int = 0,
) -> tuple[Change, ...]:
    """Set one column to each group's value, everything else as it is.

    Parameters
    ----------
    values : mapping of str to object
        A value of the column for each group, the largest first; `MOST_GROUPS` are tried.
    people : sequence of shape (n_rows,), optional
        Whose row it is, where people have several.

    Raises
    ------
    BadInput
        When the model does not take the column, or there is one group alone.
    """
    if column not in handle.features:
        raise BadInput(f"the model does not take {column}, so that it alone changes nothing")
    if is_many_valued(columns[column]):
        raise BadInput(f"{column} is a number of many values: cut it into groups first")
    if len(values) < 2:
        raise BadInput("there are not two groups large enough")
    (largest, p), *others = (
        (group, handle.probabilities({**columns, column: _filled(columns[column], value)}))
        for group, value in list(values.items())[:MOST_GROUPS]
    )
    options: dict[str, Any] = {"clusters": people, "draws": draws, "random_state": random_state}
    return tuple(
        Change(
            column,
            group,
            largest,
            bootstrap_mean(q - p, **options),
            bootstrap_mean((q >= THRESHOLD) != (p >= THRESHOLD), **options),
        )
        for group, q in others
    )


@dataclass(frozen=True, slots=True)
class People:
    """A table's columns with true answers (0 or 1), groups' names, and whose rows they are."""

    columns: Columns
    outcomes: Array
    names: Sequence[str]
    people: Sequence[Hashable] | None = None

    def take(self, rows: NDArray[Any]) -> People:
        return People(
            {name: values[rows] for name, values in self.columns.items()},
            self.outcomes[rows],
            [self.names[row] for row in rows],
            None if self.people is None else [self.people[row] for row in rows],
        )


def twin_fairness(
    handle: ModelHandle,
    learned: People,
    judged: People,
    column: str,
    values: Mapping[str, Any],
    *,
    steps: int = STEPS,
    draws: int = DRAWS,
    random_state: int = 0,
) -> Fairness:
    """Hold a model against people's twins: the same people had they been of the other of two groups.

    Parameters
    ----------
    handle : ModelHandle
    learned : People
        Whom twins are learned from.
    judged : People
        Whom the model is held against; others than those.
    column : str
    values : mapping of str to object
        The column's value for two groups; everybody else is left out.
    steps : int
        Of learning.

    Raises
    ------
    BadInput
        When there are not two groups, nothing of people can be told from their group, or too few people are given.
    MissingExtra
        Without torch.

    Notes
    -----
    One domain, so no drift; fairness weighs nothing, and the outcome as one more column. Numbers with ten values or fewer are
    categories; whole numbers stay whole. A twin keeps what is missing, or of a category of under 20 people, as the person has it.
    """
    if len(values) != 2:
        raise BadInput("there are not two groups large enough")
    if is_many_valued(judged.columns[column]):
        raise BadInput(f"{column} is a number of many values: cut it into groups first")
    second, first = values
    own, theirs = (_of_groups(each, (first, second)) for each in (learned, judged))
    random = np.random.default_rng(random_state)
    own = own.take(random.permutation(len(own.names))[:MOST_LEARNED])
    coder = _coder(own.columns, [name for name in handle.features if name != column])
    a, a_judged = (np.array([name == first for name in each.names], dtype=float) for each in (own, theirs))
    x, shown = coder.encode(own.columns), coder.encode(theirs.columns)
    maker = SequentialAutoencoder(
        blocks=coder.coding.blocks, fairness=0.0, label_weight=1.0, is_sequential=False, n_steps=steps, batch_size=BATCH,
        random_state=random_state,
    ).fit(x, a, own.outcomes, np.zeros(len(a)))  # fmt: skip
    twins = maker.twins(shown, a_judged, np.zeros(len(shown), dtype=int))

    def predict(coded: Array, given: Array) -> Array:
        table = {**theirs.columns, **coder.decode(coded, theirs.columns)}
        if column in handle.features:
            values_ = [values[first] if each else values[second] for each in given]
            table[column] = np.array(values_, dtype=theirs.columns[column].dtype)
        return handle.probabilities(table)

    return audit_fairness(
        predict, shown, a_judged, theirs.outcomes, twins, people=theirs.people, draws=draws, random_state=random_state
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Coder:
    """A table's columns as the autoencoder sees them, and back."""

    coding: Coding
    whole: frozenset[str]
    values: Mapping[str, Mapping[str, Any]]

    def encode(self, columns: Columns) -> Array:
        names = [name for name, *_ in self.coding.numbers] + [name for name, _ in self.coding.kinds]
        rows = zip(*(columns[name].tolist() for name in names), strict=True)
        return self.coding([dict(zip(names, row, strict=True)) for row in rows])

    def decode(self, coded: Array, like: Columns) -> dict[str, NDArray[Any]]:
        """Return columns of these people; what a code cannot hold is as in `like`."""
        found: dict[str, NDArray[Any]] = {}
        for k, (name, mean, scale) in enumerate(self.coding.numbers):
            values = coded[:, k] * scale + mean
            values = np.round(values) if name in self.whole else values
            found[name] = np.where(np.isnan(like[name]), like[name], values)
        start = len(self.coding.numbers)
        for name, known in self.coding.kinds:
            block = coded[:, start : start + len(known)]
            start += len(known)
            originals = np.array([self.values[name][each] for each in known], dtype=like[name].dtype)
            found[name] = np.where(block.any(axis=1), originals[block.argmax(axis=1)], like[name])
        return found


def _coder(columns: Columns, names: Sequence[str]) -> _Coder:
    numbers, kinds, values = [], [], {}
    for name in names:
        column = columns[name]
        seen = {str(value): value for value in column.tolist()}
        if is_many_valued(column):
            numbers.append(name)
        elif column.dtype.kind in "fO" and _has_common(column):
            kinds.append(name)
            values[name] = seen
    if not numbers and not kinds:
        raise BadInput("no column besides it can be learned from: none is of numbers or of frequent words")
    rows = [
        dict(zip(names, row, strict=True))
        for row in zip(*(columns[name].tolist() for name in names), strict=True)
    ]
    whole = {name for name in numbers if _is_whole(columns[name])}
    return _Coder(fit_columns(rows, numbers, kinds, least=LEAST), frozenset(whole), values)


def _has_common(column: NDArray[Any], least: int = LEAST) -> bool:
    counts = Counter(str(value) for value in column.tolist())
    return any(n >= least for value, n in counts.items() if value not in MISSING)


def _is_whole(column: NDArray[Any]) -> bool:
    there = column[~np.isnan(column)]
    return bool((there == np.round(there)).all())


def _of_groups(given: People, groups: tuple[str, str]) -> People:
    return given.take(np.array([k for k, name in enumerate(given.names) if name in groups], dtype=int))


def _filled(like: NDArray[Any], value: Any) -> NDArray[Any]:
    found = np.empty(len(like), dtype=like.dtype)
    found[:] = value
    return found
