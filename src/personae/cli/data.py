"""`personae data`: the data sets that tables are measured on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from personae.cli._console import note, print_json, print_table
from personae.cli._options import Json, Quiet

app = typer.Typer(
    help="The data sets that tables are measured on. None is shipped: `verify` says which are here, and for a missing one "
    "from which repository and commit it was converted and which files are expected.",
    no_args_is_help=True,
)


@app.command("list")
def list_(as_json: Json = False, quiet: Quiet = False) -> None:
    """List every data set with its sources, licences and rows."""
    from personae.people.datasets import datasets

    if as_json:
        for entry in datasets().values():
            print_json(asdict(entry))
        return
    rows = [
        (
            entry.name,
            str(len(entry.files)),
            str(sum(file.rows or 0 for file in entry.files)),
            f"{sum(file.bytes for file in entry.files) / 1e6:.1f}",
            "; ".join(
                f"{source.repository}@{source.commit[:8]} ({source.licence})" for source in entry.sources
            ),
            entry.title,
        )
        for entry in datasets().values()
    ]
    print_table(("data set", "files", "rows", "MB", "sources (licence)", "title"), rows)
    note(f"{len(rows)} data sets; `personae data verify` says which are here", quiet=quiet)


@app.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Data sets; all of them without it.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check the files under PERSONAE_DATA by checksum; exits 1 if one is missing or changed."""
    from personae.people.datasets import data_dir, dataset, datasets, how_to_get
    from personae.people.datasets import verify as check

    folder = data_dir()
    checks = [each for name in (names or list(datasets())) for each in check(dataset(name).name, folder)]
    wrong = [each for each in checks if each.state != "ok"]
    if as_json:
        for each in checks:
            print_json(asdict(each))
    else:
        print_table(("data set", "file", "state"), [(c.dataset, c.file, c.state) for c in wrong])
        for name in dict.fromkeys(each.dataset for each in wrong if each.state == "missing"):
            note(how_to_get(dataset(name), folder), quiet=quiet)
        note(f"{len(checks) - len(wrong)} of {len(checks)} files ok", quiet=quiet)
    if wrong:
        raise typer.Exit(1)
