"""Bounds on several groups at once, by linear programs over what group and outcome may share within a cell.

Source: Kallus, Mao, Zhou (2022), "Assessing Algorithmic Fairness with Unobserved Protected Class Using Data Combination",
arXiv 1906.00285, sections 4 and 6. The gap of two groups has a closed form: `personae.metrics.disparity.gap_bounds`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput, MissingExtra
from personae.metrics.disparity import Bounds, gap_bounds

Array = NDArray[np.float64]


def contrast_bounds(shares: ArrayLike, means: ArrayLike, weights: ArrayLike, contrast: ArrayLike) -> Bounds:
    """Return the least and greatest value of sum_r contrast_r * (mean outcome of group r).

    Parameters
    ----------
    shares, means, weights
        As in `personae.metrics.disparity.gap_bounds`.
    contrast : array-like of shape (n_groups,)
        Such as [1, -1, 0] for a gap, or [1, -.5, -.5] for a group against the mean of two others.

    Notes
    -----
    With w_rz = E[y 1[R = r] | z]: 0 <= w_rz <= p_rz and sum_r w_rz = m_z; the mean of group r is sum_z W_z w_rz / sum_z W_z p_rz.
    """
    p, m, w = _checked(shares, means, weights)
    wanted = np.asarray(contrast, dtype=float)
    if wanted.shape != p.shape[1:] or not np.isfinite(wanted).all():
        raise BadInput(
            f"A contrast of shape {wanted.shape} for {p.shape[1]} groups; give one finite number a group."
        )
    weight = w[:, None] * wanted / (w @ p)  # (n_cells, n_groups)
    least, most = (_solved(p, m, sign * weight.ravel()) * sign for sign in (1.0, -1.0))
    return Bounds(float(least), float(most))


def range_bounds(shares: ArrayLike, means: ArrayLike, weights: ArrayLike) -> Bounds:
    """Return the least and greatest distance between the best and the worst off of all groups.

    Parameters
    ----------
    shares, means, weights
        As in `personae.metrics.disparity.gap_bounds`.

    Notes
    -----
    The greatest is that of the widest pair. The least is a linear program of its own, minimise u - l with l <= mean of r <= u
    for every r: no choice of w makes all groups closer than this, which no pair alone can say.
    """
    p, m, w = _checked(shares, means, weights)
    n_cells, n_groups = p.shape
    by_group = np.zeros((n_groups, n_cells, n_groups))
    for group in range(n_groups):
        by_group[group, :, group] = w / (w @ p)[group]
    flat = by_group.reshape(n_groups, -1)
    ends = np.concatenate([np.tile([-1.0, 0.0], (n_groups, 1)), np.tile([0.0, 1.0], (n_groups, 1))])
    above = np.hstack([np.concatenate([flat, -flat]), ends])  # mean - u <= 0, l - mean <= 0
    goal = np.append(np.zeros(n_cells * n_groups), [1.0, -1.0])
    least = _solved(p, m, goal, above)
    pairs = [(a, b) for a in range(n_groups) for b in range(n_groups) if a != b]
    most = max(gap_bounds(p, m, w, first=a, second=b).high for a, b in pairs)
    return Bounds(max(0.0, float(least)), float(most))


def _solved(p: Array, m: Array, goal: Array, above: Array | None = None) -> float:
    """Return the least value of goal @ (w, more) over what is allowed; columns beyond w lie in [0, 1]."""
    linprog, block = _scipy()
    n_cells, n_groups = p.shape
    more = len(goal) - p.size
    sums = block([np.ones((1, n_groups))] * n_cells, format="csr")
    if more:
        from scipy.sparse import csr_array, hstack

        sums = hstack([sums, csr_array((n_cells, more))], format="csr")
    limits = [(0.0, float(top)) for top in p.ravel()] + [(0.0, 1.0)] * more
    upper = None if above is None else np.zeros(len(above))
    found = linprog(goal, A_ub=above, b_ub=upper, A_eq=sums, b_eq=m, bounds=limits, method="highs")
    if not found.success:
        raise BadInput(
            "The cells contradict each other: shares of a cell must sum to 1 and means lie in [0, 1]."
        )
    return float(found.fun)


def _scipy() -> tuple[Any, Any]:
    try:
        from scipy.optimize import linprog
        from scipy.sparse import block_diag
    except ImportError:
        raise MissingExtra("These bounds need scipy: `pip install 'personae[learn]'`.") from None
    return linprog, block_diag


def _checked(shares: ArrayLike, means: ArrayLike, weights: ArrayLike) -> tuple[Array, Array, Array]:
    gap_bounds(shares, means, weights)  # says what is wrong with them
    p, m, w = (np.asarray(each, dtype=float) for each in (shares, means, weights))
    return p / p.sum(axis=1, keepdims=True), m, w
