"""Life stories as interviews: open questions in sequence, each answer given all earlier ones, and a critic between them.

Source: Kang, Moon, Lee, Raja, Suh, Chan (2025), "Higher-Order Binding of Language Model Virtual Personas", arXiv 2504.11673,
section 3.1 (interview, critic that rejects for contradiction or incoherence only). The questions are ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from pydantic import BaseModel

from personae.errors import BadInput
from personae.models.answers import Answered, Outcomes, ask
from personae.models.chat import ChatModel, Message
from personae.synth.backstories.life import ANSWERS, Life, contradictions, life_of
from personae.synth.population import MadePerson

QUESTIONS: dict[str, str] = {
    "start": "Where and when does your story begin, and who was around you as a child?",
    "school": "What was school like for you, and how far did you go?",
    "work": "How do you spend your working days, and how did you come to it?",
    "home": "Where do you live now, and with whom?",
    "turn": "Was there a point at which your life took another direction?",
    "money": "How do you get by, and what do you worry about at the end of the month?",
    "matters": "What matters to you most, and what do you argue about with others?",
    "future": "Where do you see yourself in ten years?",
}
TRIES = 3
_TOKENS = 600
_SOURCE = "synthetic"
_BEGIN = datetime(2026, 1, 1, 8, tzinfo=UTC)  # made stories tell no real time


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of the interview and its answer; `topic` is a key of QUESTIONS."""

    topic: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a critic says of a candidate answer."""

    is_accepted: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Backstory:
    """One person's interview.

    Parameters
    ----------
    person : str
    turns : tuple of Turn
        A question whose every candidate was rejected, refused or unreadable is left out.
    truth : mapping of str to str
        What is so about the person.
    n_rejected, n_missing : int
        Candidates that the critic turned down; questions without an answer.
    provenance : mapping
    """

    person: str
    turns: tuple[Turn, ...]
    truth: Mapping[str, str]
    n_rejected: int = 0
    n_missing: int = 0
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The whole interview as one text."""
        return "\n\n".join(f"{turn.question}\n{turn.answer}" for turn in self.turns)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row an answer in the columns that `personae reveal` reads, with truth and provenance beside them."""
        for place, turn in enumerate(self.turns):
            yield {
                "person": self.person,
                "text": turn.answer,
                "id": f"{self.person}-{turn.topic}",
                "time": (_BEGIN + timedelta(minutes=5 * place)).isoformat(),
                "source": _SOURCE,
                "kind": "message",
                "thread": f"interview-{self.person}",
                "question": turn.question,
                "truth": dict(self.truth),
                "provenance": {**self.provenance, "rejected": self.n_rejected, "missing": self.n_missing},
            }


class Critic(Protocol):
    """Judges whether an answer can follow what was told before; `name` goes into the provenance."""

    @property
    def name(self) -> str: ...

    def judge(self, truth: Mapping[str, str], turns: Sequence[Turn], candidate: Turn) -> Verdict:
        """Return a rejection only for a factual contradiction or a text that does not hold together."""


class FactCritic:
    """Reads plain statements (age, birthplace, home, siblings, children, marriage) and compares them; no language model.

    It finds what its patterns find and nothing else: precise, and blind to contradictions told in other words.
    """

    name = "home facts"

    def judge(self, truth: Mapping[str, str], turns: Sequence[Turn], candidate: Turn) -> Verdict:
        """Return a rejection that names the fact, never the words."""
        found = contradictions(truth, [turn.answer for turn in turns], candidate.answer)
        return Verdict(not found, f"contradicts what was told of: {', '.join(found)}" if found else "")


class CriticAnswer(BaseModel):
    """A critic's answer."""

    consistent: bool
    reason: str = ""


class ChatCritic:
    """Asks a second language model; an answer that cannot be read counts as a rejection, and is counted in `outcomes`."""

    def __init__(self, model: ChatModel) -> None:
        self.model = model
        self.outcomes = Outcomes()

    @property
    def name(self) -> str:
        return self.model.name

    def judge(self, truth: Mapping[str, str], turns: Sequence[Turn], candidate: Turn) -> Verdict:
        """Return the model's verdict."""
        story = "\n".join(f"Q: {turn.question}\nA: {turn.answer}" for turn in turns)
        messages: list[Message] = [
            {"role": "system", "content": "You check life stories. Style and taste are no concern of yours."},
            {
                "role": "user",
                "content": f"Known facts: {json.dumps(dict(truth), ensure_ascii=False)}\n{story}\n"
                f"Next answer, to: {candidate.question}\n{candidate.answer}\n"
                "Reject it only if it contradicts a fact above or is incoherent. "
                'JSON: {"consistent": true or false, "reason": "..."}',
            },
        ]
        found = ask(self.model, messages, CriticAnswer, repairs=1, temperature=0.0)
        self.outcomes.count(found)
        if not isinstance(found, Answered):
            return Verdict(False, "the critic's answer cannot be read")
        return Verdict(found.value.consistent, found.value.reason)


def interview(
    person: MadePerson,
    *,
    model: ChatModel | None = None,
    critic: Critic | None = None,
    questions: Mapping[str, str] | None = None,
    tries: int = TRIES,
    seed: int = 0,
) -> Backstory:
    """Tell one made person's life.

    Parameters
    ----------
    person : MadePerson
    model : ChatModel, optional
        Answers the questions; without it `home` composes from a grammar over facts that are drawn once, so that its answers
        cannot contradict each other. The provenance says which.
    critic : Critic, optional
        `FactCritic()` without it.
    questions : mapping of topic to question, optional
    tries : int
        Candidates for each answer.
    seed : int

    Examples
    --------
    >>> made = MadePerson("p", {"age": 41, "sex": "female", "occupation": "nurse"}, "by hand")
    >>> "nurse" in interview(made).text
    True
    """
    if tries < 1:
        raise BadInput("An interview needs at least one try an answer.")
    asked = dict(questions or QUESTIONS)
    judge = critic or FactCritic()
    life = life_of(person, seed)
    turns: list[Turn] = []
    n_rejected = n_missing = 0
    for topic, question in asked.items():
        kept = None
        for attempt in range(tries):
            if model is None:
                answer = _composed(life, topic)
            else:
                answer = _told(model, person.id, life, asked, turns, topic, seed + attempt)
            if not answer:
                continue
            candidate = Turn(topic, question, answer)
            if judge.judge(life.truth, turns, candidate).is_accepted:
                kept = candidate
                break
            n_rejected += 1
        if kept is None:
            n_missing += 1
        else:
            turns.append(kept)
    provenance = {
        "made": True, "writer": model.name if model else "home grammar", "critic": judge.name, "seed": seed,
        "person": person.provenance, "method": "arXiv:2504.11673, section 3.1",
    }  # fmt: skip
    return Backstory(person.id, tuple(turns), life.truth, n_rejected, n_missing, provenance)


def _composed(life: Life, topic: str) -> str:
    if topic not in ANSWERS:
        raise BadInput(f"`home` answers {', '.join(ANSWERS)} only; name a model for other questions.")
    return life.answer(topic)


def _told(
    model: ChatModel,
    person: str,
    life: Life,
    asked: Mapping[str, str],
    turns: Sequence[Turn],
    topic: str,
    sample: int,
) -> str:
    """Ask for one answer with the whole interview so far as the conversation."""
    facts = "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in life.truth.items())
    system = f"You are a person who does not exist, in an interview about your life. {facts}. Speak as yourself, in prose."
    messages: list[Message] = [{"role": "system", "content": system}]
    for turn in turns:
        messages += [
            {"role": "user", "content": turn.question},
            {"role": "assistant", "content": turn.answer},
        ]
    messages.append({"role": "user", "content": asked[topic]})
    reply = model.reply(messages, sample=sample, person=person, temperature=1.0, max_tokens=_TOKENS)
    return "" if reply.refusal else reply.text.strip()
