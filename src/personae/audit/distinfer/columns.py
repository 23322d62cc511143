"""How large the weights are that leave each input: an input that is never seen shrinks, whatever the order of neurons.

Ours, beside the attacks of Suri, Evans (2022), arXiv 2109.06024: its meta-classifier has to find the same in all weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.distinfer.black_box import OutputRegression
from personae.audit.many_networks import Networks
from personae.errors import BadInput
from personae.fittable import Fittable

Array = NDArray[np.float64]


def column_norms(networks: Networks) -> Array:
    """Return the logarithm of the root mean square weight that leaves each input, plus .001, shape (m, n_in).

    Examples
    --------
    >>> ones = np.ones((1, 2, 3), dtype=np.float32)
    >>> column_norms(Networks((ones,), (ones[:, :1],))).round(2).tolist()
    [[0.0, 0.0]]
    """
    first = networks.weights[0].astype(float)
    return np.asarray(np.log(np.sqrt((first**2).mean(axis=2)) + 1e-3))


class StackedRegression(Fittable):
    """Estimate the ratio by a forest on what `OutputRegression` tells and on the column norms.

    Parameters
    ----------
    n_folds : int
        The forest learns from estimates of a ridge that has not seen the local model.
    n_trees : int
    random_state : int
    """

    def __init__(self, *, n_folds: int = 5, n_trees: int = 100, random_state: int = 0) -> None:
        self.n_folds = n_folds
        self.n_trees = n_trees
        self.random_state = random_state

    def fit(self, outputs: ArrayLike, norms: ArrayLike, ratios: ArrayLike) -> StackedRegression:
        """Learn from local models.

        Parameters
        ----------
        outputs : array-like of shape (n_models, n_points)
        norms : array-like of shape (n_models, n_in)
        ratios : array-like of shape (n_models,)

        Raises
        ------
        BadInput
            When there are fewer models than folds, or not one row of each a model.
        """
        from sklearn.ensemble import RandomForestRegressor

        said, ratio = np.asarray(outputs, dtype=float), np.asarray(ratios, dtype=float)
        if len(said) != len(ratio) or len(np.asarray(norms)) != len(ratio) or len(ratio) < self.n_folds:
            raise BadInput(
                f"{len(said)} rows of outputs, {len(np.asarray(norms))} of norms and {len(ratio)} ratios: give one of each a "
                f"model, and {self.n_folds} models or more."
            )
        fold = np.random.default_rng(self.random_state).permutation(len(ratio)) % self.n_folds
        told = np.empty(len(ratio))
        for each in range(self.n_folds):
            rest, mine = fold != each, fold == each
            told[mine] = OutputRegression().fit(said[rest], ratio[rest]).score(said[mine])
        self.ridge_ = OutputRegression().fit(said, ratio)
        self.forest_: Any = RandomForestRegressor(
            self.n_trees, min_samples_leaf=5, max_features=0.5, oob_score=True, random_state=self.random_state
        ).fit(np.column_stack([told, norms]), ratio)
        self.local_errors_: Array = np.abs(self.forest_.oob_prediction_ - ratio)
        return self

    def score(self, outputs: ArrayLike, norms: ArrayLike) -> Array:
        """Return estimates of the ratio, shape (n_models,)."""
        return np.asarray(self.forest_.predict(np.column_stack([self.ridge_.score(outputs), norms])))
