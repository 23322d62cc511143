"""Let a live model play the people: by their history alone, and with their age, gender and occupation told beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from personae.metrics.intervals import bootstrap_mean
from personae.metrics.paired import paired_difference
from personae.papers.harness import Comparison, Context, compare
from personae.papers.movielens import Viewer
from personae.papers.toolrec.study import Study, by_lists, by_scores, histories_of, is_valid, sasrec, toolrec
from personae.recommend import ModelSurrogate, Transcript
from personae.recommend.toolrec import expected_cost, play

N_PEOPLE = 200  # paper: sampled people
ASKED = "the last like of each, asked"
WAYS = ("history alone", "with age, gender, occupation")


def live_rows(context: Context, study: Study) -> Iterator[Comparison]:
    """Yield how good and how valid a model's lists are beside the base's and the rule's, and what telling more changes."""
    people = np.random.default_rng(context.seed).permutation(study.people)[: context.limit or N_PEOPLE]
    study = replace(study, test=study.test.take(np.isin(study.test.person, people)))
    people, items = study.people, study.films.items
    tools = toolrec(
        context, context.seed, sasrec(context, context.seed).fit(study.train, items, valid=study.valid)
    )
    tools.fit(study.train, items, valid=study.valid)
    names = [study.films.ratings.people[person] for person in people]
    sessions = list(tools.sessions(histories_of(study, people), people=names))
    price = context.ledger.price if context.ledger else None
    cost = expected_cost(sessions, replace(tools.rule(), depth=20), price=price)
    sys.stderr.write(f"About to ask, as the rule acts: {cost}, twice.\n")
    model, scores = context.chat(), {"SASRec": by_scores(study, tools.base_)}
    told: dict[str, list[Transcript]] = {"rule": [play(each.fresh(), tools.rule()) for each in sessions]}
    for way in WAYS:
        abouts = [about(study.films.viewers[person]) if way == WAYS[1] else "" for person in people]
        told[way] = [
            play(session.fresh(), ModelSurrogate(model, said))
            for session, said in context.track(list(zip(sessions, abouts, strict=True)), way)
        ]
    scores |= {name: by_lists(study, lists) for name, lists in told.items()}
    yield from _levels(context, study, scores, told)
    history, more = (told[way] for way in WAYS)
    changed = [float(len(set(a.items) - set(b.items))) for a, b in zip(history, more, strict=True)]
    yield compare(
        ASKED,
        "films of ten that telling more changes",
        context.model,
        bootstrap_mean(changed, draws=context.draws),
    )
    for first, second in ((WAYS[0], "SASRec"), (WAYS[0], "rule"), (WAYS[1], WAYS[0])):
        gap = paired_difference(
            scores[first][1], scores[second][1], draws=context.draws, random_state=context.seed
        )
        yield compare(ASKED, "NDCG@10, difference", f"{first} minus {second}", gap)


def about(viewer: Viewer) -> str:
    """Return what the paper tells of a person, without the zip code."""
    noun = {"F": "woman", "M": "man"}.get(viewer.gender, "person")
    return f"The person is a {noun}, {viewer.age} years old; occupation: {viewer.occupation}."


def _levels(
    context: Context, study: Study, scores: Mapping[str, np.ndarray], told: Mapping[str, list[Transcript]]
) -> Iterator[Comparison]:
    for name, values in scores.items():
        for measure, column in zip(("recall@10", "NDCG@10"), values, strict=True):
            yield compare(
                ASKED, measure, name, bootstrap_mean(column, draws=context.draws, random_state=context.seed)
            )
    for name, lists in told.items():
        valid = [
            is_valid(each, study, person) for person, each in zip(study.people.tolist(), lists, strict=True)
        ]
        yield compare(ASKED, "valid lists, %", name, 100 * float(np.mean(valid)), n=len(valid), bar=">= 100")
        for metric, numbers in (
            ("rounds a person", [len(each.steps) for each in lists]),
            ("rounds turned down a person", [each.n_turned_down for each in lists]),
            ("calls of the model a person", [each.n_calls for each in lists]),
            ("ended by itself, %", [100 * (each.ending == "finished") for each in lists]),
        ):
            yield compare(ASKED, metric, name, float(np.mean(numbers)), n=len(lists))
