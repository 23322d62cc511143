"""What the answers cost: an estimate before spending, a count while spending, and a budget that is never exceeded."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from personae.errors import BadInput, ModelFailed
from personae.models.chat import Message, Model, Reply, Request, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from personae.models.recording import Recording

UNSAID_TOKENS = 4096  # completion tokens to reckon with where a request sets no limit
_BYTES_PER_TOKEN = 3  # on the safe side: English has 4 to 5 bytes a token, most other scripts 3 or more
_MESSAGE_TOKENS = 4  # what the chat format adds to each message


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens read (`prompt`) and written (`completion`). Never known unless the user says so."""

    prompt: float
    completion: float

    @classmethod
    def parse(cls, text: str) -> Price:
        """Read "0.15/0.60": dollars per million tokens in and out.

        >>> Price.parse("0.15/0.60").of(Usage(1_000_000, 500_000))
        0.45
        """
        try:
            prompt, completion = (float(part) for part in text.split("/"))
        except ValueError:
            prompt = completion = -1.0
        if not (0 <= prompt < float("inf") and 0 <= completion < float("inf")):
            raise BadInput(f"Price {text!r}: write dollars per million tokens in and out, such as 0.15/0.60.")
        return cls(prompt, completion)

    def of(self, usage: Usage) -> float:
        """Return the cost of these tokens in dollars."""
        return (usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion) / 1e6


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has, rather too many than too few; no model's own tokenizer is asked."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_PER_TOKEN)


def worst_usage(request: Request) -> Usage:
    """Return the tokens a request uses if its answer runs to its limit."""
    limit = request.params.get("max_tokens") or request.params.get("max_completion_tokens") or UNSAID_TOKENS
    return Usage(prompt_tokens(request.messages), int(limit), estimated=True)


def prompt_tokens(messages: Sequence[Message]) -> int:
    """Return about how many tokens the messages have; see `estimated_tokens`."""
    return sum(estimated_tokens(message["content"]) + _MESSAGE_TOKENS for message in messages)


@dataclass(frozen=True, slots=True)
class Spent:
    """Calls, tokens and dollars. `usd` is None where no price was given: it is never made up.

    `is_estimate` says that tokens are reckoned, not counted by a server.
    """

    calls: int = 0
    cached: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = None
    is_estimate: bool = False

    def __str__(self) -> str:
        most = "at most " if self.is_estimate else ""
        about = "about " if self.is_estimate else ""
        cost = "cost unknown (give --price IN/OUT)" if self.usd is None else f"{most}${self.usd:.4f}"
        again = f", {self.cached} answered from the recording" if self.cached else ""
        return (
            f"{self.calls} calls{again}, {about}{self.prompt_tokens:,} tokens in, "
            f"{most}{self.completion_tokens:,} out, {cost}"
        )

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


class Ledger:
    """Counts what is spent, over all models it is given to and all their threads, and stops before the budget is exceeded.

    A call sets aside the most it can cost before it is sent. When the answer comes, its own cost takes that place; a call
    that broke off after it was sent is charged the most, since the server may do so. Where only the calls that are open
    leave no room, the next one waits for them.

    Parameters
    ----------
    price : Price or None
    budget_usd : float or None
        Needs a price. A copy sent to another process starts its own count.
    """

    def __init__(self, price: Price | None = None, budget_usd: float | None = None) -> None:
        if budget_usd is not None and price is None:
            raise BadInput(
                "A budget needs prices: give --price IN/OUT, dollars per million tokens, such as 0.15/0.60."
            )
        self.price = price
        self.budget_usd = budget_usd
        self._lock = threading.Condition()
        self._calls = self._cached = self._retries = 0
        self._usage = Usage()
        self._usd = 0.0  # charged
        self._held = 0.0  # dollars set aside for calls that are open
        self._open = 0

    def __reduce__(self) -> tuple[type[Ledger], tuple[Price | None, float | None]]:
        return Ledger, (self.price, self.budget_usd)

    @property
    def spent(self) -> Spent:
        with self._lock:
            used = self._usage
            usd = None if self.price is None else round(self._usd, 10)
            return Spent(
                self._calls,
                self._cached,
                self._retries,
                used.prompt_tokens,
                used.completion_tokens,
                usd,
                used.estimated,
            )

    def set_aside(self, request: Request) -> float:
        """Return the dollars now held back for this call; raises `ModelFailed` where the budget has no room for it."""
        most = self.price.of(worst_usage(request)) if self.price else 0.0
        with self._lock:
            while self.budget_usd is not None and self._usd + self._held + most > self.budget_usd:
                if not self._open:
                    raise ModelFailed(
                        f"Stopped before exceeding the budget of ${self.budget_usd:g}: ${self._usd:.4f} are spent, and the "
                        f"next call may cost ${most:.4f}. What was answered is kept; raise --budget-usd to go on."
                    )
                self._lock.wait()
            self._held += most
            self._open += 1
        return most

    def settle(self, held: float, usage: Usage) -> None:
        """Put what a call used in place of what was held back for it."""
        self._close(held, self.price.of(usage) if self.price else 0.0)
        with self._lock:
            self._calls += 1
            self._usage = _sum(self._usage, usage)

    def break_off(self, held: float, *, maybe_charged: bool) -> None:
        """Release what was held back for a call that failed, or charge it where the server may."""
        self._close(held, held if maybe_charged else 0.0)

    def _close(self, held: float, usd: float) -> None:
        with self._lock:
            self._open -= 1
            self._held = self._held - held if self._open else 0.0
            self._usd += usd
            self._lock.notify_all()

    def retried(self) -> None:
        with self._lock:
            self._retries += 1

    def from_recording(self) -> None:
        with self._lock:
            self._cached += 1


class DryRun(Model):
    """Answers nothing and counts what would be asked: the estimate before spending.

    With a recording, what it holds and what is asked twice is not counted as a call.

    Give it to the very code that would do the work; what that code makes of the empty answers is thrown away.

    Examples
    --------
    >>> model = DryRun("http://localhost:8000/v1#small", price=Price(1.0, 2.0))
    >>> _ = model.reply([{"role": "user", "content": "Hello there"}], max_tokens=100)
    >>> print(model.estimate)
    1 calls, about 8 tokens in, at most 100 out, at most $0.0002
    """

    def __init__(self, name: str, *, recording: Recording | None = None, price: Price | None = None) -> None:
        self.name = name
        self.recording = recording
        self.price = price
        self._seen: set[str] = set()
        self._calls = self._cached = 0
        self._usage = Usage()

    def answer(self, request: Request) -> Reply:
        name = request.hash(self.name)
        if self.recording is not None:
            if (found := self.recording.find(request, self.name)) is not None:
                self._cached += 1
                return found
            if name in self._seen:
                self._cached += 1
                return Reply("")
        self._seen.add(name)
        self._calls += 1
        self._usage = _sum(self._usage, worst_usage(request))
        return Reply("")

    @property
    def estimate(self) -> Spent:
        usd = None if self.price is None else self.price.of(self._usage)
        used = self._usage
        return Spent(
            self._calls, self._cached, 0, used.prompt_tokens, used.completion_tokens, usd, is_estimate=True
        )


def _sum(a: Usage, b: Usage) -> Usage:
    return Usage(
        a.prompt_tokens + b.prompt_tokens,
        a.completion_tokens + b.completion_tokens,
        a.estimated or b.estimated,
    )
