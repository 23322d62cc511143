"""Judge a twin on people it has not seen: folds by person, everything it learns learned again without them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from personae.metrics.folds import deal_folds
from personae.mind.twins._ridge import Array
from personae.mind.twins.estimators import FOLDS, HybridTwin, StatisticalTwin


@dataclass(frozen=True, slots=True)
class CrossFit:
    """What a twin said about people it was not fitted on; arrays of shape (n_people, n_outcomes).

    `low` and `high` are the ends of its interval, `reliability` the r that it expected of the outcome. NaN where the person
    was not asked, or where `model_answers` had none.
    """

    predicted: Array
    low: Array
    high: Array
    reliability: Array


def cross_fit(
    twin: StatisticalTwin | HybridTwin,
    features: ArrayLike,
    answers: ArrayLike,
    *model_answers: ArrayLike,
    n_folds: int = FOLDS,
    level: float = 0.9,
    random_state: int = 0,
) -> CrossFit:
    """Predict every person's answers by a twin fitted on the other folds.

    Parameters
    ----------
    twin : StatisticalTwin or HybridTwin
        Fitted again for each fold.
    features, answers, model_answers
        As in its `fit`.
    level : float in (0, 1)
        Share of answers that the intervals should hold.
    """
    x, y = np.asarray(features, float), np.asarray(answers, float)
    more = [np.asarray(table, float) for table in model_answers]
    folds = deal_folds(range(len(x)), n_folds=n_folds, random_state=random_state)
    found = CrossFit(*(np.full(y.shape, np.nan) for _ in range(4)))
    for k in range(n_folds):
        seen, new = folds != k, folds == k
        twin.fit(x[seen], y[seen], *(table[seen] for table in more))
        found.predicted[new] = twin.predict(x[new], *(table[new] for table in more))
        found.low[new], found.high[new] = twin.interval_around(found.predicted[new], level)
        found.reliability[new] = twin.reliability_
    for table in (found.predicted, found.low, found.high, found.reliability):
        table[np.isnan(y)] = np.nan
    return found
