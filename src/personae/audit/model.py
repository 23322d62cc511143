"""Privacy and fairness of one classifier: how sure it may be, what groups get, and whether it gives its training people away.

Source: groups' measures are those of Hardt, Price, Srebro (2016), arXiv 1610.02413; the membership attack is Yeom, Giacomelli,
Fredrikson, Jha (2018), "Privacy Risk in Machine Learning", arXiv 1709.01604, adversary 2, with a deviation under Notes of
`membership_leakage`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.game import Outcome, Trial, outcome
from personae.errors import BadInput
from personae.metrics.calibration import ReliabilityBin, brier, expected_calibration_error, reliability_bins
from personae.metrics.discrimination import auroc_interval
from personae.metrics.disparity import Disparity, disparity, one_hot
from personae.metrics.intervals import (
    LEVEL,
    Interval,
    bootstrap_mean,
    cluster_codes,
    percentile_interval,
    resample_sums,
)

Array = NDArray[np.float64]
THRESHOLD = 0.5
SMALL = 20  # people; a group with fewer is marked, and no gap is told of it
NOT_GIVEN = "not given"
DRAWS = 1000
MEASURES = {  # sums over a group: above the line, below it
    "people with the outcome": ("y", "one"),
    "predicted to have it": ("decided", "one"),
    "mean probability": ("p", "one"),
    "predictions that are right": ("right", "one"),
    "found, of those with the outcome": ("decided_y", "y"),
    "false alarms, of those without": ("decided_not_y", "not_y"),
}
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Group:
    """One group of one sensitive column: its people, and an interval a measure of `MEASURES`, NaN where nobody is behind it."""

    column: str
    name: str
    n_people: int
    measures: Mapping[str, Interval]

    @property
    def is_small(self) -> bool:
        return self.n_people < SMALL


@dataclass(frozen=True, slots=True)
class Gap:
    """What a group is predicted against the largest group of its column."""

    column: str
    group: str
    against: str
    found: Disparity


@dataclass(frozen=True, slots=True)
class ModelAudit:
    """What a classifier does on people it should not have learned from."""

    n_people: int
    base_rate: float
    accuracy: Interval
    auroc: Interval
    calibration_error: float
    brier: float
    bins: tuple[ReliabilityBin, ...]
    groups: tuple[Group, ...]
    gaps: tuple[Gap, ...]


def audit_model(
    probabilities: ArrayLike,
    outcomes: ArrayLike,
    groups: Mapping[str, Sequence[object]] | None = None,
    *,
    people: Sequence[Hashable] | None = None,
    draws: int = DRAWS,
    random_state: int = 0,
) -> ModelAudit:
    """Measure a classifier from its probabilities, with bootstrap intervals over people.

    Parameters
    ----------
    probabilities : array-like of shape (n_rows,), in [0, 1]
    outcomes : array-like of shape (n_rows,)
        0 or 1.
    groups : mapping of str to sequence of shape (n_rows,), optional
        A sensitive column's values; None, NaN and "" are the group "not given".
    people : sequence of shape (n_rows,), optional
        Whose row it is, where people have several.

    Raises
    ------
    BadInput
        When shapes differ, a probability is none, or everybody has the same outcome.

    Examples
    --------
    >>> found = audit_model([0.9, 0.8, 0.2, 0.6], [1, 1, 0, 0], {"sex": ["f", "f", "m", None]}, draws=50)
    >>> [(group.name, group.n_people, group.is_small) for group in found.groups]
    [('f', 2, True), ('m', 1, True), ('not given', 1, True)]
    >>> found.groups[0].measures["predicted to have it"].value, found.gaps
    (1.0, ())
    """
    p, y = np.asarray(probabilities, dtype=float), np.asarray(outcomes, dtype=float)
    named = {column: [_named(value) for value in values] for column, values in (groups or {}).items()}
    _refuse(p, y, named)
    right = (p >= THRESHOLD) == (y == 1)
    options = {"clusters": people, "draws": draws, "random_state": random_state}
    return ModelAudit(
        n_people=cluster_codes(people, len(p))[1],
        base_rate=float(y.mean()),
        accuracy=bootstrap_mean(right, **options),  # type: ignore[arg-type]
        auroc=auroc_interval(p, y, **options),  # type: ignore[arg-type]
        calibration_error=expected_calibration_error(p, y),
        brier=brier(p, y),
        bins=reliability_bins(p, y),
        groups=tuple(each for column in named for each in _groups(column, named[column], p, y, people, draws, random_state)),
        gaps=tuple(each for column in named for each in _gaps(column, named[column], p, draws, random_state)),
    )  # fmt: skip


def membership_leakage(
    seen: ArrayLike, unseen: ArrayLike, *, draws: int = DRAWS, random_state: int = 0
) -> Outcome:
    """Play the membership game: who was learned from, told by the loss alone.

    Parameters
    ----------
    seen, unseen : array-like of shape (n_people,)
        The probability that the model gives to the true outcome of people it learned from, and of people it did not.

    Raises
    ------
    BadInput
        When there are fewer than four people on either side, or a probability is none.

    Notes
    -----
    The adversary guesses "member" where -log p(true outcome) is at most the mean loss of the training people. Here that mean is
    taken over half of them, and the other half is attacked, so that nobody is attacked with a threshold they set.
    """
    inside, outside = (np.asarray(each, dtype=float) for each in (seen, unseen))
    if min(len(inside), len(outside)) < 4 or not all(
        ((each >= 0) & (each <= 1)).all() for each in (inside, outside)
    ):
        raise BadInput(
            "The membership game needs four people or more on both sides, and their probabilities in [0, 1]."
        )
    losses = [-np.log(np.maximum(each, _TINY)) for each in (inside, outside)]
    order = np.random.default_rng(random_state).permutation(len(inside))
    known, attacked = np.split(losses[0][order], [len(inside) // 2])
    trials = [
        Trial(secret, int(loss <= known.mean()), -float(loss))
        for secret, some in ((1, attacked), (0, losses[1]))
        for loss in some
    ]
    return outcome(trials, draws=draws, random_state=random_state)


def _groups(
    column: str,
    names: Sequence[str],
    p: Array,
    y: Array,
    people: Sequence[Hashable] | None,
    draws: int,
    seed: int,
) -> list[Group]:
    """Measure all groups of a column from one set of draws: sums by person, resampled at once."""
    known = sorted(set(names))
    member = one_hot([known.index(name) for name in names], len(known))  # (n_rows, n_groups)
    decided = (p >= THRESHOLD).astype(float)
    parts = {
        "one": np.ones_like(y), "y": y, "not_y": 1 - y, "p": p, "decided": decided, "decided_y": decided * y,
        "decided_not_y": decided * (1 - y), "right": (decided == y).astype(float),
    }  # fmt: skip
    codes, n_people = cluster_codes(people, len(y))
    columns = np.concatenate([part[:, None] * member for part in parts.values()], axis=1)
    sums = np.stack([np.bincount(codes, each, n_people) for each in columns.T], axis=1, dtype=float)
    drawn = resample_sums(sums, draws=draws, random_state=seed).reshape(draws, len(parts), len(known))
    whole = sums.sum(axis=0).reshape(1, len(parts), len(known))
    place = {name: k for k, name in enumerate(parts)}
    return [
        Group(column, name, n, {
            measure: percentile_interval(float(_ratio(whole, place[top], place[bottom], k)[0]),
                                         _ratio(drawn, place[top], place[bottom], k), LEVEL, int(whole[0, place["one"], k]), n)
            for measure, (top, bottom) in MEASURES.items()
        })
        for k, name in enumerate(known)
        for n in [len(np.unique(codes[member[:, k] > 0]))]
    ]  # fmt: skip


def _gaps(column: str, names: Sequence[str], p: Array, draws: int, seed: int) -> list[Gap]:
    """Hold every group of `SMALL` people or more against the largest."""
    counts = {name: names.count(name) for name in sorted(set(names))}
    big = [name for name, n in counts.items() if n >= SMALL and name != NOT_GIVEN]
    if len(big) < 2:
        return []
    largest = max(big, key=lambda name: counts[name])
    member = one_hot([big.index(name) if name in big else -1 for name in names], len(big))
    decided = (p >= THRESHOLD).astype(float)
    second = big.index(largest)
    return [
        Gap(
            column,
            name,
            largest,
            disparity(decided, member, first=k, second=second, draws=draws, random_state=seed),
        )
        for k, name in enumerate(big)
        if name != largest
    ]


def _ratio(sums: Array, top: int, bottom: int, group: int) -> Array:
    below = sums[:, bottom, group]
    return np.asarray(sums[:, top, group] / np.where(below > 0, below, np.nan))


def _named(value: object) -> str:
    if value is None or value == "" or (isinstance(value, float) and np.isnan(value)):
        return NOT_GIVEN
    return f"{value:g}" if isinstance(value, float) else str(value)


def _refuse(p: Array, y: Array, groups: Mapping[str, Sequence[str]]) -> None:
    if p.ndim != 1 or p.shape != y.shape or not len(p):
        raise BadInput(f"Probabilities of shape {p.shape} for outcomes of shape {y.shape}: give one a row.")
    if not ((p >= 0) & (p <= 1)).all():
        raise BadInput("A probability is missing or outside [0, 1].")
    if not np.isin(y, (0, 1)).all():
        raise BadInput("An outcome is missing or neither 0 nor 1.")
    if len(np.unique(y)) < 2:
        raise BadInput(
            "Everybody has the same outcome: there is nothing to tell apart. Give people of both outcomes."
        )
    for column, names in groups.items():
        if len(names) != len(p):
            raise BadInput(f"The column {column} has {len(names)} values for {len(p)} rows: give one a row.")
