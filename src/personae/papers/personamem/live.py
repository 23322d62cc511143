"""Ask a live model: with what was said before, with the five nearest messages of it, and with nothing, which must not help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress

import numpy as np

from personae.dialogue.personamem import MemoryQuestion, history_of, recall
from personae.metrics.intervals import wilson
from personae.metrics.paired import paired_difference
from personae.models.chat import Message
from personae.models.choice import Question, choose
from personae.papers.harness import Comparison, Context, compare
from personae.papers.personamem.scores import RULE, by_rule, shared

ASK = "Which reply suits this person best?"
INSTRUCTION = "Put the letter of the most suitable reply inside <final_answer></final_answer>."
MAX_TOKENS = 2048  # room to think before the tag


def live_rows(
    context: Context, questions: Sequence[MemoryQuestion], histories: Mapping[str, Sequence[Message]]
) -> Iterator[Comparison]:
    """Ask a live model: every question without a history, and those whose history is here with all of it or five messages."""
    model, encoder = context.chat(), context.encoder()
    here = [each for each in questions if each.history in histories]
    said = {each.id: history_of(each, histories) for each in here}
    few = {
        each.id: tuple(said[each.id][i] for i in sorted(recall(said[each.id], each.message, each.options, encoder).places))
        for each in here
    }  # fmt: skip
    asked: tuple[tuple[str, Sequence[MemoryQuestion], Mapping[str, Sequence[Message]]], ...] = (
        ("no history", questions, {}), ("whole history", here, said), ("five messages recalled", here, few),
    )  # fmt: skip
    for name, chosen, known in asked:
        if not chosen:
            continue
        prompts = [Question(prompt(q, known.get(q.id, ())), q.options, q.id, q.person) for q in chosen]
        answers = choose(
            model, prompts, instruction=INSTRUCTION, random_state=context.seed, max_tokens=MAX_TOKENS
        )
        right = (answers.picks[:, 0] == [each.right for each in chosen]).astype(float)
        groups = {"": np.ones(len(chosen), dtype=bool)}
        groups |= {
            f", {kind}": np.array([each.kind == kind for each in chosen])
            for kind in dict.fromkeys(q.kind for q in chosen)
        }
        rule = by_rule(chosen)
        for group, kept in groups.items():
            found = wilson(float(right[kept].sum()), int(kept.sum()))
            yield compare(f"{name}{group}", "accuracy, Wilson's interval", context.model, found)
            lift = paired_difference(right[kept], rule[kept], **shared(context, compress(chosen, kept)))
            yield compare(f"{name}{group}", "lift over a shortcut", f"{context.model} over {RULE}", lift)
        yield compare(name, "unparsed answers", context.model, answers.unparsed / len(chosen), n=len(chosen))


def prompt(question: MemoryQuestion, said: Sequence[Message]) -> str:
    """Return what was said before, the person's message, and what is asked of it; the options follow."""
    spoken = [f"{message['role'].capitalize()}: {message['content']}" for message in said]
    before = ["[What was said before]", *spoken, ""] if spoken else []
    return "\n".join((*before, "[The person writes]", question.message, "", ASK))
