"""A fitted classifier with what it takes of a table: which columns, in which order, and which answer counts as yes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from personae.audit.responsiveness.classifier import feature_names, target_label
from personae.errors import BadInput

Array = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]
SHOWN = 12  # names that a message lists
FEW_VALUES = 10  # a number with as many values or fewer may be a group or a category


@dataclass(frozen=True, slots=True)
class ModelHandle:
    """A classifier that is asked on columns of a table.

    Parameters
    ----------
    classifier : object with `predict_proba` and `classes_`
        Scaler and encoders are inside, as in a scikit-learn pipeline or a `TorchClassifier`.
    wanted : object
        The answer of `classes_` that counts as yes.
    features : tuple of str
        The columns that it takes, in its order.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(
    ...     classes_=[0, 1], n_features_in_=1, predict_proba=lambda x: np.column_stack([1 - x[:, 0], x[:, 0]])
    ... )
    >>> handle = ModelHandle.of(model, ["odds", "sex", "hired"], target="hired", sensitive=["sex"])
    >>> handle.features, handle.probabilities({"odds": np.array([0.2, 0.7])}).tolist()
    (('odds',), [0.2, 0.7])
    """

    classifier: Any
    wanted: Any
    features: tuple[str, ...]

    @classmethod
    def of(
        cls,
        classifier: Any,
        columns: Sequence[str],
        *,
        target: str,
        person: str = "",
        sensitive: Sequence[str] = (),
        features: Sequence[str] = (),
        positive: str = "",
    ) -> ModelHandle:
        """Return the handle of a classifier for a table with these columns.

        Parameters
        ----------
        target, person, sensitive
            Columns that a model without names does not take: the true answer and the person never, sensitive ones where the
            count of its columns says so. A model that was fitted on named columns takes those.
        features : sequence of str
            What a model without names takes, in its order, where its count does not say.
        positive : str
            The answer that counts as yes; the last of two without it.

        Raises
        ------
        BadInput
            When it is no classifier, is not fitted, or cannot be shown this table.
        """
        _refuse(classifier)
        return cls(
            classifier,
            _wanted(classifier, positive),
            _features(classifier, columns, (target, person), sensitive, features),
        )

    @property
    def is_named(self) -> bool:
        """Whether it was fitted on named columns."""
        return getattr(self.classifier, "feature_names_in_", None) is not None

    def inputs(self, columns: Columns, rows: NDArray[Any] | None = None) -> Any:
        """Return what the model is shown, of all rows or of some: a data frame where it knows names, else an array."""
        taken = {name: columns[name] if rows is None else columns[name][rows] for name in self.features}
        if self.is_named:
            import pandas as pd

            return pd.DataFrame(taken)
        return np.column_stack(list(taken.values()))

    def probabilities(self, columns: Columns, name: str = "the table") -> Array:
        """Return the probability of the wanted answer, shape (n_rows,).

        Raises
        ------
        BadInput
            When a row cannot be scored, naming the first.
        """
        place = [str(each) for each in self.classifier.classes_].index(str(self.wanted))

        def scored(rows: NDArray[Any] | None) -> Array:
            said = np.asarray(self.classifier.predict_proba(self.inputs(columns, rows)), dtype=float)
            return said[:, place]

        try:
            return scored(None)
        except BadInput:
            raise
        except (ValueError, TypeError):
            refused = _first_refused(scored, np.arange(len(columns[self.features[0]])))
        raise BadInput(
            f"{name}, row {refused + 1}: the model cannot score it: a value is missing, or of a kind or category that "
            "it has not learned. Mend the row, or put an imputer and an encoder with handle_unknown='ignore' into the model's "
            "pipeline."
        )

    def answers(self, values: NDArray[Any], column: str, name: str = "the table") -> NDArray[Any]:
        """Return the model's own label of each true answer; one that it never gives is refused by its row."""
        labels = {told(label): label for label in self.classifier.classes_}
        found = [told(value) for value in values]
        for row, value in enumerate(found, 1):
            if value not in labels:
                raise BadInput(
                    f"{name}, row {row}: {column} is missing, or none of the model's answers "
                    f"({', '.join(map(str, list(self.classifier.classes_)[:6]))}). Mend or drop the row."
                )
        return np.array([labels[value] for value in found])


def told(value: Any) -> str:
    """Write an answer so that 1, 1.0 and True are one.

    >>> told(True), told("1.0"), told("yes")
    ('1', '1', 'yes')
    """
    try:
        return f"{float(value):g}"
    except (TypeError, ValueError):
        return str(value)


def is_many_valued(values: NDArray[Any], most: int = FEW_VALUES) -> bool:
    """Whether a column is of numbers with too many values to be groups.

    >>> is_many_valued(np.arange(40.0)), is_many_valued(np.array([0.0, 1.0, np.nan]))
    (True, False)
    """
    return values.dtype.kind == "f" and len(np.unique(values[~np.isnan(values)])) > most


def _refuse(classifier: Any) -> None:
    kind = type(classifier).__name__
    classes: Any = getattr(classifier, "classes_", ())
    if not len(classes):
        if _is_unfitted(classifier):
            raise BadInput(f"The model, a {kind}, has learned nothing yet: call `fit` before it is saved.")
        raise BadInput(f"The model, a {kind}, is no classifier: it has no `classes_` to choose from.")
    if np.ndim(classes[0]):
        raise BadInput(f"The model, a {kind}, gives several answers at once: audit a model of one of them.")
    if not callable(getattr(classifier, "predict_proba", None)):
        raise BadInput(
            f"The model, a {kind}, gives no probabilities: wrap it in CalibratedClassifierCV, or save one with `predict_proba`."
        )


def _is_unfitted(model: Any) -> bool:
    if not (hasattr(model, "get_params") and hasattr(model, "fit")):
        return False
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(model)
    except NotFittedError:
        return True
    return False


def _wanted(classifier: Any, positive: str) -> Any:
    classes = list(classifier.classes_)
    if not positive and len(classes) > 2:
        listed = ", ".join(map(str, classes[:SHOWN]))
        raise BadInput(f"The model has {len(classes)} answers ({listed}): say with --positive which is yes.")
    return target_label(classifier, positive or None)


def _features(
    classifier: Any,
    columns: Sequence[str],
    never: tuple[str, ...],
    sensitive: Sequence[str],
    asked: Sequence[str],
) -> tuple[str, ...]:
    if getattr(classifier, "feature_names_in_", None) is not None:
        if asked:
            raise BadInput("The model knows its columns by name: leave out --features.")
        return feature_names(classifier, columns)
    rest = tuple(name for name in columns if name not in never)
    plain = tuple(name for name in rest if name not in sensitive)
    wanted = getattr(classifier, "n_features_in_", None)
    if asked:
        missing = [name for name in asked if name not in columns]
        if missing or wanted not in (None, len(asked)):
            raise BadInput(
                f"--features names {len(asked)} columns for a model of {wanted}"
                + (f", and the table has no column {missing[0]!r}." if missing else ".")
            )
        return tuple(asked)
    for names in (rest, plain):
        if names and wanted in (None, len(names)):
            return names
    raise BadInput(
        f"The model takes {wanted} columns and knows no names; the table has {len(rest)} without the true answer and the person, "
        f"{len(plain)} without the sensitive ones. Say which it takes, in its order, with --features."
    )


def _first_refused(scored: Callable[[NDArray[Any]], Array], rows: NDArray[Any]) -> int:
    """Return the first row that is refused alone, by halves; the first of all where each is taken alone."""
    while len(rows) > 1:
        half = rows[: len(rows) // 2]
        try:
            scored(half)
        except (ValueError, TypeError):
            rows = half
        else:
            rows = rows[len(rows) // 2 :]
    return int(rows[0])
