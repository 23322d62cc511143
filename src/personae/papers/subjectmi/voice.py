"""Parkinson's voice recordings: federations of clinics, and an attacker who holds other recordings of the same people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.audit.many_networks import Floats, Networks, new_networks
from personae.audit.subjectmi import Privacy, Schedule, federate
from personae.papers.harness import Context

DATA, VOICE = "subjectmi", "Parkinson's voice"
TARGET = "total_UPDRS"
ABOUT = ("subject#", "age", "sex", "test_time", "motor_UPDRS", TARGET)
LAYERS = (64, 32)  # card
N_SILOS = 4  # card
N_MEMBERS = 16  # of 35: what four silos can share evenly, each person in two of them
SIZES = (90, 44)  # recordings of a person for training and for the attacker; of those with fewer, some twice
SCHEDULE = Schedule(n_rounds=60, n_epochs=5, batch_size=40, learning_rate=6e-3)
LATE = 16  # rounds whose outputs are averaged before a late loss is taken


@dataclass(frozen=True, slots=True)
class Voices:
    """Recordings (n_people, n_rows, 16) and targets (n_people, n_rows) for training, and the attacker's, of other sessions."""

    trained: Floats
    trained_target: Floats
    held: Floats
    held_target: Floats
    scale: float  # points of the scale in one standard deviation
    traits: NDArray[np.float64]  # age and sex, (n_people, 2)


@dataclass(frozen=True, slots=True)
class Runs:
    """Federations and what each round's model loses on each person, see `person_losses`."""

    rounds: list[Networks]
    is_member: NDArray[np.bool_]  # (n_federations, n_people)
    losses: NDArray[np.float64]  # (n_federations, n_rounds + 1, n_people)


def load(context: Context) -> Voices:
    """Read the recordings; every third session of a person is the attacker's, the others are for training."""
    rows = context.rows(DATA, "parkinsons_telemonitoring.csv.zst")
    person = np.array([row["subject#"] for row in rows])
    measures = [name for name in rows[0] if name not in ABOUT]
    inputs = np.array([[float(row[name]) for name in measures] for row in rows])
    target = np.array([float(row[TARGET]) for row in rows])
    session = np.floor([float(row["test_time"]) for row in rows])
    people = sorted(set(person), key=float)
    random = np.random.default_rng(context.seed)
    parts: list[list[NDArray[np.intp]]] = [[], []]
    for name in people:
        mine = np.flatnonzero(person == name)
        is_held = np.unique(session[mine], return_inverse=True)[1] % 3 == 2
        for part, some, size in zip(parts, (mine[~is_held], mine[is_held]), SIZES, strict=True):
            part.append(np.resize(random.permutation(some), size))
    chosen = [np.stack(part) for part in parts]
    held = chosen[1].ravel()
    middle, spread = inputs[held].mean(axis=0), inputs[held].std(axis=0)
    level, scale = target[held].mean(), float(target[held].std())
    standard = ((inputs - middle) / spread).clip(-6, 6).astype(np.float32)
    aim = ((target - level) / scale).astype(np.float32)
    first = [int(np.flatnonzero(person == name)[0]) for name in people]
    traits = np.array([[float(rows[place]["age"]), float(rows[place]["sex"])] for place in first])
    return Voices(standard[chosen[0]], aim[chosen[0]], standard[chosen[1]], aim[chosen[1]], scale, traits)


def deal(
    x: Floats, y: Floats, members: NDArray[np.intp], random: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return one federation's rows (n_silos, n_subjects, n_rows, n_in) and targets: a member's rows in two silos."""
    half = x.shape[1] // 2
    rows = np.argsort(random.random(x.shape[:2]), axis=1)
    silos, targets = [], []
    for silo in range(N_SILOS):
        here = [
            (member, rows[member, :half] if place % N_SILOS == silo else rows[member, half:])
            for place, member in enumerate(members)
            if place % N_SILOS in (silo, (silo - 1) % N_SILOS)
        ]
        silos.append(np.stack([x[member, some] for member, some in here]))
        targets.append(np.stack([y[member, some] for member, some in here]))
    return np.stack(silos), np.stack(targets)


def run(
    voices: Voices,
    n: int,
    random: np.random.Generator,
    *,
    schedule: Schedule = SCHEDULE,
    privacy: Privacy | None = None,
    is_reference: bool = False,
    left_out: NDArray[np.bool_] | None = None,
) -> Runs:
    """Train n federations, each with members of its own; references learn from the attacker's recordings.

    Those of `left_out`, (n_people, n_rows), are in no training; the others fill their places.
    """
    x, y = (voices.held, voices.held_target) if is_reference else (voices.trained, voices.trained_target)
    if left_out is not None:
        rows = np.stack([np.resize(np.flatnonzero(~some), x.shape[1]) for some in left_out])
        x, y = (each[np.arange(len(x))[:, None], rows] for each in (x, y))
    members = [random.permutation(len(x))[:N_MEMBERS] for _ in range(n)]
    if is_reference:
        members = [some for half in members[: n // 2] for some in (half, _others(half, len(x), random))]
    dealt = [deal(x, y, some, random) for some in members]
    start = new_networks(n, (x.shape[-1], *LAYERS, 1), random)
    rounds = federate(start, np.stack([d[0] for d in dealt]), np.stack([d[1] for d in dealt]),
                      schedule=schedule, privacy=privacy, random_state=random)  # fmt: skip
    is_member = np.zeros((n, len(x)), dtype=bool)
    is_member[np.arange(n)[:, None], members] = True
    losses = [person_losses(networks, voices.held, voices.held_target) for networks in rounds]
    return Runs(rounds, is_member, np.stack(losses, axis=1))


def _others(members: NDArray[np.intp], n: int, random: np.random.Generator) -> NDArray[np.intp]:
    """Return members of a second reference without those of the first, so that every person is missing from one of the two."""
    return random.permutation(np.setdiff1d(np.arange(n), members))[: len(members)]


def halves(voices: Voices, random: np.random.Generator) -> list[NDArray[np.bool_]]:
    """Split each person's recordings of the attacker in two, (n_people, n_rows) each; one that stands twice stays whole."""
    is_first = []
    for some in voices.held:
        names = np.unique(some, axis=0, return_inverse=True)[1].ravel()
        is_first.append((random.permutation(names.max() + 1) % 2 == 0)[names])
    return [np.stack(is_first), ~np.stack(is_first)]


def late_losses(runs: Runs, voices: Voices, kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the logarithm of each person's mean absolute error on the recordings kept, (n_federations, n_people).

    An error is that of the late rounds' mean output.
    """
    late = runs.rounds[-LATE:]
    missed = np.abs(sum(errors(networks, voices.held, voices.held_target) for networks in late) / len(late))
    return np.asarray(np.log((missed * kept).sum(axis=2) / kept.sum(axis=1) + 1e-6))


def errors(networks: Networks, x: Floats, y: Floats) -> NDArray[np.float64]:
    """Return what each network misses each recording by, (n_federations, n_people, n_rows)."""
    out = networks.outputs(x.reshape(-1, x.shape[-1]))
    return np.asarray(out.reshape(len(networks), *y.shape) - y, dtype=float)


def person_losses(networks: Networks, x: Floats, y: Floats) -> NDArray[np.float64]:
    """Return the logarithm of each person's mean absolute error, (n_federations, n_people): calibration then is a ratio."""
    return np.asarray(np.log(np.abs(errors(networks, x, y)).mean(axis=2) + 1e-6))
