"""How every method of the family learns: batches in random order, an early stop, a seed, a checkpoint, and somebody watching."""

from __future__ import annotations

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
    """How long and in what steps; `patience` is the number of epochs without a better score after which it stops (0: never)."""

    n_epochs: int = 20
    batch_size: int = 256
    rate: float = 1e-3
    patience: int = 0


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


def train(
    learner: Learner,
    n_rows: int,
    plan: Plan,
    *,
    score: Callable[[], float] | None = None,
    random_state: int = 0,
    checkpoint: Path | None = None,
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
        Written whole after each epoch (.npz). A run with the same plan goes on from there, and ends as one undisturbed would.

    Raises
    ------
    BadInput
        When there is no row, or the loss is no longer a finite number: the rate is too high.
    """
    if n_rows < 1:
        raise BadInput("No rows to learn from: give at least one.")
    epochs: list[Epoch] = []
    best: State | None = None
    if checkpoint is not None and checkpoint.is_file():
        epochs, best = _resume(checkpoint, learner, plan)
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
            _keep(checkpoint, learner, epochs, best, plan)
        watch(epochs[-1])
    if best is not None:
        learner.restore(best)
    return tuple(epochs)


def _best(epochs: list[Epoch]) -> int:
    return int(np.argmax([-np.inf if each.score is None else each.score for each in epochs]))


def _is_over(epochs: list[Epoch], plan: Plan) -> bool:
    return bool(plan.patience and epochs and len(epochs) - 1 - _best(epochs) >= plan.patience)


def _keep(path: Path, learner: Learner, epochs: list[Epoch], best: State | None, plan: Plan) -> None:
    history = np.array([[each.loss, np.nan if each.score is None else each.score] for each in epochs])
    arrays = {f"now.{name}": each for name, each in learner.state().items()}
    arrays |= {f"best.{name}": each for name, each in (best or {}).items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        np.savez(file, history=history, plan=np.array(repr(plan)), **arrays)  # type: ignore[arg-type]
    part.replace(path)


def _resume(path: Path, learner: Learner, plan: Plan) -> tuple[list[Epoch], State | None]:
    with np.load(path, allow_pickle=False) as kept:
        if str(kept["plan"]) != repr(plan):
            raise BadInput(
                f"{path.name} was written under another plan: delete it, or go on with {kept['plan']}."
            )
        states = {
            part: {
                name.removeprefix(f"{part}."): kept[name]
                for name in kept.files
                if name.startswith(f"{part}.")
            }
            for part in ("now", "best")
        }
        history = kept["history"]
    learner.restore(states["now"])
    epochs = [
        Epoch(place + 1, plan.n_epochs, float(loss), None if np.isnan(score) else float(score))
        for place, (loss, score) in enumerate(history)
    ]
    return epochs, states["best"] or None
