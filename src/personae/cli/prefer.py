"""`personae prefer`: what people prefer, measured on any comparisons, or found out by asking one person."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from personae.cli._console import Stopped, note, plain, print_json, print_table, progress
from personae.cli._options import Json, Limit, Quiet, Seed
from personae.errors import BadInput

if TYPE_CHECKING:
    from personae.people.records import Preference
    from personae.preference import Comparisons, Measure, Personaliser, Split, TextFeatures

app = typer.Typer(
    help="What people prefer: compare methods on any comparisons, or find out one person's taste in a few questions.",
    no_args_is_help=True,
)
Choice = Literal["a", "b", "tie"]
METHODS = ("taste", "pal", "pal-a", "pal-b", "micro", "fspo", "fspo-real", "prefpalette")
_SAID = {"a": "a", "b": "b", "t": "tie", "tie": "tie", "=": "tie", "q": "quit", "quit": "quit", "": ""}
_SHOWN = 60  # characters of an example
_LAST = "bytes per person"  # what the bench measures of a method at its end

Rows = Annotated[
    Path,
    typer.Argument(
        metavar="ROWS",
        help="JSONL, CSV or Parquet with columns person, context, a, b, choice (a, b or tie), optionally strength.",
    ),
]


@app.command()
def bench(
    rows: Rows,
    methods: Annotated[
        str, typer.Option("--methods", help=f"Separated by commas: {', '.join(METHODS)}.")
    ] = "taste",
    shots: Annotated[
        str, typer.Option("--shots", help="How many choices of a new person are shown, separated by commas.")
    ] = "0,2,5,10,20,30",
    unseen: Annotated[
        float, typer.Option("--unseen", min=0.01, max=0.9, help="Share of the people met anew.")
    ] = 0.2,
    as_json: Json = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw the shot curves; ends in .png, .svg or .pdf.")
    ] = None,
    seed: Seed = 0,
    limit: Limit = None,
    quiet: Quiet = False,
) -> None:
    """Measure methods on people they learned from and on people they meet with a few choices; intervals over people.

    Stopped early, it prints the methods that were measured to their end.
    """
    from personae.preference import counts_had, method_named, read_comparisons, split_rows

    if plot is not None:
        from personae.report.figures import check_picture

        check_picture(plot)
    counts = _counts(shots)
    table = _first_people(read_comparisons(rows), limit)
    features = _features(table)
    chosen = {name: method_named(name, features, random_state=seed) for name in _names(methods)}
    split = split_rows(table, unseen=unseen, n_shots=max(counts), random_state=seed)
    if lacking := set(counts) - set(counts_had(split, counts)):
        shown = ", ".join(map(str, sorted(lacking)))
        note(f"left out, since nobody met anew has so many choices to show: {shown} shots", quiet=quiet)
    found, is_stopped = _measured(chosen, split, counts, seed, quiet=quiet)
    if as_json:
        for each in found:
            print_json(_as_json(each))
    elif found:
        print_table(("method", "metric", "shots", "value", "95% interval", "n"), map(_cells, found))
    if plot is not None and found:
        _draw(found, plot)
        note(f"wrote {plot}", quiet=quiet)
    if is_stopped:
        left = ", ".join(name for name in chosen if name not in {each.method for each in found})
        raise Stopped(f"not measured: {left}")


def _measured(
    chosen: dict[str, Personaliser], split: Split, counts: list[int], seed: int, *, quiet: bool
) -> tuple[list[Measure], bool]:
    """Return the measures of the methods that were measured to their end, and whether Ctrl-C came before all were."""
    from personae.preference import bench as measure

    found: list[Measure] = []
    done: set[str] = set()
    with progress("methods", len(chosen), quiet=quiet) as bar:
        try:
            for each in measure(chosen, split, shots=counts, random_state=seed):
                found.append(each)
                if each.metric == _LAST:
                    done.add(each.method)
                    bar.advance(bar.task_ids[0])
        except KeyboardInterrupt:
            return [each for each in found if each.method in done], True
    return found, False


@app.command()
def ask(
    rows: Rows,
    person: Annotated[str, typer.Option("--person", help="Who answers.")] = "you",
    answers: Annotated[
        Path | None, typer.Option("--answers", help="JSONL file that keeps each answer and is gone on with.")
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="Ask at most so many questions.")] = 20,
    as_json: Json = False,
    seed: Seed = 0,
    limit: Limit = None,
    quiet: Quiet = False,
) -> None:
    """Ask a person which of two things they prefer, each time what tells most; answer a, b, tie or quit."""
    import numpy as np

    from personae.preference import LinearTaste, read_comparisons
    from personae.preference.asking import next_question, questions

    _check_answers(answers)
    given = _read_answers(answers, person)
    table = _first_people(read_comparisons(rows), limit, keep=person)
    with progress("learning from everyone", None, quiet=quiet):
        taste = LinearTaste(features=_features(table), random_state=seed).fit(table)
    before = [row for row in table.preferences() if row.person == person]
    pool = questions(table, person, random_state=seed)
    asked = {frozenset((row.context, row.a, row.b)) for row in (*before, *given)}
    sure: list[float] = []
    while True:
        taste.adapt(person, before + given)
        chances = taste.probs(pool).probability
        sure.append(float(np.maximum(chances, 1 - chances).mean()))
        left = np.array([frozenset((*pool.items[a], pool.items[b][1])) not in asked
                         for a, b in zip(pool.a, pool.b, strict=True)])  # fmt: skip
        if len(given) >= most or not left.any():
            break
        open_ = pool.take(left)
        question = open_.take(np.array([next_question(taste, open_)])).preferences()[0]
        said = _say(question, len(given) + 1, most)
        if said == "quit":
            break
        answered = _answer(question, said)
        _keep(answers, answered)
        given.append(answered)
        asked.add(frozenset((question.context, question.a, question.b)))
    _tell(person, taste, sure, len(given), as_json=as_json)


def _say(question: Preference, number: int, most: int) -> str:
    """Show a question on stderr until it is answered; the end of the input is quit."""
    shown = f"\n{number} of at most {most}" + (f": {plain(question.context)}" if question.context else "")
    sys.stderr.write(f"{shown}\n  a  {plain(question.a)}\n  b  {plain(question.b)}\n")
    while True:
        sys.stderr.write("a, b, tie or quit? ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        said = _SAID.get(line.strip().lower(), "") if line else "quit"
        if said:
            return said


def _answer(question: Preference, said: str) -> Preference:
    from dataclasses import replace
    from datetime import UTC, datetime

    return replace(question, choice=cast(Choice, said), time=datetime.now(UTC).replace(microsecond=0))


def _keep(path: Path | None, row: Preference) -> None:
    """Write one answer down at once, whole."""
    if path is None:
        return
    record = {"person": row.person, "context": row.context, "a": row.a, "b": row.b, "choice": row.choice,
              "time": row.time.isoformat() if row.time else None}  # fmt: skip
    is_open = path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as stream:
        stream.write("\n" * is_open + json.dumps(record, ensure_ascii=False) + "\n")


def _check_answers(path: Path | None) -> None:
    """Refuse a file that cannot be written before any question is asked; an empty one is made where there is none."""
    if path is None:
        return
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise BadInput(
            f"{path.name}: answers cannot be kept there ({error.strerror}). Name a file that can be written with --answers."
        ) from None


def _read_answers(path: Path | None, person: str) -> list[Preference]:
    from personae.preference import read_comparisons

    if path is None or not path.is_file() or not path.stat().st_size:
        return []
    return [row for row in read_comparisons(path).preferences() if row.person == person]


def _tell(person: str, taste: Personaliser, sure: list[float], n: int, *, as_json: bool) -> None:
    reasons = taste.explain(person) if n else []
    if as_json:
        print_json({
            "person": person, "answers": n, "expected_right": [round(value, 4) for value in sure],
            "reasons": [{"name": r.name, "weight": round(r.weight, 4), "examples": list(r.examples)} for r in reasons],
        })  # fmt: skip
        return
    start = n - len(sure) + 1
    print_table(
        ("answers", "expected right"), [(start + place, f"{value:.3f}") for place, value in enumerate(sure)]
    )
    named = [
        (reason.name, f"{reason.weight:+.2f}", *_poles(reason.weight, reason.examples)) for reason in reasons
    ]
    print_table(("taste", "weight", "rather", "than"), named, title=f"What {plain(person)} prefers")


def _poles(weight: float, examples: tuple[str, ...]) -> tuple[str, str]:
    """Return the example that is liked and the one that is not, cut short."""
    first, last = (plain(examples[place])[:_SHOWN] for place in (0, -1))
    return (first, last) if weight > 0 else (last, first)


def _features(table: Comparisons) -> TextFeatures:
    """Return vectors of texts; where there are several contexts, of texts in their contexts too."""
    from personae.models.encoder import CachedEncoder, home_encoder
    from personae.preference import TextFeatures

    return TextFeatures(
        CachedEncoder(home_encoder(), size=200_000),
        with_context=len({context for context, _ in table.items}) > 1,
    )


def _names(methods: str) -> list[str]:
    names = [name.strip() for name in methods.split(",") if name.strip()]
    if not names:
        raise typer.BadParameter(f"--methods names none; there are {', '.join(METHODS)}.")
    return names


def _counts(shots: str) -> list[int]:
    parts = [part.strip() for part in shots.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() for part in parts):
        raise typer.BadParameter("--shots takes whole numbers separated by commas, such as 0,2,5,10,20,30.")
    return sorted({int(part) for part in parts})


def _first_people(table: Comparisons, limit: int | None, *, keep: str = "") -> Comparisons:
    """Return the rows of the first so many people, and of one more who is to be kept; people and items numbered anew."""
    if limit is None or limit >= len(table.people):
        return table
    from personae.preference import comparisons

    kept = {*table.people[:limit], keep}
    return comparisons([row for row in table.preferences() if row.person in kept])


def _cells(measure: Measure) -> tuple[str, ...]:
    value = measure.value
    has_interval = value.low == value.low
    ends = f"{value.low:.3f} to {value.high:.3f}" if has_interval else ""
    shots = "" if measure.shots is None else str(measure.shots)
    return (
        measure.method,
        measure.metric,
        shots,
        f"{value.value:.4g}",
        ends,
        str(value.n) if has_interval else "",
    )


def _as_json(measure: Measure) -> dict[str, Any]:
    value = measure.value
    low, high = (end if end == end else None for end in (value.low, value.high))
    return {"method": measure.method, "metric": measure.metric, "shots": measure.shots, "value": value.value,
            "low": low, "high": high, "n": value.n, "people": value.n_clusters}  # fmt: skip


def _draw(found: list[Measure], path: Path) -> None:
    from personae.report.figures import draw_shots

    curves: dict[str, list[tuple[int, float, float, float]]] = {}
    for each in found:
        if each.metric == "accuracy" and each.shots is not None:
            value = each.value
            curves.setdefault(each.method, []).append((each.shots, value.value, value.low, value.high))
    draw_shots(list(curves.items()), path, title="People met anew")
