"""The recording: cache, resume point, cassette, and what it forgets."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from personae.errors import BadInput, ModelFailed
from personae.models import Ledger, Recording, Reply, Request, Usage, chat_model
from personae.models.recording import Recorded
from personae.models.strings import Scripted

ECHO = """
import sys
from personae.models import Request, chat_model
model = chat_model(sys.argv[1], recording=sys.argv[2], concurrency=4)
requests = (Request(({"role": "user", "content": f"question {i}"},), {"temperature": 0}) for i in range(40))
for reply in model.reply_many(requests):
    print(reply.text, flush=True)
"""


def _request(text: str = "Hello", **more: Any) -> Request:
    return Request(({"role": "user", "content": text},), **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.jsonl"


def test_everything_about_a_reply_comes_back(path: Path) -> None:
    reply = Reply(
        "line one\nline two \u2028 \ud800 \U0001f600",
        Usage(3, 4, True),
        "length",
        "no",
        log_probs=(("a", -0.25),),
        top_log_probs=((("a", -0.25), ("b", -2.0)),),
    )
    Recording(path).add(_request(), "m", reply)
    found = Recording(path).find(_request(), "m")
    assert found is not None
    assert found.cached
    assert (found.text, found.usage, found.finish_reason) == (reply.text, reply.usage, "length")
    assert (found.refusal, found.log_probs, found.top_log_probs) == (
        "no",
        reply.log_probs,
        reply.top_log_probs,
    )


def test_layout_of_a_line(path: Path) -> None:
    Recording(path).add(_request(params={"temperature": 0.1}, person="p1", key="k"), "m", Reply("four"))
    entry = json.loads(path.read_text())
    assert list(entry) == [
        "hash", "model", "person", "key", "time", "messages", "params", "sample", "response", "usage",
    ]  # fmt: skip
    assert entry["messages"] == [{"role": "user", "content": "Hello"}]
    assert entry["response"] == {"text": "four", "finish_reason": "stop"}
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "other",
    [
        _request("hello"),
        _request(params={"temperature": 0.2}),
        _request(sample=1),
        _request(person="p2"),
    ],
)
def test_another_request_is_another_entry(path: Path, other: Request) -> None:
    recording = Recording(path)
    recording.add(_request(), "m", Reply("a"))
    assert recording.find(other, "m") is None
    assert recording.find(_request(), "other model") is None
    assert recording.find(_request(key="a key is no part of the question"), "m") is not None


def test_order_of_parameters_does_not_matter() -> None:
    a, b = _request(params={"a": 1, "b": 2}), _request(params={"b": 2, "a": 1})
    assert a.hash("m") == b.hash("m")


@pytest.mark.parametrize("cut", [1, 2, 30, 200])
def test_torn_last_line_is_ignored_and_cut_off(path: Path, cut: int) -> None:
    recording = Recording(path)
    for text in ("one", "two", "three"):
        recording.add(_request(text), "m", Reply(text.upper()))
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    torn = Recording(path)
    assert torn.find(_request("two"), "m") is not None
    survived = cut == 1  # only the line break is gone
    assert (torn.find(_request("three"), "m") is not None) == survived
    torn.add(_request("four"), "m", Reply("FOUR"))
    assert len(Recording(path)) == 3 + survived
    assert [json.loads(line)["response"]["text"] for line in path.read_text().splitlines()][-1] == "FOUR"


def test_damaged_lines_are_counted_and_left(path: Path) -> None:
    Recording(path).add(_request("one"), "m", Reply("ONE"))
    good = path.read_text()
    path.write_text('{"hash": 3}\n[1]\n\n' + "[" * 9000 + "\n\x00\n" + good + good[:150] + "\n")
    recording = Recording(path)
    assert (len(recording), recording.damaged) == (1, 5)
    assert recording.find(_request("one"), "m") is not None


def test_what_another_program_adds_is_seen(path: Path) -> None:
    ours, theirs = Recording(path), Recording(path)
    assert ours.find(_request(), "m") is None
    theirs.add(_request(), "m", Reply("a"))
    assert ours.find(_request(), "m") is not None
    theirs.forget("nobody")  # replaces the file
    theirs.add(_request("again"), "m", Reply("b"))
    ours.add(_request("mine"), "m", Reply("c"))
    assert len(ours) == len(theirs) == 3
    path.unlink()
    assert len(ours) == 0


def test_many_threads_lose_nothing(path: Path) -> None:
    recordings = [Recording(path) for _ in range(3)]

    def add(n_thread: int) -> None:
        for i in range(40):
            recordings[n_thread % 3].add(_request(f"{n_thread} {i}"), "m", Reply("x" * 5000))

    threads = [threading.Thread(target=add, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Recording(path)) == 240
    assert Recording(path).damaged == 0


def test_forget_takes_one_person_out(path: Path) -> None:
    recording = Recording(path)
    for person in ("p1", "p2", "p1"):
        recording.add(_request(f"my secret {len(recording)}", person=person), "m", Reply(f"of {person}"))
    recording.add(_request("nobody's"), "m", Reply("plain"))
    with path.open("a") as stream:
        stream.write('{"torn": "of p1')
    assert recording.forget("p1") == 2
    assert recording.persons() == {"p2": 1}
    text = path.read_text()
    assert "p1" not in text
    assert len(recording) == len(Recording(path)) == 2
    assert recording.forget("p1") == 0
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_lookups_do_not_grow_with_the_file(path: Path) -> None:
    def seconds(n_entries: int) -> float:
        recording = Recording(path)
        for i in range(len(recording), n_entries):
            recording.add(_request(f"question {i}"), "m", Reply("x" * 400))
        best = 9.0
        for _ in range(5):
            started = time.perf_counter()
            for i in range(200):
                assert recording.find(_request(f"question {i}"), "m")
            best = min(best, time.perf_counter() - started)
        return best

    assert seconds(4000) < 3 * seconds(200) + 0.01


def test_published_answers_are_found_by_key(path: Path) -> None:
    Recording(path).add(Request((), key="attributes/p1"), "gpt-old", Reply("Type: age\nGuess: 30"))
    model = chat_model(f"replay:{path}")
    assert model.name == "gpt-old"
    assert model.reply([{"role": "user", "content": "our own prompt"}], key="attributes/p1").text.endswith(
        "30"
    )
    with pytest.raises(ModelFailed, match="no recorded answer"):
        model.reply([{"role": "user", "content": "our own prompt"}], key="attributes/p2")


def test_recorded_model_asks_once_and_counts(path: Path) -> None:
    asked: list[str] = []

    def script(messages: Any) -> str:
        asked.append(messages[-1]["content"])
        time.sleep(0.02)
        return f"answer {len(asked)}"

    ledger = Ledger()
    inner = Scripted(script)
    inner.concurrency = 4
    model = Recorded(inner, Recording(path), ledger)
    texts = [reply.text for reply in model.reply_many([_request("same")] * 8 + [_request("other")])]
    assert len(asked) == 2
    assert len(set(texts[:8])) == 1
    assert ledger.spent.cached == 7
    assert pickle.loads(pickle.dumps(Recording(path))).find(_request("same"), "scripted") is not None


def test_a_failure_is_not_recorded(path: Path) -> None:
    model = Recorded(Scripted([]), Recording(path))
    for _ in range(2):
        with pytest.raises(ModelFailed, match="script has 0 answers"):
            model.reply([{"role": "user", "content": "Hello"}])
    assert not path.exists()


def test_replays_identically_without_a_server(server: Any, path: Path) -> None:
    live = chat_model(server.model, recording=path)
    requests = [_request(f"question {i}", params={"temperature": 0.5}, person="p") for i in range(12)]
    first = [reply.text for reply in live.reply_many(requests)]
    n_calls = server.n_calls
    assert [reply.text for reply in live.reply_many(requests)] == first
    replayed = list(chat_model(f"replay:{path}").reply_many(requests))
    assert [reply.text for reply in replayed] == first
    assert all(reply.cached for reply in replayed)
    assert server.n_calls == n_calls == 12


def test_replay_names_what_is_missing(path: Path) -> None:
    with pytest.raises(BadInput, match="no such recording"):
        chat_model(f"replay:{path}")
    path.touch()
    with pytest.raises(BadInput, match="no recorded answer"):
        chat_model(f"replay:{path}")
    for name in ("a", "b"):
        Recording(path).add(_request(), name, Reply(name))
    with pytest.raises(BadInput, match=r"2 models.*a, b"):
        chat_model(f"replay:{path}")
    with pytest.raises(BadInput, match="no answer of 'c'"):
        chat_model(f"replay:{path}#c")
    assert chat_model(f"replay:{path}#b").reply(_request().messages).text == "b"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        Recording(tmp_path / "no folder" / "a.jsonl").add(_request(), "m", Reply("a"))


def _start(server: Any, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ECHO, server.model, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PERSONAE_API_KEY": ""},
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # a shell's background job ignores it
    )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_interrupted_run_goes_on_where_it_stopped(server: Any, path: Path, how: signal.Signals) -> None:
    server.behave(seconds=0.05)
    with _start(server, path) as process:
        assert process.stdout is not None
        for _ in range(10):
            process.stdout.readline()
        process.send_signal(how)
        stopped = time.monotonic()
        process.wait(timeout=30)
    assert process.returncode != 0
    assert time.monotonic() - stopped < 5
    asked, kept = server.n_calls, len(Recording(path))
    assert 10 <= kept < 40
    lost = asked - kept
    assert lost <= (0 if how == signal.SIGINT else 4)  # at most those that were open
    with _start(server, path) as process:
        out, _ = process.communicate(timeout=60)
    assert out.splitlines() == [f"You said: question {i}" for i in range(40)]
    assert server.n_calls == 40 + lost
    assert len(Recording(path)) == 40
