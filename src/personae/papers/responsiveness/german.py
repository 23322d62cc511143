"""German credit: the authors' processed people, published model, action set and recorded outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from personae.audit.responsiveness import ActionSet, Linked, ResponsivenessScorer, Thermometer, infer_features
from personae.papers.harness import Context

DATA = "responsiveness"
Array = NDArray[np.float64]
UP = (
    "YearsEmployed_geq_1", "HasGuarantor", "HistoryOfBankInstallments", "HistoryOfStoreInstallments",
    "CheckingAcct_exists", "CheckingAcct_geq_0", "SavingsAcct_exists", "SavingsAcct_geq_100",
)  # fmt: skip


@dataclass(frozen=True)
class German:
    """The people, without duplicates, and what was recorded of them.

    Parameters
    ----------
    names : tuple of str
    people : ndarray of shape (997, 36)
        Rows in the order of the recorded `u_index`.
    rows, labels, fold : ndarray
        Everybody's row in `people`, whether the credit went well, and the fold; 5 is the test fold.
    coef, intercept, mean, scale
        The published logistic regression, on standardized values.
    """

    names: tuple[str, ...]
    people: Array
    rows: NDArray[np.int64]
    labels: NDArray[np.bool_]
    fold: NDArray[np.int64]
    coef: Array
    intercept: float
    mean: Array
    scale: Array

    def predict(self, points: Array) -> ArrayLike:
        """Return the published model's predictions: standardized, then weighed."""
        return self.standardized(points) @ self.coef + self.intercept > 0

    def standardized(self, points: Array) -> Array:
        return (points - self.mean) / self.scale

    @cached_property
    def actions(self) -> ActionSet:
        """The authors' action set `complex_nD`."""
        return action_set(self.names, self.people)

    def scorer(self) -> ResponsivenessScorer:
        return ResponsivenessScorer(actions=self.actions, predict=self.predict, target=True)

    @cached_property
    def last_alike(self) -> Array:
        """Each person's values as the recorded sets hold them, shape (997, 36).

        People who are alike in every feature that can change share one object in the authors' program when their sets are
        stored, and all of them are stored after the last one's other features were written into it.
        """
        columns = [j for block in self.actions.blocks for j in block]
        _, group = np.unique(self.people[:, columns], axis=0, return_inverse=True)
        last = np.zeros(group.max() + 1, dtype=np.int64)
        np.maximum.at(last, group, np.arange(len(group)))
        return np.asarray(self.people[last[group]])

    def attributions(self, context: Context, method: str) -> Array:
        """Return the recorded values of "shap" or "lime", shape (997, 36)."""
        table = context.rows(DATA, f"german_logreg_{method}.csv.gz")
        found = np.zeros(self.people.shape)
        for row in table:
            found[int(row["u_index"])] = [float(row[name]) for name in self.names]
        return found


@dataclass(frozen=True, slots=True)
class Recorded:
    """The recorded action counts and hits by (person, feature), flips and recourse by person; -1 where held back."""

    points: NDArray[np.int64]
    hits: NDArray[np.int64]
    predicted: NDArray[np.int64]
    flips: NDArray[np.int64]
    recourse: NDArray[np.int64]


def load(context: Context) -> German:
    """Read the people and the published model."""
    model = context.json(DATA, "german_logreg_model.json")
    names = tuple(model["features"])
    table = context.rows(DATA, "german_processed.csv.gz")
    rows = np.array([int(row["u_index"]) for row in table])
    people = np.zeros((rows.max() + 1, len(names)))
    people[rows] = [[float(row[name]) for name in names] for row in table]
    return German(
        names, people, rows, np.array([row["IsCreditRiskGood"] in {"1", "True"} for row in table]),
        np.array([int(row["fold"]) for row in table]), np.array(model["coef"]), float(model["intercept"]),
        np.array(model["scaler_mean"]), np.array(model["scaler_scale"]),
    )  # fmt: skip


def recorded(context: Context, german: German) -> Recorded:
    """Read the recorded outputs."""
    points, hits = (np.full(german.people.shape, -1) for _ in range(2))
    for row in context.rows(DATA, "german_logreg_responsiveness.csv.gz"):
        at = int(row["u_index"]), german.names.index(row["feature_name"])
        points[at], hits[at] = int(row["marginal_action_count"]), int(row["recourse_count"])
    predicted, flips, recourse = (np.full(len(german.people), -1) for _ in range(3))
    for row in context.rows(DATA, "german_logreg_audit.csv"):
        who = int(row["u_index"])
        predicted[who], recourse[who] = row["pred_good"] == "True", row["recourse_exists"] == "True"
        flips[who] = int(row["n_flip_actions"])
    return Recorded(points, hits, predicted, flips, recourse)


def action_set(names: Sequence[str], people: Array, *, up: Sequence[str] = UP) -> ActionSet:
    """Return the published action set, or the same limits on other features where `up` names others."""
    features = {each.name: replace(each, actionable=False) for each in infer_features(names, people)}
    for name in up:
        features[name] = replace(features[name], actionable=True, direction=1)
    features["YearsAtResidence"] = replace(
        features["YearsAtResidence"], actionable=True, low=0.0, high=7.0, direction=1, step_high=2.0
    )
    return ActionSet(
        tuple(features.values()),
        (
            Linked("YearsAtResidence", {"Age": 1.0}),
            Linked("YearsEmployed_geq_1", {"Age": 1.0}),
            Thermometer(("CheckingAcct_exists", "CheckingAcct_geq_0"), 1),
            Thermometer(("SavingsAcct_exists", "SavingsAcct_geq_100"), 1),
        ),
    )
