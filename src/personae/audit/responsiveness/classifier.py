"""A classifier that is asked for predictions alone, its scaler and encoders inside: nothing is ever explained on other inputs.

A file of joblib or pickle is a program: loading one runs what it holds. It is loaded only where a person names it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.responsiveness.actions import Array
from personae.audit.responsiveness.reading import Coding
from personae.audit.torch_classifier import ENDINGS as TORCH_ENDINGS
from personae.audit.torch_classifier import TorchClassifier
from personae.errors import BadInput, MissingExtra

ENDINGS = (".joblib", ".pkl", ".pickle")


def load_model(path: Path) -> Any:
    """Load a fitted scikit-learn classifier or pipeline, with `predict`, or a torch network saved by `TorchClassifier`.

    Loading runs the code that the file holds: load only files that you or people you trust have written.

    Raises
    ------
    BadInput
        When the file has another ending, cannot be loaded, or holds nothing with `predict`.
    """
    if path.suffix in TORCH_ENDINGS:
        return TorchClassifier.load(path)
    if path.suffix not in ENDINGS:
        raise BadInput(
            f"{path.name}: a model's file ends in {', '.join((*ENDINGS, *TORCH_ENDINGS))}; save it with "
            "joblib.dump(model, path), a torch network with TorchClassifier(...).save(path)."
        )
    try:
        import joblib
    except ImportError:
        raise MissingExtra("Loading a model needs scikit-learn: pip install 'personae[learn]'.") from None
    try:
        model = joblib.load(path)
    except OSError:
        raise
    except Exception as error:
        raise BadInput(
            f"{path.name}: cannot be loaded ({type(error).__name__}). Was it saved with other versions of its packages?"
        ) from error
    if not callable(getattr(model, "predict", None)):
        raise BadInput(
            f"{path.name}: holds a {type(model).__name__}, which has no `predict`. Save a fitted classifier."
        )
    return model


def feature_names(model: Any, columns: Sequence[str], leave_out: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the features of a model: those it was fitted on, else the table's columns but those left out.

    Raises
    ------
    BadInput
        When the table lacks one, or has another number of columns than the model.
    """
    named = getattr(model, "feature_names_in_", None)
    if named is not None:
        missing = [str(name) for name in named if name not in columns]
        if missing:
            raise BadInput(
                f"The table has no column {missing[0]!r}, on which the model was fitted ({len(missing)} missing)."
            )
        return tuple(str(name) for name in named)
    names = tuple(name for name in columns if name not in leave_out)
    wanted = getattr(model, "n_features_in_", len(names))
    if wanted != len(names):
        raise BadInput(
            f"The model takes {wanted} features, the table has {len(names)} columns besides the person's."
        )
    return names


def predictor(model: Any, coding: Coding) -> Callable[[Array], ArrayLike]:
    """Return `predict` on coded points: as a data frame where the model was fitted on named columns, else as an array."""
    named = getattr(model, "feature_names_in_", None) is not None

    def predict(points: Array) -> NDArray[Any]:
        columns = coding.decode(points)
        if named:
            import pandas as pd

            return np.asarray(model.predict(pd.DataFrame(columns)))
        texts = any(column.dtype == object for column in columns.values())
        table = np.column_stack([column.astype(object) if texts else column for column in columns.values()])
        return np.asarray(model.predict(table))

    return predict


def target_label(model: Any, asked: Any) -> Any:
    """Return the wanted label of a model: the one asked for, else the last of two classes.

    Raises
    ------
    BadInput
        When the model is a regressor, knows one class alone, more than two with none asked for, or not the one asked for.
    """
    if _is_regressor(model):
        raise BadInput(f"A {type(model).__name__} foretells a number and decides nothing: give a classifier.")
    classes = list(getattr(model, "classes_", ()))
    if len(classes) == 1:
        raise BadInput(
            "The model knows one class alone: it tells everybody the same, and no change can matter."
        )
    if asked is None:
        if len(classes) != 2:
            raise BadInput(
                "Which prediction is wanted? Name it with --target, or as `target:` in the action set."
            )
        return classes[-1]
    for label in classes:
        if label == asked or str(label) == str(asked):
            return label
    if classes:
        raise BadInput(
            f"The model never predicts {asked!r}. It predicts: {', '.join(map(str, classes[:12]))}."
        )
    return asked


def _is_regressor(model: Any) -> bool:
    from sklearn.base import BaseEstimator, is_regressor

    return isinstance(model, BaseEstimator) and bool(is_regressor(model))
