"""What others say of the same characters, beside what their profiles say: Big Five by annotators, types by the crowd."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from rapidfuzz.distance import JaroWinkler

from personae.metrics.discrimination import correlation_interval
from personae.metrics.intervals import bootstrap_mean
from personae.papers.harness import Comparison, Context, compare
from personae.papers.spectrum.parts import Array, Profile

WORDS: dict[str, tuple[str, str]] = {  # patterns of high and of low; written before any label was looked at
    "Extraversion": (
        r"outgoing|sociab\w+|energetic|assertive\w*|lively|talkative|extraver\w+|charismatic|vibrant|enthusias\w+",
        r"introver\w+|reserved|quiet|solitary|shy|withdrawn|limited sociab\w+|low sociab\w+|low energy|small gatherings",
    ),
    "Agreeableness": (
        r"compassion\w*|kind|kindness|respectful\w*|warm|caring|empath\w+|nurturing|trusting|cooperative|supportive",
        r"low (?:compassion|trust|respect\w*)|skeptic\w+|critical|self-centered|blunt|selfish|"
        r"manipulat\w+|distrust\w*|harsh|cynic\w+",
    ),
    "Conscientiousness": (
        r"organized|responsib\w+|reliab\w+|disciplin\w+|productiv\w+|dependable|diligen\w+|deadlines|meticulous",
        r"disorganiz\w+|procrastinat\w+|careless|unreliab\w+|impulsiv\w+|"
        r"low (?:conscientiousness|organization|productivity)|messy|spontaneous",
    ),
    "Negative emotionality": (
        r"anxi\w+|worr\w+|mood swings|volatil\w+|stress\w*|depress\w+|insecur\w+|sensitive",
        r"calm|resilien\w+|stable|stability|composed|relaxed|low anxiety|even-tempered|optimis\w+",
    ),
    "Open-mindedness": (
        r"creativ\w+|curio\w+|imaginat\w+|artistic|aesthetic\w*|innovat\w+|intellectual\w*",
        r"conventional|practical|traditional|low (?:aesthetic|curiosity|creativ\w+|imaginat\w+)|"
        r"limited (?:interest|curiosity)|less focus",
    ),
}  # fmt: skip
_FRIENDS = {
    "AGR": "Agreeableness", "CON": "Conscientiousness", "EXT": "Extraversion", "OPN": "Open-mindedness",
    "NEU": "Negative emotionality",
}  # fmt: skip
_TYPES = {  # place of the letter in a type, the letter of the high end; McCrae, Costa (1989), Journal of Personality 57
    "Extraversion": (0, "E"), "Open-mindedness": (1, "N"), "Agreeableness": (2, "F"), "Conscientiousness": (3, "J"),
}  # fmt: skip
_SAME_NAME = 0.93
Labels = Mapping[str, Mapping[str, float]]  # character -> domain -> how high


def direction(text: str, domain: str) -> float:
    """Return (high words - low words) / (high words + low words + 1), in (-1, 1).

    >>> direction("An outgoing, energetic and never shy person", "Extraversion")
    0.25
    """
    high, low = (len(re.findall(rf"\b(?:{pattern})\b", text, re.IGNORECASE)) for pattern in WORDS[domain])
    return (high - low) / (high + low + 1)


def crowd_types(context: Context, names: Sequence[str]) -> Labels:
    """Return how much more the types with each letter match a character than those without, in points of percent."""
    ids = {row["name"]: row["id"] for row in context.rows("openpsych", "characters.csv")}
    matches: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for row in context.rows("openpsych", "type_match.csv.gz"):
        matches[row["char_id"]].append((row["myers_briggs"], float(row["avg_match_perc"])))
    found = {}
    for name in names:
        score, known = max((JaroWinkler.similarity(name, other), other) for other in ids)
        if score > _SAME_NAME and matches[ids[known]]:
            found[name] = {domain: _lean(matches[ids[known]], *key) for domain, key in _TYPES.items()}
    return found


def _lean(types: Sequence[tuple[str, float]], place: int, letter: str) -> float:
    high = [match for name, match in types if name[place] == letter]
    low = [match for name, match in types if name[place] != letter]
    return float(np.mean(high) - np.mean(low)) if high and low else 0.0


def scene_labels(context: Context, names: Sequence[str]) -> Labels:
    """Return each Friends character's mean of the annotators' scene labels, in [0, 1]."""
    scenes: dict[str, list[dict[str, float]]] = defaultdict(list)
    for row in context.rows("friends", "personality_scenes.jsonl.gz"):
        scenes[row["character"].split()[0]].append(row)
    return {
        name: {
            domain: float(np.mean([scene[key] for scene in scenes[name.split()[0]]]))
            for key, domain in _FRIENDS.items()
        }
        for name in names
        if len(scenes[name.split()[0]]) >= 20
    }


def cross_check_rows(context: Context, profiles: Sequence[Profile]) -> Iterator[Comparison]:
    """Share of characters and domains where profile and label lie on the same side of their means; correlation by domain."""
    friends = [each for each in profiles if each.series == "Friends"]
    sources = {
        "crowd's types": (profiles, crowd_types(context, [each.character for each in profiles])),
        "annotators of scenes": (friends, scene_labels(context, [each.character for each in friends])),
    }
    random = np.random.default_rng(context.seed)
    for source, (chosen, labels) in sources.items():
        known = [each for each in chosen if each.character in labels]
        domains = list(next(iter(labels.values()))) if labels else []
        said = np.array([[direction(each.personality, domain) for domain in domains] for each in known])
        told = np.array([[labels[each.character][domain] for domain in domains] for each in known])
        setting = f"profile's words against {source}"
        for method, rows in (
            ("profile of the character", said),
            ("profile of another character", _another(said, random)),
        ):
            same = _same_side(rows, told)
            people = np.repeat(np.arange(len(known)), len(domains))
            agreement = bootstrap_mean(
                same.ravel(), clusters=people.tolist(), draws=context.draws, random_state=context.seed
            )
            is_ours = rows is said and source == "crowd's types"
            yield compare(
                setting, "agreement of direction", method, agreement, bar="low > .5" if is_ours else ""
            )
        if len(known) > 10:
            for place, domain in enumerate(domains):
                r = correlation_interval(
                    said[:, place], told[:, place], draws=context.draws, random_state=context.seed
                )
                yield compare(setting, f"r, {domain.lower()}", "profile of the character", r)


def _same_side(said: Array, told: Array) -> Array:
    return np.asarray((said > said.mean(axis=0)) == (told > told.mean(axis=0)), dtype=float)


def _another(said: Array, random: np.random.Generator) -> Array:
    return np.roll(said[random.permutation(len(said))], 1, axis=0)
