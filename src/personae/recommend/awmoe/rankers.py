"""Rankers that read a history and a candidate together, and mix experts by the behaviors of the person.

Sources: Gong et al. (2023), "Attention Weighted Mixture of Experts with Contrastive Learning for Personalized Ranking in
E-commerce", ICDE, arXiv 2306.05011, sections III and IV; Zhou et al. (2018), "Deep Interest Network for Click-Through Rate
Prediction", KDD, arXiv 1706.06978, section 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.ranking import Lists
from personae.recommend._core import Recommender, Scores, States, Watch
from personae.recommend.interactions import Codes, Interactions, negatives
from personae.recommend.sequences import every_prefix, last_items
from personae.recommend.training import Plan, train

Array = NDArray[np.float32]
_AT_ONCE = 400_000  # pairs of a behavior and a candidate read at a time, some 200 MB
_N_VALID = 20  # items beside the held-out one, to stop by


@dataclass(kw_only=True)
class PairRanker(Recommender):
    """What the rankers share: samples, training, and reading a history beside candidates.

    A sample is somebody's next item after the items before it, and one they do not have in its place; the loss is binary
    cross-entropy. What is kept of a person is their last items.

    Parameters
    ----------
    size : int
        Of an item's vector: its own plus the mean of its attributes'.
    length : int
        Last items that are read.
    hidden : (int, int)
        Hidden layers of an expert.
    inner : int
        Hidden layer of the units that read a behavior beside a candidate.
    dropout : float in [0, 1)
        In the experts.
    decay : float
        Of Adam, an L2 penalty.
    n_negatives : int
        Items drawn for each sample before training; a step takes one of them.
    plan : Plan

    Notes
    -----
    Without `valid` training takes the planned epochs; with it, `plan.patience` stops by the mean AUC of held-out items among 20
    others. Histories are read as sets: the papers' behaviors have positions. The experts also read the product of the person's
    and the candidate's vectors, so that likeness need not be learned; units have ReLU where DIN has its own Dice.
    """

    attends: ClassVar[bool] = True
    gate_by: ClassVar[str] = "none"

    size: int = 32
    length: int = 10
    hidden: tuple[int, int] = (64, 32)
    inner: int = 16
    dropout: float = 0.0
    decay: float = 1e-5
    n_negatives: int = 4
    plan: Plan = field(default_factory=lambda: Plan(n_epochs=3, batch_size=1024, rate=4e-3))

    def place(self, histories: Lists) -> States:
        """Return the last items, shape (n_people, length); -1 where there is none."""
        return last_items(histories, self.length).astype(np.int32)

    def score(self, states: States) -> Scores:
        """Return logits of the whole catalog, shape (n_people, n_items)."""
        everything = np.broadcast_to(np.arange(len(self.items_.ids)), (len(states), len(self.items_.ids)))
        return self._read(states, everything, "logits")

    def chances(self, histories: Lists, items: Codes, *, mixed_by: Lists | None = None) -> Array:
        """Return how likely each candidate is the next item rather than one drawn at random, shape (n_people, n_candidates).

        Parameters
        ----------
        histories : Lists
        items : ndarray of int of shape (n_people, n_candidates)
        mixed_by : Lists, optional
            Other histories that weigh the experts, to see what the mix is worth.

        Raises
        ------
        BadInput
            When there is not one row of candidates for each history, or an item is not in the catalog.
        """
        mixing = None if mixed_by is None else self._placed(mixed_by, items)
        logits = self._read(self._placed(histories, items), items, "logits", mixing)
        return np.asarray((1 + np.tanh(logits / 2)) / 2)

    def gate(self, histories: Lists, items: Codes) -> Array:
        """Return the interest mix: the experts' weights, shape (n_people, n_candidates, n_experts); see `chances`."""
        return self._read(self._placed(histories, items), items, "gate")

    def hidden_of(self, histories: Lists, items: Codes) -> Array:
        """Return the last hidden layers, each times its expert's weight, shape (n_people, n_candidates, n_experts * hidden[1]).

        For a ranker without a mix, the logit is linear in them.
        """
        return self._read(self._placed(histories, items), items, "hidden")

    def _learn(self, rows: Interactions, valid: Interactions | None, watch: Watch) -> None:
        from personae.recommend import nets
        from personae.recommend.awmoe import _net

        torch = nets.torch

        histories, n_items = rows.lists(), len(self.items_.ids)
        person, before, following = every_prefix(histories, self.length)
        if not len(person):
            raise BadInput("Nobody has two items: there is no next item to learn from.")
        others = negatives(histories, n_items, person, self.n_negatives, self.random_state)
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            self.net_ = _net.Ranker(self.items_, _net.Shape(**self._shape()))

            def loss(some: Codes, random: np.random.Generator) -> Any:
                other = others[some, random.integers(0, self.n_negatives, len(some))]
                items = torch.as_tensor(np.stack([following[some], other], axis=1))
                return self._loss(
                    self.net_.catalog(), _net.past_of(before[some]), items, torch.as_tensor(person[some])
                )

            learner = nets.TorchLearner(
                self.net_, loss, rate=self.plan.rate, decay=self.decay, random_state=self.random_state
            )
            score = None if valid is None else self._auc_on(histories, valid)
            self.epochs_ = train(learner, len(person), self.plan, score=score, random_state=self.random_state,
                                 checkpoint=self.checkpoint, given=self.given_, watch=watch)  # fmt: skip

    def _shape(self) -> dict[str, Any]:
        return {
            "size": self.size, "hidden": self.hidden, "inner": self.inner, "dropout": self.dropout,
            "attends": self.attends, "gate": self.gate_by, "n_experts": 1, "is_averaged": False,
        }  # fmt: skip

    def _loss(self, table: Any, past: Any, items: Any, person: Any) -> Any:
        """Return the loss of samples: the next item stands first, the other second, items (n, 2)."""
        from torch.nn import functional

        logits = self.net_(past, items, table=table).logits
        return functional.softplus(logits * logits.new_tensor([-1.0, 1.0])).mean()

    def _auc_on(self, histories: Lists, valid: Interactions) -> Any:
        wanted = valid.lists()
        known = Lists.of(np.repeat(np.arange(len(histories)), histories.counts()).tolist() + valid.person.tolist(),
                         histories.items.tolist() + valid.item.tolist(), n_people=len(histories))  # fmt: skip
        people = np.flatnonzero(wanted.counts())
        first = wanted.items[wanted.starts[people]]
        drawn = negatives(known, len(self.items_.ids), people, _N_VALID, self.random_state)
        candidates = np.column_stack([first, drawn])
        states = self.place(histories)[people]

        def auc() -> float:
            logits = self._read(states, candidates, "logits")
            own, other = logits[:, :1], logits[:, 1:]
            return float(np.mean((own > other) + (own == other) / 2))

        return auc

    def _placed(self, histories: Lists, items: Codes) -> States:
        if np.ndim(items) != 2 or len(items) != len(histories):
            raise BadInput(
                f"Candidates of shape {np.shape(items)} for {len(histories)} histories: give one row of items for each."
            )
        if np.size(items) and not 0 <= np.min(items) <= np.max(items) < len(self.items_.ids):
            raise BadInput(
                f"A candidate lies outside the catalog of {len(self.items_.ids)} items; `codes` numbers them."
            )
        return self.place(histories)

    def _read(self, states: States, items: Codes, part: str, mixed_by: States | None = None) -> Array:
        """Return one part of what the network tells, a block of people and candidates at a time."""
        import torch

        from personae.recommend.awmoe import _net

        self.net_.eval()
        found: list[list[Array]] = []
        with torch.no_grad():
            table = self.net_.catalog()
            for people, columns in _blocks(items.shape, self.length):
                past = _net.past_of(states[people])
                candidates = torch.tensor(items[people, columns], dtype=torch.long)
                gate = None
                if mixed_by is not None:
                    gate = self.net_.mix(table, _net.past_of(mixed_by[people]), candidates)
                told = getattr(self.net_(past, candidates, table=table, gate=gate), part).numpy()
                if columns.start == 0:
                    found.append([])
                found[-1].append(told)
        return np.concatenate([np.concatenate(each, axis=1) for each in found])


@dataclass(kw_only=True)
class MeanPooling(PairRanker):
    """The mean of the history's vectors beside the candidate's, through one network."""

    attends: ClassVar[bool] = False


@dataclass(kw_only=True)
class DIN(PairRanker):
    """Deep interest network: each behavior counts by what it says beside the candidate, then one network.

    v = sum over j of a([b_j, b_j * t, t]) b_j, without softmax, so that strong interests stay strong.
    """


@dataclass(kw_only=True)
class CategoryMoE(PairRanker):
    """DIN with several networks, mixed by softmax from the candidate's attributes: the same mix for everybody.

    Parameters
    ----------
    n_experts : int
    """

    gate_by: ClassVar[str] = "category"

    n_experts: int = 4

    def _shape(self) -> dict[str, Any]:
        return {**super()._shape(), "n_experts": self.n_experts}


@dataclass(kw_only=True)
class AWMoE(PairRanker):
    """DIN with several networks, mixed by the person's behaviors; contrastive learning makes the mix hold for short histories.

    Parameters
    ----------
    n_experts : int
    contrast : float
        What the contrastive loss counts; 0 leaves it out.
    masked_share : float in (0, 1)
        The chance that a behavior is hidden from the second gate.
    temperature : float
        That cosines of gates are divided by.
    n_others : int
        Other people's gates that one's own is told from.
    n_contrasted : int
        Samples of a batch that are contrasted.
    is_averaged : bool
        The mean of what behaviors tell the gate in place of the paper's sum, with which long histories weigh more.

    Notes
    -----
    L = L_rank + contrast L_cl. L_cl reads the vectors of items as they are: only the gate is moved by it. Negatives are the
    gates of other people in the batch, each beside their own next item; a person's other samples never are.
    Weights are free: no softmax, and they may be negative. Having no history counts as a behavior that everybody has, where the
    paper's gate would be 0.
    """

    gate_by: ClassVar[str] = "behaviors"

    n_experts: int = 4
    contrast: float = 0.003
    masked_share: float = 0.6
    temperature: float = 0.2
    n_others: int = 8
    n_contrasted: int = 256
    is_averaged: bool = True

    def _shape(self) -> dict[str, Any]:
        return {**super()._shape(), "n_experts": self.n_experts, "is_averaged": self.is_averaged}

    def _loss(self, table: Any, past: Any, items: Any, person: Any) -> Any:
        rank = super()._loss(table, past, items, person)
        if not self.contrast:
            return rank
        import torch

        from personae.recommend.awmoe import _net

        whole, next_item = past.first(self.n_contrasted), items[: self.n_contrasted, :1]
        kept = whole.take(torch.rand(len(whole.row)) >= self.masked_share)
        first, second = (self.net_.mix(table.detach(), each, next_item)[:, 0] for each in (whole, kept))
        return rank + self.contrast * _net.contrast(
            first, second, person[: self.n_contrasted], self.temperature, self.n_others
        )


def _blocks(shape: tuple[int, ...], length: int) -> Iterator[tuple[slice, slice]]:
    """Yield (people, candidates) by row, so that each block reads a bounded number of behaviors beside candidates."""
    n_people, n_candidates = shape
    width = max(1, min(n_candidates, _AT_ONCE // length))
    height = max(1, _AT_ONCE // (length * width))
    for start in range(0, n_people, height):
        for left in range(0, n_candidates, width):
            yield slice(start, start + height), slice(left, min(left + width, n_candidates))
