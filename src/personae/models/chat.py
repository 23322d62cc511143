"""The chat model every room talks to, whatever stands behind its model string."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypedDict

Outcome = Literal["answered", "refused", "unparsed"]


class Message(TypedDict):
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; `estimated` when the server did not say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of a model: its raw text, what it cost, and whether it came from the recording.

    Parameters
    ----------
    text : str
    usage : Usage
    finish_reason : str
        "stop", "length" where the answer was cut at its token limit, "content_filter", as the server says.
    refusal : str
        What the server gave as its refusal; empty where it answered.
    cached : bool
        True where the recording answered and nothing was sent.
    log_probs : tuple of (token, natural log-probability)
        One pair for each token of the answer, where the server gives them (`logprobs=True`).
    top_log_probs : tuple of tuples of (token, natural log-probability)
        For each token of the answer the likeliest tokens in its place, best first (`top_logprobs=5`).
    """

    text: str
    usage: Usage = field(default_factory=Usage)
    finish_reason: str = "stop"
    refusal: str = ""
    cached: bool = False
    log_probs: tuple[tuple[str, float], ...] = ()
    top_log_probs: tuple[tuple[tuple[str, float], ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a chat model.

    Parameters
    ----------
    messages : tuple of Message
    params : mapping
        What is sent beside the messages: temperature, max_tokens, response_format, ...
    sample : int
        Which of several draws of the same question this is; each has its own entry in a recording.
    person : str
        Whose text the messages hold; not sent. `Recording.forget` deletes by it.
    key : str
        A name for the question; not sent. Finds an answer whose messages were never published.
    """

    messages: tuple[Message, ...] = field(repr=False)
    params: Mapping[str, Any] = field(default_factory=dict)
    sample: int = 0
    person: str = ""
    key: str = ""

    def hash(self, model: str) -> str:
        """Return the 32-digit name of this request to this model in a recording.

        The person belongs to it, so that forgetting one person never takes another's answer along, nor leaves one behind.
        """
        asked = [model, self.messages or self.key, dict(self.params), self.sample, self.person]
        text = json.dumps(asked, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class ChatModel(Protocol):
    """Messages in, a `Reply` out; safe to call from several threads. `name` is the model string it was made from."""

    name: str

    def reply(
        self, messages: Sequence[Message], *, sample: int = 0, person: str = "", key: str = "", **params: Any
    ) -> Reply:
        """Return the model's answer; raises `ModelFailed` once retries are used up. Arguments as in `Request`."""

    def reply_many(self, requests: Iterable[Request]) -> Iterator[Reply]:
        """Yield the answers in the order of the requests, several at a time; reads `requests` only as it goes."""


class Model:
    """What every chat model here shares: it answers a `Request`, and the two public calls are made of that.

    `concurrency` is how many requests `reply_many` has open at once.
    """

    name: str
    concurrency: int = 1

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def reply(
        self, messages: Sequence[Message], *, sample: int = 0, person: str = "", key: str = "", **params: Any
    ) -> Reply:
        """Return the answer to the messages; see `ChatModel`."""
        return self.answer(Request(tuple(messages), params, sample, person, key))

    def reply_many(self, requests: Iterable[Request]) -> Iterator[Reply]:
        """Yield the answers in the order of the requests; see `ChatModel`."""
        from personae.models._pool import in_order

        return in_order(self.answer, requests, self.concurrency)
