"""What ends `personae`: one message and the exit code that belongs to it, never a traceback."""

from __future__ import annotations

import subprocess
import sys

import pytest

from personae import cli
from personae.errors import BadInput, UnknownName


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (BadInput("a.csv: no rows."), 1, "personae: a.csv: no rows.\n"),
        (UnknownName("No paper 'x'."), 2, "personae: No paper 'x'.\n"),
        (OSError(28, "No space left on device"), 1, "personae: the output: cannot be read or written (No space left on device).\n"),
        (PermissionError(13, "Permission denied", "a.txt"), 1, "personae: a.txt: cannot be read or written (Permission denied).\n"),
        (KeyboardInterrupt(), 130, "personae: interrupted; nothing is left half-written.\n"),
        (SystemExit(130), 130, "personae: interrupted; nothing is left half-written.\n"),
        (SystemExit(2), 2, ""),
        (SystemExit(0), 0, ""),
    ],
)  # fmt: skip
def test_every_end_has_its_code_and_message(
    raised: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def app() -> None:
        raise raised

    monkeypatch.setattr(cli, "app", app)
    with pytest.raises(SystemExit) as done:
        cli.main()
    assert done.value.code == code
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    "words", [["papers", "bars", "toolrecs"], ["data", "verify", "synthpay"], ["papers", "run"]]
)
def test_a_wrong_name_is_wrong_use(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSONAE_DATA", ".")
    monkeypatch.setattr("sys.argv", ["personae", *words])
    with pytest.raises(SystemExit) as done:
        cli.main()
    assert done.value.code == 2


def test_an_interrupt_while_the_program_loads_ends_it_quietly():
    code = (
        "import builtins, os, signal, personae.__main__ as program\nfind = builtins.__import__\n"
        "def load(name, *rest, **more):\n"
        "    if name == 'personae.cli': os.kill(os.getpid(), signal.SIGINT)\n"
        "    return find(name, *rest, **more)\n"
        "builtins.__import__ = load\nprogram.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_no_switch_has_a_pair_that_says_no():
    done = subprocess.run(
        [sys.executable, "-m", "personae", "papers", "run", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--no-" not in done.stdout
