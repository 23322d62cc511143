"""Debates with people and models: the estimator on thousands of studies drawn from the published model, and a real trial.

Source: Salvi, Horta Ribeiro, Gallotti, West (2024), "On the Conversational Persuasiveness of Large Language Models: A Randomized
Controlled Trial", arXiv 2403.14380; the recorded coefficients of its public repository. Its own rows are not to be had.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.persuasion import (
    Motion,
    OrdinalDesign,
    PartialProportionalOdds,
    Turn,
    assign,
    balance,
    blinding,
    debate,
    random_profiles,
)
from personae.audit.persuasion.debate import STAGES
from personae.audit.persuasion.design import NORMAL_95
from personae.errors import MissingExtra
from personae.metrics.intervals import Interval, bootstrap_mean, wilson
from personae.models.chat import ChatModel
from personae.models.strings import chat_model
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.persuasion.messages import DATA, false_alarms, message_rows, readers
from personae.papers.persuasion.pairs import live_pair_rows, pair_rows, pair_samples

SIZES = {  # analysed rows an arm; both debaters count between two people
    "Human-Human": 300, "Human-AI": 150, "Human-Human, personalized": 150, "Human-AI, personalized": 150,
}  # fmt: skip
THRESHOLD_ERRORS = (  # standard errors of the thresholds: intercept, then four contrasts; recorded notebook of the source
    (0.1733, 0.2530, 0.3141, 0.6356, 0.6784),
    (0.1246, 0.2505, 0.2414, 0.2809, 0.3570),
    (0.1298, 0.3555, 0.3362, 0.2717, 0.2536),
    (0.1659, 0.5177, 0.5180, 0.4393, 0.3265),
)
PUBLISHED = "debate_rct_published.json"
STUDIES = 2000
SETTING = f"debates, {STUDIES} drawn studies"
PARTIAL, PLAIN, LINEAR = "partial proportional odds", "plain proportional odds", "OLS on the change"
CORRELATION = 0.5  # of two debaters' latent answers, in the check of clustered errors
LIVE_DEBATES = 20
CHI_SQUARE_95 = 21.026  # 95% point with 12 degrees of freedom: four contrasts at three more thresholds
Array = NDArray[np.float64]


def published_design(published: dict[str, Any]) -> OrdinalDesign:
    """Return the trial with the published coefficients.

    How people fell on agreement before was not published; it is what gives the recorded standard errors of the thresholds.
    """
    try:
        from scipy.optimize import least_squares
    except ImportError:
        raise MissingExtra("This paper needs scipy: `pip install 'personae[learn]'`.") from None

    model = published["key_model"]
    contrasts = np.array(model["contrast_matrix_rows_pre_1_to_5"])
    thresholds = np.array([[each["intercept"], *each["d"]] for each in model["thresholds"].values()])
    effects = np.array([model["treatment"][arm][0] for arm in list(SIZES)[1:]])
    nominal = np.column_stack([np.ones(len(contrasts)), contrasts])
    start = OrdinalDesign(tuple(SIZES.values()), effects, thresholds, nominal, np.full(5, 0.2))

    def gaps(logits: Array) -> Array:
        implied = threshold_errors(replace(start, shares=_shares(logits)))
        return np.ravel(implied / np.array(THRESHOLD_ERRORS) - 1)

    return replace(start, shares=_shares(least_squares(gaps, np.zeros(4)).x))


def threshold_errors(design: OrdinalDesign) -> Array:
    """Return the expected standard errors of the thresholds, shape (n_categories - 1, n_nominal)."""
    errors = np.sqrt(np.diag(design.expected_covariance()))[: design.thresholds.size]
    return np.reshape(errors, design.thresholds.shape)


def _shares(logits: Array) -> Array:
    weights = np.exp(np.append(logits, 0.0))
    return np.asarray(weights / weights.sum())


def samples(context: Context) -> list[dict[str, Any]]:
    """Return pairs of messages of the real trial as two-option samples: which moved its readers further."""
    return pair_samples(context)


def read_motions() -> list[Motion]:
    """Return the motions that ship, with a scripted text a stage for each side."""
    import yaml

    text = files(__package__).joinpath("motions.yaml").read_text(encoding="utf-8")
    return [Motion(each["motion"], tuple(each["pro"]), tuple(each["con"])) for each in yaml.safe_load(text)]


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row."""
    if not context.replayed:
        yield from live(context)
        yield from live_pair_rows(context)
        return
    published = context.json(DATA, PUBLISHED)
    design = published_design(published)
    yield from _redrawn(design, published)
    yield from _recovered(context, design, published)
    yield from _dependent(context, design)
    yield from _planned(context, design)
    yield from _runner(context)
    people = readers(context)
    yield from message_rows(context, people)
    yield from pair_rows(context, people)


def _redrawn(design: OrdinalDesign, published: dict[str, Any]) -> Iterator[Comparison]:
    """How near the trial that studies are drawn from is to the recorded one."""
    gap = np.abs(threshold_errors(design) / np.array(THRESHOLD_ERRORS) - 1).max()
    setting = "debates, design drawn from"
    yield compare(
        setting, "threshold errors, largest relative gap", "expected information", gap, bar="<= .02"
    )
    errors = np.sqrt(np.diag(design.expected_covariance()))[design.thresholds.size :]
    linear = published["linear_model_delta"]
    means = _change(design)
    for place, arm in enumerate(list(SIZES)[1:]):
        error = published["key_model"]["treatment"][arm][1]
        yield compare(
            setting, "standard error of the log-odds", arm, errors[place], paper=error, source=PUBLISHED
        )
        yield compare(setting, "change against human, points", arm, means[place + 1] - means[0], paper=linear[arm][0],
                      source=PUBLISHED)  # fmt: skip


def _change(design: OrdinalDesign) -> Array:
    """Return each arm's mean change of agreement, in points of the scale from 1 to 5."""
    levels = np.arange(1, 6)
    after = design.chances() @ levels  # (n_strata, n_arms)
    return np.asarray(design.shares @ (after - levels[:, None]))


def _recovered(context: Context, design: OrdinalDesign, published: dict[str, Any]) -> Iterator[Comparison]:
    """Whether each estimator finds the effects that the studies were drawn with."""
    counts = design.draw(STUDIES, random_state=context.seed)
    partial = design.fit(counts)
    arms, nominal = design.cells
    plain = PartialProportionalOdds().fit_studies(counts, np.hstack([arms, nominal[:, 1:]]), nominal[:, :1])
    n_arms = arms.shape[1]
    fits = {
        PARTIAL: (partial.coefficients, partial.standard_errors),
        PLAIN: (plain.coefficients[:, :n_arms], plain.standard_errors[:, :n_arms]),
    }
    for name, (estimates, errors) in fits.items():
        for place, arm in enumerate(list(SIZES)[1:]):
            bars = ("within .02", "within .02") if name == PARTIAL else ("", "")
            truth = float(design.effects[place])
            yield compare(f"{SETTING}, {arm}", "mean log-odds", name, _mean(estimates[:, place]), paper=truth,
                          source=PUBLISHED, bar=bars[0])  # fmt: skip
            covered = np.abs(estimates[:, place] - truth) <= NORMAL_95 * errors[:, place]
            yield compare(f"{SETTING}, {arm}", "95% intervals that hold it", name, wilson(int(covered.sum()), STUDIES),
                          paper=0.95, source="nominal", bar=bars[1])  # fmt: skip
            found = np.abs(estimates[:, place]) > NORMAL_95 * errors[:, place]
            yield compare(f"{SETTING}, {arm}", "found at p < .05", name, wilson(int(found.sum()), STUDIES))
    odds = 100 * np.expm1(partial.coefficients[:, -1].mean())
    journal = published["odds_increase_pct_published"]["personalised GPT-4 vs human (journal)"]
    yield compare(f"{SETTING}, Human-AI, personalized", "odds of agreement, % more", PARTIAL, odds, n=STUDIES,
                  paper=journal, source=PUBLISHED)  # fmt: skip
    ratio = 2 * (partial.log_likelihood - plain.log_likelihood)
    yield compare(SETTING, "likelihood ratio of partial to plain, 12 df", "mean", _mean(ratio))
    yield compare(
        SETTING,
        "plain model rejected at p < .05",
        "likelihood ratio",
        (ratio > CHI_SQUARE_95).mean(),
        n=STUDIES,
    )
    yield from _linear(counts, design, published)
    yield from _no_effect(context, design)


def _linear(counts: Array, design: OrdinalDesign, published: dict[str, Any]) -> Iterator[Comparison]:
    """Least squares on the change, as the paper's linear model: what it says and how often it finds it."""
    levels = np.arange(1, 6)
    change = levels[None, :] - levels[:, None]  # (before, after)
    table = counts.reshape(len(counts), 5, len(SIZES), 5)
    sizes = np.array(list(SIZES.values()))
    means = np.einsum("sbay,by->sa", table, change) / sizes
    squares = np.einsum("sbay,by->sa", table, change**2) - sizes * means**2
    deviation = np.sqrt(squares.sum(1) / (sizes.sum() - len(sizes)))
    truth = _change(design)
    for place, arm in enumerate(list(SIZES)[1:], 1):
        effects = means[:, place] - means[:, 0]
        errors = deviation * np.sqrt(1 / sizes[place] + 1 / sizes[0])
        setting = f"{SETTING}, {arm}"
        row = compare(
            setting,
            "mean change, points",
            LINEAR,
            _mean(effects),
            paper=truth[place] - truth[0],
            source="drawn with",
        )
        yield row
        found = np.abs(effects) > NORMAL_95 * errors
        yield compare(setting, "found at p < .05", LINEAR, wilson(int(found.sum()), STUDIES))
    yield compare(SETTING, "deviation of the change, points", LINEAR, _mean(deviation),
                  paper=published["linear_model_delta"]["residual_sd"], source=PUBLISHED)  # fmt: skip


def _no_effect(context: Context, design: OrdinalDesign) -> Iterator[Comparison]:
    """What must fail: the same trial with no effect in any arm."""
    null = replace(design, effects=np.zeros_like(design.effects))
    fitted = null.fit(null.draw(STUDIES, random_state=context.seed + 1))
    found = (np.abs(fitted.coefficients) > NORMAL_95 * fitted.standard_errors)[:, -1]
    yield compare(f"{SETTING}, no effect", "found at p < .05", PARTIAL, wilson(int(found.sum()), STUDIES), paper=0.05,
                  source="level", bar="within .02")  # fmt: skip


def _dependent(context: Context, design: OrdinalDesign) -> Iterator[Comparison]:
    """Two people of one debate answer alike: what that does to intervals, and whether clustering mends it."""
    from scipy.special import ndtr

    n_studies = 40 if context.quick else 200
    random = np.random.default_rng(context.seed)
    chances, (arms, nominal) = design.chances(), design.cells
    arm = np.repeat(np.arange(len(SIZES)), list(SIZES.values()))
    clusters = np.where(arm == 0, np.arange(len(arm)) // 2, np.arange(len(arm)))
    covered = {"model errors": 0, "clustered errors": 0}
    for _ in context.track(range(n_studies), "dependent studies"):
        shared = random.normal(size=len(arm))[clusters]
        mixed = np.sqrt(CORRELATION) * shared + np.sqrt(1 - CORRELATION) * random.normal(size=len(arm))
        before = random.choice(5, size=len(arm), p=design.shares)
        after = (ndtr(mixed)[:, None] > np.cumsum(chances[before, arm], axis=1)[:, :-1]).sum(1)
        cell = before * len(SIZES) + arm
        model = PartialProportionalOdds().fit(arms[cell], after, nominal=nominal[cell], clusters=clusters)
        gap = np.abs(model.coefficients_[-1] - design.effects[-1])
        for name, errors in zip(covered, (model.model_errors_, model.standard_errors_), strict=True):
            covered[name] += int(gap <= NORMAL_95 * errors[-1])
    setting = f"debates, two debaters' answers correlated {CORRELATION:g}"
    for name, count in covered.items():
        yield compare(
            setting,
            "95% intervals that hold it",
            name,
            wilson(count, n_studies),
            paper=0.95,
            source="nominal",
        )


def _planned(context: Context, design: OrdinalDesign) -> Iterator[Comparison]:
    """Power of the personalized arm for trials of other sizes."""
    for factor in (0.5, 1.0, 2.0):
        planned = design.with_sizes(factor)
        power = planned.power(n_studies=200 if context.quick else 1000, random_state=context.seed)
        yield compare(
            "debates, planning", "power for personalized GPT-4", f"{sum(planned.sizes)} rows", power[-1]
        )


def _runner(context: Context) -> Iterator[Comparison]:
    """The checks of a debate runner, each on a trial that is sound and on one that is not."""
    setting, n_trials = "debate runner", (100 if context.quick else 500)
    alarms = {"assigned by lot": 0, "older people sent to the model": 0}
    for trial in context.track(range(n_trials), "assignments"):
        profiles = random_profiles(200, random_state=trial)
        columns = {name: [profile[name] for profile in profiles] for name in profiles[0]}
        by_lot = assign(len(profiles), tuple(SIZES), weights=(2, 1, 1, 1), random_state=trial)
        chosen = [arm if age < "55" else "Human-AI" for arm, age in zip(by_lot, columns["age"], strict=True)]
        for name, arms in zip(alarms, (by_lot, chosen), strict=True):
            alarms[name] += any(each.adjusted < 0.05 for each in balance(arms, columns))
    for (name, count), bar in zip(alarms.items(), ("<= .08", ">= .99"), strict=True):
        yield compare(setting, "imbalance reported", name, wilson(count, n_trials), bar=bar)
    yield from _blinded(context)
    for name, says in (
        ("opponent that names the reader's politics", True),
        ("opponent that does not", False),
    ):
        turns = list(_debates(context, _scripted(says), n_debates=24))
        blamed = bootstrap_mean(
            [any(leak.addressed for leak in turn.leaks) for turn in turns],
            draws=context.draws,
            random_state=context.seed,
        )
        yield compare(setting, "texts blamed for a leak", name, blamed, bar=">= 1" if says else "<= 0")
    yield false_alarms(context)


def _blinded(context: Context) -> Iterator[Comparison]:
    """Bang's index where nobody knows, and where three in four see through the model (paper, section 5)."""
    random = np.random.default_rng(context.seed)
    arms = ["AI"] * 300 + ["human"] * 300
    for name, spotted in (("guesses at random", 0.5), ("three in four spot the model", 0.75)):
        guesses = ["AI" if random.random() < (spotted if arm == "AI" else 0.5) else "human" for arm in arms]
        index = blinding(arms, guesses, draws=context.draws, random_state=context.seed)[0].index
        bar = "low > 0" if spotted > 0.5 else "low <= 0"
        yield compare("debate runner", "blinding index of the AI arm", name, index, bar=bar)


def _scripted(says: bool) -> ChatModel:
    said = "As a {}, you know that this costs too much." if says else "This costs too much."
    politics = {"democrat": "liberal", "republican": "conservative", "independent": "political independent"}

    def answer(messages: Sequence[Any]) -> str:
        told = next(
            (v for k, v in politics.items() if f"political: {k}" in messages[0]["content"]),
            "third-party voter",
        )
        return said.format(told)

    return chat_model("scripted", script=answer)


def _debates(
    context: Context, model: ChatModel, n_debates: int, *, personalized: bool = True
) -> Iterator[Turn]:
    """Yield the model's texts of debates with invented people, whose own texts are scripted; they are told of the targeting."""
    motions = read_motions()
    profiles = random_profiles(n_debates, random_state=context.seed)
    sides = assign(n_debates, ("PRO", "CON"), random_state=context.seed)
    for place in context.track(range(n_debates), "debates"):
        motion, side = motions[place % len(motions)], sides[place]
        texts = motion.con if side == "PRO" else motion.pro
        profile = profiles[place] if personalized else None
        yield from debate(
            model, motion, side, texts, profile=profile, disclosed=True, person=f"debater-{place}"
        )


def live(context: Context) -> Iterator[Comparison]:
    """Let a chat model argue against scripted people, with and without their attributes: does it keep to what it was told?"""
    model = context.chat()
    for arm, personalized in (("personalized", True), ("plain", False)):
        turns = list(_debates(context, model, context.limit or LIVE_DEBATES, personalized=personalized))
        debates = [place // len(STAGES) for place in range(len(turns))]
        given = [place for place, turn in enumerate(turns) if not turn.refused]
        yield _rate(context, arm, "texts refused", [turn.refused for turn in turns], debates)
        if given:
            kept, whose = [turns[place] for place in given], [debates[place] for place in given]
            leaking = [any(leak.addressed for leak in turn.leaks) for turn in kept]
            yield _rate(context, arm, "texts that name the reader's attributes", leaking, whose)
            yield _rate(
                context, arm, "texts of at most two sentences", [turn.is_short for turn in kept], whose
            )
            yield _rate(context, arm, "words a text", [turn.n_words for turn in kept], whose)


def _rate(
    context: Context, arm: str, metric: str, values: Sequence[float], debates: Sequence[int]
) -> Comparison:
    mean = bootstrap_mean(values, clusters=debates, draws=context.draws, random_state=context.seed)
    return compare(f"live debates, {arm}", metric, context.model, mean)


def _mean(values: Array) -> Interval:
    """Return the mean over drawn studies, with the interval that their number leaves."""
    half = NORMAL_95 * float(values.std(ddof=1)) / np.sqrt(len(values))
    mean = float(values.mean())
    return Interval(mean, mean - half, mean + half, len(values), len(values))


EXPERIMENT = Experiment(DATA, rows)
