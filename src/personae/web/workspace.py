"""What the pages work on: the store, the archives that were handed in, and what was made of them since the program began."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from glob import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from personae import __version__
from personae.errors import BadInput, UnknownName
from personae.models.encoder import CachedEncoder, Encoder, TokenStates, home_encoder
from personae.papers.harness import Result, paper
from personae.papers.table import parsed
from personae.people.archives import Options, Tally
from personae.people.correcting import disputed, given
from personae.people.forget import Proof, forget
from personae.people.records import Claim, Person, Trace, people_of
from personae.people.store import Store, Summary
from personae.shield import Shielded, shield
from personae.shield.archive import (
    Cast,
    Opened,
    left_out,
    naming_columns,
    open_for_shield,
    other_columns,
    own_name,
    shielded_name,
    write_back,
)
from personae.web.jobs import Job, Stopped
from personae.web.uploads import Upload

LISTED = 200  # people on the first page
CHUNK = 64  # texts or entries that are encoded between two looks at whether the job was stopped
KEPT = 8  # archives, and people under the shield, that are kept while the program runs


@dataclass(slots=True, eq=False)
class Visit:
    """An archive that was handed in: its file, whom it is about, and how the reading went."""

    upload: Upload
    options: Options
    format: str = ""
    people: set[str] = field(default_factory=set)
    tally: Tally = field(default_factory=Tally)
    forgotten: int = 0


@dataclass(frozen=True, slots=True)
class Protected:
    """A person under the shield; `opened` is the archive that can be written back, None where none can.

    `key` is the pseudonyms', the same in the archive as in the steps. `columns` names a table's columns that stay as they are,
    `naming` those that tell who people are, `left_out` the files of the archive that are not carried over.
    """

    shielded: Shielded
    opened: Opened | None
    visit: Visit | None
    target: float
    thorough: bool
    key: int
    columns: tuple[str, ...] = ()
    naming: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def skipped(self) -> int:
        """Return how many rows of the archive are no lines that can be read."""
        return len(self.opened.skipped) if self.opened else 0

    @property
    def name(self) -> str:
        """Return the name that the new archive is offered under; a chat's says the pseudonym, not whom it was with."""
        path = self.visit.upload.path if self.visit else Path("archive")
        names = self.opened.names if self.opened else ()
        return shielded_name(path, names, random_state=self.key).name

    @property
    def owner(self) -> str:
        """Return what the archive's owner is called in the new one; empty where nobody is named."""
        return own_name(self.opened, random_state=self.key) if self.opened else ""

    @property
    def is_of_many(self) -> bool:
        """Whether the archive holds lines of other people, which stay as they are."""
        return self.visit is not None and len(self.visit.people) > 1


class _Progress:
    """How far a reading is, in words; counting on ends with `Stopped` where the job was stopped."""

    def __init__(self, job: Job) -> None:
        self.job, self.texts, self.entries, self.people = job, 0, 0, 0

    def add(self, *, texts: int = 0, entries: int = 0, people: int = 0) -> None:
        self.texts, self.entries, self.people = (
            self.texts + texts,
            self.entries + entries,
            self.people + people,
        )
        of = f"{_count(self.entries, 'entry', 'entries')} of {_count(self.people, 'person', 'people')} read"
        self.job.step(f"{_count(self.texts, 'text')} looked at, {of}.")


class _Watched:
    """An encoder that says how far it is every few texts; the vectors are those of the encoder behind it."""

    def __init__(self, encoder: Encoder, progress: _Progress) -> None:
        self.encoder, self.progress, self.name = encoder, progress, encoder.name

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return what the encoder behind returns, of shape (n_texts, n_dimensions)."""
        parts = [self.encoder.encode(())]
        for start in range(0, len(texts), CHUNK):
            parts.append(self.encoder.encode(texts[start : start + CHUNK]))
            self.progress.add(texts=len(parts[-1]))
        return np.concatenate(parts)

    def token_states(self, text: str) -> TokenStates | None:
        """Return what the encoder behind returns, for the words that a report marks."""
        read = getattr(self.encoder, "token_states", None)
        return read(text) if read else None


class Workspace:
    """The verbs of the command line on one store, for the pages; whatever is written about a person goes through here.

    Parameters
    ----------
    store : Store
        Open as long as the workspace is.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        name = f".{store.path.name}.web-"
        for left in store.path.parent.glob(f"{escape(name)}*"):  # of a program that was killed
            shutil.rmtree(left, ignore_errors=True)
        self.folder = Path(tempfile.mkdtemp(prefix=name, dir=store.path.parent))
        self.visits: list[Visit] = []
        self.results: dict[str, Result] = {}
        self._protected: OrderedDict[str, Protected] = OrderedDict()
        self._keys: dict[str, str] = {}
        self._people: dict[str, str] = {}
        self._lock = threading.RLock()  # no claim is added while its person is being forgotten

    def close(self) -> None:
        """Delete the archives that were handed in, and close the store."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.store.close()

    def key(self, person: str) -> str:
        """Return the name that a person has in addresses: it says nothing, and is another one after each start."""
        with self._lock:
            if person not in self._keys:
                self._keys[person] = secrets.token_urlsafe(12)
                self._people[self._keys[person]] = person
            return self._keys[person]

    def person(self, key: str) -> Summary:
        """Return what the store holds of the person with that name in addresses; raises `UnknownName`."""
        person = self._people.get(key)
        found = self.store.summaries(person=person) if person is not None else []
        if not found:
            raise UnknownName("Nobody of that address is kept here. Begin at the first page.")
        return found[0]

    def read(self, upload: Upload, job: Job) -> Visit:
        """Read an archive into the store; raises `BadInput` where nobody was read."""
        from personae.infer.home import HomeReader
        from personae.infer.reveal import reveal

        visit = Visit(upload, Options(person=upload.fields.get("me", "").strip()))
        self._keep(visit)
        again = upload.fields.get("again") == "yes"
        job.step("Looking at what the archive is.")
        progress = _Progress(job)
        reader = HomeReader(CachedEncoder(_Watched(home_encoder(), progress)))
        try:
            revealed = reveal(
                upload.path, reader=reader, options=visit.options, store=self.store, again=again
            )
            visit.format, visit.tally = ", ".join(dict.fromkeys(revealed.formats)), revealed.tally
            for reading in revealed:
                visit.people.add(reading.person.id)
                progress.add(entries=len(reading.person.traces), people=1)
        except BadInput as error:
            self._drop([visit])
            raise BadInput(str(error).replace(str(upload.path), upload.path.name)) from None
        visit.forgotten = len(revealed.forgotten)
        if not visit.people:
            self._drop([visit])
            raise BadInput(_nobody(visit))
        return visit

    def report(self, person: str) -> str:
        """Return the report about one person, as the command line writes it."""
        from personae.infer.measured import measured_quality
        from personae.report import Report, Subject, render

        traces = tuple(self.store.traces(person))
        subject = Subject.of(Person(person, traces), self.store.profile(person).claims)
        visit = self._visit(person)
        tally = visit.tally if visit and visit.people == {person} else _counted(traces)
        source = visit.format if visit else ", ".join(name for name, _ in subject.sources)
        today = datetime.now(UTC).date()
        return render(
            Report([subject], tally, source, quality=measured_quality(), made=today, version=__version__)
        )

    def edit(self, person: str, attribute: str, value: str) -> Claim:
        """Give an attribute its true value."""
        return self._add(given(person, attribute, value))

    def dispute(self, person: str, attribute: str) -> Claim:
        """Keep that what is said of an attribute is wrong."""
        return self._add(disputed(person, attribute))

    def forget(self, person: str) -> Proof:
        """Delete a person everywhere: in the store, with proof, and in all that this program holds."""
        with self._lock:
            proof = forget(self.store, person)
            named = [visit for visit in self.visits if person in visit.people]
            self._drop(named)
            for visit in named:
                visit.people.discard(person)
            for who in [who for who, each in self._protected.items() if who == person or each.visit in named]:
                del self._protected[who]
            self._people.pop(self._keys.pop(person, ""), None)
        return proof

    def shield(self, person: str, level: str, target: float, job: Job, *, thorough: bool = False) -> None:
        """Attack, rewrite and attack again, as `personae shield` does; `protected` then has every step."""
        from personae.shield.attacker import home_attacker
        from personae.shield.pseudonyms import new_key

        visit = self._visit(person)
        opened = _opened(visit) if visit else None
        traces = _of(opened.traces, person) if opened else tuple(self.store.traces(person))
        if not traces:
            raise UnknownName("Nobody of that address is kept here. Begin at the first page.")
        attacker = home_attacker()
        for start in range(0, len(traces), CHUNK):
            job.step(f"{start:,} of {_count(len(traces), 'entry', 'entries')} looked at.")
            attacker.prepare([Person(person, traces[start : start + CHUNK])])
        key = new_key()
        cast = Cast(opened, key) if opened else None
        done = shield(
            traces, reader=attacker, target=target, level=level, thorough=thorough,  # type: ignore[arg-type]
            random_state=cast.key_of(person) if cast else key,
            names=cast.near(person, traces) if cast else (),
            watch=lambda n: job.step(f"{_count(n, 'attack')} made."),
        )  # fmt: skip
        with self._lock:
            if not self.store.summaries(person=person):
                raise UnknownName("That person was forgotten meanwhile.")
            stays = (other_columns(opened), naming_columns(opened), left_out(opened)) if opened else ()
            self._protected[person] = Protected(done, opened, visit, target, thorough, key, *stays)
            while len(self._protected) > KEPT:
                self._protected.popitem(last=False)

    def protected(self, person: str) -> Protected | None:
        """Return what the shield made of a person, None where it was not asked yet."""
        return self._protected.get(person)

    def write(self, protected: Protected, at: int) -> Path:
        """Write the archive as the shield leaves it at a step, and return the file; whoever asked deletes its folder."""
        if protected.opened is None:
            raise BadInput(
                "The archive is not here any more, or its format cannot be written back. Hand it in again."
            )
        place = Path(tempfile.mkdtemp(dir=self.folder)) / protected.opened.path.name
        try:
            write_back(
                protected.opened, protected.shielded.curve[at].edits, place, random_state=protected.key
            )
        except BadInput as error:
            shutil.rmtree(place.parent, ignore_errors=True)
            raise BadInput(str(error).replace(str(place), "the new archive")) from None
        return place

    def run_paper(self, slug: str, job: Job) -> None:
        """Recompute a paper's table in a process of its own, quickly, and keep it."""
        command = [sys.executable, "-m", "personae", "papers", "run", paper(slug).slug, "--quick", "--json"]
        job.step("Recomputing the table, which takes up to half a minute.")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            while True:
                try:
                    out, errors = process.communicate(timeout=0.2)
                    break
                except subprocess.TimeoutExpired:
                    if job.is_stopped:
                        process.kill()
                        raise Stopped from None
        if process.returncode:
            said = errors.strip().splitlines()
            raise BadInput(said[-1].removeprefix("personae: ") if said else f"{slug} ended with an error.")
        self.results[slug] = parsed(out)

    def _add(self, claim: Claim) -> Claim:
        with self._lock:
            if not self.store.summaries(person=claim.person):
                raise UnknownName("That person was forgotten meanwhile.")
            self.store.add_claims([claim])
        return claim

    def _keep(self, visit: Visit) -> None:
        with self._lock:
            self.visits.append(visit)
            self._drop(self.visits[:-KEPT])

    def _drop(self, visits: Iterable[Visit]) -> None:
        with self._lock:
            for visit in list(visits):
                visit.upload.remove()
                self.visits.remove(visit)

    def _visit(self, person: str) -> Visit | None:
        with self._lock:
            return next((visit for visit in reversed(self.visits) if person in visit.people), None)


def _opened(visit: Visit) -> Opened | None:
    with suppress(BadInput):
        return open_for_shield(visit.upload.path, visit.options)
    return None


def _of(traces: Sequence[Trace], person: str) -> tuple[Trace, ...]:
    return next((each.traces for each in people_of(traces) if each.id == person), ())


def _counted(traces: Sequence[Trace]) -> Tally:
    tally = Tally()
    for _ in tally.traces(traces):
        pass
    return tally


def _nobody(visit: Visit) -> str:
    reasons = "; ".join(
        f"{_count(times, 'row')}: {reason}" for reason, times in visit.tally.reasons.most_common(3)
    )
    if visit.forgotten:
        people = _count(visit.forgotten, "person", "people")
        return (
            f"Nobody was read: {people} in it should be forgotten here. Tick the box to take them in again."
        )
    return f"{visit.upload.path.name}: nobody was read. {reasons or 'There are no rows in it.'}"


def _count(n: int, noun: str, plural: str = "") -> str:
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"
