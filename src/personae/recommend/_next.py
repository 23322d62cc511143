"""What SASRec and M2TRec share: every place of a history foretells the item after it; one vector is kept of a person."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from personae.errors import BadInput
from personae.metrics.ranking import Lists, rank_all
from personae.recommend._core import Recommender, Scores, States, Watch, ties
from personae.recommend.interactions import Codes, Interactions
from personae.recommend.sequences import NOTHING, every_window, last_items
from personae.recommend.training import Plan, train


@dataclass(kw_only=True)
class NextItem(Recommender):
    """The next item from the last ones, by causal self-attention; what is kept of a person is their last items' vector.

    Items are rows of two tables: one they are read from (`read_`, the row of each item) and one they are foretold from (`told_`).
    Items of the same row have the same vector: the more popular one comes first, by `before_` (n_items,).

    Parameters
    ----------
    size, length, n_layers, n_heads, dropout
        Width of vectors; last items that are read; the transformer's shape.
    n_others : int
        Items drawn for each batch that the wanted ones are told from; 0 takes the whole catalog.
    decay : float
        Of all weights, as Adam adds it to the gradient.
    is_falling : bool
        Whether the rate falls to zero over the planned epochs, which steadies what is learned of few people.
    plan : Plan
        With `valid` it stops by NDCG@10, and the best epoch stays.
    """

    size: int = 64
    length: int = 20
    n_layers: int = 2
    n_heads: int = 2
    dropout: float = 0.2
    n_others: int = 1000
    decay: float = 0.0
    is_falling: bool = False
    plan: Plan = field(default_factory=lambda: Plan(n_epochs=30, batch_size=128, patience=3))

    def place(self, histories: Lists) -> States:
        """Return the vector at the last place, shape (n_people, size); zeros where nothing is known."""
        return self._placed(last_items(self._known(histories), self.length))

    def score(self, states: States) -> Scores:
        """Return inner products with the items' vectors and what items have before, shape (n_people, n_items)."""
        return np.asarray((states @ self.table_.T)[:, self.told_] + self.before_, dtype=np.float32)

    @abstractmethod
    def _net(self, rows: Interactions) -> tuple[Any, Codes, Codes]:
        """Return the network, "past" among its modules, and the row of each item in the two tables, each (n_items,)."""

    @abstractmethod
    def _tables(self) -> tuple[Any, Any]:
        """Return the vectors that items are read from and foretold from, tensors of shape (n_rows + 1, size)."""

    @abstractmethod
    def _others(self) -> Codes:
        """Return the items that others are drawn from."""

    def _known(self, histories: Lists) -> Lists:
        """Return the part of histories that can be read."""
        return histories

    def _pooled(self, vectors: Any, is_there: Any) -> Any:
        """Return the states of every place, shape (n, length, size), from what the transformer returns."""
        return vectors

    def _log_prior(self) -> Any:
        """Return what is added to the scores of each row that items are foretold from while it learns, if anything."""
        return None

    def _more(self, states: Any, wanted: Codes) -> Any:
        """Return what is added to the loss of states (n, size) and the items after them."""
        return 0.0

    def _learn(self, rows: Interactions, valid: Interactions | None, watch: Watch) -> None:
        from personae.recommend import nets

        torch = nets.torch

        if self.n_heads < 1 or self.size % self.n_heads:
            raise BadInput(
                f"size={self.size} cannot be parted into n_heads={self.n_heads}: give a size that is a multiple of it."
            )
        if rows.lists().counts().max() < 2:
            raise BadInput(
                "Nobody has two items: there is no next item to learn from. Give longer histories, or use Popularity."
            )
        self.popularity_ = rows.popularity()
        self.before_ = ties(self.popularity_)
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            self.net_, self.read_, self.told_ = self._net(rows)
            read, others = every_window(rows.lists(), self.length + 1), self._others()
            learner = nets.TorchLearner(
                self.net_, lambda some, random: self._loss(read[some], others, random),
                rate=self.plan.rate, decay=self.decay,
                n_falling=self.plan.n_epochs if self.is_falling else 0, random_state=self.random_state,
            )  # fmt: skip
            score = None if valid is None else self._ndcg_on(rows.lists(), valid.lists())
            self.epochs_ = train(learner, len(read), self.plan, score=score, random_state=self.random_state,
                                 checkpoint=self.checkpoint, given=self.given_, watch=watch)  # fmt: skip
        self._fix()

    def _past(self) -> Any:
        from personae.recommend import nets

        return nets.PastEncoder(
            self.size, self.length, n_layers=self.n_layers, n_heads=self.n_heads, dropout=self.dropout
        )

    def _states(self, table: Any, items: Codes) -> tuple[Any, Any]:
        """Return states (n, n_places, size) and where there is something, from items (n, n_places)."""
        from personae.recommend import nets

        rows, is_there = nets.tensors(np.append(self.read_, NOTHING)[items])
        return self._pooled(self.net_["past"](table[rows], is_there), is_there), is_there

    def _loss(self, read: Codes, others: Codes, random: np.random.Generator) -> Any:
        import torch

        from personae.recommend import nets

        table, told = self._tables()
        states, is_there = self._states(table, read[:, :-1])
        wanted = read[:, read.shape[1] - states.shape[1] :][
            is_there.numpy()
        ]  # somebody's first item is not foretold
        drawn = (
            random.choice(others, min(self.n_others, len(others)), replace=False) if self.n_others else others
        )
        right, beside = (torch.as_tensor(self.told_[each]) for each in (wanted, drawn))
        states = states[is_there]
        loss = nets.sampled_softmax(states, told, right, beside, self._log_prior())
        return loss + self._more(states, wanted)

    def _fix(self) -> None:
        """Keep the items' vectors as they stand."""
        import torch

        self.net_.eval()
        with torch.no_grad():
            self.table_ = self._tables()[1].numpy()[: self.told_.max() + 1].copy()

    def _placed(self, pasts: Codes) -> States:
        import torch

        self.net_.eval()
        with torch.no_grad():
            table = self._tables()[0]
            parts = [
                self._states(table, pasts[start : start + 512])[0][:, -1].numpy()
                for start in range(0, len(pasts), 512)
            ]
        return np.vstack(parts) if parts else np.zeros((0, self.size), dtype=np.float32)

    def _ndcg_on(self, histories: Lists, wanted: Lists) -> Any:
        people = np.flatnonzero(wanted.counts())
        pasts = last_items(self._known(histories), self.length)[people]

        def ndcg() -> float:
            self._fix()
            states = self._placed(pasts)
            ranked = rank_all(
                lambda some: self.score(states[np.searchsorted(people, some)]),
                wanted, known=histories, n_items=len(self.items_.ids), at=0,
            )  # fmt: skip
            return float(ranked.per_person("ndcg", 10).mean())

        return ndcg
