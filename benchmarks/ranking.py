"""Ranking the whole catalog for very many people: time and peak memory. `python benchmarks/ranking.py [PEOPLE] [ITEMS]`

Random vectors of 64 numbers, five wanted and twenty known items each, through `rank_all`; of all the scores only one
batch is held. Give one core: OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from personae.metrics.ranking import Lists, rank_all

SIZE, N_WANTED, N_KNOWN, AT = 64, 5, 20, 20


def main() -> None:
    n_people, n_items = (
        int(sys.argv[place]) if len(sys.argv) > place else n for place, n in ((1, 100_000), (2, 50_000))
    )
    random = np.random.default_rng(0)
    people, items = (random.normal(size=(n, SIZE)).astype(np.float32) for n in (n_people, n_items))
    drawn = random.integers(0, n_items, (n_people, N_WANTED + N_KNOWN))
    wanted, known = (
        Lists.of(np.repeat(np.arange(n_people), part.shape[1]), part.ravel(), n_people=n_people)
        for part in (drawn[:, :N_WANTED], drawn[:, N_WANTED:])
    )
    start, busy = time.perf_counter(), time.process_time()
    ranked = rank_all(lambda some: people[some] @ items.T, wanted, known=known, n_items=n_items, at=AT)
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{n_people:,} people x {n_items:,} items, vectors of {SIZE}, lists of {AT}, one core")
    each = 1000 / n_people
    print(
        f"{seconds:.0f} s ({cpu:.0f} s CPU), {each * seconds:.2f} s ({each * cpu:.2f} s CPU) for 1,000 people"
    )
    print(f"peak memory {peak:.0f} MB; all scores would take {4 * n_people * n_items / 2**30:.1f} GB")
    print(
        f"mean AUC {ranked.auc.mean():.3f} (random: .5), recall@{AT} {ranked.per_person('recall', AT).mean():.5f}"
    )


if __name__ == "__main__":
    main()
