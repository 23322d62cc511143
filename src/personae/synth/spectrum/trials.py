"""Trials of an agent profile with any chat model: twenty statements, a judge of each, and who the profile is about.

Source: Lee et al. (2025), "SPeCtrum", arXiv 2502.08599, section 4 (Twenty Statements Test, Guess Who); wording ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, Field
from rapidfuzz.distance import JaroWinkler

from personae.errors import ModelFailed
from personae.metrics.intervals import Interval, wilson
from personae.models.answers import NEAR, Answered, Outcomes, Refused, Unparsed, ask
from personae.models.chat import ChatModel, Message
from personae.models.encoder import Encoder
from personae.synth.spectrum.profile import AgentProfile, Persona

_EACH = 10  # statements on the open and on the hidden self; paper, section 4.1
_DRAWS = 3
SAME = 0.9  # card: a statement with a higher cosine to an earlier one is left out


class _Statements(BaseModel):
    open_self: list[str] = Field(min_length=_EACH, max_length=_EACH)
    hidden_self: list[str] = Field(min_length=_EACH, max_length=_EACH)


class _Judgment(BaseModel):
    accept: bool
    reason: str = ""


class _Guess(BaseModel):
    character: str
    series: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TwentyStatements:
    """What an agent says of itself: ten things others know, ten they do not; repeats are left out. `digest` is the profile's."""

    digest: str
    open_self: tuple[str, ...]
    hidden_self: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """How many statements the judge took for the person's own; `unread` answers of the judge count as neither."""

    share: Interval
    unread: int
    accepted: tuple[bool | None, ...]


@dataclass(frozen=True, slots=True)
class WhoGuess:
    """Whom a model takes the profile for; `is_right` compares by Jaro-Winkler above .75, None where nothing was guessed."""

    character: str
    series: str
    is_right: bool | None
    is_series_right: bool | None


def twenty_statements(
    model: ChatModel, profile: AgentProfile, *, encoder: Encoder | None = None
) -> TwentyStatements:
    """Ask an agent of this profile for twenty statements about itself.

    Parameters
    ----------
    encoder : Encoder, optional
        Leaves out statements that say the same as an earlier one (cosine above SAME).

    Raises
    ------
    ModelFailed
        When the answer has not ten of each even after it was asked again and drawn anew.
    """
    messages: list[Message] = [
        {"role": "system", "content": profile.system},
        {
            "role": "user",
            "content": f'Who am I? Write {_EACH} statements beginning with "I" that people around you know to be so, and '
            f"{_EACH} that they do not. "
            'JSON: {"open_self": [...], "hidden_self": [...]}',
        },
    ]
    for sample in range(
        _DRAWS
    ):  # drawn anew too: "I cannot swim" in an answer that does not fit reads as a refusal
        found = ask(
            model, messages, _Statements, repairs=1, sample=sample, person=profile.person, temperature=1.0
        )
        if isinstance(found, Answered):
            break
    if not isinstance(found, Answered):
        raise ModelFailed(f"{model.name} gave no {2 * _EACH} statements ({found.outcome}: {found.reason}).")
    kept = _distinct([*found.value.open_self, *found.value.hidden_self], encoder)
    open_self = tuple(text for place, text in enumerate(found.value.open_self) if place in kept)
    hidden = tuple(text for place, text in enumerate(found.value.hidden_self, _EACH) if place in kept)
    return TwentyStatements(profile.digest, open_self, hidden)


def judge_statements(model: ChatModel, statements: TwentyStatements, persona: Persona) -> Accepted:
    """Ask a judge who knows the whole persona, one statement at a time, whether it is that person's.

    Notes
    -----
    The share has Wilson's interval over the statements that were judged.
    """
    whole = "\n\n".join(persona.part(part) for part in "SPC")
    verdicts: list[bool | None] = []
    for statement in (*statements.open_self, *statements.hidden_self):
        messages: list[Message] = [
            {"role": "system", "content": f"You are this person:\n{whole}"},
            {
                "role": "user",
                "content": f'Somebody wrote about you: "{statement}" Would you sign it? '
                'JSON: {"accept": true or false, "reason": "one line"}',
            },
        ]
        found = ask(model, messages, _Judgment, repairs=1, person=persona.person, temperature=0.0)
        verdicts.append(found.value.accept if isinstance(found, Answered) else None)
    read = [verdict for verdict in verdicts if verdict is not None]
    nothing = Interval(float("nan"), float("nan"), float("nan"), 0, 0)
    share = wilson(sum(read), len(read)) if read else nothing
    return Accepted(share, len(verdicts) - len(read), tuple(verdicts))


def judge_agreement(first: Accepted, second: Accepted) -> float:
    """Return Cohen's kappa between two judges of the same statements; NaN where they leave nothing to agree on.

    Notes
    -----
    (p - e) / (1 - e), with p the share of equal verdicts and e what both judges' shares alone give.
    """
    pairs = [
        (a, b)
        for a, b in zip(first.accepted, second.accepted, strict=True)
        if a is not None and b is not None
    ]
    if not pairs:
        return float("nan")
    a, b = np.array(pairs, dtype=float).T
    expected = a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean())
    return float(((a == b).mean() - expected) / (1 - expected)) if expected < 1 else float("nan")


def guess_who(
    model: ChatModel,
    profile: AgentProfile,
    *,
    character: str,
    series: str = "",
    outcomes: Outcomes | None = None,
) -> WhoGuess:
    """Ask whom a profile is about.

    Notes
    -----
    Models know famous characters by heart: compare the share that is right with and without `names` masked in the profile; the
    difference is recall.
    """
    messages: list[Message] = [
        {"role": "system", "content": "You name television characters from descriptions."},
        {
            "role": "user",
            "content": f'{profile.text}\n\nWho is this? JSON: {{"character": ..., "series": ..., "reason": "one line"}}',
        },
    ]
    found: Answered[_Guess] | Unparsed | Refused = ask(
        model, messages, _Guess, repairs=1, person=profile.person, temperature=0.0
    )
    if outcomes is not None:
        outcomes.count(found)
    if not isinstance(found, Answered):
        return WhoGuess("", "", None, None)
    said = found.value
    return WhoGuess(said.character, said.series, _same(said.character, character), _same(said.series, series))


def _same(first: str, second: str) -> bool:
    return bool(first and second) and JaroWinkler.similarity(first.lower(), second.lower()) > NEAR


def _distinct(texts: Sequence[str], encoder: Encoder | None) -> list[int]:
    if encoder is None:
        return list(
            {text.strip().lower(): place for place, text in reversed(list(enumerate(texts)))}.values()
        )
    vectors = encoder.encode(list(texts))
    kept: list[int] = []
    for place in range(len(texts)):
        if not kept or float(np.max(vectors[kept] @ vectors[place])) <= SAME:
            kept.append(place)
    return kept
