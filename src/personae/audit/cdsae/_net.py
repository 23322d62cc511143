"""The network: encoders of four factors, priors rolled over domains, a decoder, a classifier and a discriminator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

Tensor = Any  # torch.Tensor: torch is brought in by the functions that make tensors
FLAT = 6.0  # log variances stay in [-FLAT, FLAT]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers first, then one-hot blocks: the columns of x. `n_latent` is the width of each of the four factors."""

    n_numbers: int
    blocks: tuple[int, ...]
    n_latent: int = 8  # card
    n_hidden: int = 64

    @property
    def n_columns(self) -> int:
        return self.n_numbers + sum(self.blocks)


class Normal(NamedTuple):
    """Means and log variances of independent normals."""

    mean: Tensor
    log_variance: Tensor

    def sample(self) -> Tensor:
        import torch

        return self.mean + torch.randn_like(self.mean) * (self.log_variance / 2).exp()

    def divergence(self, prior: Normal | None = None) -> Tensor:
        """KL(self || prior) in nats, summed over the last axis; the prior is N(0, I) without one."""
        if prior is None:
            terms = self.log_variance.exp() + self.mean**2 - 1 - self.log_variance
        else:
            gap = (self.mean - prior.mean) ** 2 + self.log_variance.exp()
            terms = gap / prior.log_variance.exp() - 1 + prior.log_variance - self.log_variance
        return terms.sum(-1) / 2


class Factors(NamedTuple):
    """The four latent factors of people: semantic ones with and without a, environmental ones with and without a."""

    s: Normal
    ns: Normal
    v1: Normal
    v2: Normal


class Network:
    """What is learned, and the steps from people to factors to people.

    Parameters
    ----------
    sizes : Sizes
    is_sequential : bool
        Whether environment factors have priors rolled over the domains; N(0, I) for every domain otherwise.
    """

    def __init__(self, sizes: Sizes, *, is_sequential: bool = True) -> None:
        from torch import nn

        x, z, h = sizes.n_columns, sizes.n_latent, sizes.n_hidden
        self.sizes, self.is_sequential = sizes, is_sequential
        self.parts = nn.ModuleDict(
            {
                "s": _perceptron(x + 1, h, 2 * z),  # q(U_s | x, a)
                "ns": _perceptron(x, h, 2 * z),  # q(U_ns | x)
                "v1": _perceptron(x + 1 + 2 * z, h, 2 * z),  # q(U_v1 | x, a, state)
                "v2": _perceptron(x + 2 * z, h, 2 * z),  # q(U_v2 | x, state)
                "roll1": nn.LSTMCell(z, 2 * z),
                "roll2": nn.LSTMCell(z, 2 * z),
                "prior1": nn.Linear(2 * z, 2 * z),  # p(U_v1 | state)
                "prior2": nn.Linear(2 * z, 2 * z),
                "decoder": _perceptron(4 * z + 1, h, x),
                "classifier": _perceptron(2 * z, h, 1),
            }
        )
        self.discriminator = _perceptron(4 * z + 1, h, 1)

    def static(self, x: Tensor, a: Tensor) -> tuple[Normal, Normal]:
        """Return U_s and U_ns of people x (..., n_columns) with attribute a (..., 1)."""
        import torch

        return _normal(self.parts["s"](torch.cat([x, a], -1))), _normal(self.parts["ns"](x))

    def log_odds(self, s: Tensor, ns: Tensor) -> Tensor:
        """Return the classifier's log-odds of y = 1 from the semantic factors alone."""
        import torch

        return self.parts["classifier"](torch.cat([s, ns], -1))[..., 0]

    def environment(self, x: Tensor, a: Tensor, states: Sequence[Tensor]) -> tuple[Normal, Normal]:
        """Return U_v1 and U_v2 of people of one domain, given what the priors hold of the domains before it."""
        import torch

        held = [state.expand(*x.shape[:-1], -1) for state in states]
        v1 = _normal(self.parts["v1"](torch.cat([x, a, held[0]], -1)))
        return v1, _normal(self.parts["v2"](torch.cat([x, held[1]], -1)))

    def walk(self, x: Tensor, a: Tensor) -> tuple[Factors, tuple[Normal, Normal]]:
        """Encode people of all domains, (n_domains, n_people, n_columns): their factors, and the priors of U_v1 and U_v2."""
        import torch

        found, priors, memory = [], [], self.start()
        for domain in range(len(x)):
            prior = self.prior(memory)
            pair = self.environment(x[domain], a[domain], [held for held, _ in memory])
            memory = self.roll(memory, [each.mean.mean(0, keepdim=True) for each in pair])
            found.append(pair)
            priors.append(prior)
        v1, v2 = (
            Normal(*(torch.stack(part) for part in zip(*side, strict=True)))
            for side in zip(*found, strict=True)
        )
        first, second = (
            Normal(*(torch.stack(part) for part in zip(*side, strict=True)))
            for side in zip(*priors, strict=True)
        )
        return Factors(*self.static(x, a), v1, v2), (first, second)

    def start(self) -> list[tuple[Tensor, Tensor]]:
        """Return the priors' memory before the first domain."""
        import torch

        return [
            (torch.zeros(1, 2 * self.sizes.n_latent), torch.zeros(1, 2 * self.sizes.n_latent))
            for _ in range(2)
        ]

    def prior(self, memory: Sequence[tuple[Tensor, Tensor]]) -> tuple[Normal, Normal]:
        """Return p(U_v1) and p(U_v2) of the domain that comes next."""
        scale = 1.0 if self.is_sequential else 0.0
        first, second = (
            _normal(scale * self.parts[f"prior{side}"](held)) for side, (held, _) in enumerate(memory, 1)
        )
        return first, second

    def roll(
        self, memory: Sequence[tuple[Tensor, Tensor]], means: Sequence[Tensor]
    ) -> list[tuple[Tensor, Tensor]]:
        """Return the memory after a domain whose people's environment factors have these means, each (1, n_latent)."""
        if not self.is_sequential:
            return list(memory)
        return [
            self.parts[f"roll{side}"](mean, held)
            for side, (mean, held) in enumerate(zip(means, memory, strict=True), 1)
        ]

    def decode(self, factors: Sequence[Tensor], a: Tensor) -> Tensor:
        """Return numbers and the blocks' log probabilities, (..., n_columns)."""
        import torch

        raw = self.parts["decoder"](torch.cat([*factors, a], -1))
        numbers, *blocks = raw.split([self.sizes.n_numbers, *self.sizes.blocks], -1)
        return torch.cat([numbers, *(block.log_softmax(-1) for block in blocks)], -1)

    def reconstruction_loss(self, decoded: Tensor, x: Tensor) -> Tensor:
        """-log p(x | U, a) up to a constant, one a person: squared error of numbers (variance 1), cross-entropy of blocks."""
        n = self.sizes.n_numbers
        numbers = ((decoded[..., :n] - x[..., :n]) ** 2).sum(-1) / 2
        return numbers - (decoded[..., n:] * x[..., n:]).sum(-1)

    def tell(self, a: Tensor, s: Tensor, v1: Tensor, ns: Tensor, v2: Tensor) -> Tensor:
        """Return the discriminator's log-odds that (a, U_s, U_v1) and (U_ns, U_v2) belong to the same person."""
        import torch

        return self.discriminator(torch.cat([a, s, v1, ns, v2], -1))[..., 0]


def _perceptron(*widths: int) -> Any:
    from torch import nn

    layers = [
        nn.Sequential(nn.ReLU(), nn.Linear(m, n)) if i else nn.Linear(m, n)
        for i, (m, n) in enumerate(pairwise(widths))
    ]
    return nn.Sequential(*layers)


def _normal(out: Tensor) -> Normal:
    mean, log_variance = out.chunk(2, -1)
    return Normal(mean, log_variance.clamp(-FLAT, FLAT))
