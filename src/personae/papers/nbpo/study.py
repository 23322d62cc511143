"""The authors' split, the methods, and the settings each is tried under."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.metrics.ranking import Ranked, rank_all
from personae.papers.harness import Context
from personae.recommend import NBPO, Interactions, Plan, Recommender, interactions

DATA = "nbpo"
N_ITEMS, BATCH, PATIENCE = 1522, 5000, 20
RATE, PENALTIES = 0.05, (0.5, 1.0, 2.0)  # the grid; the official code has .05 and 1
BESIDE = (0.7, 1.4, 2.8, 4.0)  # measured on validation, not chosen from: is the grid wide and fine enough?
KS = (2, 5, 10, 20)
METHODS: dict[str, dict[str, Any]] = {
    "BPR": {"loss": "bpr"},
    "BPO": {"loss": "bpo"},
    "NBPO": {},
    "NBPO, scalar a side": {"flips": "side"},
    "NBPO, one rate": {"flips": "one"},
}
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Split:
    """Rows to learn from, to choose on and to measure on, people and items numbered alike."""

    train: Interactions
    valid: Interactions
    test: Interactions

    def ranked(self, method: Recommender, part: Interactions, at: int = 0) -> Ranked:
        """Return where the items of a part come among all that a person has not in training."""
        return rank_all(
            lambda people: method.score(method.states_[people]), part.lists(), known=self.train.lists(),
            n_items=len(self.train.items), at=at,
        )  # fmt: skip


def read_split(context: Context) -> Split:
    """Return the authors' split; a quick run gets the first 300 people."""
    catalog = [str(item) for item in range(N_ITEMS)]
    n_people = 300 if context.quick else context.limit
    parts = []
    people: tuple[str, ...] = ()
    for name in ("train", "validation", "test"):
        rows = context.rows(DATA, f"amazon14core_{name}.jsonl.gz")
        known = {str(row["user"]) for row in rows[:n_people]} if not people else set(people)
        pairs = [
            (str(row["user"]), str(item))
            for row in rows
            for item in row["items"]
            if str(row["user"]) in known
        ]
        part = interactions(*zip(*pairs, strict=True), catalog=catalog)
        people = people or part.people
        parts.append(numbered(part, people))
    return Split(*parts)


def numbered(rows: Interactions, people: tuple[str, ...]) -> Interactions:
    """Return rows with people numbered as in `people`, in their order."""
    places = {person: place for place, person in enumerate(people)}
    person = np.array([places[each] for each in rows.people], dtype=np.intp)[rows.person]
    return replace(rows, people=people, person=person).take(np.argsort(person, kind="stable"))


def method(context: Context, given: dict[str, Any], seed: int) -> NBPO:
    """Return a method with these settings and the plan of all."""
    n_epochs = 30 if context.quick else 200
    plan = Plan(n_epochs=n_epochs, batch_size=BATCH, rate=RATE, patience=PATIENCE)
    return NBPO(plan=plan, random_state=seed, **given)


def best_score(fitted: NBPO) -> float:
    """Return the NDCG@5 on held-out rows of the epoch that was kept."""
    return max(epoch.score or 0.0 for epoch in fitted.epochs_)


def worths(
    context: Context,
    split: Split,
    tried: Iterable[dict[str, Any]],
    seed: int,
    *,
    worth: Callable[[NBPO], float] = best_score,
) -> list[tuple[float, dict[str, Any]]]:
    """Return what settings are worth on held-out rows, beside each; a quick run tries the first alone."""
    settings = list(tried)[: 1 if context.quick else None]
    return [
        (worth(method(context, each, seed).fit(split.train, valid=split.valid)), each) for each in settings
    ]


def best(found: list[tuple[float, dict[str, Any]]]) -> dict[str, Any]:
    """Return the settings that are worth most; of equal ones the first."""
    return max(found, key=lambda each: each[0])[1]


def grid(given: dict[str, Any], penalties: tuple[float, ...] = PENALTIES) -> list[dict[str, Any]]:
    """Return these settings with every penalty."""
    return [{**given, "l2": l2} for l2 in penalties]


def seeds(context: Context) -> Iterator[int]:
    """Yield the seeds of the runs in the table; settings are chosen under none of them."""
    yield from range(context.seed, context.seed + (1 if context.quick else 5))


def shuffled(rows: Interactions, seed: int) -> Interactions:
    """Return rows whose items were dealt out anew: people keep how many they have, items how often they occur."""
    items = np.random.default_rng(seed).permutation(rows.item)
    dealt = interactions(
        [rows.people[place] for place in rows.person],
        [rows.items[place] for place in items],
        catalog=rows.items,
    )
    return numbered(dealt, rows.people)
