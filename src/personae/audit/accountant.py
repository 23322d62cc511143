"""What noisy gradient steps promise: the (epsilon, delta) of the subsampled Gaussian mechanism.

Source: Mironov, Talwar, Zhang (2019), "Rényi Differential Privacy of the Sampled Gaussian Mechanism", arXiv 1908.10530,
section 3.3 (whole orders); conversion by Canonne, Kamath, Steinke (2020), "The Discrete Gaussian for Differential Privacy",
arXiv 2004.00010, proposition 12. Several records at once: Choquette-Choo, Ganesh, Steinke, Thakurta (2023), "Privacy
Amplification for Matrix Mechanisms", arXiv 2310.15526, section 4 (mixtures of Gaussians).
"""

from __future__ import annotations

import math

import numpy as np

from personae.errors import BadInput

_ORDERS = (*range(2, 64), 80, 96, 128, 192, 256, 512)
_GROUP_ORDERS = (1.02, 1.05, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 48, 64)


def epsilon(multiplier: float, *, rate: float, steps: int, delta: float) -> float:
    """Return the epsilon that so many noisy steps hold at `delta`, for one record more or less.

    Parameters
    ----------
    multiplier : float
        Standard deviation of the noise over the clipping norm; 0 gives infinity.
    rate : float in (0, 1]
        Chance of each record to be in a step, by itself.
    steps : int
    delta : float in (0, 1)

    Raises
    ------
    BadInput
        For any other number, NaN included.

    Notes
    -----
    At whole order a one step spends log(sum_k C(a, k) (1 - q)^(a - k) q^k exp((k^2 - k) / (2 s^2))) / (a - 1); steps add up.
    epsilon is the least over orders of spent + log((a - 1) / a) - (log delta + log a) / (a - 1).

    Examples
    --------
    >>> round(epsilon(1.0, rate=1.0, steps=1, delta=1e-5), 2), epsilon(0.0, rate=0.5, steps=1, delta=1e-5)
    (4.75, inf)
    """
    _check(multiplier, rate, steps, delta)
    if multiplier == 0:
        return math.inf
    return max(
        0.0, min(_converted(order, steps * _spent(order, multiplier, rate), delta) for order in _ORDERS)
    )


def group_epsilon(multiplier: float, *, rate: float, steps: int, delta: float, n_records: int) -> float:
    """Return the epsilon that the same steps hold for so many records at once, such as all of one person.

    Parameters
    ----------
    n_records : int
        Records that are in or out together; each is in a step by itself. The others are those of `epsilon`.

    Raises
    ------
    BadInput
        As `epsilon`, and for fewer than one record.

    Notes
    -----
    With b ~ Binomial(n_records, rate), a step shows no more than the mixture of N(b, s^2) does beside N(0, s^2). Its divergences
    in both directions, by the trapezoid rule, are added up and converted as in `epsilon`. Far less than n_records * epsilon at a
    delta that grows with exp(n_records * epsilon), which is what group privacy promises of any mechanism.

    Examples
    --------
    >>> one, ten = (group_epsilon(8, rate=0.25, steps=100, delta=1e-3, n_records=n) for n in (1, 10))
    >>> round(one, 1), round(ten, 1)
    (0.9, 15.6)
    """
    _check(multiplier, rate, steps, delta)
    if not (n_records >= 1 and n_records == int(n_records)):
        raise BadInput(f"{n_records} records: give a whole number of 1 or more.")
    if multiplier == 0:
        return math.inf
    return max(
        0.0,
        min(
            _converted(order, steps * _spent_by_many(order, multiplier, rate, n_records), delta)
            for order in _GROUP_ORDERS
        ),
    )


def _check(multiplier: float, rate: float, steps: int, delta: float) -> None:
    if not (multiplier >= 0 and 0 < rate <= 1 and steps >= 1 and steps == int(steps) and 0 < delta < 1):
        raise BadInput(
            f"multiplier {multiplier:g}, rate {rate:g}, {steps} steps, delta {delta:g}: give a multiplier of 0 or more, a "
            "rate in (0, 1], a whole number of steps, and a delta between 0 and 1."
        )


def _converted(order: float, spent: float, delta: float) -> float:
    """Return the epsilon at `delta` of a Rényi divergence."""
    return spent + math.log((order - 1) / order) - (math.log(delta) + math.log(order)) / (order - 1)


def _spent(order: int, multiplier: float, rate: float) -> float:
    """Return one step's Rényi divergence at a whole order."""
    if rate == 1:
        return float(order / (2 * multiplier**2))
    terms = [
        math.lgamma(order + 1) - math.lgamma(k + 1) - math.lgamma(order - k + 1)
        + (order - k) * math.log1p(-rate) + k * math.log(rate) + (k * k - k) / (2 * multiplier**2)
        for k in range(order + 1)
    ]  # fmt: skip
    top = max(terms)
    return (top + math.log(sum(math.exp(term - top) for term in terms))) / (order - 1)


def _spent_by_many(order: float, multiplier: float, rate: float, n: int) -> float:
    """Return one step's Rényi divergence between none and n records, the greater of both directions."""
    shares = [
        math.lgamma(n + 1) - math.lgamma(b + 1) - math.lgamma(n - b + 1)
        + b * math.log(rate) + ((n - b) * math.log1p(-rate) if b < n else 0.0)
        for b in range(n + 1)
        if rate < 1 or b == n
    ]  # fmt: skip
    counts = np.arange(n + 1)[-len(shares) :, None]
    step = multiplier / 20
    found = []
    for power in (order, 1 - order):  # of the mixture; the other has 1 - power
        reach = max(abs(power), 1) * n + 12 * multiplier
        x = np.arange(-reach, reach, step)
        mixed = np.logaddexp.reduce(
            np.array(shares)[:, None] - (x - counts) ** 2 / (2 * multiplier**2), axis=0
        )
        plain = -(x**2) / (2 * multiplier**2)
        total = np.logaddexp.reduce(power * mixed + (1 - power) * plain)
        found.append(total + math.log(step / (multiplier * math.sqrt(2 * math.pi))))
    return float(max(found) / (order - 1))
