"""MiCRo: hidden reward heads found without rater ids, and few labels that say which head to trust.

Source: Shen et al. (2025), arXiv 2505.24846. Its training and test sets are not here; the card names what stands for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from personae.metrics.calibration import softmax
from personae.metrics.intervals import bootstrap_mean
from personae.metrics.logistic import fit_logistic, sigmoid
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.jester import jester_split
from personae.papers.micro.study import (
    DATA,
    N_FOLDS,
    OBJECTIVES,
    SIM_SCALE,
    Study,
    in_bags,
    load,
    made_groups,
    nobody,
    rank_within,
    split,
)
from personae.preference import Comparisons, LinearTaste, MiCRo, Split, TextFeatures, bench, clone
from personae.preference._core import Features
from personae.preference.comparisons import Array, Codes

SINGLE = "single Bradley-Terry"
ROWS = "MiCRo, single rows, K = 2"
FIVES, BAGS = "MiCRo, bags of five, K = 2", "MiCRo, bags of twenty, K = 2"
ENSEMBLE = "bootstrap ensemble, K = 2"
ORACLE = "two models, groups known"
TURNS = "HH, twenty rows of one rater in turn"
HH, SIM, JESTER = "HH, objectives hidden", "made groups", "Jester"
N_DIRECTIONS = 32  # of the answers' features: more did not lower the log loss of rows left out in training
BUDGETS = (0, 5, 10, 20, 50)
EIGHT = "MiCRo, bags of five, K = 8"
TASTE_OF_FIVES = "linear taste, bags of five"
TASTE_OF_HEADS = "linear taste over the rewards of the eight heads, raters known"
BY_HEADS = {"MiCRo, bags of five, K = 4": 4, "MiCRo, bags of five, K = 16": 16}
JESTER_BARS = {10: ">= .68", 20: ">= .695"}  # card
REFUSAL = re.compile(r"\b(sorry|can.?t|cannot|unable|won.?t|shouldn.?t|illegal|not sure)\b", re.IGNORECASE)
POLITE = re.compile(r"\b(please|thank|glad|happy to|great|of course)\b", re.IGNORECASE)


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table; intervals over rows, label draws or people."""
    yield from _made(context)
    yield from _bound(context)
    study = load(context)
    yield from _hidden_objectives(context, study)
    yield from _stated_objectives(context, study)
    yield from _jester(context)


def _made(context: Context) -> Iterator[Comparison]:
    """Two groups of opposite taste in equal shares: every pair is contested."""
    random = np.random.default_rng(context.seed)
    tastes = SIM_SCALE * np.array([[1.0, 0.5], [-1.0, -0.5]])
    known = made_groups(tastes, 200, 20, random)
    new = made_groups(tastes, 400, 40, random, prefix="q")
    rank = rank_within(new.rows)
    shots, test = new.rows.take(rank < 10), new.rows.take(rank >= 10)
    for name, n_heads in ((SINGLE, 1), ("MiCRo, K = 2", 2)):
        model = MiCRo(
            features=known.features, n_heads=n_heads, n_directions=2, random_state=context.seed
        ).fit(known.rows)
        right, loss = _scored(model, test)
        people = test.person.tolist()
        for labels, bars in ((0, ("within .03", "within .01")), (10, ("> .9", ""))):
            if labels and n_heads > 1:
                right, loss = _scored(model.adapt_all(shots), test)
            if labels > 0 and n_heads == 1:
                continue
            paper: tuple[float | None, float | None] = (None, None) if labels else (0.5, float(np.log(2)))
            for metric, values, bar, expected in zip(
                ("accuracy", "log loss"), (right, loss), bars, paper, strict=True
            ):
                found = bootstrap_mean(
                    values, clusters=people, draws=context.draws, random_state=context.seed
                )
                yield compare(SIM, f"{metric}, {labels} labels", name, found, paper=expected,
                              source="exact" if expected else "", bar=bar)  # fmt: skip
        yield compare(SIM, "effective heads", name, model.n_effective, n=n_heads)


def _bound(context: Context) -> Iterator[Comparison]:
    """Two groups that agree on one thing and not on another: what no single reward can reach, exactly and as trained."""
    tastes = np.array([[3.0, 3.0], [3.0, -3.0]])
    side = 41
    steps = np.sqrt(2) * _normal_quantiles(side)  # gaps of two items are normal with variance 2
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    truth = sigmoid(grid @ tastes.T).mean(axis=1)
    best = sigmoid(grid @ fit_logistic(grid, truth))
    divergence = truth * np.log(truth / best) + (1 - truth) * np.log((1 - truth) / (1 - best))
    where = "groups that agree in part, single rows"
    yield compare(where, "least excess log loss, nats", SINGLE, float(divergence.mean()), n=len(grid))
    random = np.random.default_rng(context.seed)
    n = 4000 if context.quick else 20_000
    known, new = (made_groups(tastes, n, 1, random, prefix=prefix) for prefix in ("p", "q"))
    losses = [
        _scored(MiCRo(features=known.features, n_heads=k, n_directions=2, by_person=False, penalties=(0.1,), balance=0.0,
                      n_restarts=3, random_state=context.seed).fit(known.rows), new.rows)[1]
        for k in (1, 2)
    ]  # fmt: skip
    gain = bootstrap_mean(losses[0] - losses[1], draws=context.draws, random_state=context.seed)
    yield compare(where, "excess log loss, nats", f"{SINGLE} minus MiCRo, K = 2", gain, paper=float(divergence.mean()),
                  source="least excess, grid", bar="low > 0")  # fmt: skip


def _hidden_objectives(context: Context, study: Study) -> Iterator[Comparison]:
    """Log loss over all folds; heads and routes of the first."""
    folds = [split(study, fold=fold, seed=context.seed) for fold in range(1 if context.quick else N_FOLDS)]
    fitted = [_fitted(context, study, known) for known, _ in context.track(folds, "fitting heads")]
    groups = np.concatenate([study.group[new] for _, new in folds])
    scores = {}
    for name in fitted[0]:
        parts = [
            _scored(models[name], study.anonymous(new))
            for models, (_, new) in zip(fitted, folds, strict=True)
        ]
        right, scores[name] = (np.concatenate(part) for part in zip(*parts, strict=True))
        gain = scores[SINGLE] - scores[name]
        for metric, values in (("accuracy", right), ("log loss", scores[name]), ("log loss, lower by", gain)):
            if name != SINGLE or values is not gain:
                yield _over_rows(context, metric, name, values, groups)
        yield compare(HH, "effective heads", name, fitted[0][name].n_effective, n=fitted[0][name].n_heads)
    lengths = np.sort(fitted[0][BAGS].heads_[:, -1])
    yield compare(HH, "weight of log length, first head", BAGS, float(lengths[0]), bar="< 0")
    yield compare(HH, "weight of log length, second head", BAGS, float(lengths[-1]), bar="> 0")
    yield compare(HH, "weight of log length", SINGLE, float(fitted[0][SINGLE].heads_[0, -1]))
    oracles = [_known_groups(context, study, known) for known, _ in folds]
    yield from _turns(context, study, [new for _, new in folds], fitted, oracles)
    new = folds[0][1]
    yield from _heads(fitted[0][BAGS], study.anonymous(new))
    yield from _routing(context, study, new, fitted[0], oracles[0])


def _fitted(context: Context, study: Study, known: Codes) -> dict[str, MiCRo]:
    """Return every model, fitted on these rows."""
    alone, twenties = study.anonymous(known, "known"), study.bags(known, "known", 20)
    found = {
        SINGLE: _heads_of(context, 1, by_person=False).fit(alone),
        ROWS: _heads_of(context, 2, by_person=False, prompts=context.encoder().encode).fit(alone),
        FIVES: _heads_of(context, 2).fit(study.bags(known, "known", 5)),
        BAGS: _heads_of(context, 2).fit(twenties),
        ENSEMBLE: _heads_of(context, 2, bootstrap=True).fit(twenties),
    }
    for k in () if context.quick else (4, 10):
        found[f"MiCRo, bags of twenty, K = {k}"] = _heads_of(context, k).fit(twenties)
    return found


def _in_turn(model: MiCRo, bags: Comparisons) -> Array:
    """Return the log loss of each row of anonymous raters, given their rows before it."""
    rank = rank_within(bags)
    loss = np.zeros(len(bags))
    for shown in range(int(rank.max()) + 1):
        learner = model.adapt_all(bags.take(rank < shown)) if shown else model
        loss[rank == shown] = _scored(learner, bags.take(rank == shown))[1]
    for rater in bags.people:
        model.forget(rater)
    return loss


def _turns(
    context: Context,
    study: Study,
    left_out: list[Codes],
    fitted: list[dict[str, MiCRo]],
    oracles: list[list[MiCRo]],
) -> Iterator[Comparison]:
    """Log loss of anonymous raters' rows in turn, beside one model's; heads of known groups say how much there is to save."""
    bags = [study.bags(new, f"new {fold}", 20) for fold, new in enumerate(left_out)]
    raters = [bag.people[code] for bag in bags for code in bag.person.tolist()]
    single = [_in_turn(models[SINGLE], bag) for models, bag in zip(fitted, bags, strict=True)]
    losses = {
        name: [_in_turn(models[name], bag) for models, bag in zip(fitted, bags, strict=True)]
        for name in (FIVES, BAGS, ENSEMBLE)
    }
    kinds = [study.objective[new] for new in left_out]
    known = [_by_known_groups(*each) for each in zip(oracles, bags, kinds, strict=True)]
    losses[f"{ORACLE}, the rater's found by the rows before"] = [found for found, _ in known]
    losses[f"{ORACLE}, the rater's told"] = [told for _, told in known]
    for name, each in losses.items():
        gain = np.concatenate(single) - np.concatenate(each)
        found = bootstrap_mean(gain, clusters=raters, draws=context.draws, random_state=context.seed)
        yield compare(TURNS, "log loss, lower by", name, found, bar="low > 0" if name == BAGS else "")


def _known_groups(context: Context, study: Study, known: Codes) -> list[MiCRo]:
    """Return a single model for each objective, fitted on its rows alone."""
    return [
        _heads_of(context, 1).fit(study.anonymous(known[study.objective[known] == kind], "known"))
        for kind in range(len(OBJECTIVES))
    ]


def _by_known_groups(heads: list[MiCRo], bags: Comparisons, kind: Codes) -> tuple[Array, Array]:
    """Return the log loss of each row, the rater's head found by the posterior after their rows before it, and told."""
    rank, losses = rank_within(bags), np.stack([_scored(head, bags)[1] for head in heads], axis=1)
    found, evidence = np.zeros(len(bags)), np.zeros((len(bags.people), len(heads)))
    for shown in range(int(rank.max()) + 1):
        now = rank == shown
        raters = bags.person[now]
        found[now] = -np.log((softmax(-evidence[raters]) * np.exp(-losses[now])).sum(axis=1))
        evidence[raters] += losses[now]
    return found, losses[np.arange(len(bags)), kind]


def _heads(model: MiCRo, test: Comparisons) -> Iterator[Comparison]:
    """What each head goes with: correlation over pairs of its reward with what can be counted in the answers."""
    spread = model.directions_.of(model.features(test.items))
    gaps = (spread[test.a] - spread[test.b]) @ model.coefficients_.T
    texts = [text for _, text in test.items]
    counted = {
        "log length": np.log1p([len(text) for text in texts]),
        "words of refusal": np.array([len(REFUSAL.findall(text)) for text in texts], dtype=float),
        "polite words": np.array([len(POLITE.findall(text)) for text in texts], dtype=float),
        "questions": np.array([text.count("?") for text in texts], dtype=float),
    }
    for place, head in enumerate(np.argsort(model.heads_[:, -1]), start=1):
        for name, values in counted.items():
            r = float(np.corrcoef(gaps[:, head], values[test.a] - values[test.b])[0, 1])
            yield compare(
                "HH, heads by length weight", f"r of head {place} with {name}", BAGS, r, n=len(test)
            )


def _routing(
    context: Context, study: Study, new: Codes, fitted: dict[str, MiCRo], oracle: list[MiCRo]
) -> Iterator[Comparison]:
    """Accuracy after so many labels of one objective, the mean of the two objectives; intervals over draws of the labels."""
    draws = 5 if context.quick else 20
    own = [new[study.objective[new] == kind] for kind in range(len(OBJECTIVES))]
    best = [_scored(model, study.anonymous(each)) for model, each in zip(oracle, own, strict=True)]
    for kind, (right, loss) in enumerate(best):
        yield _over_rows(context, f"accuracy, {OBJECTIVES[kind]}", ORACLE, right, study.group[own[kind]])
        yield _over_rows(context, f"log loss, {OBJECTIVES[kind]}", ORACLE, loss, study.group[own[kind]])
    ceiling = float(np.mean([right.mean() for right, _ in best]))
    yield compare(HH, "accuracy, mean of objectives", ORACLE, ceiling, n=len(new))
    floor = float(np.mean([_scored(fitted[SINGLE], study.anonymous(each))[0].mean() for each in own]))
    yield compare(HH, "accuracy, mean of objectives", SINGLE, floor, n=len(new))
    for name in (FIVES, BAGS, ENSEMBLE):
        for rate in (0.5, 1.0, 2.0) if name == BAGS and not context.quick else (1.0,):
            label = name if rate == 1.0 else f"{name}, rate {rate:g}"
            model = fitted[name].set_params(rate=rate)
            for labels in BUDGETS:
                drawn = np.array([_routed(model, study, own, labels, draw) for draw in range(draws)])
                if rate == 1.0 or labels in (5, 50):
                    found = bootstrap_mean(drawn[:, 0], draws=context.draws, random_state=context.seed)
                    yield compare("HH, Hedge", f"accuracy, {labels} labels", label, found, paper=ceiling, source="groups known",
                                  bar=f"> {floor:.4f}" if name == BAGS and labels == 50 and rate == 1.0 else "")  # fmt: skip
            if name == BAGS and rate == 1.0:
                yield from _spreads(context, drawn, label)
            fitted[name].set_params(rate=1.0)


def _spreads(context: Context, drawn: Array, label: str) -> Iterator[Comparison]:
    """At the most labels: regret against the heads, how sure the route is, and how often it ends on another head by objective."""
    for column, metric in enumerate(("regret against the best head, nats a row", "entropy of the route, nats",
                                     "draws where the objectives end on different heads"), start=1):  # fmt: skip
        found = bootstrap_mean(drawn[:, column], draws=context.draws, random_state=context.seed)
        yield compare("HH, Hedge, 50 labels", metric, label, found)


def _routed(model: MiCRo, study: Study, own: list[Codes], labels: int, draw: int) -> tuple[float, ...]:
    """Return accuracy, regret and entropy, means over objectives, and whether the objectives end on different heads."""
    random = np.random.default_rng(draw)
    right, regret, entropy, ends = [], [], [], []
    for kind, each in enumerate(own):
        order = random.permutation(each)
        shown, left = order[:labels], order[labels:]
        rater = f"{OBJECTIVES[kind]} {draw}"
        model.adapt(rater, study.table(shown, [rater] * len(shown)).preferences())
        test = study.table(left, [rater] * len(left))
        hits, loss = _scored(model, test)
        route = model.route(rater)
        spread = model.directions_.of(model.features(test.items))
        margins = (spread[test.a] - spread[test.b]) @ model.coefficients_.T
        by_head = -np.log(sigmoid(np.where(test.chosen[:, None] > 0.5, margins, -margins))).mean(axis=0)
        right.append(hits.mean())
        regret.append(loss.mean() - by_head.min())
        entropy.append(route.entropy)
        ends.append(int(route.weights.argmax()))
        model.forget(rater)
    return float(np.mean(right)), float(np.mean(regret)), float(np.mean(entropy)), float(len(set(ends)) > 1)


def _stated_objectives(context: Context, study: Study) -> Iterator[Comparison]:
    """The criterion stands in the context: the router reads it, and must fall when it is the other one."""
    known, new = split(study, seed=context.seed)
    stated = study.anonymous(known, "known", criteria=study.objective)
    encoder = context.encoder()
    router = lambda contexts: encoder.encode([text.split("\n")[0] for text in contexts]).astype(float)  # noqa: E731
    model = _heads_of(context, 2, with_context=False, prompts=router, by_person=False).fit(stated)
    single = _heads_of(context, 1, by_person=False).fit(study.anonymous(known, "known"))
    base = _scored(single, study.anonymous(new))[1]
    for name, criteria in (("", study.objective), (", the other criterion", 1 - study.objective)):
        right, loss = _scored(model, study.anonymous(new, criteria=criteria))
        for metric, values in (("accuracy", right), ("log loss", loss), ("log loss, lower by", base - loss)):
            groups = study.group[new]
            found = bootstrap_mean(values, clusters=groups, draws=context.draws, random_state=context.seed)
            bar = ("high < 0" if name else "low > 0") if metric == "log loss, lower by" else ""
            yield compare("HH, criterion stated", metric, f"{ROWS}{name}", found, bar=bar)


def _jester(context: Context) -> Iterator[Comparison]:
    """Raters met with few labels; heads learned of nobody, of anonymous raters of five rows, and of raters known."""
    dealt = jester_split(context)
    items = {item: place for place, item in enumerate(dealt.train.items)}

    def by_joke(shown: Any) -> Array:
        return np.asarray(np.eye(len(items))[[items[item] for item in shown]])

    plain: dict[str, Any] = {"features": by_joke, "n_directions": len(items), "random_state": context.seed}
    heads: dict[str, Any] = {
        **plain,
        "n_heads": 8,
        "concentration": 2.0,
        "penalties": (1.0, 10.0),
        "n_restarts": 2,
    }
    bags = replace(dealt, train=in_bags(dealt.train))
    texts = TextFeatures(context.encoder())
    plans: dict[str, tuple[Any, Any]] = {
        SINGLE: (MiCRo(**{**plain, "n_heads": 1}), dealt),
        EIGHT: (MiCRo(**heads), bags),
        "linear taste, raters known": (LinearTaste(features=texts), dealt),
    }
    if not context.quick:
        plans["MiCRo, raters known, K = 8"] = MiCRo(**heads), dealt
        plans["MiCRo, single rows, K = 8"] = (
            MiCRo(**{**heads, "by_person": False}),
            replace(dealt, train=nobody(dealt.train)),
        )
        plans["bootstrap ensemble, K = 8"] = MiCRo(**{**heads, "bootstrap": True}), bags
        plans |= {name: (MiCRo(**{**heads, "n_heads": k}), bags) for name, k in BY_HEADS.items()}
        plans[TASTE_OF_FIVES] = LinearTaste(features=texts), bags
        plans[TASTE_OF_HEADS] = (
            LinearTaste(features=_heads_as_features(plans[EIGHT][0], bags), n_directions=8, n_learned=0),
            dealt,
        )
    for name, (model, shown) in context.track(list(plans.items()), "Jester"):
        for found in bench({name: model}, shown, draws=context.draws, random_state=context.seed):
            if found.metric.startswith("seen") and shown.train.people != shown.seen.people:
                continue  # its raters are known by other names there
            if name in {*BY_HEADS, TASTE_OF_FIVES, TASTE_OF_HEADS} and found.metric != "accuracy":
                continue
            labels = "" if found.shots is None else f", {found.shots} labels"
            bar = JESTER_BARS.get(found.shots or 0, "") if name == EIGHT else ""
            yield compare(
                JESTER,
                found.metric + labels,
                name,
                found.value,
                bar=bar if found.metric == "accuracy" else "",
            )


def _heads_as_features(model: MiCRo, split: Split) -> Features:
    """Return a function from items to what each head of a clone, fitted on this split, gives for them."""
    fitted = clone(model).fit(split.train)
    return lambda items: fitted.features(items) @ fitted.heads_.T


def _heads_of(context: Context, n_heads: int, *, with_context: bool = True, **more: Any) -> MiCRo:
    features = TextFeatures(context.encoder(), with_context=with_context, with_length=True)
    return MiCRo(
        features=features, n_heads=n_heads, n_directions=N_DIRECTIONS, random_state=context.seed, **more
    )


def _scored(model: MiCRo, test: Comparisons) -> tuple[Array, Array]:
    """Return right (half where the model cannot tell) and log loss of each row."""
    chance = model.probs(test).probability
    own = np.where(test.chosen > 0.5, chance, 1 - chance)
    return np.where(chance == 0.5, 0.5, (own > 0.5).astype(float)), -np.log(np.maximum(own, 1e-12))


def _over_rows(
    context: Context, metric: str, name: str, values: Array, groups: Codes, bar: str = ""
) -> Comparison:
    found = bootstrap_mean(values, clusters=groups, draws=context.draws, random_state=context.seed)
    return compare(HH, metric, name, found, bar=bar)


def _normal_quantiles(n: int) -> Array:
    """Return n values that stand for equal shares of the normal distribution."""
    from statistics import NormalDist

    return np.array([NormalDist().inv_cdf((place + 0.5) / n) for place in range(n)])


EXPERIMENT = Experiment(DATA, rows)
