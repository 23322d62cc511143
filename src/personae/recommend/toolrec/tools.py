"""The retrieval tools: one frozen recommender, and for each kind of attribute a light adapter beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.errors import BadInput
from personae.metrics.ranking import Lists
from personae.models.encoder import Encoder, home_encoder
from personae.recommend._next import NextItem
from personae.recommend.interactions import Codes, Interactions
from personae.recommend.toolrec.taste import Kind, kind_of


@dataclass(kw_only=True)
class AttributeTool(NextItem):
    """A frozen recommender whose person's vector is moved by what the last items are of one kind: their genres, their years.

    Source: arXiv 2405.15114, section 3.3: attribute texts as frozen vectors, a transformer of one layer over those of the last
    items, its output fused with the frozen recommender's; scores are inner products with the frozen items' vectors.

    Parameters
    ----------
    base : NextItem
        Fitted on the same catalog; `size` and `length` must be its own.
    kind : str
        Such as "genre" where attributes read "genre: Comedy".
    encoder : Encoder, optional
        Of the attributes' texts; the one that ships without it.

    Notes
    -----
    A score is e . (h + W g) + a . V g, with h the frozen vector of the person and e that of the item, g the adapter's vector of
    the person and a the projected text of the item's values; W and V are zero before learning, so that a tool begins as its
    base. In the paper it is e . W [h; g]: it begins anywhere, knows an item by who had it alone, and may learn the base anew
    with whatever attributes, which tells nothing of them (attributes dealt anew gained as much so). The text vector of an
    item is the mean of its values'. Each wanted item is told from many, as the base's (published code: from one other).
    """

    base: NextItem
    kind: str
    encoder: Encoder | None = None
    n_layers: int = 1  # published code
    is_falling: bool = True

    def _net(self, rows: Interactions) -> tuple[Any, Codes, Codes]:
        from personae.recommend import nets

        if not hasattr(self.base, "net_") or self.base.items_.ids != rows.items:
            raise BadInput(
                "A tool stands on a recommender that is fitted on the same catalog: fit the base first."
            )
        if (self.base.size, self.base.length) != (self.size, self.length):
            raise BadInput(
                f"The base has size {self.base.size} and length {self.base.length}: give the tool the same."
            )
        own = np.arange(len(rows.items))
        vectors = value_vectors(kind_of(self.items_, self.kind), self.encoder or home_encoder())
        side = nets.ItemEncoder(len(own), self.size, has_id=False, vectors=vectors)
        fuse = nets.nn.Linear(self.size, 2 * self.size, bias=False)
        nets.nn.init.zeros_(fuse.weight)
        return nets.modules(catalog=side, past=self._past(), fuse=fuse), own, self.base.told_

    def _tables(self) -> tuple[Any, Any]:
        import torch

        frozen = np.vstack([self.base.table_, np.zeros((1, self.size), dtype=np.float32)])
        beside = self.net_["catalog"]()
        return beside, torch.cat([torch.as_tensor(frozen), beside], dim=1)

    def _states(self, table: Any, items: Codes) -> tuple[Any, Any]:
        import torch

        beside, is_there = super()._states(table, items)
        with torch.no_grad():
            self.base.net_.eval()
            states, _ = self.base._states(self.base._tables()[0], items)
        frozen = torch.cat([states, torch.zeros_like(states)], dim=-1)
        return frozen + self.net_["fuse"](beside), is_there

    def _known(self, histories: Lists) -> Lists:
        return self.base._known(histories)

    def _others(self) -> Codes:
        return self.read_


def value_vectors(kind: Kind, encoder: Encoder) -> NDArray[np.float32]:
    """Return for each item the mean vector of its values' texts, shape (n_items, d); zeros for items without one."""
    vectors = np.asarray(encoder.encode([f"{kind.name}: {value}" for value in kind.values]))
    sums = np.zeros((len(kind.has), vectors.shape[1]), dtype=np.float32)
    owner, value = kind.has.pairs_of(np.arange(len(kind.has)))
    np.add.at(sums, owner, vectors[value])
    return np.asarray(sums / np.maximum(kind.has.counts(), 1)[:, None], dtype=np.float32)
