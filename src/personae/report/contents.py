"""What a report shows: the people, what was read, and how good such guesses are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from personae.errors import BadInput
from personae.people.archives.rows import Tally
from personae.people.attributes import Attribute
from personae.people.records import Claim, Person, Status, Trace
from personae.report.plots import Bin


@dataclass(frozen=True, slots=True)
class Subject:
    """One person as a report shows them: the claims, and of the traces only those that the claims rest on.

    Parameters
    ----------
    person : str
    claims : tuple of Claim
        History included: superseded claims are shown as such.
    traces : tuple of Trace
        At least those the claims' evidence names.
    lines : int
        How many of the person's own traces were read.
    sources : tuple of (str, int)
        The same by source, most first.
    first, last : datetime or None
        Time of the oldest and the newest of them.
    """

    person: str
    claims: tuple[Claim, ...] = ()
    traces: tuple[Trace, ...] = ()
    lines: int = 0
    sources: tuple[tuple[str, int], ...] = ()
    first: datetime | None = None
    last: datetime | None = None

    @classmethod
    def of(cls, person: Person, claims: Iterable[Claim]) -> Subject:
        """Keep what a report needs of a person: memory grows with the evidence, not with the traces."""
        claims = tuple(claims)
        own = [trace for trace in person.traces if trace.role == "self"]
        times = [trace.time for trace in own if trace.time]
        named = {evidence.trace for claim in claims for evidence in claim.evidence}
        return cls(
            person.id,
            claims,
            tuple(trace for trace in person.traces if trace.id in named),
            len(own),
            tuple(Counter(trace.source for trace in own).most_common()),
            min(times, default=None),
            max(times, default=None),
        )


@dataclass(frozen=True, slots=True)
class Quality:
    """How good one kind of guess was, measured on people the reader had not seen.

    Parameters
    ----------
    attribute : str
        Name of an attribute, or "all".
    corpus : str
        The collection it was measured on.
    status : Status
        "stated" and "inferred" claims are measured apart.
    n : int
        Guesses that were checked.
    accuracy : float
        Share right over all guesses, abstained ones included.
    low, high : float or None
        Its 95% interval; None where too few were checked to say.
    baseline : float or None
        Share right when always giving the commonest answer.
    shown, shown_n : float or None, int
        Share right, and number, of the claims that did not abstain.
    calibration_error : float or None
        Expected calibration error.
    bins : tuple of Bin
        The reliability picture.
    new_corpus : bool
        The whole collection was left out of training, not only these people.
    model : str
        The reader that was measured; another model's rows stand beside it for comparison.
    shown_low, shown_high : float or None
        The 95% interval of `shown`; None where too few were shown to say.
    method : str
        The one method whose claims were measured, such as "implied"; empty for all others of that status together.
    """

    attribute: str
    corpus: str
    status: Status
    n: int
    accuracy: float
    low: float | None
    high: float | None
    baseline: float | None = None
    shown: float | None = None
    shown_n: int = 0
    calibration_error: float | None = None
    bins: tuple[Bin, ...] = ()
    new_corpus: bool = False
    model: str = "home"
    shown_low: float | None = None
    shown_high: float | None = None
    method: str = ""

    def __post_init__(self) -> None:
        low, high = (self.accuracy if end is None else end for end in (self.low, self.high))
        if not 0.0 <= low <= self.accuracy <= high <= 1.0:
            raise BadInput(
                f"Quality of {self.attribute!r} on {self.corpus!r}: expected 0 <= low <= accuracy <= high <= 1, "
                f"got {low:g}, {self.accuracy:g}, {high:g}."
            )

    @property
    def beats_baseline(self) -> bool:
        """Say whether the whole interval lies above the commonest answer, as far as that can be said."""
        return self.baseline is None or self.low is None or self.low > self.baseline

    @property
    def told(self) -> tuple[float, int, float, float] | None:
        """Return (share right, n, low, high) of what a page shows, or of all guesses where none was shown; None: too few."""
        if self.shown is not None and self.shown_n:
            ends, share, n = (self.shown_low, self.shown_high), self.shown, self.shown_n
        else:
            ends, share, n = (self.low, self.high), self.accuracy, self.n
        low, high = ends
        return None if low is None or high is None else (share, n, low, high)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one page says.

    Parameters
    ----------
    people : iterable of Subject
        Read once, so that a generator keeps memory flat over any number of people.
    tally : Tally
        What was read, kept and skipped; read after `people` is used up.
    format : str
        Name of the archive's format, such as "reddit".
    model : str
        Model string of the reader.
    quality : tuple of Quality
        Empty where nothing was measured; the page then says so.
    purpose : str
        A name of `personae.people.policy.PURPOSES`; under "self-audit" the page speaks to the reader.
    made : date or None
    version : str
        Of personae.
    attributes : tuple of Attribute
        Those a user defined, for their labels.
    """

    people: Iterable[Subject]
    tally: Tally
    format: str = ""
    model: str = "home"
    quality: tuple[Quality, ...] = ()
    purpose: str = "self-audit"
    made: date | None = None
    version: str = ""
    attributes: tuple[Attribute, ...] = field(default=())
