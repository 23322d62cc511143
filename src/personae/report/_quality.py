"""How good such guesses are: measured rows as a page shows them, misses included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from personae.report import plots
from personae.report._text import shown
from personae.report._views import Desk
from personae.report._words import FEW, within
from personae.report.contents import Quality, Report

_KIND = {"stated": "said", "inferred": "guessed", "given": "entered"}


@dataclass(frozen=True, slots=True)
class QualityRow:
    """One measured row in plain language."""

    label: str
    status: str
    kind: str
    n: int
    accuracy: str
    span: str
    picture: Markup
    baseline: str
    shown: str
    error: str
    beats: bool


@dataclass(frozen=True, slots=True)
class Corpus:
    """All rows of one collection."""

    name: str
    new: bool
    rows: tuple[QualityRow, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """The reliability picture of one attribute and kind of claim, one line a corpus."""

    label: str
    kind: str
    names: tuple[str, ...]
    picture: Markup


@dataclass(frozen=True, slots=True)
class Measured:
    """The whole section; `others` are rows of other readers, for comparison."""

    corpora: tuple[Corpus, ...]
    figures: tuple[Figure, ...]
    others: tuple[tuple[str, Corpus], ...]


def measured_of(report: Report, desk: Desk) -> Measured:
    own = [row for row in report.quality if row.model == report.model]
    models = dict.fromkeys(row.model for row in report.quality if row.model != report.model)
    others = tuple(
        (shown(model, 60), corpus)
        for model in models
        for corpus in _corpora([row for row in report.quality if row.model == model], desk)
    )
    return Measured(_corpora(own, desk), _figures(own, desk), others)


def _corpora(rows: Sequence[Quality], desk: Desk) -> tuple[Corpus, ...]:
    names = dict.fromkeys((row.corpus, row.new_corpus) for row in rows)
    return tuple(
        Corpus(
            shown(name, 40),
            new,
            tuple(_row(row, desk) for row in rows if (row.corpus, row.new_corpus) == (name, new)),
        )
        for name, new in sorted(names, key=lambda pair: pair[1])
    )


def _row(row: Quality, desk: Desk) -> QualityRow:
    return QualityRow(
        _label(row.attribute, desk),
        row.status,
        _KIND[row.status],
        row.n,
        FEW if row.low is None else plots.percent(row.accuracy),
        within(row.low, row.high),
        Markup("")
        if row.low is None or row.high is None
        else plots.interval(row.accuracy, row.low, row.high, baseline=row.baseline),
        "" if row.baseline is None or row.low is None else plots.percent(row.baseline),
        _shown(row),
        ""
        if row.calibration_error is None or row.low is None
        else f"{100 * row.calibration_error:.0f} points",
        row.beats_baseline,
    )


def _shown(row: Quality) -> str:
    if row.shown is None:
        return ""
    ends = within(row.shown_low, row.shown_high)
    return f"{plots.percent(row.shown)} of {row.shown_n:,} ({ends})" if ends else f"{FEW} ({row.shown_n:,})"


def _figures(rows: Sequence[Quality], desk: Desk) -> tuple[Figure, ...]:
    kinds = dict.fromkeys((row.attribute, row.status) for row in rows if row.bins)
    figures = []
    for name, status in kinds:
        drawn = [row for row in rows if (row.attribute, row.status) == (name, status) and row.bins][:4]
        series = [(shown(row.corpus, 40), row.bins) for row in drawn]
        title = f"{_label(name, desk)}, {_KIND[status]}: probability claimed against share right"
        names = tuple(corpus for corpus, _ in series)
        figures.append(
            Figure(_label(name, desk), _KIND[status], names, plots.reliability(series, title=title))
        )
    return tuple(figures)


def _label(name: str, desk: Desk) -> str:
    return "All together" if name == "all" else desk.label(name)
