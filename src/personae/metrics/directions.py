"""The main directions of a cloud of vectors: what is kept of a sentence vector where there are few rows to learn from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def main_directions(
    rows: NDArray[np.float64], n_directions: int, *, centered: bool = True
) -> NDArray[np.float64]:
    """Return the directions that rows spread in most, the widest first, shape (n_columns, n_directions or fewer).

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
    n_directions : int
        At most; there are no more than columns or rows.
    centered : bool
        Take the mean row away first. False for differences, whose sign says nothing.

    Notes
    -----
    Eigenvectors of rows' rows, of shape (n_columns, n_columns): the right singular vectors without the left ones, whose cost
    grows with the rows. Each direction's largest part is positive, so that the same rows give the same signs.

    Examples
    --------
    >>> main_directions(np.array([[0.0, 1.0], [0.0, 5.0], [0.1, 3.0]]), 1).T.round(2).tolist()[0][1]
    1.0
    """
    spread = rows - rows.mean(axis=0) if centered else rows
    axes = np.linalg.eigh(spread.T @ spread)[1][:, ::-1][:, : min(n_directions, len(rows))]
    if not axes.size:
        return axes
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return np.asarray(axes * np.sign(largest))
