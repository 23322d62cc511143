"""`personae models`, against a real server process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from personae.cli.models import app
from personae.errors import BadInput, ModelFailed, UnknownName
from personae.models import Recording, Reply, Request

READY = {'Write this JSON object and nothing else: {"word": "ready"}': '{"word": "ready"}'}


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_list_forms() -> None:
    rows = [json.loads(line) for line in _run("list", "--json").splitlines()]
    assert [row["model"] for row in rows][:2] == ["home", "http://HOST:PORT/v1#NAME"]
    assert "no chat model" in _run("list")


def test_list_names_of_a_server_and_check_it(server: Any) -> None:
    server.behave(answers=READY)
    assert [json.loads(line)["model"] for line in _run("list", server.address, "--json").splitlines()] == [
        f"{server.address}#large",
        f"{server.address}#small",
    ]
    found = json.loads(_run("check", server.model, "--json"))
    assert 0 < found.pop("seconds") < 20
    assert found == {
        "model": server.model, "is_local": True, "is_encrypted": False, "requests": 1,
        "json_schema": True, "log_probs": True, "counts_tokens": True, "follows": True,
    }  # fmt: skip
    assert server.n_calls == 1
    assert "json schema\tyes" in _run("check", server.model)

    server.behave(answers=READY, takes=["max_tokens", "temperature", "logprobs"], says_usage=False)
    found = json.loads(_run("check", server.model, "--json"))
    assert (found["json_schema"], found["log_probs"], found["counts_tokens"]) == (False, True, False)
    assert found["requests"] == server.n_calls == 3

    server.behave(answers=dict.fromkeys(READY, "Hm."), takes=["max_tokens", "temperature"])
    found = json.loads(_run("check", server.model, "--json"))
    assert (found["json_schema"], found["log_probs"], found["follows"]) == (False, False, False)

    server.behave(faults=[{"kind": "status", "status": 500}])
    with pytest.raises(ModelFailed, match="500"):
        _run("check", server.model)
    assert server.n_calls == 1


def test_check_of_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    Recording(path).add(Request((), key="k", person="p"), "gpt-old", Reply("x"))
    found = json.loads(_run("check", f"replay:{path}", "--json"))
    assert found == {"model": "gpt-old", "file": str(path), "answers": 1, "damaged_lines": 0, "people": 1}


@pytest.mark.parametrize(
    ("model", "error"), [("home", BadInput), ("gpt", UnknownName), ("http://x/v1", BadInput)]
)
def test_what_cannot_be_checked(model: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        _run("check", model)


def test_a_wrong_server_is_named_as_it_was_typed() -> None:
    with pytest.raises(UnknownName, match="No model 'gpt'"):
        _run("list", "gpt")
