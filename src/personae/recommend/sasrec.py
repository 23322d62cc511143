"""SASRec: the next item from the last ones, by causal self-attention.

Source: Kang, McAuley (2018), "Self-Attentive Sequential Recommendation", ICDM, arXiv 1808.09781.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from personae.metrics.ranking import Lists, rank_all
from personae.recommend._core import Recommender, Scores, States, Watch
from personae.recommend.interactions import Codes, Interactions
from personae.recommend.sequences import NOTHING, last_items
from personae.recommend.training import Plan, train


@dataclass(kw_only=True)
class SASRec(Recommender):
    """Every place of a history predicts the item after it; what is kept of a person is their last items' vector.

    Parameters
    ----------
    size, length, n_layers, n_heads, dropout
        Width of vectors; last items that are read; the transformer's shape.
    n_others : int
        Items drawn for each batch that the wanted ones are told from; 0 takes the whole catalog.
    plan : Plan

    Notes
    -----
    The paper tells each wanted item from one other by binary cross-entropy. Here it is told from many by cross-entropy, which
    ranks better (Klenitskiy, Vasilev 2023, arXiv 2309.07602) and costs little, for they are shared by the batch.
    """

    size: int = 64
    length: int = 50
    n_layers: int = 2
    n_heads: int = 2
    dropout: float = 0.2
    n_others: int = 1000
    plan: Plan = field(default_factory=lambda: Plan(n_epochs=30, batch_size=128, patience=3))

    def place(self, histories: Lists) -> States:
        """Return the vector at the last place, shape (n_people, size)."""
        import torch

        from personae.recommend import nets

        pasts = last_items(histories, self.length)
        self.net_.eval()
        with torch.no_grad():
            table = self.net_["catalog"]()
            parts = [
                self._vectors(table, *nets.tensors(pasts[start : start + 512]))[:, -1].numpy()
                for start in range(0, len(pasts), 512)
            ]
        return np.vstack(parts)

    def score(self, states: States) -> Scores:
        """Return inner products with the items' vectors, shape (n_people, n_items)."""
        return np.asarray(states @ self.table_.T)

    def _learn(self, rows: Interactions, valid: Interactions | None, watch: Watch) -> None:
        import torch

        from personae.recommend import nets

        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            self.net_ = self._net()
            histories = rows.lists()
            read = last_items(histories, self.length + 1)[histories.counts() > 1]
            learner = nets.TorchLearner(
                self.net_, lambda some, random: self._loss(read[some], random), rate=self.plan.rate, random_state=self.random_state
            )
            score = None if valid is None else lambda: self._ndcg(histories, valid.lists())
            self.epochs_ = train(learner, len(read), self.plan, score=score, random_state=self.random_state,
                                 checkpoint=self.checkpoint, watch=watch)  # fmt: skip
        self._fix()

    def _net(self) -> Any:
        from personae.recommend import nets

        catalog = nets.ItemEncoder(len(self.items_.ids), self.size)
        past = nets.PastEncoder(
            self.size, self.length, n_layers=self.n_layers, n_heads=self.n_heads, dropout=self.dropout
        )
        return nets.nn.ModuleDict({"catalog": catalog, "past": past})

    def _vectors(self, table: Any, items: Any, is_there: Any) -> Any:
        return self.net_["past"](table[items], is_there)

    def _loss(self, read: Codes, random: np.random.Generator) -> Any:
        import torch

        from personae.recommend import nets

        items, is_there = nets.tensors(read)
        table = self.net_["catalog"]()
        states = self._vectors(table, items[:, :-1], is_there[:, :-1])
        told = is_there[:, :-1]  # somebody's first item is not foretold
        n_items = len(table) - 1
        others = random.integers(0, n_items, self.n_others) if self.n_others else np.arange(n_items)
        return nets.sampled_softmax(states[told], table, items[:, 1:][told], torch.as_tensor(others))

    def _fix(self) -> None:
        import torch

        self.net_.eval()
        with torch.no_grad():
            self.table_ = self.net_["catalog"]()[:NOTHING].numpy().copy()

    def _ndcg(self, histories: Lists, wanted: Lists) -> float:
        self._fix()
        states = self.place(histories)
        ranked = rank_all(
            lambda people: self.score(states[people]), wanted, known=histories, n_items=len(self.items_.ids), at=10
        )
        return float(ranked.per_person("ndcg", 10).mean())
