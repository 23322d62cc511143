"""Ask a live model for the fitting answer: with the persona, with another person's, and with none; every item in both orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from personae.metrics.intervals import bootstrap_mean
from personae.metrics.paired import paired_difference
from personae.metrics.shortcuts import Choice
from personae.papers.blind import blind_rows
from personae.papers.harness import Comparison, Context, compare
from personae.papers.personafeedback.prefeval import other_personas
from personae.preference.personafeedback import ChoiceItem, run_model, with_personas


def live_rows(context: Context, items: Sequence[ChoiceItem]) -> Iterator[Comparison]:
    """Yield accuracy and swap consistency for each persona, the lift over none, and what needs no reading."""
    people = [item.person for item in items]
    drawn: dict[str, Any] = {"clusters": people, "draws": context.draws, "random_state": context.seed}
    model = context.chat()
    settings = {
        "persona stated": list(items),
        "another person's persona (control)": other_personas(items, context.seed),
        "no persona": with_personas(items, [""] * len(items)),
    }
    right = {}
    for name, asked in settings.items():
        run = run_model(model, asked, random_state=context.seed)
        right[name] = run.right
        yield compare(
            name, "accuracy, mean of both orders", context.model, bootstrap_mean(run.right, **drawn)
        )
        yield compare(
            name, "same answer, the order turned", context.model, run.choices.consistency, n=len(items)
        )
        yield compare(
            name,
            "unparsed answers",
            context.model,
            run.choices.unparsed / run.choices.picks.size,
            n=run.choices.picks.size,
        )
    gain = paired_difference(right["persona stated"], right["no persona"], **drawn)
    yield compare("persona stated over none", "accuracy gain", context.model, gain)
    choices = [Choice(item.options, item.label, item.meta.get("topic", "")) for item in items]
    yield from blind_rows(context, "four options", choices, clusters=people)
