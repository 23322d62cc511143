"""Who plays the person: a rule that anybody can follow, or a chat model.

Source: arXiv 2405.15114, section 3.2 (surrogate user), 3.3 (rank tool: the language model orders what was retrieved).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from personae.metrics.ranking import Lists
from personae.models.answers import Answered, Outcomes, ask
from personae.models.chat import ChatModel, Message
from personae.models.cost import DryRun, Price, Spent
from personae.recommend.interactions import Array, Codes
from personae.recommend.toolrec.fusion import Weights, fuse, reciprocal_of
from personae.recommend.toolrec.grammar import NONE, Retrieve, read_turn
from personae.recommend.toolrec.session import Found, Session, play
from personae.recommend.toolrec.taste import Kind, concentration

if TYPE_CHECKING:
    from pydantic import BaseModel

N_HISTORY = 10  # paper: items of the profile
_PARAMS: dict[str, Any] = {"temperature": 0.0, "max_tokens": 600}
INSTRUCTION = """You play a person who looks for something to watch, read or hear next, and you have tools to find it. Go on in
rounds of Thought, Action, Observation. In a Thought consider what the list still lacks for this person; if it is good enough,
finish. An Action is one of:
Retrieve[attribute, K]: the K best items of a recommender that goes by an attribute, one of {attributes}; None is by no attribute.
Rerank[attribute, K]: the K best of all that was retrieved, ordered by an attribute, which may be anything you know of them (None,
popularity, mood, people in it, ...).
Finish[list]: the final list, the ids of {n} retrieved items, best first, commas between them. It holds nothing the person had.
Write one Thought and one Action, then stop: the Observation is written for you."""
EXAMPLE = """Example of the form:
Thought 1: First what they would be shown by any recommender.
Action 1: Retrieve[None, 20]
Observation 1: (20 lines of id, title, score)
Thought 2: They had mostly one kind of {attribute}; I look for more by that.
Action 2: Retrieve[{attribute}, 20]
Observation 2: (20 lines)
Thought 3: Now the best of both for this person.
Action 3: Rerank[{attribute}, {n}]
Observation 3: (lines)
Thought 4: This list suits them.
Action 4: Finish[ids of {n} items]"""


@dataclass(slots=True)
class RuleSurrogate:
    """Asks without attribute, then by the attribute in which the person differs most from what came; fuses, and ends.

    Parameters
    ----------
    kinds : sequence of Kind
    crowd : mapping from a kind's name to shares of shape (n_values,)
        Of everyone.
    typical : mapping from a kind's name to float
        The mean divergence of people's tastes from such a list, in nats.
    weights : mapping from a kind's name to Weights
    depth : int
        Items asked of each tool.
    prior : float
        Items that the crowd counts as in a person's taste.
    group : mapping as `crowd`, optional
        Shares of people like this one (their age, their gender), which then take the crowd's place in a taste. It is what a
        group is said to like: measure what it changes.
    """

    kinds: Sequence[Kind]
    crowd: Mapping[str, Array]
    typical: Mapping[str, float]
    weights: Mapping[str, Weights]
    depth: int = 100
    prior: float = 5.0
    group: Mapping[str, Array] | None = None
    n_calls: int = 0

    def say(self, session: Session) -> str:
        """Return the next thought and action, in words."""
        lists = list(session.lists())
        if not lists:
            return _said(
                session, "First what they would see without any attribute.", f"Retrieve[{NONE}, {self.depth}]"
            )
        kind, apart = self.leaning(session.history, lists[0][1].items)
        if len(lists) == 1:
            why = self._why(session, kind, apart, lists[0][1].items)
            return _said(session, why, f"Retrieve[{kind.name}, {self.depth}]")
        if len(lists) == 2:
            thought = f"Now both lists in one, what they like by {kind.name} first."
            return _said(session, thought, f"Rerank[{kind.name}, {session.n}]")
        ids = ", ".join(session.items.ids[each] for each in lists[-1][1].items.tolist())
        return _said(session, "This list suits them.", f"Finish[{ids}]")

    def leaning(self, history: Codes, listed: Codes) -> tuple[Kind, Array]:
        """Return the kind in which the history is most concentrated relative to a list, and each kind's divergence.

        In multiples of what is typical of the kind, for the divergence that a taste has by chance grows with the number of
        values; where the weights know that a kind's likelihood tells little of what comes next, it counts as much less.
        """
        apart = np.array([
            concentration(*self._tastes(each, history, listed))[0] / self.typical[each.name] for each in self.kinds
        ])  # fmt: skip
        return self.kinds[int(np.argmax(apart * worths(self.weights, self.kinds)))], apart

    def taste(self, kind: Kind, items: Codes) -> Array:
        """Return a person's shares over the kind's values, drawn to the crowd's or the group's, shape (1, n_values)."""
        return kind.taste(_one(items), (self.group or self.crowd)[kind.name], self.prior)

    def rerank(self, session: Session, attribute: str, k: int) -> Found:
        """Fuse the first list without attribute and the latest of the attribute's; nothing for an attribute it does not know."""
        kind = next((each for each in self.kinds if each.name == attribute), None)
        if kind is None and attribute != NONE:
            return Found(np.zeros(0, dtype=np.intp))
        weights = Weights(likelihood=0.0) if kind is None else self.weights[kind.name]
        n_items = len(session.items.ids)
        plain, tool = np.zeros((1, n_items)), np.zeros((1, n_items))
        for action, found in session.lists():
            if isinstance(action, Retrieve):
                places = reciprocal_of(found.items, n_items, weights.offset)
                plain, tool = (places, tool) if action.attribute == NONE else (plain, places)
        likelihood = np.zeros((1, n_items))
        if kind is not None:
            listed = next((found.items for action, found in session.lists() if isinstance(action, Retrieve)))
            likelihood = kind.likelihood(*self._tastes(kind, session.history, listed))
        fused = fuse(plain, tool, likelihood, weights)[0]
        best = np.argsort(-fused, kind="stable")[: min(k, int((fused > 0).sum()))]
        return Found(best, fused[best])

    def _tastes(self, kind: Kind, history: Codes, listed: Codes) -> tuple[Array, Array]:
        return self.taste(kind, history), kind.taste(_one(listed), self.crowd[kind.name], self.prior)

    def _why(self, session: Session, kind: Kind, apart: Array, listed: Codes) -> str:
        own, other = (each[0] for each in self._tastes(kind, session.history, listed))
        value = int(np.argmax(own * np.log(np.maximum(own, 1e-9) / np.maximum(other, 1e-9))))
        times = dict(zip((each.name for each in self.kinds), apart, strict=True))
        others = ", ".join(f"{name} {far:.1f}" for name, far in times.items() if name != kind.name)
        beside = f" (by {others})" if others else ""
        return (
            f"By {kind.name} what they had is {times[kind.name]:.1f} times as far from this list as is usual{beside}: "
            f"{kind.values[value]} is {own[value]:.0%} of theirs and {other[value]:.0%} of the list's."
        )


@dataclass(slots=True)
class ModelSurrogate:
    """Asks a chat model for every thought and action, and to order what was retrieved.

    Parameters
    ----------
    model : ChatModel
    about : str
        What is said of the person beside their history; nothing without it. What a model makes of an age or a gender is its
        prejudice as much as the person's taste: measure both.
    outcomes : Outcomes
        Counts of the orders asked for, answered and unparsed.
    """

    model: ChatModel
    about: str = ""
    outcomes: Outcomes = field(default_factory=Outcomes)
    n_calls: int = 0

    def say(self, session: Session) -> str:
        """Return what the model says; where no action can be read, it is asked for again with the thought fixed."""
        number = len(session.steps) + 1
        start = f"{self._so_far(session)}Thought {number}:"
        said = self._asked(session, start, f"\nObservation {number}:")
        turn = read_turn(said)
        if turn.action is not None or not turn.thought:
            return said
        again = self._asked(session, f"{start} {turn.thought}\nAction {number}:", "\n")
        return f"{turn.thought}\n{again}"

    def rerank(self, session: Session, attribute: str, k: int) -> Found:
        """Return at most k of the pool in the model's order; ids that were never retrieved are left out."""
        lists = "\n\n".join(f"{action}:\n{session.told(found)}" for action, found in session.lists())
        by = "how well they suit this person" if attribute == NONE else f"{attribute}, for this person"
        asked = (
            f"{profile(session, self.about)}\n\n{lists}\n\nOrder these by {by}. "
            f'Answer in JSON with the ids of the best {k}, best first: {{"ids": ["<id>"]}}'
        )
        self.n_calls += 1
        found = ask(
            self.model,
            [Message(role="user", content=asked)],
            _order_schema(),
            person=session.person,
            **_PARAMS,
        )
        self.outcomes.count(found)
        named = session.codes_of(found.value.ids) if isinstance(found, Answered) else []  # type: ignore[attr-defined]
        return Found(
            np.array(list(dict.fromkeys(each for each in named if each is not None))[:k], dtype=np.intp)
        )

    def _so_far(self, session: Session) -> str:
        said = [f"{profile(session, self.about)}\n\nTask: the {session.n} best items for this person.\n"]
        for number, step in enumerate(session.steps, 1):
            shown = step.observation if step.found is None else session.told(step.found)
            action = step.action or "none"
            said.append(
                f"Thought {number}: {step.thought}\nAction {number}: {action}\nObservation {number}:\n{shown}\n"
            )
        return "\n".join(said)

    def _asked(self, session: Session, text: str, stop: str) -> str:
        self.n_calls += 1
        names = ", ".join((NONE, *session.attributes))
        example = EXAMPLE.format(attribute=session.attributes[0], n=session.n)
        system = f"{INSTRUCTION.format(attributes=names, n=session.n)}\n\n{example}"
        messages = [Message(role="system", content=system), Message(role="user", content=text)]
        return self.model.reply(messages, person=session.person, stop=[stop], **_PARAMS).text


def worths(weights: Mapping[str, Weights], kinds: Sequence[Kind]) -> Array:
    """Return what each kind's divergence counts: the power of its likelihood, or the same for all where no likelihood counts."""
    powers = np.array([weights[each.name].likelihood for each in kinds])
    return powers if powers.any() else np.ones(len(kinds))


def profile(session: Session, about: str = "") -> str:
    """Return what the person had last as lines "ID n, title, attributes", the latest last, behind what is said of them."""
    lines = []
    for item in session.history[-N_HISTORY:].tolist():
        told = ", ".join(session.items.attributes[each] for each in session.items.has.items_of(item))
        lines.append(f"ID {session.items.ids[item]}, {session.title(item)}{', ' if told else ''}{told}")
    had = "They had nothing yet." if not lines else "What they liked, the latest last:\n" + "\n".join(lines)
    return f"{about}\n{had}".lstrip()


def expected_cost(
    sessions: Sequence[Session], rule: RuleSurrogate, *, about: str = "", price: Price | None = None
) -> Spent:
    """Return what a chat model would be asked for these people, calls and tokens, without asking it.

    The model is taken to act as the rule does, four rounds and one order a person, each answer as long as it may be; one that
    asks for all seven rounds costs about twice as much.
    """
    model = DryRun("estimate", price=price)
    for session in sessions:
        play(session.fresh(), _Rehearsal(rule, ModelSurrogate(model, about)))
    return model.estimate


@dataclass(slots=True)
class _Rehearsal:
    """Asks a model that only counts, and goes on by the rule."""

    rule: RuleSurrogate
    asked: ModelSurrogate
    n_calls: int = 0

    def say(self, session: Session) -> str:
        self.asked.say(session)
        return self.rule.say(session)

    def rerank(self, session: Session, attribute: str, k: int) -> Found:
        self.asked.rerank(session, attribute, k)
        return self.rule.rerank(session, attribute, k)


def _said(session: Session, thought: str, action: str) -> str:
    number = len(session.steps) + 1
    return f"Thought {number}: {thought}\nAction {number}: {action}"


def _one(items: Codes) -> Lists:
    return Lists.of(np.zeros(len(items), dtype=np.intp), items, n_people=1)


@lru_cache(maxsize=1)
def _order_schema() -> type[BaseModel]:
    from pydantic import BaseModel

    class Order(BaseModel):
        ids: list[str]

    return Order
