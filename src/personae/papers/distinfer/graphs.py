"""Node classifiers on generated graphs whose mean degree is the secret."""

from __future__ import annotations

import numpy as np

from personae.audit.many_networks import Floats, new_networks, train
from personae.papers.distinfer.attacks import World

N_NODES = 800
N_TRAITS = 4
LAYERS = (16, 8)
SAME, OTHER = 1.5, 0.5  # times as many links within a community as by chance, and between
CENTER = 13  # card
DEGREES = (9, 11, 15, 17)


def graph(degree: float, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Return inputs (n_nodes, 8) and communities (n_nodes,) of a graph of two communities and Poisson degrees.

    A node is known by its noisy traits and the mean of its neighbors', as in a graph network that averages: what the mean is
    worth beside the node's own traits grows with the degree.
    """
    side = random.permutation(N_NODES) % 2
    chance = np.where(side[:, None] == side, SAME, OTHER) * degree / N_NODES
    links = np.triu(random.random((N_NODES, N_NODES)) < chance, 1).astype(np.float32)
    links += links.T
    traits = random.normal(size=(N_NODES, N_TRAITS)) + (0.25 * (2 * side - 1))[:, None]
    inputs = np.hstack([traits, links @ traits / np.maximum(links.sum(axis=1, keepdims=True), 1)])
    return inputs.astype(np.float32), side.astype(np.float32)


def world(degree: float, n_local: int, n_victims: int, random: np.random.Generator) -> World:
    """Train local models and victims, each on a graph of its own."""
    trained = []
    for n in (n_local, n_victims):
        inputs, sides = (
            np.stack(each) for each in zip(*[graph(degree, random) for _ in range(n)], strict=True)
        )
        networks = new_networks(n, (inputs.shape[2], *LAYERS, 1), random)
        trained.append(
            train(
                networks, inputs, sides, n_epochs=15, batch_size=50, learning_rate=3e-3, random_state=random
            )
        )
    inputs, sides = graph(degree, random)
    return World(trained[0], trained[1], inputs, sides > 0)
