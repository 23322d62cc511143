"""Finding what somebody wants on LastFM in fifteen turns: SCPR, what it must beat, and a belief that heeds refusals.

Source: Lei et al. (2020), "Interactive Path Reasoning on Graph for Conversational Recommendation", KDD, arXiv 2007.00194,
tables 3 and 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from personae.metrics.intervals import Interval, bootstrap_runs, cluster_codes
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.scpr.study import COARSE, TAGS, Study, load
from personae.recommend import Plan
from personae.recommend.interactions import Codes
from personae.recommend.scpr import (
    Belief,
    Decider,
    Graph,
    Learning,
    Outcome,
    Settings,
    Trails,
    Vectors,
    Walk,
    Wants,
    always_show,
    ask_until,
    count_state,
    fit_vectors,
    lay_out,
    learn_to_decide,
    look_ahead,
    play,
)
from personae.recommend.scpr.episodes import Policy
from personae.recommend.scpr.walk import Array

ABS, ENTROPY, ENTROPY_ALL, RULE, LATE = (
    "Abs Greedy",
    "Max Entropy, reachable",
    "Max Entropy, all",
    "ask until n are left",
    "ask until n are left or turn t",
)
FULL, SCPR, WEIGHTED, OURS = (
    "DQN over all actions",
    "SCPR",
    "SCPR, weighted entropy",
    "ours: belief and look-ahead",
)
HEEDED = "ask until n are left, refusals heeded"
NO_HISTORY = "SCPR, no history"
STRANGERS = "SCPR, people and attributes shuffled"
N_SEEDS = 5
UNTIL = (25, 50, 100, 150, 200, 300)  # candidates, tried on validation pairs
LATEST = (5, 7, 9, 11, 13, 15)  # turns
FLIPS = (0.05, 0.1, 0.2)
TURNS = (5, 10, 15)
PAPER = {  # SR@15, AT; table 3
    TAGS: {ABS: (0.635, 8.66), ENTROPY: (0.669, 9.33), FULL: (0.580, 10.79), WEIGHTED: (0.709, 8.43)},
    COARSE: {ABS: (0.222, 13.48), ENTROPY: (0.283, 13.91), FULL: (0.325, 13.75), WEIGHTED: (0.465, 12.86)},
}
SOURCE = {FULL: "table 3, CRM; card"}
BARS = {
    (TAGS, SCPR, "SR@15"): ">= .72", (TAGS, SCPR, "AT"): "<= 8.6", (COARSE, SCPR, "SR@15"): ">= .30",
    (COARSE, OURS, "SR@15"): ">= .465",
}  # fmt: skip
Make = Callable[[Codes], Any]


@dataclass(frozen=True, slots=True)
class Side:
    """One granularity: its graph and vectors, and the episodes that tune, teach and test."""

    which: str
    graph: Graph
    vectors: Vectors
    tune: Wants
    teach: Wants
    test: Wants

    def walk(self, **settings: Any) -> Make:
        return lambda people: Walk(self.graph, self.vectors, people, **settings)

    def belief(self, **settings: Any) -> Make:
        return lambda people: Belief(self.graph, self.vectors, people, **settings)

    def play(self, make: Make, policy: Policy, flip: float = 0.0) -> Outcome:
        return play(make, self.test, policy, flip=flip, random_state=7)


@dataclass(frozen=True, slots=True)
class Learned:
    """Policies of one kind, a seed each, and the world that they decide in."""

    make: Make
    policies: list[Decider]


def rows(context: Context) -> Iterator[Comparison]:
    """Measure both granularities; intervals over people, and over seeds too where a policy is learned."""
    study = load(context)
    strange = ~np.isin(study.test[:, 1], study.known.items)
    yield compare(
        "both", "wanted items that are in no train pair", "test pairs", float(strange.mean()), n=len(strange)
    )
    for which in context.track((TAGS, COARSE), "granularities"):
        yield from _granularity(context, study, which)


def _granularity(context: Context, study: Study, which: str) -> Iterator[Comparison]:
    graph, tune = study.graphs[which], study.wants(which, "tune", 1)
    fitted = fit_vectors(graph, study.known, _settings(context), valid=tune, random_state=context.seed)
    side = Side(
        which, graph, fitted.vectors, tune, study.wants(which, "teach", 2), study.wants(which, "test", 3)
    )
    laid = lay_out(side.walk(), tune)
    n, (late, turn) = _tuned(laid, n_only=True)[0], _tuned(laid)
    played: dict[str, list[Outcome]] = {
        ABS: [side.play(side.walk(), always_show)],
        ENTROPY_ALL: [side.play(side.walk(reaches_all=True), ask_until(10))],
        ENTROPY: [side.play(side.walk(), ask_until(10))],
        RULE: [side.play(side.walk(), ask_until(n))],
        LATE: [_stopped(lay_out(side.walk(), side.test), late, turn)],
    }
    learned = _learned(context, side, laid, n)
    played |= {
        name: [side.play(each.make, policy) for policy in each.policies] for name, each in learned.items()
    }
    heeds = side.walk(heeds_refusals=True)
    played[HEEDED] = [side.play(heeds, ask_until(_tuned(lay_out(heeds, tune), n_only=True)[0]))]
    played[OURS] = [side.play(side.belief(), look_ahead())]
    yield compare(which, "n, chosen on validation pairs", RULE, n, n=len(tune))
    yield compare(which, "n, chosen on validation pairs", LATE, late, n=len(tune))
    yield compare(which, "t, chosen on validation pairs", LATE, turn, n=len(tune))
    for name, outcomes in played.items():
        yield from _scores(context, side, name, outcomes)
    yield from _differences(context, side, played)
    if which == TAGS:
        yield from _whole(context, side, study, learned, n)
        yield from _noise(context, side, learned[SCPR], n)
    yield from _controls(context, side, learned[SCPR])


def _settings(context: Context) -> Settings:
    return Settings(plan=Plan(n_epochs=1 if context.quick else 8, batch_size=2048, rate=0.01, patience=3))


def _learning(context: Context, n: int) -> Learning:
    learning = Learning(guide=n)
    return replace(learning, n_updates=20, plan=Plan(2, 256, 1e-3)) if context.quick else learning


def _learned(context: Context, side: Side, laid: Trails, guide: int) -> dict[str, Learned]:
    """Teach every policy under its seeds, each in the world it is measured in; all seeds learn from the same episodes."""
    plain, weighted, n_actions = side.walk(), side.walk(is_weighted=True), side.graph.n_attributes + 1
    learning, n_seeds = _learning(context, guide), 1 if context.quick else N_SEEDS

    def taught(make: Make, n: int, valid: Trails | None = None, n_actions: int = 2, **state: Any) -> Learned:
        trails = lay_out(make, side.teach, n_actions=n_actions, random_state=context.seed, **state)
        seeds = range(context.seed, context.seed + n)
        return Learned(make, [
            learn_to_decide(trails, learning, valid=valid, n_actions=n_actions, random_state=seed, **state) for seed in seeds
        ])  # fmt: skip

    found = {}
    for name in context.track((FULL, SCPR, WEIGHTED, NO_HISTORY), side.which):
        if name == FULL:
            found[name] = taught(plain, 1, n_actions=n_actions)
        elif name == SCPR:
            found[name] = taught(plain, n_seeds, laid)
        elif name == WEIGHTED:
            found[name] = taught(weighted, n_seeds, lay_out(weighted, side.tune))
        else:
            found[name] = taught(
                plain, 1, lay_out(plain, side.tune, state_of=count_state), state_of=count_state
            )
    return found


def _tuned(laid: Trails, *, n_only: bool = False) -> tuple[int, int]:
    """Return the candidates to ask until, and the turn to ask up to at most, with which most validation episodes succeed."""
    rules = [(n, turn) for turn in ((laid.n_turns + 1,) if n_only else LATEST) for n in UNTIL]
    return max(rules, key=lambda rule: float(_stopped(laid, *rule).success(15).mean()))


def _stopped(laid: Trails, n: int, turn: int) -> Outcome:
    """Return how episodes end that ask until n candidates are left, and at no later turn than the one before this."""
    return laid.outcome((laid.n_left <= n) | (np.arange(2, laid.n_turns + 1) >= turn))


def _interval(context: Context, people: Codes, values: Array) -> Interval:
    """Return the mean of values, shape (n_runs, n_episodes), with its interval over people and runs."""
    codes, n_people = cluster_codes(people, len(people))
    sums = [np.bincount(codes, each, n_people) for each in values]
    return bootstrap_runs(
        sums, np.bincount(codes, minlength=n_people)[None], draws=context.draws, random_state=context.seed
    )


def _success(outcomes: list[Outcome], turn: int = 15) -> Array:
    return np.stack([each.success(turn) for each in outcomes])


def _scores(context: Context, side: Side, name: str, outcomes: list[Outcome]) -> Iterator[Comparison]:
    people, n = side.test.people, len(side.test)
    success, turns = PAPER[side.which].get(name, (None, None))
    source = SOURCE.get(name, "table 3; card") if success else ""
    for turn in TURNS:
        metric = f"SR@{turn}"
        yield compare(
            side.which, metric, name, _interval(context, people, _success(outcomes, turn)), n=n,
            paper=success if turn == 15 else None, source=source if turn == 15 else "",
            bar=BARS.get((side.which, name, metric), ""),
        )  # fmt: skip
    taken = np.stack([each.turns() for each in outcomes])
    yield compare(
        side.which, "AT", name, _interval(context, people, taken), n=n, paper=turns, source=source,
        bar=BARS.get((side.which, name, "AT"), ""),
    )  # fmt: skip
    if len(outcomes) > 1:
        values = _success(outcomes).mean(axis=1)
        yield compare(side.which, "SR@15, lowest seed", name, values.min(), n=len(values))
        yield compare(side.which, "SR@15, highest seed", name, values.max(), n=len(values))


def _differences(context: Context, side: Side, played: dict[str, list[Outcome]]) -> Iterator[Comparison]:
    """Compare SCPR with what it must beat, and ours with SCPR; the same episodes on both sides."""
    baselines = (ABS, ENTROPY_ALL, ENTROPY, RULE, FULL)
    pairs = [(own, other) for own in (SCPR, WEIGHTED) for other in (*baselines, LATE)] + [
        (OURS, SCPR),
        (WEIGHTED, SCPR),
    ]
    for first, second in pairs:
        bar = "> 0" if second in baselines and side.which == TAGS else "low > 0" if first == OURS else ""
        found = _less(context, side.test.people, played[first], played[second])
        yield compare(
            side.which, "SR@15, difference", f"{first} minus {second}", found, n=len(side.test), bar=bar
        )


def _less(context: Context, people: Codes, first: list[Outcome], second: list[Outcome]) -> Interval:
    """Return how many more the first finds, over people and seeds: seed by seed where both are learned."""
    return _interval(context, people, _success(first) - _success(second))


def _whole(
    context: Context, side: Side, study: Study, learned: dict[str, Learned], n: int
) -> Iterator[Comparison]:
    """Measure what is close on all test pairs: the rule, and SCPR less the rule."""
    wants = study.wants(side.which, "whole", 3)
    setting = f"{side.which}, all {len(wants):,} test pairs"
    plain = lay_out(side.walk(), wants)
    found = {
        RULE: [_stopped(plain, n, plain.n_turns + 1)],
        SCPR: [each.on(plain) for each in learned[SCPR].policies],
    }
    weighted = lay_out(learned[WEIGHTED].make, wants)
    found[WEIGHTED] = [each.on(weighted) for each in learned[WEIGHTED].policies]
    for name, outcomes in found.items():
        yield compare(
            setting, "SR@15", name, _interval(context, wants.people, _success(outcomes)), n=len(wants)
        )
        taken = np.stack([each.turns() for each in outcomes])
        yield compare(setting, "AT", name, _interval(context, wants.people, taken), n=len(wants))
    for name in (SCPR, WEIGHTED):
        less = _less(context, wants.people, found[name], found[RULE])
        yield compare(setting, "SR@15, difference", f"{name} minus {RULE}", less, n=len(wants))


def _noise(context: Context, side: Side, scpr: Learned, n: int) -> Iterator[Comparison]:
    """Flip answers: the policies learned without noise, and ours with the share of wrong answers known to it or not."""
    for flip in FLIPS[:1] if context.quick else FLIPS:
        sides: dict[str, tuple[Make, Policy]] = {
            RULE: (side.walk(), ask_until(n)),
            SCPR: (scpr.make, scpr.policies[0]),
            OURS: (side.belief(), look_ahead()),
            f"{OURS}, noise known": (side.belief(noise=flip), look_ahead()),
        }
        for name, (world, policy) in sides.items():
            found = _interval(context, side.test.people, _success([side.play(world, policy, flip)]))
            yield compare(f"{side.which}, {flip:.0%} wrong answers", "SR@15", name, found, n=len(side.test))


def _controls(context: Context, side: Side, scpr: Learned) -> Iterator[Comparison]:
    """Give everybody another's vector, and attributes too: what is left comes from the graph alone."""
    random = np.random.default_rng(context.seed)
    vectors = Vectors(
        random.permutation(side.vectors.people),
        side.vectors.items,
        random.permutation(side.vectors.attributes),
    )
    lost = replace(side, vectors=vectors)
    yield from _scores(context, lost, STRANGERS, [lost.play(lost.walk(), scpr.policies[0])])


EXPERIMENT = Experiment("scpr", rows)
