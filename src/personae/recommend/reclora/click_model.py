"""The click model: DIN on ids and ratings, which reads a person's long past and says how an item looks to them.

Source: Zhou et al. (2018), "Deep Interest Network for Click-Through Rate Prediction", KDD, arXiv 1706.06978.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.fittable import Fittable
from personae.metrics.calibration import auroc
from personae.metrics.ranking import Lists
from personae.recommend._core import Watch
from personae.recommend.interactions import Codes, Items
from personae.recommend.reclora.clicks import Clicks
from personae.recommend.sequences import NOTHING
from personae.recommend.training import Plan, train

Array = NDArray[np.floating]
_AT_ONCE = 4096


@dataclass(kw_only=True)
class ClickModel(Fittable):
    """Whether the next item is liked, from ids, attributes and what was rated before.

    Parameters
    ----------
    size : int
        Of an item's vector.
    hidden : (int, int)
        Layers above; `vectors` are the last of them.
    plan : Plan
    random_state : int

    Notes
    -----
    An item that was liked, one that was not, and one in question are three items that share all attributes, the film itself
    among them.
    """

    size: int = 32
    hidden: tuple[int, int] = (64, 32)
    inner: int = 32
    dropout: float = 0.2
    decay: float = 1e-5
    plan: Plan = field(default_factory=lambda: Plan(n_epochs=15, batch_size=512, rate=1e-3, patience=2))
    random_state: int = 0

    def fit(
        self, clicks: Clicks, items: Items, *, valid: Clicks | None = None, watch: Watch = lambda _: None
    ) -> ClickModel:
        """Learn from ratings; with `valid` it stops by their AUC."""
        from personae.recommend import nets
        from personae.recommend.awmoe import _net

        torch, functional = nets.torch, nets.functional

        shape = _net.Shape(size=self.size, hidden=self.hidden, inner=self.inner, dropout=self.dropout, attends=True,
                           gate="none", n_experts=1, is_averaged=False)  # fmt: skip
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            self.net_ = _net.Ranker(_in_three(items), shape)

            def loss(rows: Codes, random: np.random.Generator) -> Any:
                some = clicks.take(rows)
                logits = self.net_(*_read(some)).logits[:, 0]
                return functional.binary_cross_entropy_with_logits(
                    logits, torch.as_tensor(some.is_liked, dtype=torch.float32)
                )

            learner = nets.TorchLearner(
                self.net_, loss, rate=self.plan.rate, decay=self.decay, random_state=self.random_state
            )
            score = None if valid is None else lambda: auroc(self.chances(valid), valid.is_liked)
            self.epochs_ = train(
                learner, len(clicks), self.plan, score=score, random_state=self.random_state, watch=watch
            )
        return self

    def chances(self, clicks: Clicks) -> Array:
        """Return how likely each item is liked, shape (n,)."""
        return np.asarray(1 / (1 + np.exp(-self._told(clicks, "logits")[:, 0])))

    def vectors(self, clicks: Clicks) -> Array:
        """Return the last hidden layer, shape (n, hidden[1]): the person beside the item."""
        return self._told(clicks, "hidden")

    def _told(self, clicks: Clicks, part: str) -> Array:
        import torch

        self.net_.eval()
        with torch.no_grad():
            parts = [
                getattr(
                    self.net_(*_read(clicks.take(np.arange(start, min(start + _AT_ONCE, len(clicks)))))), part
                )
                .flatten(1)
                .numpy()
                for start in range(0, len(clicks), _AT_ONCE)
            ]
        return np.vstack(parts)


def _read(clicks: Clicks) -> tuple[Any, Any]:
    """Return the past and the candidates, (n, 1), as the network reads them."""
    import torch

    from personae.recommend.awmoe import _net

    past = np.where(clicks.past == NOTHING, NOTHING, 3 * clicks.past + 1 + clicks.past_liked)
    return _net.past_of(past), torch.as_tensor(3 * clicks.item[:, None])


def _in_three(items: Items) -> Items:
    """Return the catalog three times over: item i in question is 3 i, not liked 3 i + 1, liked 3 i + 2."""
    n, n_attributes = len(items.ids), len(items.attributes)
    kinds = ("in question", "not liked", "liked")
    counts = items.has.counts()
    owner = np.repeat(np.arange(n), counts)
    film = np.arange(3 * n)
    people = np.concatenate([3 * owner, 3 * owner + 1, 3 * owner + 2, film, film])
    attributes = np.concatenate(
        [np.tile(items.has.items, 3), n_attributes + film // 3, n_attributes + n + film % 3]
    )
    return Items(
        tuple(f"{each}, {kind}" for each in items.ids for kind in kinds), (*items.attributes, *items.ids, *kinds),
        Lists.of(people, attributes, n_people=3 * n),
    )  # fmt: skip
