"""PeTEL, the prediction task expression: the slots that fix a task formally, and what each may hold.

Source: Hassan, Knipper, Santu (2023), "ChatGPT as your Personal Data Scientist", arXiv 2305.13657, section 4: the Prediction
Task Expression Language. The slots are the card's; Notes of `PeTEL` list the deviations.
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from personae.ask.table import Look
from personae.errors import BadInput

ProblemType = Literal[
    "classification",
    "regression",
    "clustering",
    "dimensionality reduction",
    "anomaly detection",
    "time series",
]
Metric = Literal[
    "accuracy", "balanced_accuracy", "f1", "roc_auc", "average_precision",
    "r2", "mean_absolute_error", "root_mean_squared_error", "silhouette", "stability", "explained_variance",
]  # fmt: skip
Method = Literal["boosting", "forest", "linear", "constant", "k_means", "components", "isolation"]
SplitKind = Literal["random", "person", "column", "time"]
PROBLEMS: tuple[ProblemType, ...] = get_args(ProblemType)
SUPERVISED: tuple[ProblemType, ...] = ("classification", "regression", "time series")
METRICS: dict[ProblemType, tuple[Metric, ...]] = {
    "classification": ("accuracy", "balanced_accuracy", "f1", "roc_auc", "average_precision"),
    "regression": ("r2", "mean_absolute_error", "root_mean_squared_error"),
    "time series": ("r2", "mean_absolute_error", "root_mean_squared_error"),
    "clustering": ("silhouette",),
    "anomaly detection": ("stability",),
    "dimensionality reduction": ("explained_variance",),
}
METHODS: dict[ProblemType, tuple[Method, ...]] = {
    "classification": ("linear", "forest", "boosting"),
    "regression": ("linear", "forest", "boosting"),
    "time series": ("linear", "forest", "boosting"),
    "clustering": ("k_means",),
    "anomaly detection": ("isolation",),
    "dimensionality reduction": ("components",),
}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Split(_Frozen):
    """How rows are held out for the one final score: by lot, by whole persons, by a column that says, or the latest."""

    kind: SplitKind = "random"
    column: str = ""
    share: float = Field(default=0.2, gt=0, lt=0.9)

    def __str__(self) -> str:
        how = {
            "random": "rows by lot",
            "person": f"whole people of {self.column}",
            "column": f"as the column {self.column} says",
            "time": f"the latest by {self.column}",
        }[self.kind]
        return how if self.kind == "column" else f"{self.share:.0%} held out, {how}"


class LeftOut(_Frozen):
    """A column that is no feature, and why."""

    column: str
    reason: str


class PeTEL(_Frozen):
    """One prediction task, slot by slot; None and "" are slots that nobody has filled.

    Parameters
    ----------
    problem_type : ProblemType or None
    target_variable : str
        A column; empty for tasks without one.
    target_expression : str
        A condition that makes the target of columns, such as "hours_per_week > 50"; see `personae.ask.derive`.
    positive : str
        The class that is asked for.
    features : tuple of str or None
    left_out : tuple of LeftOut
    data_split : Split or None
    performance_metrics : tuple of Metric
        The first decides, the others are told.
    model_preferences : tuple of Method or None
    validation_method : int or None
        Folds of the cross-validation within the training rows.
    objective : str
        The user's own words.
    context : str
        What is to be known beside: who the rows are, what a mistake costs.
    random_state : int

    Notes
    -----
    The card's slot dataset_size is read from the table and no slot here. `left_out`, `positive`, `target_expression` and
    `random_state` are added: leaving out and asking for one class are parts of the task that the paper leaves to the code.

    Examples
    --------
    >>> PeTEL(problem_type="classification", target_variable="income").missing()
    ('features', 'data_split', 'performance_metrics', 'model_preferences', 'validation_method')
    """

    problem_type: ProblemType | None = None
    target_variable: str = ""
    target_expression: str = ""
    positive: str = ""
    features: tuple[str, ...] | None = None
    left_out: tuple[LeftOut, ...] = ()
    data_split: Split | None = None
    performance_metrics: tuple[Metric, ...] = ()
    model_preferences: tuple[Method, ...] | None = None
    validation_method: int | None = Field(default=None, ge=2, le=20)
    objective: str = ""
    context: str = ""
    random_state: int = 0

    @property
    def is_supervised(self) -> bool:
        return self.problem_type in SUPERVISED

    def missing(self) -> tuple[str, ...]:
        """Return the slots that are still to be filled, in the order in which they are asked for."""
        empty = {
            "problem_type": self.problem_type is None,
            "target_variable": not self.target_variable and (self.is_supervised or self.problem_type is None),
            "features": self.features is None,
            "data_split": self.data_split is None,
            "performance_metrics": not self.performance_metrics,
            "model_preferences": self.model_preferences is None,
            "validation_method": self.validation_method is None,
        }
        return tuple(slot for slot, is_empty in empty.items() if is_empty)

    def changed(self, **slots: object) -> PeTEL:
        """Return the expression with these slots changed, validated.

        Raises
        ------
        BadInput
            Naming the slot, where a value does not fit it.
        """
        from pydantic import ValidationError

        try:
            return PeTEL.model_validate({**self.model_dump(), **slots})
        except ValidationError as error:
            slot = str(error.errors()[0]["loc"][0])
            why = error.errors()[0]["msg"]
        raise BadInput(f"The slot {slot} cannot hold that: {why}.")

    def check(self, look: Look) -> PeTEL:
        """Return the expression if every column that it names is in the table and each metric fits the problem.

        Raises
        ------
        UnknownName
            For a column that is not there: nothing is trained on an invented one.
        BadInput
            For a target among the features, or a metric of another kind of problem.
        """
        named = [self.target_variable, *(self.features or ())]
        named.append(self.data_split.column if self.data_split else "")
        for column in filter(None, named):
            look[column]
        if self.target_variable and self.target_variable in (self.features or ()):
            raise BadInput(f"The target {self.target_variable!r} stands among the features. Leave it out.")
        fitting = METRICS[self.problem_type] if self.problem_type else ()
        for metric in self.performance_metrics:
            if metric not in fitting:
                raise BadInput(
                    f"{metric} does not judge {self.problem_type}; these do: {', '.join(fitting)}."
                )
        return self
