"""The chat model every room talks to, whatever stands behind its model string."""

from __future__ import annotations

from collections.abc import Sequence
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
    """One answer of a model: its raw text, what it cost, and whether it came from the recording."""

    text: str
    usage: Usage = field(default_factory=Usage)
    finish_reason: str = "stop"
    refusal: str = ""
    cached: bool = False
    log_probs: tuple[
        tuple[str, float], ...
    ] = ()  # (token, natural log-probability), where the server gives them


class ChatModel(Protocol):
    """Messages in, a `Reply` out. `name` is the model string it was made from."""

    name: str

    def reply(self, messages: Sequence[Message], **params: Any) -> Reply:
        """Return the model's answer; raises `ModelFailed` once retries are used up."""
