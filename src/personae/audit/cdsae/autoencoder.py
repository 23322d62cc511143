"""A classifier for people that drift over ordered domains, and the twins it is held against.

Source: "Pursuing Counterfactual Fairness via Sequential Autoencoder Across Domains" (2023), arXiv 2309.13005, sections 3 and 4.
Deviations are listed under Notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.cdsae._net import Factors, Network, Normal, Sizes, Tensor
from personae.audit.cdsae.twins import keep_noise, likeliest
from personae.errors import BadInput, MissingExtra
from personae.fittable import Fittable
from personae.metrics.recalibration import fit_platt

Array = NDArray[np.float64]


class SequentialAutoencoder(Fittable):
    """Predict y from what of a person does not turn on a sensitive attribute and does not drift.

    Parameters
    ----------
    blocks : sequence of int
        Widths of the one-hot blocks that stand at the end of x; the columns before them are numbers, standardized.
    fairness : float
        Weight of |C(person) - C(twin)|, in log-odds; 0 leaves fairness out.
    disentangling : float
        Weight of the density ratio that tells (a, U_s, U_v1) from (U_ns, U_v2) of another person.
    label_weight : float
        Weight of y's cross-entropy beside one person's reconstruction, both in nats.
    beta : float
        Weight of every divergence.
    is_sequential : bool
        Whether environment factors have priors rolled over the domains.
    n_latent, n_hidden, n_steps, batch_size : int
        `batch_size` people of each domain a step.
    learning_rate : float
    random_state : int

    Attributes
    ----------
    network_ : Network
    n_domains_ : int
    curve_ : Platt
        From the classifier's log-odds to P(y = 1), fitted on the people of the training.

    Notes
    -----
    Loss: reconstruction(x) + label_weight CE(y) + beta (KL(U_s) + KL(U_ns) + KL(U_v1) + KL(U_v2)) + fairness L_f +
    disentangling L_TC. Deviations from the paper: (1) domains are made of different people, so the priors roll over domains
    (each step is fed the mean factors of its domain's people) and the encoder of a person's environment sees that memory, in
    place of an LSTM over people paired at random; (2) the twin that the fairness loss compares with keeps the person's own noise
    (`keep_noise`) and is a constant for the loss: else a decoder that ignores a would be the cheapest fairness; (3) the textbook
    KL; (4) no categorical latent of concept shift; (5) the classifier learns from sampled factors and is read at their means,
    where its log-odds are flat and off center: a logistic curve through the people of the training puts them right. Without it a
    cut at one half decides nearly everyone alike, and a small effect on twins may be flatness and no fairness.
    """

    def __init__(
        self,
        *,
        blocks: tuple[int, ...] = (),
        fairness: float = 0.5,
        disentangling: float = 1.0,
        label_weight: float = 5.0,
        beta: float = 1.0,
        is_sequential: bool = True,
        n_latent: int = 8,
        n_hidden: int = 64,
        n_steps: int = 250,
        batch_size: int = 24,
        learning_rate: float = 4e-3,
        random_state: int = 0,
    ) -> None:
        self.blocks = blocks
        self.fairness = fairness
        self.disentangling = disentangling
        self.label_weight = label_weight
        self.beta = beta
        self.is_sequential = is_sequential
        self.n_latent = n_latent
        self.n_hidden = n_hidden
        self.n_steps = n_steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, x: ArrayLike, a: ArrayLike, y: ArrayLike, domain: ArrayLike) -> SequentialAutoencoder:
        """Learn from people of ordered domains.

        Parameters
        ----------
        x : array-like of shape (n_people, n_columns)
        a, y : array-like of shape (n_people,)
            0 or 1.
        domain : array-like of int of shape (n_people,)
            0, 1, ... in their order, none left out.

        Raises
        ------
        BadInput
            When shapes differ, a value is missing, a domain has nobody, or a or y is the same for everyone.
        MissingExtra
            When torch is not installed.
        """
        rows = _people(x, a, y, domain)
        _refuse(rows, self.blocks)
        torch = _torch(self.random_state)
        by_domain = [np.flatnonzero(rows[3] == t) for t in range(int(rows[3].max()) + 1)]
        self.n_domains_ = len(by_domain)
        sizes = Sizes(rows[0].shape[1] - sum(self.blocks), tuple(self.blocks), self.n_latent, self.n_hidden)
        self.network_ = Network(sizes, is_sequential=self.is_sequential)
        columns = [torch.tensor(each, dtype=torch.float32) for each in rows[:3]]
        random = np.random.default_rng(self.random_state)
        learner = torch.optim.Adam(self.network_.parts.parameters(), lr=self.learning_rate)
        teller = torch.optim.Adam(self.network_.discriminator.parameters(), lr=self.learning_rate)
        for _ in range(self.n_steps):
            drawn = np.stack([random.choice(each, self.batch_size) for each in by_domain])
            batch_x, batch_a, batch_y = (each[torch.as_tensor(drawn)] for each in columns)  # (T, B, ...)
            self._step(learner, teller, batch_x, batch_a[..., None], batch_y)
        self._settle(columns[0], columns[1][:, None], by_domain)
        self.curve_ = fit_platt(self._log_odds(columns[0], columns[1][:, None]), rows[2])
        return self

    def probability(self, x: ArrayLike, a: ArrayLike) -> Array:
        """Return P(y = 1) of shape (n_people,), from the means of the semantic factors."""
        _torch()
        log_odds = self._log_odds(*self._tensors(x, a))
        return self.curve_(log_odds)

    def twins(self, x: ArrayLike, a: ArrayLike, domain: ArrayLike, *, keeps_noise: bool = True) -> Array:
        """Return each person had `a` been the other one, shape (n_people, n_columns).

        Parameters
        ----------
        domain : array-like of int of shape (n_people,)
            May lie past the domains of the training: the priors are rolled on.
        keeps_noise : bool
            Whether a twin keeps what the decoder does not explain of a person; else it is the likeliest decoded one.
        """
        torch = _torch(self.random_state)
        people, given = self._tensors(x, a)
        twins = torch.empty_like(people)
        domains = np.asarray(domain, dtype=int)
        if domains.shape != (len(people),) or (len(domains) and domains.min() < 0):
            raise BadInput(
                f"Domains of shape {domains.shape} for {len(people)} people: give one from 0 on for each."
            )
        with torch.no_grad():
            for t in np.unique(domains):
                rows = torch.as_tensor(np.flatnonzero(domains == t))
                factors = self._factors(people[rows], given[rows], int(t))
                twins[rows] = self._twins(
                    people[rows], given[rows], [each.mean for each in factors], keeps_noise
                )
        return np.asarray(twins.numpy(), dtype=float)

    def _step(self, learner: Any, teller: Any, x: Tensor, a: Tensor, y: Tensor) -> None:
        """Move encoders, decoder and classifier one step, then the discriminator."""
        import torch
        from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

        net = self.network_
        factors, priors = net.walk(x, a)
        s, ns, v1, v2 = (each.sample() for each in factors)
        decoded = net.decode((s, ns, v1, v2), a)
        loss = net.reconstruction_loss(decoded, x).mean() + self.beta * _divergence(factors, priors).mean()
        logits = net.log_odds(s, ns)
        loss = loss + self.label_weight * cross_entropy(logits, y)
        if self.fairness:
            with torch.no_grad():
                twin = self._twins(x, a, [s, ns, v1, v2], keeps_noise=True)
            ours, theirs = net.static(x, a), net.static(twin, 1 - a)
            gap = net.log_odds(ours[0].mean, ours[1].mean) - net.log_odds(theirs[0].mean, theirs[1].mean)
            loss = loss + self.fairness * gap.abs().mean()
        if self.disentangling:
            loss = loss + self.disentangling * net.tell(a, s, v1, ns, v2).mean()
        learner.zero_grad()
        loss.backward()
        learner.step()
        if self.disentangling:
            s, ns, v1, v2 = (each.detach() for each in (s, ns, v1, v2))
            order = torch.randperm(x.shape[1])
            own, mixed = net.tell(a, s, v1, ns, v2), net.tell(a, s, v1, ns[:, order], v2[:, order])
            teller.zero_grad()
            told: Tensor = cross_entropy(own, torch.ones_like(own)) + cross_entropy(
                mixed, torch.zeros_like(mixed)
            )
            told.backward()
            teller.step()

    def _settle(self, x: Tensor, a: Tensor, by_domain: list[NDArray[np.intp]]) -> None:
        """Keep the priors' memory before each domain of the training, and after the last, from everyone in it."""
        import torch

        memory, net = self.network_.start(), self.network_
        self.memories_ = [memory]
        with torch.no_grad():
            for rows in by_domain:
                pair = net.environment(x[rows], a[rows], [held for held, _ in memory])
                memory = net.roll(memory, [each.mean.mean(0, keepdim=True) for each in pair])
                self.memories_.append(memory)

    def _log_odds(self, x: Tensor, a: Tensor) -> Array:
        import torch

        with torch.no_grad():
            s, ns = self.network_.static(x, a)
            return np.asarray(self.network_.log_odds(s.mean, ns.mean).numpy(), dtype=float)

    def _factors(self, x: Tensor, a: Tensor, domain: int) -> Factors:
        """Return the factors of people of one domain; past the training each domain's mean is the prior's own."""
        net, memory = self.network_, self.memories_[min(domain, self.n_domains_)]
        for _ in range(domain - self.n_domains_):
            memory = net.roll(memory, [each.mean for each in net.prior(memory)])
        return Factors(*net.static(x, a), *net.environment(x, a, [held for held, _ in memory]))

    def _twins(self, x: Tensor, a: Tensor, factors: Sequence[Tensor], keeps_noise: bool) -> Tensor:
        import torch

        net = self.network_
        other = net.decode(factors, 1 - a)
        if not keeps_noise:
            return likeliest(other, net.sizes)
        return keep_noise(x, net.decode(factors, a), other, net.sizes, torch.rand_like(x))

    def _learned(self) -> Network:
        network: Network = self.network_
        return network

    def _tensors(self, x: ArrayLike, a: ArrayLike) -> tuple[Tensor, Tensor]:
        import torch

        people, given = np.asarray(x, dtype=float), np.asarray(a, dtype=float)
        n_columns = self._learned().sizes.n_columns
        if people.ndim != 2 or people.shape[1] != n_columns or given.shape != people.shape[:1]:
            raise BadInput(
                f"People of shape {people.shape} and a of shape {given.shape}: the training had {n_columns} columns."
            )
        if not (np.isfinite(people).all() and np.isin(given, (0, 1)).all()):
            raise BadInput("People must be finite numbers and a 0 or 1: fill or drop missing values first.")
        return torch.tensor(people, dtype=torch.float32), torch.tensor(given[:, None], dtype=torch.float32)


def _divergence(factors: Factors, priors: tuple[Normal, Normal]) -> Tensor:
    static = factors.s.divergence() + factors.ns.divergence()
    return static + factors.v1.divergence(priors[0]) + factors.v2.divergence(priors[1])


def _people(*given: ArrayLike) -> tuple[Array, Array, Array, Array]:
    x, a, y, domain = (np.asarray(each, dtype=float) for each in given)
    if x.ndim != 2 or not a.shape == y.shape == domain.shape == x.shape[:1]:
        raise BadInput(
            f"People of shape {x.shape}, a {a.shape}, y {y.shape} and domains {domain.shape}: give one of each a person."
        )
    return x, a, y, domain


def _refuse(rows: tuple[Array, Array, Array, Array], blocks: tuple[int, ...]) -> None:
    x, a, y, domain = rows
    if not all(np.isfinite(each).all() for each in rows):
        raise BadInput("People, a, y and domains must be finite numbers: fill or drop missing values first.")
    if sum(blocks) > x.shape[1]:
        raise BadInput(f"Blocks of {sum(blocks)} columns in people of {x.shape[1]} columns.")
    for name, column in (("a", a), ("y", y)):
        if not np.array_equal(np.unique(column), (0, 1)):
            raise BadInput(f"{name} must be 0 for some people and 1 for others, and nothing else.")
    found = np.unique(domain)
    if not np.array_equal(found, np.arange(len(found))):
        raise BadInput(
            "Domains must be numbered 0, 1, ... with people in each: number the ones you have in their order."
        )


def _torch(random_state: int | None = None) -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingExtra(
            "The sequential autoencoder needs torch: pip install 'personae[torch]'."
        ) from error
    torch.set_num_threads(1)
    if random_state is not None:
        torch.manual_seed(random_state)
    return torch
