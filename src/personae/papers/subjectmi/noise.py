"""Noise for a record, a person or a silo: how well people are still told, beside what it costs and what it promises."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from personae.audit.accountant import group_epsilon
from personae.audit.subjectmi import Privacy, Schedule, calibrated, final_loss, spent
from personae.audit.subjectmi.federation import Level
from personae.metrics.intervals import bootstrap_mean
from personae.papers.harness import Comparison, Context, compare
from personae.papers.subjectmi import voice
from personae.papers.subjectmi.scoring import FIRST_CALIBRATED, auc_row
from personae.papers.subjectmi.voice import N_SILOS, VOICE, Runs, Voices

PRIVATE = Schedule(n_rounds=10, n_epochs=2, batch_size=90, learning_rate=6e-3)
CLIPS = {"item": 1.0, "subject": 1.0, "user": 0.3}
MULTIPLIERS = (0.5, 2.0, 8.0)
MORE = (16.0, 32.0, 64.0)  # for records alone
DELTA = 1e-3
N_MEMBERS_IN_SILO = 2 * voice.N_MEMBERS // N_SILOS


def private_rows(context: Context, voices: Voices) -> Iterator[Comparison]:
    """AUC of the calibrated attack beside the error, at three levels; for records, what a person is promised too."""
    random = np.random.default_rng((context.seed, 3))
    n, n_references = (3, 6) if context.quick else (10, 20)
    references = voice.run(voices, n_references, random, schedule=PRIVATE, is_reference=True)
    levels: tuple[Level, ...] = ("item", "subject", "user")
    multipliers = MULTIPLIERS[1:2] if context.quick else MULTIPLIERS
    plans = [None, *(Privacy(level, CLIPS[level], each) for level in levels for each in multipliers)]
    more = [] if context.quick else [Privacy("item", CLIPS["item"], each) for each in MORE]
    later = np.random.default_rng((context.seed, 8))
    for place, privacy in enumerate(context.track([*plans, *more], "private federations")):
        drawn = random if place < len(plans) else later
        runs = voice.run(voices, n, drawn, schedule=PRIVATE, privacy=privacy)
        harder = calibrated(runs.losses, references.losses, references.is_member)
        setting = f"{VOICE}, {PRIVATE.n_rounds} rounds, no noise"
        bar = ""
        if privacy is not None:
            n_rows = N_MEMBERS_IN_SILO * voices.trained.shape[1] // 2
            promised = spent(privacy, PRIVATE, n_rows=n_rows, silos_of_a_subject=2, delta=DELTA)
            setting = f"{VOICE}, {privacy.level} noise {privacy.multiplier:g}, epsilon {promised:.3g}"
            bar = "<= .60" if promised <= 2 else ""
        yield auc_row(context, setting, FIRST_CALIBRATED, final_loss(harder), runs.is_member, bar)
        yield from error_rows(context, setting, voices, runs)
        if privacy is not None and privacy.level == "item":
            yield compare(
                setting, f"epsilon at delta {DELTA:g}", "of a person", person_epsilon(privacy, voices)
            )


def person_epsilon(privacy: Privacy, voices: Voices) -> float:
    """Return what noise for records promises a member, half of whose recordings are in each of two silos."""
    half = voices.trained.shape[1] // 2
    n_rows = N_MEMBERS_IN_SILO * half
    size = min(PRIVATE.batch_size, n_rows)
    steps = 2 * PRIVATE.n_rounds * PRIVATE.n_epochs * -(-n_rows // size)
    return group_epsilon(privacy.multiplier, rate=size / n_rows, steps=steps, delta=DELTA, n_records=half)


def error_rows(context: Context, setting: str, voices: Voices, runs: Runs) -> Iterator[Comparison]:
    """Mean absolute error on new recordings, of members and of others."""
    missed = voices.scale * np.abs(voice.errors(runs.rounds[-1], voices.held, voices.held_target)).mean(
        axis=2
    )
    for name, chosen in (("members", runs.is_member), ("other people", ~runs.is_member)):
        values = [row[some].mean() for row, some in zip(missed, chosen, strict=True)]
        found = bootstrap_mean(values, draws=context.draws, random_state=context.seed)
        yield compare(
            setting, "mean absolute error, points of the scale", f"model, new recordings of {name}", found
        )
