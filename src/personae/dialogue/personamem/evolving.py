"""People whose preferences change, without a language model: histories, the chain of changes, and questions about what holds now.

Source: the three growth steps of Jiang et al. (2025), "Know Me, Respond to Me", arXiv 2504.14225, section 3.1 (old event,
reason of change, new event, as a linked list). Of its wrong options only the stale ones are made: see Notes of `evolve_people`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from personae.dialogue.personamem.questions import MemoryQuestion, history_id
from personae.errors import BadInput
from personae.models.chat import Message
from personae.people.records import Claim, Evidence, Guess, Profile

TOPICS = {
    "music": ("choral music", "techno", "folk songs", "film scores", "jazz trios", "opera", "brass bands", "ambient music"),
    "food": ("spicy noodles", "cheese boards", "lentil stews", "grilled fish", "sourdough", "dumplings", "raw salads", "pies"),
    "sport": ("rock climbing", "rowing", "table tennis", "trail running", "judo", "swimming", "archery", "cycling"),
    "reading": ("crime novels", "poetry", "travel writing", "biographies", "science fiction", "old letters", "comics", "essays"),
    "travel": ("night trains", "camping", "city breaks", "island ferries", "mountain huts", "road trips", "spa towns", "sailing"),
    "home": ("house plants", "bright wallpaper", "bare walls", "antique chairs", "string lights", "rugs", "shelves", "tiles"),
}  # fmt: skip
REASONS = (
    "a friend talked me into it", "it got too expensive", "I simply had too much of it", "a long winter changed my mind",
    "my doctor suggested a change", "I wanted something calmer", "a neighbor showed me how", "I had less and less time",
)  # fmt: skip
_FIRST = "Lately {thing} is what I enjoy most when it comes to {topic}."
_CHANGE = "I no longer care for {old}, {reason}. These days I would rather have {thing}."
_ANSWER = "Thank you for telling me, that is good to know."
_FILLER = ("Could you tidy up this note for me?", "Here it is, a little shorter.")
_ASK = "What would suit me now, thinking of {topic}?"
_FITS = "As you enjoy {thing}, let us plan something around it."
_START = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a preference: what is liked from this message on, and the step it takes the place of, if any."""

    topic: str
    thing: str
    message: int
    reason: str = ""
    replaces: int | None = None  # index among the person's changes


@dataclass(frozen=True, slots=True)
class EvolvingPerson:
    """A made person: the history in order of time, every change in it, and one question a topic."""

    id: str
    messages: tuple[Message, ...]
    changes: tuple[Change, ...]
    questions: tuple[MemoryQuestion, ...]

    def profile(self) -> Profile:
        """Return the profile after every change: what holds now is `current`, and what held before is kept, superseded."""
        profile = Profile(self.id)
        for change in self.changes:
            moment = _START + timedelta(days=change.message)
            profile = profile.add(
                Claim(
                    self.id, f"likes in {change.topic}", (Guess(change.thing, 1.0),), "stated", False, "evolving people",
                    (Evidence(f"{self.id}-{change.message}", f"message {change.message}"),), time=moment, valid_from=moment,
                )
            )  # fmt: skip
        return profile


def evolve_people(
    n_people: int,
    *,
    n_topics: int = 4,
    n_updates: int = 4,
    n_fillers: int = 2,
    random_state: int = 0,
) -> list[EvolvingPerson]:
    """Make people whose preferences change, each with a history and questions about what holds now.

    Parameters
    ----------
    n_people : int
    n_topics : int
        Topics a person speaks of, up to six.
    n_updates : int
        Changes of each preference after the first, two to six.
    n_fillers : int
        Exchanges about nothing between two changes.

    Notes
    -----
    The options of a question are what is liked now, the two things liked before it, and one never spoken of: four sentences
    of the same make about the same topic, so that nothing tells the right one without the history. An option that says the
    opposite, or speaks of another topic, would: it stands apart by its words.

    Examples
    --------
    >>> person = evolve_people(1, n_topics=2, n_updates=2)[0]
    >>> [len(part) for part in (person.messages, person.changes, person.questions, person.profile().current)]
    [36, 6, 2, 2]
    """
    if not (1 <= n_topics <= len(TOPICS) and 2 <= n_updates <= len(TOPICS["music"]) - 2):
        raise BadInput(f"Give 1 to {len(TOPICS)} topics and 2 to {len(TOPICS['music']) - 2} updates.")
    return [
        _person(f"evolving-{i}", n_topics, n_updates, n_fillers, np.random.default_rng([random_state, i]))
        for i in range(n_people)
    ]


def remembered(person: EvolvingPerson, *, is_latest: bool) -> list[str]:
    """Return what a store knows of the person, as sentences: what holds now, or everything that ever did."""
    profile = person.profile()
    claims = profile.current if is_latest else profile.claims
    return [f"You enjoy {claim.guesses[0].value}." for claim in claims]


def _person(
    name: str, n_topics: int, n_updates: int, n_fillers: int, random: np.random.Generator
) -> EvolvingPerson:
    topics = [str(topic) for topic in random.choice(list(TOPICS), n_topics, replace=False)]
    things = {topic: random.permutation(TOPICS[topic]).tolist() for topic in topics}
    messages: list[Message] = []
    changes: list[Change] = []
    latest: dict[str, int] = {}
    for step in range(n_updates + 1):
        for topic in random.permutation(topics).tolist():
            change = Change(
                topic, things[topic][step], len(messages), str(random.choice(REASONS)), latest.get(topic)
            )
            messages += _exchange(_told(change, changes), _ANSWER)
            latest[topic] = len(changes)
            changes.append(change)
            for _ in range(n_fillers):
                messages += _exchange(*_FILLER)
    questions = []
    for topic in topics:
        order = random.permutation(4).tolist()
        offered = [things[topic][n_updates - k] for k in range(3)] + things[topic][-1:]
        options = tuple(_FITS.format(thing=offered[i]) for i in order)
        distance = 1 - changes[latest[topic]].message / len(messages)
        questions.append(
            MemoryQuestion(
                f"{name}-{topic}", name, "acknowledge_latest_user_preferences", topic, _ASK.format(topic=topic), options,
                order.index(0), history_id(messages), len(messages), round(distance, 4),
            )
        )  # fmt: skip
    return EvolvingPerson(name, tuple(messages), tuple(changes), tuple(questions))


def _told(change: Change, changes: Sequence[Change]) -> str:
    if change.replaces is None:
        return _FIRST.format(topic=change.topic, thing=change.thing)
    return _CHANGE.format(old=changes[change.replaces].thing, reason=change.reason, thing=change.thing)


def _exchange(said: str, answered: str) -> list[Message]:
    return [{"role": "user", "content": said}, {"role": "assistant", "content": answered}]
