"""`personae synth`: people who do not exist, and what they would write."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from personae.cli._console import note, print_json, print_table
from personae.cli._made import Overwrite, backstories, profiles, rate, threads, to_write
from personae.cli._options import Json, Quiet, Seed
from personae.errors import BadInput

if TYPE_CHECKING:
    from personae.synth.joint import Joint
    from personae.synth.population import Columns, Population, Spec

app = typer.Typer(
    help="People who do not exist: populations by statistics or like a table, and what they would write.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for _verb in (threads, backstories, profiles, rate):
    app.command()(_verb)
_ENOUGH = 1000  # people for whom the gap from the target says more than how few they are
_SHOWN = 10  # people printed without --json and --out
_HOME = "en_US"
_COLUMNS = (
    "first_name",
    "age",
    "sex",
    "city_country",
    "education",
    "occupation",
    "income_level",
    "relationship_status",
)


class Layout(StrEnum):
    """How people are written."""

    table = "table"
    personahub = "personahub"
    tinytroupe = "tinytroupe"
    character_card = "character-card"
    edsl = "edsl"


@app.command()
def people(
    n: Annotated[int, typer.Option("--n", min=1, help="How many people.")] = 10,
    like: Annotated[
        Path | None,
        typer.Option(
            help="A table (CSV, JSONL, Parquet) of people: the made ones have its columns and its two-way tables."
        ),
    ] = None,
    spec: Annotated[
        Path | None,
        typer.Option(
            help="A YAML file of statistics with their sources; without it, adults of the United States."
        ),
    ] = None,
    hand_set: Annotated[
        bool, typer.Option("--hand-set", help="PANORAMA's hand-set weights in place of statistics.")
    ] = False,
    columns: Annotated[str, typer.Option(help="With --like: the columns to use, separated by commas.")] = "",
    locale: Annotated[
        str,
        typer.Option(help="Where people live, such as en_GB, or all; not with --like.", show_default="en_US"),
    ] = "",
    plain: Annotated[
        bool, typer.Option("--plain", help="With --spec: only the columns of the statistics.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="A file to write: .jsonl or .parquet; .json or a folder in other formats."
        ),
    ] = None,
    overwrite: Overwrite = False,
    layout: Annotated[Layout, typer.Option("--format", help="The layout to write.")] = Layout.table,
    seed: Seed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make people: the same seed gives the same first people, however many are asked for."""
    from personae.synth import Panorama, home_spec, read_spec, sample

    if sum((like is not None, spec is not None, hand_set)) > 1:
        raise typer.BadParameter("give one of --like, --spec and --hand-set")
    if columns and like is None:
        raise typer.BadParameter("goes with --like", param_hint="--columns")
    if locale and like is not None:
        raise typer.BadParameter(
            "does not go with --like: the table says where people live", param_hint="--locale"
        )
    to_write(out, overwrite=overwrite)
    locale = locale or _HOME
    table = _source(like, columns, quiet=quiet) if like else {}
    core = _learned(like, table) if like else read_spec(spec) if spec else home_spec()
    chosen: Spec = Panorama(None, locale) if hand_set else core if like or plain else Panorama(core, locale)
    start = time.perf_counter()
    made = sample(chosen, n, seed)
    seconds = time.perf_counter() - start
    again = _met_again(made, table) if like else {}
    if rare := [variable.name for variable in core.variables if like and variable.rest]:
        note(f"texts that fewer than five people have are “other” in: {', '.join(rare)}", quiet=quiet)
    _emit(made, out, layout, again, as_json=as_json)
    if not quiet:
        _report(made, core, seconds)
    if like:
        note(
            "{rows_met_again} of {people} made people equal a row of {source} in all {columns} columns".format(
                people=len(made), source=like.name, **again
            ),
            quiet=quiet,
        )


@app.command()
def texts(
    n: Annotated[int, typer.Option("--n", min=1, help="How many people.")] = 10,
    per_type: Annotated[
        int, typer.Option(min=1, help="Texts of each kind a person; one article always.")
    ] = 1,
    locale: Annotated[str, typer.Option(help="Where people live, such as en_GB, or all.")] = "en_US",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A .jsonl file to write, a table that `reveal` reads.")
    ] = None,
    overwrite: Overwrite = False,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Write what made people leave online, by the home grammar: one JSON object a text, with the place of every fact."""
    from personae.synth import Panorama, home_spec, sample
    from personae.synth.panorama import compose
    from personae.synth.population import write_lines

    to_write(out, overwrite=overwrite)
    made = sample(Panorama(home_spec(), locale), n, seed)
    rows = (
        text.as_json()
        for person in made.people()
        for text in compose(person, per_type=per_type, random_state=seed)
    )
    if out is None:
        for row in rows:
            print_json(row)
        return
    written = write_lines(rows, out)
    note(f"{out}: {written} texts of {n} people, by the home grammar", quiet=quiet)


def _source(file: Path, columns: str, *, quiet: bool) -> Columns:
    """Return the columns to learn from: those that are named, else all but those that tell who a person is."""
    from personae.synth.disclosure import tells_who
    from personae.synth.learning import LEAST_PEOPLE, controllable, read_table

    table = read_table(file)
    if (rows := len(next(iter(table.values()), ()))) < LEAST_PEOPLE:
        raise BadInput(
            f"{file.name}: has {rows} rows; at least {LEAST_PEOPLE} people are needed to learn from."
        )
    names = [name.strip() for name in columns.split(",") if name.strip()]
    if missing := [name for name in names if name not in table]:
        raise BadInput(f"{file.name}: has no column {missing[0]!r}. It has: {', '.join(table)}.")
    telling = [name for name in names or table if tells_who(name, table[name])]
    if names and telling:
        note(
            f"named with --columns, and handed on though they tell who a person is: {', '.join(telling)}",
            quiet=quiet,
        )
    kept = names or [name for name in table if name not in telling and controllable(table[name])]
    if not names and telling:
        note(f"left out, since they tell who a person is: {', '.join(telling)}", quiet=quiet)
    if not names and (left := [name for name in table if name not in {*kept, *telling}]):
        note(f"left out, with missing numbers or too many different values: {', '.join(left)}", quiet=quiet)
    if not kept:
        raise BadInput(
            f"{file.name}: no column is left that has few enough values and does not tell who a person is. "
            "Group the values, or name columns with --columns."
        )
    return {name: table[name] for name in kept}


def _learned(file: Path, table: Columns) -> Joint:
    from personae.synth.learning import learn_spec

    return learn_spec(table, provenance=f"learned from {file.name}")


def _met_again(made: Population, table: Columns) -> dict[str, int]:
    from personae.synth.disclosure import met_again

    return {"rows_met_again": met_again(made.columns, table), "columns": len(made.columns)}


def _emit(
    made: Population, out: Path | None, layout: Layout, again: dict[str, int], *, as_json: bool
) -> None:
    from personae.people.personas import LAYOUTS, as_persona, write_personas

    other = next((each for each in LAYOUTS if each == layout.value), None)
    if out is not None:
        written = write_personas(made.people(), out, other) if other else made.write(out)
        if as_json:
            print_json({"file": str(out), "format": layout.value, "people": written, **again})
    elif other or as_json:
        for person in made.people():
            print_json(as_persona(person, other) if other else person.as_json())
    else:
        names = list(made.columns) if again else [name for name in _COLUMNS if name in made.columns]
        names = names or list(made.columns)[:10]
        rows = [[made.columns[name][place] for name in names] for place in range(min(_SHOWN, len(made)))]
        print_table(names, rows)
        if len(made) > _SHOWN:
            note(f"{_SHOWN} of {len(made)} people; --json prints all, --out FILE writes them")


def _report(made: Population, core: Joint, seconds: float) -> None:
    from personae.synth import violations
    from personae.synth.joint import largest_gap
    from personae.synth.panorama import FIELDS

    note(f"{len(made)} people in {seconds:.2f} s, seed {made.seed}. {made.provenance}")
    if made.variables == core.variables and len(made) >= _ENOUGH:
        gap = 100 * largest_gap(made, core)
        note(f"largest gap of a two-way table from its target: {gap:.2f} points of {len(made)} people")
    if set(FIELDS) <= set(made.columns):
        broken = violations(made)
        note(f"consistency: {sum(broken.values())} violations of {len(broken)} rules")
