"""What can be checked in a written solution without knowing the answer: its sums, where its numbers come from, its end.

Solutions are written as in Cobbe et al. (2021), "Training Verifiers to Solve Math Word Problems", arXiv 2110.14168: each
calculation stands as <<16-3=13>>, and the last line as "A: 13".
"""

from __future__ import annotations

import ast
import math
import operator
import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

CHECKS = (
    "steps", "wrong sums", "numbers from nowhere", "numbers of the question unused", "share of them unused", "results unused",
    "no final number", "final number not whole", "final number below zero", "final number not the last result",
    "final number stands in the question", "characters", "lines", "size of the final number", "steps less numbers given",
    "results below zero", "a step twice", "a result not whole",
)  # fmt: skip
_STEP = re.compile(r"<<([^=<>]*)=([^<>]*)>>")
_FINAL = re.compile(r"A:\s*(.*)")
_NUMBER = re.compile(r"\d[\d,]*\.?\d*|\.\d+")
_WORD = re.compile(r"[a-z]+")
_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "dozen": 12, "twenty": 20, "hundred": 100, "thousand": 1000, "half": 0.5, "quarter": 4, "third": 3, "twice": 2,
    "double": 2, "triple": 3, "week": 7,
}  # fmt: skip
_COMMON = frozenset(
    {0.01, 0.5, 1, 2, 7, 12, 24, 30, 52, 60, 100, 365}
)  # of no question in particular: percents, units, halves
_OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip


def arithmetic_checks(question: str, solution: str) -> NDArray[np.float64]:
    """Return what `CHECKS` names, an array of shape (len(CHECKS),); counts of characters and sizes as logs of one plus them.

    >>> found = arithmetic_checks("Ana has 3 pens and buys 4.", "3+4=<<3+4=8>>8 pens\\nA: 8")
    >>> dict(zip(CHECKS, found.tolist()))["wrong sums"]
    1.0
    """
    return np.array(_checked(question, solution), dtype=float)


@lru_cache(maxsize=50_000)
def _checked(question: str, solution: str) -> tuple[float, ...]:
    given = _numbers(question)
    steps = [(expression, _number(result)) for expression, result in _STEP.findall(solution)]
    results = [result for _, result in steps if result is not None]
    known, used = set(given), set()
    n_wrong = n_nowhere = 0
    for expression, result in steps:
        value = evaluate(expression)
        n_wrong += value is None or result is None or abs(value - result) > 0.01 * max(1.0, abs(result))
        parts = {number for found in _NUMBER.findall(expression) if (number := _number(found)) is not None}
        used |= parts & known
        n_nowhere += len(parts - known - _COMMON)
        known |= {result} if result is not None else set()
    final = final_number(solution)
    unused, earlier = given - used, set(results[:-1])
    return (
        len(steps), n_wrong, n_nowhere, len(unused), len(unused) / max(1, len(given)), len(earlier - used),
        final is None, final is not None and final != int(final), final is not None and final < 0,
        bool(final is not None and results and abs(final - results[-1]) > 1e-6), final in given,
        math.log1p(len(solution)), solution.count("\n") + 1, math.log1p(abs(final or 0.0)), len(steps) - len(given),
        sum(result < 0 for result in results), len({expression for expression, _ in steps}) < len(steps),
        any(result != int(result) for result in results),
    )  # fmt: skip


def final_number(solution: str) -> float | None:
    """Return the number on the solution's last "A:" line, None where there is none.

    >>> final_number("3+4=7\\nA: $1,007")
    1007.0
    """
    said = _FINAL.findall(solution)
    found = _NUMBER.findall(said[-1]) if said else []
    value = _number(found[-1]) if found else None
    return -value if value is not None and f"-{found[-1]}" in said[-1] else value


def evaluate(expression: str) -> float | None:
    """Return the value of a sum of plain numbers, None where it is anything else; nothing but + - * / is run.

    >>> evaluate("(16-3)*$2"), evaluate("10%*50"), evaluate("2**9")
    (26.0, 5.0, None)
    """
    plain = expression.replace(",", "").replace("$", "").replace("x", "*").replace("%", "/100").strip()
    try:
        value = _value(ast.parse(plain, mode="eval").body) if len(plain) <= 100 else math.inf
        return value if math.isfinite(value) else None
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError, RecursionError):
        return None


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return float(_OPERATORS[type(node.op)](_value(node.left), _value(node.right)))
    raise ValueError("not a sum of plain numbers")


def _numbers(text: str) -> set[float]:
    written = {number for found in _NUMBER.findall(text) if (number := _number(found)) is not None}
    return written | {float(_WORDS[word]) for word in _WORD.findall(text.lower()) if word in _WORDS}


def _number(text: str) -> float | None:
    digits = text.replace(",", "").strip("$ .%")
    try:
        value = float(digits)
    except ValueError:
        return None
    return value if abs(value) < 1e15 else None
