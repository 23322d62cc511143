"""`personae serve`: the same verbs in a local page, for one browser on this computer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from personae.cli._console import note
from personae.cli._options import Quiet, StorePath


def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 0,
    store: StorePath = None,
    max_upload_mb: Annotated[
        int, typer.Option("--max-upload-mb", min=1, help="Largest archive that is taken in, megabytes.")
    ] = 500,
    items: Annotated[
        Path | None,
        typer.Option(
            "--items", help="JSONL catalog for the page that finds by asking [the films of PERSONAE_DATA]."
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Open the local page: hand in an archive, read the report, move the shield, correct claims, forget, be asked, run papers.

    It answers on 127.0.0.1 alone. The printed address works once, in one browser; nothing is sent anywhere. People are kept
    in --store, else PERSONAE_STORE, else ./personae.duckdb, archives only while the program runs.
    """
    from personae.web.server import serve as run

    def ready(address: str) -> None:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        note("Open this address in a browser, once. Ctrl-C ends the program.", quiet=quiet)

    run(store or Path("personae.duckdb"), port=port, max_upload_mb=max_upload_mb, catalog=items, ready=ready)
    note("Stopped. The archives that were handed in are deleted; the store is kept.", quiet=quiet)
