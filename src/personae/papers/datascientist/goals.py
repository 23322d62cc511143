"""The benchmark's goals with their gold tasks, and the real tables that they ask about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from personae.ask import PeTEL, Table, read_table, table_of
from personae.papers.harness import Context

Part = Literal["test", "development"]
FILES = {
    "adult": ("cdsae", "adult.csv.gz"),
    "student": ("datascientist", "student_mat.csv.gz"),
    "german": ("responsiveness", "german_data.csv.gz"),
    "fico": ("responsiveness", "fico_data.csv.gz"),
    "persuasion": ("persuasion", "llm_messages_rct.csv.gz"),
}
SHIPPED = {
    "cancer": ("load_breast_cancer", "diagnosis"),
    "wine": ("load_wine", "cultivar"),
    "diabetes": ("load_diabetes", "progression"),
}
FITTING: Mapping[str, tuple[str, ...]] = {  # metrics that judge rightly
    "imbalanced": ("balanced_accuracy", "f1", "roc_auc", "average_precision"),
    "classification": ("accuracy", "balanced_accuracy", "f1", "roc_auc", "average_precision"),
    "regression": ("r2", "mean_absolute_error", "root_mean_squared_error"),
}


@dataclass(frozen=True, slots=True)
class Goal:
    """A wish and its gold: the kind of task, the target column, the metrics that judge it, the columns that leak."""

    table: str
    words: str
    problem_type: str
    target: str
    metric: str
    leaks: tuple[str, ...]

    def judged_rightly(self, petel: PeTEL) -> bool:
        """Whether the deciding metric is one that fits."""
        fitting = FITTING.get(self.metric, (self.metric,))
        return bool(petel.performance_metrics) and petel.performance_metrics[0] in fitting


@lru_cache(maxsize=1)
def _file(name: str) -> Any:
    import yaml

    text = files("personae.papers.datascientist").joinpath(name).read_text(encoding="utf-8")
    return yaml.safe_load(text)


def goals(part: Part) -> tuple[Goal, ...]:
    """Return the goals that rules may be tuned on, or those that they are tested on."""
    return tuple(
        Goal(g["table"], g["goal"], g["type"], g["target"], g["metric"], tuple(g.get("leaks", ())))
        for g in _file("goals.yaml")[part]
    )


def tables(context: Context, names: set[str]) -> dict[str, Table]:
    """Return the tables of that name, each with its data dictionary."""
    described = _file("columns.yaml")
    return {name: _table(context, name, described.get(name, {})) for name in sorted(names)}


def _table(context: Context, name: str, described: dict[str, str]) -> Table:
    if name in FILES:
        return read_table(context.path(*FILES[name]), descriptions=described)
    from sklearn import datasets

    loader, target = SHIPPED[name]
    bunch = getattr(datasets, loader)()
    names = getattr(bunch, "target_names", None)
    said = [str(names[code]) for code in bunch.target] if names is not None else bunch.target
    columns = {str(column): bunch.data[:, place] for place, column in enumerate(bunch.feature_names)}
    return table_of({**columns, target: said}, name=name, descriptions=described)
