"""The fixed pipelines: a PeTEL names one of these, and nothing else is ever built or run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.ask.petel import Method, ProblemType
from personae.ask.table import Kind, Table, is_missing

Array = NDArray[np.float64]
TREES = 200
BOOSTED_CATEGORIES = 255  # most that histogram boosting takes in one column


def encode(table: Table, names: Sequence[str]) -> Array:
    """Return columns as one matrix of shape (n_rows, n_columns): numbers, days, or codes of sorted texts; NaN where missing."""
    return (
        np.column_stack([_coded(table.columns[name]) for name in names])
        if names
        else np.zeros((table.n_rows, 0))
    )


def _coded(values: NDArray[Any]) -> Array:
    if values.dtype.kind == "M":
        days = values.astype("datetime64[s]").astype(float) / 86_400
        return np.where(is_missing(values), np.nan, days)
    if values.dtype.kind == "f":
        return values.astype(float)
    gone = is_missing(values)
    codes = np.full(len(values), np.nan)
    codes[~gone] = np.unique(values[~gone].astype(str), return_inverse=True)[1]
    return codes


def categories(kinds: Mapping[str, Kind], table: Table, names: Sequence[str]) -> NDArray[np.bool_]:
    """Return which columns hold codes rather than amounts, shape (n_columns,)."""
    return np.array(
        [kinds[n] in ("category", "binary") and table.columns[n].dtype == object for n in names], dtype=bool
    )


def build(
    method: Method, problem: ProblemType, is_category: NDArray[np.bool_], *, random_state: int = 0
) -> Any:
    """Return the unfitted scikit-learn pipeline of a method.

    Parameters
    ----------
    method : Method
    problem : ProblemType
    is_category : ndarray of shape (n_columns,)
    """
    from sklearn.pipeline import make_pipeline

    is_class = problem == "classification"
    model = _model(method, is_class, is_category, random_state)
    if method in ("boosting", "constant"):
        return model
    return make_pipeline(columns_of(is_category, scale=method != "forest"), model)


def columns_of(is_category: NDArray[np.bool_], *, scale: bool) -> Any:
    """Return the column step: medians for missing numbers, one column a category, rare ones together."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    amounts = [
        SimpleImputer(strategy="median", keep_empty_features=True),
        *([StandardScaler()] if scale else []),
    ]
    coded = [
        SimpleImputer(strategy="constant", fill_value=-1.0),
        OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5, sparse_output=False),
    ]
    return ColumnTransformer(
        [
            ("amounts", make_pipeline(*amounts), np.flatnonzero(~is_category)),
            ("categories", make_pipeline(*coded), np.flatnonzero(is_category)),
        ]
    )


def _model(method: Method, is_class: bool, is_category: NDArray[np.bool_], random_state: int) -> Any:
    from sklearn import dummy, ensemble, linear_model

    if method == "linear":
        return linear_model.LogisticRegression(max_iter=1000) if is_class else linear_model.Ridge(alpha=1.0)
    if method == "forest":
        forest = ensemble.RandomForestClassifier if is_class else ensemble.RandomForestRegressor
        return forest(n_estimators=TREES, random_state=random_state, n_jobs=1)
    if method == "boosting":
        booster = (
            ensemble.HistGradientBoostingClassifier if is_class else ensemble.HistGradientBoostingRegressor
        )
        return booster(categorical_features=is_category, random_state=random_state)
    if method == "constant":
        return dummy.DummyClassifier(strategy="prior") if is_class else dummy.DummyRegressor()
    raise ValueError(method)
