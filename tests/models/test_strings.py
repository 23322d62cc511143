"""Model strings: each form, and one clear error for everything else."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from personae.errors import BadInput, ModelFailed, UnknownName
from personae.models import FORMS, DryRun, Price, Recording, Reply, chat_model
from personae.models.endpoint import Endpoint
from personae.models.recording import Recorded
from personae.models.strings import Scripted, address_of

HELLO: Any = [{"role": "user", "content": "Hello"}]


@pytest.mark.parametrize(
    ("string", "error", "says"),
    [
        ("home", BadInput, "no chat model"),
        ("hf:org/name", BadInput, "no chat model"),
        ("scripted", BadInput, "script="),
        ("gpt-9", UnknownName, "http://HOST:PORT/v1#NAME"),
        ("", UnknownName, "home"),
        ("replay:", BadInput, "replay:FILE.jsonl"),
        ("replay:/nowhere/a.jsonl", BadInput, "no such recording"),
        ("http://localhost:1/v1", BadInput, "name the model after #"),
        ("http://localhost:1/v1#", BadInput, "models list http://localhost:1/v1"),
        ("http://#name", BadInput, "no address"),
        ("http://localhost:99999/v1#a", BadInput, "no address"),
        ("https://key@example.org/v1#a", BadInput, "PERSONAE_API_KEY"),
        ("https://example.org/v1?key=x#a", BadInput, "PERSONAE_API_KEY"),
    ],
)
def test_what_names_no_chat_model(string: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        chat_model(string)
    assert "key@" not in str(caught.value)


def test_nearest_form_is_named() -> None:
    with pytest.raises(UnknownName, match="Nearest: scripted"):
        chat_model("script")
    assert len(FORMS) == 5


def test_endpoint_strings() -> None:
    assert address_of("https://example.org/api/v1/#org/model:tag#2") == (
        "https://example.org/api/v1",
        "org/model:tag#2",
    )
    model = chat_model("http://localhost:11434/v1#small", concurrency=7, timeout_seconds=3)
    assert isinstance(model, Endpoint)
    assert (model.name, model.concurrency, model.patience.timeout_seconds) == (
        "http://localhost:11434/v1#small",
        7,
        3,
    )


def test_the_key_of_openai_goes_to_openai_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERSONAE_API_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    variables = [
        chat_model(f"{address}#a").key_variable  # type: ignore[attr-defined]
        for address in (
            "https://api.openai.com/v1",
            "https://api.openai.com.example.org/v1",
            "http://localhost:1/v1",
        )
    ]
    assert variables == ["OPENAI_API_KEY", "", ""]
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(BadInput, match="PERSONAE_API_KEY"):
        chat_model("https://api.openai.com/v1#a")


def test_scripted_by_list_function_and_reply(tmp_path: Path) -> None:
    model = chat_model("scripted", script=["a", Reply("b", refusal="no")])
    assert model.reply(HELLO).text == "a"
    assert pickle.loads(pickle.dumps(model)).reply(HELLO).refusal == "no"
    assert model.reply(HELLO).refusal == "no"
    with pytest.raises(ModelFailed, match="2 answers"):
        model.reply(HELLO)
    shout = chat_model(
        "scripted", script=lambda messages: messages[-1]["content"].upper(), recording=tmp_path / "a.jsonl"
    )
    assert isinstance(shout, Recorded)
    assert isinstance(shout.model, Scripted)
    assert [shout.reply(HELLO).cached for _ in range(2)] == [False, True]


def test_budget_needs_a_price() -> None:
    with pytest.raises(BadInput, match="--price"):
        chat_model("http://localhost:1/v1#a", budget_usd=1.0)


def test_dry_run_asks_nothing_and_knows_the_recording(server: Any, tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.jsonl")
    chat_model(server.model, recording=recording).reply(HELLO, max_tokens=10)
    model = chat_model(server.model, recording=recording, price=Price(1, 2), dry_run=True)
    assert isinstance(model, DryRun)
    for text in ("Hello", "Other", "Other", "Third"):
        model.reply([{"role": "user", "content": text}], max_tokens=10)
    spent = model.estimate
    assert (spent.calls, spent.cached, spent.completion_tokens, spent.is_estimate) == (2, 2, 20, True)
    assert spent.usd == pytest.approx((spent.prompt_tokens + 2 * spent.completion_tokens) / 1e6)
    assert server.n_calls == 1
    assert len(recording) == 1
    free = chat_model(server.model, dry_run=True)
    free.reply(HELLO)
    assert free.estimate.usd is None  # type: ignore[attr-defined]
    assert "cost unknown" in str(free.estimate)  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["", "1", "1/2/3", "a/b", "-1/2", "nan/1", "inf/1"])
def test_prices_that_cannot_be_read(text: str) -> None:
    with pytest.raises(BadInput, match=r"0\.15/0\.60"):
        Price.parse(text)
