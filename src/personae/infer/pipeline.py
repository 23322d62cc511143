"""Read many people: batches that share the encoder's work, one transaction a person, resumable at any person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from personae.infer.reader import Reader
from personae.people.attributes import Attribute
from personae.people.policy import Decision, decide, require
from personae.people.records import Claim, Person

BATCH_TRACES = 1024


class Keeper(Protocol):
    """What the pipeline needs of a store."""

    def done(self, person: str, method: str, config: str) -> bool: ...

    def commit_person(self, person: Person, claims: Sequence[Claim], method: str, config: str) -> None: ...

    def claims(self, person: str) -> tuple[Claim, ...]: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """One person read: the traces, the claims, and whether they were taken from an earlier run."""

    person: Person
    claims: tuple[Claim, ...]
    resumed: bool = False


def allowed(attributes: Sequence[Attribute], purpose: str) -> list[Attribute]:
    """Return the attributes that the purpose allows."""
    return [attribute for attribute in attributes if decide(purpose, attribute).verdict == "allowed"]


def read_people(
    people: Iterable[Person],
    reader: Reader,
    attributes: Sequence[Attribute],
    *,
    purpose: str = "self-audit",
    keeper: Keeper | None = None,
) -> Iterator[Reading]:
    """Yield one `Reading` a person, in the order they come.

    Parameters
    ----------
    people : iterable of Person
        Taken in batches of about 1,024 traces, so that memory does not grow with their number.
    reader : Reader
    attributes : sequence of Attribute
    purpose : str
        Each attribute passes the policy gate first; the decision's rule is stored with every claim.
    keeper : Keeper or None
        A store: people it has finished under the same reader, attributes, purpose and traces are not read again,
        and each person's claims and journal row are written in one transaction.

    Raises
    ------
    PolicyDenied
        Before anything is read.
    """
    decisions = {attribute.name: require(purpose, attribute) for attribute in attributes}
    for batch in _batches(people):
        configs = [_config(person, reader, attributes, purpose) for person in batch]
        finished = [
            keeper is not None and keeper.done(person.id, reader.name, config)
            for person, config in zip(batch, configs, strict=True)
        ]
        reader.prepare([person for person, done in zip(batch, finished, strict=True) if not done])
        for person, config, done in zip(batch, configs, finished, strict=True):
            if keeper is not None and done:
                yield Reading(person, keeper.claims(person.id), resumed=True)
                continue
            claims = tuple(_stamp(claim, decisions) for claim in reader.read(person, attributes))
            if keeper is not None:
                keeper.commit_person(person, claims, reader.name, config)
            yield Reading(person, claims)


def _batches(people: Iterable[Person]) -> Iterator[list[Person]]:
    batch: list[Person] = []
    size = 0
    for person in people:
        batch.append(person)
        size += len(person.traces)
        if size >= BATCH_TRACES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _stamp(claim: Claim, decisions: dict[str, Decision]) -> Claim:
    decision = decisions[claim.attribute]
    return replace(
        claim, purpose=decision.purpose, decision=decision.rule, time=claim.time or datetime.now(UTC).replace(microsecond=0)
    )


def _config(person: Person, reader: Reader, attributes: Sequence[Attribute], purpose: str) -> str:
    """Return a hash of everything the claims follow from: reader, attributes, purpose and the person's traces."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (reader.name, purpose, *sorted(attribute.name for attribute in attributes)):
        digest.update(part.encode() + b"\x1f")
    for trace in person.traces:
        digest.update(f"{trace.source}\x1f{trace.id}\x1f{trace.text}\x1e".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
