"""Every answer a model gave, in one JSONL file: cache, resume point, test cassette, provenance, and published raw outputs.

One line holds one answer::

    {"hash", "model", "person", "key", "time", "messages", "params", "sample", "response", "usage"}

`hash` names the request (`Request.hash`), so the same request to the same model is answered from the file and nothing is
sent. An answer whose messages were never published has no messages and a `key`, and is found by the key. Lines are only
ever added, each in one write: a run that is killed loses at most the line it was writing, and that torn line is ignored
when reading and cut off before the next is added. Several threads and programs may share a file.

A recording holds personal text: the messages and the answers. It exists only where the user put it, is readable by its
owner alone, and `forget` takes one person's lines out of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personae.errors import BadInput, ModelFailed
from personae.models.chat import Model, Reply, Request, Usage

if TYPE_CHECKING:
    from personae.models.cost import Ledger

_HEAD_END = b', "messages": '  # what comes before it is small and names the line; the rest is read when it is asked for


@dataclass(frozen=True, slots=True)
class _Head:
    hash: str
    model: str
    person: str
    key: str
    is_published: bool  # an answer without its messages, found by its key


class Recording:
    """The answers in one file, found by request in constant time; only their places are held in memory.

    Parameters
    ----------
    path : Path or str
        Need not exist yet; the first answer creates it, readable by its owner alone.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> recording = Recording(Path(folder.name) / "answers.jsonl")
    >>> request = Request(({"role": "user", "content": "Two and two?"},))
    >>> recording.add(request, "scripted", Reply("four"))
    >>> recording.find(request, "scripted").text, len(recording)
    ('four', 1)
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.damaged = 0  # lines that are no answer; they are left where they are
        self._lock = threading.RLock()
        self._file = -1
        self._opened = 0
        self._clear()

    def __len__(self) -> int:
        with self._lock:
            self._refresh()
            return sum(self._models.values())

    def __reduce__(self) -> tuple[type[Recording], tuple[Path]]:
        return Recording, (self.path,)

    @property
    def models(self) -> dict[str, int]:
        """How many answers of each model the file holds."""
        with self._lock:
            self._refresh()
            return dict(self._models)

    def find(self, request: Request, model: str) -> Reply | None:
        """Return the recorded answer to this request, or to its key; None where there is none."""
        with self._lock:
            self._refresh()
            place = self._places.get(request.hash(model))
            if place is None and request.key:
                place = self._keys.get((model, request.key))
            if place is None:
                return None
            os.lseek(self._file, place[0], os.SEEK_SET)
            entry = _entry(os.read(self._file, place[1]))
        return None if entry is None else _reply(entry)

    def add(self, request: Request, model: str, reply: Reply) -> None:
        """Write one answer; it is on its way to the disk when this returns, and survives the death of the program."""
        line = _line(request, model, reply)
        with self._writing():
            self._mend()
            _write(self._file, line, self.path)

    def forget(self, person: str) -> int:
        """Take every answer tagged with this person out of the file, and return how many there were.

        The file is written anew beside the old one and put in its place, so that a crash leaves the one or the other.
        Damaged lines go too, since whose they were cannot be told.
        """
        if not self.path.exists():
            return 0
        aside = self.path.with_name(self.path.name + ".forgetting")
        with self._writing():
            gone = self._copy_without(person, aside)
            aside.replace(self.path)
        return gone

    def persons(self) -> dict[str, int]:
        """Return how many answers are tagged with each person: the proof after `forget`."""
        with self._lock:
            self._refresh()
            return dict(self._persons)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the file that stands at the path now, with everything that is in it known."""
        with self._lock:
            while True:
                self._create()
                opened = self._opened
                with _alone(self._file):
                    self._refresh()
                    if opened == self._opened:
                        yield
                        break
            self._refresh()

    def _clear(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1
        self._end = 0  # all complete lines before this offset are in the index
        self._places: dict[str, tuple[int, int]] = {}  # hash -> (offset, bytes)
        self._keys: dict[tuple[str, str], tuple[int, int]] = {}
        self._models: Counter[str] = Counter()
        self._persons: Counter[str] = Counter()
        self.damaged = 0

    def __del__(self) -> None:
        if getattr(self, "_file", -1) >= 0:
            with contextlib.suppress(OSError):
                os.close(self._file)

    def _create(self) -> None:
        self._refresh()
        if self._file < 0:
            try:
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600))
            except OSError as error:
                raise BadInput(
                    f"{self.path}: cannot be written ({error.strerror}). Name another file."
                ) from None
            self._refresh()

    def _refresh(self) -> None:
        """Take in what other programs added, or start over when the file was replaced or removed."""
        try:
            now = self.path.stat()
        except FileNotFoundError:
            self._clear()
            return
        if self._file >= 0 and os.fstat(self._file).st_ino != now.st_ino:
            self._clear()
        if self._file < 0:
            mode = os.O_RDWR if os.access(self.path, os.W_OK) else os.O_RDONLY
            self._file = os.open(self.path, mode | os.O_APPEND)
            self._opened += 1
        if now.st_size < self._end:
            self._clear()
            self._refresh()
        elif now.st_size > self._end:
            self._scan()

    def _scan(self) -> None:
        with open(self._file, "rb", closefd=False) as stream:
            stream.seek(self._end)
            for line in stream:
                if not line.endswith(b"\n") and _entry(line) is None:
                    return
                self._index(line)
                self._end += len(line)

    def _index(self, line: bytes) -> None:
        head = _head(line)
        if head is None:
            self.damaged += bool(line.strip())
            return
        place = (self._end, len(line))
        known = head.hash in self._places
        self._places[head.hash] = place
        if head.is_published:
            self._keys[head.model, head.key] = place
        if not known:
            self._models[head.model] += 1
            if head.person:
                self._persons[head.person] += 1

    def _mend(self) -> None:
        size = os.fstat(self._file).st_size
        if size > self._end:
            os.ftruncate(self._file, self._end)
        elif size:
            os.lseek(self._file, size - 1, os.SEEK_SET)
            if os.read(self._file, 1) != b"\n":
                _write(self._file, b"\n", self.path)

    def _copy_without(self, person: str, aside: Path) -> int:
        gone = 0
        with open(_private(aside), "wb") as out, open(self._file, "rb", closefd=False) as stream:
            stream.seek(0)
            for line in stream:
                head = _head(line)
                if head is not None and head.person == person:
                    gone += 1
                elif head is not None and _entry(line) is not None:
                    out.write(line.rstrip(b"\n") + b"\n")
            out.flush()
            os.fsync(out.fileno())
        return gone


class Recorded(Model):
    """A chat model that asks its recording first, and records what it then asks the model."""

    def __init__(self, model: Model, recording: Recording, ledger: Ledger | None = None) -> None:
        self.model = model
        self.recording = recording
        self.ledger = ledger
        self.name = model.name
        self.concurrency = model.concurrency
        self._asking: dict[str, Future[Reply]] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Recorded], tuple[Model, Recording, Ledger | None]]:
        return Recorded, (self.model, self.recording, self.ledger)

    def answer(self, request: Request) -> Reply:
        """Return the recorded answer, else the model's; the same request is never open twice at once."""
        name = request.hash(self.name)
        with self._lock:
            if (found := self.recording.find(request, self.name)) is not None:
                return self._counted(found)
            future = self._asking.get(name)
            mine = future is None
            if future is None:
                future = self._asking[name] = Future()
        if not mine:
            return self._counted(replace(future.result(), cached=True))
        return self._ask(request, name, future)

    def _ask(self, request: Request, name: str, future: Future[Reply]) -> Reply:
        try:
            reply = self.model.answer(request)
            self.recording.add(request, self.name, reply)
        except BaseException as error:
            future.set_exception(error)
            raise
        else:
            future.set_result(reply)
            return reply
        finally:
            with self._lock:
                del self._asking[name]

    def _counted(self, reply: Reply) -> Reply:
        if self.ledger is not None:
            self.ledger.from_recording()
        return reply


class Replay(Model):
    """The answers of one model in a recording, and nothing else: no server, no key, no cost."""

    def __init__(self, recording: Recording, model: str = "") -> None:
        models = recording.models
        if not models:
            raise BadInput(
                f"{recording.path}: no recorded answer in this file. Record some with --model http://…"
            )
        if not model and len(models) > 1:
            raise BadInput(
                f"{recording.path}: answers of {len(models)} models. Name one after #: {', '.join(sorted(models))}."
            )
        if model and model not in models:
            raise BadInput(
                f"{recording.path}: no answer of {model!r}. Models in this file: {', '.join(sorted(models))}."
            )
        self.recording = recording
        self.model = model or next(iter(models))
        self.name = self.model

    def __reduce__(self) -> tuple[type[Replay], tuple[Recording, str]]:
        return Replay, (self.recording, self.model)

    def answer(self, request: Request) -> Reply:
        found = self.recording.find(request, self.model)
        if found is None:
            raise ModelFailed(
                f"{self.recording.path}: no recorded answer of {self.model} to this request. The prompt, its parameters "
                f"or the input differ from when it was recorded; record anew with the model itself."
            )
        return found


def _line(request: Request, model: str, reply: Reply) -> bytes:
    response: dict[str, Any] = {"text": reply.text, "finish_reason": reply.finish_reason}
    if reply.refusal:
        response["refusal"] = reply.refusal
    if reply.log_probs:
        response["log_probs"] = reply.log_probs
    if reply.top_log_probs:
        response["top_log_probs"] = reply.top_log_probs
    entry = {
        "hash": request.hash(model),
        "model": model,
        "person": request.person,
        "key": request.key,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "messages": request.messages,
        "params": dict(request.params),
        "sample": request.sample,
        "response": response,
        "usage": asdict(reply.usage),
    }
    return json.dumps(entry, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def _head(line: bytes) -> _Head | None:
    start, found, rest = line.partition(_HEAD_END)
    entry = _entry(start + b"}") if found and rest.endswith(b"}\n") else None
    is_published = rest.startswith(b"[]")
    if entry is None:
        entry = _entry(line)
        is_published = entry is not None and not entry.get("messages")
    if entry is None or not isinstance(entry.get("hash"), str) or not isinstance(entry.get("model"), str):
        return None
    key = str(entry.get("key", ""))
    return _Head(entry["hash"], entry["model"], str(entry.get("person", "")), key, is_published and bool(key))


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _reply(entry: dict[str, Any]) -> Reply | None:
    response, usage = entry.get("response"), entry.get("usage")
    if not isinstance(response, dict) or not isinstance(response.get("text"), str):
        return None
    tokens = usage if isinstance(usage, dict) else {}
    return Reply(
        text=response["text"],
        usage=Usage(**{name: tokens[name] for name in Usage.__slots__ if name in tokens}),
        finish_reason=str(response.get("finish_reason", "stop")),
        refusal=str(response.get("refusal", "")),
        cached=True,
        log_probs=_pairs(response.get("log_probs", ())),
        top_log_probs=tuple(_pairs(place) for place in response.get("top_log_probs", ())),
    )


def _pairs(values: Iterable[Sequence[Any]]) -> tuple[tuple[str, float], ...]:
    return tuple((str(token), float(log_prob)) for token, log_prob in values)


def _write(file: int, data: bytes, path: Path) -> None:
    try:
        while data:
            data = data[os.write(file, data) :]
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be written ({error.strerror}). Make room or name another file; "
            f"the answers before this one are kept."
        ) from None


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


@contextlib.contextmanager
def _alone(file: int) -> Iterator[None]:
    """Hold the file against other programs, where the system has such locks."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # the file was replaced meanwhile, and its lock went with it
            fcntl.flock(file, fcntl.LOCK_UN)
