"""The chat server that any test may ask for, started once, reset for each test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

for _threads in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
):  # before numpy: what a test costs is counted over all threads
    os.environ.setdefault(_threads, "1")


class Server:
    """The server process as the tests see it."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/v1"
        self.model = f"{self.address}#small"
        self._control = f"http://127.0.0.1:{port}/control"

    def behave(self, **settings: Any) -> None:
        data = json.dumps(settings).encode()
        urllib.request.urlopen(urllib.request.Request(self._control, data, method="POST")).read()

    def saw(self) -> dict[str, Any]:
        return json.loads(urllib.request.urlopen(self._control).read())

    @property
    def n_calls(self) -> int:
        return len(self.saw()["calls"])


@pytest.fixture(scope="session")
def _server_process() -> Iterator[Server]:
    script = Path(__file__).parent / "models" / "server.py"
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(int(process.stdout.readline()))
        finally:
            process.kill()


@pytest.fixture
def server(_server_process: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    for name in ("PERSONAE_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    _server_process.behave()
    return _server_process


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests of the papers' data, which are not shipped, where PERSONAE_DATA names none."""
    if not os.environ.get("PERSONAE_DATA"):
        for item in items:
            if item.get_closest_marker("data"):
                item.add_marker(pytest.mark.skip(reason="PERSONAE_DATA names no folder of data sets"))
