"""The networks that read a history and a candidate together, in torch. Imported only when something is learned.

n people have c candidates each; their behaviors stand in one list of p rows, each with its person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from personae.recommend import nets
from personae.recommend._core import States
from personae.recommend.interactions import Items
from personae.recommend.sequences import NOTHING


@dataclass(frozen=True, slots=True)
class Shape:
    """Which parts there are, and their sizes; see the rankers for what they mean."""

    size: int
    hidden: tuple[int, int]
    inner: int
    dropout: float
    attends: bool  # the history by the activation unit, else its mean
    gate: str  # "none", "category" or "behaviors"
    n_experts: int
    is_averaged: bool


class Past(NamedTuple):
    """Behaviors of n people in one list: items and whose they are, both (p,)."""

    items: Tensor
    row: Tensor
    n: int

    def take(self, kept: Tensor) -> Past:
        return Past(self.items[kept], self.row[kept], self.n)

    def first(self, n: int) -> Past:
        """Return the behaviors of the first n people."""
        return self.take(self.row < n)._replace(n=min(n, self.n))


class Told(NamedTuple):
    """Logits (n, c); weights of the experts (n, c, k); what the logit is a sum of: (n, c, k * hidden)."""

    logits: Tensor
    gate: Tensor
    hidden: Tensor


def past_of(pasts: States) -> Past:
    """Return the behaviors of rows of last items, shape (n, length)."""
    items = torch.as_tensor(pasts, dtype=torch.long)
    is_there = items != NOTHING
    return Past(items[is_there], is_there.nonzero()[:, 0], len(items))


class Ranker(nn.Module):
    """Input network, past, experts and gate: logit = sum over k of gate_k expert_k([past, candidate, past * candidate])."""

    def __init__(self, items: Items, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        n_items, n_attributes = len(items.ids), len(items.attributes)
        has = items.has if n_attributes else None
        self.catalog = nets.ItemEncoder(n_items, shape.size, attributes=has, n_attributes=n_attributes)
        self.read = _input(shape)
        self.attend = Unit(shape.size, shape.inner, 1) if shape.attends else None
        self.experts = Experts(3 * shape.size, shape.hidden, shape.n_experts, shape.dropout)
        self.gate: nn.Module | None = None
        if shape.gate == "category":
            self.gate = CategoryGate(items, shape.n_experts)
        elif shape.gate == "behaviors":
            self.gate = BehaviorGate(shape)

    def forward(
        self, past: Past, items: Tensor, *, table: Tensor | None = None, gate: Tensor | None = None
    ) -> Told:
        """Read pasts beside candidates, (n, c).

        A given gate, (n, c, k), replaces their own; a given table is `catalog()`, so that it is not made anew.
        """
        table = self.catalog() if table is None else table
        behaviors, candidates = (self.read(functional.embedding(each, table)) for each in (past.items, items))
        person = self._person(behaviors, candidates, past)
        logits, last = self.experts(torch.cat([person, candidates, person * candidates], dim=2))
        gate = self.mix(table, past, items) if gate is None else gate
        return Told((gate * logits).sum(dim=2), gate, (gate[..., None] * last).flatten(2))

    def mix(self, table: Tensor, past: Past, items: Tensor) -> Tensor:
        """Return the experts' weights, (n, c, k)."""
        if self.gate is None:
            return table.new_ones(*items.shape, 1)
        found: Tensor = self.gate(table, past, items)
        return found

    def _person(self, behaviors: Tensor, candidates: Tensor, past: Past) -> Tensor:
        if self.attend is not None:
            weights = self.attend(behaviors, candidates, past.row)  # (p, c, 1)
            return _sums(weights * behaviors[:, None], past)
        means = _sums(behaviors, past) / _counts(past).clamp(min=1)[:, None]
        return means[:, None].expand(-1, candidates.shape[1], -1)


class Unit(nn.Module):
    """What a behavior b says beside a candidate t: a network of one hidden layer on [b, b * t, t]."""

    def __init__(self, size: int, inner: int, n_out: int) -> None:
        super().__init__()
        self.of_behavior = nn.Linear(size, inner)
        self.of_both = nn.Linear(size, inner, bias=False)
        self.of_candidate = nn.Linear(size, inner, bias=False)
        self.tell = nn.Linear(inner, n_out)

    def forward(self, behaviors: Tensor, candidates: Tensor, row: Tensor) -> Tensor:
        """Shapes (p, size), (n, c, size) and (p,) to (p, c, n_out)."""
        both = self.of_both(behaviors[:, None] * candidates.index_select(0, row))
        seen = (
            self.of_behavior(behaviors)[:, None] + both + self.of_candidate(candidates).index_select(0, row)
        )
        told: Tensor = self.tell(seen.relu())
        return told


class Experts(nn.Module):
    """k networks of two hidden layers side by side."""

    def __init__(self, n_in: int, hidden: tuple[int, int], k: int, dropout: float) -> None:
        super().__init__()
        first, second = hidden
        self.k, self.drop = k, nn.Dropout(dropout)
        self.first = nn.Linear(n_in, k * first)
        self.second = nn.Parameter(torch.randn(k, first, second) * (2 / first) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(k, second))
        self.tell = nn.Parameter(torch.randn(k, second) * second**-0.5)
        self.level = nn.Parameter(torch.zeros(k))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(n, c, n_in) to logits (n, c, k), and the layers before them (n, c, k, second)."""
        seen = self.drop(self.first(x).relu()).unflatten(2, (self.k, -1))
        last = self.drop((torch.einsum("ncki,kij->nckj", seen, self.second) + self.bias).relu())
        return (last * self.tell).sum(dim=3) + self.level, last


class CategoryGate(nn.Module):
    """Weights by softmax from the candidate's attributes alone (its id where there are none): the same for everybody."""

    def __init__(self, items: Items, k: int) -> None:
        super().__init__()
        n_attributes = len(items.attributes)
        self.kinds = nets.ItemEncoder(
            len(items.ids),
            k,
            has_id=not n_attributes,
            attributes=items.has if n_attributes else None,
            n_attributes=n_attributes,
        )

    def forward(self, table: Tensor, past: Past, items: Tensor) -> Tensor:
        return functional.embedding(items, self.kinds()).softmax(dim=2)


class BehaviorGate(nn.Module):
    """Free weights: each behavior tells k numbers and how much it counts, and so does having none, which everybody has.

    g = first + sum over j of a(b_j, t) G(b_j, t), with `first` at 1 / k to begin with; a and G share their hidden layer.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.is_averaged = shape.is_averaged
        self.read = _input(shape)
        self.unit = Unit(shape.size, shape.inner, shape.n_experts + 1)
        self.nothing = nn.Parameter(torch.randn(shape.size) * shape.size**-0.5)
        self.first = nn.Parameter(torch.full((shape.n_experts,), 1 / shape.n_experts))

    def forward(self, table: Tensor, past: Past, items: Tensor) -> Tensor:
        behaviors = torch.cat(
            [self.nothing.expand(past.n, -1), self.read(functional.embedding(past.items, table))]
        )
        whole = Past(past.items, torch.cat([torch.arange(past.n), past.row]), past.n)
        told = self.unit(
            behaviors, self.read(functional.embedding(items, table)), whole.row
        )  # (n + p, c, k + 1)
        mix = _sums(told[..., :-1] * told[..., -1:], whole)
        return self.first + (mix / _counts(whole)[:, None, None] if self.is_averaged else mix)


def contrast(first: Tensor, second: Tensor, person: Tensor, temperature: float, n_others: int) -> Tensor:
    """Return the mean loss of telling one's own second gate from the gates of the next rows, by cosine / temperature.

    L = -log(exp(g_i g'_i) / (exp(g_i g'_i) + sum over l of exp(g_i g_l))); rows of the same person are left out. Shapes (n, k),
    (n, k), (n,).
    """
    first, second = functional.normalize(first, dim=1), functional.normalize(second, dim=1)
    own = (first * second).sum(dim=1, keepdim=True) / temperature
    rows = torch.arange(len(first))[:, None]
    following = (rows + torch.arange(1, min(n_others, len(first) - 1) + 1)) % len(first)  # (n, l)
    others = (first[:, None] * first[following]).sum(dim=2) / temperature
    others = others.masked_fill(person[following] == person[:, None], -torch.inf)
    return (torch.cat([own, others], dim=1).logsumexp(dim=1) - own[:, 0]).mean()


def _input(shape: Shape) -> nn.Module:
    return nn.Sequential(nn.Linear(shape.size, shape.size), nn.ReLU(), nn.Linear(shape.size, shape.size))


def _sums(values: Tensor, past: Past) -> Tensor:
    """Return sums of the behaviors' values by person: (p, ...) to (n, ...)."""
    return values.new_zeros(past.n, *values.shape[1:]).index_add(0, past.row, values)


def _counts(past: Past) -> Tensor:
    return torch.bincount(past.row, minlength=past.n)
