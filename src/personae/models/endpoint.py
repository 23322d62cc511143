"""Any OpenAI-compatible server over HTTP: retries, a limit on open calls, and nothing sent but what was asked.

Nothing of the messages or of the server's error texts reaches a log or an exception: failures are named by their status,
and by the server's error code where that is a single word.
"""

from __future__ import annotations

import json
import logging
import os
import random
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from personae.errors import BadInput, ModelFailed
from personae.models.chat import Model, Reply, Request, Usage
from personae.models.cost import UNSAID_TOKENS, Ledger, estimated_tokens, prompt_tokens

if TYPE_CHECKING:
    from openai import OpenAI

_log = logging.getLogger(__name__)
_AGAIN = frozenset({408, 409, 425, 429})  # with every 5xx but 501
_MALFORMED = frozenset({400, 415, 422, 501})  # the server does not like something that was sent
_DROPPABLE = frozenset(
    {
        "temperature",
        "top_p",
        "seed",
        "stop",
        "logprobs",
        "top_logprobs",
        "frequency_penalty",
        "presence_penalty",
    }
)
_HEADERS = frozenset(
    {
        "host",
        "accept",
        "accept-encoding",
        "connection",
        "content-type",
        "content-length",
        "x-stainless-raw-response",
    }
)  # the last one is how the client remembers that its answer is to be read as it comes
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_LARGEST_ANSWER = 32 << 20  # bytes
_HINTS = {
    401: "The key is missing or wrong: put it in the environment variable PERSONAE_API_KEY.",
    403: "The key has no right to this model.",
    404: "Check the name after # and that the address ends in /v1; `personae models list ADDRESS` lists the names.",
    413: "The request is too long: lower the number of tokens of context.",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an answer, and how often to ask again.

    The wait before try n + 1 is `backoff_seconds * 2**n`, spread over half to one and a half of that so that callers do not
    return together, or what the server asked for in Retry-After; a server that asks for more than `longest_wait_seconds`
    is given up.
    """

    timeout_seconds: float = 120.0  # of one try, from sending to the last byte
    retries: int = 5
    backoff_seconds: float = 0.5
    longest_wait_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class _Dialect:
    """What this server was found not to take; learned from its refusals, kept once an answer came."""

    format_steps: int = 0  # 0 a JSON schema, 1 any JSON object, 2 no response format at all
    limit_name: str = "max_tokens"
    dropped: frozenset[str] = frozenset()

    def body(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters as this server takes them."""
        body = {name: value for name, value in params.items() if name not in self.dropped}
        if not {"max_tokens", "max_completion_tokens"} & body.keys():
            body["max_tokens"] = UNSAID_TOKENS
        if "max_tokens" in body:
            body[self.limit_name] = body.pop("max_tokens")
        if self.format_steps == 1 and "response_format" in body:
            body["response_format"] = {"type": "json_object"}
        elif self.format_steps == 2:
            body.pop("response_format", None)
        return body

    def after(self, failure: _Failure, body: Mapping[str, Any]) -> _Dialect | None:
        """Return what to try next when the server turned this body away, None where nothing is left to give up."""
        if failure.status not in _MALFORMED or failure.code == "context_length_exceeded":
            return None
        if failure.param == "max_tokens" and "max_tokens" in body:
            return replace(self, limit_name="max_completion_tokens")
        if failure.param in _DROPPABLE and failure.param in body:
            return replace(self, dropped=self.dropped | {failure.param})
        if "response_format" in body:
            return replace(self, format_steps=self.format_steps + 1)
        if "logprobs" in body:
            return replace(self, dropped=self.dropped | {"logprobs", "top_logprobs"})
        return None


@dataclass(frozen=True, slots=True)
class _Failure:
    reason: str
    status: int = 0
    code: str = ""
    param: str = ""
    again: bool = True
    wait_seconds: float | None = None
    maybe_charged: bool = False


class TurnedAway(ModelFailed):
    """The server did not take the request as it was sent; asking again would change nothing."""


class Endpoint(Model):
    """The model of that name on an OpenAI-compatible server.

    Parameters
    ----------
    base_url : str
        Such as "http://localhost:11434/v1".
    model : str
    key_variable : str
        Environment variable that holds the key; empty sends "none", which local servers take.
    concurrency : int
        Calls open at once, over all threads.
    patience : Patience
    ledger : Ledger or None
        Counts, and stops before a budget is exceeded.
    gives_way : bool
        Ask again without what the server turned away: the JSON schema, log-probabilities, a temperature.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        key_variable: str = "",
        concurrency: int = 4,
        patience: Patience | None = None,
        ledger: Ledger | None = None,
        gives_way: bool = True,
    ) -> None:
        self.base_url = base_url
        self.model = model
        self.name = f"{base_url}#{model}"
        self.key_variable = key_variable
        self.concurrency = concurrency
        self.patience = patience or Patience()
        self.ledger = ledger or Ledger()
        self.gives_way = gives_way
        self._dialect = _Dialect()
        self._open = threading.BoundedSemaphore(concurrency)
        self._lock = threading.Lock()
        self._made: OpenAI | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in {"_open", "_lock", "_made"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._open = threading.BoundedSemaphore(self.concurrency)
        self._lock = threading.Lock()
        self._made = None

    def answer(self, request: Request) -> Reply:
        """Return the server's answer, asking again where that may help."""
        with self._open:
            for tries in range(self.patience.retries + 1):
                held = self.ledger.set_aside(request)
                try:
                    result = self._ask(request)
                except BaseException:
                    self.ledger.break_off(held, maybe_charged=True)
                    raise
                if isinstance(result, Reply):
                    self.ledger.settle(held, result.usage)
                    return result
                self.ledger.break_off(held, maybe_charged=result.maybe_charged)
                self._wait(result, tries)
        raise AssertionError("unreachable: the last failure raises")

    def served(self) -> list[str]:
        """Return the names of the models the server says it has, one request."""
        result = self._exchange(lambda client: client.models.with_streaming_response.list())
        if isinstance(result, _Failure):
            raise self._error(result, 1)
        data = result.get("data")
        rows = data if isinstance(data, list) else []
        return sorted(str(row["id"]) for row in rows if isinstance(row, dict) and "id" in row)

    def _wait(self, failure: _Failure, tries: int) -> None:
        """Sleep until the next try, or raise when there is none."""
        patience = self.patience
        wait = failure.wait_seconds
        too_long = wait is not None and wait > patience.longest_wait_seconds
        if not failure.again or tries >= patience.retries or too_long:
            raise self._error(failure, tries + 1)
        if wait is None:
            wait = min(patience.backoff_seconds * 2**tries, patience.longest_wait_seconds) * random.uniform(
                0.5, 1.5
            )
        else:
            wait += random.uniform(0.0, patience.backoff_seconds)
        self.ledger.retried()
        _log.info(
            "%s: %s; try %d of %d in %.1f s", self.name, failure.reason, tries + 2, patience.retries + 1, wait
        )
        time.sleep(wait)

    def _error(self, failure: _Failure, tries: int) -> ModelFailed:
        times = f" after {tries} tries" if tries > 1 else ""
        hint = _HINTS.get(failure.status, "")
        if failure.code == "context_length_exceeded":
            hint = _HINTS[413]
        elif failure.wait_seconds is not None and failure.wait_seconds > self.patience.longest_wait_seconds:
            hint = f"It asks to wait {failure.wait_seconds:.0f} s: run again then. What was answered is kept if recorded."
        elif not failure.status and failure.again:
            hint = "Check that the server runs and that the address is right."
        kind = TurnedAway if failure.status in _MALFORMED else ModelFailed
        return kind(f"{self.name}: {failure.reason}{times}. {hint}".rstrip())

    def _ask(self, request: Request) -> Reply | _Failure:
        messages: Any = [
            {**message, "content": _encodable(message["content"])} for message in request.messages
        ]
        dialect = self._dialect
        first: _Failure | None = None
        while True:
            body = dialect.body(request.params)
            result = self._exchange(
                lambda client, body=body: client.chat.completions.with_streaming_response.create(
                    model=self.model, messages=messages, extra_body=body
                )
            )
            if not isinstance(result, _Failure):
                self._dialect = dialect
                return _reply(result, request) or _Failure(
                    "the answer has not the shape of a chat completion", maybe_charged=True
                )
            if result.code == "content_filter":
                return Reply("", Usage(), "content_filter", refusal="content_filter")
            first = first or result
            following = dialect.after(result, body) if self.gives_way else None
            if following is None:
                return first if result.status in _MALFORMED else result
            dialect = following

    def _exchange(self, call: Any) -> dict[str, Any] | _Failure:
        """Send one request and read its whole answer within the time limit."""
        import httpx2  # what openai is built on; raises its own errors while a body is read
        import openai

        deadline = time.monotonic() + self.patience.timeout_seconds
        data = bytearray()
        try:
            with call(self._client()) as response:
                for chunk in response.iter_bytes():
                    data += chunk
                    if time.monotonic() > deadline or len(data) > _LARGEST_ANSWER:
                        return _Failure("the answer was not complete in time", maybe_charged=True)
        except openai.APIStatusError as error:
            return _status_failure(error)
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            cause = error.__cause__ or error
            was_sent = not isinstance(cause, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout))
            return _Failure(f"the connection failed ({type(cause).__name__})", maybe_charged=was_sent)
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return _Failure("the answer is not JSON", maybe_charged=True)
        return (
            value if isinstance(value, dict) else _Failure("the answer is no JSON object", maybe_charged=True)
        )

    def _client(self) -> OpenAI:
        with self._lock:
            if self._made is None:
                self._made = self._make_client()
            return self._made

    def _make_client(self) -> OpenAI:
        import openai

        key = os.environ.get(self.key_variable, "") if self.key_variable else "none"
        if not key:
            raise BadInput(
                f"The environment variable {self.key_variable} holds no key. Set it, or name another one."
            )

        def only_what_was_asked(request: Any) -> None:
            for name in set(request.headers) - _HEADERS:
                del request.headers[name]
            request.headers["authorization"] = f"Bearer {key}"
            request.headers["user-agent"] = "personae"

        return openai.OpenAI(
            base_url=self.base_url,
            api_key=key,
            admin_api_key="",
            max_retries=0,
            timeout=self.patience.timeout_seconds,
            http_client=openai.DefaultHttpxClient(
                follow_redirects=False,
                trust_env=not is_local(self.base_url),
                event_hooks={"request": [only_what_was_asked]},
            ),
        )


def is_local(url: str) -> bool:
    """Whether the address is this machine.

    >>> is_local("http://127.0.0.1:8000/v1"), is_local("https://example.org/v1")
    (True, False)
    """
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.") or host.endswith(".localhost")


def _status_failure(error: Any) -> _Failure:
    status = int(error.status_code)
    code, param = _word(error.code), _word(error.param).split(".")[0]
    again = (status in _AGAIN or (status >= 500 and status != 501)) and code != "insufficient_quota"
    named = f" ({code})" if code and code != str(status) else ""
    return _Failure(
        f"the server said {status}{named}", status, code, param, again, _retry_after(error.response.headers)
    )


def _encodable(text: str) -> str:
    """Return the text with a question mark for each half of a character, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _word(value: object) -> str:
    text = str(value) if value is not None else ""
    return text if _WORD.fullmatch(text) else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a server asks to wait, from either form of the header."""
    value = headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(headers.get("retry-after-ms", "")) / 1000)
    except ValueError:
        pass
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _reply(answer: Mapping[str, Any], request: Request) -> Reply | None:
    """Return the first choice of a chat completion, None where the answer has not that shape."""
    try:
        choice = answer["choices"][0]
        text = _text(choice["message"].get("content"))
        refusal = str(choice["message"].get("refusal") or "")
        finish_reason = str(choice.get("finish_reason") or "stop")
        tokens = (choice.get("logprobs") or {}).get("content") or ()
        log_probs = tuple(_pair(token) for token in tokens)
        top = tuple(tuple(_pair(other) for other in token.get("top_logprobs") or ()) for token in tokens)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        return None
    return Reply(
        text,
        _usage(answer.get("usage"), request, text),
        finish_reason,
        refusal,
        False,
        log_probs,
        top if any(top) else (),
    )


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part.get("type") == "text")
    if content is not None and not isinstance(content, str):
        raise TypeError("content is neither text nor parts")
    return content or ""


def _pair(token: Mapping[str, Any]) -> tuple[str, float]:
    return str(token["token"]), float(token["logprob"])


def _usage(said: Any, request: Request, text: str) -> Usage:
    try:
        return Usage(int(said["prompt_tokens"]), int(said["completion_tokens"]))
    except (KeyError, TypeError, ValueError):
        return Usage(prompt_tokens(request.messages), estimated_tokens(text), estimated=True)
