"""LastFM as published for conversational recommendation: the graph at both granularities, and who wants what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.metrics.ranking import Lists
from personae.papers.harness import Context
from personae.recommend.scpr import Graph, Wants

DATA = "scpr"
TAGS, COARSE = "original tags", "33 coarse attributes"
N_TEST = 1000  # card
N_TUNE, N_TEACH = (
    2000,
    6000,
)  # validation episodes that settings are chosen on, and others that teach policies
Pairs = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Study:
    """Graphs by granularity, the train pairs, and pairs (person, item) of shape (n, 2) for tuning, teaching and testing.

    `test` is the part of the `whole` that every method is measured on.
    """

    graphs: dict[str, Graph]
    known: Lists
    tune: Pairs
    teach: Pairs
    test: Pairs
    whole: Pairs

    def wants(self, which: str, part: str, random_state: int = 0) -> Wants:
        """Return the episodes of a part, such as "tune", at a granularity; openings are drawn under the seed."""
        pairs = getattr(self, part)
        return Wants.of(self.graphs[which], pairs[:, 0], pairs[:, 1], random_state)


def load(context: Context) -> Study:
    """Read the graph and the pairs; `limit` bounds the test pairs, a quick run has fewer of all."""
    items = [row["attributes"] for row in context.rows(DATA, "lastfm_items.jsonl.gz")]
    users = context.rows(DATA, "lastfm_users.jsonl.gz")
    coarse = [row["coarse"] for row in context.rows(DATA, "lastfm_attributes.jsonl.gz")]
    friends, likes = [row["friends"] for row in users], [row["likes"] for row in users]
    n_coarse = 1 + max(each for row in coarse for each in row)
    graphs = {
        TAGS: Graph(_lists(items), len(coarse), _lists(friends), _lists(likes)),
        COARSE: Graph(
            _lists(_merged(items, coarse)), n_coarse, _lists(friends), _lists(_merged(likes, coarse))
        ),
    }
    train, valid, test = (_pairs(context, part) for part in ("train", "valid", "test"))
    random = np.random.default_rng(0)
    valid, test = random.permutation(valid), random.permutation(test)
    n_tune, n_teach, n_test = (50, 200, 100) if context.quick else (N_TUNE, N_TEACH, N_TEST)
    test = test[: context.limit or len(test)]
    return Study(
        graphs,
        Lists.of(train[:, 0], train[:, 1], n_people=len(users)),
        valid[:n_tune],
        valid[n_tune:][:n_teach],
        test[:n_test],
        test[:n_test] if context.quick else test,
    )


def _pairs(context: Context, part: str) -> Pairs:
    rows = context.rows(DATA, f"lastfm_{part}.jsonl.gz")
    return np.array([(row["user"], item) for row in rows for item in row["items"]], dtype=np.intp)


def _lists(rows: Sequence[Iterable[int]]) -> Lists:
    once: list[list[int]] = [sorted(set(row)) for row in rows]
    owner: Any = np.repeat(np.arange(len(once)), [len(row) for row in once])
    return Lists.of(owner, [each for row in once for each in row], n_people=len(once))


def _merged(rows: Sequence[Iterable[int]], coarse: Sequence[Sequence[int]]) -> list[set[int]]:
    return [{merged for tag in row for merged in coarse[tag]} for row in rows]
