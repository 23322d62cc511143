"""The trained pipeline as a file: a classifier over the table's own columns, for `personae audit model` and `audit recourse`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.ask._build import Array
from personae.ask.engineer import rows_with_target
from personae.ask.summary import Asked
from personae.ask.table import is_missing
from personae.errors import BadInput


@dataclass(frozen=True, slots=True, eq=False)
class SavedModel:
    """A pipeline that takes the table's columns as they are, texts too; what it has not learned counts as missing.

    Parameters
    ----------
    pipeline : fitted scikit-learn estimator
        Over codes.
    feature_names_in_ : tuple of str
    values : mapping from column to sorted texts
        The place of a text is its code.
    classes_ : ndarray of str of shape (n_classes,)
        Empty where a number is predicted.
    """

    pipeline: Any
    feature_names_in_: tuple[str, ...]
    values: Mapping[str, NDArray[Any]]
    classes_: NDArray[Any]

    def predict(self, columns: Any) -> NDArray[Any]:
        """Return the class, or the number, of each row of a data frame or mapping of columns."""
        guessed = self.pipeline.predict(self._encoded(columns))
        return self.classes_[guessed.astype(int)] if len(self.classes_) else np.asarray(guessed)

    def predict_proba(self, columns: Any) -> Array:
        """Return the probability of each class, shape (n_rows, n_classes)."""
        found = self.pipeline.predict_proba(self._encoded(columns))
        shares = np.zeros((len(found), len(self.classes_)))
        shares[:, self.pipeline.classes_.astype(int)] = found
        return shares

    def _encoded(self, columns: Any) -> Array:
        return np.column_stack(
            [self._coded(name, np.asarray(columns[name])) for name in self.feature_names_in_]
        )

    def _coded(self, name: str, column: NDArray[Any]) -> Array:
        if name not in self.values:
            if column.dtype.kind == "M":
                days = column.astype("datetime64[s]").astype(float) / 86_400
                return np.where(is_missing(column), np.nan, days)
            return column.astype(float)
        places = {str(text): float(place) for place, text in enumerate(self.values[name])}
        return np.array([places.get(str(cell), np.nan) for cell in column.tolist()])


def saved_model(asked: Asked) -> SavedModel:
    """Return the pipeline of what was asked, over the table's own columns.

    Raises
    ------
    BadInput
        When nothing was trained that tells a row by its own columns: groups, odd rows, time series.
    """
    petel, outcome = asked.petel, asked.outcome
    if outcome.pipeline is None or petel.problem_type not in ("classification", "regression"):
        raise BadInput(f"{petel.problem_type} leaves no model of rows to save. Leave --save-model out.")
    names = tuple(petel.features or ())
    table = rows_with_target(petel, asked.table)
    texts = {name: table.columns[name] for name in names if table.columns[name].dtype.kind not in "fM"}
    values = {name: np.unique(column[~is_missing(column)].astype(str)) for name, column in texts.items()}
    return SavedModel(outcome.pipeline, names, values, np.array(outcome.classes, dtype=object))


def save_model(asked: Asked, path: Path) -> None:
    """Write the pipeline by joblib, in one step."""
    import joblib

    if path.suffix != ".joblib":
        raise BadInput(f"{path}: a model's file ends in .joblib.")
    part = path.with_name(f"{path.name}.part")
    joblib.dump(saved_model(asked), part)
    part.replace(path)
