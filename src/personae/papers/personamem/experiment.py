"""PersonaMem: a recorded model's answers beside what is right without reading, by skill and distance; recall without a model.

Source: Jiang et al. (2025), "Know Me, Respond to Me", arXiv 2504.14225: the 32k questions, and one open reasoning model's
published raw answers to them. Expected numbers are recomputed from those answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.dialogue.personamem import (
    MemoryQuestion,
    evolve_people,
    history_of,
    read_histories,
    read_questions,
    recall,
    remembered,
)
from personae.metrics.intervals import bootstrap_mean, bootstrap_ratio, bootstrap_sums, wilson
from personae.metrics.paired import benjamini_hochberg, mcnemar, paired_difference
from personae.metrics.shortcuts import Choice, Shortcut, length_balance, shortcuts
from personae.models.chat import Message
from personae.papers.blind import blind_rows, shortcut_rows
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.personamem.live import live_rows, prompt
from personae.papers.personamem.scores import DATA, IDEAS, RULE, by_length, by_rule, recorded, shared

Array = NDArray[np.float64]
QUESTIONS = "questions_32k.jsonl.zst"
HISTORIES = "contexts_32k_persona0.jsonl.zst"
RUN = "recorded run, 32k"
MODEL = "reasoning model"
CARD, CARD_589 = "card, recomputed", "card, on all 589"
BY_KIND = {  # expected accuracy of the recorded model, and of the longest option on all 589 questions
    "generalizing_to_new_scenarios": (0.521, 1.0),
    "provide_preference_aligned_recommendations": (0.605, 0.618),
    "recall_user_shared_facts": (0.540, 0.395),
    "recalling_facts_mentioned_by_the_user": (0.583, 0.824),
    "recalling_the_reasons_behind_previous_updates": (0.899, 0.939),
    "suggest_new_ideas": (0.162, 0.0),
    "track_full_preference_evolution": (0.800, 0.396),
}
QUARTERS = ("nearest quarter", "second quarter", "third quarter", "farthest quarter")
N_EVOLVING, N_RECALLED_FROM = 200, 25


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row; intervals are over the sixteen personas, or Wilson's where there is one."""
    questions = read_questions(context.rows(DATA, QUESTIONS))[: context.limit]
    histories = read_histories(context.rows(DATA, HISTORIES))
    if not context.replayed:
        yield from live_rows(context, questions, histories)
        yield from blind_rows(
            context, "all questions", _choices(questions), clusters=[q.person for q in questions]
        )
        return
    right, is_recorded = recorded(context, questions)
    rule = by_rule(questions)
    items = _choices(questions)
    blind = shortcuts(items, **shared(context, questions))
    yield from _headline(context, questions, right, rule, blind)
    yield from _recomputed(context, questions, right, is_recorded)
    yield from _shortcuts(context, questions, items, right, rule, blind)
    yield from _by_kind(context, questions, right, rule)
    yield from _distance(context, questions, right, rule)
    yield from _recall(context, questions, histories, right, rule)
    yield from _evolving(context)


def _choices(questions: Sequence[MemoryQuestion]) -> list[Choice]:
    return [Choice(question.options, question.right, question.raw_kind) for question in questions]


def samples(context: Context) -> list[dict[str, Any]]:
    """Return the questions as four-option samples, with their history where it is here, and without it elsewhere."""
    histories = read_histories(context.rows(DATA, HISTORIES))
    return [
        {
            "id": each.id,
            "prompt": prompt(each, history_of(each, histories) if each.history in histories else ()),
            "options": list(each.options),
            "target": each.right,
            "metadata": {"person": each.person, "kind": each.kind, "distance": each.distance},
        }
        for each in read_questions(context.rows(DATA, QUESTIONS))[: context.limit]
    ]


def _headline(
    context: Context,
    questions: Sequence[MemoryQuestion],
    right: Array,
    rule: Array,
    blind: Sequence[Shortcut],
) -> Iterator[Comparison]:
    """What the model knows beyond what nobody needs to read: its lift over each shortcut."""
    whole = context.limit is None
    others = {each.name: each.right for each in blind if each.name in ("longest", "length rank by kind")}
    for name, other in {RULE: rule, **others}.items():
        lift = paired_difference(right, other, **shared(context, questions))
        paper = -0.063 if name == RULE and whole else None
        yield compare(
            RUN, "lift over a shortcut", f"{MODEL} over {name}", lift, paper=paper,
            source="card: .607 less about .67" if paper else "", bar="within .02" if paper else "",
        )  # fmt: skip
        test = mcnemar(right, other)
        yield compare(RUN, "McNemar p", f"{MODEL} and {name}", test.p_value, n=test.first + test.second)


def _recomputed(
    context: Context, questions: Sequence[MemoryQuestion], right: Array, is_recorded: Array
) -> Iterator[Comparison]:
    whole = context.limit is None
    found = bootstrap_mean(right, **shared(context, questions))
    paper, source, bar = (0.607, CARD, "within .001") if whole else (None, "", "")
    yield compare(RUN, "accuracy", MODEL, found, paper=paper, source=source, bar=bar)
    agreed = float(np.mean(right == is_recorded))
    yield compare(RUN, "answers read with the recorded score", "our parser", agreed, n=len(right), bar=">= 1")
    for kind, (expected, _) in BY_KIND.items():
        chosen = [each.raw_kind == kind for each in questions]
        if any(chosen):
            found = bootstrap_mean(right[chosen], **shared(context, compress(questions, chosen)))
            paper = expected if whole else None
            yield compare(f"{RUN}, {kind}", "accuracy", MODEL, found, paper=paper, source=source, bar=bar)


def _shortcuts(
    context: Context,
    questions: Sequence[MemoryQuestion],
    items: Sequence[Choice],
    right: Array,
    rule: Array,
    blind: Sequence[Shortcut],
) -> Iterator[Comparison]:
    """Policies that never read the message nor the history; and everyone's accuracy where length is made to tell nothing."""
    whole, drawn = context.limit is None, shared(context, questions)
    longest = np.array([float(by_length(each, shortest=False) == each.right) for each in questions])
    paper, source, bar = (0.521, CARD, "within .001") if whole else (None, "", "")
    found = bootstrap_mean(longest, **drawn)
    yield compare(RUN, "accuracy", "longest, the first of equals", found, paper=paper, source=source, bar=bar)
    paper, source, bar = (0.67, CARD_589, "within .02") if whole else (None, "", "")
    found = bootstrap_mean(rule, **drawn)
    yield compare(RUN, "accuracy", RULE, found, paper=paper, source=source, bar=bar)
    yield from shortcut_rows(RUN, blind)
    weights = length_balance(items)
    for name, scores in (
        (MODEL, right),
        (RULE, rule),
        *((f"shortcut: {each.name}", each.right) for each in blind[:3]),
    ):
        found = bootstrap_ratio(scores * weights, weights, **drawn)
        yield compare(RUN, "accuracy, every length rank weighed alike", name, found)


def _by_kind(
    context: Context, questions: Sequence[MemoryQuestion], right: Array, rule: Array
) -> Iterator[Comparison]:
    """Lift over the shortcut by kind of question, with McNemar's test, Benjamini-Hochberg over the kinds."""
    kept = {kind: np.array([each.raw_kind == kind for each in questions]) for kind in BY_KIND}
    kept = {kind: chosen for kind, chosen in kept.items() if chosen.any()}
    tests = [mcnemar(right[chosen], rule[chosen]).p_value for chosen in kept.values()]
    for (kind, chosen), adjusted in zip(kept.items(), benjamini_hochberg(tests), strict=True):
        setting, drawn = f"{RUN}, {kind}", shared(context, compress(questions, chosen))
        paper = None if kind == IDEAS or context.limit is not None else BY_KIND[kind][1]
        source = CARD_589 if paper is not None else ""
        yield compare(
            setting, "accuracy", RULE, bootstrap_mean(rule[chosen], **drawn), paper=paper, source=source
        )
        lift = paired_difference(right[chosen], rule[chosen], **drawn)
        yield compare(setting, "lift over a shortcut", f"{MODEL} over {RULE}", lift)
        yield compare(
            setting, f"McNemar p, BH over {len(tests)}", f"{MODEL} and {RULE}", adjusted, n=int(chosen.sum())
        )


def _distance(
    context: Context, questions: Sequence[MemoryQuestion], right: Array, rule: Array
) -> Iterator[Comparison]:
    """Accuracy by how far back the answer was said, in quarters, and its slope, before and after the kinds are leveled.

    Kinds stand at different distances: within a kind the slope says what distance itself does.
    """
    distance = np.array([each.distance for each in questions])
    quarter = np.digitize(distance, np.quantile(distance, [0.25, 0.5, 0.75]))
    for place, name in enumerate(QUARTERS):
        chosen = quarter == place
        if not chosen.any():
            continue
        setting = f"{name}, {distance[chosen].min():.0%} to {distance[chosen].max():.0%} back"
        drawn = shared(context, compress(questions, chosen))
        for method, scores in ((MODEL, right), (RULE, rule)):
            yield compare(setting, "accuracy", method, bootstrap_mean(scores[chosen], **drawn))
        found = wilson(float(right[chosen].sum()), int(chosen.sum()))
        yield compare(setting, "accuracy, Wilson's interval", MODEL, found)
        yield compare(
            setting,
            "lift over a shortcut",
            f"{MODEL} over {RULE}",
            paired_difference(right[chosen], rule[chosen], **drawn),
        )
    kinds = [each.raw_kind for each in questions]
    for method, scores in ((MODEL, right), (RULE, rule)):
        slope = _slope(context, questions, distance, scores)
        bar = "high < 0" if method == MODEL and context.limit is None else ""
        yield compare(
            RUN, "change of accuracy from the end of the history to its start", method, slope, bar=bar
        )
        leveled = _slope(context, questions, _leveled(distance, kinds), _leveled(scores, kinds))
        yield compare(RUN, "the same within kinds of question", method, leveled)


def _recall(
    context: Context,
    questions: Sequence[MemoryQuestion],
    histories: Mapping[str, Sequence[Message]],
    right: Array,
    rule: Array,
) -> Iterator[Comparison]:
    """The questions whose history is here, answered by similarity to what was said; few of them, so Wilson's intervals."""
    here = [i for i, each in enumerate(questions) if each.history in histories]
    if not here:
        return
    encoder = context.encoder()
    found: dict[str, list[bool]] = {}
    for i in context.track(here, "questions"):
        each = questions[i]
        said = history_of(each, histories)
        near, lots = (
            recall(said, each.message, each.options, encoder, random_state=state)
            for state in (None, context.seed)
        )
        for name, scores in {
            "no history: like the message": near.echo,
            "five messages recalled: like what was said": near.fit,
            "five messages recalled: like what was said, unlike the message": near.fit - near.echo,
            "five messages by lot: like what was said (control)": lots.fit,
        }.items():
            found.setdefault(name, []).append(int(np.argmax(scores)) == each.right)
    found |= {MODEL: list(right[here] > 0), RULE: list(rule[here] > 0)}
    for name, answered in found.items():
        yield compare("persona 0, both histories", "accuracy", name, wilson(sum(answered), len(answered)))


def _evolving(context: Context) -> Iterator[Comparison]:
    """Made people whose preferences change: a store of what holds now, one of all that was ever said, and recall of messages.

    The questions give nothing away unread, by the same policies as above.
    """
    people = evolve_people(N_EVOLVING // (10 if context.quick else 1), random_state=context.seed)
    encoder = context.encoder()
    setting = f"{len(people)} made people, 4 changes of 4 preferences"
    scores: dict[str, list[float]] = {"store of what holds now": [], "store of everything ever said": []}
    questions = [each for person in people for each in person.questions]
    for person in people:
        for name, is_latest in zip(scores, (True, False), strict=True):
            known = encoder.encode(remembered(person, is_latest=is_latest))
            for each in person.questions:
                fit = (encoder.encode(list(each.options)) @ known.T).max(axis=1)
                scores[name].append(float(fit.argmax() == each.right))
    drawn = shared(context, questions)
    for name, answered in scores.items():
        yield compare(setting, "accuracy", name, bootstrap_mean(answered, **drawn))
    gain = paired_difference(*scores.values(), **drawn)
    yield compare(setting, "accuracy gain", "what holds now over everything ever said", gain, bar="low > .3")
    few = people[: N_RECALLED_FROM // (5 if context.quick else 1)]
    asked = [(person, each) for person in few for each in person.questions]
    recalled = [
        float(recall(person.messages, each.message, each.options, encoder).fit.argmax() == each.right)
        for person, each in context.track(asked, "made people")
    ]
    found = bootstrap_mean(recalled, **shared(context, [each for _, each in asked]))
    yield compare(f"the first {len(few)} of them", "accuracy", "five messages recalled", found)
    items = [Choice(each.options, each.right, each.topic) for each in questions]
    best = shortcuts(items, **drawn)[0]
    bar = "" if context.quick else "< .3"
    yield compare(setting, "accuracy", f"best shortcut: {best.name} (control)", best.accuracy, bar=bar)


def _slope(context: Context, questions: Sequence[MemoryQuestion], x: Array, y: Array) -> Any:
    columns = np.stack([np.ones_like(x), x, y, x * y, x * x], axis=1)
    return bootstrap_sums(columns, _slope_of_sums, **shared(context, questions))


def _slope_of_sums(sums: Array) -> Array:
    n, x, y, xy, xx = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):  # no slope where all x are one
        return np.asarray((n * xy - x * y) / (n * xx - x * x))


def _leveled(values: Array, kinds: Sequence[str]) -> Array:
    """Return the values less the mean of their kind."""
    codes = np.unique(kinds, return_inverse=True)[1]
    means = np.bincount(codes, values) / np.bincount(codes)
    return np.asarray(values - means[codes])


EXPERIMENT = Experiment(DATA, rows)
