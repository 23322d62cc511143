"""Conditions and sums over columns, such as `age over 30 and city is Porto`: parsed here, run apart, never as code.

A condition is parsed into a closed tree of columns of the table, numbers, quoted or bare values and the operators below;
whatever does not fit is an error, and nothing of the text itself reaches the database. The tree is written as SQL with
numbered columns and bound values, and runs in a process of its own: DuckDB in memory with external access off, after which
the process may open no file and no socket, and has limits of time and memory.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.ask.table import Look, Table
from personae.errors import BadInput
from personae.models.answers import nearest

SECONDS = 10
MEMORY_MB = 1024
LONGEST = 500  # characters of a condition
DEEPEST = 20  # brackets inside brackets
GRAMMAR = (
    'Write such as: age over 30 and city is Porto; "hours per week" >= 40 or not (job in (a, b)); absences / age. '
    "Words: and, or, not, is, is not, over, under, at least, at most, between, in, contains, is missing; "
    "signs: = != < <= > >= + - * /; functions: abs, ln, round, length."
)
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|"(?P<column>[^"]*)"|'(?P<value>[^']*)'|(?P<word>[^\W\d][\w.-]*)|(?P<sign><=|>=|!=|<>|[=<>()+*/,-]))"""
)
_WORDED = (
    (("is", "not", "missing"), "filled"), (("is", "missing"), "missing"), (("is", "not"), "!="), (("is",), "="),
    (("equals",), "="), (("over",), ">"), (("above",), ">"), (("more", "than"), ">"), (("greater", "than"), ">"),
    (("under",), "<"), (("below",), "<"), (("less", "than"), "<"), (("fewer", "than"), "<"), (("at", "least"), ">="),
    (("at", "most"), "<="), (("between",), "between"), (("contains",), "contains"), (("in",), "in"),
)  # fmt: skip
_SIGNS = {"=": "=", "!=": "<>", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_FUNCTIONS = ("abs", "ln", "round", "length")
_WORKER = Path(__file__).with_name("_worker.py")


@dataclass(frozen=True, slots=True)
class Compiled:
    """SQL over columns c0, c1, ... with ? for values, the columns in that order, and the values."""

    sql: str
    columns: tuple[str, ...]
    values: tuple[str | float, ...]


def derive(expression: str, table: Table) -> NDArray[Any]:
    """Return a condition (1.0, 0.0, NaN where it cannot be told) or a sum for each row, shape (n_rows,).

    Raises
    ------
    BadInput
        When the expression does not parse, names no column, or runs out of time or memory.
    """
    compiled = compile_expression(expression, table.look())
    columns = [_plain(table.columns[name]) for name in compiled.columns]
    return run_apart(compiled.sql, columns, compiled.values)


def columns_of(expression: str, look: Look) -> tuple[str, ...]:
    """Return the columns that an expression names."""
    return compile_expression(expression, look).columns


def compile_expression(expression: str, look: Look) -> Compiled:
    """Parse an expression over a table's columns.

    Examples
    --------
    >>> from personae.ask.table import table_of
    >>> look = table_of({"age": [20, 40, 50], "city": ["Porto", "Bern", "Bern"]}).look()
    >>> compile_expression("age over 30 and city is Bern", look)
    Compiled(sql='((c0 > ?) AND (c1 = ?))', columns=('age', 'city'), values=(30.0, 'Bern'))
    """
    if len(expression) > LONGEST:
        raise BadInput(f"The condition is longer than {LONGEST} characters.")
    parser = _Parser(list(_tokens(expression)), look)
    sql = parser.either(0)
    if parser.place != len(parser.tokens):
        raise BadInput(f"The condition cannot be read beyond its word {parser.place + 1}. {GRAMMAR}")
    if not parser.columns:
        raise BadInput(f"The condition names no column. {GRAMMAR}")
    return Compiled(sql, tuple(parser.columns), tuple(parser.values))


def run_apart(sql: str, columns: list[list[Any]], values: tuple[str | float, ...]) -> NDArray[Any]:
    """Run compiled SQL in the sandboxed process and return one number a row.

    Raises
    ------
    BadInput
        When it fails there, or runs out of time or memory; the message quotes nothing of the rows.
    """
    asked = json.dumps(
        {"sql": sql, "columns": columns, "values": values, "seconds": SECONDS, "memory_mb": MEMORY_MB}
    )
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_WORKER)],
            input=asked, capture_output=True, text=True, timeout=2 * SECONDS, check=False, env={}, cwd="/",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode != 0:
        raise BadInput(
            f"The condition could not be worked out: it compares a number with words, or takes over {SECONDS} s or "
            f"{MEMORY_MB} MB. {GRAMMAR}"
        )
    found = json.loads(done.stdout)
    return np.array([np.nan if value is None else float(value) for value in found])


def _plain(values: NDArray[Any]) -> list[Any]:
    if values.dtype.kind == "f":
        return [None if np.isnan(value) else value for value in values.tolist()]
    return [None if value is None else str(value) for value in values.tolist()]


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if not found:
            raise BadInput(
                f"The condition has a sign that means nothing here, at character {place + 1}. {GRAMMAR}"
            )
        kind = str(found.lastgroup)
        yield kind, found[kind]
        place = found.end()


class _Parser:
    """Recursive descent over: either := both (or both)*; both := negated (and negated)*; negated := not? comparison."""

    def __init__(self, tokens: list[tuple[str, str]], look: Look) -> None:
        self.tokens = tokens
        self.look = look
        self.place = 0
        self.columns: list[str] = []
        self.values: list[str | float] = []

    def either(self, depth: int) -> str:
        return self._joined("or", self.both, depth)

    def both(self, depth: int) -> str:
        return self._joined("and", self.negated, depth)

    def negated(self, depth: int) -> str:
        if depth > DEEPEST:
            raise BadInput(f"The condition has more than {DEEPEST} brackets inside brackets.")
        return f"(NOT {self.negated(depth + 1)})" if self._take("not") else self.comparison(depth)

    def comparison(self, depth: int) -> str:
        left = self.sum(depth)
        sign = self._sign()
        if not sign:
            return left
        if sign in ("missing", "filled"):
            return f"({left} IS {'NOT ' if sign == 'filled' else ''}NULL)"
        if sign == "between":
            low = self.sum(depth, is_value=True)
            self._need("and")
            return f"({left} BETWEEN {low} AND {self.sum(depth, is_value=True)})"
        if sign == "in":
            self._need("(")
            listed = [self.atom(depth, is_value=True)]
            while self._take(","):
                listed.append(self.atom(depth, is_value=True))
            self._need(")")
            return f"({left} IN ({', '.join(listed)}))"
        right = self.sum(depth, is_value=True)
        return f"contains({left}, {right})" if sign == "contains" else f"({left} {_SIGNS[sign]} {right})"

    def sum(self, depth: int, *, is_value: bool = False) -> str:
        return self._chain(
            ("+", "-"), lambda: self._chain(("*", "/"), lambda: self.atom(depth, is_value=is_value))
        )

    def atom(self, depth: int, *, is_value: bool = False) -> str:
        if depth > DEEPEST:
            raise BadInput(f"The condition has more than {DEEPEST} brackets inside brackets.")
        if self._take("-"):
            return f"(-{self.atom(depth + 1)})"
        if self._take("("):
            inner = self.either(depth + 1)
            self._need(")")
            return inner
        kind, text = self._next()
        if kind == "number":
            return self._value(float(text))
        if kind == "value":
            return self._value(text)
        if kind == "word" and text in _FUNCTIONS and self._take("("):
            inner = self.sum(depth + 1)
            self._need(")")
            return f"ln(nullif(greatest({inner}, 0), 0))" if text == "ln" else f"{text}({inner})"
        if kind in ("column", "word") and text in self.look:
            return self._column(text)
        if kind == "word" and is_value:
            return self._value(text)
        close = nearest(text, [column.name for column in self.look.columns], 0.6)
        hint = f" Nearest column: {close}." if close else ""
        raise BadInput(f"Word {self.place} of the condition is no column of the table.{hint} {GRAMMAR}")

    def _joined(self, word: str, part: Any, depth: int) -> str:
        parts = [part(depth)]
        while self._take(word):
            parts.append(part(depth))
        return parts[0] if len(parts) == 1 else f"({f' {word.upper()} '.join(parts)})"

    def _chain(self, signs: tuple[str, ...], part: Any) -> str:
        sql = str(part())
        while (sign := next((sign for sign in signs if self._take(sign)), "")) != "":
            right = part()
            sql = f"({sql} / nullif({right}, 0))" if sign == "/" else f"({sql} {sign} {right})"
        return sql

    def _sign(self) -> str:
        kind, text = self.tokens[self.place] if self.place < len(self.tokens) else ("", "")
        if kind == "sign" and text in _SIGNS:
            self.place += 1
            return text
        for said, sign in _WORDED:
            here = self.tokens[self.place : self.place + len(said)]
            if [("word", word) for word in said] == [(kind, text.lower()) for kind, text in here]:
                self.place += len(said)
                return sign
        return ""

    def _column(self, name: str) -> str:
        if name not in self.columns:
            self.columns.append(name)
        return f"c{self.columns.index(name)}"

    def _value(self, value: str | float) -> str:
        self.values.append(value)
        return "?"

    def _take(self, text: str) -> bool:
        if self.place >= len(self.tokens):
            return False
        kind, here = self.tokens[self.place]
        if kind in ("word", "sign") and here.lower() == text:
            self.place += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise BadInput(f"The condition lacks {text!r} at its word {self.place + 1}. {GRAMMAR}")

    def _next(self) -> tuple[str, str]:
        if self.place >= len(self.tokens):
            raise BadInput(f"The condition ends too early. {GRAMMAR}")
        self.place += 1
        return self.tokens[self.place - 1]
