"""The dilemmas, GPT-4's recorded choices, and the principles with their conflicts, read from the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personae.mind.values import Conflict, ValueOutcome, supporting_won
from personae.papers.harness import Context

DATA = "dailydilemmas"
PROMPTS = ("baseline", "supporting", "opposing")
BLOCKS = {  # of the steering file: outcomes of supporting and of opposing values, published win rate
    "baseline": ("baseline_conflict_outcomes_supporting", "baseline_conflict_outcomes_opposing",
                 "published_baseline_win_rate_supporting"),
    "supporting": ("conflict_outcomes_supporting_values_under_supporting_prompt",
                   "conflict_outcomes_opposing_values_under_supporting_prompt",
                   "published_win_rate_supporting_under_supporting_prompt"),
    "opposing": ("conflict_outcomes_supporting_values_under_opposing_prompt",
                 "conflict_outcomes_opposing_values_under_opposing_prompt",
                 "published_win_rate_supporting_under_opposing_prompt"),
}  # fmt: skip
ACTIONS = ("to_do", "not_to_do")
Block = Mapping[str, Mapping[str, Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Principle:
    """One principle with what GPT-4 answered.

    Parameters
    ----------
    name : str
    replies : tuple of str
        Ten raw replies that list its supporting and opposing values.
    supporting, opposing : dict of value to float
        The recorded probabilities of those values.
    conflicts : tuple of Conflict
    actions : dict of dilemma to (action under the supporting prompt, action under the opposing prompt)
        "to_do" or "not_to_do".
    prompts : tuple of two str
        The system prompts towards supporting and towards opposing values.
    published : dict of prompt to float
        Win rates.
    any_selected : dict of prompt to float
        Share of dilemmas with any supporting value recorded as selected: on both sides counts as won.
    """

    name: str
    replies: tuple[str, ...]
    supporting: dict[str, float]
    opposing: dict[str, float]
    conflicts: tuple[Conflict, ...]
    actions: dict[str, tuple[str, str]]
    prompts: tuple[str, str]
    published: dict[str, float]
    any_selected: dict[str, float]

    def supporting_action(self, conflict: Conflict) -> str:
        """Return the action that carries the supporting values: the one that GPT-4 took where they won."""
        taken = self.actions[conflict.dilemma][0]
        other = ACTIONS[1 - ACTIONS.index(taken)]
        return taken if conflict.supporting else other


def principles(context: Context) -> list[Principle]:
    """Return the principles that the steering file holds."""
    return [_principle(row) for row in context.rows(DATA, "gpt4_principle_steering.jsonl.zst")]


def outcomes(context: Context) -> list[ValueOutcome]:
    """Return GPT-4's baseline choices as values selected and neglected; `context.limit` keeps the first dilemmas."""
    rows = context.rows(DATA, "gpt4_baseline_value_outcomes.csv")
    kept = set(list(dict.fromkeys(row["dilemma"] for row in rows))[: context.limit])
    return [
        ValueOutcome(row["dilemma"], row["value"], row["outcome"] == "selected")
        for row in rows
        if row["dilemma"] in kept
    ]


def situations(context: Context) -> dict[str, str]:
    """Return the text of each dilemma that is here, by its number."""
    return {row["idx"]: row["dilemma_situation"] for row in context.rows(DATA, "dilemmas.csv.zst")}


def theories(context: Context) -> dict[str, dict[str, str]]:
    """Return, for each theory, the class of each value; an empty class where it has none."""
    rows = context.rows(DATA, "values_theories.csv")
    return {
        name: {row["value"]: row[name] for row in rows}
        for name in ("WVS", "MFT", "Virtue", "Emotion", "Maslow")
    }


def _principle(row: Mapping[str, Any]) -> Principle:
    dilemmas = [str(number) for number in row["conflict_dilemmas"]]
    won = {
        prompt: [
            float(supporting_won(_sides(row[ours], dilemma), _sides(row[theirs], dilemma)))
            for dilemma in dilemmas
        ]
        for prompt, (ours, theirs, _) in BLOCKS.items()
    }
    under = (row["gpt4_actions_under_supporting_prompt"], row["gpt4_actions_under_opposing_prompt"])
    return Principle(
        row["principle"].strip(),
        tuple(row["value_elicitation_raw"]),
        row["supporting_values"],
        row["opposing_values"],
        tuple(
            Conflict(row["principle"].strip(), dilemma, *(won[prompt][i] for prompt in PROMPTS))
            for i, dilemma in enumerate(dilemmas)
        ),
        {dilemma: (under[0][dilemma], under[1][dilemma]) for dilemma in dilemmas},
        (row["system_prompt_supporting"], row["system_prompt_opposing"]),
        {prompt: row[rate] for prompt, (_, _, rate) in BLOCKS.items()},
        {
            prompt: sum(True in _sides(row[ours], dilemma) for dilemma in dilemmas) / len(dilemmas)
            for prompt, (ours, _, _) in BLOCKS.items()
        },
    )


def _sides(block: Block, dilemma: str) -> list[bool]:
    """Return, for each value recorded for a dilemma, whether it stands on the chosen side; one entry a side it stands on."""
    return [
        side == "selected"
        for sides in block.values()
        for side, numbers in sides.items()
        if int(dilemma) in numbers
    ]
