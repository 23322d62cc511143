"""Sets of answers that hold the right one as often as promised, whatever the model: split conformal prediction."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.errors import BadInput


def conformal_threshold(probabilities: ArrayLike, labels: ArrayLike, *, error: float = 0.1) -> float:
    """Return the probability that an option must reach to stand in the set.

    Parameters
    ----------
    probabilities : array-like of shape (n_rows, n_options)
        Of rows that the sets will not be formed on.
    labels : array-like of int of shape (n_rows,)
        The right option of each row.
    error : float in (0, 1)
        How often a set may miss the right option.

    Notes
    -----
    Source: Sadinle, Lei, Wasserman (2019), "Least Ambiguous Set-Valued Classifiers with Bounded Error Levels", arXiv 1609.00451;
    the finite-sample rank ceil((n + 1)(1 - error)) after Vovk, Gammerman, Shafer (2005). Rows must be exchangeable. With fewer
    than 1/error - 1 rows nothing can be promised but the full set: the threshold is then 0.

    Examples
    --------
    >>> conformal_threshold([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]], [0, 0, 1], error=0.25)
    0.6
    """
    chance, right = np.asarray(probabilities, dtype=float), np.asarray(labels, dtype=int)
    if chance.ndim != 2 or len(chance) != len(right) or not len(right) or not 0 < error < 1:
        raise BadInput(
            f"Probabilities of shape {chance.shape} for {len(right)} labels, error {error}; give one row a label."
        )
    rank = ceil((len(right) + 1) * (1 - error) - 1e-9)
    given = np.sort(chance[np.arange(len(right)), right])[::-1]
    return float(given[rank - 1]) if rank <= len(given) else 0.0


def conformal_sets(probabilities: ArrayLike, threshold: float) -> NDArray[np.bool_]:
    """Return which options stand in each row's set, shape (n_rows, n_options); a set may be empty.

    >>> conformal_sets([[0.9, 0.1], [0.5, 0.5]], 0.4).tolist()
    [[True, False], [True, True]]
    """
    return np.asarray(np.asarray(probabilities, dtype=float) >= threshold)
