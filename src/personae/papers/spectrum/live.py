"""Ask a live model who a profile is about, with and without names, and for twenty statements that it then judges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from personae.errors import ModelFailed
from personae.metrics.intervals import wilson
from personae.models.answers import Outcomes
from personae.models.chat import ChatModel
from personae.models.encoder import home_encoder
from personae.papers.harness import Comparison, Context, compare
from personae.papers.spectrum.parts import DATA, Profile
from personae.synth.spectrum import (
    CONDITIONS,
    Persona,
    compile_profile,
    guess_who,
    judge_statements,
    twenty_statements,
)


def live_rows(context: Context, model: ChatModel, known: Sequence[Profile]) -> Iterator[Comparison]:
    """Guess Who by condition, names masked; for SPC with names too; twenty statements by condition."""
    outcomes = Outcomes()
    guesses = {
        condition: [
            guess_who(
                model,
                compile_profile(each.persona, condition),
                character=each.character,
                series=each.series,
                outcomes=outcomes,
            )
            for each in context.track(known, f"Guess Who, {condition}")
        ]
        for condition in CONDITIONS
    }
    for condition, made in guesses.items():
        for metric, right in (
            ("character", [guess.is_right for guess in made]),
            ("series", [guess.is_series_right for guess in made]),
        ):
            yield compare("Guess Who, names masked", metric, condition, wilson(right.count(True), len(right)))
    named = [
        guess_who(
            model, compile_profile(_named(context, place, each)), character=each.character, series=each.series
        )
        for place, each in enumerate(known)
    ]
    n_right = [guess.is_right for guess in named].count(True)
    yield compare("Guess Who, names left in", "character", "SPC", wilson(n_right, len(named)))
    unread = sum(guess.is_right is None for made in guesses.values() for guess in made)
    yield compare(
        "Guess Who, names masked", "answers that cannot be read", model.name, unread, n=7 * len(known)
    )
    for condition in CONDITIONS:
        yield from _statement_rows(context, model, known, condition)


def _statement_rows(
    context: Context, model: ChatModel, known: Sequence[Profile], condition: str
) -> Iterator[Comparison]:
    accepted = judged = failed = 0
    for each in context.track(known, f"twenty statements, {condition}"):
        profile = compile_profile(each.persona, next(name for name in CONDITIONS if name == condition))
        try:
            said = twenty_statements(model, profile, encoder=home_encoder())
        except ModelFailed:
            failed += 1
            continue
        verdict = judge_statements(model, said, each.persona)
        accepted += verdict.accepted.count(True)
        judged += len(verdict.accepted) - verdict.unread
    if judged:
        yield compare("twenty statements", "share accepted", condition, wilson(accepted, judged))
    yield compare("twenty statements", "agents without statements", condition, failed, n=len(known))


def _named(context: Context, place: int, each: Profile) -> Persona:
    """Return the persona as published, names left in."""
    row = context.rows(DATA, "profiles.jsonl.gz")[place]
    context_texts = (
        row["C_routine"],
        f"I love {', '.join(row['C_loves'])}.",
        f"I hate {', '.join(row['C_hates'])}.",
    )
    return Persona(
        each.persona.person, row["S"], (row["P_personality"], row["P_value"]), context_texts, "published"
    )
