"""How the preference space is learned: gradient steps on batches of comparisons, each item projected once a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from personae.preference._extras import needs
from personae.preference.comparisons import Array, Codes, Comparisons
from personae.preference.pal._space import Learner, Space

Loss = Literal["logistic", "hinge"]
_SCALE = 1 / 0.07  # released code: where the scale begins; it is kept under 100
_MOST_SCALE = 100.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How a space is learned; rates are Adam's, `penalty` is the ridge on people's weights, a person."""

    n_prototypes: int
    learner: Learner
    loss: Loss
    hidden: int
    size: int
    n_epochs: int
    batch_size: int
    rate: float
    penalty: float
    person_rate: float = 5e-3  # paper, for prototypes and people's weights
    scale_rate: float = 1e-2
    decay: float = 0.01  # of the projection


@dataclass(frozen=True, slots=True)
class Batch:
    """One step's comparisons: places of people and items, what was chosen, strengths, and what is known without a person."""

    person: Any
    a: Any
    b: Any
    chosen: Any
    weight: Any
    base: Any


class Trainer:
    """The space's parameters while they are learned.

    Parameters
    ----------
    plan : Plan
    vectors, contexts : ndarray of shape (n_items, D)
    prototypes : ndarray of shape (k, D)
        Where they begin.
    weights : ndarray of shape (n_people, k)
        Where people begin.
    random_state : int
    """

    def __init__(
        self, plan: Plan, vectors: Array, contexts: Array, prototypes: Array, weights: Array, random_state: int
    ) -> None:  # fmt: skip
        torch = _torch()
        self.plan = plan
        random = np.random.default_rng(random_state)
        self.vectors, self.contexts = (
            torch.tensor(rows, dtype=torch.float32) for rows in (vectors, contexts)
        )
        self.project = [_leaf(part) for part in _layers(random, vectors.shape[1], plan.hidden, plan.size)]
        if plan.learner == "dist":
            self.ideal = [_leaf(prototypes)]
        else:
            parts = [_layers(random, contexts.shape[1], plan.hidden, plan.size) for _ in prototypes]
            self.ideal = [_leaf(np.stack(part)) for part in zip(*parts, strict=True)]
            with torch.no_grad():  # begin in the direction of the prototypes, whatever the context
                self.ideal[3] += self._projected(torch.tensor(prototypes, dtype=torch.float32))
        self.weights = _leaf(weights)
        self.log_scale = _leaf(np.log(_SCALE) if plan.loss == "logistic" else np.zeros(()))
        learned = [self.log_scale] if plan.loss == "logistic" else []
        self._steps = torch.optim.Adam(
            [
                {"params": self.project, "lr": plan.rate, "weight_decay": plan.decay},
                {
                    "params": self.ideal,
                    "lr": plan.person_rate if plan.learner == "dist" else plan.rate,
                },
                {"params": [self.weights], "lr": plan.person_rate},
                {"params": learned, "lr": plan.scale_rate},
            ],
            fused=True,
        )

    def step(self, batch: Batch) -> float:
        """Take one step, and return the batch's loss."""
        margin = self._margin(batch) + batch.base
        if self.plan.loss == "hinge":
            loss = (1 - (2 * batch.chosen - 1) * margin).clamp(min=0)
        else:
            loss = margin.clamp(min=0) - batch.chosen * margin + margin.abs().neg().exp().log1p()
        total = (batch.weight * loss).mean()
        if self.plan.penalty:
            total = total + self.plan.penalty / 2 * (self.weights**2).mean(dim=0).sum()
        self._steps.zero_grad()
        total.backward()
        self._steps.step()
        return float(total.detach())

    def space(self) -> tuple[Space, Array]:
        """Return what was learned, and people's weights."""
        project, ideal = (tuple(_array(part) for part in parts) for parts in (self.project, self.ideal))
        scale = min(float(self.log_scale.detach().exp()), _MOST_SCALE)
        return Space(self.plan.learner, project, ideal, scale), _array(self.weights)  # type: ignore[arg-type]

    def _margin(self, batch: Batch) -> Any:
        torch = _torch()
        vectors, contexts, a, b = self.vectors, self.contexts, batch.a, batch.b
        if len(vectors) > 2 * len(a):  # rather the batch's items than all
            used = torch.cat([a, b])
            vectors, contexts = vectors[used], contexts[used]
            a, b = torch.arange(len(a)), torch.arange(len(a), len(used))
        shares = self.weights[batch.person].softmax(dim=1)  # (n, k)
        points = self._projected(vectors)  # (n_items, d)
        scale = self.log_scale.exp().clamp(max=_MOST_SCALE)
        if self.plan.learner == "dist":
            ideal = shares @ self._projected(self.ideal[0])  # (n, d)
            near, far = ((points[item] - ideal).square().sum(dim=1).add(1e-6).sqrt() for item in (a, b))
            return scale * (far - near)
        first, first_offset, second, second_offset = self.ideal
        inside = torch.einsum("nd,kdh->nkh", contexts, first) + first_offset
        ideals = torch.einsum("nkh,khd->nkd", _gelu(inside), second) + second_offset
        ideal = torch.einsum("nk,nkd->nd", shares, ideals[a])
        points = points / points.square().sum(dim=1, keepdim=True).add(1e-6).sqrt()
        size = ideal.square().sum(dim=1).add(1e-6).sqrt()
        return scale * ((points[a] - points[b]) * ideal).sum(dim=1) / size

    def _projected(self, vectors: Any) -> Any:
        first, first_offset, second, second_offset = self.project
        return _gelu(vectors @ first + first_offset) @ second + second_offset


def train(
    trainer: Trainer, table: Comparisons, base: Array, random_state: int, *, watch: Callable[[float], None] = lambda _: None
) -> tuple[Space, Array]:  # fmt: skip
    """Go through the rows so many times, in random order, and return the space and people's weights."""
    torch = _torch()
    columns = [torch.tensor(each) for each in (table.person, table.a, table.b)]
    columns += [torch.tensor(each, dtype=torch.float32) for each in (table.chosen, table.weight, base)]
    random = np.random.default_rng(random_state)
    size = trainer.plan.batch_size
    for _ in range(trainer.plan.n_epochs):
        order = torch.tensor(random.permutation(len(table)))
        shuffled = [column[order] for column in columns]
        for start in range(0, len(table), size):
            watch(trainer.step(Batch(*(column[start : start + size] for column in shuffled))))
    return trainer.space()


def first_guesses(
    table: Comparisons, vectors: Array, k: int, random_state: int, n_people: int
) -> tuple[Array, Array]:
    """Return k prototypes (k, D) and people's weights (n_people, k) from k-means of what people chose over what they did not.

    Notes
    -----
    Prototypes drawn from a tiny Gaussian collapse into one point. Here a prototype stands where the items stand that one
    cluster of people chose, and people lean to the prototype of their cluster.
    """
    with needs("scikit-learn"):
        from sklearn.cluster import KMeans

    order = np.argsort(table.person, kind="stable")
    lean = (table.weight * (2 * table.chosen - 1))[order, None]
    apart = lean * (vectors[table.a[order]] - vectors[table.b[order]])
    counts = np.bincount(table.person, minlength=n_people)
    given: Codes = np.flatnonzero(counts)
    starts = (np.cumsum(counts) - counts)[given]
    liked = np.add.reduceat(apart, starts, axis=0) / counts[given, None]
    found = KMeans(min(k, len(np.unique(liked, axis=0))), n_init=3, random_state=random_state).fit(liked)
    centers = np.resize(found.cluster_centers_, (k, vectors.shape[1]))
    sizes = np.linalg.norm(centers, axis=1, keepdims=True)
    reach = np.sqrt(((vectors - vectors.mean(axis=0)) ** 2).sum(axis=1).mean())
    weights = np.zeros((n_people, k))
    weights[given, found.labels_] = 1.0
    return vectors.mean(axis=0) + reach * centers / np.maximum(sizes, 1e-9), weights


def _layers(random: np.random.Generator, n_in: int, hidden: int, n_out: int) -> tuple[Array, ...]:
    """Return weights and offsets of two layers, drawn as `torch.nn.Linear` draws them."""
    parts = ((n_in, n_in, hidden), (n_in, hidden), (hidden, hidden, n_out), (hidden, n_out))
    return tuple(random.uniform(-(fan**-0.5), fan**-0.5, shape) for fan, *shape in parts)


def _gelu(x: Any) -> Any:
    return _torch().nn.functional.gelu(x, approximate="tanh")


def _leaf(values: Any) -> Any:
    torch = _torch()
    return torch.tensor(np.asarray(values), dtype=torch.float32, requires_grad=True)


def _array(tensor: Any) -> Array:
    return np.asarray(tensor.detach().numpy(), dtype=float)


def _torch() -> Any:
    with needs("torch", "torch,learn"):
        import torch
    return torch
