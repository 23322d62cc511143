"""Is a longer chain of reasoning a sign of a wrong answer, and is that the chain or the question?

Source: "Thinking Out Loud: Do Reasoning Models Know When They're Right?" (EMNLP 2025), arXiv 2504.06564, chain analysis. The
paper relates length to stated confidence; here it is related to being right, before and after the question's difficulty.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.metrics.intervals import DRAWS, Interval, RandomState, percentile_interval, resample_sums
from personae.metrics.logistic import log_odds, sigmoid

Array = NDArray[np.float64]
_STEPS = 50


def length_effect(
    lengths: ArrayLike,
    right: ArrayLike,
    *,
    difficulty: ArrayLike | None = None,
    draws: int = DRAWS,
    random_state: RandomState = 0,
) -> Interval:
    """Return what one standard deviation of log length adds to the log-odds of being right, with an interval over questions.

    Parameters
    ----------
    lengths : array-like of shape (n_models, n_questions)
        Characters or tokens of each chain, positive; NaN or 0 leaves the answer out.
    right : array-like of shape (n_models, n_questions), 0 or 1, NaN where there is no answer
    difficulty : array-like of shape (n_models, n_questions), in [0, 1], optional
        Share of the other models that are right (`others_right`): its log-odds enter beside the length.
    draws, random_state
        As in `personae.metrics.intervals.bootstrap_mean`; whole questions are drawn.

    Notes
    -----
    logit P(right) = level(model) + effect * z(log length) + weight * logit(difficulty), z within each model; unpenalized maximum
    likelihood by Newton's method. A draw is one Newton step from the whole sample's fit under the draw's counts of questions,
    which is exact to the first order.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> lengths = np.exp(rng.normal(size=(3, 400)))
    >>> right = (rng.random((3, 400)) < sigmoid(-np.log(lengths))).astype(float)
    >>> found = length_effect(lengths, right, draws=200)
    >>> bool(found.low < -1 < found.high)
    True
    """
    size, outcome = np.asarray(lengths, dtype=float), np.asarray(right, dtype=float)
    share = np.full(size.shape, 0.5) if difficulty is None else np.asarray(difficulty, dtype=float)
    if size.ndim != 2 or size.shape != outcome.shape or size.shape != share.shape:
        raise BadInput(
            f"Lengths {size.shape}, outcomes {outcome.shape} and difficulty {share.shape} need one shape."
        )
    known = (np.nan_to_num(size) > 0) & ~np.isnan(outcome) & ~np.isnan(share)
    varies = np.array(
        [len(np.unique(row[is_known])) > 1 for row, is_known in zip(outcome, known, strict=True)]
    )
    known &= varies[:, None]
    if not known.any():
        raise BadInput("No model has both right and wrong answers of known length.")
    known, size, outcome, share = (each[varies] for each in (known, size, outcome, share))
    columns = [_standardized(np.log(np.where(known, size, 1.0)), known)]
    if difficulty is not None:
        columns.append(np.where(known, log_odds(np.where(known, share, 0.5)), 0.0))
    features = np.stack(columns, axis=2)  # (n_models, n_questions, n_columns)
    levels, effects = _fit(features, np.where(known, outcome, 0.0), known)
    value, drawn = _one_step(
        features, np.where(known, outcome, 0.0), known, levels, effects, draws, random_state
    )
    return percentile_interval(value, drawn, 0.95, int(known.sum()), int(known.any(axis=0).sum()))


def _fit(features: Array, right: Array, known: NDArray[np.bool_]) -> tuple[Array, Array]:
    levels, effects = np.zeros(len(features)), np.zeros(features.shape[2])
    for _ in range(_STEPS):
        pieces = [piece.sum(axis=1)[None] for piece in _moments(features, right, known, levels, effects)]
        level_step, step = _newton(*pieces)
        levels, effects = levels + level_step[0], effects + step[0]
        if np.abs(step).max() < 1e-9 and np.abs(level_step).max() < 1e-9:
            return levels, effects
    raise BadInput(
        "The lengths or the difficulty tell right from wrong without error: there is no finite effect."
    )


def _moments(
    features: Array, right: Array, known: NDArray[np.bool_], levels: Array, effects: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Return each answer's share of slope and curvature, (n_models, n_questions, ...)."""
    chance = sigmoid(levels[:, None] + features @ effects)
    weight, rest = np.where(known, chance * (1 - chance), 0.0), np.where(known, right - chance, 0.0)
    crossed = weight[..., None] * features
    return rest, rest[..., None] * features, weight, crossed, crossed[..., None] * features[..., None, :]


def _newton(
    slope: Array, feature_slope: Array, curve: Array, crossed: Array, squared: Array
) -> tuple[Array, Array]:
    """Return Newton's step for levels, (n, n_models), and effects, (n, n_columns), from sums over questions of `_moments`.

    The levels' part of the curvature is diagonal, so that they are eliminated first.
    """
    inverse = 1.0 / np.maximum(curve, 1e-12)  # (n, n_models)
    reduced = squared.sum(axis=1) - np.einsum("nmk,nm,nml->nkl", crossed, inverse, crossed)
    target = feature_slope.sum(axis=1) - np.einsum("nmk,nm,nm->nk", crossed, inverse, slope)
    effects = np.linalg.solve(reduced, target[..., None])[..., 0]
    return (slope - np.einsum("nmk,nk->nm", crossed, effects)) * inverse, effects


def _one_step(
    features: Array,
    right: Array,
    known: NDArray[np.bool_],
    levels: Array,
    effects: Array,
    draws: int,
    random_state: RandomState,
) -> tuple[float, Array]:
    """Return the length's effect, and it under each draw of questions, shape (draws,)."""
    moments = _moments(features, right, known, levels, effects)
    asked = known.any(axis=0)
    flat = [
        np.moveaxis(piece, 1, 0)[asked].reshape(int(asked.sum()), -1) for piece in moments
    ]  # (n_questions, ...)
    sums = resample_sums(np.hstack(flat), draws=draws, random_state=random_state)
    ends = np.cumsum([piece.shape[1] for piece in flat])[:-1]
    shapes = [(draws, *piece.shape[:1], *piece.shape[2:]) for piece in moments]
    pieces = [part.reshape(shape) for part, shape in zip(np.split(sums, ends, axis=1), shapes, strict=True)]
    return float(effects[0]), effects[0] + _newton(*pieces)[1][:, 0]


def _standardized(values: Array, known: NDArray[np.bool_]) -> Array:
    """Return z-scores within each row, 0 where unknown."""
    n = known.sum(axis=1, keepdims=True)
    centered = np.where(known, values - np.where(known, values, 0.0).sum(axis=1, keepdims=True) / n, 0.0)
    spread = np.sqrt((centered**2).sum(axis=1, keepdims=True) / n)
    return np.asarray(centered / np.maximum(spread, 1e-12))
