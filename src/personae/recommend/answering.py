"""Who answers in an episode: somebody simulated who wants an item, a language model, or a person who types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Literal

import numpy as np

from personae.errors import BadInput
from personae.metrics.intervals import RandomState
from personae.models.chat import ChatModel, Message
from personae.recommend.episode import NO, NONE_OF_THEM, UNSURE, YES, Move, answers_to

_SAID = {"y": YES, "yes": YES, "n": NO, "no": NO, "?": UNSURE, "unsure": UNSURE}
_QUIT = ("q", "quit")
_SHOWN = 12  # attributes offered to begin with
_SYSTEM = (
    "You are somebody who looks for one thing, and you answer a recommender that asks about it. Answer truthfully by what you "
    "look for, and with one JSON object alone."
)


class Wanting:
    """Somebody simulated who wants one item, and begins with one of its attributes.

    Parameters
    ----------
    item : str
    attributes : mapping from an item's id to the ids of its attributes
    flip : float
        The chance that yes is said for no or no for yes. Lists are answered rightly, and so is the opening.
    """

    def __init__(
        self,
        item: str,
        attributes: Mapping[str, AbstractSet[str]],
        *,
        flip: float = 0.0,
        random_state: RandomState = 0,
    ) -> None:
        if item not in attributes:
            raise BadInput(
                f"No item {item!r} among the {len(attributes)} of the catalog: nobody can want it."
            )
        if not 0 <= flip <= 1:
            raise BadInput(f"A chance lies between 0 and 1; flip={flip} was given.")
        self.item, self.has, self.flip = item, attributes[item], flip
        self.random = np.random.default_rng(random_state)

    def answer(self, move: Move) -> str:
        """Answer by the item's attributes."""
        if move.kind == "show":
            return self.item if self.item in move.ids else NONE_OF_THEM
        if move.kind == "open":
            own = [each for each in move.ids if each in self.has]
            return str(self.random.choice(own)) if own else NONE_OF_THEM
        is_yes = (move.ids[0] in self.has) != (self.random.random() < self.flip)
        return YES if is_yes else NO


class ModelAnswerer:
    """A language model that plays somebody who looks for what `wants` says.

    Answers are typed; one that cannot be read counts as unsure or none of them, and is counted in `n_unread`.
    """

    def __init__(self, model: ChatModel, wants: str, *, person: str = "") -> None:
        self.model, self.wants, self.person, self.n_unread = model, wants, person, 0

    def answer(self, move: Move) -> str:
        """Ask the model for one of the answers."""
        from pydantic import BaseModel, Field

        from personae.models.answers import Answered, ask

        class Said(BaseModel):
            answer: Literal["yes", "no", "unsure"]

        class Chosen(BaseModel):
            number: int = Field(ge=0, le=len(move.ids))

        schema: type[BaseModel] = Said if move.kind == "ask" else Chosen
        found = ask(self.model, self._messages(move), schema, repairs=1, person=self.person, temperature=0.0)
        if not isinstance(found, Answered):
            self.n_unread += 1
            return UNSURE if move.kind == "ask" else NONE_OF_THEM
        if isinstance(found.value, Said):
            return found.value.answer
        number = int(getattr(found.value, "number", 0))
        return move.ids[number - 1] if number else NONE_OF_THEM

    def _messages(self, move: Move) -> tuple[Message, ...]:
        if move.kind == "ask":
            said = f'Is it true of what you look for: {move.labels[0]}? Answer {{"answer": "yes"}}, "no" or "unsure".'
        else:
            asked = "Which of these is true of what you look for, first of all?"
            if move.kind == "show":
                asked = "Is one of these what you look for?"
            listed = "\n".join(f"{place}. {label}" for place, label in enumerate(move.labels, 1))
            said = f'{asked}\n{listed}\nAnswer {{"number": 3}} for the third, {{"number": 0}} for none.'
        return (
            Message(role="system", content=_SYSTEM),
            Message(role="user", content=f"You look for: {self.wants}\n\n{said}"),
        )


class Typing:
    """A person who types: y, n or ? to a question, a number or n to a list, a name to begin with; q ends it.

    Parameters
    ----------
    read : callable
        Returns a line, "" at the end of the input.
    write : callable
        Shows a line.
    """

    def __init__(self, read: Callable[[], str], write: Callable[[str], None]) -> None:
        self.read, self.write = read, write

    def answer(self, move: Move) -> str | None:
        """Show the move until it is answered; None where the person or the input ends."""
        self._show(move)
        while True:
            line = self.read()
            said = " ".join(line.lower().split())
            if not line or said in _QUIT:
                return None
            if (found := self._read(move, said)) is not None:
                return found
            self.write(_HINTS[move.kind])

    def _show(self, move: Move) -> None:
        if move.kind == "ask":
            self.write(f"{move.labels[0]}? y, n, ? or q")
        elif move.kind == "open":
            some = ", ".join(move.labels[:_SHOWN])
            self.write(
                f"What should it be? {some}{', ...' if len(move.labels) > _SHOWN else ''}. Name one, ? for anything, or q"
            )
        else:
            shared = move.because[0] if len(set(move.because)) == 1 else ""
            if shared:
                self.write(f"{shared}:")
            for place, label in enumerate(move.labels, 1):
                reason = "" if shared or not move.because else move.because[place - 1]
                self.write(f"{place:3}  {label}{f' ({reason})' if reason else ''}")
            self.write("Is it one of these? Its number, n or q")

    def _read(self, move: Move, said: str) -> str | None:
        if move.kind == "ask":
            return _SAID.get(said)
        if said in ("n", "no", "?"):
            return NONE_OF_THEM
        if move.kind == "show":
            is_place = said.isdecimal() and 0 < int(said) <= len(move.ids)
            return move.ids[int(said) - 1] if is_place else None
        names = {label.lower(): each for each, label in zip(move.ids, move.labels, strict=True)}
        short = {name.partition(": ")[2]: each for name, each in names.items() if ": " in name}
        found = {**short, **names}.get(said)
        return found if found in answers_to(move) else None


_HINTS = {
    "ask": "Type y for yes, n for no, ? if you cannot say, q to stop.",
    "show": "Type the number of the one you want, n for none of them, q to stop.",
    "open": "Type one of the names, ? for anything, q to stop.",
}
