"""The program: `personae`, and `python -m personae`."""

from __future__ import annotations

import os
import signal


def main() -> None:
    """Run the command line; an interrupt before anything has begun ends it quietly, with 130."""
    before = signal.signal(signal.SIGINT, _leave)
    from personae.cli import main as run

    signal.signal(signal.SIGINT, before)
    run()


def _leave(number: int, frame: object) -> None:
    os._exit(130)


if __name__ == "__main__":
    main()
