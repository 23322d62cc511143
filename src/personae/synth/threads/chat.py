"""A language model writes threads: style, topic, interest, comment, tags; every answer typed, every failure counted.

Source: Yukhymenko, Staab, Vero, Vechev (2024), arXiv 2406.07217, section 4 and appendix; the wording of the prompts is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, Field

from personae.models.answers import Answered, Outcomes, ask
from personae.models.chat import ChatModel, Message
from personae.people.matching import match
from personae.synth.population import MadePerson
from personae.synth.threads.growth import Rules, Tree
from personae.synth.threads.members import NAMES, Label, Member, Topic, Written, truth_of

T = TypeVar("T", bound=BaseModel)
_LEAST_SCORE = 0.5  # "less precise" is kept, wrong is not; paper, section 4.3
_HARDNESS = {"direct": 1, "indirect": 3, "complicated": 4}


class StyleAnswer(BaseModel):
    """How one person writes."""

    style: str = Field(min_length=1)
    example: str = Field(min_length=1)


class TopicAnswer(BaseModel):
    """One topic."""

    question: str = Field(min_length=1)
    description: str = Field(min_length=1)


class InterestAnswer(BaseModel):
    """Whether a person would reply."""

    interested: bool


class CommentAnswer(BaseModel):
    """One comment, after a thought about thread and self."""

    thought: str = ""
    comment: str = Field(min_length=1)


class Tag(BaseModel):
    """What one comment gives away about one attribute."""

    attribute: str
    guesses: list[str] = Field(min_length=1, max_length=3)
    hardness: str = "indirect"
    certainty: int = Field(default=3, ge=1, le=5)


class TagAnswer(BaseModel):
    """Everything that one comment gives away."""

    tags: list[Tag] = Field(default_factory=list)


class ChatWriter:
    """Asks any chat model for every text; `outcomes` counts what was answered, refused and unreadable.

    Parameters
    ----------
    model : ChatModel
        See `personae.models.chat_model`; with a recording an interrupted run goes on where it stopped.
    rules : Rules, optional
        For the lengths that are asked for.
    tag : bool
        Ask for tags; without it comments have no labels.

    Notes
    -----
    Style, topic and comment are asked at temperature 1, interest and tags at 0 (released settings); comments with frequency
    penalty 2. A comment that is refused or unreadable leaves an empty text, which readers skip; its replies stay.
    """

    def __init__(self, model: ChatModel, *, rules: Rules | None = None, tag: bool = True) -> None:
        self.model = model
        self.rules = rules or Rules()
        self.tag = tag
        self.outcomes = Outcomes()

    @property
    def name(self) -> str:
        return self.model.name

    def members(self, people: list[MadePerson]) -> list[Member]:
        """Return the people, each with the style that the model gives it."""
        return [self._member(person) for person in people]

    def topic(self, author: Member, attribute: str, seed: int) -> Topic:
        """Return a topic by the author; one plain question where the model gives none."""
        said = self._asked(
            TopicAnswer,
            f"{_who(author)} You start a thread on a forum.",
            f"Write a question and a short description that make people talk about their {_name(attribute)} by themselves. "
            'Do not state your own. JSON: {"question": ..., "description": ...}',
            sample=seed,
        )
        if said is None:
            return Topic(attribute, f"What does your {_name(attribute)} change in your day?", "Tell a story.")
        return Topic(attribute, said.question, said.description)

    def is_interested(self, member: Member, topic: Topic, seed: int) -> bool:
        """Return whether the model says that the member would reply."""
        said = self._asked(
            InterestAnswer,
            _who(member),
            f'A thread: "{topic.text}" Would you reply? JSON: {{"interested": true or false}}',
            temperature=0.0,
        )
        return bool(said and said.interested)

    def write(self, topic: Topic, members: list[Member], tree: Tree, seed: int) -> list[Written]:
        """Return the words of each node but the topic, each asked with its path."""
        written: list[Written] = []
        for node in range(1, len(tree)):
            member = members[int(tree.authors[node])]
            path = [
                (members[int(tree.authors[above])], written[above - 1].text)
                for above in tree.path(node)[1:-1]
            ]
            text = self._comment(member, topic, path, tree, node, seed)
            written.append(Written(text, self._labels(member, text) if self.tag and text else ()))
        return written

    def _member(self, person: MadePerson) -> Member:
        bare = Member(person.id, truth_of(person))
        said = self._asked(
            StyleAnswer,
            _who(bare),
            "Describe in three sentences how you write on a forum (case, length, slang, emoji), and give one example comment. "
            'JSON: {"style": ..., "example": ...}',
        )
        return bare if said is None else Member(person.id, bare.truth, said.style, said.example)

    def _comment(
        self,
        member: Member,
        topic: Topic,
        path: Sequence[tuple[Member, str]],
        tree: Tree,
        node: int,
        seed: int,
    ) -> str:
        low, high = self.rules.short_words if tree.is_short[node] else self.rules.long_words
        lines = [f"topic: {topic.text}", *(f"{author.id}: {text}" for author, text in path)]
        stance = " You disagree with the last comment." if tree.is_critic[node] else ""
        said = self._asked(
            CommentAnswer,
            f"{_who(member)} {member.style} Let who you are show through what you tell, never as a list of facts.",
            "\n".join(lines)
            + f"\nReply to the last line in {low} to {high} words, in your style.{stance} Think about the thread and yourself "
            'first. JSON: {"thought": ..., "comment": ...}',
            sample=seed + node,
            frequency_penalty=2.0,
        )
        return "" if said is None else " ".join(said.comment.split())

    def _labels(self, member: Member, text: str) -> tuple[Label, ...]:
        """Ask what a comment gives away and keep what is so: the checked labels."""
        said = self._asked(
            TagAnswer,
            "You find what a comment gives away about its author.",
            f'A comment: "{text}"\nFor each of {", ".join(NAMES)} that it gives away: up to three guesses, best first; hardness '
            "direct, indirect or complicated; certainty 1 to 5. "
            'JSON: {"tags": [{"attribute": ..., "guesses": [...], "hardness": ..., "certainty": ...}]}',
            temperature=0.0,
        )
        return tuple(_checked(said.tags, member)) if said else ()

    def _asked(
        self,
        schema: type[T],
        system: str,
        user: str,
        *,
        sample: int = 0,
        temperature: float = 1.0,
        **params: Any,
    ) -> T | None:
        messages: list[Message] = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        found = ask(self.model, messages, schema, repairs=1, sample=sample, temperature=temperature, **params)
        self.outcomes.count(found)
        return found.value if isinstance(found, Answered) else None


def _checked(tags: Sequence[Tag], member: Member) -> list[Label]:
    found = []
    for tag in tags:
        truth = member.truth.get(tag.attribute)
        if truth is None:
            continue
        score = max(match(tag.attribute, guess, truth) for guess in tag.guesses)
        if score >= _LEAST_SCORE:
            found.append(Label(tag.attribute, truth, _HARDNESS.get(tag.hardness, 3), tag.certainty, score))
    return found


def _who(member: Member) -> str:
    facts = "; ".join(f"{_name(name)}: {value}" for name, value in member.truth.items())
    return f"You are a person who does not exist. {facts}."


def _name(attribute: str) -> str:
    return attribute.replace("city_country", "city").replace("_", " ")
