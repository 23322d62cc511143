"""Micro-agents over the goals: with a model that misbehaves in the ways the paper lists, or with a live one."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from personae.ask import Look, Reading
from personae.ask.agents import MicroAgents
from personae.metrics.intervals import wilson
from personae.models.answers import find_json
from personae.models.chat import ChatModel, Message
from personae.models.encoder import Encoder
from personae.models.strings import chat_model
from personae.papers.datascientist.goals import Goal
from personae.papers.harness import Comparison, Context, compare

WAYS = (
    "right",
    "loses the format",
    "right",
    "invents a column",
    "right",
    "over-agrees",
    "right",
    "another task",
)
TESTED = "60 goals written before the rules"
MISBEHAVING = "scripted model, half of its answers wrong"
SHOUTED = "Sure, happy to help! The target is obviously clear from your words."


def agent_rows(
    context: Context, asked: Sequence[Goal], looks: Mapping[str, Look], encoder: Encoder
) -> Iterator[Comparison]:
    """Yield the micro-agents' scores beside those of the same answers taken without a check."""
    said: list[tuple[Goal, str]] = []
    chat: ChatModel = (
        chat_model("scripted", script=misbehaving(asked, said)) if context.replayed else context.chat()
    )
    name = MISBEHAVING if context.replayed else context.model
    agents = {table: MicroAgents(chat, look, encoder) for table, look in looks.items()}
    readings = [agents[goal.table].reading(goal.words) for goal in context.track(asked, "goals")]
    method = f"micro-agents, {name}"
    yield from reading_rows(asked, readings, looks, method)
    caught = sum(
        (agent.faults_ for agent in agents.values()), start=type(next(iter(agents.values())).faults_)()
    )
    for fault in ("format", "invented column", "over-agreed"):
        yield compare(TESTED, f"answers caught: {fault}", method, caught[fault], n=len(asked))
    outcomes = [agent.outcomes_.as_json() for agent in agents.values()]
    total = sum(each["answered"] + each["unparsed"] + each["refused"] for each in outcomes)
    unread = sum(each["unparsed"] + each["refused"] for each in outcomes) / max(total, 1)
    yield compare(TESTED, "share of answers out of form after asking again", method, unread, n=total)
    if context.replayed:
        yield from reading_rows(
            asked, [_unchecked(goal, said) for goal in asked], looks, f"unchecked, {name}"
        )


def reading_rows(
    asked: Sequence[Goal], readings: Sequence[Reading], looks: Mapping[str, Look], method: str, *, setting: str = TESTED,
    bars: Mapping[str, str] | None = None,
) -> Iterator[Comparison]:  # fmt: skip
    """Yield task accuracy, target accuracy over the goals that have a target, and the share naming a column that is not there."""
    bars = bars or {}
    pairs = list(zip(asked, readings, strict=True))
    right = [reading.problem_type == goal.problem_type for goal, reading in pairs]
    aimed = [reading.target == goal.target for goal, reading in pairs if goal.target]
    odd = [any(n not in looks[g.table] for n in filter(None, (r.target, *r.left_out))) for g, r in pairs]
    for metric, hits in (("task accuracy", right), ("target accuracy", aimed), ("invalid column rate", odd)):
        yield compare(setting, metric, method, wilson(sum(hits), len(hits)), bar=bars.get(metric, ""))


def misbehaving(asked: Sequence[Goal], said: list[tuple[Goal, str]]) -> Callable[[Sequence[Message]], str]:
    """Return a script that knows the gold and gives it half of the time; else it fails in one of the paper's ways.

    Every answer of the formulator is noted in `said`, so that the same answers can be scored without a check.
    """
    by_words = {goal.words: goal for goal in asked}

    def answer(messages: Sequence[Message]) -> str:
        words = messages[1]["content"].split("[goal]\n")[1].split("\n[")[0]
        goal = by_words[words]
        way = WAYS[zlib.crc32(words.encode()) % len(WAYS)]
        is_formulator = "You fix a prediction task" in messages[0]["content"]
        text = _formulated(goal, way) if is_formulator else _selected(goal, way)
        if is_formulator and len(messages) == 2:
            said.append((goal, text))
        return text

    return answer


def _selected(goal: Goal, way: str) -> str:
    if way == "loses the format":
        return SHOUTED
    return json.dumps({"problem_type": "time series" if way == "another task" else goal.problem_type})


def _formulated(goal: Goal, way: str) -> str:
    if way == "loses the format":
        return SHOUTED
    target = f"{goal.target or 'outcome'}_score_final" if way == "invents a column" else goal.target
    metric = "accuracy" if way == "over-agrees" else ""
    left_out = ["everything_else"] if way == "over-agrees" else []
    return json.dumps(
        {
            "target_variable": target,
            "target_expression": "",
            "positive": "",
            "performance_metric": metric,
            "left_out": left_out,
        }
    )


def _unchecked(goal: Goal, said: Sequence[tuple[Goal, str]]) -> Reading:
    """Return what the formulator's first answer says, believed word for word."""
    text = next((text for each, text in said if each == goal), "")
    found = find_json(text)
    empty = Reading(None, "", ())
    if not isinstance(found, dict):
        return empty
    way = WAYS[zlib.crc32(goal.words.encode()) % len(WAYS)]
    kind = json.loads(_selected(goal, way))["problem_type"]
    return replace(
        empty, problem_type=kind, target=found["target_variable"], left_out=tuple(found["left_out"])
    )
