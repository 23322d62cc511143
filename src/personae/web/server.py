"""One run of the local page: a socket of this computer alone, an end that leaves nothing of the uploads behind."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from personae.errors import BadInput, MissingExtra

MEGABYTE = 1_000_000
_ENDINGS = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))


def serve(
    store: Path,
    *,
    port: int = 0,
    max_upload_mb: int = 500,
    catalog: Path | None = None,
    ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Answer the browser that opens the address, until Ctrl-C.

    Parameters
    ----------
    store : Path
        The workspace's file, which is made if missing; archives that are handed in lie in a folder beside it while this runs.
    port : int
        0 takes a free one. The address is 127.0.0.1, always.
    max_upload_mb : int
        Most megabytes (of a million bytes) of one archive.
    catalog : Path or None
        What the page `find` asks about, a JSONL file of items; None for the films of PERSONAE_DATA.
    ready : function of str
        Told the address once it is answered; the key in it is good for one browser.

    Raises
    ------
    BadInput
        When the port is taken, or the store cannot be opened.
    MissingExtra
        Without the extra `web`.
    """
    try:
        import fastapi  # noqa: F401
        import python_multipart  # noqa: F401
        import uvicorn
    except ImportError as error:
        raise MissingExtra("The local page needs the extra web: pip install 'personae[web]'.") from error
    from personae.people.store import Store
    from personae.web.app import Desk, make_app
    from personae.web.door import Door
    from personae.web.finding import Finder
    from personae.web.jobs import Jobs
    from personae.web.workspace import Workspace

    with _listening(port) as listener, Store(store) as opened:
        workspace, jobs = Workspace(opened), Jobs()
        try:
            door = Door(listener.getsockname()[1])
            app = make_app(Desk(door, workspace, jobs, Finder(catalog), max_upload_mb * MEGABYTE))
            config = uvicorn.Config(
                app, http="h11", ws="none", lifespan="off", log_config=None, log_level="critical", access_log=False,
                proxy_headers=False, server_header=False, timeout_graceful_shutdown=2, limit_concurrency=64,
            )  # fmt: skip
            server = uvicorn.Server(config)
            server.capture_signals = lambda: _ending(server)  # type: ignore[method-assign]
            ready(door.address)
            server.run(sockets=[listener])
        finally:
            jobs.stop()
            workspace.close()


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(64)
        except OSError as error:
            raise BadInput(
                f"Port {port} cannot be used ({error.strerror}). Name another with --port, or leave it out for a free one."
            ) from error
        yield listener


@contextmanager
def _ending(server: object) -> Iterator[None]:
    """End the server at a signal, so that what follows it here is done as after any other end."""

    def end(number: int, frame: FrameType | None) -> None:
        server.force_exit = server.should_exit  # type: ignore[attr-defined]
        server.should_exit = True  # type: ignore[attr-defined]

    before = {each: signal.signal(each, end) for each in _ENDINGS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
