"""What a chat server can do, found out with one tiny request, and a few more where that is turned away."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from personae.models.answers import find_json
from personae.models.chat import Message, Reply, Request
from personae.models.endpoint import Endpoint, TurnedAway, is_local

_ASKED: tuple[Message, ...] = (
    {"role": "user", "content": 'Write this JSON object and nothing else: {"word": "ready"}'},
)
_FORM: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "Ready",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"word": {"type": "string"}},
            "required": ["word"],
            "additionalProperties": False,
        },
    },
}
_MAX_TOKENS = 200  # room for a model that thinks first


@dataclass(frozen=True, slots=True)
class Support:
    """What a server took, and how it answered.

    `json_schema` is True where the server took the schema and the answer fits it; `log_probs` where the answer came with
    them; `counts_tokens` where it said how many it used; `follows` where the model wrote what it was asked to write.
    `seconds` is the time of the first call that was answered, from sending to the last byte.
    """

    model: str
    is_local: bool
    is_encrypted: bool
    requests: int
    seconds: float
    json_schema: bool
    log_probs: bool
    counts_tokens: bool
    follows: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def probe(endpoint: Endpoint) -> Support:
    """Ask this server alone, with no text of anybody's; raises `ModelFailed` where it does not answer.

    `endpoint` must not give way (`gives_way=False`), so that what is turned away is seen.
    """
    schema = {"response_format": _FORM}
    log_probs = {"logprobs": True, "top_logprobs": 2}
    tries = [_try(endpoint, schema | log_probs)]
    if tries[0] is None:
        tries += [_try(endpoint, schema), _try(endpoint, log_probs)]
    answered = [each for each in tries if each is not None]
    requests = len(tries)
    if not answered:
        answered, requests = [_asked(endpoint, {})], requests + 1
    words = [find_json(each.reply.text) for each in answered]
    fits = [isinstance(word, dict) and set(word) == {"word"} for word in words]
    return Support(
        model=endpoint.name,
        is_local=is_local(endpoint.base_url),
        is_encrypted=endpoint.base_url.startswith("https:"),
        requests=requests,
        seconds=answered[0].seconds,
        json_schema=any(fit and each.has_schema for fit, each in zip(fits, answered, strict=True)),
        log_probs=any(each.reply.log_probs for each in answered),
        counts_tokens=not answered[0].reply.usage.estimated,
        follows=any(fit and word["word"] == "ready" for fit, word in zip(fits, words, strict=True)),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    reply: Reply
    seconds: float
    has_schema: bool


def _try(endpoint: Endpoint, params: dict[str, Any]) -> _Asked | None:
    try:
        return _asked(endpoint, params)
    except TurnedAway:
        return None


def _asked(endpoint: Endpoint, params: dict[str, Any]) -> _Asked:
    started = time.perf_counter()
    reply = endpoint.answer(Request(_ASKED, {"max_tokens": _MAX_TOKENS, "temperature": 0, **params}))
    return _Asked(reply, time.perf_counter() - started, "response_format" in params)
