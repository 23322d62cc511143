"""The page about a person, or about many: one self-contained HTML file that needs no script and asks nothing of the network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from personae.people.policy import rules
from personae.report._crowd import DETAILED, AttributeRow, Crowd, attribute_rows
from personae.report._exposure import Exposure, exposure_of
from personae.report._file import TEMPLATES, styled, write_page
from personae.report._quality import Measured, measured_of
from personae.report._text import shown
from personae.report._views import LONGEST, Card, Desk, cards_of
from personae.report._words import count, listing, moment, number, unanswered
from personae.report.contents import Report, Subject

LINES = 5  # lines of evidence for a claim, on a page about one person
LINES_EACH = 2  # the same on a page about many
REASONS = 12
ERRORS = 20
WORDS = 200  # characters of an error's place, reason or mend
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class PersonPage:
    """One person as the page shows them; `exposure` is left out on a page about many."""

    anchor: str
    name: str
    lines: int
    cards: tuple[Card, ...]
    exposure: Exposure | None

    @property
    def told(self) -> list[Card]:
        return [card for card in self.cards if card.told]

    @property
    def untold(self) -> list[Card]:
        return [card for card in self.cards if not card.told]


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template needs."""

    title: str
    you: bool
    lead: str
    aside: str
    crowd: Crowd
    people: tuple[PersonPage, ...]
    attributes: tuple[AttributeRow, ...]
    reasons: tuple[tuple[str, int], ...]
    errors: tuple[tuple[str, str, str], ...]  # where, reason, mend
    measured: Measured
    rules: tuple[tuple[str, str, str], ...]  # id, reason, attributes
    server: str  # host of a model that runs elsewhere
    made: str
    read_between: str
    unanswered: str


def style() -> str:
    """Return the style sheet that every page of this package carries."""
    return (TEMPLATES / "report.css").read_text(encoding="utf-8")


def render(report: Report) -> str:
    """Return the page as one HTML text."""
    return styled("report.html.j2", page=_page(report), report=report)


def write(report: Report, path: Path) -> Path:
    """Write the page in one step, readable by its owner only; raises `BadInput` where it cannot be written."""
    return write_page(render(report), path)


def _page(report: Report) -> Page:
    crowd = Crowd.of(report.people)
    many = crowd.n_people != 1
    you = report.purpose == "self-audit" and not many
    desk = Desk.of(report, you, LINES_EACH if many else LINES)
    people = tuple(
        _person(k, subject, desk, detailed=k < DETAILED, many=many) for k, subject in enumerate(crowd.listed)
    )
    rows = attribute_rows(crowd, desk) if many else ()
    lead, aside = _lead_many(crowd, rows) if many else _lead(people[0], you)
    tally = report.tally
    return Page(
        title=f"What {count(crowd.n_lines, 'line')} give away"
        if crowd.n_lines != 1
        else "What one line gives away",
        you=you,
        lead=lead,
        aside=aside,
        crowd=crowd,
        people=people,
        attributes=rows,
        reasons=tuple((shown(reason, WORDS), n) for reason, n in tally.reasons.most_common(REASONS)),
        errors=tuple(
            (shown(e.where, WORDS), shown(e.reason, WORDS), shown(e.mend, WORDS))
            for e in tally.errors[:ERRORS]
        ),
        measured=measured_of(report, desk),
        rules=_rules(crowd, desk),
        server=_server(report.model),
        made=moment(report.made),
        read_between=listing(
            [day for day in dict.fromkeys((moment(tally.first), moment(tally.last))) if day]
        ),
        unanswered=unanswered(crowd.silent),
    )


def _person(k: int, subject: Subject, desk: Desk, *, detailed: bool, many: bool) -> PersonPage:
    anchor = f"p{k + 1}" if many else "attribute"
    cards = cards_of(subject, anchor, desk)
    exposure = None if many else exposure_of(subject, desk)
    name = shown(subject.person, LONGEST)
    return PersonPage(anchor if detailed else "", name, subject.lines, cards, exposure)


def _lead(person: PersonPage, you: bool) -> tuple[str, str]:
    """Return the opening sentence, and what stands under it."""
    whom = "you" if you else "this person"
    start = f"From {count(person.lines, 'line')}"
    told = person.told
    labels = [card.label for card in person.untold if not card.main.silent]
    untold = f"Cannot be told: {listing(labels)}." if labels else ""
    if not told and not labels and person.untold:
        return (
            f"From {count(person.lines, 'line')}, the model told nothing about {whom}: it gave no answer.",
            "",
        )
    if not told:
        return f"{start}, nothing can be told about {whom} with enough certainty.", untold
    things = "one thing" if len(told) == 1 else f"these {number(len(told))} things"
    said = "; ".join(card.sentence for card in told if card.main.status != "inferred")
    guessed = "; ".join(card.sentence for card in told if card.main.status == "inferred")
    parts = [f"{start}, {things} can be told about {whom}."]
    parts += [f"In {'your' if you else 'their'} own words: {said}."] if said else []
    parts += [f"As a guess: {guessed}."] if guessed else []
    return " ".join(parts), f"{'A guess can be wrong. ' if guessed else ''}{untold}"


def _lead_many(crowd: Crowd, rows: tuple[AttributeRow, ...]) -> tuple[str, str]:
    if not crowd.n_people:
        return "No line of any person was read, so nothing can be told about anybody.", ""
    mean = crowd.n_told / crowd.n_people
    people = count(crowd.n_people, "person", "people")
    lead = f"From {count(crowd.n_lines, 'line')} by {people}, {mean:.1f} things can be told about each on average."
    often = [row.label for row in rows[:3] if row.neither < crowd.n_people]
    most = f"Told most often: {listing(often)}. " if often else ""
    return lead, most + "What somebody said outright and what was only guessed are counted apart."


def _rules(crowd: Crowd, desk: Desk) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (rule.id, rule.reason, listing([desk.label(name) for name in crowd.rules[rule.id]]))
        for rule in rules().rows
        if rule.id in crowd.rules
    )


def _server(model: str) -> str:
    """Return the host that the lines were sent to, empty when the model runs on this computer."""
    if not model.startswith(("http://", "https://")):
        return ""
    try:
        host = urlsplit(model).hostname or ""
    except ValueError:
        return shown(model, LONGEST)
    return "" if host in _HERE else shown(host, LONGEST)
