"""What companies would send as reasons: SHAP, LIME and counterfactuals, each from the package of its name (extra `explain`)."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.errors import MissingExtra

Array = NDArray[np.float64]
Track = Callable[[Iterable[Any], str], Iterable[Any]]
LIME_SAMPLES = 1000  # paper, section 4
COUNTERFACTUALS = 4  # as many as there are reasons


def linear_shap(coef: Array, standardized: Array) -> Array:
    """Return SHAP values of a linear model, shape (n_people, n_features): coef * (z - mean of z), features independent.

    >>> linear_shap(np.array([2.0, 1.0]), np.array([[0.0, 1.0], [2.0, 1.0]])).tolist()
    [[-2.0, 0.0], [2.0, 0.0]]
    """
    return np.asarray(coef * (standardized - standardized.mean(axis=0)))


def shap_values(model: Any, background: Array, people: Array) -> Array:
    """Return SHAP values for class 1, shape (n_people, n_features): of the whole pipeline, on the values people have."""
    shap = _package("shap")
    scaler = model[0] if hasattr(model, "steps") else None
    with _quiet():
        if scaler is not None:
            explainer = shap.LinearExplainer(model[-1], scaler.transform(background))
            return np.asarray(explainer.shap_values(scaler.transform(people)))
        values = np.asarray(shap.TreeExplainer(model).shap_values(people))
    return np.asarray(values[..., 1] if values.ndim == 3 else values)


def lime_values(
    predict_proba: Callable[[Array], Array], background: Array, people: Array, *, seed: int, track: Track
) -> Array:
    """Return LIME's weights for class 1 with every feature kept, as the paper sets it up, shape (n_people, n_features)."""
    _package("lime")
    from lime.lime_tabular import LimeTabularExplainer

    explainer = LimeTabularExplainer(
        background, mode="classification", discretize_continuous=False, random_state=seed
    )
    found = np.zeros(people.shape)
    for at, x in enumerate(track(people, "LIME")):
        told = explainer.explain_instance(
            x, predict_proba, num_features=people.shape[1], num_samples=LIME_SAMPLES
        )
        for feature, weight in told.as_map()[1]:
            found[at, feature] = weight
    return found


def counterfactuals(
    model: Any,
    names: Sequence[str],
    people: Array,
    labels: NDArray[np.int64],
    refused: Array,
    free: Sequence[str],
    *,
    seed: int,
    track: Track,
) -> list[Array]:
    """Return dice-ml's counterfactuals of each refused person, shape (n_found, n_features), empty where it finds none.

    Only features that can be changed may vary; dice-ml knows nothing else of an action set.
    """
    dice_ml = _package("dice_ml")
    import pandas as pd

    frame = pd.DataFrame(people, columns=list(names))
    numeric = [name for name, column in zip(names, people.T, strict=True) if len(np.unique(column)) > 2]
    frame = frame.astype({name: str for name in names if name not in numeric}).assign(label=labels)
    data = dice_ml.Data(dataframe=frame, continuous_features=numeric, outcome_name="label")
    wrapped = dice_ml.Model(model=_Numeric(model), backend="sklearn")
    maker = dice_ml.Dice(data, wrapped, method="random")
    return list(_found(maker, frame.drop(columns="label"), refused, list(names), list(free), seed, track))


class _Numeric:
    """A model that takes dice-ml's frames, whose binary columns are texts."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.classes_ = model.classes_

    def predict_proba(self, frame: Any) -> Array:
        return np.asarray(self._model.predict_proba(frame.to_numpy().astype(float)))

    def predict(self, frame: Any) -> Array:
        return np.asarray(self._model.predict(frame.to_numpy().astype(float)))


def _found(
    maker: Any, frame: Any, refused: Array, names: list[str], free: list[str], seed: int, track: Track
) -> Iterator[Array]:
    import pandas as pd
    from raiutils.exceptions import UserConfigValidationException

    texts = [name for name in names if frame[name].dtype != float]
    for x in track(refused, "dice-ml"):
        query = pd.DataFrame(x[None, :], columns=names).astype(dict.fromkeys(texts, str))
        found = None
        with _quiet(), contextlib.suppress(UserConfigValidationException):  # how dice-ml says "none found"
            made = maker.generate_counterfactuals(
                query, total_CFs=COUNTERFACTUALS, desired_class=1, features_to_vary=free, random_seed=seed
            )
            found = made.cf_examples_list[0].final_cfs_df
        yield np.empty((0, len(names))) if found is None else found[names].to_numpy().astype(float)


def _package(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        raise MissingExtra(f"This comparison needs {name}: pip install 'personae[explain]'.") from None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    logging.getLogger("shap").setLevel(logging.ERROR)
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield
