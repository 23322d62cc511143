"""What a thread is made of: members, topics, comments with labels; and the rows they are written as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from personae.people.attributes import SYNTHPAI
from personae.synth.population import MadePerson
from personae.synth.threads.growth import Tree

SOURCE = "synthetic"
START = datetime(2026, 1, 1, 8, tzinfo=UTC)  # made threads tell no real time
NAMES = tuple(attribute.name for attribute in SYNTHPAI)


@dataclass(frozen=True, slots=True)
class Member:
    """One made person in the forum: the SynthPAI attributes that are known of it, and how it writes."""

    id: str
    truth: Mapping[str, str]
    style: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a thread is about; meant to draw out one attribute."""

    attribute: str
    question: str
    description: str

    @property
    def text(self) -> str:
        return f"{self.question} {self.description}"


@dataclass(frozen=True, slots=True)
class Label:
    """One attribute that a comment gives away.

    Parameters
    ----------
    attribute, value : str
    hardness : int
        From 1, said outright, to 5.
    certainty : int
        1 to 5, the tagger's own.
    score : float
        1 where the best guess is right, 0.5 where it is less precise; labels with 0 are not kept.
    span : (int, int) or None
        Where in the comment it stands, where the tagger says.
    """

    attribute: str
    value: str
    hardness: int
    certainty: int = 5
    score: float = 1.0
    span: tuple[int, int] | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Written:
    """One comment: its words and its checked labels."""

    text: str
    labels: tuple[Label, ...] = ()


class Writer(Protocol):
    """Who puts words to a thread; `name` goes into every row's provenance."""

    @property
    def name(self) -> str: ...

    def members(self, people: list[MadePerson]) -> list[Member]:
        """Return the people with a style each."""

    def topic(self, author: Member, attribute: str, seed: int) -> Topic:
        """Return a topic that may draw out the attribute."""

    def is_interested(self, member: Member, topic: Topic, seed: int) -> bool:
        """Return whether the member would reply."""

    def write(self, topic: Topic, members: list[Member], tree: Tree, seed: int) -> list[Written]:
        """Return the words of each node but the topic, in order."""


@dataclass(frozen=True, slots=True)
class Thread:
    """One made thread: `authors` holds the author of each node, `comments` the words of each node but the topic."""

    id: str
    topic: Topic
    author: Member
    members: tuple[Member, ...]
    tree: Tree
    comments: tuple[Written, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row a node in the columns that `personae reveal` reads, with parent, labels and provenance beside them."""
        authors = [self.author, *(self.members[i] for i in self.tree.authors[1:])]
        texts = [Written(self.topic.text), *self.comments]
        for node, (author, written) in enumerate(zip(authors, texts, strict=True)):
            yield {
                "person": author.id,
                "text": written.text,
                "id": f"{self.id}-{node}",
                "time": (START + timedelta(minutes=7 * node)).isoformat(),
                "source": SOURCE,
                "kind": "comment" if node else "post",
                "thread": self.id,
                "parent": f"{self.id}-{self.tree.parents[node]}" if node else "",
                "about": self.topic.attribute,
                "labels": [label.as_json() for label in written.labels],
                "provenance": dict(self.provenance),
            }


def truth_of(person: MadePerson) -> dict[str, str]:
    """Return the SynthPAI attributes that are known of a made person, as text."""
    return {name: str(person.fields[name]) for name in NAMES if person.fields.get(name) not in (None, "")}


def person_labels(threads: list[Thread]) -> dict[str, dict[str, Label]]:
    """Return each person's labels over all comments, the easiest of each attribute: the truth that a reader is held against.

    Notes
    -----
    Paper, section 4.3: a person's hardness is the least over the comments.
    """
    found: dict[str, dict[str, Label]] = {}
    for thread in threads:
        for node, written in enumerate(thread.comments, 1):
            mine = found.setdefault(thread.members[thread.tree.authors[node]].id, {})
            for label in written.labels:
                if label.attribute not in mine or label.hardness < mine[label.attribute].hardness:
                    mine[label.attribute] = label
    return found
