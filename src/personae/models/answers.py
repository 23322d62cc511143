"""Typed answers: a pydantic schema goes in, a validated object or a counted `Unparsed` or `Refused` comes out.

The only reader of what models write, in either form: JSON (whole, fenced, inside prose, with trailing commas, cut off), and
the blocks of lines of Staab, Vero, Balunović, Vechev (2024), "Beyond Memorization", arXiv 2310.07298, appendix: `Type:`,
`Inference:`, `Guess: a; b; c`, whose keys count as read from a Jaro-Winkler similarity above .75.

No message of these functions quotes an answer: a mismatch is named by the schema's own fields.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rapidfuzz.distance import JaroWinkler

from personae.models.chat import ChatModel, Message, Outcome, Reply, Request

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

T = TypeVar("T", bound="BaseModel")
NEAR = 0.75  # published parser
_LONGEST = 400_000  # characters of an answer that are read
_STARTS = 64  # places in an answer where a JSON value is looked for
_DEEPEST = 64  # brackets inside brackets of an answer that is mended
_CUTS = 12  # places where an answer that was cut off is closed
_FENCE = re.compile(r"```[a-zA-Z]*\s*\n?(.*?)```", re.DOTALL)
_THINKING = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_OPENING = re.compile(r"[{\[]")
_JSON_BEGINS = re.compile(r'\{\s*"|\[\s*[\[{"\d-]')
_REFUSAL = re.compile(
    r"\bI(?:'m| am)? (?:really |very )?(?:sorry|unable|not able|not comfortable)\b"
    r"|\bI (?:can(?:'t|not)|won't|will not|must decline|refuse)\b|\bas an AI\b",
    re.IGNORECASE,
)
_BLOCK_KEYS = ("type", "inference", "guess")
_HEADING_END = re.compile(r"(?i)[\s:]*(?:analysis|inference|guess(?:es)?)?[\s:]*$")
_LISTED = re.compile(r"\s*(?:[-*•]|\(?[1-9][.)])\s")
_NUMBERED = re.compile(r"(?:^|(?<=\s))\(?[1-9][.)]\s+")
_LEAD_IN = re.compile(r"(?i)^[^:;]*\bguess(?:es)?\b[^:;]*?(?::|\b(?:are|is)\b)\s*")
_COMMA_OR = re.compile(r",\s+or\s")
_COMMAS = re.compile(r",\s+(?:or\s+)?")
_PLACE = re.compile(r"(?i)city|country|place|birth|location|live|born")
_OR = re.compile(r"\s+or\s+")
_NOTHING = re.compile(r"(?i)n/?a|none|unknown|missing|-+")
_MARKS = re.compile(r"^[\s>#*•\-]*(?:\d+[.)]\s*)?[\s*_]*")


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """An answer that fits the schema. `mended` says what it took to read it, "" where it was JSON and nothing else."""

    value: T
    reply: Reply
    mended: str = ""
    outcome: Outcome = field(default="answered", init=False)


@dataclass(frozen=True, slots=True)
class Unparsed:
    """An answer that does not fit the schema; `reason` names the first mismatch and quotes nothing."""

    reply: Reply
    reason: str
    outcome: Outcome = field(default="unparsed", init=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """The model or its server declined to answer."""

    reply: Reply
    reason: str
    outcome: Outcome = field(default="refused", init=False)


class Outcomes:
    """Counts of answered, refused, unparsed, mended and repaired; every report of a run shows them.

    >>> outcomes = Outcomes()
    >>> outcomes.count(Unparsed(Reply(""), "no JSON value")); outcomes.as_json()["unparsed"]
    1
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, int]:
        return dict(self._counts)

    def __setstate__(self, counts: dict[str, int]) -> None:
        self._counts = Counter(counts)
        self._lock = threading.Lock()

    def count(self, result: Answered[Any] | Unparsed | Refused) -> None:
        with self._lock:
            self._counts[result.outcome] += 1
            if isinstance(result, Answered) and result.mended:
                self._counts["mended"] += 1

    def add(self, name: str, count: int = 1) -> None:
        with self._lock:
            self._counts[name] += count

    def as_json(self) -> dict[str, int]:
        return dict.fromkeys(("answered", "refused", "unparsed"), 0) | dict(self._counts)


def ask(
    model: ChatModel,
    messages: Sequence[Message],
    schema: type[T],
    *,
    otherwise: Callable[[str], object] | None = None,
    repairs: int = 0,
    sample: int = 0,
    person: str = "",
    key: str = "",
    **params: Any,
) -> Answered[T] | Unparsed | Refused:
    """Ask for one answer that fits `schema`.

    Parameters
    ----------
    otherwise : function of the answer's text, optional
        Gives what to validate where no JSON value fits, such as a reading of `find_blocks`; None where it finds nothing.
    repairs : int
        How often an answer that does not fit is handed back to be written again.
    params
        As for `ChatModel.reply`. The schema goes along as `response_format`; the messages must describe the answer too,
        since not every server knows it.
    """
    request = Request(
        tuple(messages), params | {"response_format": response_format(schema)}, sample, person, key
    )
    result = read_answer(_sent(model, request), schema, otherwise=otherwise)
    return _repaired(model, request, result, schema, otherwise, repairs)


def ask_many(
    model: ChatModel,
    requests: Iterable[Request],
    schema: type[T],
    *,
    otherwise: Callable[[str], object] | None = None,
    repairs: int = 0,
) -> Iterator[Answered[T] | Unparsed | Refused]:
    """Yield typed answers in the order of the requests, several asked at a time; see `ask`."""
    form = response_format(schema)
    sent: list[Request] = []

    def noted() -> Iterator[Request]:
        for request in requests:
            sent.append(replace(request, params={**request.params, "response_format": form}))
            yield sent[-1]

    for reply in model.reply_many(noted()):
        result = read_answer(reply, schema, otherwise=otherwise)
        yield _repaired(model, sent.pop(0), result, schema, otherwise, repairs)


def read_answer(
    reply: Reply, schema: type[T], *, otherwise: Callable[[str], object] | None = None
) -> Answered[T] | Unparsed | Refused:
    """Read one reply as `schema`; nothing is asked."""
    from pydantic import ValidationError

    if reply.refusal or reply.finish_reason == "content_filter":
        return Refused(reply, "the server withheld the answer")
    text = without_thinking(reply.text[:_LONGEST])
    reason = "the answer is empty" if not text.strip() else "no JSON value in the answer"
    is_first = True
    for value, mended in _values(text, otherwise):
        for shaped in _shapes(value, schema):
            try:
                return Answered(schema.model_validate(shaped), reply, mended)
            except ValidationError as error:
                reason = _mismatch(error, schema) if is_first else reason
                is_first = False
    if _REFUSAL.search(text[:400]):
        return Refused(reply, "the model declined in words")
    if reply.finish_reason == "length":
        reason += "; the answer was cut at its token limit"
    return Unparsed(reply, reason)


def without_thinking(text: str) -> str:
    """Return an answer without the block of thinking that some models write before it; one that never ends stays.

    >>> without_thinking("<think>Blue? No.</think>Red")
    'Red'
    """
    return _THINKING.sub("", text)


def response_format(schema: type[BaseModel]) -> dict[str, Any]:
    """Return the `response_format` that asks a server for this schema, in the strict form: closed objects, no defaults."""
    return {
        "type": "json_schema",
        "json_schema": {
            "name": schema.__name__,
            "strict": True,
            "schema": _strict(schema.model_json_schema()),
        },
    }


def find_json(text: str) -> Any:
    """Return the JSON value that a model's answer holds, None where there is none; prefer `read_answer` with a schema.

    >>> find_json('Sure! Here it is: {"age": [30, 31,],} Anything else?')
    {'age': [30, 31]}
    """
    return next((value for value, _ in _values(text[:_LONGEST], None)), None)


@dataclass(frozen=True, slots=True)
class Block:
    """One block of lines: what it is about, the reasoning, and the guesses, best first."""

    type: str
    inference: str
    guesses: tuple[str, ...]


def find_blocks(text: str) -> list[Block]:
    """Return the blocks of lines in an answer; those without a guess are left out.

    Beside the published form it reads what models write in its place: a heading for the type, guesses as a list below one
    another or numbered in one line, and "my guesses are a, b, or c".

    >>> find_blocks("**Type:** age\\nInference: says so\\nGuess: 30; 31; 29")
    [Block(type='age', inference='says so', guesses=('30', '31', '29'))]
    """
    blocks: list[Block] = []
    current = Block("", "", ())
    part = ""
    for line in text[:_LONGEST].splitlines():
        bare = _MARKS.sub("", line).strip()
        before, colon, after = bare.partition(":")
        found = nearest(before.strip("*_ "), _BLOCK_KEYS) if colon else ""
        value = (after if found else bare).strip("*_ ")
        if not found and line.lstrip().startswith("#"):
            found, value = "type", _HEADING_END.sub("", value)
        if found == "type":
            blocks.append(current)
            current = Block(value, "", ())
        elif value and (found or part) == "inference":
            current = replace(current, inference=f"{current.inference} {value}".strip())
        elif value and found == "guess":
            current = replace(current, guesses=(*current.guesses, *_guesses(value, current.type)))
        elif value and part == "guess" and _LISTED.match(line):
            current = replace(current, guesses=(*current.guesses, *_guesses(f"1. {value}", current.type)))
        elif value and part == "guess" and not current.guesses:
            current = replace(current, guesses=tuple(_guesses(value, current.type)))
        part = found or part
    return [block for block in (*blocks, current) if block.type and block.guesses]


def _guesses(line: str, about: str) -> list[str]:
    """Split one line of guesses at ";", else at the numbers before them, else at "or", or at commas where no place has them."""
    line = _LEAD_IN.sub("", line)
    pieces = line.split(";")
    if len(pieces) == 1:
        pieces = [piece for piece in _NUMBERED.split(line) if piece.strip()]
    if len(pieces) == 1 and not _NUMBERED.match(line):
        commas = _COMMAS.split(line)
        is_list = _COMMA_OR.search(line) or (len(commas) > 2 and not _PLACE.search(about))
        pieces = commas if is_list else _OR.split(line)
    bare = (_NUMBERED.sub("", piece).strip(" .,;:*_\"'") for piece in pieces)
    return [guess for guess in bare if guess and not _NOTHING.fullmatch(guess)]


def nearest(name: str, names: Iterable[str], above: float = NEAR) -> str:
    """Return the name most similar to `name` by Jaro-Winkler, ignoring case; "" where none is similar enough.

    >>> nearest("Guesses", ("type", "inference", "guess"))
    'guess'
    """
    scored = ((JaroWinkler.similarity(name.lower(), other.lower()), other) for other in names)
    score, best = max(scored, default=(0.0, ""))
    return best if score > above else ""


def _sent(model: ChatModel, request: Request) -> Reply:
    return model.reply(
        request.messages, sample=request.sample, person=request.person, key=request.key, **request.params
    )


def _repaired(
    model: ChatModel,
    request: Request,
    result: Answered[T] | Unparsed | Refused,
    schema: type[T],
    otherwise: Callable[[str], object] | None,
    repairs: int,
) -> Answered[T] | Unparsed | Refused:
    for _ in range(repairs):
        if not isinstance(result, Unparsed) or not result.reply.text.strip():
            break
        again = f"That answer could not be read ({result.reason}). Write it again as one JSON object and nothing else."
        request = replace(
            request,
            messages=(
                *request.messages,
                Message(role="assistant", content=result.reply.text),
                Message(role="user", content=again),
            ),
        )
        result = read_answer(_sent(model, request), schema, otherwise=otherwise)
        if isinstance(result, Answered):
            result = replace(result, mended="asked again")
    return result


def _values(text: str, otherwise: Callable[[str], object] | None) -> Iterator[tuple[Any, str]]:
    """Yield what the text may hold, likeliest first, with how it was found."""
    if (value := _loaded(text)) is not None:
        yield value, ""
        return
    for fenced in reversed(_FENCE.findall(text)):
        if (value := _loaded(fenced)) is not None:
            yield value, "fenced"
    yield from _embedded(text)
    if otherwise is not None and (value := otherwise(text)) is not None:
        yield value, "lines"


def _loaded(text: str) -> Any:
    try:
        value = json.loads(text, strict=False, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, (dict, list)) else None


def _embedded(text: str) -> Iterator[tuple[Any, str]]:
    """Yield the objects and arrays that stand in the text, longest first: whole, or mended where they look like JSON."""
    decoder = json.JSONDecoder(strict=False, parse_constant=lambda _: None)
    found: list[tuple[int, Any, str]] = []
    end = 0
    for opening in islice(_OPENING.finditer(text), _STARTS):
        start = opening.start()
        if start < end:
            continue
        try:
            value, end = decoder.raw_decode(text, start)
            found.append((end - start, value, "inside prose"))
        except (ValueError, RecursionError):
            if _JSON_BEGINS.match(text, start):
                pieces, length = _closed(text[start:])
                end = start + length
                values = [value for piece in pieces if (value := _loaded(piece)) is not None]
                found += [(length, value, "cut off or malformed") for value in values]
    for _, value, how in sorted(found, key=lambda row: -row[0]):
        yield value, how


def _closed(text: str) -> tuple[list[str], int]:
    """Return the first bracketed piece of the text as it may have been meant, likeliest first, and its length in the text.

    Trailing commas go. Where the text ends inside the piece, what was not finished goes too: a number or a string that was
    cut off would be a wrong one.
    """
    written: list[str] = []
    brackets: list[str] = []
    cuts: list[tuple[int, str]] = []  # places behind a whole member, with the brackets open there
    is_string = is_escaped = False
    length = 0
    for length, character in enumerate(text, 1):
        if is_string:
            is_string = is_escaped or character != '"'
            is_escaped = character == "\\" and not is_escaped
        elif character == '"':
            is_string = True
        elif character in "{[":
            brackets.append("}" if character == "{" else "]")
            if len(brackets) > _DEEPEST:
                return [], length
        elif character in "}]":
            while written[-1].isspace() or written[-1] == ",":
                written.pop()
            character = brackets.pop()  # a bracket of the wrong kind is set right
        elif character == ",":
            cuts.append((len(written), "".join(reversed(brackets))))
        written.append(character)
        if not brackets:
            return ["".join(written)], length
        if character in "}]" and not is_string:
            cuts.append((len(written), "".join(reversed(brackets))))
    whole = "".join(written)
    if not is_string and whole.rstrip().endswith('"'):
        cuts.append((len(whole), "".join(reversed(brackets))))
    return [whole[:at] + closing for at, closing in reversed(cuts[-_CUTS:])], length


def _shapes(value: Any, schema: type[BaseModel]) -> Iterator[Any]:
    """Yield the value, then what it becomes where a list, or one member of it, was sent without its object."""
    yield value
    lists = [
        name
        for name, part in schema.model_fields.items()
        if getattr(part.annotation, "__origin__", None) in (list, tuple)
    ]
    if len(lists) == 1 and isinstance(value, list):
        yield {lists[0]: value}
    elif len(lists) == 1 and isinstance(value, dict) and lists[0] not in value:
        yield {lists[0]: [value]}


def _mismatch(error: ValidationError, schema: type[BaseModel]) -> str:
    """Name the first mismatch by the schema's fields; keys that a model invented are left out."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    known = set(_field_names(schema.model_json_schema()))
    path = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or part in known)
    return f"{path or 'the answer'} does not fit: {first['type']}"


def _field_names(node: Any) -> Iterator[str]:
    for name, part in node.items() if isinstance(node, dict) else ():
        if name == "properties":
            yield from part
        yield from _field_names(part)


def _strict(node: Any) -> Any:
    """Close every object of a JSON schema, require all its members, and drop titles and defaults."""
    if isinstance(node, list):
        return [_strict(part) for part in node]
    if not isinstance(node, dict):
        return node
    closed: dict[str, Any] = {}
    for name, part in node.items():
        if name in {"properties", "$defs"}:
            closed[name] = {key: _strict(value) for key, value in part.items()}
        elif name not in {"default", "title"}:
            closed[name] = _strict(part)
    if "properties" in closed:
        closed |= {"additionalProperties": False, "required": list(closed["properties"])}
    return closed
