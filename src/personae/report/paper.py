"""A paper's results rows as an HTML table: what was measured here beside what was published."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Protocol

from markupsafe import Markup

from personae.report._text import shown


class ResultsRow(Protocol):
    """One row of results.json: `personae.papers.harness.Comparison` is one."""

    @property
    def setting(self) -> str: ...
    @property
    def metric(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def n(self) -> int | None: ...
    @property
    def paper(self) -> float | None: ...
    @property
    def source(self) -> str: ...
    @property
    def bar(self) -> str: ...
    @property
    def met(self) -> bool | None: ...


_HEADS = ("Setting", "Metric", "Method", "Here", "95% interval", "n", "Paper", "Difference", "Bar")
_NUMERIC = frozenset({"Here", "95% interval", "n", "Paper", "Difference"})


def results_table(rows: Iterable[ResultsRow], *, caption: str = "", digits: int = 3) -> Markup:
    """Return the rows as a table; a missed bar says so in words, and a value that could not be measured shows a dash."""
    head = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_numeric(head), head) for head in _HEADS
    )
    body = Markup("\n").join(_row(row, digits) for row in rows)
    title = Markup("<caption>{}</caption>\n").format(shown(caption)) if caption else Markup("")
    return Markup(
        "<table>\n{}<thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody></table>"
    ).format(title, head, body)  # fmt: skip


def _row(row: ResultsRow, digits: int) -> Markup:
    cells = (
        row.metric,
        row.method,
        _number(row.value, digits),
        "" if row.low is None else f"{_number(row.low, digits)} to {_number(row.high, digits)}",
        "" if row.n is None else f"{row.n:,}",
        _paper(row, digits),
        "" if row.paper is None else _number(row.value - row.paper, digits, sign="+"),
        row.bar if row.met or not row.bar else f"{row.bar}: missed",
    )
    body = Markup("").join(
        Markup("<td{}>{}</td>").format(_numeric(head), shown(cell))
        for head, cell in zip(_HEADS[1:], cells, strict=True)
    )
    return Markup('<tr><th scope="row">{}</th>{}</tr>').format(shown(row.setting), body)


def _paper(row: ResultsRow, digits: int) -> str:
    if row.paper is None:
        return ""
    return f"{_number(row.paper, digits)} ({row.source})" if row.source else _number(row.paper, digits)


def _number(value: float | None, digits: int, sign: str = "") -> str:
    return "–" if value is None or math.isnan(value) else f"{value:{sign}.{digits}f}"


def _numeric(head: str) -> Markup:
    return Markup(' class="n"') if head in _NUMERIC else Markup("")
