"""PersonaFeedback's task on PrefEval's items: which answer fits this person, by similarity, by shortcuts, by a learned reward.

Source: Tao et al. (2025), "PersonaFeedback", arXiv 2506.12915. The released items are on a dataset hub and read by
`read_feedback`; what is measured here are items of the same form (Zhao et al. 2025, PrefEval, arXiv 2502.09597).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.metrics.folds import deal_folds
from personae.metrics.intervals import bootstrap_mean, bootstrap_ratio
from personae.metrics.paired import paired_difference
from personae.metrics.selective import accuracy_at
from personae.metrics.shortcuts import Choice, length_balance, shortcuts
from personae.models.encoder import Encoder
from personae.papers.blind import shortcut_rows
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.personafeedback.live import live_rows
from personae.papers.personafeedback.prefeval import (
    DATA,
    earlier_choices,
    implied_sentences,
    nearest_sentence,
    other_personas,
    read_items,
    tier_pairs,
)
from personae.people.records import Preference
from personae.preference import CertainJudge
from personae.preference.personafeedback import (
    ChoiceItem,
    CosineScorer,
    OverlapScorer,
    RewardHead,
    crossed_scores,
    run_scorer,
    run_scores,
    with_personas,
)

Array = NDArray[np.float64]
FOUR = "four options"
REWARD, BLIND = "learned reward", "learned reward, persona-blind"
CARD = "card, measured on the same items"
SIMILARITIES = {  # weights of the persona and of the question, and the card's number
    "like the persona": (1.0, 0.0, 0.269),
    "like the question": (0.0, 1.0, 0.320),
    "like both": (1.0, 1.0, 0.257),
    "like the question, unlike the persona": (-1.0, 1.0, None),
}
COVERAGES = (1.0, 0.5, 0.25)


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row; intervals are over preferences, each of which stands for a person."""
    items = read_items(context)
    if not context.replayed:
        yield from live_rows(context, items)
        return
    encoder = context.encoder()
    learn = {REWARD: partial(_learned, encoder, True), BLIND: partial(_learned, encoder, False)}
    tiers = tier_pairs(items, encoder, context.seed)
    known = {
        "another person's": other_personas(items, context.seed),
        "no": with_personas(items, [""] * len(items)),
    }
    known |= _inferred(context, items, encoder)
    asked = [items, *known.values(), *(pairs for pairs, _ in tiers.values())]
    scores = crossed_scores(learn[REWARD], items, asked, random_state=context.seed)
    blind = crossed_scores(learn[BLIND], items, [items, *asked[1 + len(known) :]], random_state=context.seed)
    right = {
        name: run_scores(each, items, random_state=context.seed).right
        for name, each in zip((REWARD, *known), scores[: 1 + len(known)], strict=True)
    } | {BLIND: run_scores(blind[0], items, random_state=context.seed).right}
    yield from _headline(context, items, right, encoder)
    yield from _personas(context, items, right)
    yield from _tiers(context, items, tiers, scores[1 + len(known) :], blind[1:])
    yield from _judge(context, items, scores[0])
    yield from _topics(context, items, right[REWARD])


def _learned(encoder: Encoder, uses_persona: bool, items: Sequence[ChoiceItem]) -> RewardHead:
    return RewardHead(encoder=encoder, uses_persona=uses_persona).fit(items)


def _inferred(context: Context, items: Sequence[ChoiceItem], encoder: Encoder) -> dict[str, list[ChoiceItem]]:
    """The same items with what was implied in a conversation, or said at an earlier choice, in place of the preference."""
    said, chosen = implied_sentences(context), earlier_choices(context)
    random = np.random.default_rng(context.seed)
    near, lot = [], []
    for item in context.track(items, "conversations"):
        sentences = said.get(item.id, [""])
        near.append(nearest_sentence(sentences, item.query, encoder))
        lot.append(sentences[int(random.integers(len(sentences)))])
    return {
        "inferred": with_personas(items, near),
        "a sentence by lot": with_personas(items, lot),
        "chosen before": with_personas(items, [chosen.get(item.id, "") for item in items]),
    }


def _headline(
    context: Context, items: Sequence[ChoiceItem], right: dict[str, Array], encoder: Encoder
) -> Iterator[Comparison]:
    """Every scorer, what needs no reading, and the items on which each of the shortcuts is wrong."""
    drawn = _shared(context, items)
    whole = not context.quick and context.limit is None
    choices = [Choice(item.options, item.label, item.meta["topic"]) for item in items]
    blind = shortcuts(choices, **drawn)
    longest = next(each for each in blind if each.name == "longest")
    mentions = run_scorer(OverlapScorer(), items, random_state=context.seed)
    yield compare(FOUR, "accuracy", REWARD, bootstrap_mean(right[REWARD], **drawn), bar="> .426")
    others = {"the longest option": longest.right, f"the best shortcut, {blind[0].name}": blind[0].right}
    for name, scored in others.items():
        gain = paired_difference(right[REWARD], scored, **drawn)
        yield compare(
            FOUR, "accuracy gain", f"{REWARD} over {name}", gain, bar="" if context.quick else "low > 0"
        )
    yield compare(FOUR, "accuracy", BLIND, bootstrap_mean(right[BLIND], **drawn))
    for name, (persona, question, paper) in SIMILARITIES.items():
        scorer = CosineScorer(encoder=encoder, weight_persona=persona, weight_question=question)
        scored = run_scorer(scorer, items, random_state=context.seed).right
        yield compare(
            FOUR, "accuracy", f"cosine: {name}", bootstrap_mean(scored, **drawn),
            paper=paper if whole else None, source=CARD if whole and paper else "",
        )  # fmt: skip
    yield compare(
        FOUR, "accuracy", "shortcut: most words of the persona", bootstrap_mean(mentions.right, **drawn)
    )
    for row in shortcut_rows(FOUR, blind):
        paper = 0.426 if row.method == "shortcut: longest" and whole else None
        yield compare(
            row.setting, row.metric, row.method, bootstrap_mean(_by_name(blind, row.method), **drawn),
            paper=paper, source=CARD if paper else "",
        )  # fmt: skip
    missed = {
        each.name: each.right == 0
        for each in blind
        if each.name in ("longest", "option words", "least alike")
    }
    missed["most words of the persona"] = mentions.right < 1
    for shortcut, wrong in missed.items():
        for name in (REWARD, BLIND) if wrong.any() else ():
            found = bootstrap_mean(right[name][wrong], **_shared(context, items, wrong))
            bar = "> .40" if (shortcut, name) == ("longest", REWARD) else ""
            yield compare(f"{FOUR}, {shortcut} is wrong", "accuracy", name, found, bar=bar)
    weights = length_balance(choices)
    for name, scored in (
        (REWARD, right[REWARD]),
        (BLIND, right[BLIND]),
        ("shortcut: longest", longest.right),
    ):
        found = bootstrap_ratio(scored * weights, weights, **drawn)
        yield compare(FOUR, "accuracy, every length rank weighed alike", name, found)


def _by_name(blind: Sequence[Any], method: str) -> Array:
    return np.asarray(next(each.right for each in blind if f"shortcut: {each.name}" == method))


def _personas(context: Context, items: Sequence[ChoiceItem], right: dict[str, Array]) -> Iterator[Comparison]:
    """The same scorer with what is stated, inferred, another's or nothing; and items whose conversation is here."""
    drawn = _shared(context, items)
    other = right["another person's"]
    yield compare(
        FOUR, "accuracy", f"{REWARD}, another person's persona (control)", bootstrap_mean(other, **drawn)
    )
    yield compare(
        FOUR, "accuracy above the blind level", f"{REWARD}, another person's persona (control)",
        paired_difference(other, right[BLIND], **drawn), bar="high < .05",
    )  # fmt: skip
    here = {*implied_sentences(context)}
    kept = np.array([item.id in here for item in items])
    if not kept.any():
        return
    drawn, setting = _shared(context, items, kept), f"{FOUR}, conversation here"
    named = {
        "stated": REWARD, "chosen before": "chosen before", "inferred": "inferred",
        "a sentence by lot": "a sentence by lot", "no persona, blind reward": BLIND, "no persona, same reward": "no",
    }  # fmt: skip
    for name, key in named.items():
        yield compare(setting, "accuracy", f"persona: {name}", bootstrap_mean(right[key][kept], **drawn))
    bar = "" if context.quick else "low > 0"
    for first, second in (("stated", "inferred"), ("inferred", "no persona, blind reward")):
        gain = paired_difference(right[named[first]][kept], right[named[second]][kept], **drawn)
        yield compare(setting, "accuracy gain", f"{first} over {second}", gain, bar=bar)


def _tiers(
    context: Context,
    items: Sequence[ChoiceItem],
    tiers: dict[str, Any],
    scores: Sequence[Any],
    blind: Sequence[Any],
) -> Iterator[Comparison]:
    """Pairs by how little they differ: easy, medium, hard; on items that have a pair in the tier."""
    found = {}
    for (tier, (pairs, places)), mine, general in zip(tiers.items(), scores, blind, strict=True):
        if not len(places):
            continue
        kept = np.isin(np.arange(len(items)), places)
        drawn = _shared(context, items, kept)
        for name, each in ((REWARD, mine), (BLIND, general)):
            right = run_scores(
                [each[i] for i in places], [pairs[i] for i in places], random_state=context.seed
            ).right
            found[tier, name] = places, right
            yield compare(f"pairs, {tier}", "accuracy", name, bootstrap_mean(right, **drawn))
        chosen = [Choice(pairs[i].options, 0) for i in places]
        longest = next(each for each in shortcuts(chosen, **drawn) if each.name == "longest")
        yield compare(f"pairs, {tier}", "accuracy", "shortcut: longest", longest.accuracy)
    for harder, easier in (("medium", "easy"), ("hard", "medium")):
        if (harder, REWARD) in found:
            yield _fall(
                context, items, found[easier, REWARD], found[harder, REWARD], f"{easier} over {harder}"
            )


def _fall(context: Context, items: Sequence[ChoiceItem], easier: Any, harder: Any, name: str) -> Comparison:
    """Compare two tiers on the items that are in both."""
    both, first, second = np.intersect1d(easier[0], harder[0], return_indices=True)
    drawn = _shared(context, items, np.isin(np.arange(len(items)), both))
    gain = paired_difference(easier[1][first], harder[1][second], **drawn)
    return compare(
        "pairs", "accuracy gain", f"{REWARD}, {name}", gain, bar="" if context.quick else "low > 0"
    )


def _judge(context: Context, items: Sequence[ChoiceItem], scores: Sequence[Array]) -> Iterator[Comparison]:
    """The reward as a judge of pairs with a promise: how sure, and right how often where it speaks, on other preferences."""
    pairs = [
        (item.person, item.id, float(mine[item.label] - mine[other]))
        for item, mine in zip(items, scores, strict=True)
        for other in range(len(item.options))
        if other != item.label
    ]
    people = [person for person, *_ in pairs]
    odds = {(person, f"{name} {k}"): gap for k, (person, name, gap) in enumerate(pairs)}
    given = [Preference(person, name, "fits", "other", "a") for person, name in odds]
    turned = np.random.default_rng(context.seed).random(len(given)) < 0.5
    given = [
        Preference(each.person, each.context, "other", "fits", "b") if turn else each
        for each, turn in zip(given, turned, strict=True)
    ]

    def read(rows: Sequence[Preference]) -> Array:
        return np.array([odds[row.person, row.context] * (1 if row.a == "fits" else -1) for row in rows])

    halves = deal_folds(people, n_folds=2, random_state=context.seed)
    certainty, right, spoke = (np.zeros(len(given)) for _ in range(3))
    for half in (0, 1):
        rest, now = (
            [given[i] for i in np.flatnonzero((halves == half) == is_now)] for is_now in (False, True)
        )
        judge = CertainJudge(read, error=0.1).fit(rest)
        chance = judge.probs(now).probability
        place = np.flatnonzero(halves == half)
        certainty[place] = np.maximum(chance, 1 - chance)
        right[place] = [(p > 0.5) == (row.choice == "a") for p, row in zip(chance, now, strict=True)]
        spoke[place] = [float(bool(each.choice)) for each in judge.verdicts(now)]
    drawn: dict[str, Any] = {"clusters": people, "draws": context.draws, "random_state": context.seed}
    for coverage in COVERAGES:
        found = accuracy_at(coverage, certainty, right, **drawn)
        yield compare(
            "pairs of the four", f"accuracy at coverage {coverage:.0%}", f"{REWARD} as judge", found
        )
    promised = f"{REWARD} as judge, wrong at most 10%"
    yield compare("pairs of the four", "share with a verdict", promised, spoke.mean(), n=len(spoke))
    if spoke.any():
        found = bootstrap_ratio((1 - right) * spoke, spoke, **drawn)
        yield compare("pairs of the four", "wrong verdicts", promised, found, bar="<= .1")


def _topics(context: Context, items: Sequence[ChoiceItem], right: Array) -> Iterator[Comparison]:
    for topic in sorted({item.meta["topic"] for item in items}):
        kept = np.array([item.meta["topic"] == topic for item in items])
        found = bootstrap_mean(right[kept], **_shared(context, items, kept))
        yield compare(f"{FOUR}, {topic}", "accuracy", REWARD, found)


def _shared(
    context: Context, items: Sequence[ChoiceItem], kept: NDArray[np.bool_] | None = None
) -> dict[str, Any]:
    """Return what every bootstrap of these items shares: whole preferences are drawn."""
    use = np.ones(len(items), dtype=bool) if kept is None else kept
    people = [item.person for item, is_kept in zip(items, use, strict=True) if is_kept]
    return {"clusters": people, "draws": context.draws, "random_state": context.seed}


EXPERIMENT = Experiment(DATA, rows)
