"""`personae audit model`: one page on the privacy and fairness of a classifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personae.cli._console import note, print_json, print_table
from personae.cli._options import Json, Limit, Quiet, Seed
from personae.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from personae.ask.table import Table
    from personae.audit.game import Outcome
    from personae.audit.model import ModelAudit
    from personae.report.model import ModelReport, Recourse

DENIED = 200  # people looked at for recourse, unless --limit says otherwise
PAGE = Path("audit.html")


def model(
    model_file: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL",
            help="A fitted scikit-learn classifier, saved by joblib, or a TorchClassifier's .pt2. Loading runs what it holds.",
        ),
    ],
    data: Annotated[Path, typer.Option("--data", help="People with the true answer: CSV, JSONL or Parquet.")],
    target: Annotated[str, typer.Option("--target", help="The column of the true answer.")],
    sensitive: Annotated[
        str, typer.Option("--sensitive", help="Columns to compare groups of, such as sex,race.")
    ] = "",
    person: Annotated[str, typer.Option("--person", help="The column that says whose row it is.")] = "",
    positive: Annotated[
        str, typer.Option("--positive", help="The answer that counts as yes; the last of two without it.")
    ] = "",
    held_out: Annotated[
        Path | None,
        typer.Option(
            "--held-out", help="People the model has not learned from; --data is then what it learned from."
        ),
    ] = None,
    actions: Annotated[
        Path | None,
        typer.Option("--actions", help="What people can change, as in `personae audit recourse`."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Where the page goes.")] = PAGE,
    limit: Limit = None,
    seed: Seed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write one page: calibration, what groups get, whether training people are given away, and who can change the answer.

    Give people that the model has not learned from, as --held-out or as --data: on its own training people every number flatters.
    """
    from personae.ask.table import read_table
    from personae.audit.model import audit_model, membership_leakage
    from personae.audit.responsiveness.classifier import load_model, target_label
    from personae.report.model import write_model

    classifier = load_model(model_file)
    wanted = target_label(classifier, positive or None)
    names = tuple(name.strip() for name in sensitive.split(",") if name.strip())
    learned = read_table(data, names=(person,))
    judged = read_table(held_out, names=(person,)) if held_out else learned
    for table in (learned, judged):
        _lacking(table, (target, person, *names))
    leave_out = (target, person)
    p, y = (
        _probabilities(classifier, judged, wanted, leave_out),
        _outcomes(judged, target, classifier, wanted),
    )
    groups = {name: list(judged.columns[name]) for name in names}
    if len(names) > 1:
        groups[" and ".join(names)] = [
            _crossed(row) for row in zip(*(groups[name] for name in names), strict=True)
        ]
    people = list(judged.columns[person]) if person else None
    found = audit_model(p, y, groups, people=people, random_state=seed)
    leak, counts = None, (0, 0)
    if held_out:
        own = _of_truth(
            _probabilities(classifier, learned, wanted, leave_out),
            _outcomes(learned, target, classifier, wanted),
        )
        leak = membership_leakage(own, _of_truth(p, y), random_state=seed)
        counts = len(own), len(p)
    recourse = (
        _recourse(classifier, judged, p, actions, wanted, leave_out, limit or DENIED, seed)
        if actions
        else None
    )
    report = _report(found, leak, counts, recourse, (model_file.name, judged.name, target, str(wanted)))
    if as_json:
        print_json(_as_json(report))
        return
    write_model(report, out)
    rows = [(name, f"{each.value:.3f}", f"{each.low:.3f} to {each.high:.3f}") for name, each in report.facts]
    print_table(("", "here", "95%"), rows)
    note(f"Wrote {out}.", quiet=quiet)


def _lacking(table: Table, names: tuple[str, ...]) -> None:
    from personae.models.answers import nearest

    for name in filter(None, names):
        if name not in table.columns:
            close = nearest(name, list(table.columns), 0.5)
            raise UnknownName(
                f"{table.name}: there is no column {name!r}.{f' Nearest: {close}.' if close else ''}"
            )


def _probabilities(classifier: Any, table: Table, wanted: Any, leave_out: tuple[str, ...]) -> NDArray[Any]:
    """Return the probability of the wanted answer for every row; a row that cannot be scored is named."""
    import numpy as np

    from personae.audit.responsiveness.classifier import feature_names

    if not callable(getattr(classifier, "predict_proba", None)):
        raise BadInput(
            "The model gives no probabilities: wrap it in CalibratedClassifierCV, or save one with `predict_proba`."
        )
    features = feature_names(classifier, list(table.columns), leave_out)
    place = list(classifier.classes_).index(wanted)

    def scored(rows: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(classifier.predict_proba(_inputs(classifier, table, features, rows)), dtype=float)[
            :, place
        ]

    rows = np.arange(table.n_rows)
    try:
        return scored(rows)
    except (ValueError, TypeError):
        refused = _first_refused(scored, rows)
    raise BadInput(
        f"{table.name}, row {refused + 1}: the model cannot score it: a value is missing, or of a kind or category that "
        "it has not learned. Mend the row, or put an imputer and an encoder with handle_unknown='ignore' into the model's "
        "pipeline."
    )


def _first_refused(scored: Any, rows: NDArray[Any]) -> int:
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


def _inputs(classifier: Any, table: Table, features: tuple[str, ...], rows: NDArray[Any]) -> Any:
    import numpy as np

    columns: Mapping[str, NDArray[Any]] = {name: table.columns[name][rows] for name in features}
    if getattr(classifier, "feature_names_in_", None) is not None:
        import pandas as pd

        return pd.DataFrame(columns)
    return np.column_stack(list(columns.values()))


def _outcomes(table: Table, target: str, classifier: Any, wanted: Any) -> NDArray[Any]:
    """Return 1 where the true answer is the wanted one; an answer that the model never gives is refused by its row."""
    import numpy as np

    classes = {_told(label) for label in classifier.classes_}
    told = [_told(value) for value in table.columns[target]]
    for row, value in enumerate(told, 1):
        if value not in classes:
            raise BadInput(
                f"{table.name}, row {row}: {target} is missing, or none of the model's answers "
                f"({', '.join(map(str, list(classifier.classes_)[:6]))}). Mend or drop the row."
            )
    return np.array([value == _told(wanted) for value in told], dtype=float)


def _told(value: Any) -> str:
    """Write an answer so that 1, 1.0 and True are one."""
    try:
        return f"{float(value):g}"
    except (TypeError, ValueError):
        return str(value)


def _crossed(values: tuple[Any, ...]) -> str | None:
    return None if any(each is None or each != each for each in values) else ", ".join(map(_told, values))


def _of_truth(p: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    return np.where(y == 1, p, 1 - p)


def _recourse(
    classifier: Any,
    table: Table,
    p: NDArray[Any],
    path: Path,
    wanted: Any,
    leave_out: tuple[str, ...],
    limit: int,
    seed: int,
) -> Recourse:
    """Look for what the first denied people could change."""
    import numpy as np

    from personae.audit.responsiveness import ResponsivenessScorer
    from personae.audit.responsiveness.classifier import feature_names, predictor
    from personae.audit.responsiveness.reading import read_plan
    from personae.metrics.intervals import Interval, wilson
    from personae.report.model import Recourse

    names = feature_names(classifier, list(table.columns), leave_out)
    plan = read_plan(path, table.columns, names)
    denied = np.flatnonzero(p < 0.5)[:limit]
    if not len(denied):
        nobody = Interval(float("nan"), float("nan"), float("nan"), 0, 0)
        return Recourse(0, nobody, nobody, 0)
    points = plan.coding.encode({name: table.columns[name][denied] for name in names})
    scorer = ResponsivenessScorer(
        actions=plan.actions, predict=predictor(classifier, plan.coding), target=wanted, random_state=seed
    )
    scores = scorer.score(points)
    fixed = scores.fixed
    return Recourse(
        len(denied), wilson(int(scores.explained.sum()), len(denied)), wilson(int((fixed == 1).sum()), len(denied)),
        int((fixed == -1).sum()),
    )  # fmt: skip


def _report(
    found: ModelAudit,
    leak: Outcome | None,
    counts: tuple[int, int],
    recourse: Recourse | None,
    names: tuple[str, str, str, str],
) -> ModelReport:
    from datetime import date

    from personae import __version__
    from personae.audit.model import MEASURES, SMALL
    from personae.report import plots
    from personae.report.model import ColumnPart, GapRow, GroupRow, Leak, ModelReport

    columns = tuple(
        ColumnPart(
            column,
            tuple(
                GroupRow(
                    group.name,
                    group.n_people,
                    group.is_small,
                    tuple(group.measures[each] for each in MEASURES),
                )
                for group in found.groups
                if group.column == column
            ),
            tuple(
                GapRow(gap.group, gap.against, gap.found.gap, gap.found.ratio, gap.found.is_flagged)
                for gap in found.gaps
                if gap.column == column
            ),
        )
        for column in dict.fromkeys(group.column for group in found.groups)
    )
    told = (
        ()
        if leak
        else (
            "Nobody says whether the model learned from these people; if it did, every number here flatters it.",
        )
    )
    return ModelReport(
        *names, found.n_people, found.base_rate, SMALL,
        (("right", found.accuracy), ("ranked right (AUC)", found.auroc)),
        found.calibration_error, found.brier, [plots.Bin(each.probability, each.right, each.n) for each in found.bins],
        tuple(MEASURES), columns,
        None if leak is None else Leak(*counts, leak.advantage, leak.auroc),
        recourse, told, date.today(), __version__,
    )  # fmt: skip


def _as_json(report: ModelReport) -> dict[str, Any]:
    """Return the page's content as one JSON object; numbers that cannot be measured are null."""
    whole = {**asdict(report), "made": report.made.isoformat() if report.made else None}
    cleaned = _finite(whole)
    assert isinstance(cleaned, dict)
    return cleaned


def _finite(value: Any) -> Any:
    import math

    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
