"""Random-effects meta-regression by restricted maximum likelihood: estimates whose errors are known, in crossed groups.

Sources: Berkey, Hoaglin, Antczak-Bouckoms, Mosteller, Colditz (1998), Statistics in Medicine 17 (multivariate
meta-regression with known covariances); Harville (1977), JASA 72 (restricted likelihood and its gradient); the model is that
of Hackenburg and others (2025), PNAS, who fitted it by `rma.mv` of metafor.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.persuasion.trial import Effect
from personae.errors import BadInput, MissingExtra
from personae.metrics.intervals import cluster_codes

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """Coefficients that vary by group, with any covariance among them.

    Parameters
    ----------
    name : str
    groups : sequence of length n_estimates
    columns : ndarray of shape (n_estimates, n_columns), optional
        What varies, such as an intercept and a slope; an intercept alone without it.
    """

    name: str
    groups: Sequence[Hashable]
    columns: Array | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MetaFit:
    """A fitted meta-regression.

    Parameters
    ----------
    effects : dict from a column's name to its Effect
    components : dict from a random term's name to its covariance, shape (n_columns, n_columns)
    restricted_log_likelihood : float, in nats, without its constant
    """

    effects: dict[str, Effect]
    components: dict[str, Array]
    restricted_log_likelihood: float

    def spread(self, term: str, column: int = 0) -> float:
        """Return the standard deviation of a random term's column, in the estimates' unit."""
        return float(np.sqrt(self.components[term][column, column]))


def meta_regression(
    estimates: ArrayLike, covariance: ArrayLike, columns: dict[str, Array], random: Sequence[RandomTerm]
) -> MetaFit:
    """Fit estimates = columns + random terms + known errors.

    Parameters
    ----------
    estimates : array-like of shape (n_estimates,)
    covariance : array-like of shape (n_estimates, n_estimates)
        Of the estimates' errors; not diagonal where they share a control group.
    columns : dict from a name to an ndarray of shape (n_estimates,)
        Fixed effects; give the intercept as a column of ones.
    random : sequence of RandomTerm
        They may be crossed.

    Notes
    -----
    With S the sum of the known covariance and of Z G Z' of each random term, and P = S^-1 - S^-1 X (X' S^-1 X)^-1 X' S^-1, minus
    the restricted log-likelihood is (log |S| + log |X' S^-1 X| + y' P y) / 2; its slope in a parameter that changes S by D is
    (tr(P D) - y' P D P y) / 2. Each G is L L' with L lower triangular and free, so that it stays a covariance; scipy's L-BFGS-B
    climbs. Fixed effects have Wald errors at these components, as published.

    Raises
    ------
    BadInput
        When the numbers of estimates differ, or the fit does not settle.
    MissingExtra
        Without scipy (extra `learn`).
    """
    try:
        from scipy.optimize import minimize
    except ImportError:
        raise MissingExtra("Meta-regression needs scipy: `pip install 'personae[learn]'`.") from None

    y, known = np.asarray(estimates, dtype=float), np.asarray(covariance, dtype=float)
    design = np.column_stack([np.asarray(column, dtype=float) for column in columns.values()])
    if known.shape != (len(y), len(y)) or len(design) != len(y):
        raise BadInput(
            f"{len(y)} estimates, a covariance of shape {known.shape} and {len(design)} rows of columns."
        )
    problem = _Problem(y, known, design, [_term(term, len(y)) for term in random])
    found = minimize(problem.height_and_slope, problem.start(), jac=True, method="L-BFGS-B")
    if not found.success and not np.abs(found.jac).max() < 1e-2:
        raise BadInput(
            f"The meta-regression did not settle: {found.message}. Leave out a random term that hardly varies."
        )
    coefficients, errors = problem.fixed(found.x)
    effects = {
        name: Effect(name, float(value), float(error))
        for name, value, error in zip(columns, coefficients, errors, strict=True)
    }
    spreads = {term.name: root @ root.T for term, root in zip(random, problem.roots(found.x), strict=True)}
    return MetaFit(effects, spreads, -float(found.fun))


def _term(term: RandomTerm, n: int) -> tuple[Array, Array]:
    """Return a random term's columns and which estimates share a group, shapes (n, n_columns) and (n, n)."""
    codes, _ = cluster_codes(term.groups, n)
    return np.ones((n, 1)) if term.columns is None else term.columns, (codes[:, None] == codes).astype(float)


@dataclass(slots=True)
class _Problem:
    estimates: Array
    known: Array
    design: Array
    terms: list[tuple[Array, Array]]

    def start(self) -> Array:
        """Return parameters that give each random term half the spread of the estimates."""
        unit = float(np.std(self.estimates)) / 2
        starts = []
        for columns, _ in self.terms:
            scale = unit / np.maximum(np.sqrt((columns**2).mean(0)), 1e-12)
            starts.append((np.eye(len(scale)) * scale)[np.tril_indices(len(scale))])
        return np.concatenate(starts) if starts else np.zeros(0)

    def roots(self, parameters: Array) -> list[Array]:
        """Return the lower triangular root of each term's covariance."""
        found, at = [], 0
        for columns, _ in self.terms:
            size = columns.shape[1]
            root = np.zeros((size, size))
            n = size * (size + 1) // 2
            root[np.tril_indices(size)] = parameters[at : at + n]
            found.append(root)
            at += n
        return found

    def _weights(self, parameters: Array) -> tuple[Array, float, Array, Array]:
        """Return S^-1, log |S|, S^-1 X and (X' S^-1 X)^-1."""
        whole = self.known.copy()
        for (columns, same), root in zip(self.terms, self.roots(parameters), strict=True):
            loaded = columns @ root
            whole += (loaded @ loaded.T) * same
        lower = np.linalg.cholesky(whole)
        inverse = np.linalg.inv(lower)
        weights: Array = inverse.T @ inverse
        weighted = weights @ self.design
        covariance = np.asarray(np.linalg.inv(self.design.T @ weighted), dtype=float)
        return weights, 2 * float(np.log(np.diag(lower)).sum()), weighted, covariance

    def height_and_slope(self, parameters: Array) -> tuple[float, Array]:
        weights, log_det, weighted, covariance = self._weights(parameters)
        projection = weights - weighted @ covariance @ weighted.T
        projected = projection @ self.estimates
        height = (log_det - float(np.linalg.slogdet(covariance)[1]) + float(self.estimates @ projected)) / 2
        slopes: list[Any] = []
        for (columns, same), root in zip(self.terms, self.roots(parameters), strict=True):
            # d(L L') moves y'PDPy and tr(PD) by 2 (Z' M Z L), with M = (P - Pyy'P) where the group is the same
            moved = columns.T @ ((projection - np.outer(projected, projected)) * same) @ columns @ root
            slopes.append(moved[np.tril_indices(len(root))])
        return height, np.concatenate(slopes) if slopes else np.zeros(0)

    def fixed(self, parameters: Array) -> tuple[Array, Array]:
        _, _, weighted, covariance = self._weights(parameters)
        return covariance @ (weighted.T @ self.estimates), np.sqrt(np.diag(covariance))
