"""Options that mean the same in every verb."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line instead of a table.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar and no notes on stderr.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Stop after this many people or rows.")]
Seed = Annotated[
    int,
    typer.Option(
        "--seed", min=0, max=2**32 - 1, help="Seed of everything random."
    ),  # what scikit-learn takes
]
Model = Annotated[
    str,
    typer.Option(
        "--model", "-m", help="home, a server's address#name or replay:FILE; see `personae models list`."
    ),
]
StorePath = Annotated[
    Path | None,
    typer.Option("--store", envvar="PERSONAE_STORE", help="Workspace file that keeps people and claims."),
]
Again = Annotated[
    bool, typer.Option("--again", help="Take in people too whom this store was told to forget.")
]
Purpose = Annotated[
    str, typer.Option("--purpose", help="What the inference is for; decides what it may be about.")
]
RulesFile = Annotated[
    Path | None,
    typer.Option(
        "--rules",
        envvar="PERSONAE_RULES",
        help="A YAML file of rules for the purpose gate, after those that ship.",
    ),
]
Only = Annotated[str, typer.Option("--only", help="Attributes, separated by commas, such as age,sex.")]
