"""Many people on one page: totals over all of them in constant memory, the most exposed in detail."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from markupsafe import Markup

from personae.report import plots
from personae.report._views import Desk, split
from personae.report._words import silence
from personae.report.contents import Subject

LISTED = 200  # people in the index
DETAILED = 25  # people with cards of their own


@dataclass(frozen=True, slots=True)
class AttributeRow:
    """For how many people an attribute can be told, by kind of claim."""

    label: str
    stated: int
    inferred: int
    neither: int
    bar: Markup


@dataclass(slots=True)
class Crowd:
    """Totals over all people, and the `LISTED` most exposed ones, most exposed first."""

    n_people: int = 0
    n_lines: int = 0
    n_told: int = 0
    told: Counter[tuple[str, str]] = field(default_factory=Counter)  # (attribute, best status)
    rules: dict[str, dict[str, None]] = field(default_factory=dict)  # rule id: attributes it decided on
    silent: Counter[str] = field(default_factory=Counter)  # people about whom a model gave no answer, by why
    _heap: list[tuple[tuple[int, float], int, Subject]] = field(default_factory=list)

    @classmethod
    def of(cls, people: Iterable[Subject]) -> Crowd:
        crowd = cls()
        for subject in people:
            crowd._add(subject)
        return crowd

    @property
    def listed(self) -> list[Subject]:
        return [subject for _, _, subject in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]

    def _add(self, subject: Subject) -> None:
        self.n_people += 1
        self.n_lines += subject.lines
        self.silent.update({silence(claim) for claim in subject.claims if not claim.superseded_by} - {""})
        exposure, surety = 0, 0.0
        for name in dict.fromkeys(claim.attribute for claim in subject.claims):
            current, _ = split([claim for claim in subject.claims if claim.attribute == name])
            best = current[0]
            self.told[name, "neither" if best.abstained else best.status] += 1
            self.rules.setdefault(best.decision.partition(":")[0], {})[name] = None
            if not best.abstained:
                exposure += 1
                surety += best.guesses[0].probability
        self.n_told += exposure
        entry = (exposure, surety), -self.n_people, subject
        if len(self._heap) < LISTED:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)


def attribute_rows(crowd: Crowd, desk: Desk) -> tuple[AttributeRow, ...]:
    """Return one row an attribute, those told for most people first."""
    rows = []
    for name in dict.fromkeys(name for name, _ in crowd.told):
        stated = crowd.told[name, "stated"] + crowd.told[name, "given"]
        inferred = crowd.told[name, "inferred"]
        share = (stated + inferred) / crowd.n_people
        label = f"{plots.percent(share)} of the people"
        bar = plots.share_bar(share, tone="cost", label=label)
        rows.append(AttributeRow(desk.label(name), stated, inferred, crowd.n_people - stated - inferred, bar))
    return tuple(sorted(rows, key=lambda row: row.neither))
