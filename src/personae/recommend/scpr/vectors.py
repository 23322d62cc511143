"""Vectors of people, items and attributes, learned from what people had: a factorisation machine for conversations.

Source: Lei et al. (2020), "Interactive Path Reasoning on Graph for Conversational Recommendation", arXiv 2007.00194, section 4.3;
the losses are those of Lei et al. (2020), "Estimation-Action-Reflection", WSDM, arXiv 2002.09102, equations 3 to 6.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from personae.metrics.ranking import Lists
from personae.recommend.interactions import Codes, negatives
from personae.recommend.scpr.episodes import Wants
from personae.recommend.scpr.graph import Graph, is_in
from personae.recommend.scpr.walk import NOTHING, Vectors, Walk
from personae.recommend.training import Epoch, Plan, fingerprint, train

_TRIED = 8  # items drawn for one that fits a conversation as well as the wanted one


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How vectors are learned.

    Parameters
    ----------
    size : int
    most_said : int
        Attributes of the wanted item that a conversation has come to, drawn from 1 to so many.
    attribute_rate : float
        Weight of the loss that tells the item's other attributes from those it has not.
    decay : float
        Weight of squared lengths.
    dropout : float
        Of the terms of inner products.
    from_attributes : bool
        Add the mean of its attributes' vectors to an item's own.
    """

    size: int = 64  # paper, section 5.1.4
    most_said: int = 4
    attribute_rate: float = 0.1
    decay: float = 1e-3  # published code
    dropout: float = 0.0
    from_attributes: bool = True
    plan: Plan = field(default_factory=lambda: Plan(n_epochs=20, batch_size=2048, rate=0.01, patience=3))


@dataclass(frozen=True, slots=True)
class Fitted:
    """Vectors and how the training went."""

    vectors: Vectors
    epochs: tuple[Epoch, ...]


def fit_vectors(
    graph: Graph, known: Lists, settings: Settings | None = None, *, valid: Wants | None = None, random_state: int = 0,
    checkpoint: Path | None = None, watch: Any = lambda _: None,
) -> Fitted:  # fmt: skip
    """Learn vectors from the items that people had.

    Parameters
    ----------
    graph : Graph
    known : Lists
        The items of each person.
    valid : Wants, optional
        Episodes not in `known`; training stops when the wanted items no longer rise among those with the same opening.

    Notes
    -----
    Of each pair (person, item) and the first attributes P of a conversation about it, two losses -log sigmoid(s(v) - s(v')),
    s(v) = u.v + sum of p.v: against an item that the person never had, and against one of those that also has all of P. A third
    tells an attribute of the item that was not named from one it does not have, by g(p) = u.p + sum of p.p' over P (person
    fixed). Deviations from the published code: the losses are one sum under Adam; P is drawn at random, not by entropy; and an
    item's vector is its own plus the mean of its attributes', without which an item that nobody had yet would keep the vector
    it began with.
    """
    import torch

    from personae.recommend import nets

    chosen = settings or Settings()
    with torch.random.fork_rng():
        torch.manual_seed(random_state)
        net = _net(graph, len(known), chosen)
        rows = _Rows(graph, known, chosen)

        def loss(some: Codes, random: np.random.Generator) -> Any:
            return _loss(net, rows.draw(some, random), chosen)

        learner = nets.TorchLearner(net, loss, rate=chosen.plan.rate, random_state=random_state)
        score = None if valid is None else lambda: mean_place(graph, _vectors(net), valid)
        epochs = train(learner, len(known.items), chosen.plan, score=score, random_state=random_state, checkpoint=checkpoint,
                       given=fingerprint(known.starts, known.items, chosen), watch=watch)  # fmt: skip
        return Fitted(_vectors(net), epochs)


def mean_place(graph: Graph, vectors: Vectors, wants: Wants, batch_size: int = 256) -> float:
    """Return the mean of 1 / log2(place + 1) of wanted items among all that have the opening's attribute; higher is better."""
    gains = []
    for start in range(0, len(wants), batch_size):
        some = wants.take(np.arange(start, min(start + batch_size, len(wants))))
        rows = np.arange(len(some))
        walk = Walk(graph, vectors, some.people)
        walk.accept(rows, some.openings)
        gains.append(1 / np.log2(walk.ahead(rows, some.items) + 2))
    return float(np.concatenate(gains).mean())


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows of pairs: person, wanted item, item never had, item like it (or NOTHING), attributes named (padded by NOTHING), one
    more that the item has (or NOTHING), one it does not have."""

    person: Codes
    item: Codes
    other: Codes
    alike: Codes
    said: Codes
    more: Codes
    none: Codes


class _Rows:
    """Pairs of a person and an item, each with a conversation drawn anew every time."""

    def __init__(self, graph: Graph, known: Lists, settings: Settings) -> None:
        self.graph, self.known, self.settings = graph, known, settings
        self.person = np.repeat(np.arange(len(known)), known.counts())
        self.pairs = np.sort(self.person * graph.n_items + known.items)

    def draw(self, rows: Codes, random: np.random.Generator) -> _Batch:
        graph = self.graph
        person, item = self.person[rows], self.known.items[rows]
        said, more = self._said(item, random)
        none = random.integers(0, graph.n_attributes, len(rows))
        none = np.where(graph.is_held(item, none), NOTHING, none)
        other = negatives(self.known, graph.n_items, person, 1, random)[:, 0]
        return _Batch(person, item, other, self._alike(person, said, random), said, more, none)

    def _said(self, item: Codes, random: np.random.Generator) -> tuple[Codes, Codes]:
        """Return the attributes named, in random order, shape (n, most_said), and one of those that were not."""
        row, attribute = self.graph.has.pairs_of(item)
        attribute = attribute[np.argsort(row + random.random(len(row)))]
        counts = self.graph.has.counts()[item]
        place = np.arange(len(row)) - (np.cumsum(counts) - counts)[row]
        n_said = random.integers(1, self.settings.most_said + 1, len(item)).clip(max=np.maximum(counts, 1))
        said = np.full((len(item), self.settings.most_said), NOTHING)
        is_said = place < n_said[row]
        said[row[is_said], place[is_said]] = attribute[is_said]
        more = np.full(len(item), NOTHING)
        is_next = place == n_said[row]
        more[row[is_next]] = attribute[is_next]
        return said, more

    def _alike(self, person: Codes, said: Codes, random: np.random.Generator) -> Codes:
        """Return an item that the person never had and that has all that was said; NOTHING where none of a few tries fits."""
        holders = self.graph.holders
        first = np.maximum(said[:, 0], 0)
        counts = holders.counts()[first]
        drawn = holders.starts[first][:, None] + (
            random.random((len(person), _TRIED)) * counts[:, None]
        ).astype(np.intp)
        tried = holders.items[np.minimum(drawn, len(holders.items) - 1)]
        fits = (said[:, :1] != NOTHING) & ~is_in(person[:, None] * self.graph.n_items + tried, self.pairs)
        for place in range(1, said.shape[1]):
            named = np.broadcast_to(said[:, place : place + 1], tried.shape)
            fits &= (named == NOTHING) | self.graph.is_held(tried, np.maximum(named, 0))
        chosen = fits.argmax(axis=1)
        return np.where(fits.any(axis=1), tried[np.arange(len(tried)), chosen], NOTHING)


def _net(graph: Graph, n_people: int, settings: Settings) -> Any:
    from personae.recommend import nets

    torch = nets.torch
    net = nets.nn.Module()
    net.people = nets.nn.Embedding(max(n_people, 1), settings.size)
    net.items = nets.ItemEncoder(
        graph.n_items,
        settings.size,
        attributes=graph.has if settings.from_attributes else None,
        n_attributes=graph.n_attributes,
    )
    net.attributes = nets.nn.Embedding(graph.n_attributes + 1, settings.size)
    for each in net.parameters():
        torch.nn.init.normal_(each, std=0.01)  # published code
    return net


def _tables(net: Any) -> tuple[Any, Any, Any]:
    """Return the vectors of people, of items and a row of zeros, and of attributes and a row of zeros."""
    from personae.recommend import nets

    zero = nets.torch.zeros(1, net.people.embedding_dim)
    return net.people.weight, net.items(), nets.torch.cat([net.attributes.weight[:-1], zero])


def _loss(net: Any, batch: _Batch, settings: Settings) -> Any:
    from personae.recommend import nets

    torch, functional = nets.torch, nets.functional
    people, items, attributes = _tables(net)
    row = {name: torch.as_tensor(getattr(batch, name)) for name in batch.__slots__}
    person, said = people[row["person"]], attributes[row["said"]].sum(dim=1)
    taste = functional.dropout(person + said, settings.dropout)  # (n, size)
    right = items[row["item"]]

    def beaten(what: Any, over: Any, other: Any, is_there: Any) -> Any:
        margin = (what * (over - other)).sum(dim=1)
        return (functional.softplus(-margin) * is_there).mean()

    loss = beaten(taste, right, items[row["other"]], 1.0)
    loss = loss + beaten(taste, right, items[row["alike"]], row["alike"] != NOTHING)
    asks = person.detach() + said
    is_both = (row["more"] != NOTHING) & (row["none"] != NOTHING)
    loss = loss + settings.attribute_rate * beaten(
        asks, attributes[row["more"]], attributes[row["none"]], is_both
    )
    lengths = (person.square().sum(1) + right.square().sum(1) + said.square().sum(1)).mean()
    return loss + settings.decay * lengths


def _vectors(net: Any) -> Vectors:
    from personae.recommend import nets

    with nets.torch.no_grad():
        people, items, attributes = (each.numpy().copy() for each in _tables(net))
    return Vectors(people, items[:-1], attributes[:-1])
