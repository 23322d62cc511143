"""What people said about themselves, in so many words: high precision, with the sentence as proof.

Rules of seven languages read first-person statements; what is negated, quoted, asked, ironic, hypothetical or another
person's does not count. Each rule's class carries the precision measured on people it was not written on
(`training/measure_stated.py`), smoothed; a claim less sure than `least` abstains.

>>> from personae.people.records import Person, Trace
>>> from personae.people.attributes import SYNTHPAI
>>> said = "I'm a nurse and I live in Porto. My brother is a pilot, and if I were rich I'd live in Rome."
>>> ana = Person("ana", (Trace("ana", "table", "1", text=said),))
>>> for claim in StatedReader().read(ana, SYNTHPAI):
...     if not claim.abstained:
...         print(claim.attribute, claim.best.value, claim.evidence[0].spans)
city_country Porto, Portugal ((16, 31),)
occupation nurse ((0, 11),)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from personae.infer.stated._languages import CODES, language
from personae.infer.stated._precision import Precision, home_precision
from personae.infer.stated._settle import settle
from personae.infer.stated._statements import Statement, opened, statements
from personae.models.places import Places
from personae.people.attributes import SYNTHPAI, Attribute
from personae.people.records import Claim, Person, Status, newest, trace_id

__all__ = ["CODES", "Precision", "StatedReader", "Statement", "home_precision", "implied_counts"]


def implied_counts(precision: Precision) -> dict[str, tuple[int, int]]:
    """Return (right, all) of the classes of rules whose value is only implied, by attribute."""
    rules = {
        f"{code}.{rule.name}": rule.attribute
        for code in CODES
        for rule in language(code).rules
        if rule.implied
    }
    counts: dict[str, tuple[int, int]] = {}
    for kind, (right, all_) in precision.classes.items():
        if kind in rules:
            before = counts.get(rules[kind], (0, 0))
            counts[rules[kind]] = (before[0] + right, before[1] + all_)
    return counts


class StatedReader:
    """Reads what a person stated about themself.

    Parameters
    ----------
    languages : sequence of str
        Codes of the languages to read, see `CODES`.
    places : Places or None
        The gazetteer; None takes the one that ships.
    precision : Precision or None
        The measured precision of every rule's class; None takes what ships.
    least : float
        A claim whose probability is below this abstains, in [0, 1].
    now : datetime or None
        The moment that ages are told for; None takes the person's newest trace.
    """

    def __init__(
        self,
        *,
        languages: Sequence[str] = CODES,
        places: Places | None = None,
        precision: Precision | None = None,
        least: float = 0.9,
        now: datetime | None = None,
    ) -> None:
        self.languages = languages
        self.places = places
        self.precision = precision
        self.least = least
        self.now = now

    @property
    def name(self) -> str:
        """Return "stated-" and a digest of the rules, the counts and the settings."""
        told = self.precision or home_precision()
        rules = [(code, rule) for code in self.languages for rule in language(code).rules]
        return f"stated-{trace_id(rules, sorted(told.classes.items()), self.least, self.now)[:8]}"

    def prepare(self, people: Sequence[Person]) -> None:
        """Do nothing: every person is read alone."""

    def read(self, person: Person, attributes: Sequence[Attribute]) -> list[Claim]:
        """Return at most one current claim for each attribute, then the claims that it superseded."""
        return self.read_both(person, attributes)[0]

    def implied(self, person: Person, attributes: Sequence[Attribute]) -> list[Claim]:
        """Return inferred claims of what follows for most people from what was said, and was not said: a sex from "my wife".

        Notes
        -----
        Their precision was measured on collections with few same-sex couples, of whom such a claim is wrong: none is surer
        than 0.9, and none is made of people who write of women who love women, of being queer, or of partners of both sexes, but
        where they said their sex outright, beside which it counts for nothing.
        """
        return self.read_both(person, attributes)[1]

    def read_both(self, person: Person, attributes: Sequence[Attribute]) -> tuple[list[Claim], list[Claim]]:
        """Return what `read` and what `implied` returns, from one reading."""
        said = self.statements(person, attributes)
        stated = self._claims(person, attributes, [s for s in said if not s.rule.implied], "stated")
        told = {s.rule.attribute for s in said if not s.rule.implied and s.rule.tense == "now"}
        follows = [s for s in said if s.rule.implied]
        if opened(person, follows):
            follows = [s for s in follows if s.rule.attribute in told]
        implied = self._claims(person, attributes, follows, "inferred")
        return stated, [claim for claim in implied if claim.guesses and not claim.superseded_by]

    def _claims(
        self, person: Person, attributes: Sequence[Attribute], said: Sequence[Statement], status: Status
    ) -> list[Claim]:
        sure = (self.precision or home_precision()).of
        now = self.now or newest(person.own)
        claims: list[Claim] = []
        for attribute in attributes:
            about = [s for s in said if s.rule.attribute == attribute.name]
            claims += settle(person.id, attribute, about, sure, self.least, now, status)
        return claims

    def statements(self, person: Person, attributes: Sequence[Attribute] = SYNTHPAI) -> list[Statement]:
        """Return every statement about the attributes, in the order of the traces, those that only imply a value too."""
        wanted = frozenset(attribute.name for attribute in attributes)
        spoken = [language(code) for code in self.languages]
        return [s for trace in person.own for s in statements(trace, spoken, self.places, wanted)]
