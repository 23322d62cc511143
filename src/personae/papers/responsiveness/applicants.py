"""FICO's applicants: three models, the reasons that four methods would send, counterfactuals, and drawing beside counting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.responsiveness import (
    Reach,
    ResponsivenessScorer,
    Scores,
    audit_reasons,
    hoeffding,
    top_reasons,
)
from personae.errors import MissingExtra
from personae.metrics.discrimination import auroc_interval
from personae.metrics.intervals import Interval, bootstrap_mean, wilson
from personae.papers.harness import Comparison, Context, compare
from personae.papers.responsiveness import explainers, fico, german
from personae.papers.responsiveness.replication import reason_rows

N_DRAWS = 500
ASKED = 30  # refused people for whom dice-ml is asked, at about a second each
Array = NDArray[np.float64]


def applicant_rows(context: Context) -> Iterator[Comparison]:
    """Yield, for each model, who is fixed and what the reasons of each method are worth."""
    people = fico.load(context)
    actions = fico.action_set(people)
    learn, judge = people.halves(context.seed)
    if context.quick:
        judge = judge[:300]
    for name, model in fico.models(context.seed, quick=context.quick).items():
        model.fit(people.people[learn], people.repaid[learn])
        setting = f"FICO, {name}"
        chance = model.predict_proba(people.people[judge])[:, 1]
        told = auroc_interval(chance, people.repaid[judge], draws=context.draws, random_state=context.seed)
        yield compare(setting, "AUROC", name, told)
        refused = people.people[judge][model.predict(people.people[judge]) == 0]
        scorer = ResponsivenessScorer(actions=actions, predict=model.predict, target=1)
        scores = scorer.score(refused, track=context.track)
        yield from _summary(setting, scores)
        yield from _reasons(
            context, setting, model, people.people[learn], refused, scores, actions.actionable
        )
        if not context.quick:
            yield from _counterfactuals(context, setting, model, people, learn, refused, scores, scorer.reach)


def drawing_rows(context: Context) -> Iterator[Comparison]:
    """Yield how often drawn scores keep Hoeffding's promise, where the true score is counted or known in closed form."""
    credit = german.load(context)
    refused = credit.people[~np.asarray(credit.predict(credit.people))]
    yield from _promise(context, "German, refused", credit.scorer(), refused)
    people = fico.load(context)
    learn, judge = people.halves(context.seed)
    model = fico.models(context.seed, quick=True)["logistic regression"].fit(
        people.people[learn], people.repaid[learn]
    )
    scorer = ResponsivenessScorer(actions=fico.action_set(people), predict=model.predict, target=1)
    chosen = people.people[judge][model.predict(people.people[judge]) == 0][: 100 if context.quick else None]
    yield from _promise(context, "FICO, refused, logistic regression", scorer, chosen)
    yield from _closed_form(context, people, learn, judge)


def _promise(
    context: Context, name: str, scorer: ResponsivenessScorer, people: Array
) -> Iterator[Comparison]:
    counted = scorer.score(people, joint=False)
    drawn = scorer.score(people, joint=False, sampled=True)
    pairs = counted.points > 0
    open_ = pairs & (counted.mu > 0) & (counted.mu < 1)
    yield from _within(context, f"{name}, {N_DRAWS} draws", np.abs(drawn.mu - counted.mu), pairs, open_)


def _closed_form(
    context: Context, people: fico.Fico, learn: NDArray[np.int64], judge: NDArray[np.int64]
) -> Iterator[Comparison]:
    """A logistic regression on raw values: along one feature the wanted side is an interval, its length is the score."""
    actions, raw = fico.continuous_actions(people)
    model = fico.models(context.seed, quick=True)["logistic regression"].fit(raw[learn], people.repaid[learn])
    scaler, linear = model[0], model[-1]
    weights = linear.coef_[0] / scaler.scale_
    start = linear.intercept_[0] - float(weights @ scaler.mean_)
    refused = raw[judge][model.predict(raw[judge]) == 0][: 100 if context.quick else None]
    drawn = ResponsivenessScorer(actions=actions, predict=model.predict, target=1).score(refused, joint=False)
    true = np.zeros(drawn.mu.shape)
    for j in np.flatnonzero(actions.actionable):
        low, high = np.array([actions.features[j].span(float(x)) for x in refused[:, j]]).T
        rest = start + refused @ weights - weights[j] * refused[:, j]
        edge = np.clip(-rest / weights[j], low, high)
        good = high - edge if weights[j] > 0 else edge - low
        true[:, j] = np.divide(good, high - low, out=np.zeros(len(good)), where=high > low)
    pairs = drawn.points > 0
    yield from _within(
        context, f"FICO, refused, three continuous features, {N_DRAWS} draws", np.abs(drawn.mu - true), pairs,
        pairs & (true > 0) & (true < 1),
    )  # fmt: skip


def _within(
    context: Context, setting: str, error: Array, pairs: NDArray[np.bool_], open_: NDArray[np.bool_]
) -> Iterator[Comparison]:
    eps = float(hoeffding(N_DRAWS))
    for metric, chosen in (("", pairs), (", scores strictly between 0 and 1", open_)):
        if not chosen.any():
            continue
        value = bootstrap_mean(
            100.0 * (error[chosen] <= eps),
            clusters=np.nonzero(chosen)[0],
            draws=context.draws,
            random_state=context.seed,
        )
        yield compare(
            setting, f"person-feature pairs within {eps:.3f}, %{metric}", "drawn", value,
            paper=95.0, source="Hoeffding", bar=">= 95",
        )  # fmt: skip
    yield compare(setting, "largest |mu_hat - mu|", "drawn", float(error[pairs].max()), n=int(pairs.sum()))


def _summary(setting: str, scores: Scores) -> Iterator[Comparison]:
    n = len(scores)
    shares = {"fixed": scores.fixed == 1, "undecided": scores.fixed == -1, "explained": scores.explained}
    for name, those in shares.items():
        found = _percent(wilson(float(those.sum()), n))
        yield compare(setting, f"{name}, %, of refused", "responsiveness", found)
    yield compare(
        setting, "points that can be reached, median", "enumeration", float(np.median(scores.reachable)), n=n
    )


def _reasons(
    context: Context, setting: str, model: Any, background: Array, refused: Array, scores: Scores, free: NDArray[np.bool_]
) -> Iterator[Comparison]:  # fmt: skip
    fixed = scores.fixed == 1
    values = {"responsiveness": scores.mu}
    if context.quick:
        values["SHAP"] = explainers.linear_shap(model[-1].coef_[0], model[0].transform(refused))
    else:
        try:
            values["SHAP"] = explainers.shap_values(model, background, refused)
            values["LIME"] = explainers.lime_values(
                model.predict_proba, background, refused, seed=context.seed, track=context.track
            )
        except MissingExtra:
            yield compare(setting, "not installed: shap, lime (extra explain)", "SHAP, LIME", float("nan"))
    aware = {
        f"{name}, action-aware": each * free for name, each in values.items() if name != "responsiveness"
    }
    for method, each in {**values, **aware}.items():
        found = audit_reasons(
            top_reasons(each), scores.mu > 0, fixed, draws=context.draws, random_state=context.seed
        )
        yield from reason_rows(setting, method, found)


def _counterfactuals(
    context: Context, setting: str, model: Any, people: fico.Fico, learn: NDArray[np.int64], refused: Array,
    scores: Scores, reach: Reach,
) -> Iterator[Comparison]:  # fmt: skip
    """Yield what dice-ml finds, whether a person could do it, and the features it changes taken as reasons."""
    chosen = refused[:ASKED]
    free = [name for name, can in zip(people.names, reach.actions.actionable, strict=True) if can]
    try:
        found = explainers.counterfactuals(
            model, people.names, people.people[learn], people.repaid[learn], chosen, free, seed=context.seed, track=context.track
        )  # fmt: skip
    except MissingExtra:
        yield compare(setting, "not installed: dice-ml (extra explain)", "dice-ml", float("nan"))
        return
    some = [len(each) > 0 for each in found]
    reached = [any(reach.reaches(x, point) for point in each) for x, each in zip(chosen, found, strict=True)]
    fixed = scores.fixed[: len(chosen)] == 1
    promised = np.array(some) & fixed
    n = len(chosen)
    for metric, those in (("counterfactual found", some), ("counterfactual that can be reached", reached)):
        yield compare(setting, f"{metric}, %, of refused", "dice-ml", _percent(wilson(float(sum(those)), n)))
    if fixed.any():
        few = f" ({int(fixed.sum())} people, under 20)" if fixed.sum() < 20 else ""
        yield compare(
            setting, f"counterfactual found, %, of fixed people{few}", "dice-ml",
            _percent(wilson(float(promised.sum()), int(fixed.sum()))),
        )  # fmt: skip
    changed = np.array(
        [(each != x).sum(axis=0) if len(each) else 0 * x for x, each in zip(chosen, found, strict=True)]
    )
    audited = audit_reasons(
        top_reasons(changed), scores.mu[:n] > 0, fixed, draws=context.draws, random_state=context.seed
    )
    yield from reason_rows(setting, f"dice-ml, first {n} people", audited)


def _percent(found: Interval) -> Interval:
    return Interval(100 * found.value, 100 * found.low, 100 * found.high, found.n, found.n_clusters)
