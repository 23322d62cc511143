"""Win rates and what two opposite prompts move: the same rows for the recorded model and for a live one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from personae.metrics.intervals import bootstrap_mean
from personae.mind.values import Conflict, mean_moved, steerability
from personae.papers.dailydilemmas.dilemmas import PROMPTS
from personae.papers.harness import Comparison, Context, compare

ALL = "all conflict dilemmas"


def steering_rows(
    context: Context, method: str, conflicts: Sequence[Conflict], published: Mapping[str, Mapping[str, float]]
) -> Iterator[Comparison]:
    """Yield the rows by principle, over all dilemmas and averaged over principles.

    `published` holds win rates by principle and prompt; empty for a live model, which then gets no bars.
    """
    groups: dict[str, list[Conflict]] = {}
    for each in conflicts:
        groups.setdefault(each.principle, []).append(each)
    for name, mine in groups.items():
        found = steerability(mine, draws=context.draws, random_state=context.seed)
        for prompt in PROMPTS:
            rate = published.get(name, {}).get(prompt)
            yield compare(name, f"win rate, {prompt} prompt", method, getattr(found, prompt), paper=rate,
                          source="published" if published else "", bar="within .000001" if published else "")  # fmt: skip
        yield compare(name, "steerability", method, found.moved)
    if conflicts:
        yield from _overall(context, method, conflicts, published)


def _overall(
    context: Context, method: str, conflicts: Sequence[Conflict], published: Mapping[str, Mapping[str, float]]
) -> Iterator[Comparison]:
    found = steerability(conflicts, draws=context.draws, random_state=context.seed)
    for prompt in PROMPTS:
        yield compare(ALL, f"win rate, {prompt} prompt", method, getattr(found, prompt))
    yield compare(ALL, "steerability", method, found.moved, bar="high < .1" if published else "")
    turned = bootstrap_mean(
        [100.0 * (each.supporting != each.opposing) for each in conflicts],
        clusters=[each.dilemma for each in conflicts], draws=context.draws, random_state=context.seed,
    )  # fmt: skip
    metric = "choices turned between opposite prompts, %"
    if published:
        yield compare(ALL, metric, method, turned, paper=100 * 16 / 164, source="all 16 principles; card",
                      bar="within 2")  # fmt: skip
    else:
        yield compare(ALL, metric, method, turned)
    yield compare(
        ALL, "McNemar p, supporting against opposing prompt", method, found.test.p_value, n=len(conflicts)
    )
    moved = mean_moved(conflicts, draws=context.draws, random_state=context.seed)
    expected = [rates["supporting"] - rates["opposing"] for rates in published.values()]
    yield compare("mean over principles", "steerability", method, moved, paper=float(np.mean(expected)) if expected else None,
                  source="published" if expected else "", bar="within .000001" if expected else "")  # fmt: skip
