"""`personae papers`: the papers' tables, recomputed here and held against their bars."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from personae.cli._console import note, print_json, print_table, progress
from personae.cli._options import Json, Limit, Quiet, Seed

if TYPE_CHECKING:
    from personae.models.cost import Ledger
    from personae.papers.harness import Comparison, Context, Paper, Result

app = typer.Typer(
    help="Recompute the tables of papers and hold them against their bars.", no_args_is_help=True
)

Slug = Annotated[
    str, typer.Argument(metavar="SLUG", help="The paper's short name; `personae papers list` has them.")
]


Model = Annotated[str, typer.Option("--model", "-m", help="A model string in place of the recorded answers.")]
Recorded = Annotated[
    Path | None,
    typer.Option(
        "--recording", help="File that keeps the model's answers; those in it are not asked for again."
    ),
]


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Also papers that have no experiment yet.")] = False,
    as_json: Json = False,
) -> None:
    """List the papers with the data they need and how far they are."""
    from personae.papers.harness import papers

    chosen = [paper for paper in papers().values() if every or paper.status != "planned"]
    if as_json:
        for paper in chosen:
            print_json(_about(paper))
        return
    rows = [(p.slug, p.status, p.family, str(p.year), p.title, ", ".join(p.data)) for p in chosen]
    print_table(("paper", "status", "family", "year", "title", "data"), rows)


@app.command()
def show(slug: Slug, as_json: Json = False) -> None:
    """Show one paper: what it is, its data, its README."""
    from personae.papers.harness import paper

    chosen = paper(slug)
    if as_json:
        print_json(_about(chosen))
        return
    readme = chosen.folder / "README.md"
    sys.stdout.write(f"{chosen.title} ({chosen.year}, {chosen.identifier})\n")
    sys.stdout.write(readme.read_text(encoding="utf-8") if readme.is_file() else "No experiment yet.\n")


@app.command()
def run(
    slugs: Annotated[list[str] | None, typer.Argument(metavar="[SLUG]...", help="Papers to run.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Run every paper that has an experiment.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Under half a minute: fewer models, folds or draws.")
    ] = False,
    save: Annotated[bool, typer.Option("--save", help="Write results.json and the README's table.")] = False,
    as_json: Json = False,
    model: Model = "replay:",
    price: Annotated[
        str, typer.Option("--price", help="With --model: dollars per million tokens in and out: 0.15/0.60.")
    ] = "",
    budget_usd: Annotated[
        float | None,
        typer.Option("--budget-usd", min=0.0, help="Stop before spending more on all papers; needs --price."),
    ] = None,
    recording: Recorded = None,
    seed: Seed = 0,
    limit: Limit = None,
    quiet: Quiet = False,
) -> None:
    """Recompute papers' tables from the recorded answers, or ask a model in their place."""
    from personae.papers.harness import Context, as_held, experiment, papers
    from personae.papers.harness import run as measure
    from personae.papers.table import as_json as layout
    from personae.papers.table import save as write

    if save and (quick or limit or model != "replay:"):
        raise typer.BadParameter(
            "--save keeps full runs of the recorded answers; leave out --quick, --limit and --model."
        )
    names = [p.slug for p in papers().values() if p.status != "planned"] if every else (slugs or [])
    if not names:
        raise typer.BadParameter("Name a paper, or use --all. `personae papers list` has them.")
    _note_recording(recording, model)
    ledger = _ledger(model, price, budget_usd)
    for slug, chosen in [(slug, experiment(slug)) for slug in names]:
        context = Context(
            seed=seed,
            quick=quick,
            model=model,
            limit=limit,
            recording=recording,
            ledger=ledger,
            track=_track(slug, quiet),
        )
        _tell_altered(slug, context, save, quiet)
        command = _command(slug, context)
        shown: list[Comparison] = []
        first = None if as_json else partial(_print_recomputed, slug, context, shown, quiet)
        result = measure(chosen, context, command=command, recomputed=first)
        result = replace(result, rows=as_held(slug, result.rows, context))
        if save:
            write(result, papers()[slug])
        if as_json:
            print_json(layout(result))
        else:
            _print_result(result, shown=len(shown), quiet=quiet)
    if ledger is not None:
        note(f"spent: {ledger.spent}", quiet=quiet)


@app.command()
def table(
    slug: Slug,
    form: Annotated[str, typer.Option("--format", help="text, markdown or html.")] = "text",
    write: Annotated[
        bool, typer.Option("--write", help="Write the saved results into the README's table again.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print the saved table of a paper."""
    from personae.papers import table as tables
    from personae.papers.harness import paper

    chosen = paper(slug)
    result = tables.load(chosen)
    if write:
        tables.save(result, chosen)
    if as_json:
        print_json(tables.as_json(result))
    elif form == "text":
        _print_result(result, quiet=quiet)
    elif form in {"markdown", "html"}:
        sys.stdout.write((tables.markdown if form == "markdown" else tables.as_html)(result.rows))
    else:
        raise typer.BadParameter(
            f"No format named {form!r}; use text, markdown or html; --json prints the saved file."
        )


@app.command()
def plot(
    slug: Slug,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Ends in .png, .svg, .pdf or .html.")],
    kind: Annotated[
        str,
        typer.Option(
            help="reliability, risk-coverage or defences.  [default: defences where the paper has some]"
        ),
    ] = "",
    model: Model = "replay:",
    recording: Recorded = None,
    seed: Seed = 0,
    limit: Limit = None,
) -> None:
    """Draw how far recorded confidences, or those of a model in their place, can be trusted; or what defences buy and cost."""
    from personae.papers.harness import Context
    from personae.papers.pictures import confidences_of, draw, draw_curves, has_curves

    if kind not in {"", "reliability", "risk-coverage", "defences"}:
        raise typer.BadParameter(f"No kind named {kind!r}; use reliability, risk-coverage or defences.")
    if kind == "defences" or (not kind and has_curves(slug)):
        draw_curves(slug, path)
    else:
        _note_recording(recording, model)
        context = Context(seed=seed, model=model, limit=limit, recording=recording)
        draw(slug, confidences_of(slug, context), path, kind=cast(Any, kind or "reliability"))
    note(f"wrote {path}")


@app.command()
def bars(
    slugs: Annotated[
        list[str] | None, typer.Argument(metavar="[SLUG]...", help="Papers; all measured ones without it.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List every bar with its saved value; exits 1 if one is missed."""
    from personae.papers.harness import paper, papers
    from personae.papers.table import load, number, row_as_json

    chosen = (
        [paper(slug) for slug in slugs] if slugs else [p for p in papers().values() if p.status == "measured"]
    )
    held = [(each.slug, row) for each in chosen for row in load(each).rows if row.bar]
    if as_json:
        for slug, row in held:
            print_json({"slug": slug, **row_as_json(row)})
    else:
        rows = [
            (
                slug,
                row.setting,
                row.metric,
                row.method,
                number(row.value),
                row.bar,
                "met" if row.met else "MISSED",
            )
            for slug, row in held
        ]
        print_table(("paper", "setting", "metric", "method", "value", "bar", ""), rows)
        note(f"{sum(bool(row.met) for _, row in held)} of {len(held)} bars met", quiet=quiet)
    if any(row.met is False for _, row in held):
        raise typer.Exit(1)


def _ledger(model: str, price: str, budget_usd: float | None) -> Ledger | None:
    """Return what counts the cost of a live model, None where none is asked."""
    from personae.models.cost import Ledger, Price

    if model != "replay:":
        return Ledger(Price.parse(price) if price else None, budget_usd)
    if price or budget_usd is not None:
        raise typer.BadParameter(
            "--price and --budget-usd go with a live model: name it with --model, or leave them out."
        )
    return None


def _note_recording(recording: Path | None, model: str) -> None:
    if recording is not None and model == "replay:":
        note(
            f"{recording} is not used: without --model no model is asked, and the recorded answers are read."
        )


def _command(slug: str, context: Context) -> str:
    """Return how to run it again."""
    options = [
        *(["--quick"] if context.quick else []),
        *([] if context.replayed else ["--model", context.model]),
        *([] if context.limit is None else ["--limit", str(context.limit)]),
        *(["--seed", str(context.seed)] if context.seed else []),
    ]
    return shlex.join(["personae", "papers", "run", slug, *options])


def _print_recomputed(
    slug: str,
    context: Context,
    shown: list[Comparison],
    quiet: bool,
    rows: Sequence[Comparison],
    seconds: float,
) -> None:
    """Print what was recomputed from recorded answers, while the rest is still being learned."""
    from personae.papers.harness import as_held
    from personae.papers.table import COLUMNS, cells

    print_table(COLUMNS, [cells(row) for row in as_held(slug, rows, context)])
    sys.stdout.flush()
    shown += rows
    note(f"{slug}: {len(rows)} rows recomputed in {seconds:.1f} s; what is learned here follows", quiet=quiet)


def _tell_altered(slug: str, context: Context, save: bool, quiet: bool) -> None:
    """Say that the data are not those that the saved table rests on; nothing is saved of such."""
    from personae.errors import DamagedData
    from personae.papers.harness import altered_files

    if not (files := altered_files(slug, context)):
        return
    told = f"{slug}: {', '.join(files)} not as long as what was measured; compare by `personae data verify`"
    if save:
        raise DamagedData(f"{told}. Nothing is saved of altered data.")
    note(told, quiet=quiet)


def _print_result(result: Result, *, shown: int = 0, quiet: bool = False) -> None:
    """Print a result but for the first rows that were shown already."""
    from personae.papers.table import COLUMNS, cells

    print_table(COLUMNS, [cells(row) for row in result.rows[shown:]], goes_on=shown > 0)
    barred = [row for row in result.rows if row.bar]
    held = [row for row in barred if row.met is not None]
    bars = f", {sum(bool(row.met) for row in held)} of {len(held)} bars met" if held else ""
    if len(held) < len(barred):
        bars += f"; on fewer rows than the saved run's, not held: {len(barred) - len(held)}"
    note(f"{result.paper}: {len(result.rows)} rows in {result.seconds:g} s{bars}", quiet=quiet)


def _about(paper: Paper) -> dict[str, Any]:
    return {
        "paper": paper.slug, "slug": paper.slug, "title": paper.title, "year": paper.year, "identifier": paper.identifier,
        "family": paper.family, "data": list(paper.data), "status": paper.status,
    }  # fmt: skip


def _track(slug: str, quiet: bool) -> Callable[[Iterable[Any], str], Iterable[Any]]:
    def track(items: Iterable[Any], label: str) -> Iterator[Any]:
        known = list(items)
        with progress(f"{slug}: {label}", len(known), quiet=quiet) as bar:
            for item in known:
                yield item
                bar.advance(bar.task_ids[0])

    return track
