"""The second dialogue state, task formulation: from what a wish says to a full PeTEL, with every warning it gives rise to.

The feeder of the paper in rules: it fills what the user leaves open, and says for each column left out why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from personae.ask._build import encode
from personae.ask._words import words
from personae.ask.leaks import Leak, find_leaks
from personae.ask.petel import METHODS, METRICS, LeftOut, Metric, PeTEL, ProblemType, Split
from personae.ask.table import FEATURE_KINDS, MOST_VALUES, Column, Look, Table, is_missing
from personae.ask.understand import Reading
from personae.errors import BadInput

FOLDS = 5
RARE = 0.35  # share of the rarer class below which accuracy misleads
OFTEN = 0.5  # share of the commonest of several classes above which it does
AUDITS = (
    "`personae audit model` judges the fairness of the result over groups, `personae audit recourse` says what each person "
    "could change."
)
_LEFT_OUT = {
    "id": "names rows", "text": "free text", "constant": "one value only", "split": "says which rows are held out",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Formulated:
    """A full PeTEL, the leaks that were found, and what the user must be told before training."""

    petel: PeTEL
    leaks: tuple[Leak, ...]
    warnings: tuple[str, ...]


def petel_of(reading: Reading, goal: str) -> PeTEL:
    """Return the slots that a reading fills; the rest stays open."""
    metrics = (reading.metric,) if reading.metric and reading.problem_type else ()
    if reading.problem_type and reading.metric not in METRICS[reading.problem_type]:
        metrics = ()
    return PeTEL(
        problem_type=reading.problem_type,
        target_variable=reading.target,
        target_expression=reading.expression,
        positive=reading.positive,
        performance_metrics=tuple(filter(None, metrics)),
        left_out=tuple(LeftOut(column=name, reason="you asked for it") for name in reading.left_out),
        objective=goal,
    )


def fill(petel: PeTEL, table: Table, *, keep: tuple[str, ...] = ()) -> Formulated:
    """Fill every open slot and return the expression with its warnings.

    Parameters
    ----------
    petel : PeTEL
        With a problem type, and a target where the problem has one.
    table : Table
    keep : tuple of str
        Columns that the user wants among the features in spite of a warning.

    Raises
    ------
    BadInput
        For a target that nothing can be learned of: without values, with one alone, dates, or too many classes.
    """
    look = table.look()
    if petel.is_supervised and petel.target_variable and not petel.target_expression:
        _check_target(look[petel.target_variable], petel.problem_type)
    problem = petel.problem_type or "classification"
    leaks = _leaks(petel, table, look) if petel.is_supervised else ()
    features, left_out = _features(petel, look, leaks, keep)
    split = petel.data_split or _split(problem, look)
    metrics, odd = _metrics(petel, table, look)
    filled = petel.changed(
        features=features,
        left_out=left_out,
        data_split=split.model_dump(),
        performance_metrics=metrics,
        model_preferences=petel.model_preferences or METHODS[problem],
        validation_method=petel.validation_method or FOLDS,
    ).check(look)
    return Formulated(filled, leaks, _warnings(filled, look, leaks, keep, odd))


def _check_target(target: Column, problem: ProblemType | None) -> None:
    """Raise `BadInput` where nothing can be learned of a column as the target."""
    if target.n_distinct < 2:
        have = "one value only" if target.n_distinct else "no value at all"
        raise BadInput(f"The target {target.name!r} has {have}: there is nothing to tell apart.")
    if target.kind == "time":
        raise BadInput(
            f"The target {target.name!r} holds times, which are neither classes nor numbers. Add a column of what you want to "
            "know of them, such as the year or the days since."
        )
    if problem == "classification" and target.n_distinct > MOST_VALUES:
        mend = "Group them" if target.kind in ("text", "id") else "Group them, or ask for regression"
        raise BadInput(
            f"The target {target.name!r} has {target.n_distinct} different values, too many to tell apart as classes. {mend}."
        )


def _leaks(petel: PeTEL, table: Table, look: Look) -> tuple[Leak, ...]:
    names = [column.name for column in look.of_kind(*FEATURE_KINDS)]
    codes = dict(zip(names, encode(table, names).T, strict=True))
    is_class = petel.problem_type == "classification" and not petel.target_expression
    values = encode(table, [petel.target_variable])[:, 0]
    return find_leaks(
        look, codes, petel.target_variable, values, is_class=is_class, random_state=petel.random_state
    )


def _features(
    petel: PeTEL, look: Look, leaks: tuple[Leak, ...], keep: tuple[str, ...]
) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    """Return the features and the columns left out with their reasons; what the user said comes first."""
    reasons: dict[str, str] = {}
    own = {each.column: each.reason for each in petel.left_out if not each.reason.startswith("leak")}
    used = _used(petel, look)
    for column in look.columns:
        if column.name in used or column.name == petel.target_variable:
            continue
        if column.kind in _LEFT_OUT:
            reasons[column.name] = _LEFT_OUT[column.kind]
        elif set(words(column.name)) & {"id"}:
            reasons[column.name] = _LEFT_OUT["id"]
    reasons |= {leak.column: f"leak: {leak.reason}" for leak in leaks}
    if look.person:
        reasons[look.person] = _LEFT_OUT["id"]
    reasons = {name: why for name, why in (reasons | own).items() if name not in keep and name not in used}
    chosen = petel.features if petel.features is not None else [column.name for column in look.columns]
    gone = {*reasons, *used, petel.target_variable}
    return tuple(n for n in chosen if n not in gone), [
        {"column": n, "reason": why} for n, why in reasons.items()
    ]


def _used(petel: PeTEL, look: Look) -> set[str]:
    """Return the columns that make the target: with a condition, those it names."""
    if not petel.target_expression:
        return {petel.target_variable} if petel.target_variable else set()
    from personae.ask.derive import columns_of

    return {*columns_of(petel.target_expression, look), petel.target_variable} - {""}


def _split(problem: ProblemType, look: Look) -> Split:
    if halves := [
        column for column in look.of_kind("split") if any(v.lower() == "test" for v, _ in column.values)
    ]:
        return Split(kind="column", column=halves[0].name)
    if problem == "time series" and (times := look.of_kind("time")):
        return Split(kind="time", column=times[0].name)
    if look.person:
        return Split(kind="person", column=look.person)
    return Split()


def _metrics(petel: PeTEL, table: Table, look: Look) -> tuple[tuple[Metric, ...], str]:
    """Return the metrics, the deciding one first, and a warning where the user's own would mislead."""
    problem = petel.problem_type or "classification"
    fitting = METRICS[problem]
    if problem != "classification":
        first = petel.performance_metrics or fitting[:1]
        return (*first, *(metric for metric in fitting if metric not in first)), ""
    shares = _class_shares(petel, table)
    odd = (min(shares) < RARE) if len(shares) == 2 else (max(shares) > OFTEN)
    better: Metric = "roc_auc" if len(shares) == 2 else "balanced_accuracy"
    first = petel.performance_metrics or ((better,) if odd else ("accuracy",))
    said = ""
    if odd and first[0] == "accuracy":
        said = (
            f"Accuracy misleads here: always saying the commonest class is right for {max(shares):.0%} of the rows. "
            f"{better} does not."
        )
    return (*first, *(metric for metric in fitting if metric not in first)), said


def _class_shares(petel: PeTEL, table: Table) -> list[float]:
    if petel.target_expression:
        from personae.ask.derive import derive

        values = derive(petel.target_expression, table)
    else:
        values = table.columns[petel.target_variable]
    there = values[~is_missing(values)]
    counts = np.unique(there.astype(str) if there.dtype == object else there, return_counts=True)[1]
    return [float(share) for share in counts / max(counts.sum(), 1)] or [1.0]


def _warnings(
    petel: PeTEL, look: Look, leaks: tuple[Leak, ...], keep: tuple[str, ...], odd: str
) -> tuple[str, ...]:
    said = []
    for leak in leaks:
        kept = "you keep it; the score is then of little worth" if leak.column in keep else "left out"
        said.append(f"Leak: {leak}; {kept}.")
    if odd:
        said.append(odd)
    sensitive: Mapping[str, str] = {
        name: look[name].sensitive for name in petel.features or () if look[name].sensitive
    }
    if sensitive:
        named = ", ".join(f"{name} ({what})" for name, what in sensitive.items())
        said.append(f"Sensitive columns among the features: {named}. {AUDITS}")
    if petel.target_variable and look[petel.target_variable].sensitive:
        said.append(
            f"The target {petel.target_variable!r} is sensitive ({look[petel.target_variable].sensitive}): "
            "be sure that you may tell it of people."
        )
    split = petel.data_split
    if look.maybe_person not in ("", petel.target_variable) and (split is None or split.kind == "random"):
        said.append(
            f"The column {look.maybe_person!r} repeats as people do: {look[look.maybe_person].n_distinct} values in "
            f"{look.n_rows} rows. If it says whose row it is, split by it (--split-by {look.maybe_person!r}): no person is then "
            "both learned from and tested on."
        )
    ids = [each.column for each in petel.left_out if each.reason == _LEFT_OUT["id"]]
    if ids:
        said.append(f"Left out, since they name rows or people: {', '.join(ids)}.")
    if texts := [each.column for each in petel.left_out if each.reason == _LEFT_OUT["text"]]:
        said.append(f"Left out, since they are free text: {', '.join(texts)}.")
    return tuple(said)
