"""Read many people: batches that share the encoder's work, one transaction a batch, resumable where it stopped."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from personae.infer.reader import Reader
from personae.people.attributes import Attribute
from personae.people.policy import Decision, Rules, decide, require
from personae.people.records import Claim, Person

if TYPE_CHECKING:
    from personae.people._journal import Config
    from personae.people.store import Store

BATCH_TRACES = 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """One person read: the traces and the claims, history included; `resumed` when an earlier run had read them."""

    person: Person
    claims: tuple[Claim, ...]
    resumed: bool = False

    @property
    def current(self) -> tuple[Claim, ...]:
        """Claims that nothing has superseded."""
        return tuple(claim for claim in self.claims if not claim.superseded_by)


def allowed(attributes: Sequence[Attribute], purpose: str, rules: Rules | None = None) -> list[Attribute]:
    """Return the attributes that the purpose allows, by the rules that ship or by others."""
    return [each for each in attributes if decide(purpose, each, table=rules).verdict == "allowed"]


def read_people(
    people: Iterable[Person],
    reader: Reader,
    attributes: Sequence[Attribute],
    *,
    purpose: str = "self-audit",
    rules: Rules | None = None,
    store: Store | None = None,
) -> Iterator[Reading]:
    """Yield one `Reading` a person, in the order they come.

    Parameters
    ----------
    people : iterable of Person
        Taken in batches of about 1,024 traces, so that memory does not grow with their number; one batch is prepared
        while the one before it is read.
    reader : Reader
    attributes : sequence of Attribute
    purpose : str
        Each attribute passes the policy gate first; the decision is stored with every claim.
    rules : Rules or None
        Those that ship by default; `personae.people.policy.rules(path)` puts a file of one's own after them.
    store : Store or None
        Keeps traces and claims. People whom an earlier run with the same reader, attributes and purpose has read are not
        read again; the claims of each batch and its journal rows are one transaction, so a run that was killed goes on
        where it stopped. Readings then hold all that the store says of the attributes, edits by hand included. Its log of
        accesses keeps which sensitive attributes were asked for, for which purpose, and what was denied.

    Raises
    ------
    PolicyDenied
        Before anything is read.
    """
    log = None if store is None else store.accesses
    decisions = {
        attribute.name: require(purpose, attribute, table=rules, log=log) for attribute in attributes
    }
    config: Config = {"attributes": sorted(decisions), "purpose": purpose}
    with ThreadPoolExecutor(1) as ahead:
        waiting: deque[tuple[_Batch, Future[None]]] = deque()
        for people_now in _batches(people):
            batch = _planned(people_now, reader, config, store)
            waiting.append((batch, ahead.submit(reader.prepare, batch.due)))
            if len(waiting) > 1:
                yield from _finished(*waiting.popleft(), reader, attributes, decisions, config, store)
        while waiting:
            yield from _finished(*waiting.popleft(), reader, attributes, decisions, config, store)


@dataclass(frozen=True, slots=True)
class _Batch:
    people: list[Person]
    done: set[str]

    @property
    def due(self) -> list[Person]:
        return [person for person in self.people if person.id not in self.done]


def _planned(people: list[Person], reader: Reader, config: Config, store: Store | None) -> _Batch:
    if store is None:
        return _Batch(people, set())
    store.add(trace for person in people for trace in person.traces)
    return _Batch(people, store.journal.done_among([person.id for person in people], reader.name, config))


def _finished(
    batch: _Batch,
    prepared: Future[None],
    reader: Reader,
    attributes: Sequence[Attribute],
    decisions: dict[str, Decision],
    config: Config,
    store: Store | None,
) -> Iterator[Reading]:
    prepared.result()
    found = {
        person.id: tuple(_stamped(claim, decisions) for claim in reader.read(person, attributes))
        for person in batch.due
    }
    if store is not None:
        store.commit_people(found.items(), reader.name, config)
        profiles = store.profiles([person.id for person in batch.people])
        found = {id_: tuple(c for c in p.claims if c.attribute in decisions) for id_, p in profiles.items()}
    for person in batch.people:
        yield Reading(person, found[person.id], resumed=person.id in batch.done)


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


def _stamped(claim: Claim, decisions: dict[str, Decision]) -> Claim:
    decision = decisions[claim.attribute]
    time = claim.time or datetime.now(UTC).replace(microsecond=0)
    return replace(claim, purpose=decision.purpose, decision=decision.stored, time=time)
