"""Model strings: one short text names a chat model, whatever stands behind it."""

from __future__ import annotations

import difflib
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from personae.errors import BadInput, ModelFailed, UnknownName
from personae.models.chat import ChatModel, Message, Model, Reply, Request, Usage
from personae.models.cost import DryRun, Ledger, Price, estimated_tokens, prompt_tokens
from personae.models.recording import Recorded, Recording, Replay

Script = Sequence[str | Reply] | Callable[[Sequence[Message]], str | Reply]

KEY_VARIABLE = "PERSONAE_API_KEY"
FORMS = {
    "home": "the readers that ship with the package; no chat model",
    "http://HOST:PORT/v1#NAME": "the model NAME on any OpenAI-compatible server; https too",
    "replay:FILE.jsonl": "recorded answers, #NAME after it where the file holds several models",
    "hf:ORG/NAME": "a Hugging Face model from inside, with the extra `torch`; no chat model",
    "scripted": "answers given in Python, for tests",
}


class Scripted(Model):
    """Answers from a list, one after the other, or from a function of the messages; for tests.

    Examples
    --------
    >>> Scripted(["first", "second"]).reply([{"role": "user", "content": "?"}]).text
    'first'
    """

    name = "scripted"

    def __init__(self, script: Script, name: str = "scripted") -> None:
        self.script = script
        self.name = name
        self._used = 0
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Scripted], tuple[Script, str]]:
        return Scripted, (self.script if callable(self.script) else self.script[self._used :], self.name)

    def answer(self, request: Request) -> Reply:
        said = self.script(request.messages) if callable(self.script) else self._next(self.script)
        if isinstance(said, Reply):
            return said
        return Reply(said, Usage(prompt_tokens(request.messages), estimated_tokens(said), estimated=True))

    def _next(self, answers: Sequence[str | Reply]) -> str | Reply:
        with self._lock:
            self._used += 1
            if self._used > len(answers):
                raise ModelFailed(f"The script has {len(answers)} answers, and one more was asked for.")
            return answers[self._used - 1]


def chat_model(
    string: str,
    *,
    recording: Recording | Path | str | None = None,
    concurrency: int = 4,
    price: Price | None = None,
    budget_usd: float | None = None,
    ledger: Ledger | None = None,
    timeout_seconds: float = 120.0,
    retries: int = 5,
    backoff_seconds: float = 0.5,
    key_variable: str = "",
    script: Script | None = None,
    dry_run: bool = False,
) -> ChatModel:
    """Return the chat model that the string names.

    Parameters
    ----------
    string : str
        One of `FORMS`.
    recording : Recording or path, optional
        Answers found there are not asked for again; new ones are added. It holds the messages, personal text included.
    concurrency : int
        Calls open at once.
    price : Price, optional
    budget_usd : float, optional
        The calls stop before this is exceeded; needs a price.
    ledger : Ledger, optional
        Counts calls, tokens and dollars; share one between models for one budget. Takes the place of price and budget.
    timeout_seconds, retries, backoff_seconds
        See `personae.models.endpoint.Patience`.
    key_variable : str
        Environment variable that holds the server's key. Without it PERSONAE_API_KEY is used where it is set, and
        OPENAI_API_KEY for api.openai.com alone; else no key is sent.
    script : list of answers or function of the messages
        For "scripted".
    dry_run : bool
        Return a model that asks nothing and counts: see `personae.models.cost.DryRun`.

    Raises
    ------
    UnknownName
        When the string names no chat model.
    BadInput
        When it names one that cannot be used as it is.

    Examples
    --------
    >>> chat_model("scripted", script=["Hello."]).reply([{"role": "user", "content": "Hi"}]).text
    'Hello.'
    """
    kept = Recording(recording) if isinstance(recording, (str, Path)) else recording
    ledger = ledger or Ledger(price, budget_usd)
    if string.startswith("replay:"):
        return _replay(string.removeprefix("replay:"))
    if string == "scripted" and script is not None:
        model: Model = Scripted(script)
    elif string.startswith(("http://", "https://")):
        from personae.models.endpoint import Endpoint, Patience

        address, name = address_of(string)
        patience = Patience(timeout_seconds, retries, backoff_seconds)
        variable = key_variable_of(address, key_variable)
        model = Endpoint(
            address, name, key_variable=variable, concurrency=concurrency, patience=patience, ledger=ledger
        )
    else:
        raise _unknown(string)
    if dry_run:
        return DryRun(model.name, recording=kept, price=ledger.price)
    return model if kept is None else Recorded(model, kept, ledger)


def address_of(string: str) -> tuple[str, str]:
    """Split "http://host:port/v1#name" into the address and the name, and say what is wrong with any other.

    >>> address_of("http://localhost:11434/v1#llama3.2:3b")
    ('http://localhost:11434/v1', 'llama3.2:3b')
    """
    address, _, name = string.partition("#")
    address = server_address(address)
    if not name.strip():
        raise BadInput(
            f"{address}: name the model after #, such as {address}#NAME; "
            f"`personae models list {address}` lists the names the server has."
        )
    return address, name.strip()


def server_address(url: str) -> str:
    """Return the address of a server without a trailing slash; raises `BadInput` where it cannot be one."""
    parts = urlsplit(url.strip())
    try:
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        port_is_good = False
    if parts.username or parts.password or parts.query:
        raise BadInput(
            f"The address of a model server has no user, password or query: "
            f"put the key in the environment variable {KEY_VARIABLE}."
        )
    if not parts.hostname or not port_is_good:
        raise BadInput(f"{url!r} is no address. Write http://HOST:PORT/v1#NAME.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def key_variable_of(address: str, named: str = "") -> str:
    """Return the environment variable whose key goes to this server; empty where none does."""
    is_openai = urlsplit(address).hostname == "api.openai.com"
    for variable in (named,) if named else (KEY_VARIABLE, "OPENAI_API_KEY"):
        is_ours = named or variable == KEY_VARIABLE or is_openai
        if is_ours and os.environ.get(variable):
            return variable
    if named or is_openai:
        raise BadInput(
            f"The environment variable {named or KEY_VARIABLE} holds no key. Set it and run again."
        )
    return ""


def _replay(rest: str) -> Replay:
    path, _, model = (rest, "", "") if Path(rest).exists() else rest.partition("#")
    if not path or not Path(path).is_file():
        raise BadInput(f"replay:{path}: no such recording. Write replay:FILE.jsonl.")
    return Replay(Recording(path), model)


def _unknown(string: str) -> BadInput | UnknownName:
    if string == "home":
        return BadInput(
            "'home' is no chat model: it reads attributes by itself, without prompts. "
            "Name a language model here, such as http://localhost:11434/v1#NAME."
        )
    if string.startswith("hf:"):
        return BadInput(
            f"{string!r} is read from inside and is no chat model. "
            f"Serve it with any OpenAI-compatible server, and name it http://HOST:PORT/v1#NAME."
        )
    if string == "scripted":
        return BadInput(
            "'scripted' needs its answers: chat_model('scripted', script=[...]). It is for tests."
        )
    forms = list(FORMS)
    close = difflib.get_close_matches(string, forms, n=1, cutoff=0.5)
    nearest = f" Nearest: {close[0]}." if close else ""
    return UnknownName(f"No model {string!r}.{nearest} A model is named by one of: {', '.join(forms)}.")
