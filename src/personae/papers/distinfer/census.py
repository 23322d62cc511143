"""UCI Adult as the paper uses it: 42 inputs, two halves that share no row, and victims of one property's ratio."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.audit.distinfer import Cells, resample
from personae.audit.many_networks import Floats, Networks, Noise, new_networks, train
from personae.papers.harness import Context

DATA = "distinfer"
LAYERS = (32, 16, 8)  # paper
KINDS = ("workclass", "marital-status", "occupation", "relationship", "race", "sex")
STANDARDIZED = ("fnlwgt", "capital-gain", "capital-loss")
SCALED = ("age", "hours-per-week", "education-num")
LEAST = 20  # a category with fewer rows is left out, as four are in the paper
N_EPOCHS = 15
BATCH = 100


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rows of the higher income in a training sample and in a test sample, as many as the rarest cell allows at every ratio.

    `imbalance` counts the rows of the lower income for each of them.
    """

    training: int
    test: int
    imbalance: int

    @property
    def n_rows(self) -> int:
        """Rows of a training sample."""
        return self.training * (1 + self.imbalance)


SIZES = {"sex": Sizes(250, 90, 3), "race": Sizes(160, 50, 5)}  # paper: 3 for both


@dataclass(frozen=True, slots=True)
class Census:
    """Adult as numbers: inputs (n_rows, 42), income and properties (n_rows,), and the two halves' rows."""

    inputs: Floats
    income: NDArray[np.bool_]
    has: dict[str, NDArray[np.bool_]]
    victim: NDArray[np.intp]
    local: NDArray[np.intp]
    held_out: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Population:
    """One property of the census: cells that victims, local models and the adversary's test samples are drawn from."""

    census: Census
    sizes: Sizes
    victim: Cells
    local: Cells
    held_out: Cells

    def sample(self, ratio: float, random: np.random.Generator) -> NDArray[np.intp]:
        """Return a test sample of the adversary."""
        n = self.sizes.test
        return resample(
            self.held_out, ratio, n_positive=n, n_negative=self.sizes.imbalance * n, random=random
        )

    def models(
        self,
        cells: Sequence[Cells],
        ratio: float,
        random: np.random.Generator,
        *,
        n_epochs: int = N_EPOCHS,
        noise: Noise | None = None,
    ) -> Networks:
        """Train one model on a sample of its own from each of the cells."""
        n = self.sizes.training
        rows = np.stack(
            [
                resample(each, ratio, n_positive=n, n_negative=self.sizes.imbalance * n, random=random)
                for each in cells
            ]
        )
        inputs, income = self.census.inputs, self.census.income.astype(np.float32)
        networks = new_networks(len(rows), (inputs.shape[1], *LAYERS, 1), random)
        rate = 1e-3 if noise is None else 5e-3
        return train(networks, inputs[rows], income[rows], n_epochs=n_epochs, batch_size=BATCH,
                     learning_rate=rate, noise=noise, random_state=random)  # fmt: skip


def load(context: Context) -> Census:
    """Read Adult, make inputs of it, and deal the halves evenly over sex, race and income."""
    rows = context.rows(DATA, "adult.csv.zst")
    columns = []
    for name in KINDS:
        values = [_race(row[name]) if name == "race" else row[name] for row in rows]
        common = sorted(value for value, n in Counter(values).items() if n >= LEAST and value != "?")
        columns += [[value == wanted for value in values] for wanted in common]
    for name in (*STANDARDIZED, *SCALED):
        column = np.array([float(row[name]) for row in rows])
        low, scale = (column.mean(), column.std()) if name in STANDARDIZED else (column.min(), np.ptp(column))
        columns.append((column - low) / scale)
    income = np.array([row["income-per-year"].startswith(">50K") for row in rows])
    has = {
        "sex": np.array([row["sex"] == "Female" for row in rows]),
        "race": np.array([row["race"] == "White" for row in rows]),
    }
    victim, local, held_out = _halves(4 * has["sex"] + 2 * has["race"] + income, context.seed)
    inputs = np.stack(columns, axis=1).astype(np.float32)
    return Census(inputs, income, has, victim, local, held_out)


def population(census: Census, name: str) -> Population:
    """Sort a census by one property, "sex" (women) or "race" (white)."""
    parts = [
        Cells.of(census.has[name], census.income, part)
        for part in (census.victim, census.local, census.held_out)
    ]
    return Population(census, SIZES[name], *parts)


def _race(value: str) -> str:
    return value if value in ("White", "Black") else "Other"


def _halves(cell: NDArray[np.intp], seed: int) -> list[NDArray[np.intp]]:
    """Deal rows to victims (half), local models (two fifths) and the adversary's tests (a tenth), evenly in each cell."""
    random = np.random.default_rng(seed)
    parts: list[list[NDArray[np.intp]]] = [[], [], []]
    for code in np.unique(cell):
        rows = random.permutation(np.flatnonzero(cell == code))
        for part, some in zip(parts, np.split(rows, [len(rows) // 2, len(rows) * 9 // 10]), strict=True):
            part.append(some)
    return [np.concatenate(part) for part in parts]
