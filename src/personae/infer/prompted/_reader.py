"""The prompted reader: any chat model, one question a person, claims that abstain where the model could not tell."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from personae.infer.prompted._context import Shown, shown_lines
from personae.infer.prompted._prompt import WORDS, messages_of
from personae.infer.prompted._quotes import evidence_of
from personae.models.answers import Answered, Outcomes, Refused, Unparsed, ask_many
from personae.models.chat import ChatModel, Request
from personae.people.attributes import Attribute
from personae.people.records import Claim, Person, newest

if TYPE_CHECKING:
    from personae.infer.prompted._answer import Portrait, Told

CONTEXT_TOKENS = 3000  # paper, section on set-up: tokens of a profile's text
TEMPERATURE = 0.1  # paper
_VERSION = "2"  # of what is made of an answer; raise it when claims would change


@dataclass(slots=True)
class _Asked:
    """Answers on their way: for which attributes, to whom and what they were shown, in order."""

    attributes: tuple[Attribute, ...]
    people: deque[str]
    shown: deque[list[Shown]]
    results: Iterator[Answered[Portrait] | Unparsed | Refused]


class PromptedReader:
    """Ask a chat model what a person's lines give away; see `personae.infer.reader.Reader`.

    Every attribute asked for gets one claim with status "inferred". Its `method` is "prompted:stated:uncalibrated" where the
    model gave its own probabilities and "prompted:none:uncalibrated" where it gave none and its ranks got default ones. A
    person about whom the model refused to answer, or answered what cannot be read, gets claims that abstain with the method
    "prompted:refused" or "prompted:unparsed": they do not say that nothing can be told.

    Parameters
    ----------
    model : ChatModel
    context_tokens : int
        Most tokens of the person's text in a prompt, by estimate.
    abstain_below : float
        A claim abstains when its best guess has a smaller probability, when the model says it cannot tell, or when the
        model quotes lines and none of its quotations stands in the person's text.
    temperature : float
    repairs : int
        How often an answer that cannot be read is handed back.
    seed : int or None
        Sent with every question, for servers that draw the same answer under the same seed.

    Attributes
    ----------
    outcomes : Outcomes
        How many people's answers were answered, refused, unparsed, mended; and quotations that stand nowhere, as `unfounded`.

    Notes
    -----
    Source: Staab, Vero, Balunović, Vechev (2024), arXiv 2310.07298, free text inference. The paper asks only for attributes
    that have a label; here all are asked for and the model may decline each, which does not give away what can be told.

    Examples
    --------
    >>> from personae.models import chat_model
    >>> from personae.people.attributes import attribute
    >>> from personae.people.records import Trace
    >>> model = chat_model("scripted", script=["Type: occupation\\nInference: says so\\nGuess: nurse; doctor; carer"])
    >>> person = Person("p1", (Trace("p1", "table", "t1", text="Another night shift on my ward."),))
    >>> PromptedReader(model).read(person, [attribute("occupation")])[0].best
    Guess(value='nurse', probability=0.6)
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        context_tokens: int = CONTEXT_TOKENS,
        abstain_below: float = 0.5,
        temperature: float = TEMPERATURE,
        repairs: int = 0,
        seed: int | None = None,
    ) -> None:
        self.model = model
        self.context_tokens = context_tokens
        self.abstain_below = abstain_below
        self.temperature = temperature
        self.repairs = repairs
        self.seed = seed
        self.outcomes = Outcomes()
        self._coming: deque[list[Person]] = deque(maxlen=2)
        self._asked: _Asked | None = None

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_coming": deque(maxlen=2), "_asked": None}

    @property
    def name(self) -> str:
        settings = (
            _VERSION,
            WORDS,
            self.context_tokens,
            self.abstain_below,
            self.temperature,
            self.repairs,
            self.seed,
        )
        digest = hashlib.blake2b(repr(settings).encode(), digest_size=4).hexdigest()
        return f"prompted {self.model.name} {digest}"

    def prepare(self, people: Sequence[Person]) -> None:
        """Note who comes next: their questions are asked several at a time once the first of them is read.

        Two announcements are kept, so that one may be made while the people of the one before are read.
        """
        self._coming.append([person for person in people if person.own])

    def read(self, person: Person, attributes: Sequence[Attribute]) -> list[Claim]:
        """Return one claim for each attribute; a person without own text is not asked about."""
        wanted = tuple(attributes)
        if not person.own or not wanted:
            return [self._claim(person, attribute, None, []) for attribute in wanted]
        if not self._is_next(person, wanted):
            self._ask(self._following(person), wanted)
        result, lines = self._next()
        self.outcomes.count(result)
        if not isinstance(result, Answered):
            claims = [self._claim(person, attribute, None, lines) for attribute in wanted]
            return [replace(claim, method=f"prompted:{result.outcome}") for claim in claims]
        from personae.infer.prompted._answer import told_about

        told = told_about(result.value, wanted)
        return [self._claim(person, attribute, told.get(attribute.name), lines) for attribute in wanted]

    def _is_next(self, person: Person, attributes: tuple[Attribute, ...]) -> bool:
        asked = self._asked
        return asked is not None and asked.attributes == attributes and list(asked.people)[:1] == [person.id]

    def _next(self) -> tuple[Answered[Portrait] | Unparsed | Refused, list[Shown]]:
        assert self._asked is not None
        try:
            result = next(self._asked.results)
        except BaseException:  # a failed run is over: the next read asks anew
            self._asked = None
            raise
        self._asked.people.popleft()
        return result, self._asked.shown.popleft()

    def _following(self, person: Person) -> list[Person]:
        """Return the person and those announced after them, of the newest announcement that has them."""
        for people in reversed(self._coming):
            for place, each in enumerate(people):
                if each.id == person.id:
                    return people[place:]
        return [person]

    def _ask(self, people: Sequence[Person], attributes: tuple[Attribute, ...]) -> None:
        from personae.infer.prompted._answer import Portrait, from_blocks

        shown: deque[list[Shown]] = deque()

        def requests() -> Iterator[Request]:
            for person in people:
                lines = shown_lines(person.own, self.context_tokens)
                shown.append(lines)
                yield self._request(person, lines, attributes)

        results = ask_many(self.model, requests(), Portrait, otherwise=from_blocks, repairs=self.repairs)
        self._asked = _Asked(attributes, deque(person.id for person in people), shown, results)

    def _request(self, person: Person, lines: Sequence[Shown], attributes: Sequence[Attribute]) -> Request:
        params: dict[str, Any] = {"temperature": self.temperature, "max_tokens": 400 + 250 * len(attributes)}
        if self.seed is not None:
            params["seed"] = self.seed
        return Request(
            messages_of(lines, attributes), params, person=person.id, key=f"attributes/{person.id}"
        )

    def _claim(
        self, person: Person, attribute: Attribute, told: Told | None, lines: Sequence[Shown]
    ) -> Claim:
        from personae.infer.prompted._answer import distribution, unknown

        guesses, source = (unknown(attribute), "none") if told is None else distribution(attribute, told)
        quotes = [(quote.line, quote.quote) for quote in told.evidence] if told else []
        evidence, missing = evidence_of(quotes, lines)
        if missing:
            self.outcomes.add("unfounded", missing)
        abstained = (
            told is None
            or told.cannot_tell
            or not guesses
            or guesses[0].probability < self.abstain_below
            or (bool(quotes) and not evidence)
        )
        return Claim(
            person=person.id,
            attribute=attribute.name,
            guesses=guesses,
            status="inferred",
            abstained=abstained,
            method=f"prompted:{source}:uncalibrated",
            evidence=evidence,
            model=self.model.name,
            valid_from=newest(person.own),
        )
