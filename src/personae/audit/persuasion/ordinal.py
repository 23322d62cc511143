"""Partial proportional odds: an ordered outcome where some effects move every threshold alike and others each its own way.

Sources: Peterson, Harrell (1990), "Partial Proportional Odds Models for Ordinal Response Variables", Applied Statistics 39;
Salvi, Horta Ribeiro, Gallotti, West (2024), arXiv 2403.14380, section 4 (treatment proportional, agreement before nominal).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput
from personae.metrics.intervals import Clusters, cluster_codes

Array = NDArray[np.float64]
_HALVINGS = 30


@dataclass(frozen=True, slots=True)
class Studies:
    """Many studies fitted at once.

    Parameters
    ----------
    coefficients, standard_errors : ndarray of shape (n_studies, n_effects)
        Log-odds of a higher outcome.
    thresholds : ndarray of shape (n_studies, n_categories - 1, n_nominal)
    log_likelihood : ndarray of shape (n_studies,), in nats
    """

    coefficients: Array
    standard_errors: Array
    thresholds: Array
    log_likelihood: Array


class PartialProportionalOdds:
    """Maximum likelihood for an ordered outcome with proportional effects and nominal ones.

    Parameters
    ----------
    tolerance : float
        Newton's steps end where the log-likelihood rises by less than this share of itself.
    max_steps : int
    floor : float
        Rows that every category of every design cell counts beside its own.

    Attributes
    ----------
    coefficients_, standard_errors_ : ndarray of shape (n_effects,)
        Log-odds of a higher outcome; exp(.) - 1 is the change in odds.
    model_errors_ : ndarray of shape (n_effects,)
        Standard errors of the observed information, as if rows were independent; the same where there are no clusters.
    thresholds_ : ndarray of shape (n_categories - 1, n_nominal)
    covariance_ : ndarray of shape (n_parameters, n_parameters)
        Thresholds first, category by category, effects last; clustered where clusters were given.
    log_likelihood_ : float, in nats
    categories_ : ndarray
        Outcomes in order.

    Notes
    -----
    logit P(Y <= k | x, z) = z' gamma_k - x' beta for k = 1..K-1, with x the proportional and z the nominal columns. The
    log-likelihood is concave wherever the thresholds are in order, so Newton's method with halved steps finds its top from
    analytic first and second derivatives; no optimizer library is needed. Where a category is empty in a cell its threshold has
    no finite estimate; `floor` holds it in place, at the cost of 1e-4 of a row a cell. Standard errors are those of the observed
    information, or the sandwich over clusters (both rows of one debate) with the factor G / (G - 1).

    Examples
    --------
    >>> x, y = np.repeat([0.0, 1.0], 4)[:, None], np.array([1, 1, 2, 3, 1, 2, 3, 3])
    >>> model = PartialProportionalOdds().fit(x, y)
    >>> round(float(model.coefficients_[0]), 2)
    1.1
    """

    def __init__(self, *, tolerance: float = 1e-10, max_steps: int = 100, floor: float = 1e-4) -> None:
        self.tolerance = tolerance
        self.max_steps = max_steps
        self.floor = floor

    def fit(
        self,
        proportional: ArrayLike,
        outcome: ArrayLike,
        *,
        nominal: ArrayLike | None = None,
        clusters: Clusters | None = None,
    ) -> PartialProportionalOdds:
        """Fit one study from its rows.

        Parameters
        ----------
        proportional : array-like of shape (n_rows, n_effects)
        outcome : array-like of shape (n_rows,)
            Any ordered values, such as 1 to 5.
        nominal : array-like of shape (n_rows, n_nominal), optional
            Columns whose effect differs by threshold; they hold or span the constant. The constant alone without it, which is the
            plain proportional-odds model.
        clusters : sequence of length n_rows, optional
        """
        x, y = np.asarray(proportional, dtype=float), np.asarray(outcome)
        z = np.ones((len(x), 1)) if nominal is None else np.asarray(nominal, dtype=float)
        if x.ndim != 2 or z.ndim != 2 or not len(x) == len(z) == len(y):
            raise BadInput(f"Rows must match: shapes {x.shape}, {z.shape} and {y.shape}.")
        self.categories_, codes = np.unique(y, return_inverse=True)
        if len(self.categories_) < 2 or not (np.isfinite(x).all() and np.isfinite(z).all()):
            raise BadInput("Give at least two outcomes, and columns without missing numbers.")
        cells, cell_of = np.unique(np.hstack([x, z]), axis=0, return_inverse=True)
        cell_of, n_categories = cell_of.reshape(-1), len(self.categories_)
        found = np.bincount(cell_of * n_categories + codes, minlength=len(cells) * n_categories)
        counts: Array = found.reshape(1, len(cells), n_categories).astype(np.float64)
        design = _design(cells[:, : x.shape[1]], cells[:, x.shape[1] :], n_categories)
        parameters = self._climb(counts, design)
        _, hessian = _derivatives(parameters, np.add(counts, self.floor), design)
        n_effects = x.shape[1]
        n_thresholds = design.shape[2] - n_effects
        self.covariance_ = np.linalg.inv(hessian[0])
        self.model_errors_ = np.sqrt(np.diag(self.covariance_)[n_thresholds:])
        if clusters is not None:
            scores = _scores(parameters, design)[cell_of, codes]  # (n_rows, n_parameters)
            self.covariance_ = _sandwich(self.covariance_, scores, clusters)
        self.coefficients_ = parameters[0, n_thresholds:]
        self.standard_errors_ = np.sqrt(np.diag(self.covariance_)[n_thresholds:])
        self.thresholds_ = parameters[0, :n_thresholds].reshape(n_categories - 1, -1)
        self.log_likelihood_ = float(_log_likelihood(parameters, counts, design)[0])
        return self

    def predict_proba(self, proportional: ArrayLike, *, nominal: ArrayLike | None = None) -> Array:
        """Return the probability of each category, shape (n_rows, n_categories)."""
        x = np.asarray(proportional, dtype=float)
        z = np.ones((len(x), 1)) if nominal is None else np.asarray(nominal, dtype=float)
        return outcome_probabilities(self.coefficients_, self.thresholds_, x, z)

    def fit_studies(self, counts: ArrayLike, proportional: ArrayLike, nominal: ArrayLike) -> Studies:
        """Fit many studies that share a design.

        Parameters
        ----------
        counts : array-like of shape (n_studies, n_cells, n_categories)
            Rows of each study in each design cell and category.
        proportional : array-like of shape (n_cells, n_effects)
        nominal : array-like of shape (n_cells, n_nominal)
        """
        table = np.asarray(counts, dtype=float)
        x, z = np.asarray(proportional, dtype=float), np.asarray(nominal, dtype=float)
        if table.ndim != 3 or not table.shape[1] == len(x) == len(z):
            raise BadInput(
                f"Counts of shape {table.shape} do not fit a design of {len(x)} and {len(z)} cells."
            )
        design = _design(x, z, table.shape[2])
        parameters = self._climb(table, design)
        errors = np.empty_like(parameters)
        for kept in _batches(table):
            _, hessian = _derivatives(parameters[kept], table[kept] + self.floor, design)
            errors[kept] = np.sqrt(np.diagonal(np.linalg.inv(hessian), axis1=1, axis2=2))
        n_thresholds = design.shape[2] - x.shape[1]
        return Studies(
            parameters[:, n_thresholds:],
            errors[:, n_thresholds:],
            parameters[:, :n_thresholds].reshape(len(table), table.shape[2] - 1, -1),
            _log_likelihood(parameters, table, design),
        )

    def _climb(self, counts: Array, design: Array) -> Array:
        """Return the parameters of each study, shape (n_studies, n_parameters), by Newton's method."""
        parameters = _start(counts, design)
        for kept in _batches(counts):
            open_ = np.arange(kept.start, kept.stop)
            for _ in range(self.max_steps):
                if not len(open_):
                    break
                here, rows = parameters[open_], np.add(counts[open_], self.floor)
                gradient, hessian = _derivatives(here, rows, design)
                step = np.asarray(np.linalg.solve(hessian, gradient[..., None])[..., 0], dtype=float)
                parameters[open_], rise, height = _stepped(here, step, rows, design)
                open_ = open_[rise > self.tolerance * np.abs(height)]
            else:
                raise BadInput(
                    f"{len(open_)} of {len(counts)} studies did not settle in {self.max_steps} steps: "
                    "a column may tell the outcomes apart without error. Leave it out, or raise `floor`."
                )
        return parameters


def outcome_probabilities(
    coefficients: ArrayLike, thresholds: ArrayLike, proportional: ArrayLike, nominal: ArrayLike
) -> Array:
    """Return the probability of each category, shape (n_rows, n_categories), from a model's parameters.

    Parameters
    ----------
    coefficients : array-like of shape (n_effects,)
    thresholds : array-like of shape (n_categories - 1, n_nominal)
    proportional : array-like of shape (n_rows, n_effects)
    nominal : array-like of shape (n_rows, n_nominal)

    Examples
    --------
    >>> outcome_probabilities([0.0], [[0.0]], [[1.0]], [[1.0]]).tolist()
    [[0.5, 0.5]]
    """
    heights = np.asarray(nominal) @ np.asarray(thresholds).T
    heights = heights - (np.asarray(proportional) @ np.asarray(coefficients))[:, None]
    return np.diff(_padded(_logistic(heights)), axis=-1)


def expected_covariance(
    coefficients: ArrayLike, thresholds: ArrayLike, proportional: Array, nominal: Array, totals: ArrayLike
) -> Array:
    """Return the covariance of the estimates of a study to come, thresholds first, by the expected information.

    Parameters
    ----------
    totals : array-like of shape (n_cells,)
        People in each design cell; the others as in `outcome_probabilities`, a row a cell.
    """
    chances = outcome_probabilities(coefficients, thresholds, proportional, nominal)
    counts = np.asarray(totals, dtype=float)[:, None] * chances
    parameters = np.concatenate([np.ravel(thresholds), np.ravel(coefficients)])
    _, hessian = _derivatives(
        parameters[None], counts[None], _design(proportional, nominal, chances.shape[1])
    )
    return np.asarray(np.linalg.inv(hessian[0]))


def _design(proportional: Array, nominal: Array, n_categories: int) -> Array:
    """Return what each parameter adds to each threshold's height, shape (n_cells, n_categories - 1, n_parameters)."""
    (n_cells, n_nominal), n_effects = nominal.shape, proportional.shape[1]
    n_cuts = n_categories - 1
    design = np.zeros((n_cells, n_cuts, n_cuts * n_nominal + n_effects))
    for cut in range(n_cuts):
        design[:, cut, cut * n_nominal : (cut + 1) * n_nominal] = nominal
    design[:, :, n_cuts * n_nominal :] = -proportional[:, None, :]
    return design


def _start(counts: Array, design: Array) -> Array:
    """Return parameters without effects, whose thresholds are those of all cells together."""
    totals = counts.sum(axis=1) + 0.5
    shares = np.cumsum(totals, axis=1)[:, :-1] / totals.sum(axis=1, keepdims=True)
    heights = np.log(shares / (1 - shares))  # (n_studies, n_cuts)
    n_cells, n_cuts, n_parameters = design.shape
    flat = design.reshape(-1, n_parameters)
    wanted = np.tile(np.eye(n_cuts), (n_cells, 1))
    solved, _, rank, _ = np.linalg.lstsq(flat, wanted, rcond=None)
    if rank < n_parameters:
        raise BadInput(
            "Some columns are constant or combinations of others: leave them out of one side or both."
        )
    if not np.allclose(flat @ solved, wanted, atol=1e-6):
        raise BadInput("The nominal columns must hold a constant or add up to one; add a column of ones.")
    return np.asarray(heights @ solved.T)


def _heights(parameters: Array, design: Array) -> Array:
    return np.asarray(np.tensordot(parameters, design, axes=(1, 2)))


def _log_likelihood(parameters: Array, counts: Array, design: Array) -> Array:
    """Return the log-likelihood of each study; minus infinity where thresholds are out of order."""
    chances = np.diff(_padded(_logistic(_heights(parameters, design))), axis=-1)
    in_order = (chances > 0).all((1, 2))
    logs = np.log(np.where(chances > 0, chances, 1.0))
    return np.where(in_order, (counts * logs).sum((1, 2)), -np.inf)


def _derivatives(parameters: Array, counts: Array, design: Array) -> tuple[Array, Array]:
    """Return the gradient and minus the second derivatives of each study's log-likelihood.

    With F the logistic at each height, f = F (1 - F) its slope and p_y = F_y - F_(y-1), a row of category y adds f_y / p_y to the
    slope of its upper threshold and takes f_(y-1) / p_y from that of its lower one.
    """
    below = _logistic(_heights(parameters, design))  # (n_studies, n_cells, n_cuts)
    slope = below * (1 - below)
    bend = slope * (1 - 2 * below)
    chances = np.diff(_padded(below), axis=-1)
    rate, rate2 = counts / chances, counts / chances**2
    by_height = slope * (rate[..., :-1] - rate[..., 1:])
    gradient = np.tensordot(by_height, design, axes=([1, 2], [0, 1]))
    n_cuts = below.shape[-1]
    curve = np.zeros((*below.shape, n_cuts))
    cuts = np.arange(n_cuts)
    curve[..., cuts, cuts] = slope**2 * (rate2[..., :-1] + rate2[..., 1:]) - bend * (
        rate[..., :-1] - rate[..., 1:]
    )
    between = -slope[..., 1:] * slope[..., :-1] * rate2[..., 1:-1]
    curve[..., cuts[1:], cuts[:-1]] = curve[..., cuts[:-1], cuts[1:]] = between
    hessian = np.tensordot(curve @ design, design, axes=([1, 2], [0, 1]))
    return gradient, hessian


def _scores(parameters: Array, design: Array) -> Array:
    """Return the gradient that one row adds, for each cell and category, shape (n_cells, n_categories, n_parameters)."""
    below = _logistic(_heights(parameters, design))[0]
    slope, chances = below * (1 - below), np.diff(_padded(below), axis=-1)
    cuts = np.arange(below.shape[-1])
    by_height = np.zeros((*chances.shape, len(cuts)))
    by_height[:, cuts, cuts] = slope / chances[:, :-1]
    by_height[:, cuts + 1, cuts] = -slope / chances[:, 1:]
    return np.asarray(by_height @ design)


def _stepped(here: Array, step: Array, counts: Array, design: Array) -> tuple[Array, Array, Array]:
    """Return each study's parameters after its step, halved until the log-likelihood does not fall, its rise and its height."""
    height = _log_likelihood(here, counts, design)
    share = np.ones(len(here))
    there = here + step
    reached = _log_likelihood(there, counts, design)
    for _ in range(_HALVINGS):
        falls = ~(reached >= height - 1e-12 * np.abs(height))
        if not falls.any():
            break
        share[falls] /= 2
        there[falls] = here[falls] + share[falls, None] * step[falls]
        reached[falls] = _log_likelihood(there[falls], counts[falls], design)
    return there, reached - height, height


def _sandwich(bread: Array, scores: Array, clusters: Clusters) -> Array:
    codes, n_clusters = cluster_codes(clusters, len(scores))
    sums = np.zeros((n_clusters, scores.shape[1]))
    np.add.at(sums, codes, scores)
    return np.asarray(bread @ (sums.T @ sums) @ bread * n_clusters / max(1, n_clusters - 1))


def _batches(counts: Array) -> list[slice]:
    """Return slices of at most 250 studies, so that the second derivatives of many fit in memory."""
    return [slice(start, min(start + 250, len(counts))) for start in range(0, len(counts), 250)]


def _padded(below: Array) -> Array:
    ends = np.zeros((*below.shape[:-1], 1))
    return np.concatenate([ends, below, ends + 1], axis=-1)


def _logistic(heights: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(heights / 2)))
