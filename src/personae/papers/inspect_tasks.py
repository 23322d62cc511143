"""The papers as Inspect tasks: `inspect eval personae/personamem --model ...`.

Needs the extra `inspect`. Each task asks the same questions as the paper's own experiment. Those with options are shown in a
seeded order and scored by Inspect's `choice`; open ones are marked by the experiment's own `marker`. `-T limit=20` takes the
first few, `-T seed=1` another order. A sample's `system` in its metadata is the system message. Inspect counts the tokens of
answers that state no usage with a tiktoken file from the network, as those of its mock model: give these a `ModelUsage`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessage, ChatMessageSystem, ChatMessageUser
from inspect_ai.scorer import Score, Scorer, Target, accuracy, choice, scorer, stderr
from inspect_ai.solver import TaskState, generate, multiple_choice

from personae.errors import BadInput
from personae.papers.harness import Context, experiment


def paper_task(slug: str, *, limit: int | None = None, seed: int | None = 0) -> Task:
    """Return a paper's samples as an Inspect task; without a seed their options stand in their own order.

    Raises
    ------
    UnknownName
        When there is no such paper, or it has no experiment.
    BadInput
        When the paper has no samples.
    """
    module = import_module(f"personae.papers.{experiment(slug).slug}.experiment")
    context = Context(seed=seed or 0, limit=limit)
    samples: list[dict[str, Any]] = getattr(module, "samples", lambda context: [])(context)
    chosen = [_sample(each) for each in samples[:limit] if each.get("target") is not None]
    if not chosen:
        raise BadInput(f"{slug} has no samples; run `personae papers run {slug} --model ...` instead.")
    dataset = MemoryDataset(chosen, name=slug)
    if not chosen[0].choices:
        return Task(dataset=dataset, solver=generate(), scorer=marked(module.marker(context)), name=slug)
    if seed is not None:
        dataset.shuffle_choices(seed=seed)
    return Task(dataset=dataset, solver=multiple_choice(), scorer=choice(), name=slug)


@scorer(metrics=[accuracy(), stderr()])
def marked(mark: Callable[[str, Mapping[str, Any]], float]) -> Scorer:
    """Score an open answer by the mark, 0 to 1, that the paper's experiment gives it."""

    async def score(state: TaskState, target: Target) -> Score:
        said = state.output.completion
        return Score(value=mark(said, {"target": target.text, "metadata": state.metadata}), answer=said)

    return score


def _sample(each: dict[str, Any]) -> Sample:
    options = list(each.get("options", ()))
    target = chr(ord("A") + each["target"]) if options else each["target"]
    metadata = dict(each.get("metadata", {}))
    asked: list[ChatMessage] = [ChatMessageUser(content=each["prompt"])]
    if metadata.get("system"):
        asked.insert(0, ChatMessageSystem(content=metadata["system"]))
    return Sample(input=asked, choices=options or None, target=target, id=each["id"], metadata=metadata)


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


@task
def knowwhatknow(limit: int | None = None, seed: int = 0) -> Task:
    """Yes or no, with the passage that tells it: BoolQ, the questions that confidences are measured on."""
    return paper_task("knowwhatknow", limit=limit, seed=seed)


@task
def thinkingoutloud(limit: int | None = None, seed: int = 0) -> Task:
    """The final answer to a MATH-L5 problem, with reasoning and a stated confidence; "I don't know" is allowed, and not right."""
    return paper_task("thinkingoutloud", limit=limit, seed=seed)


@task
def persuasion(limit: int | None = None, seed: int = 0) -> Task:
    """Which of two messages moved its readers further, in a real randomized trial."""
    return paper_task("persuasion", limit=limit, seed=seed)


@task
def synthpai(limit: int | None = None, seed: int = 0) -> Task:
    """One attribute of an invented person from all of their comments; the first guess counts."""
    return paper_task("synthpai", limit=limit, seed=seed)


@task
def llmprivacy(limit: int | None = None, seed: int = 0) -> Task:
    """One attribute of an invented person from one answer; the first guess counts."""
    return paper_task("llmprivacy", limit=limit, seed=seed)
