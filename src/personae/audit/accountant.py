"""What noisy gradient steps promise: the (epsilon, delta) of the subsampled Gaussian mechanism.

Source: Mironov, Talwar, Zhang (2019), "Rényi Differential Privacy of the Sampled Gaussian Mechanism", arXiv 1908.10530,
section 3.3 (whole orders); conversion by Canonne, Kamath, Steinke (2020), "The Discrete Gaussian for Differential Privacy",
arXiv 2004.00010, proposition 12.
"""

from __future__ import annotations

import math

from personae.errors import BadInput

_ORDERS = (*range(2, 64), 80, 96, 128, 192, 256, 512)


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
    if not (multiplier >= 0 and 0 < rate <= 1 and steps >= 1 and steps == int(steps) and 0 < delta < 1):
        raise BadInput(
            f"multiplier {multiplier:g}, rate {rate:g}, {steps} steps, delta {delta:g}: give a multiplier of 0 or more, a "
            "rate in (0, 1], a whole number of steps, and a delta between 0 and 1."
        )
    if multiplier == 0:
        return math.inf
    found: list[float] = [
        steps * _spent(order, multiplier, rate)
        + math.log((order - 1) / order)
        - (math.log(delta) + math.log(order)) / (order - 1)
        for order in _ORDERS
    ]
    return max(0.0, min(found))


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
