"""Silos that train one model together by averaging, many federations and all their silos at once.

Source: McMahan et al. (2017), "Communication-Efficient Learning of Deep Networks from Decentralized Data", algorithm 1; noise for
silos is McMahan et al. (2018), "Learning Differentially Private Recurrent Language Models"; for subjects, Suri, Kanani, Marathe,
Peterson (2022), arXiv 2206.03317, and Marathe, Kanani (2022), "Subject Granular Differential Privacy in Federated Learning".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from personae.audit.accountant import epsilon
from personae.audit.many_networks import Adam, Floats, Networks, Noise, slopes_of, train
from personae.errors import BadInput
from personae.metrics.intervals import RandomState

Level = Literal["item", "user", "subject"]


@dataclass(frozen=True, slots=True)
class Privacy:
    """Whose part in training is cut to `clip` and drowned in noise of `multiplier` * clip.

    Parameters
    ----------
    level : "item", "user" or "subject"
        A record's part, a silo's, a person's.
    clip, multiplier : float
        As in `Noise`.

    Raises
    ------
    BadInput
        For another level, or a clip or multiplier that `Noise` refuses.
    """

    level: Level
    clip: float
    multiplier: float

    def __post_init__(self) -> None:
        if self.level not in get_args(Level):
            raise BadInput(f"No level {self.level!r}: there are {', '.join(get_args(Level))}.")
        Noise(self.clip, self.multiplier)

    @property
    def noise(self) -> Noise:
        """Clip and multiplier alone."""
        return Noise(self.clip, self.multiplier)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a federation trains: rounds, epochs on each silo between two rounds, rows in a batch, Adam's rate."""

    n_rounds: int = 30
    n_epochs: int = 5
    batch_size: int = 50
    learning_rate: float = 1e-3


def federate(
    start: Networks,
    x: Floats,
    y: Floats,
    *,
    schedule: Schedule,
    is_binary: bool = False,
    privacy: Privacy | None = None,
    random_state: RandomState = 0,
) -> list[Networks]:
    """Return the global networks before the first round and after each.

    Parameters
    ----------
    start : Networks
        One for each federation.
    x : ndarray of shape (n_federations, n_silos, n_subjects, n_rows, n_in)
        The rows of each subject in each silo; every silo has as many, so that all weigh alike in the average.
    y : ndarray of shape (n_federations, n_silos, n_subjects, n_rows)
    schedule : Schedule
    is_binary
        As in `personae.audit.many_networks.train`.
    privacy : Privacy, optional

    Notes
    -----
    theta_{t+1} = mean over silos of theta_t^k. Adam starts anew in each round. Private silos take Adam steps on noised slopes
    ("item", "subject"), or send their change of theta cut to the clip, to whose sum noise is added ("user"). A private step
    for subjects sees all rows of the silo and cuts each subject's mean slope.

    Examples
    --------
    >>> from personae.audit.many_networks import new_networks
    >>> random = np.random.default_rng(0)
    >>> x = random.normal(size=(1, 2, 3, 20, 4)).astype(np.float32)  # a federation: two silos of three people, 20 rows each
    >>> y = x.sum(axis=-1)
    >>> rounds = federate(new_networks(1, (4, 8, 1)), x, y, schedule=Schedule(n_rounds=20, learning_rate=0.02))
    >>> missed = [float(np.abs(each.outputs(x.reshape(-1, 4)) - y.ravel()).mean()) for each in rounds]
    >>> len(rounds), missed[-1] < missed[0] / 5
    (21, True)
    """
    if x.ndim != 5 or y.shape != x.shape[:-1] or len(x) != len(start) or schedule.n_rounds < 1:
        raise BadInput(
            f"{len(start)} networks, rows {x.shape}, targets {y.shape}: give (n_federations, n_silos, n_subjects, n_rows, "
            "n_in), the same without the last for targets, and at least one round."
        )
    random = np.random.default_rng(random_state)
    n_federations, n_silos = x.shape[:2]
    rows = x.reshape(n_federations * n_silos, *x.shape[2:])
    targets = y.reshape(n_federations * n_silos, *y.shape[2:])
    found = [start]
    for _ in range(schedule.n_rounds):
        at_silos = found[-1].take(np.repeat(np.arange(n_federations), n_silos))
        if privacy is not None and privacy.level == "subject":
            trained = _by_subject(at_silos, rows, targets, schedule, is_binary, privacy, random)
        else:
            flat = rows.reshape(len(rows), -1, x.shape[-1])
            noise = privacy.noise if privacy and privacy.level == "item" else None
            trained = train(at_silos, flat, targets.reshape(len(rows), -1), n_epochs=schedule.n_epochs,
                            batch_size=schedule.batch_size, learning_rate=schedule.learning_rate, is_binary=is_binary,
                            noise=noise, random_state=random)  # fmt: skip
        is_cut = privacy is not None and privacy.level == "user"
        found.append(_average(found[-1], trained, n_silos, privacy if is_cut else None, random))
    return found


def spent(
    privacy: Privacy, schedule: Schedule, *, n_rows: int, silos_of_a_subject: int, delta: float
) -> float:
    """Return the epsilon that a federation holds for one record, silo or subject more or less (`privacy.level`).

    Parameters
    ----------
    n_rows : int
        Rows of a silo.
    silos_of_a_subject : int
        In how many silos one subject has rows: each spends by itself.
    """
    if privacy.level == "user":
        return epsilon(privacy.multiplier, rate=1.0, steps=schedule.n_rounds, delta=delta)
    steps = schedule.n_rounds * schedule.n_epochs
    if privacy.level == "subject":
        return epsilon(privacy.multiplier, rate=1.0, steps=steps * silos_of_a_subject, delta=delta)
    size = min(schedule.batch_size, n_rows)
    return epsilon(privacy.multiplier, rate=size / n_rows, steps=steps * -(-n_rows // size), delta=delta)


def _average(
    before: Networks, trained: Networks, n_silos: int, privacy: Privacy | None, random: np.random.Generator
) -> Networks:
    olds = [*before.weights, *before.biases]
    changes = [
        new.reshape(len(before), n_silos, *new.shape[1:]) - old[:, None]
        for new, old in zip((*trained.weights, *trained.biases), olds, strict=True)
    ]
    if privacy is not None:
        squares = sum((change**2).sum(axis=(2, 3), keepdims=True) for change in changes)
        kept = np.minimum(1, privacy.clip / np.sqrt(np.maximum(squares, 1e-12))).astype(np.float32)
        changes = [change * kept for change in changes]
    means = [change.mean(axis=1) for change in changes]
    if privacy is not None:
        scale = np.float32(privacy.clip * privacy.multiplier / n_silos)
        means = [mean + scale * random.standard_normal(mean.shape, dtype=np.float32) for mean in means]
    made = [old + mean for old, mean in zip(olds, means, strict=True)]
    return Networks(tuple(made[: len(made) // 2]), tuple(made[len(made) // 2 :]))


def _by_subject(
    networks: Networks,
    x: Floats,
    y: Floats,
    schedule: Schedule,
    is_binary: bool,
    privacy: Privacy,
    random: np.random.Generator,
) -> Networks:
    m, n_subjects, n_rows, n_in = x.shape
    share = np.full((1, 1), 1 / n_rows, dtype=np.float32)
    state = Adam([w.copy() for w in (*networks.weights, *networks.biases)], schedule.learning_rate)
    each = np.repeat(np.arange(m), n_subjects)
    flat, targets = x.reshape(-1, n_rows, n_in), y.reshape(-1, n_rows)
    for _ in range(schedule.n_epochs):
        slopes = slopes_of(state.networks().take(each), flat, targets, share, is_binary, None)
        squares = sum((slope**2).sum(axis=(1, 2), keepdims=True) for slope in slopes)
        kept = np.minimum(1, privacy.clip / np.sqrt(np.maximum(squares, 1e-12))).astype(np.float32)
        scale = np.float32(privacy.clip * privacy.multiplier / n_subjects)
        sums = [(slope * kept).reshape(m, n_subjects, *slope.shape[1:]).mean(axis=1) for slope in slopes]
        state.step([each + scale * random.standard_normal(each.shape, dtype=np.float32) for each in sums])
    return state.networks()
