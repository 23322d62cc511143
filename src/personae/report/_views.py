"""Claims and traces as a page shows them: one card an attribute, one quote a line of evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from personae.people.attributes import ATTRIBUTES, Attribute
from personae.people.records import Claim, Evidence, Guess, Status, Trace
from personae.report import plots
from personae.report._text import marked, shown
from personae.report._words import (
    FEW,
    LANGUAGES,
    badge,
    clause,
    did,
    label_of,
    moment,
    odds,
    period,
    silence,
    value_of,
    within,
)
from personae.report.contents import Quality, Report, Subject

ALTERNATIVES = 3
FAINT = 0.03  # below this probability an alternative is not worth a line
HISTORY = 6
LONGEST = 90  # characters of a value or a name
_RANK = {"given": 0, "stated": 1, "inferred": 2}
Key = tuple[str, str]  # id and place of a trace


@dataclass(frozen=True, slots=True)
class Quote:
    """One line of evidence: what was written, where and when, and what it costs."""

    body: Markup
    source: str
    when: str
    where: str
    cost: str
    bar: Markup


@dataclass(frozen=True, slots=True)
class Other:
    """A guess that is not the best one."""

    value: str
    percent: str
    bar: Markup


@dataclass(frozen=True, slots=True)
class View:
    """One claim in plain language."""

    status: Status
    abstained: bool
    badge: str
    value: str
    percent: str
    words: str
    bar: Markup
    others: tuple[Other, ...]
    quotes: tuple[Quote, ...]
    left_out: int
    period: str
    measured: str
    reader: str
    silent: str


@dataclass(frozen=True, slots=True)
class Past:
    """A value that no longer holds."""

    value: str
    badge: str
    period: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """All that is said about one attribute; `sentence` is its main claim as part of a sentence."""

    anchor: str
    attribute: str
    label: str
    special: bool
    told: bool
    sentence: str
    main: View
    besides: tuple[View, ...]
    history: tuple[Past, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """What all cards of a page share: how it speaks, how many lines it shows, what was measured."""

    you: bool
    lines: int
    known: dict[str, Attribute]
    quality: dict[tuple[str, str], list[Quality]]
    model: str
    made: date | None = None

    @classmethod
    def of(cls, report: Report, you: bool, lines: int) -> Desk:
        quality: dict[tuple[str, str], list[Quality]] = {}
        for row in report.quality:
            if row.model == report.model:
                quality.setdefault((row.attribute, row.status), []).append(row)
        return cls(you, lines, {a.name: a for a in report.attributes}, quality, report.model, report.made)

    def measured(self, claim: Claim) -> list[Quality]:
        """Return the rows on claims of this attribute, status and method, else those on all attributes together."""
        rows = self.quality.get((claim.attribute, claim.status), [])
        kind = claim.method.partition(":")[0]
        own = [row for row in rows if row.method and row.method == kind]
        return own or [row for row in rows if not row.method] or self.quality.get(("all", claim.status), [])

    def label(self, name: str) -> str:
        return shown(label_of(name, self.known), LONGEST)


def cards_of(subject: Subject, anchor: str, desk: Desk) -> tuple[Card, ...]:
    """Return one card an attribute: what was said first, then guesses, the surest first; abstained ones last."""
    lines = lines_of(subject.traces)
    names = dict.fromkeys(claim.attribute for claim in subject.claims)
    cards = [
        _card(f"{anchor}-{k}", name, [c for c in subject.claims if c.attribute == name], lines, desk)
        for k, name in enumerate(names)
    ]
    return tuple(card for _, card in sorted(cards, key=lambda pair: pair[0]))


def lines_of(traces: Iterable[Trace]) -> dict[Key, Trace]:
    """Index traces by (id, where), and by (id, "") for evidence that names no place."""
    lines: dict[Key, Trace] = {}
    for trace in traces:
        lines.setdefault((trace.id, ""), trace)
        lines[trace.id, trace.where] = trace
    return lines


def found(evidence: Evidence, lines: dict[Key, Trace]) -> Trace | None:
    return lines.get((evidence.trace, evidence.where)) or lines.get((evidence.trace, ""))


def split(claims: Sequence[Claim]) -> tuple[list[Claim], list[Claim]]:
    """Return the claims that hold, one a status, best status first, and those they took the place of, newest first."""
    newest = sorted(claims, key=lambda c: (bool(c.superseded_by), c.valid_to is not None, -_start(c)))
    now: dict[str, Claim] = {}
    past = []
    for claim in newest:
        if claim.superseded_by or claim.status in now:
            past.append(claim)
        else:
            now[claim.status] = claim
    current = sorted(now.values(), key=lambda c: (c.abstained, _RANK[c.status]))
    return current or past[:1], past if current else past[1:]


def _card(
    anchor: str, name: str, claims: Sequence[Claim], lines: dict[Key, Trace], desk: Desk
) -> tuple[tuple[bool, int, float], Card]:
    """Return the card and its place in the order."""
    current, past = split(claims)
    main, chosen = current[0], desk.known.get(name) or ATTRIBUTES.get(name)
    best = shown(main.best.value, LONGEST) if main.best else ""
    values = {claim.best.value for claim in current if claim.best}
    card = Card(
        anchor,
        name,
        desk.label(name),
        bool(chosen and chosen.special),
        not main.abstained,
        clause(name, desk.label(name), best, desk.you),
        _view(main, lines, desk),
        tuple(_view(claim, lines, desk) for claim in current[1:]),
        tuple(_past(c, lines, desk) for c in past if c.best and c.best.value not in values)[:HISTORY],
    )
    return (main.abstained, _RANK[main.status], -(main.best.probability if main.best else 0.0)), card


def _view(claim: Claim, lines: dict[Key, Trace], desk: Desk) -> View:
    best = claim.best
    share = best.probability if best else 0.0
    evidence = sorted(claim.evidence, key=lambda e: -e.weight)
    rows = desk.measured(claim)
    return View(
        claim.status,
        claim.abstained,
        badge(claim.status, desk.you, claim.method),
        shown(value_of(claim.attribute, best.value), LONGEST) if best else "",
        plots.percent(share),
        _words(claim, share, any(row.told for row in rows)),
        plots.probability_bar(share, tone="none" if claim.abstained else claim.status),
        tuple(
            _other(claim, guess)
            for guess in claim.guesses[1 : 1 + ALTERNATIVES]
            if guess.probability >= FAINT
        ),
        tuple(_quote(e, claim.status, lines) for e in evidence[: desk.lines]),
        max(0, len(evidence) - desk.lines),
        period(claim, desk.made),
        measured(rows) + _elsewhere(claim, rows),
        shown(", ".join(dict.fromkeys(x for x in (claim.method, claim.model) if x)), LONGEST),
        silence(claim),
    )


def _words(claim: Claim, share: float, checked: bool) -> str:
    if claim.status == "given":
        return "taken as true"
    if claim.abstained:
        return "too unsure to say"
    kind = "readings" if claim.status == "stated" else "guesses"
    if claim.method.endswith("uncalibrated"):
        return f"the model puts it at {odds(share)}: its own number, uncalibrated and unchecked"
    if checked:
        return f"{odds(share)} such {kind} are right"
    return f"the reader puts it at {odds(share)}, unchecked"


def _other(claim: Claim, guess: Guess) -> Other:
    bar = plots.share_bar(guess.probability, tone="none")
    return Other(
        shown(value_of(claim.attribute, guess.value), LONGEST), plots.percent(guess.probability), bar
    )


def _past(claim: Claim, lines: dict[Key, Trace], desk: Desk) -> Past:
    quotes = tuple(_quote(evidence, claim.status, lines) for evidence in claim.evidence[:1])
    value = value_of(claim.attribute, claim.best.value) if claim.best else ""
    return Past(shown(value, LONGEST), badge(claim.status, desk.you), period(claim), quotes)


def _quote(evidence: Evidence, status: Status, lines: dict[Key, Trace]) -> Quote:
    trace = found(evidence, lines)
    body = line(trace, evidence.spans)
    where = evidence.where or (trace.where if trace else "")
    return Quote(
        body,
        shown(trace.source, LONGEST) if trace else "",
        moment(trace.time) if trace else "",
        shown(where, LONGEST),
        cost_words(evidence.weight, status),
        plots.share_bar(evidence.weight, label=f"Cost of this line: {plots.percent(evidence.weight)}"),
    )


def line(trace: Trace | None, spans: Sequence[tuple[int, int]]) -> Markup:
    """Return what the trace says, telling words marked; what it did where it has no text."""
    if trace is None:
        return Markup("<i>The text of this line was not kept with the claim.</i>")
    return marked(trace.text, spans) if trace.text.strip() else marked(did(trace))


def cost_words(weight: float, status: Status) -> str:
    """Say what a line costs: how much of the claim falls away without it."""
    if status == "stated" or weight >= 0.995:
        return "this line alone gives it away"
    return f"{plots.percent(max(weight, 0.0))} less without this line"


def measured(rows: Sequence[Quality]) -> str:
    """Say how often such claims were right, on at most two corpora, the largest first."""
    said = []
    for row in sorted(rows, key=lambda r: (r.told is None, r.new_corpus, -r.n))[:2]:
        corpus = shown(row.corpus, 40)
        if row.told is None:
            said.append(f"{FEW} on {corpus} ({row.shown_n or row.n:,} checked)")
            continue
        share, n, low, high = row.told
        said.append(f"{plots.percent(share)} of {n:,} right on {corpus} (likely {within(low, high)})")
    together = " (all attributes together)" if rows and rows[0].attribute == "all" else ""
    return "; ".join(said) + together


def _elsewhere(claim: Claim, rows: Sequence[Quality]) -> str:
    """Say so where a claim was read by the rules of a language that they were not measured on."""
    code = claim.method.partition(":")[2] if claim.method.startswith(("stated:", "implied:")) else ""
    return f"; measured on English, and this was read in {LANGUAGES.get(code, code)}" if code and rows else ""


def _start(claim: Claim) -> float:
    moments = [at.timestamp() for at in (claim.valid_from, claim.time) if at]
    return moments[0] if moments else float("-inf")
