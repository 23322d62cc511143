"""People whose group and outcome are known, with a proxy of their group learned on other people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.metrics.disparity import shares_of
from personae.metrics.logistic import fit_logistic, sigmoid
from personae.papers.harness import Context

Array = NDArray[np.float64]
ADULT, SSI = "distinfer", "allofme"
_RIDGE = 3.0
_WITHOUT = {"altertaste", "nonelis"}  # part of the survey's experiment, and "listens to none"


@dataclass(frozen=True, slots=True)
class Population:
    """People who were not used to learn the proxy.

    Parameters
    ----------
    name : str
    groups : tuple of str
    truth : ndarray of int of shape (n_people,)
    outcomes : ndarray of shape (n_people,), 0 or 1
    proxy : ndarray of shape (n_people, n_groups)
        Probabilities of a model that has not seen these people.
    n_known, n_tested : int
        People in a resample whose group is known, and people whose gap is estimated.
    n_cells : int
        Cells of the proxy that the bounds are computed in.
    """

    name: str
    groups: tuple[str, ...]
    truth: NDArray[np.intp]
    outcomes: Array
    proxy: Array
    n_known: int
    n_tested: int
    n_cells: int


def populations(context: Context) -> list[Population]:
    """Return Adult by race and by sex, and SSI-2012 by race."""
    adult = context.rows(ADULT, "adult.csv.zst")[: context.limit]
    ssi = [row for row in context.rows(SSI, "ssi2012.csv.zst") if row["raceeth"] and row["income"]][
        : context.limit
    ]
    return [*_adult(adult, context.seed), *_survey(ssi, context.seed)]


def _adult(rows: list[dict[str, Any]], seed: int) -> list[Population]:
    income = np.array([row["income-per-year"].strip().startswith(">") for row in rows], dtype=float)
    race = np.array([{"White": 0, "Black": 1}.get(row["race"].strip(), 2) for row in rows])
    sex = np.array([row["sex"].strip() == "Female" for row in rows], dtype=np.intp)
    work = ["workclass", "education", "occupation", "marital-status"]
    numbers = ["hours-per-week", "age"]
    by_work = _features(rows, work, numbers)
    by_all = _features(rows, [*work, "relationship", "native-country"], numbers)
    sizes = (len(rows) * 3 // 10, len(rows) * 7 // 100, len(rows) * 11 // 100, 10)
    return [
        _population("Adult, race", ("white", "black", "other"), race, income, by_all, sizes, seed),
        _population("Adult, sex", ("male", "female"), sex, income, by_work, sizes, seed),
        _population("Adult, sex, relationship known", ("male", "female"), sex, income, by_all, sizes, seed),
    ]


def _survey(rows: list[dict[str, Any]], seed: int) -> list[Population]:
    race = np.array([row["raceeth"] != "White" for row in rows], dtype=np.intp)
    income = np.array([_least_income(row["income"]) >= 50_000 for row in rows], dtype=float)
    working = np.array([row["empstat"].startswith("working") for row in rows], dtype=float)
    tastes = [name for name in rows[0] if name.endswith(("taste", "lis")) and name not in _WITHOUT]
    features = _features(rows, [*tastes, "region", "age"], [])
    sizes = (len(rows) * 3 // 10, len(rows) // 5, len(rows) * 2 // 5, 5)
    return [
        _population(f"SSI-2012, race, {what}", ("white", "others"), race, outcome, features, sizes, seed)
        for what, outcome in (("income", income), ("employed", working))
    ]


def _population(
    name: str, groups: tuple[str, ...], truth: NDArray[np.intp], outcomes: Array, features: Array,
    sizes: tuple[int, int, int, int], seed: int,
) -> Population:  # fmt: skip
    """Learn the proxy on the first share of shuffled people, one group against the rest, and keep the others."""
    n_learned, n_known, n_tested, n_cells = sizes
    order = np.random.default_rng(seed).permutation(len(truth))
    learned, kept = order[:n_learned], order[n_learned:]
    chances = [
        sigmoid(
            features[kept]
            @ fit_logistic(features[learned], (truth[learned] == k).astype(float), penalty=_RIDGE)
        )
        for k in range(len(groups))
    ]
    proxy = shares_of(np.stack(chances, axis=1))
    return Population(name, groups, truth[kept], outcomes[kept], proxy, n_known, n_tested, n_cells)


def _features(rows: list[dict[str, Any]], kinds: Sequence[str], numbers: Sequence[str]) -> Array:
    """Return a constant, a column a value of each kind but the first, and each number with its square."""
    columns = [np.ones(len(rows))]
    for name in kinds:
        values = np.array([row[name] for row in rows])
        columns += [(values == each).astype(float) for each in np.unique(values)[1:]]
    for name in numbers:
        number = np.array([float(row[name]) for row in rows])
        scaled = (number - number.mean()) / number.std()
        columns += [scaled, scaled**2]
    return np.stack(columns, axis=1)


def _least_income(band: str) -> int:
    """Return the lower end of a band such as "$30,000 - $39,999"; 0 for "<$10,000"."""
    found = re.match(r"\$?([\d,]+)", band)
    return int(found[1].replace(",", "")) if found else 0
