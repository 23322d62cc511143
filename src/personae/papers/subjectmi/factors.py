"""What makes a subject easier to find: federations of invented subjects over drawn settings, and a regression of the AUC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personae.audit.many_networks import Floats, new_networks
from personae.audit.subjectmi import Schedule, federate, final_loss
from personae.metrics.calibration import auroc
from personae.metrics.intervals import bootstrap, bootstrap_mean
from personae.papers.harness import Comparison, Context, compare

N_INPUTS = 10
N_SILOS = 4
N_FEDERATIONS = 4
N_HELD = 20
RANGES = {  # least and most, drawn evenly on the logarithm
    "items per subject": (4, 40),
    "subjects per silo": (4, 16),
    "rounds": (3, 30),
    "epochs on a silo": (1, 5),
    "width": (4, 64),
    "distance between subjects": (0.25, 2.0),
}
SIGNS = {name: "< 0" if name == "subjects per silo" else "> 0" for name in RANGES}  # card


@dataclass(frozen=True, slots=True)
class Setting:
    """One configuration, in the order of `RANGES`."""

    n_items: int
    n_subjects: int
    n_rounds: int
    n_epochs: int
    width: int
    distance: float


def factor_rows(context: Context) -> Iterator[Comparison]:
    """Yield each factor's effect: points of AUC for one standard deviation of its logarithm."""
    n = 12 if context.quick else 120
    random = np.random.default_rng((context.seed, 7))
    logs = np.stack([random.uniform(np.log(low), np.log(high), n) for low, high in RANGES.values()], axis=1)
    values = [_auc(_setting(np.exp(row)), random) for row in context.track(list(logs), "factor study")]
    design = np.hstack([np.ones((n, 1)), (logs - logs.mean(axis=0)) / logs.std(axis=0)])
    outcome = np.array(values)

    def effect(place: int, rows: NDArray[np.intp]) -> float:
        return float(np.linalg.lstsq(design[rows], outcome[rows], rcond=None)[0][place])

    for place, name in enumerate(RANGES, start=1):
        found = bootstrap(lambda rows, place=place: effect(place, rows), n, draws=context.draws // 4,  # type: ignore[misc]
                          random_state=context.seed)  # fmt: skip
        yield compare(
            "invented subjects, attack 1", "AUC for one sd of the logarithm", name, found, bar=SIGNS[name]
        )
    mean = bootstrap_mean(outcome, draws=context.draws, random_state=context.seed)
    yield compare("invented subjects, attack 1", "AUC, mean over settings", "all settings", mean)


def _setting(drawn: NDArray[np.float64]) -> Setting:
    whole = [round(float(each)) for each in drawn[:5]]
    return Setting(whole[0], whole[1], whole[2], whole[3], whole[4], float(drawn[5]))


def _auc(setting: Setting, random: np.random.Generator) -> float:
    """Return attack 1's mean AUC: as many subjects out of the federation as in it, no record of the attacker's in training."""
    n_members = N_SILOS * setting.n_subjects
    x, y = _subjects(2 * n_members, setting.n_items + N_HELD, setting.distance, random)
    rows = (N_FEDERATIONS, N_SILOS, setting.n_subjects, setting.n_items)
    trained = slice(None, setting.n_items)
    start = new_networks(N_FEDERATIONS, (N_INPUTS, setting.width, 1), random)
    schedule = Schedule(setting.n_rounds, setting.n_epochs, 20, 1e-2)
    rounds = federate(start, x[:, :n_members, trained].reshape(*rows, N_INPUTS), y[:, :n_members, trained].reshape(rows),
                      schedule=schedule, is_binary=True, random_state=random)  # fmt: skip
    held, labels = x[:, :, setting.n_items :], y[:, :, setting.n_items :]
    out = rounds[-1].outputs(held.reshape(N_FEDERATIONS, -1, N_INPUTS)).reshape(labels.shape)
    losses = (np.logaddexp(0, out) - labels * out).mean(axis=2)
    is_member = np.arange(2 * n_members) < n_members
    return float(np.mean([auroc(final_loss(some[None]), is_member) for some in losses]))


def _subjects(n: int, n_items: int, distance: float, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Return items (n_federations, n, n_items, n_inputs) of Gaussian subjects with means of their own, and their labels.

    A label is 1 where w x + distance * (the subject's own level) is above 0, w shared.
    """
    means = distance * random.normal(size=(N_FEDERATIONS, n, 1, N_INPUTS))
    x = means + random.normal(size=(N_FEDERATIONS, n, n_items, N_INPUTS))
    shared = random.normal(size=(N_FEDERATIONS, 1, 1, N_INPUTS))
    level = distance * np.sqrt(N_INPUTS) * random.normal(size=(N_FEDERATIONS, n, 1))
    return x.astype(np.float32), ((shared * x).sum(axis=3) + level > 0).astype(np.float32)
