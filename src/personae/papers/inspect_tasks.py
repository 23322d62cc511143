"""The multiple-choice benchmarks among the papers as Inspect tasks: `inspect eval personae/personamem --model ...`.

Needs the extra `inspect`. Each task asks the same questions as the paper's own experiment, options in a seeded order, and is
scored by Inspect's `choice`; `-T limit=20` takes the first few, `-T seed=1` another order.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice

from personae.errors import BadInput
from personae.papers.harness import Context


def paper_task(slug: str, *, limit: int | None = None, seed: int | None = 0) -> Task:
    """Return a paper's samples that have options and a right one as an Inspect task; without a seed in their own order.

    Raises
    ------
    BadInput
        When the paper has none.
    """
    samples: list[dict[str, Any]] = import_module(f"personae.papers.{slug}.experiment").samples(
        Context(seed=seed or 0, limit=limit)
    )
    chosen = [
        _sample(each) for each in samples[:limit] if each.get("options") and each.get("target") is not None
    ]
    if not chosen:
        raise BadInput(
            f"{slug} has no multiple-choice samples; run `personae papers run {slug} --model ...` instead."
        )
    dataset = MemoryDataset(chosen, name=slug)
    if seed is not None:
        dataset.shuffle_choices(seed=seed)
    return Task(dataset=dataset, solver=multiple_choice(), scorer=choice(), name=slug)


def _sample(each: dict[str, Any]) -> Sample:
    return Sample(
        input=each["prompt"],
        choices=list(each["options"]),
        target=chr(ord("A") + each["target"]),
        id=each["id"],
        metadata=dict(each.get("metadata", {})),
    )


@task
def personamem(limit: int | None = None, seed: int = 0) -> Task:
    """Which of four replies fits the person the history tells of."""
    return paper_task("personamem", limit=limit, seed=seed)


@task
def personaljudge(limit: int | None = None, seed: int = 0) -> Task:
    """Which of two answers the person with this profile preferred."""
    return paper_task("personaljudge", limit=limit, seed=seed)


@task
def twin2k(limit: int | None = None, seed: int = 0) -> Task:
    """What a surveyed person answered to a question that their profile leaves out."""
    return paper_task("twin2k", limit=limit, seed=seed)


@task
def dailydilemmas(limit: int | None = None, seed: int = 0) -> Task:
    """Which action a principle supports in an everyday dilemma."""
    return paper_task("dailydilemmas", limit=limit, seed=seed)


@task
def subtlerbias(limit: int | None = None, seed: int = 0) -> Task:
    """Which option completes a sentence; "right" is the stereotype, so that accuracy is its share."""
    return paper_task("subtlerbias", limit=limit, seed=seed)
