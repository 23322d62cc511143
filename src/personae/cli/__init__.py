"""The verbs people type, one module a verb; what a verb needs is imported when it runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from personae import __version__
from personae.cli._console import Stopped, plain
from personae.cli.ask import ask
from personae.cli.audit import app as audit
from personae.cli.data import app as data
from personae.cli.models import app as models
from personae.cli.papers import app as papers
from personae.cli.people import app as people
from personae.cli.policy import app as policy
from personae.cli.prefer import app as prefer
from personae.cli.recommend import recommend
from personae.cli.reveal import reveal
from personae.cli.serve import serve
from personae.cli.shield import shield
from personae.cli.synth import app as synth
from personae.errors import PersonaeError, UnknownName

app = typer.Typer(
    name="personae",
    help="Model people from the traces they leave, and measure what those traces give away.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("reveal")(reveal)
app.command("shield")(shield)
app.command("recommend")(recommend)
app.command("ask")(ask)
app.command("serve")(serve)
app.add_typer(audit, name="audit")
app.add_typer(people, name="people")
app.add_typer(prefer, name="prefer")
app.add_typer(policy, name="policy")
app.add_typer(data, name="data")
app.add_typer(models, name="models")
app.add_typer(papers, name="papers")
app.add_typer(synth, name="synth")


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        sys.stdout.write(f"personae {__version__}\n")
        raise typer.Exit


def main() -> None:
    """Run the command line: exit 0 done, 1 failed, 2 wrong use, 130 interrupted."""
    code: object = 0
    try:
        app()
    except PersonaeError as error:
        sys.stderr.write(f"personae: {plain(error)}\n")
        sys.exit(2 if isinstance(error, UnknownName) else 1)
    except OSError as error:
        place = error.filename or "the output"
        sys.stderr.write(f"personae: {plain(place)}: cannot be read or written ({plain(error.strerror)}).\n")
        sys.exit(1)
    except Stopped as stopped:
        sys.stderr.write(f"personae: interrupted; {plain(stopped)}.\n")
        sys.exit(130)
    except KeyboardInterrupt:
        code = 130
    except SystemExit as done:
        code = done.code
    if code == 130:
        sys.stderr.write("personae: interrupted; nothing is left half-written.\n")
    sys.exit(code)  # type: ignore[arg-type]
