"""German credit: recorded counts, hits and reasons, what was recorded wrongly and why, and controls that must fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.responsiveness import (
    Reach,
    ReasonsAudit,
    ResponsivenessScorer,
    Scores,
    audit_reasons,
    top_reasons,
)
from personae.errors import MissingExtra
from personae.metrics.intervals import LEAST_TRIALS, Interval, bootstrap_mean, wilson
from personae.papers.harness import Comparison, Context, compare
from personae.papers.responsiveness.explainers import linear_shap
from personae.papers.responsiveness.german import UP, German, Recorded, action_set, load, recorded

OURS = "enumeration"
SHARED = "enumeration, sets shared among the alike"
CARD = "recomputed from the recorded outputs; card"
MEASURES: Mapping[str, str] = {
    "presented": "given reasons, %",
    "mean_reasons": "mean reasons",
    "any_responsive": "at least one reason responsive, %",
    "all_responsive": "all reasons responsive, %, of those with reasons",
    "share_responsive": "mean share of reasons responsive, %",
    "without_recourse": "given only reasons without recourse, %",
    "to_fixed": "given reasons, %, of fixed people",
    "only_wrong": "only wrong reasons, %, of those a feature could help",
}
TABLE: Mapping[
    str, tuple[float, ...]
] = {  # presented, mean, any, share, to fixed, only wrong: card, from recorded outputs
    "SHAP": (100.0, 4.0, 0.0, 0.0, 100.0, 100.0),
    "LIME": (100.0, 4.0, 0.0, 0.0, 100.0, 100.0),
    "SHAP, action-aware": (100.0, 4.0, 33.3, 9.1, 100.0, 54.5),
    "LIME, action-aware": (100.0, 4.0, 36.4, 10.9, 100.0, 50.3),
    "responsiveness": (73.2, 1.39, 73.2, 100.0, 0.0, 0.0),
}
SCALED = (1.3, 0.3, 98.2)  # any, share, only wrong of SHAP on standardized inputs: card
MEANS: Mapping[str, float] = {  # mean score of refused people: card
    "HasGuarantor": 0.728, "CheckingAcct_geq_0": 0.307, "SavingsAcct_geq_100": 0.197, "YearsAtResidence": 0.086,
    "YearsEmployed_geq_1": 0.057, "HistoryOfStoreInstallments": 0.057, "HistoryOfBankInstallments": 0.035,
}  # fmt: skip


def recorded_rows(context: Context) -> Iterator[Comparison]:
    """Yield how many recorded numbers are met, by the right sets and by those that the authors' program stored."""
    german = load(context)
    kept = recorded(context, german)
    ours, shared = german.scorer().score(german.people, joint=False), shared_scores(german)
    seen, audited = kept.points >= 0, kept.predicted >= 0
    setting = "German, recorded outputs"
    who = np.nonzero(seen)[0]

    def equal(
        metric: str, method: str, same: NDArray[np.bool_], people: NDArray[np.intp], bar: str
    ) -> Comparison:
        found = bootstrap_mean(100.0 * same, clusters=people, draws=context.draws, random_state=context.seed)
        return compare(setting, metric, method, found, paper=100.0, source="recorded", bar=bar)

    yield equal("action counts equal, %", OURS, ours.points[seen] == kept.points[seen], who, ">= 100")
    right = ours.predicted[audited] == kept.predicted[audited]
    yield equal("predictions equal, %", OURS, right, np.arange(len(right)), ">= 100")
    same = ours.hits == kept.hits
    yield equal("hits equal, %", OURS, same[seen], who, ">= 96.7")
    yield equal("hits equal, %", SHARED, shared.hits[seen] == kept.hits[seen], who, ">= 100")
    for method, base, bar in ((OURS, german.people, ""), (SHARED, german.last_alike, ">= 100")):
        counted = _flips(german, base, np.flatnonzero(audited)) == kept.flips[audited]
        yield equal("counts of flipping actions equal, %", method, counted, np.arange(len(counted)), bar)
    points, good = _decided(german, kept)
    fits, met = float(_separable(points, good)), "linear models that meet every recorded hit"
    yield compare(setting, met, "linear program", fits, n=len(points), bar="<= 0")
    differ, alike = (seen & ~same).any(axis=1), _alike(german)
    count, n = float(differ.sum()), int(audited.sum())
    yield compare(setting, "people whose hits differ", OURS, count, n=n, paper=112.0, source="card")
    for name, chosen in (("whose hits differ", differ), ("whose hits are equal", audited & ~differ)):
        yield compare(
            setting, f"people {name} who share a set with others, %", OURS,
            _percent(wilson(float(alike[chosen].sum()), int(chosen.sum()))), bar=">= 100" if chosen is differ else "",
        )  # fmt: skip


def table_rows(context: Context) -> Iterator[Comparison]:
    """Yield the table of reasons, as recorded and with everybody's own set."""
    german = load(context)
    kept = recorded(context, german)
    ours, shared = german.scorer().score(german.people), shared_scores(german)
    refused = ~ours.predicted
    hits = np.where(kept.points >= 0, kept.hits, shared.hits)
    mu = np.divide(hits, shared.points, out=np.zeros(hits.shape), where=shared.points > 0)
    fixed = np.where(
        kept.recourse >= 0, kept.recourse == 0, _flips(german, german.last_alike, np.arange(len(mu))) == 0
    )
    setting = "German, refused, as recorded"
    for name, those, paper in (("refused", refused, 228.0), ("fixed", fixed & refused, 17.0)):
        counted = float(those.sum())
        yield compare(
            setting, f"{name} people", OURS, counted, n=len(mu), paper=paper, source=CARD, bar="within 0"
        )
    raw = {"SHAP": german.attributions(context, "shap"), "LIME": german.attributions(context, "lime")}
    free = german.actions.actionable
    shown = (
        raw
        | {f"{name}, action-aware": values * free for name, values in raw.items()}
        | {"responsiveness": mu}
    )
    for method, values in shown.items():
        found = _audit(context, values[refused], mu[refused], fixed[refused])
        yield from reason_rows(
            setting, method, found, dict(zip(_CARD_ORDER, TABLE[method], strict=True)), bar="within .06"
        )
    for name, paper in MEANS.items():
        value = bootstrap_mean(
            mu[refused, german.names.index(name)], draws=context.draws, random_state=context.seed
        )
        yield compare(
            setting,
            f"mean score, {name}",
            "responsiveness",
            value,
            paper=paper,
            source=CARD,
            bar="within .001",
        )
    scaled = linear_shap(german.coef, german.standardized(german.people))
    found = _audit(context, scaled[refused], mu[refused], fixed[refused])
    known = dict(zip(("any_responsive", "share_responsive", "only_wrong"), SCALED, strict=True))
    yield from reason_rows(setting, "SHAP on standardized inputs", found, known, bar="within .06")
    yield from _mended(context, german, ours, refused, {**shown, "SHAP on standardized inputs": scaled})


def control_rows(context: Context) -> Iterator[Comparison]:
    """Yield what a model of shuffled labels and limits of shuffled features meet of the recorded numbers: they must fail."""
    german = load(context)
    kept = recorded(context, german)
    seen = kept.points >= 0
    random = np.random.default_rng(context.seed)
    setting = "German, controls that must fail"
    dealt = replace(german, coef=random.permutation(german.coef))
    hits = dealt.scorer().score(german.people, joint=False).hits
    yield compare(
        setting, "hits equal, %", "control: the model's weights shuffled",
        _percent(wilson(float((hits == kept.hits)[seen].sum()), int(seen.sum()))), bar="< 96.7",
    )  # fmt: skip
    shuffled = _shuffled_labels(german, random)
    hits = (
        ResponsivenessScorer(actions=german.actions, predict=shuffled, target=True)
        .score(german.people, joint=False)
        .hits
    )
    yield compare(
        setting, "hits equal, %", "control: a model of shuffled labels",
        _percent(wilson(float((hits == kept.hits)[seen].sum()), int(seen.sum()))), bar="< 96.7",
    )  # fmt: skip
    binary = [
        name
        for name, column in zip(german.names, german.people.T, strict=True)
        if np.isin(column, (0, 1)).all()
    ]
    others = tuple(random.permutation([name for name in binary if name not in UP])[: len(UP)])
    moved = ResponsivenessScorer(
        actions=action_set(german.names, german.people, up=others), predict=german.predict, target=True
    )
    points = moved.score(german.people, joint=False).points
    yield compare(
        setting, "action counts equal, %", "control: the limits dealt to other features",
        _percent(wilson(float((points == kept.points)[seen].sum()), int(seen.sum()))), bar="< 90",
    )  # fmt: skip


def shared_scores(german: German) -> Scores:
    """Return the scores that come of sets shared among the alike, as the recorded ones did."""
    return german.scorer().score(german.last_alike, joint=False)


def reason_rows(
    setting: str, method: str, found: ReasonsAudit, paper: Mapping[str, float] | None = None, bar: str = ""
) -> Iterator[Comparison]:
    """Yield one row a measure, in percent; those with fewer than 20 people behind them say so."""
    for name, metric in MEASURES.items():
        value = getattr(found, name)
        if value is None:
            continue
        few = f" ({value.n_clusters} people, under {LEAST_TRIALS})" if name in found.few else ""
        known = (paper or {}).get(name)
        yield compare(
            setting, metric + few, method, value if name == "mean_reasons" else _percent(value),
            paper=known, source=CARD if known is not None else "", bar=bar if known is not None else "",
        )  # fmt: skip


_CARD_ORDER = ("presented", "mean_reasons", "any_responsive", "share_responsive", "to_fixed", "only_wrong")


def _mended(
    context: Context,
    german: German,
    ours: Scores,
    refused: NDArray[np.bool_],
    shown: Mapping[str, NDArray[np.float64]],
) -> Iterator[Comparison]:
    setting = "German, refused, with everybody's own set"
    fixed = ours.fixed[refused] == 1
    yield compare(setting, "fixed, %", OURS, _percent(wilson(float(fixed.sum()), len(fixed))))
    yield compare(
        setting, "explained, %", OURS, _percent(wilson(float(ours.explained[refused].sum()), len(fixed)))
    )
    for method, values in {**shown, "responsiveness": ours.mu}.items():
        yield from reason_rows(setting, method, _audit(context, values[refused], ours.mu[refused], fixed))


def _audit(
    context: Context, values: NDArray[np.float64], mu: NDArray[np.float64], fixed: NDArray[np.bool_]
) -> ReasonsAudit:
    return audit_reasons(top_reasons(values), mu > 0, fixed, draws=context.draws, random_state=context.seed)


def _flips(german: German, base: NDArray[np.float64], people: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many points of each person's set have another prediction than the person."""
    reach = Reach(german.actions)
    own = np.asarray(german.predict(german.people))
    return np.array(
        [
            sum(int((np.asarray(german.predict(p)) != own[i]).sum()) for p in reach.points(base[i]))
            for i in people
        ]
    )


def _decided(german: German, kept: Recorded) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the points whose prediction the recorded hits fix, all or none of a feature's changes, and which it is."""
    reach = Reach(german.actions)
    points, good = [], []
    for person, j in np.argwhere(kept.points > 0):
        if kept.hits[person, j] in (0, kept.points[person, j]):
            moves = reach.moves(german.people[person], int(j))
            moved = np.tile(german.people[person], (len(moves.changes), 1))
            moved[:, list(moves.block)] += moves.changes
            points.append(moved)
            good += [bool(kept.hits[person, j])] * len(moved)
    return np.concatenate(points), np.array(good)


def _separable(points: NDArray[np.float64], good: NDArray[np.bool_]) -> bool:
    """Whether any weights and intercept part the two kinds of points; a linear program without a goal."""
    try:
        from scipy.optimize import linprog
    except ImportError:
        raise MissingExtra("This check needs scipy: pip install 'personae[learn]'.") from None
    scaled = (points - points.mean(axis=0)) / np.maximum(points.std(axis=0), 1e-9)
    signed = np.hstack([scaled, np.ones((len(points), 1))]) * np.where(good, 1.0, -1.0)[:, None]
    free = [(None, None)] * signed.shape[1]
    return bool(
        linprog(np.zeros(signed.shape[1]), A_ub=-signed, b_ub=-np.ones(len(signed)), bounds=free).status == 0
    )


def _alike(german: German) -> NDArray[np.bool_]:
    """Return who is alike to somebody else in every feature that can change or be moved."""
    columns = [j for block in german.actions.blocks for j in block]
    _, group, count = np.unique(german.people[:, columns], axis=0, return_inverse=True, return_counts=True)
    return np.asarray(count[group] > 1)


def _shuffled_labels(
    german: German, random: np.random.Generator
) -> Callable[[NDArray[np.float64]], ArrayLike]:
    """Return the predictions of a ridge on shuffled labels, its share of good credits that of the published model."""
    z = german.standardized(german.people[german.rows])
    labels = random.permutation(german.labels).astype(float) - german.labels.mean()
    weights = np.linalg.solve(z.T @ z + len(z) * 0.1 * np.eye(z.shape[1]), z.T @ labels)
    share = 1 - float(np.mean(np.asarray(german.predict(german.people))))
    cut = np.quantile(german.standardized(german.people) @ weights, share)
    return lambda points: german.standardized(points) @ weights > cut


def _percent(found: Interval) -> Interval:
    return Interval(100 * found.value, 100 * found.low, 100 * found.high, found.n, found.n_clusters)
