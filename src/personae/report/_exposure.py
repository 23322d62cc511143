"""Exposure of one person: which lines cost most, since when each attribute can be told, and from which source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from personae.people.records import Claim, Evidence, Trace
from personae.report import plots
from personae.report._text import shown
from personae.report._views import LONGEST, Desk, Key, found, line, lines_of, split
from personae.report._words import moment
from personae.report.contents import Subject

COSTLIEST = 10


@dataclass(frozen=True, slots=True)
class Costly:
    """One line and what it gives away: (attribute's label, share in words)."""

    body: Markup
    source: str
    when: str
    where: str
    gives: tuple[tuple[str, str], ...]
    bar: Markup


@dataclass(frozen=True, slots=True)
class Month:
    """What can be told from this moment on, and how many attributes that makes."""

    when: str
    labels: tuple[str, ...]
    total: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source: lines read (None where not counted), lines that give something away, and what they give away."""

    name: str
    lines: int | None
    telling: int
    labels: tuple[str, ...]
    percent: str
    bar: Markup


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the claims cost in lines, time and sources."""

    costly: tuple[Costly, ...]
    left_out: int
    picture: Markup | None
    months: tuple[Month, ...]
    undated: tuple[str, ...]
    sources: tuple[SourceRow, ...]


def exposure_of(subject: Subject, desk: Desk) -> Exposure:
    """Rank the lines, and place every attribute that can be told in time and source.

    Notes
    -----
    A line's cost is the sum over attributes of its weight in a claim that is shown (the largest where two claims of one
    attribute rest on it). An attribute counts as tellable from the first line with which the lines so far hold half of
    the claim's support; a stated one from its first statement.
    """
    lines = lines_of(subject.traces)
    weights: dict[Key, dict[str, float]] = defaultdict(dict)
    spans: dict[Key, list[tuple[int, int]]] = defaultdict(list)
    traces: dict[Key, Trace | None] = {}
    since: dict[str, datetime | None] = {}
    for claim in _told(subject):
        for evidence in claim.evidence:
            key = evidence.trace, evidence.where
            label = desk.label(claim.attribute)
            weights[key][label] = max(weights[key].get(label, 0.0), min(1.0, evidence.weight))
            spans[key] += evidence.spans
            traces[key] = found(evidence, lines)
        at = _tellable(claim, lines)
        known = since.get(desk.label(claim.attribute))
        since[desk.label(claim.attribute)] = min(at, known) if at and known else at or known
    ranked = sorted(weights, key=lambda key: -sum(weights[key].values()))
    top = sum(weights[ranked[0]].values()) if ranked else 1.0
    costly = tuple(_costly(key, traces[key], spans[key], weights[key], top) for key in ranked[:COSTLIEST])
    months = tuple(_months(since))
    return Exposure(
        costly, max(0, len(ranked) - COSTLIEST), _picture(subject, since), months,
        tuple(label for label, at in since.items() if at is None), _sources(subject, weights, traces),
    )  # fmt: skip


def _told(subject: Subject) -> Iterator[Claim]:
    for name in dict.fromkeys(claim.attribute for claim in subject.claims):
        current, _ = split([claim for claim in subject.claims if claim.attribute == name])
        yield from (claim for claim in current if not claim.abstained)


def _tellable(claim: Claim, lines: dict[Key, Trace]) -> datetime | None:
    dated = sorted(_dated(claim, lines), key=lambda pair: pair[0])
    half = min(1.0, sum(evidence.weight for evidence in claim.evidence)) / 2
    reached = 0.0
    for at, evidence in dated:
        reached += evidence.weight
        if reached >= half or claim.status == "stated":
            return at
    return None


def _dated(claim: Claim, lines: dict[Key, Trace]) -> Iterator[tuple[datetime, Evidence]]:
    for evidence in claim.evidence:
        trace = found(evidence, lines)
        if trace and trace.time:
            yield trace.time, evidence


def _costly(
    key: Key, trace: Trace | None, spans: list[tuple[int, int]], gives: dict[str, float], top: float
) -> Costly:
    cost = sum(gives.values())
    return Costly(
        line(trace, spans),
        shown(trace.source, LONGEST) if trace else "",
        moment(trace.time) if trace else "",
        shown(key[1] or (trace.where if trace else ""), LONGEST),
        tuple(
            (label, "by itself" if weight >= 0.995 else plots.percent(max(weight, 0.0)))
            for label, weight in sorted(gives.items(), key=lambda pair: -pair[1])
        ),
        plots.share_bar(cost / top if top > 0 else 0.0, label=f"Cost {cost:.2f} attributes"),
    )


def _months(since: dict[str, datetime | None]) -> Iterator[Month]:
    months: dict[tuple[int, int], list[str]] = defaultdict(list)
    for label, at in since.items():
        if at:
            months[at.year, at.month].append(label)
    total = 0
    for year, month in sorted(months):
        total += len(months[year, month])
        yield Month(f"{datetime(year, month, 1):%B} {year}", tuple(months[year, month]), total)


def _picture(subject: Subject, since: dict[str, datetime | None]) -> Markup | None:
    dated = sorted((at, label) for label, at in since.items() if at)
    if not dated:
        return None
    steps = [plots.Step(_year(at), k + 1, (label,)) for k, (at, label) in enumerate(dated)]
    start = min(_year(subject.first or dated[0][0]), steps[0].at)
    end = max(_year(subject.last or dated[-1][0]), steps[-1].at)
    return plots.timeline(steps, start, end, title="Attributes that can be told, by year")


def _year(at: datetime) -> float:
    return at.year + (at.timetuple().tm_yday - 1) / 366


def _sources(
    subject: Subject, weights: dict[Key, dict[str, float]], traces: dict[Key, Trace | None]
) -> tuple[SourceRow, ...]:
    cost: dict[str, float] = defaultdict(float, {name: 0.0 for name, _ in subject.sources})
    telling: dict[str, int] = defaultdict(int)
    labels: dict[str, dict[str, None]] = defaultdict(dict)
    for key, gives in weights.items():
        trace = traces[key]
        name = trace.source if trace else "not kept"
        cost[name] += sum(gives.values())
        telling[name] += 1
        labels[name].update(dict.fromkeys(gives))
    total, read = sum(cost.values()) or 1.0, dict(subject.sources)
    return tuple(
        SourceRow(
            shown(name, LONGEST), read.get(name), telling[name], tuple(labels[name]),
            plots.percent(part / total), plots.share_bar(part / total),
        )
        for name, part in sorted(cost.items(), key=lambda pair: -pair[1])[:COSTLIEST]
    )  # fmt: skip
