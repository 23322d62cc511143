"""`personae audit model`: one page on the privacy and fairness of a classifier."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from personae.cli._console import note, print_json, print_table, progress
from personae.cli._options import Json, Limit, Quiet, Seed
from personae.errors import BadInput, MissingExtra, UnknownName

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from personae.ask.table import Table
    from personae.audit.counterfactual import People
    from personae.audit.handle import ModelHandle
    from personae.report.model import Counterfactual, Leak, Recourse, ShareRow

PAGE = Path("audit.html")
UNSAID = "Nobody says whether the model learned from these people; if it did, every number here flatters it."


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
    person: Annotated[str, typer.Option("--id", help="The column that says whose row it is.")] = "",
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
    features: Annotated[
        str,
        typer.Option(
            "--features", help="The columns of a model that knows no names, in its order, such as age,hours."
        ),
    ] = "",
    shadows: Annotated[
        int,
        typer.Option(
            "--shadows",
            min=0,
            help="Copies trained for each sensitive column, to tell a group's share; 0 for none.",
        ),
    ] = 40,
    twins: Annotated[
        bool,
        typer.Option(
            "--twins/--no-twins", help="Hold people against their twins of another group; needs torch."
        ),
    ] = True,
    denied: Annotated[
        int,
        typer.Option(
            "--denied", min=1, help="Denied rows, drawn by lot, looked at for what would change the answer."
        ),
    ] = 200,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where the page goes.  [default: audit.html; none with --json]"),
    ] = None,
    limit: Limit = None,
    seed: Seed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write one page: calibration, what groups get and would get as others, what is given away, who can change the answer.

    Give people that the model has not learned from, as --held-out or as --data: on its own training people every number flatters.
    """
    from personae.audit.handle import ModelHandle
    from personae.audit.model import audit_model
    from personae.audit.responsiveness.classifier import load_model
    from personae.cli import _model_page
    from personae.report.model import write_model

    names = _names(sensitive)
    read = partial(_table, person=person, needed=(target, person, *names), limit=limit)
    judged, learned = read(held_out or data), read(data) if held_out else None
    handle = ModelHandle.of(
        load_model(model_file), list(judged.columns), target=target, person=person, sensitive=names,
        features=_names(features), positive=positive,
    )  # fmt: skip
    notes = [UNSAID] if learned is None else []
    if learned is not None:
        judged = _apart(learned, judged, person, notes)
    _tell(handle, judged, (target, person), limit, notes)
    own = None if learned is None else _side(handle, learned, target, person)
    side = _side(handle, judged, target, person)
    found = audit_model(side.p, side.y, _groups(side, names), people=side.people, random_state=seed)
    report = _model_page.page(
        found, names=(model_file.name, judged.name, target, str(handle.wanted)),
        counterfactuals={name: _counterfactual(handle, own, side, name, twins, seed) for name in names},
        leak=None if own is None else _membership(own, side, seed),
        shares=[_share(handle, own, side, name, shadows, seed, quiet) for name in names if shadows],
        recourse=_recourse(handle, side, actions, denied, seed) if actions else None,
        notes=notes, is_by_person=bool(person),
    )  # fmt: skip
    if out or not as_json:
        note(f"Wrote {write_model(report, out or PAGE)}.", quiet=quiet)
    if as_json:
        print_json(_model_page.as_json(report))
    else:
        print_table(("", "here", "95%"), _model_page.lines(report))


@dataclass(frozen=True, slots=True)
class _Side:
    """One table as the model sees it: true answers as its labels and as 0 or 1, its probabilities, and whose rows they are."""

    name: str
    columns: Mapping[str, NDArray[Any]]
    answers: NDArray[Any]
    y: NDArray[Any]
    p: NDArray[Any]
    people: list[str] | None

    def of_truth(self) -> NDArray[Any]:
        """Return the probability of the true answer."""
        import numpy as np

        return np.where(self.y == 1, self.p, 1 - self.p)

    def by(self, column: str) -> People:
        from personae.audit.counterfactual import People
        from personae.audit.model import group_name

        return People(self.columns, self.y, [group_name(each) for each in self.columns[column]], self.people)


def _side(handle: ModelHandle, table: Table, target: str, person: str) -> _Side:
    answers = handle.answers(table.columns[target], target, table.name)
    people = list(table.columns[person]) if person else None
    p = handle.probabilities(table.columns, table.name)
    return _Side(table.name, table.columns, answers, (answers == handle.wanted).astype(float), p, people)


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())


def _table(path: Path, *, person: str, needed: tuple[str, ...], limit: int | None) -> Table:
    """Read a table's first people, or rows where people are not named."""
    import numpy as np

    from personae.ask.table import read_table
    from personae.metrics.intervals import cluster_codes
    from personae.models.answers import nearest

    table = read_table(path, names=(person,) if person else ())
    for name in filter(None, needed):
        if name not in table.columns:
            close = nearest(name, list(table.columns), 0.5)
            hint = f" Nearest: {close}." if close else ""
            raise UnknownName(f"{table.name}: there is no column {name!r}.{hint}")
    whose = list(table.columns[person]) if person else None
    if whose and None in whose:
        raise BadInput(
            f"{table.name}, row {whose.index(None) + 1}: {person} is missing: say whose row it is, or drop it."
        )
    codes, _ = cluster_codes(whose, table.n_rows)
    return table if limit is None else table.take(np.flatnonzero(codes < limit))


def _apart(learned: Table, judged: Table, person: str, notes: list[str]) -> Table:
    """Return the people held out, without those who were learned from; two tables that are the same are refused."""
    import numpy as np

    if _is_same(learned, judged):
        raise BadInput(
            f"--data ({learned.name}) and --held-out ({judged.name}) hold the same rows: one is what the model learned from, the "
            "other people it has not seen."
        )
    if not person:
        return judged
    known = set(learned.columns[person])
    others = np.array([each not in known for each in judged.columns[person]])
    if not others.any():
        raise BadInput(f"{judged.name}: everybody is in {learned.name} too. Hold other people out.")
    if not others.all():
        n_people = len(known & set(judged.columns[person]))
        notes.append(
            f"People who are in both files, {n_people} of them, are left out of those the model is held against."
        )
    return judged.take(others)


def _is_same(first: Table, second: Table) -> bool:
    if first.n_rows != second.n_rows or set(first.columns) != set(second.columns):
        return False
    return all(
        [str(each) for each in values] == [str(each) for each in second.columns[name]]
        for name, values in first.columns.items()
    )


def _tell(
    handle: ModelHandle, table: Table, never: tuple[str, ...], limit: int | None, notes: list[str]
) -> None:
    """Note what a model without names was shown, and that not everybody was read."""
    if not handle.is_named:
        rest = [name for name in table.columns if name not in (*handle.features, *never)]
        left = f"; not shown: {', '.join(rest)}" if rest else ""
        notes.append(
            f"The model knows no names. It was shown {', '.join(handle.features)}, in this order{left}."
        )
    if limit is not None:
        notes.append(f"At most {limit} people of each file were read, the first.")


def _groups(side: _Side, names: Sequence[str]) -> dict[str, list[Any]]:
    """Return the values of each sensitive column, and of all together but numbers of many values, where there are several."""
    from personae.audit.handle import is_many_valued, told

    def crossed(values: tuple[Any, ...]) -> str | None:
        return None if any(each is None or each != each for each in values) else ", ".join(map(told, values))

    groups = {name: list(side.columns[name]) for name in names}
    few = [name for name in names if not is_many_valued(side.columns[name])]
    if len(few) > 1:
        groups[" and ".join(few)] = [
            crossed(row) for row in zip(*(groups[name] for name in few), strict=True)
        ]
    return groups


def _membership(own: _Side, side: _Side, seed: int) -> Leak:
    from personae.audit.model import membership_leakage
    from personae.cli._model_page import membership

    found = membership_leakage(
        own.of_truth(), side.of_truth(), seen_people=own.people, unseen_people=side.people, random_state=seed
    )
    n_others = len(set(side.people)) if side.people else len(side.p)
    return membership(found, (found.advantage.n - n_others, n_others), is_subject=side.people is not None)


def _counterfactual(
    handle: ModelHandle, own: _Side | None, side: _Side, column: str, with_twins: bool, seed: int
) -> Counterfactual:
    """Change a column alone, and hold people against twins learned from others: one half from the other where there are none."""
    from personae.audit.counterfactual import changed_alone, twin_fairness
    from personae.audit.model import large_groups
    from personae.cli._model_page import counterfactual

    values = large_groups(list(side.columns[column]), side.people)
    pair = dict(list(values.items())[:2])
    alone = _had(
        lambda: changed_alone(handle, side.columns, column, values, people=side.people, random_state=seed)
    )
    if not with_twins:
        return counterfactual(alone, (None, "--no-twins leaves them out"), tuple(pair))
    learned, judged = _halves(side.by(column), seed) if own is None else (own.by(column), side.by(column))
    return counterfactual(
        alone,
        _had(lambda: twin_fairness(handle, learned, judged, column, pair, random_state=seed)),
        tuple(pair),
    )


def _halves(given: People, seed: int) -> tuple[People, People]:
    import numpy as np

    from personae.metrics.intervals import cluster_codes

    codes, n_people = cluster_codes(given.people, len(given.names))
    is_first = np.random.default_rng(seed).permutation(n_people)[codes] < n_people / 2
    return given.take(np.flatnonzero(is_first)), given.take(np.flatnonzero(~is_first))


def _had(measure: Callable[[], Any]) -> tuple[Any, str]:
    """Return what was measured, or None and why it could not be."""
    try:
        return measure(), ""
    except (BadInput, MissingExtra) as error:
        return None, str(error)


def _share(
    handle: ModelHandle,
    own: _Side | None,
    side: _Side,
    column: str,
    n_copies: int,
    seed: int,
    quiet: bool,
) -> ShareRow:
    """Tell the share of the column's largest group from copies, and what it is among the people learned from."""
    from personae.audit.model import NOT_GIVEN, large_groups
    from personae.audit.shadows import share_leakage
    from personae.cli._model_page import share_row

    groups = tuple(large_groups(list(side.columns[column]), side.people))
    if len(groups) < 2:
        return share_row(column, None, "There are not two groups large enough.", float("nan"))
    names = [None if name == NOT_GIVEN else name for name in side.by(column).names]
    found, why = _had(
        lambda: share_leakage(
            handle, side.columns, side.answers, names, column=column, group=groups[0], people=side.people,
            n_copies=n_copies, track=partial(_track, quiet=quiet), random_state=seed,
        )
    )  # fmt: skip
    known = [] if own is None else [name for name in own.by(column).names if name != NOT_GIVEN]
    truth = known.count(groups[0]) / len(known) if known else float("nan")
    return share_row(column, found, why, truth)


def _track(items: Iterable[Any], label: str, *, quiet: bool) -> Iterator[Any]:
    known = list(items)
    with progress(label, len(known), quiet=quiet) as bar:
        for item in known:
            yield item
            bar.advance(bar.task_ids[0])


def _recourse(handle: ModelHandle, side: _Side, path: Path, most: int, seed: int) -> Recourse:
    """Look for what some denied rows, drawn by lot, could change."""
    import numpy as np

    from personae.audit.responsiveness import ResponsivenessScorer
    from personae.audit.responsiveness.classifier import predictor
    from personae.audit.responsiveness.reading import read_plan
    from personae.metrics.intervals import Interval, wilson
    from personae.report.model import Recourse

    plan = read_plan(path, side.columns, handle.features)
    every = np.flatnonzero(side.p < 0.5)
    rows = np.sort(np.random.default_rng(seed).permutation(every)[:most])
    if not len(rows):
        nobody = Interval(float("nan"), float("nan"), float("nan"), 0, 0)
        return Recourse(0, 0, nobody, nobody, 0)
    points = plan.coding.encode({name: side.columns[name][rows] for name in handle.features})
    scorer = ResponsivenessScorer(
        actions=plan.actions, predict=predictor(handle.classifier, plan.coding), target=handle.wanted, random_state=seed
    )  # fmt: skip
    scores = scorer.score(points)
    fixed = scores.fixed
    return Recourse(
        len(rows), len(every), wilson(int(scores.explained.sum()), len(rows)), wilson(int((fixed == 1).sum()), len(rows)),
        int((fixed == -1).sum()),
    )  # fmt: skip
