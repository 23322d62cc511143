"""An epoch of NBPO beside the official code's way of one: pair by pair, in loops. `python benchmarks/nbpo.py [REPEATS]`

The official code (Wenhui-Yu/NBPO, no licence stated) is Python 2 and may not be copied: `loops` says in its own words what its
training does, with the same draws by rejection, the same logistic function cut off at 10, the same four sums for every pair, and
the same update after every 5,000 likes. Both learn the authors' Amazon split (PERSONAE_DATA) at the official settings, in one
process, one after the other; neither evaluates. Give one core: OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import math
import random
import statistics
import sys
import time

import numpy as np

from personae.papers.harness import Context
from personae.papers.nbpo.study import BATCH, read_split
from personae.recommend import NBPO, Interactions, Plan

SIZE, N_OTHERS, RATE, L2, FLIP_L2 = 50, 4, 0.05, 1.0, 5.0


def logistic(x: float) -> float:
    if x > 10:
        return 1.0
    if x < -10:
        return 0.0
    return 1.0 / (1.0 + math.exp(-x))


def loops(rows: Interactions, seed: int) -> float:
    """Return the seconds of one epoch, pair by pair."""
    draw, n_items = random.Random(seed), len(rows.items)
    start = np.random.default_rng(seed)
    U, V = (start.random((n, SIZE)) / SIZE**0.5 for n in (len(rows.people), n_items))
    P, Q = 5 * start.random(U.shape) / SIZE**0.5, -5 * start.random(V.shape) / SIZE**0.5
    likes = list(zip(rows.person.tolist(), rows.item.tolist(), strict=True))
    known = [rows.lists().items_of(person).tolist() for person in range(len(rows.people))]
    began = time.perf_counter()
    for first in range(0, len(likes), BATCH):
        dU, dV, dP, dQ = np.zeros(U.shape), np.zeros(V.shape), np.zeros(P.shape), np.zeros(Q.shape)
        for u, i in likes[first : first + BATCH]:
            score, flip = np.dot(U[u], V[i]), np.dot(P[u], Q[i])
            n_drawn = 0
            while n_drawn < N_OTHERS:
                j = int(draw.uniform(0, n_items))
                if j in known[u]:
                    continue
                n_drawn += 1
                other, other_flip = np.dot(U[u], V[j]), np.dot(P[u], Q[j])
                slope = logistic(-flip) * logistic(-score)
                dU[u] += slope * V[i]
                dV[i] += slope * U[u]
                slope = -logistic(flip) * logistic(score)
                dP[u] += slope * Q[i]
                dQ[i] += slope * P[u]
                slope = logistic(other_flip) * logistic(-other) - logistic(other)
                dU[u] += slope * V[j]
                dV[j] += slope * U[u]
                slope = logistic(-other_flip) * logistic(other)
                dP[u] += slope * Q[j]
                dQ[j] += slope * P[u]
        U += RATE * (dU - L2 * U)
        V += RATE * (dV - L2 * V)
        P += RATE * (dP - FLIP_L2 * P)
        Q += RATE * (dQ - FLIP_L2 * Q)
    return time.perf_counter() - began


def ours(rows: Interactions, seed: int, n_epochs: int = 10) -> float:
    """Return the seconds of one epoch, the mean of some."""
    plan = Plan(n_epochs=n_epochs, batch_size=BATCH, rate=RATE)
    ends: list[float] = []
    NBPO(plan=plan, random_state=seed).fit(rows, watch=lambda _: ends.append(time.perf_counter()))
    return (ends[-1] - ends[0]) / (n_epochs - 1)


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    rows = read_split(Context()).train
    print(
        f"{len(rows):,} likes of {len(rows.people):,} people, {N_OTHERS} items drawn for each, {SIZE} numbers a side, one core"
    )
    pairs = [(loops(rows, seed), ours(rows, seed)) for seed in range(repeats)]
    slow, fast = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"pair by pair, as the official code: {slow:7.3f} s an epoch")
    print(f"personae:                           {fast:7.3f} s an epoch")
    print(f"ratio: {slow / fast:.0f} (each run: {', '.join(f'{a / b:.0f}' for a, b in pairs)})")


if __name__ == "__main__":
    main()
