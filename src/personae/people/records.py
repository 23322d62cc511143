"""The records everything else is made of: a trace a person left, and a claim made about that person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any, Literal, get_args

from personae.errors import BadInput

Kind = Literal[
    "message", "post", "comment", "listen", "watch", "search", "vote", "like", "follow", "rating",
    "purchase", "visit", "survey_answer", "profile",
]  # fmt: skip
Role = Literal["self", "other", "assistant", "system"]
Status = Literal["stated", "inferred", "given"]
KINDS: tuple[str, ...] = get_args(Kind)
ROLES: tuple[str, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Item:
    """What a trace that is not text is about: a track, a video, a link, a community."""

    id: str = ""
    title: str = ""
    creator: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """One thing a person did.

    Parameters
    ----------
    person : str
        Stable id of whose archive this is; importers hash real names.
    source : str
        Where it comes from: "chatgpt", "reddit", "table", ...
    id : str
        The platform's id, else `trace_id(...)`: unique for one person and source.
    time : datetime or None
        Timezone-aware UTC; None where the archive gives none.
    kind : one of KINDS
    role : one of ROLES
        Attribute inference reads "self" only.
    thread : str
        Conversation, submission, playlist or channel; empty when there is none.
    text : str
        Plain text, may be empty.
    item : Item or None
        For traces that are not text.
    value : float or None
        Rating, milliseconds played, vote direction.
    where : str
        File inside the archive and row or JSON pointer, such as "comments.csv:17".
    """

    person: str
    source: str
    id: str
    time: datetime | None = None
    kind: Kind = "message"
    role: Role = "self"
    thread: str = ""
    text: str = ""
    item: Item | None = None
    value: float | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Guess:
    """A value and its probability, calibrated, in [0, 1]."""

    value: str
    probability: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """The trace a claim rests on.

    `spans` are (start, end) character offsets into the trace's text; `weight` is the share of the claim's
    score that falls away without this trace (for `stated` claims 1.0), strongest first in a claim.
    """

    trace: str
    where: str
    spans: tuple[tuple[int, int], ...] = ()
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing said about a person: a distribution over values, what it rests on, and who said it.

    `guesses` stand best first and are present even when the claim abstains: a claim that abstains says
    "this cannot be told", and its guesses are what it would have said.
    """

    person: str
    attribute: str
    guesses: tuple[Guess, ...]
    status: Status
    abstained: bool
    method: str
    evidence: tuple[Evidence, ...] = ()
    model: str = ""
    time: datetime | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    purpose: str = "self-audit"
    decision: str = (
        ""  # of the policy: the rule that allowed it, the verdict, the day since which it is in force
    )
    superseded_by: str = ""  # id of the claim that took its place

    def __post_init__(self) -> None:
        if not self.guesses and not self.abstained:
            raise BadInput(f"A claim about {self.attribute!r} without guesses must abstain.")
        if any(not 0.0 <= guess.probability <= 1.0 for guess in self.guesses):
            raise BadInput(f"A claim about {self.attribute!r} has a probability outside [0, 1].")

    @property
    def id(self) -> str:
        """Return a stable id: the same person, attribute, method, model and guesses give the same id."""
        guesses = ";".join(f"{g.value}={g.probability:.6f}" for g in self.guesses)
        moment = self.valid_from.isoformat() if self.valid_from else ""
        return _digest(self.person, self.attribute, self.status, self.method, self.model, guesses, moment)

    @property
    def best(self) -> Guess | None:
        return self.guesses[0] if self.guesses else None

    def as_json(self) -> dict[str, Any]:
        """Return the object that `personae reveal --json` prints for this claim."""
        return {
            "attribute": self.attribute,
            "abstained": self.abstained,
            "guesses": [{"value": g.value, "probability": round(g.probability, 4)} for g in self.guesses],
            "status": self.status,
            "method": self.method,
            "valid_from": self.valid_from.isoformat() if self.valid_from else None,
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
            "evidence": [
                {
                    "trace": e.trace,
                    "where": e.where,
                    "spans": [list(s) for s in e.spans],
                    "weight": round(e.weight, 4),
                }
                for e in self.evidence
            ],
        }


@dataclass(frozen=True, slots=True)
class Profile:
    """The claims about one person, history included; editing returns a new profile."""

    person: str
    claims: tuple[Claim, ...] = ()

    @property
    def current(self) -> tuple[Claim, ...]:
        """Claims that nothing has superseded."""
        return tuple(claim for claim in self.claims if not claim.superseded_by)

    def add(self, claim: Claim) -> Profile:
        """Return a profile in which `claim` supersedes current claims of its attribute and status, unless one is better.

        A claim given by the person supersedes every other and is superseded only by another given one; otherwise the
        newer (by `valid_from`, then `time`) supersedes. Nothing is overwritten: the old claim stays, marked.
        """
        if claim.person != self.person:
            raise BadInput("This claim is about another person than the profile.")
        kept = []
        for old in self.claims:
            rival = not old.superseded_by and old.attribute == claim.attribute
            if rival and (
                claim.status == "given" or (old.status == claim.status and _moment(claim) >= _moment(old))
            ):
                old = replace(old, superseded_by=claim.id)
            elif rival and (old.status == "given" or old.status == claim.status):
                claim = replace(claim, superseded_by=old.id)
            kept.append(old)
        return Profile(self.person, (*kept, claim))


@dataclass(frozen=True, slots=True)
class Preference:
    """One choice between two things: the row that every preference method fits. `choice` is "a", "b" or "tie"."""

    person: str
    context: str
    a: str
    b: str
    choice: Literal["a", "b", "tie"]
    strength: float = 1.0
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's response to one item of an instrument, as a code of its response format."""

    person: str
    item: str
    response: float
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """One person's traces, in order of time where known: the unit of work."""

    id: str
    traces: tuple[Trace, ...] = field(default=())

    @property
    def own(self) -> tuple[Trace, ...]:
        """Traces with text that the person wrote."""
        return tuple(trace for trace in self.traces if trace.role == "self" and trace.text.strip())


def people_of(traces: Iterable[Trace]) -> Iterable[Person]:
    """Group traces that already stand together by person; holds one person at a time."""
    for person, group in groupby(traces, key=lambda trace: trace.person):
        yield Person(person, tuple(sorted(group, key=_trace_order)))


def trace_id(*parts: object) -> str:
    """Return a 16-digit hash of the parts: the id of a trace whose platform gives none."""
    return _digest(*parts)


def person_id(name: str) -> str:
    """Return the stable id of a real name: no name reaches a file, log or page.

    >>> person_id("Ana") == person_id("Ana") != person_id("Bea")
    True
    """
    return "person-" + _digest(name)[:10]


def _digest(*parts: object) -> str:
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _moment(claim: Claim) -> tuple[float, float]:
    return (
        claim.valid_from.timestamp() if claim.valid_from else float("-inf"),
        claim.time.timestamp() if claim.time else float("-inf"),
    )


def _trace_order(trace: Trace) -> tuple[bool, float]:
    return trace.time is None, trace.time.timestamp() if trace.time else 0.0


def newest(traces: Sequence[Trace]) -> datetime | None:
    """Return the newest time among the traces, None when none has one."""
    return max((trace.time for trace in traces if trace.time), default=None)
