"""Finding what somebody wants on LastFM in fifteen turns: SCPR, what it must beat, and a belief that heeds refusals.

Source: Lei et al. (2020), "Interactive Path Reasoning on Graph for Conversational Recommendation", KDD, arXiv 2007.00194,
tables 3 and 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.metrics.intervals import bootstrap_mean
from personae.metrics.paired import paired_difference
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
    Vectors,
    Walk,
    Wants,
    always_show,
    ask_until,
    count_state,
    fit_vectors,
    learn_to_decide,
    look_ahead,
    play,
)
from personae.recommend.scpr.episodes import Policy, World

ABS, ENTROPY, ENTROPY_ALL, RULE = (
    "Abs Greedy",
    "Max Entropy, reachable",
    "Max Entropy, all",
    "ask until n are left",
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
N_STOP = 250  # validation episodes by which a policy is kept
UNTIL = (25, 50, 100, 150, 200, 300)  # candidates, tried on validation pairs
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
Array = NDArray[np.float64]
Make = Callable[[Codes], World]


@dataclass(frozen=True, slots=True)
class Side:
    """One granularity: its graph and vectors, and the test episodes."""

    which: str
    graph: Graph
    vectors: Vectors
    test: Wants

    def walk(self, **settings: Any) -> Make:
        return lambda people: Walk(self.graph, self.vectors, people, **settings)

    def belief(self, **settings: Any) -> Make:
        return lambda people: Belief(self.graph, self.vectors, people, **settings)


def rows(context: Context) -> Iterator[Comparison]:
    """Measure both granularities; intervals over people, of the mean over seeds where a policy is learned."""
    study = load(context)
    for which in context.track((TAGS, COARSE), "granularities"):
        yield from _granularity(context, study, which)


def _granularity(context: Context, study: Study, which: str) -> Iterator[Comparison]:
    graph, tune, teach = study.graphs[which], study.wants(which, "tune", 1), study.wants(which, "teach", 2)
    fitted = fit_vectors(graph, study.known, _settings(context), valid=tune, random_state=context.seed)
    side = Side(which, graph, fitted.vectors, study.wants(which, "test", 3))
    n = _tuned(side, tune, side.walk())
    played: dict[str, list[Outcome]] = {
        ABS: [_play(side, side.walk(), always_show)],
        ENTROPY_ALL: [_play(side, side.walk(reaches_all=True), ask_until(10))],
        ENTROPY: [_play(side, side.walk(), ask_until(10))],
        RULE: [_play(side, side.walk(), ask_until(n))],
    }
    learned = _learned(context, side, teach, tune, n)
    played |= {
        name: [_play(side, make, policy) for policy in policies] for name, (make, policies) in learned.items()
    }
    heeds = side.walk(heeds_refusals=True)
    played[HEEDED] = [_play(side, heeds, ask_until(_tuned(side, tune, heeds)))]
    played[OURS] = [_play(side, side.belief(), look_ahead())]
    yield compare(which, "n, chosen on validation pairs", RULE, n, n=len(tune))
    for name, outcomes in played.items():
        yield from _scores(context, side, name, outcomes)
    yield from _differences(context, side, played)
    if which == TAGS:
        yield from _noise(context, side, learned, n)
    yield from _controls(context, side, learned)


def _settings(context: Context) -> Settings:
    return Settings(plan=Plan(n_epochs=2 if context.quick else 8, batch_size=2048, rate=0.01, patience=3))


def _learning(context: Context, n: int) -> Learning:
    learning = Learning(guide=n)
    return replace(learning, n_together=64, plan=Plan(1, 256, 1e-3)) if context.quick else learning


def _learned(
    context: Context, side: Side, teach: Wants, tune: Wants, guide: int
) -> dict[str, tuple[Make, list[Decider]]]:
    """Teach every policy under its seeds, each in the world it is measured in."""
    n_seeds = 1 if context.quick else N_SEEDS
    plain, weighted, few = (
        side.walk(),
        side.walk(is_weighted=True),
        tune.take(np.arange(min(N_STOP, len(tune)))),
    )
    chosen: dict[str, tuple[Make, int, dict[str, Any]]] = {
        FULL: (plain, 1, {"n_actions": side.graph.n_attributes + 1}),
        SCPR: (plain, n_seeds, {"valid": few}),
        WEIGHTED: (weighted, n_seeds, {"valid": few}),
        NO_HISTORY: (plain, 1, {"state_of": count_state}),
    }
    return {
        name: (make, [_taught(context, make, teach, guide, seed, settings) for seed in range(n)])
        for name, (make, n, settings) in context.track(list(chosen.items()), side.which)
    }


def _taught(
    context: Context, make: Make, teach: Wants, guide: int, seed: int, settings: dict[str, Any]
) -> Decider:
    return learn_to_decide(
        make, teach, _learning(context, guide), random_state=context.seed + seed, **settings
    )


def _tuned(side: Side, tune: Wants, make: Make) -> int:
    """Return the number of candidates to ask until with which most validation episodes succeed."""
    return max(UNTIL, key=lambda n: float(play(make, tune, ask_until(n)).success(15).mean()))


def _play(side: Side, make: Make, policy: Policy, flip: float = 0.0) -> Outcome:
    return play(make, side.test, policy, flip=flip, random_state=7)


def _mean(outcomes: list[Outcome], of: Callable[[Outcome], NDArray[Any]]) -> Array:
    return np.asarray(np.mean([of(each) for each in outcomes], axis=0))


def _scores(context: Context, side: Side, name: str, outcomes: list[Outcome]) -> Iterator[Comparison]:
    interval = partial(
        bootstrap_mean, clusters=side.test.people, draws=context.draws, random_state=context.seed
    )
    success, turns = PAPER[side.which].get(name, (None, None))
    source = SOURCE.get(name, "table 3; card") if success else ""
    for turn in TURNS:
        metric = f"SR@{turn}"
        yield compare(
            side.which, metric, name, interval(_mean(outcomes, lambda each, turn=turn: each.success(turn))),  # type: ignore[misc]
            paper=success if turn == 15 else None, source=source if turn == 15 else "",
            bar=BARS.get((side.which, name, metric), ""),
        )  # fmt: skip
    yield compare(
        side.which, "AT", name, interval(_mean(outcomes, Outcome.turns)), paper=turns, source=source,
        bar=BARS.get((side.which, name, "AT"), ""),
    )  # fmt: skip
    if len(outcomes) > 1:
        values = [float(each.success(15).mean()) for each in outcomes]
        yield compare(side.which, "SR@15, lowest seed", name, min(values), n=len(values))
        yield compare(side.which, "SR@15, highest seed", name, max(values), n=len(values))


def _differences(context: Context, side: Side, played: dict[str, list[Outcome]]) -> Iterator[Comparison]:
    """Compare SCPR with what it must beat, and ours with SCPR; the same episodes on both sides."""
    baselines = (ABS, ENTROPY_ALL, ENTROPY, RULE, FULL)
    pairs = [(own, other) for own in (SCPR, WEIGHTED) for other in baselines] + [
        (OURS, SCPR),
        (WEIGHTED, SCPR),
    ]
    for first, second in pairs:
        a, b = (_mean(played[name], lambda each: each.success(15)) for name in (first, second))
        found = paired_difference(
            a, b, clusters=side.test.people.tolist(), draws=context.draws, random_state=context.seed
        )
        bar = "> 0" if second in baselines and side.which == TAGS else "low > 0" if first == OURS else ""
        yield compare(side.which, "SR@15, difference", f"{first} minus {second}", found, bar=bar)


def _noise(
    context: Context, side: Side, learned: dict[str, tuple[Make, list[Decider]]], n: int
) -> Iterator[Comparison]:
    """Flip answers: the policies learned without noise, and ours with the share of wrong answers known to it or not."""
    make, policies = learned[SCPR]
    for flip in FLIPS[:1] if context.quick else FLIPS:
        sides: dict[str, tuple[Make, Policy]] = {
            RULE: (side.walk(), ask_until(n)),
            SCPR: (make, policies[0]),
            OURS: (side.belief(), look_ahead()),
            f"{OURS}, noise known": (side.belief(noise=flip), look_ahead()),
        }
        for name, (world, policy) in sides.items():
            outcome = _play(side, world, policy, flip)
            found = bootstrap_mean(
                outcome.success(15), clusters=side.test.people, draws=context.draws, random_state=context.seed
            )
            yield compare(f"{side.which}, {flip:.0%} wrong answers", "SR@15", name, found)


def _controls(
    context: Context, side: Side, learned: dict[str, tuple[Make, list[Decider]]]
) -> Iterator[Comparison]:
    """Give everybody another's vector, and attributes too: what is left comes from the graph alone."""
    random = np.random.default_rng(context.seed)
    vectors = Vectors(
        random.permutation(side.vectors.people),
        side.vectors.items,
        random.permutation(side.vectors.attributes),
    )
    lost = Side(side.which, side.graph, vectors, side.test)
    _, policies = learned[SCPR]
    yield from _scores(context, lost, STRANGERS, [_play(lost, lost.walk(), policies[0])])


EXPERIMENT = Experiment("scpr", rows)
