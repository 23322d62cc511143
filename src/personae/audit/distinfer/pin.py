"""A classifier over the weights of networks that does not see in which order their neurons stand.

Source: Ganju et al. (2018), "Property Inference Attacks on Fully Connected Neural Networks using Permutation Invariant
Representations", CCS 2018; sizes from Suri, Evans (2022), arXiv 2109.06024, section 5.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.many_networks import Floats, Networks
from personae.errors import BadInput
from personae.fittable import Fittable

WIDTHS = (64, 8)  # paper


class PermutationInvariantNetwork(Fittable):
    """Tell from a network's weights what it was trained on: one of two populations, or a number such as a ratio.

    Parameters
    ----------
    is_binary : bool
        Targets are 0 or 1 and scores log-odds; otherwise targets are numbers and scores their estimates.
    n_epochs, learning_rate, dropout
        Adam over all local networks at once.
    n_members : int
        Meta-classifiers from different starts, whose scores are averaged.
    random_state : int

    Notes
    -----
    phi_l turns each neuron of layer l into 8 numbers. Layer 1 sees the neuron's weights and bias; layer l > 1 its bias, the sum
    over the neurons below of weight * representation, and the same sum with |weight|. The paper joins the representations below
    unweighted and in their order, which depends on the order of neurons; the sums do not, and need no parameter a neuron. Means
    over a layer's neurons are joined and read by one linear map. Representations end without ReLU. Targets and layer-1 weights
    are standardized over the local networks.

    Examples
    --------
    >>> from personae.audit.many_networks import new_networks
    >>> networks, secret = new_networks(40, (3, 4, 1)), np.arange(40) % 2
    >>> networks.weights[0][secret == 1, 0] += 1  # what population 1 leaves behind, at the first input
    >>> found = PermutationInvariantNetwork(n_epochs=60).fit(networks.take(secret >= 0), secret)
    >>> float(((found.score(networks) > 0) == secret).mean()) > 0.9
    True
    """

    def __init__(
        self,
        *,
        is_binary: bool = True,
        n_epochs: int = 200,
        learning_rate: float = 3e-3,
        dropout: float = 0.5,  # paper
        n_members: int = 1,
        random_state: int = 0,
    ) -> None:
        self.is_binary = is_binary
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.dropout = dropout
        self.n_members = n_members
        self.random_state = random_state

    def fit(self, networks: Networks, targets: ArrayLike) -> PermutationInvariantNetwork:
        """Learn from local networks, trained on populations that the adversary knows.

        Parameters
        ----------
        targets : array-like of shape (m,)
        """
        import torch

        target = np.asarray(targets, dtype=np.float32)
        if target.shape != (len(networks),) or (self.is_binary and set(target.tolist()) != {0, 1}):
            raise BadInput(
                f"{len(networks)} networks, targets of shape {target.shape}: give one a network, of both populations."
            )
        first = _rows(networks)
        self.mean_, self.spread_ = first.mean(axis=(0, 1)), first.std(axis=(0, 1)) + 1e-6
        self.level_, self.scale_ = (
            (0.0, 1.0) if self.is_binary else (float(target.mean()), float(target.std()) + 1e-6)
        )
        shown, wanted = self._shown(networks), torch.from_numpy((target - self.level_) / self.scale_)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state)
            nets = [_net(first.shape[2], len(networks.weights), self.dropout) for _ in range(self.n_members)]
            self.nets_ = [self._learn(net, shown, wanted) for net in nets]
        return self

    def _learn(self, net: Any, shown: tuple[Any, list[Any], list[Any]], wanted: Any) -> Any:
        import torch

        loss = torch.nn.BCEWithLogitsLoss() if self.is_binary else torch.nn.MSELoss()
        adam = torch.optim.Adam(net.parameters(), lr=self.learning_rate)
        for _ in range(self.n_epochs):
            adam.zero_grad()
            loss(_read(net, *shown), wanted).backward()
            adam.step()
        return net.eval()

    def score(self, networks: Networks) -> NDArray[np.float64]:
        """Return log-odds of population 1, or estimates of the number, shape (m,)."""
        import torch

        with torch.no_grad():
            shown = self._shown(networks)
            found = np.mean([_read(net, *shown).numpy() for net in self.nets_], axis=0, dtype=float)
        return np.asarray(found * self.scale_ + self.level_)

    def _shown(self, networks: Networks) -> tuple[Any, list[Any], list[Any]]:
        import torch

        first = ((_rows(networks) - self.mean_) / self.spread_).astype(np.float32)
        weights = [torch.from_numpy(np.ascontiguousarray(w.transpose(0, 2, 1))) for w in networks.weights[1:]]
        biases = [torch.from_numpy(np.ascontiguousarray(b.transpose(0, 2, 1))) for b in networks.biases[1:]]
        return torch.from_numpy(first), weights, biases


def _rows(networks: Networks) -> Floats:
    """Return the first layer's neurons, (m, n_out, n_in + 1)."""
    return np.concatenate([networks.weights[0], networks.biases[0]], axis=1).transpose(0, 2, 1)


def _net(n_in: int, n_layers: int, dropout: float) -> Any:
    from torch import nn

    wide, narrow = WIDTHS
    sizes = [n_in, *[2 * narrow + 1] * (n_layers - 1)]
    phis = [
        nn.Sequential(nn.Linear(size, wide), nn.ReLU(), nn.Dropout(dropout), nn.Linear(wide, narrow))
        for size in sizes
    ]
    return nn.ModuleList([*phis, nn.Linear(narrow * n_layers, 1)])


def _read(net: Any, first: Any, weights: list[Any], biases: list[Any]) -> Any:
    import torch

    below = net[0](first)  # (m, n_neurons, 8)
    sums = [below.mean(dim=1)]
    for phi, weight, bias in zip(list(net)[1:-1], weights, biases, strict=True):
        below = phi(torch.cat([bias, weight @ below, weight.abs() @ below], dim=2))
        sums.append(below.mean(dim=1))
    return net[-1](torch.cat(sums, dim=1))[:, 0]
