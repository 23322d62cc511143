"""`personae papers`: the papers' tables, recomputed here and held against their bars."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from personae.errors import BadInput

app = typer.Typer(help="Recompute the tables of papers and hold them against their bars.", no_args_is_help=True)

Slug = Annotated[str, typer.Argument(help="The paper's short name; `personae papers list` has them.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Also papers that have no experiment yet.")] = False,
    as_json: Json = False,
) -> None:
    """List the papers with the data they need and how far they are."""
    from personae.papers.harness import papers

    chosen = [paper for paper in papers().values() if every or paper.status != "planned"]
    if as_json:
        print_json([_about(paper) for paper in chosen])
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
    typer.echo(f"{chosen.title} ({chosen.year}, {chosen.identifier})\n")
    typer.echo(readme.read_text(encoding="utf-8") if readme.is_file() else "No experiment yet.")


@app.command()
def run(
    slugs: Annotated[list[str] | None, typer.Argument(help="Papers to run.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Run every paper that has an experiment.")] = False,
    quick: Annotated[bool, typer.Option(help="Under ten seconds: fewer models, folds or draws.")] = False,
    save: Annotated[bool, typer.Option(help="Write results.json and the README's table.")] = False,
    as_json: Json = False,
    model: Annotated[str, typer.Option(help="A model string in place of the recorded answers.")] = "replay:",
    seed: Annotated[int, typer.Option(help="Seed of every random draw.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many people or items.")] = None,
    quiet: Annotated[bool, typer.Option(help="No progress.")] = False,
) -> None:
    """Recompute papers' tables; exits 1 if a bar is missed."""
    from personae.papers.harness import Context, experiment, papers
    from personae.papers.harness import run as measure
    from personae.papers.table import as_json as layout
    from personae.papers.table import save as write

    if save and (quick or limit or model != "replay:"):
        raise BadInput("--save keeps full runs of the recorded answers; leave out --quick, --limit and --model.")
    names = [p.slug for p in papers().values() if p.status != "planned"] if every else (slugs or [])
    if not names:
        raise BadInput("Name a paper, or use --all. `personae papers list` has them.")
    missed = False
    for slug in names:
        context = Context(
            seed=seed, quick=quick, model=model, limit=limit, track=_plain if quiet else _progress(slug)
        )
        command = shlex.join(["personae", "papers", "run", slug, *(["--seed", str(seed)] if seed else [])])
        result = measure(experiment(slug), context, command=command)
        if save:
            write(result, papers()[slug])
        if as_json:
            print_json(layout(result))
        else:
            _print_result(result)
        missed |= any(row.met is False for row in result.rows)
    if missed:
        raise typer.Exit(1)


@app.command()
def table(
    slug: Slug,
    form: Annotated[str, typer.Option("--format", help="text, markdown, html or json.")] = "text",
    write: Annotated[bool, typer.Option(help="Write the saved results into the README's table again.")] = False,
) -> None:
    """Print the saved table of a paper."""
    from personae.papers import table as tables
    from personae.papers.harness import paper

    chosen = paper(slug)
    result = tables.load(chosen)
    if write:
        tables.save(result, chosen)
    printers = {
        "text": lambda: _print_result(result),
        "markdown": lambda: typer.echo(tables.markdown(result.rows)),
        "html": lambda: typer.echo(tables.as_html(result.rows)),
        "json": lambda: print_json(tables.as_json(result)),
    }
    if form not in printers:
        raise BadInput(f"No format named {form!r}; use one of {', '.join(printers)}.")
    printers[form]()


@app.command()
def bars(
    slugs: Annotated[list[str] | None, typer.Argument(help="Papers; all measured ones without it.")] = None,
    as_json: Json = False,
) -> None:
    """List every bar with its saved value; exits 1 if one is missed."""
    from personae.papers.harness import paper, papers
    from personae.papers.table import load, number

    chosen = [paper(slug) for slug in slugs] if slugs else [p for p in papers().values() if p.status == "measured"]
    held = [(each.slug, row) for each in chosen for row in load(each).rows if row.bar]
    if as_json:
        print_json(
            [
                {
                    "paper": slug, "setting": row.setting, "metric": row.metric, "method": row.method,
                    "value": row.value, "bar": row.bar, "met": row.met,
                }
                for slug, row in held
            ]
        )  # fmt: skip
    else:
        rows = [
            (slug, row.setting, row.metric, row.method, number(row.value), row.bar, "met" if row.met else "MISSED")
            for slug, row in held
        ]
        print_table(("paper", "setting", "metric", "method", "value", "bar", ""), rows)
        typer.echo(f"{sum(bool(row.met) for _, row in held)} of {len(held)} bars met")
    if any(row.met is False for _, row in held):
        raise typer.Exit(1)


def print_table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print rows on stdout: a table to read on a terminal, tab-separated lines to a file or pipe."""
    import sys

    if not sys.stdout.isatty():
        for row in (columns, *rows):
            typer.echo("\t".join(row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    view = Table(*columns, box=box.SIMPLE_HEAD)
    for row in rows:
        view.add_row(*(Text(cell) for cell in row))
    Console().print(view)


def print_json(value: Any) -> None:
    """Print one JSON document on one line, numbers that cannot be measured as null."""
    typer.echo(json.dumps(_plain_numbers(value), ensure_ascii=False, allow_nan=False))


def _plain_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain_numbers(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_numbers(each) for each in value]
    return None if isinstance(value, float) and value != value else value


def _print_result(result: Any) -> None:
    from personae.papers.table import COLUMNS, cells

    print_table(COLUMNS, [cells(row) for row in result.rows])
    held = [row for row in result.rows if row.bar]
    summary = f", {sum(bool(row.met) for row in held)} of {len(held)} bars met" if held else ""
    typer.echo(f"{result.paper}: {len(result.rows)} rows in {result.seconds:g} s{summary}", err=True)


def _about(paper: Any) -> dict[str, Any]:
    return {
        "paper": paper.slug, "title": paper.title, "year": paper.year, "identifier": paper.identifier,
        "family": paper.family, "data": list(paper.data), "status": paper.status,
    }  # fmt: skip


def _plain(items: Iterable[Any], label: str) -> Iterable[Any]:
    return items


def _progress(slug: str) -> Any:
    def track(items: Iterable[Any], label: str) -> Iterable[Any]:
        from rich.console import Console
        from rich.progress import track as rich_track

        console = Console(stderr=True)
        return rich_track(items, f"{slug}: {label}", console=console, disable=not console.is_terminal)

    return track
