"""ToolRec on MovieLens-100k: retrieval by attributes over SASRec, a rule and any chat model that use it, and lists always valid.

Source: Zhao et al. (2024), arXiv 2405.15114. No recorded trajectory of a language model is public; the rule plays the person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from personae.metrics.intervals import bootstrap_runs
from personae.metrics.ranking import Lists
from personae.papers.harness import Comparison, Context, Experiment, compare
from personae.papers.toolrec.live import live_rows
from personae.papers.toolrec.misbehaving import MISBEHAVING, misbehaving
from personae.papers.toolrec.study import (
    KINDS,
    Array,
    Study,
    by_lists,
    by_scores,
    dealt_anew,
    histories_of,
    is_valid,
    read_study,
    sasrec,
    seeds,
    toolrec,
)
from personae.recommend import ItemKNN, Popularity, ToolRec, Transcript
from personae.recommend.toolrec import Weights, expected_cost, play

DATA = "toolrec"
NEXT = "the last like of each, all films ranked"
PEAKED = "people of peaked genre taste (top quarter)"
CHECKS = "a chat model that misbehaves"
GROUP = "what age and gender change"
SASREC, RULE, CONTROL = "SASRec", "ToolRec, by rule", "ToolRec, attributes dealt anew (control)"
BY_GROUP = "ToolRec, by rule, taste drawn to age and gender"
TOOLS = {kind: f"SASRec, {kind} tool" for kind in KINDS}
MEASURES = ("recall@10", "NDCG@10")
AGE = 30  # years that part the groups
N_ASKED = 50  # people that a misbehaving model plays, and that costs are reckoned for
Scores = dict[str, list[Array]]  # by method, for each seed recall and NDCG, shape (2, n_people)


def rows(context: Context) -> Iterator[Comparison]:
    """Measure every row of the table."""
    study = read_study(context)
    if not context.replayed:
        yield from live_rows(context, study)
        return
    found: Scores = {
        name: [by_scores(study, model.fit(study.train, study.films.items))]
        for name, model in (("popularity", Popularity()), ("ItemKNN", ItemKNN()))
    }
    told: list[list[Transcript]] = []
    changes: list[Array] = []
    chosen: list[Mapping[str, Weights]] = []
    for seed in context.track(seeds(context), "seeds"):
        tools = _measured(context, study, seed, found)
        chosen.append(tools.weights_)
        told.append(_by_rule(study, tools, found))
        changes.append(_by_group(study, tools, told[-1], found))
    peaked = _peaked(study, tools)
    yield from _levels(context, found, peaked)
    yield from _differences(context, found, peaked)
    yield from _how(study, told)
    for kind in KINDS:
        for part in ("tool", "likelihood"):
            mean = float(np.mean([getattr(each[kind], part) for each in chosen]))
            yield compare(
                "chosen on validation", f"weight of the {part}, mean over seeds", kind, mean, n=len(chosen)
            )
    for name, values in zip(("without it", "with the other gender"), np.stack(changes, axis=1), strict=True):
        yield compare(
            GROUP,
            f"films of ten that differ from the list {name}",
            BY_GROUP,
            bootstrap_runs(values, draws=context.draws, random_state=context.seed),
        )
    yield from _checked(context, study, tools)


def _measured(context: Context, study: Study, seed: int, found: Scores) -> ToolRec:
    """Fit everything under one seed, measure it, and return the tools."""
    items = study.films.items
    base = sasrec(context, seed).fit(study.train, items, valid=study.valid)
    found.setdefault(SASREC, []).append(by_scores(study, base))
    control = toolrec(context, seed, base).fit(study.train, dealt_anew(items, seed), valid=study.valid)
    found.setdefault(CONTROL, []).append(
        by_lists(study, list(control.play(_histories(study), control.rule())))
    )
    tools = toolrec(context, seed, base).fit(study.train, items, valid=study.valid)
    for kind, name in TOOLS.items():
        found.setdefault(name, []).append(by_scores(study, tools.tools_[kind]))
    return tools


def _by_rule(study: Study, tools: ToolRec, found: Scores) -> list[Transcript]:
    told = list(tools.play(_histories(study), tools.rule()))
    found.setdefault(RULE, []).append(by_lists(study, told))
    return told


def _by_group(study: Study, tools: ToolRec, told: list[Transcript], found: Scores) -> Array:
    """Draw tastes to the person's group; return how many films differ without it and with the other gender, (2, n_people)."""
    viewers = [study.films.viewers[person] for person in study.people]
    groups = {
        (gender, young): _crowd(study, tools, gender, young) for gender in "FM" for young in (True, False)
    }
    lists: dict[bool, list[Transcript]] = {}
    for swapped in (False, True):
        sessions = tools.sessions(_histories(study))
        lists[swapped] = []
        for session, viewer in zip(sessions, viewers, strict=True):
            gender = viewer.gender if not swapped else {"F": "M", "M": "F"}[viewer.gender]
            lists[swapped].append(play(session, tools.rule(groups[gender, viewer.age < AGE])))
    found.setdefault(BY_GROUP, []).append(by_lists(study, lists[False]))
    return np.array([_differing(told, lists[False]), _differing(lists[True], lists[False])])


def _crowd(study: Study, tools: ToolRec, gender: str, young: bool) -> Mapping[str, Array]:
    """Return the shares of what one group likes in the rows learned from."""
    of_group = np.array([each.gender == gender and (each.age < AGE) == young for each in study.films.viewers])
    likes = study.train.item[of_group[study.train.person]]
    together = Lists.of(np.zeros(len(likes), dtype=np.intp), likes, n_people=1)
    return {
        name: kind.taste(together, tools.crowd_[name], tools.prior)[0] for name, kind in tools.kinds_.items()
    }


def _differing(first: list[Transcript], second: list[Transcript]) -> list[float]:
    return [float(len(set(a.items) - set(b.items))) for a, b in zip(first, second, strict=True)]


def _peaked(study: Study, tools: ToolRec) -> np.ndarray:
    """Return whose taste in genres before the test is among the quarter farthest from the crowd's, shape (n_people,)."""
    apart = tools.peakedness("genre", _histories(study))
    return np.asarray(apart >= np.quantile(apart, 0.75))


def _levels(context: Context, found: Scores, peaked: np.ndarray) -> Iterator[Comparison]:
    for name, runs in found.items():
        for place, measure in enumerate(MEASURES):
            values = np.stack(runs)[:, place]
            yield compare(
                NEXT, measure, name, bootstrap_runs(values, draws=context.draws, random_state=context.seed)
            )
            yield compare(
                PEAKED,
                measure,
                name,
                bootstrap_runs(values[:, peaked], draws=context.draws, random_state=context.seed),
            )


def _differences(context: Context, found: Scores, peaked: np.ndarray) -> Iterator[Comparison]:
    """NDCG@10 of one method less another's, the same people and seeds in both."""
    bars = {(RULE, SASREC, NEXT): ">= 0", (RULE, SASREC, PEAKED): "> 0", (CONTROL, SASREC, NEXT): "low <= 0"}
    pairs = [
        (RULE, SASREC),
        (CONTROL, SASREC),
        (RULE, CONTROL),
        *((name, SASREC) for name in TOOLS.values()),
        (BY_GROUP, RULE),
    ]
    for first, second in pairs:
        values = np.stack([a[1] - b[1] for a, b in zip(found[first], found[second], strict=True)])
        for setting, kept in ((NEXT, np.ones(len(peaked), dtype=bool)), (PEAKED, peaked)):
            gap = bootstrap_runs(values[:, kept], draws=context.draws, random_state=context.seed)
            yield compare(setting, "NDCG@10, difference", f"{first} minus {second}", gap,
                          bar=bars.get((first, second, setting), ""))  # fmt: skip


def _how(study: Study, told: list[list[Transcript]]) -> Iterator[Comparison]:
    """What the rule did: rounds, whom it asked by what, and whether all lists are valid."""
    every = [
        (person, each) for runs in told for person, each in zip(study.people.tolist(), runs, strict=True)
    ]
    yield compare(
        NEXT, "rounds a person", RULE, float(np.mean([len(each.steps) for _, each in every])), n=len(every)
    )
    by_genre = [str(each.steps[1].action).startswith("Retrieve[genre") for _, each in every]
    yield compare(NEXT, "people asked by genre, %", RULE, 100 * float(np.mean(by_genre)), n=len(every))
    valid = [is_valid(each, study, person) for person, each in every]
    yield compare(NEXT, "valid lists, %", RULE, 100 * float(np.mean(valid)), n=len(every), bar=">= 100")


def _checked(context: Context, study: Study, tools: ToolRec) -> Iterator[Comparison]:
    """Whether lists are valid whatever a model says, and what a model would cost."""
    people = study.people[: 10 if context.quick else N_ASKED]
    sessions = list(tools.sessions(histories_of(study, people)))
    for name in MISBEHAVING:
        told = [play(each.fresh(), misbehaving(name, each)) for each in sessions]
        valid = [is_valid(each, study, person) for person, each in zip(people.tolist(), told, strict=True)]
        yield compare(CHECKS, "valid lists, %", name, 100 * float(np.mean(valid)), n=len(valid), bar=">= 100")
    spent = expected_cost(sessions, replace(tools.rule(), depth=20))
    yield compare(
        "before a chat model is asked",
        "calls a person",
        "as the rule acts, lists of 20",
        spent.calls / len(people),
    )
    tokens = (spent.prompt_tokens + spent.completion_tokens) / len(people)
    yield compare(
        "before a chat model is asked", "tokens a person, at most", "as the rule acts, lists of 20", tokens
    )


def _histories(study: Study) -> Lists:
    return histories_of(study, study.people)


EXPERIMENT = Experiment(DATA, rows)
