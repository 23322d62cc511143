"""Whether probabilities mean what they say: calibration error with its binning named, Brier, temperature, risk-coverage.

Every function takes `probabilities` and `outcomes` (or `right`) of the same length, and reads nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput

Binning = Literal["width", "mass"]
BINS = 10  # Guo et al. (2017) use 15; ten is usual for a few hundred rows


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One bin of a reliability diagram: mean probability against the share that was right, over `n` rows."""

    low: float
    high: float
    probability: float
    right: float
    n: int


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """The risk-coverage curve: answering only the surest `coverage` share leaves `risk`, the share of wrong answers.

    Arrays of shape (n_thresholds,), coverage rising to 1; `area` is AURC, lower is better, and `excess_area` what lies
    above the best possible order (E-AURC).
    """

    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    area: float
    excess_area: float

    def risk_at(self, coverage: float) -> float:
        """Return the risk at the smallest coverage that reaches the one asked for."""
        place = int(np.searchsorted(self.coverage, coverage - 1e-12))
        return float(self.risk[min(place, len(self.risk) - 1)])


def reliability_bins(
    probabilities: ArrayLike, outcomes: ArrayLike, *, n_bins: int = BINS, binning: Binning = "width"
) -> tuple[ReliabilityBin, ...]:
    """Return the non-empty bins of a reliability diagram, in order.

    Parameters
    ----------
    probabilities : array-like of shape (n_rows,), in [0, 1]
    outcomes : array-like of shape (n_rows,), 0 or 1 (or shares between)
    n_bins : int
    binning : "width" or "mass"
        Bins of equal width on [0, 1], closed above as in Guo et al. (2017), section 2; or of equal numbers of rows (Nixon et
        al. 2019, section 3.2), where rows of equal probability stay together, in the bin of their middle rank.

    Examples
    --------
    >>> [(bin.probability, bin.right, bin.n) for bin in reliability_bins([0.2, 0.2, 0.9], [0, 1, 1], n_bins=2)]
    [(0.2, 0.5, 2), (0.9, 1.0, 1)]
    """
    chance, right = _pair(probabilities, outcomes)
    codes = _width_codes(chance, n_bins) if binning == "width" else _mass_codes(chance, n_bins)
    found = []
    for code in np.unique(codes):
        inside = codes == code
        low, high = chance[inside].min(), chance[inside].max()
        if binning == "width":
            low, high = code / n_bins, (code + 1) / n_bins
        mean, share = chance[inside].mean(), right[inside].mean()
        found.append(ReliabilityBin(float(low), float(high), float(mean), float(share), int(inside.sum())))
    return tuple(found)


def expected_calibration_error(
    probabilities: ArrayLike, outcomes: ArrayLike, *, n_bins: int = BINS, binning: Binning = "width"
) -> float:
    """Return sum over bins of n/N |share right - mean probability|, in [0, 1]; say the binning wherever it is reported.

    Source: Guo, Pleiss, Sun, Weinberger (2017), "On Calibration of Modern Neural Networks", arXiv 1706.04599, equation 3.

    Examples
    --------
    >>> expected_calibration_error([0.5, 0.5, 1.0, 1.0], [1, 0, 1, 0], n_bins=2)
    0.25
    """
    bins = reliability_bins(probabilities, outcomes, n_bins=n_bins, binning=binning)
    total = sum(each.n for each in bins)
    return sum(each.n * abs(each.right - each.probability) for each in bins) / total


def error_columns(
    probabilities: ArrayLike, outcomes: ArrayLike, *, n_bins: int = BINS
) -> NDArray[np.float64]:
    """Return columns whose sums give the calibration error: one a bin of equal width, and ones; for `bootstrap_sums`.

    In a bin's column stands outcome - probability for the rows of that bin, 0 elsewhere; shape (n_rows, n_bins + 1).
    `error_of_sums` takes the sums.

    >>> columns = error_columns([0.5, 0.5, 1.0, 1.0], [1, 0, 1, 0], n_bins=2)
    >>> error_of_sums(columns.sum(axis=0, keepdims=True)).tolist()
    [0.25]
    """
    chance, right = _pair(probabilities, outcomes)
    columns = np.zeros((len(chance), n_bins + 1))
    columns[np.arange(len(chance)), _width_codes(chance, n_bins)] = right - chance
    columns[:, n_bins] = 1.0
    return columns


def error_of_sums(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the expected calibration error, of shape (n_samples,), from sums of `error_columns`; NaN where none was drawn."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(sums[:, :-1]).sum(axis=1) / sums[:, -1])


def mean_error_of_sums(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean error of several maps, shape (n_samples,), from the sums of their `error_columns` side by side."""
    blocks = np.split(sums, sums.shape[1] // (BINS + 1), axis=1)
    return np.asarray(np.mean([error_of_sums(block) for block in blocks], axis=0))


def error_saved_of_sums(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the error of the first `error_columns` less the mean error of those beside them, shape (n_samples,).

    >>> before, after = error_columns([0.9], [0]), error_columns([0.2], [0])
    >>> error_saved_of_sums(np.hstack([before, after])).round(3).tolist()
    [0.7]
    """
    return np.asarray(error_of_sums(sums[:, : BINS + 1]) - mean_error_of_sums(sums[:, BINS + 1 :]))


def brier(probabilities: ArrayLike, outcomes: ArrayLike) -> float:
    """Return the mean squared distance to the outcome, in [0, 1], lower is better.

    Source: Brier (1950), in its two-class form: half of the sum over both classes.

    >>> brier([1.0, 0.5], [1, 0])
    0.125
    """
    chance, right = _pair(probabilities, outcomes)
    return float(np.mean((chance - right) ** 2))


def log_loss(probabilities: ArrayLike, outcomes: ArrayLike) -> float:
    """Return the mean negative log-likelihood in nats; probabilities are kept 1e-12 off 0 and 1."""
    chance, right = _pair(probabilities, outcomes)
    chance = np.clip(chance, 1e-12, 1 - 1e-12)
    return float(-np.mean(right * np.log(chance) + (1 - right) * np.log1p(-chance)))


def auroc(scores: ArrayLike, outcomes: ArrayLike) -> float:
    """Return the chance that a right row scores above a wrong one, ties counted half; NaN with one class only.

    >>> auroc([0.1, 0.4, 0.4, 0.8], [0, 0, 1, 1])
    0.875
    """
    score, right = np.asarray(scores, dtype=float), np.asarray(outcomes, dtype=float)
    n_right, n_wrong = float(right.sum()), float(len(right) - right.sum())
    if not n_right or not n_wrong:
        return float("nan")
    _, codes, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[codes]
    return float((ranks[right > 0].sum() - n_right * (n_right + 1) / 2) / (n_right * n_wrong))


def risk_coverage(confidences: ArrayLike, right: ArrayLike) -> RiskCoverage:
    """Return the risk-coverage curve over every threshold, rows of equal confidence answered together.

    Parameters
    ----------
    confidences : array-like of shape (n_rows,)
        Any scale; higher is surer.
    right : array-like of shape (n_rows,), 0 or 1

    Notes
    -----
    Source: Geifman, El-Yaniv (2017), "Selective Classification for Deep Neural Networks", arXiv 1705.08500, section 2;
    area and excess area: Geifman, Uziel, El-Yaniv (2019), arXiv 1805.08206, section 3. Rows that tie are in random order in
    the paper; here AURC is the mean over rows of the risk expected under a random order within each tie.

    Examples
    --------
    >>> curve = risk_coverage([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 1])
    >>> curve.risk.round(3).tolist(), round(curve.area, 4)
    ([0.0, 0.0, 0.333, 0.25], 0.1458)
    """
    confidence, truth = np.asarray(confidences, dtype=float), np.asarray(right, dtype=float)
    if not len(confidence) or len(confidence) != len(truth):
        raise BadInput(
            f"{len(confidence)} confidences for {len(truth)} answers; give one an answer, and at least one."
        )
    thresholds, codes, counts = np.unique(-confidence, return_inverse=True, return_counts=True)
    wrong = np.bincount(codes, 1 - truth)
    ends = np.cumsum(counts)
    risk = np.cumsum(wrong) / ends
    rank = np.arange(1, len(truth) + 1)
    tie = np.repeat(np.arange(len(ends)), counts)
    before_rows, before_wrong = (ends - counts)[tie], (np.cumsum(wrong) - wrong)[tie]
    expected = (before_wrong + (rank - before_rows) * (wrong / counts)[tie]) / rank
    n_wrong = round(float(wrong.sum()))
    best = np.maximum(0, rank - (len(truth) - n_wrong)) / rank
    area = float(expected.mean())
    return RiskCoverage(ends / len(truth), risk, -thresholds, area, area - float(best.mean()))


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """Return the temperature that minimises the log loss of softmax(logits / temperature).

    Parameters
    ----------
    logits : array-like of shape (n_rows, n_classes), or (n_rows,) for the log-odds of one class
    labels : array-like of int of shape (n_rows,)
        The right class of each row.

    Notes
    -----
    Source: Guo et al. (2017), section 4.2. The loss is convex in 1/temperature; the root of its slope is found by bisection
    of log(1/temperature) within [-7, 7].

    Examples
    --------
    >>> round(fit_temperature([2.0, 2.0, 2.0, 2.0], [1, 1, 1, 0]), 3)  # log-odds of 3 to 1 are 1.0986
    1.82
    """
    rows, right = _logit_rows(logits), np.asarray(labels, dtype=int)
    if len(rows) != len(right) or not len(rows):
        raise BadInput(
            f"{len(rows)} rows of logits for {len(right)} labels; give one a row, and at least one."
        )
    target = rows[np.arange(len(rows)), right].mean()
    low, high = -7.0, 7.0
    for _ in range(60):
        middle = (low + high) / 2
        chances = softmax(rows * np.exp(middle))
        if float((chances * rows).sum(axis=1).mean()) < target:
            low = middle
        else:
            high = middle
    return float(np.exp(-(low + high) / 2))


def with_temperature(logits: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Return softmax(logits / temperature), or the probability of class 1 where `logits` are log-odds of shape (n_rows,)."""
    chances = softmax(_logit_rows(logits) / temperature)
    return chances[:, 1] if np.ndim(logits) == 1 else chances


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows of shape (n_rows, n_classes) as probabilities."""
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))


def _logit_rows(logits: ArrayLike) -> NDArray[np.float64]:
    rows = np.asarray(logits, dtype=float)
    return np.stack([np.zeros_like(rows), rows], axis=1) if rows.ndim == 1 else rows


def _pair(probabilities: ArrayLike, outcomes: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    chance, right = np.asarray(probabilities, dtype=float), np.asarray(outcomes, dtype=float)
    if chance.ndim != 1 or chance.shape != right.shape or not len(chance):
        raise BadInput(
            f"Probabilities of shape {chance.shape} for outcomes of shape {right.shape}; give one number a row."
        )
    if not (chance.min() >= 0 and chance.max() <= 1):
        raise BadInput(
            "Probabilities must lie in [0, 1], without NaN; pass logits through `with_temperature` first."
        )
    return chance, right


def _width_codes(chance: NDArray[np.float64], n_bins: int) -> NDArray[np.intp]:
    return np.clip(np.searchsorted(np.linspace(0, 1, n_bins + 1), chance, side="left") - 1, 0, n_bins - 1)


def _mass_codes(chance: NDArray[np.float64], n_bins: int) -> NDArray[np.intp]:
    _, groups, counts = np.unique(chance, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    return np.asarray((middle / len(chance) * n_bins).astype(np.intp)[groups])
