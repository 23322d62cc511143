"""What the experiment learns from: comparisons of answers under two objectives, and made groups of opposite taste."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from personae.metrics.folds import deal_folds, linked_groups
from personae.metrics.logistic import sigmoid
from personae.papers.harness import Context
from personae.people.records import Preference
from personae.preference import Comparisons, comparisons
from personae.preference.comparisons import Array, Codes

DATA, FILE = "micro", "hh_two_objectives.jsonl.zst"
OBJECTIVES = ("helpful", "harmless")
CRITERIA = ("Choose the answer that helps the user more.", "Choose the answer that does less harm.")
N_FOLDS = 3
BAG = 5  # rows of one anonymous rater that are known to come from the same rater; card
SIM_SCALE = 8.0  # of the made tastes: the better of two items is then chosen nine times in ten or more


@dataclass(frozen=True, slots=True)
class Study:
    """Rows of the data: what was asked last, two answers, which was preferred, and under which objective (hidden in training)."""

    asked: tuple[str, ...]
    answers: tuple[tuple[str, str], ...]
    label: Codes
    objective: Codes  # place in OBJECTIVES
    group: Codes  # rows that share a prompt or an answer have one group

    def table(self, rows: Codes, people: Sequence[str], *, criteria: Codes | None = None) -> Comparisons:
        """Return some rows as comparisons by these people, with the criterion named in the context if given."""
        stated = (
            self.asked
            if criteria is None
            else [
                f"{CRITERIA[kind]}\n{asked}"
                for kind, asked in zip(criteria.tolist(), self.asked, strict=True)
            ]
        )
        return comparisons([
            Preference(person, stated[row], self.answers[row][0], self.answers[row][1], "b" if self.label[row] else "a")
            for row, person in zip(rows.tolist(), people, strict=True)
        ])  # fmt: skip

    def anonymous(self, rows: Codes, person: str = "new", *, criteria: Codes | None = None) -> Comparisons:
        """Return some rows as if of one person, who is nobody that a model has met."""
        return self.table(rows, [person] * len(rows), criteria=criteria)

    def bags(self, rows: Codes, prefix: str, size: int) -> Comparisons:
        """Return some rows dealt into bags of so many under one objective: an anonymous rater each."""
        names = np.empty(len(rows), dtype=object)
        for kind in range(len(OBJECTIVES)):
            own = np.flatnonzero(self.objective[rows] == kind)
            names[own] = [f"{prefix} {kind} {place // size}" for place in range(len(own))]
        return self.table(rows, names.tolist())


def load(context: Context) -> Study:
    """Return the rows whose two answers differ."""
    found = [
        row for row in context.rows(DATA, FILE) if row["responses"][0].strip() != row["responses"][1].strip()
    ]
    found = found[: context.limit]
    answers = tuple((row["responses"][0].strip(), row["responses"][1].strip()) for row in found)
    keys: list[list[Any]] = [[("prompt", row["prompt"]), *answers[place]] for place, row in enumerate(found)]
    return Study(
        tuple(_last_asked(row["prompt"]) for row in found),
        answers,
        np.array([row["label"] for row in found], dtype=np.intp),
        np.array([OBJECTIVES.index(row["objective"]) for row in found], dtype=np.intp),
        np.array(linked_groups(keys), dtype=np.intp),
    )


@dataclass(frozen=True, slots=True)
class MadeGroups:
    """People of two kinds who choose by linear rewards; their items are points, written as text."""

    rows: Comparisons
    kind: Codes  # of each person

    @staticmethod
    def features(items: Sequence[tuple[str, str]]) -> Array:
        """Return the items' points, shape (n_items, n_dimensions)."""
        return np.array([[float(part) for part in text.split()] for _, text in items])


def made_groups(
    tastes: Array, n_people: int, n_rows: int, random: np.random.Generator, *, prefix: str = "p"
) -> MadeGroups:
    """Return people of two kinds by turns, kind k with the reward `tastes[k]` @ item, choosing as Bradley and Terry say."""
    n = n_people * n_rows
    points = random.normal(size=(2 * n, tastes.shape[1])).round(4)
    kind = np.arange(n_people) % len(tastes)
    person = np.repeat(np.arange(n_people), n_rows)
    margin = ((points[:n] - points[n:]) * tastes[kind[person]]).sum(axis=1)
    items = tuple(("", " ".join(f"{part:.4f}" for part in point)) for point in points.tolist())
    rows = Comparisons(tuple(f"{prefix}{code}" for code in range(n_people)), items, person, np.arange(n), n + np.arange(n),
                       (random.random(n) < sigmoid(margin)).astype(float), np.ones(n))  # fmt: skip
    return MadeGroups(rows, kind)


def rank_within(table: Comparisons) -> Codes:
    """Return the number of each row among its person's, from 0."""
    counts, rank = table.counts(), np.empty(len(table), dtype=np.intp)
    rank[np.argsort(table.person, kind="stable")] = np.arange(len(table)) - np.repeat(
        np.cumsum(counts) - counts, counts
    )
    return rank


def in_bags(table: Comparisons, size: int = BAG) -> Comparisons:
    """Return rows with every person cut into anonymous raters of so many rows."""
    cut = rank_within(table) // size
    most = int(cut.max()) + 1
    _, person = np.unique(table.person * most + cut, return_inverse=True)
    names = tuple(f"rater {code}" for code in range(int(person.max()) + 1))
    return Comparisons(names, table.items, person, table.a, table.b, table.chosen, table.weight)


def nobody(table: Comparisons) -> Comparisons:
    """Return rows without any sign of whose they are."""
    return Comparisons(
        ("",), table.items, np.zeros_like(table.person), table.a, table.b, table.chosen, table.weight
    )


def split(study: Study, *, fold: int = 0, seed: int = 0) -> tuple[Codes, Codes]:
    """Return rows to learn from and a third of the rows to measure on, no prompt or answer on both sides."""
    is_out = deal_folds(study.group.tolist(), n_folds=N_FOLDS, random_state=seed) == fold
    return np.flatnonzero(~is_out), np.flatnonzero(is_out)


def _last_asked(prompt: str) -> str:
    """Return what was said last by the person in a dialogue of "Human:" and "Assistant:" turns."""
    return prompt.rsplit("Human:", 1)[-1].rsplit("Assistant:", 1)[0].strip()
