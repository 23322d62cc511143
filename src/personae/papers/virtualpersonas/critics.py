"""Planted contradictions: does a critic catch them, and does it leave sound interviews alone?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from personae.metrics.intervals import wilson
from personae.models.chat import ChatModel
from personae.papers.harness import Comparison, Context, compare
from personae.synth import Panorama, home_spec, sample
from personae.synth.backstories import Backstory, ChatCritic, Critic, FactCritic, Turn, interview
from personae.synth.population import MadePerson

SETTING = "critic, made interviews"
_TOLD_BY = {  # topic -> known facts that its answer tells
    "start": ("birth_city_country", "age"),
    "school": ("education",),
    "work": ("occupation",),
    "home": ("city_country", "relationship_status", "children_count"),
}
_OTHER_WORDS = (  # a known fact, what was told before, and a contradiction in other words
    ({"age": "41"}, "I grew up with one sibling.", "Being the only one, I had my parents to myself."),
    ({"age": "41"}, "I have no child.", "My twin boys start school in autumn."),
    ({"age": "63"}, "I work at the post office.", "I am not even thirty yet."),
    ({"relationship_status": "married"}, "The flat is never quiet.", "I have been on my own since the divorce."),
    ({"relationship_status": "single"}, "I cook for one.", "My husband brings me coffee to bed."),
    ({"education": "PhD"}, "I stayed at university until I had a PhD.", "I quit school at sixteen and never went back."),
    ({"sex": "male"}, "My father was a baker.", "When I was pregnant with the second one we moved."),
    ({"city_country": "Porto, Portugal"}, "I live in Porto.", "Ever since we settled in Oslo the winters are mine."),
    ({"birth_city_country": "Lima, Peru"}, "I was born in Lima.", "I came into this world in a village near Kyoto."),
    ({"income_level": "low"}, "By the twentieth I know which bills can wait.", "I have not looked at a price tag in years."),
)  # fmt: skip


def critic_rows(context: Context, critic: Critic, label: str, n_people: int) -> Iterator[Comparison]:
    """Share of planted contradictions caught, of sound answers turned down, and of contradictions in other words caught."""
    people = list(sample(Panorama(home_spec()), n_people, random_state=context.seed).people())
    stories = [interview(person, seed=context.seed) for person in people]
    planted = [
        _is_accepted(critic, mine, place, Turn(turn.topic, turn.question, other.turns[place].answer))
        for mine, other in pairwise(stories)
        for place, turn in enumerate(mine.turns)
        if any(mine.truth.get(name) != other.truth.get(name) for name in _TOLD_BY.get(turn.topic, ()))
    ]
    sound = [_is_accepted(critic, story, i, turn) for story in stories for i, turn in enumerate(story.turns)]
    other_words = [
        critic.judge(
            truth, [Turn("start", "Tell me of you.", before)], Turn("matters", "And then?", after)
        ).is_accepted
        for truth, before, after in _OTHER_WORDS
    ]
    for metric, accepted, bar in (
        ("planted contradictions", planted, ">= .95"),
        ("sound answers", sound, "<= .02"),
        ("contradictions in other words", other_words, ""),
    ):
        share = wilson(accepted.count(False), len(accepted))
        yield compare(SETTING, f"{metric} turned down", label, share, bar=bar)


def live_rows(context: Context, model: ChatModel) -> Iterator[Comparison]:
    """A model answers the interview and judges: how often it turns itself down, and what it makes of planted contradictions."""
    n_people = context.limit or 5
    critic = ChatCritic(model)
    people: list[MadePerson] = list(
        sample(Panorama(home_spec()), n_people, random_state=context.seed).people()
    )
    stories = [
        interview(person, model=model, critic=critic, seed=context.seed)
        for person in context.track(people, "interviews")
    ]
    rejected = sum(story.n_rejected for story in stories)
    missing = sum(story.n_missing for story in stories)
    kept = sum(len(story.turns) for story in stories)
    yield compare("interviews", "questions without an answer", model.name, wilson(missing, kept + missing))
    if kept + rejected:
        yield compare("interviews", "candidates turned down", model.name, wilson(rejected, kept + rejected))
    yield from critic_rows(context, critic, model.name, n_people + 1)
    counts = critic.outcomes.as_json()
    unread = counts["unparsed"] + counts["refused"]
    yield compare(SETTING, "verdicts that cannot be read", model.name, unread, n=unread + counts["answered"])


def home_rows(context: Context) -> Iterator[Comparison]:
    """The critic that ships."""
    yield from critic_rows(context, FactCritic(), "home facts", 60 if context.quick else 400)


def _is_accepted(critic: Critic, story: Backstory, place: int, candidate: Turn) -> bool:
    rest = story.turns[:place] + story.turns[place + 1 :]
    return critic.judge(story.truth, rest, candidate).is_accepted
