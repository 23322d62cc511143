"""M2TRec: the next item from the last ones, where an item is known by what it is and not by an id of its own.

Source: Shalaby, Oh, Afsharinejad, Kumar, Cui (2022), "M2TRec: Metadata-aware Multi-task Transformer for Large-scale and
Cold-start free Session-based Recommendations", RecSys, arXiv 2209.11824.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from personae.errors import BadInput
from personae.metrics.ranking import Lists
from personae.models.encoder import Encoder
from personae.recommend._core import Scores, States, Watch
from personae.recommend._next import NextItem
from personae.recommend.interactions import Codes, Interactions

POWER = 0.4  # of how many had an item: its share of the belief in its kind


@dataclass(kw_only=True)
class M2TRec(NextItem):
    """Items are their attributes (and text); a person is a mean over their last items, as a transformer reads them.

    Parameters
    ----------
    task_weight : float
        Of the second task: which attributes the next item has, by binary cross-entropy summed over attributes. 0: one task.
    head : "tied" or "untied"
        Scores by the items' own vectors, projected, so that an item nobody had yet is scored; or by a vector for each item of
        the catalog, which learns nothing of such an item.
    pooling : "recent", "mean" or "last"
        A person is the mean over their places, by learned weights of places counted from the end; the plain mean; the last place.
    has_id : bool
        An item has a vector of its own too; one that nobody had has zeros there.
    encoder : Encoder, optional
        Reads the items' text; without it text is not read.
    size, length, n_layers, n_heads, dropout, n_others, decay, plan
        As in `NextItem`.

    Attributes
    ----------
    n_kinds_ : int
        Distinct items as they are read: items of one kind cannot be told apart but by how many had them.

    Notes
    -----
    The paper encodes every prefix of a session by itself, each place seeing all others. Here places see those before them, and
    the state of a place is the mean up to it: one pass teaches every prefix. The paper's mean is plain; it forgets the order.
    Its categories are one of each level, told by cross-entropy; attributes here are a set. Its head is untied. An item is the
    mean of its attributes brought to length 1, rare ones beginning longer, and all that stands between it and the score begins
    near the identity: before it has learned anything it shows what is like the last items, as a search engine weighs words.
    The second task scores attributes by the vectors they are read by, where the paper has a head of its own for it: what is
    learned there serves items.

    An item's score is what its attributes say, as the log of a chance, plus `POWER` log n, where n had it; nothing else is kept
    of an item, and nothing of it is learned. Without that, a kind of a hundred items would fill a list as one. A new item, n = 0,
    weighs as the average item of its kind that somebody had (of the catalog, where nobody had any of its kind). While it learns
    a kind has the sum of its items' weights, so that attributes need not say how common they are; others are drawn among kinds.

    Examples
    --------
    Nobody had "new", which is a soap as "old" is:

    >>> from personae.metrics.ranking import Lists
    >>> from personae.recommend import Items, Plan, interactions
    >>> rows = interactions(["ana", "ana", "bo", "bo"], ["pen", "ink", "pad", "old"], catalog=["pen", "ink", "pad", "old", "new"])
    >>> items = Items(rows.items, ("writes", "stains", "soft", "washes"), Lists.of([0, 1, 2, 3, 4], [0, 1, 2, 3, 3], n_people=5))
    >>> model = M2TRec(size=8, dropout=0.0, plan=Plan(n_epochs=40, rate=0.01)).fit(rows, items).adapt("cy", ["pad"])
    >>> [each.item for each in model.recommend("cy", 2, known=["pad"])]
    ['old', 'new']
    """

    task_weight: float = 0.03
    head: Literal["tied", "untied"] = "tied"
    pooling: Literal["recent", "mean", "last"] = "recent"
    has_id: bool = False
    encoder: Encoder | None = None

    @property
    def n_inputs(self) -> int:
        """Numbers learned of items on the input side."""
        return sum(each.numel() for each in self.net_["catalog"].parameters())

    def _learn(self, rows: Interactions, valid: Interactions | None, watch: Watch) -> None:
        if self.head not in {"tied", "untied"} or self.pooling not in {"mean", "recent", "last"}:
            raise BadInput(
                f"No head {self.head!r} or pooling {self.pooling!r}: tied or untied; mean, recent or last."
            )
        if not (self.items_.attributes or self.has_id or (self.encoder and self.items_.texts)):
            raise BadInput(
                "Nothing is known of the items: give `items` with attributes, or texts and an encoder, or set has_id."
            )
        super()._learn(rows, valid, watch)

    def _net(self, rows: Interactions) -> tuple[Any, Codes, Codes]:
        from personae.recommend import nets

        n_items, n_attributes = len(rows.items), len(self.items_.attributes)
        first, kind = self._kinds(n_items)
        has = _of_rows(self.items_.has, first) if n_attributes else None
        texts = self.encoder.encode(self.items_.texts)[first] if self.encoder and self.items_.texts else None
        catalog = nets.ItemEncoder(
            len(first),
            self.size,
            has_id=self.has_id,
            attributes=has,
            n_attributes=n_attributes,
            vectors=texts,
            is_unit=True,
        )
        if catalog.ids is not None:
            catalog.ids.weight.data[np.append(self.popularity_ == 0, False)] = 0
        parts = {"catalog": catalog, "past": self._past()}
        if self.head == "tied":
            parts["told"] = nets.nn.Linear(self.size, self.size, bias=False)
            nets.nn.init.eye_(parts["told"].weight)
        else:
            parts["told"] = nets.ItemEncoder(n_items, self.size)
        if self.pooling == "recent":
            parts["recent"] = nets.Recent(self.length)
        if self.task_weight and has is not None:
            self.has_ = self.items_.has.distinct()
            parts["attributes"] = nets.Bias(self._log_odds())
        self.n_kinds_ = len(first)
        told = kind if self.head == "tied" else np.arange(n_items)
        weights = self._weights(kind)
        self.before_ = np.log(weights).astype(np.float32)
        with np.errstate(divide="ignore"):
            of_rows = np.log(np.bincount(told, weights * self._is_told()))
        self.prior_ = nets.torch.as_tensor(of_rows, dtype=nets.torch.float32)
        return nets.modules(**parts), kind, told

    def _kinds(self, n_items: int) -> tuple[Codes, Codes]:
        """Return an item of each kind, and the kind of each item."""
        if self.has_id:
            return np.arange(n_items), np.arange(n_items)
        texts = self.items_.texts if self.encoder and self.items_.texts else ("",) * n_items
        numbers: dict[tuple[str, bytes], int] = {}
        kinds = [
            numbers.setdefault((text, np.sort(self.items_.has.items_of(item)).tobytes()), len(numbers))
            for item, text in enumerate(texts)
        ]
        return np.unique(kinds, return_index=True)[1], np.array(kinds)

    def _log_odds(self) -> np.ndarray:
        """Return how often the items that people had have each attribute, as log odds."""
        item, attribute = self.has_.pairs_of(np.arange(len(self.popularity_)))
        had = np.bincount(attribute, self.popularity_[item], len(self.items_.attributes)) + 0.5
        return np.asarray(np.log(had / (self.popularity_.sum() + 1 - had)))

    def _tables(self) -> tuple[Any, Any]:
        table = self.net_["catalog"]()
        return table, self.net_["told"](table) if self.head == "tied" else self.net_["told"]()

    def _weights(self, kind: Codes) -> np.ndarray:
        """Return how much of its kind an item is believed to be; one that nobody had is an average one of its kind."""
        weights, is_had = self.popularity_**POWER, self.popularity_ > 0
        n_had = np.bincount(kind, is_had)
        average = np.bincount(kind, weights) / np.maximum(n_had, 1)
        average[n_had == 0] = weights[is_had].mean()
        return np.where(is_had, weights, average[kind])

    def _is_told(self) -> np.ndarray:
        """Return which items others are drawn from: with the untied head all, so that it learns what nobody has."""
        return (self.popularity_ > 0) | (self.head == "untied")

    def _others(self) -> Codes:
        items = np.flatnonzero(self._is_told())
        return np.asarray(items[np.unique(self.told_[items], return_index=True)[1]])

    def _log_prior(self) -> Any:
        return self.prior_

    def _pooled(self, vectors: Any, is_there: Any) -> Any:
        if self.pooling == "last":
            return vectors
        if self.pooling == "recent":
            return self.net_["recent"](vectors, is_there)
        return vectors.cumsum(dim=1) / is_there.cumsum(dim=1).clamp(min=1)[..., None]

    def attributes_next(self, states: States) -> Scores:
        """Return the log odds of each attribute for the next item, by the second task, shape (n_people, n_attributes).

        Raises
        ------
        BadInput
            When it learned one task alone.
        """
        if "attributes" not in self.net_:
            raise BadInput(
                "Nothing was learned of attributes to come: give task_weight > 0 and items with attributes."
            )
        import torch

        with torch.no_grad():
            return np.asarray(self._attribute_logits(torch.as_tensor(states)))

    def _attribute_logits(self, states: Any) -> Any:
        from torch.nn import functional

        vectors = functional.normalize(self.net_["catalog"].attributes.weight, dim=1)
        if self.head == "tied":
            vectors = self.net_["told"](vectors)
        return self.net_["attributes"](states @ vectors.T)

    def _more(self, states: Any, wanted: Codes) -> Any:
        if "attributes" not in self.net_:
            return 0.0
        import torch
        from torch.nn import functional

        logits = self._attribute_logits(states)
        row, attribute = self.has_.pairs_of(wanted)
        has = torch.zeros_like(logits)
        has[torch.as_tensor(row), torch.as_tensor(attribute)] = 1
        loss = functional.binary_cross_entropy_with_logits(logits, has, reduction="sum")
        return self.task_weight * loss / len(logits)


def _of_rows(lists: Lists, rows: Codes) -> Lists:
    row, item = lists.pairs_of(rows)
    return Lists.of(row, item, n_people=len(rows))
