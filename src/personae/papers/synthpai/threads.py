"""Made threads beside the 103 recorded ones: depth, replies, comments and lengths, with a tree grown at random as control."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from personae.infer.stated import StatedReader
from personae.metrics.intervals import bootstrap_mean
from personae.papers.harness import Comparison, Context, compare
from personae.people.attributes import SYNTHPAI
from personae.people.matching import match
from personae.people.records import Person, Trace
from personae.synth import MadePerson
from personae.synth.threads import Thread, Tree, grow, make_threads, person_labels, random_tree, tree_of
from personae.synth.threads.statistics import STATISTICS, Array, distance, floor, histogram

SETTING = "threads beside the recorded ones"
MADE, CONTROL, HALVES = "simulator", "random tree", "recorded, two halves"
WORDS = "words of a comment"
_MOST_WORDS = 80
_NEARER = ("depth", "replies to a comment")  # where the simulator's interval must lie below the random tree's
_N_THREADS = 24


def thread_rows(context: Context) -> Iterator[Comparison]:
    """Distances between the spread of recorded and made threads' counts; then what the made labels are worth to a reader."""
    recorded: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in context.rows("synthpai", "threads.jsonl.zst"):
        recorded[row["thread"]].append(row)
    trees = [_recorded_tree(rows) for rows in recorded.values()]
    sizes = [len(np.unique(tree.authors[1:])) for tree in trees]
    made = [grow(size, random_state=context.seed * 1000 + i) for i, size in enumerate(sizes)]
    wild = [
        random_tree(len(t), n, random_state=context.seed + i)
        for i, (t, n) in enumerate(zip(trees, sizes, strict=True))
    ]
    shared: dict[str, Any] = {"draws": context.draws, "random_state": context.seed}
    for statistic in STATISTICS:
        spread = {
            name: [histogram(statistic.values(tree), statistic.most) for tree in each]
            for name, each in (("recorded", trees), (MADE, made), (CONTROL, wild))
        }
        metric = f"distance of {statistic.name}"
        ours, control = (distance(spread[name], spread["recorded"], **shared) for name in (MADE, CONTROL))
        bar = f"high < {control.low:.3f}" if statistic.name in _NEARER else ""
        yield compare(SETTING, metric, MADE, ours, bar=bar)
        yield compare(SETTING, metric, CONTROL, control)
        yield compare(SETTING, metric, HALVES, floor(spread["recorded"], **shared))
        for name, tables in spread.items():
            yield compare(SETTING, f"mean {statistic.name}", name, _mean(tables), n=len(tables))
    yield from _text_rows(context, recorded, shared)


def _text_rows(
    context: Context, recorded: dict[str, list[dict[str, Any]]], shared: dict[str, Any]
) -> Iterator[Comparison]:
    people = [
        MadePerson(row["person"], {**row["truth"], "education": row["education_category"]}, "SynthPAI")
        for row in context.rows("synthpai", "profiles.jsonl.zst")
    ]
    threads = list(make_threads(people, 8 if context.quick else _N_THREADS, random_state=context.seed))
    theirs = [_lengths([row["text"] for row in rows[1:] if row["text"]]) for rows in recorded.values()]
    ours = [_lengths([comment.text for comment in thread.comments]) for thread in threads]
    theirs = [table for table in theirs if table.sum()]
    yield compare(SETTING, f"distance of {WORDS}", "home grammar", distance(ours, theirs, **shared))
    yield compare(SETTING, f"distance of {WORDS}", HALVES, floor(theirs, **shared))
    yield compare(SETTING, f"mean {WORDS}", "home grammar", _mean(ours), n=len(ours))
    yield compare(SETTING, f"mean {WORDS}", "recorded", _mean(theirs), n=len(theirs))
    yield from _label_rows(threads, shared)


def _label_rows(threads: list[Thread], shared: dict[str, Any]) -> Iterator[Comparison]:
    """Share of people's labels that the rules for stated facts find again, by how hard the clue is."""
    traces: dict[str, list[Trace]] = defaultdict(list)
    for thread in threads:
        for row in thread.rows():
            if row["kind"] == "comment":
                traces[row["person"]].append(
                    Trace(
                        row["person"],
                        row["source"],
                        row["id"],
                        kind="comment",
                        thread=row["thread"],
                        text=row["text"],
                    )
                )
    reader = StatedReader()
    found: dict[int, list[tuple[str, float]]] = defaultdict(list)
    for person, labels in person_labels(threads).items():
        claims = {
            claim.attribute: claim for claim in reader.read(Person(person, tuple(traces[person])), SYNTHPAI)
        }
        for name, label in labels.items():
            claim = claims.get(name)
            told = (
                claim is not None
                and bool(claim.guesses)
                and match(name, claim.guesses[0].value, label.value) > 0
            )
            found[label.hardness].append((person, float(told)))
    for hardness, pairs in sorted(found.items()):
        names, right = zip(*pairs, strict=True)
        interval = bootstrap_mean(right, clusters=names, **shared)
        yield compare(
            "made threads",
            f"labels found by the rules for stated facts, hardness {hardness}",
            "home grammar",
            interval,
        )


def _recorded_tree(rows: list[dict[str, Any]]) -> Tree:
    place = {row["node"]: i for i, row in enumerate(rows)}
    parents = [None if row["parent"] is None else place[row["parent"]] for row in rows]
    return tree_of(parents, [row["person"] for row in rows])


def _lengths(texts: list[str]) -> Array:
    return histogram(np.array([len(text.split()) for text in texts], dtype=np.int64), _MOST_WORDS)


def _mean(tables: list[Array]) -> float:
    total = np.sum(tables, axis=0)
    return float(total @ np.arange(len(total)) / total.sum())
