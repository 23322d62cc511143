"""One number for what an attack reveals: how many records drawn straight from the population would tell as much.

Source: Suri, Evans (2022), arXiv 2109.06024, section 4 (theorem on ratios of a binary property, and its inversion).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from personae.errors import BadInput
from personae.metrics.intervals import Interval

Affinity = Callable[[float, float], float]


@dataclass(frozen=True, slots=True)
class Leak:
    """Records leaked, with the interval that finite victims leave; `value` and `high` may be infinite.

    >>> str(Leak(math.inf, 3.2, math.inf)), str(Leak(1.5, 0.8, 2.9))
    ('> 3.2', '1.5')
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"> {self.low:.2g}" if math.isinf(self.value) else f"{self.value:.2g}"


def ratio_affinity(first: float, second: float) -> float:
    """Return max(min / max, (1 - max) / (1 - min)) of two shares of a binary property: 1 where equal, 0 for 0 and 1."""
    low, high = sorted((first, second))
    if not 0 <= low <= high <= 1:
        raise BadInput(f"Shares {first:g} and {second:g}: give numbers between 0 and 1.")
    if low == high:
        return 1.0
    return max(low / high, (1 - high) / (1 - low))


def poisson_affinity(first: float, second: float) -> float:
    """Return exp(-(sqrt(first) - sqrt(second))^2), the squared Bhattacharyya coefficient of two Poisson degrees.

    >>> round(poisson_affinity(9, 13), 3)
    0.693
    """
    if min(first, second) < 0:
        raise BadInput(f"Mean degrees {first:g} and {second:g}: give positive numbers.")
    return math.exp(-((math.sqrt(first) - math.sqrt(second)) ** 2))


def most_accuracy(first: float, second: float, n: int, *, affinity: Affinity = ratio_affinity) -> float:
    """Return the most that n records can tell two populations apart: 1/2 + 1/2 sqrt(1 - affinity^n).

    Examples
    --------
    >>> round(most_accuracy(0.5, 0.2, 1), 3), round(most_accuracy(0.5, 0.2, 10), 3)
    (0.806, 0.998)
    """
    return 0.5 + 0.5 * math.sqrt(1 - affinity(first, second) ** n)


def leak(omega: Interval, first: float, second: float, *, affinity: Affinity = ratio_affinity) -> Leak:
    """Return n_leaked of an attack's distinguishing accuracy.

    Parameters
    ----------
    omega : Interval
        Share of right guesses, in [0, 1]; below one half counts as one half.
    first, second : float
        What tells the two populations apart, such as the share of women.
    affinity : callable
        What is left of the populations' overlap with each record; the bound is 1/2 + 1/2 sqrt(1 - affinity^n).

    Notes
    -----
    n_leaked = ln(1 - (2 omega - 1)^2) / ln(affinity): infinite at omega = 1, otherwise 0 where one record tells all (affinity 0).

    Raises
    ------
    BadInput
        When omega or an end of its interval is no share, NaN included.

    Examples
    --------
    >>> round(leak(Interval(0.9, 0.8, 1.0, 100, 100), 0.5, 0.2).value, 2)
    2.17
    """
    if not all(0 <= each <= 1 for each in (omega.value, omega.low, omega.high)):
        raise BadInput(
            f"omega {omega.value:g} ({omega.low:g} to {omega.high:g}): give shares between 0 and 1."
        )
    rest = affinity(first, second)
    return Leak(*(_records(each, rest) for each in (omega.value, omega.low, omega.high)))


def _records(omega: float, rest: float) -> float:
    gain = max(0.0, 2 * omega - 1)
    if rest >= 1 or gain == 0:
        return 0.0
    if gain >= 1:
        return math.inf
    return math.log(1 - gain * gain) / math.log(rest) if rest else 0.0
