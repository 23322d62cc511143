"""SASRec: the next item from the last ones, by causal self-attention.

Source: Kang, McAuley (2018), "Self-Attentive Sequential Recommendation", ICDM, arXiv 1808.09781.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from personae.metrics.ranking import Lists
from personae.recommend._next import NextItem
from personae.recommend.interactions import Codes, Interactions


@dataclass(kw_only=True)
class SASRec(NextItem):
    """Every place of a history predicts the item after it; an item is a vector of its own, and what nobody had is passed over.

    Parameters are those of `NextItem`: size, length, n_layers, n_heads, dropout, n_others, decay, plan.

    Notes
    -----
    The paper tells each wanted item from one other by binary cross-entropy. Here it is told from many by cross-entropy, which
    ranks better (Klenitskiy, Vasilev 2023, arXiv 2309.07602) and costs little, for they are shared by the batch.

    Examples
    --------
    >>> from personae.recommend import Plan, interactions
    >>> rows = interactions(["ana", "ana", "ana", "bo", "bo", "bo"], ["x", "y", "z", "x", "y", "z"])
    >>> model = SASRec(size=8, dropout=0.0, plan=Plan(n_epochs=30, rate=0.01)).fit(rows).adapt("cy", ["x", "y"])
    >>> model.recommend("cy", 1, known=["x", "y"])[0].item
    'z'
    """

    def _net(self, rows: Interactions) -> tuple[Any, Codes, Codes]:
        from personae.recommend import nets

        own = np.arange(len(rows.items))
        return nets.modules(catalog=nets.ItemEncoder(len(own), self.size), past=self._past()), own, own

    def _tables(self) -> tuple[Any, Any]:
        table = self.net_["catalog"]()
        return table, table

    def _others(self) -> Codes:
        return self.told_

    def _known(self, histories: Lists) -> Lists:
        is_known = self.popularity_[histories.items] > 0
        person = np.repeat(np.arange(len(histories)), histories.counts())
        return Lists.of(person[is_known], histories.items[is_known], n_people=len(histories))
