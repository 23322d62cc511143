"""Counterfactual texts written by rules: the same text with more or less of one manner, at five levels.

Source: Li et al. (2025), "PrefPalette: Personalized Preference Modeling with Latent Attributes", arXiv 2507.13541, section 3.1:
rewrites of one comment at five levels of one attribute, which differ in little else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from personae.errors import BadInput, UnknownName
from personae.metrics.intervals import RandomState
from personae.models.chat import ChatModel, Request
from personae.people.attributes import Attribute

LEVELS = (-2, -1, 0, 1, 2)  # extremely low, somewhat low, as it is, somewhat high, extremely high
PAIRS = tuple(combinations(range(len(LEVELS)), 2))  # places of (lower, higher)
_WORDS = ("extremely like", "somewhat like")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_KEPT = {-2: 0.35, -1: 0.65}  # share of a text that is left


@dataclass(frozen=True, slots=True)
class Manner:
    """One axis of style with its two poles in words.

    Parameters
    ----------
    low, high : tuple of str
        Sentences that show the pole wherever they stand; an edit puts one of them in for a small step, three for a large.
    swaps : tuple of (low, high)
        Words that say the same at either pole.
    """

    name: str
    poles: tuple[str, str]
    low: tuple[str, ...] = ()
    high: tuple[str, ...] = ()
    swaps: tuple[tuple[str, str], ...] = ()

    @property
    def attribute(self) -> Attribute:
        """The axis as an attribute defined by its poles."""
        return Attribute(self.name, self.name.capitalize(), "number", poles=self.poles)


_HEDGES = (
    ("Perhaps one might say the following.", "It could be argued, in a way.", "One possibility, among others, is this.",
     "It may depend on how one looks at it.", "There might be something to be said here.", "In some sense, possibly."),
    ("Here is the answer.", "To be blunt:", "The point is this.", "No beating around the bush.", "Straight to it.",
     "Bottom line:"),
)  # fmt: skip

MANNERS: dict[str, Manner] = {
    each.name: each
    for each in (
        Manner("verbosity", ("concise, brief, to the point", "verbose, long-winded, wordy")),
        Manner(
            "formality", ("casual, chatty, slangy", "formal, official, scholarly"),
            ("Hey, so like, here goes.", "Yeah, y'know how that goes.", "Kinda cool stuff, right?", "Gotta love it, dude.",
             "Anyways, no biggie.", "Yep, that's pretty much it, folks."),
            ("Furthermore, the following merits consideration.", "It should be noted that due diligence is advisable.",
             "In accordance with established practice, one proceeds as follows.", "The aforementioned is hereby submitted.",
             "Consequently, further examination is warranted.", "One is respectfully referred to the relevant literature."),
            (("don't", "do not"), ("can't", "cannot"), ("it's", "it is"), ("isn't", "is not"), ("you're", "you are"),
             ("kids", "children"), ("lots of", "numerous"), ("a lot of", "a great deal of"), ("get", "obtain"),
             ("help", "assist"), ("buy", "purchase"), ("so", "therefore"), ("but", "however,"), ("need", "require")),
        ),
        Manner(
            "politeness", ("rude, curt, disrespectful", "polite, courteous, respectful"),
            ("What a stupid question.", "Don't waste my time.", "Figure it out yourself.", "Use your head for once.",
             "Nobody cares what you think.", "Stop bothering people with this."),
            ("Thank you so much for asking.", "If you would be so kind, please read on.", "I would be glad to help, of course.",
             "Pardon me if this is not quite what you had in mind.", "With all due respect, please consider this.",
             "I appreciate your patience, and thank you again."),
        ),
        Manner(
            "directness", ("indirect, roundabout, evasive", "direct, blunt, straightforward"), *_HEDGES,
            (("might", "does"), ("perhaps", "indeed"), ("maybe", "clearly"), ("probably", "definitely")),
        ),
        Manner(
            "sarcasm", ("sincere, genuine, earnest", "sarcastic, mocking, ironic"),
            ("I mean this sincerely.", "In all honesty, I say this in good faith.", "I truly believe this.",
             "This comes from the heart.", "I am being completely genuine here.", "I say so in earnest."),
            ("Oh, great, because that always works.", "Yeah, right, what a brilliant idea.", "Wow, what a surprise.",
             "Sure, and pigs can fly.", "How very original, bravo.", "Oh please, tell me more, genius."),
        ),
        Manner(
            "humor", ("serious, sober, grave", "funny, joking, playful"),
            ("This is a serious matter.", "There is nothing to laugh about here.", "The facts are sober ones.",
             "This must be treated with gravity.", "It is no joke.", "The subject is a grave one."),
            ("Ha, cue the drum roll!", "My cat would agree, if it ever listened to me, lol.", "Insert a pun here, haha!",
             "Why did the chicken cross the road? To ask about this!", "And that, my friends, is how I lost my pants, haha.",
             "I would tell you a joke, but you would have to laugh, hehe."),
        ),
        Manner(
            "empathy", ("cold, detached, indifferent", "empathetic, caring, understanding"),
            ("How you feel about it is beside the point.", "Feelings are irrelevant here.", "That is of no concern to me.",
             "Only the facts matter, not your emotions.", "It makes no difference to me.", "Your mood does not enter into it."),
            ("I understand how hard this must be for you.", "I am so sorry that you are going through this.",
             "Your feelings are completely valid.", "It makes sense that you feel this way.", "You are not alone in this.",
             "My heart goes out to you."),
        ),
        Manner(
            "assertiveness", ("passive, timid, unsure", "assertive, confident, firm"),
            ("I am not sure about this at all.", "I could easily be wrong here.", "I would not want to insist.",
             "Who am I to say.", "Forgive me, I hardly dare to suggest it.", "I don't really know."),
            ("Make no mistake about it.", "I am absolutely certain of this.", "You must act on this now.",
             "There is no doubt whatsoever.", "I stand firmly behind every word.", "This is how it has to be done, period."),
            (("could", "must"), ("may", "will"), ("might", "will"), ("should", "must"), ("can", "will")),
        ),
    )
}  # fmt: skip


def counterfactual(
    text: str,
    manner: str,
    level: int,
    *,
    phrases: Sequence[int] | None = None,
    random_state: RandomState = 0,
) -> str:
    """Return a text with more or less of one manner.

    Parameters
    ----------
    text : str
        Of three words or more: in a shorter one two levels may come out alike.
    manner : str
        One of `MANNERS`.
    level : int, one of `LEVELS`
        0 returns the text as it is.
    phrases : sequence of int, optional
        The sentences of a pole that may be put in, by place; all without it. At least one.
    random_state : int or numpy Generator
        Which sentences are put in, and where; the large step puts in those of the small one too.

    Raises
    ------
    UnknownName, BadInput
        When there is no such manner or level.

    Notes
    -----
    Verbosity takes sentences away from the end (words, of a single sentence), or says sentences again "in other words". The other
    manners swap words for those of the pole (every other one for a small step) and put in one or three sentences of it.
    The paper has Llama 3.1 405B rewrite comments; `rewrite_prompt` asks any chat model for the same.

    Examples
    --------
    >>> counterfactual("You could rest.", "assertiveness", 1, phrases=[2])
    'You must act on this now. You must rest.'
    >>> [len(counterfactual("One two. Three four. Five six.", "verbosity", level)) for level in LEVELS]
    [8, 20, 30, 83, 188]
    """
    if manner not in MANNERS:
        raise UnknownName(f"No manner {manner!r}. There are {', '.join(MANNERS)}.")
    if level not in LEVELS:
        raise BadInput(f"Level {level!r}: give one of {', '.join(map(str, LEVELS))}.")
    if not level:
        return text
    if manner == "verbosity":
        return _shortened(text, _KEPT[level]) if level < 0 else _said_again(text, level)
    axis, random = MANNERS[manner], np.random.default_rng(random_state)
    pole = axis.high if level > 0 else axis.low
    swapped = _swapped(text, axis.swaps, level)
    starts = [0, *(found.end() for found in _SENTENCE.finditer(swapped))]
    order = random.permutation(len(pole) if phrases is None else phrases)[: 1 if abs(level) == 1 else 3]
    places = [starts[int(share * len(starts))] for share in random.random(3)]
    for place, phrase in sorted(zip(places, order.tolist(), strict=False), reverse=True):
        swapped = f"{swapped[:place]}{pole[phrase]} {swapped[place:]}"
    return swapped


def amount(text: str, manner: str) -> float:
    """Return how much of a manner's marks a text has: marks of the high pole less those of the low one; words for verbosity.

    >>> amount("Make no mistake about it. You must rest.", "assertiveness")
    2.0
    """
    if manner not in MANNERS:
        raise UnknownName(f"No manner {manner!r}. There are {', '.join(MANNERS)}.")
    if manner == "verbosity":
        return float(len(text.split()))
    axis = MANNERS[manner]
    low = [*axis.low, *dict.fromkeys(swap[0] for swap in axis.swaps)]
    high = [*axis.high, *dict.fromkeys(swap[1] for swap in axis.swaps)]
    return float(_count(text, high) - _count(text, low))


def rewrite_prompt(text: str, attribute: Attribute, level: int, *, context: str = "") -> str:
    """Return what asks a chat model for a counterfactual text: the attribute's poles, the level, the text and what it answers.

    Raises
    ------
    BadInput
        When the attribute has no poles, or the level is none.
    """
    if attribute.poles is None or level not in LEVELS:
        raise BadInput(
            f"Attribute {attribute.name!r} at level {level!r}: give an attribute with poles, and one of {LEVELS}."
        )
    pole = attribute.poles[int(level > 0)]
    wanted = f"{_WORDS[2 - abs(level)]} this: {pole}" if level else "neutral, neither of the two"
    answered = f"\n\nIt answers:\n{context}" if context else ""
    return (
        f"{attribute.label} runs from ({attribute.poles[0]}) to ({attribute.poles[1]}). Rewrite the text so that its "
        f"{attribute.label.lower()} is {wanted}. Keep what it says, and change nothing else. Give the new text alone.{answered}"
        f"\n\nText:\n{text}"
    )


def rewrite(model: ChatModel, texts: Sequence[str], attribute: Attribute) -> list[list[str]]:
    """Ask a chat model for every text at the five levels of an attribute; the middle one is the text itself.

    Returns
    -------
    list of (list of 5 str)
        Empty strings where the model did not answer.
    """
    prompts = (rewrite_prompt(text, attribute, level) for text in texts for level in LEVELS if level)
    requests = (Request(({"role": "user", "content": prompt},), {"temperature": 0}) for prompt in prompts)
    said = (reply.text.strip() for reply in model.reply_many(requests))
    return [[next(said) if level else text for level in LEVELS] for text in texts]


def _swapped(text: str, swaps: Sequence[tuple[str, str]], level: int) -> str:
    """Return the text with words of one pole in place of the other's; every other one for a small step."""
    if not swaps:
        return text
    to = dict(swaps) if level > 0 else {high: low for low, high in reversed(swaps)}
    step, seen = 3 - abs(level), iter(range(len(text)))

    def swap(found: re.Match[str]) -> str:
        word = found[0]
        if next(seen) % step:
            return word
        new = to[word.lower()]
        return new.capitalize() if word[:1].isupper() else new

    return _any_of(tuple(to)).sub(swap, text)


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    ordered = sorted(words, key=len, reverse=True)
    return re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in ordered), re.IGNORECASE)


def _count(text: str, marks: Sequence[str]) -> int:
    return len(_any_of(marks).findall(text))


def _shortened(text: str, share: float) -> str:
    parts = _SENTENCE.split(text.strip())
    if len(parts) < 3:
        parts = text.split()
    return " ".join(parts[: max(1, round(share * len(parts)))])


def _said_again(text: str, level: int) -> str:
    """Return the text with half of its sentences, or all of them twice, said again."""
    parts = _SENTENCE.split(text.strip())
    again = parts[: (len(parts) + 1) // 2] if level == 1 else parts * 2
    return " ".join([*parts, *(f"In other words, {part}" for part in again)])
