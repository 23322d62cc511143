"""`personae audit`: what a classifier's decisions leave to the people they are about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from personae import __version__
from personae.cli._console import note, print_json, print_table
from personae.cli._options import Json, Quiet, Seed
from personae.cli.audit_model import model as audit_model
from personae.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from personae.audit.responsiveness import Option, ResponsivenessScorer
    from personae.audit.responsiveness.reading import Coding, Plan
    from personae.report.recourse import Lever, RecourseReport, Way


class _ModelFirst(TyperGroup):
    """`personae audit FILE.joblib` is `personae audit model FILE.joblib`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Take a first word with a file's ending for the model to audit."""
        return super().resolve_command(ctx, ["model", *args] if Path(args[0]).suffix else args)


app = typer.Typer(
    cls=_ModelFirst,
    help="Hold a classifier against the people it decides about. FILE.joblib in place of a command audits that model.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("model")(audit_model)


@app.command()
def recourse(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL.joblib",
            help="A fitted scikit-learn classifier or pipeline. Loading it runs code: name only files you trust.",
        ),
    ],
    data: Annotated[Path, typer.Option("--data", help="The people: a Parquet, CSV or JSONL table.")],
    actions: Annotated[
        Path, typer.Option("--actions", help="What can be changed: a YAML file of features and constraints.")
    ],
    person: Annotated[str, typer.Option("--person", help="Whose decision.")],
    column: Annotated[str, typer.Option("--id", help="The column that names people.")] = "person",
    label: Annotated[
        str, typer.Option("--label", help="A column of true outcomes, which is not shown to the model.")
    ] = "",
    target: Annotated[
        str, typer.Option("--target", help="The wanted prediction.  [default: the second of two classes]")
    ] = "",
    draws: Annotated[
        int, typer.Option("--draws", min=1, help="Values drawn where there are too many to list.")
    ] = 500,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where the page goes.  [default: recourse.html]")
    ] = None,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what a person could change to get another decision, how likely each change is to do it, and what cannot.

    Every value that the person can reach is asked about, one feature at a time and then all together; where none brings
    the wanted decision, the prediction is fixed, and that is said plainly. The action set is a YAML file: `features:`
    with bounds, steps and directions (what is not listed cannot change) and `constraints:` (one_hot, thermometer,
    ordinal, if_then, switch, linked, reachability).
    """
    from personae.ask.table import read_table
    from personae.audit.responsiveness import ResponsivenessScorer
    from personae.audit.responsiveness.classifier import feature_names, load_model, predictor, target_label
    from personae.audit.responsiveness.reading import read_plan
    from personae.report.recourse import write_recourse

    columns = dict(read_table(data, names=(column,)).columns)
    row = _row(columns, column, person, data)
    note(f"{model.name}: loading a model runs the code in it; name only files you trust.", quiet=quiet)
    loaded = load_model(model)
    plan = read_plan(actions, columns, feature_names(loaded, list(columns), (column, label)))
    wanted = target_label(loaded, target or plan.target)
    scorer = ResponsivenessScorer(
        actions=plan.actions,
        predict=predictor(loaded, plan.coding),
        target=wanted,
        n_draws=draws,
        random_state=seed,
    )
    report = _report(scorer, plan, plan.coding.encode(columns)[row], person, model.name)
    page = write_recourse(report, out or Path("recourse.html"))
    if json:
        print_json(_as_json(report))
    else:
        rows = [
            (each.feature, each.value, f"{each.share:.3f}", f"{each.low:.3f} to {each.high:.3f}", each.points)
            for each in report.levers
        ]
        print_table(("feature", "now", "share of changes that bring it", "95% interval", "changes"), rows)
    note(f"{_VERDICTS[report.state]} Page: {page}", quiet=quiet)


_VERDICTS = {
    "given": "The prediction is the wanted one already.",
    "single": "A single change can bring the wanted prediction.",
    "several": "No single change is enough; several at once are.",
    "fixed": "This prediction is fixed: nothing that can be changed brings the wanted one.",
    "undecided": "No change was found; that is no proof that there is none.",
}


def _row(columns: Mapping[str, Any], column: str, person: str, data: Path) -> int:
    if column not in columns:
        raise BadInput(f"{data.name}: has no column {column!r} that names people. Name it with --id.")
    rows = [at for at, value in enumerate(columns[column]) if str(value) == person]
    if not rows:
        raise UnknownName(
            f"{data.name}: nobody named {person!r} among {len(columns[column])} rows of column {column}."
        )
    if len(rows) > 1:
        raise BadInput(f"{data.name}: {len(rows)} rows of {person!r}; a model decides on one row a person.")
    return rows[0]


def _report(scorer: ResponsivenessScorer, plan: Plan, x: Any, person: str, model: str) -> RecourseReport:
    import numpy as np

    from personae.report.recourse import RecourseReport

    scores = scorer.score(x[None, :])
    given, helped, fixed = bool(scores.predicted[0]), bool(scores.explained[0]), int(scores.fixed[0])
    state = "given" if given else "single" if helped else {1: "fixed", 0: "several"}.get(fixed, "undecided")
    levers = [
        _lever(scorer, plan.coding, x, j, scores)
        for j, feature in enumerate(plan.actions.features)
        if feature.actionable
    ]
    together = () if given or fixed else tuple(_way(each, plan.coding) for each in scorer.together(x))
    ways = [*together, *(way for each in levers for way in each.ways)]
    moved = {change.feature for way in ways for change in way.changes}
    said = scorer.predict(x[None, :])
    return RecourseReport(
        person,
        str(np.asarray(said)[0]),
        str(scorer.target),
        model,
        state,  # type: ignore[arg-type]
        tuple(sorted(levers, key=lambda each: -each.share)),
        tuple(each for each in together if len(each.changes) > 1) if state == "several" else (),
        tuple(
            (feature.name, plan.coding.shown(feature.name, float(x[j])))
            for j, feature in enumerate(plan.actions.features)
            if not feature.actionable and feature.name not in moved
        ),
        scorer.reach.size(x),
        tuple(plan.actions.names[j] for j, out in enumerate(plan.actions.outside(x[None, :])[0]) if out),
        date.today(),
        __version__,
    )


def _lever(scorer: ResponsivenessScorer, coding: Coding, x: Any, j: int, scores: Any) -> Lever:
    from personae.report.recourse import Lever

    name = scores.names[j]
    options = scorer.options(x, name)
    if not scores.exact[0, j]:  # of hundreds of draws, the least and the largest change that are enough
        enough = [each for each in options if each.works]
        options = tuple(dict.fromkeys([*enough[:1], *enough[-1:]]))
    ways = tuple(_way(each, coding) for each in options)
    return Lever(
        name, coding.shown(name, float(x[j])), float(scores.mu[0, j]), float(scores.low[0, j]), float(scores.high[0, j]),
        int(scores.points[0, j]), int(scores.hits[0, j]), bool(scores.exact[0, j]), ways,
    )  # fmt: skip


def _way(option: Option, coding: Coding) -> Way:
    from personae.report.recourse import Change, Way

    changes = tuple(
        Change(name, coding.shown(name, before), coding.shown(name, after))
        for name, before, after in option.changes
    )
    return Way(changes, option.works)


def _as_json(report: RecourseReport) -> dict[str, Any]:
    import math

    def way(each: Way) -> dict[str, Any]:
        changes = [{"feature": c.feature, "from": c.before, "to": c.after} for c in each.changes]
        return {"changes": changes, "works": each.works}

    return {
        "person": report.person,
        "prediction": report.decision,
        "wanted": report.wanted,
        "state": report.state,
        "fixed": report.state == "fixed",
        "reachable": None if math.isinf(report.reachable) else int(report.reachable),
        "features": [
            {
                "feature": each.feature, "value": each.value, "share": each.share, "low": each.low, "high": each.high,
                "points": each.points, "hits": each.hits, "exact": each.exact, "ways": [way(w) for w in each.ways],
            }
            for each in report.levers
        ],
        "together": [way(each) for each in report.together],
        "cannot": [{"feature": name, "value": value} for name, value in report.cannot],
        "outside": list(report.outside),
    }  # fmt: skip
