"""What defences buy: attack success beside accuracy, as each defence grows; the adversary trains with the same defence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from personae.audit.accountant import epsilon
from personae.audit.many_networks import Networks, Noise
from personae.metrics.intervals import bootstrap_mean
from personae.papers.distinfer.attacks import BEST, World, attack, omega_rows, omegas
from personae.papers.distinfer.census import BATCH, N_EPOCHS, Population
from personae.papers.harness import Comparison, Context, compare
from personae.report.plots import Kept

FIRST, SECOND = 0.5, 0.1
EPOCHS = (60, 30, N_EPOCHS, 5, 2)
PRIVATE_EPOCHS = 15
MULTIPLIERS = (0.0, 0.6, 1.0, 2.0, 5.0)
CLIP = 1.0
UNDER = f"share of women, {FIRST:g} against {SECOND:g}, "
OMEGA, ACCURACY, VICTIMS = "omega", "accuracy of the victims on their own ratio", "victims"


def defence_rows(context: Context, people: Population, random: np.random.Generator) -> Iterator[Comparison]:
    """Early stopping, private steps, and resampling to one half before training."""
    epochs = EPOCHS[3:4] if context.quick else EPOCHS
    multipliers = MULTIPLIERS[2:3] if context.quick else MULTIPLIERS
    for n in context.track(list(epochs), "early stopping"):
        yield from _rows(context, f"early stopping, {n} epochs", _worlds(context, people, random, n, None))
    size = people.sizes.n_rows
    for multiplier in context.track(list(multipliers), "private steps"):
        steps = PRIVATE_EPOCHS * -(-size // BATCH)
        spent = epsilon(multiplier, rate=BATCH / size, steps=steps, delta=1 / size)
        name = f"private steps, noise {multiplier:g}, epsilon {spent:.3g} at delta {1 / size:g}"
        yield from _rows(
            context, name, _worlds(context, people, random, PRIVATE_EPOCHS, Noise(CLIP, multiplier))
        )
    yield from _rows(context, "resampled to .5", _resampled(context, people, random))


def curves(rows: Sequence[Comparison]) -> dict[str, list[Kept]]:
    """Return each defence's line from the rows of a run: accuracy and the best attack's omega, the weakest defence first."""
    by_setting: dict[str, dict[str, Comparison]] = {}
    for row in rows:
        if row.setting.startswith(UNDER) and (row.metric, row.method) in ((OMEGA, BEST), (ACCURACY, VICTIMS)):
            by_setting.setdefault(row.setting.removeprefix(UNDER), {})[row.method] = row
    lines: dict[str, list[Kept]] = {}
    for name, found in by_setting.items():
        told, right = found[BEST], found[VICTIMS]
        kept = (right.value, told.value, told.low or 0.0, 1.0 if told.high is None else told.high)
        lines.setdefault(name.split(",")[0], []).append(kept)
    return lines


def _rows(context: Context, defence: str, worlds: tuple[World, World]) -> Iterator[Comparison]:
    setting = f"{UNDER}{defence}"
    yield from omega_rows(setting, omegas(attack(*worlds, n_epochs=60, seed=context.seed)))
    right = [((each.victims.outputs(each.inputs) > 0) == each.labels).mean(axis=1) for each in worlds]
    yield compare(
        setting,
        ACCURACY,
        VICTIMS,
        bootstrap_mean(np.concatenate(right)),
    )


def _counts(context: Context) -> tuple[int, int]:
    return (12, 10) if context.quick else (40, 40)


def _worlds(
    context: Context, people: Population, random: np.random.Generator, n_epochs: int, noise: Noise | None
) -> tuple[World, World]:
    def world(ratio: float) -> World:
        local, victims = (
            people.models([cells] * n, ratio, random, n_epochs=n_epochs, noise=noise)
            for cells, n in zip((people.local, people.victim), _counts(context), strict=True)
        )
        return _tested(people, ratio, local, victims, random)

    return world(FIRST), world(SECOND)


def _resampled(context: Context, people: Population, random: np.random.Generator) -> tuple[World, World]:
    """Each model's owner has a population of the secret ratio, and discards rows of it to one half before training."""

    def world(ratio: float) -> World:
        local, victims = (
            people.models(
                [cells.discard(ratio, random) for _ in range(n)],
                FIRST,
                random,
                n_epochs=10 if context.quick else N_EPOCHS,
            )
            for cells, n in zip((people.local, people.victim), _counts(context), strict=True)
        )
        return _tested(people, FIRST, local, victims, random)

    return world(FIRST), world(SECOND)


def _tested(
    people: Population, ratio: float, local: Networks, victims: Networks, random: np.random.Generator
) -> World:
    sample = people.sample(ratio, random)
    return World(local, victims, people.census.inputs[sample], people.census.income[sample])
