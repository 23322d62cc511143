"""`personae models`: what a model string may name, and what the server behind one can do."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from personae.cli._console import note, print_json, print_table
from personae.cli._options import Json, Quiet

app = typer.Typer(
    help="The models that --model may name. Nothing is sent unless you name a server here.",
    no_args_is_help=True,
)

KeyVariable = Annotated[
    str,
    typer.Option(
        "--key-variable",
        metavar="NAME",
        help="Environment variable that holds the server's key [PERSONAE_API_KEY].",
    ),
]
Timeout = Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds to wait for the answer.")]


@app.command("list")
def list_(
    server: Annotated[str, typer.Argument(help="http://HOST:PORT/v1: list the names this server has.")] = "",
    key_variable: KeyVariable = "",
    timeout: Timeout = 30.0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the forms of a model string or, for a server, the names that it has; one request to that server."""
    if server:
        endpoint = _endpoint(f"{server.partition('#')[0]}#NAME", key_variable, timeout)
        rows = [{"model": f"{endpoint.base_url}#{name}"} for name in endpoint.served()]
    else:
        rows = _forms()
    if as_json:
        for row in rows:
            print_json(row)
    elif rows:
        print_table(tuple(rows[0]), [tuple(row.values()) for row in rows])
    else:
        note("The server names no model.", quiet=quiet)


@app.command()
def check(
    model: Annotated[str, typer.Argument(help="http://HOST:PORT/v1#NAME or replay:FILE.jsonl")],
    key_variable: KeyVariable = "",
    timeout: Timeout = 30.0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Ask the server that you name one tiny question, and say what it supports; exits 1 where it does not answer."""
    found = _recorded(model) if model.startswith("replay:") else _probed(model, key_variable, timeout)
    if as_json:
        print_json(found)
    else:
        print_table(("", ""), [(name.replace("_", " "), _said(value)) for name, value in found.items()])


def _probed(model: str, key_variable: str, timeout: float) -> dict[str, Any]:
    from personae.models.support import probe

    return probe(_endpoint(model, key_variable, timeout)).as_json()


def _endpoint(model: str, key_variable: str, timeout: float) -> Any:
    from personae.errors import BadInput
    from personae.models.endpoint import Endpoint, Patience
    from personae.models.strings import address_of, chat_model, key_variable_of

    if not model.startswith(("http://", "https://")):
        chat_model(model.removesuffix("#NAME"))
        raise BadInput(f"{model}: no server to ask. Name one: http://HOST:PORT/v1#NAME.")
    address, name = address_of(model)
    patience = Patience(timeout_seconds=timeout, retries=0)
    variable = key_variable_of(address, key_variable)
    return Endpoint(address, name, key_variable=variable, patience=patience, gives_way=False)


def _recorded(model: str) -> dict[str, Any]:
    from personae.models.recording import Replay
    from personae.models.strings import chat_model

    replay = chat_model(model)
    assert isinstance(replay, Replay)
    recording = replay.recording
    return {
        "model": replay.model,
        "file": str(recording.path),
        "answers": recording.models[replay.model],
        "damaged_lines": recording.damaged,
        "people": len(recording.persons()),
    }


def _forms() -> list[dict[str, Any]]:
    import os

    from personae.models.strings import FORMS, KEY_VARIABLE

    key = f"; {KEY_VARIABLE} is {'set' if os.environ.get(KEY_VARIABLE) else 'not set'}"
    return [
        {"model": form, "what it is": what + (key if form.startswith("http") else "")}
        for form, what in FORMS.items()
    ]


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
