"""Privacy and fairness of one classifier: how sure it may be, what groups get, and whether it gives its training people away.

Source: groups' measures are those of Hardt, Price, Srebro (2016), arXiv 1610.02413; the membership attack is Yeom, Giacomelli,
Fredrikson, Jha (2018), "Privacy Risk in Machine Learning", arXiv 1709.01604, adversary 2, with a deviation under Notes of
`membership_leakage`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.game import Outcome, Trial, outcome
from personae.errors import BadInput, MissingExtra
from personae.metrics.calibration import ReliabilityBin, error_columns, error_of_sums, reliability_bins
from personae.metrics.discrimination import auroc_interval
from personae.metrics.disparity import Disparity, disparity, one_hot
from personae.metrics.intervals import (
    LEVEL,
    Interval,
    bootstrap_mean,
    bootstrap_sums,
    cluster_codes,
    percentile_interval,
    resample_sums,
    with_ends,
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
    """One group of one sensitive column: its people, and an interval a measure of `MEASURES`, NaN where nobody is behind it.

    An interval's `n` and `n_clusters` are the rows and the people that the measure is a share of.
    """

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
    """What a classifier does on people it should not have learned from.

    `calibration_error` is over ten bins of equal width; bootstrap samples err more than the sample they are drawn from, and are
    moved down by as much as they do in the mean. A share that is 0 or 1 has Wilson's interval over people.
    """

    n_people: int
    n_rows: int
    base_rate: float
    accuracy: Interval
    auroc: Interval
    calibration_error: Interval
    brier: Interval
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
    MissingExtra
        Where groups are given without fairlearn.

    Notes
    -----
    Groups' values are those of fairlearn's MetricFrame. The intervals are not: its bootstrap draws rows and not people, and asks
    every measure again for each draw, where sums by person are enough.

    Examples
    --------
    >>> found = audit_model([0.9, 0.8, 0.2, 0.6], [1, 1, 0, 0], {"sex": ["f", "f", "m", None]}, draws=50)
    >>> [(group.name, group.n_people, group.is_small) for group in found.groups]
    [('f', 2, True), ('m', 1, True), ('not given', 1, True)]
    >>> found.groups[0].measures["predicted to have it"].value, found.gaps
    (1.0, ())
    """
    p, y = np.asarray(probabilities, dtype=float), np.asarray(outcomes, dtype=float)
    named = {column: [group_name(value) for value in values] for column, values in (groups or {}).items()}
    _refuse(p, y, named)
    right = (p >= THRESHOLD) == (y == 1)
    options = {"clusters": people, "draws": draws, "random_state": random_state}
    return ModelAudit(
        n_people=cluster_codes(people, len(p))[1],
        n_rows=len(p),
        base_rate=float(y.mean()),
        accuracy=with_ends(bootstrap_mean(right, **options)),  # type: ignore[arg-type]
        auroc=auroc_interval(p, y, **options),  # type: ignore[arg-type]
        calibration_error=_calibration_error(p, y, options),
        brier=bootstrap_mean((p - y) ** 2, **options),  # type: ignore[arg-type]
        bins=reliability_bins(p, y),
        groups=tuple(each for column in named for each in _groups(column, named[column], p, y, people, draws, random_state)),
        gaps=tuple(each for column in named for each in _gaps(column, named[column], p, people, draws, random_state)),
    )  # fmt: skip


def large_groups(values: Sequence[object], people: Sequence[Hashable] | None = None) -> dict[str, object]:
    """Return a value for the name of each group of `SMALL` people or more, the largest group first; "not given" is none.

    >>> large_groups([1.0] * 30 + [None] * 40 + [0.0] * 50 + [2.0] * 3)
    {'0': 0.0, '1': 1.0}
    """
    named = {group_name(value): value for value in values}
    codes, _ = cluster_codes(people, len(values))
    pairs = {(group_name(value), int(code)) for value, code in zip(values, codes, strict=True)}
    counts = Counter(name for name, _ in pairs)
    big = sorted((name for name in counts if counts[name] >= SMALL), key=lambda name: (-counts[name], name))
    return {name: named[name] for name in big if name != NOT_GIVEN}


def membership_leakage(
    seen: ArrayLike,
    unseen: ArrayLike,
    *,
    seen_people: Sequence[Hashable] | None = None,
    unseen_people: Sequence[Hashable] | None = None,
    draws: int = DRAWS,
    random_state: int = 0,
) -> Outcome:
    """Play the membership game: who was learned from, told by the loss alone.

    Parameters
    ----------
    seen, unseen : array-like of shape (n_rows,)
        The probability that the model gives to the true outcome of rows it learned from, and of others.
    seen_people, unseen_people : sequence of shape (n_rows,), optional
        Whose row it is, where people have several: the game is then about people, each known by the mean loss of their rows. Who
        has rows on both sides is a member, and left out of the others.

    Raises
    ------
    BadInput
        When there are fewer than four people on either side, or a probability is none.

    Notes
    -----
    The adversary guesses "member" where -log p(true outcome) is at most the mean loss of the training people. Here that mean is
    taken over half of them, and the other half is attacked, so that nobody is attacked with a threshold they set.

    Examples
    --------
    Four people of two rows each were learned from, two of them set the threshold, and two are attacked beside four others:

    >>> found = membership_leakage([0.9] * 8, [0.2] * 4, seen_people=list("aabbccdd"), draws=20)
    >>> found.advantage.value, found.advantage.n_clusters
    (1.0, 6)
    """
    members, others = _losses(seen, seen_people), _losses(unseen, unseen_people)
    if seen_people is not None and unseen_people is not None:
        others = {person: loss for person, loss in others.items() if person not in members}
    inside, outside = (np.array(list(each.values())) for each in (members, others))
    if min(len(inside), len(outside)) < 4:
        raise BadInput(
            f"The membership game needs four people or more on both sides: {len(inside)} were learned from, and {len(outside)} "
            "others were not."
        )
    order = np.random.default_rng(random_state).permutation(len(inside))
    known, attacked = np.split(inside[order], [len(inside) // 2])
    trials = [
        Trial(secret, int(loss <= known.mean()), -float(loss))
        for secret, some in ((1, attacked), (0, outside))
        for loss in some
    ]
    return outcome(trials, draws=draws, random_state=random_state)


def _losses(chances: ArrayLike, people: Sequence[Hashable] | None) -> dict[Hashable, float]:
    """Return each person's mean -log p of the truth."""
    p = np.asarray(chances, dtype=float)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise BadInput("The membership game needs one probability in [0, 1] a row.")
    names = range(len(p)) if people is None else people
    if len(names) != len(p):
        raise BadInput(f"{len(names)} people for {len(p)} rows: say whose each row is.")
    rows: dict[Hashable, list[float]] = {}
    for person, loss in zip(names, -np.log(np.maximum(p, _TINY)), strict=True):
        rows.setdefault(person, []).append(float(loss))
    return {person: float(np.mean(losses)) for person, losses in rows.items()}


def _calibration_error(p: Array, y: Array, options: Mapping[str, Any]) -> Interval:
    found = bootstrap_sums(error_columns(p, y), error_of_sums, is_centered=True, **options)
    return replace(found, low=0.0) if found.low < 0 else found


def _groups(
    column: str,
    names: Sequence[str],
    p: Array,
    y: Array,
    people: Sequence[Hashable] | None,
    draws: int,
    seed: int,
) -> list[Group]:
    """Measure all groups of a column: values by MetricFrame, intervals from one set of draws of people's sums."""
    values = _frame(names, p, y)
    known, parts = sorted(set(names)), _parts(y, p)
    member = one_hot([known.index(name) for name in names], len(known))  # (n_rows, n_groups)
    codes, n_people = cluster_codes(people, len(y))
    columns = np.concatenate([part[:, None] * member for part in parts.values()], axis=1)
    sums = np.stack([np.bincount(codes, each, n_people) for each in columns.T], axis=1, dtype=float)
    drawn = resample_sums(sums, draws=draws, random_state=seed).reshape(draws, len(parts), len(known))
    by_person = sums.reshape(n_people, len(parts), len(known))
    place = {name: k for k, name in enumerate(parts)}

    def measured(measure: str, k: int) -> Interval:
        top, bottom = (place[part] for part in MEASURES[measure])
        behind = by_person[:, bottom, k]
        drawn_ratio = _ratio(drawn, top, bottom, k)
        value = float(values.loc[known[k], measure])
        found = percentile_interval(value, drawn_ratio, LEVEL, int(behind.sum()), int((behind > 0).sum()))
        return found if top == place["p"] else with_ends(found)

    return [
        Group(
            column,
            name,
            int((by_person[:, place["one"], k] > 0).sum()),
            {each: measured(each, k) for each in MEASURES},
        )
        for k, name in enumerate(known)
    ]


def _frame(names: Sequence[str], p: Array, y: Array) -> Any:
    """Return fairlearn's table of `MEASURES` by group."""
    try:
        from fairlearn.metrics import MetricFrame
    except ImportError:
        raise MissingExtra("Measures of groups need fairlearn: pip install 'personae[learn]'.") from None

    def measure(top: str, bottom: str) -> Callable[[Array, Array], float]:
        def share(y_true: ArrayLike, y_pred: ArrayLike) -> float:
            parts = _parts(np.asarray(y_true, dtype=float), np.asarray(y_pred, dtype=float))
            below = float(parts[bottom].sum())
            return float(parts[top].sum()) / below if below else float("nan")

        return share

    metrics = {name: measure(*parts) for name, parts in MEASURES.items()}
    return MetricFrame(metrics=metrics, y_true=y, y_pred=p, sensitive_features=list(names)).by_group


def _parts(y: Array, p: Array) -> dict[str, Array]:
    """Return what measures are ratios of: rows of outcomes and probabilities, to be summed."""
    decided = (p >= THRESHOLD).astype(float)
    return {
        "one": np.ones_like(y), "y": y, "not_y": 1 - y, "p": p, "decided": decided, "decided_y": decided * y,
        "decided_not_y": decided * (1 - y), "right": (decided == y).astype(float),
    }  # fmt: skip


def _gaps(
    column: str,
    names: Sequence[str],
    p: Array,
    people: Sequence[Hashable] | None,
    draws: int,
    seed: int,
) -> list[Gap]:
    """Hold every group of `SMALL` people or more against the largest."""
    big = list(large_groups(names, people))
    if len(big) < 2:
        return []
    member = one_hot([big.index(name) if name in big else -1 for name in names], len(big))
    decided = (p >= THRESHOLD).astype(float)
    options: dict[str, Any] = {"clusters": people, "draws": draws, "random_state": seed}
    return [
        Gap(column, name, big[0], disparity(decided, member, first=k, second=0, **options))
        for k, name in sorted(enumerate(big[1:], 1), key=lambda pair: pair[1])
    ]


def _ratio(sums: Array, top: int, bottom: int, group: int) -> Array:
    below = sums[:, bottom, group]
    return np.asarray(sums[:, top, group] / np.where(below > 0, below, np.nan))


def group_name(value: object) -> str:
    """Return how a group is called: whole numbers without a decimal point, "not given" for None, NaN and ""."""
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
