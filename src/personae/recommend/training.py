"""How every method of the family learns: batches in random order, an early stop, a seed, a checkpoint, and somebody watching."""

from __future__ import annotations

import hashlib
import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.recommend.interactions import Codes

State = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and in what steps; `patience` is the number of epochs without a better score after which it stops (0: never).

    No epoch leaves everything as it began. Raises `BadInput` for a negative number, no batch, or a rate that is not above 0.
    """

    n_epochs: int = 20
    batch_size: int = 256
    rate: float = 1e-3
    patience: int = 0

    def __post_init__(self) -> None:
        """Refuse what nothing can be learned by."""
        if self.n_epochs < 0 or self.batch_size < 1 or self.patience < 0 or not 0 < self.rate < math.inf:
            raise BadInput(
                f"{self}: give n_epochs and patience of 0 or more, batch_size of 1 or more and a finite rate above 0."
            )


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass: its number from 1, how many are planned, the mean loss of its batches, the score on held-out rows if any."""

    number: int
    planned: int
    loss: float
    score: float | None


class Learner(Protocol):
    """What is learned. `begin` opens an epoch, counted from 0; `state` is all that a resumed run needs, as arrays."""

    def begin(self, epoch: int) -> None: ...
    def step(self, rows: Codes, random: np.random.Generator) -> float: ...
    def state(self) -> State: ...
    def restore(self, state: State) -> None: ...


def fingerprint(*parts: object) -> str:
    """Return what tells these arrays and plain values from others; a checkpoint keeps it of what it was learned from.

    >>> fingerprint(np.arange(3), ("a", "b")) == fingerprint(np.arange(3), ("a", "c"))
    False
    """
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        content = part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode()
        found.update(f"{len(content)} ".encode() + content)
    return found.hexdigest()


def train(
    learner: Learner,
    n_rows: int,
    plan: Plan,
    *,
    score: Callable[[], float] | None = None,
    random_state: int = 0,
    checkpoint: Path | None = None,
    given: str = "",
    watch: Callable[[Epoch], None] = lambda _: None,
) -> tuple[Epoch, ...]:
    """Go through the rows until the plan ends or the score no longer rises, and leave the learner at its best.

    Parameters
    ----------
    n_rows : int
        A step is given row numbers below it, shape (batch_size,) or fewer.
    score : callable, optional
        Called after each epoch; higher is better, and the best epoch's state is kept. Never on the test rows.
    checkpoint : Path, optional
        Written whole after each epoch (.npz). A run with the same plan, seed and rows goes on from there, and ends as one
        undisturbed would.
    given : str
        `fingerprint` of what is learned from; a checkpoint of anything else is refused.

    Raises
    ------
    BadInput
        When there is no row, the loss is no longer a finite number (the rate is too high), or the checkpoint is of another run.
    """
    if n_rows < 1:
        raise BadInput("No rows to learn from: give at least one.")
    epochs: list[Epoch] = []
    best: State | None = None
    source = fingerprint(n_rows, random_state, given)
    if checkpoint is not None and checkpoint.is_file():
        epochs, best = _resume(checkpoint, learner, plan, source)
    for number in range(len(epochs), plan.n_epochs):
        if _is_over(epochs, plan):
            break
        random = np.random.default_rng([random_state, number])
        learner.begin(number)
        order = random.permutation(n_rows)
        losses = [
            learner.step(order[start : start + plan.batch_size], random)
            for start in range(0, n_rows, plan.batch_size)
        ]
        if not np.isfinite(losses).all():
            raise BadInput(
                f"The loss grew beyond all numbers in epoch {number + 1}: choose a lower rate than {plan.rate}."
            )
        epochs.append(
            Epoch(number + 1, plan.n_epochs, float(np.mean(losses)), None if score is None else score())
        )
        if score is not None and _best(epochs) == number:
            best = {name: np.array(each) for name, each in learner.state().items()}
        if checkpoint is not None:
            _keep(checkpoint, learner, epochs, best, plan, source)
        watch(epochs[-1])
    if best is not None:
        learner.restore(best)
    return tuple(epochs)


def _best(epochs: list[Epoch]) -> int:
    return int(np.argmax([-np.inf if each.score is None else each.score for each in epochs]))


def _is_over(epochs: list[Epoch], plan: Plan) -> bool:
    return bool(plan.patience and epochs and len(epochs) - 1 - _best(epochs) >= plan.patience)


def _keep(
    path: Path, learner: Learner, epochs: list[Epoch], best: State | None, plan: Plan, source: str
) -> None:
    history = np.array([[each.loss, np.nan if each.score is None else each.score] for each in epochs])
    arrays = {f"now.{name}": each for name, each in learner.state().items()}
    arrays |= {f"best.{name}": each for name, each in (best or {}).items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        np.savez(file, history=history, plan=np.array(repr(plan)), source=np.array(source), **arrays)  # type: ignore[arg-type]
    part.replace(path)


def _resume(path: Path, learner: Learner, plan: Plan, source: str) -> tuple[list[Epoch], State | None]:
    try:
        with np.load(path, allow_pickle=False) as file:
            kept = dict(file)
        planned, made_of, history = str(kept["plan"]), str(kept["source"]), kept["history"]
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise BadInput(
            f"{path.name}: no whole checkpoint of such a run. Delete it, or name another file."
        ) from error
    if planned != repr(plan):
        raise BadInput(f"{path.name} was written under another plan: delete it, or go on with {planned}.")
    if made_of != source:
        raise BadInput(
            f"{path.name} was written with other rows or another seed: delete it, or give what it was begun with."
        )
    states = {
        part: {
            name.removeprefix(f"{part}."): each for name, each in kept.items() if name.startswith(f"{part}.")
        }
        for part in ("now", "best")
    }
    try:
        learner.restore(states["now"])
    except (RuntimeError, ValueError, KeyError) as error:
        raise BadInput(
            f"{path.name} is of a learner of other sizes: delete it, or give those sizes."
        ) from error
    epochs = [
        Epoch(place + 1, plan.n_epochs, float(loss), None if np.isnan(score) else float(score))
        for place, (loss, score) in enumerate(history)
    ]
    return epochs, states["best"] or None
