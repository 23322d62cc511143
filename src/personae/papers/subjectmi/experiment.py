"""Subject membership: was this person's data in the federation, told from other samples of the person.

Source: Suri, Kanani, Marathe, Peterson (2022-23), "Subject Membership Inference Attacks in Federated Learning", arXiv
2206.03317 v3. The paper's tables could not be had, and its code was never published: no number of it stands beside these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from personae.audit.subjectmi import (
    JointLikelihoodRatio,
    Schedule,
    across_rounds,
    calibrated,
    choose_threshold,
    final_loss,
    vote,
)
from personae.metrics.intervals import bootstrap_mean
from personae.metrics.logistic import fit_logistic
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.subjectmi import plays, voice
from personae.papers.subjectmi.factors import factor_rows
from personae.papers.subjectmi.noise import error_rows, private_rows
from personae.papers.subjectmi.scoring import (
    FIRST,
    FIRST_CALIBRATED,
    LIKELIER,
    METRICS,
    auc_row,
    known_subjects,
    score_rows,
)
from personae.papers.subjectmi.voice import DATA, VOICE, Runs, Voices

PLAYS = "Shakespeare's speakers"
SECOND, SECOND_CALIBRATED = "attack 2", "attack 2, calibrated"
EXACT = "exact records, upper reference"
JOINT = "likelihood ratio of all subjects together, ours"
AT_ONCE = 10  # shadow federations


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table; intervals over federations."""
    voices = voice.load(context)
    yield from _voice_rows(context, voices)
    yield from private_rows(context, voices)
    yield from factor_rows(context)
    if not context.quick:
        yield from _play_rows(context)


def _voice_rows(context: Context, voices: Voices) -> Iterator[Comparison]:
    random = np.random.default_rng((context.seed, 1))
    n, n_references = (4, 6) if context.quick else (20, 40)
    schedule = replace(voice.SCHEDULE, n_rounds=10) if context.quick else voice.SCHEDULE
    victims = voice.run(voices, n, random, schedule=schedule)
    references = voice.run(voices, n_references, random, schedule=schedule, is_reference=True)
    harder = calibrated(victims.losses, references.losses, references.is_member)
    known = known_subjects(victims.is_member, random)
    scores = {
        FIRST: final_loss(victims.losses),
        FIRST_CALIBRATED: final_loss(harder),
        SECOND: across_rounds(victims.losses),
        f"{SECOND}, drop": across_rounds(victims.losses, way="drop"),
        f"{SECOND}, slope": across_rounds(victims.losses, way="slope"),
        SECOND_CALIBRATED: across_rounds(harder, way="slope"),
        "chance": random.random(victims.is_member.shape),
        "age and sex": _by_traits(voices, victims, known),
        "sample-level vote": _votes(voices, victims, known),
        EXACT: -voice.person_losses(victims.rounds[-1], voices.trained, voices.trained_target),
    }
    for method, found in scores.items():
        yield from score_rows(context, VOICE, method, found, victims.is_member, known)
    yield from _joint_rows(context, voices, victims, known, schedule)
    shuffled = random.permuted(victims.is_member, axis=1)
    yield from score_rows(context, VOICE, f"{FIRST_CALIBRATED}, shuffled membership", final_loss(harder), shuffled,
                          known_subjects(shuffled, random), {"AUC": "< .58"})  # fmt: skip
    yield from _early_rows(context, victims, harder)
    yield from error_rows(context, VOICE, voices, victims)


def _joint_rows(
    context: Context, voices: Voices, victims: Runs, known: NDArray[np.bool_], schedule: Schedule
) -> Iterator[Comparison]:
    """Everybody told at once, by shadow federations that learn from one half of the attacker's recordings and face the other."""
    random = np.random.default_rng((context.seed, 6))
    shuffled = random.permuted(victims.is_member, axis=1)
    known_shuffled = known_subjects(shuffled, random)
    given = np.where(known, victims.is_member, np.nan)
    misled = np.where(known_shuffled, shuffled, np.nan)
    together, apart, control = np.zeros((3, *known.shape))
    for kept in voice.halves(voices, random):
        options = {"schedule": schedule, "is_reference": True, "left_out": kept}
        runs = [
            voice.run(voices, AT_ONCE, random, **options)  # type: ignore[arg-type]
            for _ in context.track(list(range(1 if context.quick else 6)), "shadow federations")
        ]
        losses = np.concatenate([voice.late_losses(some, voices, kept) for some in runs])
        is_in = np.concatenate([some.is_member for some in runs])
        shown = voice.late_losses(victims, voices, kept)
        learned = JointLikelihoodRatio().fit(losses, is_in)
        together += learned.score(shown, given) / 2
        control += learned.score(shown, misled) / 2
        apart += JointLikelihoodRatio(n_sweeps=1).fit(losses, is_in).score(shown) / 2
    bars = {} if context.quick else {"AUC": ">= .90", LIKELIER: ">= .80"}
    for method, found, some in ((JOINT, together, bars), (f"{JOINT}, each by itself", apart, {})):
        yield from score_rows(
            context, VOICE, method, found, victims.is_member, known, some, only=(*METRICS, LIKELIER)
        )
    yield from score_rows(context, VOICE, f"{JOINT}, shuffled membership", control, shuffled, known_shuffled,
                          {} if context.quick else {"AUC": "< .58"}, only=("AUC", LIKELIER))  # fmt: skip


def _early_rows(context: Context, victims: Runs, harder: NDArray[np.float64]) -> Iterator[Comparison]:
    """The attacks after fewer rounds."""
    for n_rounds in (2, 5, 10, 30):
        if n_rounds < victims.losses.shape[1] - 1:
            seen = slice(None, n_rounds + 1)
            for method, found in (
                (FIRST, final_loss(victims.losses[:, seen])),
                (FIRST_CALIBRATED, final_loss(harder[:, seen])),
                (f"{SECOND}, slope", across_rounds(victims.losses[:, seen], way="slope")),
                (SECOND_CALIBRATED, across_rounds(harder[:, seen], way="slope")),
            ):
                yield auc_row(context, f"{VOICE}, {n_rounds} rounds", method, found, victims.is_member)


def _by_traits(voices: Voices, runs: Runs, known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return what age and sex alone say, learned from the known subjects."""
    spread = (voices.traits - voices.traits.mean(axis=0)) / voices.traits.std(axis=0)
    shown = np.hstack([np.ones((len(spread), 1)), spread])
    fits = [fit_logistic(shown[some], member[some].astype(float), penalty=1.0)
            for member, some in zip(runs.is_member, known, strict=True)]  # fmt: skip
    return np.stack([shown @ fit for fit in fits])


def _votes(voices: Voices, runs: Runs, known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the share of each subject's samples below a threshold learned from the known subjects' samples."""
    losses = np.abs(voice.errors(runs.rounds[-1], voices.held, voices.held_target))
    n_people, n_rows = losses.shape[1:]
    found = []
    for some, member, given in zip(losses, runs.is_member, known, strict=True):
        cut = choose_threshold(-some[given].ravel(), np.repeat(member[given], n_rows), aim="accuracy")
        found.append(vote(some.ravel(), np.repeat(np.arange(n_people), n_rows), n_people, -cut.value))
    return np.stack(found)


def _play_rows(context: Context) -> Iterator[Comparison]:
    """Speakers of the plays: AUC by round and by how much a speaker says, and what the model keeps of a speaker."""
    texts = plays.load(context)
    random = np.random.default_rng((context.seed, 5))
    n_speakers, n_rounds = len(texts.trained), 12
    members: list[NDArray[np.bool_]] = []
    losses: list[NDArray[np.float64]] = []
    for run in context.track(list(range(7)), "plays: federations"):
        is_in = random.permutation(n_speakers) < n_speakers // 2
        if run in (4, 6):  # the other half of the reference before
            is_in = ~members[-1]
        chosen = np.flatnonzero(is_in)
        losses.append(
            np.stack(list(plays.train(texts, chosen, n_rounds=n_rounds, seed=run, is_reference=run > 2)))
        )
        members.append(is_in)
    is_member, (table, own) = np.stack(members), np.moveaxis(np.stack(losses), 2, 0)
    harder, owned = (calibrated(some[:3], some[3:], is_member[3:]) for some in (table, own))
    is_member = is_member[:3]
    for n in (1, 3, 6, n_rounds):
        seen, setting = slice(None, n + 1), f"{PLAYS}, {n} rounds"
        bar = "> .6" if n == n_rounds else ""
        yield auc_row(context, setting, FIRST, final_loss(table[:3, seen]), is_member)
        yield auc_row(context, setting, FIRST_CALIBRATED, final_loss(harder[:, seen]), is_member, bar)
        yield auc_row(
            context, setting, SECOND_CALIBRATED, across_rounds(harder[:, seen], way="drop"), is_member
        )
        yield auc_row(context, setting, f"{EXACT}, calibrated", final_loss(owned[:, seen]), is_member)
    said = np.array([len(some) for some in texts.trained])
    for name, part in (
        ("fewer characters", said < np.median(said)),
        ("more characters", said >= np.median(said)),
    ):
        yield auc_row(
            context, f"{PLAYS}, {name}", FIRST_CALIBRATED, final_loss(harder)[:, part], is_member[:, part]
        )
    setting = f"{PLAYS}, {n_rounds} rounds"
    loss = bootstrap_mean(table[:3, -1].mean(axis=0), draws=context.draws, random_state=context.seed)
    yield compare(setting, "loss, nats a character", "model, all speakers' new speeches", loss)
    for name, some in (("new speeches", harder[:, -1]), ("speeches of the training", owned[:, -1])):
        gaps = [
            row[~members].mean() - row[members].mean() for row, members in zip(some, is_member, strict=True)
        ]
        spreads = [row[~members].std() for row, members in zip(some, is_member, strict=True)]
        for metric, values in (
            ("members' gain, nats a character", gaps),
            ("spread of others, nats a character", spreads),
        ):
            found = bootstrap_mean(values, draws=context.draws, random_state=context.seed)
            yield compare(setting, metric, f"calibrated loss, {name}", found)


EXPERIMENT = Experiment(DATA, rows)
