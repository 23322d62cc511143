"""The third dialogue state, prediction engineering: cross-validate the named methods, fit the best, score it once.

Source: the card's AutoML interface (PeTEL to a scikit-learn pipeline). Held-out rows are touched once, at the end; folds and
the held-out part keep people whole where a column says whose row it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from personae.ask._build import Array, build, categories, encode
from personae.ask.petel import Method, Metric, PeTEL, ProblemType, Split
from personae.ask.table import Table, is_missing, shown_value
from personae.errors import BadInput
from personae.metrics.folds import deal_folds, level_folds
from personae.metrics.intervals import Interval, bootstrap

CV_ROWS = 8000  # that methods are compared on
SHUFFLED_ROWS = 2000  # that a column's worth is measured on
DRAWS = 200
LEAST = 40  # rows with a target below which nothing is trained
LEAST_OF_CLASS = 10  # rows below which nothing is learned or judged of a class
Track = Callable[[Sequence[Method]], Any]


@dataclass(frozen=True, slots=True)
class Score:
    """One method's score by one metric; `interval` over people where they are known, else over rows."""

    method: Method
    metric: Metric
    value: float
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Worth:
    """How much of the first metric is lost when a column is shuffled among the held-out rows."""

    column: str
    loss: float


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What was trained: scores within the training rows, the method chosen, and its score on the held-out rows.

    Parameters
    ----------
    petel : PeTEL
    compared : tuple of Score
        Cross-validated, `constant` (the commonest class or the mean) first; the first metric.
    chosen : Method
    held_out : tuple of Score
        Every metric of the PeTEL, measured once; the deciding one first, with its interval.
    floor : Score
        The constant method on the same held-out rows.
    n_train, n_held_out : int
    worth : tuple of Worth
        Most first.
    with_left_out : Score or None
        What cross-validation would have said with the leaks among the features.
    classes : tuple of str
    truth, predicted : ndarray of shape (n_held_out,)
        Class codes or numbers; of unsupervised tasks the cluster, the anomaly score or the first component.
    probability : ndarray of shape (n_held_out,) or None
        Of the positive class.
    pipeline : fitted scikit-learn estimator or None
        The chosen method's, over codes; `personae.ask.saving` gives it the table's own columns.
    """

    petel: PeTEL
    compared: tuple[Score, ...]
    chosen: Method
    held_out: tuple[Score, ...]
    floor: Score | None
    n_train: int
    n_held_out: int
    worth: tuple[Worth, ...] = ()
    with_left_out: Score | None = None
    classes: tuple[str, ...] = ()
    truth: Array | None = None
    predicted: Array | None = None
    probability: Array | None = None
    pipeline: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A PeTEL with its rows: features, target, whose row, and which rows are held out."""

    problem: ProblemType
    features: Array
    is_category: NDArray[np.bool_]
    target: Array
    classes: tuple[str, ...]
    positive: int
    people: NDArray[Any] | None
    is_held_out: NDArray[np.bool_]


def engineer(petel: PeTEL, table: Table, *, track: Track = lambda methods: methods) -> Outcome:
    """Train what the expression says and return the outcome.

    Parameters
    ----------
    petel : PeTEL
        Without missing slots; see `personae.ask.formulate.fill`.
    table : Table
    track : function that wraps the methods, optional
        To show progress.

    Raises
    ------
    BadInput
        When a slot is missing, or there are too few rows.
    """
    petel.check(table.look())
    if missing := petel.missing():
        raise BadInput(f"The task is not fixed yet: {', '.join(missing)} missing.")
    if not petel.is_supervised:
        from personae.ask._unsupervised import explore

        return explore(petel, table)
    if not petel.features and petel.problem_type != "time series":
        raise BadInput(
            "No column is left to learn from. Say keep COLUMN for one that was left out, or choose another target."
        )
    task = task_of(petel, table)
    metric = petel.performance_metrics[0]
    methods: list[Method] = ["constant", *(petel.model_preferences or ())]
    compared = tuple(Score(m, metric, cross_validate(m, task, petel)) for m in track(methods))
    chosen = max(compared[1:], key=lambda score: _sign(metric) * score.value).method
    leaks = [each.column for each in petel.left_out if each.reason.startswith("leak")]
    again = None
    if leaks:
        wider = task_of(petel.changed(features=(*(petel.features or ()), *leaks)), table)
        again = Score(chosen, metric, cross_validate(chosen, wider, petel))
    return _final(petel, task, compared, chosen, again)


def cross_validate(method: Method, task: Task, petel: PeTEL, metric: Metric | None = None) -> float:
    """Return a method's score over out-of-fold predictions of the training rows, people kept whole."""
    rows = np.flatnonzero(~task.is_held_out)
    if len(rows) > CV_ROWS:
        rows = np.sort(np.random.default_rng(petel.random_state).choice(rows, CV_ROWS, replace=False))
    folds = _folds(task, rows, petel)
    guessed = np.full(len(rows), np.nan)
    shares = np.full((len(rows), max(len(task.classes), 1)), np.nan)
    for fold in range(folds.max() + 1):
        known = folds < fold if task.problem == "time series" else (folds != fold) & (folds >= 0)
        asked = folds == fold
        if not known.any() or not asked.any():
            continue
        model = fitted(method, task, rows[known], petel.random_state)
        guessed[asked], shares[asked] = predict(model, task, rows[asked])
    there = ~np.isnan(guessed)
    return measure(
        metric or petel.performance_metrics[0], task, task.target[rows][there], guessed[there], shares[there]
    )


def fitted(method: Method, task: Task, rows: NDArray[np.intp], random_state: int) -> Any:
    """Return a method's pipeline, fitted on these rows; where they are of one class, what always says that one."""
    if task.classes and len(np.unique(task.target[rows])) < 2:
        method = "constant"
    model = build(method, task.problem, task.is_category, random_state=random_state)
    return model.fit(task.features[rows], task.target[rows])


def predict(model: Any, task: Task, rows: NDArray[np.intp]) -> tuple[Array, Array]:
    """Return the predictions, shape (n_rows,), and class probabilities, shape (n_rows, n_classes) or zeros."""
    guessed = np.asarray(model.predict(task.features[rows]), dtype=float)
    shares = np.zeros((len(rows), max(len(task.classes), 1)))
    if task.classes:
        shares[:, model.classes_.astype(int)] = model.predict_proba(task.features[rows])
    return guessed, shares


def measure(metric: Metric, task: Task, truth: Array, guessed: Array, shares: Array) -> float:
    """Return one metric; NaN where it is not defined, as the area under a curve of one class."""
    from sklearn import metrics

    if task.classes:
        is_binary = len(task.classes) == 2
        if metric in ("roc_auc", "average_precision"):
            met = np.unique(truth).astype(int)
            if len(met) < 2:
                return float("nan")
            if is_binary:
                score = metrics.roc_auc_score if metric == "roc_auc" else metrics.average_precision_score
                return float(score(truth == task.positive, shares[:, task.positive]))
            score = metrics.roc_auc_score if metric == "roc_auc" else metrics.average_precision_score
            return float(score(truth[:, None] == met, shares[:, met], average="macro"))
        if metric == "f1":
            how: dict[str, Any] = {"pos_label": task.positive} if is_binary else {"average": "macro"}
            return float(metrics.f1_score(truth, guessed, zero_division=0.0, **how))
        if metric == "balanced_accuracy":
            return float(np.mean([np.mean(guessed[truth == each] == each) for each in np.unique(truth)]))
        return float(np.mean(truth == guessed))
    if metric == "r2":
        spread = float(np.mean((truth - truth.mean()) ** 2))
        return 1 - float(np.mean((truth - guessed) ** 2)) / spread if spread else float("nan")
    error = np.abs(truth - guessed)
    return float(error.mean() if metric == "mean_absolute_error" else np.sqrt(np.mean(error**2)))


def task_of(petel: PeTEL, table: Table) -> Task:
    """Return the rows of a supervised task that have a target; those without one take no part."""
    features = tuple(petel.features or ())
    if petel.problem_type == "time series":
        table, features = _lagged(petel, table)
    raw = _target(petel, table)
    table = table.take(~is_missing(raw))
    raw = raw[~is_missing(raw)]
    if len(raw) < LEAST:
        raise BadInput(f"{len(raw)} rows have a target; at least {LEAST} are needed to train and to judge.")
    kinds = {column.name: column.kind for column in table.look().columns}
    classes, target, positive = _classes(petel, raw)
    split = cast(Split, petel.data_split)
    people = table.columns[split.column].astype(str) if split.kind == "person" else None
    matrix = encode(table, features)
    held = _held_out(split, table, target, people, petel.random_state)
    if classes:
        _check_classes(target, held, split)
    return Task(
        petel.problem_type or "regression", matrix, categories(kinds, table, features), target, classes, positive,
        people, held,
    )  # fmt: skip


def rows_with_target(petel: PeTEL, table: Table) -> Table:
    """Return the rows of a table that a classification or regression learns from or is judged on."""
    return table.take(~is_missing(_target(petel, table)))


def _target(petel: PeTEL, table: Table) -> NDArray[Any]:
    if not petel.target_expression:
        return table.columns[petel.target_variable]
    from personae.ask.derive import derive

    return derive(petel.target_expression, table)


def _classes(petel: PeTEL, raw: NDArray[Any]) -> tuple[tuple[str, ...], Array, int]:
    """Return the class names, the target as codes or numbers, and the code of the positive class."""
    if petel.problem_type != "classification":
        if raw.dtype.kind != "f":
            raise BadInput(
                f"{petel.target_variable!r} holds no numbers. Ask for classification in place of regression."
            )
        return (), raw, 0
    values, codes = np.unique(raw.astype(str) if raw.dtype == object else raw, return_inverse=True)
    names = tuple(shown_value(value.item()) for value in values)
    if len(names) < 2:
        raise BadInput("The target has one value only: there is nothing to tell apart.")
    return (
        names,
        codes.astype(float),
        names.index(petel.positive) if petel.positive in names else len(names) - 1,
    )


def _check_classes(target: Array, held: NDArray[np.bool_], split: Split) -> None:
    """Raise `BadInput` where classes cannot be told apart, or not be judged."""
    often = (np.bincount(target.astype(int)) >= LEAST_OF_CLASS).sum()
    if often < 2:
        raise BadInput(
            f"{'One value' if often else 'No value'} of the target stands in {LEAST_OF_CLASS} rows or more: at least two are "
            f"needed to tell them apart. Group its values, or bring more rows."
        )
    if any(len(np.unique(target[part])) < 2 for part in (held, ~held)):
        raise BadInput(
            f"The split ({split}) leaves one value of the target on one of its sides. Choose another."
        )


def _held_out(
    split: Split, table: Table, target: Array, people: NDArray[Any] | None, random_state: int
) -> NDArray[np.bool_]:
    parts = max(2, round(1 / split.share))
    if split.kind == "column":
        said = np.array([str(value).lower() for value in table.columns[split.column]])
        held = np.isin(said, ("test", "testing", "holdout"))
    elif split.kind == "time":
        order = np.argsort(encode(table, [split.column])[:, 0], kind="stable")
        held = np.zeros(len(target), dtype=bool)
        held[order[int(len(order) * (1 - split.share)) :]] = True
    elif people is not None:
        held = deal_folds(people.tolist(), n_folds=parts, random_state=random_state) == 0
    else:
        held = level_folds(target, n_folds=parts, random_state=random_state) == 0
    if not held.any() or held.all():
        raise BadInput(f"The split ({split}) leaves no rows on one of its sides. Choose another.")
    return held


def _folds(task: Task, rows: NDArray[np.intp], petel: PeTEL) -> NDArray[np.intp]:
    n_folds = petel.validation_method or 5
    if task.people is not None:
        return deal_folds(task.people[rows].tolist(), n_folds=n_folds, random_state=petel.random_state)
    if task.problem == "time series":
        return np.arange(len(rows)) * n_folds // len(rows)
    return level_folds(task.target[rows], n_folds=n_folds, random_state=petel.random_state)


def _final(
    petel: PeTEL, task: Task, compared: tuple[Score, ...], chosen: Method, again: Score | None
) -> Outcome:
    """Fit the chosen method on all training rows and score it on the held-out ones, once."""
    train, held = np.flatnonzero(~task.is_held_out), np.flatnonzero(task.is_held_out)
    model = fitted(chosen, task, train, petel.random_state)
    guessed, shares = predict(model, task, held)
    truth = task.target[held]
    people = task.people[held].tolist() if task.people is not None else None
    first, *others = petel.performance_metrics

    def drawn(sample: NDArray[np.intp]) -> float:
        return measure(first, task, truth[sample], guessed[sample], shares[sample])

    found = bootstrap(drawn, len(held), clusters=people, draws=DRAWS, random_state=petel.random_state)
    scores = [Score(chosen, first, found.value, found)]
    scores += [Score(chosen, metric, measure(metric, task, truth, guessed, shares)) for metric in others]
    constant = predict(fitted("constant", task, train, petel.random_state), task, held)
    return Outcome(
        petel, compared, chosen, tuple(scores), Score("constant", first, measure(first, task, truth, *constant)),
        len(train), len(held), _worth(model, task, held, petel), again, task.classes, truth, guessed,
        shares[:, task.positive] if task.classes else None, model,
    )  # fmt: skip


def _worth(model: Any, task: Task, held: NDArray[np.intp], petel: PeTEL) -> tuple[Worth, ...]:
    """Return what shuffling each column costs, over two shuffles; columns that matter most first."""
    random = np.random.default_rng(petel.random_state)
    rows = held if len(held) <= SHUFFLED_ROWS else random.choice(held, SHUFFLED_ROWS, replace=False)
    metric, names = petel.performance_metrics[0], tuple(petel.features or ())
    if task.problem == "time series":
        return ()
    whole = measure(metric, task, task.target[rows], *predict(model, task, rows))
    found = []
    for place, name in enumerate(names):
        features = task.features.copy()
        losses = []
        for _ in range(2):
            features[rows, place] = task.features[random.permutation(rows), place]
            shuffled = Task(
                task.problem,
                features,
                task.is_category,
                task.target,
                task.classes,
                task.positive,
                None,
                task.is_held_out,
            )
            losses.append(whole - measure(metric, task, task.target[rows], *predict(model, shuffled, rows)))
        found.append(Worth(name, _sign(metric) * float(np.mean(losses))))
    return tuple(sorted(found, key=lambda each: -each.loss))


def _lagged(petel: PeTEL, table: Table) -> tuple[Table, tuple[str, ...]]:
    """Return the rows in order of time with the last three values of the target, and the last of each feature, as features."""
    split = cast(Split, petel.data_split)
    table = table.take(np.argsort(encode(table, [split.column])[:, 0], kind="stable"))
    names = []
    for name, most in ((petel.target_variable, 3), *((name, 1) for name in petel.features or ())):
        values = encode(table, [name])[:, 0]
        for lag in range(1, most + 1):
            names.append(f"{name}, {lag} before")
            table = table.with_column(names[-1], np.concatenate([np.full(lag, np.nan), values[:-lag]]))
    return table, tuple(names)


def _sign(metric: Metric) -> int:
    return -1 if metric.endswith("error") else 1
