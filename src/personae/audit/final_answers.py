"""Are two final answers to a mathematical question the same? Numbers, fractions and plain LaTeX, without a solver."""

from __future__ import annotations

import re
from fractions import Fraction

_BOXED = re.compile(r"\\(?:boxed|text|mathrm|mbox|textbf)\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([^{}]+)\}|(\d))\s*(?:\{([^{}]+)\}|(\d))")
_ROOT = re.compile(r"\\sqrt\s*(?:\{([^{}]+)\}|(\w))")
_ORNAMENT = re.compile(r"\\(?:left|right|displaystyle|,|;|!|:|quad|\$|%)|\^\s*\{?\\circ\}?|\\circ|[$°%]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:/\d+(?:\.\d+)?)?")
_IN_WORDS = re.compile(r"^[^\\]*(?<![^\W_])[^\W\d_]{2,}[^\\]*$")  # "45 kg", "Ana pays $45."; no LaTeX
_SAID = re.compile(r"(?:final answer|answer)\s*(?:is|:|=)+\s*(.+)", re.IGNORECASE)


def same_answer(given: str, gold: str) -> bool:
    """Whether a given final answer equals the right one.

    Examples
    --------
    >>> same_answer("$1,200.00", "1200"), same_answer(r"\\dfrac{3}{4}", "0.75"), same_answer("x=5", "5")
    (True, True, True)
    >>> same_answer("(1, 2)", "(2, 1)"), same_answer("", "0")
    (False, False)
    """
    ours, right = normal(given), normal(gold)
    if ours == right or _bare(ours) == _bare(right):
        return bool(ours)
    a, b = number(ours), number(right)
    if a is not None and b is not None:
        return abs(a - b) <= abs(b) * Fraction(1, 10**6)
    if b is not None and _IN_WORDS.search(given):
        found = _NUMBER.findall(_THOUSANDS.sub("", given).rstrip("."))
        return len(found) == 1 and number(found[0]) == b
    pieces, rights = ours.strip("()[]{}").split(","), right.strip("()[]{}").split(",")
    return len(pieces) == len(rights) > 1 and all(map(same_answer, pieces, rights))


def final_answer(text: str) -> str:
    """Return the final answer that a text names: the last boxed one, else what follows the last "answer is", else "".

    >>> final_answer("So the final answer is 12. Confidence: 80%")
    '12'
    """
    boxed = [content for content in _BOXED.findall(text) if content.strip()] if "\\boxed" in text else []
    if boxed:
        return str(boxed[-1]).strip()
    said = _SAID.findall(text)
    return re.split(r"\.(?:\s|$)|\n|(?i:confidence)", said[-1])[0].strip(" .*:") if said else ""


def number(text: str) -> Fraction | None:
    """Return the number that a normal answer is, None where it is something else."""
    if not _NUMBER.fullmatch(text):
        return None
    top, _, bottom = text.partition("/")
    return Fraction(top) if not bottom else Fraction(top) / Fraction(bottom) if Fraction(bottom) else None


def normal(answer: str) -> str:
    """Return an answer without what does not change its value: ornament, units in text, spaces, thousands commas."""
    text = re.sub(r"\\*[\"'`]+", "", answer).strip().strip(".").replace("−", "-")
    for _ in range(3):
        text = _BOXED.sub(r"\1", text)
        text = _FRACTION.sub(lambda m: f"{_inner(m[1] or m[2])}/{_inner(m[3] or m[4])}", text)
        text = _ROOT.sub(lambda m: f"sqrt({m[1] or m[2]})", text)
    text = _THOUSANDS.sub("", _ORNAMENT.sub("", text))
    return re.sub(r"\s+", "", text).strip(".").lower()


def _inner(text: str) -> str:
    return text if re.fullmatch(r"[\w.]+", text) else f"({text})"


def _bare(text: str) -> str:
    """Return what stands right of the last "=", without the words and signs that only dress it."""
    return re.sub(r"[{}*\\]|(?<=\d)[a-z]{3,}$", "", text.rsplit("=", 1)[-1])
