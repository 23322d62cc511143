"""A real randomized trial: 25,982 people read a message by one of 24 models, by a human, or none, and said what they think.

Source: Hackenburg, Tappin, Röttger, Hale, Bright, Margetts (2025), "Scaling language model size yields diminishing returns for
single-message political persuasion", PNAS; recorded tables of its public repository. 22,108 people are at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.persuasion import (
    RandomTerm,
    balance,
    blinding,
    hc2,
    leaks,
    linear_effects,
    meta_regression,
    random_profiles,
    targeting_gain,
)
from personae.audit.persuasion.meta import MetaFit
from personae.audit.persuasion.trial import Effect
from personae.metrics.intervals import Interval, bootstrap_mean, wilson
from personae.papers.harness import Comparison, Context, compare

DATA = "persuasion"
FILE = "llm_messages_rct.csv.gz"
COVARIATES = ("party", "ideology", "knowledge")
EFFECTS = {"AI": (7.41, 0.47), "human": (9.03, 0.95)}  # points over control and standard error, card
TABLE = "recorded table, all rows"
META = {  # estimate and half the recorded 95% interval
    "intercept": (5.77, 1.705), "slope of log parameters": (1.26, 0.61), "spread of messages": (3.42, 0.56),
    "spread of models": (0.98, None), "spread of issues": (2.32, None), "spread of issues' slopes": (0.87, None),
}  # fmt: skip
MEDIATORS = {  # joint model, recorded table
    "moral_nonmoral_ratio": -0.93, "flesch": 0.70, "emotion_proportion": -1.76, "type_token_ratio": 3.39,
    "task_completion": 2.63, "pretraining_tokens": -0.21, "treatment_message_word_count": 1.55,
}  # fmt: skip
FRONTIER_PARAMETERS = 300.0  # billions, where the size is not published; the source's primary choice
FRONTIER_TOKENS = 4.0  # trillions, the source's choice
AI_GUESS, UNSURE = "An AI language model", "I'm not sure"
SETTING = "messages, a real trial"
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reader:
    """One participant: agreement after reading, 0 to 100, and what was read."""

    agreement: float
    condition: str
    message: int
    model: str
    issue: str
    features: tuple[float, ...]  # parameters in billions, then MEDIATORS in order; NaN where not given
    covariates: tuple[float, ...]
    guess: str


def readers(context: Context) -> list[Reader]:
    """Return the participants."""
    names = ("parameters", *MEDIATORS)
    return [
        Reader(
            float(row["dv_response_mean"]),
            row["condition"],
            int(row["message_id"]),
            row["model"] or "control",
            row["issue"],
            tuple(float(row[name] or "nan") for name in names),
            tuple(float(row[name]) for name in COVARIATES),
            row["authorship"],
        )
        for row in context.rows(DATA, FILE)[: context.limit]
    ]


def message_rows(context: Context, people: Sequence[Reader]) -> Iterator[Comparison]:
    """Measure the trial: effects, what must not be found, the meta-regression, balance, blinding, targeting."""
    yield from _effects(context, people)
    yield from _models(people)
    yield from _shuffled(context, people)
    yield from _meta(context, people)
    yield from _balance(people)
    yield from _blinding(context, people)
    yield from _targeting(context, people)


def _effects(context: Context, people: Sequence[Reader]) -> Iterator[Comparison]:
    found = _regressed(people, {arm: [p.condition == arm for p in people] for arm in EFFECTS})
    for arm, (published, error) in EFFECTS.items():
        effect, known = found[arm], context.limit is None
        row = compare(SETTING, "points over control", arm, _interval(effect, len(people)))
        yield replace(row, paper=published, source="card", bar="within .01") if known else row
        row = compare(SETTING, "standard error, HC2", arm, effect.standard_error, n=len(people))
        yield replace(row, paper=error, source="card", bar="within .005") if known else row


def _models(people: Sequence[Reader]) -> Iterator[Comparison]:
    """Each model against control, weakest first."""
    names = sorted({p.model for p in people} - {"control", "human"})
    found = _regressed(people, {name: [p.model == name for p in people] for name in (*names, "human")})
    for name in sorted(names, key=lambda name: found[name].value):
        n = sum(p.model == name for p in people)
        yield compare(SETTING, "points over control, by model", name, _interval(found[name], n))


def _shuffled(context: Context, people: Sequence[Reader]) -> Iterator[Comparison]:
    """Conditions dealt anew: an effect must be found as often as the level says."""
    random = np.random.default_rng(context.seed)
    arms = np.array([p.condition for p in people])
    n_shuffles, found, known = (20 if context.quick else 200), 0, _Known.of(people)
    for _ in context.track(range(n_shuffles), "shuffles"):
        dealt = random.permutation(arms)
        found += known.regressed({arm: dealt == arm for arm in EFFECTS})["AI"].p_value < 0.05
    share = wilson(found, n_shuffles)
    yield compare(f"{SETTING}, conditions shuffled", "AI effect found at p < .05", "OLS, HC2", share,
                  paper=0.05, source="level", bar="" if context.quick else "within .05")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Known:
    """What stays the same over many regressions of the same people."""

    agreement: Array
    covariates: dict[str, Array]
    issues: tuple[str, ...]

    @classmethod
    def of(cls, people: Sequence[Reader]) -> _Known:
        covariates = dict(zip(COVARIATES, np.array([p.covariates for p in people]).T, strict=True))
        return cls(np.array([p.agreement for p in people]), covariates, tuple(p.issue for p in people))

    def regressed(self, terms: Mapping[str, ArrayLike]) -> dict[str, Effect]:
        columns = {name: np.asarray(column, dtype=float) for name, column in terms.items()}
        return linear_effects(self.agreement, columns | self.covariates, strata=self.issues)


def _regressed(people: Sequence[Reader], terms: Mapping[str, ArrayLike]) -> dict[str, Effect]:
    return _Known.of(people).regressed(terms)


def _interval(effect: Effect, n: int) -> Interval:
    return Interval(effect.value, effect.low, effect.high, n, n)


@dataclass(frozen=True, slots=True)
class Messages:
    """Each model-written message's effect against its issue's control, with the covariance that sharing a control gives."""

    effects: Array
    covariance: Array
    models: tuple[str, ...]
    issues: tuple[str, ...]
    features: Array  # (n_messages, 1 + len(MEDIATORS))
    ids: tuple[int, ...]

    @property
    def size(self) -> Array:
        """Log of the number of parameters, centered over messages."""
        logs = np.log(np.where(np.isnan(self.features[:, 0]), FRONTIER_PARAMETERS, self.features[:, 0]))
        return np.asarray(logs - logs.mean())

    def mediator(self, name: str, *, scaled: bool = False) -> Array:
        """Return a feature's mean over its model's messages; in standard deviations over messages where `scaled`."""
        column = self.features[:, 1 + list(MEDIATORS).index(name)]
        if name == "pretraining_tokens":
            column = np.where(np.isnan(column), FRONTIER_TOKENS, column)
        models = np.array(self.models)
        means = np.array([column[models == model].mean() for model in self.models])
        return np.asarray((means - means.mean()) / means.std(ddof=1)) if scaled else means


def message_effects(people: Sequence[Reader]) -> Messages:
    """Regress agreement on message and covariates within each issue; humans' messages are estimated and left out."""
    effects, blocks, kept = [], [], []
    for issue in dict.fromkeys(p.issue for p in people):
        mine = [p for p in people if p.issue == issue]
        first = {p.message: p for p in mine if p.condition != "control"}
        read = np.array([p.message for p in mine])[:, None] == np.array(list(first))
        design = np.column_stack([read, np.ones(len(mine)), [p.covariates for p in mine]])
        coefficients, covariance = hc2(design.astype(float), np.array([p.agreement for p in mine]))
        ai = [i for i, p in enumerate(first.values()) if p.condition == "AI"]
        effects.append(coefficients[ai])
        blocks.append(covariance[np.ix_(ai, ai)])
        kept += [p for p in first.values() if p.condition == "AI"]
    whole = np.zeros((len(kept), len(kept)))
    at = 0
    for block in blocks:
        whole[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    features = np.array([p.features for p in kept])
    return Messages(
        np.concatenate(effects), whole, tuple(p.model for p in kept), tuple(p.issue for p in kept), features,
        tuple(p.message for p in kept),
    )  # fmt: skip


def _meta(context: Context, people: Sequence[Reader]) -> Iterator[Comparison]:
    """Persuasion by size, over messages in models and issues; then with what the messages are like."""
    found = message_effects(people)
    ones, n = np.ones(len(found.effects)), len(found.effects)
    sized = {"intercept": ones, "slope of log parameters": found.size}
    fitted = _fit(found, sized, np.column_stack([ones, found.size]))
    spreads = {
        "spread of messages": fitted.spread("message"), "spread of models": fitted.spread("model"),
        "spread of issues": fitted.spread("issue"), "spread of issues' slopes": fitted.spread("issue", 1),
    }  # fmt: skip
    for name, (published, half) in META.items():
        value = _interval(fitted.effects[name], n) if name in fitted.effects else spreads[name]
        row = compare("messages, meta-regression", name, "REML", value, n=n)
        if context.limit is None:
            row = replace(row, paper=published, source=TABLE, bar=f"within {half}" if half else "")
        yield row
    if context.quick:
        return
    done = found.mediator("task_completion")
    adjusted = _fit(
        found, sized | {"task completion": done, "its square": done**2}, np.column_stack([ones, found.size])
    )
    for name, published in (
        ("slope of log parameters", 0.66),
        ("task completion", -6.17),
        ("its square", 2.26),
    ):
        yield compare("messages, with task completion", name, "REML", _interval(adjusted.effects[name], n),
                      paper=published, source=TABLE)  # fmt: skip
    p_value = adjusted.effects["slope of log parameters"].p_value
    yield compare(
        "messages, with task completion", "p of the slope", "REML", p_value, n=n, paper=0.078, source=TABLE
    )
    joint = _fit(
        found, {"intercept": ones} | {m: found.mediator(m, scaled=True) for m in MEDIATORS}, ones[:, None]
    )
    for name, published in MEDIATORS.items():
        yield compare("messages, all mediators, per sd", name, "REML", _interval(joint.effects[name], n),
                      paper=published, source=TABLE)  # fmt: skip


def _fit(found: Messages, columns: dict[str, Array], by_issue: Array) -> MetaFit:
    random = [
        RandomTerm("issue", found.issues, by_issue),
        RandomTerm("message", range(len(found.effects))),
        RandomTerm("model", found.models),
    ]
    return meta_regression(found.effects, found.covariance, columns, random)


def _balance(people: Sequence[Reader]) -> Iterator[Comparison]:
    """Whether what was asked before fell evenly on model, human and control."""
    columns = dict(zip(COVARIATES, zip(*(p.covariates for p in people), strict=True), strict=True))
    columns["issue"] = tuple(p.issue for p in people)
    for each in balance([p.condition for p in people], columns):
        yield compare(
            SETTING, "balance: p over 4, BH", each.covariate, each.adjusted, n=len(people), bar=">= .05"
        )
        yield compare(
            SETTING, "balance: largest gap in a share", each.covariate, each.largest_gap, n=len(people)
        )


def _blinding(context: Context, people: Sequence[Reader]) -> Iterator[Comparison]:
    """Whom people took for the author: index 0 is blind, and the two arms should guess "AI" alike."""
    asked = [p for p in people if p.guess and p.condition != "control"]
    guesses = ["AI" if p.guess == AI_GUESS else "unsure" if p.guess == UNSURE else "human" for p in asked]
    arms = [p.condition for p in asked]
    for each in blinding(arms, guesses, draws=context.draws, random_state=context.seed):
        yield compare(SETTING, "blinding index", each.arm, each.index)
    for arm in dict.fromkeys(arms):
        said = [guess == "AI" for guess, mine in zip(guesses, arms, strict=True) if mine == arm]
        share = bootstrap_mean(said, draws=context.draws, random_state=context.seed)
        yield compare(SETTING, "takes the author for an AI", arm, share)
    gap = linear_effects(
        [guess == "AI" for guess in guesses], {"AI": np.array([arm == "AI" for arm in arms])}
    )["AI"]
    yield compare(
        SETTING, "takes the author for an AI, difference", "AI less human", _interval(gap, len(asked))
    )


def _targeting(context: Context, people: Sequence[Reader]) -> Iterator[Comparison]:
    """Does the effect go with party and ideology, and is choosing the model by party worth anything?"""
    ai = np.array([p.condition == "AI" for p in people], dtype=float)
    human = np.array([p.condition == "human" for p in people], dtype=float)
    covariates = np.array([p.covariates for p in people])
    for place, name in enumerate(COVARIATES[:2]):
        moved = ai * (covariates[:, place] - covariates[:, place].mean())
        effect = _regressed(people, {"AI": ai, "human": human, "moved": moved})["moved"]
        metric = f"AI effect, points per step of {name}"
        yield compare(SETTING, metric, "OLS, HC2", _interval(effect, len(people)))
    read = [p for p in people if p.condition == "AI"]
    issues = {
        issue: np.mean([p.agreement for p in read if p.issue == issue]) for issue in {p.issue for p in read}
    }
    outcomes, models = [p.agreement - issues[p.issue] for p in read], [p.model for p in read]
    parties = np.array([p.covariates[0] for p in read])
    dealt = np.random.default_rng(context.seed).permutation(parties)
    for name, groups in (("doubly robust", parties), ("doubly robust, parties shuffled", dealt)):
        found = targeting_gain(
            outcomes, models, groups.tolist(), draws=context.draws, random_state=context.seed
        )
        if groups is parties:
            yield compare(SETTING, "points over the mean message", "best model for all", found.single)
            yield compare(
                SETTING, "points over the mean message", "best model for each party", found.targeted
            )
        yield compare(SETTING, "points gained by choosing by party", name, found.gain)


def false_alarms(context: Context) -> Comparison:
    """How often the leak checker blames messages that were written without knowing any reader."""
    texts = [row["response"] for row in context.rows(DATA, "llm_messages_text.csv.gz")]
    profiles = random_profiles(len(texts), random_state=context.seed)
    blamed = [any(leak.addressed for leak in leaks(*pair)) for pair in zip(texts, profiles, strict=True)]
    return compare("debate runner", "messages without a profile that are blamed", "leak checker",
                   bootstrap_mean(blamed, draws=context.draws, random_state=context.seed))  # fmt: skip
