"""The personal data scientist: sixty wishes over real tables, from words to a held-out score, beside hand-made pipelines.

Source: Hassan, Knipper, Santu (2023), "ChatGPT as your Personal Data Scientist", arXiv 2305.13657. It reports no numbers; the
benchmark is the card's, and so are the scores of Adult and of the pupils' grades that are to be met.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from personae.ask import (
    Conversation,
    Formulated,
    Look,
    Outcome,
    PeTEL,
    Reading,
    RuleReader,
    Table,
    fill,
    petel_of,
)
from personae.ask.engineer import Task, cross_validate, fitted, measure, predict, task_of
from personae.ask.understand import card
from personae.metrics.intervals import bootstrap, bootstrap_mean, wilson
from personae.models.encoder import CachedEncoder, Encoder, home_encoder
from personae.papers.datascientist.goals import Goal, goals, tables
from personae.papers.datascientist.live import TESTED, agent_rows, reading_rows
from personae.papers.harness import Comparison, Context, Experiment, compare

RULES = "rule core"
SHUFFLED = "rule core, column cards shuffled"
NAMES = "rule core, names without descriptions"
COMMONEST = "classification of the last column, always"
LARGE = ("fico", "persuasion")  # tables that a quick run leaves out
ROWS = 3000  # of each table, for the pipelines from end to end
WITHIN = 0.02  # of the hand-made pipeline; card
END_TO_END = (  # test goals, two a table and one of each of scikit-learn's, chosen before any was run
    "predict who earns over 50K", "I want to know how many hours a week somebody works", "which pupils pass",
    "how many lessons will a pupil miss", "who is a good credit risk", "for how many months does a customer borrow",
    "who will repay their loan", "predict the external risk score", "how strongly will people agree",
    "estimate how easy the message is to read", "is the tumor malignant", "how much alcohol is in it",
)  # fmt: skip
ALL_BASE = 0.671
ALL_PUPILS = "card, all 395 pupils"
REPEATS = 10  # deals of the pupils into five folds


def rows(context: Context) -> Iterator[Comparison]:
    """Yield the goals' scores by the rules, their controls and the micro-agents, then what is trained."""
    asked = goals("test")[: context.limit]
    tuned = goals("development")
    if context.quick:
        asked, tuned = (
            tuple(goal for goal in each if goal.table not in LARGE)[::4] for each in (asked, tuned)
        )
    opened = tables(context, {goal.table for goal in (*asked, *tuned)} | {"adult", "student"})
    looks = {name: table.look() for name, table in opened.items()}
    encoder = CachedEncoder(home_encoder())
    readings = read_all(asked, looks, encoder)
    yield from reading_rows(asked, readings, looks, RULES, bars={"invalid column rate": "<= 0"})
    yield from _formulated_rows(context, asked, readings, opened)
    yield from _control_rows(context, asked, looks, encoder)
    yield from reading_rows(
        tuned, read_all(tuned, looks, encoder), looks, RULES, setting="20 goals that the rules were tuned on"
    )
    yield from agent_rows(context, asked, looks, encoder)
    yield from _adult_rows(context, opened["adult"])
    yield from _student_rows(context, opened["student"])
    yield from _whole_rows(context, opened, encoder)


def read_all(
    asked: Sequence[Goal],
    looks: Mapping[str, Look],
    encoder: Encoder,
    cards: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Reading]:
    """Return what the rules read in each goal."""
    readers = {name: RuleReader(look, encoder, cards=(cards or {}).get(name)) for name, look in looks.items()}
    return [readers[goal.table].read(goal.words) for goal in asked]


def _formulated_rows(
    context: Context, asked: Sequence[Goal], readings: Sequence[Reading], opened: Mapping[str, Table]
) -> Iterator[Comparison]:
    """Yield metric, leaks and turns: the target put right where it was read wrong, so that each slot is judged alone."""
    right, caught, wrong, invalid, turns = [], [], [], [], []
    for goal, reading in zip(context.track(asked, "goals"), readings, strict=True):
        table = opened[goal.table]
        found = fill(petel_of(gold(goal, reading), goal.words), table)
        right.append(goal.judged_rightly(found.petel))
        told = {leak.column for leak in found.leaks}
        caught += [column in told for column in goal.leaks]
        wrong.append(len(told - set(goal.leaks)))
        invalid.append(not all(name in table.look() for name in named_columns(found)))
        turns.append(turns_of(goal, reading))
    options: Any = {"draws": context.draws, "random_state": context.seed}
    yield compare(TESTED, "metric fits", RULES, wilson(sum(right), len(right)))
    yield compare(TESTED, "leaks warned of and left out", RULES, wilson(sum(caught), len(caught)))
    yield compare(TESTED, "other columns warned of, a goal", RULES, bootstrap_mean(wrong, **options))
    yield compare(
        TESTED,
        "full PeTEL names a column that is not there",
        RULES,
        float(np.mean(invalid)),
        n=len(invalid),
        bar="<= 0",
    )
    yield compare(TESTED, "turns to a full PeTEL, agreed to", RULES, bootstrap_mean(turns, **options))


def gold(goal: Goal, reading: Reading) -> Reading:
    """Return the reading with the gold task and target."""
    if reading.target == goal.target and reading.problem_type == goal.problem_type:
        return reading
    return replace(reading, problem_type=goal.problem_type, target=goal.target, expression="", positive="")  # type: ignore[arg-type]


def named_columns(found: Formulated) -> tuple[str, ...]:
    """Return every column that a full PeTEL names."""
    petel = found.petel
    split = petel.data_split.column if petel.data_split else ""
    left_out = (each.column for each in petel.left_out)
    return tuple(filter(None, (petel.target_variable, split, *(petel.features or ()), *left_out)))


def turns_of(goal: Goal, reading: Reading) -> int:
    """Return the turns of a user who knows what they want: the goal, a column where asked or where it is wrong, and yes."""
    is_asked = bool(reading.target) and not reading.is_sure
    is_wrong = reading.target != goal.target
    return 2 + (1 if is_asked or is_wrong else 0)


def _control_rows(
    context: Context, asked: Sequence[Goal], looks: Mapping[str, Look], encoder: Encoder
) -> Iterator[Comparison]:
    """Yield what is left when each column is told by another's card, by its name alone, and when nothing is read."""
    shuffled = {name: shuffled_cards(look, context.seed) for name, look in looks.items()}
    found = read_all(asked, looks, encoder, shuffled)
    yield from list(reading_rows(asked, found, looks, SHUFFLED, bars={"target accuracy": "< .2"}))[:2]
    bare = {n: {c.name: card(replace(c, description="")) for c in look.columns} for n, look in looks.items()}
    yield from list(reading_rows(asked, read_all(asked, looks, encoder, bare), looks, NAMES))[:2]
    last = [Reading("classification", looks[goal.table].columns[-1].name, ()) for goal in asked]
    yield from list(reading_rows(asked, last, looks, COMMONEST))[:2]


def shuffled_cards(look: Look, seed: int) -> dict[str, str]:
    """Return for each column the card of another: name, description and values move together."""
    order = np.random.default_rng(seed).permutation(len(look.columns))
    moved = {look.columns[a].name: look.columns[b] for a, b in zip(order, np.roll(order, 1), strict=True)}
    return {name: card(column) for name, column in moved.items()}


def _adult_rows(context: Context, table: Table) -> Iterator[Comparison]:
    petel = PeTEL(
        problem_type="classification", target_variable="income", positive=">50K", model_preferences=("boosting",),
        random_state=context.seed,
    )  # fmt: skip
    found = fill(petel, table).petel
    task = task_of(found, table)
    train, held = np.flatnonzero(~task.is_held_out), np.flatnonzero(task.is_held_out)
    guessed, shares = predict(fitted("boosting", task, train, context.seed), task, held)
    truth = task.target[held]
    for metric, paper in (("accuracy", 0.871), ("roc_auc", 0.926)):

        def score(sample: Any, metric: Any = metric) -> float:
            return measure(metric, task, truth[sample], guessed[sample], shares[sample])

        value = bootstrap(
            score,
            len(held),
            draws=min(context.draws, 50 if context.quick else 200),
            random_state=context.seed,
        )
        yield compare(
            "Adult, UCI split", metric, "boosting", value, paper=paper, source="card", bar="within .005"
        )


def _student_rows(context: Context, table: Table) -> Iterator[Comparison]:
    """Yield the pupils' five-fold accuracy with and without the earlier grades, and whether they were warned of."""
    petel = PeTEL(
        problem_type="classification",
        target_variable="G3",
        positive="high",
        performance_metrics=("accuracy",),
    )
    found = fill(petel, table)
    wide = fill(petel, table, keep=("G1", "G2"))
    repeats = 1 if context.quick else REPEATS
    base = cross_validate("constant", _nothing_held(task_of(found.petel, table)), found.petel)
    yield compare(
        "pupils' final grade",
        "accuracy",
        "always the commonest",
        base,
        n=table.n_rows,
        paper=0.671,
        source=ALL_PUPILS,
    )
    for name, petel, paper in (("with G1, G2", wide.petel, 0.911), ("without G1, G2", found.petel, 0.673)):
        whole = _nothing_held(task_of(petel, table))
        scores = [
            cross_validate("forest", whole, petel.changed(random_state=context.seed + deal))
            for deal in context.track(range(repeats), name)
        ]
        options: Any = {"draws": context.draws, "random_state": context.seed}
        setting = f"pupils' final grade, {name}"
        value = bootstrap_mean(scores, **options)
        yield compare(
            setting,
            "accuracy, 5 folds, over deals",
            "forest",
            value,
            paper=paper,
            source=ALL_PUPILS,
            bar="within .02",
        )
        gain = bootstrap_mean(np.array(scores) - base, **options)
        yield compare(
            setting,
            "gain over the commonest",
            "forest",
            gain,
            paper=paper - 0.671,
            source=ALL_PUPILS,
            bar="within .03",
        )
    warned = {leak.column for leak in found.leaks} == {"G1", "G2"}
    yield compare(
        "pupils' final grade", "warned of G1 and G2, and of nothing else", RULES, warned, n=2, bar=">= 1"
    )


def _nothing_held(task: Task) -> Task:
    return replace(task, is_held_out=np.zeros(len(task.target), dtype=bool))


def _whole_rows(context: Context, opened: Mapping[str, Table], encoder: Encoder) -> Iterator[Comparison]:
    """Yield the held-out score of each sampled goal, words to model, beside a hand-made pipeline on the same rows.

    Of a goal that ends below the hand-made one, what the methods had within the training rows is told too.
    """
    by_words = {goal.words: goal for goal in goals("test")}
    chosen = [by_words[words] for words in END_TO_END]
    chosen = [goal for goal in chosen if goal.table == "student"][:1] if context.quick else chosen
    kept = []
    for goal in context.track(chosen, "pipelines"):
        table = opened.get(goal.table) or tables(context, {goal.table})[goal.table]
        table = _sample(table, context.seed)
        outcome = talked(goal, table, encoder)
        own, other = handmade(goal, outcome, table)
        metric = outcome.petel.performance_metrics[0]
        kept.append(own >= other - WITHIN)
        setting = f"{goal.table}: {goal.words}"
        first = outcome.held_out[0].interval
        yield compare(setting, f"held-out {metric}", f"words to model ({outcome.chosen})", first or own)
        yield compare(setting, f"held-out {metric}", "hand-made pipeline", other, n=outcome.n_held_out)
        for score in () if kept[-1] else outcome.compared:
            yield compare(setting, f"cross-validated {metric}", score.method, score.value, n=outcome.n_train)
    yield compare(
        f"{len(chosen)} goals from end to end", "share within .02 of the hand-made pipeline, or above", RULES,
        wilson(sum(kept), len(kept)),
    )  # fmt: skip


def _sample(table: Table, seed: int) -> Table:
    if table.n_rows <= ROWS:
        return table
    return table.take(np.sort(np.random.default_rng(seed).choice(table.n_rows, ROWS, replace=False)))


def talked(goal: Goal, table: Table, encoder: Encoder) -> Outcome:
    """Return the outcome of a conversation: the goal, the gold column where the conversation asks for one, and yes."""
    talk = Conversation(table, encoder=encoder)
    talk.say(goal.words)
    if talk.standing.asking == "target":
        talk.say(goal.target)
    talk.say("yes")
    return talk.asked().outcome


def handmade(goal: Goal, outcome: Outcome, table: Table) -> tuple[float, float]:
    """Return the outcome's score and that of a pipeline made by hand for the gold task, on the same held-out rows.

    By hand: the gold leaks, row numbers and the published split dropped, texts one-hot, medians for gaps; histogram
    boosting from a thousand rows on, a random forest below. A wrong target scores nothing.
    """
    from sklearn.ensemble import (
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    )

    petel = outcome.petel
    metric = petel.performance_metrics[0]
    if petel.target_variable != goal.target:
        return float("-inf"), 0.0
    task = task_of(petel, table)
    dropped = {goal.target, "row", "message_id", "uci_split", *goal.leaks}
    matrix = np.column_stack([_one_hot(table.columns[name]) for name in table.columns if name not in dropped])
    there = ~_gone(table.columns[goal.target])
    matrix, train, held = matrix[there], ~task.is_held_out, task.is_held_out
    is_large, is_class = len(matrix) >= 1000, bool(task.classes)
    makers: dict[tuple[bool, bool], Any] = {
        (True, True): HistGradientBoostingClassifier, (True, False): HistGradientBoostingRegressor,
        (False, True): RandomForestClassifier, (False, False): RandomForestRegressor,
    }  # fmt: skip
    model = makers[is_large, is_class](random_state=0).fit(matrix[train], task.target[train])
    guessed = model.predict(matrix[held])
    shares = model.predict_proba(matrix[held]) if is_class else np.zeros((held.sum(), 1))
    sign = -1 if metric.endswith("error") else 1
    return sign * outcome.held_out[0].value, sign * measure(metric, task, task.target[held], guessed, shares)


def _gone(values: Any) -> Any:
    return np.isnan(values) if values.dtype.kind == "f" else np.array([value is None for value in values])


def _one_hot(values: Any) -> Any:
    if values.dtype.kind == "f":
        return np.where(np.isnan(values), np.nanmedian(values), values)[:, None]
    texts = np.array([str(value) for value in values])
    return (texts[:, None] == np.unique(texts)).astype(float)


EXPERIMENT = Experiment("datascientist", rows)
