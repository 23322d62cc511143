"""What FSPO learns from: people with a few choices shown and others asked, made by a recipe or taken from rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from personae.errors import BadInput
from personae.metrics.logistic import sigmoid
from personae.preference._core import padded
from personae.preference.comparisons import Array, Comparisons

N_ASKED = 10  # choices of each person that a step is taken on
_STEPS = 8  # of Newton; six suffice
Spread = Literal["isotropic", "fitted"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How people are made up.

    Parameters
    ----------
    spread : str
        "isotropic": tastes weigh every direction of the items' features alike, independently; "fitted": they spread as those of
        the people learned from.
    noise_matched : bool
        Whether made people are as consistent as people left out were found to be, rather than as Bradley and Terry say.
    rank : int or None
        Main directions that tastes differ in, at the same total spread; None for all.
    flips : float in [0, 1]
        Share of their choices that are turned around.
    """

    spread: Spread = "fitted"
    noise_matched: bool = True
    rank: int | None = None
    flips: float = 0.0


@dataclass(frozen=True, slots=True)
class Gaps:
    """Questions: a's lead over b by the population's reward, shape (n,), and in each coordinate, (n, k)."""

    base: Array
    gaps: Array


@dataclass(frozen=True, slots=True)
class Batch:
    """People with shots and asked choices.

    Parameters
    ----------
    shots : ndarray of shape (n_people, m, k + 1)
        Lead of the chosen over the rejected item in each coordinate, then by the population's reward; a tie is all zeros.
    is_shot : ndarray of shape (n_people, m)
    gaps, base, chosen : ndarrays of shape (n_people, t, k), (n_people, t) and (n_people, t)
        What is asked, and the answer in [0, 1].
    is_asked : ndarray of shape (n_people, t)
    """

    shots: Array
    is_shot: Array
    gaps: Array
    base: Array
    chosen: Array
    is_asked: Array


def made_batches(
    questions: Gaps,
    scale: float,
    *,
    flips: float,
    axes: Array,
    n_people: int,
    most_shots: int,
    random: np.random.Generator,
) -> Iterator[Batch]:
    """Yield made people without end: questions at random, tastes `axes` @ z with z standard normal.

    Parameters
    ----------
    questions : Gaps
        In the coordinates of the tastes.
    scale : float
        Log-odds of made people are those of Bradley and Terry times this.
    axes : ndarray of shape (k, rank)
    """
    n = len(questions.base)
    while True:
        n_shots = int(random.integers(1, most_shots + 1))
        rows = random.integers(n, size=(n_people, n_shots + N_ASKED))
        base, gaps = questions.base[rows], questions.gaps[rows]
        tastes = random.normal(size=(n_people, axes.shape[1])) @ axes.T
        margin = scale * (base + np.einsum("pmk,pk->pm", gaps, tastes))
        chosen = (random.random(margin.shape) < sigmoid(margin)).astype(float)
        chosen = np.where(random.random(margin.shape) < flips, 1 - chosen, chosen)
        ones = np.ones((n_people, n_shots + N_ASKED))
        shots = signed(Gaps(base[:, :n_shots], gaps[:, :n_shots]), chosen[:, :n_shots])
        yield Batch(
            shots,
            ones[:, :n_shots],
            gaps[:, n_shots:],
            base[:, n_shots:],
            chosen[:, n_shots:],
            ones[:, n_shots:],
        )


def real_batches(
    questions: Gaps, table: Comparisons, *, n_people: int, most_shots: int, random: np.random.Generator
) -> Iterator[Batch]:
    """Yield people of the table without end, each time with other rows of theirs shown and asked."""
    places, is_row = padded(table, len(table.people))
    is_row = is_row * (table.chosen[places] != 0.5)
    able = np.flatnonzero(is_row.sum(axis=1) >= 2)
    if not len(able):
        raise BadInput(
            "Nobody has two choices that are no ties: one to show and one to ask. Learn from made people."
        )
    while True:
        people = random.choice(able, min(n_people, len(able)), replace=False)
        order = np.argsort(random.random((len(people), places.shape[1])) + 2 * (1 - is_row[people]), axis=1)
        rows, there = (
            np.take_along_axis(places[people], order, 1),
            np.take_along_axis(is_row[people], order, 1),
        )
        n_shots = int(random.integers(1, min(most_shots, places.shape[1] - 1) + 1))
        n_shots = min(n_shots, int(there.sum(axis=1).min()) - 1)
        shown, asked = rows[:, :n_shots], rows[:, n_shots : n_shots + N_ASKED]
        shots = signed(Gaps(questions.base[shown], questions.gaps[shown]), table.chosen[shown])
        yield Batch(shots, there[:, :n_shots], questions.gaps[asked], questions.base[asked], table.chosen[asked],
                    there[:, n_shots : n_shots + N_ASKED])  # fmt: skip


def signed(questions: Gaps, chosen: Array) -> Array:
    """Return the lead of the chosen over the rejected, the population's reward last, shape (..., k + 1)."""
    sign = 2 * chosen[..., None] - 1
    return np.asarray(sign * np.concatenate([questions.gaps, questions.base[..., None]], axis=-1))


def modes(shots: Array, is_shot: Array, precision: Array) -> Array:
    """Return the mode of each person's linear taste by their shots, shape (n_people, k).

    Parameters
    ----------
    shots, is_shot : ndarrays
        As of `Batch`.
    precision : ndarray of shape (k, k)
        Of the tastes' spread over people, in the shots' coordinates.
    """
    gaps, base = shots[..., :-1], shots[..., -1]
    found = np.zeros((len(shots), gaps.shape[2]))
    for _ in range(_STEPS):
        missed = sigmoid(-base - np.einsum("pmk,pk->pm", gaps, found))
        pull = np.einsum("pmk,pm->pk", gaps, is_shot * missed) - found @ precision
        sure = np.swapaxes(gaps * (is_shot * missed * (1 - missed))[..., None], 1, 2)
        found += np.linalg.solve(sure @ gaps + precision, pull[..., None])[..., 0]
    return found
