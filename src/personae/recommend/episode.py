"""A conversation that finds something: somebody is asked and shown lists, turn by turn, until a list holds what they want.

An asker makes moves, an answerer answers them: a simulator, a language model or a person at a terminal. A web page needs no
answerer: it shows `Episode.move` and calls `Episode.tell`. The transcript is plain data; an episode read back goes on where it
stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol, get_args

from personae.errors import BadInput

Kind = Literal["open", "ask", "show"]
YES, NO, UNSURE, NONE_OF_THEM = "yes", "no", "unsure", ""


@dataclass(frozen=True, slots=True)
class Move:
    """What the asker does next.

    Parameters
    ----------
    kind : "open", "ask" or "show"
        Ask what to begin with, whether something holds, or show a list.
    ids : tuple of str
        Attributes to begin with; the one attribute asked for; the items shown, best first.
    labels : tuple of str
        Their names for people.
    because : tuple of str
        For each item shown, what speaks for it.
    """

    kind: Kind
    ids: tuple[str, ...]
    labels: tuple[str, ...]
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """A move and its answer: an id of the move's (the attribute begun with, the item found), "yes", "no", "unsure", or ""."""

    move: Move
    answer: str

    def line(self) -> str:
        """Return the turn as a person reads it.

        >>> Turn(Move("ask", ("7",), ("rock",)), "yes").line()
        'asked: rock? yes'
        """
        move = self.move
        if move.kind == "ask":
            return f"asked: {move.labels[0]}? {self.answer}"
        label = dict(zip(move.ids, move.labels, strict=True)).get(self.answer, self.answer)
        if move.kind == "open":
            return f"begun with: {label or 'nothing in particular'}"
        return f"shown: {', '.join(move.labels)} - {f'found {label}' if self.answer else 'none of them'}"


class Asker(Protocol):
    """Decides on the next move from all turns so far, None where nothing is left to ask or show; knows what a move may name."""

    def next(self, turns: Sequence[Turn]) -> Move | None: ...
    def knows(self, move: Move) -> bool: ...


class Answerer(Protocol):
    """Answers a move with one of `answers_to`; None to stop."""

    def answer(self, move: Move) -> str | None: ...


def answers_to(move: Move) -> tuple[str, ...]:
    """Return all that can be answered.

    >>> answers_to(Move("show", ("3", "5"), ("Heat", "Ran")))
    ('3', '5', '')
    """
    return (YES, NO, UNSURE) if move.kind == "ask" else (*move.ids, NONE_OF_THEM)


@dataclass(slots=True)
class Episode:
    """One conversation.

    Parameters
    ----------
    asker : Asker
    budget : int
        Turns, the opening among them.
    turns : list of Turn
        The transcript; `tell` adds to it.

    Attributes
    ----------
    move : Move or None
        What waits for an answer; None where the episode is over.
    """

    asker: Asker
    budget: int = 15
    turns: list[Turn] = field(default_factory=list)
    move: Move | None = field(init=False)

    def __post_init__(self) -> None:
        self.move = self._next()

    @property
    def found(self) -> str | None:
        """The item that was found, None where none was yet."""
        last = self.turns[-1] if self.turns else None
        return last.answer if last and last.move.kind == "show" and last.answer else None

    def tell(self, answer: str) -> Turn:
        """Answer the move that waits, and let the asker go on.

        Raises
        ------
        BadInput
            When the episode is over, or the move has no such answer.
        """
        if self.move is None:
            raise BadInput("This episode is over: begin another.")
        if answer not in answers_to(self.move):
            known = ", ".join(repr(each) for each in answers_to(self.move)[:12])
            raise BadInput(f"That is no answer to this {self.move.kind!r} move. Answer one of: {known}.")
        self.turns.append(Turn(self.move, answer))
        self.move = self._next()
        return self.turns[-1]

    def run(self, answerer: Answerer, *, watch: Callable[[Turn], None] = lambda _: None) -> Episode:
        """Go on until the item is found, the budget is spent or the answerer stops; `watch` is called after each turn."""
        while self.move is not None:
            said = answerer.answer(self.move)
            if said is None:
                break
            watch(self.tell(said))
        return self

    def lines(self) -> list[str]:
        """Return the transcript as people read it, and at its end why the item was found."""
        lines = [turn.line() for turn in self.turns]
        if (found := self.found) is not None:
            shown = self.turns[-1].move
            if reason := dict(zip(shown.ids, shown.because, strict=False)).get(found):
                lines.append(reason)
        return lines

    def as_json(self) -> dict[str, Any]:
        """Return the whole episode as plain data: what a file keeps, and what a web page shows."""
        return {
            "budget": self.budget, "turns": [asdict(turn) for turn in self.turns],
            "move": self.move and asdict(self.move), "found": self.found,
        }  # fmt: skip

    @classmethod
    def of_json(cls, kept: Any, asker: Asker) -> Episode:
        """Return an episode that goes on where `as_json` was taken.

        Raises
        ------
        BadInput
            When it is no episode, or one about other things than the asker knows; names the turn.
        """
        if (
            not isinstance(kept, dict)
            or not isinstance(kept.get("turns"), list)
            or type(kept.get("budget")) is not int
            or kept["budget"] < 1
        ):
            raise BadInput(
                "No episode: it needs `budget`, of 1 or more, and `turns`, as `Episode.as_json` writes them."
            )
        turns = [_turn(each, place) for place, each in enumerate(kept["turns"], 1)]
        for place, turn in enumerate(turns, 1):
            if not asker.knows(turn.move):
                raise BadInput(
                    f"Turn {place}: names what this catalog does not have. Give the catalog it was begun with, or begin another "
                    f"episode."
                )
        return cls(asker, kept["budget"], turns)

    def _next(self) -> Move | None:
        if self.found is not None or len(self.turns) >= self.budget:
            return None
        return self.asker.next(self.turns)


def _turn(kept: Any, place: int) -> Turn:
    try:
        move = kept["move"]
        read = Move(move["kind"], *(tuple(map(str, move[name])) for name in ("ids", "labels", "because")))
        turn = Turn(read, str(kept["answer"]))
    except (TypeError, KeyError):
        raise BadInput(f"Turn {place}: not a move and its answer. Begin another episode.") from None
    if not read.ids or not len(read.ids) == len(read.labels) == len(set(read.ids)):
        raise BadInput(
            f"Turn {place}: a move needs ids, each once, and a label for each. Begin another episode."
        )
    if read.kind not in get_args(Kind) or turn.answer not in answers_to(read):
        raise BadInput(
            f"Turn {place}: a move of another kind, or an answer it does not have. Begin another episode."
        )
    return turn
