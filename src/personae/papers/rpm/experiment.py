"""RPM without a language model: real annotators' ratings from their history, beside what habits and neighbours reach.

Source: RPM (2025), arXiv 2505.21082. The paper's own tasks cannot be had here; the closest real history of one person's
ratings of texts are POPQUORN's annotators. Its texts are offensive by design: no row and no factor of them is printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from personae.metrics.folds import deal_folds
from personae.metrics.intervals import bootstrap_mean, bootstrap_ratio, bootstrap_sums
from personae.metrics.ordinal import kappa_columns, kappa_of_sums
from personae.metrics.paired import paired_difference, sign_test
from personae.models.encoder import Encoder
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.rpm.annotators import DATA, N_LEVELS, Annotators, Array, read_annotators
from personae.papers.rpm.baselines import PUBLISHED, REFERENCE, baseline_predictions
from personae.papers.rpm.deleting import deletions
from personae.papers.rpm.live import live_rows
from personae.preference.rpm import RPM, Factors, group_features

SETTING = "POPQUORN, 40 rated before"
UNREAD, READ = "RPM", "RPM that reads others' ratings of the same texts"
SHUFFLED = "RPM, another person's history (control)"
N_FOLDS = 5
N_DELETED = 500
CARD = "card, measured on the same rows"


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row; intervals are over annotators."""
    data = read_annotators(context)
    if not context.replayed:
        yield from live_rows(context, data)
        return
    encoder = context.encoder()
    factors = group_features(data.texts, encoder, random_state=context.seed)
    scores = dict(baseline_predictions(data, encoder))
    models = _fit_apart(context, data, encoder, factors)
    levels: dict[str, Array] = {}
    scores[UNREAD], levels[UNREAD] = _predicted(context, data, models, data.person)
    scores[SHUFFLED], levels[SHUFFLED] = _predicted(
        context, data, models, _of_somebody_else(data, context.seed)
    )
    whole = RPM(encoder=encoder, factors=factors, random_state=context.seed).fit(data.history())
    rated = whole.predict(data.asked(np.arange(len(data.test_person))))
    scores[READ], levels[READ] = rated.score, rated.level
    levels = {name: levels.get(name, np.rint(score)) for name, score in scores.items()}
    yield from _table(context, data, scores, levels)
    yield from _gains(context, data, scores, levels)
    yield from _recalls(context, data, levels)
    yield compare(SETTING, "factors, marks included", UNREAD, float(len(factors.names)), n=len(data.texts))
    yield from _deleted(context, data, models)


def _fit_apart(context: Context, data: Annotators, encoder: Encoder, factors: Factors) -> list[RPM]:
    """Return a model for each fold of texts, from everyone's ratings of the other folds' texts."""
    folds = _text_folds(context, data)
    return [
        RPM(encoder=encoder, factors=factors, random_state=context.seed).fit(data.history(folds[data.text] != fold))
        for fold in context.track(range(N_FOLDS), "folds of texts")
    ]  # fmt: skip


def _text_folds(context: Context, data: Annotators) -> Any:
    return deal_folds(range(len(data.texts)), n_folds=N_FOLDS, random_state=context.seed)


def _predicted(context: Context, data: Annotators, models: Sequence[RPM], of: Any) -> tuple[Array, Array]:
    """Place everyone by whole histories, and return scores and levels of each test row by the model that never met its text."""
    fold = _text_folds(context, data)[data.test_text]
    score, level = np.zeros(len(fold)), np.zeros(len(fold))
    for place, model in enumerate(context.track(models, "models")):
        model.adapt_all(data.history(of=of))
        rated = model.predict(data.asked(fold == place))
        score[fold == place], level[fold == place] = rated.score, rated.level
    return score, level


def _of_somebody_else(data: Annotators, seed: int) -> Any:
    ring = np.random.default_rng(seed).permutation(len(data.people))
    to = np.empty(len(ring), dtype=np.intp)
    to[ring] = np.roll(ring, 1)
    return to[data.person]


def _table(
    context: Context, data: Annotators, scores: Mapping[str, Array], levels: Mapping[str, Array]
) -> Iterator[Comparison]:
    """Errors and agreement of every method: as predicted, and as the nearest whole levels, which is what people give."""
    drawn, truth = _drawn(context, data), data.test_level
    whole = not context.quick and context.limit is None
    for name, score in scores.items():
        paper = PUBLISHED.get(name) if whole else None
        is_ours = name == UNREAD and not context.quick
        as_score = bootstrap_mean(np.abs(score - truth), **drawn)
        yield compare(SETTING, "MAE", name, as_score, paper=paper and paper[0], source=CARD if paper else "",
                      bar="< .733" if is_ours else "")  # fmt: skip
        as_level = bootstrap_mean(np.abs(levels[name] - truth), **drawn)
        yield compare(SETTING, "MAE, whole levels", name, as_level, bar="< .733" if is_ours else "")
        kappa = bootstrap_sums(kappa_columns(truth, levels[name]), kappa_of_sums, **drawn)
        yield compare(SETTING, "QWK", name, kappa, paper=paper and paper[1], source=CARD if paper else "",
                      bar="> .495" if is_ours else "")  # fmt: skip
        exact = bootstrap_mean(levels[name] == truth, **drawn)
        yield compare(SETTING, "accuracy", name, exact)
        squared = bootstrap_sums(
            np.stack([(score - truth) ** 2, np.ones_like(truth)], axis=1), _root, **drawn
        )
        yield compare(SETTING, "RMSE", name, squared)


def _gains(
    context: Context, data: Annotators, scores: Mapping[str, Array], levels: Mapping[str, Array]
) -> Iterator[Comparison]:
    """Paired differences to the strongest baseline, like beside like, and to the control."""
    drawn, truth = _drawn(context, data), data.test_level
    bar = "" if context.quick else "low > 0"
    others = (REFERENCE, "user mean", "dense neighbors in own history", SHUFFLED)
    for name, other in (*((UNREAD, other) for other in others), (READ, REFERENCE)):
        for metric, held in (("MAE gain", scores), ("MAE gain, whole levels", levels)):
            gain = paired_difference(np.abs(held[other] - truth), np.abs(held[name] - truth), **drawn)
            yield compare(SETTING, metric, f"{name} over {other}", gain, bar=bar)
        columns = np.hstack([kappa_columns(truth, levels[each]) for each in (name, other)])
        gain = bootstrap_sums(
            columns, lambda sums: kappa_of_sums(sums[:, :5]) - kappa_of_sums(sums[:, 5:]), **drawn
        )
        yield compare(SETTING, "QWK gain", f"{name} over {other}", gain, bar=bar)
    nearest = np.rint(scores[UNREAD])
    gain = paired_difference(np.abs(nearest - truth), np.abs(levels[UNREAD] - truth), **drawn)
    yield compare(SETTING, "MAE gain, whole levels", f"{UNREAD}, level of least cost over the nearest", gain)


def _recalls(context: Context, data: Annotators, levels: Mapping[str, Array]) -> Iterator[Comparison]:
    """Share of each level's ratings that is found: a skewed scale rewards its mode."""
    drawn = _drawn(context, data)
    for name in (UNREAD, REFERENCE):
        for level in range(1, N_LEVELS + 1):
            of = (data.test_level == level).astype(float)
            found = bootstrap_ratio(of * (levels[name] == level), of, **drawn)
            yield compare(SETTING, f"recall of level {level}", name, found, n=int(of.sum()))


def _deleted(context: Context, data: Annotators, models: Sequence[RPM]) -> Iterator[Comparison]:
    """Take away where the first reason stands, and as many words by lot: the first must move the score more."""
    for model in models:
        model.adapt_all(data.history())
    fold = _text_folds(context, data)[data.test_text]
    most = N_DELETED // (10 if context.quick else 1)
    found = deletions(data, [models[place] for place in fold], most, context)
    setting = "deletion of a reason's span"
    drawn: dict[str, Any] = {
        "clusters": [each.person for each in found], "draws": context.draws, "random_state": context.seed
    }  # fmt: skip
    reason, lot = (np.array([getattr(each, name) for each in found]) for name in ("reason", "lot"))
    for name, change in (("first reason", reason), ("as many words by lot", lot)):
        yield compare(
            setting, "change of the score, in levels", name, bootstrap_mean(np.abs(change), **drawn)
        )
    gain = paired_difference(np.abs(reason), np.abs(lot), **drawn)
    bar = "" if context.quick else "low > 0"
    yield compare(setting, "change of the score, gain", "first reason over words by lot", gain, bar=bar)
    test = sign_test(np.abs(reason), np.abs(lot))
    yield compare(
        setting, "sign test p", "first reason over words by lot", test.p_value, n=test.first + test.second
    )
    as_said = [np.sign(each.influence) == np.sign(each.reason) for each in found]
    yield compare(
        setting, "score moves as the influence says", "first reason", bootstrap_mean(as_said, **drawn)
    )
    as_said = [np.sign(each.influence) == np.sign(each.lot) for each in found]
    yield compare(
        setting, "score moves as the influence says", "as many words by lot", bootstrap_mean(as_said, **drawn)
    )


def _root(sums: Array) -> Array:
    return np.asarray(np.sqrt(sums[:, 0] / np.where(sums[:, 1] > 0, sums[:, 1], np.nan)))


def _drawn(context: Context, data: Annotators) -> dict[str, Any]:
    return {"clusters": data.test_person, "draws": context.draws, "random_state": context.seed}


EXPERIMENT = Experiment(DATA, rows)
