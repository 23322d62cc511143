"""Columns that say the target again: one-feature tests, functions of the target, aliases by name and time, sibling answers.

Source: the leak that the card names (grades G1 and G2 for G3); Kaufman, Rosset, Perlich (2012), "Leakage in Data Mining",
ACM TKDD 6(4), sections 3 and 5: exploratory search for single features that predict too well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from personae.ask._words import words
from personae.ask.table import Column, Look

Array = NDArray[np.float64]
Reason = Literal["alone", "function", "some values", "series", "siblings"]
ROWS = 4000  # that the tests look at
ALONE = 0.9  # skill of one feature alone from which on it says the target again
SERIES = 0.3  # the same for a column named as another moment of the target
PURE, COVERED, COMMON = 0.98, 0.2, 0.75  # of a value's rows; of all rows; a class this common is no sign
SAID: Mapping[Reason, str] = {
    "alone": "alone it predicts the target almost perfectly",
    "function": "it is a function of the target, or the target of it",
    "some values": "some of its values fix the target",
    "series": "its name says that it is the same thing measured at another time",
    "siblings": "it is another answer to the same question as the target",
}


@dataclass(frozen=True, slots=True)
class Leak:
    """A column that says the target again: why, and how well it predicts the target alone (skill, 1 is perfect)."""

    column: str
    reason: Reason
    skill: float

    def __str__(self) -> str:
        return f"{self.column}: {SAID[self.reason]} (skill alone {self.skill:.2f})"


def find_leaks(
    look: Look,
    codes: Mapping[str, Array],
    target: str,
    values: Array,
    *,
    is_class: bool,
    random_state: int = 0,
) -> tuple[Leak, ...]:
    """Return the columns that say the target again.

    Parameters
    ----------
    codes : mapping from column to ndarray of shape (n_rows,)
        Numbers, or codes of categories; NaN where missing.
    values : ndarray of shape (n_rows,)
        The target: class codes, or numbers.

    Notes
    -----
    Skill of one feature: three-fold cross-validated score of a tree with at most 64 leaves on it alone, balanced accuracy
    rescaled so that chance is 0, or R squared. At most `ROWS` rows, drawn by lot, are looked at.
    """
    kept = np.flatnonzero(~np.isnan(values))
    if len(kept) > ROWS:
        kept = np.random.default_rng(random_state).choice(kept, ROWS, replace=False)
    said = values[kept]
    found = []
    for name, column in codes.items():
        if name == target or not np.isfinite(column).any():
            continue
        feature = column[kept]
        skill = one_feature_skill(feature, said, is_class=is_class)
        reason = _reason(look[name], look[target], feature, said, skill, is_class)
        if reason:
            found.append(Leak(name, reason, skill))
    return tuple(sorted(found, key=lambda leak: -leak.skill))


def one_feature_skill(feature: Array, values: Array, *, is_class: bool) -> float:
    """Return how well one feature alone predicts the values: 0 as chance, 1 perfectly.

    >>> number = np.arange(90.0)
    >>> one_feature_skill(number, np.floor(number / 30), is_class=True) > 0.9
    True
    """
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    shape: dict[str, Any] = {"max_leaf_nodes": 64, "min_samples_leaf": 5, "random_state": 0}
    tree: Any = DecisionTreeClassifier(**shape) if is_class else DecisionTreeRegressor(**shape)
    classes, counts = np.unique(values, return_counts=True)
    if is_class:
        often = np.isin(values, classes[counts >= 6])
        feature, values, classes = feature[often], values[often], classes[counts >= 6]
    if len(classes) < 2 or len(values) < 12:
        return 0.0
    folds: Any = (StratifiedKFold if is_class else KFold)(3, shuffle=True, random_state=0)
    guessed = cross_val_predict(tree, feature.reshape(-1, 1), values, cv=folds)
    if not is_class:
        return max(0.0, 1 - float(np.mean((values - guessed) ** 2) / np.var(values)))
    recall = np.mean([np.mean(guessed[values == c] == c) for c in classes])
    return max(0.0, float((recall - 1 / len(classes)) / (1 - 1 / len(classes))))


def _reason(
    column: Column, target: Column, feature: Array, values: Array, skill: float, is_class: bool
) -> Reason | None:
    if _is_series(column.name, target.name) and skill >= SERIES:
        return "series"
    if skill >= ALONE:
        return "alone"
    if _is_sibling(column, target, feature, values):
        return "siblings"
    if not is_class or column.n_distinct > 64:
        return None
    if (
        target.n_distinct > 2
        and column.n_distinct > 2
        and _purity(values, feature)[0] >= PURE
        and skill >= 0.1
    ):
        return "function"
    if column.kind in ("category", "binary") and _purity(feature, values)[1] >= COVERED:
        return "some values"
    return None


def _is_series(name: str, target: str) -> bool:
    """Whether two names differ in a number alone, as G1 and G3 or wave_1 and wave_2 do."""
    stem, other = (re.sub(r"\d+", "#", each) for each in (name, target))
    return "#" in stem and stem == other


def _is_sibling(column: Column, target: Column, feature: Array, values: Array) -> bool:
    """Whether two yes-or-no columns with one first word are never both yes: answers to one question."""
    if column.kind != "binary" or target.kind != "binary" or words(column.name)[:1] != words(target.name)[:1]:
        return False
    yes, also = feature == np.nanmax(feature), values == np.nanmax(values)
    return bool(yes.mean() >= 0.02 and not (yes & also).any())


def _purity(given: Array, told: Array) -> tuple[float, float]:
    """Return the share of rows that the commonest `told` of their `given` value gets right, and the share of rows whose
    value fixes a class that is not common anyway."""
    given = np.where(np.isnan(given), np.inf, given)
    told = np.where(np.isnan(told), np.inf, told)
    right = fixed = 0
    for value in np.unique(given):
        inside = told[given == value]
        classes, counts = np.unique(inside, return_counts=True)
        right += counts.max()
        winner = classes[counts.argmax()]
        is_sign = counts.max() >= PURE * len(inside) and np.mean(told == winner) < COMMON
        fixed += len(inside) if is_sign and len(inside) >= 30 else 0
    return right / len(told), fixed / len(told)
