"""P(IK): can it be told from the question alone whether a model will be right, and does that hold on other questions?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.knowledge import KnowledgeHead, others_right
from personae.metrics.calibration import error_columns, error_of_sums, error_saved_of_sums
from personae.metrics.discrimination import DrawnAuroc, auroc_interval, drawn_auroc
from personae.metrics.folds import level_folds
from personae.metrics.intervals import bootstrap_mean, bootstrap_sums
from personae.models.encoder import Encoder
from personae.papers.harness import Comparison, Context, compare
from personae.papers.zeroeval import SETS, Outcomes, outcomes

Array = NDArray[np.float64]
FOLDS = 10
QUICK_QUESTIONS = 120
WITHIN = "AUROC within models"
HEAD = "P(IK) head, encoder and counts"
LEAST = {"GSM8K": ">= .62", "MATH-L5": ">= .65"}  # issue 3
FLOORS = {  # card, mean over models on 70/30 items: question length, share of the other models that are right
    ("GSM8K", "question length"): 0.567, ("MATH-L5", "question length"): 0.584,
    ("GSM8K", "other models right"): 0.878, ("MATH-L5", "other models right"): 0.844,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """Scores of questions, the same for every model, and P(IK), both (n_models, n_questions).

    Within a model only the score matters. The models' levels are fitted anew in each fold, high where the fold left out many of
    its errors: across folds they would turn the order of a weak score round.
    """

    scores: Array
    chances: Array


def knowing_rows(context: Context) -> Iterator[Comparison]:
    """Yield P(IK) at home by ten folds over questions, then from each set of questions to the other."""
    encoder = context.encoder()
    limit = QUICK_QUESTIONS if context.quick and context.limit is None else context.limit
    sets = {name: outcomes(context, name, limit) for name in SETS}
    at_home = {}
    for name, found in sets.items():
        at_home[name] = held_out(context, found, "encoder and counts", encoder=encoder)
        yield from _home(context, found, encoder, at_home[name])
    yield from _away(context, sets["GSM8K"], sets["MATH-L5"], encoder, at_home["MATH-L5"].chances)
    yield from _away(context, sets["MATH-L5"], sets["GSM8K"], encoder, at_home["GSM8K"].chances)


def held_out(
    context: Context, found: Outcomes, label: str, *, encoder: Encoder | None, shape: bool = True
) -> Held:
    """Read every question with a head that has not seen it."""
    folds = _folds(context, found)
    scores, chances = np.empty(len(found.questions)), np.empty(found.right.shape)
    for fold in context.track(range(FOLDS), f"{found.name}: {label}"):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        head = KnowledgeHead(encoder=encoder, shape=shape, random_state=context.seed)
        head.fit([found.questions[i] for i in train], found.right[:, train], found.models)
        asked = [found.questions[i] for i in test]
        scores[test], chances[:, test] = head.score(asked), head.predict(asked)
    return Held(np.broadcast_to(scores, chances.shape), chances)


def _home(context: Context, found: Outcomes, encoder: Encoder, held: Held) -> Iterator[Comparison]:
    is_full = context.limit is None and not context.quick
    bar = LEAST[found.name] if is_full else ""
    ours = _within(context, found, held.scores)
    yield compare(found.name, WITHIN, HEAD, ours.interval(), bar=bar)
    yield from _probability_rows(context, found, HEAD, held.chances, bar)
    yield from _probability_rows(context, found, "model level alone", _levels(context, found))
    length = np.array([-float(len(question)) for question in found.questions])
    sides = {
        "P(IK) head, counts alone": held_out(context, found, "counts", encoder=None).scores,
        "P(IK) head, encoder alone": held_out(context, found, "encoder", encoder=encoder, shape=False).scores,
        "question length": np.broadcast_to(length, found.right.shape),
        "other models right": others_right(found.right),
    }
    for method, scores in sides.items():
        paper = FLOORS.get((found.name, method)) if is_full else None
        source = "card, 70/30 items" if paper else ""
        theirs = _within(context, found, scores)
        yield compare(found.name, WITHIN, method, theirs.interval(), paper=paper, source=source)
        if method != "other models right":
            gain = ours.gain_on(theirs)
            yield compare(found.name, "AUROC within models, gain", f"{HEAD} over {method}", gain)
    shuffled = found.shuffled(context.seed)
    control = _within(context, shuffled, held_out(context, shuffled, "control", encoder=encoder).scores)
    paper, source, bar = (0.5, "chance", "within .05") if is_full else (None, "", "")
    method = f"control: {HEAD}, answers of other questions"
    yield compare(found.name, WITHIN, method, control.interval(), paper=paper, source=source, bar=bar)


def _away(
    context: Context, home: Outcomes, away: Outcomes, encoder: Encoder, at_home: Array
) -> Iterator[Comparison]:
    """A head fitted on one set of questions, used on the other, for the models that answered both."""
    shared = tuple(model for model in home.models if model in away.models)
    fitted, found = home.only(shared), away.only(shared)
    head = KnowledgeHead(encoder=encoder, random_state=context.seed).fit(
        fitted.questions, fitted.right, shared
    )
    chances = head.predict(found.questions)
    setting = f"{home.name} to {away.name}"
    is_full = context.limit is None and not context.quick
    bars = (
        ("> .55", "> 0") if is_full and away.name == "MATH-L5" else ("", "")
    )  # card: it keeps AUROC, and ECE worsens
    scores = np.broadcast_to(head.score(found.questions), chances.shape)
    yield compare(setting, WITHIN, HEAD, _within(context, found, scores).interval(), bar=bars[0])
    yield from _probability_rows(context, found, HEAD, chances, setting=setting)
    known, clusters = _known(found)
    kept = at_home[[away.models.index(model) for model in shared]]
    columns = [error_columns(each[known], found.right[known]) for each in (chances, kept)]
    added = bootstrap_sums(
        np.hstack(columns),
        error_saved_of_sums,
        clusters=clusters,
        draws=context.draws,
        random_state=context.seed,
    )
    yield compare(setting, "ECE, away minus at home", HEAD, added, bar=bars[1])


def _probability_rows(
    context: Context, found: Outcomes, method: str, chances: Array, bar: str = "", setting: str = ""
) -> Iterator[Comparison]:
    known, clusters = _known(found)
    chance, right = chances[known], found.right[known]
    shared: dict[str, Any] = {"clusters": clusters, "draws": context.draws, "random_state": context.seed}
    setting = setting or found.name
    yield compare(
        setting, "AUROC pooled, with model levels", method, auroc_interval(chance, right, **shared), bar=bar
    )
    error = bootstrap_sums(error_columns(chance, right), error_of_sums, **shared)
    yield compare(setting, "ECE, 10 bins of equal width", method, error)
    yield compare(setting, "Brier", method, bootstrap_mean((chance - right) ** 2, **shared))


def _within(context: Context, found: Outcomes, scores: Array) -> DrawnAuroc:
    """Compare within models where there are records, whole questions drawn."""
    known, questions = _known(found)
    return drawn_auroc(
        scores[known], found.right[known], strata=known[0], clusters=questions, draws=context.draws,
        random_state=context.seed,
    )  # fmt: skip


def _levels(context: Context, found: Outcomes) -> Array:
    """Return each model's share right on the other folds' questions: the folds of `held_out`."""
    folds, levels = _folds(context, found), np.empty(found.right.shape)
    for fold in range(FOLDS):
        levels[:, folds == fold] = np.nanmean(found.right[:, folds != fold], axis=1, keepdims=True)
    return levels


def _folds(context: Context, found: Outcomes) -> NDArray[np.intp]:
    return level_folds(np.nanmean(found.right, axis=0), n_folds=FOLDS, random_state=context.seed)


def _known(found: Outcomes) -> tuple[tuple[NDArray[np.intp], NDArray[np.intp]], NDArray[np.intp]]:
    """Return where there are records, as indices, and the question of each: intervals are over questions."""
    models, questions = np.nonzero(~np.isnan(found.right))
    return (models, questions), questions
