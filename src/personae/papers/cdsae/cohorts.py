"""Adult by age and Law School by region, as people of ordered domains, the last of them unseen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.cdsae import fit_columns
from personae.papers.harness import Context

Codes = NDArray[np.intp]
DATA = "cdsae"
ADULT, WITHOUT, LAW = (
    "Adult, 55-64 unseen",
    "Adult without relationship, 55-64 unseen",
    "Law School, last two regions unseen",
)
YOUNGEST, WIDTH, OLDEST = 20, 5, 64  # card
N_TRAINING, N_VALIDATED = 6, 1  # card: train on 20-49, validate on 50-54
NUMBERS = ("education_num", "capital_gain", "capital_loss", "hours_per_week")
KINDS = ("workclass", "education", "marital_status", "occupation", "relationship", "race", "native_country")
AGES = tuple(f"{start}-{start + WIDTH - 1}" for start in range(YOUNGEST, OLDEST, WIDTH))
LEAST = 100  # people of a category, and of a region


@dataclass(frozen=True, slots=True)
class Cohorts:
    """People of ordered domains: x (n_people, n_columns), a, y, domain (n_people,); the first `n_training` are learned from."""

    name: str
    x: NDArray[np.float64]
    a: Codes
    y: Codes
    domain: Codes
    blocks: tuple[int, ...]
    n_training: int
    names: tuple[str, ...]

    @property
    def training(self) -> Codes:
        return np.flatnonzero(self.domain < self.n_training)

    @property
    def validated(self) -> Codes:
        return np.flatnonzero(
            (self.domain >= self.n_training) & (self.domain < self.n_training + N_VALIDATED)
        )

    @property
    def unseen(self) -> Codes:
        return np.flatnonzero(self.domain >= self.n_training + N_VALIDATED)


def adult(context: Context, *, has_relationship: bool = True) -> Cohorts:
    """Read Adult by age. Age is the domain and no column: a line through it would be drawn on past 49."""
    rows, a, y, domain = _census(context)
    kinds = [kind for kind in KINDS if has_relationship or kind != "relationship"]
    name = ADULT if has_relationship else WITHOUT
    return _cohorts(name, rows, NUMBERS, kinds, (a, y, domain), N_TRAINING, AGES)


def adult_by_number(context: Context) -> Cohorts:
    """Read Adult as the card's floors do: age a column, categories by their place in the alphabet."""
    rows, a, y, domain = _census(context)
    places = [
        {value: place for place, value in enumerate(sorted({row[kind] for row in rows}))} for kind in KINDS
    ]
    numbers = [[float(row[name]) for name in ("age", *NUMBERS)] for row in rows]
    codes = [[known[row[kind]] for kind, known in zip(KINDS, places, strict=True)] for row in rows]
    return Cohorts(ADULT, np.column_stack([numbers, codes]), a, y, domain, (), N_TRAINING, AGES)


def law(context: Context) -> Cohorts:
    """Read Law School by region in the order of mean LSAT; a = 1 for White, y = 1 for a first year above the mean."""
    rows = [row for row in context.rows(DATA, "law_school.csv.gz") if row["race"] in ("White", "Black")]
    scores = defaultdict(list)
    for row in rows:
        scores[row["region_first"]].append(float(row["LSAT"]))
    regions = [
        name for name, each in sorted(scores.items(), key=lambda one: np.mean(one[1])) if len(each) >= LEAST
    ]
    rows = [row for row in rows if row["region_first"] in regions]
    domain = np.array([regions.index(row["region_first"]) for row in rows])
    a = np.array([row["race"] == "White" for row in rows]).astype(int)
    y = np.array([float(row["ZFYA"]) > 0 for row in rows]).astype(int)
    return _cohorts(
        LAW, rows, ["LSAT", "UGPA"], ["sex"], (a, y, domain), len(regions) - N_VALIDATED - 2, tuple(regions)
    )


def _census(context: Context) -> tuple[list[dict[str, Any]], Codes, Codes, Codes]:
    """Return people of 20 to 64, gains as log(1 + x), with sex, income and cohort."""
    rows = [row for row in context.rows(DATA, "adult.csv.gz") if YOUNGEST <= int(row["age"]) <= OLDEST]
    for row in rows:
        row.update({name: np.log1p(float(row[name])) for name in ("capital_gain", "capital_loss")})
    a = np.array([row["sex"] == "Male" for row in rows]).astype(int)
    y = np.array([row["income"].startswith(">50K") for row in rows]).astype(int)
    return rows, a, y, np.array([(int(row["age"]) - YOUNGEST) // WIDTH for row in rows])


def _cohorts(
    name: str,
    rows: Sequence[dict[str, Any]],
    numbers: Sequence[str],
    kinds: Sequence[str],
    labels: tuple[Codes, Codes, Codes],
    n_training: int,
    names: tuple[str, ...],
) -> Cohorts:
    a, y, domain = labels
    known = [row for row, place in zip(rows, domain, strict=True) if place < n_training]
    columns = fit_columns(known, numbers, kinds, least=LEAST)
    return Cohorts(name, columns(rows), a, y, domain, columns.blocks, n_training, names)
