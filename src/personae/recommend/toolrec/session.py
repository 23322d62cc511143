"""One person's session: rounds of thought, action and observation, a memory of what was retrieved, a list that is always valid.

Source: arXiv 2405.15114, sections 3.2 and 3.4. What cannot be read, repeats a call, or ends with films that were never retrieved
is answered with what was wrong and costs a round; after the last round the latest list that is long enough is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from personae.errors import BadInput
from personae.recommend.interactions import Array, Codes, Items
from personae.recommend.toolrec.grammar import MOST, NONE, Action, Finish, Rerank, Retrieve, read_turn

MOST_ROUNDS = 7  # published code
SHOWN = 20  # lines of a longer list that a reader sees


@dataclass(frozen=True, slots=True)
class Found:
    """What a tool returned: items, best first, and their scores; a list without scores was ordered by a model."""

    items: Codes
    scores: Array | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One round. `found` is None where the action was turned down; `observation` then says why."""

    thought: str
    action: Action | None
    found: Found | None
    observation: str


@dataclass(slots=True)
class Session:
    """What is known while the rounds go on.

    Parameters
    ----------
    items : Items
    history : ndarray of shape (n_history,)
        Items the person had, oldest first.
    n : int
        Length of the final list.
    attributes : tuple of str
        What may be retrieved by, besides `NONE`.
    retrieve : callable
        (attribute, k) -> Found, without items of the history.
    """

    items: Items
    history: Codes
    n: int
    attributes: tuple[str, ...]
    retrieve: Callable[[str, int], Found]
    person: str = ""
    steps: list[Step] = field(default_factory=list)

    def fresh(self) -> Session:
        """Return the session before its first round."""
        return replace(self, steps=[])

    def lists(self) -> Iterator[tuple[Action, Found]]:
        """Yield the lists of the tools so far, in order."""
        for step in self.steps:
            if step.found is not None and step.action is not None:
                yield step.action, step.found

    def pool(self) -> Codes:
        """Return the items that were retrieved so far, each once, as they came."""
        seen = [
            each
            for action, found in self.lists()
            if isinstance(action, Retrieve)
            for each in found.items.tolist()
        ]
        return np.array(list(dict.fromkeys(seen)), dtype=np.intp)

    def codes_of(self, names: Sequence[str], among: Codes | None = None) -> list[int | None]:
        """Return the items meant by ids or titles among some, those of the pool without any; None where there is none."""
        items = (self.pool() if among is None else among).tolist()
        known = {self.title(each).casefold(): each for each in items}
        known |= {self.items.ids[each].casefold(): each for each in items}
        return [_meant(name, known) for name in names]

    def title(self, item: int) -> str:
        """Return an item's text, else its id."""
        return self.items.texts[item] if self.items.texts else self.items.ids[item]

    def told(self, found: Found, most: int | None = None) -> str:
        """Return a list as lines "id, title, score", the score where there is one."""
        scores = (
            [""] * len(found.items) if found.scores is None else [f", {each:.3f}" for each in found.scores]
        )
        lines = [
            f"{self.items.ids[item]}, {self.title(item)}{score}"
            for item, score in zip(found.items.tolist(), scores, strict=True)
        ]
        left = len(lines) - (most or len(lines))
        return "\n".join(lines[:most] + ([f"… and {left} more"] if left > 0 else []))


class Surrogate(Protocol):
    """Who plays the person: says a thought and an action, and orders what was retrieved; `n_calls` counts a model's calls."""

    n_calls: int

    def say(self, session: Session) -> str: ...
    def rerank(self, session: Session, attribute: str, k: int) -> Found: ...


@dataclass(frozen=True, slots=True)
class Transcript:
    """How a list came about.

    Parameters
    ----------
    items : tuple of str
        The final list: always as many as were asked for, of the catalog, none twice, none of the history.
    ending : str
        "finished", "walked back to round i", or "no list: the best without attribute".
    n_retrieved, n_calls, n_turned_down : int
        Calls of recommenders; of a model; rounds that were turned down.
    """

    person: str
    items: tuple[str, ...]
    titles: tuple[str, ...]
    steps: tuple[Step, ...]
    ending: str
    n_retrieved: int
    n_calls: int
    n_turned_down: int

    def __str__(self) -> str:
        lines = []
        for number, step in enumerate(self.steps, 1):
            lines += [f"Thought {number}: {step.thought}"] if step.thought else []
            lines += [f"Action {number}: {step.action or 'none that could be read'}"]
            lines += [f"Observation {number}:", *(f"  {line}" for line in step.observation.splitlines())]
        lines += [
            f"List ({self.ending}):",
            *(f"  {place}. {each}" for place, each in enumerate(self.titles, 1)),
        ]
        return "\n".join(lines)


def play(session: Session, surrogate: Surrogate, *, most_rounds: int = MOST_ROUNDS) -> Transcript:
    """Let a surrogate act until it ends with a valid list or the rounds are over; the list is valid either way.

    Raises
    ------
    BadInput
        When the catalog has fewer items left than the list is to have, or the list is longer than an action may ask for.
    """
    left = len(session.items.ids) - len(set(session.history.tolist()))
    if not 1 <= session.n <= min(left, MOST):
        raise BadInput(
            f"A list of {session.n} was asked for; give a length from 1 to {MOST}, and no more than the {left} items of the "
            f"catalog that the person has not."
        )
    before, final, ending = surrogate.n_calls, None, ""
    for _ in range(most_rounds):
        turn = read_turn(surrogate.say(session))
        action = _by_its_name(session, turn.action)
        found, observation = _observed(session, surrogate, action, turn.problem)
        session.steps.append(Step(turn.thought, action, found, observation))
        if found is not None and isinstance(action, Finish):
            final, ending = found.items, "finished"
            break
    if final is None:
        final, ending = _fallback(session)
    chosen = final.tolist()
    return Transcript(
        session.person,
        tuple(session.items.ids[each] for each in chosen),
        tuple(session.title(each) for each in chosen),
        tuple(session.steps),
        ending,
        sum(isinstance(action, Retrieve) for action, _ in session.lists()) + ending.startswith("no list"),
        surrogate.n_calls - before,
        sum(step.found is None for step in session.steps),
    )


def _by_its_name(session: Session, action: Action | None) -> Action | None:
    """Return the action with the attribute written as the tools write it."""
    if action is None or isinstance(action, Finish):
        return action
    names = {each.casefold(): each for each in (NONE, *session.attributes)}
    return replace(action, attribute=names.get(action.attribute.casefold(), action.attribute))


def _observed(
    session: Session, surrogate: Surrogate, action: Action | None, problem: str
) -> tuple[Found | None, str]:
    """Do what was asked, or say why not."""
    if action is None:
        return None, f"Not done: {problem}."
    if isinstance(action, Finish):
        return _finished(session, action)
    same = [
        number
        for number, step in enumerate(session.steps, 1)
        if step.action == action and step.found is not None
    ]
    if same and (isinstance(action, Retrieve) or same[-1] == len(session.steps)):
        return None, f"Not done: the same call as in round {same[-1]}. Its list stands; go on from there."
    if isinstance(action, Rerank):
        if not len(session.pool()):
            return None, "Not done: nothing was retrieved yet that could be ordered."
        found = surrogate.rerank(session, action.attribute, action.k)
    elif action.attribute not in (NONE, *session.attributes):
        there = ", ".join((NONE, *session.attributes))
        return None, f"Not done: no recommender goes by that attribute; there are {there}."
    else:
        found = session.retrieve(action.attribute, action.k)
    if not len(found.items):
        return None, "Not done: no list came of it."
    return found, session.told(found, SHOWN)


def _finished(session: Session, action: Finish) -> tuple[Found | None, str]:
    """Take a list of exactly n items of the pool; else say what is wrong with it."""
    named = session.codes_of(action.items)
    valid = list(dict.fromkeys(each for each in named if each is not None))
    before = session.codes_of(action.items, session.history)
    had = sum(each is None and own is not None for each, own in zip(named, before, strict=True))
    wrong = {"had before": had, "never retrieved": named.count(None) - had}
    wrong["named twice"] = len(named) - named.count(None) - len(valid)
    if any(wrong.values()) or len(valid) != session.n:
        said = "".join(f"; {count} {what}" for what, count in wrong.items() if count)
        return (
            None,
            f"Not done: the list has {len(named)} items where {session.n} retrieved ones are wanted, by their ids{said}.",
        )
    return Found(np.array(valid, dtype=np.intp)), "Done."


def _fallback(session: Session) -> tuple[Codes, str]:
    """Return the latest list with n items or more, cut to n; without one the best without attribute."""
    for number in range(len(session.steps), 0, -1):
        found = session.steps[number - 1].found
        if found is not None and len(found.items) >= session.n:
            return found.items[: session.n], f"walked back to round {number}"
    return session.retrieve(NONE, session.n).items, "no list: the best without attribute"


def _meant(name: str, known: dict[str, int]) -> int | None:
    """Return what a name means: an id, a title, or a line "id, title, score"."""
    whole = name.strip().casefold()
    if whole in known:
        return known[whole]
    return known.get(whole.partition(",")[0].strip())
