"""A real `personae serve` in a process of its own, and a browser's part in a few lines."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "chatgpt-export.zip"
LIMIT_MB = 5


@dataclass
class Served:
    """A program that answers: its printed address, its store, its process."""

    process: subprocess.Popen[str]
    address: str
    store: Path

    @property
    def host(self) -> str:
        return self.address.split("/")[2]

    @property
    def uploads(self) -> list[Path]:
        """Files of archives that were handed in, as they lie on the disk now."""
        folders = self.store.parent.glob(f".{self.store.name}.web-*")
        return sorted(file for folder in folders for file in folder.rglob("*") if file.is_file())

    def end(self, how: int = signal.SIGINT) -> str:
        """End the program as a terminal does, and return what it said on stderr."""
        self.process.send_signal(how)
        return self.process.communicate(timeout=60)[1]


class Visitor(httpx.Client):
    """The browser that opened the printed address, as far as the server can tell."""

    def __init__(self, served: Served, enter: bool = True) -> None:
        super().__init__(
            base_url=f"http://{served.host}", headers={"sec-fetch-site": "same-origin"}, timeout=60
        )
        self.token = ""
        if enter:
            self.entered = self.get(served.address)
            assert self.entered.status_code == 303
            self.token = token_of(self.get("/").text)

    def form(self, path: str, **fields: str) -> httpx.Response:
        return self.post(path, data={"token": self.token, **fields})

    def hand_in(self, file: Path, name: str = "", **fields: str) -> httpx.Response:
        data = {"token": self.token, "me": "", **fields}
        return self.post("/archives", data=data, files={"archive": (name or file.name, file.read_bytes())})

    def done(self, begun: httpx.Response) -> httpx.Response:
        """Wait until what was begun is finished, and return the page that it leads to."""
        assert begun.status_code == 303, begun.text
        job, ends = begun.headers["location"], time.monotonic() + 60
        while not self.get(f"{job}/state").json()["finished"]:
            assert time.monotonic() < ends
            time.sleep(0.05)
        return self.get(job)


def token_of(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def start(store: Path, *options: str) -> Served:
    command = [sys.executable, "-m", "personae", "serve", "--store", str(store), *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    return Served(process, address, store)


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """Start programs that end with the tests."""
    begun: list[Served] = []

    def go(*options: str, store: Path | None = None) -> Served:
        begun.append(start(store or tmp_path_factory.mktemp("served") / "people.duckdb", *options))
        return begun[-1]

    yield go
    for served in begun:
        if served.process.poll() is None:
            served.process.kill()
            served.process.communicate()


@pytest.fixture(scope="session")
def served(serving) -> Served:
    """One program for all tests that leave it as it was, with a limit of five megabytes."""
    return serving("--max-upload-mb", str(LIMIT_MB))


@pytest.fixture(scope="session")
def enter() -> type[Visitor]:
    """Open the address that a program printed, as a browser does: `enter(served)`."""
    return Visitor


@pytest.fixture(scope="session")
def visitor(served: Served) -> Visitor:
    return Visitor(served)


@pytest.fixture(scope="session")
def stranger(served: Served) -> Visitor:
    """Somebody without the cookie."""
    return Visitor(served, enter=False)


@pytest.fixture(scope="session")
def example() -> Path:
    return EXAMPLE


@pytest.fixture(scope="session")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text of one line."""
    file = tmp_path_factory.mktemp("short") / "short.txt"
    file.write_text("I am a nurse.")
    return file
